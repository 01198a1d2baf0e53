"""The servers that are measured, each a process of its own on a free port of the loopback interface."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

from tests.benchmarks.store import Store

PATIENCE = 120
"""Seconds that a server may take to start."""

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers: its address, and its process."""

    address: str
    process: psutil.Process

    @property
    def memory(self) -> int:
        """The bytes that its process holds in memory (RSS)."""
        return int(self.process.memory_info().rss)

    @property
    def computed(self) -> float:
        """The seconds for which its process has computed."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def casus_server(store: Store) -> Iterator[Server]:
    """Casus, as ``casus serve`` runs it, with the route of constant bytes."""
    with _serving("tests.benchmarks.constant_server", str(store.home)) as server:
        yield server


@contextmanager
def node_server(home: Path, store: str) -> Iterator[Server]:
    """The same, of a store in a database, with its timelines in a folder."""
    with _serving("tests.benchmarks.constant_server", str(home), CASUS_STORE=store) as server:
        yield server


@contextmanager
def workers_server(store: Store, workers: int) -> Iterator[Server]:
    """Casus as ``casus serve --workers`` runs it; its process is the parent's, if there are several."""
    arguments = ("serve", "--home", str(store.home), "--port", "0", "--workers", str(workers))
    with _serving("tests.benchmarks.casus", *arguments) as server:
        yield server


@contextmanager
def datasette_server(store: Store) -> Iterator[Server]:
    """Datasette on the plain table, opened as what never changes, which is its fastest way."""
    with _serving("datasette", "serve", "--immutable", str(store.plain), "--port", "0") as server:
        yield server


@contextmanager
def _serving(module: str, *arguments: str, **settings: str) -> Iterator[Server]:
    with TemporaryFile("a+") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=printed,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings},
            cwd=Path(__file__).parents[2],
        )
        try:
            yield Server(_address(process, printed), psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen[bytes], printed: TextIO) -> str:
    """The address that a server prints, once it takes connections there."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        printed.seek(0)
        if found := _ADDRESS.search(printed.read()):
            address = urlsplit(found[0])
            try:
                socket.create_connection((address.hostname, address.port), timeout=5).close()
            except ConnectionRefusedError:
                pass
            else:
                return found[0]
        time.sleep(0.02)
    printed.seek(0)
    raise RuntimeError(f"the server did not start:\n{printed.read()}")
