"""Replays: what each step is, along each of the three clocks, from a day to a day."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args
from unittest.mock import patch
from uuid import UUID

import orjson
import pytest

from domain import actors
from domain.edtf import span
from domain.revisions import (
    AddAccount,
    CorrectIncident,
    MergeIncident,
    ReinstateIncident,
    RetractIncident,
)
from domain.values import Figure, InvolvedCountry, Participant
from domain.vocabulary import CountryRole, Measure, Status
from service.bootstrap import Casus
from service.reading import replay as replaying
from service.reading import statements
from service.reading.replay import Course
from service.reading.selection import Selection, SubjectKey
from service.reading.sweeps import Clock
from service.recording import Caller
from tests.conftest import SettableClock, an_account
from tests.histories import PROFILES, ROLES
from tests.naive import Json
from tests.replays import BOUNDS, as_json, played

BY = Caller(by="curator")
CLOCKS = get_args(Clock)
EVERYTHING = Selection()

each_clock = pytest.mark.parametrize("along", CLOCKS)


# Step by step


def reported(casus: Casus, **changes: Any) -> UUID:
    return casus.desk.report_incident(an_account(**changes), BY).stream


def killed(number: int) -> tuple[Figure, ...]:
    return (Figure(measure=Measure.KILLED, best=number),)


def told(casus: Casus, clock: Clock, wanted: Selection = EVERYTHING, **moment: Any) -> list[Any]:
    """Each step as what it does, to which title, on which day, and how many there are and were killed."""
    steps, _ = played(casus, wanted, casus.reader.moment(**moment), Course(clock))
    return [
        (
            step["date"],
            step["change"],
            step["incident"]["title"],
            step["totals"]["incidents"],
            step["totals"]["figures"].get("killed", {}).get("best"),
        )
        for step in as_json(steps)
    ]


def test_incidents_come_in_the_order_in_which_they_happened(casus):
    reported(casus, title="Second", occurred="2021-06-22", figures=killed(2))
    reported(casus, title="First", occurred="2021-06-20", figures=killed(3))
    reported(casus, title="Third", occurred="2021-06-22/2021-06-25")
    assert told(casus, "occurred") == [
        ("2021-06-20", "added", "First", 1, 3),
        ("2021-06-22", "added", "Second", 2, 5),
        ("2021-06-22", "added", "Third", 3, 5),
    ]


def test_what_has_no_known_beginning_comes_first_and_is_of_no_day(casus):
    reported(casus, title="Dated", occurred="-0043-03-15")
    reported(casus, title="Undated", occurred="../2021-09-11")
    assert [step[:3] for step in told(casus, "occurred")] == [
        (None, "added", "Undated"),
        ("-0043-03-15", "added", "Dated"),
    ]


def test_a_retraction_removes_an_incident_and_a_reinstatement_adds_it_again(casus, clock):
    stream = reported(casus, title="Attack", figures=killed(3))
    clock.advance(days=1)
    casus.desk.revise_incident(stream, RetractIncident(reason="It did not happen."), BY)
    clock.advance(days=1)
    casus.desk.revise_incident(stream, ReinstateIncident(reason="It did."), BY)
    assert told(casus, "recorded") == [
        ("2021-07-15", "added", "Attack", 1, 3),
        ("2021-07-16", "removed", "Attack", 0, None),
        ("2021-07-17", "added", "Attack", 1, 3),
    ]
    assert told(casus, "recorded", position=2)[-1][1] == "removed"


def test_a_retracted_incident_is_played_only_if_it_is_asked_for(casus):
    stream = reported(casus, title="Attack")
    casus.desk.revise_incident(stream, RetractIncident(reason="It did not happen."), BY)
    retracted = Selection(statuses=(Status.RETRACTED,))
    assert told(casus, "occurred") == []
    assert told(casus, "occurred", retracted) == [("2021-06-22", "added", "Attack", 1, None)]
    assert told(casus, "recorded", retracted) == [("2021-07-15", "added", "Attack", 1, None)]


def test_a_merge_removes_one_incident_and_changes_the_other(casus):
    one = reported(casus, title="One", figures=killed(3))
    other = reported(casus, title="Other", published="2021-06-24", figures=killed(4))
    casus.desk.revise_incident(one, MergeIncident(into=other, reason="The same."), BY)
    assert told(casus, "recorded") == [
        ("2021-07-15", "added", "One", 1, 3),
        ("2021-07-15", "added", "Other", 2, 7),
        ("2021-07-15", "removed", "One", 1, 4),
        ("2021-07-15", "changed", "One", 1, 4),
    ]


def test_a_correction_moves_an_incident_from_one_timeline_to_another(casus):
    on = {code: Selection(subject=SubjectKey("country", code)) for code in ("AFG", "TJK")}
    there = {code: (InvolvedCountry(code=code, role=CountryRole.LOCATION),) for code in on}
    stream = reported(casus, countries=there["AFG"])
    command = CorrectIncident(set={"countries": there["TJK"]}, reason="Across the river.")
    casus.desk.revise_incident(stream, command, BY)
    assert [step[1] for step in told(casus, "recorded", on["AFG"])] == ["added", "removed"]
    assert [step[1] for step in told(casus, "recorded", on["TJK"])] == ["added"]
    assert [step[1] for step in told(casus, "recorded")] == ["added", "changed"]


def test_what_is_published_on_a_day_counts_from_that_day_whenever_it_was_recorded(casus):
    stream = reported(casus, title="Late", published="2021-07-05", figures=killed(9))
    early = an_account(title="Early", published="2021-06-23", figures=killed(2))
    casus.desk.revise_incident(stream, AddAccount(account=early, reason="Found."), BY)
    assert told(casus, "reported") == [
        ("2021-06-23", "added", "Early", 1, 2),
        ("2021-07-05", "changed", "Early", 1, 9),
    ]
    assert told(casus, "reported", reported_by=span("2021-07-04").latest) == [
        ("2021-06-23", "added", "Early", 1, 2)
    ]


def test_what_counts_from_a_later_day_is_no_step_before_it(casus):
    stream = reported(casus, published="2021-06-23")
    later = an_account(published="2021-07-05", title="Later")
    casus.desk.revise_incident(stream, AddAccount(account=later, reason="Found."), BY)
    by = {"reported_by": span("2021-07-04").latest}
    assert [step[1] for step in told(casus, "recorded", **by)] == ["added"]
    assert [step[1] for step in told(casus, "recorded")] == ["added", "changed"]


def test_an_incident_of_two_actors_who_are_one_comes_once(casus):
    for slug in ("taliban", "haqqani"):
        casus.desk.register_actor(PROFILES[slug], BY)
    both = (Participant(actor=slug, role=ROLES[0]) for slug in ("taliban", "haqqani"))
    reported(casus, participants=tuple(both), figures=killed(3))
    merge = actors.MergeActor(into="taliban", reason="One and the same.")
    casus.desk.revise_actor("haqqani", merge, BY)
    wanted = Selection(subject=SubjectKey("actor", "taliban"))
    for arms, clock in product((1, 60), CLOCKS):
        with patch.object(statements, "MOST_ARMS", arms):
            ((_, change, _, incidents, dead),) = told(casus, clock, wanted)
            _, end = played(
                casus, wanted, casus.reader.moment(), Course(clock, since=span("2100").latest)
            )
        assert (change, incidents, dead) == ("added", 1, 3)
        assert end["totals"]["incidents"] == 1


# From a day to a day


@pytest.fixture
def days(casus: Casus, clock: SettableClock) -> dict[int, int]:
    """Four days in June, on each of which an incident happened, was published and was recorded."""
    for day in (20, 21, 22, 23):
        clock.now = clock.now.replace(month=6, day=day)
        date = f"2021-06-{day}"
        reported(casus, title=date, occurred=date, published=date, figures=killed(1))
    return {day: span(f"2021-06-{day}").earliest for day in range(19, 25)}


def played_between(casus: Casus, *course: Any) -> tuple[list[str], list[int], Json]:
    """The dates of a replay's steps, the incidents that there are at each, and its end."""
    steps, end = played(casus, EVERYTHING, casus.reader.moment(), Course(*course))
    counted = [step["totals"]["incidents"] for step in as_json(steps)]
    return [step["date"] for step in as_json(steps)], counted, end


@each_clock
def test_the_first_and_the_last_day_are_played_and_what_was_before_counts(along, casus, days):
    dates, incidents, end = played_between(casus, along, days[21], days[22])
    assert dates == ["2021-06-21", "2021-06-22"]
    assert incidents == [2, 3]
    assert end["steps"] == 2
    assert end["totals"] == {"incidents": 3, "figures": {"killed": dict.fromkeys(BOUNDS, 3)}}


@each_clock
def test_without_a_last_day_it_is_played_to_the_end_and_without_a_first_from_the_start(
    along, casus, days
):
    assert played_between(casus, along, days[22], None)[1] == [3, 4]
    assert played_between(casus, along, None, days[21])[1] == [1, 2]


@each_clock
def test_where_nothing_is_left_to_play_the_end_says_what_there_is(along, casus, days):
    dates, _, end = played_between(casus, along, days[24], None)
    assert (dates, end["steps"], end["totals"]["incidents"]) == ([], 0, 4)
    dates, _, end = played_between(casus, along, None, days[19])
    assert (dates, end["steps"], end["totals"]["incidents"]) == ([], 0, 0)


@each_clock
def test_days_as_far_as_they_go_are_all_of_them(along, casus, days):
    far = span("../Y-20000").earliest, span("Y20000/..").latest
    assert played_between(casus, along, *far)[1] == [1, 2, 3, 4]
    assert played_between(casus, along, far[1], None)[1] == []


def test_the_end_names_the_moment_that_was_reached(casus, days):
    on_22 = days[22]
    assert played_between(casus, "recorded", None, on_22)[2]["position"] == 3
    assert played_between(casus, "reported", None, on_22)[2]["reported_by"] == "2021-06-22"
    end = played_between(casus, "occurred", None, on_22)[2]
    assert (end["position"], end["reported_by"], end["end"]) == (4, None, True)


# What goes on meanwhile


@each_clock
def test_neither_a_write_nor_a_rebuild_changes_a_replay_that_has_begun(along, casus, days):
    moment = casus.reader.moment()
    expected, end = played(casus, EVERYTHING, moment, Course(along))
    with patch.object(replaying, "PAGE", 2):
        replay = casus.reader.replays.begin(EVERYTHING, moment, Course(along))
        pages = replay.pages()
        steps = next(pages)
        reported(casus, occurred="2021-06-21", published="2021-06-22")
        casus.projector.rebuild()
        for page in pages:
            steps += page
            casus.projector.rebuild()
    assert steps == expected
    assert orjson.loads(replay.end) == end
