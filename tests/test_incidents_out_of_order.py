"""Incidents where records become visible in another order than that of the log, and whatever is decided."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checks import Faulty
from domain.conflicts import Conflict
from domain.edtf import span
from domain.incidents import absorbed, incident_at, incidents_at, standing
from domain.values import Place, Source
from domain.vocabulary import Status
from service.log.codec import Codec
from tests.conftest import an_account
from tests.stories import (
    NEW,
    REINSTATE,
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


def test_a_revision_that_is_visible_before_any_account_acts_once_there_is_one(story):
    story.report(D, published="2021-07-01")
    story.revise(D, correct(title="Corrected"), basis="2021-06-25")
    story.revise(D, retract(), basis="2021-06-25")
    assert story.at(D, reported_by="2021-06-30") is None
    shown = story.shown(D, reported_by="2021-07-01")
    assert (shown.title, shown.status) == ("Corrected", Status.RETRACTED)
    assert story.at(D, reported_by="2021-07-01").revision == 3


def test_a_merge_that_is_visible_before_any_account_acts_once_there_is_one(story):
    story.report(D, published="2021-07-01")
    story.revise(D, merge(A), basis="2021-06-25")
    assert story.titles(A, reported_by="2021-06-30") == ["Account 1"]
    assert story.titles(D, reported_by="2021-06-30") == ["Account 1"]
    assert story.titles(D, reported_by="2021-07-01") == ["Account 1", "Account 4"]


def test_a_survivor_may_have_none_of_its_own_accounts_yet(story):
    story.report(D, published="2021-07-01")
    story.revise(D, correct(title="Corrected"), basis="2021-06-20")
    story.revise(A, merge(D), basis="2021-06-25")
    incident = story.at(A, reported_by="2021-06-30")
    assert incident.stream == D
    assert [held.account.title for held in incident.accounts] == ["Account 1"]
    assert story.shown(A, reported_by="2021-06-30").title == "Corrected"
    assert (incident.revision, incident.position) == (2, 6)


def test_a_revised_account_that_was_published_before_it_founds_its_incident(story):
    """The first version of a dataset was entered after a later one that bears an earlier date."""
    early = an_account(title="Early", source=Source(name="A", published="2021-06-01"))
    story.revise(A, revised(1, early))
    (held,) = story.at(A, reported_by="2021-06-10").accounts
    assert (held.account, held.number) == (early, 1)
    assert (held.first_reported, held.position) == (span("2021-06-01").latest, 4)
    (held,) = story.at(A).accounts
    assert (held.account, held.number) == (early, 1)
    assert (held.first_reported, held.position) == (span("2021-06-21").latest, 1)


def test_an_account_that_is_withdrawn_before_it_is_visible_is_withdrawn_when_it_is(story):
    story.report(D, published="2021-07-01")
    story.revise(D, withdraw(1), basis="2021-06-25")
    assert story.at(D, reported_by="2021-06-30") is None
    assert story.shown(D, reported_by="2021-07-01").status is Status.RETRACTED


def test_an_incident_whose_every_account_is_withdrawn_comes_back_with_a_new_one(story):
    story.revise(A, withdraw(1))
    story.revise(A, add())
    shown = story.shown(A)
    assert (shown.status, shown.accounts, shown.title) == (Status.REPORTED, 1, "New")
    assert shown.reported == span(NEW.source.published).latest
    assert story.shown(A, position=4).status is Status.RETRACTED


# Whatever is decided


commands = st.one_of(
    st.integers(1, 9).map(lambda n: add(an_account(title=f"Added {n}"))),
    st.integers(1, 4).map(withdraw),
    st.integers(1, 3).map(lambda n: revised(n, an_account(title=f"Revised {n}"))),
    st.sampled_from([merge(A), merge(B), merge(C), merge(A), merge(B), merge(C)]),
    st.sampled_from([UNMERGE, retract(), REINSTATE]),
    st.builds(
        correct,
        title=st.just("Corrected"),
        status=st.sampled_from([Status.CONFIRMED, Status.DISPUTED]),
        place=st.sampled_from([None, Place(name="Kunduz", country="AFG")]),
    ),
)
chapters = st.lists(
    st.tuples(st.sampled_from([A, B, C]), commands, st.none() | st.integers(1, 9)), max_size=12
)


def told(chapters) -> Story:
    """The story of three incidents and of those commands that are not refused."""
    story = Story()
    for day, stream in enumerate((A, B, C), 3):
        story.report(stream, published=f"2021-06-{day:02d}")
    for stream, command, day in chapters:
        dated = None if day is None or hasattr(command, "account") else f"2021-06-{day:02d}"
        with suppress(Conflict, Faulty):
            story.revise(stream, command, basis=dated)
    return story


@given(chapters)
def test_every_account_that_is_visible_is_in_one_incident_at_every_moment(chapters):
    story = told(chapters)
    for position in range(story.position + 1):
        for day in (2, 4, 6, 40):
            check_a_moment(story, position, span("2021-06-01").latest + day)


def check_a_moment(story: Story, position: int, day: int) -> None:
    incidents = incidents_at(story.history, position, day)
    shown = list(standing(incidents))
    held = [(each.incident, each.number) for incident in shown for each in incident.accounts]
    own = [
        (incident.stream, each.number)
        for incident in incidents.values()
        for each in incident.accounts
    ]
    assert sorted(held) == sorted(own)
    assert len(set(held)) == len(held)
    for incident in shown:
        assert all(one.position < other.position for one, other in pairwise(incident.accounts))
        for stream in (incident.stream, *absorbed(incidents, incident.stream)):
            assert incident_at(story.history, stream, position, day) == incident


@given(chapters)
def test_every_record_that_is_decided_on_is_read_back_from_its_bytes(chapters):
    codec = Codec()
    for recorded in told(chapters).history:
        assert codec.decode(*codec.encode(recorded.record)) == recorded.record
