"""What a log asks of the database that keeps it, whichever it is.

Positions are 1, 2, 3, ... without a gap and in the order of commits: they are given inside the one
transaction that may write at a time. ``(stream, version)`` is unique, which is the optimistic concurrency
of every stream. A request's idempotency key is stored in the transaction of its records: both are there or
neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that named itself: its key, and a digest of what it asked for."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """What is known of a key: the digest of its request, and the position of its last record."""

    fingerprint: str
    position: int


KeyedPosition = tuple[str, str, int]
"""An idempotency key, the digest of its request, and the position of its last record."""


@dataclass(frozen=True, slots=True)
class Unmoved:
    """What a record was decided on, and has to be still so when it is appended.

    Streams at these versions, and, if it depends on what is merged with what, no merge of incidents beyond
    this position; if it is to have a position of its own, no record at all beyond the one before.
    """

    streams: Mapping[UUID, int]
    merges: int | None = None
    head: int | None = None


class LogRecorder(Protocol):
    """The log's tables in a database. Raises the library's `OperationalError` where it does not answer."""

    def create_table(self) -> None:
        """Make the tables unless they are there."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        request: KeyedRequest | None = None,
        unmoved: Unmoved | None = None,
    ) -> Sequence[int] | None:
        """Append in one transaction, on the disk when this returns; the positions.

        Raises the library's `IntegrityError`, having changed nothing, for a version or a key that is there
        and where what it was decided on has moved.
        """

    def refusal(self) -> str:
        """Which right is missing to append, and what to do; empty: none, as far as was seen."""

    def select(self, after: int, limit: int, until: int) -> Sequence[Notification]:
        """Up to `limit` records beyond a position and up to another, in order."""

    def select_stream(self, stream: UUID) -> Sequence[Notification]:
        """The records of one stream in order, with their positions."""

    def select_streams(self, streams: Sequence[UUID], below: int) -> Sequence[Notification]:
        """The records of streams below a position, in order."""

    def select_stream_ids(self, first: UUID, beyond: UUID, limit: int) -> Sequence[UUID]:
        """The ids of up to so many streams, from one up to another that is left out, in order."""

    def select_streams_with(self, text: bytes, below: int) -> Sequence[UUID]:
        """The ids of incidents' streams that have a record below a position with a text in its bytes."""

    def select_merges(self, after: int) -> Sequence[Notification]:
        """The records of incidents' merges beyond a position, in order."""

    def select_request(self, key: str) -> KnownRequest | None:
        """What is known of an idempotency key; None if it was never used."""

    def select_requests(self) -> Sequence[KeyedPosition]:
        """Every idempotency key, with the digest of its request and the position of its last record."""

    def insert_requests(self, requests: Sequence[KeyedPosition]) -> None:
        """Add idempotency keys of another log; those that are there stay as they are."""

    def replace(
        self, requests: Sequence[KeyedPosition], batches: Iterable[Sequence[Notification]]
    ) -> None:
        """Put other records and keys in the place of all there are, in one transaction."""

    def max_notification_id(self) -> int:
        """The newest position; 0 while there is no record."""

    def damage(self) -> Sequence[str]:
        """What the database itself finds wrong with how the log is kept; nothing where it can't tell."""

    def size(self) -> int:
        """The bytes that the log takes."""

    def close(self) -> None:
        """Close the connections."""
