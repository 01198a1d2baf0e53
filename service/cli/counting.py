"""``casus series``: incidents and figures counted period by period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson

from domain.periods import Interval, name_of_period
from domain.vocabulary import Measure
from service.cli.output import out, say, usage, write_lines
from service.cli.reading import Clocks, find_subject, window_given
from service.cli.stores import opened
from service.cli.tables import plain_table
from service.reading.clocks import Moment
from service.reading.selection import Match
from service.reading.series import Series, TooManyPoints
from service.reading.series_statements import GroupBy, Shape
from service.settings import Settings

EVERYTHING = "all"
INCIDENTS = "incidents"


def show_series(
    settings: Settings,
    subject: str,
    *,
    interval: str,
    group_by: GroupBy | None,
    measure: str,
    since: str | None,
    to: str | None,
    match: Match,
    reported_by: str | None,
    as_of: str | None,
    position: int | None,
    json: bool,
) -> None:
    """Print a series, or one for each group, as a table or as JSON lines."""
    if measure not in (INCIDENTS, *Measure):
        usage(f"there are {', '.join((INCIDENTS, *Measure))}", "--measure")
    shape = Shape(Interval(interval), group_by, None if measure == INCIDENTS else measure)
    selection = window_given(since, to, match)
    clocks = Clocks.given(position, as_of, reported_by)
    with opened(settings) as casus:
        moment = clocks.moment(casus)
        name = "All incidents"
        if subject != EVERYTHING:
            key, name = find_subject(casus, subject, moment)
            selection = replace(selection, subject=key)
        try:
            selected = casus.reader.selected(selection, moment)
            series = casus.reader.series.read(selected, moment, shape)
        except TooManyPoints as many:
            usage(f"{many}: narrow the window, or choose a longer interval", "--interval")
    if json:
        write_lines(_lines(series))
    else:
        _print(f"{name}: {measure.replace('_', ' ')}", moment, series, shape)


def _lines(series: Series) -> Iterator[bytes]:
    for group in series.groups:
        head = orjson.dumps({"key": group.key, "name": group.name})[:-1]
        yield from (b"%b,%b" % (head, point[1:]) for point in series.points(group))


def _print(title: str, moment: Moment, series: Series, shape: Shape) -> None:
    """Periods in which a group has nothing are left out: on paper they would be most."""
    numbers = ("low", "best", "high", "incidents") if shape.measure else ("incidents",)
    table = plain_table(*([shape.group_by] if shape.group_by else []), "when", *numbers)
    for column in table.columns[-len(numbers) :]:
        column.justify = "right"
    for group in series.groups:
        for period, point in zip(series.periods, group.points, strict=True):
            if point[3]:
                named = [group.name] if shape.group_by else []
                when = name_of_period(series.interval, period)
                table.add_row(*named, when, *map(str, point[-len(numbers) :]))
    say(title)
    if table.rows:
        out.print(table)
    say(f"Read at {moment}.")
