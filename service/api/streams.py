"""Answers that go on for as long as they have something to say, and somebody to say it to.

A stream is an asynchronous generator of bytes. It is closed where it is, and what it holds with it, when
its client goes away and when the server stops: the answer is over then, but not what it was about, which
is why the generator's last words say that it is through. One that comes to an end by itself may do so for
as long as a server that stops has patience; if it is cut off then, its answer has no end either, so that
nobody takes a part of a table for the whole. A client that reads slowly is waited for.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.api.problems import Problem
from service.publishing.cloudevents import HEARTBEAT

log = logging.getLogger("casus")

HEADERS_ONLY = "casus.headers_only"
"""The key of a scope whose client asked for the headers alone: a stream is not begun for these."""

T = TypeVar("T")

AT_ONCE = 4
"""Streams that read from the store at the same time; whoever asks for a page has threads left."""

WRITTEN_AT_ONCE = 16
"""Long answers that are written while they are sent: each holds some megabytes of what it writes."""

AGAIN = 10
"""Seconds after which whoever found no place among them may ask again."""

_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, anyio.CapacityLimiter] = WeakKeyDictionary()


def _threads() -> anyio.CapacityLimiter:
    """The threads of this event loop's streams."""
    return _limiters.setdefault(asyncio.get_running_loop(), anyio.CapacityLimiter(AT_ONCE))


class Streams:
    """The streams that an application is sending."""

    def __init__(self) -> None:
        self._running: dict[anyio.CancelScope, bool] = {}
        self._are_over = False
        self.told: Callable[[int], object] = lambda _: None
        """Told how many there are, whenever that changes."""

    @property
    def running(self) -> int:
        """How many there are."""
        return len(self._running)

    def end(self) -> None:
        """End those that would go on, and at once what begins from now on: the server stops."""
        self._are_over = True
        for scope, ends in self._running.items():
            if not ends:
                scope.cancel()

    def cut(self) -> None:
        """Cut off what has not come to its end."""
        for scope in self._running:
            scope.cancel()

    @contextmanager
    def one(self, *, ends: bool = False) -> Iterator[anyio.CancelScope]:
        """The scope in which one of them runs, until it is through or cancelled.

        One that `ends` by itself is let come to its end.
        """
        with anyio.CancelScope() as scope:
            self._running[scope] = ends
            self.told(len(self._running))
            try:
                if self._are_over and not ends:
                    scope.cancel()
                yield scope
            finally:
                self._running.pop(scope)
                self.told(len(self._running))


class Places:
    """Places for answers that are written while they are sent, half of them for one address at the most.

    Used by many threads.
    """

    def __init__(self, most: int = WRITTEN_AT_ONCE) -> None:
        self._most = most
        self._share = max(1, most // 2)
        self._lock = threading.Lock()
        self._taken = Counter[str]()

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._taken.total()

    def given(self, chunks: Iterator[bytes], address: str) -> Iterator[bytes]:
        """The chunks, with a place until they are through or nobody wants more. Raises `Problem`."""
        with self._lock:
            for taken, most, whose in (
                (self._taken.total(), self._most, ""),
                (self._taken[address], self._share, " for this address"),
            ):
                if taken >= most:
                    raise Problem(
                        "busy",
                        f"{most} long publications are being written{whose}",
                        headers={"Retry-After": str(AGAIN)},
                    )
            self._taken[address] += 1
        return begun(self._held(chunks, address))

    def _held(self, chunks: Iterator[bytes], address: str) -> Iterator[bytes]:
        try:
            yield b""  # what was never begun would give nothing back
            yield from chunks
        finally:
            with self._lock:
                self._taken[address] -= 1
                if not self._taken[address]:
                    del self._taken[address]


def begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A generator that has yielded once: it cleans up in the end, even if nobody asks it for more."""
    next(chunks)
    return chunks


class Stream(Response):
    """An answer whose body is a generator's."""

    def __init__(
        self,
        body: AsyncGenerator[bytes, None],
        media_type: str,
        headers: Mapping[str, str],
        *,
        ends: bool = False,
        status: int = 200,
    ) -> None:
        super().__init__(media_type=media_type, headers=headers, status_code=status)
        self._ends = ends
        if "Content-Length" not in headers:
            del self.headers["content-length"]
        self._generator = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it to its end, or to the client's, or the server's."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        if HEADERS_ONLY in scope or await self._send_body(
            scope["app"].state.streams, receive, send
        ):
            await send({"type": "http.response.body", "body": b""})

    async def _send_body(self, streams: Streams, receive: Receive, send: Send) -> bool:
        """Send what there is; whether the answer is to have an end."""
        is_through = not self._ends
        with streams.one(ends=self._ends) as running:
            gone = asyncio.create_task(_gone(receive))
            gone.add_done_callback(lambda _: running.cancel())
            try:
                async with aclosing(self._generator) as parts:
                    async for part in parts:
                        body = {"type": "http.response.body", "body": part, "more_body": True}
                        await send(body)
                is_through = True
            finally:
                is_through = is_through or gone.done()
                gone.cancel()
        if not is_through:
            log.warning("an answer was cut off, as the service stops")
        return is_through


async def _gone(receive: Receive) -> None:
    """Wait until the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def on_a_thread(make: Callable[[], T]) -> T:
    """What a function returns that reads from the store."""
    return await anyio.to_thread.run_sync(make, limiter=_threads())


async def on_threads(chunks: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Chunks, each made on a thread when the one before is sent; what makes them is closed in the end."""
    try:
        while (
            chunk := await anyio.to_thread.run_sync(next, chunks, None, limiter=_threads())
        ) is not None:
            yield chunk
    finally:
        # The thread may hold it for a moment more, and with it whatever it holds.
        if isinstance(chunks, Generator):
            chunks.close()


@dataclass(frozen=True, slots=True)
class Part:
    """Something to send, and the day that it is of; None: of none, to be sent without waiting."""

    day: int | None
    data: bytes


async def paced(
    pages: Iterator[Sequence[Part]],
    speed: float | None,
    heartbeat: bytes,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[bytes, None]:
    """The parts, at `speed` days a second from the first one's day on; None: as fast as they are read.

    Pages are made on a thread, each when the one before is sent; waiting takes none. Where it waits for
    long it says `heartbeat`, if that is anything.
    """
    first, began = None, now()
    while page := await anyio.to_thread.run_sync(next, pages, (), limiter=_threads()):
        ready: list[bytes] = []
        for part in page:
            if speed is not None and part.day is not None:
                if first is None:
                    first, began = part.day, now()
                due = began + (part.day - first) / speed
                while (wait := due - now()) > 0:
                    if ready:
                        yield b"".join(ready)
                        ready.clear()
                        continue
                    await sleep(min(wait, HEARTBEAT))
                    if wait > HEARTBEAT and heartbeat:
                        yield heartbeat
            ready.append(part.data)
        yield b"".join(ready)
