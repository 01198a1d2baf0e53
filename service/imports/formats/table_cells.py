"""Cells of a sheet as people fill them in: counts, coordinates, countries, addresses, words for "unknown".

A cell that can mean two things is refused, with what to write instead: ``1,200`` is 1200 or 1.2, ``NA`` is
Namibia or nothing. Each function raises ValueError, saying what is wrong.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from domain.countries import UnknownCountry, find_country

MISSING = frozenset({
    "-", "--", "---", "–", "—", "?", "??", "???", ".", "..", "...", "…", "*", "n/a", "n.a.", "n.a", "na",
    "nan", "null", "nil", "#n/a", "unk", "unk.", "unknown", "unclear", "tbd", "tbc", "tba", "none", "nd",
    "n.d.", "s/d", "s.d.", "k.a.", "н/д", "not known", "not available", "not specified", "unspecified",
    "no data", "sin datos", "desconocido", "desconocida", "inconnu", "inconnue", "non précisé",
    "unbekannt", "desconhecido",
    "sconosciuto", "неизвестно", "невідомо", "غير معروف",
})  # fmt: skip
"""What stands in a cell of which nothing is known, in lower case."""

BROKEN = frozenset(
    {"#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!", "#spill!", "#calc!"}
)
"""What a spreadsheet writes where a formula failed."""

MOST = 10**12
_SPACES = " '’\u00a0\u2009\u202f"
_DASH = r"\s*[-–—−]\s*"
_COUNT = rf"[0-9](?:[0-9.,{_SPACES}]*[0-9])?"

_ABOUT = (
    "about approximately approx. approx around roughly circa ca. ca c. ~ ≈ environ etwa rund unos unas "
    "aproximadamente alrededor|de cerca|de около примерно близько приблизно"
)
_AT_LEAST = (
    ">= ≥ > at|least more|than over no|fewer|than no|less|than not|less|than minimum min. min mindestens "
    "mehr|als über al|menos más|de mas|de por|lo|menos au|moins plus|de pelo|menos mais|de almeno più|di "
    "не|менее более щонайменше понад"
)
_AT_MOST = (
    "<= ≤ < at|most up|to no|more|than not|more|than fewer|than less|than under maximum max. max "
    "höchstens bis|zu hasta como|máximo jusqu'à au|plus moins|de até fino|a не|более до"
)
_OR_MORE = "+ or|more and|more o|más oder|mehr ou|plus ou|mais o|più"


def _any_of(words: str) -> str:
    return "|".join(re.escape(each).replace(r"\|", r"\s+") for each in words.split())


_FIGURE = re.compile(
    rf"(?:(?P<least>{_any_of(_AT_LEAST)})|(?P<most>{_any_of(_AT_MOST)})|(?P<about>{_any_of(_ABOUT)}))?"
    rf"\s*(?P<number>{_COUNT})\s*(?P<more>{_any_of(_OR_MORE)})?"
)
_RANGE = re.compile(
    rf"(?:{_any_of(_ABOUT)})?\s*(?:(?:between|from|zwischen|von|entre|de|от|від)\s+)?(?P<low>{_COUNT})"
    rf"(?:{_DASH}|\s+(?:to|and|bis|und|y|a|e|et|à|до|та)\s+)(?P<high>{_COUNT})"
)


class Figures(NamedTuple):
    """A count as a cell gives it: ``30``, ``about 30``, ``30-40``, ``>130``."""

    low: int | None = None
    best: int | None = None
    high: int | None = None


def in_ascii(text: str) -> str:
    """A text with its digits, of whatever script, as those of ASCII: ١٢ is 12."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def is_missing(text: str, more: frozenset[str]) -> bool:
    """Whether a line stands for nothing; `more` are further words for it, in lower case."""
    folded = text.casefold()
    return folded in MISSING or folded in more


@lru_cache(maxsize=16_384)
def figures_of(text: str, thousands: str | None) -> Figures:
    """A cell as a figure. "About 30" is best 30; "30 to 40" low and high; "more than 130" low 130."""
    folded = " ".join(text.casefold().split())
    if match := _FIGURE.fullmatch(folded):
        if (match["least"] and match["more"]) or (match["most"] and match["more"]):
            raise ValueError(_uncounted(text))
        number = count_of(match["number"], thousands)
        if match["least"] or match["more"]:
            return Figures(low=number)
        return Figures(high=number) if match["most"] else Figures(best=number)
    if match := _RANGE.fullmatch(folded):
        low, high = (count_of(match[name], thousands) for name in ("low", "high"))
        if high < low:
            raise ValueError(f"{text[:40]!r} goes down; write the smaller number first")
        return Figures(low=low, high=high)
    raise ValueError(_uncounted(text))


def _uncounted(text: str) -> str:
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return f"{text[:40]!r} is a day; a spreadsheet may have made it of a range such as 3-4"
    return f"{text[:40]!r} is no count such as 30, about 30, 30-40, >30 or <30"


@lru_cache(maxsize=16_384)
def count_of(text: str, thousands: str | None) -> int:
    """A cell as a whole number; `thousands` is the mark that parts thousands in this sheet, if known."""
    plain = text.strip()
    grouped = re.fullmatch(rf"([0-9]{{1,3}})(?:([.,{_SPACES}])[0-9]{{3}}(?:\2[0-9]{{3}})*)", plain)
    decimal = re.fullmatch(r"(.*[0-9])([.,])0{1,2}", plain)
    if decimal:
        whole, mark = decimal[1], decimal[2]
        if mark == thousands or mark in whole:
            raise ValueError(_uncounted(text))
        other = "," if mark == "." else "."
        return count_of(whole, other)
    if re.fullmatch("[0-9]+", plain):
        digits = plain
    elif grouped:
        mark = grouped[2]
        if mark in ".," and plain.count(mark) == 1 and mark != thousands:
            raise ValueError(
                f"{text[:40]!r} can be a whole number or a fraction; write it without the {mark!r}, "
                f"or say thousands: '{mark}' in the mapping"
            )
        digits = plain.replace(mark, "")
    else:
        raise ValueError(_uncounted(text))
    if len(digits) > 13 or int(digits) > MOST:
        raise ValueError(f"{text[:40]!r} is more than {MOST:,}")
    return int(digits)


_DEGREES = re.compile(
    r"(?P<before>[NSEW])?\s*(?P<sign>[-−+])?\s*(?P<degrees>[0-9]{1,3}(?:[.,][0-9]{1,20})?)\s*[°º]?\s*"
    r"(?:(?P<minutes>[0-9]{1,2}(?:[.,][0-9]{1,12})?)\s*['′’]\s*)?"
    r"(?:(?P<seconds>[0-9]{1,2}(?:[.,][0-9]{1,12})?)\s*(?:[\"″”]|'')\s*)?(?P<after>[NSEW])?",
    re.IGNORECASE,
)


@lru_cache(maxsize=16_384)
def degrees_of(text: str, axis: str) -> float:
    """A cell as degrees, north or east (`axis` is "NS" or "EW"): 34.52, 34,52, 34°31'12"N."""
    match = _DEGREES.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is no coordinate such as 34.5267 or 34°31'36\"N")
    letter = (match["before"] or match["after"] or axis[0]).upper()
    if letter not in axis or (match["before"] and match["after"]):
        raise ValueError(f"{text[:40]!r} does not lie between {axis[0]} and {axis[1]}")
    if match["sign"] and (match["before"] or match["after"]):
        raise ValueError(f"{text[:40]!r} has a sign and a letter; one of them says which way")
    parts = [
        float((match[name] or "0").replace(",", ".")) for name in ("degrees", "minutes", "seconds")
    ]
    if max(parts[1:]) >= 60 or (match["minutes"] and "." in match["degrees"].replace(",", ".")):
        raise ValueError(f"{text[:40]!r} has parts of a degree that cannot be")
    number = parts[0] + parts[1] / 60 + parts[2] / 3600
    most = 90 if axis == "NS" else 180
    if number > most:
        raise ValueError(f"{text[:40]!r} is beyond {most} degrees")
    negative = (match["sign"] in ("-", "−")) != (letter in "SW")
    return round(-number if negative and number else number, 9)


def pair_of(text: str) -> tuple[float, float]:
    """A cell as latitude and longitude, in this order, with a comma, a semicolon or a space between."""
    for mark in (r"\s*;\s*", r"\s*,\s+", r"\s*/\s*", r"\s+", r"\s*,\s*"):
        parts = re.split(mark, text.strip().strip("()"))
        if len(parts) == 2:
            return degrees_of(parts[0], "NS"), degrees_of(parts[1], "EW")
    raise ValueError(f"{text[:40]!r} is no latitude and longitude such as 34.5267, 69.1833")


@lru_cache(maxsize=4_096)
def country_of(text: str) -> str:
    """A cell as the alpha-3 code of a country."""
    try:
        return find_country(text).code
    except UnknownCountry as unknown:
        nearest = ", ".join(f"{each.code} ({each.name})" for each in unknown.nearest)
        raise ValueError(f"{unknown}{f'; nearest: {nearest}' if nearest else ''}") from None


_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"]+", re.IGNORECASE)


def urls_of(cell: str) -> tuple[str, ...]:
    """The addresses in a cell, with spaces or line breaks between them, and commas or semicolons."""
    found = [each.strip('<>,;"') for each in cell.split()]
    urls = [each for each in found if each]
    for url in urls:
        if not _URL.fullmatch(url) or not 10 <= len(url) <= 2_000:
            raise ValueError(f"{url[:60]!r} is no web address such as https://example.org/article")
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url[:60]!r} begins in capitals; write https:// in small letters")
    return tuple(dict.fromkeys(urls))
