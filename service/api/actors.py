"""``/v1/actors``: registering actors, finding them, and the timeline of each."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Body, Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.actors import ActorExists, ActorRevision
from domain.values import ActorProfile
from service.access.roles import Role, needs
from service.api.answers import Answer, url_of
from service.api.context import casus_of, moment_of, no_such_actor, start_of
from service.api.documents import (
    LED_ON,
    MEMENTO,
    NOT_MODIFIED,
    RECORDED_NOT_SHOWN,
    ActorAnswer,
    ActorsAnswer,
    problem_responses,
)
from service.api.dossiers import Document
from service.api.parameters import ActorsQuery, Clocks, TimelineQuery
from service.api.problems import Problem
from service.api.revising import add_revision
from service.api.routing import ReadRoute, WriteRoute
from service.api.timelines import Timeline, next_page, timeline_answer, timeline_start
from service.api.writing import IdempotencyKey, caller_of, recorded, seen_of
from service.bootstrap import Casus
from service.publishing.publication import Subject
from service.reading.actors import ActorRow
from service.reading.clocks import Moment
from service.recording import NotRecorded, Written
from service.revisions import OF_ACTORS

router = APIRouter(prefix="/v1/actors", tags=["actors"], route_class=ReadRoute)
writes = APIRouter(prefix="/v1/actors", tags=["actors"], route_class=WriteRoute)

Actor = Annotated[
    str,
    Path(
        description="The actor's id; a name or an external id (ucdp:303) leads there, a slash in it"
        " written as %2F.",
        openapi_examples={"Taliban": {"value": "taliban"}},
    ),
]


@router.get(
    "",
    summary="Actors by id",
    responses={
        200: {"model": ActorsAnswer, "description": "A page of actors."},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "bad-cursor"),
    },
)
def list_actors(request: Request, query: Annotated[ActorsQuery, Query()]) -> Response:
    """The actors registered, by id, as they were at a position."""
    casus = casus_of(request)
    scope = f"actors{query.q!r}{query.kind}{query.state}{query.clocks!r}"
    start = start_of(casus, query, scope, str)
    moment = start.moment
    (after,) = start.after or ("",)
    answer = Answer(request, moment, fixed=query.fixed)
    if unchanged := answer.not_modified():
        return unchanged
    profiles, following = casus.reader.actors.page(
        moment.position,
        after=after,
        limit=query.limit,
        kind=query.kind,
        state=query.state,
        text=query.q,
    )
    next_url = None
    if following is not None:
        next_url = next_page(request, answer, moment, scope, (following,))
    body = b'{%b,"items":[%b],"next":%b}' % (
        orjson.dumps(moment.fields)[1:-1],
        b",".join(profiles),
        orjson.dumps(next_url),
    )
    return answer.of(body)


@router.get(
    "/{actor}",
    summary="An actor",
    responses={
        200: {"model": ActorAnswer, "description": "The actor."},
        **LED_ON,
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "unknown-actor"),
    },
)
def get_actor(request: Request, query: Annotated[Clocks, Query()], actor: Actor) -> Response:
    """An actor's names, external ids and affiliations, as they were at a position."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    found = casus.reader.actors.get(actor, moment.position)
    if found is None or found.merged_into:
        return lead_on(request, casus, actor, moment, "", fixed=query.fixed)
    document = _document(moment, found)
    answer = Answer(request, moment, fixed=query.fixed, changed=document.changed)
    return answer.not_modified() or answer.of(document.body)


@router.get(
    "/{actor}/timeline",
    summary="An actor's timeline",
    responses={
        200: {"model": Timeline, "description": "A page of the timeline."},
        **MEMENTO,
        **LED_ON,
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "bad-cursor", "unknown-actor"),
    },
)
def actor_timeline(
    request: Request, query: Annotated[TimelineQuery, Query()], actor: Actor
) -> Response:
    """The incidents that an actor takes part in, each once."""
    casus = casus_of(request)
    start = timeline_start(request, query)
    found = casus.reader.actors.get(actor, start.moment.position)
    if found is None or found.merged_into:
        return lead_on(request, casus, actor, start.moment, "/timeline", fixed=query.fixed)
    return timeline_answer(request, query, Subject(kind="actor", id=actor, name=found.name), start)


_EXAMPLE = {
    "id": "uzbek-border-troops",
    "kind": "state",
    "names": [
        {"text": "Border Troops of Uzbekistan", "language": "en"},
        {"text": "Пограничные войска Узбекистана", "language": "ru"},
    ],
    "state": "UZB",
}


@writes.post(
    "",
    status_code=201,
    summary="Register an actor",
    responses={
        201: {
            "model": ActorAnswer,
            "description": "Registered: the actor, at the position of its record.",
            "links": {
                "actor": {
                    "operationId": "get_actor",
                    "parameters": {"actor": "$response.body#/actor/id"},
                },
            },
        },
        **RECORDED_NOT_SHOWN,
        **problem_responses(
            "invalid-body",
            "bad-parameter",
            "bad-header",
            "body-too-large",
            "body-too-slow",
            "unsupported-media-type",
            "actor-exists",
            "conflict",
            "idempotency-key-reused",
            "projection-stopped",
            "busy",
        ),
    },
)
@needs(Role.CONTRIBUTOR)
def register_actor(
    request: Request,
    body: Annotated[ActorProfile, Body(openapi_examples={"an army": {"value": _EXAMPLE}})],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Register an actor under an id of your choosing; the first of its names is the one shown."""
    casus = casus_of(request)
    try:
        written = casus.desk.register_actor(body, caller_of(request, idempotency_key, body))
    except ActorExists as known:
        raise Problem("actor-exists", str(known)) from None
    return _recorded(request, written, f"{url_of(request)}/{body.id}", body.id)


def revise_actor(
    request: Request, actor: str, revision: ActorRevision, key: str | None, if_match: str
) -> Response:
    """Record a revision of an actor, and answer with the actor as it is then."""
    casus = casus_of(request)
    caller = caller_of(request, key, revision, seen_of(if_match))
    try:
        written = casus.desk.revise_actor(actor, revision, caller)
    except NotRecorded:
        raise no_such_actor(casus, actor, casus.reader.head) from None
    location, _, _ = url_of(request).rpartition("/")
    return _recorded(request, written, location, actor)


for name, kind in OF_ACTORS.items():
    add_revision(
        writes,
        f"/{{actor}}/{name}",
        kind,
        revise_actor,
        path_parameter=("actor", Actor),
        answer=ActorAnswer,
        unknown="unknown-actor",
        rule=Role.CURATOR,
    )


def _recorded(request: Request, written: Written, location: str, actor: str) -> Response:
    casus = casus_of(request)

    def document(moment: Moment) -> Document | None:
        shown = casus.reader.actors.get(actor, moment.position)
        return _document(moment, shown) if shown else None

    return recorded(request, written, location, document)


def _document(moment: Moment, actor: ActorRow) -> Document:
    body = b'{%b,"actor":%b,"merged_into":%b,"merged":%b,"timeline":%b}' % (
        orjson.dumps(moment.fields)[1:-1],
        actor.profile,
        orjson.dumps(actor.merged_into),
        orjson.dumps(actor.merged),
        orjson.dumps(f"/v1/actors/{actor.slug}/timeline"),
    )
    return Document(body, actor.changed)


def lead_on(
    request: Request, casus: Casus, alias: str, moment: Moment, rest: str, *, fixed: bool
) -> Response:
    """The answer that leads from a name, or a merged actor, to where it is found. Raises `Problem`."""
    actor = casus.reader.actors.named(alias, moment.position)
    if actor is None:
        raise no_such_actor(casus, alias, moment.position)
    query = request.scope["query_string"].decode("ascii")
    return RedirectResponse(
        f"/v1/actors/{actor}{rest}" + (f"?{query}" if query else ""),
        headers=Answer(request, moment, fixed=fixed).headers,
    )
