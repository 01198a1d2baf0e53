"""UCDP GED: the Georeferenced Event Dataset of the Uppsala Conflict Data Program.

One row is one event of organised violence, with deaths as low, best and high. Read are all releases from
19.1 on (41, 42 or 49 columns in any order), UCDP Candidate files, the JSON of UCDP's API and the properties
of GeoJSON made of it: the names are the same. The columns are those of the GED Codebook.

How a row becomes an account, and back (`service.exports.ucdp_ged`):

- Who takes part is told in `ucdp_ged_sides`. The id and the name of each side as the row has them are kept
  as a code, so that they stay readable though the actor is known under another name.
- Deaths are kept as given. Where low, best and high do not rise, the figure says so; the parts by side are
  figures `of` that side, and leave out those of nobody.
- What an account has no field for are codes, told in `ucdp_ged_codes`; what follows from something else is
  left out of them.
- What is cited is references, told in `ucdp_ged_references`. There is no summary: headlines are those of
  articles, which often tell of other events too.
- Gaza and the West Bank, which UCDP files under Israel, are Palestine.

Not mapped, since they follow from others or are UCDP's own bookkeeping: relid, code_status, the ids of
older data sets (``*_dset_id``), geom_wkt, priogrid_gid, region.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import Any

from domain.values import DatasetProfile
from service.imports.format import BadRow, Cells, Format, Told, day, interval, line, whole
from service.imports.formats import ucdp_ged_codes, ucdp_ged_places, ucdp_ged_sides
from service.imports.formats.ucdp_ged_codes import codes_of_event
from service.imports.formats.ucdp_ged_columns import COLUMNS, COLUMNS_19, COLUMNS_SYRIA, MAPPED
from service.imports.formats.ucdp_ged_places import place_of
from service.imports.formats.ucdp_ged_references import references_of
from service.imports.formats.ucdp_ged_sides import Groups, sides_of

_LAYOUTS = {len(columns): columns for columns in (COLUMNS, COLUMNS_19, COLUMNS_SYRIA)}
_SHORT = [column[:10] for column in COLUMNS]

_of_sides = itemgetter(*ucdp_ged_sides.COLUMNS)
_of_place = itemgetter(*ucdp_ged_places.COLUMNS)
_of_references = itemgetter("source_office", "source_date", "source_headline", "source_article")
_BOUNDS = ("low", "best", "high")
_PARTS = ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")
_DEATHS = (*_BOUNDS, *_PARTS)
_of_deaths, _of_event = itemgetter(*_DEATHS), itemgetter(*ucdp_ged_codes.COLUMNS)


def tell(cells: Cells) -> Told:
    """The account that a row of GED gives of an event. Raises `BadRow`."""
    number = whole(cells, "id")
    if number is None or number < 0:
        raise BadRow("an event needs a number as its id", "id")
    first, last = day(cells, "date_start"), day(cells, "date_end")
    if last < first:
        raise BadRow(f"it is before date_start, {first}", "date_end")
    sides = sides_of(*_of_sides(cells))
    place, place_codes = place_of(*_of_place(cells))
    if description := line(cells["where_description"]):
        place = {**place, "description": description}
    references, publications = references_of(*_of_references(cells))
    own = codes_of_event((last - first).days, first.year, publications, *_of_event(cells))
    account: dict[str, Any] = {
        "title": line(f"{sides.dyad}: {place['name']}"),
        "type": sides.type,
        "occurred": interval(first, last),
        "source": {"name": "UCDP GED"},
        "place": place,
        "figures": _figures(sides.groups, *_of_deaths(cells)),
        "codes": sides.codes + place_codes + own,
    }
    if references:
        account["references"] = references
    if original := line(cells["source_original"]):
        account["attributed_to"] = original
    key = str(number)
    return Told(key, key, account, sides.participants)


@lru_cache(maxsize=20_000)
def _figures(groups: Groups, *texts: str) -> tuple[dict[str, Any], ...]:
    cells = dict(zip(_DEATHS, texts, strict=True))
    numbers = {column: number for column in _DEATHS if (number := whole(cells, column)) is not None}
    for column, number in numbers.items():
        if number < 0:
            raise BadRow(f"{number} people cannot have been killed", column)
    bounds = {bound: numbers[bound] for bound in _BOUNDS if bound in numbers}
    figures: list[dict[str, Any]] = [{"measure": "killed", **bounds}] if bounds else []
    if [*bounds.values()] != sorted(bounds.values()):
        figures[0]["inconsistent"] = True
    figures += (
        {"measure": "killed", "of": group, "best": number}
        for column, group in zip(_PARTS, groups, strict=True)
        if (number := numbers.get(column))
    )
    return tuple(figures)


def _looks_like(cells: tuple[str, ...]) -> bool:
    columns = _LAYOUTS.get(len(cells))
    if columns is None:
        return False
    try:
        tell(dict.fromkeys(MAPPED, "") | dict(zip(columns, cells, strict=True)))
    except BadRow:
        return False
    return True


FORMAT = Format(
    name="ucdp-ged",
    title="UCDP Georeferenced Event Dataset (GED), GED Candidate and the UCDP API",
    dataset=DatasetProfile(
        id="ucdp-ged",
        title="UCDP Georeferenced Event Dataset",
        license="CC BY 4.0",
        citation="Contains data from the UCDP Georeferenced Event Dataset (GED), Uppsala Conflict Data "
        "Program, Uppsala University, CC BY 4.0. Sundberg and Melander (2013), Journal of Peace Research "
        "50(4): 523-532.",
        url="https://ucdp.uu.se/downloads/",
    ),
    # Shapefiles cut names at ten characters, and what was made of one keeps them so.
    columns={
        column: (column[:10],) if len(column) > 10 and _SHORT.count(column[:10]) == 1 else ()
        for column in MAPPED
    },
    required=frozenset(
        {"id", "type_of_violence", "country_id", "date_start", "date_end", "low", "best", "high"}
        | {"side_a_new_id", "side_a", "side_b_new_id", "side_b"}
    ),
    tell=tell,
    layouts=_LAYOUTS,
    looks_like=_looks_like,
)
