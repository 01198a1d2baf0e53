"""Logs at random: actors that are renamed, merged and unmerged, incidents with every kind of record.

Incidents' records are reported on any day and made in any state of things, as reads of the past find them.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from domain import actors, datasets
from domain.actors import (
    Actor,
    IdentifyActor,
    MergeActor,
    NameActor,
    UnmergeActor,
    register_actor,
    revise_actor,
)
from domain.datasets import Dataset, release_dataset
from domain.dates import iso_of_day
from domain.edtf import span
from domain.errors import DomainError
from domain.ids import actor_stream, dataset_stream
from domain.records import (
    AccountAdded,
    AccountRevised,
    AccountWithdrawn,
    Corrections,
    DatasetReleased,
    IncidentCorrected,
    IncidentMerged,
    IncidentReinstated,
    IncidentReported,
    IncidentRetracted,
    IncidentUnmerged,
    Record,
    Recorded,
    Replacement,
)
from domain.reporting import Recording
from domain.values import (
    Account,
    DatasetProfile,
    Figure,
    InvolvedCountry,
    Origin,
    Participant,
    Place,
)
from domain.vocabulary import CountryRole, IncidentType, Measure, ParticipantRole, Status
from service.bootstrap import Casus, open_casus
from service.settings import Settings
from tests.conftest import a_profile, an_account

FIRST = span("2021-07-01").latest
REPORTED_DAYS = range(FIRST - 1, FIRST + 7)
"""Days on which anything is reported, and one before them and one after."""

CODES = ["AFG", "TJK", "UZB"]
TYPES = [IncidentType.ATTACK, IncidentType.STATEMENT]
DATASET = "ged"
ORIGINS = [None, Origin(dataset=DATASET, key="1"), Origin(dataset="news", key="1")]
SLUGS = ["taliban", "haqqani", "afghan-army", "csto"]
KINDS = [
    AccountAdded,
    AccountAdded,
    AccountRevised,
    AccountWithdrawn,
    IncidentCorrected,
    IncidentCorrected,
    IncidentRetracted,
    IncidentReinstated,
    IncidentMerged,
    IncidentMerged,
    IncidentUnmerged,
]


def a_log_at_random(chance: random.Random, length: int, incidents: int) -> list[Recorded[Record]]:
    """The records of a log, in order; the actors are registered first."""
    log = _Log(chance)
    for slug in SLUGS:
        profile = a_profile(id=slug, name=slug.title())
        log.add(actor_stream(slug), register_actor(profile, None, (), log.by))
    for _ in range(length):
        if chance.random() < 0.2:
            log.revise_an_actor()
        elif chance.random() < 0.1:
            log.take_in_a_dataset()
        else:
            log.add_to_an_incident(UUID(int=chance.randint(1, incidents)), incidents)
    return log.records


class _Log:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.records: list[Recorded[Record]] = []
        self.versions: dict[UUID, int] = {}
        self.actors: dict[str, Actor] = {}
        self.dataset: Dataset | None = None

    @property
    def by(self) -> Recording:
        return Recording(at=f"2021-07-15T09:00:00.{len(self.records):06d}Z", by="hand")

    def add(self, stream: UUID, record: Record) -> None:
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        recorded = Recorded(len(self.records) + 1, stream, version, record)
        self.records.append(recorded)
        if isinstance(record, DatasetReleased):
            self.dataset = datasets.evolve(self.dataset, recorded)
        elif not hasattr(record, "reported"):
            slug = record.actor.id if version == 1 else record.actor
            self.actors[slug] = actors.evolve(self.actors.get(slug), recorded)

    def revise_an_actor(self) -> None:
        slug, other = self.chance.sample(SLUGS, 2)
        merge = MergeActor(into=other, reason="one and the same")
        name = NameActor(text=f"Name {len(self.records)}", shown=True, reason="its own")
        known_as = IdentifyActor(scheme="ucdp", id=f"{len(self.records)}", reason="its number")
        unmerge = UnmergeActor(reason="two after all")
        command = self.chance.choice([merge, merge, unmerge, name, known_as])
        try:
            record = revise_actor(slug, command, self.actors, self.by)
        except DomainError:
            return
        self.add(actor_stream(slug), record)

    def take_in_a_dataset(self) -> None:
        profile = DatasetProfile(id=DATASET, title=f"Title {self.chance.randint(1, 2)}")
        release = self.chance.choice([None, "20.1", "21.1"])
        record = release_dataset(
            self.dataset, profile, self.by, release=release, reason="it came out"
        )
        if record is not None:
            self.add(dataset_stream(DATASET), record)

    def add_to_an_incident(self, stream: UUID, incidents: int) -> None:
        others = [each for each in self.versions if each.int <= incidents and each != stream]
        version = self.versions.get(stream, 0)
        kind = self.chance.choice(KINDS) if version else IncidentReported
        if kind in (IncidentMerged, IncidentUnmerged) and not others:
            kind = AccountAdded
        place, participants = self.some_place(), self.some_participants()
        wanted = {
            "title": f"Corrected {self.chance.randint(1, 3)}",
            "type": self.chance.choice(TYPES),
            "place": place,
            "participants": participants,
        }
        corrected = self.chance.sample(sorted(wanted), self.chance.randint(1, 2))
        reported = iso_of_day(self.chance.choice(REPORTED_DAYS[1:-1]))
        values = {
            "account": self.an_account(reported),
            "implied": self.some_countries(),
            "origin": self.chance.choice(ORIGINS),
            "number": self.chance.randint(1, max(version, 1)),
            "changes": Corrections(
                **{name: Replacement(before=wanted[name], after=wanted[name]) for name in corrected}
            ),
            "into": self.chance.choice(others) if others else None,
            "out_of": self.chance.choice(others) if others else None,
            "basis": None,
            "reported": reported,
            "reason": "so it is",
            "recorded_at": self.by.at,
            "recorded_by": self.by.by,
        }
        fields = dataclasses.fields(kind)
        self.add(stream, kind(**{each.name: values[each.name] for each in fields}))

    def an_account(self, published: str) -> Account:
        return an_account(
            title=f"Title {self.chance.randint(1, 4)}",
            type=self.chance.choice(TYPES),
            status=self.chance.choice([Status.REPORTED, Status.CONFIRMED]),
            occurred=self.chance.choice(["2021-06-22", "2021-06-23", "2021-06"]),
            published=published,
            place=self.some_place(),
            countries=self.some_countries(),
            participants=self.some_participants(),
            figures=tuple(
                Figure(measure=Measure.KILLED, of=of, best=self.chance.randint(1, 3))
                for of in self.chance.sample([None, "soldiers"], self.chance.randint(0, 2))
            ),
        )

    def some_place(self) -> Place | None:
        return self.chance.choice([None, Place(name="Kunduz", country="AFG"), Place(name="Here")])

    def some_countries(self) -> tuple[InvolvedCountry, ...]:
        codes = self.chance.sample(CODES, self.chance.randint(0, 2))
        return tuple(InvolvedCountry(code=code, role=CountryRole.AFFECTED) for code in codes)

    def some_participants(self) -> tuple[Participant, ...]:
        roles = [ParticipantRole.INITIATOR, ParticipantRole.TARGET]
        return tuple(
            Participant(actor=slug, role=self.chance.choice(roles))
            for slug in self.chance.sample(SLUGS, self.chance.randint(0, 3))
        )


@contextmanager
def a_store_of(records: list[Recorded[Record]]) -> Iterator[Casus]:
    """A store that holds these records, for as long as the test looks at it."""
    with TemporaryDirectory() as folder:
        casus = open_casus(Settings(CASUS_HOME=Path(folder), _env_file=None))
        try:
            casus.log.append(records)
            casus.projector.catch_up()
            yield casus
        finally:
            casus.close()
