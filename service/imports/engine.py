"""Imports: rows of files, examined, decided on and appended in batches, in the order of the files.

A batch is one transaction of the log, decided on what the log holds of its incidents. So an import that is
cut short at any moment and done again ends as if it had not been, and one that is done again appends
nothing. Rows are examined in processes of their own where a file is long; the log's order is that of the
rows all the same. The timelines are brought up to the log once all is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, count, islice
from operator import itemgetter
from typing import TypeAlias, TypeVar
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

from domain.datasets import dataset_at, release_dataset
from domain.ids import dataset_stream, uuid8
from domain.records import Record, Recorded
from domain.reporting import Recording
from domain.values import DatasetPart
from service import workers
from service.imports.accounts import Batch, Examined, examiner, joined
from service.imports.completing import held_of
from service.imports.deciding import Counts, Decider, not_in
from service.imports.orders import Order, Refused, Rows, check_whole
from service.imports.reading.outcomes import Rejected, Row, UnreadableFile
from service.imports.registering import Register
from service.imports.releases import Edition, Newer, newer_than, part_of, why_not_complete
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

        Nothing is withdrawn, though they are complete, if a row of them was rejected; nor by a release
        that came out before another which is held whole of the same.

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
                if self._order.complete:
                    check_whole(rows.format, datasets)
                    self._check_newest(edition, "imported")
                datasets[edition.dataset.id] = edition
                self._take_in(rows, edition, seen)
            # What a row that was rejected tells is not known: it may be what seems to be gone.
            if self._order.complete and not self.counts.rejected:
                for edition in datasets.values():
                    self._complete(edition, seen)
        return self.counts

    def _take_in(self, rows: Rows, edition: Edition, seen: Seen) -> None:
        self._note_release(edition)
        with closing(examined(rows, self._order, self._recording)) as batches:
            for batch in batches:
                self.counts.rows += batch.rows
                for rejected in batch.rejected:
                    self._refuse(rows.name, rejected)
                self._append(rows.name, edition, batch, seen)
                self._tell(self.counts)

    def _refuse(self, name: str, rejected: Rejected) -> None:
        self.counts.rejected += 1
        self._reject(name, rejected)

    def _check_newest(self, edition: Edition, what: str) -> list[Newer]:
        """The newer releases that are held. Raises `Refused` if it can't be complete beside them."""
        newer = newer_held(self._log, edition)
        if reason := why_not_complete(newer, edition, self._order.scope):
            raise Refused(f"{reason}; nothing was {what}")
        return newer

    def _note_release(self, edition: Edition, complete: DatasetPart | None = None) -> None:
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
                complete=complete,
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
            by, newer = self._recording(), newer_held(self._log, edition)
            register = self._registers.get(dataset)
            if register is None:
                held = dataset_at(self._log.dataset(dataset), BEYOND)
                register = Register(self._log, edition, held, is_old=bool(newer))
                self._registers[dataset] = register
            actors = list(register.records(batch.actors, by))
            back = self._order.brings_back
            decider = Decider(edition, register, by, self._log.codec, newer, brings_back=back)
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
        """Withdraw the accounts of a dataset that were not seen, and record that it is held whole."""
        dataset, scope = edition.dataset.id, self._order.scope

        def decide() -> tuple[list[_New], Decider]:
            decider = Decider(edition, {}, self._recording(), self._log.codec)
            decider.hold(self._history(streams))
            for each in held_of(decider, edition, streams, scope, seen).missing:
                decider.withdraw(each.stream, each.number, not_in(edition), None)
            return [*decider.records], decider

        # What stands beside a newer release that is held whole was in that one.
        if not self._check_newest(edition, "withdrawn"):
            every = self._log.streams_of(dataset)
            while streams := list(islice(every, BATCH)):
                self.counts += self._carry_out(decide).counts
                self._tell(self.counts)
        self._note_release(edition, part_of(scope))

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


def newer_held(log: Log, edition: Edition) -> list[Newer]:
    """The releases in a log that are known to be newer than an edition, the first of them first."""
    if edition.day is None:
        return []
    return newer_than(edition, dataset_at(log.dataset(edition.dataset.id), BEYOND))


def examined(rows: Rows, order: Order, recording: Callable[[], Recording]) -> Generator[Examined]:
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
