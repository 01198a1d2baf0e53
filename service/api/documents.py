"""What the contract says of answers that are sent as finished bytes: models, and what each status means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from domain.records import Instant
from domain.values import ActorProfile
from projections.datasets import ShownDataset
from service.api.problems import MEDIA_TYPE, PROBLEMS

PositionRead: TypeAlias = Annotated[
    int, Field(ge=0, description="The log's position that this was read at.")
]
AsOf: TypeAlias = Annotated[
    Instant | None,
    Field(description="When that position was recorded; null before the first record."),
]
ReportedBy: TypeAlias = Annotated[
    str | None,
    Field(
        description="The last day of publication that counts, ISO 8601; null: all of them.",
        examples=["2021-06-22"],
    ),
]
NextPage: TypeAlias = Annotated[
    Annotated[str, Field(json_schema_extra={"format": "uri"})] | None,
    Field(description="The address of the next page; null on the last."),
]
TimelineAddress: TypeAlias = Annotated[
    str,
    Field(
        description="The timeline's address, relative to the service.",
        examples=["/v1/countries/AFG/timeline"],
        json_schema_extra={"format": "uri-reference"},
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemFault:
    """One thing that is wrong: the JSON path or the parameter, and what is wrong with it."""

    path: Annotated[str, Field(examples=["$.figures[0].low"])]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearCountry:
    """A country that is spelled like the one asked for."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearActor:
    """An actor that is spelled like the one asked for."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearDataset:
    """A dataset that is spelled like the one asked for."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemConflict:
    """What a request clashes with: an incident, and the position of the log where that is recorded."""

    incident: Annotated[str, Field(json_schema_extra={"format": "uuid"})] = ""
    position: Annotated[int, Field(ge=1)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDocument:
    """A problem (RFC 9457). `openapi/problems.md` explains every `type`."""

    type: Annotated[
        str,
        Field(
            description="Which problem it is: the address of its explanation.",
            examples=["/problems/bad-parameter"],
            json_schema_extra={"format": "uri-reference"},
        ),
    ]
    title: Annotated[str, Field(description="The same for every problem of this type.")]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="What was wrong this time.")]
    faults: Annotated[
        tuple[ProblemFault, ...],
        Field(description="Every fault found, where there is a place to it."),
    ] = ()
    nearest: Annotated[
        tuple[NearCountry, ...] | tuple[NearActor, ...] | tuple[NearDataset, ...],
        Field(description="What is spelled alike, the likeliest first."),
    ] = ()
    conflict: Annotated[
        ProblemConflict, Field(description="Where what it clashes with is recorded.")
    ] = ProblemConflict()
    correlation_id: Annotated[
        str, Field(description="What the service logged its own fault under.")
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotShownYet:
    """What was asked for is recorded for good, at this position; the timelines do not reach it yet."""

    position: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorAnswer:
    """An actor, and where its timeline is."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    actor: ActorProfile
    merged_into: Annotated[
        str | None, Field(description="The actor that it is one with, and is shown as.")
    ]
    merged: Annotated[tuple[str, ...], Field(description="The actors that it stands for as well.")]
    timeline: TimelineAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorsAnswer:
    """A page of actors by id."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    items: tuple[ActorProfile, ...]
    next: NextPage


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetAnswer:
    """A dataset, and what of it is held."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    dataset: ShownDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetsAnswer:
    """Every dataset of which anything was taken in."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    items: tuple[ShownDataset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryItem:
    """A country or former state, how many incidents its timeline shows, and where that is."""

    code: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["AFG"])]
    alpha2: Annotated[str | None, Field(examples=["AF"])]
    name: str
    gw: Annotated[tuple[int, ...], Field(description="Its Gleditsch-Ward numbers.")]
    since: Annotated[str | None, Field(description="The day it began, of a state that is no more.")]
    until: Annotated[str | None, Field(description="The day it ended; null for what exists today.")]
    incidents: Annotated[int, Field(ge=0)]
    timeline: TimelineAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class CountriesAnswer:
    """Every country that Casus knows."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    items: tuple[CountryItem, ...]


Responses = dict[int | str, dict[str, Any]]
"""Answers by status, as FastAPI takes them."""


def header_references(*names: str) -> dict[str, dict[str, str]]:
    """The headers of an answer, which the contract describes once (`service.api.contract`)."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problem_responses(*names: str) -> Responses:
    """The problem answers of an operation, by status, for its ``responses``."""
    responses: Responses = {}
    for name in dict.fromkeys((*names, "bad-header", "internal")):
        _add_problem(responses.setdefault, PROBLEMS[name].status, name)
    return responses


def add_problems(responses: dict[str, Any], *names: str) -> None:
    """Add problem answers to those of an operation in a document, by status."""
    for name in names:
        _add_problem(responses.setdefault, str(PROBLEMS[name].status), name)


def _add_problem(answer_of: Callable[[Any, Any], Any], status: int | str, name: str) -> None:
    known = answer_of(
        status, {"description": "", "content": {MEDIA_TYPE: {"schema": _PROBLEM, "examples": {}}}}
    )
    examples = known["content"][MEDIA_TYPE]["examples"]
    if name not in examples:
        examples[name] = {"$ref": f"#/components/examples/{name}"}
        known["description"] = " ".join(
            filter(None, [known["description"], PROBLEMS[name].meaning])
        )


_PROBLEM = {"$ref": "#/components/schemas/ProblemDocument"}

RECORDED_NOT_SHOWN: Responses = {
    202: {
        "model": NotShownYet,
        "description": "Recorded, but the timelines could not be brought up to it. Do not send it again.",
    }
}

NOT_MODIFIED: Responses = {
    304: {"description": "The client holds this answer already (If-None-Match)."}
}

PART: Responses = {
    206: {
        "description": "The range of bytes that was asked for. A long answer is written while it is"
        " sent, and so sent whole, to whoever is the first to ask for it."
    }
}

LED_ON: Responses = {
    307: {"description": "A name or an external id: the actor is found at Location."}
}

MEMENTO: Responses = {
    302: {"description": "The state at Accept-Datetime (RFC 7089) is found at Location."}
}
"""For what is its own timegate."""
