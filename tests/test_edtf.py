"""The bounds of EDTF texts: those of the specification by hand, random ones against `datetime`."""

from __future__ import annotations

import contextlib
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import dates, edtf
from domain.dates import OPEN_FUTURE, OPEN_PAST, iso_unless_open
from domain.edtf import MAX_LENGTH, BadDate, Span, span

FIRST_DAY, LAST_DAY = datetime.date(1, 1, 1), datetime.date(9998, 12, 31)


LEVEL_0 = {
    "1985-04-12": ("1985-04-12", "1985-04-12"),
    "1985-04": ("1985-04-01", "1985-04-30"),
    "1985": ("1985-01-01", "1985-12-31"),
    "2020-02": ("2020-02-01", "2020-02-29"),
    "1985-04-12T23:20:30": ("1985-04-12", "1985-04-12"),
    "1985-04-12T23:20:30Z": ("1985-04-12", "1985-04-12"),
    "1985-04-12T23:20:30-04": ("1985-04-12", "1985-04-12"),
    "1985-04-12T23:20:30+04:30": ("1985-04-12", "1985-04-12"),
    "2021-06-21T19:00+05:00": ("2021-06-21", "2021-06-21"),
    "1964/2008": ("1964-01-01", "2008-12-31"),
    "2004-06/2006-08": ("2004-06-01", "2006-08-31"),
    "2004-02-01/2005-02-08": ("2004-02-01", "2005-02-08"),
    "2004-02-01/2005-02": ("2004-02-01", "2005-02-28"),
    "2004-02-01/2005": ("2004-02-01", "2005-12-31"),
    "2005/2006-02": ("2005-01-01", "2006-02-28"),
    "0000": ("0000-01-01", "0000-12-31"),
}

LEVEL_1 = {
    "Y170000002": ("Y170000002-01-01", "Y170000002-12-31"),
    "Y-170000002": ("Y-170000002-01-01", "Y-170000002-12-31"),
    "2001-21": ("2001-03-01", "2001-05-31"),
    "2001-22": ("2001-06-01", "2001-08-31"),
    "2001-23": ("2001-09-01", "2001-11-30"),
    "2001-24": ("2001-12-01", "2002-02-28"),
    "2003-24": ("2003-12-01", "2004-02-29"),
    "1984?": ("1984-01-01", "1984-12-31"),
    "2004-06~": ("2004-06-01", "2004-06-30"),
    "2004-06-11%": ("2004-06-11", "2004-06-11"),
    "201X": ("2010-01-01", "2019-12-31"),
    "20XX": ("2000-01-01", "2099-12-31"),
    "2XXX": ("2000-01-01", "2999-12-31"),
    "XXXX": ("0000-01-01", "9999-12-31"),
    "2004-XX": ("2004-01-01", "2004-12-31"),
    "1985-04-XX": ("1985-04-01", "1985-04-30"),
    "1985-XX-XX": ("1985-01-01", "1985-12-31"),
    "1985-04-12/..": ("1985-04-12", None),
    "1985-04/..": ("1985-04-01", None),
    "1985/..": ("1985-01-01", None),
    "../1985-04-12": (None, "1985-04-12"),
    "../1985": (None, "1985-12-31"),
    "1985-04-12/": ("1985-04-12", None),
    "/1985-04": (None, "1985-04-30"),
    "1984~/2004-06": ("1984-01-01", "2004-06-30"),
    "1984/2004-06~": ("1984-01-01", "2004-06-30"),
    "2004-06-XX/2004-07-03": ("2004-06-01", "2004-07-03"),
    "-1985": ("-1985-01-01", "-1985-12-31"),
    "-0001": ("-0001-01-01", "-0001-12-31"),
    "-0043-03-15": ("-0043-03-15", "-0043-03-15"),
    "-0099/0100": ("-0099-01-01", "0100-12-31"),
}

BEYOND_LEVEL_1 = {
    "[1667,1668,1670..1672]": ("1667-01-01", "1672-12-31"),
    "[..1760-12-03]": (None, "1760-12-03"),
    "[1760-12..]": ("1760-12-01", None),
    "[1760-01, 1760-02, 1760-12..]": ("1760-01-01", None),
    "[1667,1760-12]": ("1667-01-01", "1760-12-31"),
    "[2021-06-20,2021-06-18]": ("2021-06-18", "2021-06-20"),
    "2021-06-2X": ("2021-06-20", "2021-06-29"),
    "2021-06-3X": ("2021-06-30", "2021-06-30"),
    "2021-1X": ("2021-10-01", "2021-12-31"),
    "2021-XX-31": ("2021-01-31", "2021-12-31"),
    "19XX-02-29": ("1904-02-29", "1996-02-29"),
    "189X-02-29": ("1892-02-29", "1896-02-29"),
    "XXXX-02-29": ("0000-02-29", "9996-02-29"),
    "-19XX": ("-1999-01-01", "-1900-12-31"),
    "-000X": ("-0009-01-01", "-0001-12-31"),
    "-00XX-02-29": ("-0096-02-29", "-0004-02-29"),
    "2021-25": ("2021-03-01", "2021-05-31"),
    "2021-28": ("2021-12-01", "2022-02-28"),
    "2021-29": ("2021-09-01", "2021-11-30"),
    "2021-30": ("2021-12-01", "2022-02-28"),
    "2021-31": ("2021-03-01", "2021-05-31"),
    "2021-32": ("2021-06-01", "2021-08-31"),
    "202X-21": ("2020-03-01", "2029-05-31"),
    "9999-24": ("9999-12-01", "Y10000-02-29"),
    "Y12345-06": ("Y12345-06-01", "Y12345-06-30"),
    "2021-06/2021": ("2021-06-01", "2021-12-31"),
}

ALL_FORMS = LEVEL_0 | LEVEL_1 | BEYOND_LEVEL_1


def bounds(text: str) -> tuple[str | None, str | None]:
    found = span(text)
    return iso_unless_open(found.earliest), iso_unless_open(found.latest)


@pytest.mark.parametrize("text", ALL_FORMS)
def test_a_form_of_the_specification_has_these_bounds(text):
    assert bounds(text) == ALL_FORMS[text]


REFUSED = {
    "": "empty",
    " ": "none of YYYY",
    "2021-13-01": "no month 13",
    "2021-13": "no month 13",
    "2021-00": "no month 00",
    "2021-06-31": "2021-06 has no day 31",
    "2021-06-00": "2021-06 has no day 00",
    "2021-02-29": "2021-02 has no day 29",
    "-0043-02-29": "-0043-02 has no day 29",
    "2021-6-22": "none of YYYY",
    "20210622": "none of YYYY",
    "22.06.2021": "none of YYYY",
    "2021-06-22\n": "none of YYYY",
    "2021-06-22T": "a time follows",
    "2021-06T19:00": "a time follows",
    "2021-06-2XT19:00": "a time follows",
    "-0043-03-1XT19:00": "a time follows",
    "Y12345-03-1XT19:00": "a time follows",
    "2021-06-22T25:00": "a time follows",
    "2021-06-22T19:60": "a time follows",
    "2021-33": "no month 33",
    "2021-2X": "no month 2X",
    "2021-21-05": "no month 21",
    "2021-06-4X": "no day 4X",
    "2021-02-3X": "no such day",
    "18XX-02-3X": "no such day",
    "1X85": "unspecified digits",
    "-0000": "no year -0000",
    "Y2021": "none of YYYY",
    "Y02021": "beyond 9999",
    "Y1000000000": "beyond 9999",
    "Y-99999999999999999999999999": "beyond 9999",
    "2021/2020": "end is before its start",
    "2021-06-22/2021-06-21": "end is before its start",
    "[2021..2020]": "end is before its start",
    "/": "at one of its ends",
    "../..": "at one of its ends",
    "../": "at one of its ends",
    "[..]": "at one of its ends",
    "..": "none of YYYY",
    "2021/2022/2023": "one /",
    "[2021": "closes with ]",
    "[]": "none of YYYY",
    "[2021/2022]": "none of YYYY",
    "[2021..2022..2023]": "none of YYYY",
    "{2021,2022}": "none of YYYY",
    "2021??": "none of YYYY",
    "2021-06-22x": "none of YYYY",
    "２０２１-06-22": "none of YYYY",
    "2021\x00": "none of YYYY",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_is_no_date_is_refused_and_told_why(text):
    with pytest.raises(BadDate) as refused:
        span(text)
    assert REFUSED[text] in refused.value.reason
    assert repr(text) in str(refused.value)


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_a_day_is_itself(day):
    assert bounds(day.isoformat()) == (day.isoformat(), day.isoformat())


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_a_month_reaches_to_the_day_before_the_next(day):
    first = day.replace(day=1)
    following = (first + datetime.timedelta(days=31)).replace(day=1)
    last = following - datetime.timedelta(days=1)
    assert bounds(f"{day.year:04d}-{day.month:02d}") == (first.isoformat(), last.isoformat())


@given(st.dates(FIRST_DAY, LAST_DAY), st.sampled_from([21, 22, 23, 24]))
def test_a_season_has_three_months_from_march_june_september_or_december(day, season):
    first = datetime.date(day.year, (season - 20) * 3, 1)
    following = (first + datetime.timedelta(days=93)).replace(day=1)
    last = following - datetime.timedelta(days=1)
    assert bounds(f"{day.year:04d}-{season}") == (first.isoformat(), last.isoformat())


@given(st.dates(datetime.date(1000, 1, 1), LAST_DAY), st.integers(0, 3), st.data())
def test_unspecified_digits_stand_for_every_day_that_has_the_others(day, unknown_of_year, data):
    whole = day.isoformat()
    digits = whole[: 4 - unknown_of_year] + "X" * unknown_of_year
    for part in (whole[5:7], whole[8:]):
        shown = data.draw(st.integers(0, 2))
        digits += f"-{part[:shown]}{'X' * (2 - shown)}"
    start = datetime.date(int(digits[:4].replace("X", "0")), 1, 1)
    end = datetime.date(int(digits[:4].replace("X", "9")), 12, 31)
    length = (end - start).days

    def first_that_fits(days):
        texts = (day.isoformat() for day in days)
        return next(t for t in texts if all(m in ("X", c) for m, c in zip(digits, t, strict=True)))

    assert bounds(digits) == (
        first_that_fits(start + datetime.timedelta(n) for n in range(length + 1)),
        first_that_fits(end - datetime.timedelta(n) for n in range(length + 1)),
    )


singles = st.sampled_from([text for text in ALL_FORMS if "/" not in text and "[" not in text])


@given(singles, singles)
def test_an_interval_reaches_from_its_starts_first_day_to_its_ends_last(start, end):
    reach = Span(span(start).earliest, span(end).latest)
    if "T" in start and "T" in end:
        # Instants that are written to the second; of those without a zone only with each other.
        first, last = map(datetime.datetime.fromisoformat, (start, end))
        is_reversed = (first.tzinfo is None) == (last.tzinfo is None) and last < first
    else:
        is_reversed = False
    if reach.latest < reach.earliest or is_reversed:
        with pytest.raises(BadDate):
            span(f"{start}/{end}")
    else:
        assert span(f"{start}/{end}") == reach
        assert span(f"[{start}..{end}]") == reach


@given(singles)
def test_an_open_or_unknown_end_has_no_bound(text):
    one = span(text)
    for start in ("", ".."):
        assert span(f"{start}/{text}") == Span(OPEN_PAST, one.latest)
    for end in ("", ".."):
        assert span(f"{text}/{end}") == Span(one.earliest, OPEN_FUTURE)


@given(st.lists(singles, min_size=1, max_size=10))
def test_a_set_reaches_from_its_first_member_to_its_last(members):
    spans = [span(member) for member in members]
    whole = Span(min(s.earliest for s in spans), max(s.latest for s in spans))
    assert span(f"[{','.join(members)}]") == whole


@given(singles, st.sampled_from("?~%"))
def test_a_qualifier_says_how_sure_a_date_is_and_moves_no_bound(text, qualifier):
    assert span(text.rstrip("?~%") + qualifier) == span(text)


def yields_a_span_or_says_why_not(text: str) -> None:
    with contextlib.suppress(BadDate):
        found = span(text)
        assert OPEN_PAST <= found.earliest <= found.latest <= OPEN_FUTURE
        assert found.earliest > OPEN_PAST or found.latest < OPEN_FUTURE


@given(st.text())
def test_any_text_has_bounds_or_is_refused(text):
    yields_a_span_or_says_why_not(text)


@given(st.text(alphabet="0129XY-/.,[]?~%T:Z+ ", max_size=MAX_LENGTH + 20))
def test_any_text_of_the_letters_of_dates_has_bounds_or_is_refused(text):
    yields_a_span_or_says_why_not(text)


@given(st.sampled_from(sorted(ALL_FORMS)), st.data())
def test_a_date_with_a_letter_changed_has_bounds_or_is_refused(text, data):
    place = data.draw(st.integers(0, len(text)))
    letter = data.draw(st.sampled_from("0139XY-/.,[]?~%T:Z+ é٣\x00"))
    yields_a_span_or_says_why_not(text[:place] + letter + text[place + 1 :])
    yields_a_span_or_says_why_not(text[:place] + letter + text[place:])


@pytest.mark.parametrize("unit", ["2", "X", "Y1", "2021/", "[", "2021,", "2021-02-3X,", "..", "T"])
def test_a_text_longer_than_a_date_can_be_is_refused_unread(unit, monkeypatch):
    for reading in ("_one_of", "_interval", "_date"):
        monkeypatch.delattr(edtf, reading)
    with pytest.raises(BadDate, match="longer than 200 characters"):
        span("[" + unit * 1_000_000)


@pytest.mark.parametrize("member", ["XXXX-02-29", "189X-02-29", "18XX-02-31", "XXXX-XX-31"])
def test_the_longest_set_of_partly_known_days_is_read_in_a_few_steps(member, monkeypatch):
    looks = 0

    def counted(year: int, month: int) -> int:
        nonlocal looks
        looks += 1
        return dates.days_in_month(year, month)

    monkeypatch.setattr(edtf, "days_in_month", counted)
    span.cache_clear()
    members = [member] * (MAX_LENGTH // (len(member) + 1))
    yields_a_span_or_says_why_not(f"[{','.join(members)}]")
    assert looks <= 20 * len(members)
