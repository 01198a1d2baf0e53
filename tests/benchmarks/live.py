"""The log's stream: a thousand clients that follow it, and how soon one append has reached them all.

They are raw sockets of the benchmark's own process. What the streams cost is the memory of the serving
process beyond what it had before the first of them, once all have been sent something.
"""

from __future__ import annotations

import http.client
import json
import resource
import selectors
import socket
import statistics
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from tests.benchmarks.report import Measured
from tests.benchmarks.servers import Server, casus_server
from tests.benchmarks.store import Store
from tests.processes import account

STREAMS = 1_000
APPENDS = 20
"""Incidents that are reported, one after the other."""

PATIENCE = 60
"""Seconds after which an event that has not come is taken to be lost."""

_FILES = 4_096
"""Open files that the process, and the server that it starts, are allowed."""


def measure_live(store: Store) -> list[Measured]:
    """The memory of a thousand streams, and the time until an append has reached the last of them."""
    _allow_files()
    store.open().close()
    with casus_server(store) as server:
        before = server.memory
        streams = [_opened(server) for _ in range(STREAMS)]
        _wait(streams, b"id: ")
        taken = [_reported(server, streams, number) for number in range(APPENDS)]
        megabytes = (server.memory - before) / 1e6
        for each in streams:
            each.close()
    return [
        Measured(
            name="live streams",
            what=f"memory of {STREAMS:,} open streams of the log on one process",
            against="a fixed mark",
            value=megabytes,
            reach=100,
            at_least=False,
            unit="MB",
            note=f"{megabytes / STREAMS * 1e3:.0f} kB each",
        ),
        Measured(
            name="live delivery",
            what=f"from the request of an append until it has reached all {STREAMS:,} streams",
            against="a fixed mark",
            value=max(taken),
            reach=1,
            at_least=False,
            unit="s",
            note=f"the slowest of {APPENDS}; median {statistics.median(taken):.2f} s",
        ),
    ]


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _opened(server: Server) -> socket.socket:
    parts = urlsplit(server.address)
    opened = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=PATIENCE)
    opened.sendall(f"GET /v1/log/stream HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return opened


def _wait(streams: Sequence[socket.socket], sign: bytes) -> None:
    """Read on all streams until each has been sent a sign."""
    deadline = time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as selector:
        for each in streams:
            selector.register(each, selectors.EVENT_READ, bytearray())
        while selector.get_map():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(selector.get_map())} streams were not sent {sign!r}")
            for key, _ in selector.select(1):
                stream, read = key.fileobj, key.data
                if not isinstance(stream, socket.socket):
                    continue
                piece = stream.recv(65_536)
                if not piece:
                    raise RuntimeError("the server closed a stream")
                read += piece
                if sign in read:
                    selector.unregister(stream)


def _reported(server: Server, streams: Sequence[socket.socket], number: int) -> float:
    """Report an incident; the seconds until all streams have it."""
    title = f"Live incident {number} of the benchmark"
    parts = urlsplit(server.address)
    client = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    body = json.dumps(account(title))
    began = time.perf_counter()
    client.request("POST", "/v1/incidents", body, {"Content-Type": "application/json"})
    _wait(streams, title.encode())
    taken = time.perf_counter() - began
    if client.getresponse().status != http.client.CREATED:
        raise RuntimeError("the incident was not recorded")
    client.close()
    return taken
