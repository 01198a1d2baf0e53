"""The SQL that counts what a series selects: rows of a group's key, a first and a last day or month, how many
incidents have just that span, and, if a measure is asked for, the sums of its low, best and high.

Rows of the same key and span may come several times, and may take away what others have added.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from domain.dates import OPEN_FUTURE, OPEN_PAST, first_day_of_month, month_of_day
from domain.periods import Interval
from projections import series
from projections.series import ALL, NOWHERE
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.selection import Selected, Selection, SubjectKey
from service.reading.statements import Statement, add_filters, sources

GroupBy = Literal["country", "actor", "type"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What to count, in how long periods, in which groups. Without a measure, incidents are counted."""

    interval: Interval = Interval.MONTH
    group_by: GroupBy | None = None
    measure: str | None = None

    @property
    def is_of_months(self) -> bool:
        """Whether its periods are made of whole months."""
        return self.interval in (Interval.MONTH, Interval.YEAR)


@dataclass(frozen=True, slots=True)
class Window:
    """The first and the last day that are asked for; None where it is open."""

    first: int | None
    last: int | None

    @classmethod
    def of(cls, selection: Selection) -> Window:
        """The window of a selection."""
        first, last = selection.first_day, selection.last_day
        return cls(None if first == OPEN_PAST else first, None if last == OPEN_FUTURE else last)

    @property
    def is_of_months(self) -> bool:
        """Whether it begins and ends where months do."""
        first, last = self.first, self.last
        return (first is None or first_day_of_month(month_of_day(first)) == first) and (
            last is None or first_day_of_month(month_of_day(last) + 1) == last + 1
        )

    @property
    def in_months(self) -> Window:
        """The first and last month of it."""
        return Window(
            None if self.first is None else month_of_day(self.first),
            None if self.last is None else month_of_day(self.last),
        )


def is_summed(selected: Selected, shape: Shape) -> bool:
    """Whether the projection has sums for it: a country's or all incidents, but for their days alike."""
    selection = selected.selection
    subject = selection.subject
    # Whatever is left of it, without its country, its window and what makes no difference to a count.
    rest = replace(
        selection, subject=None, first_day=None, last_day=None, match="possible", order="asc"
    )
    if rest != Selection():
        return False
    if shape.group_by is None:
        return subject is None or subject.kind == "country"
    return shape.group_by == "country" and subject is None


def summed_statement(selected: Selected, moment: Moment, shape: Shape) -> Statement:
    """Sums of the projection's rows. Months come in place of days where periods are made of them."""
    return _Sums(selected.selection, moment, shape).statement


class _Sums:
    """The parts of a statement that sums rows."""

    def __init__(self, selection: Selection, moment: Moment, shape: Shape) -> None:
        self._moment, self._shape = moment, shape
        self._possible = selection.match == "possible"
        self._subject = selection.subject
        self._window = Window.of(selection)
        self._block = moment.position // series.BLOCK
        self._reported_block = moment.reported_by // series.REPORTED_BLOCK
        self._arms: list[str] = []
        self._parameters: list[Any] = []

    @property
    def statement(self) -> Statement:
        """The statement."""
        before = f"block IN ({','.join(map(str, range(self._block)))})"
        if self._shape.is_of_months and self._window.is_of_months:
            self._add_whole_blocks()
            if self._moment.reported_by != EVERYTHING_REPORTED:
                self._add_rows(
                    f"{before} AND country IN (SELECT DISTINCT country FROM series_sum)"
                    " AND reported_block = ?"
                )
        else:
            self._add_rows(f"{before} AND reported_block <= ?")
        self._add_rows(f"block = {self._block} AND reported_block <= ?")
        return " UNION ALL ".join(self._arms), self._parameters

    def _add_whole_blocks(self) -> None:
        where = ["block < ?", "reported_block < ?"]
        parameters: list[Any] = [self._block, self._reported_block]
        if self._shape.group_by == "country":
            where.append(f"country NOT IN ('{ALL}', '{NOWHERE}')")
        else:
            where.append("country = ?")
            parameters.append(self._subject.id if self._subject else ALL)
        self._add(
            "series_sum",
            ("first_month", "last_month", self._window.in_months),
            where,
            parameters,
            "country, first_month, last_month",
        )

    def _add_rows(self, which: str) -> None:
        where = [which, "reported <= ?", "position <= ?"]
        parameters = [self._reported_block, self._moment.reported_by, self._moment.position]
        if self._shape.group_by == "country":
            where.append(f"country <> '{NOWHERE}'")
        elif self._subject is None:
            where.append("once")
        else:
            where.append("country = ?")
            parameters.append(self._subject.id)
        ...
