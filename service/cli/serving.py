"""``casus serve``: open the store, fill it if it is empty, say where it is served, and serve it."""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import signal
import socket
import sys

import uvicorn

from service.api.app import create_app
from service.api.pages import LINKS
from service.api.streams import Streams
from service.bootstrap import Casus
from service.chronicles import BUNDLED, load_chronicle, parse_chronicle
from service.cli.output import complain, refuse, say
from service.cli.stores import opened
from service.settings import Settings

BACKLOG = 2048
"""Connections that may wait to be taken up."""


def serve_store(settings: Settings, *, bundled: bool) -> None:
    """Serve until interrupted or terminated. Raises SystemExit with a message where it can't."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    # It names every address that it sends something to.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # A termination stops the server as an interruption does: in order, and with status 0.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        _serve(settings, bundled=bundled)
    complain("casus: stopped; everything acknowledged is on disk")


class _Server(uvicorn.Server):
    """A server that ends its streams when it stops: they may have long to go."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order."""
        self._streams.end()
        await super().shutdown(sockets)


def _serve(settings: Settings, *, bundled: bool) -> None:
    listening = _listen(settings)
    with opened(settings, make=True) as casus:
        if bundled and casus.log.head == 0:
            _fill(casus)
        app = create_app(casus)
        server = _Server(
            uvicorn.Config(
                app,
                loop="auto",
                http="httptools" if sys.platform != "win32" else "auto",
                lifespan="on",
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=10,
            ),
            app.state.streams,
        )
        # From here on a client waits a moment instead of being turned away.
        listening.listen(BACKLOG)
        _announce(casus, settings, listening.getsockname()[1])
        # What is there by now stays: looking through it for garbage would halt every answer for a while.
        gc.collect()
        gc.freeze()
        server.run(sockets=[listening])


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        reason = (
            "another program uses it; choose another with PORT=8001"
            if error.errno == errno.EADDRINUSE
            else str(error.strerror or error)
        )
        refuse(f"port {settings.port} of {settings.host} can't be served on: {reason}")
    return listening


def _fill(casus: Casus) -> None:
    chronicle = parse_chronicle(BUNDLED.read_bytes())
    loaded = load_chronicle(chronicle, casus.log, casus.desk, "casus")
    say(f"Loaded {chronicle.title}: {loaded.incidents} incidents, {loaded.actors} actors.")


def _announce(casus: Casus, settings: Settings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{port}"
    say(f"Casus serves {settings.home.absolute()} at position {casus.reader.head}.\n"
              f"  address  {address}\n"
              f"  docs     {address}/docs\n"
              "  worth opening:")  # fmt: skip
    for link, _ in LINKS:
        say(f"    {address}{link}")
    sys.stdout.flush()
