"""Imports as jobs, without a server: their files, what becomes of each, and which are kept."""

from __future__ import annotations

import asyncio
import errno
import gzip
import io
import itertools
import os
import shutil
import sqlite3
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from eventsourcing.persistence import OperationalError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.api.follower import following
from service.bootstrap import Casus
from service.faults import MOST_FAULTS
from service.imports.jobs import process, store
from service.imports.jobs.documents import (
    FORMATS,
    ImportCounts,
    ImportJob,
    ImportProgress,
    ImportQuery,
    ImportUpload,
)
from service.imports.jobs.process import carry_out
from service.imports.jobs.queue import Queue
from service.imports.jobs.sharing import SCHEMA
from service.imports.jobs.store import REJECTED, UPLOAD, Imports, Kept, locked, read_job, write_job
from service.recording import KeyReused
from service.state.places import state_at
from service.views.projector import ProjectionStopped
from service.workers import Gone
from tests import ged, tables
from tests.processes import PATIENCE
from tests.test_chronicles import a_chronicle

NOW = "2026-11-22T09:00:00.000000Z"
GED = b"\n".join(ged.content("Afghanistan").splitlines()[:6])
ROWS = 5


def a_job(state="queued", **asked) -> ImportJob:
    upload = ImportUpload(bytes=3, sha256="0" * 64, mapped=asked.pop("mapped", False))
    return ImportJob(id="", state=state, asked=ImportQuery(**asked), upload=upload, created=NOW)


@pytest.fixture
def imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imports:
    """The imports of an empty store, each sent a millisecond after the one before."""
    nanoseconds = itertools.count(10**18, 10**6)
    monkeypatch.setattr(store.time, "time_ns", lambda: next(nanoseconds))
    return Imports(tmp_path / "home")


def add(imports: Imports, state="queued", key: str | None = None, fingerprint: str = "") -> str:
    """An import that was sent; its id."""
    with imports.incoming() as folder:
        (folder / UPLOAD).write_bytes(b"a,b")
        kept = Kept(job=a_job(state), by="tests", key=key, fingerprint=fingerprint)
        return imports.add(folder, kept).id


@pytest.fixture(params=["one node", "two nodes"])
def two(request, tmp_path: Path) -> Iterator[tuple[Imports, Imports]]:
    """The imports as two workers of a node see them, or two nodes that share a database."""
    home, database = tmp_path / "home", ""
    if request.param == "two nodes":
        server = request.getfixturevalue("postgresql")
        database = server.url(server.database())
    opened = [
        Imports(
            home / str(n) if database else home, state_at(database, SCHEMA) if database else None
        )
        for n in range(2)
    ]
    yield opened[0], opened[1]
    for each in opened:
        each.close()


def test_a_key_names_one_import_wherever_it_is_sent_at_the_same_time(two):
    with ThreadPoolExecutor(2) as pool:
        for number in range(10):
            together = threading.Barrier(2)

            def send(imports: Imports, key: str = f"key {number}", at=together) -> str:
                at.wait(PATIENCE)
                return add(imports, key=key)

            first, second = pool.map(send, two)
            assert first == second
    assert len({job.id for imports in two for job in imports.all()}) == 10
    with pytest.raises(KeyReused):
        add(two[1], key="key 0", fingerprint="another")


# The files


def test_what_was_sent_is_an_import_that_waits(imports):
    identifier = add(imports)
    job = imports.get(identifier)
    assert (job.id, job.state, job.is_over) == (identifier, "queued", False)
    assert imports.all() == [job]
    assert imports.waiting() == [identifier]
    assert (imports.folder_of(identifier) / UPLOAD).read_bytes() == b"a,b"
    assert sorted(path.name for path in imports.folder.iterdir()) == [identifier]


def test_the_newest_is_first_of_all_and_the_oldest_first_of_those_that_wait(imports):
    added = [add(imports) for _ in range(5)]
    assert imports.waiting() == added
    assert [job.id for job in imports.all()] == added[::-1]


def test_what_is_over_waits_no_more(imports):
    identifier = add(imports)
    folder = imports.folder_of(identifier)
    write_job(folder, replace(read_job(folder), job=replace(imports.get(identifier), state="done")))
    assert imports.waiting() == []
    assert imports.get(identifier).is_over


def test_nothing_is_left_of_what_was_not_sent_to_its_end(imports):
    with suppress(ConnectionError), imports.incoming() as folder:
        (folder / UPLOAD).write_bytes(b"a,")
        raise ConnectionError
    assert list(imports.folder.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "LOCK", "incoming-1", "0" * 36, "../../etc/passwd", "A" * 5_000]
)
def test_what_is_no_id_is_no_import(name, imports):
    add(imports)
    assert imports.get(name) is None


def test_a_key_names_one_request(imports):
    first = add(imports, key="k", fingerprint="1")
    assert add(imports, key="k", fingerprint="1") == first
    assert add(imports) != add(imports)
    with pytest.raises(KeyReused):
        add(imports, key="k", fingerprint="2")
    assert len(imports.all()) == 3


def test_only_the_newest_that_are_over_are_kept_and_all_that_wait(imports, monkeypatch):
    monkeypatch.setattr(store, "KEPT", 2)
    waiting = [add(imports)]
    over = [add(imports, state) for state in ("done", "failed", "done", "failed")]
    imports.tidy()
    assert {job.id for job in imports.all()} == {*waiting, *over[-2:]}
    assert len(list(imports.folder.iterdir())) == 3


def test_what_was_left_behind_half_sent_is_removed_and_what_is_being_sent_is_not(imports):
    with imports.incoming() as left, imports.incoming() as sent, imports.incoming() as begun:
        long_ago = time.time() - store.ABANDONED - 1
        for folder in (left, sent):
            (folder / UPLOAD).write_bytes(b"a")
            os.utime(folder, (long_ago, long_ago))
        os.utime(left / UPLOAD, (long_ago, long_ago))
        imports.tidy()
        assert not left.exists()
        assert sent.exists()
        assert begun.exists()


@pytest.mark.parametrize("content", [b"", b"{", b'{"job": 1}', b"\x00" * 100])
def test_a_file_of_another_version_or_none_is_no_import_and_holds_nobody_up(content, imports):
    identifier, other = add(imports), add(imports)
    (imports.folder_of(identifier) / store.JOB).write_bytes(content)
    assert imports.get(identifier) is None
    assert [job.id for job in imports.all()] == imports.waiting() == [other]


def test_one_process_at_a_time_carries_imports_out(imports):
    imports.folder.mkdir(parents=True)
    with locked(imports.folder, 0), pytest.raises(sqlite3.OperationalError):  # noqa: SIM117
        with locked(imports.folder, 0):
            pass
    with locked(imports.folder, 0):
        pass


def test_a_server_leaves_imports_alone_that_another_carries_out(imports, casus):
    queue = Queue(imports, casus.projector)
    imports.folder.mkdir(parents=True)
    with locked(imports.folder, 0):
        assert queue.is_taken()
    assert not queue.is_taken()


def test_the_follower_rests_while_a_process_of_the_server_works():
    asked, called = asyncio.Event(), []

    def rests() -> bool:
        asked.set()
        return True

    async def follow() -> None:
        async with following(SimpleNamespace(catch_up=lambda: called.append(1)), rests):
            await asyncio.wait_for(asked.wait(), PATIENCE)

    asyncio.run(follow())
    assert called == []


_numbers = st.integers(0, 2**62)
_texts = st.text(st.characters(exclude_categories=["Cs"])) | st.none()


@given(
    job=st.builds(
        ImportJob,
        id=st.uuids().map(str),
        asked=st.builds(
            ImportQuery,
            format=st.sampled_from(FORMATS[:-1]),
            release=st.sampled_from([None, "24.1", "Ž"]),
            released=st.sampled_from([None, "2021-06~"]),
            scope=st.none(),
            dataset=st.none(),
        ),
        upload=st.builds(
            ImportUpload,
            bytes=st.integers(1, 2**62),
            sha256=st.just("0" * 64),
            mapped=st.booleans(),
        ),
        progress=st.none()
        | st.builds(
            ImportProgress, task=_texts.map(str), done=_numbers, total=_numbers, rows=_numbers
        ),
        counts=st.none()
        | st.builds(ImportCounts, **dict.fromkeys(ImportCounts.__annotations__, _numbers)),
        rejected=_numbers | st.none(),
        broken=_texts,
        passed_over=st.tuples() | st.tuples(st.text()),
        error=_texts,
        position=_numbers | st.none(),
        created=st.just(NOW),
        started=st.none() | st.just(NOW),
        finished=st.none() | st.just(NOW),
    ),
    key=_texts,
)
def test_an_import_is_read_as_it_was_written(job, key, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "read-as-written"
    folder.mkdir(exist_ok=True)
    kept = Kept(job=job, by="tests", key=key, fingerprint="f", begun=2)
    write_job(folder, kept)
    assert read_job(folder) == kept
    assert [path.name for path in folder.iterdir()] == [store.JOB]


# What is asked


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"format": "ucdp"}, "did you mean 'ucdp-ged'?"),
        ({"format": "xml"}, f"There are {', '.join(FORMATS)}"),
        ({"released": "2021-02-30"}, "no day 30"),
        ({"released": "2021/.."}, "a last day"),
        ({"complete": True, "scope": "Myanmar"}, "is no scope"),
        ({"complete": True, "scope": "country=XYZ"}, "XYZ"),
        ({"scope": "country=MMR"}, "add complete"),
        ({"dataset": "No Slug"}, "pattern"),
        ({"release": " "}, "pattern"),
        ({"format": "chronicle", "release": "1"}, "leave this out"),
        ({"complete": "perhaps"}, "boolean"),
    ],
)
def test_what_cannot_be_asked_is_said(asked, said):
    with pytest.raises(ValidationError, match=said):
        ImportQuery(**asked)


# What becomes of one


@pytest.fixture
def carried_out(casus: Casus, tmp_path: Path):
    """Carries out an import of some bytes, and says what came of it."""

    def run(sent: bytes, mapping: str | None = None, **asked) -> ImportJob:
        folder = tmp_path / "job"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / UPLOAD).write_bytes(sent)
        if mapping is not None:
            (folder / store.MAPPING).write_text(mapping)
        job = a_job("running", mapped=mapping is not None, **asked)
        over = carry_out(casus, folder, Kept(job=job, by="tests"), lambda: NOW)
        assert over.is_over
        assert (over.finished, over.progress) == (NOW, None)
        assert (over.state == "failed") == (over.error is not None)
        return over

    return run


def test_rows_are_recorded_under_their_release_and_counted(casus, carried_out):
    job = carried_out(GED, format="ucdp-ged", release="23.1", released="2023-05-30")
    assert (job.state, job.recorded, job.rejected, job.broken) == ("done", True, 0, None)
    assert (job.counts.rows, job.counts.incidents_new) == (ROWS, ROWS)
    assert job.position == casus.log.head == casus.reader.head
    releases = [each.record for each in casus.log.dataset("ucdp-ged")]
    assert [(each.release, each.recorded_by) for each in releases] == [("23.1", "tests")]
    again = carried_out(GED, release="23.1", released="2023-05-30")
    assert (again.counts.accounts_unchanged, again.position) == (ROWS, job.position)


def test_a_dry_run_records_nothing_and_says_what_would_be(casus, carried_out):
    job = carried_out(GED, dry_run=True)
    assert (job.state, job.recorded, job.counts.incidents_new) == ("done", False, ROWS)
    assert casus.log.head == job.position == 0


def with_a_bad_row(data: bytes) -> bytes:
    assert b",2021-05-28,2021-05-29," in data
    return data.replace(b",2021-05-28,2021-05-29,", b",2021-95-28,2021-05-29,")


def test_a_bad_row_is_rejected_and_the_rest_is_recorded(casus, carried_out, tmp_path):
    job = carried_out(with_a_bad_row(GED), format="ucdp-ged")
    assert (job.state, job.rejected) == ("done", 1)
    assert job.counts.incidents_new == ROWS - 1
    header, row = (tmp_path / "job" / REJECTED).read_text().splitlines()[:2]
    assert header == "line,column,reason,row,file"
    assert row.startswith("2,")


def test_members_of_an_archive_that_are_no_data_are_told(carried_out):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "CODEBOOK\n\nid: the number of the event\n")
        archive.writestr("ged.csv", GED)
        archive.writestr("z.csv", b"")
    job = carried_out(file.getvalue())
    assert (job.state, job.counts.incidents_new) == ("done", ROWS)
    text, empty = job.passed_over
    assert text.startswith("upload/a.txt: it has no column of a known format")
    assert empty == "upload/z.csv: it is empty; get the file again"


def test_only_the_first_of_them_are_told(carried_out):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ged.csv", GED)
        for number in range(MOST_FAULTS + 1):
            archive.writestr(f"{number}.txt", b"")
    assert len(carried_out(file.getvalue()).passed_over) == MOST_FAULTS


def test_strict_records_nothing_if_a_row_is_bad(casus, carried_out):
    job = carried_out(with_a_bad_row(GED), strict=True)
    assert (job.state, job.recorded, job.rejected) == ("failed", False, 1)
    assert job.error == "nothing was recorded, as strict asks"
    assert casus.log.head == 0


def test_a_file_that_is_cut_off_has_failed_whatever_was_recorded(casus, carried_out):
    job = carried_out(gzip.compress(GED)[:-9], format="ucdp-ged")
    assert (job.state, job.recorded) == ("failed", True)
    assert "could not be read to its end" in job.error
    assert "upload: " in job.broken
    assert job.counts.rows > 0
    assert job.position == casus.log.head


@pytest.mark.parametrize(
    "sent", [b"junk", b"\x1f\x8b", b"{}", b"PK\x03\x04", b"\x00" * 1_000, b"<html>"]
)
def test_what_is_no_file_of_a_dataset_fails_and_names_no_path(sent, casus, carried_out, tmp_path):
    job = carried_out(sent)
    assert (job.state, job.counts) == ("failed", None)
    assert job.error.startswith("upload: ")
    assert str(tmp_path) not in job.error
    assert casus.log.head == 0


def test_a_release_before_what_it_tells_of_is_refused_in_words_of_parameters(casus, carried_out):
    job = carried_out(GED, released="1990-01-01")
    assert job.state == "failed"
    assert "Mend released, or import it all the same with force=true" in job.error
    assert casus.log.head == 0
    assert carried_out(GED, released="1990-01-01", force=True).state == "done"


def test_what_is_hardly_complete_is_refused_and_what_was_withdrawn_is_counted_apart(
    casus, carried_out
):
    header, _, _ = GED.partition(b"\n")
    given = {"format": "ucdp-ged", "released": "2023"}
    carried_out(GED, **given)
    job = carried_out(header, complete=True, **given)
    assert "Leave out complete, or import it all the same with force=true" in job.error
    assert carried_out(header, complete=True, force=True, **given).state == "done"
    again = carried_out(GED, **given).counts
    assert (again.accounts_withdrawn_before, again.accounts_unchanged) == (ROWS, 0)
    assert carried_out(GED, force=True, **given).counts.accounts_revised == ROWS


def test_a_table_is_read_by_its_mapping(casus, carried_out):
    sheet, mapping = (tables.DATA / name for name in ("border.csv", "border.yaml"))
    job = carried_out(sheet.read_bytes(), mapping.read_text())
    assert (job.state, job.rejected, job.counts.incidents_new) == ("done", 0, 4)
    assert casus.log.dataset("border-notes")


@pytest.mark.parametrize("named", [{"format": "chronicle"}, {}])
def test_a_chronicle_is_loaded(named, casus, carried_out):
    job = carried_out(orjson.dumps(a_chronicle()), **named)
    assert (job.state, job.recorded) == ("done", True)
    assert (job.counts.incidents_new, job.counts.actors) == (2, 1)
    assert job.position == casus.log.head == casus.reader.head


def test_the_faults_of_a_chronicle_are_named_by_their_paths(casus, carried_out):
    chronicle = a_chronicle()
    chronicle["incidents"][0]["accounts"][0]["occurred"] = "2021-13-01"
    job = carried_out(orjson.dumps(chronicle))
    assert (job.state, job.error) == ("failed", "it has one fault; nothing was imported")
    assert [fault.path for fault in job.faults] == ["$.incidents[0].accounts[0].occurred"]
    assert casus.log.head == 0


def test_what_is_found_to_be_a_chronicle_has_no_release(casus, carried_out):
    job = carried_out(orjson.dumps(a_chronicle()), release="1", complete=True)
    assert job.state == "failed"
    assert "leave out complete, release" in job.error
    assert casus.log.head == 0


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (ProjectionStopped(7, ValueError("secret")), "the timelines stand before position 7"),
        (OperationalError("secret"), "the store did not answer"),
        (sqlite3.OperationalError("secret"), "the store did not answer"),
        (
            sqlite3.OperationalError("database or disk is full"),
            "no space is left on the disk",
        ),
        (OSError(errno.ENOSPC, "secret"), "no space is left on the disk"),
        (Gone(), "a process that examined its rows was ended before its work was done"),
        (ZeroDivisionError("secret"), "an internal fault"),
    ],
)
def test_trouble_that_is_not_the_files_is_told_without_its_internals(
    trouble, said, carried_out, monkeypatch, caplog
):
    def run(*_):
        raise trouble

    monkeypatch.setattr(process, "run", run)
    job = carried_out(GED)
    assert job.state == "failed"
    assert said in job.error
    assert "secret" not in job.error


def test_progress_is_written_down_now_and_then(carried_out, monkeypatch, tmp_path):
    monkeypatch.setattr(process, "TELLS", 0)
    seen = []

    def write(folder, kept, **_):
        seen.append(kept.job.progress)

    monkeypatch.setattr(process, "write_job", write)
    carried_out(GED)
    assert [(each.task, each.rows) for each in seen] == [
        ("importing", ROWS),
        ("bringing up the timelines", ROWS),
    ]
