"""The application: routers, one table of problems for whatever goes wrong, and the contract's frame."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from eventsourcing.persistence import OperationalError
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.checks import Faulty
from domain.conflicts import Conflict
from service.access.callers import callers_of
from service.access.guard import guarded
from service.access.keys import SCHEMA as KEYS
from service.access.proxies import Proxied
from service.api import (
    actors,
    citations,
    countries,
    datasets,
    diff,
    embeds,
    health,
    history,
    imports,
    incidents,
    publications,
    replay,
    series,
    subscriptions,
)
from service.api import log as log_routes
from service.api.answers import CASUS_VERSION
from service.api.context import bad_parameter
from service.api.finished import FinishedAnswers
from service.api.follower import following
from service.api.kept_files import KeptFiles
from service.api.live import Live
from service.api.negotiation import Negotiation
from service.api.pages import add_pages
from service.api.paths import NamesWithSlashes
from service.api.problems import Problem
from service.api.routing import ReadRoute
from service.api.streams import HEADERS_ONLY, Places, Streams
from service.api.threads import WRITES, Looks, Threads
from service.bootstrap import Casus
from service.database import Unusable
from service.imports.jobs.queue import Queue
from service.imports.jobs.sharing import SCHEMA as IMPORTS
from service.imports.jobs.store import Imports
from service.log import Clash
from service.ogc import routes as ogc
from service.operating import logs
from service.operating.counts import STREAMS
from service.operating.readiness import Standings
from service.operating.state import ALONE, Operating, Slot
from service.operating.watching import Identified, Watching
from service.publishing.chart_frame import TooMuchToDraw
from service.publishing.chart_worker import NotDrawn
from service.publishing.charts import DRAWER
from service.recording import KeyReused, Stale
from service.views.projector import ProjectionStopped
from service.webhooks.dispatcher import Dispatcher
from service.webhooks.store import SCHEMA as SUBSCRIPTIONS
from service.webhooks.store import Subscriptions

log = logging.getLogger("casus")

EXPOSED = [
    "ETag",
    "Link",
    "Location",
    "Casus-Position",
    "Accept-Ranges",
    "Content-Range",
    "X-Request-Id",
    "Retry-After",
    "WWW-Authenticate",
]


def create_app(casus: Casus, slot: Slot = ALONE) -> FastAPI:
    """The application that serves an open store; it closes the store when it ends.

    The `slot` is that of its process among the workers of a machine.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        queue: Queue = app.state.queue
        # What an import records is folded by its own process, in half the time.
        async with (
            app.state.live.following(),
            following(
                casus.projector,
                lambda: queue.is_busy or (slot.workers > 1 and queue.is_taken()),
            ),
            imports.importing(queue),
            app.state.dispatcher.running(),
        ):
            yield
        DRAWER.close()
        app.state.imports.close()
        app.state.callers.close()
        casus.close()
        await run_in_threadpool(app.state.operating.close)

    app = FastAPI(
        title="Casus",
        version=CASUS_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    app.state.casus = casus
    app.state.callers = callers_of(casus.settings, casus.state(KEYS))
    app.state.finished = FinishedAnswers()
    app.state.streams = Streams()
    app.state.writing = Threads(WRITES)
    app.state.looks = Looks(casus.projector.catch_up)
    app.state.places = Places()
    app.state.kept = KeptFiles(casus.settings.home / "published")
    if slot.is_first:
        app.state.kept.begin()
    app.state.live = Live(casus)
    app.state.imports = Imports(
        casus.settings.home, casus.state(IMPORTS) if casus.is_shared else None
    )
    app.state.queue = Queue(app.state.imports, casus.projector)
    app.state.subscriptions = Subscriptions(casus.state(SUBSCRIPTIONS))
    app.state.dispatcher = Dispatcher(casus, app.state.subscriptions)
    # Not include_router: it wraps the routes in a second matching, a tenth of a page's time.
    for router in (
        countries.router,
        actors.router,
        citations.searches,
        embeds.searches,
        incidents.router,
        datasets.router,
        history.router,
        diff.router,
        series.router,
        publications.router,
        citations.router,
        embeds.router,
        replay.router,
        log_routes.router,
        log_routes.streams,
        imports.router,
        actors.writes,
        incidents.writes,
        imports.writes,
        subscriptions.router,
        subscriptions.writes,
        ogc.router,
        ogc.extents,
        health.router,
    ):
        app.router.routes.extend(router.routes)
    add_pages(app)
    app.router.routes[:] = guarded(app.router.routes, app.state.callers)
    operating = app.state.operating = Operating(casus.settings, app.router.routes, slot)
    for route in app.router.routes:
        # Routes are made once, whatever the number of applications; reads do it themselves.
        if isinstance(route, Route) and not isinstance(route, ReadRoute):
            route.app = Identified.once(route.app)
    app.state.standings = Standings(casus, operating)
    app.state.streams.told = lambda running: operating.counts.put(STREAMS, running)
    app.state.queue.told = operating.imported
    _add_problems(app)
    app.add_middleware(Negotiation)
    app.add_middleware(InternalFaults)
    app.add_middleware(
        OpenToPages,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
        max_age=86_400,
    )
    app.add_middleware(Gate)
    if tracing := operating.trace(casus, CASUS_VERSION):
        from service.operating.tracing import Traced  # noqa: PLC0415 - where it is configured

        app.add_middleware(Traced, tracing=tracing)
    app.add_middleware(Watching, operating=operating)
    app.add_middleware(HeadAsGet)
    app.add_middleware(NamesWithSlashes)
    if casus.settings.proxy_headers:
        app.add_middleware(Proxied, proxies=casus.settings.proxies)
    return app


def _add_problems(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_: Request, raised: Problem) -> Response:
        return raised.response()

    @app.exception_handler(Faulty)
    async def faulty(_: Request, raised: Faulty) -> Response:
        count = len(raised.faults)
        detail = "the body has one fault" if count == 1 else f"the body has {count} faults"
        return Problem("invalid-body", detail, faults=raised.faults).response()

    @app.exception_handler(Conflict)
    async def conflict(_: Request, raised: Conflict) -> Response:
        at = {"incident": raised.incident, "position": raised.position}
        known = {name: value for name, value in at.items() if value}
        extra = {"conflict": known} if known else {}
        return Problem("conflict", str(raised), extra=extra).response()

    @app.exception_handler(Stale)
    async def stale(_: Request, raised: Stale) -> Response:
        return Problem("precondition-failed", f"{raised}, beyond what If-Match names").response()

    @app.exception_handler(KeyReused)
    async def reused(_: Request, __: KeyReused) -> Response:
        return Problem(
            "idempotency-key-reused", "this Idempotency-Key came with another request before"
        ).response()

    @app.exception_handler(ProjectionStopped)
    async def stopped(_: Request, raised: ProjectionStopped) -> Response:
        log.error("%s", raised)
        return Problem(
            "projection-stopped", f"the timelines stand before position {raised.position}"
        ).response()

    @app.exception_handler(Clash)
    async def overtaken(_: Request, __: Clash) -> Response:
        return Problem(
            "busy",
            "others revised the same again and again meanwhile; nothing was recorded",
            headers={"Retry-After": "1"},
        ).response()

    @app.exception_handler(OperationalError)
    async def busy(_: Request, raised: OperationalError) -> Response:
        if isinstance(raised, Unusable):
            log.error("the store can't be used: %s", raised)
            detail = (
                "the store can't be used until somebody has mended it; the service's log says why"
            )
            return Problem("busy", detail).response()
        log.error("the store did not answer: %s", raised)
        detail = "the store did not answer"
        if "full" in str(raised):
            detail = "the disk of the store is full"
        return Problem("busy", detail, headers={"Retry-After": "1"}).response()

    @app.exception_handler(OSError)
    async def exhausted(_: Request, raised: OSError) -> Response:
        if raised.errno not in _EXHAUSTED:
            raise raised
        log.error("the machine has not enough: %s", raised)
        reason = (raised.strerror or "an error").lower()
        return Problem(
            "busy", f"the machine has not enough for this: {reason}", headers={"Retry-After": "5"}
        ).response()

    @app.exception_handler(TooMuchToDraw)
    async def too_much(_: Request, raised: TooMuchToDraw) -> Response:
        return bad_parameter("chart", str(raised)).response()

    @app.exception_handler(NotDrawn)
    async def not_drawn(_: Request, raised: NotDrawn) -> Response:
        log.error("a chart was not drawn: %s", raised)
        return Problem("chart-not-drawn", str(raised), headers={"Retry-After": "5"}).response()

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    @app.exception_handler(HTTPException)
    async def http(request: Request, raised: HTTPException) -> Response:
        headers = dict(raised.headers or {})
        if raised.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods(request)))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
            return Problem(
                "method-not-allowed",
                f"{request.method[:20]} is not one of {headers['Allow']}",
                headers=headers,
            ).response()
        if raised.status_code == 404:
            return Problem("not-found", f"nothing is at {request.url.path[:200]!r}").response()
        return Response(status_code=raised.status_code, headers=headers)


_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.ENOMEM}


def _methods(request: Request) -> set[str]:
    """The methods that the path answers to, by whichever of its routes."""
    found = {
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        for route in request.app.routes
        if not isinstance(route, Mount)
        and route.matches({**request.scope, "method": method})[0] is Match.FULL
    }
    found = found or {"GET"}  # files: a mount says nothing of methods
    return {"OPTIONS", *found} | ({"HEAD"} if "GET" in found else set())


class InternalFaults:
    """Answers what nobody expected with a problem that tells no internals, inside of CORS and HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        except Exception as raised:
            if scope["type"] != "http" or begun:
                raise
            logs.REQUEST.set(scope.get(logs.ID, b""))
            correlation_id = logs.REQUEST.get().decode() or str(uuid4())
            log.error("correlation id %s", correlation_id, exc_info=raised)
            problem = Problem(
                "internal",
                "an internal fault; it was logged under the correlation id",
                extra={"correlation_id": correlation_id},
            )
            await problem.response()(scope, receive, send)


class OpenToPages(CORSMiddleware):
    """Lets pages of any origin read, but for where records are sent: such addresses may hold a token."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and scope["path"].startswith(subscriptions.PREFIX):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Gate:
    """Refuses what no endpoint should have to think of: a Host that is none, a path without end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and (problem := self._problem(scope)):
            await problem.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    @staticmethod
    def _problem(scope: Scope) -> Problem | None:
        known = False
        for name, value in scope["headers"]:
            if name == b"host":
                if known or not _HOST.fullmatch(value):
                    return Problem(
                        "bad-header", "Host is given once, a name or an address and a port"
                    )
                known = True
        if len(scope["path"]) > LONGEST_PATH:
            return Problem("not-found", f"no path is longer than {LONGEST_PATH} characters")
        return None


_HOST = re.compile(rb"[A-Za-z0-9._-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")

LONGEST_PATH = 8_000
"""Characters of a path; the longest that exists is far shorter."""


class HeadAsGet:
    """Answers HEAD as GET without the body, with the headers, Content-Length too, that GET has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET", HEADERS_ONLY: True}, receive, send_head)
