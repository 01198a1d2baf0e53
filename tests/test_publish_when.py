"""Dates in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dates import MAX_YEAR, day_number, iso_of_day
from domain.edtf import span
from service.publishing.when import in_words, is_plain, parts

WORDS = {
    "2021-06-22": "22 June 2021",
    "2021-06": "June 2021",
    "2021": "2021",
    "0476": "AD 476",
    "0000": "1 BC",
    "-0043-03-15": "15 March 44 BC",
    "Y170000": "170000",
    "Y-170000": "170001 BC",
    "2021-06-22?": "possibly 22 June 2021",
    "2021-06~": "about June 2021",
    "2021%": "possibly about 2021",
    "2021-23": "autumn 2021",
    "2021-28": "winter 2021 (northern)",
    "2021-30~": "about summer 2021 (southern)",
    "2021-06-2X": "between 20 June 2021 and 29 June 2021",
    "201X~": "about between 1 January 2010 and 31 December 2019",
    "2021-06-21T19:00": "21 June 2021, 19:00",
    "2021-06-21T19:00:30Z": "21 June 2021, 19:00:30 (UTC)",
    "2021-06-21T19:00+05:00~": "about 21 June 2021, 19:00 (UTC+05:00)",
    "2021-06-18/2021-06-21": "18 June 2021 to 21 June 2021",
    "2021-05~/2021-06-21?": "about May 2021 to possibly 21 June 2021",
    "../2021-09-11": "until 11 September 2021",
    "/2021-09-11": "until 11 September 2021, since an unknown day",
    "2021-06-22/..": "since 22 June 2021",
    "2021-06-22/": "since 22 June 2021, until an unknown day",
    "[2021-06-01..2021-06-03]": "between 1 June 2021 and 3 June 2021",
    "[2021-06-01, 2021-06-05]": "1 June 2021 or 5 June 2021",
    "[..2021-06-01]": "1 June 2021 or earlier",
    "[2021-06-01,2021-06-05..]": "1 June 2021 or 5 June 2021 or later",
}


@pytest.mark.parametrize("edtf", WORDS)
def test_a_date_is_said_in_words(edtf):
    assert span(edtf).earliest <= span(edtf).latest
    assert in_words(edtf) == WORDS[edtf]


def test_a_day_and_two_days_are_plain_and_nothing_else_is():
    plain = {edtf for edtf in (*WORDS, "2021-06-18/..", "0021-06-18") if is_plain(edtf)}
    assert plain == {"2021-06-22", "2021-06-18/2021-06-21"}


@given(st.integers(day_number(-MAX_YEAR, 1, 1), day_number(MAX_YEAR, 12, 31)))
def test_the_parts_of_a_day_are_the_day(number):
    assert day_number(*parts(iso_of_day(number))) == number
