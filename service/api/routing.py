"""Two kinds of route that are declared as FastAPI declares them, and handled without its detours.

The signature of an endpoint is the contract: OpenAPI is generated from it. The handlers read the same
models themselves, because FastAPI's own way through a query of sixteen parameters costs more time than
the page that it asks for (``docs/decisions.md``), and because faults are to be named in our words.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Coroutine
from functools import cache, lru_cache, partial
from inspect import Parameter, signature
from typing import Any, ClassVar, get_origin, get_type_hints
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.checks import Fault
from service.access.roles import Door, Rule
from service.api.documents import Responses
from service.api.finished import FinishedAnswers, key_of
from service.api.paths import decoded
from service.api.problems import Problem
from service.api.threads import Looks, Threads
from service.api.writing import idempotency_key_of
from service.bootstrap import Casus
from service.database import TooLong
from service.faults import faults_of_validation
from service.operating.logs import ID, REQUEST

MODEL = "model"
"""What FastAPI calls the model of an answer, among what a route says of it."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

DISCARDED = 100_000_000
"""Bytes of a body that is too large which are read all the same: most clients send theirs to the end before
they look at the answer, and a connection closed in between would lose it."""

WAITED = 5.0
"""Seconds that a read waits for a position that another node has recorded."""

BODY_WITHIN = 60.0
"""Seconds in which the body of a request is there: a record is a thousand bytes or so."""

MOST_PARAMETERS = 500
LONGEST_QUERY = 8_000
"""Bytes of a query string; longer ones are refused unread."""


class Route(APIRoute):
    """A route that takes the models of its answers to the contract (`service.api.contract`).

    FastAPI makes a schema of each when it is declared: a fifth of the time to start, for answers that are
    sent as finished bytes.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        responses: Responses | None = None,
        **options: Any,
    ) -> None:
        declared = responses or {}
        bare = {
            status: {name: said for name, said in answer.items() if name != MODEL}
            for status, answer in declared.items()
        }
        super().__init__(path, endpoint, responses=bare, **options)
        self.responses = declared


class ReadRoute(Route):
    """A read: ``endpoint(request, query, **path parameters)``, answered where it was received.

    What was answered before, at the newest position there is, is sent again. The rest runs at once within
    a budget; if that is spent, again on a thread of its own.
    """

    rule: ClassVar[Rule] = Door.READING
    starts_at_once: ClassVar[bool] = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        handle = self.get_route_handler()

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            response = await handle(Request(scope, receive))
            await response(scope, receive, send)

        # In place of FastAPI's own, which opens two exit stacks for dependencies that a read lacks.
        self.app = serve

    def get_route_handler(self) -> Handler:
        """The handler."""
        endpoint: Callable[..., Response] = self.endpoint
        query_type = get_type_hints(endpoint)["query"]

        async def handle(request: Request) -> Response:
            casus: Casus = request.app.state.casus
            finished: FinishedAnswers = request.app.state.finished
            key = key_of(request, casus.reader.head, casus.projector.generation.path.name)
            if key is not None and (answered := finished.get(key)):
                return answered
            REQUEST.set(request.scope.get(ID, b""))
            query = parse_query(query_type, request.scope["query_string"])
            path = decoded(request.path_params)
            await _wait(request, query)
            try:
                if not self.starts_at_once or getattr(query, "q", None):
                    # No budget stops it: a text search is one instruction, however long.
                    raise TooLong
                with casus.reader.budget():
                    response = endpoint(request, query, **path)
            except TooLong:
                response = await run_in_threadpool(endpoint, request, query, **path)
            if key is not None:
                finished.keep(key, response)
            return response

        return handle


async def _wait(request: Request, query: BaseModel) -> None:
    """Have the log shown to the position that a read asks for, as another node may have recorded it.

    `min_position` is waited for, and `position` looked for once. Raises `Problem`.
    """
    casus: Casus = request.app.state.casus
    looks: Looks = request.app.state.looks
    least: int = getattr(query, "min_position", None) or 0
    wanted: int = getattr(query, "position", None) or 0
    are_shown = casus.reader.head >= least or await looks.until(
        lambda: casus.reader.head >= least, WAITED
    )
    if are_shown and wanted > casus.reader.head:
        are_shown = await looks.once(WAITED)
    if not are_shown:
        raise Problem(
            "not-yet-shown",
            f"position {least or wanted} is not shown here yet; the log is shown up to"
            f" {casus.reader.head}",
            headers={"Retry-After": "1"},
        )


class LongReadRoute(ReadRoute):
    """A read whose work is not the store's, so that no budget stops it: always on a thread."""

    starts_at_once = False


class _NoParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StateRoute(Route):
    """A read of what is no record, or its end: ``endpoint(request, **path parameters)``, on a thread.

    An end is a write, on one of their threads.
    """

    def get_route_handler(self) -> Handler:
        """The handler."""
        endpoint: Callable[..., Response] = self.endpoint

        async def handle(request: Request) -> Response:
            parse_query(_NoParameters, request.scope["query_string"])
            path = decoded(request.path_params)
            if request.method not in {"GET", "HEAD"}:
                writing: Threads = request.app.state.writing
                return await writing.run(partial(endpoint, request, **path))
            return await run_in_threadpool(endpoint, request, **path)

        return handle


class WriteRoute(Route):
    """A write: ``endpoint(request, body, idempotency_key, **path parameters)``, on a thread.

    Where it revises something, ``if_match`` is another argument: what the header of that name says. A body
    that has a default need not be sent.
    """

    def get_route_handler(self) -> Handler:
        """The handler."""
        endpoint: Callable[..., Response] = self.endpoint
        hints = get_type_hints(endpoint)
        # Made for the first request: a start would wait for those of twenty routes.
        adapter = cache(lambda: TypeAdapter[Any](hints["body"]))
        revises = "if_match" in hints
        default = signature(endpoint).parameters["body"].default

        def validated(body: bytes) -> Any:
            try:
                return adapter().validate_json(body, strict=True)
            except ValidationError as error:
                faults = faults_of_validation(error)
                raise Problem("invalid-body", _count(len(faults)), faults=faults) from None

        async def handle(request: Request) -> Response:
            parse_query(_NoParameters, request.scope["query_string"])
            key = idempotency_key_of(request)
            if default is Parameter.empty or _has_body(request):
                value = validated(await read_body(request))
            else:
                value = default
            named = {"idempotency_key": key, **decoded(request.path_params)}
            if revises:
                named["if_match"] = ",".join(request.headers.getlist("if-match"))
            writing: Threads = request.app.state.writing
            return await writing.run(partial(endpoint, request, body=value, **named))

        return handle


def _has_body(request: Request) -> bool:
    headers = request.headers
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


async def read_body(request: Request) -> bytes:
    """The body of a request with a JSON content type, up to the most bytes that settings allow."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise Problem("unsupported-media-type", f"the Content-Type is {kind or 'missing'}")
    most: int = request.app.state.casus.settings.max_body
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= most:
                    body += chunk
                elif size > most + DISCARDED:
                    break
    except TimeoutError:
        raise Problem(
            "body-too-slow",
            f"the body was not there within {BODY_WITHIN:.0f} s; {size} bytes of it were",
            headers={"Connection": "close"},
        ) from None
    if size > most:
        raise Problem(
            "body-too-large",
            f"the body has more than {most} bytes",
            headers={"Connection": "close"},
        )
    return bytes(body)


def _count(faults: int) -> str:
    return "the body has one fault" if faults == 1 else f"the body has {faults} faults"


@lru_cache(maxsize=1_024)
def parse_query(model: type[BaseModel], query: bytes) -> BaseModel:
    """The parameters of a query string, as a model. Raises `Problem`, naming every bad parameter.

    Cached: the same pages are asked for again and again, and a model is never changed.
    """
    if len(query) > LONGEST_QUERY:
        raise Problem("bad-parameter", f"the query is longer than {LONGEST_QUERY} bytes")
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError:
        many = query.count(b"&") >= MOST_PARAMETERS
        reason = (
            f"has over {MOST_PARAMETERS} parameters" if many else "is not percent-encoded UTF-8"
        )
        raise Problem("bad-parameter", f"the query {reason}") from None
    lists = _list_parameters(model)
    values: dict[str, Any] = {}
    faults = []
    for name, value in pairs:
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            faults.append(Fault((name,), "it is given more than once"))
        else:
            values[name] = value
    try:
        parsed = model.model_validate(values)
    except ValidationError as error:
        names = _parameters(model)
        faults += (
            Fault(fault.path[:1], _unknown(str(fault.path[0]), names))
            if fault.path and fault.path[0] not in names
            else Fault(fault.path[:1], fault.message)
            for fault in faults_of_validation(error)
        )
    if faults:
        raise Problem("bad-parameter", _which(faults), faults=faults)
    return parsed


def _which(faults: list[Fault]) -> str:
    first = faults[0]
    if not first.path:
        return first.message
    return f"{first.path[0]}: {first.message}"


def _unknown(name: str, names: tuple[str, ...]) -> str:
    if not names:
        return "this takes no query parameters"
    near = difflib.get_close_matches(name[:100].lower(), names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    return f"there is no such parameter; {hint}"


@lru_cache
def _parameters(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


@lru_cache
def _list_parameters(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        field.alias or name
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) in (list, tuple)
    )
