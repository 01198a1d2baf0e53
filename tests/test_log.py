"""The log: positions without a gap, records read back as they were, a file that lasts."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import MapperDeserialisationError

from domain.ids import dataset_stream
from domain.records import Record, Recorded
from domain.values import Figure
from domain.vocabulary import Measure
from service.log import READ_BATCH, Log
from tests.records import REGISTERED, RELEASED, REPORTED, a_record

pytestmark = pytest.mark.every_store


def places(records: list[Recorded[Record]]) -> list[tuple[int, int, int]]:
    """Position, stream and version of each."""
    return [(each.position, each.stream.int, each.version) for each in records]


def everything(log: Log) -> list[tuple[int, int, int]]:
    return places(list(log.follow()))


# Positions


def test_a_new_log_is_empty(log):
    assert (log.head, log.read(0), list(log.follow())) == (0, [], [])
    assert log.incident(UUID(int=1)) == []


def test_positions_are_1_2_3_whatever_the_batches(log):
    assert list(log.append([a_record(1), a_record(2), a_record(1, 2)])) == [1, 2, 3]
    assert list(log.append([])) == []
    assert list(log.append([a_record(2, 2)])) == [4]
    assert everything(log) == [(1, 1, 1), (2, 2, 1), (3, 1, 2), (4, 2, 2)]
    assert log.head == 4


def test_a_record_is_read_as_it_was_appended(log):
    appended = [
        replace(a_record(n), record=each) for n, each in enumerate([REPORTED, REGISTERED], 1)
    ]
    log.append(appended)
    assert log.read(0) == [replace(each, position=n) for n, each in enumerate(appended, 1)]


def test_records_are_read_from_a_position_on_up_to_a_limit(log):
    log.append([a_record(n) for n in range(1, 8)])
    assert [each.position for each in log.read(2, 3)] == [3, 4, 5]
    assert [each.position for each in log.read(5, 3)] == [6, 7]
    assert log.read(7) == log.read(99) == []


def test_a_log_is_followed_over_many_batches(log):
    count = 2 * READ_BATCH + 1
    log.append([a_record(n) for n in range(count)])
    assert [each.position for each in log.follow()] == list(range(1, count + 1))
    assert [each.position for each in log.follow(count - 1)] == [count]


def test_a_stream_is_read_in_order_with_its_positions(log):
    log.append([a_record(1), a_record(2), a_record(1, 2), a_record(1, 3)])
    assert places(log.incident(UUID(int=1))) == [(1, 1, 1), (3, 1, 2), (4, 1, 3)]
    assert log.incident(UUID(int=2))


def test_what_was_appended_is_there_when_the_log_is_opened_again(log):
    log.append([a_record(1), a_record(2)])
    log.close()
    with closing(Log(log.place)) as again:
        assert everything(again) == [(1, 1, 1), (2, 2, 1)]
        assert list(again.append([a_record(3)])) == [3]


@pytest.mark.file_store
def test_positions_survive_vacuum_even_where_rows_are_missing(log):
    log.append([a_record(n) for n in range(1, 6)])
    with closing(sqlite3.connect(log.place)) as database:
        database.execute("DELETE FROM stored_events WHERE position IN (1, 3)")
        database.commit()
        database.execute("VACUUM")
    assert [each.position for each in log.follow()] == [2, 4, 5]
    assert list(log.append([a_record(6)])) == [6]


def test_records_are_found_by_a_range(log):
    log.append([a_record(1), a_record(1, 2), a_record(2), a_record(3), a_record(2, 2)])

    def found(*arguments):
        return [each.id for each in log.entries(*arguments)]

    assert found(0) == [1, 2, 3, 4, 5]
    assert found(1, 9, 4) == [2, 3, 4]
    assert found(1, 2, 4) == [2, 3]
    assert found(4, 9, 4) == []


# The file


@pytest.mark.file_store
def test_every_connection_that_writes_syncs_each_commit_to_disk(log):
    """WAL with ``synchronous=FULL`` (2): what a commit has acknowledged survives a power cut."""

    def pragmas(_: int) -> tuple[object, ...]:
        with log._recorder._datastore.transaction(commit=True) as cursor:
            cursor.execute("SELECT * FROM pragma_synchronous, pragma_journal_mode")
            return tuple(cursor.fetchone())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pragmas, range(4))) == [(2, "wal")] * 4


@pytest.mark.file_store
def test_who_reads_does_not_wait_for_who_writes(log):
    log.append([a_record(1)])
    with closing(sqlite3.connect(log.place, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM stored_events")
        assert everything(log) == [(1, 1, 1)]
        with closing(Log(log.place)) as another:
            assert another.head == 1


@pytest.mark.file_store
def test_the_file_holds_the_canonical_bytes(log):
    log.append([a_record(1)])
    data = Path(__file__).with_name("data") / "records" / "incident-reported.v3.json"
    with closing(sqlite3.connect(log.place)) as database:
        rows = database.execute("SELECT * FROM stored_events").fetchall()
    state = data.read_bytes().removesuffix(b"\n")
    assert rows == [(1, UUID(int=1).hex, 1, "incident-reported.v3", state)]


@pytest.mark.parametrize(
    "change",
    [{"release": ""}, {"release": "a\nb"}, {"released": "2024-06-05/.."}, {"recorded_by": "a\tb"}],
)
def test_a_record_that_could_not_be_read_back_is_not_appended(log, change):
    """It would stop every reader for good, whoever made it."""
    record = replace(RELEASED, **change)
    with pytest.raises(MapperDeserialisationError, match="malformed"):
        log.append([a_record(1), Recorded(0, dataset_stream("ucdp-ged"), 1, record)])
    assert log.head == 0


def test_a_record_that_cannot_be_written_leaves_nothing_of_its_batch(log):
    figure = Figure(measure=Measure.KILLED, best=object())
    bad = replace(REPORTED, account=replace(REPORTED.account, figures=(figure,)))
    with pytest.raises(TypeError):
        log.append([a_record(1), Recorded(0, UUID(int=2), 1, bad)])
    assert log.head == 0
