"""Several processes that serve the same store on the same socket, and one that looks after them.

The parent binds the socket, starts the workers and starts another in place of one that ends. It serves
nothing and has no connection to the store. It tells the workers to end as it is told itself, and ends when
they have; its status is 0 if all of theirs are. Connections wait in the socket's queue, which is the
parent's, whoever of the workers is there to take them.

A worker reads its orders from its standard input, which nobody writes to after that: where the input
ends the parent is gone, however that came about, and the worker ends in order.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from service.operating.counts import Sheet
from service.settings import Settings
from service.workers import environment

log = logging.getLogger("casus")

SLOWEST = 30.0
"""The most seconds before another worker is started, where those before came to an end soon."""

SOON = 10.0
"""Seconds that a worker lives at least for its end not to be counted as soon."""

AFTER_GRACE = 30.0
"""Seconds beyond drain and grace after which a worker is killed that has not ended."""

_MODULE = "service.operating.worker"

_IN_ORDER = (0, -signal.SIGTERM)
"""Statuses of an end in order; a worker that the termination itself ends had yet to begin."""


@dataclass
class _Worker:
    """One of the processes: when it was started, or is to be, and how often it ended soon."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    due: float = 0.0
    failures: int = 0


class Workers:
    """The workers of one socket. Used by the main thread of the parent."""

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        self._settings, self._listening = settings, listening
        self._workers = [_Worker(number) for number in range(settings.workers)]
        self._told: list[int] = []

    def run(self) -> int:
        """Look after them until told to end, and until all of them have; the exit status."""
        with tempfile.TemporaryFile() as file, self._woken() as woken:
            sheet = Sheet(file.fileno())
            while not self._told:
                self._start_those_due(file)
                select.select([woken], [], [], self._until_next())
                _drain(woken)
                self._note_those_ended(sheet)
            return self._end(woken)

    @contextmanager
    def _woken(self) -> Iterator[int]:
        """A descriptor that can be read from when a signal has come."""
        reading, writing = os.pipe()
        for each in (reading, writing):
            os.set_blocking(each, False)

        def note(number: int, _: object) -> None:
            if number != signal.SIGCHLD:
                self._told.append(number)

        before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
        handlers = [(each, signal.signal(each, note)) for each in signals]
        try:
            yield reading
        finally:
            for each, handler in handlers:
                signal.signal(each, handler)
            signal.set_wakeup_fd(before)
            os.close(reading)
            os.close(writing)

    def _start_those_due(self, file: IO[bytes]) -> None:
        for worker in self._workers:
            if worker.process is None and worker.due <= time.monotonic():
                worker.process = self._started(worker.number, file)
                worker.began = time.monotonic()

    def _started(self, number: int, file: IO[bytes]) -> subprocess.Popen[bytes]:
        handed = (self._listening.fileno(), file.fileno())
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            env=environment(),
            pass_fds=handed,
            start_new_session=True,  # an interruption is the parent's to pass on
        )
        orders = {
            "settings": self._settings.model_dump(mode="json", by_alias=True),
            "worker": number,
            "listening": handed[0],
            "counts": handed[1],
        }
        if process.stdin:
            with suppress(BrokenPipeError):  # it has ended already, which is noticed
                process.stdin.write(json.dumps(orders).encode() + b"\n")
                process.stdin.flush()
        return process

    def _until_next(self) -> float | None:
        waiting = [worker.due for worker in self._workers if worker.process is None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _note_those_ended(self, sheet: Sheet) -> None:
        for worker in self._workers:
            if worker.process is None or (status := worker.process.poll()) is None:
                continue
            now = time.monotonic()
            worker.failures = worker.failures + 1 if now < worker.began + SOON else 0
            wait = min(SLOWEST, 0.5 * 2.0**worker.failures) if worker.failures else 0.0
            log.error(
                "worker %d ended (%s); another is started %s",
                worker.number,
                _in_words(status),
                f"in {wait:g} seconds" if wait else "now",
            )
            if worker.process.stdin:
                worker.process.stdin.close()
            worker.process, worker.due = None, now + wait
            sheet.restarted(worker.number)

    def _end(self, woken: int) -> int:
        """Tell all to end, and wait for that."""
        # The workers have it as well: it is closed when the last of them has closed it.
        self._listening.close()
        running = {worker.number: worker.process for worker in self._workers if worker.process}
        told = 0
        settings = self._settings
        deadline = time.monotonic() + settings.drain + settings.grace + AFTER_GRACE
        while any(process.poll() is None for process in running.values()):
            while told < len(self._told):
                # The first asks for an end in order; one that is repeated, for one at once.
                for process in running.values():
                    process.send_signal(signal.SIGINT if told else signal.SIGTERM)
                told += 1
            left = deadline - time.monotonic()
            if left <= 0:
                for process in running.values():
                    process.kill()
                left = 1.0
            select.select([woken], [], [], left)
            _drain(woken)
        ended = 0
        for number, process in running.items():
            if process.stdin:
                process.stdin.close()
            if process.returncode not in _IN_ORDER:
                log.error("worker %d ended (%s)", number, _in_words(process.returncode))
                ended = 1
        return ended


def _in_words(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"


def _drain(descriptor: int) -> None:
    with suppress(BlockingIOError):
        while os.read(descriptor, 1_000):
            pass
