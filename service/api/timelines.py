"""Timelines: the pages of a country's, an actor's or all incidents, at any moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from projections.entries import Entry
from service.api.answers import Answer, and_more, query_without, url_of
from service.api.context import Start, bad_parameter, casus_of, known_actor, start_of
from service.api.cursors import Continuation, write_cursor
from service.api.documents import AsOf, NextPage, PositionRead, ReportedBy
from service.api.mementos import memento_headers, memento_links, memento_wanted
from service.api.parameters import Filters, TimelineQuery
from service.bootstrap import Casus
from service.publishing.publication import Subject
from service.reading.clocks import Moment
from service.reading.selection import PageEnd, Selection, SubjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of a timeline, the moment that it was read at, and the address of the next page."""

    subject: Subject
    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    items: tuple[Entry, ...]
    next: NextPage


def timeline_start(request: Request, query: TimelineQuery) -> Start:
    """Where the page of a timeline that a query asks for begins. Raises `Problem`."""
    return start_of(casus_of(request), query, _scope(request, query), int, int)


def _scope(request: Request, query: TimelineQuery) -> str:
    return f"{request.scope['path']}{query.selection!r}{query.clocks!r}"


def timeline_answer(
    request: Request, query: TimelineQuery, subject: Subject, start: Start
) -> Response:
    """The page of a subject's timeline that a query asks for. Raises `Problem`."""
    if past := memento_wanted(request, query):
        return past
    casus = casus_of(request)
    moment = start.moment
    selection = selection_of(casus, query, subject, moment)
    after = PageEnd(*start.after) if start.after else None
    answer = Answer(request, moment, fixed=query.fixed)
    answer.headers |= memento_headers(query, moment, negotiated=True)
    if unchanged := answer.not_modified():
        return unchanged
    page = casus.reader.page(selection, moment, after, query.limit)
    following = None
    if page.next:
        after_this = (page.next.earliest, page.next.number)
        following = next_page(request, answer, moment, _scope(request, query), after_this)
    answer.links += memento_links(request, query)
    return answer.of(_page_bytes(subject, moment, page.items, following))


def selection_of(casus: Casus, query: Filters, subject: Subject, moment: Moment) -> Selection:
    """What a query selects of a subject's timeline. Raises `Problem`."""
    selection = _selected(query.selection, subject)
    if query.actor:
        known_actor(casus, query.actor, moment.position)
    return selection


def _selected(selection: Selection, subject: Subject) -> Selection:
    first, last = selection.first_day, selection.last_day
    if first is not None and last is not None and last < first:
        raise bad_parameter("to", "the window ends before it starts")
    if subject.id is not None and subject.kind != "all":
        selection = replace(selection, subject=SubjectKey(subject.kind, subject.id))
    elif selection.actor:
        selection = replace(selection, subject=SubjectKey("actor", selection.actor), actor=None)
    elif selection.country:
        selection = replace(
            selection, subject=SubjectKey("country", selection.country), country=None
        )
    _check_roles(selection)
    if selection.members and (selection.subject is None or selection.subject.kind != "actor"):
        raise bad_parameter("include", "only an actor has members: ask for an actor's timeline")
    return selection


SOME = {"country": "a country", "actor": "an actor"}


def _check_roles(selection: Selection) -> None:
    if not selection.roles:
        return
    if selection.subject is None:
        raise bad_parameter(
            "role", "a role is somebody's: give the country or the actor that plays it"
        )
    kind = selection.subject.kind
    known = list(selection.subject.table.roles)
    for role in selection.roles:
        if role not in known:
            raise bad_parameter(
                "role",
                f"{role!r} is none of the roles of {SOME[kind]}: there are {', '.join(known)}",
            )


_BEGINNINGS = "cursor", "offset"
"""The parameters that say where a page begins."""


def next_page(
    request: Request,
    answer: Answer,
    moment: Moment,
    scope: str,
    after: tuple[Any, ...],
    **more: object,
) -> str:
    """The request's own URL with a cursor that goes on after an entry, and more; the answer links to it."""
    cursor = write_cursor(Continuation(moment.position, moment.reported_by, after), scope)
    rest = query_without(request.scope["query_string"], *_BEGINNINGS)
    address = url_of(request, and_more(rest, cursor=cursor, **more))
    answer.links.append(f'<{address}>; rel="next"')
    return address


def _page_bytes(
    subject: Subject, moment: Moment, items: list[bytes], following: str | None
) -> bytes:
    head = orjson.dumps({"subject": subject, **moment.fields})
    return b'%b,"items":[%b],"next":%b}' % (head[:-1], b",".join(items), orjson.dumps(following))
