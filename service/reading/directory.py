"""Who actors were at a position: their names, whom they were merged into, and who belonged to whom.

All of it follows the recorded clock alone. The directory keeps every name and merge that an actor has had,
with the position from which it counts, and follows the projection; rendered participants are cached for
each count of changes by then, of which there are few.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import orjson

from projections import csv
from service.database import Database
from service.reading.clocks import Moment
from service.reading.selection import Selected, Selection, Share

LARGE = 1_000
"""Bytes of a key from which on what is rendered of it is not kept: the participants of 30 or so."""


@dataclass(frozen=True, slots=True)
class _Actor:
    positions: list[int]
    names: list[str]
    merged_into: list[str | None]


class Directory:
    """The names and merges of all actors at all positions, read as far as they are needed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._actors: dict[str, _Actor] = {}
        self._ever_merged_into: dict[str, set[str]] = {}
        self._positions: list[int] = []
        self._read_to = 0
        self._render = lru_cache(maxsize=50_000)(self._rendered)
        self._cells = lru_cache(maxsize=2)(self._cells_in)

    def epoch(self, position: int) -> int:
        """How many changes count at a position: what `participants` needs to know of it."""
        if position > self._read_to:
            self._follow(position)
        return bisect_right(self._positions, position)

    def participants(self, key: bytes, epoch: int) -> bytes:
        """The JSON list of participants, for a row's pairs of actor and role."""
        return self._render(key, epoch) if len(key) < LARGE else self._rendered(key, epoch)

    def entries_at(self, position: int) -> Callable[[bytes, bytes], bytes]:
        """What joins the head of an entry and the key of its participants, as they were at a position."""
        epoch = self.epoch(position)

        def entry(head: bytes, key: bytes) -> bytes:
            return b'%b,"participants":%b}' % (head, self.participants(key, epoch))

        return entry

    def cells_at(self, position: int) -> Callable[[bytes], str]:
        """What writes the cells of participants in CSV, given their key, as they were at a position."""
        return self._cells(self.epoch(position))

    def survivor(self, slug: str, position: int) -> str:
        """The actor that stands for one at a position: itself, unless it is merged into another."""
        self.epoch(position)
        seen = {slug}
        while (into := self._at(slug, position)[1]) is not None and into not in seen:
            slug = into
            seen.add(slug)
        return slug

    def name(self, slug: str, position: int) -> str:
        """The name that an actor has at a position."""
        self.epoch(position)
        return self._at(slug, position)[0]

    def merged(self, slug: str, position: int) -> tuple[str, ...]:
        """The actors that one stands for at a position, besides itself."""
        self.epoch(position)
        found: set[str] = set()
        looked_at = [slug]
        while looked_at:
            for other in self._ever_merged_into.get(looked_at.pop(), ()):
                if other not in found and self.survivor(other, position) == slug:
                    found.add(other)
                    looked_at.append(other)
        return tuple(sorted(found - {slug}))

    def ever_one(self, slug: str, position: int) -> frozenset[str]:
        """All actors that one was ever merged with by a position, itself included."""
        self.epoch(position)
        found, looked_at = {slug}, [slug]
        while looked_at:
            each = looked_at.pop()
            merged = {
                other
                for other in self._ever_merged_into.get(each, ())
                if each in self._ever_into(other, position)
            }
            new = (merged | self._ever_into(each, position)) - found
            found |= new
            looked_at += new
        return frozenset(found)

    def _ever_into(self, slug: str, position: int) -> set[str]:
        """The actors that one was merged into by a position, at any time."""
        actor = self._actors.get(slug)
        if actor is None:
            return set()
        count = bisect_right(actor.positions, position)
        return {into for into in actor.merged_into[:count] if into is not None}

    def moved(self, position: int, later: int) -> tuple[str, ...]:
        """The actors for whom another one stands at a later position than at an earlier one."""
        self.epoch(later)
        with self._lock:
            ever_merged = set[str]().union(*self._ever_merged_into.values())
        return tuple(
            sorted(
                slug
                for slug in ever_merged
                if self.survivor(slug, position) != self.survivor(slug, later)
            )
        )

    def shares(self, slug: str, position: int, *, members: bool = False) -> tuple[Share, ...]:
        """Whose incidents are on an actor's timeline at a position: its own, of those merged into it, and,
        if wanted, of its members (and theirs) while they were."""
        shares = _Shares()
        for each in (slug, *self.merged(slug, position)):
            looked_at = shares.add(Share(each))
            while members and looked_at:
                for member in self._members(looked_at.pop(), position):
                    looked_at += shares.add(member)
        return shares.all()

    def selected(self, selection: Selection, moment: Moment) -> Selected:
        """A selection, with whoever stands for its actors, or belongs to them, at the moment."""
        subject, position = selection.subject, moment.position
        shares: tuple[Share, ...] = ()
        if subject is not None and subject.kind == "actor":
            survivor = self.survivor(subject.id, position)
            shares = self.shares(survivor, position, members=selection.members)
        elif subject is not None:
            shares = (Share(subject.id),)
        also: tuple[str, ...] = ()
        if selection.actor:
            survivor = self.survivor(selection.actor, position)
            also = (survivor, *self.merged(survivor, position))
        return Selected(selection, shares, also)

    def _members(self, parent: Share, position: int) -> Iterator[Share]:
        rows = self._database.rows(
            "SELECT actor, since, until FROM actor_affiliation"
            " WHERE parent = ? AND from_position <= ? AND to_position > ?"
            " AND since <= ? AND until >= ?",
            (parent.id, position, position, parent.until, parent.since),
        )
        for actor, since, until in rows:
            first, last = max(since, parent.since), min(until, parent.until)
            survivor = self.survivor(actor, position)
            for slug in (survivor, *self.merged(survivor, position)):
                yield Share(slug, first, last)

    def _rendered(self, key: bytes, epoch: int) -> bytes:
        return orjson.dumps(self._shown(key, epoch))

    def _cells_in(self, epoch: int) -> Callable[[bytes], str]:
        def written(key: bytes) -> str:
            return csv.participants(self._shown(key, epoch))

        kept = lru_cache(maxsize=4_000)(written)
        return lambda key: kept(key) if len(key) < LARGE else written(key)

    def _shown(self, key: bytes, epoch: int) -> list[dict[str, str]]:
        position = self._positions[epoch - 1] if epoch else 0
        shown = {
            (slug := self.survivor(actor, position), role): self._at(slug, position)[0]
            for actor, role in orjson.loads(key)
        }
        return [
            {"actor": actor, "name": name, "role": role} for (actor, role), name in shown.items()
        ]

    def _at(self, slug: str, position: int) -> tuple[str, str | None]:
        actor = self._actors.get(slug)
        at = bisect_right(actor.positions, position) - 1 if actor else -1
        return (slug, None) if actor is None or at < 0 else (actor.names[at], actor.merged_into[at])

    def _follow(self, position: int) -> None:
        with self._lock:
            rows = self._database.rows(
                "SELECT from_position, actor, name, merged_into FROM actor_version"
                " WHERE from_position > ? AND from_position <= ? ORDER BY from_position",
                (self._read_to, position),
            )
            for from_position, slug, name, merged_into in rows:
                actor = self._actors.setdefault(slug, _Actor([], [], []))
                actor.names.append(name)
                actor.merged_into.append(merged_into)
                actor.positions.append(from_position)  # the last: others read by it
                if merged_into is not None:
                    self._ever_merged_into.setdefault(merged_into, set()).add(slug)
                self._positions.append(from_position)
            self._read_to = max(self._read_to, position)


class _Shares:
    """Whose incidents, in which days: the days of one actor never overlap or touch."""

    def __init__(self) -> None:
        self._days: dict[str, list[tuple[int, int]]] = {}

    def add(self, share: Share) -> list[Share]:
        """Add days of an actor; those that were not there before."""
        known = self._days.get(share.id, [])
        new, since = [], share.since
        for first, last in known:
            if since < first and since <= share.until:
                new.append(Share(share.id, since, min(share.until, first - 1)))
            since = max(since, last + 1)
        if since <= share.until:
            new.append(Share(share.id, since, share.until))
        if new:
            joined: list[tuple[int, int]] = []
            for first, last in sorted([*known, (share.since, share.until)]):
                if joined and first <= joined[-1][1] + 1:
                    joined[-1] = joined[-1][0], max(joined[-1][1], last)
                else:
                    joined.append((first, last))
            self._days[share.id] = joined
        return new

    def all(self) -> tuple[Share, ...]:
        """All of them, in the order in which actors came."""
        return tuple(
            Share(actor, first, last) for actor, days in self._days.items() for first, last in days
        )
