"""Appends to the log's table in PostgreSQL, several to a transaction: the statements that carry them out.

One transaction writes at a time, by an advisory lock that it holds until its records can be seen. So
positions have no gap and become visible in their order, and whoever tails the log misses nothing: with a
sequence and no lock readers do. A writer that passed the lock by would have its position refused, a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError, StoredEvent
from psycopg import Connection

from domain.records import IncidentMerged
from service.log.recorder import KeyedPosition, KeyedRequest, Unmoved
from service.postgres import SCHEMA

LOCK = "SELECT pg_advisory_xact_lock(hashtext('casus'), hashtext('log'))"

HEAD = f"coalesce((SELECT max(position) FROM {SCHEMA}.log), 0)"
_LAST_MERGE = (
    f"coalesce((SELECT max(position) FROM {SCHEMA}.log WHERE topic = '{IncidentMerged.TOPIC}'), 0)"
)

_INSERT = f"""
    WITH head AS MATERIALIZED (SELECT {HEAD} AS position),
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

MANY = 100
"""Records from which on an append is a ``COPY``."""


@dataclass(slots=True)
class Append:
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
                (as_uuid(s.originator_id), s.originator_version, s.topic, s.state)
                for s in self.stored
            ),
            strict=True,
        )
        request = self.request
        keys = ([], []) if request is None else ([request.key], [request.fingerprint])
        return _INSERT.format(conditions=conditions), [*map(list, columns), *parameters, *keys]


def carry_out(connection: Connection[Any], appends: Sequence[Append]) -> None:
    """Append all of these in one transaction. Raises what the driver raises, having changed nothing."""
    if len(appends) == 1 and len(appends[0].stored) >= MANY:
        _copy(connection, appends[0])
        return
    with connection.pipeline(), connection.transaction():
        connection.execute(LOCK)
        cursors = [
            connection.cursor(binary=True).execute(sql.encode(), parameters)
            for sql, parameters in (each.statement() for each in appends)
        ]
    for append, cursor in zip(appends, cursors, strict=True):
        _note(append, cursor.fetchone() or (None, None))


def _copy(connection: Connection[Any], append: Append) -> None:
    """Append many records: in some round trips more, and half of the time."""
    conditions, parameters = append.conditions()
    with connection.transaction():
        connection.execute(LOCK)
        found = connection.execute(
            f"SELECT head.position FROM (SELECT {HEAD} AS position) AS head"
            f" WHERE {conditions}".encode(),
            parameters,
        ).fetchone()
        if found is None:
            _note(append, (None, None))
            return
        first, last = found[0] + 1, found[0] + len(append.stored)
        copy_rows(
            connection,
            (
                (position, as_uuid(s.originator_id), s.originator_version, s.topic, s.state)
                for position, s in enumerate(append.stored, first)
            ),
        )
        if request := append.request:
            insert_requests(connection, [(request.key, request.fingerprint, last)])
    _note(append, (first, last))


def is_there(connection: Connection[Any], appends: Sequence[Append]) -> bool:
    """Whether a transaction of which no answer came was committed. It has ended when this is known:
    it held the lock."""
    with connection.transaction():
        connection.execute(LOCK)
        for append in appends:
            first = append.stored[0]
            found = connection.execute(
                f"SELECT position FROM {SCHEMA}.log"
                " WHERE originator_id = %b AND originator_version = %b AND state = %b".encode(),
                (as_uuid(first.originator_id), first.originator_version, first.state),
            ).fetchone()
            if found:
                _note(append, (found[0], found[0] + len(append.stored) - 1))
    there = [append.is_done for append in appends]
    # Of those that are not there while others are, what they were decided on had moved.
    for append, is_done in zip(appends, there, strict=True):
        if any(there) and not is_done:
            _note(append, (None, None))
    return any(there)


def _note(append: Append, positions: tuple[int | None, int | None]) -> None:
    first, last = positions
    if first is None or last is None:
        append.error = IntegrityError("what it was decided on has moved")
    else:
        append.positions = range(first, last + 1)


def copy_rows(connection: Connection[Any], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows: position, stream, version, topic and bytes."""
    copy = (
        f"COPY {SCHEMA}.log (position, originator_id, originator_version, topic, state)"
        " FROM STDIN (FORMAT BINARY)"
    )
    with connection.cursor().copy(copy.encode()) as into:
        into.set_types(["bigint", "uuid", "bigint", "text", "bytea"])
        for row in rows:
            into.write_row(row)


def insert_requests(
    connection: Connection[Any], requests: Sequence[KeyedPosition], conflict: str = ""
) -> None:
    """Add keys; `conflict` says what is done where one is there already: nothing, or it is refused."""
    on_conflict = f" ON CONFLICT {conflict}" if conflict else ""
    connection.cursor().executemany(
        f"INSERT INTO {SCHEMA}.idempotency_key VALUES (%s, %s, %s){on_conflict}".encode(), requests
    )


def as_uuid(stream: UUID | str) -> UUID:
    """A stream's id, however the library has it."""
    return stream if isinstance(stream, UUID) else UUID(stream)
