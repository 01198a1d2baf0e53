"""The log's table in SQLite: the library's recorder, with an explicit position and bulk inserts.

The position is a declared key, because SQLite's VACUUM may renumber an implicit one. What is appended is
durable when it returns (WAL, ``synchronous=FULL``).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    IntegrityError,
    Notification,
    OperationalError,
    StoredEvent,
)
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from domain.records import IncidentMerged
from service.database import Database
from service.log.recorder import KeyedPosition, KeyedRequest, KnownRequest, Unmoved
from service.sqlite import Datastore


class FileRecorder(SQLiteApplicationRecorder):
    """Inserts and selects stored records of one SQLite file.

    It selects on connections of its own: the library's pool keeps readers waiting behind a writer.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._datastore = Datastore(path, "FULL", create=True)
        super().__init__(self._datastore)
        self._reads = Database(lambda: path)
        self._appending = threading.Lock()

    def create_table(self) -> None:
        """Make the tables unless they are there: whoever only reads does not wait for a writer."""
        with contextlib.suppress(OperationalError):  # there is no file yet
            if self._reads.rows("SELECT 1 FROM sqlite_schema WHERE name = 'idempotency_key'"):
                return
        super().create_table()

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **options: Any
    ) -> Sequence[int] | None:
        """Append in one transaction."""
        with self._appending:
            return super().insert_events(stored_events, **options)

    def construct_create_table_statements(self) -> list[str]:
        """The log and the keys of the requests that wrote it."""
        return [
            f"""CREATE TABLE IF NOT EXISTS {self.events_table_name} (
                position INTEGER PRIMARY KEY,
                originator_id TEXT NOT NULL,
                originator_version INTEGER NOT NULL,
                topic TEXT NOT NULL,
                state BLOB NOT NULL,
                UNIQUE (originator_id, originator_version))""",
            """CREATE TABLE IF NOT EXISTS idempotency_key (
                key TEXT PRIMARY KEY,
                fingerprint TEXT NOT NULL,
                position INTEGER NOT NULL) WITHOUT ROWID""",
            # Which incidents are tied to which is read from these few records.
            f"""CREATE INDEX IF NOT EXISTS merges ON {self.events_table_name} (position)
                WHERE topic = '{IncidentMerged.TOPIC}'""",
        ]

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        request: KeyedRequest | None = None,
        unmoved: Unmoved | None = None,
        **_: Any,
    ) -> Sequence[int]:
        if unmoved is not None:
            self._check(c, unmoved)
        c.execute(f"SELECT coalesce(max(position), 0) + 1 FROM {self.events_table_name}")
        first: int = c.fetchone()[0]
        if unmoved is not None and unmoved.head not in {None, first - 1}:
            raise IntegrityError(f"the log stands at position {first - 1}, not {unmoved.head}")
        positions = range(first, first + len(stored_events))
        c.executemany(
            f"INSERT INTO {self.events_table_name} VALUES (?,?,?,?,?)",
            (
                (position, _hex(s.originator_id), s.originator_version, s.topic, s.state)
                for position, s in zip(positions, stored_events, strict=True)
            ),
        )
        if request is not None:
            c.execute(
                "INSERT INTO idempotency_key VALUES (?,?,?)",
                (request.key, request.fingerprint, positions[-1]),
            )
        return positions

    def _check(self, c: SQLiteCursor, unmoved: Unmoved) -> None:
        for stream, version in unmoved.streams.items():
            c.execute(
                f"SELECT max(originator_version) FROM {self.events_table_name}"
                " WHERE originator_id = ?",
                (stream.hex,),
            )
            if (c.fetchone()[0] or 0) != version:
                raise IntegrityError(f"stream {stream} has moved beyond version {version}")
        if unmoved.merges is not None:
            c.execute(
                f"SELECT coalesce(max(position), 0) FROM {self.events_table_name}"
                f" WHERE topic = '{IncidentMerged.TOPIC}'"
            )
            if c.fetchone()[0] != unmoved.merges:
                raise IntegrityError(f"incidents were merged beyond position {unmoved.merges}")

    def refusal(self) -> str:
        """Nothing: what a file lets itself be done is seen when it is done."""
        return ""

    def select(self, after: int, limit: int, until: int) -> Sequence[Notification]:
        """Up to `limit` records beyond a position and up to another, in order."""
        return self._select("position > ? AND position <= ?", [after, until], limit)

    def select_stream(self, stream: UUID) -> Sequence[Notification]:
        """The records of one stream in order, with their positions."""
        return self._select("originator_id = ?", [stream.hex])

    def select_streams(self, streams: Sequence[UUID], below: int) -> Sequence[Notification]:
        """The records of streams below a position, in order."""
        marks = ",".join("?" * len(streams))
        return self._select(
            f"originator_id IN ({marks}) AND position < ?",
            [*(stream.hex for stream in streams), below],
        )

    def select_stream_ids(self, first: UUID, beyond: UUID, limit: int) -> Sequence[UUID]:
        """The ids of up to so many streams, from one up to another that is left out, in order."""
        rows = self._reads.rows(
            f"SELECT DISTINCT originator_id FROM {self.events_table_name}"
            " WHERE originator_id >= ? AND originator_id < ? ORDER BY originator_id LIMIT ?",
            (first.hex, beyond.hex, limit),
        )
        return [UUID(row[0]) for row in rows]

    def select_streams_with(self, text: bytes, below: int) -> Sequence[UUID]:
        """The ids of incidents' streams that have a record below a position with a text in its bytes."""
        rows = self._reads.rows(
            f"SELECT DISTINCT originator_id FROM {self.events_table_name} WHERE position < ?"
            " AND (topic LIKE 'incident-%' OR topic LIKE 'account-%') AND instr(state, ?)",
            (below, text),
        )
        return [UUID(row[0]) for row in rows]

    def select_merges(self, after: int) -> Sequence[Notification]:
        """The records of incidents' merges beyond a position, in order."""
        return self._select(f"topic = '{IncidentMerged.TOPIC}' AND position > ?", [after])

    def select_request(self, key: str) -> KnownRequest | None:
        """What is known of an idempotency key; None if it was never used."""
        rows = self._reads.rows(
            "SELECT fingerprint, position FROM idempotency_key WHERE key = ?", (key,)
        )
        return KnownRequest(*rows[0]) if rows else None

    def select_requests(self) -> Sequence[KeyedPosition]:
        """Every idempotency key, with the digest of its request and the position of its last record."""
        rows = self._reads.rows(
            "SELECT key, fingerprint, position FROM idempotency_key ORDER BY key"
        )
        return [(key, fingerprint, position) for key, fingerprint, position in rows]

    def insert_requests(self, requests: Sequence[KeyedPosition]) -> None:
        """Add idempotency keys of another log; those that are there stay as they are."""
        with self._appending, self._datastore.transaction(commit=True) as c:
            c.executemany("INSERT OR IGNORE INTO idempotency_key VALUES (?,?,?)", requests)

    def replace(
        self, requests: Sequence[KeyedPosition], batches: Iterable[Sequence[Notification]]
    ) -> None:
        """Put other records and keys in the place of all there are, in one transaction."""
        with self._appending, self._datastore.transaction(commit=True) as c:
            c.execute(f"DELETE FROM {self.events_table_name}")
            c.execute("DELETE FROM idempotency_key")
            for batch in batches:
                c.executemany(
                    f"INSERT INTO {self.events_table_name} VALUES (?,?,?,?,?)",
                    (
                        (n.id, _hex(n.originator_id), n.originator_version, n.topic, n.state)
                        for n in batch
                    ),
                )
            c.executemany("INSERT INTO idempotency_key VALUES (?,?,?)", requests)

    def max_notification_id(self) -> int:
        """The newest position; 0 while there is no record."""
        rows = self._reads.rows(f"SELECT coalesce(max(position), 0) FROM {self.events_table_name}")
        return int(rows[0][0])

    def damage(self) -> Sequence[str]:
        """What SQLite finds wrong with the file."""
        found = [str(row[0]) for row in self._reads.rows("PRAGMA integrity_check(20)")]
        return [] if found == ["ok"] else found

    def size(self) -> int:
        """The bytes that the log takes."""
        return self._path.stat().st_size

    def close(self) -> None:
        """Close the connections, once whoever is appending is done."""
        with self._appending:
            self._reads.close()
            self._datastore.close()

    def _select(
        self, where: str, parameters: Sequence[Any], limit: int = -1
    ) -> Sequence[Notification]:
        rows = self._reads.rows(
            "SELECT originator_id, originator_version, topic, state, position"
            f" FROM {self.events_table_name} WHERE {where} ORDER BY position LIMIT ?",
            [*parameters, limit],
        )
        return [Notification(UUID(row[0]), *row[1:]) for row in rows]


def _hex(stream: UUID | str) -> str:
    return stream.hex if isinstance(stream, UUID) else stream
