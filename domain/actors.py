"""Actors: what may be recorded of one (decide), and what its records make of it (evolve).

An actor's stream follows the recorded clock alone; its affiliations have dates of their own. An actor that
is merged into another keeps its id, which leads there.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias, assert_never

from pydantic import ConfigDict

from domain.checks import Fault, Faulty, faults_of_affiliation, faults_of_profile
from domain.conflicts import Conflict
from domain.errors import DomainError
from domain.records import (
    ActorAffiliated,
    ActorIdentified,
    ActorNamed,
    ActorRecord,
    ActorRegistered,
    ActorReleased,
    ActorsMerged,
    ActorsUnmerged,
    Recorded,
)
from domain.reporting import Recording
from domain.text import STRICT_SHAPE, EdtfDate, LanguageTag, Line, Reason, Slug
from domain.values import ActorName, ActorProfile, Affiliation, ExternalId, Origin


class ActorExists(DomainError):
    """Raised when a slug is registered that already names an actor."""

    def __init__(self, actor: str) -> None:
        self.actor = actor
        super().__init__(f"an actor {actor!r} is registered already")


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor as its records make it; `position` is of the last of them."""

    profile: ActorProfile
    merged_into: str | None
    position: int


Actors: TypeAlias = Mapping[str, Actor]
"""Actors by id, as they stand."""


def register_actor(
    profile: ActorProfile, origin: Origin | None, actors: Container[str], by: Recording
) -> ActorRegistered:
    """Register an actor, given the slugs of those known. Raises `Faulty` or `ActorExists`."""
    faults = tuple(faults_of_profile(profile, actors))
    if faults:
        raise Faulty(faults)
    if profile.id in actors:
        raise ActorExists(profile.id)
    return ActorRegistered(actor=profile, origin=origin, recorded_at=by.at, recorded_by=by.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameActor:
    """Give an actor one more name; the one shown from now on, if so wanted."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    text: Line
    language: LanguageTag | None = None
    shown: bool = False
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifyActor:
    """Give an actor one more id in another scheme."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    scheme: Slug
    id: Line
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AffiliateActor:
    """Note that an actor belongs to another one, from and until when."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    actor: Slug
    since: EdtfDate | None = None
    until: EdtfDate | None = None
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseActor:
    """Note that an actor belongs to another one no longer."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    actor: Slug
    until: EdtfDate
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeActor:
    """Make an actor one with another, which stands for both from then on."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    into: Slug
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeActor:
    """Undo the merge of an actor."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    reason: Reason


ActorRevision: TypeAlias = (
    NameActor | IdentifyActor | AffiliateActor | ReleaseActor | MergeActor | UnmergeActor
)


def revise_actor(slug: str, revision: ActorRevision, actors: Actors, by: Recording) -> ActorRecord:
    """The record that revises an actor. Raises `Faulty` or `Conflict`."""
    actor = actors[slug]
    if actor.merged_into is not None and not isinstance(revision, UnmergeActor):
        raise Conflict(f"{slug!r} is merged into {actor.merged_into!r}", position=actor.position)
    match revision:
        case NameActor():
            name = ActorName(text=revision.text, language=revision.language)
            names = actor.profile.names
            if name in names and (not revision.shown or names[0] == name):
                raise Conflict("it has this name already", position=actor.position)
            return ActorNamed(
                actor=slug,
                name=name,
                shown=revision.shown,
                reason=revision.reason,
                recorded_at=by.at,
                recorded_by=by.by,
            )
        case IdentifyActor():
            external_id = ExternalId(scheme=revision.scheme, id=revision.id)
            if external_id in actor.profile.external_ids:
                raise Conflict("it has this id already", position=actor.position)
            return ActorIdentified(
                actor=slug,
                external_id=external_id,
                reason=revision.reason,
                recorded_at=by.at,
                recorded_by=by.by,
            )
        case AffiliateActor():
            affiliation = Affiliation(
                actor=revision.actor, since=revision.since, until=revision.until
            )
            _check_affiliation(actor, affiliation, actors)
            return ActorAffiliated(
                actor=slug,
                affiliation=affiliation,
                reason=revision.reason,
                recorded_at=by.at,
                recorded_by=by.by,
            )
        case ReleaseActor():
            _check_release(actor, revision)
            return ActorReleased(
                actor=slug,
                parent=revision.actor,
                until=revision.until,
                reason=revision.reason,
                recorded_at=by.at,
                recorded_by=by.by,
            )
        case MergeActor():
            _check_merge(slug, revision.into, actors)
            return ActorsMerged(
                actor=slug,
                into=revision.into,
                reason=revision.reason,
                recorded_at=by.at,
                recorded_by=by.by,
            )
        case UnmergeActor():
            if actor.merged_into is None:
                raise Conflict("it is not merged into another", position=actor.position)
            return ActorsUnmerged(
                actor=slug,
                out_of=actor.merged_into,
                reason=revision.reason,
                recorded_at=by.at,
                recorded_by=by.by,
            )
        case _:
            assert_never(revision)


def _check_affiliation(actor: Actor, affiliation: Affiliation, actors: Actors) -> None:
    if faults := tuple(faults_of_affiliation(affiliation, actor.profile.id, actors)):
        raise Faulty(faults)
    if affiliation in actor.profile.affiliations:
        raise Conflict("it is affiliated so already", position=actor.position)


def _check_release(actor: Actor, revision: ReleaseActor) -> None:
    opened = [
        each
        for each in actor.profile.affiliations
        if each.actor == revision.actor and each.until is None
    ]
    if not opened:
        raise Conflict(f"it has no open affiliation to {revision.actor!r}", position=actor.position)
    for each in opened:
        ended = replace(each, until=revision.until)
        if faults := tuple(faults_of_affiliation(ended, actor.profile.id, (revision.actor,))):
            raise Faulty(faults)


def _check_merge(slug: str, into: str, actors: Actors) -> None:
    if into == slug:
        raise Conflict("an actor is not merged into itself")
    if into not in actors:
        raise Faulty((Fault(("into",), f"no actor {into!r} is registered"),))
    target = actors[into]
    if target.merged_into is not None:
        circle = "; unmerge it first" if target.merged_into == slug else ""
        raise Conflict(
            f"{into!r} is itself merged into {target.merged_into!r}{circle}",
            position=target.position,
        )


def evolve(actor: Actor | None, recorded: Recorded[ActorRecord]) -> Actor:
    """The actor after one more of its records."""
    record, position = recorded.record, recorded.position
    if isinstance(record, ActorRegistered):
        return Actor(record.actor, None, position)
    if actor is None:
        raise ValueError(f"position {position}: the actor was not registered before")
    profile = actor.profile
    affiliations = profile.affiliations
    match record:
        case ActorNamed():
            others = tuple(name for name in profile.names if name != record.name)
            names = (record.name, *others) if record.shown else (*others, record.name)
            return Actor(replace(profile, names=names), actor.merged_into, position)
        case ActorIdentified():
            ids = (*profile.external_ids, record.external_id)
            return Actor(replace(profile, external_ids=ids), actor.merged_into, position)
        case ActorAffiliated():
            affiliations = (*affiliations, record.affiliation)
        case ActorReleased():
            affiliations = tuple(
                replace(each, until=record.until)
                if each.actor == record.parent and each.until is None
                else each
                for each in affiliations
            )
        case ActorsMerged():
            return Actor(profile, record.into, position)
        case ActorsUnmerged():
            return Actor(profile, None, position)
        case _:
            assert_never(record)
    return Actor(replace(profile, affiliations=affiliations), actor.merged_into, position)


def actor_at(history: Iterable[Recorded[ActorRecord]], position: int) -> Actor | None:
    """The actor at a position of the log; None if it was not registered by then."""
    actor: Actor | None = None
    for recorded in history:
        if recorded.position <= position:
            actor = evolve(actor, recorded)
    return actor
