"""The records of the log: what was recorded, when, by whom. Each is complete in itself.

A record's topic, once stored, never changes; the class may move or be renamed. A change of a record's
fields is a new version: a new topic, and an upcaster from the old one (see ``service/log/codec.py``).

``reported`` is the last day by which what the record says was published: the reported clock compares with
it. A curator's record is reported on the day it is recorded, unless its ``basis`` is dated. ``recorded_at``
is UTC with microseconds, set by the service. Actors' records follow the recorded clock alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Generic, TypeAlias, TypeVar
from uuid import UUID

from pydantic import ConfigDict, Field

from domain.text import STRICT_SHAPE, EdtfDate, Line, PublicationDate, Reason, Slug, Text
from domain.values import (
    Account,
    AccountStatus,
    ActorName,
    ActorProfile,
    Affiliation,
    DatasetPart,
    DatasetProfile,
    ExternalId,
    InvolvedCountry,
    Origin,
    Participant,
    Place,
    Source,
)
from domain.vocabulary import IncidentType

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


AccountNumber = Annotated[int, Field(ge=1, examples=[1])]
"""An account in its incident: the version of the stream that added it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReported:
    """The first account of an incident founds its stream.

    ``implied`` are the countries that the account concerns without naming them (see
    `domain.incidents.implied_countries`), written down so that the record says by itself whose timelines
    it is on.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "incident-reported.v3"
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
    TOPIC: ClassVar[str] = "account-added.v3"
    account: Account
    implied: tuple[InvolvedCountry, ...]
    origin: Origin | None
    reported: Day
    reason: Reason | None = None
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRevised:
    """The source itself now says otherwise: a corrected article, a new release of a dataset.

    The account is whole again, with the date at which this version of it was published.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "account-revised.v2"
    number: AccountNumber
    account: Account
    implied: tuple[InvolvedCountry, ...]
    origin: Origin | None
    reported: Day
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWithdrawn:
    """The source takes an account back, or a dataset's release no longer has it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "account-withdrawn.v1"
    number: AccountNumber
    basis: Source | None
    reported: Day
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement(Generic[T]):
    """What was shown, and what is shown from now on."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    before: T
    after: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """The fields of an incident that a curator corrects, each from what to what; null leaves one alone."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    title: Replacement[Line] | None = None
    type: Replacement[IncidentType] | None = None
    status: Replacement[AccountStatus] | None = None
    occurred: Replacement[EdtfDate] | None = None
    place: Replacement[Place | None] | None = None
    summary: Replacement[Text | None] | None = None
    countries: Replacement[tuple[InvolvedCountry, ...]] | None = None
    participants: Replacement[tuple[Participant, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCorrected:
    """A curator puts other values in place of those that the accounts make.

    ``implied`` are the countries of the corrected place and of the corrected participants' states.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "incident-corrected.v2"
    changes: Corrections
    implied: tuple[InvolvedCountry, ...]
    basis: Source | None
    reported: Day
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRetracted:
    """A curator takes an incident off the timelines: it did not happen, or is no incident."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "incident-retracted.v1"
    basis: Source | None
    reported: Day
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReinstated:
    """A curator puts a retracted incident back on the timelines."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "incident-reinstated.v1"
    basis: Source | None
    reported: Day
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentMerged:
    """A curator finds that the incident is another one told twice: its accounts move there."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "incident-merged.v1"
    into: UUID
    basis: Source | None
    reported: Day
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentUnmerged:
    """A curator undoes a merge: the incident stands by itself again, with its own accounts."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "incident-unmerged.v1"
    out_of: UUID
    basis: Source | None
    reported: Day
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRegistered:
    """An actor with its names, external ids and affiliations."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "actor-registered.v2"
    actor: ActorProfile
    origin: Origin | None
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorNamed:
    """An actor has one more name; ``shown`` makes it the one that is shown from now on."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "actor-named.v1"
    actor: Slug
    name: ActorName
    shown: bool
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorIdentified:
    """An actor has one more id in another scheme: it is found by it from now on."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "actor-identified.v1"
    actor: Slug
    external_id: ExternalId
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorAffiliated:
    """An actor belongs to another one, on the occurred clock."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "actor-affiliated.v1"
    actor: Slug
    affiliation: Affiliation
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorReleased:
    """An actor belongs to another one no longer: its open affiliation ends, on the occurred clock."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "actor-released.v1"
    actor: Slug
    parent: Slug
    until: EdtfDate
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorsMerged:
    """An actor is another one under a second id: whatever it takes part in is the other's."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "actors-merged.v1"
    actor: Slug
    into: Slug
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorsUnmerged:
    """The merge of an actor is undone: it stands under its own id again."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "actors-unmerged.v1"
    actor: Slug
    out_of: Slug
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReleased:
    """A dataset, or one release of it, is taken in: whose it is, and when that was published.

    ``complete`` is the part of it that is now held whole: what the release does not have there has been
    withdrawn. It is null where that is not known.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    TOPIC: ClassVar[str] = "dataset-released.v2"
    dataset: DatasetProfile
    release: Line | None
    released: PublicationDate | None
    complete: DatasetPart | None = None
    reason: Reason
    recorded_at: Instant
    recorded_by: Line


AccountRecord: TypeAlias = IncidentReported | AccountAdded | AccountRevised
"""The records that hold a whole account: any of them founds its incident."""

IncidentRecord: TypeAlias = (
    IncidentReported
    | AccountAdded
    | AccountRevised
    | AccountWithdrawn
    | IncidentCorrected
    | IncidentRetracted
    | IncidentReinstated
    | IncidentMerged
    | IncidentUnmerged
)
ActorRecord: TypeAlias = (
    ActorRegistered
    | ActorNamed
    | ActorIdentified
    | ActorAffiliated
    | ActorReleased
    | ActorsMerged
    | ActorsUnmerged
)
Record: TypeAlias = IncidentRecord | ActorRecord | DatasetReleased

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
