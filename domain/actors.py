"""Actors: what may be recorded of one (decide), and what its records make of it (evolve).

An actor's stream follows the recorded clock alone; its affiliations have dates of their own.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from domain.checks import Faulty, faults_of_profile
from domain.errors import DomainError
from domain.incidents import Recording
from domain.records import ActorRecord, ActorRegistered, Recorded
from domain.values import ActorProfile, Origin


class ActorExists(DomainError):
    """Raised when a slug is registered that already names an actor."""

    def __init__(self, actor: str) -> None:
        self.actor = actor
        super().__init__(f"an actor {actor!r} is registered already")


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


def evolve(_: ActorProfile | None, recorded: Recorded[ActorRecord]) -> ActorProfile:
    """The actor's profile after one more of its records."""
    return recorded.record.actor


def actor_at(history: Iterable[Recorded[ActorRecord]], position: int) -> ActorProfile | None:
    """The actor at a position of the log; None if it was not registered by then."""
    profile: ActorProfile | None = None
    for recorded in history:
        if recorded.position <= position:
            profile = evolve(profile, recorded)
    return profile
