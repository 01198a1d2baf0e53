"""``/v1/incidents/{id}/history``: every revision of an incident: who made it, why, what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from service.api.answers import Answer, origin
from service.api.context import casus_of, start_of
from service.api.documents import (
    NOT_MODIFIED,
    AsOf,
    NextPage,
    PositionRead,
    ReportedBy,
    problem_responses,
)
from service.api.incidents import IncidentId, no_such_incident, stream_of
from service.api.parameters import Paging
from service.api.routing import LongReadRoute
from service.api.timelines import next_page
from service.reading.clocks import Moment
from service.reading.history import HistoryItem

router = APIRouter(prefix="/v1/incidents", tags=["incidents"], route_class=LongReadRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAnswer:
    """A page of an incident's history, in order of the log."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    id: UUID
    merged_into: Annotated[
        UUID | None,
        Field(description="The incident that stands for it, whose history goes on from its merge."),
    ]
    items: tuple[HistoryItem, ...]
    next: NextPage


@router.get(
    "/{incident_id}/history",
    summary="An incident's history",
    responses={
        200: {"model": HistoryAnswer, "description": "A page of the history."},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "bad-cursor", "unknown-incident"),
    },
)
def incident_history(
    request: Request, query: Annotated[Paging, Query()], incident_id: IncidentId
) -> Response:
    """Every record that touched an incident, up to a moment: when, by whom, why, and what it changed.

    The id of one that is merged answers with its own history up to that merge.
    """
    casus = casus_of(request)
    scope = f"{request.scope['path']}{query.clocks!r}"
    start = start_of(casus, query, scope, int)
    moment = start.moment
    (after,) = start.after or (0,)
    stream = stream_of(incident_id, moment)
    page = casus.histories.page(stream, moment, after, query.limit)
    if page is None:
        raise no_such_incident(incident_id, moment)
    answer = Answer(request, moment, fixed=query.fixed)
    next_url = None
    if page.next is not None:
        next_url = next_page(request, answer, moment, scope, (page.next,))
    if page.merged_into is not None:
        address = f"{origin(request)}/v1/incidents/{page.merged_into}/history?{_clocks(moment)}"
        answer.links.append(f'<{address}>; rel="related"')
    body = orjson.dumps(
        {
            **moment.fields,
            "id": stream,
            "merged_into": page.merged_into,
            "items": page.items,
            "next": next_url,
        }
    )
    return answer.not_modified() or answer.of(body)


def _clocks(moment: Moment) -> str:
    """The query that fixes a moment."""
    reported = moment.reported_by_text
    return urlencode(
        {"position": moment.position, **({"reported_by": reported} if reported else {})}
    )
