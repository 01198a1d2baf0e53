"""The parameters of the standard, ``bbox``, ``datetime`` and ``limit``, and ours beside them."""

from __future__ import annotations

import datetime
import re
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field

from domain.dates import day_number
from service.api.parameters import Paging, box_of
from service.reading.selection import Box, Selection, SubjectKey

MOST = 1_000
"""The most features of a page: who asks for more is given so many."""

FARTHEST = 10_000_000
"""The highest offset."""

_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")
# An RFC 3339 date-time; GDAL writes days as 2021-06-22T, and leaves out the seconds.
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](?:(\d\d)(?::(\d\d)(?::(\d\d)(?:\.\d+)?)?)?)?([Zz]|[+-]\d\d:\d\d)?)?"
)

Days = tuple[int | None, int | None]
"""The first and the last day of an interval; None: it is open there."""


def parse_bbox(text: str) -> Box:
    """The box in four numbers, or in six with heights, which no incident has. Raises ValueError."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (4, 6) or not all(map(_NUMBER.fullmatch, parts)):
        raise ValueError("a box is four numbers, west,south,east,north, or six with heights")
    numbers = list(map(float, parts))
    half = len(numbers) // 2
    (west, south, *bottom), (east, north, *top) = numbers[:half], numbers[half:]
    if bottom > top:
        raise ValueError("its lower corner is first: west,south,bottom,east,north,top")
    return box_of(west, south, east, north)


def parse_datetime(text: str) -> Days:
    """The days of an instant, of a day, or of an interval from one to another. Raises ValueError."""
    start, slash, end = text.partition("/")
    if not slash:
        day = _day(start)
        return day, day
    first, last = (None if part in ("", "..") else _day(part) for part in (start, end))
    if first is None and last is None:
        raise ValueError("an interval is open at one end, and not at both")
    if first is not None and last is not None and last < first:
        raise ValueError("the interval ends before it starts")
    return first, last


def _day(text: str) -> int:
    """The day, of UTC, that an instant is in."""
    try:
        # A + that was not escaped arrives as a space.
        match = _INSTANT.fullmatch(re.sub(r" (?=\d\d:\d\d$)", "+", text))
        if match is None:
            raise ValueError
        day, hour, minute, second, zone = match.groups()
        second = "59" if second == "60" else second or "00"
        time = f"{hour or '00'}:{minute or '00'}:{second}"
        instant = datetime.datetime.fromisoformat(f"{day}T{time}{(zone or 'Z').upper()}")
        utc = instant.astimezone(datetime.UTC)
        return day_number(utc.year, utc.month, utc.day)
    except (ValueError, OverflowError):
        raise ValueError(
            "an instant is written 2021-06-22T12:00:00Z, an interval 2021-06-01T00:00:00Z/.."
        ) from None


def _checked_bbox(text: str) -> str:
    parse_bbox(text)
    return text


def _checked_datetime(text: str) -> str:
    parse_datetime(text)
    return text


class ItemsQuery(Paging):
    """Which features of a collection. Larger limits than there are mean the largest."""

    limit: Annotated[int, Field(ge=1), AfterValidator(lambda limit: min(limit, MOST))] = 100
    offset: Annotated[int, Field(ge=0, le=FARTHEST)] = 0
    bbox: Annotated[str, AfterValidator(_checked_bbox)] | None = None
    datetime_: Annotated[
        Annotated[str, AfterValidator(_checked_datetime)] | None, Field(alias="datetime")
    ] = None

    def selection_of(self, country: str | None) -> Selection:
        """What is selected of a country's timeline, or of all incidents."""
        first, last = self.days
        return Selection(
            subject=SubjectKey("country", country) if country else None,
            first_day=first,
            last_day=last,
            box=parse_bbox(self.bbox) if self.bbox else None,
            nowhere=self.bbox is not None,
        )

    @cached_property
    def days(self) -> Days:
        """The days of the interval."""
        return parse_datetime(self.datetime_) if self.datetime_ else (None, None)
