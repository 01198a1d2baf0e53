"""Holds routes to their rules. A route that has none keeps the application from starting.

Refusals are problems, with the challenge of RFC 6750: nobody is told more than that a key or token is
missing, is not accepted, or gives too little.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import copy
from typing import cast

from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.callers import Callers
from service.access.errors import Refused, Unreachable, Unruled
from service.access.limits import Buckets, neighbourhood
from service.access.roles import Bearer, Door, Role, Rule, rule_of
from service.api.problems import Problem

BEARER = "casus.bearer"
"""The key of a scope under which whoever it is from is found."""

_CHALLENGE = 'Bearer realm="casus"'
_PUBLIC, _PRIVATE = b"public, ", b"private, "


def guarded(routes: Iterable[BaseRoute], callers: Callers) -> list[BaseRoute]:
    """The same routes, each held to its rule. Raises `Unruled`.

    Copies: an application shares its routes with every other one.
    """
    held: list[BaseRoute] = []
    for route in routes:
        rule = rule_of(route)
        if rule is None or not isinstance(route, Route | Mount):
            raise Unruled(f"{route} has no rule of access: declare one with @needs(...)")
        held.append(route if rule is Door.OPEN else _held(route, rule, callers))
    return held


def _held(route: Route | Mount, rule: Rule, callers: Callers) -> BaseRoute:
    held = copy(route)
    held.app = Guard(route.app, rule, callers)
    return held


def bearer_of(request: Request) -> Bearer:
    """Whoever a request is from that took a role."""
    return cast(Bearer, request.scope[BEARER])


class Guard:
    """Lets through to a route who may use it."""

    def __init__(self, app: ASGIApp, rule: Rule, callers: Callers) -> None:
        self._app = app
        self._callers = callers
        self._is_read = rule is Door.READING
        self._needs = rule if isinstance(rule, Role) else None
        self._is_closed = self._needs is not None or not callers.reading_is_open
        """To who bears nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. Raises `Problem`."""
        buckets = self._callers.reads if scope["method"] == "GET" else self._callers.writes
        if self._is_closed or buckets or _bears_something(scope):
            bearer = await self._admitted(scope)
            if buckets:
                name = bearer.name if bearer else ""
                send = _limited(buckets, f"{name} {'' if name else _address(scope)}", send)
            if self._is_read and self._is_closed:
                send = _kept_private(send)
            scope[BEARER] = bearer
        await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope) -> Bearer | None:
        try:
            bearer = await self._callers.bearer(scope)
        except Refused as refused:
            if self._callers.writes:  # whoever tries keys is not to try many
                _take(self._callers.writes, f" {_address(scope)}")
            raise Problem(
                "key-refused",
                str(refused),
                headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
            ) from None
        except Unreachable as unreachable:
            raise Problem(
                "issuer-unreachable",
                str(unreachable),
                headers={"Retry-After": str(math.ceil(unreachable.retry_after))},
            ) from None
        if not self._is_closed:
            return bearer
        if bearer is None:
            raise Problem(
                "key-missing",
                f"this takes {self._wanted}: send Authorization: Bearer, and the key or token",
                headers={"WWW-Authenticate": _CHALLENGE},
            )
        if bearer.role is None or (self._needs and bearer.role < self._needs):
            lowest = self._needs or Role.CONTRIBUTOR
            raise Problem(
                "role-missing",
                f"this takes {self._wanted}, and {bearer.name!r} has"
                f" {f'that of {bearer.role.word}' if bearer.role else 'none'}",
                headers={
                    "WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope",'
                    f' scope="{lowest.word}"'
                },
            )
        return bearer

    @property
    def _wanted(self) -> str:
        return f"the role of {self._needs.word}" if self._needs else "a role, as reading is closed"


def _bears_something(scope: Scope) -> bool:
    # On the way of every page: a loop takes a third of what `any` and its generator do.
    for name, _ in scope["headers"]:  # noqa: SIM110
        if name == b"authorization":
            return True
    return False


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return neighbourhood(client[0]) if client else ""


def _take(buckets: Buckets, caller: str) -> list[tuple[bytes, bytes]]:
    """The headers of what is granted. Raises `Problem`."""
    taken = buckets.take(caller)
    headers = buckets.headers(taken)
    if taken.wait:
        seconds = math.ceil(taken.wait)
        raise Problem(
            "too-many-requests",
            f"the limit is reached; the next is taken in {seconds} s",
            headers={
                "Retry-After": str(seconds),
                **{name.decode(): value.decode() for name, value in headers},
            },
        )
    return headers


def _limited(buckets: Buckets, caller: str, send: Send) -> Send:
    """Sends the state of a caller's limit with the answer. Raises `Problem` if that is reached."""
    headers = _take(buckets, caller)

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return send_on


def _kept_private(send: Send) -> Send:
    """Sends answers that only who has asked may keep: not for caches between."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, value.replace(_PUBLIC, _PRIVATE))
                if name == b"cache-control"
                else (name, value)
                for name, value in message["headers"]
            ]
            message = {**message, "headers": [*headers, (b"vary", b"Authorization")]}
        await send(message)

    return send_on
