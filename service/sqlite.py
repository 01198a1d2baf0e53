"""The library's SQLite datastore, fitted to Casus: WAL, a chosen durability, writes that queue.

A write transaction takes the lock as it begins (``BEGIN IMMEDIATE``), so that what it reads cannot be
stale when it writes, and so that writers in other processes wait for each other instead of failing.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from eventsourcing.persistence import OperationalError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

LOCK_TIMEOUT = 60
"""Seconds that a writer waits for another process's transaction before it gives up."""

PAUSE = 0.01
"""Seconds between tries of what SQLite does not wait for."""

Durability = Literal["FULL", "NORMAL", "OFF"]

JOURNALS: Mapping[Durability, str] = {"FULL": "WAL", "NORMAL": "WAL", "OFF": "MEMORY"}
"""Where a transaction's undoing is kept: a file that nobody needs after a crash is written once, and not
to a write-ahead log first."""


class _Transaction(SQLiteTransaction):
    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error
        return cursor


class _Connection(SQLiteConnection):
    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        with _Transaction(self, commit=commit) as cursor, cursor:
            yield cursor


class _Pool(SQLiteConnectionPool):
    synchronous: Durability = "FULL"

    def _create_connection(self) -> SQLiteConnection:
        self.is_journal_mode_wal = True  # the library leaves the mode to this then
        stock = super()._create_connection()._sqlite_conn
        _choose_journal(stock, JOURNALS[self.synchronous])
        stock.execute(f"PRAGMA synchronous = {self.synchronous}")
        stock.execute("PRAGMA cache_size = -16000")
        return _Connection(stock, self.max_age)


def _choose_journal(connection: sqlite3.Connection, mode: str) -> None:
    """Set where undoing is kept. SQLite itself waits for nobody here: of two that make one new file a
    write-ahead log at once, it would tell one that the file is locked."""
    until = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")
            return
        except sqlite3.OperationalError as error:
            is_locked = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_locked or time.monotonic() > until:
                raise
            time.sleep(PAUSE)


class Datastore(SQLiteDatastore):
    """A pool of connections to one database file.

    ``FULL`` survives a power cut with every commit; ``NORMAL`` may lose the last of them, whole. What is
    written with ``OFF`` is lost with the process, and is for one connection alone.
    """

    def __init__(self, path: Path, synchronous: Durability, *, create: bool) -> None:
        mode = "rwc" if create else "rw"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        super().__init__(uri, lock_timeout=LOCK_TIMEOUT, pool_timeout=LOCK_TIMEOUT)
        self.pool = _Pool(db_name=uri, lock_timeout=LOCK_TIMEOUT, pool_timeout=LOCK_TIMEOUT)
        self.pool.synchronous = synchronous
