"""Clients that take nothing more of an answer, or ask for nothing, and do not go away either.

What the first leave waits in memory, and with it whoever writes it: a place among those that are written at
a time, a page of a table, a chart. Of the others each holds a connection, of which a process has so many.
uvicorn waits for as long as they stay; here they are left after a while in which they took not a byte, or
sent no request in whole. To be slow is not to be stalled.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from http import HTTPStatus

if sys.platform == "win32":  # there is no httptools for it
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        """A connection by which no long head comes: h11 sees to that itself."""

        taken = unread = 0
        refused = False

        def answer(self, status: HTTPStatus, text: str) -> None:
            """It is closed without a word."""
else:
    from service.operating.heads import BoundedHeads as Protocol

STALLED = 120.0
"""Seconds after which a connection is ended by which nothing was taken. A system takes some itself, and by
the megabyte, for a client that it has not heard of for a while."""

ASKED_WITHIN = 30.0
"""Seconds in which a head is there, from when a connection is open or when the first byte of another came.
What is left of a body that nobody reads may take longer, as long as it comes."""


class Connection(Protocol):
    """A connection that is ended where its client stalls."""

    _looking: asyncio.TimerHandle | None = None
    _silent_since: float | None = None
    _taken_before = 0

    def pause_writing(self) -> None:
        """More waits than should."""
        super().pause_writing()
        self._look_after(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Most of it was taken."""
        super().resume_writing()
        self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, or was left."""
        self._rest()
        super().connection_lost(exc)

    def end_if_silent(self, now: float) -> None:
        """End it if nobody has asked anything by it for long. To be called now and then."""
        if not self._waits:
            self._silent_since = None
        elif self._silent_since is None or self.taken != self._taken_before:
            self._taken_before, self._silent_since = self.taken, now
        elif now - self._silent_since > ASKED_WITHIN and not self.transport.is_closing():
            if self.unread and not self.refused:
                self.answer(
                    HTTPStatus.REQUEST_TIMEOUT,
                    f"the request line and the headers were not there within {ASKED_WITHIN:.0f} s",
                )
            self.transport.close()

    @property
    def _waits(self) -> bool:
        """Whether the next has to come from the client; between requests uvicorn's timer ends it."""
        is_answered = self.cycle is None or self.cycle.response_complete
        return is_answered and self.timeout_keep_alive_task is None

    def _look_after(self, waiting: int) -> None:
        self._rest()
        loop = asyncio.get_running_loop()
        self._looking = loop.call_later(STALLED, self._look, waiting)

    def _look(self, waited: int) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting < waited:
            self._look_after(waiting)
        else:
            self.transport.abort()

    def _rest(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None


def end_silent(connections: Iterable[object], now: float) -> None:
    """End those of some connections by which nobody has asked anything for long."""
    for each in list(connections):
        if isinstance(each, Connection):
            each.end_if_silent(now)
