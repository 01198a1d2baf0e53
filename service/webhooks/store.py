"""The subscriptions of a store, and how far each receiver is.

This is state and not record: it changes with every delivery, and none of it is in the log. A position is
written down when a receiver has accepted what leads up to it; so after a power cut some may be sent once
more, and nothing is left out.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter

from domain.ids import uuid7
from service.log.recorder import KeyedRequest
from service.recording import KeyReused
from service.state import Cursor as Rows
from service.state import Schema, State, rows
from service.webhooks.batches import Cursor
from service.webhooks.documents import (
    NewSubscription,
    Subscription,
    SubscriptionFilter,
    SubscriptionRequest,
)
from service.webhooks.signing import new_secret

MOST = 1_000
"""Subscriptions of a store."""

SCHEMA = Schema(
    "subscriptions",
    (
        (
            """CREATE TABLE subscription (
                id TEXT PRIMARY KEY,
                url TEXT NOT NULL,
                filter TEXT NOT NULL,
                description TEXT,
                state TEXT NOT NULL DEFAULT 'active',
                position BIGINT NOT NULL,
                created TEXT NOT NULL,
                last_attempt TEXT,
                last_success TEXT,
                last_status BIGINT,
                last_error TEXT,
                failures BIGINT NOT NULL DEFAULT 0,
                next_attempt TEXT,
                secret TEXT NOT NULL,
                origin TEXT NOT NULL,
                taken BIGINT NOT NULL DEFAULT 0,
                sent BIGINT NOT NULL DEFAULT 0,
                moves BIGINT NOT NULL DEFAULT 0)""",
            """CREATE TABLE idempotency_key (
                key TEXT PRIMARY KEY,
                fingerprint TEXT NOT NULL,
                subscription TEXT NOT NULL)""",
        ),
    ),
)


def _new_id() -> str:
    return str(uuid7(time.time_ns() // 1_000_000, secrets.randbits(74)))


class TooMany(Exception):
    """Raised when there are as many subscriptions as there may be."""


@dataclass(frozen=True, slots=True)
class Made:
    """Where a subscription begins, when it was made, and at which address of the service; what names it."""

    after: int
    created: str
    origin: str
    id: str = field(default_factory=_new_id)
    secret: str = field(default_factory=new_secret)


Identity = tuple[str, int]
"""Of a subscription since its position was set by hand last."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A subscription as its row has it.

    `origin` is the address of the service, as whoever has subscribed knows it. `taken` events beyond the
    position are accepted: one record may bring many with it. `sent` is how many were sent after these and
    have yet to be accepted: they are sent again as they were; 0: none. `moves` counts how often the
    position was set by hand: what is under way then no longer counts.
    """

    subscription: Subscription
    secret: str
    origin: str
    taken: int
    sent: int
    moves: int

    @property
    def cursor(self) -> Cursor:
        """Up to where everything is accepted."""
        return Cursor(self.subscription.position, self.taken)

    @property
    def identity(self) -> Identity:
        """What an outcome is of."""
        return self.subscription.id, self.moves

    @property
    def with_secret(self) -> NewSubscription:
        """The subscription as it is shown once."""
        values = {each.name: getattr(self.subscription, each.name) for each in fields(Subscription)}
        return NewSubscription(**values, secret=self.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An attempt that failed: how much to send next time, when, how, and when that is; None: never.

    `failures` is how many more in a row that makes.
    """

    sent: int
    failures: int = 1
    at: str
    status: int | None
    error: str | None
    again: str | None = None


_FILTER = TypeAdapter(SubscriptionFilter)
_SHOWN = tuple(each.name for each in fields(Subscription))
_SELECT = f"SELECT {', '.join(_SHOWN)}, secret, origin, taken, sent, moves FROM subscription"


class Subscriptions:
    """The subscriptions of a store."""

    def __init__(self, state: State) -> None:
        self.state = state

    def add(self, asked: SubscriptionRequest, made: Made, key: KeyedRequest | None) -> Kept:
        """Subscribe; what the key named before, if there is such. Raises `KeyReused`, `TooMany`."""
        with self.state.writing() as cursor:
            if known := self._known(cursor, key):
                return known
            cursor.execute("SELECT count(*) FROM subscription")
            if cursor.fetchone()[0] >= MOST:
                raise TooMany
            cursor.execute(
                "INSERT INTO subscription (url, filter, description, position, created, origin,"
                " id, secret) VALUES (?,?,?,?,?,?,?,?)",
                (
                    asked.url,
                    _FILTER.dump_json(asked.filter).decode(),
                    asked.description,
                    *astuple(made),
                ),
            )
            self._keep(cursor, key, made.id)
            (added,) = self._found(cursor, " WHERE id = ?", made.id)
            return added

    def get(self, identifier: str) -> Kept | None:
        """The subscription of an id; None if there is none."""
        return next(iter(self._select(" WHERE id = ?", identifier)), None)

    def all(self) -> list[Kept]:
        """Every subscription, the oldest first."""
        return self._select(" ORDER BY id")

    def due(self, head: int, now: str) -> list[Kept]:
        """Those to which something may be sent now."""
        return self._select(
            " WHERE state = 'active' AND position < ? AND coalesce(next_attempt, '') <= ?"
            " ORDER BY id",
            head,
            now,
        )

    def pause(self, identifier: str, key: KeyedRequest | None) -> Kept | None:
        """Send no more to an active subscription; None if there is none of this id."""
        return self._changed(
            identifier,
            key,
            "state = CASE state WHEN 'dead' THEN state ELSE 'paused' END, next_attempt = NULL",
        )

    def resume(self, identifier: str, after: int | None, key: KeyedRequest | None) -> Kept | None:
        """Send on at once, from another position if one is given. None if there is none of this id.

        Raises `KeyReused`; what a key has named before is not done again.
        """
        moved = ", moves = moves + 1, position = ?, taken = 0, sent = 0"
        return self._changed(
            identifier,
            key,
            "state = 'active', failures = 0, next_attempt = NULL"
            + (moved if after is not None else ""),
            *([] if after is None else [after]),
        )

    def remove(self, identifier: str) -> Kept | None:
        """Forget a subscription; it as it was, or None if there is none."""
        if not self.state.exists:
            return None
        with self.state.writing() as cursor:
            found = self._one(cursor, identifier)
            cursor.execute("DELETE FROM subscription WHERE id = ?", (identifier,))
            cursor.execute("DELETE FROM idempotency_key WHERE subscription = ?", (identifier,))
            return found

    def passed(self, reached: Mapping[Identity, Cursor]) -> None:
        """Note up to where there is nothing to be sent."""
        with self.state.writing() as cursor:
            cursor.executemany(
                "UPDATE subscription SET position = ?, taken = ? WHERE id = ? AND moves = ?",
                [(*at, *identity) for identity, at in reached.items()],
            )

    def accepted(self, kept: Kept, reached: Cursor, status: int, at: str) -> None:
        """Note up to where a receiver has accepted everything."""
        with self.state.writing() as cursor:
            cursor.execute(
                "UPDATE subscription SET position = ?, taken = ?, sent = 0, failures = 0,"
                " next_attempt = NULL, last_attempt = ?, last_success = ?, last_status = ?,"
                " last_error = NULL WHERE id = ? AND moves = ?",
                (*reached, at, at, status, *kept.identity),
            )

    def failed(self, kept: Kept, attempt: Failed) -> None:
        """Note that an attempt has failed; where it is not made again, the subscription is dead."""
        with self.state.writing() as cursor:
            cursor.execute(
                "UPDATE subscription SET sent = ?, failures = failures + ?, last_attempt = ?,"
                " last_status = ?, last_error = ?,"
                " next_attempt = CASE state WHEN 'active' THEN ? END,"
                " state = CASE WHEN state = 'active' AND ? THEN 'dead' ELSE state END"
                " WHERE id = ? AND moves = ?",
                (*astuple(attempt), attempt.again is None, *kept.identity),
            )

    def close(self) -> None:
        """Close the connections."""
        self.state.close()

    def _changed(
        self, identifier: str, key: KeyedRequest | None, values: str, *parameters: Any
    ) -> Kept | None:
        if not self.state.exists:
            return None
        with self.state.writing() as cursor:
            if known := self._known(cursor, key):
                return known
            cursor.execute(
                f"UPDATE subscription SET {values} WHERE id = ?", (*parameters, identifier)
            )
            if found := self._one(cursor, identifier):
                self._keep(cursor, key, identifier)
            return found

    def _known(self, cursor: Rows, key: KeyedRequest | None) -> Kept | None:
        if key is None:
            return None
        cursor.execute(
            "SELECT fingerprint, subscription FROM idempotency_key WHERE key = ?", (key.key,)
        )
        if (row := cursor.fetchone()) is None:
            return None
        if row[0] != key.fingerprint:
            raise KeyReused(key.key)
        return self._one(cursor, row[1])

    @staticmethod
    def _keep(cursor: Rows, key: KeyedRequest | None, identifier: str) -> None:
        if key is not None:
            cursor.execute(
                "INSERT INTO idempotency_key VALUES (?,?,?)", (*astuple(key), identifier)
            )

    def _one(self, cursor: Rows, identifier: str) -> Kept | None:
        return next(iter(self._found(cursor, " WHERE id = ?", identifier)), None)

    def _select(self, rest: str, *parameters: Any) -> list[Kept]:
        return [_kept(row) for row in rows(self.state, _SELECT + rest, parameters)]

    @staticmethod
    def _found(cursor: Rows, rest: str, *parameters: Any) -> list[Kept]:
        cursor.execute(_SELECT + rest, parameters)
        return [_kept(row) for row in cursor.fetchall()]


def _kept(row: Sequence[Any]) -> Kept:
    shown = dict(zip(_SHOWN, row, strict=False))
    shown["filter"] = _FILTER.validate_json(shown["filter"])
    return Kept(Subscription(**shown), *row[len(_SHOWN) :])
