"""What the commands do with terminals, pipes and stores that are not as they should be."""

from __future__ import annotations

import json
import os
import pty
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from service.cli import output
from service.cli.output import progress
from service.recording import Caller
from tests.conftest import an_account
from tests.processes import PATIENCE, PROGRAM, environment, run


def on_a_terminal(*arguments: str, home: Path) -> str:
    """What a command shows on a terminal."""
    terminal, end = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, *arguments],
        env=environment(home, TERM="xterm-256color", COLUMNS="100"),
        cwd=home.parent,
        stdin=end,
        stdout=end,
        stderr=end,
    ) as process:
        os.close(end)
        shown = bytearray()
        try:
            while piece := os.read(terminal, 65_536):
                shown += piece
        except OSError:  # the other end is closed: the process has ended
            pass
        os.close(terminal)
        assert process.wait(PATIENCE) == 0
    return shown.decode()


# Progress


def test_long_work_shows_a_bar_on_a_terminal(chronicle, tmp_path):
    shown = on_a_terminal("rebuild", home=tmp_path)
    assert "rebuilding the timelines" in shown
    assert "━" in shown
    assert "67/67" in shown
    assert "Rebuilt the timelines from 67 records" in shown


def test_a_table_on_a_terminal_is_the_same_in_colour(chronicle, tmp_path):
    shown = on_a_terminal("timeline", "UZB", home=tmp_path)
    assert "53 people try to cross" in shown
    assert "\x1b[" in shown


def test_long_work_prints_plain_lines_elsewhere(monkeypatch, capsys):
    monkeypatch.setattr(output, "PLAIN_EVERY", 0)
    with progress("loading") as tell:
        tell(1_000, 5_000)
        tell(2_000, 5_000)
    assert capsys.readouterr().err == (
        "loading: 1000 of 5000 records\nloading: 2000 of 5000 records\n"
    )


def test_short_work_prints_no_progress_elsewhere(chronicle, tmp_path):
    done = run("rebuild", home=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("Rebuilt the timelines from 67 records in ")
    assert done.stderr == ""


# Pipes and encodings


@pytest.mark.parametrize(
    "arguments",
    [
        ["log"],
        ["log", "--json", "--limit=67"],
        ["timeline", "AFG"],
        ["timeline", "AFG", "--json"],
        ["replay", "AFG"],
        ["replay", "AFG", "--json"],
        ["status"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_a_reader_that_goes_away_is_no_fault(arguments, chronicle, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=environment(tmp_path),
            cwd=tmp_path,
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert done.stderr == b""
    assert done.returncode in (0, 1)


def test_a_terminal_that_lacks_letters_is_shown_escapes(casus, tmp_path):
    casus.desk.report_incident(an_account(title="Душанбе …", countries=()), Caller(by="Зоя"))
    shown = run("log", home=tmp_path, PYTHONIOENCODING="ascii", COLUMNS="120")
    assert shown.returncode == 0
    assert "\\u0414\\u0443" in shown.stdout
    line = run("log", "--json", home=tmp_path, PYTHONIOENCODING="ascii").stdout
    assert json.loads(line)["record"]["account"]["title"] == "Душанбе …"


# Stores


@pytest.mark.parametrize("arguments", [["timeline", "AFG"], ["log"], ["rebuild"], ["status"]])
def test_a_command_that_only_looks_makes_no_store(arguments, tmp_path):
    home = tmp_path / "misspelt"
    done = run(*arguments, home=home)
    assert done.returncode == 1
    assert f"there is no store in {home}" in done.stderr
    assert not home.exists()


def test_the_option_for_the_folder_outdoes_the_environment(chronicle, tmp_path):
    done = run("status", "--json", "--home", str(tmp_path), home=tmp_path / "elsewhere")
    assert json.loads(done.stdout)["home"] == str(tmp_path)


def test_status_tells_where_the_store_is_and_how_far_it_reaches(chronicle, tmp_path):
    shown = run("status", home=tmp_path)
    assert shown.returncode == 0
    for line in (f"home          {tmp_path}", "log position  67", "position      67"):
        assert line in shown.stdout.splitlines()
    as_json = json.loads(run("status", "--json", home=tmp_path).stdout)
    assert as_json["log_position"] == as_json["position"] == 67
    assert as_json["failure"] is None


@pytest.fixture
def poisoned(chronicle, tmp_path) -> Path:
    """A store whose 67th record no fold understands."""
    with sqlite3.connect(tmp_path / "log.sqlite") as log:
        log.execute(
            "INSERT INTO stored_events SELECT 68, 'f' || substr(originator_id, 2), 1, topic, '{}'"
            " FROM stored_events WHERE position = 67"
        )
    log.close()
    return tmp_path


@pytest.mark.parametrize("views", ["kept", "deleted"])
def test_status_with_stopped_timelines_says_why_and_ends_with_1(views, poisoned):
    if views == "deleted":
        shutil.rmtree(poisoned / "views")
    shown = run("status", home=poisoned)
    assert shown.returncode == 1
    assert "log position  68" in shown.stdout
    assert "position      67" in shown.stdout
    assert "the record at position 68 could not be folded" in shown.stdout
    assert shown.stderr == "casus: the timelines have stopped\n"
    as_json = json.loads(run("status", "--json", home=poisoned).stdout)
    assert "position 68" in as_json["failure"]


def test_stopped_timelines_are_read_as_far_as_they_reach(poisoned):
    shown = run("timeline", "UZB", home=poisoned)
    assert shown.returncode == 0
    assert "53 people try to cross" in " ".join(shown.stdout.split())
    assert "Read at position 67." in shown.stdout


def test_a_rebuild_that_stops_says_why_and_leaves_what_is_in_use(poisoned):
    before = run("status", "--json", home=poisoned).stdout
    done = run("rebuild", home=poisoned)
    assert done.returncode == 1
    assert "the record at position 68 could not be folded" in done.stderr
    assert run("status", "--json", home=poisoned).stdout == before
    assert len(list((poisoned / "views").glob("*.sqlite"))) == 1


def test_nothing_is_loaded_into_a_store_whose_timelines_have_stopped(poisoned):
    chronicle = {"format": "casus-chronicle/1", "dataset": "more", "title": "More"}
    chronicle["incidents"] = [
        {"key": "one", "accounts": [{"title": "One", "type": "attack", "occurred": "2021",
                                     "source": {"name": "A newspaper"}}]}
    ]  # fmt: skip
    done = run("load", "-", home=poisoned, stdin=json.dumps(chronicle).encode())
    assert done.returncode == 1
    assert "position 68" in done.stderr
    assert "log position  68" in run("status", home=poisoned).stdout


def test_a_file_that_is_no_log_is_refused_plainly(tmp_path):
    (tmp_path / "log.sqlite").write_bytes(b"this is no database at all, but a text of some length")
    done = run("status", home=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("casus: the log is damaged, or is none: ")


@pytest.mark.parametrize("setting", ["PORT", "CASUS_MAX_BODY"])
def test_a_setting_that_makes_no_sense_is_named(setting, chronicle, tmp_path):
    done = run("status", home=tmp_path, **{setting: "many"})
    assert done.returncode == 1
    assert done.stderr.startswith(f"casus: {setting}: ")
