"""An import from end to end: files opened, their rows taken in, the timelines brought up to the log.

What it would come to is found out before anything is recorded where that is asked for: nothing is recorded
of files that hold a row that cannot be taken in (`strict`), nor of a release that is dated before what it
tells of.
"""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from domain.dates import iso_of_day
from domain.edtf import span
from domain.reporting import Recording
from service.bootstrap import Casus
from service.imports.deciding import Counts
from service.imports.engine import Import, Order, Refused, Rows, newest_day
from service.imports.format import Format
from service.imports.formats import formats_named
from service.imports.reading.files import STANDARD_INPUT, Source, open_file
from service.imports.reading.outcomes import FileRefused, Rejected, Row
from service.imports.reading.rows import open_rows
from service.imports.rejects import RejectedRows
from service.log import Log


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: what it does, how much of how much, in bytes or records, and rows so far.

    `total` is None where it is not known.
    """

    task: str
    done: int
    total: int | None
    rows: int


BRINGING_UP = "bringing up the timelines"

Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be imported: files by their paths, ``-`` for standard input.

    `format` is the name of one, or the user's own; else each file's is found out. `dataset` is the id under
    which to keep what is in them, if not the format's own. `rejected` is the folder for rejected rows, if
    that is not beside the files.
    """

    files: tuple[str, ...]
    order: Order
    format: str | Format | None = None
    dataset: str | None = None
    strict: bool = False
    dry_run: bool = False
    force: bool = False
    rejected: Path | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or would do: how many rows became what, and where those that were rejected are.

    `position` is the newest of the log; `broken` says why a file was not read to its end, if one was not.
    """

    counts: Counts
    rejected: Mapping[Path, int]
    broken: str | None
    recorded: bool
    position: int
    seconds: float


def run(
    casus: Casus, request: Request, tell: Tell, standard_input: IO[bytes] | None = None
) -> Report:
    """Import files. Raises `Refused` and `FileRefused`, having recorded nothing."""
    began = time.monotonic()
    gc.freeze()  # the cycle collector has millions of rows to look through, and not the program as well
    casus.projector.check()
    order = request.order
    looks_first = request.strict or bool(order.released and not request.force)
    with ExitStack() as stack:
        pipes: Mapping[str, IO[bytes]] = {STANDARD_INPUT: standard_input or sys.stdin.buffer}
        if looks_first:
            pipes = stack.enter_context(kept(request.files, pipes[STANDARD_INPUT]))
        files = _Files(request, tell, pipes)
        if order.released and not request.force:
            _check_release(files, order, casus.desk.recording(order.by))
        tried = _Attempt(casus, request)
        if request.strict or request.dry_run:
            tried.dry(files)
        if not request.dry_run and (tried.is_clean or not request.strict):
            tried = _Attempt(casus, request)
            tried.real(files)
            casus.projector.catch_up(files.bringing_up)
    return Report(
        tried.counts,
        tried.rejected,
        tried.broken,
        tried.recorded,
        casus.log.head,
        time.monotonic() - began,
    )


class _Attempt:
    """One pass through files, and what came of it."""

    def __init__(self, casus: Casus, request: Request) -> None:
        self._casus = casus
        self._request = request
        self.counts = Counts()
        self.rejected: Mapping[Path, int] = {}
        self.broken: str | None = None
        self.recorded = False

    @property
    def is_clean(self) -> bool:
        """Whether every row of files that were read to their ends can be taken in."""
        return not self.counts.rejected and self.broken is None

    def dry(self, files: _Files) -> None:
        """Find out what would be recorded, in a log of its own."""
        with (
            tempfile.TemporaryDirectory(prefix="casus-import-") as folder,
            closing(Log(Path(folder) / "log.sqlite")) as scratch,
        ):
            self._run(files, "checking", scratch)

    def real(self, files: _Files) -> None:
        """Record what files tell."""
        self.recorded = True
        self._run(files, "importing", None)

    def _run(self, files: _Files, task: str, scratch: Log | None) -> None:
        casus, order = self._casus, self._request.order
        with RejectedRows(self._request.rejected) as rejected:
            for name in self._request.files:
                rejected.begin(name)
            taking = Import(
                casus.log,
                order,
                lambda: casus.desk.recording(order.by),
                rejected.add,
                files.read,
                scratch,
            )
            try:
                taking.run(files.opened(task))
            except FileRefused as error:
                if not taking.counts.rows:
                    raise
                self.broken = str(error)
        self.counts, self.rejected = taking.counts, rejected.counts


class _Files:
    """The files of a request: opened as often as they are gone through, with how far that is."""

    def __init__(self, request: Request, tell: Tell, pipes: Mapping[str, IO[bytes]]) -> None:
        self._request = request
        self._tell = tell
        self._pipes = pipes
        self._position: Callable[[], tuple[str, int, int | None]] = lambda: ("", 0, None)
        self._rows = 0

    def opened(self, task: str) -> Iterator[Rows]:
        """What the files hold, each to be read before the next is asked for. Raises `FileRefused`."""
        asked = self._request.format
        formats: tuple[Format, ...] = (asked,) if isinstance(asked, Format) else formats_named(None)
        named = formats if isinstance(asked, Format) else formats_named(asked) if asked else ()
        for name in self._request.files:
            with opened_again(name, self._pipes) as source:
                self._position = lambda: (task, source.position, source.size)
                for stream in source.streams():
                    reading = open_rows(stream, formats, named)
                    format_ = reading.format
                    if self._request.dataset:
                        dataset = replace(format_.dataset, id=self._request.dataset)
                        format_ = replace(format_, dataset=dataset)
                    yield _Read(name, format_, reading)

    def read(self, counts: Counts) -> None:
        """Tell how far the files are read."""
        self._rows = counts.rows
        self._tell(Progress(*self._position(), counts.rows))

    def bringing_up(self, done: int, total: int) -> None:
        """Tell how far the timelines are brought up to the log."""
        self._tell(Progress(BRINGING_UP, done, total, self._rows))


@dataclass(frozen=True, slots=True)
class _Read:
    name: str
    format: Format
    reading: Rows

    def __iter__(self) -> Iterator[Row | Rejected]:
        return iter(self.reading)


def _check_release(files: _Files, order: Order, by: Recording) -> None:
    """Raise `Refused` if a release is dated before something that its files tell of."""
    released = span(order.released or "").latest
    try:
        newest = newest_day(files.opened("looking through"), order, by)
    except FileRefused:
        return  # reading it for good tells
    if newest > released:
        raise Refused(
            f"the release is dated {order.released}, and tells of {iso_of_day(newest)}; nothing was"
            " imported. Mend --released, or import it all the same with --force"
        )


def is_pipe(name: str) -> bool:
    """Whether a file can be gone through once only."""
    return name == STANDARD_INPUT or Path(name).is_fifo()


@contextmanager
def kept(files: Sequence[str], standard_input: IO[bytes]) -> Iterator[Mapping[str, IO[bytes]]]:
    """The pipes among files, by their names, as files that can be gone through again."""
    with ExitStack() as stack:
        pipes = {}
        for name in filter(is_pipe, files):
            pipes[name] = stack.enter_context(tempfile.TemporaryFile())
            if name == STANDARD_INPUT:
                shutil.copyfileobj(standard_input, pipes[name])
            else:
                with Path(name).open("rb") as pipe:
                    shutil.copyfileobj(pipe, pipes[name])
        yield pipes


@contextmanager
def opened_again(name: str, pipes: Mapping[str, IO[bytes]]) -> Iterator[Source]:
    """A file from its beginning, also if it is among pipes that are kept. Raises `UnreadableFile`."""
    pipe = pipes.get(name)
    if pipe and pipe.seekable():
        pipe.seek(0)
    with open_file(STANDARD_INPUT if pipe else name, pipe) as source:
        yield source
