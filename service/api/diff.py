"""``/v1/diff``: what has changed between two moments, on one timeline or on all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from domain.text import SLUG_PATTERN
from domain.vocabulary import IncidentType
from projections.entries import Entry
from service.api.answers import Answer, and_more, query_without, url_of
from service.api.context import bad_parameter, casus_of, known_actor, moment_again, resumed
from service.api.documents import (
    NOT_MODIFIED,
    AsOf,
    NextPage,
    PositionRead,
    ReportedBy,
    problem_responses,
)
from service.api.incidents import ALL
from service.api.parameters import CountryParameter, DateParameter, InstantParameter, Paging
from service.api.routing import ReadRoute
from service.api.selections import country_subject
from service.api.timelines import next_page
from service.bootstrap import Casus
from service.publishing.publication import Subject
from service.reading.changes import FieldChange
from service.reading.clocks import reported_day
from service.reading.difference_statements import Interval
from service.reading.differences import Kind
from service.reading.intervals import BadInterval, Given, interval_of
from service.reading.selection import Selection

router = APIRouter(prefix="/v1/diff", tags=["incidents"], route_class=ReadRoute)

_Position = Annotated[int, Field(ge=0, le=2**53)]


class DiffQuery(Paging):
    """Two moments, by one pair of parameters, and whose timeline is compared."""

    from_position: Annotated[
        _Position | None,
        Field(description="What changed since the log stood at this position."),
    ] = None
    to_position: Annotated[
        _Position | None, Field(description="Until it stood at this one; left out: the newest.")
    ] = None
    from_as_of: Annotated[
        InstantParameter | None,
        Field(description="What changed since the log stood as at this instant or day's end."),
    ] = None
    to_as_of: Annotated[
        InstantParameter | None,
        Field(description="Until it stood as at this one; left out: now."),
    ] = None
    from_reported_by: Annotated[
        DateParameter | None,
        Field(description="What changed by what was published after this day."),
    ] = None
    to_reported_by: Annotated[
        DateParameter | None,
        Field(description="And by the end of this one; left out: all of it."),
    ] = None
    country: Annotated[
        CountryParameter | None, Field(description="On this country's timeline.")
    ] = None
    actor: Annotated[
        str | None,
        Field(max_length=100, pattern=SLUG_PATTERN, description="On this actor's timeline."),
    ] = None
    type: Annotated[
        list[IncidentType],
        Field(max_length=len(IncidentType), description="Of any of these types; may be repeated."),
    ] = []

    @property
    def selection(self) -> Selection:
        """The timeline that is compared."""
        return Selection(country=self.country, actor=self.actor, types=tuple(self.type))

    @property
    def given(self) -> tuple[Given, Given, Given]:
        """What was given of the first moment, of the second one, and of both."""
        return (
            _given(self.from_position, self.from_as_of, self.from_reported_by),
            _given(self.to_position, self.to_as_of, self.to_reported_by),
            _given(self.position, self.as_of, self.reported_by),
        )

    @property
    def fixed(self) -> bool:
        """Whether the moments can never mean other positions."""
        by_position = self.from_position is not None and self.to_position is not None
        return by_position or super().fixed


def _given(position: int | None, as_of: str | None, reported_by: str | None) -> Given:
    day = None if reported_by is None else reported_day(reported_by)
    return Given(position=position, as_of=as_of, reported_by=day)


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentRead:
    """One of the moments that are compared."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy


_KINDS = """How it differs; the first that applies.

- `changed`: on the timeline at both moments; records have touched it, or actors in it were merged.
- `unmerged`: on the timeline now; its accounts were another's (`out_of`).
- `reinstated`: on the timeline now; it was retracted.
- `added`: on the timeline now; it was not there, or not on this timeline.
- `merged`: it was on the timeline; its accounts are another's now (`into`).
- `retracted`: it was on the timeline; it is retracted now.
- `removed`: it was on the timeline; it is no longer there (it had no account of its own, and one that was
  merged into it is no more), or not on this timeline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceItem:
    """An incident that differs between the moments."""

    change: Annotated[Kind, Field(description=_KINDS)]
    incident: Annotated[
        Entry, Field(description="As at `to`; as at `from` where it does not stand by then.")
    ]
    into: Annotated[
        str | None,
        Field(
            description="The incident that stands for it at `to`.",
            json_schema_extra={"format": "uuid"},
        ),
    ]
    out_of: Annotated[
        str | None,
        Field(
            description="The incident that stood for it at `from`.",
            json_schema_extra={"format": "uuid"},
        ),
    ]
    fields: Annotated[
        tuple[FieldChange, ...],
        Field(
            description="What is shown differently, where it stands by itself at both moments. Empty where"
            " records touched it and what is shown stayed the same."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffAnswer:
    """A page of what differs between two moments, in order of the incidents' first records."""

    subject: Annotated[
        Subject, Field(description="Whose timeline; the actor where a country is given as well.")
    ]
    from_: Annotated[MomentRead, Field(alias="from")]
    to: MomentRead
    items: tuple[DifferenceItem, ...]
    next: NextPage


@router.get(
    "",
    summary="What has changed between two moments",
    responses={
        200: {"model": DiffAnswer, "description": "A page of what differs."},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "bad-cursor"),
    },
)
def get_diff(request: Request, query: Annotated[DiffQuery, Query()]) -> Response:
    """The incidents of a country, of an actor or of all that differ between two moments.

    The moments are two positions, two instants or two days of publication; the other clock can be fixed
    for both. The entries at the first, with these differences, are those at the
    second, but for the names of actors.
    """
    casus = casus_of(request)
    interval, after = _start(casus, query)
    subject = _subject(casus, query, interval.end.position)
    answer = Answer(request, interval.end, fixed=query.fixed)
    answer.links = [f'<{url_of(request, _permanent(request, query, interval))}>; rel="canonical"']
    if unchanged := answer.not_modified():
        return unchanged
    found, following = casus.reader.differences.page(query.selection, interval, after, query.limit)
    next_url = None
    if following is not None:
        start = interval.start
        after_this = (start.position, start.reported_by, following)
        next_url = next_page(request, answer, interval.end, _scope(query), after_this)
    head = orjson.dumps(
        {"subject": subject, "from": interval.start.fields, "to": interval.end.fields}
    )
    items = b",".join(each.as_json for each in found)
    return answer.of(b'%b,"items":[%b],"next":%b}' % (head[:-1], items, orjson.dumps(next_url)))


def _scope(query: DiffQuery) -> str:
    return f"diff{query.given!r}{query.selection!r}"


def _start(casus: Casus, query: DiffQuery) -> tuple[Interval, int]:
    """The moments to compare, and the incident number to begin after. Raises `Problem`."""
    if query.cursor is None:
        try:
            return interval_of(casus.reader.moments, *query.given), 0
        except BadInterval as bad:
            raise bad_parameter(bad.parameter, str(bad)) from None
    end, (position, reported_by, after) = resumed(casus, query.cursor, _scope(query), int, int, int)
    return Interval(moment_again(casus, position, reported_by), end), after


def _subject(casus: Casus, query: DiffQuery, position: int) -> Subject:
    if query.actor is not None:
        actor = known_actor(casus, query.actor, position)
        if actor.merged_into is not None:
            actor = casus.reader.actors.get(actor.merged_into, position) or actor
        return Subject(kind="actor", id=actor.slug, name=actor.name)
    if query.country is not None:
        return country_subject(query.country)
    return ALL


def _permanent(request: Request, query: DiffQuery, interval: Interval) -> str:
    """The query that fixes both moments by position; one with a cursor does so as it is."""
    given: bytes = request.scope["query_string"]
    if query.cursor is not None:
        return given.decode("ascii")
    if query.from_reported_by is not None:
        fixed = {"position": interval.end.position}
    else:
        fixed = {
            "from_position": interval.start.position,
            "to_position": interval.end.position,
        }
    return and_more(query_without(given, *fixed, "as_of", "from_as_of", "to_as_of"), **fixed)
