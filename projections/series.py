"""The series projection: what every record adds to counts and sums, by country and by month.

A version counts in a rectangle of positions and reported days (`projections.bitemporal`). Four rows say so:
what it counts is added where both begin, taken away where one of them ends, and added again where both do.
So the count at a moment is the sum of all rows at or before it on both clocks. Rows are only ever added, and
those that come to nothing, because a revision has left countries, months and figures as they were, are not.

`BLOCK` positions are a block. Once the log has left one behind, its rows are summed in `series_sum`, by
months and by `REPORTED_BLOCK` reported days. A read takes from there the blocks that lie wholly before its
moment, and goes through the single rows only of those that its moment cuts.

An incident on the timelines of several countries has rows for each; `once` marks those of one of them, which
together are all incidents. One that is on no country's timeline has the country ''.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import orjson

from domain.dates import OPEN_FUTURE
from domain.periods import Interval, period_of_day
from domain.records import Record, Recorded
from domain.vocabulary import Status
from projections.bitemporal import OPEN_POSITION
from projections.incidents import Written
from projections.store import Store, Tables

VERSION = 1

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

_Key = tuple[int, str, int, int, int, str, bool, int, int, int, int]
"""A row's key, in the order of the table's."""

_Counted = list[tuple[str, int, int, str, bool, int, int, tuple[int, int, int, int]]]
"""What a version counts: country, months, measure, `once`, days; incidents, low, best and high."""

_Totals = Sequence[tuple[str, tuple[int, int, int]]]


def fold(store: Store, written: Written, batch: Sequence[Recorded[Record]]) -> None:
    """Add what versions count that a batch of records opened and closed, and sum blocks that are full."""
    rows: dict[_Key, list[int]] = {}
    for added in written.added:
        version, shown = added.version, added.shown
        if shown.status != Status.RETRACTED:
            counted = _counted(
                shown.earliest,
                shown.latest,
                (each.code for each in shown.countries),
                [(m.value, (t.low, t.best, t.high)) for m, t in added.totals.items()],
            )
            ends = version.reported_from, version.reported_to
            _add(rows, counted, version.from_position, *ends, 1)
            if version.to_position != OPEN_POSITION:
                _add(rows, counted, version.to_position, *ends, -1)
    for closed in written.closed:
        if closed.status != Status.RETRACTED:
            countries = orjson.loads(closed.entry + b"}")["countries"]
            counted = _counted(
                closed.earliest,
                closed.latest,
                (each["code"] for each in countries),
                [(measure, tuple(sums)) for measure, sums in orjson.loads(closed.totals).items()],
            )
            _add(rows, counted, closed.position, closed.reported_from, closed.reported_to, -1)
    store.executemany(
        "INSERT INTO series_delta VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        ((*key, *values) for key, values in rows.items() if any(values)),
    )
    for block in range(batch[0].position // BLOCK, (batch[-1].position + 1) // BLOCK):
        store.execute(_SUM_A_BLOCK, (block,))
        store.execute(_SUM_ALL_OF_A_BLOCK, (block,))


def _counted(earliest: int, latest: int, codes: Iterable[str], totals: _Totals) -> _Counted:
    months = _month(earliest), _month(latest)
    counted: _Counted = []
    once = True
    for country in sorted(set(codes)) or (NOWHERE,):
        # The row of the first measure counts the incident as well.
        incidents = 1
        for measure, figures in totals or (("", (0, 0, 0)),):
            values = (incidents, *figures)
            counted.append((country, *months, measure, once, earliest, latest, values))
            incidents = 0
        once = False
    return counted


def _add(  # noqa: PLR0917
    rows: dict[_Key, list[int]],
    counted: _Counted,
    position: int,
    reported_from: int,
    reported_to: int,
    sign: int,
) -> None:
    """Add what is counted from a position on, in the reported days from one to before another."""
    block = position // BLOCK
    for day, times in ((reported_from, sign), (reported_to, -sign)):
        if day == OPEN_FUTURE:
            continue
        reported_block = day // REPORTED_BLOCK
        for country, first, last, measure, once, earliest, latest, values in counted:
            key = (
                *(block, country, reported_block, first, last, measure, once),
                *(earliest, latest, position, day),
            )
            sums = rows.setdefault(key, [0, 0, 0, 0])
            for place, value in enumerate(values):
                sums[place] += times * value


@lru_cache(maxsize=20_000)
def _month(day: int) -> int:
    return period_of_day(Interval.MONTH, day)
