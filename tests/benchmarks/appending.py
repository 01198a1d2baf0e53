"""Bulk append: `Log.append` of records, against ``sqlite3.executemany`` of the bytes that it stores.

Both write batches of a thousand into the same table, index, journal mode and durability, each in a file of
its own. A turn is a fortieth of the records; making them, and their bytes for the plain side, is not timed.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import orjson

from domain.records import Record, Recorded
from service.log import Log
from service.sqlite import Durability
from tests.benchmarks.ged import BATCH, Ged
from tests.benchmarks.report import Measured, median_ratio, medians
from tests.benchmarks.store import Store

TURNS = 40

_Batch = list[Recorded[Record]]
Row = tuple[int, str | UUID, int, str, bytes]
"""A record as a plain table has it: position, stream, version, topic and bytes."""


def measure_append(store: Store) -> Measured:
    """Append as many incidents as a store has, to files that are removed again."""
    with TemporaryDirectory(dir=store.folder) as folder:
        return _measure(Path(folder), store.incidents)


def _measure(folder: Path, incidents: int) -> Measured:
    log = Log(folder / "log.sqlite")
    plain = _plain_copy(log.place, folder / "plain.sqlite")
    turns = turns_of(log, incidents, TURNS, _row, lambda batches: _executemany(plain, batches))
    log.close()
    plain.close()
    rate, plain_rate = medians(turns)
    tenth = max(1, len(turns) // 10)
    first, last = (
        statistics.median(r for r, _ in part) for part in (turns[:tenth], turns[-tenth:])
    )
    return Measured(
        name="append",
        what="append validated records in bulk",
        against="`sqlite3.executemany` of the same bytes",
        value=median_ratio(turns),
        reach=0.5,
        at_least=True,
        ours=f"{rate:,.0f} records/s",
        theirs=f"{plain_rate:,.0f} rows/s",
        note=f"the last tenth goes at {last / first:.2f} of the rate of the first"
        f" ({last:,.0f} and {first:,.0f} records/s)",
    )


def configure(
    connection: sqlite3.Connection, synchronous: Durability = "FULL"
) -> sqlite3.Connection:
    """Give a plain connection the settings that Casus writes with."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA cache_size = -16000")
    return connection


def _plain_copy(original: Path, path: Path) -> sqlite3.Connection:
    """A new file with the tables and indexes of the log."""
    source = sqlite3.connect(original)
    statements = source.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    source.close()
    connection = configure(sqlite3.connect(path, isolation_level=None))
    for (sql,) in statements:
        connection.execute(sql)
    return connection


def turns_of(
    log: Log,
    incidents: int,
    turns: int,
    row: Callable[[int, Recorded[Record]], Row],
    plain: Callable[[list[list[Row]]], float],
) -> list[tuple[float, float]]:
    """The rates of both sides, turn by turn; `plain` writes rows, and tells the seconds that it took."""
    batches = Ged.read().records(incidents)
    size = max(1, incidents // BATCH // turns)
    rates: list[tuple[float, float]] = []
    position = 0
    while batches_of_turn := list(islice(batches, size)):
        rows = []
        for batch in batches_of_turn:
            rows.append([row(number, each) for number, each in enumerate(batch, position + 1)])
            position += len(batch)
        count = sum(map(len, rows))
        if len(rates) % 2:
            theirs = plain(rows)
            ours = _append(log, batches_of_turn)
        else:
            ours = _append(log, batches_of_turn)
            theirs = plain(rows)
        rates.append((count / ours, count / theirs))
    return rates


def _row(position: int, each: Recorded[Record]) -> Row:
    return position, each.stream.hex, each.version, each.record.TOPIC, orjson.dumps(each.record)


def _append(log: Log, batches: list[_Batch]) -> float:
    began = time.perf_counter()
    for batch in batches:
        log.append(batch)
    return time.perf_counter() - began


def _executemany(connection: sqlite3.Connection, batches: list[list[Row]]) -> float:
    began = time.perf_counter()
    for rows in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO stored_events VALUES (?,?,?,?,?)", rows)
        connection.execute("COMMIT")
    return time.perf_counter() - began
