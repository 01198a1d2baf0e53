"""Stories of incidents in memory: commands decided on one after the other, and what is shown at a moment.

    story = Story()
    story.report(A, published="2021-06-23")
    story.revise(A, RetractIncident(reason="It did not happen."), basis="2021-06-30")
    story.at(A, reported_by="2021-06-25").retracted

All incidents of a story are folded together. Each record is at the next position, and recorded by a curator
of that number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from domain.checks import Faulty
from domain.conflicts import Conflict
from domain.dates import OPEN_FUTURE
from domain.edtf import span
from domain.incidents import Incident, Incidents, incident_at, incidents_at
from domain.records import IncidentRecord, Recorded
from domain.reporting import Recording, report_incident
from domain.resolution import ShownIncident, resolve
from domain.revisions import (
    AddAccount,
    CorrectIncident,
    MergeIncident,
    NewValues,
    ReinstateIncident,
    RetractIncident,
    ReviseAccount,
    Revision,
    UnmergeIncident,
    WithdrawAccount,
    revise,
)
from domain.values import Account, ActorProfile, Source
from tests.conftest import a_profile, an_account

A, B, C, D = (UUID(int=number) for number in range(1, 5))

RECORDED_ON = "2021-07-15"
"""The day on which everything in a story is recorded."""

ACTORS: Mapping[str, ActorProfile] = {
    "taliban": a_profile(),
    "afghan-army": a_profile(id="afghan-army", state="AFG"),
    "uzbek-border-troops": a_profile(id="uzbek-border-troops", state="UZB"),
}


def by(position: int) -> Recording:
    """Who records at a position, and when."""
    return Recording(at=f"{RECORDED_ON}T09:00:00.{position:06d}Z", by=f"number {position}")


@dataclass
class Story:
    """What is recorded so far."""

    history: list[Recorded[IncidentRecord]] = field(default_factory=list)

    @property
    def position(self) -> int:
        """The position of the last record."""
        return len(self.history)

    @property
    def incidents(self) -> Incidents:
        """All incidents as they stand."""
        return incidents_at(self.history, self.position)

    def report(self, stream: UUID, **changes: Any) -> None:
        """Report an incident by an account with fields changed (see `tests.conftest.an_account`)."""
        account = an_account(**{"title": f"Account {self.position + 1}"} | changes)
        self._append(stream, report_incident(account, None, ACTORS, by(self.position + 1)))

    def revise(self, stream: UUID, revision: Revision, basis: str | None = None) -> IncidentRecord:
        """Decide on a revision, whose basis was published on a day, and append its record."""
        if basis is not None:
            revision = replace(revision, basis=Source(name="A ministry", published=basis))
        record = revise(self.incidents, stream, revision, ACTORS, by(self.position + 1))
        self._append(stream, record)
        return record

    def _append(self, stream: UUID, record: IncidentRecord) -> None:
        version = sum(each.stream == stream for each in self.history) + 1
        self.history.append(Recorded(self.position + 1, stream, version, record))

    def at(
        self, stream: UUID, position: int | None = None, reported_by: str | None = None
    ) -> Incident | None:
        """The incident that stands for one at a moment: now, unless it is said."""
        day = OPEN_FUTURE if reported_by is None else span(reported_by).latest
        return incident_at(
            self.history, stream, self.position if position is None else position, day
        )

    def shown(
        self, stream: UUID, position: int | None = None, reported_by: str | None = None
    ) -> ShownIncident:
        """The same, as it is shown."""
        incident = self.at(stream, position, reported_by)
        assert incident is not None
        return resolve(incident)

    def titles(
        self, stream: UUID, position: int | None = None, reported_by: str | None = None
    ) -> list[str] | None:
        """The titles of its accounts; None if it is not there."""
        incident = self.at(stream, position, reported_by)
        return None if incident is None else [held.account.title for held in incident.accounts]


# Commands, with the least that they need

NEW = an_account(title="New", published="2021-06-30")


def add(account: Account = NEW, **changes: Any) -> AddAccount:
    return AddAccount(account=account, reason="A second paper.", **changes)


def revised(number: int, account: Account = NEW, **changes: Any) -> ReviseAccount:
    return ReviseAccount(number=number, account=account, reason="A misprint.", **changes)


def withdraw(number: int, **changes: Any) -> WithdrawAccount:
    return WithdrawAccount(number=number, reason="They were wrong.", **changes)


def correct(basis: Source | None = None, **changes: Any) -> CorrectIncident:
    return CorrectIncident(set=NewValues(**changes), reason="So it is.", basis=basis)


def retract(**changes: Any) -> RetractIncident:
    return RetractIncident(reason="It did not happen.", **changes)


def merge(into: UUID, **changes: Any) -> MergeIncident:
    return MergeIncident(into=into, reason="Told twice.", **changes)


REINSTATE = ReinstateIncident(reason="It did happen.")
UNMERGE = UnmergeIncident(reason="Two of them.")


# What becomes of them


def refused(story: Story, stream: UUID, revision: Revision) -> Conflict:
    """The conflict for which a revision is refused; nothing is recorded."""
    before = list(story.history)
    with pytest.raises(Conflict) as conflict:
        story.revise(stream, revision)
    assert story.history == before
    return conflict.value


def faults(story: Story, stream: UUID, revision: Revision) -> list[tuple[str | int, ...]]:
    """The paths of the faults for which a revision is refused."""
    with pytest.raises(Faulty) as faulty:
        story.revise(stream, revision)
    return [fault.path for fault in faulty.value.faults]


def written(position: int) -> dict[str, str]:
    return {"recorded_at": by(position).at, "recorded_by": by(position).by}
