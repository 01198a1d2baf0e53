"""``casus import --complete``: what is hardly the whole of a dataset is refused, unless it is forced."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.ged import ROW, rows
from tests.importing import AFGHANISTAN, DATA, INCIDENTS, counts, write_ged
from tests.processes import ask, log_rows, run

HEADER = ",".join(ROW) + "\n"
EMPTY_PAGE = json.dumps({"TotalCount": 0, "TotalPages": 0, "Result": []})
DELETED = "event_id_cnty,deleted_timestamp\nAFG1,1718000000\n"
ACLED = DATA / "acled" / "2016.csv"

MAPPING = """\
dataset: {id: ucdp-ged, title: A sheet}
key: {columns: [key]}
title: title
type: {constant: attack}
occurred: day
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where commands run, with a file of GED."""
    shutil.copy(AFGHANISTAN, tmp_path / "ged.csv")
    return tmp_path


@pytest.fixture
def home(folder: Path) -> Path:
    """The folder of a store that holds the file."""
    home = folder / "home"
    assert ask("import", "ged.csv", "--released", "2023", home=home).returncode == 0
    return home


def refused(home: Path, *words: str) -> str:
    """Why an import is refused, by a dry run too; nothing is recorded."""
    before = log_rows(home)
    done = ask("import", *words, home=home)
    assert done.returncode == 1
    assert done.stdout == ""
    assert log_rows(home) == before
    assert ask("import", *words, "--dry-run", home=home).stderr == done.stderr
    return done.stderr


def incidents(home: Path) -> int:
    """How many incidents are on the timeline of Afghanistan."""
    shown = ask("series", "AFG", "--interval", "year", "--json", home=home).stdout.splitlines()
    return sum(json.loads(line)["incidents"] for line in shown)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("empty.csv",), HEADER),
        (("ucdp-ged", "empty.json"), EMPTY_PAGE),
        (("empty.csv", "--released", "2024"), HEADER),
        (("empty.csv", "--scope", "country=AFG"), HEADER),
    ],
)
def test_what_has_nothing_of_its_dataset_is_not_the_whole_of_it(home, folder, words, text):
    (folder / next(word for word in words if "." in word)).write_text(text)
    told = refused(home, *words, "--complete")
    assert "nothing of UCDP Georeferenced Event Dataset is in what is said to be complete" in told
    assert "--force" in told
    done = ask("import", *words, "--complete", "--force", home=home)
    assert done.returncode == 0
    assert counts(done.stdout)["withdrawn"] > 0


def test_what_comes_from_a_pipe_is_looked_through_as_well(home):
    done = run("import", "-", "--complete", home=home, stdin=HEADER.encode())
    assert done.returncode == 1
    assert "is said to be complete" in done.stderr


def test_what_has_less_than_half_of_what_is_held_is_not_the_whole_of_it(home, folder):
    held = [{column: cells[column] for column in ROW} for cells in rows("Afghanistan")]
    # Rows of other incidents, however many they are, are none of what is held.
    others = write_ged(folder / "others.csv", *({"id": str(n)} for n in range(1, 2 * INCIDENTS)))
    few = write_ged(folder / "few.csv", *held[: INCIDENTS // 2 - 1])
    for name, missing in ((others, INCIDENTS), (few, INCIDENTS // 2 + 1)):
        told = refused(home, name, "--complete")
        assert f"{missing} of {INCIDENTS} accounts that are held" in told
    half = write_ged(folder / "half.csv", *held[: INCIDENTS // 2])
    done = ask("import", half, "--complete", home=home)
    assert done.returncode == 0
    assert counts(done.stdout)["withdrawn"] == INCIDENTS // 2


def test_what_is_held_of_the_scope_counts_alone(home, folder):
    name = write_ged(folder / "one.csv", {"id": "1"})
    options = ("--complete", "--scope", "country=AFG,years=1950")
    assert ask("import", name, *options, home=home).returncode == 0


def test_rows_whose_account_was_withdrawn_are_counted_as_such_and_brought_back_by_force(
    home, folder
):
    (folder / "empty.csv").write_text(HEADER)
    assert ask("import", "empty.csv", "--complete", "--force", home=home).returncode == 0
    again = counts(ask("import", "ged.csv", "--released", "2023", home=home).stdout)
    assert (again["withdrawn before"], again["unchanged"]) == (INCIDENTS, 0)
    assert incidents(home) == 0
    options = ("--released", "2023", "--force")
    back = counts(ask("import", "ged.csv", *options, home=home).stdout)
    assert back["revised"] == INCIDENTS
    assert incidents(home) > 0


def test_the_list_of_deleted_events_alone_is_never_the_whole(home, folder):
    (folder / "deleted.csv").write_text(DELETED)
    for force in ((), ("--force",)):
        told = refused(home, "deleted.csv", "--complete", *force)
        assert "ACLED's deleted events are never the whole of their dataset" in told


def test_the_id_of_a_formats_own_dataset_is_not_for_others(home, folder):
    shutil.copy(ACLED, folder / "acled.csv")
    told = refused(home, "acled.csv", "--dataset", "ucdp-ged")
    assert "the id 'ucdp-ged' is that of another format's dataset" in told
    assert ask("import", "ged.csv", "--dataset", "ucdp-ged", home=home).returncode == 0
    (folder / "sheet.csv").write_text("key,title,day\n1,A clash,2021-06-22\n")
    (folder / "sheet.yaml").write_text(MAPPING)
    told = refused(home, "table", "sheet.csv", "--mapping", "sheet.yaml")
    assert "'ucdp-ged' is the dataset of a format of its own" in told
