"""``/v1/replay``: incidents played step by step, as they happened, were published or were recorded.

Server-sent events (as HTML has them) or NDJSON, a step a line. The last event, or line, says that it is
the end; an answer that ends without it was cut, and goes on where the last step's id is sent back as
``Last-Event-ID``. The id holds the position, the reported day and the place of its step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.edtf import span
from domain.totals import Total
from domain.vocabulary import Measure
from projections.entries import Entry
from service.api.answers import Answer
from service.api.context import bad_parameter, casus_of, moment_of, resumed
from service.api.cursors import Continuation, write_cursor
from service.api.documents import (
    AsOf,
    PositionRead,
    ReportedBy,
    header_references,
    problem_responses,
)
from service.api.incidents import ALL
from service.api.parameters import Cursor, DateParameter, Filters
from service.api.routing import ReadRoute
from service.api.streams import Part, Stream, paced
from service.api.timelines import selection_of
from service.bootstrap import Casus
from service.reading.clocks import Moment
from service.reading.replay import Change, Course, Mark, Replay
from service.reading.sweeps import Clock, Place

NDJSON, EVENTS = "application/x-ndjson", "text/event-stream"

OVER = Place(2**61, 2**61)
"""The place of the end, after all steps."""


class Lines(JSONResponse):
    """What the contract takes the media type from, and that it is JSON."""

    media_type = NDJSON


router = APIRouter(tags=["replay"], route_class=ReadRoute, default_response_class=Lines)


class ReplayQuery(Filters):
    """What is played, along which clock, how fast and in which form."""

    clock: Annotated[
        Clock,
        Field(
            description="`occurred`: each incident once, on its first day; `reported`: what each day's"
            " publications did; `recorded`: what each record did."
        ),
    ] = "occurred"
    since: Annotated[
        DateParameter | None,
        Field(
            description="The first day of the clock that is played, or a month or year (EDTF); what"
            " was there before counts in the totals."
        ),
    ] = None
    until: Annotated[
        DateParameter | None, Field(description="The last day that is played, inclusive.")
    ] = None
    speed: Annotated[
        float | None,
        Field(
            gt=0,
            allow_inf_nan=False,
            description="Days of the clock in a second; left out: as fast as it is read.",
        ),
    ] = None
    format: Annotated[
        Literal["sse", "ndjson"] | None,
        Field(
            description="Server-sent events or NDJSON; left out: events if `Accept` names"
            f" `{EVENTS}`, else NDJSON."
        ),
    ] = None
    last_event_id: Annotated[
        Cursor | None,
        Field(description="Go on after the step of this id, at its position."),
    ] = None

    @cached_property
    def course(self) -> Course:
        """Along which clock, from which to which day."""
        return Course(
            self.clock,
            span(self.since).earliest if self.since else None,
            span(self.until).latest if self.until else None,
        )

    @property
    def scope(self) -> str:
        """What the ids of its steps belong to: how fast it is played, and in which form, may change."""
        return f"replay{self.selection!r}{self.clocks!r}{self.course!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTotals:
    """How many incidents there are, and the sums of their figures."""

    incidents: Annotated[int, Field(ge=0)]
    figures: Annotated[
        dict[Measure, Total],
        Field(description="By measure; of an open range what is known counts, no more."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayStep:
    """What becomes of one incident."""

    id: Annotated[str, Field(description="Where to go on: to be sent back as Last-Event-ID.")]
    step: Annotated[int, Field(ge=1, description="1, 2, 3 from the beginning of the replay on.")]
    date: Annotated[
        str | None,
        Field(description="The day of the clock, ISO 8601; null: it has no known beginning."),
    ]
    change: Annotated[
        Change,
        Field(
            description="`changed`: it is shown as this instead; `removed`: it was shown as this, and is"
            " retracted, merged or no longer selected."
        ),
    ]
    incident: Entry
    totals: ReplayTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayEnd:
    """The last line: what a read at this moment shows was played to its end."""

    id: str
    end: Literal[True]
    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    steps: Annotated[int, Field(ge=0, description="How many steps there were from the beginning.")]
    totals: ReplayTotals


_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "What an EventSource sends when it connects again; it goes before `last_event_id`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 500, "format": "cursor"},
}
_EVENT = {
    "type": "object",
    "description": "An event; its data is what is a line of NDJSON.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string"},
        "event": {"enum": ["step", "end"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_SENT = header_references("Casus-Position", "Cache-Control")


@router.get(
    "/v1/replay",
    summary="Play incidents step by step",
    responses={
        200: {
            "model": ReplayStep | ReplayEnd,
            "description": "One JSON object a line, or an event (`step`, and `end` at last).",
            "content": {EVENTS: {"schema": _EVENT}},
            "headers": _SENT,
        },
        204: {"description": "It was played to its end: the id is that of the end."},
        **problem_responses("bad-parameter", "bad-cursor"),
    },
    openapi_extra={"parameters": [_LAST_EVENT_ID]},
)
def get_replay(request: Request, query: Annotated[ReplayQuery, Query()]) -> Response:
    """The incidents of a country, of an actor or of all, in the order of one clock, with running totals.

    The moment is fixed when it begins: nothing that is recorded meanwhile comes in. Actors are called,
    merged and affiliated as at that moment. It ends with what a read at the end's position shows.
    """
    casus = casus_of(request)
    course = query.course
    if course.since is not None and course.until is not None and course.until < course.since:
        raise bad_parameter("until", "the replay ends before it starts")
    moment, after = _start(casus, request, query)
    selection = selection_of(casus, query, ALL, moment)
    playing = casus.reader.replays.begin(selection, moment, course, after)
    answer = Answer(request, playing.moment)
    headers = {
        "Casus-Position": str(playing.moment.position),
        "Cache-Control": "no-store",
        "Link": ", ".join(answer.links),
        "X-Accel-Buffering": "no",  # nginx would gather it
    }
    if after and after.place == OVER:
        return Response(status_code=204, headers=headers)
    as_events = query.format == "sse" or (
        query.format is None and EVENTS in request.headers.get("accept", "").lower()
    )
    parts = _parts(playing, query.scope, as_events=as_events)
    heartbeat = b": waiting\n\n" if as_events else b""
    return Stream(paced(parts, query.speed, heartbeat), EVENTS if as_events else NDJSON, headers)


def _start(casus: Casus, request: Request, query: ReplayQuery) -> tuple[Moment, Mark | None]:
    """The moment that is played to, and the step that it goes on after. Raises `Problem`."""
    last = request.headers.get("last-event-id") or query.last_event_id
    if last is None:
        return moment_of(casus, query), None
    moment, (point, number, step) = resumed(casus, last, query.scope, int, int, int)
    return moment, Mark(Place(point, number), step)


def _parts(playing: Replay, scope: str, *, as_events: bool) -> Iterator[list[Part]]:
    def part(kind: bytes, day: int | None, mark: Mark, said: bytes) -> Part:
        moment, place = playing.moment, mark.place
        after = (place.point, place.number, mark.step)
        go_on = Continuation(moment.position, moment.reported_by, after)
        name = write_cursor(go_on, scope).encode()
        said = b'{"id":"%b",%b' % (name, said[1:])
        if as_events:
            return Part(day, b"id: %b\nevent: %b\ndata: %b\n\n" % (name, kind, said))
        return Part(day, said + b"\n")

    for page in playing.pages():
        yield [part(b"step", step.day, step.mark, step.json) for step in page]
    yield [part(b"end", None, Mark(OVER, playing.steps), playing.end)]
