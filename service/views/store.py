"""The projections' store: one SQLite file a generation, beside the log and never needed by it.

    views/CURRENT                the name of the generation in use
    views/1.1.1.1-5f0c….sqlite   rows of projection version 1.1.1.1

A rebuild fills a new generation beside the old one and then replaces CURRENT in one rename. Whoever has
the old one open goes on reading right answers from it until it looks at CURRENT again, which it does
before it writes and where it can't find the file. Rows, and the position they reach, are committed in one
transaction; what a power cut may take is whole batches, which are folded again. LOCK is held, by SQLite's
own locking, by the one process that builds a generation.

A file that is missing, of another projection version or damaged is not repaired but rebuilt.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex

from eventsourcing.persistence import PersistenceError, Tracking
from eventsourcing.sqlite import SQLiteCursor, SQLiteTrackingRecorder

import projections
from projections.store import COUNT_VERSIONS, Statements
from service.sqlite import Datastore, Durability

PAGE_SIZE = 8_192
"""Bytes of a page: with 4,096 indexes took a third longer to make, and rows a twelfth to write."""

CHECKED_WHOLE = 64_000_000
"""Bytes up to which a file is read through when it is opened: a tenth of a second or so."""

BUILD_TIMEOUT = 3_600
"""Seconds that a process waits for another one's rebuild."""

TRACKED = "casus"
"""The name under which the position reached is tracked."""

_FOLLOWED = ("CREATE TABLE followed (mark TEXT NOT NULL)", "INSERT INTO followed VALUES ('')")


class Batch:
    """One transaction of a generation: rows and the position they reach."""

    def __init__(self, recorder: SQLiteTrackingRecorder, cursor: SQLiteCursor) -> None:
        self._recorder, self._cursor = recorder, cursor

    @property
    def position(self) -> int:
        """The position that the rows have reached."""
        return self._recorder._max_tracking_id(TRACKED, self._cursor) or 0

    @property
    def mark(self) -> str:
        """The mark of the record at that position."""
        self._cursor.execute("SELECT mark FROM followed")
        return str(self._cursor.fetchone()[0])

    def write(self, statements: Statements, position: int, mark: str) -> None:
        """Carry out what records come to, and note the position that they reach and its record's mark."""
        self._cursor.execute(COUNT_VERSIONS)
        for sql, rows in statements.numbered(self._cursor.fetchone()[0]):
            self._cursor.executemany(sql, rows)
        self._recorder._insert_tracking(self._cursor, Tracking(TRACKED, position))
        self._cursor.execute("UPDATE followed SET mark = ?", (mark,))


class Generation:
    """One file of rows. One that is made anew is lost with its process until it is `complete`."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if create:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
                connection.execute("VACUUM")
        self._open("OFF" if create else "NORMAL")
        if create:
            self._recorder.create_table()
            self._run(statement for tables in projections.TABLES for statement in tables.create)
            self._run(_FOLLOWED)

    def _open(self, durability: Durability) -> None:
        self._datastore = Datastore(self.path, durability, create=False)
        self._recorder = SQLiteTrackingRecorder(self._datastore)

    def complete(self) -> None:
        """Make the indexes that a rebuild leaves until its rows are in, and the file one that lasts."""
        self._run(statement for tables in projections.TABLES for statement in tables.index)
        self._datastore.close()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self._open("NORMAL")

    def _run(self, statements: Iterable[str]) -> None:
        with self._datastore.transaction(commit=True) as cursor:
            for statement in statements:
                cursor.execute(statement)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """A transaction that holds the only right to write, committed if it ends well."""
        with self._datastore.transaction(commit=True) as cursor:
            yield Batch(self._recorder, cursor)

    @property
    def position(self) -> int:
        """The position that the rows have reached."""
        return self._recorder.max_tracking_id(TRACKED) or 0

    @property
    def mark(self) -> str:
        """The mark of the record at that position (`Log.mark`): it says whose log the rows are of."""
        return self.followed[1]

    @property
    def followed(self) -> tuple[int, str]:
        """The position and the mark, as one: another process may write between two reads."""
        with self._datastore.transaction(commit=False) as cursor:
            position = self._recorder._max_tracking_id(TRACKED, cursor) or 0
            cursor.execute("SELECT mark FROM followed")
            return position, str(cursor.fetchone()[0])

    def is_sound(self) -> bool:
        """Whether the file can be read; a small one is checked whole, by SQLite's own quick check."""
        try:
            if self.path.stat().st_size > CHECKED_WHOLE:
                return self.position > 0 and bool(self.mark)
            with self._datastore.transaction(commit=False) as cursor:
                cursor.execute("PRAGMA quick_check(1)")
                verdict: str = cursor.fetchone()[0]
            return verdict == "ok" and self.position >= 0 and bool(self.mark or not self.position)
        except (OSError, sqlite3.Error, PersistenceError):
            return False

    def close(self) -> None:
        """Close the connections."""
        self._datastore.close()


class ViewFolder:
    """The folder of generations, and which of them is in use."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._pointer = folder / "CURRENT"

    def current(self) -> Path | None:
        """The generation in use; None if there is none that this version of the folds wrote."""
        try:
            path = self._folder / self._pointer.read_text().strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        return path if path.name.startswith(_PREFIX) and path.is_file() else None

    @contextmanager
    def building(self) -> Iterator[None]:
        """The only right to build a generation; the system takes it from a process that dies."""
        lock = sqlite3.connect(self._folder / "LOCK", timeout=BUILD_TIMEOUT, isolation_level=None)
        try:
            lock.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            lock.close()

    def next(self) -> Path:
        """The path for a new generation; what a rebuild that died has left is removed.

        Names are never used twice: whoever has a file open that is gone can tell it from a new one.
        """
        self._keep_only(self.current())
        return self._folder / f"{_PREFIX}{token_hex(6)}.sqlite"

    def discard(self, path: Path) -> None:
        """Remove a generation that was never used."""
        _remove(path)

    def switch(self, path: Path) -> None:
        """Use this generation from now on, and remove the others."""
        staged = self._folder / "CURRENT.new"
        staged.write_text(path.name + "\n")
        with staged.open("rb") as file:
            os.fsync(file.fileno())
        staged.replace(self._pointer)
        self._keep_only(path)

    def _keep_only(self, path: Path | None) -> None:
        for other in self._folder.glob("*-*.sqlite"):
            if other != path:
                _remove(other)


_PREFIX = f"{projections.VERSION}-"


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
