"""Incidents merged and unmerged: the records, and what is refused."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.checks import Fault, Faulty
from domain.records import (
    IncidentMerged,
    IncidentUnmerged,
)
from domain.values import Source
from tests.stories import (
    RECORDED_ON,
    REINSTATE,
    UNMERGE,
    A,
    B,
    C,
    Story,
    correct,
    merge,
    refused,
    retract,
    withdraw,
    written,
)

DATED = Source(name="A ministry", published="2021-07~")
NOBODY = UUID(int=99)


@pytest.fixture
def story() -> Story:
    """A and B, each with an account; that of B by another paper."""
    story = Story()
    story.report(A, published="2021-06-23")
    story.report(B, published="2021-06-24")
    return story


def test_an_incident_is_merged_and_unmerged_with_its_reasons(story):
    record = story.revise(A, merge(B, basis=DATED))
    assert record == IncidentMerged(
        into=B, basis=DATED, reported="2021-07-31", reason="Told twice.", **written(3)
    )
    undone = story.revise(A, UNMERGE)
    assert undone == IncidentUnmerged(
        out_of=B, basis=None, reported=RECORDED_ON, reason="Two of them.", **written(4)
    )


def test_an_incident_is_not_merged_into_itself(story):
    conflict = refused(story, A, merge(A))
    assert (str(conflict), conflict.incident) == ("an incident is not merged into itself", A)


def test_an_incident_is_not_merged_into_one_that_is_not_there(story):
    with pytest.raises(Faulty) as faulty:
        story.revise(A, merge(NOBODY))
    assert faulty.value.faults == (Fault(("into",), f"there is no incident {NOBODY}"),)


def test_an_incident_is_not_merged_in_a_circle(story):
    story.report(C)
    story.revise(A, merge(B))
    story.revise(B, merge(C))
    for into in (A, B):
        conflict = refused(story, C, merge(into))
        assert str(conflict) == f"{into} is itself merged into this one; unmerge it first"
        assert conflict.incident == into


def test_an_incident_is_not_merged_into_one_that_is_merged_into_a_third(story):
    story.report(C)
    story.revise(A, merge(B))
    conflict = refused(story, C, merge(A))
    assert str(conflict) == f"it is merged into {B}"
    assert (conflict.incident, conflict.position) == (B, 4)


def test_an_incident_is_not_merged_into_one_that_is_retracted(story):
    story.revise(B, retract())
    conflict = refused(story, A, merge(B))
    assert str(conflict) == f"incident {B} is retracted: It did not happen."
    assert (conflict.incident, conflict.position) == (B, 3)


@pytest.mark.parametrize("deserted", [A, B])
def test_an_incident_without_accounts_is_no_part_of_a_merge(deserted, story):
    story.revise(deserted, withdraw(1))
    conflict = refused(story, A, merge(B))
    assert str(conflict) == f"every account of {deserted} is withdrawn"
    assert (conflict.incident, conflict.position) == (deserted, 3)


@pytest.mark.parametrize("revision", [correct(title="X"), retract(), REINSTATE, merge(C)])
def test_a_merged_incident_is_revised_where_it_was_merged_into(revision, story):
    story.report(C)
    story.revise(A, merge(B))
    conflict = refused(story, A, revision)
    assert str(conflict) == f"it is merged into {B}"
    assert (conflict.incident, conflict.position) == (B, 4)


def test_an_incident_that_is_not_merged_is_not_unmerged(story):
    story.revise(A, merge(B))
    conflict = refused(story, B, UNMERGE)
    assert str(conflict) == "it is not merged into another"
    assert (conflict.incident, conflict.position) == (B, 3)
    story.revise(A, UNMERGE)
    assert refused(story, A, UNMERGE).position == 4
