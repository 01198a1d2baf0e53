"""An import from end to end: files opened, their rows taken in, the timelines brought up to the log.

What it would come to is found out before anything is recorded where that is asked for: nothing is recorded
of files that hold a row that cannot be taken in (`strict`), nor of a release that is not what is said of it
(`service.imports.looking`).
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter

from domain.errors import DomainError
from domain.text import Line, PublicationDate, Slug
from service.bootstrap import Casus
from service.chronicles.detecting import begins_as_chronicle
from service.faults import fault_of
from service.imports.crosswalk import Crosswalk
from service.imports.deciding import Counts
from service.imports.engine import Import
from service.imports.format import Format
from service.imports.formats import formats_named, kept_as
from service.imports.looking import look_through
from service.imports.orders import Order, Rows
from service.imports.pipes import kept, opened_again
from service.imports.reading.files import STANDARD_INPUT, Source
from service.imports.reading.outcomes import (
    FileRefused,
    NoData,
    NoFormat,
    Rejected,
    Row,
    UnknownFormat,
)
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


class BadOption(DomainError):
    """Raised for what cannot be asked of an import: which part of its order, and what is wrong with it."""

    def __init__(self, option: str, reason: str) -> None:
        self.option = option
        self.reason = reason
        super().__init__(f"{option}: {reason}")


_LINE, _PUBLICATION, _SLUG = TypeAdapter(Line), TypeAdapter(PublicationDate), TypeAdapter(Slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be imported: files by their paths, ``-`` for standard input.

    What stands in records is looked at as a request is made, whoever makes it: that raises `BadOption`.

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

    def __post_init__(self) -> None:
        """Raise `BadOption` for what no record could be read with."""
        order = self.order
        for option, kind, given in (
            ("by", _LINE, order.by),
            ("release", _LINE, order.release),
            ("released", _PUBLICATION, order.released),
            ("dataset", _SLUG, self.dataset),
        ):
            if given is not None and (fault := fault_of(kind, given)):
                raise BadOption(option, fault)


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or would do: how many rows became what, and where those that were rejected are.

    `position` is the newest of the log; `broken` says why a file was not read to its end, if one was not;
    `passed_over` are members of archives that are no data, and why.
    """

    counts: Counts
    rejected: Mapping[Path, int]
    broken: str | None
    recorded: bool
    position: int
    seconds: float
    passed_over: Sequence[str] = ()


def run(casus: Casus, request: Request, tell: Tell, piped: IO[bytes] | None = None) -> Report:
    """Import files. Raises `Refused`, `Faulty` and `FileRefused`, having recorded nothing.

    `piped` is what standard input is, if not the process's own.
    """
    began = time.monotonic()
    gc.freeze()  # the cycle collector has millions of rows to look through, and not the program as well
    casus.projector.check()
    order = request.order
    if order.crosswalks:
        Crosswalk.read(*order.crosswalks)  # one at fault is not found once there are records
    looks_through = not request.force and (order.complete or order.released is not None)
    with ExitStack() as stack:
        pipes: Mapping[str, IO[bytes]] = {STANDARD_INPUT: piped} if piped else {}
        if looks_through or request.strict:
            pipes = stack.enter_context(kept(request.files, piped))
        files = _Files(request, tell, pipes)
        if looks_through:
            by = casus.desk.recording(order.by)
            look_through(files.opened("looking through"), casus.log, order, by)
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
        tuple(files.passed_over),
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
        casus, order = self._casus, replace(self._request.order, brings_back=self._request.force)
        with RejectedRows(self._request.rejected, self._request.files) as rejected:
            for name in self._request.files:
                rejected.begin(name)
            taking = Import(
                casus.log,
                order,
                lambda: casus.desk.recording(order.by),
                lambda member, row: rejected.add(files.current, member, row),
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
    """The files of a request: opened as often as they are gone through, with how far that is.

    `current` is the file that is being read, as it was named; `passed_over` are members of archives that
    are no data, and why.
    """

    def __init__(self, request: Request, tell: Tell, pipes: Mapping[str, IO[bytes]]) -> None:
        self._request = request
        self._tell = tell
        self._pipes = pipes
        self._position: Callable[[], tuple[str, int, int | None]] = lambda: ("", 0, None)
        self._rows = 0
        self.current = ""
        self.passed_over: list[str] = []

    def opened(self, task: str) -> Iterator[Rows]:
        """What the files hold, each to be read before the next is asked for. Raises `FileRefused`."""
        self.passed_over.clear()
        for name in self._request.files:
            with opened_again(name, self._pipes) as source:
                self.current = name
                self._position = lambda: (task, source.position, source.size)
                yield from self._members(source)

    def _members(self, source: Source) -> Iterator[Rows]:
        """What a file holds. A member of an archive that is no data is passed over where another is data.

        One that may be data, and cannot be read, is told once the others are read; so is any member of a
        release that is complete, lest what it tells be withdrawn.
        """
        asked = self._request.format
        formats: tuple[Format, ...] = (asked,) if isinstance(asked, Format) else formats_named(None)
        named = formats if isinstance(asked, Format) else formats_named(asked) if asked else ()
        is_data = False
        refused: list[FileRefused] = []
        for stream in source.streams():
            try:
                if stream.name != source.name and begins_as_chronicle(stream):
                    reason = "it is a chronicle, and no dataset's; import it by itself"
                    raise UnknownFormat(stream.name, reason)
                reading = open_rows(stream, formats, named)
            except (NoData, UnknownFormat) as error:
                if stream.name == source.name:
                    raise
                refused.append(error)
                continue
            is_data = True
            format_ = reading.format
            if self._request.dataset:
                format_ = kept_as(format_, self._request.dataset)
            yield _Read(source.called(stream), format_, reading)
        doubtful = [each for each in refused if not isinstance(each, NoData | NoFormat)]
        if refused and (doubtful or not is_data or self._request.order.complete):
            raise (doubtful or refused)[0]
        self.passed_over += map(str, refused)

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
