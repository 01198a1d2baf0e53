"""The SQL that counts what a series selects.

Rows are a group's key, the first and last day or month of a span, how many incidents have just that span,
and the sums of the measure's low, best and high; without a measure these are that number too. The same key
and span may come several times, and a row may take away what others add.

Two ways lead to the same numbers. The series of a country, of all incidents or of every country, in
whatever window, is the projection's sums and the few rows that the moment cuts. For whatever else is
selected, versions are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from domain.dates import first_day_of_month, month_of_day
from domain.periods import MONTHS, Interval
from projections import series
from projections.series import ALL, NOWHERE
from service.reading.clocks import EVERYTHING_REPORTED, Moment
from service.reading.selection import Selected, Selection
from service.reading.statements import Source, Statement, add_filters, sources, union

GroupBy = Literal["country", "actor", "type"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What to count, in how long periods, in which groups. Without a measure, incidents are counted."""

    interval: Interval = Interval.MONTH
    group_by: GroupBy | None = None
    measure: str | None = None


@dataclass(frozen=True, slots=True)
class Counting:
    """A statement, and whether its spans are of months instead of days."""

    statement: Statement
    of_months: bool = False


def counting(selected: Selected, moment: Moment, shape: Shape) -> Counting:
    """What counts a series: the projection's sums where it has them."""
    if _is_summed(selected.selection, shape):
        return _summed(selected.selection, moment, shape)
    return Counting(_counted(selected, moment, shape))


def _is_summed(selection: Selection, shape: Shape) -> bool:
    subject = selection.subject
    # What is left without whose it is, the window, and what makes no difference to a count.
    rest = replace(
        selection,
        subject=None,
        first_day=None,
        last_day=None,
        match="possible",
        order="asc",
        members=False,
    )
    if rest != Selection():
        return False
    if shape.group_by == "country":
        return subject is None
    return shape.group_by is None and (subject is None or subject.kind == "country")


def _summed(selection: Selection, moment: Moment, shape: Shape) -> Counting:
    block = moment.position // series.BLOCK
    before = f"block IN ({','.join(map(str, range(block)))})"
    of_months = shape.interval in MONTHS
    if of_months and _is_of_months(selection):
        arms = [_whole_blocks(selection, moment, shape)]
        if moment.reported_by != EVERYTHING_REPORTED:
            # The key leads to the days of a country: of all, they are looked up country by country.
            any_ = " AND country IN (SELECT DISTINCT country FROM series_sum)"
            which = f"{before}{'' if selection.subject else any_} AND reported_block = ?"
            arms.append(_rows(which, selection, moment, shape))
    else:
        which = f"{before} AND reported_block <= ?"
        arms = [_rows(which, selection, moment, shape)]
    arms.append(_rows(f"block = {block} AND reported_block <= ?", selection, moment, shape))
    sql, parameters = zip(*arms, strict=True)
    return Counting(
        (" UNION ALL ".join(sql), [each for some in parameters for each in some]), of_months
    )


def _is_of_months(selection: Selection) -> bool:
    """Whether the window begins and ends where months do."""
    first, last = selection.first_day, selection.last_day
    return (first is None or first_day_of_month(month_of_day(first)) == first) and (
        last is None or first_day_of_month(month_of_day(last) + 1) == last + 1
    )


def _whole_blocks(selection: Selection, moment: Moment, shape: Shape) -> Statement:
    """The sums of blocks that lie wholly at or before the moment."""
    source = Source("s", "series_sum s", parameters=[shape.measure] * 3 if shape.measure else [])
    source.add("block < ?", moment.position // series.BLOCK)
    source.add("reported_block < ?", moment.reported_by // series.REPORTED_BLOCK)
    if shape.group_by:
        source.add(f"country NOT IN ('{ALL}', '{NOWHERE}')")
    else:
        source.add("country = ?", selection.subject.id if selection.subject else ALL)
    first, last = selection.first_day, selection.last_day
    months = replace(
        selection,
        first_day=None if first is None else month_of_day(first),
        last_day=None if last is None else month_of_day(last),
    )
    source.add_window("first_month", "last_month", months)
    columns = f"{_key(shape)}, first_month, last_month, {_sums(shape)}"
    return (
        f"{source.select(columns, joined=False)} GROUP BY country, first_month, last_month",
        source.parameters,
    )


def _rows(which: str, selection: Selection, moment: Moment, shape: Shape) -> Statement:
    """The rows, of some blocks of positions and of reported days, at or before the moment."""
    source = Source("d", "series_delta d", parameters=[shape.measure] * 3 if shape.measure else [])
    source.add(which, moment.reported_by // series.REPORTED_BLOCK)
    source.add("position <= ? AND reported <= ?", moment.position, moment.reported_by)
    if shape.group_by:
        source.add(f"country <> '{NOWHERE}'")
    elif selection.subject:
        source.add("country = ?", selection.subject.id)
    else:
        source.add("once")
    days = ("earliest", "latest")
    source.add_window(*days, selection)
    # Groups in the order of the primary key need no sorting.
    order = "block, country, reported_block, first_month, last_month"
    if shape.interval in MONTHS:
        days = ("first_month", "last_month")
    else:
        order += ", measure, once, earliest, latest"
    columns = f"{_key(shape)}, {', '.join(days)}, {_sums(shape)}"
    return f"{source.select(columns, joined=False)} GROUP BY {order}", source.parameters


def _key(shape: Shape) -> str:
    return "country" if shape.group_by else "NULL"


def _sums(shape: Shape) -> str:
    if not shape.measure:
        return ", ".join(["sum(incidents)"] * 4)
    of_measure = (
        f"coalesce(sum({each}) FILTER (WHERE measure = ?), 0)" for each in ("low", "best", "high")
    )
    return f"sum(incidents), {', '.join(of_measure)}"


def _counted(selected: Selected, moment: Moment, shape: Shape) -> Statement:
    """Versions that are selected, each once, counted by their spans."""
    arms = []
    for source in sources(selected):
        source.add_validity(moment)
        source.add_window(f"{source.t}.earliest", f"{source.t}.latest", selected.selection)
        add_filters(source, selected)
        arms.append(source)
    picked, parameters = union(arms, "v.version_id", selected)
    sums = ", ".join(["count(*)"] * 4)
    if shape.measure:
        sum_ = "coalesce(sum(json_extract(CAST(v.totals AS TEXT), ?)), 0)"
        sums = f"count(*), {sum_}, {sum_}, {sum_}"
        parameters += (f"$.{shape.measure}[{place}]" for place in range(3))
    if shape.group_by == "country":
        counted = (
            "country_timeline g CROSS JOIN incident_version v ON v.version_id = g.version_id"
            " WHERE g.version_id IN (SELECT version_id FROM picked)"
        )
    else:
        counted = "picked p CROSS JOIN incident_version v ON v.version_id = p.version_id"
    key = {None: "NULL", "country": "g.subject", "actor": "v.participants", "type": "v.type"}
    return (
        f"WITH picked(version_id) AS ({picked})"
        f" SELECT {key[shape.group_by]}, v.earliest, v.latest, {sums} FROM {counted}"
        " GROUP BY 1, 2, 3",
        parameters,
    )
