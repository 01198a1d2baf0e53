"""Paths whose names may hold a slash, as ``/v1/actors/x:a%2Fb`` does (RFC 3986, section 2.2).

Servers hand on a path decoded, in which that slash parts names like any other: it would lead to another
resource, or to none. Here a path is decoded but for the slashes of names (``%2F``) and for whatever is
then a percent sign itself (``%25``), so that it is matched, compared and quoted without being mistaken;
`decoded` makes the names of its parameters whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_KEPT = re.compile(rb"%(?:(2[Ff])|25|(?![0-9A-Fa-f]{2}))")


class NamesWithSlashes:
    """Keeps the slashes of names apart from those that part them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and b"%" in (raw := scope.get("raw_path") or b""):
            scope = {**scope, "path": _path_of(raw)}
        await self.app(scope, receive, send)


def _path_of(raw: bytes) -> str:
    kept = _KEPT.sub(lambda found: b"%252F" if found[1] else b"%2525", raw)
    return unquote(kept.decode("ascii"))


def decoded(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a path, each the name that was meant."""
    return {name: unquote(value) for name, value in parameters.items()}
