"""Every request: an id that stands in its answer and in every line that is logged, how long it took.

The id is the one that the client or a proxy gave (``X-Request-Id``), else the trace that it is part of
(``traceparent``), else one of our own; what is not a sane id is not taken over.

This is on the way of every page, and a page that is sent again takes 70 µs in all. So ids are made many at
a time, requests are noted as they end and counted ten times a second (what a worker has noted in its last
moments is lost where it is killed), and the id is a context's only where something may be logged: in every
route, but for answers that are finished.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from bisect import bisect_left
from collections.abc import Awaitable
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.headers import secure
from service.api.streams import HEADERS_ONLY
from service.operating.counts import BOUNDS, SUM
from service.operating.logs import EXTRA, ID, REQUEST
from service.operating.state import Operating

log = logging.getLogger("casus.access")

HEADER = b"x-request-id"
_TRACE = b"traceparent"
_IDS = frozenset((HEADER, _TRACE))
_CLOSE = (b"connection", b"close")

_SANE = re.compile(rb"[A-Za-z0-9._:+/=@-]{1,128}")
_TRACE_ID = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

MADE_AT_ONCE = 256
"""Ids that are made together."""

COUNTED_WITHIN = 0.1
"""Seconds after which requests that are over are counted."""

SHORTEST = BOUNDS[0]

_ENDED_BADLY = 500
"""The status that stands for an answer that was never begun."""


class Watching:
    """Gives a request its id, and counts it when it is over."""

    def __init__(self, app: ASGIApp, operating: Operating) -> None:
        self.app = app
        self._operating = operating
        self._counts = operating.counts
        self._logs = operating.settings.access_log
        self._prefix = secrets.token_hex(10).encode()
        self._numbers = count(1)
        self._ids: list[bytes] = []
        self._noted: dict[tuple[str, int, int], list[float]] = {}
        operating.settle = self._count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        identifier = b""
        for name, value in scope["headers"]:
            if name in _IDS:
                if name == HEADER and _SANE.fullmatch(value):
                    identifier = value
                    break
                if name == _TRACE and (trace := _TRACE_ID.fullmatch(value)):
                    identifier = identifier or trace[1]
        if not identifier:
            identifier = (self._ids or self._made()).pop()
        scope[ID] = identifier
        status = 0

        # No coroutine of its own: it hands on the one of the server.
        def send_on(message: Message) -> Awaitable[None]:
            nonlocal status
            if not status:
                status = message["status"]
                headers = message["headers"]
                headers.append((HEADER, identifier))
                secure(headers)
                if self._operating.stopping:
                    headers.append(_CLOSE)
            return send(message)

        try:
            await self.app(scope, receive, send_on)
        finally:
            seconds = time.perf_counter() - began
            method = "HEAD" if HEADERS_ONLY in scope else scope["method"]
            key = method, id(scope.get("route")), status
            noted = self._noted.get(key)
            if noted is None:
                noted = self._note(key)
            noted[0 if seconds <= SHORTEST else bisect_left(BOUNDS, seconds)] += 1
            noted[SUM] += seconds
            if self._logs:
                REQUEST.set(identifier)
                _tell(scope, method, status, seconds)

    def _made(self) -> list[bytes]:
        """More ids, the last of them the first to be taken."""
        self._ids = [b"%b%012x" % (self._prefix, next(self._numbers)) for _ in range(MADE_AT_ONCE)]
        self._ids.reverse()
        return self._ids

    def _note(self, key: tuple[str, int, int]) -> list[float]:
        """A row for what is noted until it is counted."""
        if not self._noted:
            asyncio.get_running_loop().call_later(COUNTED_WITHIN, self._count)
        row = self._noted[key] = [0] * (SUM + 1)
        return row

    def _count(self) -> None:
        """Count what was noted."""
        for (method, route, status), row in self._noted.items():
            self._counts.add(method, route, status or _ENDED_BADLY, row)
        self._noted.clear()


class Identified:
    """Lets a route log under the id of the request."""

    @classmethod
    def once(cls, app: ASGIApp) -> ASGIApp:
        """An application that does so, itself if it does already."""
        return app if isinstance(app, cls) else cls(app)

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        REQUEST.set(scope.get(ID, b""))
        await self.app(scope, receive, send)


def _tell(scope: Scope, method: str, status: int, seconds: float) -> None:
    client = scope.get("client")
    raw = scope.get("raw_path") or scope["path"].encode()
    told = {
        "method": method[:20],
        "path": raw[:500].decode("ascii", "backslashreplace"),
        "route": getattr(scope.get("route"), "path", None),
        "status": status or None,
        "seconds": round(seconds, 6),
        "client": client[0] if client else None,
    }
    log.info("request", extra={EXTRA: told})
