"""Actors' names as they were at a position, and the participants that are shown by them.

Names change on the recorded clock alone. The directory keeps every name an actor has had, with the
position from which it counts, and follows the projection; rendering is cached for each pair of
participants and count of namings by then, of which there are few.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from functools import lru_cache

import orjson

from service.database import Database


class Directory:
    """The names of all actors at all positions, read as far as they are needed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._names: dict[str, tuple[list[int], list[str]]] = {}
        self._positions: list[int] = []
        self._read_to = 0
        self._render = lru_cache(maxsize=50_000)(self._rendered)

    def epoch(self, position: int) -> int:
        """How many namings count at a position: what `participants` needs to know of it."""
        if position > self._read_to:
            self._follow(position)
        return bisect_right(self._positions, position)

    def participants(self, key: bytes, epoch: int) -> bytes:
        """The JSON list of participants, for a row's pairs of actor and role."""
        return self._render(key, epoch)

    def _rendered(self, key: bytes, epoch: int) -> bytes:
        position = self._positions[epoch - 1] if epoch else 0
        return orjson.dumps(
            [
                {"actor": actor, "name": self._name(actor, position), "role": role}
                for actor, role in orjson.loads(key)
            ]
        )

    def _name(self, actor: str, position: int) -> str:
        positions, names = self._names[actor]
        return names[bisect_right(positions, position) - 1]

    def _follow(self, position: int) -> None:
        with self._lock:
            rows = self._database.rows(
                "SELECT from_position, actor, name FROM actor_version"
                " WHERE from_position > ? AND from_position <= ? ORDER BY from_position",
                (self._read_to, position),
            )
            for from_position, actor, name in rows:
                positions, names = self._names.setdefault(actor, ([], []))
                positions.append(from_position)
                names.append(name)
                self._positions.append(from_position)
            self._read_to = max(self._read_to, position)
