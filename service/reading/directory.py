"""Who actors were at a position: their names, whom they were merged into, and who belonged to whom.

All of it follows the recorded clock alone. The directory keeps every name and merge that an actor has had,
with the position from which it counts, and follows the projection; rendered participants are cached for
each count of changes by then, of which there are few.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import orjson

from service.database import Database
from service.reading.selection import Share


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

    def epoch(self, position: int) -> int:
        """How many changes count at a position: what `participants` needs to know of it."""
        if position > self._read_to:
            self._follow(position)
        return bisect_right(self._positions, position)

    def participants(self, key: bytes, epoch: int) -> bytes:
        """The JSON list of participants, for a row's pairs of actor and role."""
        return self._render(key, epoch)

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
        itself = [Share(slug), *map(Share, self.merged(slug, position))]
        if not members:
            return tuple(itself)
        found = dict.fromkeys(itself)
        looked_at = list(itself)
        while looked_at:
            parent = looked_at.pop()
            for member in self._members(parent, position):
                if not any(_covers(share, member) for share in found):
                    found[member] = None
                    looked_at.append(member)
        return tuple(found)

    def _members(self, parent: Share, position: int) -> Iterator[Share]:
        rows = self._database.rows(
            "SELECT actor, since, until FROM actor_affiliation"
            " WHERE parent = ? AND from_position <= ? AND to_position > ?",
            (parent.id, position, position),
        )
        for actor, since, until in rows:
            first, last = max(since, parent.since), min(until, parent.until)
            survivor = self.survivor(actor, position)
            if first <= last:
                for slug in (survivor, *self.merged(survivor, position)):
                    yield Share(slug, first, last)

    def _rendered(self, key: bytes, epoch: int) -> bytes:
        position = self._positions[epoch - 1] if epoch else 0
        shown = {
            (slug := self.survivor(actor, position), role): self._at(slug, position)[0]
            for actor, role in orjson.loads(key)
        }
        return orjson.dumps(
            [{"actor": actor, "name": name, "role": role} for (actor, role), name in shown.items()]
        )

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


def _covers(share: Share, other: Share) -> bool:
    return share.id == other.id and share.since <= other.since and share.until >= other.until
