"""What has changed on a timeline between two moments, incident by incident.

An incident is on a timeline at a moment where it stands there: it is not merged into another, not
retracted, and of the country, actor and types that are asked for. `Kind` has a word for each way in which
that, or its entry, can differ; an incident has one of them or is left out. So the entries at the first
moment, with what is added, changed and taken away, are those at the second.

Candidates are the incidents with a version that is valid at the one moment and not at the other, found by
the bounds of versions in their indexes; and, as merges of actors alter who takes part without a version,
those of the actors for whom another stands. Only candidates are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

import orjson

from domain.vocabulary import Status
from projections.bitemporal import OPEN_POSITION
from service.database import Database
from service.reading.changes import FieldChange, Shown, changes, shown_by
from service.reading.clocks import Moment
from service.reading.directory import Directory
from service.reading.selection import Selected, Selection

CANDIDATES_AT_ONCE = 2_000
"""Candidates that one statement finds."""

COMPARED_AT_ONCE = 100
"""Candidates whose entries are read together."""


class Kind(StrEnum):
    """How an incident differs between two moments; the first that applies."""

    ADDED = "added"  # it is on the timeline; it was not there, or not on this timeline
    CHANGED = (
        "changed"  # on the timeline at both; records have touched it, or its participants merged
    )
    RETRACTED = "retracted"  # was on the timeline, and is retracted
    REINSTATED = "reinstated"  # was retracted, and is on the timeline
    MERGED = "merged"  # was on the timeline, and is merged into another
    UNMERGED = "unmerged"  # was merged into another, and is on the timeline
    REMOVED = "removed"  # was on the timeline, and stands, but no longer on this one


@dataclass(frozen=True, slots=True)
class Interval:
    """From one moment to another, which is later by one clock and the same by the other."""

    start: Moment
    end: Moment

    @property
    def is_of_reports(self) -> bool:
        """Whether the moments differ in what was reported, and not in what was recorded."""
        return self.start.position == self.end.position


@dataclass(frozen=True, slots=True)
class Difference:
    """How an incident differs between two moments.

    The entry is the later moment's, or the earlier one's where it is merged by then. `into` and `out_of`
    are the incidents that it was merged into. `fields` are compared where it stands at both moments,
    whether or not on this timeline.
    """

    number: int
    kind: Kind
    entry: bytes
    into: str | None
    out_of: str | None
    fields: Sequence[FieldChange]

    @property
    def as_json(self) -> bytes:
        """The difference as an answer has it."""
        rest = orjson.dumps({"into": self.into, "out_of": self.out_of, "fields": self.fields})
        return b'{"change":"%b","incident":%b,%b' % (self.kind.encode(), self.entry, rest[1:])


@dataclass(frozen=True, slots=True)
class _State:
    """An incident at a moment: its entry and what that shows, where it stands; else whom it is merged into.

    `is_on` says whether it is on the timeline.
    """

    entry: bytes | None = None
    shown: Shown | None = None
    is_on: bool = False
    survivor: str | None = None

    @property
    def is_retracted(self) -> bool:
        """Whether it stands, retracted."""
        return self.shown is not None and self.shown["status"] == Status.RETRACTED


_NOT_THERE = _State()


class Differences:
    """Differences between the moments of the generation of rows that is in use."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        select: Callable[[Selection, Moment], Selected],
    ) -> None:
        self._database = database
        self._directory = directory
        self._select = select

    def page(
        self, selection: Selection, interval: Interval, after: int, limit: int
    ) -> tuple[list[Difference], int | None]:
        """At most `limit` differences, by incident number beyond `after`, and what the next page is after.

        Of the selection `country`, `actor` and `types` count, as filters of the timeline.
        """
        found = list(islice(self._differences(selection, interval, after), limit + 1))
        more = len(found) > limit
        del found[limit:]
        return found, found[-1].number if more else None

    def _differences(
        self, selection: Selection, interval: Interval, after: int
    ) -> Iterator[Difference]:
        before, now = (self._select(selection, m) for m in (interval.start, interval.end))
        while candidates := self._candidates(before, now, interval, after):
            for first in range(0, len(candidates), COMPARED_AT_ONCE):
                some = candidates[first : first + COMPARED_AT_ONCE]
                yield from self._compared(some, before, now, interval)
            after = candidates[-1][0]

    def _candidates(
        self, before: Selected, now: Selected, interval: Interval, after: int
    ) -> list[tuple[int, int]]:
        """The first candidates beyond a number, each with the id of one of its versions, in order."""
        statements = [_gained(now, interval), _lost(before, interval)]
        moved = self._directory.moved(interval.start.position, interval.end.position)
        if moved:
            statements.append(_taken_part_in_by(moved, interval))
        found: dict[int, int] = {}
        for condition, parameters in statements:
            found |= self._database.rows(
                "SELECT v.number, v.version_id FROM incident_version v"
                f" WHERE {condition} AND v.number > ? ORDER BY 1 LIMIT ?",
                [*parameters, after, CANDIDATES_AT_ONCE],
            )
        return sorted(found.items())[:CANDIDATES_AT_ONCE]

    def _compared(
        self,
        candidates: Sequence[tuple[int, int]],
        before: Selected,
        now: Selected,
        interval: Interval,
    ) -> Iterator[Difference]:
        incidents = self._database.rows(
            "SELECT number, incident FROM incident_version"
            " WHERE version_id IN (SELECT value FROM json_each(?)) ORDER BY number",
            (_json([version for _, version in candidates]),),
        )
        ids = _json([incident for _, incident in incidents])
        were, are = self._states(ids, before, interval.start), self._states(ids, now, interval.end)
        for number, incident in incidents:
            was, is_ = were.get(incident, _NOT_THERE), are.get(incident, _NOT_THERE)
            kind, entry = _kind(was, is_), is_.entry or was.entry
            if kind is not None and entry is not None:
                fields = changes(was.shown, is_.shown) if was.shown and is_.shown else ()
                yield Difference(number, kind, entry, is_.survivor, was.survivor, fields)

    def _states(self, incidents: str, selected: Selected, moment: Moment) -> dict[str, _State]:
        valid, at = _valid(moment)
        survivors = self._database.rows(
            "SELECT v.incident, v.survivor FROM json_each(?) i"
            f" CROSS JOIN incident_merged v ON v.incident = i.value WHERE {valid}",
            [incidents, *at],
        )
        states = {incident: _State(survivor=survivor) for incident, survivor in survivors}
        rows = self._database.rows(
            "SELECT v.incident, v.participants, v.entry FROM json_each(?) i"
            f" CROSS JOIN incident_version v ON v.incident = i.value WHERE {valid}",
            [incidents, *at],
        )
        epoch = self._directory.epoch(moment.position)
        for incident, key, head in rows:
            participants = self._directory.participants(key, epoch)
            shown = shown_by(
                head, ((each["actor"], each["role"]) for each in orjson.loads(participants))
            )
            recorded = {actor for actor, _ in orjson.loads(key)}
            states[incident] = _State(
                b'%b,"participants":%b}' % (head, participants),
                shown,
                _is_on(shown, recorded, selected),
            )
        return states


def _is_on(shown: Shown, actors: Set[str], selected: Selected) -> bool:
    """Whether the timeline selected shows an incident that stands, with these actors recorded for it."""
    wanted = selected.selection
    countries = {country["code"] for country in shown["countries"]}
    return (
        shown["status"] != Status.RETRACTED
        and (not wanted.types or shown["type"] in wanted.types)
        and (wanted.country is None or wanted.country in countries)
        and (not selected.actors or not actors.isdisjoint(selected.actors))
    )


def _kind(was: _State, is_: _State) -> Kind | None:
    """The word for how an incident differs; None where it does not, or was and is not on the timeline."""
    if was.is_on and is_.is_on:
        return Kind.CHANGED if was.shown != is_.shown else None
    if is_.is_on:
        if was.survivor is not None:
            return Kind.UNMERGED
        return Kind.REINSTATED if was.is_retracted else Kind.ADDED
    if was.is_on:
        if is_.survivor is not None:
            return Kind.MERGED
        return Kind.RETRACTED if is_.is_retracted else Kind.REMOVED
    return None


_Condition = tuple[str, list[Any]]
"""A condition on the version `v`, and its parameters."""

_POSITION, _REPORTED = ("from_position", "to_position"), ("reported_from", "reported_to")


def _valid(moment: Moment) -> _Condition:
    """That the version `v` is valid at a moment."""
    return (
        "v.from_position <= ? AND v.to_position > ? AND v.reported_from <= ? AND v.reported_to > ?",
        [*[moment.position] * 2, *[moment.reported_by] * 2],
    )


def _axes(interval: Interval) -> tuple[tuple[str, str], tuple[str, str], int, int, int]:
    """The bounds by the clock that differs and by the other, where it differs from and to, the other."""
    start, end = interval.start, interval.end
    if interval.is_of_reports:
        return _REPORTED, _POSITION, start.reported_by, end.reported_by, end.position
    return _POSITION, _REPORTED, start.position, end.position, end.reported_by


def _gained(selected: Selected, interval: Interval) -> _Condition:
    """The versions valid at the end and not at the start that may be on the timeline there."""
    (since, until), (other_since, other_until), first, last, other = _axes(interval)
    filters, parameters = _filters(selected)
    return (
        f"v.{since} > ? AND v.{since} <= ? AND v.{until} > ?"
        f" AND v.{other_since} <= ? AND v.{other_until} > ?{filters}",
        [first, last, last, other, other, *parameters],
    )


def _lost(selected: Selected, interval: Interval) -> _Condition:
    """The versions valid at the start and not at the end that may be on the timeline there."""
    (since, until), (other_since, other_until), first, last, other = _axes(interval)
    filters, parameters = _filters(selected)
    # The index of closed versions holds no others, and is used where the statement says so.
    closed = "" if interval.is_of_reports else f" AND v.to_position < {OPEN_POSITION}"
    return (
        f"v.{until} > ? AND v.{until} <= ? AND v.{since} <= ?{closed}"
        f" AND v.{other_since} <= ? AND v.{other_until} > ?{filters}",
        [first, last, first, other, other, *parameters],
    )


def _taken_part_in_by(actors: Sequence[str], interval: Interval) -> _Condition:
    """The versions valid at both moments in which any of these actors takes part."""
    (at_start, start), (at_end, end) = _valid(interval.start), _valid(interval.end)
    return (
        "v.version_id IN (SELECT version_id FROM actor_timeline"
        f" WHERE subject IN (SELECT value FROM json_each(?))) AND {at_start} AND {at_end}",
        [_json(actors), *start, *end],
    )


def _filters(selected: Selected) -> _Condition:
    """That the version `v` may be on the timeline. The sign keeps it from being what is looked up by."""
    country, types = selected.selection.country, selected.selection.types
    sql, parameters = "", []
    if types:
        sql += f" AND v.type IN ({','.join('?' * len(types))})"
        parameters += types
    for table, subjects in (
        ("country_timeline", (country,) if country else ()),
        ("actor_timeline", selected.actors),
    ):
        if subjects:
            sql += (
                f" AND +v.version_id IN (SELECT version_id FROM {table}"
                " WHERE subject IN (SELECT value FROM json_each(?)))"
            )
            parameters.append(_json(subjects))
    return sql, parameters


def _json(values: Sequence[object]) -> str:
    """Values as one parameter, which ``json_each`` makes rows of."""
    return orjson.dumps(values).decode()
