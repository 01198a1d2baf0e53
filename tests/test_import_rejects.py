"""The files of rejected rows: where they are, what is in them, and that no input is ever lost to them."""

from __future__ import annotations

import csv
import os
import zipfile
from pathlib import Path

import pytest

from service.imports.reading.outcomes import Rejected
from service.imports.rejects import RejectedRows
from tests.importing import counts, write_ged
from tests.processes import ask, log_rows, run

BAD = {"id": "2", "best": "many"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands run, and where the files are that they are given."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def home(folder: Path) -> Path:
    """The folder of a store that is not there yet."""
    return folder / "home"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_rows_of_an_archive_say_which_member_they_are_of(home, folder):
    for name in ("2020.csv", "2021.csv"):
        write_ged(folder / name, {"id": f"{name[:4]}"}, {"id": f"1{name[:4]}", "best": "many"})
    with zipfile.ZipFile(folder / "ged.zip", "w") as archive:
        archive.write(folder / "2020.csv", "ged/2020.csv")
        archive.write(folder / "2021.csv", "ged/2021.csv")
    (folder / "data").mkdir()
    (folder / "ged.zip").rename(folder / "data" / "ged.zip")
    done = ask("import", "data/ged.zip", "2020.csv", home=home)
    assert done.returncode == 3
    found = read(folder / "data" / "ged.zip.rejected.csv")
    assert [(row["line"], row["file"]) for row in found] == [
        ("3", "ged.zip/ged/2020.csv"),
        ("3", "ged.zip/ged/2021.csv"),
    ]
    assert [row["file"] for row in read(folder / "2020.csv.rejected.csv")] == ["2020.csv"]
    archive_again = (folder / "data" / "ged.zip").read_bytes()
    assert run("import", "-", home=home, stdin=archive_again).returncode == 3
    found = read(folder / "casus-import.rejected.csv")
    assert [row["file"] for row in found] == [
        "standard input/ged/2020.csv",
        "standard input/ged/2021.csv",
    ]


def test_lines_of_a_chronicle_in_an_archive_say_which_member_they_are_of(home, folder):
    header = '{"format": "casus-chronicle/1", "dataset": "notes", "title": "Notes"}'
    with zipfile.ZipFile(folder / "notes.zip", "w") as archive:
        archive.writestr("a.ndjson", f'{header}\n{{"actor": 7}}\n')
        archive.writestr("b.ndjson", f'{header}\n\n{{"actor": 7}}\n')
    assert ask("import", "notes.zip", home=home).returncode == 3
    found = read(folder / "notes.zip.rejected.csv")
    assert [(row["line"], row["file"]) for row in found] == [
        ("2", "notes.zip/a.ndjson"),
        ("3", "notes.zip/b.ndjson"),
    ]


@pytest.mark.parametrize("bad", [(), (BAD,)])
def test_a_file_that_is_imported_is_neither_deleted_nor_written_over(home, folder, bad):
    write_ged(folder / "e.csv", {"id": "1"}, *bad)
    write_ged(folder / "e.csv.rejected.csv", {"id": "3"})
    before = (folder / "e.csv.rejected.csv").read_bytes()
    done = ask("import", "e.csv", "e.csv.rejected.csv", home=home)
    assert done.returncode == (3 if bad else 0)
    assert counts(done.stdout)["incidents new"] == 2
    assert (folder / "e.csv.rejected.csv").read_bytes() == before
    written = folder / "e.csv.rejected.csv.rejected.csv"
    assert written.exists() == bool(bad)


def test_nor_is_one_under_another_name(folder):
    write_ged(folder / "e.csv", {"id": "1"}, BAD)
    write_ged(folder / "e.csv.rejected.csv", {"id": "3"})
    (folder / "other.csv").symlink_to("e.csv.rejected.csv")
    before = (folder / "e.csv.rejected.csv").read_bytes()
    with RejectedRows(inputs=("e.csv", str(folder / "other.csv"))) as rejected:
        rejected.begin("e.csv")
        rejected.add("e.csv", "e.csv", Rejected(3, None, "it is bad"))
    assert (folder / "e.csv.rejected.csv").read_bytes() == before
    assert list(rejected.counts) == [Path("e.csv.rejected.csv.rejected.csv")]


def test_a_file_that_is_named_in_two_ways_has_its_rows_in_one(folder):
    names = ("e.csv", str(folder / "e.csv"))
    with RejectedRows(inputs=names) as rejected:
        for name in names:
            rejected.begin(name)
        for line, name in enumerate([*names, *names]):
            rejected.add(name, "e.csv", Rejected(line, None, "it is bad"))
    assert [row["line"] for row in read(folder / "e.csv.rejected.csv")] == ["0", "1", "2", "3"]
    assert dict(rejected.counts) == {Path("e.csv.rejected.csv"): 4}


@pytest.mark.parametrize("bad", [(), (BAD,)])
def test_a_folder_of_that_name_keeps_nothing_from_being_imported(home, folder, bad):
    write_ged(folder / "e.csv", {"id": "1"}, *bad)
    (folder / "e.csv.rejected.csv").mkdir()
    done = ask("import", "e.csv", home=home)
    assert done.returncode == (3 if bad else 0)
    assert len(log_rows(home)) > 1
    assert (folder / "casus-import.rejected.csv").exists() == bool(bad)


@pytest.mark.parametrize("bad", [(), (BAD,)])
def test_a_name_that_is_too_long_for_another_keeps_nothing_from_being_imported(home, folder, bad):
    name = write_ged(folder / ("e" * 250 + ".csv"), {"id": "1"}, *bad)
    done = ask("import", name, home=home)
    assert done.returncode == (3 if bad else 0)
    assert len(log_rows(home)) > 1
    assert (folder / "casus-import.rejected.csv").exists() == bool(bad)


def test_a_name_that_is_not_utf_8_is_written_as_far_as_it_is(home, folder):
    (folder / write_ged(folder / "e.csv", {"id": "1"}, BAD)).rename(os.fsdecode(b"\xff.csv"))
    assert ask("import", b"\xff.csv", home=home).returncode == 3
    (row,) = read(folder / os.fsdecode(b"\xff.csv.rejected.csv"))
    assert row["file"] == "\N{REPLACEMENT CHARACTER}.csv"


def test_what_a_spreadsheet_would_take_for_a_formula_has_an_apostrophe_before_it(home, folder):
    path = folder / write_ged(folder / "e.csv", {"id": "1"})
    path.write_text(path.read_text() + "=HYPERLINK(0),2\n")
    assert ask("import", "e.csv", home=home).returncode == 3
    (row,) = read(folder / "e.csv.rejected.csv")
    assert row["row"] == "'=HYPERLINK(0),2"
    assert row["line"] == "3"


def test_half_a_character_of_json_is_written_as_an_escape(folder):
    with RejectedRows() as rejected:
        rejected.add("e.json", "e.json", Rejected(1, None, "it is bad", "notes: \ud800"))
    assert read(folder / "e.json.rejected.csv")[0]["row"] == r"notes: \ud800"
