"""Days as people write them in sheets, read as EDTF. What can be two days is neither.

Without a `date_format` are understood: ISO dates, with a time after them or not (as readers of Excel give
its dates); EDTF (``2021-06``, ``2021-06~``, ``2021-06-18/2021-06-21``); the year first (``2021/6/22``); the
month in words (``22 June 2021``, ``Jun 22, 2021``, ``22 de junio de 2021``). Days in figures that begin
with the day or the month need the format; with it, the others are understood as well, because a column in
which some cells are dates and some are text is what spreadsheets make of it. ``2021-22`` is refused: it is
two years, or a season.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from functools import lru_cache

from domain.edtf import BadDate, span

_TOKENS = re.compile(r"yyyy|yy|mmmm|mmm|mm|m|dd|d", re.IGNORECASE)
_PARTS = {
    "y": r"(?P<year>[0-9]{4})",
    "yy": r"(?P<short>[0-9]{2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "mmm": r"(?P<name>[^\W\d_]+)\.?",
    "d": r"(?P<day>[0-9]{1,2})",
}
_TIME = (
    r"(?:[T ,]+[0-9]{1,2}[:.h][0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"\s*(?:Z|[AaPp]\.?[Mm]\.?|[+-][0-9:]+)?)?"
)

_ISO = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){_TIME}")
_SEASON_OR_YEARS = re.compile(r"[0-9]{4}-(?:2[1-9]|3[0-2])")
_YEAR_FIRST = re.compile(
    rf"(?P<year>[0-9]{{4}})[-/. ](?P<month>[0-9]{{1,2}})[-/. ](?P<day>[0-9]{{1,2}}){_TIME}"
)
_BASIC = re.compile(r"(?P<year>(?:19|20)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_IN_WORDS = tuple(
    re.compile(pattern + _TIME)
    for pattern in (
        r"(?:(?P<day>[0-9]{1,2})(?:st|nd|rd|th|er|º|\.)?[\s-]*(?:de\s+)?)?(?P<name>[^\W\d_]+)\.?,?"
        r"[\s-]*(?:de[l]?\s+)?(?P<year>[0-9]{4})",
        r"(?P<name>[^\W\d_]+)\.?\s+(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>[0-9]{4})",
    )
)
_IN_FIGURES = re.compile(rf"([0-9]{{1,2}})([-/. ])([0-9]{{1,2}})\2((?:[0-9]{{2}}){{1,2}}){_TIME}")

_MONTHS = (
    "january jan enero janvier januar janeiro gennaio января січня",
    "february feb febrero fevrier februar fevereiro febbraio февраля лютого",
    "march mar marzo mars marz marco марта березня",
    "april apr abril avril aprile апреля квітня",
    "may mayo mai maio maggio мая травня",
    "june jun junio juin juni junho giugno июня червня",
    "july jul julio juillet juli julho luglio июля липня",
    "august aug agosto aout августа серпня",
    "september sep sept septiembre septembre setembro settembre сентября вересня",
    "october oct octubre octobre oktober outubro ottobre октября жовтня",
    "november nov noviembre novembre novembro ноября листопада",
    "december dec diciembre decembre dezember dezembro dicembre декабря грудня",
)


@lru_cache(maxsize=64)
def pattern_of(date_format: str) -> re.Pattern[str]:
    """What a format such as ``dd/mm/yyyy`` matches. Raises ValueError, saying what a format is.

    ``d``, ``dd`` are a day in one or two figures, ``m``, ``mm`` a month, ``mmm``, ``mmmm`` its name,
    ``yyyy`` a year, ``yy`` one of this century. The day may be left out. Marks stand for themselves.
    """
    pattern, seen, last, between = "", "", 0, []
    for token in _TOKENS.finditer(date_format):
        part = {"yyyy": "y", "mm": "m", "mmmm": "mmm", "dd": "d"}.get(
            token[0].lower(), token[0].lower()
        )
        seen += part[0]
        between.append(date_format[last : token.start()])
        pattern += _literal(between[-1]) + _PARTS[part]
        last = token.end()
    rest = date_format[last:]
    marks = "".join((*between, rest))
    if (
        "".join(sorted(seen)) not in ("dmy", "my")
        or "" in between[1:]
        or re.search(r"[^\W_]|%", marks)
    ):
        raise ValueError(
            f"{date_format[:40]!r} is no date format; it is made of dd, mm (or mmm for a name) and yyyy "
            "with marks between them, such as dd/mm/yyyy or mm-dd-yyyy"
        )
    return re.compile(pattern + _literal(rest) + _TIME)


def _literal(text: str) -> str:
    return r"\s+".join(re.escape(part) for part in re.split(r"\s+", text))


@lru_cache(maxsize=16_384)
def edtf_of(text: str, date_format: str | None) -> str:
    """A cell as EDTF. Raises ValueError, saying what it can be and what to do."""
    if date_format and (match := pattern_of(date_format).fullmatch(text)):
        return _edtf(text, match)
    if match := _ISO.fullmatch(text):
        span(match[1])  # it may be no day that exists
        return match[1]
    if _SEASON_OR_YEARS.fullmatch(text):
        raise ValueError(f"{text!r} can be two years or a season; write 2021/2022, or the months")
    for pattern in (_YEAR_FIRST, _BASIC, *_IN_WORDS):
        if (match := pattern.fullmatch(text)) and (
            "name" not in match.re.groupindex or _month(match["name"])
        ):
            return _edtf(text, match)
    if match := _IN_FIGURES.fullmatch(text):
        raise ValueError(_unclear(text, match, date_format))
    try:
        span(text)
    except BadDate:
        raise ValueError(_unread(text, date_format)) from None
    return text


def _edtf(text: str, match: re.Match[str]) -> str:
    parts = match.groupdict()
    year = int(parts["year"] or 0) if "year" in parts else 2000 + int(parts["short"])
    month = _month(parts["name"]) if parts.get("name") else int(parts["month"])
    if month is None:
        raise ValueError(
            f"{parts['name'][:20]!r} is no month's name that is known; write it in figures"
        )
    try:
        if not parts.get("day"):
            return datetime.date(year, month, 1).isoformat()[:7]
        return datetime.date(year, month, int(parts["day"])).isoformat()
    except ValueError:
        raise ValueError(f"there is no such day as {text[:40]!r}") from None


@lru_cache(maxsize=1_024)
def _month(name: str) -> int | None:
    bare = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    names = {plain, name.casefold()}
    return next((n for n, known in enumerate(_MONTHS, 1) if names & set(known.split())), None)


def _unclear(text: str, match: re.Match[str], date_format: str | None) -> str:
    first, mark, second, year = match.groups()[:4]
    if date_format:
        return f"{text[:40]!r} is not written {date_format}"
    years = "y" * len(year)
    formats = [f"dd{mark}mm{mark}{years}"] if int(second) <= 12 else []
    formats += [f"mm{mark}dd{mark}{years}"] if int(first) <= 12 else []
    which = " or ".join(formats) or f"dd{mark}mm{mark}{years}"
    return (
        f"{text[:40]!r} is a day in figures; say date_format: {which} in the mapping, for all rows"
    )


def _unread(text: str, date_format: str | None) -> str:
    shown = repr(text[:40])
    if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", text):
        return f"{shown} looks like Excel's number of a day; format the column as dates"
    if date_format:
        return f"{shown} is no date; they are written {date_format}, or 2021-06-22"
    return f"{shown} is no date such as 2021-06-22; for another way say date_format in the mapping"
