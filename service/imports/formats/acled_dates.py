"""ACLED's days: three ways to write them, and what their precision means.

Days are ``16/05/2025`` (day first), ``2025-05-16``, ``16 May 2025`` or ``16-May-2025``. The codebook's
precision of time says what the day stands for:

1. the day itself;
2. a week, or a weekend: the day is its middle, so it was within three days of it;
3. a month: the day is its middle, or where the source says so its start or end.
"""

from __future__ import annotations

import datetime
import re
from functools import lru_cache

from service.imports.format import BadRow, interval

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_HALF_A_WEEK = datetime.timedelta(days=3)
_NAMES_OF_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS = {
    name: number
    for number, month in enumerate(_NAMES_OF_MONTHS, start=1)
    for name in (month, month[:3], f"{number:02d}", str(number))
}
_NUMBERED = re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})")
_ISO = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?:[T ].*)?", re.DOTALL)
_WORDED = re.compile(r"(?P<day>[0-9]{1,2})[ -](?P<month>[A-Za-z]{3,9})[ -](?P<year>[0-9]{4})")


@lru_cache(maxsize=65_536)
def occurred_on(date: str, year: str, precision: str) -> str:
    """When an event occurred (EDTF), of the cells ``event_date``, ``year`` and ``time_precision``.

    Raises `BadRow`. Years before 1900 are refused: in some rows ACLED wrote 0025 for 2025.
    """
    day = day_of(date, "event_date")
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise BadRow(
            f"{date.strip()!r} is of the year {day.year:04d}, which cannot be; correct the year (0025 has "
            "stood for 2025) or download the row again, and import it then",
            "event_date",
        )
    if year.strip() not in {"", str(day.year), f"{day.year}.0"}:
        raise BadRow(
            f"it is {year.strip()[:60]!r}, and event_date {date.strip()!r}; correct the one that is wrong",
            "year",
        )
    match precision.strip():
        case "1" | "1.0" | "":
            return day.isoformat()
        case "2" | "2.0":
            return interval(day - _HALF_A_WEEK, day + _HALF_A_WEEK)
        case "3" | "3.0":
            return f"{day:%Y-%m}"
        case other:
            raise BadRow(f"{other[:60]!r} is no precision, from 1 to 3", "time_precision")


def day_of(text: str, column: str) -> datetime.date:
    """A day in one of ACLED's ways to write it. Raises `BadRow`."""
    text = text.strip()
    found = _ISO.fullmatch(text) or _NUMBERED.fullmatch(text) or _WORDED.fullmatch(text)
    try:
        if not found:
            raise ValueError
        month = _MONTHS[found["month"].lower()]
        return datetime.date(int(found["year"]), month, int(found["day"]))
    except (ValueError, KeyError):
        reason = (
            f"{text[:60]!r} is no date such as 2025-05-16, 16/05/2025 (day first) or 16 May 2025"
        )
        raise BadRow(reason, column) from None


def day_of_timestamp(text: str, column: str) -> str | None:
    """The UTC day of a Unix time in seconds, or of an ISO 8601 time; None if empty. Raises `BadRow`."""
    text = text.strip().removesuffix(".0")
    if not text:
        return None
    if _ISO.fullmatch(text):
        return day_of(text, column).isoformat()
    try:
        if not (text.isdecimal() and len(text) <= 11):
            raise ValueError
        return datetime.datetime.fromtimestamp(int(text), datetime.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        raise BadRow(f"{text[:60]!r} is no time in seconds since 1970", column) from None
