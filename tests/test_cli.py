"""The commands, run as processes of their own: what they print, refuse and end with."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
import typer

from domain.actors import IdentifyActor
from domain.ids import dataset_stream
from domain.records import Recorded
from domain.values import Figure, Place
from domain.vocabulary import Measure, Status
from service.cli import app
from tests.conftest import CALLER, a_profile, an_account
from tests.processes import ask, run
from tests.records import EXAMPLES

COMMANDS = typer.main.get_command(app).commands


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def column(table: str, name: str, until: str | None = None) -> str:
    """The words in a column of a table, from its heading's place to that of the next."""
    lines = table.splitlines()
    head = next(line for line in lines if name in line)
    start, end = head.index(name), head.index(until) if until else None
    below = lines[lines.index(head) + 2 :]
    return " ".join(" ".join(line[start:end] for line in below).split())


# Help


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_shows_an_example_that_makes_sense(name, tmp_path):
    shown = ask(name, "--help", home=tmp_path / "home", COLUMNS="200")
    assert shown.returncode == 0
    examples = [line for line in shown.stdout.splitlines() if "Example: " in line]
    assert len(examples) == 1
    program, command, *arguments = shlex.split(examples[0].split("Example: ")[1])
    assert (program, command) == ("casus", name)
    COMMANDS[name].make_context(name, arguments)


def test_the_help_names_every_command(tmp_path):
    shown = run("--help", home=tmp_path / "home")
    assert shown.returncode == 0
    assert {"serve", "load", "timeline", "log", "rebuild", "status"} <= set(COMMANDS)
    assert [name for name in COMMANDS if name not in shown.stdout] == []


def test_the_program_without_a_command_shows_its_help(tmp_path):
    shown = run(home=tmp_path / "home")
    assert shown.returncode == 2
    assert "timeline" in shown.stdout + shown.stderr


# The timeline


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
def test_a_timeline_is_a_table_in_which_nothing_is_cut(columns, chronicle, client, tmp_path):
    shown = run("timeline", "AFG", "--to", "2021-06-23", home=tmp_path, COLUMNS=str(columns))
    assert shown.returncode == 0
    assert "…" not in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= columns
    items = client.get("/v1/countries/AFG/timeline?to=2021-06-23").json()["items"]
    assert shown.stdout.splitlines()[0] == f"Afghanistan: {len(items)} incidents"
    roomy = columns >= 100
    what = column(shown.stdout, "what", "where" if roomy else None)
    where = column(shown.stdout, "where", "figures") if roomy else what
    for item in items:
        assert item["title"] in what
        if item["place"] and item["place"]["name"] != "Afghanistan":
            assert item["place"]["name"] in where


def test_dates_figures_and_titles_are_told_in_words(casus, tmp_path):
    place, crossed, killed = Place(name="Here", country="AFG"), Measure.CROSSED, Measure.KILLED
    for account in (
        an_account(occurred="2021-06-18/2021-06-21", place=place),
        an_account(occurred="../2021-09-11", place=place),
        an_account(occurred="2021-05-01/..", place=place),
        an_account(status=Status.PLANNED, title="A meeting", place=place),
        an_account(title="[bold]No markup[/bold] :fire:", place=place),
        an_account(title="a" * 200, place=place),
        an_account(
            place=place,
            figures=(
                Figure(measure=crossed, of="soldiers", low=130),
                Figure(measure=crossed, of="women", best=20, high=25),
                Figure(measure=killed, of="of them", low=2, best=3, high=5),
                Figure(measure=killed, of="others", low=4, best=4, high=4),
            ),
        ),
    ):
        casus.desk.report_incident(account, CALLER)
    table = run("timeline", "AFG", home=tmp_path, COLUMNS="120").stdout
    when = column(table, "when", "what")
    assert "2021-06-18 to 2021-06-21" in when
    assert "until 2021-09-11" in when
    assert "from 2021-05-01" in when
    what = column(table, "what", "where")
    assert "A meeting (planned)" in what
    assert "[bold]No markup[/bold] :fire:" in what
    assert "a" * 200 in what.replace(" ", "")
    figures = column(table, "figures")
    assert "crossed: 130 or more soldiers" in figures
    assert "crossed: 20 (up to 25) women" in figures
    assert "killed: 3 (2 to 5) of them" in figures
    assert "killed: 4 others" in figures


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["AFG", "--to", "2021-06-23"], "/v1/countries/AFG/timeline?to=2021-06-23"),
        (["gw:702"], "/v1/countries/TJK/timeline"),
        (["taliban", "--from", "2021-06-23"], "/v1/actors/taliban/timeline?from=2021-06-23"),
        (["CSTO"], "/v1/actors/csto/timeline"),
        (["TJK", "--to=2021-07-01", "--match=certain"],
         "/v1/countries/TJK/timeline?match=certain&to=2021-07-01"),
        (["AFG", "--position=40"], "/v1/countries/AFG/timeline?position=40"),
        (["AFG", "--as-of=2021-07-14"], "/v1/countries/AFG/timeline?as_of=2021-07-14"),
        (["AFG", "--as-of=2021-07-15"], "/v1/countries/AFG/timeline?as_of=2021-07-15"),
        (["AFG", "--reported-by=2021-06-30"], "/v1/countries/AFG/timeline?reported_by=2021-06-30"),
        (["AFG", "--limit=3"], "/v1/countries/AFG/timeline?limit=3"),
    ],
)  # fmt: skip
def test_the_lines_of_json_are_the_items_of_the_api(arguments, path, chronicle, client, tmp_path):
    shown = ask("timeline", *arguments, "--json", home=tmp_path)
    assert shown.returncode == 0
    assert json_lines(shown.stdout) == client.get(path).json()["items"]


def test_a_timeline_that_was_cut_short_says_so(chronicle, tmp_path):
    shown = ask("timeline", "AFG", "--limit", "3", home=tmp_path)
    assert shown.stdout.startswith("Afghanistan: 3 incidents")
    assert "raise --limit" in shown.stdout


def test_a_country_without_incidents_has_an_empty_timeline(chronicle, tmp_path):
    shown = run("timeline", "Iceland", home=tmp_path)
    assert shown.returncode == 0
    assert shown.stdout.splitlines() == ["Iceland: 0 incidents", "Read at position 67."]


@pytest.mark.parametrize("subject", ["XYZ", "", " ", b"\xff", "nobody at all", "'; DROP"])
def test_an_unknown_subject_is_named(subject, chronicle, tmp_path):
    shown = ask("timeline", subject, home=tmp_path)
    assert shown.returncode == 1
    assert shown.stdout == ""
    assert "no country and no actor is called" in shown.stderr


def test_an_unknown_country_is_answered_with_the_nearest(chronicle, tmp_path):
    assert "AFG (Afghanistan)" in ask("timeline", "AFGX", home=tmp_path).stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--to", "2021-13-01"], ["--to", "2021-13-01", "month"]),
        (["--from", "yesterday"], ["--from", "yesterday"]),
        (["--from", "2021-06-23", "--to", "2021-05-01"], ["--to", "ends before it starts"]),
        (["--as-of", "noon"], ["--as-of", "2026-11-22T09:00:00Z"]),
        (["--reported-by", "2021-02-30"], ["--reported-by", "2021-02-30"]),
        (["--position", "68"], ["--position", "67"]),
        (["--position", "-1"], ["--position"]),
        (["--position", "9" * 30], ["--position", "67"]),
        (["--position", "1", "--as-of", "2021-07-15"], ["--position", "--as-of"]),
        (["--limit", "0"], ["--limit"]),
        (["--match", "perhaps"], ["--match", "possible"]),
        (["--colour", "red"], ["--colour"]),
    ],
)
def test_an_option_that_makes_no_sense_is_named(arguments, named, chronicle, tmp_path):
    shown = ask("timeline", "AFG", *arguments, home=tmp_path, COLUMNS="200")
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert [word for word in named if word not in shown.stderr] == []


# The log


def test_the_log_shows_its_records_in_order(chronicle, tmp_path):
    shown = run("log", "--after", "40", "--limit", "3", home=tmp_path, COLUMNS="150")
    assert shown.returncode == 0
    assert shown.stdout.startswith("The log stands at position 67.")
    numbers = [line.split()[0] for line in shown.stdout.splitlines()[3:]]
    assert [number for number in numbers if number.isdigit()] == ["41", "42", "43"]
    for recorded in chronicle.log.read(40, 3):
        assert recorded.record.account.title in column(shown.stdout, "about")


def test_the_log_says_which_dataset_and_which_id_were_recorded(casus, tmp_path):
    release = EXAMPLES["dataset-released.v2"]
    casus.desk.append([Recorded(0, dataset_stream("ucdp-ged"), 1, release)])
    casus.desk.register_actor(a_profile(), CALLER)
    known_as = IdentifyActor(scheme="wikidata", id="Q42418", reason="As Wikidata numbers them.")
    casus.desk.revise_actor("taliban", known_as, CALLER)
    shown = run("log", home=tmp_path, COLUMNS="200").stdout
    assert "ucdp-ged 24.1: UCDP Georeferenced Event Dataset: A new release: «24.1»." in shown
    assert "taliban: wikidata:Q42418: As Wikidata numbers them." in shown


def test_the_log_as_json_is_a_record_a_line(chronicle, tmp_path):
    lines = json_lines(run("log", "--limit", "1000", "--json", home=tmp_path).stdout)
    assert [line["position"] for line in lines] == list(range(1, 68))
    assert {line["topic"] for line in lines} >= {"actor-registered.v2", "incident-reported.v3"}
    assert {line["record"]["recorded_by"] for line in lines} == {"casus"}
    assert json_lines(run("log", "--after", "64", "--json", home=tmp_path).stdout) == lines[64:]


def test_nothing_is_shown_beyond_the_end_of_the_log(chronicle, tmp_path):
    shown = ask("log", "--after", "67", home=tmp_path)
    assert (shown.returncode, shown.stdout) == (0, "The log stands at position 67.\n")


@pytest.mark.parametrize("option", ["--after=-1", "--limit=0", "--after=" + "9" * 30, "--limit=x"])
def test_a_part_of_the_log_that_cannot_be_is_refused(option, chronicle, tmp_path):
    shown = ask("log", option, home=tmp_path)
    assert shown.returncode == 2
    assert option.split("=")[0] in shown.stderr
