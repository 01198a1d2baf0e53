"""What is to be recorded of what rows say, given what the log holds: new, revised, taken back, or nothing.

An account is known again by its dataset and its key there, never by what it says: rows that agree in every
cell may be different incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.checks import Faulty
from domain.edtf import span
from domain.incidents import HeldAccount, Incident, Incidents, evolve
from domain.records import IncidentRecord, Recorded
from domain.reporting import Recording, add_account, report_incident, revise_account
from domain.revisions import WithdrawAccount, revise
from domain.values import Account, ActorProfile, DatasetProfile, Origin, Source
from service.faults import json_path
from service.imports.accounts import Mention, NamedAccount, Said, Withdrawn
from service.imports.reading_outcomes import Rejected
from service.imports.substance import same_substance

MOST_ACCOUNTS = 200
"""Accounts of one incident. Each makes a version of it that names them all."""

_ACCOUNT = msgspec.json.Decoder(Account)
_SOURCE = msgspec.json.Decoder(Source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The dataset that rows are of, and which release of it, published when (EDTF)."""

    dataset: DatasetProfile
    release: str | None = None
    released: str | None = None

    def __str__(self) -> str:
        title = self.dataset.title
        return f"release {self.release} of {title}" if self.release else title


class Standing(NamedTuple):
    """An account of a dataset that stands, by its key there."""

    key: str
    held: HeldAccount


@dataclass(slots=True)
class Counts:
    """What became of rows: `withdrawn` are accounts, `unknown` what was taken back and never held."""

    rows: int = 0
    new: int = 0
    added: int = 0
    revised: int = 0
    unchanged: int = 0
    superseded: int = 0
    withdrawn: int = 0
    unknown: int = 0
    rejected: int = 0
    actors: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


@dataclass(slots=True)
class _Held:
    """The records of an incident, and what the first of them make of it: as many as were folded."""

    history: list[Recorded[IncidentRecord]] = field(default_factory=list)
    incidents: Incidents = field(default_factory=dict)
    folded: int = 0

    def fold(self) -> Incidents:
        """What all of them make of it; most are recorded and never asked for again."""
        for recorded in self.history[self.folded :]:
            self.incidents = evolve(self.incidents, recorded)
        self.folded = len(self.history)
        return self.incidents


class Decider:
    """Decides on some rows, given the records of their incidents.

    `records` are to be appended, `rejected` are rows that clash with what is held; `counts` says how many
    became what.
    """

    def __init__(self, edition: Edition, actors: Mapping[str, ActorProfile], by: Recording) -> None:
        self._edition = edition
        self._dataset = edition.dataset.id
        self._actors = actors
        self._by = by
        self._held: dict[UUID, _Held] = {}
        self.records: list[Recorded[IncidentRecord]] = []
        self.rejected: list[Rejected] = []
        self.counts = Counts()

    def hold(self, history: Iterable[Recorded[IncidentRecord]]) -> None:
        """Take in the records that the log has of incidents."""
        for recorded in history:
            self._held.setdefault(recorded.stream, _Held()).history.append(recorded)

    def decide(self, stream: UUID, said: Said, *, is_repeated: bool = False) -> None:
        """Decide on what a row says of the incident of a stream, and whether one before had its key."""
        try:
            match said:
                case NamedAccount():
                    account = _ACCOUNT.decode(said.account)
                    self._account(stream, said, account, is_repeated=is_repeated)
                case Mention():
                    self._mention(stream, said, is_repeated=is_repeated)
                case Withdrawn():
                    self._take_back(stream, said)
        except Faulty as faulty:
            faults = "; ".join(f"{json_path(each.path)}: {each.message}" for each in faulty.faults)
            self._reject(said.line, faults)

    def standing(self, stream: UUID) -> list[Standing]:
        """The accounts of an incident that are the dataset's, and are not withdrawn."""
        incident = self.incident(stream)
        return [
            Standing(held.origin.key, held)
            for held in (incident.accounts if incident else ())
            if held.origin and held.origin.dataset == self._dataset and not held.withdrawn
        ]

    def withdraw(self, stream: UUID, number: int, reason: str, published: str | None) -> None:
        """Withdraw an account that the dataset no longer has, as published on a day (EDTF)."""
        incidents = self._held[stream].fold()
        basis = Source(
            name=self._edition.dataset.title, published=published or self._edition.released
        )
        revision = WithdrawAccount(number=number, reason=reason, basis=basis)
        self._record(stream, revise(incidents, stream, revision, self._actors, self._by))
        self.counts.withdrawn += 1

    def incident(self, stream: UUID) -> Incident | None:
        """An incident as far as it is held or decided on."""
        held = self._held.get(stream)
        return held.fold().get(stream) if held else None

    def _reject(self, line: int, reason: str) -> None:
        self.rejected.append(Rejected(line, None, reason))

    def _record(self, stream: UUID, record: IncidentRecord) -> None:
        held = self._held.setdefault(stream, _Held())
        version = held.history[-1].version + 1 if held.history else 1
        recorded = Recorded(0, stream, version, record)
        held.history.append(recorded)
        self.records.append(recorded)

    def _account(
        self, stream: UUID, said: NamedAccount | Mention, account: Account, *, is_repeated: bool
    ) -> None:
        counts = self.counts
        incident = self.incident(stream)
        origin = Origin(dataset=self._dataset, key=said.key, release=self._edition.release)
        if incident is None:
            self._record(stream, report_incident(account, origin, self._actors, self._by))
            counts.new += 1
            return
        held = self._latest(incident, said.key)
        if held is None or _is_back(held, account):
            if len(incident.accounts) >= MOST_ACCOUNTS:
                self._reject(said.line, f"the incident has {MOST_ACCOUNTS} accounts, the most")
                return
            again = " again" if held else ""
            reason = f"It is in {self._edition}{again}."
            self._record(stream, add_account(account, origin, self._actors, self._by, reason))
            counts.added += 1
        elif held.withdrawn or same_substance(held.account, account):
            counts.unchanged += 1
        elif _is_older(account, held):
            counts.superseded += 1
        elif is_repeated and account.source.published == held.account.source.published:
            # Either could be the right one, and the file again would change it to and fro.
            self._reject(said.line, f"{said.key} stands on a row before, and says otherwise there")
        else:
            reason = f"It reads so in {self._edition}."
            number = held.number
            self._record(
                stream, revise_account(number, account, origin, self._actors, self._by, reason)
            )
            counts.revised += 1

    def _mention(self, stream: UUID, said: Mention, *, is_repeated: bool) -> None:
        incident = self.incident(stream)
        if incident is None or not incident.accounts:
            self._reject(said.line, f"there is no incident {said.incident}; import those first")
            return
        source = _SOURCE.decode(said.source)
        first = incident.accounts[0].account
        account = replace(first, source=source, references=())
        self._account(stream, said, account, is_repeated=is_repeated)

    def _take_back(self, stream: UUID, said: Withdrawn) -> None:
        incident = self.incident(stream)
        if incident is None:
            self.counts.unknown += 1
            return
        standing = self.standing(stream)
        for each in standing:
            self.withdraw(stream, each.held.number, said.reason, said.published)
        if not standing:
            self.counts.unchanged += 1

    def _latest(self, incident: Incident, key: str) -> HeldAccount | None:
        """The account that the dataset has under a key; one that stands rather than a withdrawn one."""
        found = None
        for held in incident.accounts:
            origin = held.origin
            if origin and origin.key == key and origin.dataset == self._dataset:
                found = held
        return found


def _is_back(held: HeldAccount, account: Account) -> bool:
    """Whether an account that was withdrawn is in a release that came out after that."""
    if held.withdrawn is None:
        return False
    published = account.source.published
    if published is None:
        return not same_substance(held.account, account)
    return span(published).latest > held.withdrawn.reported


def _is_older(account: Account, held: HeldAccount) -> bool:
    """Whether an account is of an earlier day than the one that is held, by what both say of it."""
    published, before = account.source.published, held.account.source.published
    return bool(published and before and span(published).latest < span(before).latest)
