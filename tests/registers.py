"""Actors in memory: commands decided on one after the other, with the least that they need."""

from __future__ import annotations

from typing import Any

import pytest

from domain.actors import (
    Actor,
    ActorRevision,
    AffiliateActor,
    IdentifyActor,
    MergeActor,
    NameActor,
    ReleaseActor,
    UnmergeActor,
    actor_at,
    register_actor,
    revise_actor,
)
from domain.checks import Fault, Faulty
from domain.conflicts import Conflict
from domain.ids import actor_stream
from domain.records import (
    ActorRecord,
    Recorded,
)
from domain.reporting import Recording
from tests.conftest import a_profile


def by(position: int) -> Recording:
    """Who records at a position, and when."""
    return Recording(at=f"2021-07-15T09:00:00.{position:06d}Z", by=f"number {position}")


class Register:
    """Actors in memory, and the records that made them."""

    def __init__(self, *slugs: str) -> None:
        self.history: dict[str, list[Recorded[ActorRecord]]] = {}
        for slug in slugs:
            profile = a_profile(id=slug, name=slug.upper())
            self._append(slug, register_actor(profile, None, (), by(self.position + 1)))

    @property
    def position(self) -> int:
        return sum(map(len, self.history.values()))

    @property
    def actors(self) -> dict[str, Actor]:
        return {slug: actor_at(records, self.position) for slug, records in self.history.items()}

    def revise(self, slug: str, revision: ActorRevision) -> ActorRecord:
        """Decide on a revision and append its record."""
        record = revise_actor(slug, revision, self.actors, by(self.position + 1))
        self._append(slug, record)
        return record

    def _append(self, slug: str, record: ActorRecord) -> None:
        stream = self.history.setdefault(slug, [])
        stream.append(Recorded(self.position + 1, actor_stream(slug), len(stream) + 1, record))


def refused(register: Register, slug: str, revision: ActorRevision) -> tuple[str, int]:
    """What a conflict says, and its position."""
    before = register.position
    with pytest.raises(Conflict) as conflict:
        register.revise(slug, revision)
    assert (register.position, conflict.value.incident) == (before, None)
    return str(conflict.value), conflict.value.position


def faults(register: Register, slug: str, revision: ActorRevision) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as faulty:
        register.revise(slug, revision)
    return faulty.value.faults


def written(position: int) -> dict[str, str]:
    return {"recorded_at": by(position).at, "recorded_by": by(position).by}


def named(text: str, language: str | None = None, **changes: Any) -> NameActor:
    return NameActor(text=text, language=language, reason="As they write it.", **changes)


def identified(scheme: str, id_: str) -> IdentifyActor:
    return IdentifyActor(scheme=scheme, id=id_, reason="As they number it.")


def affiliated(actor: str, **dates: str) -> AffiliateActor:
    return AffiliateActor(actor=actor, reason="They joined.", **dates)


def released(actor: str, until: str = "2012-12-19") -> ReleaseActor:
    return ReleaseActor(actor=actor, until=until, reason="They left.")


def merge(into: str) -> MergeActor:
    return MergeActor(into=into, reason="Two spellings.")


UNMERGE = UnmergeActor(reason="Two groups.")
