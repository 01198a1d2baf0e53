"""The file of the subscriptions, and the lock of who delivers.

It is made with the first subscription, for its owner's eyes only, as the secrets are in it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from eventsourcing.persistence import OperationalError
from eventsourcing.sqlite import SQLiteCursor

from service.sqlite import Datastore

FILE, LOCK = "subscriptions.sqlite", "subscriptions.lock"

SCHEMA = (
    (
        """CREATE TABLE subscription (
            id TEXT PRIMARY KEY,
            url TEXT NOT NULL,
            filter TEXT NOT NULL,
            description TEXT,
            state TEXT NOT NULL DEFAULT 'active',
            position INTEGER NOT NULL,
            created TEXT NOT NULL,
            last_attempt TEXT,
            last_success TEXT,
            last_status INTEGER,
            last_error TEXT,
            failures INTEGER NOT NULL DEFAULT 0,
            next_attempt TEXT,
            secret TEXT NOT NULL,
            origin TEXT NOT NULL,
            taken INTEGER NOT NULL DEFAULT 0,
            sent INTEGER NOT NULL DEFAULT 0,
            moves INTEGER NOT NULL DEFAULT 0)""",
        """CREATE TABLE idempotency_key (
            key TEXT PRIMARY KEY,
            fingerprint TEXT NOT NULL,
            subscription TEXT NOT NULL) WITHOUT ROWID""",
    ),
)
"""The statements that lead from each version of the schema to the next."""


class SubscriptionFile:
    """The file in a folder, opened when it is first needed."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._opening = threading.Lock()
        self._datastore: Datastore | None = None

    @property
    def exists(self) -> bool:
        """Whether there was ever a subscription."""
        return self._datastore is not None or self._path.exists()

    def reading(self) -> AbstractContextManager[SQLiteCursor]:
        """A transaction that sees one state."""
        return self._opened().transaction(commit=False)

    def writing(self) -> AbstractContextManager[SQLiteCursor]:
        """A transaction that is on the disk when it is over."""
        return self._opened().transaction(commit=True)

    def _opened(self) -> Datastore:
        with self._opening:
            if self._datastore is None:
                if not self._path.exists():
                    os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
                self._datastore = _with_schema(Datastore(self._path, "FULL", create=False))
            return self._datastore

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The only right to deliver; the system takes it from a process that dies.

        Raises sqlite3.OperationalError if another process has it.
        """
        path = self._path.with_name(LOCK)
        # It is let go of by whichever thread the dispatcher's end is on.
        lock = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            lock.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            lock.close()

    def close(self) -> None:
        """Close the connections."""
        with self._opening:
            if self._datastore is not None:
                self._datastore.close()
                self._datastore = None


def _with_schema(datastore: Datastore) -> Datastore:
    """The datastore, with its tables as this version has them. Raises `OperationalError` if it can't."""
    with datastore.transaction(commit=True) as cursor:
        cursor.execute("PRAGMA user_version")
        version: int = cursor.fetchone()[0]
        if version > len(SCHEMA):
            raise OperationalError(f"a newer version of Casus has written {FILE}")
        for statements in SCHEMA[version:]:
            for statement in statements:
                cursor.execute(statement)
        cursor.execute(f"PRAGMA user_version = {len(SCHEMA)}")
    return datastore
