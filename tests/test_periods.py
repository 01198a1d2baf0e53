"""Periods: every day is in one of each length, and they are called what ISO 8601 calls them."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dates import (
    MAX_YEAR,
    OPEN_FUTURE,
    OPEN_PAST,
    day_number,
    days_in_month,
    first_day_of_month,
    month_of_day,
)
from domain.periods import Interval, first_day, name_of_period, period_of_day

FIRST, LAST = day_number(-MAX_YEAR, 1, 1), day_number(MAX_YEAR, 12, 31)
days = st.integers(FIRST, LAST) | st.integers(-800_000, 800_000)


def name_of_day(interval: Interval, day: int) -> str:
    return name_of_period(interval, period_of_day(interval, day))


@given(days, st.sampled_from(Interval))
def test_a_day_is_in_the_period_that_begins_last_before_it(day, interval):
    period = period_of_day(interval, day)
    assert first_day(interval, period) <= day < first_day(interval, period + 1)
    assert period_of_day(interval, first_day(interval, period)) == period


@given(st.dates())
def test_periods_are_called_as_the_standard_library_calls_them(date):
    day = date.toordinal() - datetime.date(1970, 1, 1).toordinal()
    year, week, _ = date.isocalendar()
    assert name_of_day(Interval.DAY, day) == date.isoformat()
    if year <= 9999:
        assert name_of_day(Interval.WEEK, day) == f"{year:04d}-W{week:02d}"
    assert name_of_day(Interval.MONTH, day) == date.isoformat()[:7]
    assert name_of_day(Interval.YEAR, day) == date.isoformat()[:4]


@given(st.integers(-MAX_YEAR, MAX_YEAR), st.integers(1, 12))
def test_a_month_is_as_long_as_the_calendar_has_it(year, month):
    first = day_number(year, month, 1)
    number = month_of_day(first)
    assert number == year * 12 + month - 1
    assert first_day_of_month(number) == first
    assert first_day_of_month(number + 1) - first == days_in_month(year, month)


@pytest.mark.parametrize(
    ("day", "names"),
    [
        (day_number(2021, 1, 3), ("2021-01-03", "2020-W53", "2021-01", "2021")),
        (day_number(-43, 3, 15), ("-0043-03-15", "-0043-W11", "-0043-03", "-0043")),
        (day_number(12_345, 12, 31), ("Y12345-12-31", "Y12346-W01", "Y12345-12", "Y12345")),
    ],
)
def test_years_far_from_ours_are_written_as_edtf_writes_them(day, names):
    assert tuple(name_of_day(interval, day) for interval in Interval) == names


@pytest.mark.parametrize("interval", Interval)
def test_the_open_end_of_a_span_is_in_no_period(interval):
    assert period_of_day(interval, OPEN_PAST) == OPEN_PAST
    assert period_of_day(interval, OPEN_FUTURE) == OPEN_FUTURE
