"""Where ACLED's events are: the country by its name or a code, the areas, the point and what it stands for.

Precision of place, by the codebook: 1 the town is known, exact; 2 a part of a region, with a town to stand
for it, near; 3 a larger region, with a natural feature or the capital to stand for it, admin1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from domain.countries import COUNTRIES, UnknownCountry, country_by_gw, find_country
from domain.values import PlacePrecision
from service.imports.format import BadRow, Cells, line, real, whole

_PRECISION = {
    "": None,
    "1": PlacePrecision.EXACT,
    "2": PlacePrecision.NEAR,
    "3": PlacePrecision.ADMIN1,
}
_NO_ISO_CODE = frozenset({"akrotiri and dhekelia"})
"""Places on ACLED's list of countries to which ISO 3166 gives no code."""

_COLUMNS = (
    *("location", "admin1", "admin2", "admin3", "country", "iso", "iso3", "gwno"),
    *("latitude", "longitude", "geo_precision"),
)
_BY_NUMERIC = {
    int(each.numeric): each.code
    for each in COUNTRIES.values()
    if each.numeric and each.until is None
}


def place_of(cells: Cells) -> dict[str, Any] | None:
    """The place of a row, None if it names none; not to be changed, for it is kept. Raises `BadRow`."""
    return _place(tuple([cells[column] for column in _COLUMNS]))


@lru_cache(maxsize=65_536)  # most events are where others were
def _place(values: tuple[str, ...]) -> dict[str, Any] | None:
    cells = dict(zip(_COLUMNS, values, strict=True))
    name = line(cells["location"])
    country = _country(cells["country"], cells["iso"], cells["iso3"], cells["gwno"])
    area = {
        column: found for column in ("admin3", "admin2", "admin1") if (found := line(cells[column]))
    }
    name = name or next(iter(area.values()), None) or line(cells["country"])
    if name is None:
        return None
    place: dict[str, Any] = {"name": name, **area}
    if country:
        place["country"] = country
    elif named := line(cells["country"]):
        place["description"] = named
    precision = cells["geo_precision"].strip().removesuffix(".0")
    if precision not in _PRECISION:
        raise BadRow(f"{precision[:60]!r} is no precision, from 1 to 3", "geo_precision")
    if found := _PRECISION[precision]:
        place["precision"] = found
    north, east = _degrees(cells, "latitude", 90), _degrees(cells, "longitude", 180)
    if (north is None) != (east is None):
        column = "latitude" if north is None else "longitude"
        raise BadRow("it is empty; coordinates come both or not at all", column)
    if north is not None:
        place |= {"latitude": north, "longitude": east}
    return place


def _degrees(cells: Cells, column: str, most: int) -> float | None:
    degrees = real(cells, column)
    if degrees is not None and abs(degrees) > most:
        raise BadRow(f"{degrees} is no {column}, from -{most} to {most}", column)
    return degrees


@lru_cache(maxsize=1_024)
def _country(name: str, iso: str, iso3: str, gwno: str) -> str | None:
    """The country of a row, by its name, else by a code; None if the row has neither. Raises `BadRow`."""
    numeric, number = whole({"iso": iso}, "iso"), whole({"gwno": gwno}, "gwno")
    nearest = ""
    if name.strip():
        try:
            return find_country(name).code
        except UnknownCountry as unknown:
            nearest = ", ".join(country.name for country in unknown.nearest)
    if numeric in _BY_NUMERIC:
        return _BY_NUMERIC[numeric]
    if iso3.strip() in COUNTRIES:
        return COUNTRIES[iso3.strip()].code
    if number is not None:
        try:
            return country_by_gw(number).code
        except UnknownCountry:
            raise BadRow(f"{number} is no country's number", "gwno") from None
    if numeric and not name.strip():
        raise BadRow(f"{numeric} is no country's number in ISO 3166-1", "iso")
    if iso3.strip() and not name.strip():
        raise BadRow(f"{iso3.strip()[:60]!r} is no country's code", "iso3")
    if not name.strip() or " ".join(name.casefold().split()) in _NO_ISO_CODE:
        return None
    advice = f"; the nearest are {nearest}" if nearest else ""
    raise BadRow(f"{name.strip()[:60]!r} is no country that Casus knows{advice}", "country")
