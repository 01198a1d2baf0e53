"""How UCDP numbers states and names its actors: Gleditsch-Ward numbers, ids of governments, coalitions.

Files give a state three ways, and not every layout has them all: the number of a country, the id of its
government as an actor, and "Government of X". What follows for certain from one is worked out from it
here, so that an account need not repeat it and an export can give it back. The ids of governments are
facts of the UCDP/PRIO Armed Conflict Dataset 22.1 (Uppsala Conflict Data Program and PRIO, CC BY 4.0).
"""

from __future__ import annotations

import re
from functools import lru_cache

from domain.countries import COUNTRIES, UnknownCountry, country_by_gw, find_country

# fmt: off
_GOVERNMENTS = """
  2:3 40:5 41:6 42:7 52:8 55:9 70:10 90:11 91:12 92:13 93:14 94:15 95:16 100:17 101:18 115:19 130:20 135:21
  145:23 150:24 155:25 160:26 165:27 200:28 210:30 220:33 230:35 235:36 310:40 339:45 343:47 344:48 345:49
  346:50 350:52 352:53 359:55 360:56 365:57 369:61 372:63 373:64 404:70 420:71 432:72 433:73 435:74 436:75
  437:76 438:77 439:78 450:79 451:80 452:81 461:82 471:83 475:84 481:85 482:86 483:87 484:88 490:89 500:90
  501:91 510:92 516:93 517:94 520:95 522:96 530:97 531:98 540:99 541:100 552:101 560:102 570:104 580:106
  581:107 600:108 615:109 616:110 620:111 625:112 626:113 630:114 640:115 645:116 651:117 652:118 660:119
  663:120 666:121 670:122 678:123 680:124 690:125 698:129 700:130 702:131 703:132 704:133 710:135 713:137
  731:138 732:139 750:141 751:2 770:142 771:143 775:144 780:145 790:146 800:147 811:148 812:149 816:150
  817:151 820:152 840:154 850:155 900:156 910:157
"""
_NAMES = {
    2: "United States of America", 345: "Serbia (Yugoslavia)", 346: "Bosnia-Herzegovina",
    365: "Russia (Soviet Union)", 437: "Ivory Coast", 484: "Congo", 490: "DR Congo (Zaire)",
    552: "Zimbabwe (Rhodesia)", 572: "Kingdom of eSwatini (Swaziland)", 580: "Madagascar (Malagasy)",
    640: "Turkey", 678: "Yemen (North Yemen)", 775: "Myanmar (Burma)", 811: "Cambodia (Kampuchea)",
    816: "Vietnam (North Vietnam)",
}
# fmt: on

ID_OF_GOVERNMENT = {
    int(number): actor for number, actor in (pair.split(":") for pair in _GOVERNMENTS.split())
}
"""The UCDP actor id of a government, as text, by the number of its country."""

_NUMBER_OF_GOVERNMENT = {actor: number for number, actor in ID_OF_GOVERNMENT.items()}
_NUMBER_OF_COUNTRY = {
    country.code: next((n for n in country.gw if n in ID_OF_GOVERNMENT), country.gw[0])
    for country in COUNTRIES.values()
    if country.gw
}
_ISRAEL, _PALESTINE = 666, "PSE"
_PREFIX = "Government of "
_COMMA = re.compile(r",\s*(?![^()]*\))")


def number_of_country(code: str) -> int | None:
    """The number under which UCDP files a country (alpha-3), as far as the code tells."""
    return _ISRAEL if code == _PALESTINE else _NUMBER_OF_COUNTRY.get(code)


def name_of_country(number: int) -> str:
    """What UCDP calls a country in its latest releases. Raises `UnknownCountry`."""
    return _NAMES.get(number) or country_by_gw(number).name


def country_of_place(number: int, admin1: str | None) -> str:
    """The country (alpha-3) of a place that is filed under a number. Raises `UnknownCountry`.

    UCDP files what happens in Gaza and the West Bank under Israel's number; the first-level unit tells.
    """
    if number == _ISRAEL and admin1 and _code_by_name(admin1) == _PALESTINE:
        return _PALESTINE
    return country_by_gw(number).code


@lru_cache(maxsize=10_000)
def allies(actor: str, name: str) -> tuple[str, ...]:
    """The names of those who make up a side: one, or the members of a coalition joined by commas.

    "Government of Macedonia, FYR" is one: it is a government's own id or name.
    """
    if actor in _NUMBER_OF_GOVERNMENT or number_of_government(name) is not None:
        return (name,)
    parts = (part.strip() for part in _COMMA.split(name))
    return tuple(dict.fromkeys(part for part in parts if any(map(str.isalnum, part)))) or (name,)


@lru_cache(maxsize=10_000)
def states_of_side(actor: str, name: str) -> tuple[int, ...]:
    """The numbers of the states whose governments a side is, rising; none for other actors."""
    if (number := _NUMBER_OF_GOVERNMENT.get(actor)) is not None:
        return (number,)
    numbers = (number_of_government(ally) for ally in allies(actor, name))
    return tuple(sorted({number for number in numbers if number is not None}))


@lru_cache(maxsize=10_000)
def number_of_government(name: str) -> int | None:
    """The number of the country of "Government of X"; None for any other name."""
    if not name.startswith(_PREFIX):
        return None
    code = _code_by_name(name.removeprefix(_PREFIX))
    return None if code is None else _NUMBER_OF_COUNTRY.get(code)


@lru_cache(maxsize=10_000)
def _code_by_name(name: str) -> str | None:
    try:
        return find_country(name).code
    except UnknownCountry:
        return None
