"""Incidents and actors: what may be recorded (decide), and what records make (evolve)."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import actors
from domain.actors import Actor, ActorExists, actor_at, register_actor
from domain.checks import Faulty
from domain.dates import OPEN_FUTURE
from domain.edtf import span
from domain.incidents import NONE, evolve, incident_at, reported_day
from domain.records import AccountAdded, AccountRevised, IncidentReported, Recorded
from domain.reporting import (
    Recording,
    add_account,
    implied_countries,
    report_incident,
    revise_account,
)
from domain.values import (
    ActorName,
    Affiliation,
    Figure,
    InvolvedCountry,
    Origin,
    Participant,
    Place,
    Source,
)
from domain.vocabulary import CountryRole, Measure
from tests.conftest import a_profile, an_account

BY = Recording(at="2021-07-15T09:00:00.000000Z", by="curator")
STREAM = UUID(int=1)
LOCATION, ACTOR, HOST = CountryRole.LOCATION, CountryRole.ACTOR, CountryRole.HOST


def involved(*pairs: tuple[str, CountryRole]) -> tuple[InvolvedCountry, ...]:
    return tuple(InvolvedCountry(code=code, role=role) for code, role in pairs)


# decide

DECIDE = [
    report_incident,
    partial(add_account, reason="A second paper."),
    partial(revise_account, 2, reason="A misprint."),
]


@pytest.mark.parametrize(
    ("decide", "kind", "more"),
    [
        (DECIDE[0], IncidentReported, {}),
        (DECIDE[1], AccountAdded, {"reason": "A second paper."}),
        (DECIDE[2], AccountRevised, {"number": 2, "reason": "A misprint."}),
    ],
)
def test_an_account_is_recorded_with_who_and_when(decide, kind, more):
    origin = Origin(dataset="ucdp-ged", key="406097", release="24.1")
    record = decide(an_account(), origin, {}, BY)
    assert record == kind(
        account=an_account(),
        implied=(),
        origin=origin,
        reported="2021-06-23",
        recorded_at=BY.at,
        recorded_by="curator",
        **more,
    )


def test_a_further_account_may_go_without_a_reason():
    assert add_account(an_account(), None, {}, BY).reason is None


@pytest.mark.parametrize(
    ("published", "reported"),
    [
        ("2021-06-23", "2021-06-23"),
        ("2021-07~", "2021-07-31"),
        ("2021", "2021-12-31"),
        ("2021-06-2X", "2021-06-29"),
        ("../2021-06-23", "2021-06-23"),
        ("[2021-06-20,2021-06-24]", "2021-06-24"),
        ("0001-01-01", "0001-01-01"),
        ("9999", "9999-12-31"),
        (None, "2021-07-15"),
    ],
)
def test_an_account_counts_from_the_last_day_it_may_have_been_published(published, reported):
    """Or from the day it is recorded, where its source has no date."""
    record = report_incident(an_account(published=published), None, {}, BY)
    assert record.reported == reported
    assert reported_day(record) == span(reported).latest


@pytest.mark.parametrize("decide", DECIDE)
def test_an_account_with_faults_is_refused_with_all_of_them(decide):
    account = an_account(
        figures=(Figure(measure=Measure.KILLED),), participants=(Participant(actor="nobody"),)
    )
    with pytest.raises(Faulty) as refused:
        decide(account, None, {}, BY)
    assert [fault.path[0] for fault in refused.value.faults] == ["figures", "participants"]


def test_the_countries_of_the_place_and_of_the_participants_states_are_written_beside_the_account():
    known = {
        "afghan-army": a_profile(id="afghan-army", state="AFG"),
        "tajik-border-troops": a_profile(id="tajik-border-troops", state="TJK"),
        "taliban": a_profile(),
    }
    account = an_account(
        place=Place(name="Sherkhan Bandar", country="AFG"),
        countries=involved(("QAT", HOST), ("AFG", HOST)),
        participants=tuple(Participant(actor=actor) for actor in (*known, "afghan-army")),
    )
    for decide in DECIDE:
        record = decide(account, None, known, BY)
        assert record.account == account
        assert record.implied == involved(("AFG", LOCATION), ("AFG", ACTOR), ("TJK", ACTOR))


def test_a_country_that_an_account_names_in_a_role_is_not_implied_in_it():
    known = {"afghan-army": a_profile(id="afghan-army", state="AFG")}
    participants = (Participant(actor="afghan-army"),)
    account = an_account(participants=participants, countries=involved(("AFG", ACTOR)))
    assert implied_countries(None, participants, known) == involved(("AFG", ACTOR))
    for decide in DECIDE:
        assert decide(account, None, known, BY).implied == ()


# evolve


def recorded(position: int, published: str, version: int = 1, title: str = "") -> Recorded:
    account = an_account(published=published, title=title or f"Of {published}")
    decide = report_incident if version == 1 else add_account
    at = f"2021-07-15T09:00:00.{position:06d}Z"
    record = decide(account, None, {}, Recording(at=at, by=f"number {position}"))
    return Recorded(position, STREAM, version, record)


def test_each_record_adds_its_account_and_is_the_incidents_last():
    first, second = recorded(3, "2021-06-23"), recorded(9, "2021-06-20", version=2)
    incidents = evolve(evolve(NONE, first), second)
    assert incidents.keys() == {STREAM}
    incident = incidents[STREAM]
    assert incident.stream == STREAM
    assert [held.account for held in incident.accounts] == [
        first.record.account,
        second.record.account,
    ]
    assert [(held.number, held.position) for held in incident.accounts] == [(1, 3), (2, 9)]
    assert [held.recorded_by for held in incident.accounts] == ["number 3", "number 9"]
    assert [held.reported for held in incident.accounts] == [
        span("2021-06-23").latest,
        span("2021-06-20").latest,
    ]
    assert (incident.revision, incident.position) == (2, 9)
    assert incident.recorded_at == second.record.recorded_at


def titles(history: list[Recorded], position: int, reported_by: int) -> list[str] | None:
    incident = incident_at(history, STREAM, position, reported_by)
    return None if incident is None else [held.account.title for held in incident.accounts]


def test_an_incident_is_what_its_records_say_by_a_position_and_a_reported_day():
    history = [
        recorded(2, "2021-06-25", title="A"),
        recorded(5, "2021-06-23", version=2, title="B"),
        recorded(6, "2021-06-25", version=3, title="C"),
    ]
    before, early, late = (span(f"2021-06-{day}").latest for day in (22, 24, 25))
    assert titles(history, 1, OPEN_FUTURE) is None
    assert titles(history, 2, OPEN_FUTURE) == ["A"]
    assert titles(history, 4, early) is None
    assert titles(history, 5, early) == ["B"]
    assert titles(history, 5, late) == ["A", "B"]
    assert titles(history, 6, before) is None
    assert titles(history, 6, early) == ["B"]
    assert titles(history, 99, OPEN_FUTURE) == ["A", "B", "C"]


def test_any_account_founds_its_incident():
    history = [recorded(1, "2021-06-25"), recorded(2, "2021-06-23", version=2)]
    incident = incident_at(history, STREAM, 2, span("2021-06-24").latest)
    assert (incident.revision, incident.position) == (1, 2)
    assert [held.number for held in incident.accounts] == [2]


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
    st.integers(0, 9),
    st.integers(0, 10),
)
def test_an_incident_at_a_moment_is_the_fold_of_the_records_it_shows(days, position, by):
    history = [
        recorded(n, f"2021-06-0{day}", version=n, title=str(n)) for n, day in enumerate(days, 1)
    ]
    visible = [str(n) for n, day in enumerate(days, 1) if n <= position and day <= by]
    day = span("2021-05-31").latest + by
    assert titles(history, position, day) == (visible or None)
    if visible:
        assert incident_at(history, STREAM, position, day).revision == len(visible)


# actors


def test_an_actor_is_registered_with_who_and_when():
    record = register_actor(a_profile(), None, (), BY)
    assert (record.actor, record.recorded_at, record.recorded_by) == (a_profile(), BY.at, BY.by)


def test_an_actor_is_registered_once():
    with pytest.raises(ActorExists, match="taliban"):
        register_actor(a_profile(), None, ("taliban",), BY)


def test_an_actor_with_faults_is_refused_with_all_of_them():
    belongs = (Affiliation(actor="nobody"), Affiliation(actor="taliban"))
    with pytest.raises(Faulty) as refused:
        register_actor(a_profile(affiliations=belongs), None, ("taliban",), BY)
    assert len(refused.value.faults) == 2


def test_an_actor_follows_the_recorded_clock():
    profiles = [a_profile(), a_profile(names=(ActorName(text="Islamic Emirate"),))]
    history = [
        Recorded(position, STREAM, version, register_actor(profile, None, (), BY))
        for version, (position, profile) in enumerate(zip((4, 9), profiles, strict=True), 1)
    ]
    assert actor_at(history, 3) is None
    before = Actor(profiles[0], None, 4)
    assert actor_at(history, 4) == actor_at(history, 8) == before
    assert actor_at(history, 9) == actors.evolve(before, history[1]) == Actor(profiles[1], None, 9)


def test_a_source_may_go_without_everything_but_its_name():
    account = an_account(source=Source(name="A witness"))
    assert report_incident(account, None, {}, BY).reported == "2021-07-15"
