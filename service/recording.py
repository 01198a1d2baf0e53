"""Writes: a command is decided on, its record appended, and the projections brought up to it.

A write answers when its record is durable in the log and shown by the timelines. A command that is refused
changes nothing. What was decided on is still so when it is appended: otherwise it is decided on again. A
request that names itself (`KeyedRequest`) is carried out once: repeated, it answers with the position it
was recorded at.
"""

from __future__ import annotations

import datetime
import logging
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from eventsourcing.persistence import PersistenceError
from pydantic import TypeAdapter

from domain.actors import (
    Actor,
    ActorExists,
    ActorRevision,
    AffiliateActor,
    IdentifyActor,
    MergeActor,
    ReleaseActor,
    actor_at,
)
from domain.actors import register_actor as decide_on_actor
from domain.actors import revise_actor as decide_on_actor_revision
from domain.checks import Fault, Faulty
from domain.conflicts import Conflict
from domain.ids import actor_stream, uuid7
from domain.incidents import incidents_at, survivor
from domain.records import Record, Recorded
from domain.reporting import Recording
from domain.reporting import report_incident as decide_on_report
from domain.revisions import MergeIncident, Revision, revise
from domain.text import Line
from domain.values import Account, ActorProfile, ExternalId
from service.database import Unanswered
from service.faults import fault_of
from service.log import BEYOND, Clash, Log
from service.log.recorder import KeyedRequest, Unmoved
from service.reading.clocks import instant_text
from service.views.projector import Progress, ProjectionStopped, Projector

log = logging.getLogger("casus")

Clock = Callable[[], datetime.datetime]
"""Tells the time, with its zone."""

SHOWN_WITHIN = 5.0
"""Seconds in which what was recorded is shown, or an answer says that it is not: a replica may lag."""

ATTEMPTS = 20
"""Times that a command is decided on again because others were faster, before it is given up."""

PAUSE = 0.01
"""Seconds, at most, before the second time; before each of the others so many more."""


_AUTHOR = TypeAdapter(Line)


def fault_of_author(by: str) -> str:
    """What is wrong with a name that is to stand in records; empty if nothing is."""
    return fault_of(_AUTHOR, by)


class KeyReused(Exception):
    """Raised when an idempotency key comes with another request than the one it named."""


class Stale(Exception):
    """Raised when what is to be revised is no longer as the caller saw it; says where it stands."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(f"it was last changed at position {position}")


class NotRecorded(LookupError):
    """Raised when what is to be revised was never recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks for a write, under which key, and which states of what is revised they have seen.

    `seen` are positions of its last change; None: whichever it is.
    """

    by: str
    request: KeyedRequest | None = None
    seen: frozenset[int] | None = None

    def check(self, position: int) -> None:
        """Raise `Stale` unless the caller has seen what was last changed at a position."""
        if self.seen is not None and position not in self.seen:
            raise Stale(position)


@dataclass(frozen=True, slots=True)
class Written:
    """Where a write stands: its stream, the position that shows it, and whether that was reached."""

    stream: UUID
    position: int
    shown: bool = True


@dataclass(frozen=True, slots=True)
class _Decided:
    """A record to append, if what it was decided on has not moved."""

    recorded: Recorded[Record]
    unmoved: Unmoved | None = None


@dataclass
class LoggedActors(Mapping[str, ActorProfile]):
    """The actors that the log knows, read one by one as they are asked for."""

    log: Log
    _known: dict[str, ActorProfile | None] = field(default_factory=dict)

    def __getitem__(self, slug: str) -> ActorProfile:
        if slug not in self._known:
            actor = actor_at(self.log.actor(slug), BEYOND)
            self._known[slug] = actor.profile if actor else None
        profile = self._known[slug]
        if profile is None:
            raise KeyError(slug)
        return profile

    def add(self, profile: ActorProfile) -> None:
        """Count an actor as known that is about to be registered."""
        self._known[profile.id] = profile

    def __iter__(self) -> Iterator[str]:
        return iter(slug for slug, profile in self._known.items() if profile)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Desk:
    """Where everything is recorded: the only writer of the log."""

    def __init__(
        self,
        log: Log,
        projector: Projector,
        clock: Clock,
        named: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """A desk; `named` is the one actor that a name, or the address of an external id, leads to."""
        self._log = log
        self._projector = projector
        self._clock = clock
        self._named = named

    def report_incident(self, account: Account, caller: Caller) -> Written:
        """Report an incident by its first account. Raises `Faulty`, `KeyReused`."""

        def decide() -> _Decided:
            actors = LoggedActors(self._log)
            record = decide_on_report(account, None, actors, self.recording(caller.by))
            milliseconds = int(self._clock().timestamp() * 1_000)
            return _Decided(Recorded(0, uuid7(milliseconds, secrets.randbits(74)), 1, record))

        return self._carry_out(decide, caller)

    def revise_incident(self, stream: UUID, revision: Revision, caller: Caller) -> Written:
        """Revise an incident. Raises `NotRecorded`, `Faulty`, `Conflict`, `Stale`, `KeyReused`."""

        def decide() -> _Decided:
            merges = self._log.last_merge  # before what is read: what comes in between clashes
            tied = set(self._log.tied(stream))
            if isinstance(revision, MergeIncident):
                tied |= set(self._log.tied(revision.into))
            history = self._log.incidents(tied)
            versions = {recorded.stream: recorded.version for recorded in history}
            if stream not in versions:
                raise NotRecorded(str(stream))
            incidents = incidents_at(history, BEYOND)
            caller.check(incidents[survivor(incidents, stream)].position)
            actors, by = LoggedActors(self._log), self.recording(caller.by)
            record = revise(incidents, stream, revision, actors, by)
            recorded = Recorded(0, stream, versions.pop(stream) + 1, record)
            return _Decided(recorded, Unmoved(versions, merges))

        return self._carry_out(decide, caller)

    def register_actor(self, profile: ActorProfile, caller: Caller) -> Written:
        """Register an actor. Raises `Faulty`, `ActorExists`, `Conflict`, `KeyReused`."""

        def decide() -> _Decided:
            actors = LoggedActors(self._log)
            head = self._checked_unclaimed(profile.external_ids, profile.id)
            record = decide_on_actor(profile, None, actors, self.recording(caller.by))
            return _Decided(
                Recorded(0, actor_stream(profile.id), 1, record), Unmoved({}, head=head)
            )

        return self._carry_out(decide, caller)

    def revise_actor(self, slug: str, revision: ActorRevision, caller: Caller) -> Written:
        """Revise an actor. Raises `NotRecorded`, `Faulty`, `Conflict`, `Stale`, `KeyReused`."""

        def decide() -> _Decided:
            other: str | None = None
            match revision:
                case MergeActor():
                    other = revision.into
                case AffiliateActor() | ReleaseActor():
                    other = revision.actor
            actors: dict[str, Actor] = {}
            versions: dict[UUID, int] = {}
            for each in filter(None, {slug, other}):
                history = self._log.actor(each)
                if actor := actor_at(history, BEYOND):
                    actors[each] = actor
                    versions[actor_stream(each)] = history[-1].version
            if slug not in actors:
                raise NotRecorded(slug)
            caller.check(actors[slug].position)
            external_ids: tuple[ExternalId, ...] = ()
            if isinstance(revision, IdentifyActor):
                external_ids = (ExternalId(scheme=revision.scheme, id=revision.id),)
            head = self._checked_unclaimed(external_ids, slug)
            record = decide_on_actor_revision(slug, revision, actors, self.recording(caller.by))
            stream = actor_stream(slug)
            recorded = Recorded(0, stream, versions.pop(stream) + 1, record)
            return _Decided(recorded, Unmoved(versions, head=head))

        return self._carry_out(decide, caller)

    def _checked_unclaimed(self, external_ids: Sequence[ExternalId], slug: str) -> int | None:
        """Raise `Conflict` if the address of an external id leads to another actor: then it would to none.

        The position at which that was so, beyond which nothing may be recorded meanwhile; None without any.
        Datasets may do so all the same: the same id is not always the same actor's.
        """
        if not external_ids:
            return None
        head = self._log.head
        if not self._projector.reach(head, SHOWN_WITHIN):
            raise Unanswered(
                "the timelines lag behind the log: whose external ids are whose is not known"
            )
        for external_id in external_ids:
            address = f"{external_id.scheme}:{external_id.id}"
            other = self._named(address)
            if other is not None and other != self._named(slug):
                position = self._log.actor(other)[-1].position
                raise Conflict(f"{address} leads to {other!r} already", position=position)
        return head

    def recording(self, by: str) -> Recording:
        """Who records, and when: now. Raises `Faulty` for a name that no record could be read with."""
        if fault := fault_of_author(by):
            raise Faulty((Fault(("recorded_by",), fault),))
        return Recording(at=instant_text(self._clock()), by=by)

    def append(self, records: list[Recorded[Record]], progress: Progress | None = None) -> int:
        """Append records decided on elsewhere, all or none; the position shown. Raises `Clash`."""
        self._projector.check()
        self._log.append(records)
        return self._projector.catch_up(progress)

    def _carry_out(self, decide: Callable[[], _Decided], caller: Caller) -> Written:
        """Append what is decided on, unless the same request was carried out before, or meanwhile."""
        for attempt in range(1, ATTEMPTS + 1):
            if known := self._repeated(caller.request):
                return known
            self._projector.check()
            try:
                decided = decide()
                # A record that can't be read back would stop the timelines for good.
                self._log.check(decided.recorded.record)
                positions = self._log.append([decided.recorded], caller.request, decided.unmoved)
            except Clash:
                if attempt == ATTEMPTS:
                    raise
                # Not all at the same time again.
                time.sleep(random.uniform(0, attempt * PAUSE))  # noqa: S311
            except (ActorExists, Conflict, Stale):
                # It may be this very request that was faster.
                if known := self._repeated(caller.request):
                    return known
                raise
            else:
                return Written(decided.recorded.stream, positions[-1], self._shown(positions[-1]))
        raise AssertionError("unreachable")

    def _shown(self, position: int) -> bool:
        """Bring the projections up to a position. What is recorded stays recorded where that fails."""
        try:
            reached = self._projector.reach(position, SHOWN_WITHIN)
            return reached and self._projector.is_of_the_log()
        except (ProjectionStopped, PersistenceError, OSError):
            log.exception("recorded, but not shown yet")
            return False

    def _repeated(self, request: KeyedRequest | None) -> Written | None:
        known = self._log.request(request.key) if request else None
        if request is None or known is None:
            return None
        if known.fingerprint != request.fingerprint:
            raise KeyReused(request.key)
        (recorded,) = self._log.read(known.position - 1, 1)
        return Written(recorded.stream, known.position, self._shown(known.position))
