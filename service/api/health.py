"""``/livez`` and ``/readyz``: is the process alive, and does it serve what the log holds?"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.api.context import casus_of
from service.api.documents import problem_responses
from service.reading.selection import Selection

log = logging.getLogger("casus")

router = APIRouter(tags=["health"])

_HEADERS = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """The process answers."""

    alive: Literal[True]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How far the timelines are behind the log, in records, and why if they have stopped."""

    ready: bool
    log_position: int
    position: int
    lag: int
    failure: str | None


@router.get(
    "/livez",
    summary="Is the process alive?",
    responses={200: {"model": Liveness, "description": "It is."}, **problem_responses()},
)
def livez() -> Response:
    """Answers as long as the process does."""
    return Response(b'{"alive":true}', media_type="application/json", headers=_HEADERS)


@router.get(
    "/readyz",
    summary="Does it serve what the log holds?",
    responses={
        200: {"model": Readiness, "description": "It does."},
        503: {"model": Readiness, "description": "The timelines have stopped behind the log."},
        **problem_responses(),
    },
)
def readyz(request: Request) -> Response:
    """How far the timelines are behind the log; 503 if they have stopped there."""
    casus = casus_of(request)
    log_position, position = casus.log.head, casus.reader.head
    failure: Exception | None = casus.projector.failure
    try:
        moment = casus.reader.moment()
        casus.reader.page(Selection(), moment, None, 1)
    except Exception as error:
        log.exception("the timelines can't be read")
        failure = failure or error
    if log_position > position:
        failure = failure or casus.projector.trouble
    readiness = Readiness(
        ready=failure is None,
        log_position=log_position,
        position=position,
        lag=max(0, log_position - position),
        failure=str(failure) if failure else None,
    )
    return Response(
        orjson.dumps(readiness),
        status_code=200 if readiness.ready else 503,
        media_type="application/json",
        headers=_HEADERS,
    )
