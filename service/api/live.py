"""What is recorded, to all who follow the log, as soon as the timelines show it.

Streams do not look at the store by themselves. The projector tells the one `Live` of an application how
far the timelines reach, whoever recorded what they show, and that wakes all streams; a common beat wakes
them as well, so that none has a timer. The first to come for what is beyond a position lets it be read and
written, on a thread; whoever comes for the same gets the same bytes, which are kept for a while. A stream
holds nothing but its position, and so it does where its client is slow.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from eventsourcing.persistence import Notification

from service.api.streams import on_a_thread
from service.bootstrap import Casus
from service.publishing.cloudevents import HEARTBEAT, Envelopes
from service.publishing.concerns import Concerned, Interest, Noted, concerned, noted

RECORDS_AT_ONCE = 100
"""Records that are sent in one piece, at most."""

BYTES_AT_ONCE = 64_000
"""Bytes of records beyond which no other is sent in the same piece: what a slow client may have waiting."""

KEPT = 8_000_000
"""Bytes of pieces that are kept for whoever comes for the same."""

OVERHEAD = 500
"""Bytes that a piece takes, as a guess, beside its records."""

V = TypeVar("V")


class Shared:
    """Values that are made once for all who ask for them, the latest kept. Used by one event loop."""

    def __init__(self, capacity: int = KEPT) -> None:
        self._capacity = capacity
        self._size = 0
        self._made: OrderedDict[object, tuple[Any, int]] = OrderedDict()
        self._making: dict[object, asyncio.Task[Any]] = {}

    async def get(
        self, key: object, make: Callable[[], Awaitable[V]], size: Callable[[V], int]
    ) -> V:
        """The value of a key, made unless it is there."""
        if key in self._made:
            self._made.move_to_end(key)
            return cast("V", self._made[key][0])
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._make(key, make, size))
        # Who asked first may go away before the others have it.
        return cast("V", await asyncio.shield(task))

    async def _make(
        self, key: object, make: Callable[[], Awaitable[V]], size: Callable[[V], int]
    ) -> V:
        try:
            value = await make()
        finally:
            del self._making[key]
        self._made[key] = value, size(value)
        self._size += size(value)
        while self._size > self._capacity:
            _, (_, gone) = self._made.popitem(last=False)
            self._size -= gone
        return value


@dataclass(frozen=True, slots=True)
class Piece:
    """Events, of all records up to a position that somebody wants."""

    upto: int
    data: bytes


class _Nothing(Exception):
    """Raised where the log has no records that the timelines show."""


class Live:
    """The end of the log, as the timelines show it, and who waits for it to move."""

    def __init__(self, casus: Casus) -> None:
        self._casus = casus
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Event()
        self._shared = Shared()
        self._telling = threading.Lock()
        self._beats = 0
        self._logs = 0  # that were there before this one
        self.position = 0

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Be told by the projector for as long as the context lasts."""
        self._loop = asyncio.get_running_loop()
        projector = self._casus.projector
        projector.listeners.append(self.tell)
        projector.forgetters.append(self.forget)
        beating = asyncio.create_task(self._beat_for_ever())
        try:
            yield
        finally:
            projector.listeners.remove(self.tell)
            projector.forgetters.remove(self.forget)
            self._loop = None
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    def tell(self, position: int) -> None:
        """Note that the timelines show a position, on any thread."""
        with self._telling:
            if position <= self.position:
                return
            self.position = position
        self._call(self._wake)

    def forget(self) -> None:
        """Note, on any thread, that another log is there: streams of the one before come to an end."""
        with self._telling:
            self.position = 0
        self._call(self._begin_anew)

    def _begin_anew(self) -> None:
        self._logs += 1
        self._shared = Shared()
        self._wake()

    def _call(self, what: Callable[[], None]) -> None:
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop has ended a moment ago, and all streams
                loop.call_soon_threadsafe(what)

    def _wake(self) -> None:
        self._turn.set()
        self._turn = asyncio.Event()

    def beat(self) -> None:
        """Let every stream that waits say so."""
        self._beats += 1
        self._wake()

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            self.beat()

    async def events(
        self, after: int, until: int | None, interest: Interest, origin: str
    ) -> AsyncGenerator[bytes, None]:
        """Server-sent events of the records beyond a position, to another or for ever.

        It begins with its position, so that a client that is cut off at once goes on from there.
        """
        yield _waiting(after)
        beats, logs = self._beats, self._logs
        while logs == self._logs and (until is None or after < until):
            end = self.position if until is None else min(self.position, until)
            if after < end:
                piece = await self._piece(after, end, interest, origin)
                after = piece.upto
                if piece.data:
                    yield piece.data
            elif beats != self._beats:
                beats = self._beats
                yield _waiting(after)
            else:
                await self._turn.wait()
        # What was last may not have been of interest: the client is not to ask for it again.
        yield _waiting(after)

    async def _piece(self, after: int, end: int, interest: Interest, origin: str) -> Piece:
        try:
            entries = await self._shared.get(
                after, partial(on_a_thread, partial(self._read, after)), _size_of
            )
        except _Nothing:
            # Another log was put in the place of this one, which is noticed in a moment.
            await self._turn.wait()
            return Piece(after, b"")
        if entries[-1].id > end:
            # Others are ahead of the end that was asked for.
            entries = [entry for entry in entries if entry.id <= end]
            return await self._written(entries, interest, origin)
        return await self._shared.get(
            (after, interest, origin),
            partial(self._written, entries, interest, origin),
            lambda piece: len(piece.data) + OVERHEAD,
        )

    def _read(self, after: int) -> list[Notification]:
        entries: list[Notification] = []
        size = 0
        for entry in self._casus.followed.entries(after, RECORDS_AT_ONCE, self.position):
            entries.append(entry)
            size += len(entry.state)
            if size > BYTES_AT_ONCE:
                break
        if not entries:
            raise _Nothing  # which is not kept, as what is found would be
        return entries

    async def _written(
        self, entries: Sequence[Notification], interest: Interest, origin: str
    ) -> Piece:
        envelopes = Envelopes(origin)
        if not interest:
            return Piece(
                entries[-1].id, b"".join(_event(envelopes, Concerned(each)) for each in entries)
            )
        first = entries[0].id
        notes = await self._shared.get(
            (first, entries[-1].id),
            partial(on_a_thread, partial(noted, self._casus.followed, entries)),
            lambda notes: 2 * _size_of([each.entry for each in notes]),
        )
        return await on_a_thread(partial(self._of_interest, notes, interest, envelopes))

    def _of_interest(
        self, notes: Sequence[Noted], interest: Interest, envelopes: Envelopes
    ) -> Piece:
        casus = self._casus
        found = concerned(casus.followed, casus.reader.actors.ever_one, interest, notes)
        return Piece(notes[-1].entry.id, b"".join(_event(envelopes, each) for each in found))


def _size_of(entries: Sequence[Notification]) -> int:
    return sum(len(entry.state) + OVERHEAD for entry in entries)


def _event(envelopes: Envelopes, found: Concerned) -> bytes:
    """A server-sent event. A belated record leaves the position at which the client goes on as it is."""
    name = b"" if found.is_belated else b"id: %d\n" % found.entry.id
    return b"%bdata: %b\n\n" % (name, envelopes.of(found.entry))


def _waiting(position: int) -> bytes:
    """A sign of life. An event without data is none to the client, but for its id."""
    return b": waiting\nid: %d\n\n" % position
