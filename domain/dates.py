"""Days as numbers, so that dates before the year 1 and after 9999 sort and subtract like any other.

A day number counts days of the proleptic Gregorian calendar from 1970-01-01 (which is 0), with
astronomical years: the year 0 is 1 BC, -43 is 44 BC, as ISO 8601 and EDTF count. ``datetime.date``
stops at year 1, which is why this small module exists.
"""

from __future__ import annotations

import datetime

OPEN_PAST = -(10**15)
"""Sorts before every day: the start of a span that has no known start."""

OPEN_FUTURE = 10**15
"""Sorts after every day: the end of a span that has no known end."""

MAX_YEAR = 999_999_999
"""Years reach from -MAX_YEAR to MAX_YEAR: room for geology, and far from the open ends."""

_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS_TO_1970 = 719_528


def is_leap_year(year: int) -> bool:
    """Whether the astronomical year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """The length in days of a month (1 to 12)."""
    return 29 if month == 2 and is_leap_year(year) else _DAYS_IN_MONTH[month - 1]


def day_number(year: int, month: int, day: int) -> int:
    """The number of a day that exists; the caller has checked month and day."""
    past = year - 1
    leap_days = past // 4 - past // 100 + past // 400 + 1
    days = year * 365 + leap_days + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    if month > 2 and is_leap_year(year):
        days += 1
    return days - _DAYS_TO_1970


def iso_of_day(number: int) -> str:
    """The day as ISO 8601 text: ``2021-06-22``, ``-0043-03-15``, ``Y170000-01-01``."""
    if -719_162 <= number <= 2_932_896:  # 0001-01-01 to 9999-12-31
        return datetime.date.fromordinal(number + 719_163).isoformat()
    return _iso_of_distant_day(number)


def iso_unless_open(number: int) -> str | None:
    """The day as ISO 8601 text; None for the open end of a span."""
    return None if number in (OPEN_PAST, OPEN_FUTURE) else iso_of_day(number)


def _iso_of_distant_day(number: int) -> str:
    # 400 Gregorian years are exactly 146,097 days: shift into the range that datetime knows.
    cycles, rest = divmod(number + 719_162, 146_097)
    near = datetime.date.fromordinal(rest + 1)
    return f"{iso_year(near.year + 400 * cycles)}-{near.month:02d}-{near.day:02d}"


def month_of_day(number: int) -> int:
    """The month that a day is in, as a number: twelve times its astronomical year, and 0 to 11."""
    cycles, rest = divmod(number + 719_162, 146_097)
    near = datetime.date.fromordinal(rest + 1)
    return (near.year + 400 * cycles) * 12 + near.month - 1


def first_day_of_month(month: int) -> int:
    """The number of the day on which a month, by its number, begins."""
    return day_number(month // 12, month % 12 + 1, 1)


def iso_year(year: int) -> str:
    """A year as EDTF writes it: four digits, a sign before year 0, ``Y`` where four do not do."""
    if year > 9999 or year < -9999:
        return f"Y{year}"
    return f"-{-year:04d}" if year < 0 else f"{year:04d}"


def day_of_instant(instant: str) -> int:
    """The UTC day of an instant as Casus writes it (``2026-11-22T09:00:00.000000Z``)."""
    return datetime.date.fromisoformat(instant[:10]).toordinal() - 719_163
