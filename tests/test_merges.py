"""Merged incidents at any moment: whose accounts are where, who stands for whom, and since when."""

from __future__ import annotations

import pytest

from domain.edtf import span
from domain.incidents import Incident, absorbed, incidents_at, standing, survivor
from domain.vocabulary import Status
from tests.stories import (
    UNMERGE,
    A,
    B,
    C,
    D,
    Story,
    add,
    correct,
    merge,
    retract,
    revised,
    withdraw,
)


@pytest.fixture
def story() -> Story:
    """A, B and C, each with an account: ``Account 1`` to ``Account 3``."""
    story = Story()
    for stream, day in ((A, "2021-06-21"), (B, "2021-06-22"), (C, "2021-06-23")):
        story.report(stream, published=day)
    return story


def standing_for(story: Story) -> dict[str, str]:
    """Who stands for each, by name."""
    names = {A: "A", B: "B", C: "C", D: "D"}
    return {
        name: names[incident.stream]
        for stream, name in names.items()
        if (incident := story.at(stream)) is not None
    }


# Who stands for whom


def test_the_accounts_of_a_merged_incident_move_along_and_its_id_leads_to_the_survivor(story):
    story.revise(A, merge(B))
    assert standing_for(story) == {"A": "B", "B": "B", "C": "C"}
    assert story.at(A) == story.at(B)
    assert story.titles(B) == ["Account 1", "Account 2"]
    assert [(held.incident, held.number) for held in story.at(B).accounts] == [(A, 1), (B, 1)]
    assert story.shown(B).title == "Account 1"
    assert absorbed(story.incidents, B) == (A,)
    assert absorbed(story.incidents, A) == ()


def test_before_the_merge_was_recorded_or_reported_both_stand(story):
    story.revise(A, merge(B), basis="2021-06-30")
    for moment in ({"position": 3}, {"reported_by": "2021-06-29"}):
        assert story.titles(A, **moment) == ["Account 1"]
        assert story.titles(B, **moment) == ["Account 2"]
    assert story.titles(A, reported_by="2021-06-30") == ["Account 1", "Account 2"]


def test_a_chain_of_merges_leads_to_its_end(story):
    story.revise(A, merge(B))
    story.revise(B, merge(C))
    assert standing_for(story) == {"A": "C", "B": "C", "C": "C"}
    assert story.titles(A) == ["Account 1", "Account 2", "Account 3"]
    assert absorbed(story.incidents, C) == (A, B)
    assert survivor(story.incidents, A) == C
    assert [each.stream for each in standing(story.incidents)] == [C]


def test_a_chain_may_be_merged_from_its_end(story):
    story.revise(B, merge(C))
    story.revise(A, merge(C))
    assert standing_for(story) == {"A": "C", "B": "C", "C": "C"}


def test_an_unmerged_incident_stands_by_itself_with_its_own_accounts_and_corrections(story):
    story.revise(A, correct(title="Corrected"))
    story.revise(A, merge(B))
    assert story.shown(A).title == "Account 1"
    story.revise(A, UNMERGE)
    assert standing_for(story) == {"A": "A", "B": "B", "C": "C"}
    assert (story.titles(A), story.titles(B)) == (["Account 1"], ["Account 2"])
    assert story.shown(A).title == "Corrected"
    assert story.shown(A, position=5).title == "Account 1"


def test_unmerging_in_the_middle_of_a_chain_takes_its_beginning_along(story):
    story.revise(A, merge(B))
    story.revise(B, merge(C))
    story.revise(B, UNMERGE)
    assert standing_for(story) == {"A": "B", "B": "B", "C": "C"}
    assert (story.titles(B), story.titles(C)) == (["Account 1", "Account 2"], ["Account 3"])


def test_an_incident_that_was_unmerged_may_be_merged_into_another(story):
    story.revise(A, merge(B))
    story.revise(A, UNMERGE)
    story.revise(A, merge(C))
    assert standing_for(story) == {"A": "C", "B": "B", "C": "C"}


def test_a_merge_may_be_turned_around_once_it_was_undone(story):
    story.revise(A, merge(B))
    story.revise(A, UNMERGE)
    story.revise(B, merge(A))
    assert standing_for(story) == {"A": "A", "B": "A", "C": "C"}


# Circles, as reads of the past can find them


def test_a_merge_that_would_lead_back_to_itself_is_without_effect(story):
    """Where the unmerging between two merges was not reported yet, both are visible."""
    story.revise(A, merge(B), basis="2021-06-30")
    story.revise(A, UNMERGE, basis="2021-07-10")
    story.revise(B, merge(A), basis="2021-07-01")
    assert story.at(A, reported_by="2021-07-05").stream == B
    assert story.at(B, reported_by="2021-07-05").stream == B
    assert story.titles(A, reported_by="2021-07-05") == ["Account 1", "Account 2"]
    assert story.at(A, reported_by="2021-07-10").stream == A
    assert story.at(B, reported_by="2021-07-10").stream == A


def test_a_circle_of_three_is_without_effect_as_well(story):
    story.revise(A, merge(B), basis="2021-06-30")
    story.revise(B, merge(C), basis="2021-06-30")
    story.revise(A, UNMERGE, basis="2021-07-10")
    story.revise(C, merge(A), basis="2021-06-30")
    past = {"reported_by": "2021-07-01"}
    assert [story.at(stream, **past).stream for stream in (A, B, C)] == [C, C, C]
    assert story.titles(A, **past) == ["Account 1", "Account 2", "Account 3"]
    assert [story.at(stream).stream for stream in (A, B, C)] == [A, A, A]


def test_where_an_unmerging_is_not_visible_the_last_merge_counts(story):
    story.revise(A, merge(B), basis="2021-06-30")
    story.revise(A, UNMERGE, basis="2021-07-10")
    story.revise(A, merge(C), basis="2021-06-30")
    past = {"reported_by": "2021-07-01"}
    assert story.at(A, **past).stream == C
    assert story.titles(B, **past) == ["Account 2"]


# Later records of merged incidents


def test_an_account_that_is_added_to_a_merged_incident_is_the_survivors(story):
    story.revise(A, merge(B))
    story.revise(A, add())
    assert story.titles(B) == ["Account 1", "Account 2", "New"]
    assert [(held.incident, held.number) for held in story.at(B).accounts][-1] == (A, 3)
    story.revise(A, UNMERGE)
    assert story.titles(A) == ["Account 1", "New"]
    assert story.titles(B) == ["Account 2"]


def test_an_account_of_a_merged_incident_is_revised_and_withdrawn_under_its_own_name(story):
    story.revise(A, merge(B))
    story.revise(A, revised(1))
    assert story.titles(B) == ["New", "Account 2"]
    story.revise(B, withdraw(1))
    assert [bool(held.withdrawn) for held in story.at(B).accounts] == [False, True]
    assert story.shown(B).title == "New"


def test_the_survivors_retraction_and_corrections_are_shown_and_not_those_of_the_merged(story):
    story.revise(A, correct(title="Of A"))
    story.revise(A, merge(B))
    story.revise(B, correct(title="Of B"))
    assert story.shown(A).title == "Of B"
    story.revise(B, retract())
    assert story.shown(A).status is Status.RETRACTED
    story.revise(A, UNMERGE)
    assert story.shown(A).status is Status.REPORTED
    assert story.shown(B).status is Status.RETRACTED


def test_a_merged_incident_whose_accounts_are_withdrawn_adds_nothing_to_the_survivor(story):
    before = story.shown(B)
    story.revise(A, merge(B))
    story.revise(A, withdraw(1))
    assert story.shown(B) == before


def test_withdrawing_every_account_of_both_retracts_the_survivor(story):
    story.revise(A, merge(B))
    story.revise(A, withdraw(1))
    story.revise(B, withdraw(1))
    shown = story.shown(A)
    assert (shown.status, shown.accounts, shown.title) == (Status.RETRACTED, 0, "Account 1")


# Revisions are counted


def counts(incident: Incident) -> tuple[int, int]:
    return incident.revision, incident.position


def test_a_merge_is_a_revision_of_both_and_what_follows_one_of_the_survivor_as_well(story):
    story.revise(A, merge(B))
    assert counts(story.at(B)) == (2, 4)
    story.revise(A, add())
    assert counts(story.at(B)) == (3, 5)
    story.revise(B, add())
    assert counts(story.at(B)) == (4, 6)
    assert story.at(B).recorded_at == story.history[-1].record.recorded_at
    story.revise(A, UNMERGE)
    assert counts(story.at(A)) == (4, 7)
    assert counts(story.at(B)) == (5, 7)
    assert counts(story.at(C)) == (1, 3)


def test_records_before_a_merge_are_not_counted_to_the_survivor(story):
    story.revise(A, add())
    story.revise(A, merge(B))
    assert counts(story.at(B)) == (2, 5)


def test_what_happens_at_the_beginning_of_a_chain_touches_all_of_it(story):
    story.revise(A, merge(B))
    story.revise(B, merge(C))
    assert counts(story.at(C)) == (2, 5)
    story.revise(A, add())
    assert [counts(story.incidents[stream]) for stream in (A, B, C)] == [(3, 6), (4, 6), (3, 6)]


def test_unmerging_in_the_middle_of_a_chain_touches_who_stood_for_it_and_not_its_beginning(story):
    story.revise(A, merge(B))
    story.revise(B, merge(C))
    story.revise(B, UNMERGE)
    assert [counts(story.incidents[stream]) for stream in (A, B, C)] == [(2, 4), (4, 6), (3, 6)]


def test_a_merge_without_effect_is_a_revision_of_its_own_incident_alone(story):
    story.revise(A, merge(B), basis="2021-06-30")
    story.revise(A, UNMERGE, basis="2021-07-10")
    story.revise(B, merge(A), basis="2021-06-30")
    past = incidents_at(story.history, 6, span("2021-07-01").latest)
    assert [counts(past[stream]) for stream in (A, B)] == [(2, 4), (3, 6)]
