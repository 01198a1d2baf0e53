"""The series projection: what every record adds to counts and sums, by country and by month.

A version counts in a rectangle of positions and reported days (`projections.bitemporal`). Four rows say
so: what it counts is added where both begin, taken away where one of them ends, and added again where both
do. So the count at a moment is the sum of all rows at or before it on both clocks. Rows are only ever
added, and not even that where a revision has left dates, countries and figures as they were.

`BLOCK` positions are a block. Once the log has left one behind, its rows are summed in `series_sum`, by
months and by `REPORTED_BLOCK` reported days. A read takes from there the blocks that lie wholly before its
moment, and goes through the single rows only of those that its moment cuts.

An incident on the timelines of several countries has rows for each; `once` marks those of one of them,
which together are all incidents. One that is on no country's timeline has the country ''.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import add
from typing import Any

from domain.dates import OPEN_FUTURE
from domain.periods import Interval, period_of_day
from domain.records import Record, Recorded
from domain.resolution import ShownIncident
from domain.totals import Total, totals
from domain.vocabulary import Measure, Status
from projections.bitemporal import OPEN_POSITION, Version
from projections.incidents import Written
from projections.store import Statements, Tables

VERSION = 2

BLOCK = 32_768
"""Positions that are summed together."""

REPORTED_BLOCK = 256
"""Reported days that are summed together."""

ALL = "*"
"""Stands for a country in the sums of all incidents."""

NOWHERE = ""
"""Stands for a country in rows of incidents that are on no country's timeline."""

TABLES = Tables(
    create=(
        """CREATE TABLE series_delta (
            block INTEGER NOT NULL,
            country TEXT NOT NULL,
            reported_block INTEGER NOT NULL,
            first_month INTEGER NOT NULL,
            last_month INTEGER NOT NULL,
            measure TEXT NOT NULL,
            once INTEGER NOT NULL,
            earliest INTEGER NOT NULL,
            latest INTEGER NOT NULL,
            position INTEGER NOT NULL,
            reported INTEGER NOT NULL,
            incidents INTEGER NOT NULL,
            low INTEGER NOT NULL,
            best INTEGER NOT NULL,
            high INTEGER NOT NULL,
            PRIMARY KEY (block, country, reported_block, first_month, last_month, measure, once,
                earliest, latest, position, reported)) WITHOUT ROWID""",
        """CREATE TABLE series_sum (
            country TEXT NOT NULL,
            first_month INTEGER NOT NULL,
            last_month INTEGER NOT NULL,
            measure TEXT NOT NULL,
            block INTEGER NOT NULL,
            reported_block INTEGER NOT NULL,
            incidents INTEGER NOT NULL,
            low INTEGER NOT NULL,
            best INTEGER NOT NULL,
            high INTEGER NOT NULL,
            PRIMARY KEY (country, first_month, last_month, measure, block, reported_block)
            ) WITHOUT ROWID""",
    ),
)

_SUMS = "sum(incidents), sum(low), sum(best), sum(high)"
_SUM_A_BLOCK = f"""INSERT INTO series_sum
    SELECT country, first_month, last_month, measure, block, reported_block, {_SUMS}
    FROM series_delta WHERE block = ?
    GROUP BY country, reported_block, first_month, last_month, measure"""
_SUM_ALL_OF_A_BLOCK = f"""INSERT INTO series_sum
    SELECT '{ALL}', first_month, last_month, measure, block, reported_block, {_SUMS}
    FROM series_delta WHERE block = ? AND once
    GROUP BY reported_block, first_month, last_month, measure"""

# Two incidents that one record touches may have the same row to add.
_ADD = """INSERT INTO series_delta VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET
    incidents = incidents + excluded.incidents, low = low + excluded.low,
    best = best + excluded.best, high = high + excluded.high"""

_Row = tuple[Any, ...]
_KEY = 11
"""Columns of the key of `series_delta`; the others are what is summed."""


def fold(statements: Statements, written: Written, batch: Sequence[Recorded[Record]]) -> None:
    """Add what versions count that a batch of records opened and closed, and sum blocks that are full."""
    rows: list[_Row] = []
    revised: dict[_Row, _Row] = {}
    for added in written.added:
        version, shown = added.version, added.shown
        if added.number == version.from_position and version.to_position == OPEN_POSITION:
            # Founded and not revised since: as most are, and then there is nothing to merge.
            rows += _rows(shown, added.totals, version.from_position, version.reported_from, 1)
            continue
        _merge(revised, shown, added.totals, version, version.from_position, 1)
        if version.to_position != OPEN_POSITION:
            _merge(revised, shown, added.totals, version, version.to_position, -1)
    for closed in written.closed:
        version, shown = closed.version, closed.shown
        _merge(revised, shown, totals(shown.figures), version, version.to_position, -1)
    rows += [key + sums for key, sums in revised.items() if any(sums)]
    statements.add(_ADD, rows)
    for block in range(batch[0].position // BLOCK, (batch[-1].position + 1) // BLOCK):
        statements.add(_SUM_A_BLOCK, [(block,)])
        statements.add(_SUM_ALL_OF_A_BLOCK, [(block,)])


def _merge(  # noqa: PLR0917 - what is counted, and where, when and how often
    rows: dict[_Row, _Row],
    shown: ShownIncident,
    sums: Mapping[Measure, Total],
    version: Version,
    position: int,
    times: int,
) -> None:
    """Add what a version counts so many times, from a position on, on the days that it is shown."""
    for day, sign in ((version.reported_from, times), (version.reported_to, -times)):
        if day != OPEN_FUTURE:
            for row in _rows(shown, sums, position, day, sign):
                key, values = row[:_KEY], row[_KEY:]
                before = rows.get(key)
                rows[key] = values if before is None else tuple(map(add, before, values))


def _rows(
    shown: ShownIncident, sums: Mapping[Measure, Total], position: int, day: int, times: int
) -> list[_Row]:
    """The rows that count an incident so many times from a position and a reported day on."""
    if shown.status == Status.RETRACTED:
        return []
    earliest, latest = shown.earliest, shown.latest
    first, last = _month(earliest), _month(latest)
    block, reported_block = position // BLOCK, day // REPORTED_BLOCK
    codes = {each.code for each in shown.countries} or {NOWHERE}
    rows: list[_Row] = []
    once = True
    for country in codes if len(codes) == 1 else sorted(codes):
        # The row of the first measure counts the incident as well.
        incidents = times
        for measure, total in sums.items() or _NO_FIGURES:
            rows.append(
                (
                    block,
                    country,
                    reported_block,
                    first,
                    last,
                    str(measure),
                    once,
                    earliest,
                    latest,
                    position,
                    day,
                    incidents,
                    times * total.low,
                    times * total.best,
                    times * total.high,
                )
            )
            incidents = 0
        once = False
    return rows


_NO_FIGURES = (("", Total(low=0, best=0, high=0)),)


@lru_cache(maxsize=20_000)
def _month(day: int) -> int:
    return period_of_day(Interval.MONTH, day)
