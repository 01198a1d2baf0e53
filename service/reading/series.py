"""Series: how many incidents, or the sums of a figure, period after period, at any moment.

An incident is not of a day but of a span of days. `possible` counts it in every period that its span reaches
into, `certain` in the one that its span lies within, and so in none where it reaches across a border: the
truth of a period lies between the two. A period that reaches beyond the window counts what the window has
of it.

Two ways lead to the same numbers. The series of a country, of all incidents, or of every country, whatever
the window, are sums of the rows that `projections.series` has for them; any other selection is counted
version by version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import orjson

from domain.countries import COUNTRIES
from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.periods import MONTHS, Interval, period_of_day
from service.database import Database
from service.reading.clocks import Moment
from service.reading.directory import Directory
from service.reading.selection import Selected
from service.reading.series_statements import (
    by_months,
    counted_statement,
    is_summed,
    summed_statement,
)

GroupBy = Literal["country", "actor", "type"]

MOST_POINTS = 100_000
"""Points of all groups together; thirty years of months for each of 200 countries are 72,000."""


class TooManyPoints(ValueError):
    """Raised when a series would have more than `MOST_POINTS` points."""

    def __init__(self, points: int) -> None:
        self.points = points
        super().__init__(f"the series would have {points:,} points, and {MOST_POINTS:,} are the most")


@dataclass(frozen=True, slots=True)
class Shape:
    """What to count, in how long periods, in which groups. Without a measure, incidents are counted."""

    interval: Interval = Interval.MONTH
    group_by: GroupBy | None = None
    measure: str | None = None


Point = tuple[int, int, int, int]
"""The low, best and high of a period, and how many incidents it has."""

NOTHING: Point = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Group:
    """A group's points, one a period; without a key it is everything that was selected."""

    key: str | None
    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Series:
    """Periods that follow each other, by their numbers in `domain.periods`, and groups by their keys."""

    periods: range
    groups: Sequence[Group]


_Span = tuple[int, int]
_Counts = dict[str | None, dict[_Span, list[int]]]
"""Incidents, low, best and high of each group, by the first and last period that they may be of."""


class SeriesReads:
    """Series of the generation of rows that is in use."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory

    def read(self, selected: Selected, moment: Moment, shape: Shape) -> Series:
        """The series of what is selected at a moment. Raises `TooManyPoints`."""
        statement = summed_statement if is_summed(selected, shape.group_by) else counted_statement
        rows = self._database.rows(*statement(selected, moment, shape))
        counts = _counts(rows, _to_period(selected, shape), self._keys(shape, moment))
        periods = _periods(selected, shape.interval, counts)
        if shape.group_by is None:
            counts.setdefault(None, {})
        if (points := len(counts) * len(periods)) > MOST_POINTS:
            raise TooManyPoints(points)
        certain = selected.selection.match == "certain"
        return Series(
            periods,
            [
                Group(key, self._name(shape, key, moment), list(_points(spans, periods, certain=certain)))
                for key, spans in sorted(counts.items(), key=lambda group: group[0] or "")
            ],
        )

    def _keys(self, shape: Shape, moment: Moment) -> Callable[[Any], Iterable[str | None]]:
        """The groups that a row counts in."""
        if shape.group_by != "actor":
            return lambda key: (key,)
        survivor, position = self._directory.survivor, moment.position
        return lru_cache(maxsize=None)(
            lambda key: {survivor(actor, position) for actor, _ in orjson.loads(key)}
        )

    def _name(self, shape: Shape, key: str | None, moment: Moment) -> str:
        if key is None:
            return "Everything selected"
        if shape.group_by == "country":
            return COUNTRIES[key].name
        if shape.group_by == "actor":
            return self._directory.name(key, moment.position)
        return key.replace("_", " ").capitalize()


def _to_period(selected: Selected, shape: Shape) -> Callable[[int], int]:
    """What makes the period of a row's first and last day, or month."""
    interval = shape.interval
    if is_summed(selected, shape.group_by) and by_months(interval):
        months = MONTHS[interval]
        return lambda month: month if month in (OPEN_PAST, OPEN_FUTURE) else month // months
    return lru_cache(maxsize=None)(lambda day: period_of_day(interval, day))


def _counts(
    rows: Iterable[Sequence[Any]],
    to_period: Callable[[int], int],
    keys_of: Callable[[Any], Iterable[str | None]],
) -> _Counts:
    counts: _Counts = {}
    for row in rows:
        span = to_period(row[1]), to_period(row[2])
        for key in keys_of(row[0]):
            spans = counts.setdefault(key, {})
            sums = spans.get(span)
            if sums is None:
                spans[span] = list(row[3:])
            else:
                for place, value in enumerate(row[3:]):
                    sums[place] += value
    # A row takes away what another has added: what comes to nothing is not there.
    for key, spans in list(counts.items()):
        counts[key] = {span: sums for span, sums in spans.items() if sums[0]}
        if not counts[key]:
            del counts[key]
    return counts


def _periods(selected: Selected, interval: Interval, counts: _Counts) -> range:
    """The periods of the window; where that is open, up to the last in which anything begins or ends."""
    bounded = {
        period
        for spans in counts.values()
        for span in spans
        for period in span
        if period not in (OPEN_PAST, OPEN_FUTURE)
    }
    selection = selected.selection
    first, last = (
        None if day is None else period_of_day(interval, day)
        for day in (selection.first_day, selection.last_day)
    )
    # What is open at the other end may have happened in the window's one period that is known.
    known = {each for each in (first, last) if each is not None} if counts else set()
    bounded |= known
    if first is None:
        first = min(bounded, default=None)
    if last is None:
        last = max(bounded, default=None)
    return range(0) if first is None or last is None else range(first, last + 1)
