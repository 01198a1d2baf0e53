"""Keeps the timelines up with what other processes record, while the application runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

import anyio.to_thread

from service.views.projector import ProjectionStopped, Projector

log = logging.getLogger("casus")

INTERVAL = 0.5
"""Seconds between looks at the log."""


@contextlib.asynccontextmanager
async def following(
    projector: Projector, rests: Callable[[], bool] = lambda: False
) -> AsyncIterator[None]:
    """Follow the log for as long as the context lasts; it ends between two looks, never in one.

    It leaves the log alone while it `rests`: when another process is about to bring the timelines up.
    """
    stopping = asyncio.Event()
    task = asyncio.create_task(_follow(projector, rests, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def _follow(projector: Projector, rests: Callable[[], bool], stopping: asyncio.Event) -> None:
    told = ""
    own = anyio.CapacityLimiter(1)  # of threads: it waits for none that others have
    while not stopping.is_set():
        try:
            if not rests():
                await anyio.to_thread.run_sync(projector.catch_up, limiter=own)
            told = ""
        except ProjectionStopped as stopped:
            if told != str(stopped):  # said once, tried for as long as it lasts
                told = str(stopped)
                log.error("%s", told)
        except Exception:
            # Whatever it was, ending here would leave the timelines behind in silence.
            log.exception("the timelines could not be brought up; trying again")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), INTERVAL)
