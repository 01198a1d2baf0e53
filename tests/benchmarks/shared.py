"""A store in PostgreSQL, by a server that is started for it and brings every commit to the disk.

Bulk append goes against ``COPY`` in binary of the same bytes into a table with the same keys, a thousand a
transaction on both sides. Pages go against the same pages of the store in a file. Writers of single records
are threads of one process, as a node has them; beside what they reach is how often the disk was waited for.
"""

from __future__ import annotations

import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import orjson
import psycopg

from domain.records import Record, Recorded
from service.log import Log
from service.log.postgres_recorder import PostgresRecorder
from service.upkeep.copying import copy
from tests import postgres
from tests.benchmarks.appending import Row, turns_of
from tests.benchmarks.load import Client
from tests.benchmarks.pages import ENTRIES, PAGES, find_pages
from tests.benchmarks.report import Measured, alternate, median_ratio, medians
from tests.benchmarks.servers import casus_server, node_server
from tests.benchmarks.store import Store
from tests.records import a_record

TURNS = 20
WRITERS, EACH = 50, 40


@contextmanager
def _server(store: Store) -> Iterator[postgres.Server]:
    store.folder.mkdir(parents=True, exist_ok=True)
    with (
        postgres.folder() as folder,
        postgres.primary(folder, fsync="on", shared_buffers="256MB", max_wal_size="4GB") as server,
    ):
        yield server


def measure_shared(store: Store) -> list[Measured]:
    """Bulk append, pages, and many writers of single records."""
    with _server(store) as server:
        return [
            _measure_append(server, min(store.incidents, 200_000)),
            *_measure_writers(server),
            *_measure_pages(store, server),
        ]


def _measure_append(server: postgres.Server, incidents: int) -> Measured:
    url = server.url(server.database())
    with closing(Log(url)) as log, psycopg.connect(url, autocommit=True) as plain:
        plain.execute(
            "CREATE TABLE plain (position bigint PRIMARY KEY, stream uuid NOT NULL,"
            " version bigint NOT NULL, topic text NOT NULL, state bytea NOT NULL,"
            " UNIQUE (stream, version))"
        )
        turns = turns_of(log, incidents, TURNS, _row, lambda batches: _copy(plain, batches))
    rate, plain_rate = medians(turns)
    return Measured(
        name="append to PostgreSQL",
        what="append validated records in bulk, to PostgreSQL",
        against="binary `COPY` of the same bytes",
        value=median_ratio(turns),
        reach=0.5,
        at_least=True,
        ours=f"{rate:,.0f} records/s",
        theirs=f"{plain_rate:,.0f} rows/s",
    )


def _row(position: int, each: Recorded[Record]) -> Row:
    return position, each.stream, each.version, each.record.TOPIC, orjson.dumps(each.record)


def _copy(plain: psycopg.Connection, batches: list[list[Row]]) -> float:
    began = time.perf_counter()
    for batch in batches:
        with (
            plain.transaction(),
            plain.cursor().copy("COPY plain FROM STDIN (FORMAT BINARY)") as into,
        ):
            into.set_types(["bigint", "uuid", "bigint", "text", "bytea"])
            for row in batch:
                into.write_row(row)
    return time.perf_counter() - began


def _measure_writers(server: postgres.Server) -> list[Measured]:
    """Throughput against that of the same writers whose commits are not put together."""
    url = server.url(server.database())
    numbers = iter(range(10_000_000))
    shown: dict[str, list[tuple[float, float, float]]] = {"ours": [], "theirs": []}

    def write(side: str) -> float:
        with closing(Log(url)) as log:
            assert isinstance(log._recorder, PostgresRecorder)
            log._recorder.most_together = 100 if side == "ours" else 1
            waits: list[float] = []
            syncs = _syncs(server)
            began = time.perf_counter()
            threads = [
                threading.Thread(
                    target=_write, args=(log, [next(numbers) for _ in range(EACH)], waits)
                )
                for _ in range(WRITERS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.perf_counter() - began
            each = (_syncs(server) - syncs) / len(waits)
            shown[side].append((len(waits) / took, statistics.quantiles(waits, n=100)[98], each))
            return len(waits) / took

    turns = alternate(lambda: write("ours"), lambda: write("theirs"), 5)

    def words(side: str) -> str:
        rate, p99, syncs = (statistics.median(part) for part in zip(*shown[side], strict=True))
        return f"{rate:,.0f}/s, p99 {p99 * 1000:,.0f} ms, {syncs:.2f} fsyncs a record"

    return [
        Measured(
            name="writers",
            what=f"{WRITERS} concurrent writers of single records, commits in groups",
            against="the same, each in a commit of its own",
            value=median_ratio(turns),
            reach=1.0,
            at_least=True,
            ours=words("ours"),
            theirs=words("theirs"),
        )
    ]


def _syncs(server: postgres.Server) -> int:
    time.sleep(1.1)  # the server reports its figures once a second
    return int(str(server.ask("SELECT wal_sync FROM pg_stat_wal")[0][0]))


def _write(log: Log, numbers: list[int], waits: list[float]) -> None:
    for number in numbers:
        began = time.perf_counter()
        log.append([a_record(number)])
        waits.append(time.perf_counter() - began)


def _measure_pages(store: Store, server: postgres.Server) -> list[Measured]:
    store.open().close()
    url = server.url(server.database())
    with closing(Log(store.home / "log.sqlite")) as source, closing(Log(url)) as target:
        copy(source, target)
    home = store.folder / f"node-{store.incidents}"
    if not home.exists():
        home.mkdir(parents=True)
        shutil.copytree(store.home / "views", home / "views")
    with casus_server(store) as file, node_server(home, url) as node:
        pages = find_pages(file, PAGES)
        ours, theirs = (Client([at.address + page.target for page in pages]) for at in (node, file))
        turns = alternate(lambda: ours.load(1.5).rate, lambda: theirs.load(1.5).rate)
    rate, other = medians(turns)
    return [
        Measured(
            name="pages of PostgreSQL",
            what=f"{len(pages):,} different pages of {ENTRIES} in turn, of a store in PostgreSQL",
            against="the same pages of a store in a file",
            value=median_ratio(turns),
            reach=0.5,
            at_least=True,
            ours=f"{rate:,.0f} pages/s",
            theirs=f"{other:,.0f} pages/s",
        )
    ]
