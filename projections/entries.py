"""An ENTRY: an incident as every timeline shows it, and the bytes in which it is kept.

The bytes are the finished JSON without its last field, the participants: these carry actors' names, which
may change later without a word about the incident. A reader joins head and participants (see
`service.reading.directory`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import orjson
from pydantic import Field

from domain.dates import iso_of_day, iso_unless_open
from domain.incidents import Incident
from domain.records import Day, Instant
from domain.resolution import ShownFigure, ShownIncident
from domain.totals import Total
from domain.values import ForeignCode, InvolvedCountry, Place, Source
from domain.vocabulary import IncidentType, Measure, ParticipantRole, Status

_ENCODE = msgspec.json.Encoder().encode
"""The same bytes as orjson's, in half its time for slotted dataclasses."""

_DAY = "ISO 8601; a year beyond 9999 is written Y12345. Null: open."


@dataclass(slots=True, kw_only=True)  # frozen ones take three times as long to make
class Occurred:
    """When: EDTF as the source says it, and the days (ISO 8601) it may mean; null is an open end."""

    edtf: Annotated[str, Field(examples=["2021-06-22"])]
    earliest: Annotated[str | None, Field(description=f"The first day. {_DAY}")]
    latest: Annotated[str | None, Field(description=f"The last day. {_DAY}")]
    disputed: Annotated[bool, Field(description="No day lies within what all accounts say.")]


@dataclass(slots=True, kw_only=True)
class EntryHead:
    """All of an entry but its participants."""

    id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    title: str
    type: IncidentType
    status: Status
    occurred: Occurred
    place: Place | None
    summary: str | None
    countries: tuple[InvolvedCountry, ...]
    figures: tuple[ShownFigure, ...]
    codes: tuple[ForeignCode, ...]
    accounts: Annotated[
        int,
        Field(ge=0, description="How many accounts it is made of; 0: every one was withdrawn."),
    ]
    sources: tuple[Source, ...]
    datasets: Annotated[
        tuple[str, ...],
        Field(description="The ids of the datasets that its accounts were loaded from."),
    ]
    reported: Annotated[Day, Field(description="The day of the first account.")]
    revision: Annotated[int, Field(ge=1, description="How many records have touched it.")]
    position: Annotated[int, Field(ge=1, description="The position of the last of them.")]
    recorded_at: Annotated[Instant, Field(description="When that was recorded.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParticipant:
    """A participant with the name its actor had at the position read."""

    actor: str
    name: str
    role: ParticipantRole


@dataclass(slots=True, kw_only=True)
class Entry(EntryHead):
    """An incident on a timeline."""

    participants: tuple[ShownParticipant, ...]


def entry_head(incident_id: str, incident: Incident, shown: ShownIncident) -> bytes:
    """The bytes of an entry up to its participants, without the closing brace."""
    head = EntryHead(
        id=incident_id,
        title=shown.title,
        type=shown.type,
        status=shown.status,
        occurred=Occurred(
            edtf=shown.edtf,
            earliest=iso_unless_open(shown.earliest),
            latest=iso_unless_open(shown.latest),
            disputed=shown.date_disputed,
        ),
        place=shown.place,
        summary=shown.summary,
        countries=shown.countries,
        figures=shown.figures,
        codes=shown.codes,
        accounts=shown.accounts,
        sources=shown.sources,
        datasets=shown.datasets,
        reported=iso_of_day(shown.reported),
        revision=incident.revision,
        position=incident.position,
        recorded_at=incident.recorded_at,
    )
    return _ENCODE(head)[:-1]


def participants_key(shown: ShownIncident) -> bytes:
    """The participants without names, as compact JSON: pairs of actor and role."""
    return orjson.dumps([(p.actor, p.role) for p in shown.participants])


def totals_bytes(totals: Mapping[Measure, Total]) -> bytes:
    """What an incident adds to sums, as compact JSON: low, best and high by measure."""
    if not totals:
        return b"{}"
    return orjson.dumps(
        {key.value: (each.low, each.best, each.high) for key, each in totals.items()}
    )
