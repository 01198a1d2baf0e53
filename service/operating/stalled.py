"""Clients that take nothing more of an answer, and do not go away either.

What they leave waits in memory, and with it whoever writes it: a place among those that are written at a
time, a page of a table, a chart. uvicorn waits for as long as they stay; here they are left after a while
in which they took not a byte. To be slow is not to be stalled.
"""

from __future__ import annotations

import asyncio
import sys

if sys.platform == "win32":  # there is no httptools for it; h11 bounds heads itself
    from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol
else:
    from service.operating.heads import BoundedHeads as Protocol

STALLED = 120.0
"""Seconds after which a connection is ended by which nothing was taken. A system takes some itself, and by
the megabyte, for a client that it has not heard of for a while."""


class Connection(Protocol):
    """A connection that is ended where its client stalls."""

    _looking: asyncio.TimerHandle | None = None

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
