"""Importing chronicles from files: documents, each loaded whole or not at all, and streams, line by line.

What `service.imports.running` is for datasets: nothing is recorded of files that hold a line at fault,
where that is asked for (`strict`). What would be recorded is found out in a log upon the store's. Members
of an archive that are no chronicles are left out where another one is.
"""

from __future__ import annotations

import codecs
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import IO
from uuid import UUID

from domain.checks import Fault, Faulty
from domain.records import (
    AccountAdded,
    ActorRecord,
    ActorRegistered,
    IncidentRecord,
    IncidentReported,
    Record,
    Recorded,
)
from domain.reporting import Recording
from service.bootstrap import Casus
from service.chronicles import load_chronicle, parse_chronicle
from service.chronicles.detecting import Kind, check_no_data, kind_of
from service.chronicles.streams import ChronicleStream, Taken
from service.imports.deciding import Counts
from service.imports.pipes import kept, opened_again
from service.imports.reading.files import Source, Stream
from service.imports.reading.outcomes import (
    FileRefused,
    NoData,
    NoFormat,
    UnknownFormat,
    UnreadableFile,
)
from service.imports.rejects import RejectedRows
from service.imports.running import BRINGING_UP, Progress, Report, Request, Tell
from service.log import Log
from service.recording import Desk
from service.views.projector import Progress as Reached

LONGEST_DOCUMENT = 1 << 29
"""Bytes of a document, which is held in memory."""

_CHUNK = 1 << 18


class FaultyChronicle(Faulty):
    """Raised when a document, or the header of a stream, is at fault: nothing of that file is recorded."""

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        self.name = name
        super().__init__(faults)


def run(casus: Casus, request: Request, tell: Tell, piped: IO[bytes] | None = None) -> Report:
    """Import chronicles. Raises `FaultyChronicle`, and `FileRefused` where nothing could be read.

    `piped` is what standard input is, if not the process's own.
    A file that is not read to its end, or is faulty, leaves what was recorded before as it is.
    """
    began = time.monotonic()
    casus.projector.check()
    with ExitStack() as stack:
        # A stream is gone through twice.
        pipes = stack.enter_context(kept(request.files, piped))
        tried = _Attempt(casus, request, tell, pipes)
        if request.strict or request.dry_run:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="casus-import-"))
            trial = stack.enter_context(closing(_Trial(casus.log, Path(folder) / "log.sqlite")))
            tried.run("checking", trial)
        if recorded := not request.dry_run and (tried.is_clean or not request.strict):
            tried = _Attempt(casus, request, tell, pipes)
            try:
                tried.run("importing", casus.log)
            finally:
                rows = tried.counts.rows
                casus.projector.catch_up(lambda d, t: tell(Progress(BRINGING_UP, d, t, rows)))
    return Report(
        tried.counts,
        tried.rejected,
        tried.broken,
        recorded,
        casus.log.head,
        time.monotonic() - began,
        tuple(tried.passed_over),
    )


class _Attempt:
    """One go at files, and what came of it."""

    def __init__(
        self, casus: Casus, request: Request, tell: Tell, pipes: Mapping[str, IO[bytes]]
    ) -> None:
        self._desk = casus.desk
        self._request = request
        self._tell = tell
        self._pipes = pipes
        self._accounts = 0
        self.counts = Counts()
        self.rejected: Mapping[Path, int] = {}
        self.broken: str | None = None
        self.passed_over: list[str] = []

    @property
    def is_clean(self) -> bool:
        """Whether every line can be taken in, of files that were read to their ends."""
        return not self.counts.rejected and self.broken is None

    def run(self, task: str, log: Log) -> None:
        """Load files into a log. Raises `FaultyChronicle`, and `FileRefused` if nothing was read."""
        with RejectedRows(self._request.rejected, self._request.files) as rejected:
            for name in self._request.files:
                rejected.begin(name)
            for name in self._request.files:
                others = self._others(name)
                self._take_file(name, others, task, log, rejected)
                self._tell_of(others.values())
        self.rejected = rejected.counts

    def _take_file(
        self, name: str, others: Collection[str], task: str, log: Log, rejected: RejectedRows
    ) -> None:
        recorder = _Recorder(self._desk, log, self.counts)
        loading = ChronicleStream(log, recorder, self._request.order.by)
        has_streams = False
        for is_second in (False, True):
            try:
                for source, stream in self._opened(name, others):
                    kind = kind_of(stream)
                    taken: Iterable[Taken] = ()
                    if kind is Kind.STREAM:
                        has_streams = True
                        taken = (loading.incidents if is_second else loading.actors)(stream)
                    elif not is_second:
                        taken = self._take_document(kind, stream, log, recorder)
                    for each in taken:
                        self._count(name, source.called(stream), each, rejected)
                        progress = Progress(task, source.position, source.size, self.counts.rows)
                        self._tell(progress)
            except FileRefused as error:
                if not self.counts.rows:
                    raise
                self.broken = str(error)
            except Faulty as faulty:
                raise FaultyChronicle(name, faulty.faults) from None
            if not has_streams:
                break

    def _others(self, name: str) -> Mapping[str, FileRefused]:
        """Why members of an archive are no chronicles, by their names, where another one is.

        What is no data is passed over; what may be is told once the others are read.
        """
        others: dict[str, FileRefused] = {}
        is_one = False
        with suppress(FileRefused):  # which is told when it is read
            for source, stream in self._opened(name):
                if stream.name == source.name:
                    break
                try:
                    if kind_of(stream):
                        is_one = True
                        continue
                    check_no_data(stream)
                    reason = "it is no chronicle, but of a dataset; import it by itself"
                    others[stream.name] = UnknownFormat(stream.name, reason)
                except FileRefused as error:
                    others[stream.name] = error
        return others if is_one else {}

    def _tell_of(self, others: Iterable[FileRefused]) -> None:
        for each in others:
            if isinstance(each, NoData | NoFormat):
                self.passed_over.append(str(each))
            else:
                self.broken = str(each)

    def _opened(self, name: str, but: Collection[str] = ()) -> Iterator[tuple[Source, Stream]]:
        with opened_again(name, self._pipes) as source:
            for stream in source.streams():
                if stream.name not in but:
                    yield source, stream

    def _take_document(
        self, kind: Kind | None, stream: Stream, log: Log, recorder: _Recorder
    ) -> Iterator[Taken]:
        if kind is Kind.HEADLESS:
            reason = "a stream begins with its header: the format, the dataset and its title"
            raise Faulty((Fault((), reason),))
        parts, size = list[bytes](), 0
        while part := stream.read(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > LONGEST_DOCUMENT:
                raise UnreadableFile(
                    stream.name,
                    f"it is longer than {LONGEST_DOCUMENT:,} bytes, and would be loaded at once",
                    "write it as a stream: its header, then a line for each actor and incident",
                )
        chronicle = parse_chronicle(b"".join(parts).removeprefix(codecs.BOM_UTF8))
        loaded = load_chronicle(chronicle, log, recorder, self._request.order.by)
        yield Taken(loaded.actors + loaded.incidents, loaded.accounts, ())

    def _count(self, name: str, member: str, taken: Taken, rejected: RejectedRows) -> None:
        counts = self.counts
        counts.rows += taken.lines
        counts.rejected += len(taken.rejected)
        for each in taken.rejected:
            rejected.add(name, member, each)
        self._accounts += taken.accounts
        counts.unchanged = self._accounts - counts.new - counts.added


class _Recorder:
    """Appends to a log, and counts what."""

    def __init__(self, desk: Desk, log: Log, counts: Counts) -> None:
        self._desk = desk
        self._log = log
        self._counts = counts
        self.appended = 0

    def recording(self, by: str) -> Recording:
        """Who records, and when: now."""
        return self._desk.recording(by)

    def append(self, records: list[Recorded[Record]], progress: Reached | None = None) -> int:  # noqa: ARG002 - a Recorder has it
        """Append records; the timelines are brought up to them in the end."""
        positions = self._log.append(records)
        for recorded in records:
            self._counts.new += isinstance(recorded.record, IncidentReported)
            self._counts.added += isinstance(recorded.record, AccountAdded)
            self._counts.actors += isinstance(recorded.record, ActorRegistered)
        return positions[-1] if positions else self._log.head


class _Trial(Log):
    """A log upon another: what is decided on with what both hold is appended to this one alone."""

    def __init__(self, below: Log, path: Path) -> None:
        super().__init__(path)
        self._below = below

    def incident(self, stream: UUID) -> list[Recorded[IncidentRecord]]:
        """The records of an incident, of both."""
        return self._below.incident(stream) + super().incident(stream)

    def actor(self, slug: str) -> list[Recorded[ActorRecord]]:
        """The records of an actor, of both."""
        return self._below.actor(slug) + super().actor(slug)
