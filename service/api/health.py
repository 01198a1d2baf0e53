"""``/livez``, ``/readyz``, ``/metrics``: is it alive, does it serve what the log holds, and how much?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from service.access.roles import Door, needs
from service.api.answers import CASUS_VERSION
from service.api.documents import problem_responses
from service.api.problems import Problem
from service.operating.readiness import Standings
from service.options import is_among, networks_of

router = APIRouter(tags=["health"])

_HEADERS = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """The process answers."""

    alive: Literal[True]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How far the timelines are behind the log, in records and in seconds, and what is wrong.

    What is null is not known, as the log did not answer in time; of `failure`: nothing is wrong.
    """

    ready: bool
    log_position: int | None
    position: int
    lag: int | None
    lag_seconds: float | None
    failure: str | None


@router.get(
    "/livez",
    summary="Is the process alive?",
    responses={200: {"model": Liveness, "description": "It is."}, **problem_responses()},
)
@needs(Door.OPEN)
async def livez() -> Response:
    """Answers as long as the process does, whatever its threads wait for."""
    return Response(b'{"alive":true}', media_type="application/json", headers=_HEADERS)


@router.get(
    "/readyz",
    summary="Does it serve what the log holds?",
    responses={
        200: {"model": Readiness, "description": "It does."},
        503: {
            "model": Readiness,
            "description": "The log does not answer, the timelines have stopped or are too far behind it,"
            " or the service was told to stop: `failure` says which.",
        },
        **problem_responses(),
    },
)
@needs(Door.OPEN)
async def readyz(request: Request) -> Response:
    """Whether requests are well sent here: 503, and why, if they are not."""
    standings: Standings = request.app.state.standings
    standing = await standings.now()
    readiness = Readiness(
        ready=standing.failure is None,
        log_position=standing.log_position,
        position=standing.position,
        lag=standing.lag,
        lag_seconds=standing.lag_seconds,
        failure=standing.failure,
    )
    return Response(
        orjson.dumps(readiness),
        status_code=200 if readiness.ready else 503,
        media_type="application/json",
        headers=_HEADERS,
    )


@router.get("/metrics", include_in_schema=False)
@needs(Door.OPEN)
async def metrics(request: Request) -> Response:
    """Requests and how long they took, positions, lag, queues; for the addresses that may read it."""
    state = request.app.state
    networks = networks_of(state.casus.settings.metrics_from)
    if not is_among(request.client and request.client.host, networks):
        raise Problem("not-found", "nothing is at '/metrics' for this address")
    # What it is written with is loaded by whoever is asked.
    from service.operating.metrics import MEDIA_TYPE, exposition  # noqa: PLC0415 - see above

    standing = await state.standings.now()
    state.operating.settle()
    body = await run_in_threadpool(exposition, state, standing, CASUS_VERSION)
    return Response(body, headers={**_HEADERS, "Content-Type": MEDIA_TYPE})
