"""State in an SQLite file beside the log."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from eventsourcing.persistence import OperationalError

from service.sqlite import Datastore
from service.state import Cursor, Schema, Taken


class StateFile:
    """The file in a folder, opened when it is first needed and made when something is first written."""

    def __init__(self, home: Path, schema: Schema) -> None:
        self._schema = schema
        self._path = home / f"{schema.name}.sqlite"
        self._opening = threading.Lock()
        self._datastore: Datastore | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self._datastore is not None or self._path.exists()

    def reading(self) -> AbstractContextManager[Cursor]:
        """A transaction that sees one state."""
        return self._opened().transaction(commit=False)

    def writing(self) -> AbstractContextManager[Cursor]:
        """A transaction that has the only right to write, and is on the disk when it is over."""
        return self._opened().transaction(commit=True)

    def _opened(self) -> Datastore:
        with self._opening:
            if self._datastore is None:
                if not self._path.exists():
                    os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
                self._datastore = self._with_schema(Datastore(self._path, "FULL", create=False))
            return self._datastore

    def _with_schema(self, datastore: Datastore) -> Datastore:
        """The datastore, with its tables as this version has them. Raises `OperationalError`."""
        versions = self._schema.versions
        with datastore.transaction(commit=True) as cursor:
            cursor.execute("PRAGMA user_version")
            version: int = cursor.fetchone()[0]
            if version > len(versions):
                raise OperationalError(f"a newer version of Casus has written {self._path.name}")
            for statements in versions[version:]:
                for statement in statements:
                    cursor.execute(statement)
            cursor.execute(f"PRAGMA user_version = {len(versions)}")
        return datastore

    @contextmanager
    def locked(self) -> Iterator[Callable[[], bool]]:
        """A right that one process has at a time; the system takes it from one that dies.

        It is given with a function that says whether it still is this one's, which it always is.
        Raises `Taken` if another process has it.
        """
        path = self._path.with_suffix(".lock")
        # It is let go of by whichever thread its holder's end is on.
        lock = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise Taken from error
            yield lambda: True
        finally:
            lock.close()

    def close(self) -> None:
        """Close the connections; they are opened again where they are needed."""
        with self._opening:
            if self._datastore is not None:
                self._datastore.close()
                self._datastore = None
