"""What is shown differently of an incident at two moments, field by field.

Compared is what its entry shows. Left out are `revision`, `position` and `recorded_at`, which say what
record touched it last and not what it is, and the names of actors, which change without a word about it. Of
a list the members are compared, in whatever order: each that came, went or, of figures, has other numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import orjson
from pydantic import Field

from domain.incidents import Incident
from domain.resolution import ShownFigure, resolve
from domain.values import ForeignCode, InvolvedCountry, Participant, Place, Source
from projections.entries import Occurred, entry_head

Shown: TypeAlias = Mapping[str, Any]
"""What an entry shows by field, as its JSON has it; of participants the actors and their roles."""

FIELDS = (
    "title",
    "type",
    "status",
    "occurred",
    "place",
    "summary",
    "countries",
    "participants",
    "figures",
    "codes",
    "accounts",
    "sources",
    "datasets",
    "reported",
)

Value: TypeAlias = (
    str
    | int
    | Occurred
    | Place
    | ShownFigure
    | InvolvedCountry
    | Participant
    | ForeignCode
    | Source
    | None
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field of an incident, or a member of it if that is a list, as it was shown and is shown instead."""

    field: Annotated[
        str,
        Field(
            description="Of a list there is a change for each member that came or went; of figures for"
            " each `measure` and `of`.",
            json_schema_extra={"enum": list(FIELDS)},
        ),
    ]
    before: Annotated[
        Value, Field(description="As the entry had it; null where nothing was shown.")
    ]
    after: Annotated[Value, Field(description="As the entry has it; null where nothing is shown.")]


def shown(incident: Incident) -> Shown:
    """What is shown of an incident that stands; actors by the ids that they were recorded under."""
    resolved = resolve(incident)
    return shown_by(
        entry_head(str(incident.stream), incident, resolved),
        ((each.actor, each.role) for each in resolved.participants),
    )


def shown_by(head: bytes, participants: Iterable[tuple[str, str]]) -> Shown:
    """What is shown by the stored bytes of an entry, and pairs of actor and role."""
    entry: dict[str, Any] = orjson.loads(head + b"}")
    entry["participants"] = [{"actor": actor, "role": role} for actor, role in participants]
    return entry


def changes(before: Shown | None, after: Shown) -> list[FieldChange]:
    """What is shown differently, in the order of `FIELDS`.

    Where nothing was shown before, everything that is shown is a change.
    """
    return list(_changes(before or {}, after))


def _changes(before: Shown, after: Shown) -> Iterator[FieldChange]:
    for field in FIELDS:
        was, now = before.get(field), after[field]
        if isinstance(now, list):
            yield from _changed_members(field, was or [], now)
        elif was != now:
            yield FieldChange(field=field, before=was, after=now)


def _changed_members(
    field: str, before: Iterable[Any], after: Iterable[Any]
) -> Iterator[FieldChange]:
    was, now = ({_key(field, each): each for each in some} for some in (before, after))
    for key in {**was, **now}:
        old: Any = was.get(key)
        new: Any = now.get(key)
        if old != new:
            yield FieldChange(field=field, before=old, after=new)


def _key(field: str, member: Any) -> object:
    """What a member of a list is known by: a figure by whom it counts and how, any other by all it says."""
    if field == "figures":
        return member["measure"], member["of"]
    return tuple(member.values()) if isinstance(member, dict) else member
