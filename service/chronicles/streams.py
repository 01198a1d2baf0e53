"""Chronicles as streams: NDJSON, a line for each actor and each incident, as many as there are.

The first line is a chronicle without actors and incidents, its header; after it come, in any order,
``{"actor": ...}`` and ``{"incident": ...}`` as chronicles have them. An incident on two lines has the
accounts of both. Of an actor the first line counts, as of one that is registered already. The header may
stand again further down, in a stream that was joined of several.

Lines are loaded in batches, each in one transaction, so that memory stays flat, and so that a stream that
is loaded again, or once more after it was cut short, appends only what is not there. A line at fault is
rejected and the rest goes on. A stream is gone through twice: first for its actors, whom any incident may
name. An actor that belongs to one further down waits for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from domain.checks import Fault, Faulty
from domain.text import STRICT_SHAPE
from domain.values import ActorProfile
from service.chronicles import Chronicle, ChronicleIncident, Recorder, load_chronicle
from service.chronicles.lines import Line, Read, Reading, told
from service.imports.reading.outcomes import Rejected
from service.imports.reading.text import ByteStream
from service.log import Log
from service.recording import LoggedActors

_ACTOR = re.compile(r'\s*\{\s*"actor"\s*:')


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorLine:
    """A line that has an actor."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    actor: ActorProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLine:
    """A line that has an incident."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    incident: ChronicleIncident


_number = attrgetter("line")

_ACTOR_LINE, _INCIDENT_LINE = TypeAdapter(ActorLine), TypeAdapter(IncidentLine)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: how many lines and accounts it had, and which lines were rejected."""

    lines: int
    accounts: int
    rejected: Sequence[Rejected]


@dataclass(frozen=True, slots=True)
class _Actor:
    line: Line
    profile: ActorProfile


@dataclass(frozen=True, slots=True)
class _Incident:
    line: Line
    incident: ChronicleIncident


class ChronicleStream:
    """A stream that is loaded into a log, which may be read twice: `actors` first, then `incidents`.

    Both raise `Faulty` if its header is at fault, and `UnreadableFile` after the last line that could be
    read; what is before that is loaded.
    """

    def __init__(self, log: Log, recorder: Recorder, by: str) -> None:
        self._log = log
        self._recorder = recorder
        self._by = by

    def actors(self, stream: ByteStream) -> Iterator[Taken]:
        """Load the header, and all actors."""
        reading = Reading(stream)
        self._load(reading.header, (), ())
        waiting: list[_Actor] = []
        for batch in reading.batches(_has_actor):
            rejected: list[Rejected] = []
            found = told(batch, _ACTOR_LINE, rejected)
            new = [_Actor(line, each.actor) for line, each in found]
            waiting = self._take_actors(reading.header, [*waiting, *new], rejected)
            yield Taken(len(batch), 0, sorted(rejected, key=_number))
        yield Taken(0, 0, self._left_behind(waiting))
        reading.check_end()

    def incidents(self, stream: ByteStream) -> Iterator[Taken]:
        """Load all incidents, once the actors are."""
        reading = Reading(stream)
        for batch in reading.batches(lambda line: not _has_actor(line)):
            rejected: list[Rejected] = []
            found = told(batch, _INCIDENT_LINE, rejected)
            new = [_Incident(line, each.incident) for line, each in found]
            accounts = self._take_incidents(reading.header, new, rejected)
            yield Taken(len(batch), accounts, sorted(rejected, key=_number))
        reading.check_end()

    def _load(
        self,
        header: Chronicle,
        actors: tuple[ActorProfile, ...],
        incidents: tuple[ChronicleIncident, ...],
    ) -> None:
        chronicle = replace(header, actors=actors, incidents=incidents)
        load_chronicle(chronicle, self._log, self._recorder, self._by)

    def _take_actors(
        self, header: Chronicle, actors: Sequence[_Actor], rejected: list[Rejected]
    ) -> list[_Actor]:
        """Load actors; those that belong to one who is not there yet, and so have to wait."""
        first: dict[str, _Actor] = {}
        for each in actors:
            first.setdefault(each.profile.id, each)
        ready, waiting = self._parted(list(first.values()))
        while ready:
            try:
                self._load(header, tuple(each.profile for each in ready), ())
                break
            except Faulty as faulty:
                at_fault: dict[int, list[Fault]] = {}
                for fault in faulty.faults:
                    index, path = _place(fault, "actors")
                    at_fault.setdefault(index, []).append(Fault(("actor", *path), fault.message))
                rejected += (ready[at].line.rejected(faults) for at, faults in at_fault.items())
                sound = [each for at, each in enumerate(ready) if at not in at_fault]
                ready, more = self._parted(sound)
                waiting += more
        # In the order of their lines, whoever is there already: a stream that is loaded once more after it
        # was cut short is to end as if it had not been.
        return sorted(waiting, key=lambda each: each.line.number)

    def _parted(self, actors: list[_Actor]) -> tuple[list[_Actor], list[_Actor]]:
        """Actors that can be registered together, and those that have to wait for others."""
        known = LoggedActors(self._log)
        ready, waiting = actors, list[_Actor]()
        while True:
            there = {each.profile.id for each in ready}
            staying = [
                each
                for each in ready
                if each.profile.id in known
                or all(other in there or other in known for other in _others(each.profile))
            ]
            if len(staying) == len(ready):
                return ready, waiting
            kept = {each.profile.id for each in staying}
            waiting += (each for each in ready if each.profile.id not in kept)
            ready = staying

    def _left_behind(self, waiting: Sequence[_Actor]) -> list[Rejected]:
        """The lines of actors that belong to one whom the stream does not have."""
        known = LoggedActors(self._log)
        return [
            each.line.rejected(
                Fault(
                    ("actor", "affiliations", index, "actor"),
                    f"no actor {affiliation.actor!r} is registered, and none is in this stream",
                )
                for index, affiliation in enumerate(each.profile.affiliations)
                if affiliation.actor not in known
            )
            for each in waiting
        ]

    def _take_incidents(
        self, header: Chronicle, incidents: list[_Incident], rejected: list[Rejected]
    ) -> int:
        """Load incidents; how many accounts they have."""
        while incidents:
            places: dict[str, list[tuple[int, int]]] = {}
            for at, each in enumerate(incidents):
                numbers = range(len(each.incident.accounts))
                places.setdefault(each.incident.key, []).extend((at, n) for n in numbers)
            joined = tuple(
                ChronicleIncident(
                    key=key, accounts=tuple(incidents[at].incident.accounts[n] for at, n in its)
                )
                for key, its in places.items()
            )
            try:
                self._load(header, (), joined)
                return sum(len(its) for its in places.values())
            except Faulty as faulty:
                at_fault: dict[int, list[Fault]] = {}
                for fault in faulty.faults:
                    index, (_, account, *path) = _place(fault, "incidents")
                    at, number = places[joined[index].key][int(account)]
                    where = ("incident", "accounts", number, *path)
                    at_fault.setdefault(at, []).append(Fault(where, fault.message))
                rejected += (incidents[at].line.rejected(each) for at, each in at_fault.items())
                incidents = [each for at, each in enumerate(incidents) if at not in at_fault]
        return 0


def _others(profile: ActorProfile) -> Iterator[str]:
    """Whom an actor belongs to."""
    return (each.actor for each in profile.affiliations if each.actor != profile.id)


def _place(fault: Fault, part: str) -> tuple[int, tuple[str | int, ...]]:
    """Which of a part's items a fault is of, and where in it. What is the header's own is raised."""
    match fault.path:
        case (first, int(index), *rest) if first == part:
            return index, tuple(rest)
    raise Faulty((fault,))


def _has_actor(line: Read) -> bool:
    return isinstance(line, Line) and bool(_ACTOR.match(line.text))
