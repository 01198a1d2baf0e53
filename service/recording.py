"""Writes: a command is decided on, its records appended, and the projections brought up to them.

A write answers when its records are durable in the log and shown by the timelines. A command that is
refused changes nothing. A request that names itself (`KeyedRequest`) is carried out once: repeated, it
answers with the position it was recorded at.
"""

from __future__ import annotations

import datetime
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from eventsourcing.persistence import PersistenceError

from domain.actors import ActorExists, actor_at, register_actor
from domain.ids import actor_stream, uuid7
from domain.incidents import Recording, report_incident
from domain.records import ActorRecord, Record, Recorded
from domain.values import Account, ActorProfile
from service.log import Clash, Log
from service.log.recorder import KeyedRequest
from service.reading.clocks import instant_text
from service.views.projector import Progress, ProjectionStopped, Projector

log = logging.getLogger("casus")

Clock = Callable[[], datetime.datetime]
"""Tells the time, with its zone."""

EVERYTHING = 2**62


class KeyReused(Exception):
    """Raised when an idempotency key comes with another request than the one it named."""


@dataclass(frozen=True, slots=True)
class Written:
    """Where a write stands: its stream, the position that shows it, and whether that was reached."""

    stream: UUID
    position: int
    shown: bool = True


@dataclass
class LoggedActors(Mapping[str, ActorProfile]):
    """The actors that the log knows, read one by one as they are asked for."""

    log: Log
    _known: dict[str, ActorProfile | None] = field(default_factory=dict)

    def __getitem__(self, slug: str) -> ActorProfile:
        if slug not in self._known:
            history = cast("list[Recorded[ActorRecord]]", self.log.stream(actor_stream(slug)))
            self._known[slug] = actor_at(history, EVERYTHING)
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

    def __init__(self, log: Log, projector: Projector, clock: Clock) -> None:
        self._log = log
        self._projector = projector
        self._clock = clock

    def report_incident(
        self, account: Account, by: str, request: KeyedRequest | None = None
    ) -> Written:
        """Report an incident by its first account. Raises `Faulty`, `KeyReused`."""
        if known := self._repeated(request):
            return known
        recording = self.recording(by)
        record = report_incident(account, None, LoggedActors(self._log), recording)
        milliseconds = int(self._clock().timestamp() * 1_000)
        stream = uuid7(milliseconds, secrets.randbits(74))
        return self._append(Recorded(0, stream, 1, record), request)

    def register_actor(
        self, profile: ActorProfile, by: str, request: KeyedRequest | None = None
    ) -> Written:
        """Register an actor. Raises `Faulty`, `ActorExists`, `KeyReused`."""
        if known := self._repeated(request):
            return known
        try:
            record = register_actor(profile, None, LoggedActors(self._log), self.recording(by))
            return self._append(Recorded(0, actor_stream(profile.id), 1, record), request)
        except (ActorExists, Clash):
            # Another request was faster: the same one, or one that took the id.
            if known := self._repeated(request):
                return known
            raise ActorExists(profile.id) from None

    def recording(self, by: str) -> Recording:
        """Who records, and when: now."""
        return Recording(at=instant_text(self._clock()), by=by)

    def append(self, records: list[Recorded[Record]], progress: Progress | None = None) -> int:
        """Append records decided on elsewhere, all or none; the position shown. Raises `Clash`."""
        self._projector.check()
        self._log.append(records)
        return self._projector.catch_up(progress)

    def _append(self, recorded: Recorded[Record], request: KeyedRequest | None) -> Written:
        self._projector.check()
        try:
            positions = self._log.append([recorded], request)
        except Clash:
            # The same request was faster.
            if known := self._repeated(request):
                return known
            raise
        return Written(recorded.stream, positions[-1], self._shown())

    def _shown(self) -> bool:
        """Bring the projections up. What is recorded stays recorded where that fails."""
        try:
            self._projector.catch_up()
        except (ProjectionStopped, PersistenceError):
            log.exception("recorded, but not shown yet")
            return False
        return True

    def _repeated(self, request: KeyedRequest | None) -> Written | None:
        known = self._log.request(request.key) if request else None
        if request is None or known is None:
            return None
        if known.fingerprint != request.fingerprint:
            raise KeyReused(request.key)
        (recorded,) = self._log.read(known.position - 1, 1)
        return Written(recorded.stream, known.position, self._shown())
