"""State in the PostgreSQL database of the log, where every node sees the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from service.database import Unanswered
from service.postgres import SCHEMA, Postgres, check_encoding, connection_words, told
from service.state import Cursor, Parameters, Schema, Taken

MOST_CONNECTIONS = 4
"""Connections of a process for one kind of state."""


class _Cursor:
    """The driver's cursor, which takes ``%s`` for a parameter."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def execute(self, sql: str, parameters: Parameters = ()) -> None:
        self._cursor.execute(_portable(sql), _without_nul(parameters) or None)

    def executemany(self, sql: str, rows: Iterable[Parameters]) -> None:
        self._cursor.executemany(_portable(sql), map(_without_nul, rows))

    def fetchone(self) -> Any:
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()


def _without_nul(parameters: Parameters) -> list[Any]:
    """Texts as the database takes them: of none has anything a NUL that was checked before it was kept."""
    return [
        each.replace("\0", "\ufffd") if isinstance(each, str) and "\0" in each else each
        for each in parameters
    ]


def _portable(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode() if "?" in sql else sql.encode()


class StateTables:
    """The tables of one kind, in a schema of their own, made when something is first written."""

    def __init__(self, url: str, schema: Schema) -> None:
        self._server = Postgres(url, MOST_CONNECTIONS)
        self._schema = schema
        self._name = f"{SCHEMA}_{schema.name}"
        self._is_ready = False

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""
        if self._is_ready:
            return True
        found = self._server.rows("SELECT to_regclass(%s) IS NOT NULL", [f"{self._name}.version"])
        return bool(found[0][0])

    @contextmanager
    def reading(self) -> Iterator[Cursor]:
        """A transaction that sees one state."""
        with self._transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY") as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[Cursor]:
        """A transaction that has the only right to write, and is on the disk when it is over."""
        with self._transaction("ISOLATION LEVEL READ COMMITTED") as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(?), 0)", (self._name,))
            yield cursor

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[Cursor]:
        self._make_ready()
        with self._server.connection() as connection, connection.transaction():
            connection.execute(f"SET TRANSACTION {kind}".encode())
            connection.execute(f"SET LOCAL search_path = {self._name}".encode())
            yield _Cursor(connection.cursor())

    def _make_ready(self) -> None:
        """Bring the tables to what this version has. Raises `OperationalError` if it can't."""
        if self._is_ready:
            return
        versions = self._schema.versions
        if self.exists:  # to make a schema unless it is there takes a right that reading does not
            there = self._server.rows(f"SELECT number FROM {self._name}.version")
            self._is_ready = there == [(len(versions),)]
        if self._is_ready:
            return
        with self._server.connection() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s), 0)", [self._name])
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self._name}".encode())
            connection.execute(f"SET LOCAL search_path = {self._name}".encode())
            connection.execute("CREATE TABLE IF NOT EXISTS version (number bigint NOT NULL)")
            found = connection.execute("SELECT number FROM version").fetchone()
            version: int = found[0] if found else 0
            if version > len(versions):
                raise Unanswered(f"a newer version of Casus has written {self._name}")
            for statements in versions[version:]:
                for statement in statements:
                    connection.execute(statement.encode())
            if version < len(versions):
                connection.execute("DELETE FROM version")
                connection.execute("INSERT INTO version VALUES (%s)", [len(versions)])
        self._is_ready = True

    @contextmanager
    def locked(self) -> Iterator[Callable[[], bool]]:
        """A right that one process has at a time; the system takes it from one that dies.

        It is given with a function that says whether it still is this one's: a connection can be lost.
        Raises `Taken` if another process has it.
        """
        try:
            lock = psycopg.connect(connection_words(self._server.url), autocommit=True)
        except psycopg.Error as error:
            raise told(error) from error
        try:
            check_encoding(lock)
            held = lock.execute(
                "SELECT pg_try_advisory_lock(hashtext(%s), 1)", [self._name]
            ).fetchone()
            if not held or not held[0]:
                raise Taken
            yield lambda: _answers(lock)
        finally:
            with suppress(psycopg.Error):
                lock.close()

    def close(self) -> None:
        """Close the connections; they are opened again where they are needed."""
        self._server.close()
        self._server = Postgres(self._server.url, MOST_CONNECTIONS)


def _answers(connection: psycopg.Connection[Any]) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True
