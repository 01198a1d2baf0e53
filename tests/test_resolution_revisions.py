"""The resolution policy where accounts were revised or withdrawn, and curators corrected or retracted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.edtf import span
from domain.incidents import Decision, Incident
from domain.records import Corrections, IncidentCorrected, Recorded, Replacement
from domain.resolution import AccountKey, ShownIncident, resolve, trace
from domain.values import Account, Figure, InvolvedCountry, Participant, Place, Source
from domain.vocabulary import CountryRole, IncidentType, Measure, ParticipantRole, Status
from tests.conftest import an_account
from tests.test_resolution import STREAM, account_at, held

WHY = Decision("So it is.", None, 9, span("2021-07-01").latest, "", "")


def an_incident(*accounts: Account, withdrawn: tuple[int, ...] = (), **changes: Any) -> Incident:
    """An incident of accounts, of which those at some positions are withdrawn."""
    incident = held(*accounts)
    counted = tuple(
        replace(each, withdrawn=WHY if each.number in withdrawn else None)
        for each in incident.accounts
    )
    return replace(incident, accounts=counted, **changes)


def correction(
    position: int, implied: tuple[InvolvedCountry, ...] = (), **after: Any
) -> Recorded[IncidentCorrected]:
    """A correction of fields, from something to what is given."""
    changes = {field: Replacement(before=None, after=value) for field, value in after.items()}
    record = IncidentCorrected(
        changes=Corrections(**changes),
        implied=implied,
        basis=None,
        reported="2021-07-01",
        reason="So it is.",
        recorded_at="",
        recorded_by="",
    )
    return Recorded(position, STREAM, position, record)


def shown(*accounts: Account, **changes: Any) -> ShownIncident:
    return resolve(an_incident(*accounts, **changes))


def on(code: str, role: CountryRole = CountryRole.LOCATION) -> InvolvedCountry:
    return InvolvedCountry(code=code, role=role)


def killed(best: int) -> Figure:
    return Figure(measure=Measure.KILLED, best=best)


FIRST = an_account(published="2021-06-23", title="First", figures=(killed(3),))
SECOND = an_account(
    source=Source(name="Another", published="2021-06-24"), title="Second", figures=(killed(5),)
)


# Accounts that were withdrawn


def test_a_withdrawn_account_does_not_count():
    one = shown(FIRST, SECOND, withdrawn=(1,))
    assert one == resolve(replace(held(SECOND), accounts=(account_at(2, SECOND),)))
    assert (one.title, one.accounts, one.sources) == ("Second", 1, (SECOND.source,))
    assert [(each.best, each.disputed) for each in one.figures] == [(5, False)]


def test_an_incident_whose_every_account_is_withdrawn_is_shown_as_they_had_it_and_as_retracted():
    one = shown(FIRST, SECOND, withdrawn=(1, 2))
    assert one == replace(shown(FIRST, SECOND), status=Status.RETRACTED, accounts=0)


def test_no_correction_of_the_status_hides_that_every_account_is_withdrawn():
    corrected = (correction(3, status=Status.CONFIRMED),)
    assert shown(FIRST, withdrawn=(1,), corrections=corrected).status is Status.RETRACTED


# Accounts that were revised


def revised(first_reported: str, account: Account, position: int) -> Incident:
    """Two accounts; the one at a position was first reported on another day than it reads now."""
    day = span(first_reported).latest
    incident = held(FIRST, SECOND)
    accounts = tuple(
        replace(account_at(position, account), first_reported=day, revised=WHY)
        if each.position == position
        else each
        for each in incident.accounts
    )
    return replace(incident, accounts=accounts)


def test_a_revised_account_is_the_earliest_by_the_day_that_it_was_first_reported():
    later = replace(FIRST, title="First, corrected", source=replace(FIRST.source, published="2022"))
    one = resolve(revised("2021-06-23", later, 1))
    assert one.title == "First, corrected"
    assert one.reported == span("2021-06-23").latest


def test_a_revised_account_is_the_latest_by_the_day_of_what_it_says_now():
    later = replace(FIRST, figures=(killed(7),), source=replace(FIRST.source, published="2022"))
    assert resolve(revised("2021-06-23", later, 1)).figures[0].best == 7
    assert (
        resolve(revised("2021-06-23", replace(FIRST, figures=(killed(7),)), 1)).figures[0].best == 5
    )


# Corrections


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Corrected"),
        ("type", IncidentType.MEETING),
        ("place", Place(name="Kunduz")),
        ("place", None),
        ("summary", "As the ministry has it."),
        ("summary", None),
        ("status", Status.PLANNED),
        ("participants", (Participant(actor="taliban", role=ParticipantRole.TARGET),)),
        ("participants", ()),
        ("countries", (on("UZB"),)),
        ("countries", ()),
    ],
)
def test_a_correction_stands_in_place_of_what_the_accounts_make(field, value):
    whole = replace(
        FIRST,
        place=Place(name="Somewhere"),
        summary="As the paper has it.",
        countries=(on("AFG"),),
        participants=(Participant(actor="nato"),),
    )
    one = shown(whole, SECOND, corrections=(correction(3, **{field: value}),))
    assert getattr(one, field) == value
    changed = {"countries"} if field in {"place", "participants"} else set()
    for other in {"title", "type", "place", "summary", "participants", "countries"} - {
        field,
        *changed,
    }:
        assert getattr(one, other) == getattr(shown(whole, SECOND), other)


def test_a_corrected_date_is_shown_with_its_days_and_the_accounts_dispute_goes_on():
    other_day = replace(SECOND, occurred="2021-06-20")
    one = shown(FIRST, other_day, corrections=(correction(3, occurred="2021-06-20/2021-06-22"),))
    assert one.edtf == "2021-06-20/2021-06-22"
    assert (one.earliest, one.latest) == (span("2021-06-20").latest, span("2021-06-22").latest)
    assert one.date_disputed


def test_of_two_corrections_of_a_field_the_later_is_shown_and_others_stand():
    one = shown(
        FIRST,
        corrections=(
            correction(3, title="Once", type=IncidentType.FIGHTING),
            correction(4, title="Twice"),
        ),
    )
    assert (one.title, one.type) == ("Twice", IncidentType.FIGHTING)


def test_a_corrected_status_stands_even_where_accounts_contradict_each_other():
    assert shown(FIRST, SECOND).status is Status.DISPUTED
    corrected = (
        correction(3, status=Status.PLANNED),
        correction(4, status=Status.CONFIRMED),
        correction(5, title="More"),
    )
    assert shown(FIRST, SECOND, corrections=corrected).status is Status.CONFIRMED


def test_a_retracted_incident_is_retracted_whatever_its_corrections_say():
    corrected = (correction(3, status=Status.CONFIRMED),)
    one = shown(FIRST, SECOND, retracted=WHY, corrections=corrected)
    assert (one.status, one.accounts, one.title) == (Status.RETRACTED, 2, "First")


def test_an_incident_that_any_account_disputes_is_shown_as_disputed():
    disputing = replace(FIRST, status=Status.DISPUTED)
    agreeing = replace(SECOND, figures=())
    assert shown(disputing, agreeing).status is Status.DISPUTED
    assert shown(disputing, agreeing, withdrawn=(1,)).status is Status.REPORTED
    assert shown(disputing, replace(agreeing, status=Status.CONFIRMED)).status is Status.CONFIRMED


# Countries of corrected places and participants

WHERE = replace(
    FIRST, countries=(on("AFG"), on("AFG", CountryRole.ACTOR), on("TJK", CountryRole.AFFECTED))
)


@pytest.mark.parametrize(
    ("after", "implied", "then"),
    [
        (
            {"place": Place(name="Termez", country="UZB")},
            (on("UZB"),),
            (on("AFG", CountryRole.ACTOR), on("TJK", CountryRole.AFFECTED), on("UZB")),
        ),
        ({"place": None}, (), (on("AFG", CountryRole.ACTOR), on("TJK", CountryRole.AFFECTED))),
        (
            {"participants": (Participant(actor="russian-army"),)},
            (on("RUS", CountryRole.ACTOR),),
            (on("AFG"), on("TJK", CountryRole.AFFECTED), on("RUS", CountryRole.ACTOR)),
        ),
        (
            {"place": None, "participants": ()},
            (),
            (on("TJK", CountryRole.AFFECTED),),
        ),
        ({"title": "Another"}, (), WHERE.countries),
        ({"countries": (on("IRN"),), "place": None}, (), (on("IRN"),)),
    ],
)
def test_roles_that_a_correction_implies_come_from_the_correction_alone(after, implied, then):
    assert shown(WHERE, corrections=(correction(3, implied, **after),)).countries == then


def test_a_place_that_is_corrected_after_the_countries_changes_where_they_are():
    corrections = (
        correction(3, countries=(on("IRN"), on("QAT", CountryRole.HOST))),
        correction(4, (on("UZB"),), place=Place(name="Termez", country="UZB")),
    )
    countries = shown(WHERE, corrections=corrections).countries
    assert countries == (on("QAT", CountryRole.HOST), on("UZB"))


# Traces


def traced(incident: Incident) -> dict[object, tuple[tuple[int, ...], int | None]]:
    """The numbers of the accounts, or the correction, that each value is from."""
    return {
        (each.field, each.measure, each.of) if each.measure else each.field: (
            tuple(key.number for key in each.accounts),
            each.correction,
        )
        for each in trace(incident)
    }


def test_every_value_is_traced_to_the_accounts_that_it_is_from():
    found = traced(an_incident(SECOND, FIRST))
    assert found == {
        **dict.fromkeys(("title", "type", "occurred", "place", "summary"), ((2,), None)),
        **dict.fromkeys(
            ("status", "countries", "participants", "codes", "sources", "datasets"), ((2, 1), None)
        ),
        ("figures", Measure.KILLED, None): ((2, 1), None),
    }


def test_a_figure_is_traced_to_the_accounts_that_give_it():
    wounded = Figure(measure=Measure.WOUNDED, of="soldiers", best=1)
    found = traced(an_incident(FIRST, replace(SECOND, figures=(wounded,))))
    assert found["figures", Measure.KILLED, None] == ((1,), None)
    assert found["figures", Measure.WOUNDED, "soldiers"] == ((2,), None)


def test_a_corrected_value_is_traced_to_the_correction_that_is_shown():
    corrections = (correction(3, title="Once"), correction(4, title="Twice", place=None))
    found = traced(an_incident(FIRST, SECOND, corrections=corrections))
    assert found["title"] == found["place"] == ((), 4)
    assert found["type"] == ((1,), None)


def test_nothing_is_traced_to_a_withdrawn_account_unless_all_were_withdrawn():
    assert traced(an_incident(FIRST, SECOND, withdrawn=(1,)))["title"] == ((2,), None)
    assert traced(an_incident(FIRST, SECOND, withdrawn=(1, 2))) == traced(held(FIRST, SECOND))


def test_an_account_is_traced_by_the_incident_that_it_was_recorded_for():
    (key,) = trace(held(FIRST))[0].accounts
    assert key == AccountKey(incident=STREAM, number=1)
