"""What a proxy says of the client that it stands for: by which address, name and scheme that has come.

Only proxies at addresses that are named (``CASUS_PROXIES``) are believed, and of a chain of them what the
nearest one that is not named cannot have written. They say it by ``X-Forwarded-For``, ``-Proto`` and
``-Host``, or by ``Forwarded`` (RFC 7239). A request with both is refused: of one of the two nobody knows
who has written it, as a proxy that sets one lets the other through.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from service.access.headers import secure
from service.api.problems import Problem
from service.options import is_among, networks_of

_FORWARDED = b"forwarded"
_FOR, _PROTO, _HOST = b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"

_PAIR = re.compile(r'\s*([A-Za-z]+)=(?:"([^"]*)"|([^\s;,"]*))\s*(?:;|$)')
_ELEMENT = re.compile(r'(?:[^,"]|"[^"]*")+')
_PORT = re.compile(r"^(?:\[([0-9A-Fa-f:.]+)\](?::\d+)?|([0-9.]+):\d+)$")
SCHEMES = ("http", "https")
UNKNOWN = "::"
"""The address of a client of which a proxy does not say it: nobody's, and so not that of this machine."""


class Hop(NamedTuple):
    """Whom a proxy has had before it, and how it was asked; empty: it does not say."""

    address: str
    scheme: str = ""
    host: str = ""


class Proxied:
    """Takes a request for that of the client for whom a proxy stands."""

    def __init__(self, app: ASGIApp, proxies: str) -> None:
        self.app = app
        networks = networks_of(proxies)
        self._is_known = lru_cache(4_096)(lambda address: is_among(address, networks))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        client = scope.get("client")
        if scope["type"] == "http" and client and self._is_known(client[0]):
            try:
                hops = _hops(scope["headers"])
            except ValueError:
                problem = Problem(
                    "bad-header",
                    "Forwarded or X-Forwarded-* make no sense, or there are both: the proxy is to set one",
                )
                response = problem.response()
                secure(response.raw_headers)
                await response(scope, receive, send)
                return
            if hops:
                scope = self._as_of(scope, hops)
        await self.app(scope, receive, send)

    def _as_of(self, scope: Scope, hops: Sequence[Hop]) -> Scope:
        """The request as of the nearest client that is no proxy of ours; else of the farthest one."""
        hop = next((each for each in reversed(hops) if not self._is_known(each.address)), hops[0])
        scope = {**scope, "client": (_valid(hop.address), 0)}
        if hop.scheme:
            scope["scheme"] = hop.scheme
        if hop.host:
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [(b"host", hop.host.encode("latin-1")), *others]
        return scope


def _hops(headers: Sequence[tuple[bytes, bytes]]) -> list[Hop]:
    """What proxies say, the farthest client first. Raises ValueError."""
    said: dict[bytes, list[str]] = {}
    for name, value in headers:
        if name in (_FORWARDED, _FOR, _PROTO, _HOST):
            said.setdefault(name, []).append(value.decode("latin-1"))
    if _FORWARDED in said:
        if len(said) > 1:
            raise ValueError
        return [_hop(element) for element in _ELEMENT.findall(",".join(said[_FORWARDED]))]
    addresses, schemes, hosts = (_listed(said.get(name)) for name in (_FOR, _PROTO, _HOST))
    return [
        Hop(
            _address(address), _scheme(_beside(schemes, n, addresses)), _beside(hosts, n, addresses)
        )
        for n, address in enumerate(addresses or [""] if said else [])
    ]


def _listed(values: list[str] | None) -> list[str]:
    return [part.strip() for part in ",".join(values).split(",")] if values else []


def _beside(values: list[str], number: int, addresses: list[str]) -> str:
    """What stands beside an address of as many; of another number, what the nearest proxy says."""
    if not values:
        return ""
    return values[number] if len(values) == len(addresses) else values[-1]


def _hop(element: str) -> Hop:
    pairs = {}
    end = 0
    for match in _PAIR.finditer(element):
        if match.start() != end:
            raise ValueError
        end = match.end()
        name, quoted, plain = match.groups()
        pairs[name.lower()] = plain if quoted is None else quoted
    if end != len(element):
        raise ValueError
    return Hop(
        _address(pairs.get("for", "")), _scheme(pairs.get("proto", "")), pairs.get("host", "")
    )


def _address(text: str) -> str:
    """An address without a port; what is hidden or unknown stands for itself."""
    if match := _PORT.match(text):
        return match[1] or match[2]
    return text


def _valid(address: str) -> str:
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return UNKNOWN


def _scheme(text: str) -> str:
    scheme = text.lower()
    if scheme and scheme not in SCHEMES:
        raise ValueError
    return scheme
