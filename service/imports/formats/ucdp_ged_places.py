"""Where an event of GED happened: what its columns on the place tell, and the code that they may need."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from domain.countries import UnknownCountry
from domain.values import PlacePrecision
from service.imports.format import BadRow, Cells, line, real, whole
from service.imports.formats.ucdp_ged_codes import COUNTRY, Code, code
from service.imports.formats.ucdp_ged_states import (
    country_of_place,
    name_of_country,
    number_of_country,
)

COLUMNS = (
    "where_coordinates",
    "where_prec",
    "adm_1",
    "adm_2",
    "latitude",
    "longitude",
    "country",
    "country_id",
)

PRECISIONS = dict(enumerate(PlacePrecision, start=1))
"""What where_prec stands for."""


@lru_cache(maxsize=20_000)
def place_of(*texts: str) -> tuple[dict[str, Any], tuple[Code, ...]]:
    """The place that the texts of `COLUMNS` tell, and its codes, as JSON has them. Raises `BadRow`.

    They are the same objects for the same texts, which nobody may change.
    """
    cells = dict(zip(COLUMNS, texts, strict=True))
    number = whole(cells, "country_id")
    if number is None:
        raise BadRow("an event needs the number of its country", "country_id")
    admin1, admin2 = line(cells["adm_1"]), line(cells["adm_2"])
    try:
        country, implied_name = country_of_place(number, admin1), name_of_country(number)
    except UnknownCountry:
        raise BadRow(f"{number} is the number of no country", "country_id") from None
    name = line(cells["country"]) or implied_name
    codes: tuple[Code, ...] = ()
    if number_of_country(country) != number or name != implied_name:
        codes = (code(COUNTRY, str(number), None if name == implied_name else name),)
    place: dict[str, Any] = {"name": line(cells["where_coordinates"]) or name, "country": country}
    if admin1:
        place["admin1"] = admin1
    if admin2:
        place["admin2"] = admin2
    place |= _coordinates(cells)
    if (precision := whole(cells, "where_prec")) is not None:
        if precision not in PRECISIONS:
            raise BadRow(f"{precision} is none of 1 to 7", "where_prec")
        place["precision"] = PRECISIONS[precision].value
    return place, codes


def _coordinates(cells: Cells) -> dict[str, float]:
    latitude, longitude = real(cells, "latitude"), real(cells, "longitude")
    if latitude is None and longitude is None:
        return {}
    if latitude is None or not -90 <= latitude <= 90:
        raise BadRow("a latitude is a number from -90 to 90", "latitude")
    if longitude is None or not -180 <= longitude <= 180:
        raise BadRow("a longitude is a number from -180 to 180", "longitude")
    return {"latitude": latitude, "longitude": longitude}
