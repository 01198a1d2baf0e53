"""What is to be recorded of what rows say, given what the log holds: new, revised, taken back, or nothing.

An account is known again by its dataset and its key there, never by what it says: rows that agree in every
cell may be different incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple, cast
from uuid import UUID

import msgspec
from eventsourcing.persistence import Notification, StoredEvent

from domain.checks import Faulty
from domain.edtf import span
from domain.incidents import HeldAccount, Incident, Incidents, evolve
from domain.records import IncidentRecord, IncidentReported, Recorded
from domain.reporting import Recording, add_account, report_incident, revise_account
from domain.revisions import WithdrawAccount, revise
from domain.values import Account, ActorProfile, Origin, Source
from service.faults import in_words
from service.imports.accounts import Mention, NamedAccount, Said, Withdrawn
from service.imports.reading.outcomes import Rejected
from service.imports.releases import Edition, Newer
from service.imports.substance import same_substance
from service.log.codec import Codec

MOST_ACCOUNTS = 200
"""Accounts of one incident. Each makes a version of it that names them all."""

_REPORT = msgspec.json.Decoder(IncidentReported)
_SOURCE = msgspec.json.Decoder(Source)


class Standing(NamedTuple):
    """An account of a dataset that stands, by its key there."""

    key: str
    held: HeldAccount


@dataclass(slots=True)
class Counts:
    """What became of rows: `withdrawn` are accounts, `unknown` what was taken back and never held.

    `gone` are rows whose account was withdrawn before, and stays so.
    """

    rows: int = 0
    new: int = 0
    added: int = 0
    revised: int = 0
    unchanged: int = 0
    superseded: int = 0
    gone: int = 0
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
    """An incident: its records as they are stored, and what those that were read make of it."""

    stored: list[Notification | StoredEvent] = field(default_factory=list)
    incidents: Incidents = field(default_factory=dict)
    folded: int = 0


class Decider:
    """Decides on some rows, given the records of their incidents.

    `records` are to be appended, `rejected` are rows that clash with what is held; `counts` says how many
    became what. Releases that are `newer` than the rows' are held already. What was withdrawn stays so,
    unless a later release has it or the import `brings_back` whatever it has.
    """

    def __init__(
        self,
        edition: Edition,
        actors: Mapping[str, ActorProfile],
        by: Recording,
        codec: Codec,
        newer: Iterable[Newer] = (),
        *,
        brings_back: bool = False,
    ) -> None:
        self._edition = edition
        self._dataset = edition.dataset.id
        self._actors = actors
        self._by = by
        self._codec = codec
        self._wholes = [each for each in newer if each.whole]
        self._brings_back = brings_back
        self._held: dict[UUID, _Held] = {}
        self.records: list[StoredEvent] = []
        self.rejected: list[Rejected] = []
        self.counts = Counts()

    def hold(self, history: Iterable[Notification]) -> None:
        """Take in the records that the log has of incidents."""
        for stored in history:
            stream = cast("UUID", stored.originator_id)
            self._held.setdefault(stream, _Held()).stored.append(stored)

    def decide(
        self, stream: UUID, said: Said, *, is_repeated: bool = False, is_certain: bool = False
    ) -> None:
        """Decide on what a row says of the incident of a stream.

        A row before had its key (`is_repeated`); its actors' states are known to be those of its dataset
        (`is_certain`), so that the record that founds the incident is the one it came with.
        """
        try:
            match said:
                case NamedAccount():
                    self._named(stream, said, is_repeated=is_repeated, is_certain=is_certain)
                case Mention():
                    self._mention(stream, said, is_repeated=is_repeated)
                case Withdrawn():
                    self._take_back(stream, said)
        except Faulty as faulty:
            self._reject(said.line, in_words(faulty.faults))

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
        incidents = self._fold(self._held[stream])
        basis = Source(
            name=self._edition.dataset.title, published=published or self._edition.released
        )
        revision = WithdrawAccount(number=number, reason=reason, basis=basis)
        self._record(stream, revise(incidents, stream, revision, self._actors, self._by))
        self.counts.withdrawn += 1

    def incident(self, stream: UUID) -> Incident | None:
        """An incident as far as it is held or decided on."""
        held = self._held.get(stream)
        return self._fold(held).get(stream) if held else None

    def _fold(self, held: _Held) -> Incidents:
        """What the records of an incident make of it; most are stored and never asked for."""
        for stored in held.stored[held.folded :]:
            record = cast("IncidentRecord", self._codec.decode(stored.topic, stored.state))
            stream, version = cast("UUID", stored.originator_id), stored.originator_version
            held.incidents = evolve(held.incidents, Recorded(0, stream, version, record))
        held.folded = len(held.stored)
        return held.incidents

    def _reject(self, line: int, reason: str) -> None:
        self.rejected.append(Rejected(line, None, reason))

    def _record(self, stream: UUID, record: IncidentRecord) -> None:
        self._store(stream, *self._codec.encode(record))

    def _store(self, stream: UUID, topic: str, state: bytes) -> None:
        held = self._held.setdefault(stream, _Held())
        version = held.stored[-1].originator_version + 1 if held.stored else 1
        stored = StoredEvent(stream, version, topic, state)
        held.stored.append(stored)
        self.records.append(stored)

    def _named(
        self, stream: UUID, said: NamedAccount, *, is_repeated: bool, is_certain: bool
    ) -> None:
        held = self._held.get(stream)
        if held is None and is_certain and not self._wholes:
            self._store(stream, IncidentReported.TOPIC, said.report)
            self.counts.new += 1
        elif held and len(held.stored) == 1 and _is_the_same(held.stored[0], said):
            self.counts.unchanged += 1
        else:
            account = _REPORT.decode(said.report).account
            self._account(stream, said, account, is_repeated=is_repeated)

    def _account(
        self, stream: UUID, said: NamedAccount | Mention, account: Account, *, is_repeated: bool
    ) -> None:
        counts = self.counts
        incident = self.incident(stream)
        origin = Origin(dataset=self._dataset, key=said.key, release=self._edition.release)
        if incident is None:
            self._record(stream, report_incident(account, origin, self._actors, self._by))
            counts.new += 1
            self._overtake(stream)
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
            self._overtake(stream)
        elif held.withdrawn and not self._brings_back:
            counts.gone += 1
        elif not held.withdrawn and same_substance(held.account, account):
            counts.unchanged += 1
        elif not held.withdrawn and (_is_older(account, held) or self._whole_with(held)):
            counts.superseded += 1
        elif is_repeated and account.source.published == held.account.source.published:
            # Either could be the right one, and the file again would change it to and fro.
            self._reject(said.line, f"{said.key} stands on a row before, and says otherwise there")
        else:
            reason = f"It {'is' if held.withdrawn else 'reads so'} in {self._edition}."
            actors, by = self._actors, self._by
            self._record(stream, revise_account(held.number, account, origin, actors, by, reason))
            counts.revised += 1

    def _whole_with(self, held: HeldAccount) -> Newer | None:
        """The first newer release that is held whole of a part that an account is of."""
        wholes = self._wholes
        return next((each for each in wholes if each.whole and each.whole.holds(held)), None)

    def _overtake(self, stream: UUID) -> None:
        """Withdraw the account that was added last if a newer release, held whole, does not have it."""
        if self._brings_back or not self._wholes:
            return
        held = self._fold(self._held[stream])[stream].accounts[-1]
        if newer := self._whole_with(held):
            self.withdraw(stream, held.number, not_in(newer.edition), newer.edition.released)

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


def not_in(edition: Edition) -> str:
    """Why an account is withdrawn that a release does not have."""
    return f"It is not in {edition} any more."


def _is_the_same(stored: Notification | StoredEvent, said: NamedAccount) -> bool:
    """Whether a record is the very one that a row would make, but for when it was recorded."""
    return stored.topic == IncidentReported.TOPIC and stored.state.startswith(
        said.report[: said.telling]
    )


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
