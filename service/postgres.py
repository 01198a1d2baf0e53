"""A PostgreSQL database: a pool of connections, and its errors in the library's words.

What is asked on a connection that is lost, as when the primary fails over, is asked again for a while:
reads here, writes where it is known what came of them. The URL may name several hosts, as libpq has it: the
one that can be written to is found. What it does not say is set so that a machine that is gone is noticed
within seconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from eventsourcing.persistence import IntegrityError, PersistenceError
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from service.database import Unanswered, Unusable

SCHEMA = "casus"
"""The schema of the log; other kinds of state have schemas whose names begin with it."""

MOST_CONNECTIONS = 10
"""Connections of a process."""

PATIENCE = 10.0
"""Seconds for which what was not answered is asked again: a fail-over takes less."""

PAUSE = 0.1
"""Seconds between two attempts."""

_NOTICED_SOON = {
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "casus",
    "target_session_attrs": "read-write",
}
"""Settings of libpq that the URL may say otherwise; in seconds, `tcp_user_timeout` in milliseconds."""

_OPTIONS = "-c idle_in_transaction_session_timeout=10s -c lock_timeout=60s"
"""Whoever dies in the middle of a transaction keeps nobody else from writing for long."""

_LOOK = 3
"""Seconds that a connection may take of which nothing is wanted but why there is none."""

_REFUSED = re.compile(
    r"authentication failed for user|no password supplied"  # SQLSTATE 28P01 and 28000
    r"|FATAL:  (role .* does not exist|role .* is not permitted to log in|no pg_hba\.conf entry"
    r"|pg_hba\.conf rejects|database .* does not exist|permission denied for database)"  # 3D000, 42501
)
"""What is told of a connection that will be refused again: libpq gives words alone, and no SQLSTATE."""

T = TypeVar("T")


class Refused(Unusable):
    """Raised where the server, or each of several, lets nobody in by this URL."""


def connection_words(url: str) -> str:
    """The URL as libpq takes it, with what it does not say. Raises `Unanswered` where it is none."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise Unanswered("the URL of the store is none that PostgreSQL understands") from None
    if "options" in given:
        given["options"] = f"{_OPTIONS} {given['options']}"
    words: dict[str, Any] = {**_NOTICED_SOON, "options": _OPTIONS, **given}
    return make_conninfo(**words)


def named(url: str) -> str:
    """A database in words, without its password."""
    parts = {"host": "", "port": "", "dbname": "", **conninfo_to_dict(url)}
    return f"PostgreSQL database {parts['dbname']!r} at {parts['host']} {parts['port']}".strip()


class Postgres:
    """The database at a URL; connections are made as they are needed."""

    def __init__(self, url: str, most: int = MOST_CONNECTIONS) -> None:
        self.url = url
        self._pool = ConnectionPool(
            connection_words(url),
            min_size=0,
            max_size=most,
            open=False,
            check=ConnectionPool.check_connection,
            timeout=PATIENCE,
            # After that it is whoever wants a connection next who tries: soon, and not ever more seldom.
            reconnect_timeout=1.0,
            max_idle=300.0,
            kwargs={"autocommit": True},
        )

    @contextmanager
    def connection(self) -> Iterator[Connection[tuple[Any, ...]]]:
        """A connection, in autocommit.

        Raises `Unanswered`, `Unusable` and the library's `IntegrityError`, as does what is done on it.
        """
        try:
            self._pool.open()
            with self._pool.connection() as connection:
                check_encoding(connection)
                yield connection
        except PoolTimeout as error:
            raise told(self._why_none() or error) from error
        except psycopg.Error as error:
            raise told(error) from error

    def _why_none(self) -> psycopg.Error | None:
        """What the pool does not tell: why no connection can be made. None if one can be."""
        words = make_conninfo(connection_words(self.url), connect_timeout=_LOOK)
        try:
            psycopg.connect(words).close()
        except psycopg.Error as error:
            return error
        return None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement that changes nothing; asked again where they did not come."""

        def ask() -> list[tuple[Any, ...]]:
            with self.connection() as connection, connection.cursor(binary=True) as cursor:
                return cursor.execute(sql.encode(), parameters).fetchall()

        return patiently(ask)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def check_encoding(connection: Connection[Any]) -> None:
    """Raise `Unusable` unless the database keeps texts in UTF-8. The server has said so by itself."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in {None, "UTF8"}:
        raise Unusable(
            f"the database {connection.info.dbname!r} has the encoding {encoding}, in which it can't keep"
            " every text; make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )


def patiently(ask: Callable[[], T]) -> T:
    """What comes of asking, again and again for a while if there is no answer. Raises `Unanswered`."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except Unanswered:
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE)


def told(error: psycopg.Error) -> Exception:
    """The error in the library's words: the store's trouble, what clashes, or else a bug's."""
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return Unusable(
            f"the database's user lacks a right: {_first_line(error)}; let it own the schema {SCHEMA}"
            f" and those that begin with {SCHEMA}_, grant it what it lacks, or name another user"
        )
    if isinstance(error, psycopg.errors.UndefinedTable):
        return Unanswered(f"the database is not set up: {_first_line(error)}")
    if isinstance(error, psycopg.OperationalError) and _is_refusal(error):
        return Refused(
            f"the database lets nobody in by the store's URL: {_first_line(error)}; mend its user, its"
            " password or its database, or grant that user CONNECT"
        )
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return Unanswered(_first_line(error))
    if isinstance(error, psycopg.IntegrityError):
        return IntegrityError(_first_line(error))
    return PersistenceError(_first_line(error))


def _is_refusal(error: psycopg.OperationalError) -> bool:
    """Whether no connection is made, at no host, for want of a right, a user, a password or a database."""
    if error.sqlstate is not None:
        return False
    # There is a line for each host, and for each way to it; one that is merely away may come back.
    told_of = [
        line
        for line in str(error).splitlines()
        if " failed: " in line or line.startswith("- host:")
    ]
    return bool(told_of) and all(map(_REFUSED.search, told_of))


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
