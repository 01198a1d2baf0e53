"""Periods: the days, weeks, months and years of the calendar, numbered so that they follow each other.

Weeks are those of ISO 8601: they begin on a Monday, and belong to the year that most of their days are in.
Years are astronomical, as in `domain.dates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.dates import (
    OPEN_FUTURE,
    OPEN_PAST,
    day_number,
    first_day_of_month,
    iso_of_day,
    iso_year,
    month_of_day,
)


class Interval(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


MONTHS: Mapping[Interval, int] = {Interval.MONTH: 1, Interval.YEAR: 12}
"""The intervals that are made of whole months, and of how many."""


def period_of_day(interval: Interval, day: int) -> int:
    """The period that a day is in; the open end of a span stays open."""
    if day in (OPEN_PAST, OPEN_FUTURE) or interval is Interval.DAY:
        return day
    if interval is Interval.WEEK:
        return (day + 3) // 7  # 1970-01-01, day 0, is a Thursday
    return month_of_day(day) // MONTHS[interval]


def first_day(interval: Interval, period: int) -> int:
    """The day on which a period begins; it lasts until the next one does."""
    if interval is Interval.DAY:
        return period
    if interval is Interval.WEEK:
        return period * 7 - 3
    return first_day_of_month(period * MONTHS[interval])


def name_of_period(interval: Interval, period: int) -> str:
    """The period as ISO 8601 writes it: ``2021-06-22``, ``2021-W25``, ``2021-06``, ``2021``."""
    if interval is Interval.DAY:
        return iso_of_day(period)
    if interval is Interval.WEEK:
        thursday = period * 7
        year = month_of_day(thursday) // 12
        return f"{iso_year(year)}-W{(thursday - day_number(year, 1, 1)) // 7 + 1:02d}"
    if interval is Interval.MONTH:
        return f"{iso_year(period // 12)}-{period % 12 + 1:02d}"
    return iso_year(period)
