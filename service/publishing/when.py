"""When something happened, in English words, for those who don't read EDTF; and days in their parts.

``2021-06~`` is about June 2021, ``../2021-09-11`` until 11 September 2021, ``-0043-03-15`` 15 March 44 BC.
A part with unspecified digits is told by its bounds. What is given has been read as EDTF before
(`domain.edtf`).
"""

from __future__ import annotations

import re

from domain.dates import iso_of_day
from domain.edtf import span

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_SEASONS = ("spring", "summer", "autumn", "winter")
_HEMISPHERES = ("", " (northern)", " (southern)")
_QUALIFIERS = {"": "", "?": "possibly ", "~": "about ", "%": "possibly about "}

_DATE = re.compile(
    r"""Y?(?P<year>-?\d{4,}) (?: -(?P<month>\d\d) (?: -(?P<day>\d\d) )? )?
        (?: T(?P<clock>[\d:.]+)(?P<zone>.*) )?""",
    re.VERBOSE,
)
_DAY = r"Y?-?\d{4,}-\d\d-\d\d(T[^\/~?%]*)?"
CERTAIN = rf"{_DAY}(\/{_DAY})?"
"""A regular expression, of Python and of JavaScript, for what says exactly on which day something
happened, or from which day to which it lasted."""
_CERTAIN = re.compile(CERTAIN)
_PLAIN = re.compile(r"[1-9]\d{3}-\d\d-\d\d(/[1-9]\d{3}-\d\d-\d\d)?")


def is_plain(edtf: str) -> bool:
    """Whether it is a day, or lasts from a day to a day, that anybody writes as a plain date."""
    return _PLAIN.fullmatch(edtf) is not None


def is_certain(edtf: str) -> bool:
    """Whether it says exactly on which day something happened, or from which day to which it lasted."""
    return _CERTAIN.fullmatch(edtf) is not None


def in_words(edtf: str) -> str:
    """A date, an interval or a set in words."""
    if edtf.startswith("["):
        return " or ".join(_member(each.strip()) for each in edtf[1:-1].split(","))
    start, slash, end = edtf.partition("/")
    if not slash:
        return _date(start)
    if start in ("", ".."):
        return f"until {_date(end)}" + ("" if start else ", since an unknown day")
    if end in ("", ".."):
        return f"since {_date(start)}" + ("" if end else ", until an unknown day")
    return f"{_date(start)} to {_date(end)}"


def parts(iso: str) -> tuple[int, int, int]:
    """The astronomical year, the month and the day of what `domain.dates.iso_of_day` wrote."""
    year, month, day = iso.rsplit("-", 2)
    return int(year.removeprefix("Y")), int(month), int(day)


def _member(text: str) -> str:
    first, dots, last = text.partition("..")
    if not dots:
        return _date(text)
    if first and last:
        return f"between {_date(first)} and {_date(last)}"
    return f"{_date(first)} or later" if first else f"{_date(last)} or earlier"


def _date(text: str) -> str:
    bare = text.rstrip("?~%")
    qualifier = _QUALIFIERS[text[len(bare) :]]
    match = _DATE.fullmatch(bare)
    if match is None:
        days = span(text)
        earliest, latest = (iso_of_day(each) for each in (days.earliest, days.latest))
        return f"{qualifier}between {_date(earliest)} and {_date(latest)}"
    words = _year(int(match["year"]))
    if match["month"]:
        words = _month(int(match["month"]), words)
    if match["day"]:
        words = f"{int(match['day'])} {words}"
    if match["clock"]:
        words = f"{words}, {match['clock']}{_zone(match['zone'])}"
    return qualifier + words


def _year(year: int) -> str:
    if year <= 0:
        return f"{1 - year} BC"
    return f"AD {year}" if year < 1000 else str(year)


def _month(month: int, year: str) -> str:
    if month <= 12:
        return f"{MONTHS[month - 1]} {year}"
    hemisphere, season = divmod(month - 21, 4)
    return f"{_SEASONS[season]} {year}{_HEMISPHERES[hemisphere]}"


def _zone(zone: str) -> str:
    return f" (UTC{zone.removeprefix('Z')})" if zone else ""
