"""The instants projection: which position the log had reached at an instant.

One row for the first position at each recorded instant. Along the log the instant is read as its running
maximum, so a clock that jumps back reorders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.records import Record, Recorded
from projections.store import Store, Tables

VERSION = 1

TABLES = Tables(
    create=(
        """CREATE TABLE instant (
            position INTEGER PRIMARY KEY,
            recorded_at TEXT NOT NULL)""",
    ),
    index=("CREATE INDEX instant_by_time ON instant (recorded_at)",),
)


def fold(store: Store, records: Iterable[Recorded[Record]]) -> None:
    """Note each position at which the log's time moved on."""
    last = store.execute("SELECT recorded_at FROM instant ORDER BY position DESC LIMIT 1")
    latest = str(last[0][0]) if last else ""
    rows = []
    for recorded in records:
        if recorded.record.recorded_at > latest:
            latest = recorded.record.recorded_at
            rows.append((recorded.position, latest))
    store.executemany("INSERT INTO instant VALUES (?, ?)", rows)
