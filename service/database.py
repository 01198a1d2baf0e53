"""Read-only connections to an SQLite file, one a thread, apart from the pool that writes.

A read is first tried within a budget of SQLite's own instructions, on the thread that serves requests:
most pages are an index range and need a tenth of it. One that turns out long raises `TooLong` and is
for the caller to repeat on a thread of its own, without a budget.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

from eventsourcing.persistence import OperationalError

STRIDE, STRIDES_AT_ONCE = 10_000, 10
"""SQLite virtual machine instructions between looks, and looks that a read may last unasked: together
about two milliseconds."""

CACHE, SERVING_CACHE = 2_000, 16_000
"""KiB of pages that a connection keeps, and that of the thread that serves requests."""


MOST = 1_000_000_000
"""Bytes of a value, at most: SQLite's own limit."""


class Unanswered(OperationalError):
    """Raised where a database does not answer, or not in order: trying again later may do."""


class Unusable(OperationalError):
    """Raised where a database can't be used until somebody has mended it: trying again won't do."""


class TooLong(Exception):
    """Raised when a read takes more than its budget."""


class TooLarge(Exception):
    """Raised when a value would have more bytes than a read allows."""


class _Connection(sqlite3.Connection):
    """A connection that lasts as long as its thread, unless it is closed before."""

    serves = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.in_use = threading.Lock()
        self._functions: dict[str, Callable[[Any], Any]] = {}

    def know(self, name: str, function: Callable[[Any], Any]) -> None:
        """Have statements use a function of one value by this name, from now on."""
        if self._functions.get(name) is not function:  # all statements are prepared anew for one
            self.create_function(name, 1, function, deterministic=True)
            self._functions[name] = function


class Database:
    """Read-only access to whichever file is in use."""

    def __init__(
        self,
        path: Callable[[], Path],
        has_moved: Callable[[], bool] = lambda: False,
        damaged: Callable[[Path], None] = lambda _: None,
    ) -> None:
        """`damaged` is told of a file in which something could not be read that it has."""
        self._path = path
        self._has_moved = has_moved
        self._damaged = damaged
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: WeakSet[_Connection] = WeakSet()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement.

        Raises `TooLong` within `budget`, and the library's `OperationalError` where the file can't be read.
        """
        return self._rows(self._connection, sql, parameters)

    def text(
        self,
        sql: str,
        parameters: Sequence[Any],
        most: int | None,
        **functions: Callable[[Any], Any],
    ) -> list[tuple[Any, ...]]:
        """The rows of a statement that makes text, by functions of one value that it has by these names.

        Raises `TooLarge` where a value would have more than `most` bytes, and what `rows` does.
        """
        used: list[_Connection] = []

        def made_ready() -> _Connection:
            connection = self._connection()
            used.append(connection)
            for name, function in functions.items():
                connection.know(name, function)
            if most:
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, most)
            return connection

        try:
            return self._rows(made_ready, sql, parameters)
        finally:
            for connection in used:
                with suppress(sqlite3.ProgrammingError):  # it is closed
                    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST)

    def _rows(
        self, connected: Callable[[], _Connection], sql: str, parameters: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        try:
            connection = connected()
            with connection.in_use:
                return connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            if is_of_damage(error):
                self._damaged(self._path())
            raise _told(error) from error

    @contextmanager
    def budget(self) -> Iterator[None]:
        """Statements of this thread within are stopped once they have run long."""
        connection = self._connection()
        if not connection.serves:
            connection.serves = True
            connection.execute(f"PRAGMA cache_size = -{SERVING_CACHE}")
        strides = 0

        def is_spent() -> bool:
            # SQLite counts through the whole life of a cached statement: the first call may come at once.
            nonlocal strides
            strides += 1
            return strides > STRIDES_AT_ONCE

        connection.set_progress_handler(is_spent, STRIDE)
        try:
            yield
        finally:
            # A read that moved on to a new file has closed the connection.
            if connection is getattr(self._local, "connection", None):
                connection.set_progress_handler(None, 0)

    def _connection(self) -> _Connection:
        path = self._path()
        if getattr(self._local, "path", None) == path:
            connection: _Connection = self._local.connection
            return connection
        self._leave()
        try:
            connection = _connect(path)
        except sqlite3.OperationalError:
            # Another process may have put a new file in place of this one a moment ago.
            if not self._has_moved():
                raise
            path = self._path()
            connection = _connect(path)
        self._local.path, self._local.connection = path, connection
        with self._lock:
            self._open.add(connection)
        return connection

    def _leave(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.path = self._local.connection = None

    def close(self) -> None:
        """Close the connections of all threads: SQLite tidies up a file when its last one is closed."""
        self._leave()
        with self._lock:
            for connection in list(self._open):
                with connection.in_use:  # closed under a thread that reads, it would crash
                    connection.close()


def _told(error: sqlite3.Error) -> Exception:
    """The error in terms of whose trouble it is: the read's length, the store's, or else a bug's."""
    if _code(error) == sqlite3.SQLITE_INTERRUPT:
        return TooLong()
    if _code(error) == sqlite3.SQLITE_TOOBIG:
        return TooLarge()
    return OperationalError(error) if is_trouble_of_the_store(error) else error


def is_trouble_of_the_store(error: BaseException) -> bool:
    """Whether an error, or what it came from, is of the disk or of a lock, and not of what was done."""
    is_of_a_server = any(isinstance(each, Unanswered | Unusable) for each in _causes(error))
    return is_of_a_server or _code(error) in _STORE_TROUBLE


def is_of_damage(error: BaseException) -> bool:
    """Whether an error, or what it came from, is of a file that is damaged: trying again won't do."""
    return _code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came from."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _code(error: BaseException) -> int | None:
    """SQLite's code, if an error is one of SQLite's or came from one."""
    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error):
            code: int = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            return code & 0xFF
    return None


_STORE_TROUBLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


def _connect(path: Path) -> _Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        factory=_Connection,
    )
    connection.execute(f"PRAGMA cache_size = -{CACHE}")
    return connection
