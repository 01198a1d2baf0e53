"""Rebuild: all projections from the log, against ``sqlite3.executemany`` of the rows that they make.

The plain side is handed finished statements, in the batches of the rebuild, and makes the same tables,
journal and indexes; what it is spared is reading the log and folding. It is timed batch by batch, since the
rows of 400,000 incidents do not fit in a small machine's memory.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import projections
from service.bootstrap import Casus
from service.views.building import BATCH
from service.views.histories import LogHistories
from tests.benchmarks.appending import configure
from tests.benchmarks.report import Measured
from tests.benchmarks.store import Store

_VERSION = "INSERT INTO incident_version"


def measure_rebuild(store: Store) -> Measured:
    """Rebuild a store's projections, and write their rows to a file beside it."""
    casus = store.revised.open()
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
    histories, versions = LogHistories(casus.log), 0
    while batch := casus.log.read(position, BATCH):
        position = batch[-1].position
        statements = [*projections.fold(batch, histories).numbered(versions)]
        versions += sum(len(rows) for sql, rows in statements if sql.startswith(_VERSION))
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        for sql, rows in statements:
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
