"""``casus export ucdp-ged``: what was imported comes back equal, as it stands or stood, and its totals too.

The year of an incident is that of its days. In none of the files does an incident reach from one year
into another, which a test makes sure of; so ``match=possible`` and ``match=certain`` have to give the same.
The country is the one where an incident is (``role=location``): on a country's timeline are also those in
which its state takes part elsewhere. Rows whose low, best and high do not rise are kept, summed and
exported as given.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from domain.records import IncidentRetracted
from domain.revisions import AddAccount, MergeIncident, RetractIncident, UnmergeIncident
from domain.values import Origin
from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.exports import accounts
from service.imports.formats.ucdp_ged_columns import COLUMNS, UNMAPPED
from service.imports.orders import Order
from service.imports.running import Request, run
from service.settings import Settings
from tests.conftest import CALLER, TestClient, an_account
from tests.ged import FILES, ROW, content, rows
from tests.processes import ask
from tests.processes import run as run_process

NUMBERS = {"latitude", "longitude", "best", "high", "low"}


@pytest.fixture(scope="module")
def home_of(tmp_path_factory) -> Callable[[str], Path]:
    """The folders of stores with one file each, imported the first time that they are asked for."""
    homes: dict[str, Path] = {}

    def home_of(name: str) -> Path:
        if name not in homes:
            homes[name] = tmp_path_factory.mktemp("ged") / "home"
            casus = open_casus(Settings(CASUS_HOME=homes[name], _env_file=None))
            request = Request(files=(str(FILES[name]),), order=Order(by="tests"))
            report = run(casus, request, lambda _: None)
            casus.close()
            assert (report.counts.new, report.counts.rejected) == (len(rows(name)), 0)
        return homes[name]

    return home_of


def table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def exported(home: Path, *options: str) -> list[dict[str, str]]:
    """The rows that an export writes to standard output."""
    done = ask("export", "ucdp-ged", *options, home=home)
    assert done.returncode == 0, done.stderr
    return table(done.stdout)


def comparable(column: str, text: str) -> object:
    plain = " ".join(text.split())
    if column in ("date_start", "date_end"):
        return plain[:10]
    return float(plain) if column in NUMBERS and plain else plain


# What goes in comes out


@pytest.mark.parametrize("name", FILES)
def test_every_mapped_column_of_every_row_comes_back_equal(name, home_of):
    given = {row["id"]: row for row in rows(name)}
    found = exported(home_of(name))
    assert [row["id"] for row in found] == sorted(given, key=int)
    unequal = [
        (row["id"], column, given[row["id"]][column], row[column])
        for row in found
        for column in given[row["id"]].keys() - UNMAPPED
        if comparable(column, given[row["id"]][column]) != comparable(column, row[column])
    ]
    assert unequal == []


@pytest.mark.parametrize("name", ["19.1", "Afghanistan", "sample"])
def test_what_is_exported_and_imported_again_appends_nothing(name, home_of, tmp_path):
    file = tmp_path / "exported.csv"
    assert ask("export", "ucdp-ged", "-o", str(file), home=home_of(name)).stdout == ""
    done = ask("import", str(file), "--dry-run", home=home_of(name))
    assert f"0 incidents new, 0 revised, {len(rows(name)):,} unchanged" in done.stdout


GED = """
    CREATE VIEW ged AS SELECT *,
        CASE WHEN country_id = '666' AND adm_1 IN ('Gaza Strip', 'West Bank') THEN 'PSE' ELSE code END
            AS iso, year(date_start[:10]::DATE) AS first, year(date_end[:10]::DATE) AS last,
        low::INT AS l, best::INT AS b, high::INT AS h
    FROM read_csv('{file}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')
    LEFT JOIN (SELECT code, unnest(string_split(gw, '|')) AS gw
               FROM read_csv('{countries}', header = true, all_varchar = true)) ON gw = country_id
"""
AS_GIVEN = """
    SELECT country_id, year, count(*), sum(low::INT), sum(best::INT), sum(high::INT)
    FROM ged GROUP BY ALL ORDER BY ALL
"""
BY_COUNTRY = """
    SELECT iso, first, count(*), sum(l), sum(b), sum(h) FROM ged GROUP BY ALL
"""
COUNTRIES = Path(__file__).parents[1] / "domain" / "data" / "countries.csv"


def duck(file: Path) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute(GED.format(file=file, countries=COUNTRIES))
    return database


@pytest.fixture(params=FILES)
def counted(request, tmp_path) -> Iterator[tuple[str, duckdb.DuckDBPyConnection]]:
    """The name of a file, and DuckDB with a view of its rows and the country that each is in."""
    file = tmp_path / "given.csv"
    file.write_bytes(content(request.param))
    with duck(file) as database:
        yield request.param, database


def test_no_incident_of_the_files_is_in_two_years_or_two_countries(counted):
    name, database = counted
    query = "SELECT count(*), count(iso), count(DISTINCT id) FROM ged WHERE first = last AND first = year"
    assert database.execute(query).fetchall() == [(len(rows(name)),) * 3]


def test_totals_by_country_and_year_of_what_is_exported_are_those_of_the_file(
    counted, home_of, tmp_path
):
    name, database = counted
    file = tmp_path / "exported.csv"
    ask("export", "ucdp-ged", "-o", str(file), home=home_of(name))
    with duck(file) as again:
        assert again.execute(AS_GIVEN).fetchall() == database.execute(AS_GIVEN).fetchall()


@pytest.mark.parametrize("match", ["possible", "certain"])
def test_series_by_country_and_year_are_those_that_duckdb_counts(counted, match, home_of):
    name, database = counted
    expected = {
        (iso, year): numbers for iso, year, *numbers in database.execute(BY_COUNTRY).fetchall()
    }
    casus = open_casus(Settings(CASUS_HOME=home_of(name), _env_file=None))
    found = {}
    with TestClient(create_app(casus)) as client:
        for iso in {iso for iso, _ in expected}:
            asked = {"country": iso, "role": "location", "interval": "year", "measure": "killed"}
            answer = client.get("/v1/series", params={**asked, "match": match}).json()
            for point in answer["groups"][0]["points"]:
                if point["incidents"]:
                    numbers = [point[each] for each in ("incidents", "low", "best", "high")]
                    found[iso, int(point["period"])] = numbers
    casus.close()
    assert found == expected


# As it stands, as it stood, and a part of it


def ged(path: Path, *changes: dict[str, str]) -> str:
    """A file of GED whose rows are one and the same but for some cells."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(ROW | cells for cells in changes)
    return str(path)


IN_MAY = {"id": "2", "date_start": "2021-05-31", "date_end": "2021-06-02"}
IN_TAJIKISTAN = {"id": "10", "country": "Tajikistan", "country_id": "702", "best": "5", "low": "1"}


@pytest.fixture
def released(casus: Casus, tmp_path: Path) -> Casus:
    """A store with two releases: of three incidents, one of which was revised and one withdrawn."""
    first = ged(tmp_path / "1.csv", {"id": "1"}, IN_MAY, IN_TAJIKISTAN)
    second = ged(tmp_path / "2.csv", {"id": "1", "best": "205"}, IN_TAJIKISTAN)
    for file, release, day in ((first, "22.1", "2022-06-01"), (second, "23.1", "2023-06-01")):
        order = Order(by="tests", release=release, released=day, complete=True)
        run(casus, Request(files=(file,), order=order), lambda _: None)
    return casus


def best(casus: Casus, *options: str) -> dict[str, str]:
    """The best numbers that are exported, by the incidents' ids."""
    return {row["id"]: row["best"] for row in exported(casus.settings.home, *options)}


def test_accounts_are_exported_as_they_stand(released):
    assert best(released) == {"1": "205", "10": "5"}


def test_accounts_are_exported_as_they_stood(released):
    before = {"1": "204", "2": "204", "10": "5"}
    end_of_first = next(
        recorded.position - 1
        for recorded in released.log.follow()
        if getattr(recorded.record, "release", None) == "23.1"
    )
    assert best(released, "--position", str(end_of_first)) == before
    assert best(released, "--reported-by", "2022-12-31") == before
    assert best(released, "--reported-by", "2022-05-31") == {}
    assert best(released, "--as-of", "2021-07-15") == {"1": "205", "10": "5"}
    assert (
        ask("export", "ucdp-ged", "--as-of", "2021-07-14", home=released.settings.home).returncode
        == 1
    )


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--country", "TJK"), ["10"]),
        (("--country", "Afghanistan"), ["1", "2"]),
        (("--country", "gw:703"), []),
        (("--from", "2021-06-01"), ["2"]),
        (("--from", "2021-06-01", "--match", "certain"), []),
        (("--to", "2021-05-28"), ["1", "10"]),
        (("--to", "2021-05-28", "--match", "certain"), []),
        (("--to", "2021-05-29", "--match", "certain"), ["1", "10"]),
        (("--from", "2021-05-29", "--to", "2021-05-30", "--country", "AFG"), ["1"]),
        (("--from", "2021-06-03"), []),
    ],
)
def test_a_part_is_exported(released, options, ids):
    assert list(best(released, "--reported-by", "2022", *options)) == ids


def stream_of(casus: Casus, number: int):
    return sorted(casus.log.streams_of("ucdp-ged"))[number]


def test_what_a_curator_retracted_is_left_out_and_what_was_merged_is_not(released):
    one, other = stream_of(released, 0), stream_of(released, 2)
    released.desk.revise_incident(other, MergeIncident(into=one, reason="The same."), CALLER)
    assert best(released) == {"1": "205", "10": "5"}
    released.desk.revise_incident(one, RetractIncident(reason="Not so."), CALLER)
    assert best(released) == {}
    position = released.log.head
    released.desk.revise_incident(other, UnmergeIncident(reason="Another."), CALLER)
    assert best(released) == {"10": "5"}
    assert best(released, "--position", str(position)) == {}
    assert isinstance(released.log.read(position - 1)[0].record, IncidentRetracted)


def test_accounts_of_others_are_left_out(released):
    one = stream_of(released, 0)
    other = Origin(dataset="another", key="1")
    for origin, title in ((None, "A newspaper's"), (other, "Another dataset's")):
        addition = AddAccount(account=an_account(title=title), reason="It is.", origin=origin)
        released.desk.revise_incident(one, addition, CALLER)
    assert best(released) == {"1": "205", "10": "5"}


def test_incidents_are_gone_through_some_at_a_time(released, monkeypatch):
    whole = best(released, "--reported-by", "2022")
    monkeypatch.setattr(accounts, "AT_ONCE", 2)
    assert best(released, "--reported-by", "2022") == whole


# Files, terms, and what is refused


def test_the_terms_of_the_dataset_are_named_and_written(released, tmp_path):
    done = ask(
        "export",
        "ucdp-ged",
        "--citation",
        "terms.txt",
        "-o",
        "out.csv",
        home=released.settings.home,
    )
    assert done.stdout == ""
    written = (released.settings.home.parent / "terms.txt").read_text()
    for text in (done.stderr, written):
        assert "Licence: CC BY 4.0\n" in text
        assert "Sundberg and Melander (2013)" in text
        assert f"position {released.log.head}" in text
    assert "2 accounts" in done.stderr
    out = (released.settings.home.parent / "out.csv").read_bytes()
    assert out.decode() == ask("export", "ucdp-ged", home=released.settings.home).stdout
    assert len(table(out.decode())) == 2


def test_another_dataset_fills_what_it_can(home):
    found = exported(home, "--dataset", "afghanistan-2021", "--country", "UZB")
    assert {row["country_id"] for row in found} <= {"704", ""}
    shown = ask("export", "ucdp-ged", "--dataset", "afghanistan-2021", home=home)
    assert "Dataset: Afghanistan" in shown.stderr


def test_text_of_every_script_is_written_whatever_the_terminal(home):
    done = run_process(
        *("export", "ucdp-ged", "--dataset", "afghanistan-2021"),
        home=home,
        LC_ALL="C",
        PYTHONUTF8="0",
    )
    assert done.returncode == 0
    assert len(table(done.stdout)) == 45


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ((), 1, "there is no dataset 'ucdp-ged' at position 67; there are: afghanistan-2021"),
        (("--dataset", "afghanistan-2021", "--position", "0"), 1, "there are: none"),
        (("--country", "Nowhere"), 2, "'--country'"),
        (("--from", "2021-07", "--to", "2021-06"), 2, "the window ends before it starts"),
        (("--position", "68"), 2, "the log has reached position 67"),
        (("--position", "1", "--as-of", "2021"), 2, "'--as-of'"),
        (("--dataset", "afghanistan-2021", "-o", "no/such/folder.csv"), 1, "No such file"),
    ],
)
def test_what_cannot_be_exported_is_refused(home, options, status, said):
    done = ask("export", "ucdp-ged", *options, home=home, COLUMNS="300")
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


def test_another_format_is_refused_and_those_there_are_named(home):
    done = ask("export", "acled", home=home, COLUMNS="300")
    assert done.returncode == 2
    assert "ucdp-ged" in done.stderr


def test_nothing_is_exported_without_a_store(tmp_path):
    done = ask("export", "ucdp-ged", home=tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert not (tmp_path / "nothing").exists()
