"""The process in which Parquet files are written, one for all that are being written.

pyarrow takes more memory than all the rest of a serving process, so it is loaded in one of its own, which
starts with the first file and ends with the last. Between two tasks it holds of a file what has not been
written of its row groups: nothing but their statistics, however slowly a client takes what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any, Literal, TypeAlias

from service.reading.clocks import Moment
from service.workers import Failed, Process, Work

Kind = Literal["incidents", "series"]


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a file of what comes in pages: its kind, and what addresses are made of."""

    file: int
    kind: Kind
    origin: str
    moment: Moment


@dataclass(frozen=True, slots=True)
class Add:
    """Add a page: incidents, as JSON, or the rows of a series."""

    file: int
    page: Sequence[Any]


@dataclass(frozen=True, slots=True)
class End:
    """Write what is left, and the footer with this about the file, and with whose data it may be."""

    file: int
    about: Mapping[str, Any]
    datasets: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Drop:
    """Forget a file: nobody wants the rest of it."""

    file: int


Task: TypeAlias = Begin | Add | End | Drop


def desk() -> Callable[[Task], bytes]:
    """What does the tasks, in the process that is there for them: the bytes that each has written."""
    from service.publishing.parquet_file import Desk  # noqa: PLC0415 - it loads pyarrow

    return Desk().do


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is being written, and by which process."""

    number: int
    do: Callable[[Task], bytes]

    def add(self, page: Sequence[Any]) -> bytes:
        """Add a page; what has been written since the last call. Raises `Failed`."""
        return self.do(Add(self.number, page))

    def end(self, about: Mapping[str, Any], datasets: Sequence[Mapping[str, Any]] = ()) -> bytes:
        """The last bytes; the footer has this, and those of datasets whose data it is. Raises `Failed`."""
        return self.do(End(self.number, about, datasets))


class SharedProcess:
    """The process, while there are files."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._stack = ExitStack()
        self._process: Process[Task, bytes] | None = None
        self._files: set[int] = set()
        self._left: set[int] = set()

    @property
    def runs(self) -> bool:
        """Whether there is one."""
        return self._process is not None

    @contextmanager
    def file(self, kind: Kind, origin: str, moment: Moment) -> Iterator[OpenFile]:
        """A file to be written. Raises `Failed`."""
        number = next(self._numbers)
        try:
            process = self._begin(Begin(number, kind, origin, moment))
            yield OpenFile(number, lambda task: self._do(task, process))
        finally:
            # Whoever leaves may be the thread that serves requests, and never waits for another file.
            self._left.add(number)
            self._tidy()

    def _begin(self, task: Begin) -> Process[Task, bytes]:
        with self._lock:
            if self._process is None:
                self._process = Process(Work(desk), self._stack)
            process = self._process
            self._files.add(task.file)
        self._do(task, process)
        return process

    def _do(self, task: Task, process: Process[Task, bytes]) -> bytes:
        try:
            with self._lock:
                if process is not self._process:
                    raise Failed("the process came to an end with another file")
                try:
                    process.hand(task)
                    return process.result()
                except Failed:
                    self._end()
                    raise
        finally:
            self._tidy()

    def _tidy(self) -> None:
        """Forget the files that were left; whoever holds the lock does so when it is free."""
        while self._left and self._lock.acquire(blocking=False):
            try:
                while self._left:
                    self._forget(self._left.pop())
            finally:
                self._lock.release()

    def _forget(self, number: int) -> None:
        if number not in self._files:
            return
        self._files.discard(number)
        if self._process is None or not self._files:
            self._end()
            return
        try:
            self._process.hand(Drop(number))
            self._process.result()
        except Failed:
            self._end()  # the others are told when they go on

    def _end(self) -> None:
        self._process = None
        self._files.clear()
        self._stack.close()


SHARED = SharedProcess()
