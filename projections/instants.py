"""The instants projection: which position the log had reached at an instant.

One row for the first position at each recorded instant. Along the log the instant is read as its running
maximum, so a clock that jumps back reorders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.records import Record, Recorded
from projections.store import Statements, Tables

VERSION = 1

TABLES = Tables(
    create=(
        """CREATE TABLE instant (
            position INTEGER PRIMARY KEY,
            recorded_at TEXT NOT NULL)""",
    ),
    index=("CREATE INDEX instant_by_time ON instant (recorded_at)",),
)


# The latest instant is that of the last row; a batch does not know of those before it.
_ADD = """INSERT INTO instant SELECT ?1, ?2
    WHERE ?2 > coalesce((SELECT recorded_at FROM instant ORDER BY position DESC LIMIT 1), '')"""


def fold(statements: Statements, records: Iterable[Recorded[Record]]) -> None:
    """Note each position at which the log's time moved on."""
    latest = ""
    rows = []
    for recorded in records:
        if recorded.record.recorded_at > latest:
            latest = recorded.record.recorded_at
            rows.append((recorded.position, latest))
    statements.add(_ADD, rows)
