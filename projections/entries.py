"""An ENTRY: an incident as every timeline shows it, and the bytes in which it is kept.

The bytes are the finished JSON without its last field, the participants: these carry actors' names, which
may change later without a word about the incident. A reader joins head and participants (see
`service.views.directory`).
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from domain.dates import iso_of_day, iso_unless_open
from domain.incidents import Incident
from domain.resolution import ShownFigure, ShownIncident
from domain.values import ForeignCode, InvolvedCountry, Place, Source
from domain.vocabulary import IncidentType, ParticipantRole, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurred:
    """When: EDTF as the source says it, and the days (ISO 8601) it may mean; null is an open end."""

    edtf: str
    earliest: str | None
    latest: str | None
    disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHead:
    """All of an entry but its participants."""

    id: str
    title: str
    type: IncidentType
    status: Status
    occurred: Occurred
    place: Place | None
    summary: str | None
    countries: tuple[InvolvedCountry, ...]
    figures: tuple[ShownFigure, ...]
    codes: tuple[ForeignCode, ...]
    accounts: int
    sources: tuple[Source, ...]
    reported: str
    revision: int
    position: int
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParticipant:
    """A participant with the name its actor had at the position read."""

    actor: str
    name: str
    role: ParticipantRole


@dataclass(frozen=True, slots=True, kw_only=True)
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
        reported=iso_of_day(shown.reported),
        revision=incident.revision,
        position=incident.position,
        recorded_at=incident.recorded_at,
    )
    return orjson.dumps(head)[:-1]


def participants_key(shown: ShownIncident) -> bytes:
    """The participants without names, as compact JSON: pairs of actor and role."""
    return orjson.dumps([(p.actor, p.role) for p in shown.participants])
