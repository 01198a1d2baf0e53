"""The log's table in PostgreSQL: explicit positions, one statement an append, commits in groups.

One transaction writes at a time, by an advisory lock that it holds until its records can be seen. So
positions have no gap and become visible in their order, and whoever tails the log misses nothing: with a
sequence and no lock readers do. A writer that passed the lock by would have its position refused, a key.

An append is one statement in one round trip. Those that wait for each other go into one transaction, and
so share its way to the disk. Where a connection is lost in a commit, it is looked up what came of it, under
the lock, before anything is told or done again: nothing that was acknowledged is lost, and nothing is there
twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from psycopg import Connection

from domain.records import IncidentMerged
from service import postgres
from service.database import Unanswered
from service.log.recorder import KeyedPosition, KeyedRequest, KnownRequest, Unmoved
from service.postgres import SCHEMA, Postgres

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('casus'), hashtext('log'))"

_CREATE = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"""CREATE TABLE {SCHEMA}.log (
        position bigint PRIMARY KEY,
        originator_id uuid NOT NULL,
        originator_version bigint NOT NULL,
        topic text NOT NULL,
        state bytea NOT NULL,
        UNIQUE (originator_id, originator_version))""",
    f"""CREATE TABLE {SCHEMA}.idempotency_key (
        key text PRIMARY KEY,
        fingerprint text NOT NULL,
        position bigint NOT NULL)""",
    # Which incidents are tied to which is read from these few records.
    f"CREATE INDEX merges ON {SCHEMA}.log (position) WHERE topic = '{IncidentMerged.TOPIC}'",
    f"""CREATE FUNCTION {SCHEMA}.refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'records of the log are never changed'; END $$""",
    f"""CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {SCHEMA}.log
        FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse()""",
)

_HEAD = f"coalesce((SELECT max(position) FROM {SCHEMA}.log), 0)"
_LAST_MERGE = (
    f"coalesce((SELECT max(position) FROM {SCHEMA}.log WHERE topic = '{IncidentMerged.TOPIC}'), 0)"
)

_INSERT = f"""
    WITH head AS MATERIALIZED (SELECT {_HEAD} AS position),
    added AS (
        INSERT INTO {SCHEMA}.log
        SELECT head.position + new.number, new.stream, new.version, new.topic, new.state
        FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[])
            WITH ORDINALITY AS new (stream, version, topic, state, number), head
        WHERE {{conditions}} ORDER BY new.number
        RETURNING position),
    keyed AS (
        INSERT INTO {SCHEMA}.idempotency_key
        SELECT asked.key, asked.fingerprint, (SELECT max(position) FROM added)
        FROM unnest(%b::text[], %b::text[]) AS asked (key, fingerprint)
        WHERE EXISTS (SELECT 1 FROM added))
    SELECT min(position), max(position) FROM added"""

_COLUMNS = "originator_id, originator_version, topic, state, position"

MANY = 100
"""Records from which on an append is a ``COPY``."""

MOST_TOGETHER = 100
"""Appends that go into one transaction at most."""


@dataclass(slots=True)
class _Append:
    """What is to be appended, and what came of it."""

    stored: Sequence[StoredEvent]
    request: KeyedRequest | None
    unmoved: Unmoved | None
    positions: Sequence[int] | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is known what came of it."""
        return self.positions is not None or self.error is not None

    def conditions(self) -> tuple[str, list[Any]]:
        """What has to be so of what it was decided on, and its parameters."""
        conditions, parameters = ["true"], list[Any]()
        if unmoved := self.unmoved:
            if unmoved.streams:
                conditions.append(
                    "NOT EXISTS (SELECT 1 FROM unnest(%b::uuid[], %b::bigint[]) AS seen (stream, version)"
                    f" WHERE seen.version <> coalesce((SELECT max(originator_version) FROM {SCHEMA}.log"
                    " WHERE originator_id = seen.stream), 0))"
                )
                parameters += [list(unmoved.streams), list(unmoved.streams.values())]
            if unmoved.merges is not None:
                conditions.append(f"{_LAST_MERGE} = %b")
                parameters.append(unmoved.merges)
            if unmoved.head is not None:
                conditions.append("head.position = %b")
                parameters.append(unmoved.head)
        return " AND ".join(conditions), parameters

    def statement(self) -> tuple[str, list[Any]]:
        """The one statement that does it; it adds nothing where what it was decided on has moved."""
        conditions, parameters = self.conditions()
        columns = zip(
            *(
                (_uuid(s.originator_id), s.originator_version, s.topic, s.state)
                for s in self.stored
            ),
            strict=True,
        )
        request = self.request
        keys = ([], []) if request is None else ([request.key], [request.fingerprint])
        return _INSERT.format(conditions=conditions), [*map(list, columns), *parameters, *keys]


class PostgresRecorder:
    """Inserts and selects stored records of one database."""

    def __init__(self, url: str) -> None:
        self._server = Postgres(url)
        self.most_together = MOST_TOGETHER
        self._queue = threading.Lock()
        self._waiting: list[_Append] = []
        self._leading = threading.Lock()

    def create_table(self) -> None:
        """Make the tables unless they are there; of a replica, that is all that can be asked."""
        if self._server.rows("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.log"])[0][0]:
            return
        with self._server.connection() as connection, connection.transaction():
            connection.execute(_LOCK)
            found = connection.execute(
                "SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.log"]
            ).fetchone()
            if found and not found[0]:
                for statement in _CREATE:
                    connection.execute(statement.encode())

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        request: KeyedRequest | None = None,
        unmoved: Unmoved | None = None,
    ) -> Sequence[int] | None:
        """Append, together with whatever else waits by now. Raises `IntegrityError`, `Unanswered`."""
        if not stored_events:
            return ()
        append = _Append(stored_events, request, unmoved)
        with self._queue:
            self._waiting.append(append)
        with self._leading:
            if not append.is_done:  # otherwise whoever was here before has taken it along
                with self._queue:
                    together = self._waiting[: self.most_together]
                    del self._waiting[: self.most_together]
                self._carry_out(together)
        if append.error is not None:
            raise append.error
        return append.positions

    def _carry_out(self, appends: Sequence[_Append]) -> None:
        try:
            self._commit(appends)
        except IntegrityError as error:
            if len(appends) == 1:
                appends[0].error = error
            for each in appends if len(appends) > 1 else ():
                self._carry_out([each])
        except Exception as error:
            for each in appends:
                each.error = error

    def _commit(self, appends: Sequence[_Append]) -> None:
        """Append all of these in one transaction, again until it is known what came of it."""
        until = time.monotonic() + postgres.PATIENCE
        begun = False
        while True:
            try:
                with self._server.connection() as connection:
                    if begun and self._is_there(connection, appends):
                        return
                    begun = True
                    self._try(connection, appends)
                return
            except Unanswered as error:
                if time.monotonic() > until:
                    if begun:
                        raise Unanswered(
                            f"it is not known whether it was recorded ({error});"
                            " the same request under the same Idempotency-Key is safe"
                        ) from error
                    raise
            time.sleep(postgres.PAUSE)

    def _try(self, connection: Connection[Any], appends: Sequence[_Append]) -> None:
        if len(appends) == 1 and len(appends[0].stored) >= MANY:
            self._copy(connection, appends[0])
            return
        with connection.pipeline(), connection.transaction():
            connection.execute(_LOCK)
            cursors = [
                connection.cursor(binary=True).execute(sql.encode(), parameters)
                for sql, parameters in (each.statement() for each in appends)
            ]
        for append, cursor in zip(appends, cursors, strict=True):
            _note(append, cursor.fetchone() or (None, None))

    @staticmethod
    def _copy(connection: Connection[Any], append: _Append) -> None:
        """Append many records: in some round trips more, and half of the time."""
        conditions, parameters = append.conditions()
        with connection.transaction():
            connection.execute(_LOCK)
            found = connection.execute(
                f"SELECT head.position FROM (SELECT {_HEAD} AS position) AS head"
                f" WHERE {conditions}".encode(),
                parameters,
            ).fetchone()
            if found is None:
                _note(append, (None, None))
                return
            first, last = found[0] + 1, found[0] + len(append.stored)
            _copy_rows(
                connection,
                (
                    (position, _uuid(s.originator_id), s.originator_version, s.topic, s.state)
                    for position, s in enumerate(append.stored, first)
                ),
            )
            if request := append.request:
                _insert_requests(connection, [(request.key, request.fingerprint, last)])
        _note(append, (first, last))

    @staticmethod
    def _is_there(connection: Connection[Any], appends: Sequence[_Append]) -> bool:
        """Whether a transaction of which no answer came was committed. It has ended when this is known:
        it held the lock."""
        with connection.transaction():
            connection.execute(_LOCK)
            for append in appends:
                first = append.stored[0]
                found = connection.execute(
                    f"SELECT position FROM {SCHEMA}.log"
                    " WHERE originator_id = %b AND originator_version = %b AND state = %b".encode(),
                    (_uuid(first.originator_id), first.originator_version, first.state),
                ).fetchone()
                if found:
                    _note(append, (found[0], found[0] + len(append.stored) - 1))
        there = [append.is_done for append in appends]
        # Of those that are not there while others are, what they were decided on had moved.
        for append, is_done in zip(appends, there, strict=True):
            if any(there) and not is_done:
                _note(append, (None, None))
        return any(there)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Up to `limit` records in order of position, from `start` to `stop`."""
        where = "position >= %s"
        parameters: list[Any] = [(start or 0) + (0 if inclusive_of_start else 1)]
        if stop is not None:
            where, parameters = f"{where} AND position <= %s", [*parameters, stop]
        if topics:
            where, parameters = f"{where} AND topic = ANY(%s)", [*parameters, list(topics)]
        return self._select(where, parameters, limit)

    def select_stream(self, stream: UUID) -> Sequence[Notification]:
        """The records of one stream in order, with their positions."""
        return self._select("originator_id = %s", [stream])

    def select_streams(self, streams: Sequence[UUID], below: int) -> Sequence[Notification]:
        """The records of streams below a position, in order."""
        return self._select("originator_id = ANY(%s) AND position < %s", [list(streams), below])

    def select_stream_ids(self, first: UUID, beyond: UUID, limit: int) -> Sequence[UUID]:
        """The ids of up to so many streams, from one up to another that is left out, in order."""
        rows = self._server.rows(
            f"SELECT DISTINCT originator_id FROM {SCHEMA}.log"
            " WHERE originator_id >= %s AND originator_id < %s ORDER BY originator_id LIMIT %s",
            (first, beyond, limit),
        )
        return [row[0] for row in rows]

    def select_streams_with(self, text: bytes, below: int) -> Sequence[UUID]:
        """The ids of incidents' streams that have a record below a position with a text in its bytes."""
        rows = self._server.rows(
            f"SELECT DISTINCT originator_id FROM {SCHEMA}.log WHERE position < %s"
            " AND (topic LIKE 'incident-%%' OR topic LIKE 'account-%%')"
            " AND position(%s::bytea IN state) > 0",
            (below, text),
        )
        return [row[0] for row in rows]

    def select_merges(self, after: int) -> Sequence[Notification]:
        """The records of incidents' merges beyond a position, in order."""
        return self._select(f"topic = '{IncidentMerged.TOPIC}' AND position > %s", [after])

    def select_request(self, key: str) -> KnownRequest | None:
        """What is known of an idempotency key; None if it was never used."""
        rows = self._server.rows(
            f"SELECT fingerprint, position FROM {SCHEMA}.idempotency_key WHERE key = %s", (key,)
        )
        return KnownRequest(*rows[0]) if rows else None

    def select_requests(self) -> Sequence[KeyedPosition]:
        """Every idempotency key, with the digest of its request and the position of its last record."""
        rows = self._server.rows(
            f"SELECT key, fingerprint, position FROM {SCHEMA}.idempotency_key ORDER BY key"
        )
        return [(key, fingerprint, position) for key, fingerprint, position in rows]

    def insert_requests(self, requests: Sequence[KeyedPosition]) -> None:
        """Add idempotency keys of another log; those that are there stay as they are."""
        with self._server.connection() as connection, connection.transaction():
            _insert_requests(connection, requests, "DO NOTHING")

    def replace(
        self, requests: Sequence[KeyedPosition], batches: Iterable[Sequence[Notification]]
    ) -> None:
        """Put other records and keys in the place of all there are, in one transaction."""
        with self._server.connection() as connection, connection.transaction():
            connection.execute(_LOCK)
            connection.execute(f"ALTER TABLE {SCHEMA}.log DISABLE TRIGGER immutable".encode())
            connection.execute(f"TRUNCATE {SCHEMA}.log, {SCHEMA}.idempotency_key".encode())
            _copy_rows(
                connection,
                (
                    (n.id, _uuid(n.originator_id), n.originator_version, n.topic, n.state)
                    for batch in batches
                    for n in batch
                ),
            )
            _insert_requests(connection, requests, "DO NOTHING")
            connection.execute(f"ALTER TABLE {SCHEMA}.log ENABLE TRIGGER immutable".encode())

    def max_notification_id(self) -> int:
        """The newest position; 0 while there is no record."""
        return int(self._server.rows(f"SELECT {_HEAD}")[0][0])

    def damage(self) -> Sequence[str]:
        """Nothing: PostgreSQL has ``pg_amcheck`` and checksums for that."""
        return ()

    def size(self) -> int:
        """The bytes that the log takes, with its indexes."""
        return int(self._server.rows(f"SELECT pg_total_relation_size('{SCHEMA}.log')")[0][0])

    def close(self) -> None:
        """Close the connections, once whoever is appending is done."""
        with self._leading:
            self._server.close()

    def _select(
        self, where: str, parameters: Sequence[Any], limit: int | None = None
    ) -> Sequence[Notification]:
        rows = self._server.rows(
            f"SELECT {_COLUMNS} FROM {SCHEMA}.log WHERE {where} ORDER BY position LIMIT %s",
            [*parameters, limit],
        )
        return [Notification(*row) for row in rows]


def _note(append: _Append, positions: tuple[int | None, int | None]) -> None:
    first, last = positions
    if first is None or last is None:
        append.error = IntegrityError("what it was decided on has moved")
    else:
        append.positions = range(first, last + 1)


def _copy_rows(connection: Connection[Any], rows: Iterable[tuple[Any, ...]]) -> None:
    copy = (
        f"COPY {SCHEMA}.log (position, originator_id, originator_version, topic, state)"
        " FROM STDIN (FORMAT BINARY)"
    )
    with connection.cursor().copy(copy.encode()) as into:
        into.set_types(["bigint", "uuid", "bigint", "text", "bytea"])
        for row in rows:
            into.write_row(row)


def _insert_requests(
    connection: Connection[Any], requests: Sequence[KeyedPosition], conflict: str = ""
) -> None:
    """Add keys; `conflict` says what is done where one is there already: nothing, or it is refused."""
    on_conflict = f" ON CONFLICT {conflict}" if conflict else ""
    connection.cursor().executemany(
        f"INSERT INTO {SCHEMA}.idempotency_key VALUES (%s, %s, %s){on_conflict}".encode(), requests
    )


def _uuid(stream: UUID | str) -> UUID:
    return stream if isinstance(stream, UUID) else UUID(stream)
