"""Imports over HTTP whose server or process is stopped or killed: they end as if they had not been."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from service.imports.jobs.process import MOST_BEGUN
from service.imports.jobs.store import JOB, UPLOAD, Imports, read_job, write_job
from tests.crashes import check_log, check_views, wait
from tests.ged import FILES
from tests.importing import write_ged
from tests.processes import PATIENCE, STOPPED, Server, kill, log_rows, serving, until
from tests.test_import_crashes import timeless

KILLS = int(os.environ.get("CASUS_KILLS", "32")) // 8
CHANCE = random.Random(24)

ASKED = "/v1/imports?format=ucdp-ged&release=24.1&released=2024-06-05"
XZ = {"content-type": "application/x-xz"}


def sent(server: Server) -> str:
    """Send a file of some thousand rows; the id of the import."""
    posted = server.client.post(ASKED, content=FILES["24.1"].read_bytes(), headers=XZ)
    assert posted.status_code == 202
    return posted.json()["id"]


def job_of(server: Server, identifier: str) -> dict[str, Any]:
    return server.get(f"/v1/imports/{identifier}").json()


def is_done(server: Server, identifier: str) -> Callable[[], bool]:
    def look() -> bool:
        job = job_of(server, identifier)
        assert job["state"] != "failed", job
        return job["state"] == "done"

    return look


def workers(server: Server) -> list[psutil.Process]:
    """The process that carries imports out, if there is one, and those that work for it."""
    return psutil.Process(server.process.pid).children(recursive=True)


@pytest.fixture(scope="module")
def whole(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The log after an import that nobody interrupted."""
    home = shutil.copytree(filled_home, tmp_path_factory.mktemp("whole") / "home")
    with serving(home) as server:
        until(is_done(server, sent(server)))
    return timeless(log_rows(home))


def check(home: Path, whole: list[tuple[Any, ...]], scratch: Path) -> None:
    assert timeless(check_log(home)) == whole
    check_views(home, scratch)
    for folder in Imports(home).folder.iterdir():
        assert folder.name == "LOCK" or [path.name for path in folder.iterdir()] == [JOB]


def grow(server: Server, home: Path, identifier: str) -> None:
    """Let an import run for a while: until the log or the timelines have grown, or to its end."""
    pattern, size = CHANCE.choice(["log.sqlite*", "views/*.sqlite*"]), CHANCE.randrange(4_000_000)

    def has_grown() -> bool:
        with suppress(OSError):
            return sum(path.stat().st_size for path in home.glob(pattern)) > before + size
        return False

    before = sum(path.stat().st_size for path in home.glob(pattern))
    until(lambda: has_grown() or is_done(server, identifier)())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_stopped_goes_on_with_its_imports_at_the_next_start(
    how, home, whole, tmp_path
):
    with serving(home) as server:
        first, second = sent(server), sent(server)
        until(lambda: (home / "log.sqlite-wal").stat().st_size > 100_000)
        running = workers(server)
        ended = server.end(how)
    assert (ended.status, ended.errors) == (0, STOPPED)
    assert running
    assert not any(process.is_running() for process in running)
    kept = read_job(Imports(home).folder_of(first))
    assert (kept.job.state, kept.begun) == ("queued", 0)
    assert kept.job.started
    with serving(home) as server:
        assert [job["id"] for job in server.get("/v1/imports").json()["items"]] == [second, first]
        until(is_done(server, second))
        assert job_of(server, second)["counts"]["incidents_new"] == 0
        assert job_of(server, first)["started"] == kept.job.started
        server.end()
    check(home, whole, tmp_path / "fresh")


def test_a_server_that_is_killed_has_its_imports_carried_out_by_the_next(home, whole, tmp_path):
    with serving(home) as server:
        identifier = sent(server)
        until(lambda: (home / "log.sqlite-wal").stat().st_size > 100_000)
        running = workers(server)
        kill(server.process)
    assert psutil.wait_procs(running, PATIENCE)[1] == []  # who worked for it ends as well
    assert read_job(Imports(home).folder_of(identifier)).job.state == "queued"
    for _ in range(KILLS):
        with serving(home) as server:
            wait(server.process, CHANCE.uniform(0.2, 1.5))
            kill(server.process)
        found = timeless(check_log(home))
        assert found == whole[: len(found)]
    with serving(home) as server:
        until(is_done(server, identifier))
        server.end()
    check(home, whole, tmp_path / "fresh")


def test_a_process_that_is_killed_is_followed_by_another(home, whole, tmp_path):
    with serving(home) as server:
        identifier = sent(server)
        for _ in range(2):
            grow(server, home, identifier)
            for process in psutil.Process(server.process.pid).children():
                process.kill()
        until(is_done(server, identifier))
        assert "its process" not in str(job_of(server, identifier)["error"])
        ended = server.end()
    assert "the process that carried imports out ended with status -9" in ended.errors
    assert "Traceback" not in ended.errors
    check(home, whole, tmp_path / "fresh")


@pytest.mark.skipif(os.cpu_count() == 1, reason="there are no processes of their own then")
def test_a_process_that_examines_rows_and_is_killed_is_told_and_the_file_can_be_sent_again(home):
    write_ged(home.parent / "ged.csv", *({"id": str(n)} for n in range(1, 20_000)))
    data = (home.parent / "ged.csv").read_bytes()

    def examining() -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(server.process.pid).children():
                return process.children()
        return []

    with serving(home) as server:
        posted = server.client.post("/v1/imports", content=data)
        until(lambda: bool(examining()))
        for process in examining():
            process.kill()
        identifier = posted.json()["id"]
        until(lambda: job_of(server, identifier)["finished"] is not None)
        job = job_of(server, identifier)
        assert (job["state"], job["counts"]) == ("failed", None)
        assert job["error"].startswith("a process that examined its rows was ended before its work")
        again = server.client.post("/v1/imports", content=data).json()["id"]
        until(is_done(server, again))
        counts = job_of(server, again)["counts"]
        assert counts["incidents_new"] + counts["accounts_unchanged"] == counts["rows"] == 19_999
        assert "Traceback" not in server.end().errors


def test_an_import_that_always_ends_its_process_is_given_up_and_the_next_one_is_not(home):
    with serving(home) as server:
        first = sent(server)
        server.end()
    folder = Imports(home).folder_of(first)
    kept = read_job(folder)
    running = replace(kept.job, state="running")
    write_job(folder, replace(kept, job=running, begun=MOST_BEGUN))
    with serving(home) as server:
        second = sent(server)
        until(is_done(server, second))
        job = job_of(server, first)
    assert (job["state"], job["position"]) == ("failed", None)
    assert job["error"] == f"its process came to a bad end {MOST_BEGUN} times"


def test_two_servers_of_a_store_carry_an_import_out_once(home, whole, tmp_path):
    with serving(home) as one, serving(home) as other:
        identifier = sent(one)
        until(is_done(other, identifier))
        assert job_of(one, identifier) == job_of(other, identifier)
        position = job_of(other, identifier)["position"]
        for server in (other, one):
            assert server.get(f"/v1/incidents?limit=1&position={position}").status_code == 200
        assert read_job(Imports(home).folder_of(identifier)).begun == 1
        other.end()
        one.end()
    check(home, whole, tmp_path / "fresh")


def test_what_is_recorded_while_an_import_runs_is_shown_at_once(home):
    account = {"title": "A", "type": "attack", "occurred": "2021", "source": {"name": "A"}}
    with serving(home) as server:
        identifier = sent(server)
        written = 0
        while not is_done(server, identifier)():
            posted = server.client.post("/v1/incidents", json=account)
            assert posted.status_code == 201
            shown = server.get(posted.headers["location"])
            assert shown.status_code == 200
            written += 1
        assert written > 1
        assert job_of(server, identifier)["counts"]["incidents_new"] == 7_374
        assert "Traceback" not in server.end().errors
    check_log(home)


def test_an_import_whose_bytes_are_gone_fails_and_says_so(home):
    with serving(home) as server:
        identifier = sent(server)
        server.end()
    (Imports(home).folder_of(identifier) / UPLOAD).unlink(missing_ok=True)
    with serving(home) as server:
        until(lambda: job_of(server, identifier)["state"] == "failed")
        assert "there is no such file" in job_of(server, identifier)["error"]
