"""Imports: rows of files, examined, decided on and appended in batches, in the order of the files.

A batch is one transaction of the log, decided on what the log holds of its incidents. So an import that is
cut short at any moment and done again ends as if it had not been, and one that is done again appends
nothing. Rows are examined in processes of their own where a file is long; the log's order is that of the
rows all the same. The timelines are brought up to the log once all is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, count, islice
from operator import itemgetter
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

from domain.datasets import dataset_at, release_dataset
from domain.dates import OPEN_PAST
from domain.ids import dataset_stream, uuid8
from domain.records import Record, Recorded
from domain.reporting import Recording
from service import workers
from service.imports.accounts import Batch, Examined, examiner, joined
from service.imports.deciding import Counts, Decider, Edition
from service.imports.format import Format
from service.imports.reading.outcomes import Rejected, Row, UnreadableFile
from service.imports.registering import Register
from service.imports.scope import Scope
from service.imports.seen import Seen, key_of
from service.log import BEYOND, Clash, Log

T = TypeVar("T")

_New: TypeAlias = Recorded[Record] | StoredEvent
"""A record to append, or its bytes."""

BATCH = 2_000
"""Rows that are examined, and appended, together."""

LONG = 4
"""Batches after which processes of their own examine the rest: starting them takes half a second."""

ATTEMPTS = 20


class Refused(Exception):
    """Raised where nothing is imported: says why, and what to do."""


class Rows(Protocol):
    """The rows of one file, or of one member of an archive."""

    @property
    def name(self) -> str:
        """How the file is called, as the user named it."""

    @property
    def format(self) -> Format:
        """What its rows are read by."""

    def __iter__(self) -> Iterator[Row | Rejected]:
        """Each row as it comes. Raises `UnreadableFile` after the last that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How files are to be imported, and by whom.

    `complete` says that they are the whole of their dataset, or of a scope: what it no longer has is
    withdrawn.
    """

    by: str
    release: str | None = None
    released: str | None = None
    crosswalks: tuple[Path, ...] = ()
    complete: bool = False
    scope: Scope = field(default_factory=Scope)


class Import:
    """An import under way. Nothing is recorded where there is a scratch log: that takes the records."""

    def __init__(  # noqa: PLR0917 - what an import works with, given in one place
        self,
        log: Log,
        order: Order,
        recording: Callable[[], Recording],
        reject: Callable[[str, Rejected], None],
        tell: Callable[[Counts], None] = lambda _: None,
        scratch: Log | None = None,
    ) -> None:
        self._log = log
        self._order = order
        self._recording = recording
        self._reject = reject
        self._tell = tell
        self._scratch = scratch
        self._registers: dict[str, Register] = {}
        self._differing: set[str] = (
            set()
        )  # datasets that know another state of an actor than the log
        self.counts = Counts()

    def run(self, files: Iterable[Rows]) -> Counts:
        """Take in the rows of files, one after the other; what became of them.

        Nothing is withdrawn, though they are complete, if a row of them was rejected.

        Raises `Refused`, and whatever a file that cannot be read to its end raises: what was before that is
        recorded.
        """
        datasets: dict[str, Edition] = {}
        with Seen() as seen:
            for rows in files:
                edition = Edition(
                    dataset=rows.format.dataset,
                    release=self._order.release,
                    released=self._order.released,
                )
                datasets[edition.dataset.id] = edition
                if self._order.complete and len(datasets) > 1:
                    raise Refused(f"one dataset is complete at a time, not {', '.join(datasets)}")
                self._take_in(rows, edition, seen)
            # What a row that was rejected tells is not known: it may be what seems to be gone.
            if self._order.complete and not self.counts.rejected:
                for edition in datasets.values():
                    self._complete(edition, seen)
        return self.counts

    def _take_in(self, rows: Rows, edition: Edition, seen: Seen) -> None:
        self._note_release(edition)
        with closing(_examined(rows, self._order, self._recording)) as batches:
            for batch in batches:
                self.counts.rows += batch.rows
                for rejected in batch.rejected:
                    self._refuse(rows.name, rejected)
                self._append(rows.name, edition, batch, seen)
                self._tell(self.counts)

    def _refuse(self, name: str, rejected: Rejected) -> None:
        self.counts.rejected += 1
        self._reject(name, rejected)

    def _note_release(self, edition: Edition) -> None:
        """Record that a dataset, or a release of it, is taken in, where that is not recorded yet."""
        dataset = edition.dataset

        def decide() -> tuple[list[_New], None]:
            history = self._log.dataset(dataset.id)
            if self._scratch:
                history += self._scratch.dataset(dataset.id)
            record = release_dataset(
                dataset_at(history, BEYOND),
                dataset,
                self._recording(),
                reason="It was imported.",
                release=edition.release,
                released=edition.released,
            )
            stream, version = dataset_stream(dataset.id), len(history) + 1
            return [Recorded(0, stream, version, record)] if record else [], None

        self._carry_out(decide)

    def _append(self, name: str, edition: Edition, batch: Examined, seen: Seen) -> None:
        dataset = edition.dataset.id
        said = [(uuid8(dataset, each.incident), each) for each in batch.said]
        keys = [key_of(stream, each.key) for stream, each in said]
        before = seen.among(keys)

        def decide() -> tuple[list[_New], Decider]:
            by = self._recording()
            register = self._registers.get(dataset)
            if register is None:
                register = Register(self._log, dataset, f"{edition} has it so.")
                self._registers[dataset] = register
            actors = list(register.records(batch.actors, by))
            decider = Decider(edition, register, by, self._log.codec)
            decider.hold(self._history({stream for stream, _ in said}))
            decider.counts.actors = len(actors)
            for known in batch.actors.values():
                if register[known.profile.id].state != known.profile.state:
                    self._differing.add(dataset)
            certain = dataset not in self._differing
            met = set(before)
            for (stream, each), key in zip(said, keys, strict=True):
                decider.decide(stream, each, is_repeated=key in met, is_certain=certain)
                met.add(key)
            return [*actors, *decider.records], decider

        decider = self._carry_out(decide)
        seen.add(keys)
        self.counts += decider.counts
        for rejected in decider.rejected:
            self._refuse(name, rejected)

    def _complete(self, edition: Edition, seen: Seen) -> None:
        """Withdraw the accounts of a dataset that were not seen."""
        dataset, scope = edition.dataset.id, self._order.scope
        reason = f"It is not in {edition} any more."

        def decide() -> tuple[list[_New], Decider]:
            decider = Decider(edition, {}, self._recording(), self._log.codec)
            decider.hold(self._history(streams))
            standing = {
                key_of(stream, key): (stream, held.number)
                for stream in streams
                for key, held in decider.standing(stream)
                if scope.holds(held)
            }
            kept = seen.among(list(standing))
            for key, (stream, number) in standing.items():
                if key not in kept:
                    decider.withdraw(stream, number, reason, None)
            return [*decider.records], decider

        every = self._log.streams_of(dataset)
        while streams := list(islice(every, BATCH)):
            self.counts += self._carry_out(decide).counts
            self._tell(self.counts)

    def _history(self, streams: Collection[UUID]) -> list[Notification]:
        """The stored records of incidents, those that would have been appended among them."""
        history = self._log.stored(streams)
        return history + self._scratch.stored(streams) if self._scratch else history

    def _carry_out(self, decide: Callable[[], tuple[list[_New], T]]) -> T:
        """Append what is decided on; where someone recorded one of the streams in between, decide again."""
        for attempt in count(1):
            records, decided = decide()
            try:
                if records:
                    (self._scratch or self._log).append(records)
                break
            except Clash:
                if attempt == ATTEMPTS:
                    raise
                self._registers.clear()
        return decided


def newest_day(files: Iterable[Rows], order: Order, by: Recording) -> int:
    """The last day, as a number, on which anything began that rows tell of."""
    newest = OPEN_PAST
    for rows in files:
        with closing(_examined(rows, order, lambda: by)) as batches:
            newest = max([newest, *(batch.newest for batch in batches)])
    return newest


def _examined(rows: Rows, order: Order, recording: Callable[[], Recording]) -> Generator[Examined]:
    """Rows, examined in batches: those of a long file in processes of their own.

    Where a file cannot be read to its end, that is raised when the rows before are through.
    """
    broken: list[Exception] = []
    batches = (Batch(recording(), batch) for batch in _batches(rows, broken))
    given = (rows.format, order.crosswalks, order.release, order.released)
    work = workers.Work(examiner, given)
    first = list(islice(batches, LONG))
    processes = workers.processors() if len(first) == LONG else 0
    if processes:
        with closing(workers.in_order(work, chain(first, batches), processes)) as done:
            yield from done
    else:
        yield from map(work.here(), chain(first, batches))
    if broken:
        raise broken[0]


def _batches(rows: Rows, broken: list[Exception]) -> Iterator[Sequence[tuple[int, str] | Rejected]]:
    each = iter(rows)
    cells_of = itemgetter(*rows.format.columns)
    while True:
        batch: list[Row | Rejected] = []
        try:
            batch.extend(islice(each, BATCH))
        except UnreadableFile as error:
            broken.append(error)
        if batch:
            yield [
                (row.line, joined(cells_of(row.cells))) if isinstance(row, Row) else row
                for row in batch
            ]
        if broken or len(batch) < BATCH:
            return
