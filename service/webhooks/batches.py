"""What is sent next: the records beyond a position that concern a subscriber, as many as go together.

They are those that ``/v1/log`` shows with the same filter, in the same order, in the same envelopes. As
there, a record may bring in others of positions before it; so a position alone does not say how far a
subscriber is: a `Cursor` counts events beyond it as well. What follows a cursor is always the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from service.log import Log
from service.publishing.cloudevents import Envelopes
from service.publishing.concerns import EverOne, Interest, Noted, concerned, noted
from service.webhooks.documents import SubscriptionFilter

MOST_RECORDS = 100
"""Records that are sent together."""

MOST_BYTES = 500_000
"""Bytes that are sent together; a record that alone has more is sent alone."""

LOOKED_AT = 2_000
"""Records that are looked at before others have their turn."""

READ_AT_ONCE = 100
"""Records that are held at a time."""


class Cursor(NamedTuple):
    """Up to where something was taken: a position, and how many of the events that follow it."""

    position: int
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent together, as CloudEvents in JSON, and the cursor after it."""

    events: tuple[bytes, ...]
    reached: Cursor

    @property
    def body(self) -> bytes:
        """The batch as JSON (CloudEvents JSON Batch Format)."""
        return b"[%b]" % b",".join(self.events)


class Batches:
    """Reads batches from a log."""

    def __init__(self, log: Log, ever_one: EverOne) -> None:
        self._log, self._ever_one = log, ever_one
        # Subscribers who have everything all come for the same that is new.
        self._noted = lru_cache(maxsize=2)(self._read)

    def next(
        self,
        filter_: SubscriptionFilter,
        origin: str,
        after: Cursor,
        until: int,
        *,
        most: int = MOST_RECORDS,
        most_bytes: int = MOST_BYTES,
    ) -> Batch:
        """At most so many events that follow a cursor, up to a position, for a service at an origin.

        One alone may have more bytes than that.
        """
        events: list[bytes] = []
        reached, beyond, size = after.position, 0, 0
        until = min(until, after.position + LOOKED_AT)
        for event, position in self._following(filter_, Envelopes(origin), after.position, until):
            if event is not None:
                if beyond >= after.taken or reached > after.position:
                    size += len(event)
                    if len(events) == most or (events and size > most_bytes):
                        break
                    events.append(event)
                beyond += 1
            if position > reached:
                reached, beyond = position, 0
        return Batch(tuple(events), Cursor(reached, beyond))

    def _following(
        self, filter_: SubscriptionFilter, envelopes: Envelopes, after: int, until: int
    ) -> Iterator[tuple[bytes | None, int]]:
        """Events beyond a position, each with the position that is through with it; None: there is none."""
        interest = Interest(filter_.country, filter_.actor, frozenset(map(str, filter_.type)))
        while batch := self._noted(after, until):
            for each in concerned(self._log, self._ever_one, interest, batch):
                after = after if each.is_belated else each.entry.id
                yield envelopes.of(each.entry), after
            after = batch[-1].entry.id
            yield None, after

    def _read(self, after: int, until: int) -> list[Noted]:
        entries = self._log.entries(after, READ_AT_ONCE, until)
        return noted(self._log, entries) if entries else []
