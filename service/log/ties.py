"""Ties: which incidents were ever merged with which, whatever still stands of a merge.

They are folded together. Kept in memory, for merges are few beside incidents, and read on from the log
whenever they are asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from domain.records import IncidentMerged, Recorded


class Ties:
    """The incidents that merges have tied together."""

    def __init__(self, merges: Callable[[int], Sequence[Recorded[IncidentMerged]]]) -> None:
        self._merges = merges
        self._lock = threading.Lock()
        self._read_to = 0
        self._groups: dict[UUID, set[UUID]] = {}

    def last(self) -> int:
        """The position of the last merge; 0 if there is none."""
        self.of(())
        return self._read_to

    def of(self, streams: Collection[UUID]) -> Mapping[UUID, Collection[UUID]]:
        """The incidents tied to each of these, itself included; one that is tied to none is left out."""
        with self._lock:
            for merge in self._merges(self._read_to):
                self._tie(merge.stream, merge.record.into)
                self._read_to = merge.position
            return {
                stream: tuple(sorted(self._groups[stream]))
                for stream in streams
                if stream in self._groups
            }

    def _tie(self, one: UUID, other: UUID) -> None:
        group = self._groups.get(one, {one}) | self._groups.get(other, {other})
        for stream in group:
            self._groups[stream] = group
