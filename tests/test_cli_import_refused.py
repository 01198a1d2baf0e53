"""``casus import`` where it cannot do all, or nothing, of what it is asked: what it rejects and refuses."""

from __future__ import annotations

import csv
import gzip
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from service.chronicles import BUNDLED
from service.cli.refusals import reason
from tests.ged import content, rows
from tests.importing import AFGHANISTAN, DATA, INCIDENTS, counts, write_ged
from tests.imports import crosswalk
from tests.processes import (
    PATIENCE,
    PROGRAM,
    ask,
    environment,
    log_rows,
    run,
    started,
    until,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where commands run, and where the files are that they are given."""
    return tmp_path


@pytest.fixture
def home(folder: Path) -> Path:
    """The folder of a store that is not there yet."""
    return folder / "home"


@pytest.fixture
def ged(folder: Path) -> str:
    """A file of 172 rows of GED, by its name."""
    return Path(shutil.copy(AFGHANISTAN, folder / "ged.csv")).name


# Rows that cannot be taken in


@pytest.fixture
def faulty(folder: Path) -> str:
    """A file of which two rows of four are at fault, by its name."""
    return write_ged(
        folder / "faulty.csv",
        {"id": "1"},
        {"id": "2", "date_start": "31 May"},
        {"id": "3", "best": "-1"},
        {"id": "4"},
    )


def test_rows_at_fault_are_in_a_file_beside_it_and_the_others_in_the_log(home, folder, faulty):
    done = ask("import", faulty, home=home)
    assert done.returncode == 3
    assert counts(done.stdout)["incidents new"] == counts(done.stdout)["rejected"] == 2
    assert "2 rows could not be taken in; faulty.csv.rejected.csv says which" in done.stderr
    with (folder / "faulty.csv.rejected.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["line"], row["column"]) for row in found] == [("3", "date_start"), ("4", "best")]
    assert found[0]["reason"] == "'31 May' is no date such as 2021-06-22"
    write_ged(folder / faulty, {"id": "2"}, {"id": "3"})
    assert ask("import", faulty, home=home).returncode == 0
    assert not (folder / "faulty.csv.rejected.csv").exists()


def test_rows_of_a_pipe_that_are_at_fault_are_in_a_file_at_hand(home, folder, faulty):
    done = run("import", "-", home=home, stdin=(folder / faulty).read_bytes())
    assert done.returncode == 3
    assert len((folder / "casus-import.rejected.csv").read_text().splitlines()) == 3


def test_rows_at_fault_are_in_a_file_at_hand_where_there_can_be_none_beside(home, folder, faulty):
    fd = os.open(folder / faulty, os.O_RDONLY)
    done = subprocess.run(
        [PROGRAM, "import", f"/proc/self/fd/{fd}"],
        env=environment(home),
        cwd=folder,
        pass_fds=[fd],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    os.close(fd)
    assert done.returncode == 3
    assert (folder / f"{fd}.rejected.csv").exists()


def test_nothing_is_imported_if_any_row_is_at_fault_and_it_is_to_be_strict(
    home, folder, faulty, ged
):
    done = ask("import", ged, faulty, "--strict", home=home)
    assert done.returncode == 1
    assert "nothing was recorded, as --strict asks" in done.stderr
    assert (folder / "faulty.csv.rejected.csv").exists()
    assert log_rows(home) == []
    assert ask("import", ged, "--strict", home=home).returncode == 0
    assert len(log_rows(home)) > INCIDENTS
    assert ask("import", faulty, "--strict", "--dry-run", home=home).returncode == 3


def test_a_file_that_was_cut_off_is_imported_as_far_as_it_goes(home, folder):
    data = gzip.compress(content("19.1"))
    (folder / "ged.csv.gz").write_bytes(data[: len(data) // 2])
    done = ask("import", "ged.csv.gz", home=home)
    assert done.returncode == 1
    assert "ged.csv.gz: the gzip data ends too early: the file was cut off" in done.stderr
    new = counts(done.stdout)["incidents new"]
    assert 1_000 < new < len(rows("19.1"))
    (folder / "ged.csv.gz").write_bytes(data)
    assert counts(ask("import", "ged.csv.gz", home=home).stdout)["unchanged"] == new


def test_nothing_is_withdrawn_by_a_complete_release_that_was_cut_off(home, folder):
    (folder / "ged.csv.gz").write_bytes(gzip.compress(content("Afghanistan")))
    ask("import", "ged.csv.gz", "--released", "2023", home=home)
    data = gzip.compress(content("Afghanistan"))
    (folder / "ged.csv.gz").write_bytes(data[: len(data) // 2])
    done = ask("import", "ged.csv.gz", "--released", "2024", "--complete", home=home)
    told = counts(done.stdout)
    assert (done.returncode, told["withdrawn"]) == (1, 0)
    assert 0 < told["unchanged"] < INCIDENTS


def test_a_file_that_was_cut_off_is_not_imported_where_it_is_to_be_strict(home, folder):
    data = gzip.compress(content("Afghanistan"))
    (folder / "ged.csv.gz").write_bytes(data[: len(data) // 2])
    assert ask("import", "ged.csv.gz", "--strict", home=home).returncode == 1
    assert log_rows(home) == []


# What cannot be imported


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("missing.csv",), "missing.csv: there is no such file; check its path"),
        (("ucdp-ged", "missing.csv"), "missing.csv: there is no such file"),
        (("chronicle", "missing.json"), "missing.json: there is no such file"),
        (("ged.csv", "missing.csv"), "missing.csv: there is no such file"),
        (("ged.csv/ged.csv",), "ged.csv/ged.csv: it cannot be read (Not a directory)"),
        (("",), "it is a directory"),
        ((".",), ".: it is a directory; name the files in it"),
        (("nul\0",), "it cannot be read"),
        (("ged.csv", "--mapping", "missing.yaml"), "missing.yaml: No such file or directory"),
        (("table", "--suggest", "missing.csv"), "missing.csv: there is no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_makes_no_store(home, ged, words, said):
    done = ask("import", *words, home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert not home.exists()


@pytest.mark.parametrize(
    ("words", "data", "said"),
    [
        (("acled",), content("Afghanistan"), "it is not acled; this looks like UCDP"),
        (("ucdp-ged",), (DATA / "acled" / "2025.csv").read_bytes(), "use acled"),
        (("gdelt",), b"a,b\n1,2\n", "it has no column of a known format (gdelt"),
        (("acled",), (DATA / "gdelt" / "gdelt2_mentions_16col.tsv").read_bytes(), "use gdelt"),
        ((), b"a,b\n1,2\n", "it has no column of a known format (ucdp-ged, "),
        ((), b"", "it is empty"),
        ((), b"%PDF-1.7", "it is a PDF document"),
        ((), b"<!DOCTYPE html><html>", "it is a web page"),
        ((), gzip.compress(b"", mtime=0)[:8], "the gzip data ends too early"),
        (
            ("chronicle",),
            b"a,b\n1,2\n",
            "nothing of it was loaded; one fault:\n  $: this is not JSON",
        ),
        (
            (),
            b'{"format": "casus-chronicle/1"}',
            "nothing of it was loaded; 2 faults:\n  $.dataset",
        ),
    ],
)
def test_a_file_that_is_something_else_is_refused_with_what_it_is(home, folder, words, data, said):
    (folder / "file").write_bytes(data)
    done = ask("import", *words, "file", home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("casus: file: ")
    assert said in done.stderr
    assert log_rows(home) == []
    piped = run("import", *words, "-", home=home, stdin=data)
    assert (piped.returncode, piped.stdout) == (1, "")
    assert said in piped.stderr
    assert piped.stderr.startswith("casus: standard input: ")


def test_what_a_terminal_would_obey_is_not_sent_to_it(home, folder):
    chronicle = r'{"format": "casus-chronicle/1", "dataset": "a", "title": "A", "\u001b[2Jx": 1}'
    (folder / "ours.json").write_text(chronicle)
    done = ask("import", "ours.json", home=home)
    assert r"$['\u001b[2Jx']: there is no such field" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_bomb_is_not_unpacked(home, folder):
    ged = (folder / write_ged(folder / "ged.csv", {})).read_bytes()
    bomb = gzip.compress(ged) + gzip.compress(bytes(1 << 20)) * 200
    (folder / "bomb.gz").write_bytes(gzip.compress(bomb))
    done = ask("import", "bomb.gz", home=home)
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (1, 1)
    assert "it unpacks to more than 1,000 times its size" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ucdp-ged",), "which file? casus import ucdp-ged FILE"),
        ((), "Missing argument"),
        (("ged.csv", "--scope", "country=AFG"), "'--scope'"),
        (("ged.csv", "--complete", "--scope", "everything"), "'everything' is no scope"),
        (("ged.csv", "--complete", "--scope", "country=Nowhere"), "'--scope'"),
        (("ged.csv", "--released", "June"), "'--released'"),
        (("table", "ged.csv"), "a table needs a mapping; casus import table --suggest FILE"),
        (("ucpd-ged", "ged.csv"), "there is no format 'ucpd-ged'; did you mean ucdp-ged?"),
        (("chronicle", "c.json", "--released", "2021"), "'--released': a chronicle says itself"),
        (("c.json", "--complete"), "'--complete': a chronicle says itself"),
        (("c.json", "--crosswalk", "ged.csv"), "'--crosswalk': a chronicle says itself"),
        (("c.json", "ged.csv"), "some of these files are chronicles, and some are not"),
        (("c.json", "--dataset", ""), "'--dataset': a chronicle says itself"),
        (("ucdp-ged", "ged.csv", "--mapping", "m.yaml"), "'--mapping': a mapping is for a table"),
        (("ged.csv", "--scope", ""), "'--scope'"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(home, folder, ged, words, said):
    shutil.copy(BUNDLED, folder / "c.json")
    done = ask("import", *words, home=home, COLUMNS="300")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not home.exists()


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [
        ("--release", "", "at least 1 character"),
        ("--release", " ", "it is blank"),
        ("--release", "a\nb", "holds a control character"),
        ("--release", "x" * 100_000, "at most 500 characters"),
        ("--release", b"\xff", "it is not UTF-8"),
        ("--dataset", "", "at least 1 character"),
        ("--dataset", "Bad ID", "lower-case letters"),
        ("--dataset", b"\xff", "it is not UTF-8"),
        ("--by", "", "at least 1 character"),
        ("--by", "a\tb", "holds a control character"),
        ("--by", b"\xff", "it is not UTF-8"),
        ("--released", "", "it is empty"),
        ("--released", "2024-06-05/..", "a publication date needs a last day"),
        ("--released", "0000-01-01", "in the years 1 to 9999"),
        ("--released", "-0044-03-15", "in the years 1 to 9999"),
        ("--released", "Y-17000", "in the years 1 to 9999"),
        ("--released", "Y17000", "in the years 1 to 9999"),
        ("--released", b"\xff", "is not a date"),
    ],
)
def test_what_no_record_can_hold_is_a_command_line_without_sense(home, ged, option, given, said):
    words = (os.fsencode(f"{option}=") + (given if isinstance(given, bytes) else given.encode()),)
    done = ask("import", ged, *words, home=home, COLUMNS="300")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Invalid value for '{option}': " in done.stderr
    assert said in done.stderr
    assert not home.exists()


@pytest.mark.parametrize("by", [b"", b"a\tb", b"\xff"])
def test_a_chronicle_is_not_recorded_under_a_name_that_no_record_can_hold(home, folder, by):
    shutil.copy(BUNDLED, folder / "c.json")
    for words in (("import", "chronicle", "c.json"), ("import", "c.json"), ("load", "c.json")):
        done = ask(*words, b"--by=" + by, home=home)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Invalid value for '--by': " in done.stderr
        assert not home.exists()


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("country=MMR,country=AFG", "it has two countries"),
        ("years=1989,years=2018", "it has years twice"),
        ("years=1989-", "years are one of four digits, or a first and a last one"),
        ("years=-1989", "years are one of four digits"),
        ("years=99999", "years are one of four digits"),
        ("years=89", "years are one of four digits"),
        ("years=٢٠٢١", "years are one of four digits"),
        ("years=2018-1989", "its last year is before its first"),
        ("country=", "neither a country nor years"),
        ("country=MMR,", "neither a country nor years"),
        ("", "neither a country nor years"),
    ],
)
def test_a_scope_is_refused_rather_than_guessed(home, ged, scope, said):
    done = ask("import", ged, "--complete", "--scope", scope, home=home, COLUMNS="300")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not home.exists()


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_mapping_that_is_not_utf_8_is_refused_with_the_line(home, folder, ged, encoding):
    (folder / "map.yaml").write_text("key: Nr\ntitle: Qué\n", encoding=encoding)
    done = ask("import", "table", ged, "--mapping", "map.yaml", home=home)
    line = 2 if encoding == "latin-1" else 1
    assert done.returncode == 1
    assert f"casus: map.yaml: it is not UTF-8, from line {line} on; save it as UTF-8" in done.stderr
    assert not home.exists()


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_crosswalk_that_is_not_utf_8_is_refused_with_the_line(home, folder, ged, encoding):
    path = crosswalk(folder / "who.csv", "the-taleban,armed_group,Los Talibán,,ucdp,303,,")
    path.write_text(path.read_text(), encoding=encoding)
    done = ask("import", ged, "--crosswalk", "who.csv", home=home)
    line = 2 if encoding == "latin-1" else 1
    assert done.returncode == 1
    assert f"casus: who.csv: it is not UTF-8, from line {line} on; save it as UTF-8" in done.stderr
    assert log_rows(home) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("The Taleban,armed_group,The Taleban,,ucdp,303,,", "who.csv'][2].actor: an id is lower"),
        (
            "taleban,armed_group,Taleban,,ucdp," + "3" * 5_000_000 + ",,",
            "who.csv'][2]: field larger",
        ),
        ("missing", "who.csv: No such file or directory"),
    ],
)
def test_a_crosswalk_at_fault_is_found_before_anything_is_recorded(home, folder, ged, row, said):
    if row != "missing":
        crosswalk(folder / "who.csv", row)
    done = ask("import", ged, "--crosswalk", "who.csv", home=home)
    assert done.returncode == 1
    assert said in done.stderr
    assert log_rows(home) == []


def without_standard_input(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", PROGRAM, *words],
        env=environment(home),
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_standard_input_may_be_closed_where_it_is_not_read(home, folder, ged):
    done = without_standard_input("import", ged, "--strict", home=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert counts(done.stdout)["incidents new"] == INCIDENTS
    shutil.copy(BUNDLED, folder / "c.json")
    done = without_standard_input("import", "c.json", home=home)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "words", [("import", "-"), ("import", "ucdp-ged", "-", "--strict"), ("load", "-")]
)
def test_standard_input_that_is_closed_cannot_be_imported(home, words):
    done = without_standard_input(*words, home=home)
    assert done.returncode == 1
    assert done.stderr == (
        "casus: standard input: it is closed; name a file, or send one through a pipe\n"
    )


@pytest.mark.skipif(os.cpu_count() == 1, reason="there are no processes of their own then")
def test_a_process_that_is_killed_is_told_and_the_import_can_be_run_again(home, folder):
    write_ged(folder / "ged.csv", *({"id": str(n)} for n in range(1, 10_000)))
    data = (folder / "ged.csv").read_bytes()
    os.mkfifo(folder / "pipe")
    begun = started("import", "ucdp-ged", "pipe", home=home)
    with (folder / "pipe").open("wb", buffering=0) as pipe:
        pipe.write(data)
        children = psutil.Process(begun.pid).children
        until(lambda: bool(children()))
        for child in children():
            child.kill()
        with suppress(BrokenPipeError):  # it may have ended already
            pipe.write(data)
    output, errors = begun.communicate(timeout=PATIENCE)
    assert (begun.returncode, output) == (1, "")
    assert errors.startswith("casus: a process that it had started was ended before its work was")
    assert "run the command again" in errors
    assert ask("import", "ged.csv", home=home).returncode == 0
    assert len(log_rows(home)) > 9_999


def test_a_full_disk_is_told_as_such(tmp_path):
    with closing(sqlite3.connect(tmp_path / "full.sqlite")) as database:
        database.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as full:
            database.execute("CREATE TABLE of AS SELECT zeroblob(100000)")
    told = reason(full.value)
    assert told is not None
    assert told.startswith("there is no space left on the disk of the store, or of temporary files")


def test_a_store_that_cannot_be_made_is_named(folder, ged):
    (folder / "file").write_text("no folder")
    done = ask("import", ged, home=folder / "file")
    assert done.returncode == 1
    assert "file" in done.stderr
