"""Who fights whom in a row of GED: conflict, dyad and sides, and of whom the deaths are.

A side is an actor, or a coalition: names joined by commas under one id that no member bears alone. Its
members take part each for itself. A government is known by its own UCDP id, wherever it stands; what
another member's id is the row does not say, so that it is known by its name, under `NAME_SCHEME`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from domain.countries import UnknownCountry, country_by_gw
from domain.vocabulary import ActorKind, IncidentType, ParticipantRole, UnknownCode, type_of_ucdp
from service.imports.format import BadRow, Cells, NamedActor, line, required, whole
from service.imports.formats import ucdp_ged_codes as codes
from service.imports.formats.ucdp_ged_codes import Code, code
from service.imports.formats.ucdp_ged_states import (
    ID_OF_GOVERNMENT,
    allies,
    number_of_government,
    states_of_side,
)

NAME_SCHEME = "ucdp-name"
"""The scheme of actors of which a row gives no UCDP id: the name is the id."""

COLUMNS = (
    "type_of_violence",
    "conflict_new_id",
    "conflict_name",
    "dyad_new_id",
    "dyad_name",
    "side_a_new_id",
    "side_a",
    "gwnoa",
    "side_b_new_id",
    "side_b",
    "gwnob",
)

Groups: TypeAlias = tuple[str, str, str, str]
"""Of whom deaths_a, deaths_b, deaths_civilians and deaths_unknown are."""

_CIVILIANS, _UNKNOWN = "civilians", "unknown"
_ROLES = (ParticipantRole.SIDE_A, ParticipantRole.SIDE_B)
_NUMBERS = re.compile(r"[;,]")


@dataclass(frozen=True, slots=True)
class Sides:
    """What those columns tell. `dyad` is its name; `codes` are JSON."""

    type: str
    dyad: str
    codes: tuple[Code, ...]
    participants: tuple[tuple[NamedActor, ParticipantRole], ...]
    groups: Groups


@lru_cache(maxsize=10_000)
def sides_of(*texts: str) -> Sides:
    """What the texts of `COLUMNS` tell. Raises `BadRow`."""
    cells = dict(zip(COLUMNS, texts, strict=True))
    violence = whole(cells, "type_of_violence")
    names = required(cells, "side_a"), required(cells, "side_b")
    between = " - ".join(names)
    dyad = line(cells["dyad_name"]) or between
    conflict = line(cells["conflict_name"]) or dyad
    kept = [code(codes.TYPE, str(violence))]
    if (number := whole(cells, "conflict_new_id")) is not None:
        kept.append(code(codes.CONFLICT, str(number), None if conflict == dyad else conflict))
    if (number := whole(cells, "dyad_new_id")) is not None:
        kept.append(code(codes.DYAD, str(number), None if dyad == between else dyad))
    participants: list[tuple[NamedActor, ParticipantRole]] = []
    for index, name in enumerate(names):
        actor = _actor(cells, ("side_a_new_id", "side_b_new_id")[index])
        given = _states(cells, ("gwnoa", "gwnob")[index])
        implied = states_of_side(actor, name)
        kept.append(code(codes.SIDES[index], actor, name))
        if given and given != implied:
            kept.append(code(codes.STATES[index], states_as_text(given)))
        members = _members(actor, name, given or implied)
        participants += ((member, _ROLES[index]) for member in members)
    return Sides(
        _type(violence).value, dyad, tuple(kept), tuple(participants), groups_of_deaths(*names)
    )


def groups_of_deaths(side_a: str, side_b: str) -> Groups:
    """Of whom the four parts of the deaths are: names of which no two are the same."""
    if len({side_a, side_b, _CIVILIANS, _UNKNOWN}) < 4:
        side_a, side_b = f"{side_a[:480]} (side a)", f"{side_b[:480]} (side b)"
    return side_a, side_b, _CIVILIANS, _UNKNOWN


def states_as_text(states: tuple[int, ...]) -> str:
    """Numbers of states as gwnoa and gwnob give them: ``2;200;900``."""
    return ";".join(map(str, states))


def _type(violence: int | None) -> IncidentType:
    try:
        return type_of_ucdp(-1 if violence is None else violence)
    except UnknownCode:
        raise BadRow("a type of violence is 1, 2 or 3", "type_of_violence") from None


def _actor(cells: Cells, column: str) -> str:
    number = whole(cells, column)
    if number is None:
        raise BadRow("an actor needs its id", column)
    return str(number)


def _states(cells: Cells, column: str) -> tuple[int, ...]:
    numbers = set()
    for part in _NUMBERS.split(cells[column]):
        if (number := whole({column: part}, column)) is not None:
            numbers.add(number)
            try:
                country_by_gw(number)
            except UnknownCountry:
                raise BadRow(f"{number} is the number of no state", column) from None
    return tuple(sorted(numbers))


def _members(actor: str, name: str, states: tuple[int, ...]) -> list[NamedActor]:
    names = allies(actor, name)
    if len(names) > 1:
        return [_ally(ally) for ally in names]
    if states:
        return [NamedActor("ucdp", actor, name, ActorKind.STATE, country_by_gw(states[0]).code)]
    kind = ActorKind.ORGANISATION if name.casefold() == _CIVILIANS else ActorKind.ARMED_GROUP
    return [NamedActor("ucdp", actor, name, kind)]


def _ally(name: str) -> NamedActor:
    number = number_of_government(name)
    if number is None:
        return NamedActor(NAME_SCHEME, name, name)
    state = country_by_gw(number).code
    if actor := ID_OF_GOVERNMENT.get(number):
        return NamedActor("ucdp", actor, name, ActorKind.STATE, state)
    return NamedActor(NAME_SCHEME, name, name, ActorKind.STATE, state)
