"""``casus replay``: history played on the terminal."""

from __future__ import annotations

import json
import signal

import pytest

from service.cli.replaying import Pace
from service.recording import Caller
from tests.conftest import an_account
from tests.processes import PATIENCE, ask, kill, started


def lines(*arguments: str, home) -> list[str]:
    """What a replay prints."""
    done = ask("replay", *arguments, home=home, COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_days_are_headings_with_what_happened_and_what_there_is_then(home):
    printed = lines("AFG", "--since", "2021-06-22", "--until", "2021-06-23", home=home)
    assert printed[:3] == ["Afghanistan, as it happened", "", "2021-06-22"]
    crossing = printed.index(
        "  53 people try to cross from Afghanistan into Uzbekistan; all are returned"
    )
    assert "2021-06-23" in printed[:crossing]
    assert [line for line in printed if line.startswith("= ")][1].startswith("= 23 incidents, ")
    assert printed[-1] == "Played to position 67."


def test_nothing_is_wider_than_the_terminal_and_nothing_is_cut(home):
    printed = lines(home=home)
    assert max(map(len, printed)) <= 80
    text = " ".join(line.removeprefix("  ").removeprefix("= ") for line in printed)
    for line in ask("timeline", "AFG", "--json", home=home).stdout.splitlines():
        assert json.loads(line)["title"] in text


def test_what_becomes_of_an_incident_is_marked_where_it_may_change(home):
    printed = lines("TJK", "--clock", "reported", home=home)
    assert printed[0] == "Tajikistan, as it was reported"
    marks = [line[:2] for line in printed if line[1:2] == " " and line[0] != " "]
    assert {"+ ", "~ ", "= "} == set(marks)


def test_what_has_no_known_beginning_is_told_first(casus, tmp_path):
    for occurred in ("-0043-03-15", "../2021-09-11"):
        casus.desk.report_incident(an_account(title="Attack", occurred=occurred), Caller(by="me"))
    printed = lines(home=tmp_path)
    assert [line for line in printed if line and line[0] not in " ="] == [
        "Everything, as it happened",
        "With no known beginning",
        "-0043-03-15",
        "Played to position 2.",
    ]
    assert "  ../2021-09-11: Attack" in printed
    assert "  Attack" in printed


def test_of_an_empty_store_there_is_nothing_to_play(casus, tmp_path):
    assert lines(home=tmp_path) == ["Everything, as it happened", "", "Played to position 0."]


@pytest.mark.parametrize("clock", ["occurred", "reported", "recorded"])
def test_its_lines_of_json_are_those_of_the_api_but_for_their_ids(clock, home, reading):
    options = ["--clock", clock, "--since", "2021-06-22", "--position", "67"]
    done = ask("replay", "AFG", *options, "--json", home=home)
    answer = reading.get(f"/v1/replay?country=AFG&clock={clock}&since=2021-06-22&position=67")
    expected = [json.loads(line) for line in answer.text.splitlines()]
    for line in expected:
        del line["id"]
    assert [json.loads(line) for line in done.stdout.splitlines()] == expected


def test_all_is_everything_and_so_is_no_subject(home):
    assert lines("all", home=home) == lines(home=home)


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--since", "2021-07", "--until", "2021-06"], "--until"),
        (["--from", "2021-07", "--to", "2021-06"], "--to"),
        (["--since", "soon"], "--since"),
        (["--speed", "0"], "--speed"),
        (["--speed", "inf"], "--speed"),
        (["--clock", "told"], "--clock"),
        (["--position", "68"], "--position"),
        (["--position", "1", "--as-of", "2021"], "--as-of"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments, option, home):
    done = ask("replay", "AFG", *arguments, home=home)
    assert done.returncode == 2
    assert option in done.stderr


def test_a_subject_that_nobody_knows_is_refused(home):
    done = ask("replay", "Atlantis", home=home)
    assert done.returncode == 1
    assert "no country and no actor is called 'Atlantis'" in done.stderr


def test_days_pass_at_the_speed_that_is_asked_for():
    slept = []
    pace = Pace(4, now=lambda: 100 + sum(slept), sleep=slept.append)
    for day in (None, 20, 20, 22, None, 30):
        pace.wait(day)
    assert slept == [0.5, 2]


def test_an_interruption_ends_it_quietly(home):
    process = started("replay", "AFG", "--speed", "0.000001", home=home)
    try:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=PATIENCE)
    finally:
        kill(process)
    assert first[0] == "Afghanistan, as it happened\n"
    assert "Played" not in rest
    assert (process.returncode, errors) == (-signal.SIGINT, "")
