"""Version rows: what an incident was at every pair of a log position and a reported day.

A version is valid for positions ``[from_position, to_position)`` and reported days
``[reported_from, reported_to)``. The rectangles of one incident never overlap, so a read at (P, D) finds
one of them or none. A record at position p that counts from day d changes nothing below p, and nothing
before d: it closes the open rectangles, of each incident that it touches, that reach beyond d, and opens
new ones from p on. Incidents that were ever merged are followed together; which rows an incident gets does
not depend on who is followed with it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.incidents import NONE, Incident, Incidents, evolve, reported_day, standing, survivor
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

    @property
    def stream(self) -> UUID:
        """Whose rectangle it is."""
        return self.incident.stream


@dataclass(frozen=True, slots=True)
class Merged:
    """The rectangle of positions and reported days in which an incident is merged, and into which."""

    from_position: int
    to_position: int
    reported_from: int
    reported_to: int
    stream: UUID
    survivor: UUID


@dataclass(frozen=True, slots=True)
class Closing:
    """From this position on, an incident's open rectangles that reach beyond a reported day are closed."""

    stream: UUID
    position: int
    beyond: int

    def applies_to(self, rectangle: Version | Merged) -> bool:
        """Whether this closes a rectangle."""
        return (
            rectangle.stream == self.stream
            and rectangle.to_position == OPEN_POSITION
            and rectangle.reported_to > self.beyond
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What records do to the stored rectangles of their incidents, and those that they add.

    `closed` are the stored versions that the closings are of, as they are after it.
    """

    closings: tuple[Closing, ...]
    versions: tuple[Version, ...]
    merged: tuple[Merged, ...] = ()
    closed: tuple[Version, ...] = ()


def change(
    earlier: Sequence[Recorded[IncidentRecord]], new: Sequence[Recorded[IncidentRecord]]
) -> Change:
    """What new records do, given those that the stored rectangles came from, all in log order.

    They are the records of one incident, or of all that were ever merged with each other.
    """
    if not earlier and len(new) == 1:
        return _alone(new[0])
    history = _History()
    for recorded in earlier:
        history.take(recorded)
    history.forget_rectangles()
    for recorded in new:
        history.take(recorded)
    closings = tuple(history.closings) if earlier else ()
    return Change(closings, tuple(history.versions), tuple(history.merged), tuple(history.closed))


def _alone(recorded: Recorded[IncidentRecord]) -> Change:
    """What the only record of an incident does: a short way, for there are many."""
    incident = evolve(NONE, recorded)[recorded.stream]
    if not incident.accounts:
        return Change((), ())
    day = reported_day(recorded.record)
    return Change((), (Version(recorded.position, OPEN_POSITION, day, OPEN_FUTURE, incident),))


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a moment shows of an incident: itself, whom it is merged into, or nothing yet."""

    incident: Incident | None = None
    survivor: UUID | None = None


_NOTHING = _Shown()


@dataclass(slots=True)
class _Segment:
    """Reported days from `start` up to the next segment's, and the incidents as they show them."""

    start: int
    incidents: Incidents
    shown: dict[UUID, _Shown]


@dataclass(slots=True)
class _Rows:
    """The open rows of one incident: the days they start on, and what each shows."""

    starts: list[int] = field(default_factory=lambda: [OPEN_PAST])
    shown: list[_Shown] = field(default_factory=lambda: [_NOTHING])


class _History:
    """Incidents followed through the log, in every segment of reported days at once."""

    def __init__(self) -> None:
        self._segments = [_Segment(OPEN_PAST, NONE, {})]
        self._rows: dict[UUID, _Rows] = {}
        self.closings: list[Closing] = []
        self.versions: list[Version] = []
        self.merged: list[Merged] = []
        self.closed: list[Version] = []
        self._stored: list[Version] = []

    def forget_rectangles(self) -> None:
        """Leave out what was stored before, but for what can still be closed."""
        self._stored = [each for each in self.versions if each.to_position == OPEN_POSITION]
        self.closings, self.versions, self.merged = [], [], []

    def take(self, recorded: Recorded[IncidentRecord]) -> None:
        """Let a record act on every segment from its day on."""
        day, position = reported_day(recorded.record), recorded.position
        acted_on = self._segments[self._cut(day) :]
        changed: dict[UUID, None] = {}
        for segment in acted_on:
            before = segment.shown
            segment.incidents = evolve(segment.incidents, recorded)
            segment.shown = after = _shown(segment.incidents)
            # Also of incidents that it does not touch: those merged into one that it merges are another's.
            changed |= {
                stream: None for stream in before | after if before.get(stream) != after.get(stream)
            }
        for stream in changed:
            self._reopen(stream, day, position, acted_on)

    def _cut(self, day: int) -> int:
        """The index of the segment that starts on a day; one that the day is within is cut in two."""
        at = bisect_left(self._segments, day, key=lambda segment: segment.start)
        if at == len(self._segments) or self._segments[at].start != day:
            before = self._segments[at - 1]
            self._segments.insert(at, _Segment(day, before.incidents, before.shown))
        return at

    def _reopen(self, stream: UUID, day: int, position: int, acted_on: Iterable[_Segment]) -> None:
        rows = self._rows.setdefault(stream, _Rows())
        # The row that the day is within is closed as a whole: its first part opens again unchanged.
        at = bisect_right(rows.starts, day) - 1
        if any(shown is not _NOTHING for shown in rows.shown[at:]):
            self._close(Closing(stream, position, day))
        if rows.starts[at] < day:
            at += 1
            opened_at = at - 1
        else:
            opened_at = at
        del rows.starts[at:], rows.shown[at:]
        for segment in acted_on:
            shown = segment.shown.get(stream, _NOTHING)
            if len(rows.shown) == at or shown != rows.shown[-1]:
                rows.starts.append(segment.start)
                rows.shown.append(shown)
        ends = [*rows.starts[1:], OPEN_FUTURE]
        for start, end, shown in list(zip(rows.starts, ends, rows.shown, strict=True))[opened_at:]:
            if shown.incident is not None:
                self.versions.append(Version(position, OPEN_POSITION, start, end, shown.incident))
            elif shown.survivor is not None:
                self.merged.append(
                    Merged(position, OPEN_POSITION, start, end, stream, shown.survivor)
                )

    def _close(self, closing: Closing) -> None:
        self.closings.append(closing)
        still_open = [each for each in self._stored if not closing.applies_to(each)]
        self.closed += _closed((each for each in self._stored if closing.applies_to(each)), closing)
        self._stored = still_open
        self.versions = list(_closed(self.versions, closing))
        self.merged = list(_closed(self.merged, closing))


R = TypeVar("R", Version, Merged)


def _closed(rectangles: Iterable[R], closing: Closing) -> Iterator[R]:
    """The rectangles, those closed that a closing is of."""
    for each in rectangles:
        yield replace(each, to_position=closing.position) if closing.applies_to(each) else each


def _shown(incidents: Incidents) -> dict[UUID, _Shown]:
    shown = {incident.stream: _Shown(incident) for incident in standing(incidents)}
    if len(incidents) > 1:
        for stream in incidents:
            other = survivor(incidents, stream)
            if other != stream and incidents[stream].accounts and other in shown:
                shown[stream] = _Shown(survivor=other)
    return shown
