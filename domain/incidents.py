"""Incidents: what their records make of them (evolve), at any moment of the two clocks.

`incident_at` is the definition that every projection has to equal: a naive fold, in log order, of the
records at or before a position that were reported by a day. What decides on new records is in
`domain.revisions`. All of it is pure.

Incidents that were merged at any time are folded together, as `Incidents`: one's accounts are shown by
another. An incident exists where an account of it is visible, whichever it is; a revision that is visible
before any account is kept, and acts once there is one. A merge that would lead back to itself, as reads of
the past can find them, is without effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never
from uuid import UUID

from domain.dates import OPEN_FUTURE
from domain.edtf import span
from domain.records import (
    AccountAdded,
    AccountRecord,
    AccountRevised,
    AccountWithdrawn,
    IncidentCorrected,
    IncidentMerged,
    IncidentRecord,
    IncidentReinstated,
    IncidentReported,
    IncidentRetracted,
    IncidentUnmerged,
    Recorded,
)
from domain.values import Account, InvolvedCountry, Origin, Source


@dataclass(frozen=True, slots=True)
class Decision:
    """Why something was revised, on what grounds, by whom and when."""

    reason: str | None
    basis: Source | None
    position: int
    reported: int
    recorded_at: str
    recorded_by: str


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """An account in an incident: its latest version, and where it first came from.

    `incident` is the stream that it was recorded in, `number` the version of that stream that added it;
    together they name it for good. `first_reported` and `position` are of its first visible version,
    `reported`, `recorded_at` and `recorded_by` of the latest.
    """

    incident: UUID
    number: int
    account: Account
    implied: tuple[InvolvedCountry, ...]
    origin: Origin | None
    first_reported: int
    position: int
    reported: int
    recorded_at: str
    recorded_by: str
    revised: Decision | None = None
    withdrawn: Decision | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as visible records make it.

    `revision` counts the records that have touched it: its own, and those of incidents while they were
    merged into it. `position` and `recorded_at` are of the last of them. `corrections` are in log order.
    """

    stream: UUID
    accounts: tuple[HeldAccount, ...] = ()
    corrections: tuple[Recorded[IncidentCorrected], ...] = ()
    retracted: Decision | None = None
    merged_into: UUID | None = None
    merged_at: int | None = None
    revision: int = 0
    position: int = 0
    recorded_at: str = ""


Incidents: TypeAlias = Mapping[UUID, Incident]
"""Incidents that merges have tied together, by stream, each with the accounts of its own."""

NONE: Incidents = {}


def evolve(incidents: Incidents, recorded: Recorded[IncidentRecord]) -> Incidents:
    """The incidents after one more of their records."""
    stream = recorded.stream
    before = incidents.get(stream)
    if before is None:
        before = Incident(stream)
    after = _evolved(before, recorded, incidents)
    if len(incidents) <= 1 and after.merged_into is None and before.merged_into is None:
        return {**incidents, stream: after} if incidents else {stream: after}
    changed = {**incidents, stream: after}
    for survivor in {*_chain(incidents, before), *_chain(changed, after)}:
        held = changed.get(survivor) or Incident(survivor)
        changed[survivor] = _touched(held, recorded)
    return changed


def _evolved(
    incident: Incident, recorded: Recorded[IncidentRecord], incidents: Incidents
) -> Incident:
    """The incident that a record is of, after it."""
    record = recorded.record
    position, revision = recorded.position, incident.revision + 1
    accounts, merged_into, merged_at = incident.accounts, incident.merged_into, incident.merged_at
    corrections, retracted = incident.corrections, incident.retracted
    match record:
        case IncidentReported() | AccountAdded():
            accounts = (*accounts, _held(recorded.version, recorded, record))
        case AccountRevised():
            accounts = tuple(_revised(accounts, recorded, record))
        case AccountWithdrawn():
            accounts = tuple(
                replace(held, withdrawn=_decision(recorded, record, record.basis))
                if held.number == record.number
                else held
                for held in accounts
            )
        case IncidentCorrected():
            corrections = (
                *corrections,
                Recorded(position, recorded.stream, recorded.version, record),
            )
        case IncidentRetracted():
            retracted = _decision(recorded, record, record.basis)
        case IncidentReinstated():
            retracted = None
        case IncidentMerged():
            if incident.stream not in {record.into, *_survivors(incidents, record.into)}:
                merged_into, merged_at = record.into, position
        case IncidentUnmerged():
            merged_into = merged_at = None
        case _:
            assert_never(record)
    return Incident(
        incident.stream,
        accounts,
        corrections,
        retracted,
        merged_into,
        merged_at,
        revision,
        position,
        record.recorded_at,
    )


def _held(number: int, recorded: Recorded[IncidentRecord], record: AccountRecord) -> HeldAccount:
    reported = reported_day(record)
    return HeldAccount(
        recorded.stream,
        number,
        record.account,
        record.implied,
        record.origin,
        reported,
        recorded.position,
        reported,
        record.recorded_at,
        record.recorded_by,
    )


def _revised(
    accounts: tuple[HeldAccount, ...],
    recorded: Recorded[IncidentRecord],
    record: AccountRevised,
) -> Iterator[HeldAccount]:
    """The accounts with one revised. What was not visible before is whole in its revision."""
    latest = replace(
        _held(record.number, recorded, record),
        revised=_decision(recorded, record, record.account.source),
    )
    found = False
    for held in accounts:
        if held.number == record.number:
            found = True
            yield replace(latest, first_reported=held.first_reported, position=held.position)
        else:
            yield held
    if not found:
        yield latest


def _decision(
    recorded: Recorded[IncidentRecord],
    record: AccountRevised | AccountWithdrawn | IncidentRetracted,
    basis: Source | None,
) -> Decision:
    return Decision(
        record.reason,
        basis,
        recorded.position,
        reported_day(record),
        record.recorded_at,
        record.recorded_by,
    )


def _touched(incident: Incident, recorded: Recorded[IncidentRecord]) -> Incident:
    return replace(
        incident,
        revision=incident.revision + 1,
        position=recorded.position,
        recorded_at=recorded.record.recorded_at,
    )


def _chain(incidents: Incidents, incident: Incident) -> Iterator[UUID]:
    """Whom an incident is merged into, and whom that one is, to the last."""
    if incident.merged_into is not None:
        yield incident.merged_into
        yield from _survivors(incidents, incident.merged_into)


def _survivors(incidents: Incidents, stream: UUID) -> Iterator[UUID]:
    """Whom the incident of a stream is merged into, and so on; there are no circles."""
    while (incident := incidents.get(stream)) is not None and incident.merged_into is not None:
        stream = incident.merged_into
        yield stream


def survivor(incidents: Incidents, stream: UUID) -> UUID:
    """The incident that stands for this one: itself, unless it is merged into another."""
    return next(reversed([stream, *_survivors(incidents, stream)]))


def standing(incidents: Incidents) -> Iterator[Incident]:
    """The incidents that are shown: each that is not merged into another, with the accounts of those that
    are merged into it, where it has any."""
    if len(incidents) == 1:
        (incident,) = incidents.values()
        if incident.merged_into is None and incident.accounts:
            yield incident
        return
    gathered: dict[UUID, list[HeldAccount]] = {}
    for stream, incident in incidents.items():
        if incident.accounts:
            gathered.setdefault(survivor(incidents, stream), []).extend(incident.accounts)
    for stream, accounts in gathered.items():
        accounts.sort(key=lambda held: held.position)
        yield replace(incidents[stream], accounts=tuple(accounts))


def standing_as(incidents: Incidents, stream: UUID) -> Incident | None:
    """The incident that is shown under this id; None where it is merged, or has no account."""
    return next((each for each in standing(incidents) if each.stream == stream), None)


def incidents_at(
    history: Iterable[Recorded[IncidentRecord]], position: int, reported_by: int = OPEN_FUTURE
) -> Incidents:
    """The incidents at a position of the log, as reported by the end of a day.

    `history` are the records, in log order, of all that were ever merged with each other.
    """
    incidents = NONE
    for recorded in history:
        if recorded.position <= position and reported_day(recorded.record) <= reported_by:
            incidents = evolve(incidents, recorded)
    return incidents


def incident_at(
    history: Iterable[Recorded[IncidentRecord]],
    stream: UUID,
    position: int,
    reported_by: int = OPEN_FUTURE,
) -> Incident | None:
    """The incident that stands for this one at a moment, as `incidents_at`; None if none is there yet."""
    incidents = incidents_at(history, position, reported_by)
    return standing_as(incidents, survivor(incidents, stream))


def absorbed(incidents: Incidents, stream: UUID) -> tuple[UUID, ...]:
    """The incidents that this one stands for, besides itself, in the order of their ids."""
    return tuple(
        sorted(
            other for other in incidents if other != stream and survivor(incidents, other) == stream
        )
    )


def reported_day(record: IncidentRecord) -> int:
    """The day, as a number, from which the reported clock shows a record."""
    return span(record.reported).latest
