"""Streams: how fast they go, and how they end: by themselves, with their client, or with the server."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from anyio import to_thread
from fastapi import FastAPI

from service.api import replay
from service.api.streams import HEARTBEAT, Part, paced
from tests.processes import PATIENCE, serving

Json = dict[str, Any]

SLOW = "country=AFG&speed=0.000001"
"""A replay whose second day is a week of ours away."""


# How fast


class Timer:
    """A clock that stands still, but for the sleep of whoever sleeps by it."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds


def sent(
    pages: list[list[int | None]],
    speed: float | None,
    heartbeat: bytes = b"",
    reading: float = 0,
) -> list[tuple[float, bytes]]:
    """When what is sent of parts of these days, by a client that takes so long to read each piece."""
    timer = Timer()
    parts = ([Part(day, b"%d " % (day or 0)) for day in page] for page in pages)

    async def read() -> list[tuple[float, bytes]]:
        found = []
        async for piece in paced(parts, speed, heartbeat, timer.now, timer.sleep):
            found.append((round(timer.time - 1_000, 6), piece))
            timer.time += reading
        return found

    return asyncio.run(read())


def test_without_a_speed_pages_are_sent_as_fast_as_they_are_read():
    assert sent([[1, 2], [900]], None) == [(0, b"1 2 "), (0, b"900 ")]


def test_a_day_is_sent_so_long_after_the_first_as_it_came_after_it():
    assert sent([[10, 10, 11], [13, None]], 2) == [
        (0, b"10 10 "),
        (0.5, b"11 "),
        (1.5, b"13 0 "),
    ]


def test_what_is_of_no_day_is_not_waited_for():
    assert sent([[None, 10, None, 12]], 1) == [(0, b"0 10 0 "), (2, b"12 ")]


def test_a_client_that_reads_slowly_catches_up():
    assert sent([[1, 2, 3, 4, 9]], 1, reading=2.5) == [
        (0, b"1 "),
        (2.5, b"2 3 "),
        (5, b"4 "),
        (8, b"9 "),
    ]


def test_while_it_waits_for_long_a_stream_says_so():
    assert sent([[0, 40]], 1, b": ") == [
        (0, b"0 "),
        (HEARTBEAT, b": "),
        (2 * HEARTBEAT, b": "),
        (40, b"40 "),
    ]
    assert sent([[0, 40]], 1) == [(0, b"0 "), (40, b"40 ")]


# How it ends


class Watched:
    """The body of each replay, and whether it was begun and closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = self.closed = 0
        self._paced = paced
        monkeypatch.setattr(replay, "paced", self._body)

    async def _body(self, *arguments: Any) -> AsyncGenerator[bytes, None]:
        self.begun += 1
        try:
            async for piece in self._paced(*arguments):
                yield piece
        finally:
            self.closed += 1


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


async def ask(
    app: FastAPI,
    query: str,
    *,
    then: Callable[[asyncio.Event], Awaitable[None] | None] = lambda _: None,
    method: str = "GET",
    messages: list[Json] | None = None,
) -> list[Json]:
    """What is sent to a client who does something with each piece, and may go away."""
    messages = [] if messages is None else messages
    gone = asyncio.Event()

    async def receive() -> Json:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(dict(message))
        if message.get("body") and (waiting := then(gone)):
            await waiting

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/v1/replay",
        "query_string": query.encode(),
        "headers": [(b"host", b"casus")],
    }
    await asyncio.wait_for(app(scope, receive, send), PATIENCE)
    return messages


def body(messages: list[Json]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


def is_complete(messages: list[Json]) -> bool:
    return not messages[-1].get("more_body", False)


@pytest.fixture
def app(app: FastAPI, chronicle: object) -> FastAPI:
    """The application of a store that holds the chronicle."""
    return app


def test_a_replay_that_is_through_is_closed(app, watched):
    messages = asyncio.run(ask(app, "country=AFG"))
    assert is_complete(messages)
    assert b'"end":true' in body(messages)
    assert (watched.begun, watched.closed, app.state.streams.running) == (1, 1, 0)


def test_while_it_waits_a_replay_holds_no_thread(app, watched):
    held = []

    def look(gone: asyncio.Event) -> None:
        held.append(to_thread.current_default_thread_limiter().borrowed_tokens)
        gone.set()

    asyncio.run(ask(app, SLOW, then=look))
    assert held == [0]


@pytest.mark.parametrize("query", [SLOW, "country=AFG"])
def test_a_client_that_goes_away_leaves_nothing_behind(query, app, watched):
    asyncio.run(ask(app, query, then=lambda gone: gone.set()))
    assert (watched.begun, watched.closed, app.state.streams.running) == (1, 1, 0)


def test_a_client_that_goes_away_while_it_reads_leaves_nothing_behind(app, watched):
    def stall(gone: asyncio.Event) -> Awaitable[None]:
        gone.set()
        return asyncio.Event().wait()

    asyncio.run(ask(app, SLOW, then=stall))
    assert (watched.begun, watched.closed, app.state.streams.running) == (1, 1, 0)


def test_one_that_goes_away_leaves_the_others_alone(app, watched):
    async def both() -> tuple[list[Json], list[Json]]:
        left = asyncio.create_task(ask(app, SLOW, then=lambda gone: gone.set()))
        return await left, await ask(app, "country=AFG")

    _, stayed = asyncio.run(both())
    assert b'"end":true' in body(stayed)


def test_a_server_that_stops_ends_its_streams_at_once(app, watched):
    seen = []

    def stop(_: asyncio.Event) -> None:
        seen.append(app.state.streams.running)
        app.state.streams.end()

    messages = asyncio.run(ask(app, SLOW, then=stop))
    assert seen == [1]
    assert is_complete(messages)
    assert b'"step":1' in body(messages)
    assert b'"end":true' not in body(messages)
    assert (watched.begun, watched.closed, app.state.streams.running) == (1, 1, 0)
    late = asyncio.run(ask(app, SLOW, then=stop))
    assert (is_complete(late), body(late)) == (True, b"")


def test_who_asks_for_the_headers_alone_begins_no_replay(app, watched):
    got = asyncio.run(ask(app, "country=AFG"))
    head = asyncio.run(ask(app, "country=AFG", method="HEAD"))
    assert (head[0], body(head), is_complete(head)) == (got[0], b"", True)
    assert watched.begun == 1


def test_a_fault_on_the_way_cuts_a_replay_off(app, watched, monkeypatch):
    def parts(*_: Any, **__: Any) -> Any:
        yield [Part(None, b"{}\n")]
        raise LookupError("a fault")

    monkeypatch.setattr(replay, "_parts", parts)
    messages: list[Json] = []
    with pytest.raises(LookupError):
        asyncio.run(ask(app, "country=AFG", messages=messages))
    assert (body(messages), is_complete(messages)) == (b"{}\n", False)
    assert (watched.closed, app.state.streams.running) == (1, 0)


def test_a_server_stops_in_order_while_replays_wait_for_their_next_day(home):
    with serving(home) as server:
        streams = [server.client.stream("GET", f"/v1/replay?{SLOW}") for _ in range(3)]
        opened = [stream.__enter__() for stream in streams]
        lines = [answer.iter_lines() for answer in opened]
        for each in lines:
            assert json.loads(next(each))["step"] == 1
        server.process.send_signal(signal.SIGINT)
        for each in lines:
            assert not any("end" in json.loads(line) for line in each)
        for stream in streams:
            stream.__exit__(None, None, None)
        _, errors = server.process.communicate(timeout=PATIENCE)
    assert server.process.returncode == 0
    # After ten seconds they would be cut off, with a complaint.
    assert errors == "casus: stopped; everything acknowledged is on disk\n"
