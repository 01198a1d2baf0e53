"""The log: immutable records, numbered by position, one stream for each incident, each actor, each dataset.

What is appended is durable when `append` returns, all of it or none of it.
Nothing here changes or deletes a record, but that another log can be put in its place (`Log.replace`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import cast
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent

from domain.ids import actor_stream, bounds_of, dataset_stream
from domain.records import (
    AccountRecord,
    ActorRecord,
    DatasetReleased,
    IncidentMerged,
    IncidentRecord,
    Record,
    Recorded,
)
from service.log.codec import Codec, RecordMapper
from service.log.places import LogPlace, recorder_at
from service.log.recorder import KeyedPosition, KeyedRequest, KnownRequest, Unmoved
from service.log.ties import Ties

READ_BATCH = 1_000

STREAMS_AT_ONCE = 500
"""Streams that one statement names."""

BEYOND = 2**62
"""Beyond every position."""


class Clash(Exception):
    """Raised when a stream already has the version, or a key the request, that is appended."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records that follow each other, with the marks of the one before them and of the last of them."""

    before: str
    records: Sequence[Recorded[Record]]
    mark: str


def _mark_of(entries: Sequence[Notification]) -> str:
    """What tells the first of some records from any that another log has there; empty: there is none."""
    if not entries:
        return ""
    digest = sha256(entries[0].state)
    digest.update(f"{entries[0].originator_id}/{entries[0].originator_version}".encode())
    return digest.hexdigest()


class Log:
    """The log at a place: a file, or in a PostgreSQL database. It is made if it is not there."""

    def __init__(self, place: LogPlace) -> None:
        self.place = place
        self._recorder = recorder_at(place)
        self._recorder.create_table()
        self._mapper = RecordMapper(Codec())
        self.ties = Ties(self._merges)

    def append(
        self,
        records: Sequence[Recorded[Record] | StoredEvent],
        request: KeyedRequest | None = None,
        unmoved: Unmoved | None = None,
    ) -> Sequence[int]:
        """Append records in one transaction; their positions. Raises `Clash`, having changed nothing.

        It clashes as well where what they were decided on has moved. A record may come as its bytes, as
        this log's codec writes them. One that could not be read back would stop every reader for good: it
        raises the library's error. Records of accounts are many; whoever makes them has validated them.
        """
        stored = [each if isinstance(each, StoredEvent) else self._stored(each) for each in records]
        try:
            positions = self._recorder.insert_events(stored, request=request, unmoved=unmoved)
        except IntegrityError as error:
            raise Clash(str(error)) from error
        return positions or ()

    def refusal(self) -> str:
        """Which right is missing to append, and what to do; empty: none, as far as was seen."""
        return self._recorder.refusal()

    def _stored(self, recorded: Recorded[Record]) -> StoredEvent:
        if not isinstance(recorded.record, AccountRecord):
            self.check(recorded.record)
        return self._mapper.to_stored_event(recorded)

    def check(self, record: Record) -> None:
        """Raise the library's error if a record, once appended, could not be read back."""
        self._mapper.codec.check(record)

    def read(self, after: int, limit: int = READ_BATCH) -> list[Recorded[Record]]:
        """Up to `limit` records beyond a position, in order."""
        found = self._recorder.select(after, limit, BEYOND)
        return [self._mapper.to_recorded(each) for each in found]

    def entries(
        self, after: int, limit: int = READ_BATCH, until: int = BEYOND
    ) -> Sequence[Notification]:
        """Up to `limit` records beyond a position and up to another, in order, as they are stored."""
        return self._recorder.select(after, limit, until)

    def decoded(self, entry: Notification) -> Recorded[Record]:
        """The record that an entry holds, in its place."""
        return self._mapper.to_recorded(entry)

    def follow(self, after: int = 0) -> Iterator[Recorded[Record]]:
        """Every record beyond a position, in order, up to the end the log has when it is reached."""
        while batch := self.read(after):
            yield from batch
            after = batch[-1].position

    def incident(self, stream: UUID) -> list[Recorded[IncidentRecord]]:
        """The records of one incident, in order; none if it was never reported."""
        found = map(self._mapper.to_recorded, self._recorder.select_stream(stream))
        return cast("list[Recorded[IncidentRecord]]", list(found))

    def incidents(
        self, streams: Collection[UUID], below: int = BEYOND
    ) -> list[Recorded[IncidentRecord]]:
        """The records of incidents below a position, in order of the log."""
        found = map(self._mapper.to_recorded, self.stored(streams, below))
        return cast("list[Recorded[IncidentRecord]]", list(found))

    def stored(self, streams: Collection[UUID], below: int = BEYOND) -> list[Notification]:
        """The same, as they are stored."""
        wanted = list(streams)
        found: list[Notification] = []
        for start in range(0, len(wanted), STREAMS_AT_ONCE):
            found += self._recorder.select_streams(wanted[start : start + STREAMS_AT_ONCE], below)
        if len(wanted) > STREAMS_AT_ONCE:
            found.sort(key=lambda stored: stored.id)
        return found

    def naming(self, actor: str, below: int) -> Sequence[UUID]:
        """The streams of incidents that have a record below a position in which an actor may be named.

        The whole log is read for it.
        """
        return self._recorder.select_streams_with(b'"actor":"%b"' % actor.encode(), below)

    @property
    def codec(self) -> Codec:
        """What reads and writes the bytes of records."""
        return self._mapper.codec

    def streams_of(self, dataset: str) -> Iterator[UUID]:
        """The streams of all incidents of a dataset, in the order of their ids."""
        first, beyond = bounds_of(dataset)
        while found := self._recorder.select_stream_ids(first, beyond, READ_BATCH):
            yield from found
            first = UUID(int=found[-1].int + 1)

    def tied(self, stream: UUID) -> Collection[UUID]:
        """All incidents that one was ever merged with, itself included."""
        return self.ties.of((stream,)).get(stream, (stream,))

    @property
    def last_merge(self) -> int:
        """The position of the last merge of incidents; 0 if there is none."""
        return self.ties.last()

    def actor(self, slug: str) -> list[Recorded[ActorRecord]]:
        """The records of one actor, in order; none if it was never registered."""
        found = map(self._mapper.to_recorded, self._recorder.select_stream(actor_stream(slug)))
        return cast("list[Recorded[ActorRecord]]", list(found))

    def dataset(self, slug: str) -> list[Recorded[DatasetReleased]]:
        """The records of one dataset, in order; none if nothing was ever taken in of it."""
        found = map(self._mapper.to_recorded, self._recorder.select_stream(dataset_stream(slug)))
        return cast("list[Recorded[DatasetReleased]]", list(found))

    def _merges(self, after: int) -> list[Recorded[IncidentMerged]]:
        found = map(self._mapper.to_recorded, self._recorder.select_merges(after))
        return cast("list[Recorded[IncidentMerged]]", list(found))

    def request(self, key: str) -> KnownRequest | None:
        """What is known of an idempotency key."""
        return self._recorder.select_request(key)

    def requests(self) -> Sequence[KeyedPosition]:
        """Every idempotency key, with the digest of its request and the position of its last record."""
        return self._recorder.select_requests()

    def add_requests(self, requests: Sequence[KeyedPosition]) -> None:
        """Add the idempotency keys of the log that this one is a copy of."""
        self._recorder.insert_requests(requests)

    def replace(
        self, requests: Sequence[KeyedPosition], batches: Iterable[Sequence[Notification]]
    ) -> None:
        """Put another log in the place of this one, as a restored copy is: all of it, or nothing.

        Nothing else changes what was recorded, and nothing but ``casus restore --replace`` does this.
        """
        self._recorder.replace(requests, batches)
        self.forget()

    def forget(self) -> None:
        """Forget what was read of it: another log was put in its place."""
        self.ties = Ties(self._merges)

    def mark(self, position: int) -> str:
        """What tells the record at a position from any that another log has there; empty: there is none."""
        return _mark_of(self._recorder.select(position - 1, 1, position))

    def stretch(self, after: int, limit: int) -> Stretch:
        """Up to `limit` records beyond a position, with the marks of what they begin after and end with.

        All of it is of one moment, and so of one log, whatever is put in its place meanwhile.
        """
        first = max(0, after - 1)
        entries = list(self._recorder.select(first, limit + after - first, BEYOND))
        before = [entries.pop(0)] if entries and entries[0].id == after else []
        records = [self._mapper.to_recorded(each) for each in entries]
        return Stretch(_mark_of(before), records, _mark_of(entries[-1:] or before))

    @property
    def head(self) -> int:
        """The newest position; 0 while the log is empty."""
        return self._recorder.max_notification_id()

    def damage(self) -> Sequence[str]:
        """What the database itself finds wrong with how it is kept; nothing where it can't tell."""
        return self._recorder.damage()

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return self._recorder.size()

    def close(self) -> None:
        """Close the connections, once whoever is appending is done."""
        self._recorder.close()
