"""Delivers to subscriptions while a server runs: one process for a store, one delivery for a subscription.

It looks for what is due when it is woken, when something that has failed is to be tried again, and now and
then, since other processes record and subscribe as well. Where another process delivers already, it waits
for its turn, which comes when that one ends or dies. What a receiver has accepted is written down before
the next is sent to it, so that everything arrives, in the order of the log, some of it maybe twice.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count

from starlette.concurrency import run_in_threadpool

from service.bootstrap import Casus, utc_now
from service.reading.clocks import instant_text
from service.recording import Clock
from service.state import Taken
from service.webhooks.batches import MOST_BYTES, MOST_RECORDS, Batch, Batches, Cursor
from service.webhooks.delivery import Outcome, Sender
from service.webhooks.store import MOST, Failed, Identity, Kept, Subscriptions

log = logging.getLogger("casus")

AT_ONCE = 32
"""Deliveries under way at a time."""

INTERVAL = 0.5
"""Seconds between looks for what other processes have done."""

LOOKING = 0.2
"""Seconds after which what was found is sent before more is looked for."""

HELD = 60.0
"""Seconds for which a subscription is left alone of which nothing can be written down."""

GRACE = 3.0
"""Seconds that deliveries have to come to an end when the server stops; what is cut off is sent again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a delivery is tried, and how long after each other: twice as long each time, by chance up
    to a half less, so that not everybody comes back at once."""

    first: float = 2.0
    longest: float = 14_400.0
    attempts: int = 30

    def wait(self, failures: int) -> float | None:
        """Seconds to wait after so many failures in a row; None: it is given up."""
        if failures >= self.attempts:
            return None
        wait = min(self.first * 2.0 ** (failures - 1), self.longest)
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 - nobody gains by knowing it


class Dispatcher:
    """Delivers what is due."""

    def __init__(
        self,
        casus: Casus,
        subscriptions: Subscriptions,
        *,
        patience: Patience = Patience(),
        sender: Callable[[], Sender] | None = None,
        clock: Clock = utc_now,
    ) -> None:
        """A dispatcher of what a store's timelines show."""
        self._casus, self._subscriptions = casus, subscriptions
        self._batches = self._new_batches()
        self._patience, self._clock = patience, clock
        self._sender = sender or (lambda: Sender(private=casus.settings.webhook_private))
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._turns: dict[str, int] = {}
        self._turn = count(1)
        self._taken: dict[str, int] = {}
        """Bytes that those take at once who have refused more."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._stopping = False
        self._shown = 0

    def _new_batches(self) -> Batches:
        return Batches(self._casus.followed, self._casus.reader.actors.ever_one)

    def _forget(self) -> None:
        """Forget what was read of a log in whose place another was put."""
        self._batches, self._shown = self._new_batches(), 0

    def wake(self) -> None:
        """Look for what is due, from whichever thread."""
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop has ended a moment ago
                loop.call_soon_threadsafe(self._woken.set)

    def _tell(self, position: int) -> None:
        """Note that the timelines show a position."""
        if position > self._shown:
            self._shown = position
            self.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver for as long as the context lasts."""
        self._loop, self._stopping = asyncio.get_running_loop(), False
        self._woken = asyncio.Event()
        projector = self._casus.projector
        projector.listeners.append(self._tell)
        projector.forgetters.append(self._forget)
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            projector.listeners.remove(self._tell)
            projector.forgetters.remove(self._forget)
            self._loop, self._stopping = None, True
            self._woken.set()
            await task
            await run_in_threadpool(self._subscriptions.close)

    async def _run(self) -> None:
        told = False
        while not self._stopping:
            try:
                with ExitStack() as stack:
                    if held := await run_in_threadpool(self._take_over, stack):
                        await self._deliver(held)
                told = False
            except Exception:
                # Whatever it was, ending here would leave every receiver waiting in silence.
                if not told:
                    log.exception("nothing can be delivered to subscriptions; trying again")
                told = True
            await self._rest(INTERVAL)

    def _take_over(self, stack: ExitStack) -> Callable[[], bool] | None:
        """What tells whether it still is this process that delivers from now on; None: it is not."""
        if not self._subscriptions.state.exists:
            return None
        try:
            return stack.enter_context(self._subscriptions.state.locked())
        except Taken:
            return None

    async def _rest(self, seconds: float) -> None:
        """Wait until it is woken, but not for long."""
        if not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), seconds)
        self._woken.clear()

    async def _deliver(self, held: Callable[[], bool]) -> None:
        """Deliver what is due until the server stops, or the right to do so is lost."""
        sender = await run_in_threadpool(self._sender)  # reading the authorities takes a while
        try:
            while not self._stopping and await run_in_threadpool(held):
                for kept, batch in await run_in_threadpool(self._due):
                    task = asyncio.create_task(self._attempt(sender, kept, batch))
                    self._under_way[kept.subscription.id] = task
                await self._rest(INTERVAL)
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way.values(), timeout=GRACE)
            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)
            self._under_way.clear()
            await sender.close()

    def _due(self) -> list[tuple[Kept, Batch]]:
        """What may be sent now, to as many as there is room for."""
        # Before the rows are read: whoever is not among them has what came of it in its row.
        under_way = set(self._under_way)
        head, room = self._casus.reader.head, AT_ONCE - len(under_way)
        due: list[tuple[Kept, Batch]] = []
        passed: dict[Identity, Cursor] = {}
        began = time.monotonic()
        waiting = self._subscriptions.due(head, instant_text(self._clock()))
        for kept in sorted(waiting, key=lambda kept: self._turns.get(kept.subscription.id, 0)):
            if len(due) == room or time.monotonic() > began + LOOKING:
                break
            subscription = kept.subscription
            if subscription.id in under_way:
                continue
            self._turns[subscription.id] = next(self._turn)
            batch = self._batches.next(
                subscription.filter,
                kept.origin,
                kept.cursor,
                head,
                most=kept.sent or MOST_RECORDS,
                most_bytes=self._taken.get(subscription.id, MOST_BYTES),
            )
            if batch.events:
                due.append((kept, batch))
            else:
                passed[kept.identity] = batch.reached
        if passed:
            self._subscriptions.passed(passed)
            self.wake()  # there may be more to look at
        if len(self._turns) > 2 * MOST:  # of whom many are gone
            self._turns.clear()
            self._taken.clear()
        return due

    async def _attempt(self, sender: Sender, kept: Kept, batch: Batch) -> None:
        subscription = kept.subscription
        try:
            # Of what is in it, so that whatever is sent again has the same.
            identifier = ".".join(map(str, (*kept.identity, *kept.cursor, len(batch.events))))
            outcome = await sender.send(subscription.url, kept.secret, identifier, batch.body)
            await run_in_threadpool(self._note, kept, batch, outcome)
        except Exception:
            log.exception("what came of a delivery to subscription %s is lost", subscription.id)
            # It will be sent once more, but not again and again.
            await asyncio.sleep(HELD)
        finally:
            del self._under_way[subscription.id]
            self._woken.set()

    def _note(self, kept: Kept, batch: Batch, outcome: Outcome) -> None:
        """Write down what came of an attempt."""
        now, identifier = self._clock(), kept.subscription.id
        at = instant_text(now)
        if outcome.error is None and outcome.status is not None:
            if identifier in self._taken:  # it may take more by now, which is found out slowly
                self._taken[identifier] += self._taken[identifier] // 16
            self._subscriptions.accepted(kept, batch.reached, outcome.status, at)
            return
        failed = Failed(sent=len(batch.events), at=at, status=outcome.status, error=outcome.error)
        wait = self._patience.wait(kept.subscription.failures + 1)
        if outcome.is_too_large and len(batch.events) > 1:
            # Not a failure in a row of such: there is less to be sent now, down to one record.
            self._taken[identifier] = len(batch.body) // 2
            failed, wait = replace(failed, sent=0, failures=0), 0.0
        if wait is not None and not outcome.is_gone:
            again = now + datetime.timedelta(seconds=max(wait, outcome.retry_after))
            failed = replace(failed, again=instant_text(again))
        self._subscriptions.failed(kept, failed)
