"""What has changed on a timeline between two moments, incident by incident.

An incident is on a timeline at a moment where it stands there: it is not merged into another, not
retracted, and of the country, actor and types that are asked for. `Kind` has a word for each way in which
that, or its entry, can differ; an incident has one of them or is left out. So the entries at the first
moment, with what is added, changed and taken away, are those at the second, but for actors' names.

Candidates are the incidents with a version that is valid at the one moment and not at the other, found by
the bounds of versions in their indexes; and, as merges of actors alter who takes part without a version,
those of the actors for whom another stands, or who came to or left this timeline. Only these are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

import orjson

from domain.vocabulary import Status
from service.database import Database
from service.reading.changes import FieldChange, Shown, changes, shown_by
from service.reading.clocks import Moment
from service.reading.difference_statements import (
    Condition,
    Interval,
    as_json_rows,
    gained,
    lost,
    taken_part_in_by,
    valid,
)
from service.reading.directory import Directory
from service.reading.selection import Selected, Selection

CANDIDATES_AT_ONCE = 20_000
"""Candidates that one statement finds: all of them, as a rule, for it goes through all each time."""

COMPARED_AT_ONCE = 100
"""Candidates whose entries are read together."""


class Kind(StrEnum):
    """How an incident differs between two moments; the first that applies."""

    ADDED = "added"  # it is on the timeline; it was not there, or not on this timeline
    CHANGED = "changed"  # on the timeline at both; touched by records, or its actors were merged
    RETRACTED = "retracted"  # was on the timeline, and is retracted
    REINSTATED = "reinstated"  # was retracted, and is on the timeline
    MERGED = "merged"  # was on the timeline, and its accounts are another's
    UNMERGED = "unmerged"  # its accounts were another's, and it is on the timeline
    REMOVED = "removed"  # was on the timeline; it is no longer there, or not on this timeline


@dataclass(frozen=True, slots=True)
class Difference:
    """How an incident differs between two moments.

    The entry is the later moment's, or the earlier one's where it does not stand by then. `into` and
    `out_of` are the incidents that it is, and was, merged into. `fields` are compared where it stands at
    both moments, whether or not on this timeline.
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


_Row = tuple[bytes | None, bytes | None, str | None]
"""The keys of participants and the head of the entry, where it stands; the survivor, where it is merged."""

_NOTHING: _Row = (None, None, None)


class Differences:
    """Differences between the moments of the generation of rows that is in use."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory

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
        start, end = interval.start, interval.end
        before, now = (self._directory.selected(selection, each) for each in (start, end))
        conditions = [gained(now, interval), lost(before, interval)]
        moved = {*self._directory.moved(start.position, end.position)}
        moved |= {*before.actors} ^ {*now.actors}
        if moved:
            conditions.append(taken_part_in_by(moved, interval))
        for versions in self._candidates(conditions, after):
            incidents = self._database.rows(
                "SELECT v.number, v.incident FROM json_each(?) c"
                " CROSS JOIN incident_version v ON v.version_id = c.value ORDER BY c.key",
                (as_json_rows(versions),),
            )
            ids = as_json_rows([incident for _, incident in incidents])
            were, are = self._rows(ids, start), self._rows(ids, end)
            for number, incident in incidents:
                was, is_ = were.get(incident, _NOTHING), are.get(incident, _NOTHING)
                # A version may be closed and opened again unchanged, for the sake of later reports.
                if was != is_ or moved:
                    difference = _difference(
                        number, self._state(was, before, start), self._state(is_, now, end)
                    )
                    if difference is not None:
                        yield difference

    def _candidates(self, conditions: Sequence[Condition], after: int) -> Iterator[list[int]]:
        """A version of each candidate, by incident number beyond `after`, some at a time."""
        more = True
        while more:
            found: dict[int, int] = {}
            for condition, parameters in conditions:
                found |= self._database.rows(
                    "SELECT v.number, v.version_id FROM incident_version v"
                    f" WHERE {condition} AND v.number > ? ORDER BY 1 LIMIT ?",
                    [*parameters, after, CANDIDATES_AT_ONCE],
                )
            # Of all of them together, so many are the first; beyond, one statement may lack some.
            candidates = sorted(found.items())[:CANDIDATES_AT_ONCE]
            for first in range(0, len(candidates), COMPARED_AT_ONCE):
                yield [version for _, version in candidates[first : first + COMPARED_AT_ONCE]]
            if more := len(candidates) == CANDIDATES_AT_ONCE:
                after = candidates[-1][0]

    def _rows(self, incidents: str, moment: Moment) -> dict[str, _Row]:
        """What is stored of incidents at a moment."""
        is_valid, at = valid(moment)
        rows = self._database.rows(
            "SELECT v.incident, v.participants, v.entry, NULL FROM json_each(?) i"
            f" CROSS JOIN incident_version v ON v.incident = i.value WHERE {is_valid} UNION ALL"
            " SELECT v.incident, NULL, NULL, v.survivor FROM json_each(?) i"
            f" CROSS JOIN incident_merged v ON v.incident = i.value WHERE {is_valid}",
            [incidents, *at, incidents, *at],
        )
        return {incident: (key, head, survivor) for incident, key, head, survivor in rows}

    def _state(self, row: _Row, selected: Selected, moment: Moment) -> _State:
        key, head, survivor = row
        if key is None or head is None:
            return _State(survivor=survivor)
        participants = self._directory.participants(key, self._directory.epoch(moment.position))
        shown = shown_by(
            head, ((each["actor"], each["role"]) for each in orjson.loads(participants))
        )
        recorded = {actor for actor, _ in orjson.loads(key)}
        return _State(
            b'%b,"participants":%b}' % (head, participants),
            shown,
            _is_on(shown, recorded, selected),
        )


def _difference(number: int, was: _State, is_: _State) -> Difference | None:
    kind, entry = _kind(was, is_), is_.entry or was.entry
    if kind is None or entry is None:
        return None
    fields = changes(was.shown, is_.shown) if was.shown and is_.shown else ()
    return Difference(number, kind, entry, is_.survivor, was.survivor, fields)


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
