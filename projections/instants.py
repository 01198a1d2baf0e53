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


def fold(store: Store, records: Iterable[Recorded[Record]], latest: str) -> str:
    """Note each position at which the log's time moved on from the latest; the latest then."""
    rows = []
    for recorded in records:
        if recorded.record.recorded_at > latest:
            latest = recorded.record.recorded_at
            rows.append((recorded.position, latest))
    store.executemany("INSERT INTO instant VALUES (?, ?)", rows)
    return latest
