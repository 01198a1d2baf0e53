"""An incident in full, as answers show it: the entry, and everything that it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import orjson
from pydantic import Field

from domain.dates import iso_of_day
from domain.incidents import Decision, HeldAccount, Incident
from domain.records import Corrections, Day, IncidentCorrected, Instant, Recorded
from domain.resolution import POLICY, Trace
from domain.revisions import is_deserted
from domain.values import Account, InvolvedCountry, Origin, Source
from projections.entries import Entry
from service.api.documents import AsOf, PositionRead, ReportedBy
from service.bootstrap import Casus
from service.reading.clocks import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDecision:
    """Why something was revised, on what grounds, when it was reported and recorded, and by whom."""

    reason: str | None
    basis: Annotated[Source | None, Field(description="The source that it rests on.")]
    position: Annotated[int, Field(ge=1)]
    reported: Day
    recorded_at: Instant
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCorrection(ShownDecision):
    """A correction: which fields, from what to what."""

    changes: Corrections


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """An account in full, as it reads now: where it was recorded, when and by whom."""

    incident: Annotated[
        str,
        Field(
            description="The incident it was recorded for, if that was merged into this one later.",
            json_schema_extra={"format": "uuid"},
        ),
    ]
    number: Annotated[int, Field(ge=1, description="Its number there.")]
    account: Annotated[Account, Field(description="As it was given.")]
    implied: Annotated[
        tuple[InvolvedCountry, ...],
        Field(
            description="Countries it concerns without naming them: place, participants' states."
        ),
    ]
    origin: Annotated[
        Origin | None,
        Field(description="The dataset it was loaded from; null if it was reported here."),
    ]
    first_reported: Annotated[Day, Field(description="The day of its first version.")]
    reported: Annotated[Day, Field(description="The last day by which it may have been published.")]
    recorded_at: Instant
    recorded_by: str
    revised: Annotated[ShownDecision | None, Field(description="Why it was revised last.")]
    withdrawn: Annotated[ShownDecision | None, Field(description="Why it no longer counts.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAnswer:
    """An incident as shown, with every account and correction that it is made of."""

    position: PositionRead
    as_of: AsOf
    reported_by: ReportedBy
    policy: Annotated[
        str, Field(description="How accounts became what is shown.", examples=[POLICY])
    ]
    incident: Entry
    merged: Annotated[
        tuple[UUID, ...], Field(description="The incidents that it stands for as well.")
    ]
    retraction: Annotated[
        ShownDecision | None, Field(description="Why it is retracted; null if it is not.")
    ]
    corrections: Annotated[
        tuple[ShownCorrection, ...], Field(description="In order; the last of a field is shown.")
    ]
    accounts: tuple[ShownAccount, ...]
    traces: Annotated[
        tuple[Trace, ...], Field(description="Which accounts each shown value comes from.")
    ]


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of an answer, and the position of the last change of what it shows."""

    body: bytes
    changed: int


def incident_document(casus: Casus, stream: UUID, moment: Moment) -> Document | None:
    """The incident that stands for this one at a moment; None if there is none.

    The entry is from its row, all else from the records of the incident itself.
    """
    dossier = casus.dossiers.at(stream, moment)
    if dossier is None:
        return None
    incident = dossier.incident
    entry = casus.reader.incident(str(incident.stream), moment)
    if entry is None:
        return None
    head = orjson.dumps({**moment.fields, "policy": POLICY})
    rest = orjson.dumps(
        {
            "merged": dossier.absorbed,
            "retraction": _decision(_retraction(incident)),
            "corrections": [_correction(each) for each in incident.corrections],
            "accounts": [_account(held) for held in incident.accounts],
            "traces": dossier.traces,
        }
    )
    return Document(b'%b,"incident":%b,%b' % (head[:-1], entry, rest[1:]), incident.position)


def _retraction(incident: Incident) -> Decision | None:
    if incident.retracted is None and is_deserted(incident):
        # It stands retracted because its last account was withdrawn.
        withdrawals = [held.withdrawn for held in incident.accounts if held.withdrawn]
        return max(withdrawals, key=lambda each: each.position)
    return incident.retracted


def _decision(decision: Decision | None) -> ShownDecision | None:
    if decision is None:
        return None
    return ShownDecision(
        reason=decision.reason,
        basis=decision.basis,
        position=decision.position,
        reported=iso_of_day(decision.reported),
        recorded_at=decision.recorded_at,
        recorded_by=decision.recorded_by,
    )


def _correction(recorded: Recorded[IncidentCorrected]) -> ShownCorrection:
    record = recorded.record
    return ShownCorrection(
        changes=record.changes,
        reason=record.reason,
        basis=record.basis,
        position=recorded.position,
        reported=record.reported,
        recorded_at=record.recorded_at,
        recorded_by=record.recorded_by,
    )


def _account(held: HeldAccount) -> ShownAccount:
    return ShownAccount(
        incident=str(held.incident),
        number=held.number,
        account=held.account,
        implied=held.implied,
        origin=held.origin,
        first_reported=iso_of_day(held.first_reported),
        reported=iso_of_day(held.reported),
        recorded_at=held.recorded_at,
        recorded_by=held.recorded_by,
        revised=_decision(held.revised),
        withdrawn=_decision(held.withdrawn),
    )
