"""Incidents: what may be recorded of one (decide), and what its records make of it (evolve).

Both are pure: time, author, id and the actors known are arguments. The fold follows the two clocks of
recording and reporting: `incident_at` is the definition that every projection has to equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from domain.checks import Faulty, faults_of_account
from domain.dates import OPEN_FUTURE, day_of_instant, iso_of_day
from domain.edtf import span
from domain.records import AccountAdded, IncidentRecord, IncidentReported, Recorded
from domain.values import Account, ActorProfile, InvolvedCountry, Origin
from domain.vocabulary import CountryRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Who records something, and when: an instant as the log writes it."""

    at: str
    by: str


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """An account in an incident. Its number is the stream's version that added it."""

    number: int
    position: int
    account: Account
    implied: tuple[InvolvedCountry, ...]
    origin: Origin | None
    reported: int
    recorded_at: str
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as its visible records make it: `revision` counts them."""

    accounts: tuple[HeldAccount, ...]
    revision: int
    position: int
    recorded_at: str


# decide


def report_incident(
    account: Account, origin: Origin | None, actors: Mapping[str, ActorProfile], by: Recording
) -> IncidentReported:
    """Report an incident by its first account. Raises `Faulty`."""
    implied, reported = _accepted(account, actors, by)
    return IncidentReported(
        account=account,
        implied=implied,
        origin=origin,
        reported=reported,
        recorded_at=by.at,
        recorded_by=by.by,
    )


def add_account(
    account: Account, origin: Origin | None, actors: Mapping[str, ActorProfile], by: Recording
) -> AccountAdded:
    """Add a further account of an incident. Raises `Faulty`."""
    implied, reported = _accepted(account, actors, by)
    return AccountAdded(
        account=account,
        implied=implied,
        origin=origin,
        reported=reported,
        recorded_at=by.at,
        recorded_by=by.by,
    )


def _accepted(
    account: Account, actors: Mapping[str, ActorProfile], by: Recording
) -> tuple[tuple[InvolvedCountry, ...], str]:
    faults = tuple(faults_of_account(account, actors))
    if faults:
        raise Faulty(faults)
    published = account.source.published
    reported = span(published).latest if published else day_of_instant(by.at)
    return implied_countries(account, actors), iso_of_day(reported)


def implied_countries(
    account: Account, actors: Mapping[str, ActorProfile]
) -> tuple[InvolvedCountry, ...]:
    """The countries that an account concerns without naming them: its place's, and the states of its
    participants."""
    found: dict[InvolvedCountry, None] = {}
    if account.place and account.place.country:
        found[InvolvedCountry(code=account.place.country, role=CountryRole.LOCATION)] = None
    for participant in account.participants:
        state = actors[participant.actor].state
        if state:
            found[InvolvedCountry(code=state, role=CountryRole.ACTOR)] = None
    return tuple(country for country in found if country not in account.countries)


# evolve


def evolve(incident: Incident | None, recorded: Recorded[IncidentRecord]) -> Incident:
    """The incident after one more of its records."""
    record = recorded.record
    match record:
        case IncidentReported() | AccountAdded():
            held = HeldAccount(
                number=recorded.version,
                position=recorded.position,
                account=record.account,
                implied=record.implied,
                origin=record.origin,
                reported=reported_day(record),
                recorded_at=record.recorded_at,
                recorded_by=record.recorded_by,
            )
            accounts = (*incident.accounts, held) if incident else (held,)
        case _:
            assert_never(record)
    return Incident(
        accounts=accounts,
        revision=incident.revision + 1 if incident else 1,
        position=recorded.position,
        recorded_at=record.recorded_at,
    )


def incident_at(
    history: Iterable[Recorded[IncidentRecord]], position: int, reported_by: int = OPEN_FUTURE
) -> Incident | None:
    """The incident at a position of the log, as reported by the end of a day; None if not yet there.

    A naive fold, in log order, of the records at or before `position` whose reported day is at or before
    `reported_by`.
    """
    incident: Incident | None = None
    for recorded in history:
        if recorded.position <= position and reported_day(recorded.record) <= reported_by:
            incident = evolve(incident, recorded)
    return incident


def reported_day(record: IncidentRecord) -> int:
    """The day, as a number, from which the reported clock shows a record."""
    return span(record.reported).latest
