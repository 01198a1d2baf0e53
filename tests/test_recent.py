"""The latest changes of a selection: of each incident the last step of a replay, the newest first."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import Recorded
from domain.revisions import (
    AddAccount,
    CorrectIncident,
    MergeIncident,
    NewValues,
    ReinstateIncident,
    RetractIncident,
)
from domain.values import InvolvedCountry, Participant, Source
from domain.vocabulary import CountryRole, IncidentType, Status
from service.bootstrap import Casus
from service.reading import recent, statements
from service.reading.replay import Course
from service.reading.selection import Selection, SubjectKey
from service.reading.sweeps import Sweep
from service.recording import Caller
from tests.conftest import a_profile, an_account
from tests.naive import Json
from tests.reads import a_selection, pages
from tests.replays import naive_steps
from tests.test_replay_histories import history_at_random, moment_at_random

BY = Caller(by="curator")
EVERYTHING = Selection()
TRIES = 12
"""Reads of each history."""


def reported(casus: Casus, **changes: Any) -> UUID:
    return casus.desk.report_incident(an_account(**changes), BY).stream


def told(
    casus: Casus, wanted: Selection = EVERYTHING, limit: int = 100, **moment: Any
) -> list[Any]:
    """Each latest change as its position, the incident's title, and how it left, if it did."""
    found = casus.reader.recent.latest(wanted, casus.reader.moment(**moment), limit)
    return [(each.position, orjson.loads(each.entry)["title"], each.left) for each in found]


def test_what_was_recorded_last_comes_first_whenever_it_happened(casus):
    reported(casus, title="One", occurred="2021-06-22")
    reported(casus, title="Two", occurred="2021-06-01")
    reported(casus, title="Three", occurred="2021-06-10")
    assert told(casus) == [(3, "Three", None), (2, "Two", None), (1, "One", None)]
    assert told(casus, limit=2) == [(3, "Three", None), (2, "Two", None)]


def test_an_incident_that_was_revised_is_there_once_at_its_last_change(casus, clock):
    one = reported(casus, title="One")
    reported(casus, title="Two")
    clock.advance(days=1)
    new = NewValues(title="One, corrected")
    casus.desk.revise_incident(one, CorrectIncident(set=new, reason="So it was."), BY)
    assert told(casus) == [(3, "One, corrected", None), (2, "Two", None)]
    newest, other = casus.reader.recent.latest(EVERYTHING, casus.reader.moment(), 2)
    assert newest.recorded_at == "2021-07-16T09:00:00.000000Z"
    assert newest.first_recorded_at == "2021-07-15T09:00:00.000000Z"
    assert other.recorded_at == other.first_recorded_at == "2021-07-15T09:00:00.000000Z"


def test_what_is_retracted_or_merged_has_left_until_it_comes_again(casus):
    one = reported(casus, title="One")
    other = reported(casus, title="Other", published="2021-06-24")
    casus.desk.revise_incident(one, RetractIncident(reason="It did not happen."), BY)
    assert told(casus) == [(3, "One", "retracted"), (2, "Other", None)]
    casus.desk.revise_incident(one, ReinstateIncident(reason="It did."), BY)
    assert told(casus) == [(4, "One", None), (2, "Other", None)]
    casus.desk.revise_incident(one, MergeIncident(into=other, reason="The same."), BY)
    assert told(casus) == [(5, "One", None), (5, "One", "merged")]
    survivor, merged = casus.reader.recent.latest(EVERYTHING, casus.reader.moment(), 9)
    assert (survivor.survivor, merged.survivor) == (None, str(other))
    assert orjson.loads(merged.entry)["id"] == str(one)


def test_what_no_longer_matches_has_left_the_selection_and_no_other(casus):
    one = reported(casus, title="One", type=IncidentType.ATTACK)
    new = NewValues(type=IncidentType.PROTEST)
    casus.desk.revise_incident(one, CorrectIncident(set=new, reason="It was peaceful."), BY)
    assert told(casus, Selection(types=("attack",))) == [(2, "One", "removed")]
    assert told(casus, Selection(types=("protest",))) == [(2, "One", None)]
    assert told(casus, Selection(types=("threat",))) == []
    assert told(casus, Selection(types=("protest",), first_day=10**6)) == []


def test_what_retracted_incidents_are_asked_for_by_leaves_with_the_retraction_undone(casus):
    one = reported(casus, title="One")
    retracted = Selection(statuses=(Status.RETRACTED,))
    assert told(casus, retracted) == []
    casus.desk.revise_incident(one, RetractIncident(reason="It did not happen."), BY)
    assert told(casus, retracted) == [(2, "One", None)]
    casus.desk.revise_incident(one, ReinstateIncident(reason="It did."), BY)
    assert told(casus, retracted) == [(3, "One", "removed")]


def test_earlier_moments_have_what_was_the_latest_then_on_both_clocks(casus):
    one = reported(casus, title="One", published="2021-06-23")
    why = {"reason": "No.", "basis": Source(name="A ministry", published="2021-07-01")}
    casus.desk.revise_incident(one, RetractIncident(**why), BY)
    reported(casus, title="Two", published="2021-06-25")
    assert told(casus) == [(3, "Two", None), (2, "One", "retracted")]
    assert told(casus, position=2) == [(2, "One", "retracted")]
    assert told(casus, position=1) == [(1, "One", None)]
    assert told(casus, position=0) == []
    day = casus.reader.moment().reported_by
    assert told(casus, reported_by=day) == told(casus)
    # By the 24th neither the retraction nor the other incident was public.
    assert told(casus, reported_by=18_802) == [(1, "One", None)]


def test_a_record_that_counts_only_from_a_later_day_moves_nothing_at_an_earlier_one(casus):
    one = reported(casus, title="One", published="2021-06-23")
    reported(casus, title="Two", published="2021-06-23")
    later = an_account(title="Later", published="2021-07-10")
    casus.desk.revise_incident(one, AddAccount(account=later, reason="A second paper."), BY)
    assert told(casus) == [(3, "One", None), (2, "Two", None)]
    assert told(casus, reported_by=18_810) == [(2, "Two", None), (1, "One", None)]


def test_a_countrys_and_an_actors_latest_changes_are_of_their_own_timelines(casus):
    casus.desk.register_actor(a_profile(), BY)
    fiji = (InvolvedCountry(code="FJI", role=CountryRole.LOCATION),)
    one = reported(casus, title="One", countries=fiji, participants=(Participant(actor="taliban"),))
    reported(casus, title="Elsewhere")
    for wanted in (
        Selection(subject=SubjectKey("country", "FJI")),
        Selection(subject=SubjectKey("country", "FJI"), roles=("location",)),
        Selection(subject=SubjectKey("actor", "taliban")),
        Selection(subject=SubjectKey("actor", "taliban"), country="FJI"),
        Selection(subject=SubjectKey("country", "FJI"), actor="taliban"),
    ):
        for few in (0, recent.FEW):
            with patch.object(recent, "FEW", few):
                assert told(casus, wanted) == [(2, "One", None)], wanted
    new = NewValues(countries=())
    casus.desk.revise_incident(one, CorrectIncident(set=new, reason="Not there."), BY)
    fijian = Selection(subject=SubjectKey("country", "FJI"))
    for few in (0, recent.FEW):
        with patch.object(recent, "FEW", few):
            assert told(casus, fijian) == [(4, "One", "removed")]
            assert told(casus, replace(fijian, roles=("host",))) == []


def explained(casus: Casus, sql: str, parameters: list[Any]) -> list[str]:
    """SQLite's plan of a statement."""
    with closing(sqlite3.connect(casus.projector.generation.path)) as rows:
        return [row[3] for row in rows.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]


def expected(log: list[Recorded], wanted: Selection, case: Any) -> list[tuple[bool, Json]]:
    """Of the naive replay the last step of each incident, backwards: whether it is there, and its entry."""
    last: dict[str, Json] = {}
    for step in naive_steps(log, wanted, case, Course("recorded")):
        last.pop(step["incident"]["id"], None)
        last[step["incident"]["id"]] = step
    return [(step["change"] != "removed", step["incident"]) for step in reversed(last.values())]


@settings(max_examples=20)
@given(st.integers(0, 2**32).map(random.Random))
def test_the_latest_changes_of_any_history_are_the_last_steps_of_the_naive_fold(chance):
    with history_at_random(chance) as (casus, log):
        for _ in range(TRIES):
            moment = moment_at_random(casus, chance)
            wanted = chance.choice([Selection(), a_selection(chance)])
            case = (wanted, moment)
            everything = expected(log, wanted, moment)
            limit = chance.choice([1, 3, 1_000])
            with (
                patch.object(recent, "PAGE", chance.choice([2, 3, 200])),
                patch.object(recent, "FEW", chance.choice([0, 20_000])),
                patch.object(statements, "MOST_ARMS", chance.choice([1, 60])),
            ):
                found = list(casus.reader.recent.latest(wanted, moment, limit))
            entries = [(each.left is None, orjson.loads(each.entry)) for each in found]
            assert entries == everything[:limit], case
            positions = [each.position for each in found]
            assert positions == sorted(positions, reverse=True), case
            # What is there is what a read shows.
            there = sorted(entry["id"] for is_there, entry in everything if is_there)
            assert there == sorted(entry["id"] for entry in pages(casus, wanted, moment, 100)), case


def test_the_newest_of_many_are_found_in_the_order_of_an_index(chronicle):
    moment = chronicle.reader.moment()
    for subject in (None, SubjectKey("country", "AFG"), SubjectKey("actor", "taliban")):
        selected = chronicle.reader.selected(Selection(subject=subject), moment)
        sweep = Sweep(selected, moment, "recorded", moment.position)
        sql, parameters = sweep.keys_before(None, 101, walk=True)
        plan = explained(chronicle, sql, parameters)
        assert [line for line in plan if "incident_version_by_opening" in line], plan
        assert [line for line in plan if "incident_version_by_closing" in line], plan
        assert not [line for line in plan if line == "USE TEMP B-TREE FOR ORDER BY"], plan
