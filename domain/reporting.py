"""What sources say, decided on: an account is checked, dated, and the countries that it implies added.

Time, author and the actors known are arguments; everything here is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.checks import Faulty, faults_of_account
from domain.dates import day_of_instant, iso_of_day
from domain.edtf import span
from domain.records import AccountAdded, AccountRevised, IncidentReported
from domain.values import Account, ActorProfile, InvolvedCountry, Origin, Participant, Place, Source
from domain.vocabulary import CountryRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Who records something, and when: an instant as the log writes it."""

    at: str
    by: str


def report_incident(
    account: Account, origin: Origin | None, actors: Mapping[str, ActorProfile], by: Recording
) -> IncidentReported:
    """Report an incident by its first account. Raises `Faulty`."""
    implied = _accepted(account, actors)
    return IncidentReported(
        account=account,
        implied=implied,
        origin=origin,
        reported=reported_by_source(account.source, by),
        recorded_at=by.at,
        recorded_by=by.by,
    )


def add_account(
    account: Account,
    origin: Origin | None,
    actors: Mapping[str, ActorProfile],
    by: Recording,
    reason: str | None = None,
) -> AccountAdded:
    """Add a further account of an incident. Raises `Faulty`."""
    implied = _accepted(account, actors)
    return AccountAdded(
        account=account,
        implied=implied,
        origin=origin,
        reported=reported_by_source(account.source, by),
        reason=reason,
        recorded_at=by.at,
        recorded_by=by.by,
    )


def revise_account(  # noqa: PLR0917 - as add_account, with a number and a reason
    number: int,
    account: Account,
    origin: Origin | None,
    actors: Mapping[str, ActorProfile],
    by: Recording,
    reason: str,
) -> AccountRevised:
    """Put a newer version of an account in its place. Raises `Faulty`."""
    implied = _accepted(account, actors)
    return AccountRevised(
        number=number,
        account=account,
        implied=implied,
        origin=origin,
        reported=reported_by_source(account.source, by),
        reason=reason,
        recorded_at=by.at,
        recorded_by=by.by,
    )


def _accepted(account: Account, actors: Mapping[str, ActorProfile]) -> tuple[InvolvedCountry, ...]:
    faults = tuple(faults_of_account(account, actors))
    if faults:
        raise Faulty(faults)
    implied = implied_countries(account.place, account.participants, actors)
    return tuple(country for country in implied if country not in account.countries)


def reported_by_source(source: Source | None, by: Recording) -> str:
    """The last day by which a source published; without a date, the day that it is recorded."""
    published = source.published if source else None
    return iso_of_day(span(published).latest if published else day_of_instant(by.at))


def implied_countries(
    place: Place | None,
    participants: tuple[Participant, ...],
    actors: Mapping[str, ActorProfile],
) -> tuple[InvolvedCountry, ...]:
    """The countries that a place and participants stand for: where it is, and whose states they are."""
    found: dict[InvolvedCountry, None] = {}
    if place and place.country:
        found[InvolvedCountry(code=place.country, role=CountryRole.LOCATION)] = None
    for participant in participants:
        state = actors[participant.actor].state
        if state:
            found[InvolvedCountry(code=state, role=CountryRole.ACTOR)] = None
    return tuple(found)
