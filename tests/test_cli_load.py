"""``casus load``: a chronicle is loaded whole, or not at all and with all of its faults named."""

from __future__ import annotations

import copy
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from service.chronicles import BUNDLED
from tests.processes import ask, run

Chronicle = dict[str, Any]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def bundled() -> Chronicle:
    """A copy of the bundled chronicle, to be changed."""
    document: Chronicle = json.loads(BUNDLED.read_bytes())
    return document


def load(chronicle: Chronicle, home: Path, *options: str):
    file = home.parent / "chronicle.json"
    file.write_text(json.dumps(chronicle))
    return run("load", file, *options, home=home)


def records_in(home: Path) -> int:
    with sqlite3.connect(home / "log.sqlite") as log:
        (count,) = log.execute("SELECT count(*) FROM stored_events").fetchone()
    log.close()
    return int(count)


def test_the_bundled_chronicle_is_loaded_as_any_other(home):
    done = run("load", BUNDLED, home=home)
    assert done.returncode == 0
    assert "35 incidents with 45 accounts, 21 actors; 67 records appended" in done.stdout
    assert done.stderr == ""


def test_a_chronicle_is_read_from_standard_input(home):
    done = run("load", "-", home=home, stdin=BUNDLED.read_bytes())
    assert done.returncode == 0
    assert "67 records appended, position 67" in done.stdout


def test_who_loads_a_chronicle_is_recorded(home, bundled):
    load(bundled, home, "--by", "a curator")
    shown = ask("log", "--limit", "1", "--json", home=home)
    assert json.loads(shown.stdout)["record"]["recorded_by"] == "a curator"


def test_loading_again_appends_only_what_the_file_has_gained(home, bundled):
    load(bundled, home)
    assert "; 0 records appended, position 67" in load(bundled, home).stdout

    another = copy.deepcopy(bundled["incidents"][0]["accounts"][0])
    another["source"] = {"name": "Another source", "published": "2021-08-01"}
    bundled["incidents"][0]["accounts"].append(another)
    bundled["incidents"].append({"key": "a-new-one", "accounts": [another]})
    assert "; 2 records appended, position 69" in load(bundled, home).stdout
    assert "; 0 records appended, position 69" in load(bundled, home).stdout


def test_a_faulty_chronicle_loads_nothing_and_names_every_fault_with_its_path(home, bundled):
    run("load", BUNDLED, home=home)
    bundled["dataset"] = "another"
    incidents = bundled["incidents"]
    incidents[1]["accounts"][0]["occurred"] = "2021-13-01"
    incidents[2]["accounts"][0]["place"] = {"name": "Nowhere", "latitude": 91, "longitude": 0}
    incidents[3]["accounts"][0]["countries"] = [{"code": "XYZ", "role": "affected"}]
    incidents[4]["accounts"][0]["titel"] = "A misspelt field"
    incidents[5]["key"] = "Not a slug"
    del incidents[6]["accounts"][0]["source"]
    incidents[7]["accounts"] = []
    done = load(bundled, home)
    assert done.returncode == 1
    assert done.stdout == ""
    first, *faults = done.stderr.splitlines()
    assert first.endswith("chronicle.json: nothing was loaded; 7 faults:")
    assert [fault.split(": ")[0].strip() for fault in faults] == [
        "$.incidents[1].accounts[0].occurred",
        "$.incidents[2].accounts[0].place.latitude",
        "$.incidents[3].accounts[0].countries[0].code",
        "$.incidents[4].accounts[0].titel",
        "$.incidents[5].key",
        "$.incidents[6].accounts[0].source",
        "$.incidents[7].accounts",
    ]
    assert "there is no month 13" in faults[0]
    assert records_in(home) == 67


def test_faults_that_tie_parts_together_are_all_named_too(home, bundled):
    incidents = bundled["incidents"]
    incidents[0]["accounts"][0]["participants"] = [{"actor": "nobody"}]
    incidents[1]["accounts"][0]["figures"] = [{"measure": "killed", "low": 9, "best": 3}]
    incidents[2]["accounts"][0]["place"] = {"name": "Half a point", "latitude": 36}
    incidents[3]["key"] = incidents[2]["key"]
    bundled["actors"][0]["affiliations"] = [{"actor": "no-one"}]
    bundled["actors"][2]["id"] = bundled["actors"][1]["id"]
    done = load(bundled, home)
    assert done.returncode == 1
    paths = {fault.split(": ")[0].strip() for fault in done.stderr.splitlines()[1:]}
    assert paths >= {
        "$.actors[0].affiliations[0].actor",
        "$.actors[2].id",
        "$.incidents[0].accounts[0].participants[0].actor",
        "$.incidents[1].accounts[0].figures[0].low",
        "$.incidents[2].accounts[0].place.longitude",
        "$.incidents[3].key",
    }
    assert records_in(home) == 0


def test_an_incident_with_a_fault_in_a_file_without_a_store_makes_no_store(home, bundled):
    bundled["incidents"][0]["accounts"][0]["occurred"] = "2021-02-30"
    assert load(bundled, home).returncode == 1
    assert not home.exists()


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{"format": "casus-chronicle/1",\n ,}', "line 2 column 2"),
        (b'{\n\n"format": casus}', "line 3 column 11"),
        (b'{"title": "\xff"}', "line 1 column"),
        (b"\x00", "line 1 column 1"),
        (b"", "line 1 column 0"),
        (b"[" * 100_000, "line 1 column"),
        (BUNDLED.read_bytes()[:-10], "line "),
    ],
    ids=["comma", "bare", "bytes", "nul", "empty", "nested", "cut"],
)
def test_a_file_that_is_not_json_is_refused_with_the_line_and_column(data, place, home):
    done = ask("load", "-", home=home, stdin=data)
    assert done.returncode == 1
    assert done.stderr.startswith("casus: standard input: nothing was loaded; one fault:\n")
    assert "not JSON" in done.stderr
    assert place in done.stderr


@pytest.mark.parametrize("data", [b"null", b"[]", b"{}", b'"text"', b"17"])
def test_json_that_is_no_chronicle_is_refused(data, home):
    done = ask("load", "-", home=home, stdin=data)
    assert done.returncode == 1
    assert "nothing was loaded" in done.stderr
    assert "  $" in done.stderr


def test_a_file_that_is_not_there_is_named(home, tmp_path):
    done = ask("load", "missing.json", home=home)
    assert (done.returncode, done.stderr) == (1, "casus: missing.json: No such file or directory\n")


def test_a_folder_is_no_chronicle(home, tmp_path):
    done = ask("load", tmp_path, home=home)
    assert (done.returncode, done.stderr) == (1, f"casus: {tmp_path}: Is a directory\n")


def test_loading_without_a_file_is_a_wrong_command_line(home):
    done = ask("load", home=home)
    assert done.returncode == 2
    assert "FILE" in done.stderr.upper()


def test_a_store_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    done = ask("load", BUNDLED, home=tmp_path / "file")
    assert done.returncode == 1
    assert str(tmp_path / "file") in done.stderr
