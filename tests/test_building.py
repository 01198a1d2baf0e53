"""A rebuild by several processes: the same rows as by one, whatever becomes of those that fold."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from uuid import UUID

import pytest

from domain.records import Recorded
from service import workers
from service.log import Log
from service.views import building, projector
from service.views.projector import ProjectionStopped, Projector
from service.views.store import ViewFolder
from tests.crashes import content_of
from tests.records import EXAMPLES, a_record

RECORDS = 2 * building.BATCH + 500


@pytest.fixture(scope="module")
def long_log(tmp_path_factory) -> Path:
    """A log of several batches: incidents, later accounts of them, and merges of some."""
    log = Log(tmp_path_factory.mktemp("long") / "log.sqlite")
    merge = EXAMPLES["incident-merged.v1"]
    incidents = RECORDS - 600
    log.append([a_record(n) for n in range(1, incidents + 1)])
    log.append([a_record(n, 2) for n in range(1, 501)])
    log.append(
        [
            Recorded(0, UUID(int=n), 3, replace(merge, into=UUID(int=n + 1)))
            for n in range(1, 201, 2)
        ]
    )
    log.close()
    return log.place


@pytest.fixture
def several_processes(monkeypatch) -> None:
    """Every log is worth two processes of their own."""
    monkeypatch.setattr(building, "LONG", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(projector, "REBUILD_BATCH", building.BATCH)


def built(path: Path, folder: Path) -> Projector:
    log = Log(path)
    made = Projector(log, ViewFolder(folder))
    try:
        made.open()
    finally:
        log.close()
    return made


@pytest.fixture(scope="module")
def by_one(long_log, tmp_path_factory) -> dict[str, list[tuple]]:
    """The rows as one process makes them."""
    with pytest.MonkeyPatch.context() as patch:
        # Versions are numbered batch by batch.
        patch.setattr(projector, "REBUILD_BATCH", building.BATCH)
        with closing(built(long_log, tmp_path_factory.mktemp("one") / "views")) as made:
            assert made.generation.position == RECORDS
            return content_of(made.generation.path)


def test_several_processes_make_the_same_rows_as_one(
    long_log, by_one, several_processes, tmp_path, monkeypatch
):
    asked = []
    folded = building.folded

    def noted(path, after, head):
        for each in folded(path, after, head):
            asked.append(each.position)
            yield each

    monkeypatch.setattr(building, "folded", noted)
    with closing(built(long_log, tmp_path / "views")) as made:
        assert content_of(made.generation.path) == by_one
    assert asked == [building.BATCH, 2 * building.BATCH, RECORDS]


def test_a_process_that_comes_to_nothing_leaves_the_work_to_the_other(
    long_log, by_one, several_processes, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with closing(built(long_log, tmp_path / "views")) as made:
        assert content_of(made.generation.path) == by_one


def test_a_process_that_dies_on_its_way_is_taken_over_from_where_the_rows_stand(
    long_log, by_one, several_processes, tmp_path, monkeypatch
):
    folded = building.folded

    def dying(path, after, head):
        yield from islice(folded(path, after, head), 1)
        raise workers.Failed

    monkeypatch.setattr(building, "folded", dying)
    with closing(built(long_log, tmp_path / "views")) as made:
        assert content_of(made.generation.path) == by_one


@pytest.mark.parametrize("bad", [1, building.BATCH, building.BATCH + 1, RECORDS])
def test_a_record_that_cannot_be_folded_is_found_as_by_one(
    bad, long_log, several_processes, tmp_path, capfd
):
    home = tmp_path / "log.sqlite"
    home.write_bytes(long_log.read_bytes())
    with closing(sqlite3.connect(home)) as database:
        database.execute("UPDATE stored_events SET topic = 'x' WHERE position = ?", (bad,))
        database.commit()
    log = Log(home)
    stopping = Projector(log, ViewFolder(tmp_path / "views"))
    with pytest.raises(ProjectionStopped) as stopped:
        stopping.open()
    assert stopped.value.position == bad
    assert stopping.generation.position == bad - 1
    stopping.close()
    log.close()


def test_a_process_ends_with_the_one_that_it_works_for(long_log):
    """Or it would hold the log, and its memory, for ever."""
    work = workers.Work(building.folder, (long_log,))
    task = (("service.views.building:folder", work.arguments), (0, 100))
    command = [sys.executable, "-m", workers.__name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for each in task:
            pickle.dump(each, process.stdin)
        process.stdin.flush()
        assert process.stdout.read(1)
        process.stdin.close()
        assert process.wait(timeout=60) == 1
