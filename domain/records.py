"""The records of the log: what was recorded, when, by whom. Each is complete in itself.

A record's topic, once stored, never changes; the class may move or be renamed. A change of a record's
fields is a new version: a new topic, and an upcaster from the old one (see ``service/log/codec.py``).

``reported`` is the last day by which what the record says was published: the reported clock compares with
it. ``recorded_at`` is UTC with microseconds, set by the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Generic, TypeAlias, TypeVar
from uuid import UUID

from pydantic import ConfigDict, Field

from domain.text import STRICT_SHAPE, Line
from domain.values import Account, ActorProfile, InvolvedCountry, Origin

Day = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        examples=["2021-06-22"],
        json_schema_extra={"format": "date"},
    ),
]
"""A calendar day, ISO 8601."""

Instant = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
        examples=["2026-11-22T09:00:00.000000Z"],
        json_schema_extra={"format": "date-time"},
    ),
]
"""An instant in UTC with microseconds, fixed in width, so that text order is time order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReported:
    """The first account of an incident founds its stream.

    ``implied`` are the countries that the account concerns without naming them (see
    `domain.incidents.implied_countries`), written down so that the record says by itself whose timelines
    it is on.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "incident-reported.v1"
    account: Account
    implied: tuple[InvolvedCountry, ...]
    origin: Origin | None
    reported: Day
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAdded:
    """A further account of an incident, by another source or of another day."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "account-added.v1"
    account: Account
    implied: tuple[InvolvedCountry, ...]
    origin: Origin | None
    reported: Day
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRegistered:
    """An actor with its names, external ids and affiliations."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "actor-registered.v1"
    actor: ActorProfile
    origin: Origin | None
    recorded_at: Instant
    recorded_by: Line


IncidentRecord: TypeAlias = IncidentReported | AccountAdded
ActorRecord: TypeAlias = ActorRegistered
Record: TypeAlias = IncidentRecord | ActorRecord

R_co = TypeVar("R_co", bound=Record, covariant=True)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[R_co]):
    """A record in its place: the log's position, and the version that it gave its stream; both from 1.

    A record that is yet to be appended has position 0.
    """

    position: int
    stream: UUID
    version: int
    record: R_co
