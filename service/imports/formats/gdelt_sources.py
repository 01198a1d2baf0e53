"""What GDELT's tables share: whose they are, their days, the ids of events, and the sources they name."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import Any

from domain.values import DatasetProfile
from service.imports.format import BadRow, Cells, line, whole

GDELT = DatasetProfile(
    id="gdelt",
    title="GDELT Event Database",
    license="Open for any use and redistribution, with a citation of the GDELT Project and a link to it",
    citation=(
        "The GDELT Project, https://www.gdeltproject.org. Leetaru, Kalev and Philip A. Schrodt (2013), "
        "GDELT: Global Data on Events, Location, and Tone, 1979-2012. International Studies Association "
        "Annual Convention."
    ),
    url="https://www.gdeltproject.org",
)

EVENT_ID = "GLOBALEVENTID"

_MAX_NUMBER = 10**18
_DIGITS = re.compile(r"[0-9]{8}(?:[0-9]{6})?", re.ASCII)
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#:@\s]+)", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"]+")


def event_id(cells: Cells) -> str:
    """The id of the event of a row. Raises `BadRow`."""
    number = whole(cells, EVENT_ID)
    if number is None or not 0 <= number < _MAX_NUMBER:
        raise BadRow("an event's id is a whole number such as 410412347", EVENT_ID)
    return str(number)


def day_of(cells: Cells, column: str) -> datetime.date | None:
    """A cell ``YYYYMMDD``, or ``YYYYMMDDHHMMSS`` in UTC, as a day; None if empty. Raises `BadRow`."""
    text = cells[column].strip()
    try:
        return _day(text) if text else None
    except ValueError:
        raise BadRow(f"{text[:60]!r} is no date such as 20210622", column) from None


@lru_cache(maxsize=65_536)
def _day(text: str) -> datetime.date:
    if not _DIGITS.fullmatch(text):
        raise ValueError
    return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def source_of(address: str) -> dict[str, Any]:
    """The source at a web address: called by its domain, as it came by way of GDELT.

    What is no address is a citation, and is the source's name ("BBC Monitoring"); nothing is GDELT itself.
    """
    address = address.strip()
    if _URL.fullmatch(address) and len(address) <= 2_000 and (host := _HOST.match(address)):
        name = line(host[1].lower())
        if name:
            return {"name": name, "via": "GDELT", "url": address}
    name = line(address)
    return {"name": name, "via": "GDELT"} if name else {"name": "GDELT"}
