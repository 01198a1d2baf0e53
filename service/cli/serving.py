"""``casus serve``: open the store, fill it if it is empty, say where it is served, and serve it."""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
import sys
from typing import NoReturn

from eventsourcing.persistence import PersistenceError

from service.access.first import make_first_key
from service.api.app import create_app
from service.api.pages import LINKS
from service.bootstrap import Casus
from service.chronicles import BUNDLED, load_chronicle, parse_chronicle
from service.cli.output import complain, refuse, say
from service.cli.stores import opened
from service.operating import logs
from service.operating.serving import serve
from service.operating.workers import Workers
from service.settings import Settings

log = logging.getLogger("casus")

BACKLOG = 2048
"""Connections that may wait to be taken up."""


class _ToldToEnd(SystemExit):
    """Raised where a signal asks for an end, which is one in order, with status 0.

    It is no KeyboardInterrupt: one that passes through an `exec` of a text, as dataclasses are made by, is
    remembered by Python, and ends the process with the signal although it is caught.
    """


def _end(*_: object) -> NoReturn:
    raise _ToldToEnd


def serve_store(settings: Settings, *, bundled: bool) -> None:
    """Serve until interrupted or terminated. Ends as `refuse` does where it can't."""
    logs.begin(settings.log_format)
    if settings.workers > 1 and sys.platform == "win32":
        refuse("workers share a socket, which Windows does not let them; leave CASUS_WORKERS at 1")
    if settings.proxy_headers and not settings.proxies:
        refuse("which proxies are to be believed? name their addresses in CASUS_PROXIES")
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _end)
    status = 0
    with contextlib.suppress(_ToldToEnd):
        status = _serve(settings, bundled=bundled)
    if status:
        refuse("not every worker ended in order; what was acknowledged is on disk")
    stopped = "stopped; everything acknowledged is on disk"
    if settings.log_format == "json":
        log.info(stopped)
    else:
        complain(f"casus: {stopped}")


def _serve(settings: Settings, *, bundled: bool) -> int:
    """Serve until told to end; the exit status."""
    listening = _listen(settings)
    with opened(settings, make=True) as casus:
        if bundled and casus.log.head == 0:
            _fill(casus)
        _make_first_key(settings)
        app = create_app(casus) if settings.workers == 1 else None
        # From here on a client waits a moment instead of being turned away.
        listening.listen(BACKLOG)
        _announce(casus, settings, listening.getsockname()[1])
        if app:
            serve(app, listening, is_all=True)
            return 0
    return Workers(settings, listening).run()


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


def _make_first_key(settings: Settings) -> None:
    """Without one nobody can write over HTTP, and everybody reads on."""
    try:
        if path := make_first_key(settings):
            say(f"Made an administrator's key; it lies in {path.absolute()}")
    except (OSError, PersistenceError) as error:
        complain(f"casus: no key was made: {error}; casus keys create makes one")


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
