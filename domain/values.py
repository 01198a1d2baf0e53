"""The values that incidents and actors are made of: frozen, complete in themselves, defined once.

pydantic validates their shape where data enters, `domain.checks` what no single field can tell, and
orjson writes them to the log in the order of their fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from domain.text import (
    STRICT_SHAPE,
    CountryCode,
    EdtfDate,
    LanguageTag,
    Line,
    PublicationDate,
    Slug,
    Text,
    Url,
)
from domain.vocabulary import (
    ActorKind,
    CountryRole,
    IncidentType,
    Measure,
    ParticipantRole,
    Status,
)

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
"""Degrees north, WGS 84."""

Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
"""Degrees east, WGS 84."""


def _whole(number: Any) -> Any:
    """JSON has one kind of number: 53.0, as spreadsheets and data frames write it, is the count 53."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Count = Annotated[int, Field(ge=0, le=10**12, strict=True), BeforeValidator(_whole)]
"""A count as a source gives it."""


class PlacePrecision(StrEnum):
    """What a place's coordinates stand for, from the best to the least known."""

    EXACT = "exact"
    NEAR = "near"  # within about 25 km
    ADMIN2 = "admin2"  # a point for the district
    ADMIN1 = "admin1"  # a point for the province
    AREA = "area"  # a river, a border, a road, a wider region
    COUNTRY = "country"
    INTERNATIONAL = "international"  # waters or airspace of no country


_OF_SOURCES = (Status.REPORTED, Status.CONFIRMED, Status.DISPUTED, Status.PLANNED)


def _of_sources(status: Status) -> Status:
    if status not in _OF_SOURCES:
        raise ValueError(f"a source calls an incident one of {', '.join(_OF_SOURCES)}")
    return status


AccountStatus = Annotated[
    Status,
    AfterValidator(_of_sources),
    WithJsonSchema({"type": "string", "enum": [*map(str, _OF_SOURCES)]}),
]
"""What a source can call an incident; retracting one is a curator's decision and a record of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who says it, where it was published and when."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    name: Line
    via: Line | None = None
    url: Url | None = None
    published: PublicationDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something happened. Coordinates are degrees in WGS 84, both or neither."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    name: Line
    country: CountryCode | None = None
    admin1: Line | None = None
    admin2: Line | None = None
    admin3: Line | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    precision: PlacePrecision | None = None
    description: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvolvedCountry:
    """A country whose timeline shows the incident, and why."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    code: CountryCode
    role: CountryRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A registered actor and its part in the incident."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    actor: Annotated[Slug, Field(examples=["taliban"])]
    role: ParticipantRole = ParticipantRole.UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A counted quantity. "About 100" is best 100; "more than 130" is low 130, high open.

    ``inconsistent`` says that the source's own three numbers contradict each other and are kept as given.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    measure: Measure
    of: Line | None = None
    low: Count | None = None
    best: Count | None = None
    high: Count | None = None
    inconsistent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCode:
    """A code that the incident carries in another scheme, as text: CAMEO ``010`` is not ``10``.

    ``label`` is what the code stands for, in the words of the source.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    scheme: Annotated[Slug, Field(examples=["cameo"])]
    code: Annotated[Line, Field(examples=["190"])]
    label: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a source cites: a publication in its parts, or as ``text`` where it cannot be taken apart."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    text: Text | None = None
    name: Line | None = None
    title: Text | None = None
    url: Url | None = None
    published: PublicationDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one source says of an incident, complete in itself.

    ``references`` are what the source rests on; ``attributed_to`` is whose word it gives it as: the police.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    title: Line
    type: IncidentType
    occurred: EdtfDate
    source: Source
    status: AccountStatus = Status.REPORTED
    place: Place | None = None
    countries: Annotated[tuple[InvolvedCountry, ...], Field(max_length=300)] = ()
    participants: Annotated[tuple[Participant, ...], Field(max_length=1_000)] = ()
    figures: Annotated[tuple[Figure, ...], Field(max_length=200)] = ()
    summary: Text | None = None
    codes: Annotated[tuple[ForeignCode, ...], Field(max_length=100)] = ()
    references: Annotated[tuple[Reference, ...], Field(max_length=200)] = ()
    attributed_to: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The dataset that a record came from, its own key there, and the release, if it has any."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    dataset: Annotated[Slug, Field(examples=["ucdp-ged"])]
    key: Annotated[Line, Field(examples=["406097"])]
    release: Annotated[Line | None, Field(examples=["24.1"])] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetProfile:
    """A dataset: whose it is, and on what terms it may be used."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    id: Annotated[Slug, Field(examples=["ucdp-ged"])]
    title: Line
    license: Line | None = None
    citation: Annotated[
        Text | None, Field(description="How to name it where its incidents are shown.")
    ] = None
    url: Url | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPart:
    """A part of a dataset: what happened in a country, and what began in some years (astronomical ones).

    It is not narrowed by what is null: all of the dataset, where everything is.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    country: CountryCode | None = None
    first_year: Annotated[int | None, Field(examples=[1989])] = None
    last_year: Annotated[int | None, Field(examples=[2018])] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorName:
    """A name of an actor, and the language it is in."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    text: Line
    language: LanguageTag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalId:
    """An actor's id in another scheme: ``ucdp`` ``303``, ``wikidata`` ``Q42418``."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    scheme: Annotated[Slug, Field(examples=["ucdp"])]
    id: Annotated[Line, Field(examples=["303"])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """The actor belongs to another one, on the occurred clock: from ``since`` to ``until``."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    actor: Annotated[Slug, Field(examples=["nato"])]
    since: EdtfDate | None = None
    until: EdtfDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorProfile:
    """An actor as it is registered. The first name is the one shown.

    ``state`` is the country that it is, or acts for: it puts the actor's incidents on that timeline.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    id: Annotated[Slug, Field(examples=["uzbek-border-troops"])]
    kind: ActorKind
    names: Annotated[tuple[ActorName, ...], Field(min_length=1, max_length=200)]
    state: CountryCode | None = None
    external_ids: Annotated[tuple[ExternalId, ...], Field(max_length=100)] = ()
    affiliations: Annotated[tuple[Affiliation, ...], Field(max_length=500)] = ()
    description: Text | None = None
