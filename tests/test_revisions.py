"""Incidents corrected, retracted and reinstated: the records, what is refused, and what is shown then."""

from __future__ import annotations

import pytest

from domain.records import (
    Corrections,
    IncidentCorrected,
    IncidentReinstated,
    IncidentRetracted,
    Replacement,
)
from domain.revisions import ReinstateIncident, UnmergeIncident
from domain.values import InvolvedCountry, Participant, Place, Source
from domain.vocabulary import CountryRole, IncidentType, Status
from tests.conftest import an_account
from tests.stories import (
    RECORDED_ON,
    REINSTATE,
    A,
    B,
    C,
    Story,
    add,
    correct,
    faults,
    merge,
    refused,
    retract,
    revised,
    withdraw,
    written,
)

UNDATED, DATED = Source(name="A ministry"), Source(name="A ministry", published="2021-07~")


@pytest.fixture
def story() -> Story:
    """A and B, each with an account; that of B by another paper."""
    story = Story()
    story.report(A, published="2021-06-23")
    story.report(B, published="2021-06-24")
    return story


# Corrections

WHOLE = {
    "place": Place(name="Kunduz", country="AFG"),
    "summary": "As the paper has it.",
    "countries": (InvolvedCountry(code="TJK", role=CountryRole.AFFECTED),),
    "participants": (Participant(actor="taliban"),),
}
CORRECTED = {
    "title": "Corrected",
    "type": IncidentType.FIGHTING,
    "status": Status.CONFIRMED,
    "occurred": "2021-06-21",
    "place": Place(name="Termez", country="UZB"),
    "summary": "As it was.",
    "countries": (InvolvedCountry(code="IRN", role=CountryRole.HOST),),
    "participants": (Participant(actor="afghan-army"),),
}


def test_a_correction_says_of_every_field_from_what_to_what():
    story = Story()
    story.report(A, title="As told", **WHOLE)
    record = story.revise(A, correct(basis=DATED, **CORRECTED))
    assert record == IncidentCorrected(
        changes=Corrections(
            title=Replacement(before="As told", after="Corrected"),
            type=Replacement(before=IncidentType.ATTACK, after=IncidentType.FIGHTING),
            status=Replacement(before=Status.REPORTED, after=Status.CONFIRMED),
            occurred=Replacement(before="2021-06-22", after="2021-06-21"),
            place=Replacement(before=WHOLE["place"], after=CORRECTED["place"]),
            summary=Replacement(before=WHOLE["summary"], after=CORRECTED["summary"]),
            countries=Replacement(
                before=(
                    *WHOLE["countries"],
                    InvolvedCountry(code="AFG", role=CountryRole.LOCATION),
                ),
                after=CORRECTED["countries"],
            ),
            participants=Replacement(before=WHOLE["participants"], after=CORRECTED["participants"]),
        ),
        implied=(
            InvolvedCountry(code="UZB", role=CountryRole.LOCATION),
            InvolvedCountry(code="AFG", role=CountryRole.ACTOR),
        ),
        basis=DATED,
        reported="2021-07-31",
        reason="So it is.",
        **written(2),
    )
    shown = story.shown(A)
    assert {field: getattr(shown, field) for field in CORRECTED if field != "occurred"} == {
        field: value for field, value in CORRECTED.items() if field != "occurred"
    }
    assert shown.edtf == "2021-06-21"


def test_fields_that_are_as_they_were_are_no_part_of_a_correction(story):
    record = story.revise(A, correct(title="Account 1", type=IncidentType.MEETING))
    assert record.changes == Corrections(
        type=Replacement(before=IncidentType.ATTACK, after=IncidentType.MEETING)
    )


def test_a_field_may_be_corrected_to_nothing():
    story = Story()
    story.report(A, **WHOLE)
    record = story.revise(A, correct(place=None, summary=None, participants=()))
    assert record.changes.place == Replacement(before=WHOLE["place"], after=None)
    assert record.changes.summary == Replacement(before=WHOLE["summary"], after=None)
    assert (story.shown(A).place, story.shown(A).participants) == (None, ())


def test_a_correction_is_from_what_is_shown_and_not_from_what_an_account_says(story):
    story.revise(A, correct(title="Once"))
    record = story.revise(A, correct(title="Twice"))
    assert record.changes.title == Replacement(before="Once", after="Twice")
    back = story.revise(A, correct(title="Account 1"))
    assert back.changes.title == Replacement(before="Twice", after="Account 1")


def test_a_place_that_stays_implies_no_country_anew():
    story = Story()
    story.report(A, **WHOLE)
    story.revise(A, correct(countries=()))
    record = story.revise(A, correct(place=WHOLE["place"], participants=()))
    assert record.implied == ()
    assert story.shown(A).countries == ()


def test_a_correction_that_changes_nothing_is_refused(story):
    for revision in (correct(), correct(title="Account 1", place=None, participants=())):
        conflict = refused(story, A, revision)
        assert "it changes nothing" in str(conflict)
        assert (conflict.incident, conflict.position) == (A, 1)


def test_the_faults_of_a_correction_are_named_by_their_place_in_the_command(story):
    revision = correct(
        place=Place(name="X", latitude=1.0),
        participants=(Participant(actor="taliban"), Participant(actor="nobody")),
    )
    assert faults(story, A, revision) == [
        ("set", "place", "longitude"),
        ("set", "participants", 1, "actor"),
    ]


# Retraction and reinstatement


def test_an_incident_is_retracted_with_its_reason_and_reinstated(story):
    record = story.revise(A, retract())
    assert record == IncidentRetracted(
        basis=None, reported=RECORDED_ON, reason="It did not happen.", **written(3)
    )
    assert story.shown(A).status is Status.RETRACTED
    assert (story.at(A).retracted.reason, story.at(A).retracted.position) == (
        "It did not happen.",
        3,
    )
    back = story.revise(A, REINSTATE)
    assert back == IncidentReinstated(
        basis=None, reported=RECORDED_ON, reason="It did happen.", **written(4)
    )
    assert story.shown(A).status is Status.REPORTED
    assert story.shown(A, position=3).status is Status.RETRACTED


@pytest.mark.parametrize("revision", [retract(), correct(title="X"), merge(B)])
def test_a_retracted_incident_is_not_retracted_corrected_or_merged(revision, story):
    story.revise(A, retract())
    conflict = refused(story, A, revision)
    assert str(conflict) == f"incident {A} is retracted: It did not happen."
    assert (conflict.incident, conflict.position) == (A, 3)


def test_accounts_of_a_retracted_incident_go_on(story):
    story.revise(A, retract())
    story.revise(A, add())
    story.revise(A, revised(1, an_account(title="Newer")))
    story.revise(A, withdraw(3))
    assert story.shown(A).status is Status.RETRACTED


def test_an_incident_that_is_not_retracted_is_not_reinstated(story):
    conflict = refused(story, A, REINSTATE)
    assert (str(conflict), conflict.incident, conflict.position) == ("it is not retracted", A, 1)


def test_an_incident_without_accounts_is_put_back_by_an_account_and_not_by_a_decision(story):
    story.revise(A, withdraw(1))
    conflict = refused(story, A, REINSTATE)
    assert "add one to put it back" in str(conflict)
    assert (conflict.incident, conflict.position) == (A, 3)
    story.revise(A, add())
    assert story.shown(A).status is Status.REPORTED


def test_an_incident_whose_accounts_are_all_withdrawn_is_not_corrected(story):
    """What is shown of it is that it is retracted: no source and no curator calls it that."""
    story.revise(A, withdraw(1))
    conflict = refused(story, A, correct(status=Status.CONFIRMED))
    assert str(conflict) == f"every account of {A} is withdrawn"
    assert (conflict.incident, conflict.position) == (A, 3)


def test_with_its_own_accounts_withdrawn_an_incident_stands_by_those_merged_into_it(story):
    story.revise(B, merge(A))
    story.revise(A, withdraw(1))
    assert story.shown(A).title == "Account 2"
    story.revise(A, correct(title="Corrected"))
    assert str(refused(story, A, REINSTATE)) == "it is not retracted"
    story.report(C)
    story.revise(A, merge(C))
    assert story.titles(C) == ["Account 1", "Account 2", "Account 6"]


# When it was reported


@pytest.mark.parametrize(
    ("basis", "reported"), [(None, RECORDED_ON), (UNDATED, RECORDED_ON), (DATED, "2021-07-31")]
)
@pytest.mark.parametrize(
    "make",
    [
        lambda basis: withdraw(1, basis=basis),
        lambda basis: correct(basis=basis, title="X"),
        lambda basis: retract(basis=basis),
        lambda basis: merge(B, basis=basis),
    ],
)
def test_a_curators_record_counts_from_its_basis_or_from_the_day_it_is_recorded(
    make, basis, reported, story
):
    record = story.revise(A, make(basis))
    assert (record.basis, record.reported) == (basis, reported)


@pytest.mark.parametrize(
    ("before", "make"), [(retract(), ReinstateIncident), (merge(B), UnmergeIncident)]
)
def test_what_undoes_another_record_counts_from_its_own_day(before, make, story):
    story.revise(A, before)
    record = story.revise(A, make(reason="It was wrong.", basis=DATED))
    assert record.reported == "2021-07-31"
