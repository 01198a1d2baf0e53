"""Occurrence dates: EDTF text and the span of days that it may mean.

Follows the Extended Date/Time Format of the Library of Congress (in ISO 8601-2), levels 0 and 1, and
of level 2 the sets ``[a, b..c]`` ("one of these"), unspecified digits in month and day
(``2021-06-2X``) and the seasons that name their hemisphere (25 to 32).

The bounds are Casus's own, and plain:

- ``earliest`` is the first and ``latest`` the last day that the text allows; ``..`` and an unknown end
  are open.
- A qualifier (``?`` uncertain, ``~`` approximate, ``%`` both) does not widen them: EDTF gives it no
  number of days, so neither do we; it stays in the text, which is shown beside the bounds.
- Seasons 21 to 24 are meteorological and northern (spring: March to May; winter runs into the next
  year); 25 to 28 say so, 29 to 32 are the southern ones.
- A date with a time counts on the day that it names in its own time zone.

Text that is not such a date raises `BadDate`, which says what is wrong with which part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from domain.dates import (
    MAX_YEAR,
    OPEN_FUTURE,
    OPEN_PAST,
    day_number,
    days_in_month,
    iso_year,
)
from domain.errors import DomainError

MAX_LENGTH = 200
"""Longer text is refused unread."""


class BadDate(DomainError):
    """Raised when a text is not an EDTF date that Casus reads."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text if len(text) <= 40 else text[:40] + "…"
        self.reason = reason
        super().__init__(f"{self.text!r} is not a date: {reason}")


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a date may mean, as day numbers, both inclusive (see `domain.dates`)."""

    earliest: int
    latest: int


_DATE = re.compile(
    r"""(?P<year> Y-?[0-9]{5,} | -?[0-9X]{4} )
        (?: -(?P<month>[0-9X]{2}) (?: -(?P<day>[0-9X]{2}) )? )?
        (?P<time> T [^?~%/,]* )?
        (?P<qualifier>[?~%])?""",
    re.VERBOSE,
)
_TIME = re.compile(
    r"T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?"
)
_PLAIN = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")

# EDTF season code -> first month; 3 months each; a season from December ends in the next year.
_SEASONS = {21: 3, 22: 6, 23: 9, 24: 12, 25: 3, 26: 6, 27: 9, 28: 12, 29: 9, 30: 12, 31: 3, 32: 6}


@lru_cache(maxsize=65_536)
def span(text: str) -> Span:
    """The span of days that an EDTF text may mean.

    Raises `BadDate`. Results are cached: conflict data repeats few dates many times.
    """
    plain = _PLAIN.fullmatch(text)
    if plain:
        return _day(text, int(plain[1]), int(plain[2]), int(plain[3]))
    if len(text) > MAX_LENGTH:
        raise BadDate(text, f"it is longer than {MAX_LENGTH} characters")
    if not text:
        raise BadDate(text, "it is empty")
    if text.startswith("["):
        return _one_of(text)
    if "/" in text:
        return _interval(text)
    return _date(text, text)


def _one_of(text: str) -> Span:
    if not text.endswith("]"):
        raise BadDate(text, "a set that opens with [ closes with ]")
    spans = [_set_member(text, member.strip()) for member in text[1:-1].split(",")]
    return Span(min(s.earliest for s in spans), max(s.latest for s in spans))


def _set_member(text: str, member: str) -> Span:
    first, dots, last = member.partition("..")
    if not dots:
        return _date(text, member)
    if not first and not last:
        raise BadDate(text, "a range in a set needs a date at one of its ends")
    return _ordered(
        text,
        _date(text, first).earliest if first else OPEN_PAST,
        _date(text, last).latest if last else OPEN_FUTURE,
    )


def _interval(text: str) -> Span:
    ends = text.split("/")
    if len(ends) != 2:
        raise BadDate(text, "an interval has one / between its start and its end")
    start, end = ends
    if "T" in start and "T" in end and _ends_earlier(start, end):
        raise BadDate(text, "its end is before its start")
    if start in ("", "..") and end in ("", ".."):
        raise BadDate(text, "an interval needs a date at one of its ends")
    return _ordered(
        text,
        OPEN_PAST if start in ("", "..") else _date(text, start).earliest,
        OPEN_FUTURE if end in ("", "..") else _date(text, end).latest,
    )


def _ends_earlier(start: str, end: str) -> bool:
    try:
        first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    except ValueError:
        return False  # qualified, or no date at all: the days are compared, or it is refused
    return (first.tzinfo is None) == (last.tzinfo is None) and last < first


def _ordered(text: str, earliest: int, latest: int) -> Span:
    if latest < earliest:
        raise BadDate(text, "its end is before its start")
    return Span(earliest, latest)


def _date(text: str, part: str) -> Span:
    match = _DATE.fullmatch(part)
    if not match:
        raise BadDate(
            text,
            f"{part[:40]!r} is none of YYYY, YYYY-MM, YYYY-MM-DD, a season YYYY-21 to YYYY-24, "
            "start/end or [one,of,these]",
        )
    first, last = _years(text, match["year"])
    month, day = match["month"], match["day"]
    if match["time"] and (
        not day or "X" in part.partition("T")[0] or not _TIME.fullmatch(match["time"])
    ):
        raise BadDate(text, "a time follows a whole date, as in 2021-06-21T19:00+05:00")
    if month is None:
        return Span(day_number(first, 1, 1), day_number(last, 12, 31))
    if day is None and month.isdigit() and int(month) in _SEASONS:
        return _season(first, last, int(month))
    if day is None:
        months = _fitting(text, month, 1, 12, "month")
        start, end = months[0], months[-1]
        return Span(day_number(first, start, 1), day_number(last, end, days_in_month(last, end)))
    if first == last and month.isdigit() and day.isdigit():
        return _day(text, first, int(month), int(day))
    return _partly_known_day(text, first, last, month, day)


def _day(text: str, year: int, month: int, day: int) -> Span:
    if not 1 <= month <= 12:
        raise BadDate(text, f"there is no month {month:02d}")
    if not 1 <= day <= days_in_month(year, month):
        raise BadDate(text, f"{iso_year(year)}-{month:02d} has no day {day:02d}")
    number = day_number(year, month, day)
    return Span(number, number)


def _years(text: str, year: str) -> tuple[int, int]:
    if year.startswith("Y"):
        value = int(year[1:]) if len(year) <= 12 else MAX_YEAR + 1
        if not 9999 < abs(value) <= MAX_YEAR:
            raise BadDate(text, f"a Y year lies beyond 9999 and within {MAX_YEAR}")
        return value, value
    negative, digits = year.startswith("-"), year.lstrip("-")
    if not re.fullmatch(r"[0-9]*X*", digits):
        raise BadDate(text, "unspecified digits of a year stand at its right, as in 19XX")
    low, high = int(digits.replace("X", "0")), int(digits.replace("X", "9"))
    if negative and high == 0:
        raise BadDate(text, "there is no year -0000")
    return (-high, -max(low, 1)) if negative else (low, high)


def _season(first: int, last: int, season: int) -> Span:
    start = _SEASONS[season]
    end_year, end = (last + 1, 2) if start == 12 else (last, start + 2)
    return Span(
        day_number(first, start, 1), day_number(end_year, end, days_in_month(end_year, end))
    )


def _fitting(text: str, digits: str, low: int, high: int, what: str) -> list[int]:
    """The numbers from low to high that two digits, some of them X, can be."""
    numbers = [n for n in range(low, high + 1) if _fits(digits, n)]
    if not numbers:
        raise BadDate(text, f"there is no {what} {digits}")
    return numbers


def _fits(digits: str, number: int) -> bool:
    return all(digit in ("X", known) for digit, known in zip(digits, f"{number:02d}", strict=True))


def _partly_known_day(text: str, first: int, last: int, month: str, day: str) -> Span:
    """A date with unspecified digits: the first and the last real day among those that it may be."""
    months = _fitting(text, month, 1, 12, "month")
    days = _fitting(text, day, 1, 31, "day")
    # Leap years are at most 8 years apart: if 9 years hold no such day, none does.
    earliest = next(_real_days(range(first, min(first + 8, last) + 1), months, days), None)
    years_back = range(last, max(last - 8, first) - 1, -1)
    latest = next(_real_days(years_back, months[::-1], days[::-1]), None)
    if earliest is None or latest is None:
        raise BadDate(text, "there is no such day")
    return Span(earliest, latest)


def _real_days(years: range, months: list[int], days: list[int]) -> Iterator[int]:
    for year in years:
        for month in months:
            for day in days:
                if day <= days_in_month(year, month):
                    yield day_number(year, month, day)
