"""What answers are made of, as the contract (`openapi/openapi.json`) has it: typed dictionaries.

A service may add fields; those here keep their names and their meaning.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Occurred(TypedDict):
    """When: EDTF as the source says it, and the days it may mean; None is an open end."""

    edtf: str
    earliest: str | None
    latest: str | None
    disputed: bool


class Place(TypedDict):
    """Where; degrees of WGS 84."""

    name: str
    country: str | None
    admin1: str | None
    admin2: str | None
    admin3: str | None
    latitude: float | None
    longitude: float | None
    precision: str | None
    description: str | None


class Source(TypedDict):
    """Who says so."""

    name: str
    via: str | None
    url: str | None
    published: str | None


class Figure(TypedDict):
    """How many were killed, wounded, displaced, ..."""

    measure: str
    of: str | None
    low: int | None
    best: int | None
    high: int | None
    disputed: bool
    inconsistent: bool


class Code(TypedDict):
    """A code in another scheme."""

    scheme: str
    code: str
    label: str | None


class InvolvedCountry(TypedDict):
    """A country, and why it is concerned."""

    code: str
    role: str


class Participant(TypedDict):
    """An actor, and its part."""

    actor: str
    name: str
    role: str


class Entry(TypedDict):
    """An incident on a timeline."""

    id: str
    title: str
    type: str
    status: str
    occurred: Occurred
    place: Place | None
    summary: str | None
    countries: list[InvolvedCountry]
    figures: list[Figure]
    codes: list[Code]
    accounts: int
    sources: list[Source]
    datasets: list[str]
    reported: str
    revision: int
    position: int
    recorded_at: str
    participants: list[Participant]


class Moment(TypedDict):
    """The moment that an answer was read at."""

    position: int
    as_of: str | None
    reported_by: str | None


class Country(TypedDict):
    """A country or former state, and how many incidents its timeline shows."""

    code: str
    alpha2: str | None
    name: str
    gw: list[int]
    since: str | None
    until: str | None
    incidents: int
    timeline: str


class Actor(TypedDict):
    """A state, armed group, organisation or person."""

    id: str
    kind: str
    names: list[dict[str, Any]]
    state: str | None
    external_ids: list[dict[str, Any]]
    affiliations: list[dict[str, Any]]
    description: str | None


class Point(TypedDict):
    """What is counted in a period."""

    period: str
    start: str
    end: str
    low: int
    best: int
    high: int
    incidents: int


class Group(TypedDict):
    """A series."""

    key: str | None
    name: str
    points: list[Point]


class Dataset(TypedDict):
    """A dataset: whose it is, on what terms, and how many incidents have it."""

    id: str
    title: str
    license: str | None
    citation: str | None
    url: str | None
    releases: list[dict[str, Any]]
    incidents: int


class Incident(Moment):
    """An incident with every account and correction that it is made of."""

    policy: str
    incident: Entry
    merged: list[str]
    retraction: dict[str, Any] | None
    corrections: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    traces: list[dict[str, Any]]


class Revision(TypedDict):
    """A record that touched an incident: who made it, why, and what it changed."""

    position: int
    kind: str
    incident: str
    account: int | None
    into: str | None
    out_of: str | None
    reported: str
    recorded_at: str
    recorded_by: str
    reason: str | None
    basis: Source | None
    changes: list[dict[str, Any]]


class Difference(TypedDict):
    """An incident that differs between two moments."""

    change: str
    incident: Entry
    into: str | None
    out_of: str | None
    fields: list[dict[str, Any]]


class Record(TypedDict):
    """A record of the log in its envelope, a CloudEvent."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    dataschema: NotRequired[str]
    position: int
    stream: str
    version: int
    data: dict[str, Any]


class Citation(Moment):
    """How to cite something, and whose data is in it."""

    url: str
    citation: str
    incidents: int
    datasets: list[Dataset]
    bibtex: str
    csl: dict[str, Any]
