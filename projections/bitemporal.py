"""Version rows: what an incident was at every pair of a log position and a reported day.

A version is valid for positions ``[from_position, to_position)`` and reported days
``[reported_from, reported_to)``. The rectangles of one incident never overlap, so a read at (P, D) finds
one of them or none. A record at position p that counts from day d changes nothing below p, and
nothing before d: it closes the open rectangles that reach beyond d, and opens new ones from p on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.incidents import Incident, evolve, reported_day
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


@dataclass(slots=True)
class _Segment:
    """Reported days from `start` up to the next segment's, and the incident as they show it."""

    start: int
    incident: Incident | None


def change(
    earlier: Sequence[Recorded[IncidentRecord]], new: Sequence[Recorded[IncidentRecord]]
) -> Change:
    """What the new records of one incident do, given those that the stored versions came from."""
    segments = [_Segment(OPEN_PAST, None)]
    for recorded in earlier:
        _take(segments, recorded)
    closings: list[Closing] = []
    versions: list[Version] = []
    for recorded in new:
        if segments[-1].incident:
            closing = Closing(recorded.position, reported_day(recorded.record))
            closings.append(closing)
            versions = [
                replace(v, to_position=closing.position) if closing.applies_to(v) else v
                for v in versions
            ]
        versions += _opened(segments, _take(segments, recorded), recorded.position)
    return Change(tuple(closings) if earlier else (), tuple(versions))


def _take(segments: list[_Segment], recorded: Recorded[IncidentRecord]) -> int:
    """Let a record act on every segment from its day on; the first segment that opens anew.

    The segment that the day cuts in two is closed as a whole: its first part opens again unchanged.
    """
    day = reported_day(recorded.record)
    at = bisect_left(segments, day, key=lambda segment: segment.start)
    cut = at == len(segments) or segments[at].start != day
    if cut:
        segments.insert(at, _Segment(day, segments[at - 1].incident))
    for segment in segments[at:]:
        segment.incident = evolve(segment.incident, recorded)
    return at - 1 if cut else at


def _opened(segments: Sequence[_Segment], first: int, position: int) -> list[Version]:
    ends = [segment.start for segment in segments[first + 1 :]] + [OPEN_FUTURE]
    return [
        Version(position, OPEN_POSITION, segment.start, end, segment.incident)
        for segment, end in zip(segments[first:], ends, strict=True)
        if segment.incident is not None
    ]
