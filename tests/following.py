"""What tests of the log share: what is sent of it, at once and as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import FastAPI

from tests.processes import PATIENCE

Json = dict[str, Any]


def events(answer: Any) -> list[Json]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.content == b"" or answer.content.endswith(b"\n")
    return [orjson.loads(line) for line in answer.content.split(b"\n")[:-1]]


def positions(client: Any, query: str = "") -> list[int]:
    """The positions of the records that are sent, in the order in which they are."""
    return [each["position"] for each in events(client.get(f"/v1/log{query}"))]


class Follower:
    """A client of a stream: what it was sent, and whether it goes on reading."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.start: Json = {}
        self.is_over = False
        self._sent = asyncio.Event()

    @classmethod
    def of(cls, text: bytes) -> Follower:
        """One who was sent all of a stream that has ended."""
        follower = cls()
        follower.pieces.append(text)
        return follower

    async def receive(self) -> Json:
        """What the server is told: nothing, until the client goes away."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take what is sent, as soon as it reads."""
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.start = dict(message)
        elif message.get("body"):
            self.pieces.append(message["body"])
        self.is_over = message["type"] == "http.response.body" and not message.get("more_body")
        self._sent.set()

    @property
    def text(self) -> bytes:
        """All that it was sent."""
        return b"".join(self.pieces)

    @property
    def events(self) -> list[Json]:
        """The records that it was sent."""
        lines = self.text.split(b"\n")
        return [orjson.loads(line[6:]) for line in lines if line.startswith(b"data: ")]

    @property
    def positions(self) -> list[int]:
        """Their positions, in order."""
        return [event["position"] for event in self.events]

    @property
    def last_id(self) -> str:
        """The id that a browser would send to go on."""
        return [line[4:] for line in self.text.split(b"\n") if line.startswith(b"id: ")][
            -1
        ].decode()

    async def until(self, so: Any) -> None:
        """Wait until it was sent enough."""
        async with asyncio.timeout(PATIENCE):
            while not so(self):
                self._sent.clear()
                await self._sent.wait()


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """The application as a server runs it; it leaves no task behind."""
    tasks = asyncio.all_tasks()
    async with app.router.lifespan_context(app):
        yield
    if left := asyncio.all_tasks() - tasks:
        _, pending = await asyncio.wait(left, timeout=PATIENCE)  # those that are about to end
        assert not pending


@asynccontextmanager
async def following(
    app: FastAPI, query: str = "", method: str = "GET", **headers: str
) -> AsyncIterator[Follower]:
    """A client that follows the log; it goes away in the end, if the stream is not over before."""
    follower = Follower()
    named = {"host": "casus", **{name.replace("_", "-"): text for name, text in headers.items()}}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/v1/log/stream",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    task = asyncio.create_task(app(scope, follower.receive, follower.send))
    try:
        yield follower
    finally:
        follower.gone.set()
        follower.reads.set()
        await asyncio.wait_for(task, PATIENCE)
