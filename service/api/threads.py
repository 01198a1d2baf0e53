"""Threads for one kind of work each, so that what waits for the store leaves those of all others alone.

A write may wait for long: its primary waits for a replica that is away, or its disk for something else. As
many writes as there are threads would leave none for reads, nor for whoever asks whether the service lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

import anyio.to_thread

from service.api.problems import Problem

WRITES = 32
"""Writes that are under way at a time; what waits for each other is committed together."""

PATIENCE = 30.0
"""Seconds that a request waits for its turn, and then as long for its end."""

BETWEEN = 0.05
"""Seconds between looks at the log of whoever waits for a position."""

T = TypeVar("T")


class Threads:
    """So many threads of one event loop."""

    def __init__(self, most: int, patience: float = PATIENCE) -> None:
        self._places = asyncio.Semaphore(most)
        self._patience = patience
        self._under_way: set[asyncio.Task[object]] = set()

    async def run(self, make: Callable[[], T]) -> T:
        """What a function returns. It goes on where it is no longer waited for. Raises `Problem`."""
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            raise _busy(
                "as many requests as may wait for the store already; nothing was done"
            ) from None
        task: asyncio.Task[T] = asyncio.create_task(
            anyio.to_thread.run_sync(make, limiter=anyio.CapacityLimiter(1))
        )
        self._under_way.add(task)
        task.add_done_callback(self._leave)
        try:
            done, _ = await asyncio.wait([task], timeout=self._patience)
        except asyncio.CancelledError:
            raise _open("the service stops, and the store has not answered") from None
        if not done:
            raise _open(f"the store has not answered within {self._patience:g} s")
        return task.result()

    def _leave(self, task: asyncio.Task[object]) -> None:
        self._places.release()
        self._under_way.discard(task)
        _told(task)


class Looks:
    """Looks at the log for all who wait for what another node has recorded, one at a time.

    They have a thread of their own, so that as many as like may wait, and none keeps a thread.
    """

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._thread: anyio.CapacityLimiter | None = None
        self._under_way: asyncio.Task[object] | None = None

    async def until(self, is_there: Callable[[], bool], seconds: float) -> bool:
        """Look until something is there, or so many seconds are over. Raises what a look raises."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while await self.once(end - loop.time()) and not is_there() and loop.time() < end:
            await asyncio.sleep(BETWEEN)
        return is_there()

    async def once(self, seconds: float) -> bool:
        """Whether a look that begins from now on is done within so many seconds. Raises what it raises."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        if before := self._under_way:
            await asyncio.wait([before], timeout=seconds)
            if not before.done():
                return False
        if self._under_way is before:  # nobody else who waited has begun the next
            self._under_way = self._begun()
        look = cast("asyncio.Task[object]", self._under_way)
        done, _ = await asyncio.wait([look], timeout=end - loop.time())
        if done:
            look.result()
        return bool(done)

    def _begun(self) -> asyncio.Task[object]:
        self._thread = self._thread or anyio.CapacityLimiter(1)
        look = asyncio.create_task(anyio.to_thread.run_sync(self._look, limiter=self._thread))
        look.add_done_callback(_told)
        return look


def _told(task: asyncio.Task[object]) -> None:
    if not task.cancelled():
        task.exception()  # whoever waits for it is told; nobody may


def _open(reason: str) -> Problem:
    """The problem of a write of which nobody knows yet what came of it."""
    return _busy(
        f"{reason}: whether this was recorded shows later; sent again with its Idempotency-Key, it is"
        " carried out once"
    )


def _busy(detail: str) -> Problem:
    return Problem("busy", detail, headers={"Retry-After": "5"})
