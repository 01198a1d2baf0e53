"""Revisions for the benchmarks: one for every four incidents, of those that were recorded before it.

Most are accounts revised by a later release, with other deaths, or further accounts; some incidents are
corrected, retracted, or merged into another. The same numbers are always the same revisions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain.dates import iso_of_day
from domain.edtf import span
from domain.incidents import reported_day
from domain.records import (
    AccountAdded,
    AccountRevised,
    Corrections,
    IncidentCorrected,
    IncidentMerged,
    IncidentRecord,
    IncidentReported,
    IncidentRetracted,
    Record,
    Recorded,
    Replacement,
)
from domain.reporting import Recording
from domain.values import Account

_SEED = 20_230
_KEPT = 20_000
"""Incidents that the next ones revised are chosen from: memory is no matter of the benchmark."""


@dataclass(slots=True)
class _Incident:
    stream: UUID
    record: IncidentReported
    version: int = 1


class Reviser:
    """Makes revisions of what it has seen reported."""

    def __init__(self) -> None:
        self._chance = random.Random(_SEED)
        self._incidents: list[_Incident] = []

    def see(self, batch: Sequence[Recorded[Record]]) -> None:
        """Count incidents among those that may be revised; some that were there make room."""
        for recorded in batch:
            if isinstance(recorded.record, IncidentReported):
                incident = _Incident(recorded.stream, recorded.record)
                if len(self._incidents) < _KEPT:
                    self._incidents.append(incident)
                else:
                    self._incidents[self._chance.randrange(_KEPT)] = incident

    def revise(self, count: int, by: Recording) -> Iterator[Recorded[Record]]:
        """So many revisions, recorded at one instant."""
        kinds: list[Callable[[_Incident, Recording], IncidentRecord]]
        kinds = [self._account_revised, self._account_added, self._corrected]
        for _ in range(count):
            incident = self._chance.choice(self._incidents)
            (kind,) = self._chance.choices(kinds, (12, 4, 3))
            ends = self._chance.random()
            if ends < 0.1:
                # What is retracted or merged is not revised again.
                self._incidents.remove(incident)
                kind = self._retracted if ends < 0.05 else self._merged
            incident.version += 1
            yield Recorded(0, incident.stream, incident.version, kind(incident, by))

    def _later(self, incident: _Incident) -> tuple[Account, str]:
        """An account with other deaths, published up to two years later, and the day it was."""
        account = incident.record.account
        day = iso_of_day(reported_day(incident.record) + self._chance.randint(1, 700))
        (killed,) = account.figures
        more = self._chance.randint(0, 9)
        numbers = {name: (getattr(killed, name) or 0) + more for name in ("low", "best", "high")}
        return (
            replace(
                account,
                figures=(replace(killed, **numbers),),
                source=replace(account.source, published=day),
            ),
            day,
        )

    def _account_revised(self, incident: _Incident, by: Recording) -> IncidentRecord:
        account, day = self._later(incident)
        return AccountRevised(
            number=1,
            account=account,
            implied=incident.record.implied,
            origin=incident.record.origin,
            reported=day,
            reason="A later release.",
            recorded_at=by.at,
            recorded_by=by.by,
        )

    def _account_added(self, incident: _Incident, by: Recording) -> IncidentRecord:
        account, day = self._later(incident)
        return AccountAdded(
            account=replace(account, title=f"{account.title[:400]} (another account)"),
            implied=incident.record.implied,
            origin=None,
            reported=day,
            recorded_at=by.at,
            recorded_by=by.by,
        )

    def _corrected(self, incident: _Incident, by: Recording) -> IncidentRecord:
        account = incident.record.account
        day = iso_of_day(span(account.occurred).earliest + self._chance.randint(-3, 3))
        return IncidentCorrected(
            changes=Corrections(occurred=Replacement(before=account.occurred, after=day)),
            implied=(),
            basis=None,
            reported=by.at[:10],
            reason="Another day.",
            recorded_at=by.at,
            recorded_by=by.by,
        )

    def _retracted(self, _: _Incident, by: Recording) -> IncidentRecord:
        return IncidentRetracted(
            basis=None,
            reported=by.at[:10],
            reason="It did not happen.",
            recorded_at=by.at,
            recorded_by=by.by,
        )

    def _merged(self, _: _Incident, by: Recording) -> IncidentRecord:
        return IncidentMerged(
            into=self._chance.choice(self._incidents).stream,
            basis=None,
            reported=by.at[:10],
            reason="Told twice.",
            recorded_at=by.at,
            recorded_by=by.by,
        )
