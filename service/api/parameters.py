"""The query parameters that reads share: clocks, window, filters and paging, as models.

A model's field is the parameter, its type what it takes, its description what ``/docs`` says of it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from domain.countries import MAX_LENGTH as COUNTRY_LENGTH
from domain.countries import find_country
from domain.edtf import MAX_LENGTH, span
from domain.text import SLUG_PATTERN
from domain.vocabulary import ActorKind, CountryRole, IncidentType, ParticipantRole, Status
from service.reading.clocks import (
    EVERYTHING_REPORTED,
    parse_instant,
    reported_day,
)
from service.reading.selection import Box, Match, Order, Selection
from service.reading.text_search import NothingToSearch, match_expression

_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"


def _checked_date(text: str) -> str:
    span(text)
    return text


def _checked_country(text: str) -> str:
    return find_country(text).code


def _checked_box(text: str) -> str:
    parse_box(text)
    return text


def _checked_search(text: str) -> str:
    try:
        match_expression(text)
    except NothingToSearch:
        raise ValueError("there is no letter or digit in it to search for") from None
    return text


_NUMBER = re.compile(r"[+-]?\d{1,3}(\.\d{1,15})?")


def parse_box(text: str) -> Box:
    """The box in ``west,south,east,north``, in degrees. Raises ValueError."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError("a box is four numbers, west,south,east,north, as in 60.5,29.4,74.9,38.5")
    return box_of(*map(float, parts))


def box_of(west: float, south: float, east: float, north: float) -> Box:
    """The box between two corners, in degrees. Raises ValueError."""
    if not -180 <= west <= 180 or not -180 <= east <= 180:
        raise ValueError("a longitude lies between -180 and 180")
    if not -90 <= south <= 90 or not -90 <= north <= 90:
        raise ValueError("a latitude lies between -90 and 90")
    if south > north:
        raise ValueError("its south is north of its north: the order is west,south,east,north")
    return Box(west, south, east, north)


def _text(form: str, *examples: str, longest: int = MAX_LENGTH) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "format": form,
            "minLength": 1,
            "maxLength": longest,
            **({"examples": list(examples)} if examples else {}),
        }
    )


DateParameter = Annotated[
    str,
    AfterValidator(_checked_date),
    _text("edtf", "2021-05-01", "2021-06"),
]

InstantParameter = Annotated[
    str,
    AfterValidator(parse_instant),
    _text("instant", "2026-11-22T09:00:00Z", "2026-11-22"),
]

CountryParameter = Annotated[
    str,
    AfterValidator(_checked_country),
    _text("country", "AFG", "gw:700", longest=COUNTRY_LENGTH),
]

Cursor = Annotated[str, Field(min_length=1, max_length=500), _text("cursor", longest=500)]


class Clocks(BaseModel):
    """The clocks of recording and reporting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    position: Annotated[
        int | None,
        Field(ge=0, le=2**53, description="Read as the log stood at this position."),
    ] = None
    as_of: Annotated[
        InstantParameter | None,
        Field(
            description="Read as the log stood at this instant (a day means its end). Not together"
            " with `position`."
        ),
    ] = None
    reported_by: Annotated[
        DateParameter | None,
        Field(description="Only what sources had published by the end of this day."),
    ] = None
    min_position: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**53,
            description="Wait until the log is shown up to this position, for some seconds: what one node"
            " has recorded (`Casus-Position`) is read on another.",
        ),
    ] = None

    @property
    def clocks(self) -> tuple[int | None, str | None, str | None]:
        """The clocks as they were given."""
        return self.position, self.as_of, self.reported_by

    @property
    def fixed(self) -> bool:
        """Whether the moment can never mean another position."""
        return self.position is not None

    @cached_property
    def reported_day(self) -> int:
        """The reported day as a number."""
        return reported_day(self.reported_by) if self.reported_by else EVERYTHING_REPORTED


class Paging(Clocks):
    """Clocks, and which part of a long answer."""

    limit: Annotated[int, Field(ge=1, le=1000, description="The most entries in an answer.")] = 100
    cursor: Annotated[
        Cursor | None,
        Field(description="Where a page begins: taken from `next`, with the same parameters."),
    ] = None

    @property
    def fixed(self) -> bool:
        """Whether the moment can never mean another position: a cursor fixes it as well."""
        return self.cursor is not None or super().fixed


class Filters(Clocks):
    """Everything by which what is read can be narrowed."""

    from_: Annotated[
        DateParameter | None,
        Field(alias="from", description="The first day of the window, or a month or year (EDTF)."),
    ] = None
    to: Annotated[
        DateParameter | None,
        Field(description="The last day of the window, inclusive, or a month or year (EDTF)."),
    ] = None
    match: Annotated[
        Match,
        Field(
            description="`possible`: the incident may have happened in the window; `certain`: on"
            " every day that its date may mean, it did."
        ),
    ] = "possible"
    type: Annotated[
        list[IncidentType],
        Field(max_length=len(IncidentType), description="Any of these types; may be repeated."),
    ] = []
    status: Annotated[
        list[Status],
        Field(
            max_length=len(Status),
            description="Any of these; retracted incidents only if named here.",
        ),
    ] = []
    role: Annotated[
        list[str],
        Field(
            max_length=len(CountryRole) + len(ParticipantRole),
            description="Any of these parts played by the timeline's country"
            f" ({', '.join(CountryRole)}) or actor ({', '.join(ParticipantRole)}).",
            json_schema_extra={
                "items": {
                    "type": "string",
                    "enum": sorted({*map(str, CountryRole), *map(str, ParticipantRole)}),
                }
            },
        ),
    ] = []
    actor: Annotated[
        str | None,
        Field(max_length=100, pattern=SLUG_PATTERN, description="This actor takes part as well."),
    ] = None
    country: Annotated[
        CountryParameter | None,
        Field(description="It is on this country's timeline as well."),
    ] = None
    bbox: Annotated[
        Annotated[
            str,
            AfterValidator(_checked_box),
            _text("bbox", "60.5,29.4,74.9,38.5"),
        ]
        | None,
        Field(description="west,south,east,north in degrees (WGS 84)."),
    ] = None
    q: Annotated[
        Annotated[
            str,
            Field(max_length=500, pattern=_NO_CONTROLS),
            AfterValidator(_checked_search),
            _text("search", "Sherkhan", '"border troops" badakh*', longest=500),
        ]
        | None,
        Field(description='All of these words; "a phrase"; the beginning of a wor*.'),
    ] = None
    include: Annotated[
        Literal["members"] | None,
        Field(
            description="`members`: on an actor's timeline, what its members (and theirs) did as well,"
            " while they were."
        ),
    ] = None

    @cached_property
    def selection(self) -> Selection:
        """What is selected, but for the timeline's own subject."""
        return Selection(
            country=self.country,
            actor=self.actor,
            first_day=span(self.from_).earliest if self.from_ else None,
            last_day=span(self.to).latest if self.to else None,
            match=self.match,
            types=tuple(self.type),
            statuses=tuple(self.status),
            roles=tuple(self.role),
            box=parse_box(self.bbox) if self.bbox else None,
            text=self.q,
            members=self.include == "members",
        )


class OrderedFilters(Filters):
    """What is selected, and in which order."""

    order: Annotated[Order, Field(description="By date, then in order of recording.")] = "asc"

    @cached_property
    def selection(self) -> Selection:
        """What is selected, but for the timeline's own subject."""
        return replace(super().selection, order=self.order)


class TimelineQuery(OrderedFilters, Paging):
    """Which part of a timeline, narrowed how, in which order."""


class ActorsQuery(Paging):
    """By which the list of actors can be narrowed."""

    q: Annotated[
        str | None,
        Field(min_length=1, max_length=200, pattern=_NO_CONTROLS, description="Part of any name."),
    ] = None
    kind: Annotated[ActorKind | None, Field(description="Only actors of this kind.")] = None
    state: Annotated[
        CountryParameter | None,
        Field(description="Only actors that are, or act for, the state of this country."),
    ] = None
