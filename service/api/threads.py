"""Threads for one kind of work each, so that what waits for the store leaves those of all others alone.

A write may wait for long: its primary waits for a replica that is away, or its disk for something else. As
many writes as there are threads would leave none for reads, nor for whoever asks whether the service lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

from service.api.problems import Problem

WRITES = 32
"""Writes that are under way at a time; what waits for each other is committed together."""

WAITS = 16
"""Reads that wait at a time for what another node has recorded."""

PATIENCE = 30.0
"""Seconds that a request waits for its turn, and then as long for its end."""

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
        done, _ = await asyncio.wait([task], timeout=self._patience)
        if not done:
            raise _busy(
                f"the store has not answered within {self._patience:g} s: whether this was recorded shows"
                " later; sent again with its Idempotency-Key, it is carried out once"
            )
        return task.result()

    def _leave(self, task: asyncio.Task[object]) -> None:
        self._places.release()
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits for it is told; nobody may


def _busy(detail: str) -> Problem:
    return Problem("busy", detail, headers={"Retry-After": "5"})
