"""Accounts added, revised and withdrawn: the record of each, what it is refused for, what is shown then."""

from __future__ import annotations

import pytest

from domain.checks import Fault, Faulty
from domain.edtf import span
from domain.records import (
    AccountAdded,
    AccountRevised,
    AccountWithdrawn,
)
from domain.values import Figure, InvolvedCountry, Origin, Participant, Place, Source
from domain.vocabulary import CountryRole, Measure
from tests.conftest import an_account
from tests.stories import (
    NEW,
    A,
    B,
    Story,
    add,
    faults,
    refused,
    retract,
    revised,
    withdraw,
    written,
)

WRONG = an_account(
    figures=(Figure(measure=Measure.KILLED),), participants=(Participant(actor="nobody"),)
)
ORIGIN = Origin(dataset="ucdp-ged", key="406097", release="24.1")
DATED = Source(name="A ministry", published="2021-07~")


@pytest.fixture
def story() -> Story:
    """A and B, each with an account; that of B by another paper."""
    story = Story()
    story.report(A, published="2021-06-23")
    story.report(B, published="2021-06-24")
    return story


def test_an_account_is_added_with_its_reason_and_reported_when_its_source_published(story):
    assert story.revise(A, add(origin=ORIGIN)) == AccountAdded(
        account=NEW,
        implied=(),
        origin=ORIGIN,
        reported="2021-06-30",
        reason="A second paper.",
        **written(3),
    )
    assert story.titles(A) == ["Account 1", "New"]
    assert [held.number for held in story.at(A).accounts] == [1, 2]


def test_an_account_is_revised_with_its_reason_and_reported_when_it_was_published_anew(story):
    account = an_account(title="New", published="2021-07~", place=Place(name="X", country="AFG"))
    implied = (InvolvedCountry(code="AFG", role=CountryRole.LOCATION),)
    assert story.revise(A, revised(1, account, origin=ORIGIN)) == AccountRevised(
        number=1,
        account=account,
        implied=implied,
        origin=ORIGIN,
        reported="2021-07-31",
        reason="A misprint.",
        **written(3),
    )
    (held,) = story.at(A).accounts
    assert (held.account, held.implied, held.origin) == (account, implied, ORIGIN)
    assert (held.first_reported, held.reported) == (
        span("2021-06-23").latest,
        span("2021-07-31").latest,
    )
    assert (held.position, held.recorded_by) == (1, "number 3")
    assert (held.revised.reason, held.revised.basis) == ("A misprint.", account.source)
    assert (held.revised.position, held.revised.recorded_by) == (3, "number 3")


def test_a_revised_account_reads_as_before_where_its_revision_is_not_visible_yet(story):
    story.revise(A, revised(1))
    assert story.titles(A, position=2) == ["Account 1"]
    assert story.titles(A, reported_by="2021-06-29") == ["Account 1"]
    assert story.titles(A, reported_by="2021-06-30") == ["New"]


def test_an_account_may_be_revised_more_than_once(story):
    story.revise(A, revised(1))
    story.revise(A, revised(1, an_account(title="Newer", published="2021-07-02")))
    (held,) = story.at(A).accounts
    assert (held.account.title, held.revised.position) == ("Newer", 4)
    assert held.first_reported == span("2021-06-23").latest


@pytest.mark.parametrize("make", [add, lambda account: revised(1, account)])
def test_the_faults_of_an_account_are_named_by_their_place_in_the_command(make, story):
    assert faults(story, A, make(WRONG)) == [
        ("account", "figures", 0),
        ("account", "participants", 0, "actor"),
    ]


def test_what_an_account_says_already_is_refused_naming_it(story):
    story.revise(A, add())
    for revision in (add(), revised(1), revised(2)):
        conflict = refused(story, A, revision)
        assert (str(conflict), conflict.incident, conflict.position) == (
            "account 2 says just this already",
            A,
            3,
        )
    story.revise(B, add())


def test_what_a_withdrawn_account_said_may_be_said_again(story):
    story.revise(A, add())
    story.revise(A, withdraw(2))
    story.revise(A, add())
    assert [(held.number, bool(held.withdrawn)) for held in story.at(A).accounts] == [
        (1, False),
        (2, True),
        (4, False),
    ]


def test_an_account_is_withdrawn_with_its_reason_and_no_longer_counts(story):
    story.revise(A, add())
    assert story.revise(A, withdraw(1, basis=DATED)) == AccountWithdrawn(
        number=1,
        basis=DATED,
        reported="2021-07-31",
        reason="They were wrong.",
        **written(4),
    )
    first, second = story.at(A).accounts
    assert (first.withdrawn.reason, first.withdrawn.basis) == ("They were wrong.", DATED)
    assert (first.withdrawn.position, first.withdrawn.reported) == (4, span("2021-07-31").latest)
    assert second.withdrawn is None
    assert story.shown(A).title == "New"
    assert story.shown(A, reported_by="2021-07-30").title == "Account 1"


@pytest.mark.parametrize("make", [revised, withdraw])
def test_an_account_that_is_not_there_is_a_fault_that_names_those_that_are(make, story):
    story.revise(A, add())
    with pytest.raises(Faulty) as faulty:
        story.revise(A, make(3))
    assert faulty.value.faults == (Fault(("number",), "it has no account 3; there are 1, 2"),)


@pytest.mark.parametrize("make", [revised, withdraw])
def test_an_account_that_was_withdrawn_is_neither_revised_nor_withdrawn_again(make, story):
    story.revise(A, withdraw(1))
    conflict = refused(story, A, make(1))
    assert str(conflict) == "account 1 was withdrawn: They were wrong."
    assert (conflict.incident, conflict.position) == (A, 3)


def test_a_record_that_is_no_account_takes_a_number_that_no_account_has(story):
    story.revise(A, retract())
    assert faults(story, A, withdraw(2)) == [("number",)]
    story.revise(A, add())
    assert [held.number for held in story.at(A).accounts] == [1, 3]
