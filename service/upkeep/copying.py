"""Copies of a log: byte for byte, from any kind of store to any, resumable, and compared in the end.

A copy is begun where the target ends, once what is there has been compared; so one that was cut short goes
on, and one that is whole appends nothing. The idempotency keys of its requests go with the records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from eventsourcing.persistence import Notification, StoredEvent

from domain.errors import DomainError
from service.log import Log
from service.log.recorder import Unmoved
from service.views.projector import Progress

BATCH = 1_000


class Differs(DomainError):
    """Raised where two logs do not have the same records: says from which position on."""

    def __init__(self, position: int, what: str) -> None:
        self.position = position
        super().__init__(f"{what} from position {position} on")


class NotAsWritten(DomainError):
    """Raised where what was copied is not what is there now: the disk may fail."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy came to: the position reached, how many records were appended, and the log's digest."""

    position: int
    appended: int
    digest: str


def batches_of(
    log: Log, after: int = 0, until: int | None = None
) -> Iterator[Sequence[Notification]]:
    """The records of a log as they are stored, beyond a position, up to another or to the end."""
    end = log.head if until is None else until
    while after < end and (batch := log.entries(after, min(BATCH, end - after))):
        yield batch
        after = batch[-1].id


class Digest:
    """The SHA-256 of records in their order: two logs that have the same one have the same records."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, batch: Sequence[Notification]) -> None:
        """Take in records."""
        for entry in batch:
            head = f"{entry.id} {entry.originator_id} {entry.originator_version} {entry.topic} "
            self._hash.update(head.encode() + str(len(entry.state)).encode() + b"\n")
            self._hash.update(entry.state)

    @property
    def text(self) -> str:
        """The digest, in words."""
        return f"sha256:{self._hash.hexdigest()}"


def digest_of(log: Log, until: int | None = None) -> str:
    """The digest of a log, up to a position or to its end."""
    digest = Digest()
    for batch in batches_of(log, until=until):
        digest.add(batch)
    return digest.text


def copy(source: Log, target: Log, progress: Progress | None = None) -> Copied:
    """Append to a log what another has beyond it. Raises `Differs`, having changed nothing; `Clash`."""
    head, begun = source.head, target.head
    if begun > head:
        raise Differs(head + 1, "the target has records that the source has not")
    digest = Digest()
    for batch in batches_of(source, until=head):
        first = batch[0].id
        there = target.entries(first - 1, len(batch))
        for ours, theirs in zip(batch, there, strict=False):
            if ours != theirs:
                raise Differs(ours.id, "the target has other records than the source")
        if missing := batch[len(there) :]:
            target.append(
                [_stored(each) for each in missing], unmoved=Unmoved({}, head=missing[0].id - 1)
            )
        digest.add(batch)
        if progress:
            progress(batch[-1].id, head)
    target.add_requests(source.requests())
    if (found := digest_of(target, head)) != digest.text:
        raise NotAsWritten(f"the copy can't be read back as it was written ({found})")
    return Copied(head, head - begun, digest.text)


def replace(source: Log, target: Log) -> Copied:
    """Put another log in the place of one, in one transaction: whoever reads sees the one or the other."""
    target.replace(source.requests(), batches_of(source))
    digest = digest_of(source)
    head = source.head  # others may have appended to the target since
    if (found := digest_of(target, head)) != digest:
        raise NotAsWritten(f"the copy can't be read back as it was written ({found})")
    return Copied(head, head, digest)


def _stored(entry: Notification) -> StoredEvent:
    return StoredEvent(entry.originator_id, entry.originator_version, entry.topic, entry.state)
