"""``casus diff`` and ``casus history``: what they print is what the API answers, in words or as JSON."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from domain.revisions import CorrectIncident, MergeIncident, RetractIncident, ReviseAccount
from domain.values import Figure, Place
from domain.vocabulary import Measure
from service.recording import Caller
from tests.conftest import an_account
from tests.processes import run

BY = Caller(by="curator")


def in_words(text: str) -> str:
    """What a table says, as one line."""
    return " ".join(text.split())


@pytest.fixture
def revised(casus) -> list[UUID]:
    """Three incidents of Afghanistan: one is counted anew, one merged into it, one retracted."""
    place = Place(name="Kunduz", country="AFG")
    streams = [
        casus.desk.report_incident(
            an_account(title=title, place=place, figures=(Figure(measure=Measure.KILLED, best=3),)),
            BY,
        ).stream
        for title in ("A raid", "A raid told twice", "A rumour")
    ]
    counted = an_account(
        title="A raid", place=place, figures=(Figure(measure=Measure.KILLED, best=5),)
    )
    casus.desk.revise_incident(
        streams[0], ReviseAccount(number=1, account=counted, reason="counted anew"), BY
    )
    casus.desk.revise_incident(streams[1], MergeIncident(into=streams[0], reason="same"), BY)
    casus.desk.revise_incident(streams[2], RetractIncident(reason="it never happened"), BY)
    return streams


def test_a_difference_is_told_in_words(revised, tmp_path):
    shown = run("diff", "AFG", "--from-position", "3", home=tmp_path, COLUMNS="150")
    assert shown.returncode == 0
    told = in_words(shown.stdout)
    assert told.startswith("Afghanistan: 3 incidents differ")
    assert "merged A raid told twice into " + str(revised[0]) in told
    assert "figures: killed: 3 -> killed:" in told
    assert "accounts: 1 -> 2" in told
    assert "retracted A rumour (retracted) status: reported -> retracted" in told
    assert told.endswith("From position 3 to position 6.")


def test_a_difference_that_was_cut_short_says_so(revised, tmp_path):
    shown = run("diff", "--from-position", "3", "--limit", "1", home=tmp_path)
    assert shown.stdout.startswith("All incidents: 1 incident differs")
    assert "There are more: raise --limit." in in_words(shown.stdout)


def test_a_difference_of_nothing_is_told_as_well(revised, tmp_path):
    shown = run("diff", "--from-position", "6", home=tmp_path)
    assert shown.stdout == ("All incidents: 0 incidents differ\nFrom position 6 to position 6.\n")


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        (["AFG", "--from-position", "3"], "country=AFG&from_position=3"),
        (["all", "--from-reported-by", "2021-06-22"], "from_reported_by=2021-06-22"),
        (["--from-as-of", "2021-07-14", "--to-as-of", "2021-07-15"], "from_as_of=2021-07-14"),
    ],
)
def test_the_lines_of_a_difference_are_the_items_of_the_api(
    arguments, query, revised, client, tmp_path
):
    lines = run("diff", *arguments, "--json", home=tmp_path).stdout.splitlines()
    items: list[dict[str, Any]] = client.get(f"/v1/diff?{query}").json()["items"]
    assert [json.loads(line) for line in lines] == items
    assert items


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], ["--from-position", "--from-as-of", "--from-reported-by"]),
        (["--from-position", "3", "--to-position", "2"], ["--to-position", "--from-position"]),
        (["--from-position", "99"], ["--from-position", "99"]),
        (["--from-as-of", "noon"], ["--from-as-of", "2026-11-22"]),
        (["--from-reported-by", "2021-02-30"], ["--from-reported-by", "2021-02-30"]),
        (["--from-position", "1", "--as-of", "2021-07-15"], ["--as-of"]),
    ],
)
def test_moments_that_make_no_sense_are_named_by_their_options(arguments, named, revised, tmp_path):
    shown = run("diff", *arguments, home=tmp_path, COLUMNS="200")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert [word for word in named if word not in shown.stderr] == []
    assert "_" not in shown.stderr


def test_a_history_is_told_in_words(revised, casus, tmp_path):
    retitled = CorrectIncident(
        set={"title": "The raid", "place": None}, reason="as sources have it"
    )
    casus.desk.revise_incident(revised[0], retitled, Caller(by="Ayşe"))
    shown = run("history", str(revised[0]), home=tmp_path, COLUMNS="150")
    told = in_words(shown.stdout)
    assert "incident reported by curator title: + A raid" in told
    assert "account revised by curator: counted anew figures: killed: 3 -> killed: 5" in told
    assert "incident merged by curator: same" in told
    assert "incident corrected by Ayşe: as sources have it title: A raid -> The raid" in told
    assert "place: - Kunduz" in told
    assert "countries: - AFG (location)" in told
    assert told.endswith("Read at position 7.")
    cut = run("history", str(revised[0]), "--limit", "1", "--position", "6", home=tmp_path)
    assert cut.stdout.endswith("Read at position 6. There are more: raise --limit.\n")


def test_the_history_of_a_merged_incident_leads_on(revised, tmp_path):
    shown = run("history", str(revised[1]), home=tmp_path)
    assert f"It is merged into {revised[0]}, which has the rest." in shown.stdout


def test_the_lines_of_a_history_are_the_items_of_the_api(revised, client, tmp_path):
    lines = run("history", str(revised[2]), "--json", home=tmp_path).stdout.splitlines()
    items = client.get(f"/v1/incidents/{revised[2]}/history").json()["items"]
    assert [json.loads(line) for line in lines] == items
    assert len(items) == 2


@pytest.mark.parametrize("incident", [str(UUID(int=0)), "a-raid"])
def test_an_incident_that_is_not_there_is_refused_by_name(incident, revised, tmp_path):
    shown = run("history", incident, home=tmp_path)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == f"casus: there is no incident {incident!r} at position 6\n"
