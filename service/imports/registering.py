"""The actors that a dataset names: registered, found by its ids, called by its names.

The dataset's own actor is called what the dataset's newest release calls it: a name that comes back is
shown again, and what an older release calls it is one more name of it. Names are the same whatever their
case and white space. A name that was given since the release was first taken in is left alone: it is a
curator's, or of another row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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
from domain.datasets import Dataset
from domain.ids import actor_stream
from domain.records import ActorNamed, ActorRecord, ActorRegistered, Recorded
from domain.reporting import Recording
from domain.values import ActorName, ActorProfile, Origin
from service.imports.crosswalk import Known
from service.imports.format import NamedActor
from service.imports.releases import Edition
from service.imports.substance import plain
from service.log import BEYOND, Log


@dataclass(frozen=True, slots=True)
class _Held:
    """An actor, the version of its stream, and where it was given the name that is shown."""

    actor: Actor
    version: int
    named: int


class Register(Mapping[str, ActorProfile]):
    """The actors that the log knows, with those about to be recorded, for an edition of a dataset.

    It `is_old` where a newer release of the dataset, as it is held, was imported before.
    """

    def __init__(self, log: Log, edition: Edition, held: Dataset | None, *, is_old: bool) -> None:
        self._log = log
        self._dataset = edition.dataset.id
        self._reason = f"{edition} has it so."
        self._is_old = is_old
        self._since = _first_taken_in(edition, held)
        self._actors: dict[str, _Held | None] = {}
        self._seen: set[tuple[NamedActor, str]] = set()

    def __getitem__(self, slug: str) -> ActorProfile:
        if (held := self._held(slug)) is None:
            raise KeyError(slug)
        return held.actor.profile

    def __iter__(self) -> Iterator[str]:
        return iter(slug for slug, held in self._actors.items() if held)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _held(self, slug: str) -> _Held | None:
        if slug not in self._actors:
            history = self._log.actor(slug)
            actor = actor_at(history, BEYOND)
            named = [each.position for each in history if _shows_a_name(each.record)]
            self._actors[slug] = _Held(actor, history[-1].version, named[-1]) if actor else None
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
            if known.mapped and known.always and not _named(profile, actor.name):
                profile = replace(profile, names=(*profile.names, ActorName(text=actor.name)))
            origin = Origin(dataset=self._dataset, key=f"{actor.scheme}:{actor.id}")
            yield self._take(slug, register_actor(profile, origin, (), by))
            return
        if known.always:
            yield from self._revise(slug, actor, known, by)

    def _revise(
        self, slug: str, actor: NamedActor, known: Known, by: Recording
    ) -> Iterator[Recorded[ActorRecord]]:
        held = self._held(slug)
        if held is None or held.actor.merged_into is not None:
            return  # a curator has found whom it stands for, and that one's names are the curator's
        revisions: list[ActorRevision] = []
        if known.profile.external_ids[0] not in held.actor.profile.external_ids:
            revisions.append(IdentifyActor(scheme=actor.scheme, id=actor.id, reason=self._reason))
        revisions += self._renamed(held, actor.name, is_own=not known.mapped)
        for revision in revisions:
            if now := self._held(slug):
                yield self._take(slug, revise_actor(slug, revision, {slug: now.actor}, by))

    def _renamed(self, held: _Held, text: str, *, is_own: bool) -> Iterator[NameActor]:
        """What gives an actor a name, or shows one that it had."""
        profile, shown = held.actor.profile, is_own and not self._is_old
        known = _named(profile, text)
        if known is None:
            yield NameActor(text=text, shown=shown, reason=self._reason)
        elif shown and known != profile.names[0] and held.named < self._since:
            yield NameActor(
                text=known.text, language=known.language, shown=True, reason=self._reason
            )

    def _take(self, slug: str, record: ActorRecord) -> Recorded[ActorRecord]:
        held = self._held(slug)
        actor, version, named = (held.actor, held.version, held.named) if held else (None, 0, 0)
        recorded = Recorded(0, actor_stream(slug), version + 1, record)
        named = BEYOND if _shows_a_name(record) else named
        self._actors[slug] = _Held(evolve(actor, recorded), version + 1, named)
        return recorded


def _first_taken_in(edition: Edition, held: Dataset | None) -> int:
    """Where the log has an edition first; beyond its end if it does not."""
    releases = held.releases if held else ()
    which = edition.release, edition.released
    found = (each.position for each in releases if (each.release, each.released) == which)
    return next(found, BEYOND)


def _named(profile: ActorProfile, text: str) -> ActorName | None:
    """The name of an actor that is a text but for case and white space."""
    wanted = plain(text)
    return next((name for name in profile.names if plain(name.text) == wanted), None)


def _shows_a_name(record: ActorRecord) -> bool:
    return isinstance(record, ActorRegistered) or (isinstance(record, ActorNamed) and record.shown)
