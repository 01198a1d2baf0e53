"""``/v1/log``: the records themselves, in order, as CloudEvents: what there is, and what is yet to come.

Nothing is left out: whoever writes down what comes holds the same log. A filter leaves out the records of
incidents that concern others (`service.publishing.concerns`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from domain.text import SLUG_PATTERN
from domain.vocabulary import IncidentType
from service.access.roles import Door, needs
from service.api.answers import Answer, and_more, origin, permanent_url, query_without, url_of
from service.api.context import bad_parameter, casus_of, known_actor
from service.api.documents import NOT_MODIFIED, header_references, problem_responses
from service.api.envelopes import LogEvent
from service.api.live import Live
from service.api.parameters import CountryParameter
from service.api.problems import Problem
from service.api.replay import EVENTS, Lines
from service.api.routing import LongReadRoute, ReadRoute
from service.api.streams import Stream
from service.bootstrap import Casus
from service.publishing.cloudevents import SCHEMA, SOURCE, Envelopes
from service.publishing.concerns import Concerned, Interest, concerned, noted
from service.publishing.records_schema import records_schema
from service.reading.clocks import Moment
from service.reading.moments import BeyondTheLog

router = APIRouter(tags=["log"], route_class=LongReadRoute, default_response_class=Lines)
streams = APIRouter(tags=["log"], route_class=ReadRoute)

READ_AT_ONCE = 1_000
"""Records that are read, and written, together."""

LARGEST_PAGE = 4_000_000
"""Bytes beyond which a page ends, whatever its limit."""


class LogFilters(BaseModel):
    """Which records, of those up to a position."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: Annotated[
        CountryParameter | None,
        Field(
            description="Of incidents, only those that concern this country: that name it, or belong to"
            " an incident that did so before."
        ),
    ] = None
    actor: Annotated[
        str | None,
        Field(
            max_length=100,
            pattern=SLUG_PATTERN,
            description="Of incidents, only those that concern this actor, or one that it was ever"
            " merged with.",
        ),
    ] = None
    type: Annotated[
        list[IncidentType],
        Field(
            max_length=len(IncidentType),
            description="Of incidents, only those that are, or were, of any of these types.",
        ),
    ] = []

    @cached_property
    def interest(self) -> Interest:
        """Whom and what records are to concern."""
        return Interest(self.country, self.actor, frozenset(map(str, self.type)))


_Position = Annotated[int, Field(ge=0, le=2**53)]


class LogQuery(LogFilters):
    """Which part of the log."""

    after: Annotated[
        _Position, Field(description="Only records beyond this position; 0: from the beginning.")
    ] = 0
    position: Annotated[
        _Position | None,
        Field(description="Only records up to this position; left out: all that reads show."),
    ] = None
    limit: Annotated[
        int | None,
        Field(
            ge=1,
            le=10_000,
            description="The most records, but for belated ones; left out: all of them. `Link:"
            ' rel="next"` leads to the rest.',
        ),
    ] = None


class LogStreamQuery(LogFilters):
    """From where the log is followed."""

    after: Annotated[
        _Position | None,
        Field(
            description="From this position on; left out: from now on. What an EventSource that connects"
            " again sends as `Last-Event-ID` goes before it."
        ),
    ] = None
    position: Annotated[
        _Position | None,
        Field(description="Up to this position, and no further; left out: for ever."),
    ] = None


_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The position to go on from: what an EventSource sends when it connects again.",
    "schema": {"type": "string", "pattern": "^[0-9]{1,16}$"},
}
_EVENT = {
    "type": "object",
    "description": "An event; its data is what is a line of `/v1/log`. One without data says that it"
    " waits, and from where to go on.",
    "properties": {
        "id": {"type": "string", "description": "The position; a belated record has none."},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_SENT = header_references("Casus-Position", "Cache-Control", "Link")


@router.get(
    SOURCE,
    summary="The records of the log, in order",
    responses={
        200: {"model": LogEvent, "description": "One record a line, a CloudEvent (1.0, JSON)."},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter"),
    },
)
def get_log(request: Request, query: Annotated[LogQuery, Query()]) -> Response:
    """Every record as it is stored, with all revisions, retractions, merges, actors and datasets.

    It reaches to `Casus-Position`, which is where to ask again. With `country`, `actor` or `type` the
    records of incidents that have never named it are left out; who holds the others can fold the same
    timelines. Where an incident comes to name it, its earlier records come first, belated: their positions
    are lower than those before. To go on after a cut, ask after the greatest position that was sent.
    """
    casus = casus_of(request)
    moment = _moment(casus, query.position)
    if query.after > moment.position:
        raise bad_parameter("after", str(BeyondTheLog(query.after, moment.position)))
    _check_actor(casus, query, moment.position)
    answer = Answer(request, moment, fixed=query.position is not None)
    if unchanged := answer.not_modified():
        return unchanged
    envelopes = Envelopes(origin(request))
    if query.limit is None:
        pages = _pages(casus, query.interest, query.after, moment.position)
        chunks = (b"".join(map(envelopes.line, page)) for page in pages)
        return answer.streamed(filter(None, chunks), media_type=Lines.media_type)
    return _page(request, answer, query, query.limit, moment)


def _moment(casus: Casus, position: int | None) -> Moment:
    try:
        return casus.reader.moment(position)
    except BeyondTheLog as beyond:
        raise bad_parameter("position", str(beyond)) from None


def _check_actor(casus: Casus, query: LogFilters, position: int) -> None:
    if query.actor:
        known_actor(casus, query.actor, position)


def _pages(casus: Casus, interest: Interest, after: int, end: int) -> Iterator[Iterator[Concerned]]:
    """The records of interest beyond a position, as they are read, page by page."""
    ever_one = casus.reader.actors.ever_one
    while entries := casus.followed.entries(after, READ_AT_ONCE, end):
        if interest:
            yield concerned(casus.followed, ever_one, interest, noted(casus.followed, entries))
        else:
            yield map(Concerned, entries)
        after = entries[-1].id


def _page(
    request: Request, answer: Answer, query: LogQuery, limit: int, moment: Moment
) -> Response:
    envelopes = Envelopes(origin(request))
    pages = _pages(casus_of(request), query.interest, query.after, moment.position)
    lines: list[bytes] = []
    count = size = 0
    last: int | None = None
    for each in chain.from_iterable(pages):
        if last is not None and (count == limit or size > LARGEST_PAGE):
            rest = query_without(request.scope["query_string"], "after")
            address = url_of(request, and_more(rest, after=last))
            answer.links.append(f'<{address}>; rel="next"')
            break
        lines.append(envelopes.line(each))
        size += len(lines[-1])
        last = None
        if not each.is_belated:
            count += 1
            last = each.entry.id
    return answer.of(b"".join(lines), media_type=Lines.media_type)


@streams.get(
    f"{SOURCE}/stream",
    summary="Follow the log as it grows",
    responses={
        200: {
            "description": "An event for each record, as soon as the timelines show it.",
            "content": {EVENTS: {"schema": _EVENT}},
            "headers": _SENT,
        },
        204: {
            "description": "The end that was asked for is reached: there is nothing to wait for."
        },
        **problem_responses("bad-parameter"),
    },
    openapi_extra={"parameters": [_LAST_EVENT_ID]},
    response_class=Response,
)
def stream_log(request: Request, query: Annotated[LogStreamQuery, Query()]) -> Response:
    """Server-sent events, of the records beyond a position and then of every one that is recorded.

    An event's id is the record's position. Where nothing is recorded it says every 15 seconds that it
    waits. It ends with the service, or with the client: whoever connects again with the last id misses
    nothing. The filters are those of the log.
    """
    casus = casus_of(request)
    moment = _moment(casus, query.position)
    live: Live = request.app.state.live
    live.tell(casus.reader.head)
    _check_actor(casus, query, moment.position)
    after = _start(request, query, casus.reader.head)
    headers = {
        "Casus-Position": str(moment.position),
        "Cache-Control": "no-store",
        "Link": f'<{permanent_url(request, moment)}>; rel="canonical"',
        "X-Accel-Buffering": "no",  # nginx would gather it
    }
    if query.position is not None and after >= query.position:
        return Response(status_code=204, headers=headers)
    events = live.events(after, query.position, query.interest, origin(request))
    return Stream(events, EVENTS, headers)


def _start(request: Request, query: LogStreamQuery, head: int) -> int:
    """The position that the stream begins after. Raises `Problem`."""
    last = request.headers.get("last-event-id")
    if last is not None:
        if not re.fullmatch("[0-9]{1,16}", last):
            raise Problem("bad-header", "Last-Event-ID is the id of an event: a position")
        if int(last) > head:
            raise Problem("bad-header", f"Last-Event-ID: {BeyondTheLog(int(last), head)}")
        return int(last)
    if query.after is None:
        return head
    if query.after > head:
        raise bad_parameter("after", str(BeyondTheLog(query.after, head)))
    return query.after


@needs(Door.OPEN)
def get_records_schema() -> Response:
    """What the envelopes' `dataschema` refers to."""
    return Response(orjson.dumps(records_schema()), media_type="application/schema+json")


router.add_api_route(
    SCHEMA, get_records_schema, include_in_schema=False, route_class_override=APIRoute
)
