"""``casus import`` as its users run it: what it takes and finds out, what it tries, releases and tables."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from service.chronicles import BUNDLED
from service.cli import importing
from service.imports.running import Progress
from tests.ged import content
from tests.importing import AFGHANISTAN, DATA, INCIDENTS, counts, write_ged
from tests.imports import crosswalk
from tests.processes import PATIENCE, PROGRAM, ask, environment, log_rows, run


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


def datasets(home: Path) -> list[str]:
    """The ids of the datasets that were taken in, in order."""
    shown = ask("log", "--limit", "1000", "--json", home=home).stdout.splitlines()
    records = [json.loads(line)["record"] for line in shown]
    return [record["dataset"]["id"] for record in records if "dataset" in record]


class Clock:
    """Tells what it is set to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


# What is taken, and found out


@pytest.mark.parametrize(
    ("file", "dataset", "new"),
    [
        (AFGHANISTAN, "ucdp-ged", INCIDENTS),
        (DATA / "ged231_sample1000.csv.xz", "ucdp-ged", 1_000),
        (DATA / "acled" / "2016.csv", "acled", 3),
        (DATA / "acled" / "2019.csv", "acled", 2),
        (DATA / "gdelt" / "gdelt1_events_1979_to_2020_57-58col.tsv", "gdelt", 100),
        (DATA / "gdelt" / "gdelt2_events_2015-02-18_2020-03-18_61col.tsv", "gdelt", 100),
        (BUNDLED, "afghanistan-2021", 35),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_format_is_found_out(home, folder, file, dataset, new):
    name = Path(shutil.copy(file, folder)).name
    done = ask("import", name, home=home)
    assert done.stderr == ""
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (0, new)
    assert datasets(home) == [dataset]
    assert f"The log stands at position {len(log_rows(home)):,}, after" in done.stdout


def packed(kind: str) -> bytes:
    data = content("Afghanistan")
    match kind:
        case "gz":
            return gzip.compress(data)
        case "xz":
            return lzma.compress(data)
        case "zip":
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("README.md", "Not data.")
                archive.writestr("ged.csv", data)
            return file.getvalue()
    return data


@pytest.mark.parametrize("kind", ["plain", "gz", "xz", "zip"])
def test_files_are_packed_or_not_whatever_they_are_called(home, folder, kind):
    (folder / "ged.data").write_bytes(packed(kind))
    done = ask("import", "ged.data", home=home)
    assert counts(done.stdout)["incidents new"] == INCIDENTS


def archive_of(path: Path, **members: bytes) -> str:
    """An archive of members that are called as they are named here, but for an underscore; its name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return path.name


CODEBOOK = b"CODEBOOK\n\nid: the number of the event, as it is\nbest: the best estimate\n"


@pytest.mark.parametrize("codebook", ["a_txt", "z_txt"])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (CODEBOOK, "it has no column of a known format"),
        (b"%PDF-1.7\n", "it is a PDF document, which is not read"),
        (b"", "it is empty"),
        (b"<html><body>", "it is a web page"),
        (b"name,description\nid,the number\n", "no known format"),
        (gzip.compress(CODEBOOK, mtime=0), "it has no column of a known format"),
    ],
    ids=["text", "document", "empty", "page", "table", "packed"],
)
def test_a_member_that_is_no_data_is_passed_over_wherever_it_stands(
    home, folder, codebook, data, said
):
    name = archive_of(folder / "ged.zip", **{codebook: data, "ged_csv": content("Afghanistan")})
    done = ask("import", name, home=home)
    assert done.returncode == 0
    assert counts(done.stdout)["incidents new"] == INCIDENTS
    told = f"casus: passed over: ged.zip/{codebook.replace('_', '.')}: "
    assert done.stderr.startswith(told)
    assert said in done.stderr
    strict = ask("import", "ucdp-ged", name, "--strict", "--released", "2024", home=home)
    assert strict.returncode == 0
    assert strict.stderr.count("passed over") == 1


def test_an_archive_of_nothing_but_other_things_is_refused_by_its_first(home, folder):
    name = archive_of(folder / "ged.zip", a_txt=CODEBOOK, b_txt=b"%PDF-1.7\n")
    done = ask("import", name, home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("casus: ged.zip/a.txt: it has no column of a known format")
    assert log_rows(home) == []


@pytest.mark.parametrize("member", ["a_csv", "z_csv"])
def test_a_member_that_may_be_data_is_told_once_the_others_are_read(home, folder, member):
    damaged = content("Afghanistan").replace(b"country_id", b"land", 1)
    name = archive_of(folder / "ged.zip", **{member: damaged, "ged_csv": content("Afghanistan")})
    done = ask("import", name, home=home)
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (1, INCIDENTS)
    assert f"ged.zip/{member.replace('_', '.')}: it is of no known format" in done.stderr
    assert "it lacks the columns country_id" in done.stderr


def test_nothing_is_withdrawn_by_a_complete_release_of_which_a_member_is_passed_over(home, folder):
    rows = ({"id": str(number)} for number in range(1, 5))
    first = write_ged(folder / "first.csv", *rows)
    ask("import", first, "--released", "2022", home=home)
    second = (folder / write_ged(folder / "second.csv", *({"id": n} for n in "123"))).read_bytes()
    name = archive_of(folder / "ged.zip", a_txt=CODEBOOK, ged_csv=second)
    options = ("--released", "2023", "--complete")
    done = ask("import", name, *options, home=home)
    told = counts(done.stdout)
    assert (done.returncode, told["withdrawn"], told["unchanged"]) == (1, 0, 3)
    assert "ged.zip/a.txt: it has no column of a known format" in done.stderr
    assert "nothing was withdrawn" in done.stderr
    done = ask("import", "second.csv", *options, home=home)
    assert (done.returncode, counts(done.stdout)["withdrawn"]) == (0, 1)


@pytest.mark.parametrize("words", [(), ("chronicle",)])
def test_a_chronicle_is_found_behind_its_codebook(home, folder, words):
    name = archive_of(folder / "ours.zip", a_txt=CODEBOOK, b_json=BUNDLED.read_bytes())
    done = ask("import", *words, name, home=home)
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (0, 35)
    assert done.stderr.startswith("casus: passed over: ours.zip/a.txt: it has no column")


def test_a_chronicle_beside_a_dataset_is_told_once_that_is_read(home, folder):
    members = {"a_csv": content("Afghanistan"), "z_json": BUNDLED.read_bytes()}
    done = ask("import", archive_of(folder / "both.zip", **members), home=home)
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (1, INCIDENTS)
    told = "casus: both.zip/z.json: it is a chronicle, and no dataset's; import it by itself"
    assert done.stderr.strip() == told


@pytest.mark.parametrize("words", [("-",), ("ucdp-ged", "-")])
@pytest.mark.parametrize("kind", ["plain", "gz", "xz", "zip"])
def test_a_pipe_is_read(home, words, kind):
    done = run("import", *words, home=home, stdin=packed(kind))
    assert done.stderr == ""
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (0, INCIDENTS)


@pytest.mark.parametrize(
    "options", [("--strict",), ("--released", "2024"), ("--dry-run", "--strict")]
)
def test_a_pipe_is_kept_where_it_is_gone_through_twice(home, options):
    done = run("import", "-", *options, home=home, stdin=content("Afghanistan"))
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (0, INCIDENTS)


@pytest.mark.parametrize("options", [(), ("--released", "2024")])
def test_a_named_pipe_is_read_as_well(home, folder, options):
    os.mkfifo(folder / "pipe")
    with subprocess.Popen(
        ["cat", AFGHANISTAN], stdout=(writing := os.open(folder / "pipe", os.O_RDWR))
    ):
        os.close(writing)
        done = run("import", "pipe", *options, home=home)
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (0, INCIDENTS)


def test_a_chronicle_comes_from_a_pipe_whether_it_is_named_or_not(home):
    for words in (("-",), ("chronicle", "-")):
        done = run("import", *words, home=home, stdin=BUNDLED.read_bytes())
        assert done.returncode == 0
    assert counts(done.stdout)["unchanged"] == 45


@pytest.mark.parametrize("is_file", [True, False])
def test_an_archive_of_a_chronicle_comes_from_a_pipe_as_well(home, folder, is_file):
    archive_of(folder / "ours.zip", a_txt=CODEBOOK, b_json=BUNDLED.read_bytes())
    with (folder / "ours.zip").open("rb") as file:
        given = {"stdin": file} if is_file else {"input": file.read()}
        done = subprocess.run(
            [PROGRAM, "import", "-"],
            env=environment(home),
            cwd=folder,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            **given,
        )
    assert (done.returncode, counts(done.stdout.decode())["incidents new"]) == (0, 35)


def test_several_files_are_imported_in_turn(home, folder, ged):
    other = write_ged(folder / "other.csv", {"id": "1"}, {"id": "2"})
    done = ask("import", ged, other, ged, home=home)
    told = counts(done.stdout)
    assert (told["incidents new"], told["unchanged"]) == (INCIDENTS + 2, INCIDENTS)
    assert datasets(home) == ["ucdp-ged"]


def test_what_is_imported_again_is_not_recorded_again(home, ged):
    first = ask("import", ged, home=home)
    before = log_rows(home)
    again = ask("import", ged, home=home)
    assert counts(again.stdout)["unchanged"] == counts(first.stdout)["incidents new"]
    assert log_rows(home) == before


def test_who_imports_and_which_release_and_dataset_are_recorded(home, folder):
    name = write_ged(folder / "ged.csv", {})
    options = ("--by", "an analyst", "--release", "24.1", "--released", "2024-06-05")
    ask("import", name, "--dataset", "my-ged", *options, home=home)
    records = [json.loads(state) for *_, state in log_rows(home)]
    assert {record["recorded_by"] for record in records} == {"an analyst"}
    assert records[0]["dataset"]["id"] == "my-ged"
    assert (records[0]["release"], records[0]["released"]) == ("24.1", "2024-06-05")
    assert records[-1]["origin"] == {"dataset": "my-ged", "key": "401115", "release": "24.1"}
    assert records[-1]["account"]["source"]["published"] == "2024-06-05"


def test_a_crosswalk_of_ones_own_says_who_is_who(home, folder):
    name = write_ged(folder / "ged.csv", {})
    crosswalk(folder / "who.csv", "the-taleban,armed_group,The Taleban,,ucdp,303,,")
    ask("import", name, "--crosswalk", "who.csv", home=home)
    assert '"the-taleban"' in ask("log", "--json", home=home).stdout
    (folder / "who.csv").write_text("actor,kind\n")
    refused = ask("import", name, "--crosswalk", "who.csv", home=home)
    assert refused.returncode == 1
    assert "it lacks the columns name, state" in refused.stderr


def test_a_terminal_is_shown_how_far_it_is(home, ged):
    shown, terminal = os.openpty()
    command = [PROGRAM, "import", ged]
    done = subprocess.run(
        command,
        env=environment(home, TERM="xterm", COLUMNS="120"),
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        timeout=PATIENCE,
        check=True,
    )
    os.close(terminal)
    drawn = os.read(shown, 1 << 20).decode()
    os.close(shown)
    assert b"172 rows read" in done.stdout
    assert "importing" in drawn
    assert "172 rows" in drawn


def test_it_is_shown_how_many_rows_how_fast_and_for_how_much_longer(monkeypatch):
    drawn = io.StringIO()
    clock = Clock()
    terminal = Console(
        file=drawn, force_terminal=True, no_color=True, width=120, get_time=clock, _environ={}
    )
    monkeypatch.setattr(importing, "errors", terminal)
    with importing._progress() as tell:
        for seconds in range(11):
            clock.seconds = float(seconds)
            tell(Progress("importing", 10 * seconds, 1_000, 2_500 * seconds))
    assert "10% 25,000 rows, 2,500/s 0:01:30" in drawn.getvalue()


# Trying first


def test_a_dry_run_changes_nothing_and_counts_what_the_real_one_does(home, folder, ged):
    first = write_ged(folder / "first.csv", {"id": "1"}, {"id": "2"}, {"id": "3"})
    second = write_ged(
        folder / "second.csv", {"id": "1", "best": "205"}, {"id": "2"}, {"id": "4"}, {"id": "five"}
    )
    ask("import", first, "--release", "1", "--released", "2022", home=home)
    before, files = log_rows(home), sorted(home.rglob("*.sqlite"))
    options = ("--release", "2", "--released", "2023", "--complete")
    tried = ask("import", second, *options, "--dry-run", home=home)
    assert "would be" in tried.stdout
    assert "The log stands" not in tried.stdout
    assert log_rows(home) == before
    assert sorted(home.rglob("*.sqlite")) == files
    done = ask("import", second, *options, home=home)
    assert tried.returncode == done.returncode == 3
    assert (folder / "second.csv.rejected.csv").exists()
    assert counts(tried.stdout) == counts(done.stdout.splitlines()[0])
    assert counts(done.stdout.splitlines()[0]) == {
        **{"rows read": 4, "incidents new": 1, "revised": 1, "unchanged": 1},
        **{"withdrawn": 0, "rejected": 1},
    }
    assert "nothing was withdrawn" in done.stderr
    write_ged(folder / second, {"id": "1", "best": "205"}, {"id": "2"}, {"id": "4"})
    done = ask("import", second, *options, home=home)
    assert counts(done.stdout.splitlines()[0])["withdrawn"] == 1


def test_a_dry_run_makes_no_store(home, ged):
    done = ask("import", ged, "--dry-run", home=home)
    assert counts(done.stdout)["incidents new"] == INCIDENTS
    assert not home.exists()


# Releases


def test_a_release_dated_before_what_it_tells_of_is_refused_unless_forced(home, ged):
    options = ("--release", "23.1", "--released", "2001")
    refused = ask("import", ged, *options, home=home)
    assert refused.returncode == 1
    assert "the release is dated 2001, and tells of 2022-" in refused.stderr
    assert "--force" in refused.stderr
    assert log_rows(home) == []
    assert ask("import", ged, *options, "--force", home=home).returncode == 0


def test_a_release_is_not_dated_before_an_end_that_it_tells_of(home, folder):
    name = write_ged(folder / "ged.csv", {"date_start": "2021-05-28", "date_end": "2021-06-30"})
    refused = ask("import", name, "--released", "2021-06-15", home=home)
    assert refused.returncode == 1
    assert "the release is dated 2021-06-15, and tells of 2021-06-30" in refused.stderr
    assert log_rows(home) == []
    assert ask("import", name, "--released", "2021-06-30", home=home).returncode == 0


def test_what_is_read_of_a_file_that_was_cut_off_is_not_dated_before_it_either(home, folder):
    data = gzip.compress(content("19.1"))
    (folder / "ged.csv.gz").write_bytes(data[: len(data) // 2])
    refused = ask("import", "ged.csv.gz", "--released", "1990", home=home)
    assert refused.returncode == 1
    assert "the release is dated 1990, and tells of " in refused.stderr
    assert log_rows(home) == []


def test_what_a_complete_release_has_not_is_withdrawn_within_its_scope(home, folder):
    first = write_ged(
        folder / "first.csv", {"id": "1"}, {"id": "2"}, {"id": "3", "country_id": "702"}
    )
    second = write_ged(folder / "second.csv", {"id": "1"})
    ask("import", first, "--released", "2022", home=home)
    options = ("--released", "2023", "--complete", "--scope", "country=AFG,years=2021")
    done = ask("import", second, *options, home=home)
    assert (counts(done.stdout)["withdrawn"], counts(done.stdout)["unchanged"]) == (1, 1)


# Tables


def test_a_first_mapping_is_suggested_that_imports_the_sheet(home, folder):
    sheet = Path(shutil.copy(DATA / "tables" / "frontera.csv", folder)).name
    suggested = ask("import", "table", "--suggest", sheet, home=home)
    assert suggested.returncode == 0
    assert not home.exists()
    (folder / "frontera.yaml").write_text(suggested.stdout)
    done = ask("import", "table", sheet, "--mapping", "frontera.yaml", home=home)
    with (folder / sheet).open(newline="", encoding="utf-8-sig") as file:
        given = list(csv.reader(file, delimiter=";"))
    assert done.returncode == 3
    assert "'Ekuador' is no country" in (folder / "frontera.csv.rejected.csv").read_text()
    assert counts(done.stdout)["incidents new"] == len(given) - 2
    (folder / "frontera.yaml").write_text(f"{suggested.stdout}\ncountries: {{Ekuador: ECU}}\n")
    again = ask("import", sheet, "--mapping", "frontera.yaml", home=home)
    assert again.returncode == 0
    told = counts(again.stdout)
    assert (told["incidents new"], told["unchanged"]) == (1, len(given) - 2)


def test_a_mapping_is_suggested_from_more_than_a_few_rows(home, folder):
    rows = [f"{n},0{n % 9 + 1}/02/2021,Thing {n}" for n in range(300)]
    rows += ["299,22/02/2021,Another of that number"]
    (folder / "sheet.csv").write_text("\n".join(["No,Date,What", *rows]))
    suggested = ask("import", "table", "--suggest", "sheet.csv", home=home).stdout
    assert "  date_format: dd/mm/yyyy\n" in suggested
    assert "key: {hash: [Date, What]}\n" in suggested


def test_a_sheet_under_a_line_of_text_is_suggested_and_imported(home, folder):
    (folder / "sheet.csv").write_text(
        "Attacks of June\n\nNo;Date;What\n1;2021-06-22;Shots, shells\n"
    )
    suggested = ask("import", "table", "--suggest", "sheet.csv", home=home)
    (folder / "map.yaml").write_text(suggested.stdout)
    done = ask("import", "sheet.csv", "--mapping", "map.yaml", home=home)
    assert (done.returncode, counts(done.stdout)["incidents new"]) == (3, 1)
    assert "it stands above the header" in (folder / "sheet.csv.rejected.csv").read_text()


def test_whoever_has_a_table_of_their_own_is_told_how_it_is_imported(home, folder):
    (folder / "sheet.csv").write_text("No,Date,What\n1,2021-06-22,Shots\n")
    hint = "for a table of your own, see casus import table --suggest FILE"
    assert ask("import", "sheet.csv", home=home).stderr.strip().endswith(hint)
    assert hint not in ask("import", "acled", "sheet.csv", home=home).stderr


def test_a_mapping_is_suggested_for_what_comes_from_a_pipe(home):
    data = (DATA / "tables" / "border.csv").read_bytes()
    done = run("import", "table", "--suggest", "-", home=home, stdin=data)
    assert done.returncode == 0
    assert "occurred" in done.stdout


def test_a_table_of_ones_own_is_imported_by_its_mapping(home, folder):
    for name in ("border.csv", "border.yaml"):
        shutil.copy(DATA / "tables" / name, folder)
    done = ask("import", "table", "border.csv", "--mapping", "border.yaml", home=home)
    assert counts(done.stdout)["incidents new"] > 2
    assert datasets(home) == ["border-notes"]


def test_a_mapping_of_another_sheet_is_told_each_column_that_the_sheet_lacks(home, folder):
    shutil.copy(DATA / "tables" / "border.yaml", folder)
    sheet = (DATA / "tables" / "border.csv").read_text().replace("What happened", "What hapened", 1)
    (folder / "border.csv").write_text(sheet)
    done = ask("import", "table", "border.csv", "--mapping", "border.yaml", home=home)
    assert done.returncode == 1
    assert "$.title: the sheet has no column 'What happened'; did you mean 'What hapened'?" in (
        done.stderr
    )


def test_a_mapping_at_fault_is_refused_with_all_its_faults(home, folder, ged):
    (folder / "map.yaml").write_text("key: Nr\ntitle: What\noccured: Day\n")
    done = ask("import", "table", ged, "--mapping", "map.yaml", home=home)
    assert done.returncode == 1
    assert done.stderr.startswith("casus: map.yaml: nothing was imported; ")
    assert "$.dataset: " in done.stderr
    assert not home.exists()
