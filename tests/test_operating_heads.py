"""Heads of requests: those that never end are refused or given up; all others are answered as before."""

from __future__ import annotations

import asyncio
import importlib
import resource
import socket
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from service.api.streams import Streams
from service.operating import serving, stalled
from service.operating.heads import LONGEST_HEAD
from tests.missing import missing
from tests.processes import PATIENCE

FIRST = b"GET / HTTP/1.1\r\nHost: casus\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: casus\r\nTransfer-Encoding: chunked\r\n\r\n"
OVER = LONGEST_HEAD + 1_000

REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large"

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Client = Callable[[serving.Server, Reader, Writer], Awaitable[None]]


class Counting:
    """An application that answers with how many headers, and how many bytes of a body, it was sent.

    What has the path `/unread` is answered before its body is read.
    """

    def __init__(self) -> None:
        settings = SimpleNamespace(drain=0.0, grace=0.0)
        operating = SimpleNamespace(settings=settings, stopping=False)
        self.state = SimpleNamespace(operating=operating, streams=Streams())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        size, more = 0, scope["path"] != "/unread"
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        body = b"%d headers, %d bytes\n" % (len(scope["headers"]), size)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture(params=["asyncio", "uvloop"])
def serve(request: pytest.FixtureRequest, monkeypatch) -> Callable[[Client], None]:
    """Has a client talk to the application, as that is served."""
    try:
        make_loop = importlib.import_module(request.param).new_event_loop
    except ImportError:
        missing(f"{request.param} is not installed")
    made: list[serving.Server] = []
    monkeypatch.setattr(serving, "gc", mock.Mock())
    monkeypatch.setattr(serving.Server, "run", lambda server, sockets: made.append(server))

    def serve(client: Client) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving.serve(Counting(), listening)
            with asyncio.Runner(loop_factory=make_loop) as runner:
                talk = _served(made.pop(), listening, client)
                runner.run(asyncio.wait_for(talk, PATIENCE))

    return serve


async def _served(server: serving.Server, listening: socket.socket, client: Client) -> None:
    address = listening.getsockname()
    ended = asyncio.create_task(server.serve([listening]))
    while not server.started:
        await asyncio.sleep(0.001)
    reader, writer = await asyncio.open_connection(*address)
    try:
        await client(server, reader, writer)
    finally:
        server.should_exit = True
        writer.close()
        await ended


async def until(so: Callable[[], bool]) -> None:
    """Let the server go on until it is so."""
    while not so():
        await asyncio.sleep(0.001)


async def answers(reader: Reader, begin: bytes = b"") -> list[bytes]:
    """All that is answered until the connection ends: first lines, and lines of bodies."""
    lines = (begin + await reader.read()).splitlines()
    return [line for line in lines if line.startswith(b"HTTP/") or b" headers, " in line]


@pytest.mark.parametrize(
    ("begun", "part"),
    [
        (FIRST, b"x0001: y\r\n"),
        (FIRST + b"x: ", b"y"),
        (FIRST, b"y"),
        (b"GET /", b"y"),
        (FIRST + b"\r\n" + FIRST, b"x0001: y\r\n"),
        (CHUNKED + b"0\r\n", b"x0001: y\r\n"),
        (CHUNKED + b"1;", b"y"),
    ],
    ids=["headers", "value", "name", "address", "second", "trailers", "extension"],
)
def test_a_head_without_an_end_is_refused_and_no_more_of_it_kept(begun, part, serve):
    async def client(server: serving.Server, reader: Reader, writer: Writer) -> None:
        writer.write(begun)
        connections = server.server_state.connections
        await until(lambda: any(each.taken or each.unread for each in connections))
        (connection,) = connections
        if begun.count(b"\r\n\r\n") and not begun.startswith(CHUNKED):
            await reader.readuntil(b" bytes\n")
        for _ in range(100):
            writer.write(part * (OVER // len(part) // 100 + 1))
            await writer.drain()
            await asyncio.sleep(0)
        await until(lambda: connection.refused)
        writer.write(part * 1_000_000)
        await writer.drain()
        assert connection._length() < 2 * LONGEST_HEAD
        assert connection.unread < 2 * LONGEST_HEAD
        if not begun.startswith(CHUNKED):  # what is under way is cut off by whoever reads it
            assert await answers(reader) == [REFUSED]

    serve(client)


@pytest.mark.parametrize("before", [b"", FIRST + b"\r\n"], ids=["alone", "behind another"])
def test_a_head_that_is_too_long_is_refused_though_it_came_at_once(before, serve) -> None:
    async def client(_: serving.Server, reader: Reader, writer: Writer) -> None:
        writer.write(before + FIRST + b"x: " + b"y" * OVER + b"\r\n\r\n")
        answered = await answers(reader)
        assert before or answered == [REFUSED]
        assert not before or answered == [b"HTTP/1.1 200 OK", b"1 headers, 0 bytes"]

    serve(client)


def test_a_head_that_is_as_long_as_it_may_be_is_taken(serve) -> None:
    async def client(_: serving.Server, reader: Reader, writer: Writer) -> None:
        head = FIRST + b"Connection: close\r\n" + b"x: y\r\n" * 10_900 + b"\r\n"
        assert LONGEST_HEAD - 1_000 < len(head) < LONGEST_HEAD
        for start in range(0, len(head), 10_000):
            writer.write(head[start : start + 10_000])
            await writer.drain()
            await asyncio.sleep(0)
        assert await answers(reader) == [b"HTTP/1.1 200 OK", b"10902 headers, 0 bytes"]

    serve(client)


def test_requests_one_behind_the_other_are_all_answered(serve) -> None:
    async def client(_: serving.Server, reader: Reader, writer: Writer) -> None:
        writer.write((FIRST + b"\r\n") * 5_000 + FIRST + b"Connection: close\r\n\r\n")
        answered = await answers(reader)
        assert answered[:-1:2] == [b"HTTP/1.1 200 OK"] * 5_001

    serve(client)


def test_bodies_of_any_length_are_taken_and_further_requests_behind_them(serve) -> None:
    async def client(_: serving.Server, reader: Reader, writer: Writer) -> None:
        size = 20_000_000
        post = b"POST / HTTP/1.1\r\nHost: casus\r\nContent-Length: %d\r\n\r\n" % size
        for request in (post + b"y" * size, CHUNKED + b"1\r\ny\r\n" * 100_000 + b"0\r\n\r\n"):
            writer.write(request)
            await writer.drain()
        writer.write(FIRST + b"Connection: close\r\n\r\n")
        assert (await answers(reader))[1::2] == [
            b"2 headers, 20000000 bytes",
            b"2 headers, 100000 bytes",
            b"2 headers, 0 bytes",
        ]

    serve(client)


# Clients that say nothing


@pytest.fixture
def hastily(monkeypatch) -> None:
    """Silent connections are looked for all the time, and ended soon."""
    monkeypatch.setattr(serving, "TICKS", 1)
    monkeypatch.setattr(stalled, "ASKED_WITHIN", 0.05)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", []),
        (FIRST, [b"HTTP/1.1 408 Request Timeout"]),
        (b"G", [b"HTTP/1.1 408 Request Timeout"]),
        (
            FIRST + b"\r\n|" + FIRST,
            [b"HTTP/1.1 200 OK", b"1 headers, 0 bytes", b"HTTP/1.1 408 Request Timeout"],
        ),
        (
            b"POST /unread HTTP/1.1\r\nContent-Length: 100\r\n\r\n|y",
            [b"HTTP/1.1 200 OK", b"1 headers, 0 bytes"],
        ),
    ],
    ids=[
        "nothing",
        "half a head",
        "a byte",
        "half of a second",
        "half of a body that nobody reads",
    ],
)
def test_a_connection_by_which_nothing_is_asked_in_whole_is_ended(said, told, serve, hastily):
    async def client(_: serving.Server, reader: Reader, writer: Writer) -> None:
        first, then, second = said.partition(b"|")
        writer.write(first)
        begin = await reader.readuntil(b" bytes\n") if then else b""
        writer.write(second)
        assert await answers(reader, begin) == told

    serve(client)


@pytest.mark.parametrize("before", [b"", FIRST + b"\r\n"], ids=["the first", "another"])
def test_a_head_is_waited_for_about_as_long_as_is_said(before, serve, monkeypatch) -> None:
    apart = serving.TICKS / 10
    monkeypatch.setattr(serving, "TICKS", 1_000_000)

    async def client(server: serving.Server, reader: Reader, writer: Writer) -> None:
        writer.write(before)
        begin = await reader.readuntil(b" bytes\n") if before else b""
        writer.write(b"G")
        await until(lambda: [each for each in server.server_state.connections if each.unread])
        (connection,) = server.server_state.connections
        now = 0.0  # since it came
        while not connection.transport.is_closing():
            now += apart
            stalled.end_silent([connection], now)
        assert stalled.ASKED_WITHIN < now <= stalled.ASKED_WITHIN + 3
        assert (await answers(reader, begin))[-1] == b"HTTP/1.1 408 Request Timeout"

    serve(client)


def test_a_connection_that_goes_on_is_not_ended(serve, monkeypatch) -> None:
    monkeypatch.setattr(serving, "TICKS", 1_000_000)

    async def client(server: serving.Server, reader: Reader, writer: Writer) -> None:
        writer.write(b"POST /unread HTTP/1.1\r\nContent-Length: 3\r\n\r\n")
        await reader.readuntil(b" bytes\n")
        (connection,) = server.server_state.connections
        for hour in range(3):
            writer.write(b"y")
            taken = connection.taken
            await until(lambda taken=taken: connection.taken > taken)
            for _ in range(2):
                stalled.end_silent([connection], 3_600.0 * hour)
        writer.write(FIRST + b"Connection: close\r\n\r\n")
        assert await answers(reader) == [b"HTTP/1.1 200 OK", b"2 headers, 0 bytes"]

    serve(client)


def test_between_requests_a_connection_is_kept_for_longer_than_proxies_keep_theirs(serve) -> None:
    async def client(server: serving.Server, reader: Reader, writer: Writer) -> None:
        writer.write(FIRST + b"\r\n")
        await reader.readuntil(b" bytes\n")
        (connection,) = server.server_state.connections
        assert connection.timeout_keep_alive > 60
        await until(lambda: connection.timeout_keep_alive_task)
        for hour in range(3):
            stalled.end_silent([connection], 3_600.0 * hour)
        writer.write(FIRST + b"Connection: close\r\n\r\n")
        assert await answers(reader) == [b"HTTP/1.1 200 OK", b"2 headers, 0 bytes"]

    serve(client)


def test_as_many_connections_are_taken_as_the_system_lets_a_process_have(serve) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1_024:
        missing("a process may have fewer files open than it is to have")

    async def client(*_: Any) -> None:
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard

    resource.setrlimit(resource.RLIMIT_NOFILE, (1_000, hard))
    try:
        serve(client)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
