"""ACLED's actors: names, each with the country and the years in it, and for two of them a type from 1 to 8.

An actor is known by its name as ACLED writes it: "Military Forces of Afghanistan (2004-2021)". The type,
``inter1`` and ``inter2``, is a number in files before 2024 and words since. Associated actors have none:
what they are is told by their name where it says, and else they are an organisation.
"""

from __future__ import annotations

import re
from functools import lru_cache

from domain.countries import UnknownCountry, find_country
from domain.vocabulary import ActorKind
from service.imports.format import NamedActor

SCHEME = "acled"

TYPES = {
    1: "State forces",
    2: "Rebel group",
    3: "Political militia",
    4: "Identity militia",
    5: "Rioters",
    6: "Protesters",
    7: "Civilians",
    8: "External/Other forces",
}
"""The types of actors, by number."""

_ARMED_TYPES = frozenset({2, 3, 4})
_NUMBERS = {label.casefold(): number for number, label in TYPES.items()} | {
    "rebel groups": 2,
    "rebel forces": 2,
    "political militias": 3,
    "identity militias": 4,
    "external forces": 8,
    "other forces": 8,
}
_OF_A_STATE = re.compile(
    r"(?:Military Forces|Police Forces|Government) of (?:the )?(?P<country>[^()]+?) *(?:\(|$)"
)
_ARMED = re.compile(r"\b(?:Armed Group|Militia|Militants|Insurgents|Gang|Rebels)\b")


@lru_cache(maxsize=1_024)
def type_number(text: str) -> int | None:
    """The number of an actor's type, given as number or words; None if there is none. Raises ValueError."""
    plain = " ".join(text.casefold().split()).removesuffix(".0")
    if plain in {"", "0"}:
        return None
    if number := _NUMBERS.get(plain):
        return number
    if plain in {str(number) for number in TYPES}:
        return int(plain)
    raise ValueError


@lru_cache(maxsize=65_536)
def actor_of(name: str, number: int | None = None) -> NamedActor:
    """The actor of this name and type, None for one without: a state's, an armed group, or another body.

    The forces of a state have their country where their name says which one and there is such a country.
    """
    state = _state(name)
    if number == 1 or (state and number in {None, 8}):
        return NamedActor(SCHEME, name, name, ActorKind.STATE, state)
    if number in _ARMED_TYPES or (number is None and _ARMED.search(name)):
        return NamedActor(SCHEME, name, name, ActorKind.ARMED_GROUP)
    return NamedActor(SCHEME, name, name, ActorKind.ORGANISATION)


def _state(name: str) -> str | None:
    forces = _OF_A_STATE.match(name)
    if not forces:
        return None
    try:
        return find_country(forces["country"]).code
    except UnknownCountry:
        return None
