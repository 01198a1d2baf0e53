"""Clients that take nothing more of an answer: they are left, and whatever waits for them goes on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from service.operating import stalled
from tests.processes import PATIENCE

CHUNK = b" " * 100_000
CHUNKS = 200
LITTLE = 65_536


class Endless:
    """An application that sends far more than fits between it and its client."""

    def __init__(self) -> None:
        self.sent = 0
        self.over = asyncio.Event()
        self.gone = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        gone = asyncio.create_task(self._gone(receive))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(CHUNKS):
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
            self.sent += 1
        await asyncio.sleep(0)
        self.gone = gone.done()
        await send({"type": "http.response.body", "body": b""})
        gone.cancel()
        self.over.set()

    @staticmethod
    async def _gone(receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


Client = Callable[[Endless, socket.socket], Awaitable[None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def serve(request: pytest.FixtureRequest) -> Callable[[Client], None]:
    """Has a client ask the application, over a connection with small buffers."""
    make_loop = pytest.importorskip(request.param).new_event_loop

    def serve(client: Client) -> None:
        with asyncio.Runner(loop_factory=make_loop) as runner:
            runner.run(_served(client))

    return serve


async def _served(client: Client) -> None:
    app = Endless()
    with socket.socket() as listening, socket.socket() as connection:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LITTLE)
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=stalled.Connection, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, listening.getsockname())
        await loop.sock_sendall(connection, b"GET / HTTP/1.1\r\nHost: casus\r\n\r\n")
        await asyncio.wait_for(client(app, connection), PATIENCE)
        server.should_exit = True
        connection.close()
        await asyncio.wait_for(serving, PATIENCE)


async def _taken(connection: socket.socket) -> int:
    size = 0
    with suppress(ConnectionResetError):
        while part := await asyncio.get_running_loop().sock_recv(connection, 1 << 20):
            size += len(part)
    return size


def test_a_client_that_takes_nothing_is_left(serve, monkeypatch) -> None:
    monkeypatch.setattr(stalled, "STALLED", 0.2)

    async def client(app: Endless, connection: socket.socket) -> None:
        await app.over.wait()
        assert app.gone
        assert await _taken(connection) < CHUNKS * len(CHUNK)

    serve(client)


def test_a_client_that_is_slow_is_waited_for(serve, monkeypatch) -> None:
    monkeypatch.setattr(stalled, "STALLED", 1.0)

    async def client(app: Endless, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        began, size = loop.time(), 0
        while loop.time() < began + 3 * stalled.STALLED:
            size += len(await loop.sock_recv(connection, LITTLE))
            await asyncio.sleep(0.1)
        assert app.sent < CHUNKS  # it has long not taken all of it
        while not app.over.is_set():
            size += len(await loop.sock_recv(connection, 1 << 20))
        assert not app.gone
        assert app.sent == CHUNKS

    serve(client)


def test_without_it_a_client_would_be_waited_for(serve, monkeypatch) -> None:
    monkeypatch.setattr(stalled, "STALLED", PATIENCE)

    async def client(app: Endless, _: socket.socket) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(app.over.wait(), 0.5)
        assert 0 < app.sent < CHUNKS

    serve(client)
