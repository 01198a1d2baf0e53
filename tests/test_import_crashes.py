"""Imports killed at random moments, and run again: the log is what it would have been, but for the time.

What is killed is a whole release upon an older one: rows that are new, revised and unchanged, and accounts
that are withdrawn in the end; and a file that is long enough for processes of their own. Each kill is
SIGKILL, at a random moment or as soon as the log or the timelines have grown by a random amount.
``CASUS_KILLS`` says how many kills there are in all tests of them, roughly.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.crashes import check_log, wait, wait_for_growth
from tests.ged import FILES
from tests.importing import write_ged
from tests.processes import PATIENCE, ask, kill, log_rows, run, started, until

KILLS = int(os.environ.get("CASUS_KILLS", "32")) * 3 // 16
CHANCE = random.Random(2024)

OLDER = ("import", FILES["19.1"], "--release", "19.1", "--released", "2019-06-01")
NEWER = (
    *("import", "ucdp-ged", FILES["24.1"], "--release", "24.1", "--released", "2024-06-05"),
    *("--complete", "--scope", "country=MMR,years=1989-2018"),
)

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with the older release, to be copied."""
    home = tmp_path_factory.mktemp("older") / "home"
    assert run(*OLDER, home=home).returncode == 0
    return home


@dataclass(frozen=True)
class Whole:
    """The log, and what is shown of it, after an import of the newer release that nobody interrupted."""

    log: Rows
    shown: list[Any]


@pytest.fixture(scope="module")
def whole(older: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    home = shutil.copytree(older, tmp_path_factory.mktemp("whole") / "home")
    done = run(*NEWER, home=home)
    assert "194 revised, 2,393 unchanged, 6 withdrawn" in done.stdout
    return Whole(timeless(log_rows(home)), shown_by(home))


def timeless(rows: Rows) -> Rows:
    """The rows of a log without when they were recorded."""
    return [(*row[:-1], {**json.loads(row[-1]), "recorded_at": None}) for row in rows]


def shown_by(home: Path) -> list[Any]:
    """A country's timeline and its counts, without when it was recorded."""
    lines = [
        *ask("timeline", "MMR", "--limit", "10000", "--json", home=home).stdout.splitlines(),
        *ask("series", "--measure", "killed", "--json", home=home).stdout.splitlines(),
        *ask("series", "--reported-by", "2020", "--json", home=home).stdout.splitlines(),
    ]
    return [{**json.loads(line), "recorded_at": None} for line in lines]


def wait_for_a_moment(process: subprocess.Popen[str], home: Path, number: int) -> None:
    """Let an import run until the moment at which it is to be killed."""
    match number % 4:
        case 0:
            wait_for_records(process, home, CHANCE.randrange(3_300, 8_000))
        case 1:
            grown = max(path.stat().st_size for path in (home / "views").glob("*.sqlite"))
            size = grown + CHANCE.randrange(6_000_000)
            wait_for_growth(process, home / "views", "*.sqlite", size)
        case 2:
            wait_for_growth(process, home, "log.sqlite-wal", CHANCE.randrange(6_000_000))
        case 3:
            wait(process, CHANCE.uniform(0.5, 4))


def wait_for_records(process: subprocess.Popen[str], home: Path, position: int) -> None:
    """Let an import run until the log has reached a position, or to its end."""
    with closing(sqlite3.connect(f"{(home / 'log.sqlite').as_uri()}?mode=ro", uri=True)) as log:
        while process.poll() is None:
            wait(process, 0.001)
            ((head,),) = log.execute(
                "SELECT coalesce(max(position), 0) FROM stored_events"
            ).fetchall()
            if head >= position:
                return


def test_an_import_that_is_killed_and_run_again_ends_as_if_it_had_not_been(
    older: Path, whole: Whole, tmp_path: Path
) -> None:
    known = len(log_rows(older))
    reached = []
    for number in range(0, KILLS, 2):
        home = shutil.copytree(older, tmp_path / str(number))
        for moment in (number, number + 1):
            process = started(*NEWER, home=home, TMPDIR=str(tmp_path))
            wait_for_a_moment(process, home, moment)
            running = process.poll() is None
            others = psutil.Process(process.pid).children(recursive=True) if running else []
            kill(process)
            assert psutil.wait_procs(others, PATIENCE)[1] == []  # who worked for it ends as well
            found = timeless(check_log(home))
            assert found == whole.log[: len(found)]
            reached += [len(found)] if process.returncode < 0 else []
        done = run(*NEWER, home=home, TMPDIR=str(tmp_path))
        assert (done.returncode, done.stderr) == (0, "")
        assert timeless(check_log(home)) == whole.log
        assert shown_by(home) == whole.shown
    assert any(known < length < len(whole.log) for length in reached)
    again = run(*NEWER, home=home)
    assert "0 incidents new, 0 revised" in again.stdout
    assert timeless(log_rows(home)) == whole.log


@pytest.mark.skipif(os.cpu_count() == 1, reason="there are no processes of their own then")
def test_an_import_whose_rows_other_processes_examine_is_killed_as_well(tmp_path: Path) -> None:
    file = write_ged(tmp_path / "long.csv", *({"id": str(n)} for n in range(1, 12_000)))
    words = ("import", "ucdp-ged", file, "--release", "1", "--released", "2022")
    assert run(*words, home=tmp_path / "whole").returncode == 0
    whole = timeless(log_rows(tmp_path / "whole"))
    home = tmp_path / "home"
    process = started(*words, home=home)
    until(lambda: any(home.glob("views/*.sqlite")))
    wait_for_records(process, home, CHANCE.randrange(8_500, 11_500))
    others = psutil.Process(process.pid).children(recursive=True)
    kill(process)
    assert others
    assert psutil.wait_procs(others, PATIENCE)[1] == []
    found = timeless(check_log(home))
    assert found == whole[: len(found)]
    assert run(*words, home=home).returncode == 0
    assert timeless(check_log(home)) == whole
