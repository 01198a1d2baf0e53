"""Replays: what a selection shows, step by step along one of the three clocks.

On the occurred clock every incident of a moment comes once, in the order of a timeline. On the other two
the moment is reached step by step, by what was published or recorded until then: an incident of which a
version is closed where another is opened has changed. Who actors are, and who belongs to whom, is as at the
moment all along: a replay ends with what a read shows.

Between two pages nothing is held but keys: no thread, no connection, and nothing that a rebuild changes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, groupby, islice
from typing import Literal

import orjson

from domain.dates import OPEN_PAST, day_number, day_of_instant, iso_of_day
from service.database import Database
from service.reading.clocks import Moment
from service.reading.directory import Directory
from service.reading.moments import Moments
from service.reading.selection import Selection
from service.reading.sweeps import KEY_WIDTH, OPENED, VERSIONS, Clock, Place, Sweep, Version

Change = Literal["added", "changed", "removed"]

PAGE = 200
"""Steps that are read and handed on together."""

SORTED_AT_ONCE = 50_000
"""Keys that are kept where no index has them in order: every look for more goes through all rows."""

_ALL = 2**61
"""Beyond the numbers of all incidents."""

_FIRST_DAY, _LAST_DAY = day_number(1, 1, 1), day_number(9999, 12, 31)
"""The days on which anything can be recorded: their dates sort as text."""


@dataclass(frozen=True, slots=True)
class Course:
    """Along which clock to go, and from which to which day of it; None leaves an end open."""

    clock: Clock = "occurred"
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Which step it is: its place on the clock, and the how manieth."""

    place: Place
    step: int


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of an incident at a point of the clock, and all that there is then.

    `day` is that of the clock; None: whenever before. `incident` is its entry, of one removed as it was
    shown last. It and `totals` are JSON.
    """

    mark: Mark
    day: int | None
    change: Change
    incident: bytes
    totals: bytes

    @property
    def json(self) -> bytes:
        """The step as a JSON object."""
        return b'{"step":%d,"date":%b,"change":"%b","incident":%b,"totals":%b}' % (
            self.mark.step,
            _date(self.day),
            self.change.encode(),
            self.incident,
            self.totals,
        )


@lru_cache(maxsize=1_024)
def _date(day: int | None) -> bytes:
    return orjson.dumps(None if day is None else iso_of_day(day))


class Totals:
    """How many incidents there are, and the sums of their figures by measure."""

    def __init__(self) -> None:
        self._incidents = 0
        self._sums: dict[str, list[int]] = {}

    def add(self, totals: bytes, times: int) -> None:
        """Count what an incident adds, so many times; a negative number takes it away."""
        self._incidents += times
        for measure, low, best, high in _parsed(totals):
            sums = self._sums.setdefault(measure, [0, 0, 0, 0])
            sums[0] += times
            sums[1] += times * low
            sums[2] += times * best
            sums[3] += times * high
            if not sums[0]:
                del self._sums[measure]

    @property
    def json(self) -> bytes:
        """The totals as JSON, measures by name."""
        figures = {
            measure: {"low": low, "best": best, "high": high}
            for measure, (_, low, best, high) in sorted(self._sums.items())
        }
        return orjson.dumps({"incidents": self._incidents, "figures": figures})


@lru_cache(maxsize=10_000)
def _parsed(totals: bytes) -> tuple[tuple[str, int, int, int], ...]:
    return tuple((measure, *sums) for measure, sums in orjson.loads(totals).items())


class Replay:
    """One playing of a sweep, from its beginning or from after a step; it goes on once.

    What is there before counts in the totals. `steps` is how many were taken so far.
    """

    def __init__(
        self, database: Database, directory: Directory, sweep: Sweep, after: Mark | None
    ) -> None:
        self._database, self._directory, self._sweep = database, directory, sweep
        self._begun = after.place if after else None
        self.steps = after.step if after else 0
        self._totals = Totals()

    @property
    def moment(self) -> Moment:
        """The moment that it ends at."""
        return self._sweep.moment

    @property
    def end(self) -> bytes:
        """What is said after the last step: where that was, and all that there is then, as JSON."""
        said = orjson.dumps({"end": True, **self.moment.fields, "steps": self.steps})
        return b'%b,"totals":%b}' % (said[:-1], self._totals.json)

    def pages(self) -> Iterator[list[Step]]:
        """The steps, as many at a time as are read together."""
        if self._begun:
            for totals, times in self._database.rows(*self._sweep.sums_at(self._begun)):
                self._totals.add(totals, times)
        steps = self._steps()
        while page := list(islice(steps, PAGE)):
            yield page

    def _steps(self) -> Iterator[Step]:
        for _, pair in groupby(self._versions(), key=lambda version: version[:2]):
            versions = list(pair)
            changed = len(versions) == 2
            if changed and versions[0][3:] == versions[1][3:]:
                continue  # a record that counts from a later day closes it, and opens it alike
            for version in versions:
                self._totals.add(version.totals, version.sign)
            self.steps += 1
            yield self._step(versions[-1], changed=changed)

    def _step(self, shown: Version, *, changed: bool) -> Step:
        entry = self._directory.entries_at(self.moment.position)
        return Step(
            Mark(Place(shown.point, shown.number), self.steps),
            self._day(shown),
            "changed" if changed else "added" if shown.sign == OPENED else "removed",
            entry(shown.entry, shown.participants),
            self._totals.json,
        )

    def _day(self, version: Version) -> int | None:
        if self._sweep.clock == "recorded":
            return day_of_instant(version.recorded_at)
        return None if version.point == OPEN_PAST else version.point

    def _versions(self) -> Iterator[Version]:
        place = self._begun
        while keys := self._keys_after(place):
            for at in range(0, len(keys), PAGE * KEY_WIDTH):
                numbers = [iter(keys[at : at + PAGE * KEY_WIDTH])] * KEY_WIDTH
                wanted = orjson.dumps(list(zip(*numbers, strict=True)))
                yield from map(Version._make, self._database.rows(VERSIONS, (wanted,)))
            place = Place(keys[-KEY_WIDTH], keys[1 - KEY_WIDTH])

    def _keys_after(self, place: Place | None) -> array[int]:
        """The next keys, one after the other; none after the last."""
        limit = PAGE if self._sweep.is_indexed else SORTED_AT_ONCE
        rows = self._database.rows(*self._sweep.keys_after(place, limit + 1))
        if len(rows) > limit:
            # What is closed and opened of an incident at a point is not parted.
            parted = rows[limit][:2]
            while rows[-1][:2] == parted:
                rows.pop()
        return array("q", chain.from_iterable(rows))


class Replays:
    """Replays of the generation of rows that is in use."""

    def __init__(self, database: Database, directory: Directory, moments: Moments) -> None:
        self._database, self._directory, self._moments = database, directory, moments

    def begin(
        self, selection: Selection, moment: Moment, course: Course, after: Mark | None = None
    ) -> Replay:
        """A replay of what a selection shows at a moment, from its beginning or from after a step.

        It ends at the moment, or earlier: with the last day of its course.
        """
        before = None if course.since is None else course.since - 1
        end = course.until
        if course.clock == "reported":
            end = moment.reported_by if end is None else min(end, moment.reported_by)
            moment = replace(moment, reported_by=end)
        if course.clock == "recorded":
            before = None if before is None else self._position_on(before)
            end = moment.position if end is None else min(self._position_on(end), moment.position)
            moment = self._moments.at(end, None, moment.reported_by)
        if before is not None and after is None:
            after = Mark(Place(before, _ALL), 0)
        sweep = Sweep(self._directory.selected(selection, moment), moment, course.clock, end)
        return Replay(self._database, self._directory, sweep, after)

    def _position_on(self, day: int) -> int:
        """The position that the log had reached by the end of a day."""
        written = iso_of_day(max(_FIRST_DAY, min(day, _LAST_DAY)))
        return self._moments.at(None, f"{written}T23:59:59.999999Z").position
