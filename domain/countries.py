"""Countries: their codes, their names, and the numbers that conflict datasets know them by.

ISO 3166-1 alpha-3 is canonical; states that no longer exist keep their ISO 3166-3 alpha-3. Where
ISO has no code, one of the range XAA-XZZ stands in, which it leaves to users. The table is
``domain/data/countries.csv``; the README beside it says where its facts come from. It is read once,
at import, and the import fails where a row is malformed. A text that names no country raises
`UnknownCountry` with the nearest ones: nothing is guessed, and a name that means two countries
("Korea") is no country's name here.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from heapq import nlargest
from importlib.resources import files
from types import MappingProxyType

from domain.errors import DomainError

MAX_LENGTH = 100
"""Characters. Longer texts name no country, and are not searched."""

_NEAREST = 3
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_GW = re.compile(r"gw:([0-9]{1,9})", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
# Letters that Unicode does not take apart into a base letter and a mark; the first is dotless i.
_BASE_LETTERS = str.maketrans({"\u0131": "i", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe"})
_SPELLINGS = {"the": "", "st": "saint"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country or territory, of today or of the past.

    ``code`` is the alpha-3 code. ``gw`` are its numbers in the Gleditsch-Ward list and in UCDP's
    files, ``fips`` its first FIPS 10-4 code, as in GDELT. ``since`` and ``until`` are the days on
    which it began and ended, as ISO dates, and given only for what no longer exists.
    """

    code: str
    alpha2: str | None
    numeric: str | None
    name: str
    aliases: tuple[str, ...]
    gw: tuple[int, ...]
    fips: str | None
    since: str | None
    until: str | None
    note: str | None


class UnknownCountry(DomainError):
    """Raised when a text or number stands for no country.

    ``text`` is what was asked for, cut at `MAX_LENGTH`. ``nearest`` are up to three countries, the
    likeliest first: none where a text shares no letter with any, nor for a FIPS code.
    """

    def __init__(self, text: str, nearest: tuple[Country, ...]) -> None:
        self.text = text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + "…"
        self.nearest = nearest
        super().__init__(f"{self.text!r} is no country that Casus knows")


def find_country(text: str) -> Country:
    """The country that a text stands for. Raises `UnknownCountry`.

    Understood are alpha-3 and alpha-2 codes, ``gw:700``, names and aliases, in upper or lower case;
    in names, diacritics, punctuation and "the" make no difference.
    """
    canonical = COUNTRIES.get(text)
    if canonical is not None:
        return canonical
    if len(text) <= MAX_LENGTH and not _CONTROL.search(text):
        trimmed = text.strip()
        # Outside ASCII, upper case makes codes of other letters: "ß" would be SS, South Sudan.
        if trimmed.isascii():
            by_code = _BY_CODE.get(trimmed.upper())
            if by_code is not None:
                return by_code
            if number := _GW.fullmatch(trimmed):
                return country_by_gw(int(number[1]))
        by_name = _BY_NAME.get(_name_key(trimmed))
        if by_name is not None:
            return by_name
    raise UnknownCountry(text, _nearest_by_text(_name_key(text[:MAX_LENGTH])))


def country_by_gw(number: int) -> Country:
    """The country of a Gleditsch-Ward or UCDP number. Raises `UnknownCountry`.

    A number that several states have borne belongs to the one that exists today; its note says so.
    """
    country = _BY_GW.get(number)
    if country is None:
        raise UnknownCountry(f"gw:{number}", _nearest_by_number(number))
    return country


def country_by_fips(code: str) -> Country:
    """The country of a FIPS 10-4 code in upper case, as GDELT writes it. Raises `UnknownCountry`.

    Apart from `find_country`, because the same two letters are another country's alpha-2: AS is
    Australia in FIPS and American Samoa in ISO.
    """
    country = _BY_FIPS.get(code)
    if country is None:
        raise UnknownCountry(f"fips:{code}", ())
    return country


def _name_key(text: str) -> str:
    """What the spellings of a name have in common: its letters and digits, bare, in lower case."""
    letters = unicodedata.normalize("NFKD", text.replace("&", " and ")).casefold()
    bare = "".join(c for c in letters if not unicodedata.combining(c)).translate(_BASE_LETTERS)
    return "".join(_SPELLINGS.get(word, word) for word in _WORD.findall(bare))


@lru_cache(maxsize=1024)  # a file repeats the name that it gets wrong on every row
def _nearest_by_text(key: str) -> tuple[Country, ...]:
    if key.isdecimal():
        return _nearest_by_number(int(key[:9]))
    likeness = SequenceMatcher(autojunk=False)
    likeness.set_seq2(key)
    found: dict[Country, tuple[float, bool, bool, bool]] = {}
    floor = 0.0  # the third best so far; the quick ratios are upper bounds of the slow one
    for candidate, country in _candidates(len(key)):
        likeness.set_seq1(candidate)
        if likeness.real_quick_ratio() < floor or likeness.quick_ratio() < floor:
            continue
        ratio = likeness.ratio()
        swapped = sorted(candidate) == sorted(key)
        rank = (ratio, swapped, country.until is None, candidate[0] == key[:1])
        if ratio > 0 and rank > found.get(country, (0.0,)):
            found[country] = rank
            if len(found) >= _NEAREST:
                floor = nlargest(_NEAREST, found.values())[-1][0]
    return tuple(sorted(found, key=found.__getitem__, reverse=True)[:_NEAREST])


def _candidates(length: int) -> Iterator[tuple[str, Country]]:
    # A code is compared with texts of its own length only: any word holds the letters of some code.
    yield from ((code.lower(), c) for code, c in _BY_CODE.items() if len(code) == length)
    yield from _BY_NAME.items()


def _nearest_by_number(number: int) -> tuple[Country, ...]:
    by_distance = sorted(_BY_GW, key=lambda known: (abs(known - number), known))
    return _first_distinct(_BY_GW[known] for known in by_distance)


def _first_distinct(countries: Iterable[Country]) -> tuple[Country, ...]:
    return tuple(dict.fromkeys(countries))[:_NEAREST]


def _read_table() -> tuple[dict[str, Country], dict[str, Country]]:
    """The countries by alpha-3, and all their FIPS codes: a few have one for each part."""
    table = (files("domain") / "data" / "countries.csv").read_text(encoding="utf-8")
    by_alpha3: dict[str, Country] = {}
    by_fips: dict[str, Country] = {}
    for row in csv.DictReader(table.splitlines()):
        fips = _cells(row["fips"])
        country = Country(
            code=row["code"],
            alpha2=row["alpha2"] or None,
            numeric=row["numeric"] or None,
            name=row["name"],
            aliases=_cells(row["aliases"]),
            gw=tuple(map(int, _cells(row["gw"]))),
            fips=fips[0] if fips else None,
            since=row["since"] or None,
            until=row["until"] or None,
            note=row["note"] or None,
        )
        by_alpha3[country.code] = country
        by_fips.update(dict.fromkeys(fips, country))
    return dict(sorted(by_alpha3.items())), by_fips


def _cells(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


_BY_ALPHA3, _BY_FIPS = _read_table()

COUNTRIES: Mapping[str, Country] = MappingProxyType(_BY_ALPHA3)
"""Every country by its alpha-3 code, in the order of the codes."""

_BY_CODE = _BY_ALPHA3 | {c.alpha2: c for c in COUNTRIES.values() if c.alpha2}
_BY_NAME = {_name_key(name): c for c in COUNTRIES.values() for name in (c.name, *c.aliases)}
_BY_GW = {number: c for c in COUNTRIES.values() for number in c.gw}
