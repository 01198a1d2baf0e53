"""Revisions of incidents: what may be recorded, given what is (decide).

A command says what is wanted, as a request's body does; `revise` makes a record of it, or refuses: `Faulty`
where the command itself is at fault, `Conflict` where it clashes with what is recorded, naming what with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, assert_never
from uuid import UUID

from pydantic import ConfigDict
from typing_extensions import TypedDict

from domain.checks import Fault, Faulty, faults_of_participants, faults_of_place
from domain.conflicts import Conflict
from domain.incidents import HeldAccount, Incident, Incidents, standing, survivor
from domain.records import (
    AccountNumber,
    AccountWithdrawn,
    Corrections,
    IncidentCorrected,
    IncidentMerged,
    IncidentRecord,
    IncidentReinstated,
    IncidentRetracted,
    IncidentUnmerged,
    Replacement,
)
from domain.reporting import (
    Recording,
    add_account,
    implied_countries,
    reported_by_source,
    revise_account,
)
from domain.resolution import resolve
from domain.text import STRICT_SHAPE, EdtfDate, Line, Reason, Text
from domain.values import (
    Account,
    AccountStatus,
    ActorProfile,
    InvolvedCountry,
    Origin,
    Participant,
    Place,
    Source,
)
from domain.vocabulary import IncidentType


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAccount:
    """Add what another source says, or what one says on another day."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    account: Account
    reason: Reason
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseAccount:
    """Put a newer version of an account in its place: the source now says otherwise."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    number: AccountNumber
    account: Account
    reason: Reason
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawAccount:
    """Note that a source took its account back."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    number: AccountNumber
    reason: Reason
    basis: Source | None = None


class NewValues(TypedDict, total=False):
    """The fields to correct, each with what is to be shown; fields left out stay as they are."""

    # As pydantic documents it; a TypedDict declares no other values.
    __pydantic_config__ = STRICT_SHAPE  # type: ignore[misc]
    title: Line
    type: IncidentType
    status: AccountStatus
    occurred: EdtfDate
    place: Place | None
    summary: Text | None
    countries: tuple[InvolvedCountry, ...]
    participants: tuple[Participant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectIncident:
    """Show other values than those that the accounts make."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    set: NewValues
    reason: Reason
    basis: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractIncident:
    """Take an incident off the timelines."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    reason: Reason
    basis: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinstateIncident:
    """Put a retracted incident back."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    reason: Reason
    basis: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeIncident:
    """Make an incident part of another one, which stands for both from then on."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    into: UUID
    reason: Reason
    basis: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeIncident:
    """Undo the merge of an incident."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    reason: Reason
    basis: Source | None = None


Revision: TypeAlias = (
    AddAccount
    | ReviseAccount
    | WithdrawAccount
    | CorrectIncident
    | RetractIncident
    | ReinstateIncident
    | MergeIncident
    | UnmergeIncident
)


def revise(  # noqa: PLR0911 - one for each revision
    incidents: Incidents,
    stream: UUID,
    revision: Revision,
    actors: Mapping[str, ActorProfile],
    by: Recording,
) -> IncidentRecord:
    """The record that revises an incident. Raises `Faulty` or `Conflict`.

    `incidents` are, as they stand, the incident, all that it was ever merged with, and, for a merge, those
    of the one that it is to be merged into, if that exists.
    """
    incident = incidents[stream]
    match revision:
        case AddAccount():
            with _faults_within("account"):
                record = add_account(revision.account, revision.origin, actors, by, revision.reason)
            _refuse_repetition(incident, revision.account)
            return record
        case ReviseAccount():
            held = _standing_account(incident, revision.number)
            _refuse_repetition(incident, revision.account)
            # It stays its dataset's, or the dataset's next release would add it a second time.
            origin = revision.origin or held.origin
            with _faults_within("account"):
                return revise_account(
                    revision.number, revision.account, origin, actors, by, revision.reason
                )
        case WithdrawAccount():
            _standing_account(incident, revision.number)
            return AccountWithdrawn(number=revision.number, **_grounds(revision, by))
        case CorrectIncident():
            _refuse_merged(incident)
            _refuse_retracted(incident)
            _refuse_deserted(incidents, incident)
            return _correct(incidents, incident, revision, actors, by)
        case RetractIncident():
            _refuse_merged(incident)
            _refuse_retracted(incident)
            return IncidentRetracted(**_grounds(revision, by))
        case ReinstateIncident():
            _refuse_merged(incident)
            if incident.retracted is None:
                raise Conflict(
                    "every account of it is withdrawn; add one to put it back"
                    if is_deserted(_shown(incidents, incident))
                    else "it is not retracted",
                    incident=stream,
                    position=incident.position,
                )
            return IncidentReinstated(**_grounds(revision, by))
        case MergeIncident():
            _refuse_merged(incident)
            _refuse_retracted(incident)
            _check_target(incidents, incident, revision.into)
            return IncidentMerged(into=revision.into, **_grounds(revision, by))
        case UnmergeIncident():
            if incident.merged_into is None:
                raise Conflict(
                    "it is not merged into another", incident=stream, position=incident.position
                )
            return IncidentUnmerged(out_of=incident.merged_into, **_grounds(revision, by))
        case _:
            assert_never(revision)


@contextmanager
def _faults_within(part: str) -> Iterator[None]:
    try:
        yield
    except Faulty as faulty:
        raise Faulty(tuple(fault.within(part) for fault in faulty.faults)) from None


def is_deserted(incident: Incident) -> bool:
    """Whether all its accounts are withdrawn: it is shown as retracted then."""
    return all(held.withdrawn for held in incident.accounts)


def _grounds(
    revision: WithdrawAccount
    | CorrectIncident
    | RetractIncident
    | ReinstateIncident
    | MergeIncident
    | UnmergeIncident,
    by: Recording,
) -> Any:
    return {
        "basis": revision.basis,
        "reported": reported_by_source(revision.basis, by),
        "reason": revision.reason,
        "recorded_at": by.at,
        "recorded_by": by.by,
    }


def _standing_account(incident: Incident, number: int) -> HeldAccount:
    """An account of an incident. Raises `Conflict` if it was withdrawn, `Faulty` if there is none."""
    for held in incident.accounts:
        if held.number == number:
            if held.withdrawn:
                raise Conflict(
                    f"account {number} was withdrawn: {held.withdrawn.reason}",
                    incident=incident.stream,
                    position=held.withdrawn.position,
                )
            return held
    known = ", ".join(str(held.number) for held in incident.accounts)
    raise Faulty((Fault(("number",), f"it has no account {number}; there are {known}"),))


def _refuse_repetition(incident: Incident, account: Account) -> None:
    for held in incident.accounts:
        if held.account == account and not held.withdrawn:
            raise Conflict(
                f"account {held.number} says just this already",
                incident=incident.stream,
                position=held.position,
            )


def _refuse_merged(incident: Incident) -> None:
    if incident.merged_at is not None:
        raise Conflict(
            f"it is merged into {incident.merged_into}",
            incident=incident.merged_into,
            position=incident.merged_at,
        )


def _refuse_retracted(incident: Incident) -> None:
    if incident.retracted is not None:
        raise Conflict(
            f"incident {incident.stream} is retracted: {incident.retracted.reason}",
            incident=incident.stream,
            position=incident.retracted.position,
        )


def _refuse_deserted(incidents: Incidents, incident: Incident) -> None:
    if is_deserted(_shown(incidents, incident)):
        raise Conflict(
            f"every account of {incident.stream} is withdrawn",
            incident=incident.stream,
            position=incident.position,
        )


def _shown(incidents: Incidents, incident: Incident) -> Incident:
    """One that is not merged into another, with the accounts of those that are merged into it."""
    return next(each for each in standing(incidents) if each.stream == incident.stream)


def _check_target(incidents: Incidents, incident: Incident, into: UUID) -> None:
    if into == incident.stream:
        raise Conflict("an incident is not merged into itself", incident=into)
    target = incidents.get(into)
    if target is None:
        raise Faulty((Fault(("into",), f"there is no incident {into}"),))
    if survivor(incidents, into) == incident.stream:
        raise Conflict(
            f"{into} is itself merged into this one; unmerge it first",
            incident=into,
            position=target.position,
        )
    _refuse_merged(target)
    _refuse_retracted(target)
    _refuse_deserted(incidents, incident)
    _refuse_deserted(incidents, target)


def _correct(
    incidents: Incidents,
    incident: Incident,
    command: CorrectIncident,
    actors: Mapping[str, ActorProfile],
    by: Recording,
) -> IncidentCorrected:
    wanted = command.set
    if "countries" in wanted:
        wanted = {**wanted, "countries": tuple(dict.fromkeys(wanted["countries"]))}
    if "participants" in wanted:
        wanted = {**wanted, "participants": tuple(dict.fromkeys(wanted["participants"]))}
    place, participants = wanted.get("place"), wanted.get("participants", ())
    faults = [
        fault.within("set", *where)
        for where, found in (
            (("place",), faults_of_place(place) if place else ()),
            ((), faults_of_participants(participants, actors)),
        )
        for fault in found
    ]
    if faults:
        raise Faulty(tuple(faults))
    shown = resolve(_shown(incidents, incident))
    before = {
        "title": shown.title,
        "type": shown.type,
        "status": shown.status,
        "occurred": shown.edtf,
        "place": shown.place,
        "summary": shown.summary,
        "countries": shown.countries,
        "participants": shown.participants,
    }
    changes: dict[str, Any] = {
        field: Replacement(before=before[field], after=after)
        for field, after in wanted.items()
        if after != before[field]
    }
    if not changes:
        raise Conflict(
            "it changes nothing: all of this is shown already",
            incident=incident.stream,
            position=incident.position,
        )
    return IncidentCorrected(
        changes=Corrections(**changes),
        implied=implied_countries(
            place if "place" in changes else None,
            participants if "participants" in changes else (),
            actors,
        ),
        **_grounds(command, by),
    )
