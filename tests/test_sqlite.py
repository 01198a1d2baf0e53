"""The datastore's connections, where SQLite itself would not wait for another process."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import service.sqlite
from service.sqlite import Datastore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new.sqlite"


@pytest.fixture
def held(path):
    """A connection that writes to a file that is no write-ahead log yet."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def open_once(path):
    datastore = Datastore(path, "FULL", create=True)
    try:
        with datastore.transaction(commit=True) as cursor:
            cursor.execute("PRAGMA journal_mode")
            return cursor.fetchone()[0]
    finally:
        datastore.close()


def test_a_new_file_that_another_process_makes_at_the_moment_is_waited_for(path, held, monkeypatch):
    waits = []

    def wait(seconds):
        waits.append(seconds)
        held.execute("COMMIT")

    monkeypatch.setattr(service.sqlite.time, "sleep", wait)
    assert open_once(path) == "wal"
    assert len(waits) == 1


def test_a_file_that_is_never_let_go_is_not_waited_for_without_end(path, held, monkeypatch):
    monkeypatch.setattr(service.sqlite, "LOCK_TIMEOUT", 0)
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        open_once(path)


def test_what_is_no_lock_is_told_at_once(path, monkeypatch):
    path.write_bytes(b"no database" * 100)
    monkeypatch.setattr(service.sqlite.time, "sleep", lambda _: pytest.fail("waited"))
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        open_once(path)
