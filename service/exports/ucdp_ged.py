"""An account as a row of UCDP GED, in the 49 columns of release 22.1 and later.

The reverse of `service.imports.formats.ucdp_ged`: of an account that was imported, every column that it
keeps comes back equal, white space collapsed, numbers as numbers and dates as days. Of the others
``geom_wkt`` and ``priogrid_gid`` follow from the coordinates; the rest is empty. A cell that the imported
file left empty comes back filled where something else implies it: who a government's state is, that nobody
of a side was killed. An account of another origin fills what it can, and leaves empty what only UCDP knows.
"""

from __future__ import annotations

from math import floor

from domain.dates import OPEN_FUTURE, OPEN_PAST, iso_of_day
from domain.edtf import Span, span
from domain.values import Account, Figure, ForeignCode, Origin, Place
from domain.vocabulary import Measure
from service.imports.formats import ucdp_ged_codes as codes
from service.imports.formats.ucdp_ged_columns import COLUMNS
from service.imports.formats.ucdp_ged_places import PRECISIONS
from service.imports.formats.ucdp_ged_references import publications_of, texts_of
from service.imports.formats.ucdp_ged_sides import groups_of_deaths, states_as_text
from service.imports.formats.ucdp_ged_states import (
    name_of_country,
    number_of_country,
    states_of_side,
)

_WHERE_PREC = {precision: str(number) for number, precision in PRECISIONS.items()}


def row_of(account: Account, origin: Origin) -> dict[str, str]:
    """The cells of an account's row by their columns, in the order of a file's."""
    held = {code.scheme: code for code in account.codes}
    is_of_ucdp = codes.TYPE in held
    occurred = span(account.occurred)
    cells = dict.fromkeys(COLUMNS, "") | {
        "id": origin.key,
        "type_of_violence": _code(held, codes.TYPE),
        "event_clarity": _code(held, codes.CLARITY),
        "active_year": _code(held, codes.ACTIVE) or ("1" if is_of_ucdp else ""),
        "source_original": account.attributed_to or "",
    }
    _add_days(cells, occurred, held)
    _add_sides(cells, held)
    _add_sources(cells, account, held)
    if account.place is not None:
        _add_place(cells, account.place, held)
    _add_deaths(cells, account.figures, is_of_ucdp=is_of_ucdp)
    return cells


def _code(held: dict[str, ForeignCode], scheme: str) -> str:
    return held[scheme].code if scheme in held else ""


def _label(held: dict[str, ForeignCode], scheme: str) -> str:
    return (held[scheme].label or "") if scheme in held else ""


def _add_days(cells: dict[str, str], occurred: Span, held: dict[str, ForeignCode]) -> None:
    first, last = occurred.earliest, occurred.latest
    if first == OPEN_PAST or last == OPEN_FUTURE:
        return
    cells["date_start"], cells["date_end"] = iso_of_day(first), iso_of_day(last)
    implied = str(codes.precision_of_span(last - first))
    cells["date_prec"] = _code(held, codes.DATE_PRECISION) or implied
    cells["year"] = _code(held, codes.YEAR) or cells["date_start"].rsplit("-", 2)[0]


def _add_sides(cells: dict[str, str], held: dict[str, ForeignCode]) -> None:
    for side, scheme, states in zip("ab", codes.SIDES, codes.STATES, strict=True):
        actor, name = _code(held, scheme), _label(held, scheme)
        cells[f"side_{side}_new_id"], cells[f"side_{side}"] = actor, name
        given = _code(held, states)
        cells[f"gwno{side}"] = given or states_as_text(states_of_side(actor, name))
    between = " - ".join(filter(None, (cells["side_a"], cells["side_b"])))
    cells["dyad_new_id"] = _code(held, codes.DYAD)
    cells["dyad_name"] = _label(held, codes.DYAD) or between
    cells["conflict_new_id"] = _code(held, codes.CONFLICT)
    cells["conflict_name"] = _label(held, codes.CONFLICT) or cells["dyad_name"]


def _add_sources(cells: dict[str, str], account: Account, held: dict[str, ForeignCode]) -> None:
    offices, dates, headlines, article = texts_of(account.references)
    cells["source_office"], cells["source_date"] = offices, dates
    cells["source_headline"], cells["source_article"] = headlines, article
    implied = codes.implied_sources(len(publications_of(account.references)))
    cells["number_of_sources"] = _code(held, codes.SOURCES) or str(implied)


def _add_place(cells: dict[str, str], place: Place, held: dict[str, ForeignCode]) -> None:
    cells["where_coordinates"], cells["where_description"] = place.name, place.description or ""
    cells["adm_1"], cells["adm_2"] = place.admin1 or "", place.admin2 or ""
    cells["where_prec"] = _WHERE_PREC[place.precision] if place.precision else ""
    number = number_of_country(place.country) if place.country else None
    cells["country_id"] = _code(held, codes.COUNTRY) or ("" if number is None else str(number))
    cells["country"] = _label(held, codes.COUNTRY) or (
        name_of_country(int(cells["country_id"])) if cells["country_id"] else ""
    )
    if place.latitude is not None and place.longitude is not None:
        north, east = place.latitude, place.longitude
        cells["latitude"], cells["longitude"] = repr(north), repr(east)
        cells["geom_wkt"] = "POINT ({longitude} {latitude})".format_map(cells)
        cells["priogrid_gid"] = str(_grid_cell(north, east))


def _grid_cell(north: float, east: float) -> int:
    """The PRIO-GRID cell: half a degree wide, numbered eastwards and from the south, from 1."""
    return min(floor((north + 90) * 2), 359) * 720 + min(floor((east + 180) * 2), 719) + 1


def _add_deaths(cells: dict[str, str], figures: tuple[Figure, ...], *, is_of_ucdp: bool) -> None:
    killed = {figure.of: figure for figure in figures if figure.measure is Measure.KILLED}
    if everybody := killed.get(None):
        for bound in ("low", "best", "high"):
            number = getattr(everybody, bound)
            cells[bound] = "" if number is None else str(number)
    groups = groups_of_deaths(cells["side_a"], cells["side_b"])
    parts = ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")
    for column, group in zip(parts, groups, strict=True):
        part = killed.get(group)
        if part and part.best is not None:
            cells[column] = str(part.best)
        elif is_of_ucdp:
            cells[column] = "0"
