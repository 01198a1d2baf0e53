"""Content negotiation: what has other formats is found in them by ``Accept`` as well as by a suffix.

The suffix names the same thing, so a request that accepts another format is answered from there. JSON is
what is sent where the client takes it or says nothing; a browser, which names HTML, is shown JSON too.
RFC 9110, section 12.5.1.
"""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import Problem
from service.publishing.citation import STYLES
from service.publishing.formats import FORMATS, OF_INCIDENTS, OF_SERIES

_NEGOTIATED = re.compile(
    r"/v1/(?:(?:countries|actors)/[^/]+/timeline|incidents(?:/[^/]+(?=/cite))?|(series))(/cite)?"
)
_CITED = tuple(STYLES)
_ACCEPT = b"accept"
_JSON = "application/json"


class Negotiation:
    """Leads a request that accepts another format than JSON to that."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            accepted = b",".join(value for name, value in scope["headers"] if name == _ACCEPT)
            if accepted and accepted != b"*/*" and (path := _NEGOTIATED.fullmatch(scope["path"])):
                suffixes = _CITED if path[2] else OF_SERIES if path[1] else OF_INCIDENTS
                suffix = chosen(accepted, suffixes)
                if suffix is None:
                    await _not_acceptable(suffixes)(scope, receive, send)
                    return
                if suffix:
                    # In place: whoever watches the request sees the route that it was led to.
                    scope["path"] = f"{scope['path']}.{suffix}"
        await self.app(scope, receive, send)


def _not_acceptable(suffixes: tuple[str, ...]) -> ASGIApp:
    kinds = ", ".join([_JSON, *dict.fromkeys(_kind(suffix) for suffix in suffixes)])
    return Problem("not-acceptable", f"there is {kinds}").response()


def _kind(suffix: str) -> str:
    return STYLES.get(suffix) or FORMATS[suffix].media_type.partition(";")[0]


@lru_cache(maxsize=1_024)
def chosen(accepted: bytes, suffixes: tuple[str, ...]) -> str | None:
    """The suffix of the format that an Accept header prefers; empty: JSON. None: there is none for it."""
    ranges = dict(filter(None, map(_range, accepted.decode("latin-1").lower().split(","))))
    if ranges.get("text/html", 0) > 0:
        return ""
    kinds = {"": _JSON, **{suffix: _kind(suffix) for suffix in suffixes}}
    # max keeps the first of those that are as good: JSON, then the order of the table.
    best = max(kinds, key=lambda suffix: _quality(kinds[suffix], ranges))
    return best if _quality(kinds[best], ranges) > 0 else None


def _range(text: str) -> tuple[str, float] | None:
    kind, *parameters = (part.strip() for part in text.split(";"))
    if not kind:
        return None
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = min(1.0, max(0.0, float(value)))
            except ValueError:
                quality = 0.0
    return kind, quality


def _quality(kind: str, ranges: dict[str, float]) -> float:
    """The quality of the most specific range that a media type is in."""
    main = kind.partition("/")[0]
    return next((ranges[each] for each in (kind, f"{main}/*", "*/*") if each in ranges), 0.0)
