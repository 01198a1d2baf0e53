"""Which records of the log concern a country, an actor or a type of incident.

A record of an incident concerns what it names, and what any record before it of the same incident has
named, or of one that was merged with it by then, whether or not that was corrected since. So whatever was
ever on a timeline, at any moment of any clock, concerns its subject for good: whoever holds the records
that concern a country can fold its timeline, as it is and as it was. Actors that were ever merged are one.
Records of actors and datasets concern everybody: any entry may name them.

What an incident names may come late: a second account puts it in another country, a merge makes it another
actor's. Then the records before are belated: they concern it from now on, and come just before the record
that brings them in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard
from uuid import UUID

from eventsourcing.persistence import Notification

from domain.records import (
    AccountAdded,
    AccountRevised,
    ActorsMerged,
    IncidentCorrected,
    IncidentMerged,
    IncidentRecord,
    IncidentReported,
    Record,
    Recorded,
)
from domain.values import InvolvedCountry, Participant, Place
from projections import INCIDENT_RECORDS
from service.log import Log

STREAMS_AT_ONCE = 500
"""Incidents whose records are held at a time, where an actor brings many in."""

EverOne = Callable[[str, int], frozenset[str]]
"""All actors that one was ever merged with by a position, itself included."""


@dataclass(frozen=True, slots=True)
class Named:
    """What records of incidents name."""

    countries: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def __or__(self, other: Named) -> Named:
        return Named(
            self.countries | other.countries,
            self.actors | other.actors,
            self.types | other.types,
        )


NOTHING = Named()


def named(record: IncidentRecord) -> Named:
    """What one record names."""
    match record:
        case IncidentReported() | AccountAdded() | AccountRevised():
            account = record.account
            countries = (*account.countries, *record.implied)
            return _named(countries, account.place, account.participants, account.type)
        case IncidentCorrected():
            changes = record.changes
            return _named(
                (*(changes.countries.after if changes.countries else ()), *record.implied),
                changes.place.after if changes.place else None,
                changes.participants.after if changes.participants else (),
                changes.type.after if changes.type else None,
            )
    return NOTHING


def _named(
    countries: Sequence[InvolvedCountry],
    place: Place | None,
    participants: Sequence[Participant],
    type_: str | None,
) -> Named:
    codes = {country.code for country in countries}
    if place and place.country:
        codes.add(place.country)
    return Named(
        frozenset(codes),
        frozenset(participant.actor for participant in participants),
        frozenset((str(type_),) if type_ else ()),
    )


@dataclass(frozen=True, slots=True)
class Interest:
    """Whom and what records are to concern: all that is given, at once; nothing is everything."""

    country: str | None = None
    actor: str | None = None
    types: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.country or self.actor or self.types)

    def takes(self, names: Named, actors: frozenset[str]) -> bool:
        """Whether incidents that name this are of interest, where the actor is one of these."""
        return (
            (self.country is None or self.country in names.countries)
            and (self.actor is None or not actors.isdisjoint(names.actors))
            and (not self.types or not self.types.isdisjoint(names.types))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Incidents that were merged with each other by a position, and what their records named by then."""

    streams: tuple[UUID, ...]
    named: Named


@dataclass(frozen=True, slots=True)
class Noted:
    """A record as it is stored and as it is read; the incidents that it acts on, before it and after.

    One of an actor or a dataset acts on none.
    """

    entry: Notification
    record: Record
    before: tuple[Group, ...] = ()
    after: Group | None = None


class _Groups:
    """Incidents followed through the log."""

    def __init__(self) -> None:
        self._of: dict[UUID, Group] = {}

    def take(self, recorded: Recorded[IncidentRecord]) -> tuple[tuple[Group, ...], Group]:
        """Let a record act; the groups it acts on, before it and after."""
        acted_on = [recorded.stream]
        if isinstance(recorded.record, IncidentMerged):
            acted_on.append(recorded.record.into)
        before = tuple(dict.fromkeys(self._of[each] for each in acted_on if each in self._of))
        streams = dict.fromkeys([*(s for group in before for s in group.streams), *acted_on])
        names = named(recorded.record)
        for group in before:
            names |= group.named
        after = Group(tuple(streams), names)
        for stream in streams:
            self._of[stream] = after
        return before, after

    def all(self) -> Collection[Group]:
        """The groups as they stand."""
        return dict.fromkeys(self._of.values())


def _groups_before(log: Log, streams: Collection[UUID], position: int) -> _Groups:
    """Incidents, and whatever they were merged with, below a position."""
    ties = log.ties.of(streams)
    groups = _Groups()
    for recorded in log.incidents({each for s in streams for each in ties.get(s, (s,))}, position):
        groups.take(recorded)
    return groups


def noted(log: Log, entries: Sequence[Notification]) -> list[Noted]:
    """Records that follow each other in the log, with what they act on."""
    batch = [log.decoded(entry) for entry in entries]
    streams: set[UUID] = set()
    for recorded in batch:
        if _is_of_incident(recorded):
            if recorded.version > 1:
                streams.add(recorded.stream)
            if isinstance(recorded.record, IncidentMerged):
                streams.add(recorded.record.into)
    groups = _groups_before(log, streams, entries[0].id) if streams else _Groups()
    return [
        Noted(entry, recorded.record, *groups.take(recorded))
        if _is_of_incident(recorded)
        else Noted(entry, recorded.record)
        for entry, recorded in zip(entries, batch, strict=True)
    ]


def _is_of_incident(recorded: Recorded[Record]) -> TypeGuard[Recorded[IncidentRecord]]:
    return isinstance(recorded.record, INCIDENT_RECORDS)


@dataclass(frozen=True, slots=True)
class Concerned:
    """A record that concerns somebody; a belated one is of a position before the others."""

    entry: Notification
    is_belated: bool = False


def concerned(
    log: Log, ever_one: EverOne, interest: Interest, batch: Sequence[Noted]
) -> Iterator[Concerned]:
    """The records of a batch that are of interest, each after those that it brings in."""
    actors: frozenset[str] = frozenset()
    if interest.actor:
        actors = ever_one(interest.actor, batch[0].entry.id - 1)
    for each in batch:
        position = each.entry.id
        if each.after is None:
            if interest.actor and isinstance(each.record, ActorsMerged):
                before, actors = actors, ever_one(interest.actor, position)
                yield from _brought_in(log, interest, before, actors, position)
            yield Concerned(each.entry)
        elif interest.takes(each.after.named, actors):
            late = [
                stream
                for group in each.before
                if not interest.takes(group.named, actors)
                for stream in group.streams
            ]
            yield from _belated(log, late, position)
            yield Concerned(each.entry)


def _brought_in(
    log: Log, interest: Interest, before: frozenset[str], now: frozenset[str], position: int
) -> Iterator[Concerned]:
    """The records of incidents that are of interest now that the actor is one with others as well."""
    streams = {stream for slug in now - before for stream in log.naming(slug, position)}
    seen: set[UUID] = set()
    wanted = sorted(streams)
    for start in range(0, len(wanted), STREAMS_AT_ONCE):
        groups = _groups_before(log, wanted[start : start + STREAMS_AT_ONCE], position).all()
        late = {
            stream
            for group in groups
            if interest.takes(group.named, now) and not interest.takes(group.named, before)
            for stream in group.streams
        }
        yield from _belated(log, late - seen, position)
        seen |= late


def _belated(log: Log, streams: Collection[UUID], position: int) -> Iterator[Concerned]:
    for entry in log.stored(streams, position) if streams else ():
        yield Concerned(entry, is_belated=True)
