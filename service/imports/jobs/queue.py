"""The queue of imports: one process at a time that carries them out, while a server runs.

The process is told to end by the end of its standard input, which comes with the end of the server,
whatever that is. So nothing goes on unseen, and the next server to start carries out what is left.
"""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from eventsourcing.persistence import PersistenceError

from service.imports.jobs.documents import ImportJob
from service.imports.jobs.store import LOCK, Imports, locked
from service.views.projector import ProjectionStopped, Projector
from service.workers import environment

log = logging.getLogger("casus")

TOLD_EVERY = 1.0
"""Seconds between which other nodes are told how far an import is."""

INTERVAL = 2.0
"""Seconds between looks for imports that another server was sent, and has left."""

PATIENCE = 10.0
"""Seconds that a process has to come to an end in order."""

SLOWEST = 60.0
"""The most seconds before another process is started, where those before came to a bad end."""


class Queue:
    """Carries out the imports of a store, in a thread that starts processes and waits for them."""

    def __init__(self, imports: Imports, projector: Projector) -> None:
        self._imports = imports
        self._projector = projector
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self.told: Callable[[ImportJob], object] = lambda _: None
        """Told of an import that is over, by this server."""

    @property
    def is_busy(self) -> bool:
        """Whether a process of this server carries an import out."""
        return self._process is not None

    def start(self) -> None:
        """Begin with what is left of an earlier run."""
        self._thread = threading.Thread(target=self._work, name="imports", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for what is new."""
        self._woken.set()

    def stop(self) -> None:
        """End the process that is running; its import is begun again by the next server."""
        with self._lock:
            self._stopping.set()
            self._woken.set()
            process = self._process
            if process and process.stdin:
                process.stdin.close()
        if self._thread is None:
            return
        self._thread.join(PATIENCE)
        if self._thread.is_alive() and process:
            process.kill()
            self._thread.join()

    def _work(self) -> None:
        failures = 0
        self._imports.tidy()
        while not self._stopping.is_set():
            wait = INTERVAL
            try:
                self._imports.share()
                if (waiting := self._imports.waiting()) and not self.is_taken():
                    failures = 0 if self._carry_out() else failures + 1
                    self._tell_of(waiting)
                    wait = min(SLOWEST, 2.0 ** (failures - 2)) if failures else 0
            except Exception:
                # Whatever it was, ending here would leave every import waiting in silence.
                log.exception("imports can't be carried out; trying again")
                wait = SLOWEST
            if wait:
                self._woken.wait(wait)
            self._woken.clear()

    def _tell_of(self, waiting: Sequence[str]) -> None:
        for job in map(self._imports.get, waiting):
            if job and job.is_over:
                self.told(job)

    def is_taken(self) -> bool:
        """Whether a process carries imports of this store out, of whichever server."""
        if not (self._imports.folder / LOCK).exists():
            return False
        try:
            with locked(self._imports.folder, 0):
                return False
        except sqlite3.OperationalError:
            return True

    def _end_of(self, process: subprocess.Popen[bytes]) -> int:
        """The status with which a process ends; other nodes are told meanwhile how far it is."""
        while True:
            try:
                return process.wait(TOLD_EVERY)
            except subprocess.TimeoutExpired:
                with suppress(PersistenceError):  # they are told the next time
                    self._imports.share()

    def _carry_out(self) -> bool:
        """Let a process carry imports out, to its end; whether it came to a good one."""
        with self._lock:
            if self._stopping.is_set():
                return True
            self._process = process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "service.imports.jobs.process", self._imports.folder.parent],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=environment(),
                start_new_session=True,  # an interruption is the server's to pass on
            )
        status = self._end_of(process)
        with self._lock:
            self._process = None
            if process.stdin:
                process.stdin.close()
            if self._stopping.is_set():
                return True
        # Before the next one writes: there is little to fold, and maybe another file to turn to.
        with suppress(ProjectionStopped, PersistenceError):
            self._projector.catch_up()
        if status != 0:
            log.error("the process that carried imports out ended with status %s", status)
        return status == 0
