"""Numbers that the workers of a service count into, and that any of them reads for all.

They lie in memory that is mapped by all: a file without a name that the parent hands to its workers, or
memory of the process where there is one alone. Each worker writes into its own slot and nobody else does,
so that counting takes no lock and no call; a worker that takes over the slot of one that died counts on
from where that was. What a worker has open now is set to nothing when it dies, by the parent.

    8 cells                     of the service: how often a worker was started again
    MOST_WORKERS x 8 cells      of each worker: its process, and what it has open now
    a slot for each worker      requests, by route, method and class of status: how many took how long
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST_WORKERS = 64

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds that requests are told apart by."""

SUM = len(BOUNDS) + 1
"""Where the seconds of requests stand, after how many there are up to each bound and beyond the last."""

CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other")

NO_ROUTE = "none"
"""The route of what was answered before one was found: a wrong path, a refusal at the gate."""

_CELL = 8  # bytes
_OF_ONE = 8  # cells
_HEADER = _OF_ONE * (1 + MOST_WORKERS)
_LATENCIES = SUM + 1
_ROW = len(CLASSES) * _LATENCIES

RESTARTS = 0
PROCESS, STREAMS, IMPORTED_ROWS, IMPORTS_DONE, IMPORTS_FAILED = range(5)
NOW = (PROCESS, STREAMS)
"""What a worker that died has no more of."""


class Sheet:
    """The numbers of the service and of each worker that are not of requests."""

    def __init__(self, file: int | None = None, cells: int = 0) -> None:
        """A sheet in a file that others have too, or of this process alone, with more `cells` after it."""
        size = (_HEADER + cells) * _CELL
        if file is not None and os.fstat(file).st_size < size:
            os.ftruncate(file, size)  # by all to the same size, whoever comes first
        self._memory = mmap.mmap(-1 if file is None else file, size)
        self.whole = memoryview(self._memory).cast("Q")
        self.parts = memoryview(self._memory).cast("d")

    @property
    def restarts(self) -> int:
        """How often a worker was started in place of one that had ended."""
        return int(self.whole[RESTARTS])

    def restarted(self, worker: int) -> None:
        """Note that a worker has ended, and is to be started again."""
        self.whole[RESTARTS] += 1
        for what in NOW:
            self.whole[_of(worker, what)] = 0

    def get(self, worker: int, what: int) -> int:
        """A number of a worker."""
        return int(self.whole[_of(worker, what)])

    def put(self, worker: int, what: int, value: int) -> None:
        """Set a number of a worker; by that alone."""
        self.whole[_of(worker, what)] = value

    def add(self, worker: int, what: int, more: int) -> None:
        """Count on; by that worker alone."""
        self.whole[_of(worker, what)] += more


def _of(worker: int, what: int) -> int:
    return _OF_ONE * (1 + worker) + what


@dataclass(frozen=True, slots=True)
class Latencies:
    """How many requests took how long: up to each bound, and beyond the last; and all their seconds."""

    method: str
    route: str
    status: str
    counts: tuple[int, ...]
    seconds: float


class Counts:
    """What one worker counts, and the sums of all."""

    def __init__(
        self,
        routes: Mapping[int, tuple[str, Iterable[str]]],
        *,
        file: int | None = None,
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        """Counts for routes: by the id of each its template and its methods, the same for every worker."""
        self._rows: dict[tuple[str, str], int] = {}
        for method in METHODS:
            self._rows[method, NO_ROUTE] = len(self._rows)
        found: dict[tuple[str, int], tuple[str, str]] = {}
        for route, (template, methods) in routes.items():
            for method in methods:
                found[method, route] = method, template
                self._rows.setdefault((method, template), len(self._rows))
        self._cells = len(self._rows) * _ROW
        self.worker, self.workers = worker, workers
        self.sheet = Sheet(file, self._cells * workers)
        base = _HEADER + self._cells * worker
        self._bases = {key: base + _ROW * self._rows[row] for key, row in found.items()}
        self._none = {method: base + _ROW * self._rows[method, NO_ROUTE] for method in METHODS}
        self._whole, self._parts = self.sheet.whole, self.sheet.parts
        self.sheet.put(worker, PROCESS, os.getpid())
        self.sheet.put(worker, STREAMS, 0)

    def add(self, method: str, route: int, status: int, row: Sequence[float]) -> None:
        """Count requests to a route, by its id: how many up to each bound and beyond, and their seconds."""
        base = self._bases.get((method, route))
        if base is None:
            base = self._none.get(method) or self._none["other"]
        base += (status // 100 - 1) * _LATENCIES
        for bound in range(SUM):
            self._whole[base + bound] += int(row[bound])
        self._parts[base + SUM] += row[SUM]

    def put(self, what: int, value: int) -> None:
        """Set a number of this worker."""
        self.sheet.put(self.worker, what, value)

    def count(self, what: int, more: int = 1) -> None:
        """Count on a number of this worker."""
        self.sheet.add(self.worker, what, more)

    def sum(self, what: int) -> int:
        """A number of all workers."""
        return sum(self.sheet.get(worker, what) for worker in range(self.workers))

    def latencies(self) -> Iterator[Latencies]:
        """The requests of all workers, of every route that had any."""
        for (method, route), row in self._rows.items():
            for number, status in enumerate(CLASSES):
                starts = [
                    _HEADER + self._cells * worker + _ROW * row + _LATENCIES * number
                    for worker in range(self.workers)
                ]
                counts = tuple(
                    sum(self._whole[start + bound] for start in starts) for bound in range(SUM)
                )
                if any(counts):
                    seconds = sum(self._parts[start + SUM] for start in starts)
                    yield Latencies(method, route, status, counts, seconds)
