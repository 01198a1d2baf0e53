"""``/v1/incidents``: reporting incidents, searching them, and each with all its accounts."""

from __future__ import annotations

from typing import Annotated, Any, cast
from uuid import UUID

import orjson
from fastapi import APIRouter, Body, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from domain.dates import iso_of_day
from domain.incidents import incident_at
from domain.records import IncidentRecord, Recorded
from domain.values import Account
from service.api.answers import Answer, url_of
from service.api.context import casus_of, moment_of
from service.api.documents import (
    NOT_MODIFIED,
    RECORDED_NOT_SHOWN,
    IncidentAnswer,
    ShownAccount,
    problem_responses,
)
from service.api.parameters import Clocks, TimelineQuery
from service.api.problems import Problem
from service.api.routing import ReadRoute, WriteRoute
from service.api.timelines import Subject, Timeline, timeline_answer, timeline_start
from service.api.writing import IdempotencyKey, author_of, keyed, recorded
from service.bootstrap import Casus
from service.reading.clocks import Moment

router = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=ReadRoute)
writes = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=WriteRoute)

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
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "unknown-incident"),
    },
)
def get_incident(
    request: Request,
    query: Annotated[Clocks, Query()],
    incident_id: Annotated[
        str, Path(description="The incident's id.", json_schema_extra={"format": "uuid"})
    ],
) -> Response:
    """An incident as shown, and every account that it is made of, at a moment."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    stream = _stream_of(incident_id)
    body = _incident_bytes(casus, stream, moment) if stream else None
    if body is None:
        raise Problem(
            "unknown-incident",
            f"there is no incident {incident_id[:100]!r} at position {moment.position}"
            + (f", reported by {moment.reported_by_text}" if moment.reported_by_text else ""),
        )
    answer = Answer(request, moment, fixed=query.fixed)
    return answer.not_modified() or answer.of(body)


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
            "unsupported-media-type",
            "idempotency-key-reused",
            "projection-stopped",
            "busy",
        ),
    },
)
def report_incident(
    request: Request,
    body: Annotated[Account, Body(openapi_examples={"an attempted crossing": {"value": _EXAMPLE}})],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Report an incident by its first account: what one source says of it, complete in itself."""
    casus = casus_of(request)
    written = casus.desk.report_incident(
        body, author_of(request), keyed(request, idempotency_key, body)
    )
    location = f"{url_of(request)}/{written.stream}"
    return recorded(
        request, written, location, lambda moment: _incident_bytes(casus, written.stream, moment)
    )


def _stream_of(incident_id: str) -> UUID | None:
    try:
        stream = UUID(incident_id)
    except ValueError:
        return None
    return stream if str(stream) == incident_id.lower() else None


def _incident_bytes(casus: Casus, stream: UUID, moment: Moment) -> bytes | None:
    """The answer's bytes: the entry from its row, the accounts from the incident's own stream."""
    entry = casus.reader.incident(str(stream), moment)
    if entry is None:
        return None
    history = cast("list[Recorded[IncidentRecord]]", casus.log.stream(stream))
    incident = incident_at(history, moment.position, moment.reported_by)
    accounts = [
        ShownAccount(
            number=held.number,
            account=held.account,
            implied=held.implied,
            origin=held.origin,
            reported=iso_of_day(held.reported),
            recorded_at=held.recorded_at,
            recorded_by=held.recorded_by,
        )
        for held in (incident.accounts if incident else ())
    ]
    head = orjson.dumps(
        {
            "position": moment.position,
            "as_of": moment.as_of,
            "reported_by": moment.reported_by_text,
        }
    )
    return b'%b,"incident":%b,"accounts":%b}' % (head[:-1], entry, orjson.dumps(accounts))
