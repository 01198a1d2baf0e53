"""Day numbers against `datetime`, and beyond it against an algorithm of another make."""

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
    day_of_instant,
    days_in_month,
    is_leap_year,
    iso_of_day,
    iso_unless_open,
    iso_year,
)
from domain.edtf import span

EPOCH = datetime.date(1970, 1, 1)


@st.composite
def days_of_any_year(draw):
    year = draw(st.integers(-10_500, 10_500) | st.integers(-MAX_YEAR, MAX_YEAR))
    month = draw(st.integers(1, 12))
    return year, month, draw(st.integers(1, days_in_month(year, month)))


def days_by_eras(year: int, month: int, day: int) -> int:
    """Howard Hinnant's ``days_from_civil``: years from March, in eras of 400."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return (
        era * 146_097
        + year_of_era * 365
        + year_of_era // 4
        - year_of_era // 100
        + (day_of_year - 719_468)
    )


@given(st.dates())
def test_a_day_of_the_years_1_to_9999_has_the_number_of_days_since_1970(day):
    number = day_number(day.year, day.month, day.day)
    assert number == (day - EPOCH).days
    assert iso_of_day(number) == day.isoformat()


@given(days_of_any_year())
def test_a_day_of_any_year_is_numbered_as_another_algorithm_numbers_it(day):
    assert day_number(*day) == days_by_eras(*day)


@pytest.mark.parametrize(
    ("day", "number"),
    [
        ((1970, 1, 1), 0),
        ((1969, 12, 31), -1),
        ((-4713, 11, 24), -2_440_588),  # Julian day 0
        ((0, 1, 1), -719_528),
        ((0, 2, 29), -719_469),
        ((2000, 3, 1), 11_017),
    ],
)
def test_well_known_days_have_their_numbers(day, number):
    assert day_number(*day) == number


@given(days_of_any_year())
def test_a_day_as_text_is_read_back_as_the_same_day(day):
    number = day_number(*day)
    text = iso_of_day(number)
    assert text.endswith(f"-{day[1]:02d}-{day[2]:02d}")
    assert span(text).earliest == span(text).latest == number


@given(days_of_any_year())
def test_the_day_after_is_the_next_number(day):
    year, month, last = day[0], day[1], days_in_month(day[0], day[1])
    following = (year + 1, 1, 1) if month == 12 else (year, month + 1, 1)
    assert day_number(*following) == day_number(year, month, last) + 1


@pytest.mark.parametrize(
    ("year", "text"),
    [
        (0, "0000"),
        (7, "0007"),
        (-43, "-0043"),
        (-9999, "-9999"),
        (9999, "9999"),
        (10_000, "Y10000"),
        (-10_000, "Y-10000"),
    ],
)
def test_a_year_has_four_digits_or_a_y(year, text):
    assert iso_year(year) == text
    assert iso_of_day(day_number(year, 3, 15)) == f"{text}-03-15"


@pytest.mark.parametrize(
    ("year", "leap"),
    [(2000, True), (1900, False), (2020, True), (2021, False), (0, True), (-4, True), (-1, False)],
)
def test_leap_years_follow_the_gregorian_rule_before_the_year_1_as_well(year, leap):
    assert is_leap_year(year) is leap
    assert days_in_month(year, 2) == (29 if leap else 28)


def test_the_open_ends_lie_beyond_every_day():
    assert day_number(-MAX_YEAR, 1, 1) > OPEN_PAST
    assert day_number(MAX_YEAR + 1, 12, 31) < OPEN_FUTURE
    assert iso_unless_open(OPEN_PAST) is None
    assert iso_unless_open(OPEN_FUTURE) is None
    assert iso_unless_open(0) == "1970-01-01"


@given(st.datetimes())
def test_an_instant_counts_on_its_utc_day(instant):
    written = f"{instant.isoformat(timespec='microseconds')}Z"
    assert day_of_instant(written) == (instant.date() - EPOCH).days
