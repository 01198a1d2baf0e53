"""The SQL that finds what a read selects.

A page is an index range: the subject's rows in order of (earliest day, incident number), from where the
last page ended. Incidents whose span began before a window are found in the year before it; the few whose
span is longer have an index of their own, merged in order, and so have those that were foretold. An actor
with others merged into it, or with its members, is a range for each, merged in order, where an incident of
several of them is there once. A read of the past looks only at the days that had been recorded by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.vocabulary import Status
from projections.cells import cells_within
from projections.incidents import LONG_SPAN
from projections.timelines import ACTORS, BLOCK, COUNTRIES
from service.reading.clocks import Moment
from service.reading.selection import Box, PageEnd, Selected, Selection, Share
from service.reading.text_search import match_expression

RETRACTED = str(Status.RETRACTED)

Statement = tuple[str, list[Any]]

MOST_ARMS = 60
"""Shares that each have a range of the index of their own; more are sorted together."""


def page_statement(
    selected: Selected,
    moment: Moment,
    after: PageEnd | None,
    limit: int,
    ranges: Sequence[Range],
    *,
    columns: str,
) -> Statement:
    """The statement that finds a page: rows of earliest day, number, and columns of versions."""
    direction = "DESC" if selected.selection.order == "desc" else "ASC"
    order = f"ORDER BY 1 {direction}, 2 {direction}"
    arms = [
        _arm(source, somewhere, moment, after, days)
        for somewhere in _places(selected)
        for days in ranges
        for source in sources(somewhere)
    ]
    if len(selected.shares) <= 1 and _cells(selected.selection) is None:
        sql, parameters = union(arms, f"{{t}}.earliest, {{t}}.number, {columns}", selected)
        return f"{sql} {order} LIMIT ?", [*parameters, limit]
    sql, parameters = union(arms, "{t}.earliest, {t}.number, v.version_id", selected)
    return (
        f"SELECT p.earliest, p.number, {columns}"
        f" FROM ({sql} {order} LIMIT ?) p"
        f" CROSS JOIN incident_version v ON v.version_id = p.version_id {order}",
        [*parameters, limit],
    )


def lines_statement(page: Statement, address: tuple[str, str]) -> Statement:
    """The statement that makes the lines of CSV of a page, given what its incidents' addresses have before
    and after the id: how many there are, and all of them as one, in the page's order.

    SQLite joins them: handed over one by one they take twice as long. The function ``participants`` writes
    the cells of these.
    """
    sql, parameters = page
    line = f"before || participants(participants) || after || ? || substr(before, 1, {ID}) || ?"
    return (
        f"SELECT count(*), CAST(group_concat({line}, '') AS BLOB) FROM ({sql}) p"
        " CROSS JOIN incident_line l ON l.version_id = p.version_id",
        [*address, *parameters],
    )


ID = 36
"""Letters of an incident's id, with which its line begins."""

ENTRY_COLUMNS = "v.participants, v.entry"
"""What entries are made of."""

LINE_COLUMNS = "v.version_id"
"""What lines of CSV are found by."""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of earliest days: of all incidents, of those with a long span, or of those foretold."""

    least: int
    greatest: int
    kind: Literal["all", "long", "foretold"] = "all"


def ranges(selected: Selected, moment: Moment, reach: tuple[int, int]) -> list[Range]:
    """The ranges in which a selection's incidents are found; all but the first are mostly empty.

    Those with long spans may reach into a window from long before it; what was reported by a day did not
    happen after it, unless it was foretold. `reach` are the days on which what was recorded begins.
    """
    first, last = selected.selection.first_day, selected.selection.last_day
    earliest, latest = reach
    latest = latest if last is None else min(latest, last)
    certain = selected.selection.match == "certain"
    if first is None or certain:
        found = [Range(earliest if first is None else max(first, earliest), latest)]
    else:
        long = Range(earliest, min(latest, first - LONG_SPAN - 1), "long")
        found = [Range(max(earliest, first - LONG_SPAN), latest), long]
    day = moment.reported_by
    if latest <= day:
        return found
    foretold = Range(max(day + 1, first) if certain and first else day + 1, latest, "foretold")
    return [*(Range(each.least, min(each.greatest, day), each.kind) for each in found), foretold]


def reach_statement(kind: str, subjects: Sequence[str], position: int) -> Statement:
    """The statement that finds on which days those incidents begin that were recorded by a position.

    The blocks of positions make it a little more.
    """
    return (
        "SELECT min(first), max(last) FROM reach WHERE kind = ?"
        " AND subject IN (SELECT value FROM json_each(?)) AND block <= ?",
        [kind, orjson.dumps(subjects).decode(), position // BLOCK],
    )


def found_statement(selected: Selected, moment: Moment, days: Range) -> Statement:
    """The statement that finds whether any row is in a range that is mostly empty.

    Merging the few with the rest costs a quarter of a page's time, and most pages have none.
    """
    arms = sources(selected)
    for arm in arms:
        _add_range(arm, days)
        arm.add(f"{arm.t}.from_position <= ?", moment.position)
        arm.add(f"{arm.t}.reported_from <= ?", moment.reported_by)
        if selected.selection.first_day is not None:
            arm.add(f"{arm.t}.latest >= ?", selected.selection.first_day)
    sql = " UNION ALL ".join(arm.select("1", joined=False) for arm in arms)
    return f"{sql} LIMIT 1", [parameter for arm in arms for parameter in arm.parameters]


@dataclass(slots=True)
class Source:
    """Rows to select from, and the conditions on them: `t` is their timeline's row, `v` the version."""

    t: str
    table: str
    where: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def add(self, sql: str, *parameters: Any) -> None:
        """Add a condition."""
        self.where.append(sql)
        self.parameters += parameters

    def add_validity(self, moment: Moment) -> None:
        """Keep what is valid at a moment."""
        self.add(f"{self.t}.from_position <= ? AND v.to_position > ?", *[moment.position] * 2)
        self.add(f"{self.t}.reported_from <= ? AND v.reported_to > ?", *[moment.reported_by] * 2)

    def add_window(self, start: str, end: str, selection: Selection) -> None:
        """Keep spans that may lie within the window, or certainly do, as the selection wants it."""
        if selection.match == "possible":
            start, end = end, start
        if selection.first_day is not None:
            self.add(f"{start} >= ?", selection.first_day)
        if selection.last_day is not None:
            self.add(f"{end} <= ?", selection.last_day)

    def select(self, columns: str, *, joined: bool = True) -> str:
        """The statement that selects columns; joined with versions unless none is needed."""
        table = self.table
        if joined and self.t == "t":
            table += " CROSS JOIN incident_version v ON v.version_id = t.version_id"
        where = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        return f"SELECT {columns.format(t=self.t)} FROM {table}{where}"


def union(arms: Sequence[Source], columns: str, selected: Selected) -> Statement:
    """The rows of all arms; each once, where several shares may have the same incident."""
    parameters = [parameter for arm in arms for parameter in arm.parameters]
    if len(selected.shares) <= 1:
        return " UNION ALL ".join(arm.select(columns) for arm in arms), parameters
    # UNION leaves out what is there twice; a single arm, of many shares, has to be told.
    distinct = "DISTINCT " if len(arms) == 1 else ""
    return " UNION ".join(arm.select(distinct + columns) for arm in arms), parameters


def sources(selected: Selected) -> list[Source]:
    """What a selection's incidents are selected from: one source for each share, if there are not many."""
    subject = selected.selection.subject
    if subject is None:
        if cells := _cells(selected.selection):
            return [Source("v", _BY_CELL, parameters=[orjson.dumps(cells).decode()])]
        return [Source("v", "incident_version v")]
    table = subject.table.name
    if len(selected.shares) > MOST_ARMS:
        shares = orjson.dumps([(s.id, s.since, s.until) for s in selected.shares]).decode()
        source = Source(
            "t",
            f"json_each(?) s CROSS JOIN {table} t ON t.subject = json_extract(s.value, '$[0]')",
            parameters=[shares],
        )
        _add_days(
            source, selected, "json_extract(s.value, '$[1]')", "json_extract(s.value, '$[2]')"
        )
        return [source]
    found = []
    for share in selected.shares:
        source = Source("t", f"{table} t", ["t.subject = ?"], [share.id])
        if share != Share(share.id):
            _add_days(source, selected, str(share.since), str(share.until))
        found.append(source)
    return found


_BY_CELL = """json_each(?) c CROSS JOIN incident_version v INDEXED BY incident_version_by_cell
    ON v.cell BETWEEN json_extract(c.value, '$[0]') AND json_extract(c.value, '$[1]')"""

MOST_CELLS = 2_000
"""Cells of a box up to which what lies in them is gone through, and put in order. Of a wider box all is
gone through in order, until a page is full."""


def _cells(selection: Selection) -> list[tuple[int, int]] | None:
    """The cells by which a selection is found, if it is."""
    box = selection.box
    if box is None or selection.subject is not None:
        return None
    cells = cells_within(box.west, box.south, box.east, box.north)
    return cells if sum(last - first + 1 for first, last in cells) <= MOST_CELLS else None


def _add_days(source: Source, selected: Selected, since: str, until: str) -> None:
    """Keep what happened in days: possibly, or certainly, as the selection wants it."""
    if selected.selection.match == "possible":
        source.add(f"t.latest >= {since} AND t.earliest <= {until}")
    else:
        source.add(f"t.earliest >= {since} AND t.latest <= {until}")


def _places(selected: Selected) -> list[Selected]:
    """A selection in parts: what is in its box, and what lies nowhere, where each has its own index."""
    selection = selected.selection
    if selection.box is None or not selection.nowhere or selection.subject is not None:
        return [selected]
    return [
        replace(selected, selection=replace(selection, nowhere=False)),
        replace(selected, selection=replace(selection, box=None)),
    ]


def _arm(
    source: Source, selected: Selected, moment: Moment, after: PageEnd | None, days: Range
) -> Source:
    t, selection = source.t, selected.selection
    if after is not None:
        key = (after.earliest, after.number)
        if selection.order == "asc":
            source.add(f"{t}.earliest >= ?", after.earliest)
            source.add(f"({t}.earliest > ? OR {t}.number > ?)", *key)
        else:
            source.add(f"{t}.earliest <= ?", after.earliest)
            source.add(f"({t}.earliest < ? OR {t}.number < ?)", *key)
    _add_range(source, days)
    if selection.first_day is not None:
        source.add(f"{t}.latest >= ?", selection.first_day)
    if selection.last_day is not None and selection.match == "certain":
        source.add(f"{t}.latest <= ?", selection.last_day)
    source.add_validity(moment)
    add_filters(source, selected)
    return source


def _add_range(source: Source, days: Range) -> None:
    t = source.t
    if days.least != OPEN_PAST:
        source.add(f"{t}.earliest >= ?", days.least)
    if days.greatest != OPEN_FUTURE:
        source.add(f"{t}.earliest <= ?", days.greatest)
    if days.kind == "long":
        source.add(f"{t}.latest - {t}.earliest > {LONG_SPAN}")
    elif days.kind == "foretold":
        source.add(f"{t}.reported_from < {t}.earliest")


def add_filters(source: Source, selected: Selected) -> None:
    """Narrow a source to what the selection's filters let through."""
    selection, t = selected.selection, source.t
    if selection.subject and selection.roles:
        source.add("t.roles & ? != 0", selection.subject.table.bits(selection.roles))
    if RETRACTED not in selection.statuses:
        source.add("v.status <> ?", RETRACTED)
    for column, allowed in (("type", selection.types), ("status", selection.statuses)):
        if allowed:
            source.add(f"v.{column} IN ({','.join('?' * len(allowed))})", *allowed)
    countries = (selection.country,) if selection.country else ()
    for other, subjects in ((COUNTRIES, countries), (ACTORS, selected.actors)):
        if subjects:
            source.add(
                f"EXISTS (SELECT 1 FROM {other.name} o"
                f" WHERE o.subject IN ({','.join('?' * len(subjects))})"
                f" AND o.earliest = {t}.earliest AND o.number = {t}.number"
                f" AND o.version_id = {t}.version_id)",
                *subjects,
            )
    if selection.box:
        _add_box(source, selection.box, nowhere=selection.nowhere)
    elif selection.nowhere:
        source.add("v.latitude IS NULL")
    if selection.text:
        source.add(
            f"{t}.version_id IN (SELECT rowid FROM incident_text WHERE incident_text MATCH ?)",
            match_expression(selection.text),
        )


def _add_box(source: Source, box: Box, *, nowhere: bool) -> None:
    either = "AND" if box.west <= box.east else "OR"
    within = f"v.latitude BETWEEN ? AND ? AND (v.longitude >= ? {either} v.longitude <= ?)"
    source.add(
        f"(v.latitude IS NULL OR {within})" if nowhere else within,
        box.south,
        box.north,
        box.west,
        box.east,
    )
