"""Rebuild: all projections from the log, against ``sqlite3.executemany`` of the rows that they make.

The plain side is handed finished rows, in the batches of the rebuild, and makes the same tables, journal
and indexes; what it is spared is reading the log and folding. It is timed batch by batch, since the rows
of 400,000 incidents do not fit in a small machine's memory.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import projections
from domain.records import Record, Recorded
from projections.store import Row
from service.bootstrap import Casus
from service.views.projector import REBUILD_BATCH
from tests.benchmarks.appending import configure
from tests.benchmarks.report import Measured
from tests.benchmarks.store import Store

_Batch = list[Recorded[Record]]


class RecordingStore:
    """The store of a fold that keeps what it would write, and reads what was written before."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.written: list[tuple[str, list[Row]]] = []

    def execute(self, sql: str, parameters: Row = ()) -> list[Any]:
        """Keep a statement that writes; run one that reads."""
        if sql.lstrip().startswith("SELECT"):
            return self._connection.execute(sql, parameters).fetchall()
        self.written.append((sql, [parameters]))
        return []

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        """Keep rows."""
        self.written.append((sql, list(rows)))


def measure_rebuild(store: Store) -> Measured:
    """Rebuild a store's projections, and write their rows to a file beside it."""
    casus = store.open()
    began = time.perf_counter()
    head = casus.projector.rebuild()
    ours = time.perf_counter() - began
    theirs = _write_plainly(casus, store.folder / "rebuild-plain.sqlite")
    casus.close()
    return Measured(
        name="rebuild",
        what="rebuild of all projections",
        against="`sqlite3.executemany` of the same rows, and the same indexes",
        value=ours / theirs,
        reach=2,
        at_least=False,
        ours=f"{ours:.1f} s",
        theirs=f"{theirs:.1f} s",
        note=f"{head / ours:,.0f} records/s; measured once, not in turns",
    )


def _write_plainly(casus: Casus, path: Path) -> float:
    path.unlink(missing_ok=True)
    connection = configure(sqlite3.connect(path, isolation_level=None), "NORMAL")
    for tables in projections.TABLES:
        for statement in tables.create:
            connection.execute(statement)
    spent, position = 0.0, 0
    while batch := casus.log.read(position, REBUILD_BATCH):
        position = batch[-1].position
        store = RecordingStore(connection)
        projections.fold(store, batch, _NoHistories())
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        for sql, rows in store.written:
            connection.executemany(sql, rows)
        connection.execute("COMMIT")
        spent += time.perf_counter() - began
    began = time.perf_counter()
    for tables in projections.TABLES:
        for statement in tables.index:
            connection.execute(statement)
    spent += time.perf_counter() - began
    connection.close()
    path.unlink()
    return spent


class _NoHistories:
    """Of incidents that were reported once there is no earlier record."""

    def before(self, stream: object, version: int) -> list[Any]:
        """Raise, because it can't be asked for."""
        raise AssertionError(f"stream {stream} has records before version {version}")
