"""The log's table in PostgreSQL: it is made here, read from, and appended to in groups.

Appends that wait for each other go into one transaction (`postgres_appends`), and so share its way to the
disk. Where a connection is lost in a commit, it is looked up what came of it, under the lock, before
anything is told or done again: nothing that was acknowledged is lost, and nothing is there twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent

from domain.records import IncidentMerged
from service import postgres
from service.database import Unanswered, Unusable
from service.log.postgres_appends import (
    HEAD,
    LOCK,
    Append,
    as_uuid,
    carry_out,
    copy_rows,
    insert_requests,
    is_there,
)
from service.log.recorder import KeyedPosition, KeyedRequest, KnownRequest, Unmoved
from service.postgres import SCHEMA, Postgres, Refused

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

_COLUMNS = "originator_id, originator_version, topic, state, position"

_LACKING = f"""
    SELECT current_user, string_agg(needed.privilege || ' on ' || needed.relation, ', ')
    FROM (VALUES ('{SCHEMA}.log', 'SELECT'), ('{SCHEMA}.log', 'INSERT'),
        ('{SCHEMA}.idempotency_key', 'SELECT'), ('{SCHEMA}.idempotency_key', 'INSERT'))
        AS needed (relation, privilege)
    WHERE EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = needed.relation::regclass AND attnum > 0
        AND NOT attisdropped AND NOT has_column_privilege(attrelid, attnum, needed.privilege))"""
"""Who asks, and what they may not do of what an append takes; rights may be granted column by column."""

MOST_TOGETHER = 100
"""Appends that go into one transaction at most."""


def has_log(url: str) -> bool:
    """Whether the database at a URL has a log."""
    with closing(Postgres(url, 1)) as server:
        return _is_made(server)


def _is_made(server: Postgres) -> bool:
    return bool(server.rows("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.log"])[0][0])


def _in_doubt(error: Exception) -> str:
    return (
        f"it is not known whether it was recorded ({error});"
        " the same request under the same Idempotency-Key is safe"
    )


class PostgresRecorder:
    """Inserts and selects stored records of one database."""

    def __init__(self, url: str) -> None:
        self._server = Postgres(url)
        self.most_together = MOST_TOGETHER
        self._queue = threading.Lock()
        self._waiting: list[Append] = []
        self._leading = threading.Lock()
        self._may_append = False

    def create_table(self) -> None:
        """Make the tables unless they are there; of a replica, that is all that can be asked."""
        if _is_made(self._server):
            return
        with self._server.connection() as connection, connection.transaction():
            connection.execute(LOCK)
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
        """Append, together with whatever else waits by now.

        Raises `IntegrityError`, `Unanswered` and, at once where a right is missing, `Unusable`.
        """
        if not stored_events:
            return ()
        append = Append(stored_events, request, unmoved)
        with self._queue:
            self._waiting.append(append)
        with self._leading:
            while not append.is_done:  # whoever was here before may have taken it along
                with self._queue:
                    together = self._waiting[: self.most_together]
                    del self._waiting[: self.most_together]
                self._carry_out(together)
        if append.error is not None:
            raise append.error
        return append.positions

    def _carry_out(self, appends: Sequence[Append]) -> None:
        try:
            self._commit(appends)
        except IntegrityError as error:
            if len(appends) == 1:
                appends[0].error = error
            for each in appends if len(appends) > 1 else ():
                self._carry_out([each])
        except BaseException as error:
            for each in appends:
                each.error = error if isinstance(error, Exception) else Unanswered("interrupted")
            if not isinstance(error, Exception):
                raise

    def _commit(self, appends: Sequence[Append]) -> None:
        """Append all of these in one transaction, again until it is known what came of it."""
        until = time.monotonic() + postgres.PATIENCE
        begun = False
        while True:
            try:
                with self._server.connection() as connection:
                    if not (begun and is_there(connection, appends)):
                        begun = True
                        carry_out(connection, appends)
                self._may_append = True
                return
            except Refused as error:
                raise (Unusable(_in_doubt(error)) if begun else error) from error.__cause__
            except Unusable as error:
                self._may_append = False
                raise Unusable(self.refusal() or str(error)) from error
            except Unanswered as error:
                if time.monotonic() > until:
                    if begun:
                        raise Unanswered(_in_doubt(error)) from error
                    raise
            time.sleep(postgres.PAUSE)

    def refusal(self) -> str:
        """Which right is missing to append, and what to do; empty: none, as far as was seen."""
        if self._may_append:
            return ""
        try:
            ((user, lacking),) = self._server.rows(_LACKING)
        except Unusable as error:
            return f"nothing can be recorded: {error}"
        if lacking:
            return (
                f"nothing can be recorded: the database's user {user!r} lacks {lacking}; grant it that, or"
                " name another user in CASUS_STORE"
            )
        self._may_append = True
        return ""

    def select(self, after: int, limit: int, until: int) -> Sequence[Notification]:
        """Up to `limit` records beyond a position and up to another, in order."""
        return self._select("position > %s AND position <= %s", [after, until], limit)

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
            insert_requests(connection, requests, "DO NOTHING")

    def replace(
        self, requests: Sequence[KeyedPosition], batches: Iterable[Sequence[Notification]]
    ) -> None:
        """Put other records and keys in the place of all there are, in one transaction."""
        with self._server.connection() as connection, connection.transaction():
            connection.execute(LOCK)
            connection.execute(f"ALTER TABLE {SCHEMA}.log DISABLE TRIGGER immutable".encode())
            connection.execute(f"TRUNCATE {SCHEMA}.log, {SCHEMA}.idempotency_key".encode())
            copy_rows(
                connection,
                (
                    (n.id, as_uuid(n.originator_id), n.originator_version, n.topic, n.state)
                    for batch in batches
                    for n in batch
                ),
            )
            insert_requests(connection, requests, "DO NOTHING")
            connection.execute(f"ALTER TABLE {SCHEMA}.log ENABLE TRIGGER immutable".encode())

    def max_notification_id(self) -> int:
        """The newest position; 0 while there is no record."""
        return int(self._server.rows(f"SELECT {HEAD}")[0][0])

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
