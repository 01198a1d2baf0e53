"""``/v1/incidents``: reporting incidents, searching them, and each with all its accounts."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from domain.revisions import Revision
from domain.values import Account
from service.access.roles import Role, needs
from service.api.answers import Answer, url_of
from service.api.context import casus_of, moment_of
from service.api.documents import MEMENTO, NOT_MODIFIED, RECORDED_NOT_SHOWN, problem_responses
from service.api.dossiers import IncidentAnswer, incident_document
from service.api.mementos import http_date, memento_headers, memento_links, memento_wanted
from service.api.parameters import Clocks, TimelineQuery
from service.api.problems import Problem
from service.api.revising import add_revision
from service.api.routing import ReadRoute, WriteRoute
from service.api.timelines import Timeline, timeline_answer, timeline_start
from service.api.writing import IdempotencyKey, caller_of, recorded, seen_of
from service.publishing.publication import Subject
from service.reading.clocks import Moment
from service.recording import NotRecorded, Written
from service.revisions import OF_INCIDENTS

router = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=ReadRoute)
writes = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=WriteRoute)

IncidentId = Annotated[
    str, Path(description="The incident's id.", json_schema_extra={"format": "uuid"})
]

LINK_FORMAT = "application/link-format"


class LinkFormat(Response):
    """Links as RFC 6690 writes them."""

    media_type = LINK_FORMAT


ALL = Subject(kind="all", id=None, name="All incidents")

_EXAMPLE: dict[str, Any] = {
    "title": "People try to cross into Uzbekistan and are returned",
    "type": "border_crossing",
    "occurred": "2021-06-23",
    "place": {"name": "Uzbek-Afghan border", "country": "AFG", "precision": "area"},
    "countries": [{"code": "UZB", "role": "affected"}],
    "figures": [
        {"measure": "attempted_crossing", "best": 53},
        {"measure": "returned", "best": 53},
    ],
    "source": {
        "name": "Administration of the President of Uzbekistan",
        "via": "RIA Novosti",
        "published": "2021-07~",
    },
}


@router.get(
    "",
    summary="Search all incidents",
    responses={
        200: {"model": Timeline, "description": "A page of incidents."},
        **MEMENTO,
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "bad-cursor"),
    },
)
def search_incidents(request: Request, query: Annotated[TimelineQuery, Query()]) -> Response:
    """All incidents, narrowed by any of the parameters."""
    return timeline_answer(request, query, ALL, timeline_start(request, query))


@router.get(
    "/{incident_id}",
    summary="An incident and its accounts",
    responses={
        200: {"model": IncidentAnswer, "description": "The incident."},
        **MEMENTO,
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "unknown-incident"),
    },
)
def get_incident(
    request: Request,
    query: Annotated[Clocks, Query()],
    incident_id: IncidentId,
) -> Response:
    """An incident as shown, and every account that it is made of, at a moment.

    The id of one that is merged into another answers with that one.
    """
    casus = casus_of(request)
    moment = moment_of(casus, query)
    stream = stream_of(incident_id, moment)
    revisions = casus.dossiers.revisions(stream, moment)
    if revisions and (past := memento_wanted(request, query, revisions[0].recorded_at)):
        return past
    document = incident_document(casus, stream, moment)
    if document is None:
        raise no_such_incident(incident_id, moment)
    answer = Answer(request, moment, fixed=query.fixed, changed=document.changed)
    answer.headers |= memento_headers(query, moment)
    answer.links += memento_links(request, query)
    address = url_of(request)
    answer.links += [
        f'<{address}/history>; rel="version-history"',
        f'<{address}/timemap>; rel="timemap"; type="{LINK_FORMAT}"',
    ]
    earlier = [each for each in revisions if each.position < document.changed]
    if earlier:
        answer.links.append(
            f'<{url_of(request, f"position={earlier[-1].position}")}>; rel="predecessor-version"'
        )
    return answer.not_modified() or answer.of(document.body)


@router.get(
    "/{incident_id}/timemap",
    summary="An incident's mementos",
    response_class=LinkFormat,
    responses={
        200: {
            "content": {LINK_FORMAT: {"schema": {"type": "string"}}},
            "description": "A TimeMap (RFC 7089) in link format (RFC 6690): a permanent address for"
            " each revision, with the time that it was recorded.",
        },
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "unknown-incident"),
    },
)
def incident_timemap(
    request: Request, query: Annotated[Clocks, Query()], incident_id: IncidentId
) -> Response:
    """The states that an incident has had, each at its own permanent address."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    revisions = casus.dossiers.revisions(stream_of(incident_id, moment), moment)
    if not revisions:
        raise no_such_incident(incident_id, moment)
    answer = Answer(request, moment, fixed=query.fixed)
    original = url_of(request).removesuffix("/timemap")
    reported = f"reported_by={quote(query.reported_by)}" if query.reported_by else ""
    links = [
        f'<{original}{reported and "?"}{reported}>; rel="original timegate"',
        f'<{url_of(request, request.scope["query_string"].decode("ascii"))}>; rel="self";'
        f' type="{LINK_FORMAT}"',
        *(
            f'<{original}?position={each.position}{reported and "&"}{reported}>; rel="memento";'
            f' datetime="{http_date(each.recorded_at)}"'
            for each in revisions
        ),
    ]
    body = ",\n".join(links).encode() + b"\n"
    return answer.not_modified() or answer.of(body, media_type=LINK_FORMAT)


@writes.post(
    "",
    status_code=201,
    summary="Report an incident",
    responses={
        201: {
            "model": IncidentAnswer,
            "description": "Reported: the incident, at the position of its record.",
            "links": {
                "incident": {
                    "operationId": "get_incident",
                    "parameters": {"incident_id": "$response.body#/incident/id"},
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
            "idempotency-key-reused",
            "projection-stopped",
            "busy",
        ),
    },
)
@needs(Role.CONTRIBUTOR)
def report_incident(
    request: Request,
    body: Annotated[Account, Body(openapi_examples={"an attempted crossing": {"value": _EXAMPLE}})],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Report an incident by its first account: what one source says of it, complete in itself."""
    casus = casus_of(request)
    written = casus.desk.report_incident(body, caller_of(request, idempotency_key, body))
    return incident_recorded(request, written, f"{url_of(request)}/{written.stream}")


def no_such_incident(incident_id: str, moment: Moment) -> Problem:
    """The problem of an incident that is not there."""
    return Problem(
        "unknown-incident",
        f"there is no incident {incident_id[:100]!r} at {moment}",
    )


def incident_recorded(request: Request, written: Written, location: str) -> Response:
    """The answer to a write about an incident: the incident, as at the write's own position."""
    casus = casus_of(request)

    return recorded(
        request, written, location, lambda at: incident_document(casus, written.stream, at)
    )


def stream_of(incident_id: str, moment: Moment) -> UUID:
    """The incident's stream. Raises `Problem` for what can be no incident's id."""
    with suppress(ValueError):
        stream = UUID(incident_id)
        if str(stream) == incident_id.lower():
            return stream
    raise no_such_incident(incident_id, moment)


def revise_incident(
    request: Request, incident_id: str, revision: Revision, key: str | None, if_match: str
) -> Response:
    """Record a revision of an incident, and answer with the incident as it is then."""
    casus = casus_of(request)
    caller = caller_of(request, key, revision, seen_of(if_match))
    moment = casus.reader.moment()
    stream = stream_of(incident_id, moment)
    try:
        written = casus.desk.revise_incident(stream, revision, caller)
    except NotRecorded:
        raise no_such_incident(incident_id, moment) from None
    location, _, _ = url_of(request).rpartition("/")
    return incident_recorded(request, written, location)


for name, kind in OF_INCIDENTS.items():
    add_revision(
        writes,
        f"/{{incident_id}}/{name}",
        kind,
        revise_incident,
        path_parameter=("incident_id", IncidentId),
        answer=IncidentAnswer,
        unknown="unknown-incident",
        rule=Role.CONTRIBUTOR if name == "accounts" else Role.CURATOR,
    )
