"""Casus as its users run it: commands and servers that are processes of their own.

Their environment is built from nothing, so that no setting of the machine reaches them, and they start in
a folder of the test. A process still running when its test ends is killed by its id.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import psycopg

from service.access.first import FILE as FIRST_KEY
from service.cli import main

PROGRAM = Path(sys.executable).with_name("casus")

PATIENCE = 60
"""Seconds after which a process that says nothing is taken to hang."""

STOPPED = "casus: stopped; everything acknowledged is on disk\n"
"""What a server says at an end in order, to standard error."""

LINKS = 3
"""How many links a server prints, last of all."""


def environment(home: Path, **settings: str) -> dict[str, str]:
    """All that a process finds in its environment: where its store is, and what a test sets."""
    return {"CASUS_HOME": str(home), "CASUS_RATE_WRITES": "0", **settings}


def run(
    *arguments: str | bytes | Path, home: Path, stdin: bytes = b"", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Whatever happens, nobody is shown a traceback."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        env=environment(home, **settings),
        cwd=home.parent,
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    output, errors = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in errors
    return subprocess.CompletedProcess(done.args, done.returncode, output, errors)


def ask(
    *arguments: str | bytes | Path, home: Path, stdin: bytes = b"", **settings: str
) -> subprocess.CompletedProcess[str]:
    """What `run` does, within this process: a tenth of the time, for the many ways to be refused."""
    words = ["casus", *(os.fsdecode(argument) for argument in arguments)]
    files = [io.TextIOWrapper(io.BytesIO(data), "utf-8") for data in (stdin, b"", b"")]
    given, output, errors = files
    with (
        contextlib.chdir(home.parent),
        mock.patch.dict(os.environ, environment(home, **settings), clear=True),
        mock.patch.multiple(sys, argv=words, stdin=given, stdout=output, stderr=errors),
    ):
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
    shown = []
    for file in (output, errors):
        file.flush()
        shown.append(file.detach().getvalue().decode())
    return subprocess.CompletedProcess(words, status, *shown)


def started(*arguments: str | Path, home: Path, **settings: str) -> subprocess.Popen[str]:
    """A command that is running."""
    return subprocess.Popen(
        [PROGRAM, *arguments],
        env=environment(home, **settings),
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def kill(process: subprocess.Popen[str]) -> None:
    """End a process as a power cut would, whatever it is doing; one that has ended is left alone."""
    process.kill()
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


@dataclass(frozen=True)
class Ended:
    """How a server ended."""

    status: int
    errors: str


@dataclass
class Server:
    """A server that is ready."""

    process: subprocess.Popen[str]
    printed: list[str]
    address: str
    key: str = field(default="", repr=False)
    """What its client writes by: the first key of the store, where that was made by one of ours."""
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.address, timeout=PATIENCE, trust_env=False, headers=self.credentials
        )

    @property
    def credentials(self) -> dict[str, str]:
        """The header by which its client writes."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def get(self, path: str) -> httpx.Response:
        """The answer at a path."""
        return self.client.get(path)

    def end(self, how: signal.Signals = signal.SIGINT) -> Ended:
        """Send a signal and wait for the end."""
        self.process.send_signal(how)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return Ended(self.process.returncode, errors)


@contextmanager
def serving(home: Path, *arguments: str, **settings: str) -> Iterator[Server]:
    """A server of a store on a free port, once it is ready."""
    process = started("serve", *arguments, home=home, **{"PORT": "0", **settings})
    server = None
    try:
        printed, address = _announcement(process)
        server = Server(process, printed, address, _key_of(home, settings.get("CASUS_STORE")))
        ready = server.get("/readyz")
        assert ready.status_code in (200, 503), ready.text
        yield server
    finally:
        if server:
            server.client.close()
        kill(process)


def _key_of(home: Path, store: str | None) -> str:
    """The store's first key: in the folder of the node that was started first, if there are several."""
    file = home / FIRST_KEY
    if file.exists():
        _FIRST_KEYS[store or str(home)] = file.read_text().strip()
    return _FIRST_KEYS.get(store or str(home), "")


_FIRST_KEYS: dict[str, str] = {}


def _announcement(process: subprocess.Popen[str]) -> tuple[list[str], str]:
    """What a server prints until it has named its links, and its address."""
    assert process.stdout is not None
    printed: list[str] = []
    overdue = threading.Timer(PATIENCE, process.kill)
    overdue.start()
    try:
        for line in process.stdout:
            printed.append(line.rstrip("\n"))
            if len(links_in(printed)) == LINKS:
                address = next(each for each in printed if each.startswith("  address"))
                return printed, address.split()[1]
    finally:
        overdue.cancel()
    raise AssertionError(f"the server ended: {printed} {process.communicate()[1]}")


def loaded(program: str, modules: Iterable[str], **settings: str) -> list[str]:
    """Those of some modules that are loaded in a process of its own when a program has run in it."""
    shown = f"import sys; print(*(name for name in {list(modules)!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{shown}"],
        env={"PYTHONPATH": str(Path(__file__).parents[1]), **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout.splitlines()[-1].split()


def until(so: Callable[[], bool]) -> None:
    """Look again and again until it is so: less often the longer it takes, as it takes time to look."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.01
    while not so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(pause)
        pause = min(0.1, 1.2 * pause)


def log_rows(home: Path | str) -> list[tuple[Any, ...]]:
    """The rows of a log, in a folder or at a URL: position, stream, version, topic and bytes."""
    if isinstance(home, str):
        with psycopg.connect(home) as server:
            rows = server.execute("SELECT * FROM casus.log ORDER BY position").fetchall()
            return [(row[0], row[1].hex, *row[2:]) for row in rows]
    with closing(sqlite3.connect(f"{(home / 'log.sqlite').as_uri()}?mode=ro", uri=True)) as log:
        return log.execute("SELECT * FROM stored_events ORDER BY position").fetchall()


def account(title: str) -> dict[str, Any]:
    """The body of a report of an incident in Afghanistan."""
    return {
        "title": title,
        "type": "attack",
        "occurred": "2021-06-22",
        "place": {"name": "Somewhere", "country": "AFG"},
        "source": {"name": "A newspaper", "published": "2021-06-23"},
    }


def links_in(printed: list[str]) -> list[str]:
    """The links that a server prints as worth opening."""
    return [line.strip() for line in printed if line.startswith("    ")]
