"""Streams: how fast they go, and how they end: by themselves, with their client, or with the server."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import pytest
from anyio import to_thread
from fastapi import FastAPI

from service.api import replay
from service.api.streams import Part, paced
from service.publishing.cloudevents import HEARTBEAT
from tests.processes import PATIENCE, STOPPED, serving

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


def test_the_first_day_is_when_it_is_sent():
    assert sent([[None], [10, 12]], 1, reading=5) == [(0, b"0 "), (5, b"10 "), (10, b"12 ")]
    assert sent([[None], [10, 22]], 1, reading=5) == [(0, b"0 "), (5, b"10 "), (17, b"22 ")]


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
    """An application, and how many bodies of its replays were begun and closed."""

    def __init__(self, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app = app
        self.begun = self.closed = 0
        monkeypatch.setattr(replay, "paced", self._body)

    async def _body(self, *arguments: Any) -> AsyncGenerator[bytes, None]:
        self.begun += 1
        try:
            async for piece in paced(*arguments):
                yield piece
        finally:
            self.closed += 1

    async def ask(
        self,
        query: str,
        *,
        then: Callable[[asyncio.Event], Awaitable[None] | None] = lambda _: None,
        method: str = "GET",
        messages: list[Json] | None = None,
    ) -> list[Json]:
        """What is sent to a client who does something with each piece, and may go away."""
        messages = [] if messages is None else messages
        gone, tasks = asyncio.Event(), asyncio.all_tasks()

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
        try:
            await asyncio.wait_for(self.app(scope, receive, send), PATIENCE)
        finally:
            # Nothing is left for later, when what was forgotten is collected.
            assert (self.closed, self.app.state.streams.running) == (self.begun, 0)
            await asyncio.sleep(0)
            assert asyncio.all_tasks() <= tasks
        return messages


@pytest.fixture
def watched(app: FastAPI, chronicle: object, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The application of a store that holds the chronicle."""
    return Watched(app, monkeypatch)


def body(messages: list[Json]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


def is_complete(messages: list[Json]) -> bool:
    return not messages[-1].get("more_body", False)


def test_a_replay_that_is_through_is_closed(watched):
    messages = asyncio.run(watched.ask("country=AFG"))
    assert is_complete(messages)
    assert b'"end":true' in body(messages)
    assert watched.begun == 1


def test_while_it_waits_a_replay_holds_no_thread(watched):
    held = []

    def look(gone: asyncio.Event) -> None:
        held.append(to_thread.current_default_thread_limiter().borrowed_tokens)
        gone.set()

    asyncio.run(watched.ask(SLOW, then=look))
    assert held == [0]


@pytest.mark.parametrize("query", [SLOW, "country=AFG"])
def test_a_client_that_goes_away_leaves_nothing_behind(query, watched):
    asyncio.run(watched.ask(query, then=lambda gone: gone.set()))
    assert watched.begun == 1


def test_a_client_that_goes_away_while_it_reads_leaves_nothing_behind(watched):
    def stall(gone: asyncio.Event) -> Awaitable[None]:
        gone.set()
        return asyncio.Event().wait()

    asyncio.run(watched.ask(SLOW, then=stall))
    assert watched.begun == 1


def test_a_server_that_stops_ends_its_streams_at_once(watched):
    seen = []

    def stop(_: asyncio.Event) -> None:
        seen.append(watched.app.state.streams.running)
        watched.app.state.streams.end()

    messages = asyncio.run(watched.ask(SLOW, then=stop))
    assert seen == [1]
    assert is_complete(messages)
    assert b'"step":1' in body(messages)
    assert b'"end":true' not in body(messages)
    assert watched.begun == 1
    late = asyncio.run(watched.ask(SLOW, then=stop))
    assert (is_complete(late), body(late)) == (True, b"")


def test_who_asks_for_the_headers_alone_begins_no_replay(watched):
    got = asyncio.run(watched.ask("country=AFG"))
    head = asyncio.run(watched.ask("country=AFG", method="HEAD"))
    for answer in (got, head):  # each has an id of its own
        answer[0]["headers"] = [each for each in answer[0]["headers"] if each[0] != b"x-request-id"]
    assert (head[0], body(head), is_complete(head)) == (got[0], b"", True)
    assert watched.begun == 1


def test_a_fault_on_the_way_cuts_a_replay_off(watched, monkeypatch):
    def parts(*_: Any, **__: Any) -> Any:
        yield [Part(None, b"{}\n")]
        raise LookupError("a fault")

    monkeypatch.setattr(replay, "_parts", parts)
    messages: list[Json] = []
    with pytest.raises(LookupError):
        asyncio.run(watched.ask("country=AFG", messages=messages))
    assert (body(messages), is_complete(messages)) == (b"{}\n", False)
    assert watched.begun == 1


def test_a_server_stops_in_order_while_replays_wait_for_their_next_day(home):
    with serving(home) as server, ExitStack() as open_streams:
        answers = [
            open_streams.enter_context(
                server.client.stream("GET", f"/v1/replay?{SLOW}")
            ).iter_lines()
            for _ in range(3)
        ]
        for lines in answers:
            assert json.loads(next(lines))["step"] == 1
        server.process.send_signal(signal.SIGINT)
        for lines in answers:
            assert not any("end" in json.loads(line) for line in lines)
        _, errors = server.process.communicate(timeout=PATIENCE)
    assert server.process.returncode == 0
    # After ten seconds they would be cut off, with a complaint.
    assert errors == STOPPED
