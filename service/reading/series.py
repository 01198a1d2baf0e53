"""Series: how many incidents, or the sums of a figure, period after period, at any moment.

An incident is not of a day but of a span of days. `possible` counts it in every period that its span
reaches into, `certain` in the one that its span lies within, and in none where it reaches across a border:
the truth of a period lies between the two. A period that reaches beyond the window counts what the window
has of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import accumulate
from typing import Any

import orjson

from domain.countries import COUNTRIES
from domain.dates import OPEN_FUTURE, OPEN_PAST, iso_of_day
from domain.periods import MONTHS, Interval, first_day, name_of_period, period_of_day
from service.database import Database
from service.reading.clocks import Moment
from service.reading.directory import Directory
from service.reading.selection import Selected, Selection
from service.reading.series_statements import Shape, counting

MOST_POINTS = 100_000
"""Points of all groups together: thirty years of months for every country are 90,000."""


class TooManyPoints(ValueError):
    """Raised when a series would have more points than are given at once."""

    def __init__(self, points: int) -> None:
        self.points = points
        super().__init__(f"the series would have {points:,} points; {MOST_POINTS:,} are the most")


Point = tuple[int, int, int, int]
"""The low, best and high of a period, and how many incidents it has."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group's points, one for each period. Without a key it is all that was selected."""

    key: str | None
    name: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Series:
    """Periods that follow each other, by their numbers in `domain.periods`, and groups by their keys."""

    interval: Interval
    periods: range
    groups: Sequence[Group]

    @cached_property
    def _heads(self) -> Sequence[bytes]:
        return [
            orjson.dumps(
                {
                    "period": name_of_period(self.interval, period),
                    "start": iso_of_day(first_day(self.interval, period)),
                    "end": iso_of_day(first_day(self.interval, period + 1) - 1),
                }
            )[:-1]
            for period in self.periods
        ]

    def points(self, group: Group) -> list[bytes]:
        """The points of a group as JSON objects."""
        return [
            b'%b,"low":%d,"best":%d,"high":%d,"incidents":%d}' % (head, *point)
            for head, point in zip(self._heads, group.points, strict=True)
        ]


Span = tuple[int, int]
Sums = tuple[int, int, int, int]
Counts = dict[str | None, dict[Span, Sums]]
"""Of each group, by the first and last period of a span: how many incidents, their low, best and high."""


class SeriesReads:
    """Series of the generation of rows that is in use."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory

    def read(self, selected: Selected, moment: Moment, shape: Shape) -> Series:
        """The series of what is selected at a moment. Raises `TooManyPoints`."""
        selected = replace(selected, selection=_without_open_ends(selected.selection))
        how = counting(selected, moment, shape)
        counts = _counts(
            self._database.rows(*how.statement),
            _month_to_period(shape.interval) if how.of_months else _day_to_period(shape.interval),
            self._survivors(moment) if shape.group_by == "actor" else lambda key: (key,),
        )
        periods = _periods(selected.selection, shape.interval, counts)
        if shape.group_by is None:
            counts.setdefault(None, {})
        if (points := len(counts) * len(periods)) > MOST_POINTS:
            raise TooManyPoints(points)
        certain = selected.selection.match == "certain"
        groups = sorted(counts.items(), key=lambda group: group[0] or "")
        return Series(
            shape.interval,
            periods,
            [
                Group(
                    key,
                    self._name(shape, key, moment),
                    _points(spans, periods, certain=certain),
                )
                for key, spans in groups
            ],
        )

    def _survivors(self, moment: Moment) -> Callable[[bytes], Iterable[str]]:
        """What makes the actors that are shown, each once, of a row's pairs of actor and role."""

        @cache
        def survivors(participants: bytes) -> set[str]:
            pairs = orjson.loads(participants)
            return {self._directory.survivor(actor, moment.position) for actor, _ in pairs}

        return survivors

    def _name(self, shape: Shape, key: str | None, moment: Moment) -> str:
        if key is None:
            return "Everything selected"
        if shape.group_by == "country":
            return COUNTRIES[key].name
        if shape.group_by == "actor":
            return self._directory.name(key, moment.position)
        return key.replace("_", " ").capitalize()


def _without_open_ends(selection: Selection) -> Selection:
    """A window that begins with the open past, or ends with the open future, has no such end."""
    first, last = selection.first_day, selection.last_day
    return replace(
        selection,
        first_day=None if first == OPEN_PAST else first,
        last_day=None if last == OPEN_FUTURE else last,
    )


def _day_to_period(interval: Interval) -> Callable[[int], int]:
    return cache(lambda day: period_of_day(interval, day))


def _month_to_period(interval: Interval) -> Callable[[int], int]:
    months = MONTHS[interval]
    return lambda month: month if month in (OPEN_PAST, OPEN_FUTURE) else month // months


_NONE = (0, 0, 0, 0)


def _counts(
    rows: Iterable[Sequence[Any]],
    to_period: Callable[[int], int],
    to_groups: Callable[[Any], Iterable[str | None]],
) -> Counts:
    counts: Counts = {}
    for key, first, last, incidents, low, best, high in rows:
        span = to_period(first), to_period(last)
        for group in to_groups(key):
            spans = counts.setdefault(group, {})
            count, least, number, most = spans.get(span, _NONE)
            spans[span] = count + incidents, least + low, number + best, most + high
    # A row may take away what another adds; what comes to nothing is not there.
    there = {
        group: {span: sums for span, sums in spans.items() if sums[0]}
        for group, spans in counts.items()
    }
    return {group: spans for group, spans in there.items() if spans}


def _periods(selection: Selection, interval: Interval, counts: Counts) -> range:
    """The periods of the window; where that is open, from the first or to the last that a span names."""
    named = {each for spans in counts.values() for span in spans for each in span}
    named -= {OPEN_PAST, OPEN_FUTURE}
    first, last = (
        None if day is None else period_of_day(interval, day)
        for day in (selection.first_day, selection.last_day)
    )
    if counts:
        # A span that is open towards the window's open end is there in the window's last known period.
        named |= {each for each in (first, last) if each is not None}
    first = min(named, default=None) if first is None else first
    last = max(named, default=None) if last is None else last
    return range(0) if first is None or last is None else range(first, last + 1)


def _points(spans: Mapping[Span, Sums], periods: range, *, certain: bool) -> Sequence[Point]:
    """Sums by period: each span is added where it begins, and taken away after it has ended."""
    size = len(periods)
    low, best, high, incidents = ([0] * (size + 1) for _ in range(4))
    for (first, last), (count, least, number, most) in spans.items():
        if certain and first != last:
            continue
        begins = max(first - periods.start, 0)
        ends = min(last - periods.start, size - 1) + 1
        low[begins] += least
        best[begins] += number
        high[begins] += most
        incidents[begins] += count
        low[ends] -= least
        best[ends] -= number
        high[ends] -= most
        incidents[ends] -= count
    columns = (accumulate(column[:size]) for column in (low, best, high, incidents))
    return list(zip(*columns, strict=True))
