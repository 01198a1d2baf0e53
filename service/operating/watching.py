"""Every request: an id that stands in its answer and in every line that is logged, how long it took.

The id is the one that the client or a proxy gave (``X-Request-Id``), else the trace that it is part of
(``traceparent``), else one of our own; what is not a sane id is not taken over. This is on the way of every
page, so it is one layer, and does for most of them nothing but count.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from itertools import count
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.headers import secure
from service.api.streams import HEADERS_ONLY
from service.operating.counts import Counts
from service.operating.logs import EXTRA, REQUEST

log = logging.getLogger("casus.access")

HEADER = b"x-request-id"
_TRACE = b"traceparent"
_IDS = frozenset((HEADER, _TRACE))
_CLOSE = (b"connection", b"close")

_SANE = re.compile(rb"[A-Za-z0-9._:+/=@-]{1,128}")
_TRACE_ID = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

_ENDED_BADLY = 500
"""The status that stands for an answer that was never begun."""


class Watching:
    """Gives a request its id, and counts it when it is over."""

    def __init__(self, app: ASGIApp, operating: Any) -> None:
        """Watch the requests to an application; `operating` is its `Operating`."""
        self.app = app
        self._operating = operating
        self._counts: Counts = operating.counts
        self._logs: bool = operating.settings.access_log
        self._prefix = secrets.token_hex(10).encode()
        self._numbers = count(1)

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
            identifier = b"%b%012x" % (self._prefix, next(self._numbers))
        REQUEST.set(identifier)
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if not status:
                status = message["status"]
                headers = message["headers"]
                headers.append((HEADER, identifier))
                secure(headers)
                if self._operating.stopping:
                    headers.append(_CLOSE)
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        finally:
            seconds = time.perf_counter() - began
            method = "HEAD" if HEADERS_ONLY in scope else scope["method"]
            self._counts.add(method, scope.get("route"), status or _ENDED_BADLY, seconds)
            if self._logs:
                _tell(scope, method, status, seconds)


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
