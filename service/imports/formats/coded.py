"""What files of machine-coded events have in common: a word for what is missing, coordinates, countries.

Their columns repeat a few values in millions of rows, which is why what is read of a cell is remembered.
"""

from __future__ import annotations

import re
from functools import lru_cache

from domain.countries import UnknownCountry, find_country
from service.imports.format import BadRow, Cells, line

LONGEST_ID = 500

_VISIBLE = re.compile(
    r"[^\s\u00ad\u115f\u1160\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
)


@lru_cache(maxsize=65_536)
def stated(cell: str, missing: str) -> str | None:
    """A cell as a line; None if it is empty, shows nothing or is the file's word for what is missing."""
    text = line(cell)
    if text is None or text == missing or not _VISIBLE.search(text):
        return None
    # Half a character, as files in JSON can have it, is none.
    return (
        text
        if text.isprintable()
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def identified(cells: Cells, column: str, missing: str) -> str:
    """The cell that tells a row from all others. Raises `BadRow`."""
    text = stated(cells[column], missing)
    if text is None:
        raise BadRow("it is empty", column)
    if len(cells[column]) > LONGEST_ID - 20:
        raise BadRow("it is too long for an id", column)
    return text


@lru_cache(maxsize=4_096)
def country(cell: str, column: str, missing: str) -> str | None:
    """The alpha-3 code of the country in a cell; None if it is missing. Raises `BadRow`."""
    name = stated(cell, missing)
    if name is None:
        return None
    try:
        return find_country(name).code
    except UnknownCountry as unknown:
        nearest = ", ".join(f"{each.code} ({each.name})" for each in unknown.nearest)
        hint = f"; nearest: {nearest}" if nearest else ""
        raise BadRow(f"{unknown}{hint}", column) from None


@lru_cache(maxsize=65_536)
def coordinates(latitude: str, longitude: str, missing: str) -> tuple[float, float] | None:
    """Two cells as degrees in WGS 84; None if both are missing. Raises `BadRow`."""
    north = _degrees(latitude, "Latitude", 90, missing)
    east = _degrees(longitude, "Longitude", 180, missing)
    if north is None and east is None:
        return None
    if north is None or east is None:
        column = "Latitude" if north is None else "Longitude"
        raise BadRow("latitude and longitude are given both or not at all", column)
    return north, east


def _degrees(cell: str, column: str, most: int, missing: str) -> float | None:
    text = stated(cell, missing)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        raise BadRow(f"{text[:60]!r} is no number", column) from None
    if not abs(number) <= most:  # so that what is no number at all ("nan") is refused as well
        raise BadRow(f"{text[:60]!r} is beyond {most} degrees", column)
    return number
