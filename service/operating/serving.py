"""One process that serves: until it is told to end, and then in order.

When it is told to end it is no longer ready, and for a moment, or as long as ``CASUS_DRAIN`` says, every
answer is the last of its connection, so that no client sends a request into one that is being closed.
Streams that would go on for ever end then, as their format wants it; answers that come to an end by
themselves have until ``CASUS_GRACE``, and are cut off after that in such a way that the client can tell.
What delivers, imports and projects ends last.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from service.api.streams import Streams
from service.operating.stalled import Connection, end_silent
from service.operating.state import Operating

log = logging.getLogger("casus")

LAST_CALL = 0.25
"""Seconds for which it goes on at least: a client that is busy has had an answer by then."""

UNHEARD = 1.0
"""Seconds that connections which were let in at last have to say what they want."""

BEFORE_THE_END = 0.5
"""Seconds before everything is cancelled in which streams are cut off, and say so."""

KEPT_ALIVE = 75
"""Seconds for which a connection stays open between requests: longer than proxies keep theirs (nginx: 60),
so that none sends a request into one that is being closed."""

TICKS = 10
"""Tenths of a second between two looks at connections by which nobody asks anything."""

LAST = 10.0
"""Seconds beyond drain and grace after which a process ends at once: something waits for a store that does
not answer, and no thread can be called back from there."""

_LOOK = 0.05


class Server(uvicorn.Server):
    """A server that ends in order."""

    def __init__(
        self, config: uvicorn.Config, operating: Operating, streams: Streams, *, is_all: bool
    ) -> None:
        super().__init__(config)
        self._operating, self._streams, self._is_all = operating, streams, is_all

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to end; a signal that comes before the loop runs is taken up as well."""
        with self.capture_signals():
            super().run(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Look after connections now and then; whether it is to end."""
        if counter % TICKS == 0:
            end_silent(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order."""
        settings = self._operating.settings
        self._operating.stopping = True
        if self._is_all:
            _end_within(settings.drain + settings.grace + LAST)
        loop = asyncio.get_running_loop()
        until = loop.time() + max(settings.drain, LAST_CALL if self.server_state.connections else 0)
        while loop.time() < until and not self.force_exit:
            await asyncio.sleep(_LOOK)
        await self._close(sockets or [])
        self._streams.end()
        until = loop.time() + UNHEARD
        while self._unheard and loop.time() < until and not self.force_exit:
            await asyncio.sleep(_LOOK)
        cutting = loop.call_later(max(0.0, settings.grace - BEFORE_THE_END), self._streams.cut)
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    @property
    def _unheard(self) -> bool:
        """Whether there is a connection by which nothing was asked yet."""
        return any(getattr(each, "cycle", 0) is None for each in self.server_state.connections)

    async def _close(self, sockets: list[socket.socket]) -> None:
        """Let nobody in any more; but those who stand in the socket's queue, which would be reset."""
        let_in: list[socket.socket] = []
        for each in sockets:
            with suppress(OSError):  # there is nobody more
                each.setblocking(False)
                while True:
                    let_in.append(each.accept()[0])
        for server in self.servers:
            server.close()
        for each in sockets:
            each.close()
        for connection in let_in:
            with suppress(OSError):  # it has gone away meanwhile
                await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


def _end_within(seconds: float) -> None:
    """End this process after so many seconds, if it has not ended in order by then."""

    def end() -> None:
        log.error("ended at once, as the store did not answer; everything acknowledged is on disk")
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def serve(app: FastAPI, listening: socket.socket, *, is_all: bool = False) -> None:
    """Serve an application on a socket until interrupted or terminated: the signal is raised again then.

    Where that is all that the process does, it ends some seconds after grace in any case.
    """
    operating: Operating = app.state.operating
    config = uvicorn.Config(
        app,
        loop="auto",
        http=Connection,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `service.access.proxies` takes them, from named proxies alone
        timeout_keep_alive=KEPT_ALIVE,
        timeout_graceful_shutdown=math.ceil(operating.settings.grace),
    )
    _allow_many_connections()
    # What is there by now stays: looking through it for garbage would halt every answer for a while.
    gc.collect()
    gc.freeze()
    Server(config, operating, app.state.streams, is_all=is_all).run(sockets=[listening])


def _allow_many_connections() -> None:
    """Let this process have as many files open as it may: each connection is one."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - there is none on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(ValueError, OSError):  # what may be set is more than can be had
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
