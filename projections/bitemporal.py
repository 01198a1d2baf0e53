"""Version rows: what an incident was at every pair of a log position and a reported day.

A version is valid for positions ``[from_position, to_position)`` and reported days
``[reported_from, reported_to)``. The rectangles of one incident never overlap, so a read at (P, D) finds
one of them or none. A record at position p that counts from day d changes nothing below p, and
nothing before d: it closes the open rectangles that reach beyond d, and opens new ones from p on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from domain.dates import OPEN_FUTURE
from domain.incidents import Incident, incident_at, reported_day
from domain.records import IncidentRecord, Recorded

OPEN_POSITION = 2**62
"""The `to_position` of a version that no later record has closed."""


@dataclass(frozen=True, slots=True)
class Version:
    """An incident, and the rectangle of positions and reported days in which it is shown so."""

    from_position: int
    to_position: int
    reported_from: int
    reported_to: int
    incident: Incident


@dataclass(frozen=True, slots=True)
class Closing:
    """From this position on, open versions that reach beyond this reported day are closed."""

    position: int
    beyond: int

    def applies_to(self, version: Version) -> bool:
        """Whether this closes the version."""
        return version.to_position == OPEN_POSITION and version.reported_to > self.beyond


@dataclass(frozen=True, slots=True)
class Change:
    """What records do to the versions of their incident that are stored, and the versions they add."""

    closings: tuple[Closing, ...]
    versions: tuple[Version, ...]


def change(
    earlier: Sequence[Recorded[IncidentRecord]], new: Sequence[Recorded[IncidentRecord]]
) -> Change:
    """What the new records of one incident do, given those that the stored versions came from."""
    history = list(earlier)
    closings: list[Closing] = []
    versions: list[Version] = []
    for recorded in new:
        if history:
            closing = Closing(recorded.position, reported_day(recorded.record))
            closings.append(closing)
            versions = [
                replace(v, to_position=closing.position) if closing.applies_to(v) else v
                for v in versions
            ]
        history.append(recorded)
        versions += _opened_by_last(history)
    return Change(tuple(closings) if earlier else (), tuple(versions))


def _opened_by_last(history: Sequence[Recorded[IncidentRecord]]) -> list[Version]:
    position, day = history[-1].position, reported_day(history[-1].record)
    earlier = {reported_day(recorded.record) for recorded in history[:-1]}
    days = sorted({day, *earlier, OPEN_FUTURE})
    opened = []
    for start, end in pairwise(days):
        # The segment that `day` cuts in two is closed as a whole: its first part opens again unchanged.
        if start >= day or (end == day and day not in earlier):
            incident = incident_at(history, position, start)
            if incident is not None:
                opened.append(Version(position, OPEN_POSITION, start, end, incident))
    return opened
