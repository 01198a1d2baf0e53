"""The history of an incident: every record that touched it, and what was shown differently after each.

It is folded from the records of the incident and of all that it was ever merged with, as a dossier is. The
id of an incident that is merged has its own history, up to that merge; from there on it is the other's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, get_args
from uuid import UUID

from pydantic import Field

from domain.incidents import NONE, Incidents, evolve, reported_day, standing_as, survivor
from domain.records import (
    AccountAdded,
    AccountRevised,
    AccountWithdrawn,
    Day,
    IncidentMerged,
    IncidentRecord,
    IncidentReported,
    IncidentUnmerged,
    Instant,
    Recorded,
)
from domain.values import Source
from service.log import Log
from service.reading.changes import FieldChange, Shown, changes, shown
from service.reading.clocks import Moment


def kind_of(record: IncidentRecord | type[IncidentRecord]) -> str:
    """What a record did, in a word: its topic without the version, as in ``account_revised``."""
    return record.TOPIC.partition(".")[0].replace("-", "_")


KINDS = tuple(map(kind_of, get_args(IncidentRecord)))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryItem:
    """A record that touched an incident, and what is shown differently since."""

    position: Annotated[int, Field(ge=1, description="Of the record in the log.")]
    kind: Annotated[
        str,
        Field(description="What the record did.", json_schema_extra={"enum": list(KINDS)}),
    ]
    incident: Annotated[
        UUID, Field(description="The incident that it was recorded for, if merged with this one.")
    ]
    account: Annotated[
        int | None, Field(description="The number, there, of the account that it is about.")
    ]
    into: Annotated[UUID | None, Field(description="The incident that a merge led into.")]
    out_of: Annotated[UUID | None, Field(description="The incident whose merge was undone.")]
    reported: Annotated[Day, Field(description="The day from which the reported clock shows it.")]
    recorded_at: Instant
    recorded_by: str
    reason: Annotated[str | None, Field(description="Null where a first account was reported.")]
    basis: Annotated[
        Source | None, Field(description="The source that it rests on; an account's own.")
    ]
    changes: Annotated[
        tuple[FieldChange, ...],
        Field(
            description="What is shown differently from when it was shown last; all of it where that"
            " was never, nothing while it is merged."
        ),
    ]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Part of a history, in order of the log, and the position that the next part comes after.

    `merged_into` is the incident that stands for this one at the moment read.
    """

    items: Sequence[HistoryItem]
    next: int | None
    merged_into: UUID | None


@dataclass(frozen=True, slots=True)
class _Step:
    """A record that touched an incident: when it stood last before, and as it stands after, if it does."""

    recorded: Recorded[IncidentRecord]
    stood: Incidents
    stands: Incidents | None


class Histories:
    """Histories of the incidents of a log."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def page(self, stream: UUID, moment: Moment, after: int, limit: int) -> HistoryPage | None:
        """At most `limit` records beyond a position; None if no incident stands for this one.

        All records are folded, and only those of the page are resolved and compared.
        """
        incidents = stood = NONE
        steps: list[_Step] = []
        for recorded in self._log.incidents(self._log.tied(stream), moment.position + 1):
            if reported_day(recorded.record) > moment.reported_by:
                continue
            incidents = evolve(incidents, recorded)
            touched = incidents.get(stream)
            if touched is None or touched.position != recorded.position:
                continue
            stands = incidents if standing_as(incidents, stream) else None
            if recorded.position > after and len(steps) <= limit:
                steps.append(_Step(recorded, stood, stands))
            stood = stands or stood
        wanted = survivor(incidents, stream)
        if standing_as(incidents, wanted) is None:
            return None
        itself = incidents.get(stream)
        if itself is not None and itself.merged_at is not None:
            steps = [step for step in steps if step.recorded.position <= itself.merged_at]
        more = len(steps) > limit
        del steps[limit:]
        return HistoryPage(
            list(_items(steps, stream)),
            steps[-1].recorded.position if more else None,
            wanted if wanted != stream else None,
        )


def _items(steps: Sequence[_Step], stream: UUID) -> Iterator[HistoryItem]:
    seen: Incidents = NONE
    before: Shown | None = None
    for step in steps:
        if step.stood is not seen:
            seen, before = step.stood, _shown(step.stood, stream)
        after = _shown(step.stands, stream) if step.stands is not None else None
        yield _item(step.recorded, tuple(changes(before, after)) if after else ())
        if step.stands is not None:
            seen, before = step.stands, after


def _shown(incidents: Incidents, stream: UUID) -> Shown | None:
    incident = standing_as(incidents, stream)
    return shown(incident) if incident else None


def _item(recorded: Recorded[IncidentRecord], changed: tuple[FieldChange, ...]) -> HistoryItem:
    record = recorded.record
    account: int | None = None
    basis: Source | None
    if isinstance(record, IncidentReported | AccountAdded):
        account, basis = recorded.version, record.account.source
    elif isinstance(record, AccountRevised):
        account, basis = record.number, record.account.source
    else:
        basis = record.basis
        if isinstance(record, AccountWithdrawn):
            account = record.number
    return HistoryItem(
        position=recorded.position,
        kind=kind_of(record),
        incident=recorded.stream,
        account=account,
        into=record.into if isinstance(record, IncidentMerged) else None,
        out_of=record.out_of if isinstance(record, IncidentUnmerged) else None,
        reported=record.reported,
        recorded_at=record.recorded_at,
        recorded_by=record.recorded_by,
        reason=None if isinstance(record, IncidentReported) else record.reason,
        basis=basis,
        changes=changed,
    )
