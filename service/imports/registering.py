"""The actors that a dataset names: registered, found by its ids, called by its names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from domain.actors import (
    Actor,
    ActorRevision,
    IdentifyActor,
    NameActor,
    actor_at,
    evolve,
    register_actor,
    revise_actor,
)
from domain.ids import actor_stream
from domain.records import ActorRecord, Recorded
from domain.reporting import Recording
from domain.values import ActorName, ActorProfile, Origin
from service.imports.crosswalk import Known
from service.imports.format import NamedActor
from service.log import BEYOND, Log


class Register(Mapping[str, ActorProfile]):
    """The actors that the log knows, with those about to be recorded."""

    def __init__(self, log: Log, dataset: str, reason: str) -> None:
        self._log = log
        self._dataset = dataset
        self._reason = reason
        self._actors: dict[str, tuple[Actor, int] | None] = {}
        self._seen: set[tuple[NamedActor, str]] = set()

    def __getitem__(self, slug: str) -> ActorProfile:
        if (held := self._held(slug)) is None:
            raise KeyError(slug)
        return held[0].profile

    def __iter__(self) -> Iterator[str]:
        return iter(slug for slug, held in self._actors.items() if held)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _held(self, slug: str) -> tuple[Actor, int] | None:
        if slug not in self._actors:
            history = self._log.actor(slug)
            actor = actor_at(history, BEYOND)
            self._actors[slug] = (actor, history[-1].version) if actor else None
        return self._actors[slug]

    def records(
        self, named: Mapping[tuple[NamedActor, str], Known], by: Recording
    ) -> Iterator[Recorded[ActorRecord]]:
        """What is to be recorded so that actors are registered, and found by how they are named."""
        for key, known in named.items():
            if key not in self._seen:
                self._seen.add(key)
                yield from self._records_of(key[0], known, by)

    def _records_of(
        self, actor: NamedActor, known: Known, by: Recording
    ) -> Iterator[Recorded[ActorRecord]]:
        slug = known.profile.id
        if self._held(slug) is None:
            profile = known.profile
            if known.mapped and known.always and actor.name != profile.names[0].text:
                profile = replace(profile, names=(*profile.names, ActorName(text=actor.name)))
            origin = Origin(dataset=self._dataset, key=f"{actor.scheme}:{actor.id}")
            yield self._take(slug, register_actor(profile, origin, (), by))
            return
        if known.always:
            yield from self._revise(slug, actor, known, by)

    def _revise(
        self, slug: str, actor: NamedActor, known: Known, by: Recording
    ) -> Iterator[Recorded[ActorRecord]]:
        profile = self[slug]
        revisions: list[ActorRevision] = []
        if known.profile.external_ids[0] not in profile.external_ids:
            revisions.append(IdentifyActor(scheme=actor.scheme, id=actor.id, reason=self._reason))
        if all(name.text != actor.name for name in profile.names):
            # The dataset's own actor is called what the dataset now calls it.
            revisions.append(
                NameActor(text=actor.name, shown=not known.mapped, reason=self._reason)
            )
        held = self._held(slug)
        if held is None or held[0].merged_into is not None:
            return  # a curator has found whom it stands for, and that one's names are the curator's
        for revision in revisions:
            yield self._take(slug, revise_actor(slug, revision, {slug: held[0]}, by))

    def _take(self, slug: str, record: ActorRecord) -> Recorded[ActorRecord]:
        actor, version = self._held(slug) or (None, 0)
        recorded = Recorded(0, actor_stream(slug), version + 1, record)
        self._actors[slug] = evolve(actor, recorded), version + 1
        return recorded
