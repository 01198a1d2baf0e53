"""Chronicles: files of actors and incidents in Casus's own JSON format, and loading one.

The format is documented in ``docs/chronicles.md`` and ``openapi/chronicle.schema.json``. A chronicle is
loaded whole or not at all, in one transaction of the log. Its streams have ids made from its dataset and
keys, so that loading it again appends only what it has gained since.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from domain.actors import register_actor
from domain.checks import Fault, Faulty, faults_of_account
from domain.datasets import dataset_at, release_dataset
from domain.ids import actor_stream, dataset_stream, uuid8
from domain.records import AccountAdded, AccountRecord, IncidentReported, Record, Recorded
from domain.reporting import Recording, add_account, report_incident
from domain.text import STRICT_SHAPE, Line, Slug, Text
from domain.values import Account, ActorProfile, DatasetProfile, Origin
from service.faults import faults_of_validation
from service.log import BEYOND, Clash, Log
from service.recording import LoggedActors
from service.views.projector import Progress

BUNDLED = Path(__file__).with_name("afghanistan-2021.json")
"""The chronicle that an empty store is filled with."""

ATTEMPTS = 5

REASON = "The chronicle was loaded."

LONGEST_CITATION = 20_000
"""Characters that the text by which a dataset is cited may have."""

MOST_ACCOUNTS = 200
"""Accounts of one incident. Each makes a version of it that names them all."""


class Recorder(Protocol):
    """Who records what was decided on, as a desk does."""

    def recording(self, by: str) -> Recording:
        """Who records, and when: now."""

    def append(self, records: list[Recorded[Record]], progress: Progress | None = None) -> int:
        """Append records, all or none; the newest position. Raises `Clash`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronicleIncident:
    """An incident by its key in the chronicle, with what its sources say, the earliest first."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    key: Slug
    accounts: Annotated[tuple[Account, ...], Field(min_length=1, max_length=MOST_ACCOUNTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronicle:
    """A file of actors and incidents."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    format: Literal["casus-chronicle/1"]
    dataset: Slug
    title: Line
    description: Text | None = None
    license: Line | None = None
    attribution: tuple[Text, ...] = ()
    actors: tuple[ActorProfile, ...] = ()
    incidents: tuple[ChronicleIncident, ...] = ()


ADAPTER = TypeAdapter(Chronicle)
_ACCOUNT = TypeAdapter(Account)


@dataclass(frozen=True, slots=True)
class _LooseIncident:
    accounts: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class _LooseChronicle:
    """A file that is no chronicle, as far as accounts can be found in it."""

    incidents: tuple[_LooseIncident, ...] = ()


_LOOSE = TypeAdapter(_LooseChronicle)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a chronicle did."""

    actors: int
    incidents: int
    accounts: int
    records: int
    position: int


def parse_chronicle(data: bytes) -> Chronicle:
    """The chronicle in a file's bytes.

    Raises `Faulty` with every fault of shape, and those that the well-formed accounts beside them have;
    only whether actors are registered is for `load_chronicle` to tell.
    """
    try:
        return ADAPTER.validate_json(data)
    except ValidationError as error:
        faults = (*faults_of_validation(error), *_faults_of_well_formed_accounts(data))
        raise Faulty(faults) from None


def _faults_of_well_formed_accounts(data: bytes) -> Iterator[Fault]:
    with contextlib.suppress(ValidationError):
        loose = _LOOSE.validate_json(data)
        for index, incident in enumerate(loose.incidents):
            for number, raw in enumerate(incident.accounts):
                with contextlib.suppress(ValidationError):
                    account = _ACCOUNT.validate_python(raw)
                    named = {participant.actor for participant in account.participants}
                    for fault in faults_of_account(account, named):
                        yield fault.within("incidents", index, "accounts", number)


def load_chronicle(
    chronicle: Chronicle, log: Log, recorder: Recorder, by: str, progress: Progress | None = None
) -> Loaded:
    """Append what a chronicle has and the log has not, in one transaction.

    Raises `Faulty` with every fault of the file, having changed nothing.
    """
    for attempt in range(ATTEMPTS):
        records = _Decider(chronicle, log, recorder.recording(by)).records()
        try:
            position = recorder.append(records, progress)
            break
        except Clash:
            # Someone recorded one of these streams in between: decide again on what is there now.
            if attempt == ATTEMPTS - 1:
                raise
    return Loaded(
        actors=len(chronicle.actors),
        incidents=len(chronicle.incidents),
        accounts=sum(len(incident.accounts) for incident in chronicle.incidents),
        records=len(records),
        position=position,
    )


class _Decider:
    def __init__(self, chronicle: Chronicle, log: Log, recording: Recording) -> None:
        self._chronicle = chronicle
        self._log = log
        self._recording = recording
        self._actors = LoggedActors(log)
        self._faults: list[Fault] = []

    def records(self) -> list[Recorded[Record]]:
        self._faults += _repeated("actors", [actor.id for actor in self._chronicle.actors])
        self._faults += _repeated("incidents", [each.key for each in self._chronicle.incidents])
        records: list[Recorded[Record]] = [
            *self._of_dataset(),
            *self._of_actors(),
            *self._of_incidents(),
        ]
        if self._faults:
            raise Faulty(tuple(self._faults))
        return records

    def _of_dataset(self) -> Iterator[Recorded[Record]]:
        """The chronicle itself, as a dataset without releases, where it is not held so already."""
        chronicle = self._chronicle
        citation = "\n".join(chronicle.attribution)
        if len(citation) > LONGEST_CITATION:
            fault = f"all of it together is longer than {LONGEST_CITATION} characters"
            self._faults.append(Fault(("attribution",), fault))
            return
        profile = DatasetProfile(
            id=chronicle.dataset,
            title=chronicle.title,
            license=chronicle.license,
            citation=citation or None,
        )
        history = self._log.dataset(profile.id)
        held = dataset_at(history, BEYOND)
        if record := release_dataset(held, profile, self._recording, reason=REASON):
            yield Recorded(0, dataset_stream(profile.id), len(history) + 1, record)

    def _of_actors(self) -> Iterator[Recorded[Record]]:
        new = [
            (index, profile)
            for index, profile in enumerate(self._chronicle.actors)
            if profile.id not in self._actors
        ]
        for _, profile in new:
            self._actors.add(profile)
        for index, profile in new:
            others = {slug for slug in self._named_by(profile) if slug in self._actors}
            try:
                record = register_actor(profile, self._origin(profile.id), others, self._recording)
            except Faulty as faulty:
                self._faults += (fault.within("actors", index) for fault in faulty.faults)
            else:
                yield Recorded(0, actor_stream(profile.id), 1, record)

    @staticmethod
    def _named_by(profile: ActorProfile) -> Iterator[str]:
        return (each.actor for each in profile.affiliations if each.actor != profile.id)

    def _of_incidents(self) -> Iterator[Recorded[Record]]:
        for index, incident in enumerate(self._chronicle.incidents):
            stream = uuid8(self._chronicle.dataset, incident.key)
            history = self._log.incident(stream)
            held = {
                recorded.record.account
                for recorded in history
                if isinstance(recorded.record, AccountRecord)
            }
            version = len(history)
            count = sum(isinstance(r.record, IncidentReported | AccountAdded) for r in history)
            for number, account in enumerate(incident.accounts):
                decide = add_account if version else report_incident
                try:
                    record = decide(
                        account, self._origin(incident.key), self._actors, self._recording
                    )
                except Faulty as faulty:
                    place = ("incidents", index, "accounts", number)
                    self._faults += (fault.within(*place) for fault in faulty.faults)
                    continue
                if account not in held:
                    if count == MOST_ACCOUNTS:
                        fault = f"the incident has {MOST_ACCOUNTS} accounts, the most"
                        self._faults.append(Fault(("incidents", index, "accounts", number), fault))
                        continue
                    count += 1
                    held.add(account)
                    version += 1
                    yield Recorded(0, stream, version, record)

    def _origin(self, key: str) -> Origin:
        return Origin(dataset=self._chronicle.dataset, key=key)


def _repeated(part: str, keys: list[str]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for index, key in enumerate(keys):
        if first.setdefault(key, index) != index:
            name = "id" if part == "actors" else "key"
            yield Fault(
                (part, index, name), f"{key!r} stands already at $.{part}[{first[key]}].{name}"
            )
