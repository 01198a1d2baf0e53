"""The SQL that finds what a read selects.

A page is an index range: the subject's rows in order of (earliest day, incident number), from where the
last page ended. Incidents whose span began before a window are found in the year before it; the few whose
span is longer have an index of their own, merged in order. An actor with others merged into it, or with its
members, is a range for each, merged in order, where an incident of several of them is there once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from domain.vocabulary import Status
from projections.incidents import LONG_SPAN
from projections.timelines import ACTORS, COUNTRIES
from service.reading.clocks import Moment
from service.reading.selection import Box, PageEnd, Selected, Selection, Share
from service.reading.text_search import match_expression

RETRACTED = str(Status.RETRACTED)

Statement = tuple[str, list[Any]]

MOST_ARMS = 60
"""Shares that each have a range of the index of their own; more are sorted together."""


def page_statement(
    selected: Selected, moment: Moment, after: PageEnd | None, limit: int, *, reaches_in: bool
) -> Statement:
    """The statement that finds a page: rows of earliest day, number, participants and entry.

    `reaches_in` says whether any incident reaches into the window from long before it.
    """
    direction = "DESC" if selected.selection.order == "desc" else "ASC"
    order = f"ORDER BY 1 {direction}, 2 {direction}"
    ranges = _ranges(selected)[: 2 if reaches_in else 1]
    arms = [
        _arm(source, selected, moment, after, days)
        for days in ranges
        for source in sources(selected)
    ]
    parameters = [parameter for arm in arms for parameter in arm.parameters]
    if len(selected.shares) <= 1:
        sql = " UNION ALL ".join(
            arm.select("{t}.earliest, {t}.number, v.participants, v.entry") for arm in arms
        )
        return f"{sql} {order} LIMIT ?", [*parameters, limit]
    # UNION leaves out what is there twice; a single arm, of many shares, has to be told.
    distinct = "DISTINCT " if len(arms) == 1 else ""
    key = f"{distinct}{{t}}.earliest, {{t}}.number, v.version_id"
    sql = " UNION ".join(arm.select(key) for arm in arms)
    return (
        "SELECT p.earliest, p.number, v.participants, v.entry"
        f" FROM ({sql} {order} LIMIT ?) p"
        f" CROSS JOIN incident_version v ON v.version_id = p.version_id {order}",
        [*parameters, limit],
    )


def reaching_in_statement(selected: Selected) -> Statement | None:
    """The statement that finds whether an incident with a long span reaches into the window.

    None where the window has no start, or none may. Merging the few with the rest costs a quarter of a
    page's time, and most windows have none.
    """
    if len(ranges := _ranges(selected)) == 1:
        return None
    arms = []
    for arm in sources(selected):
        arm.add(f"{arm.t}.latest - {arm.t}.earliest > {LONG_SPAN}")
        arm.add(f"{arm.t}.earliest <= ?", ranges[1].greatest)
        arm.add(f"{arm.t}.latest >= ?", selected.selection.first_day)
        arms.append(arm)
    sql = " UNION ALL ".join(arm.select("1", joined=False) for arm in arms)
    return f"{sql} LIMIT 1", [parameter for arm in arms for parameter in arm.parameters]


@dataclass(frozen=True, slots=True)
class _Range:
    """A range of earliest days, of all incidents or of those with a long span."""

    least: int | None
    greatest: int | None
    long_only: bool = False


def _ranges(selected: Selected) -> list[_Range]:
    first, last = selected.selection.first_day, selected.selection.last_day
    if first is None or selected.selection.match == "certain":
        return [_Range(first, last)]
    return [_Range(first - LONG_SPAN, last), _Range(None, first - LONG_SPAN - 1, long_only=True)]


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

    def select(self, columns: str, *, joined: bool = True) -> str:
        """The statement that selects columns; joined with versions unless none is needed."""
        table = self.table
        if joined and self.t == "t":
            table += " CROSS JOIN incident_version v ON v.version_id = t.version_id"
        where = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        return f"SELECT {columns.format(t=self.t)} FROM {table}{where}"


def sources(selected: Selected) -> list[Source]:
    """What a selection's incidents are selected from: one source for each share, if there are not many."""
    subject = selected.selection.subject
    if subject is None:
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


def _add_days(source: Source, selected: Selected, since: str, until: str) -> None:
    """Keep what happened in days: possibly, or certainly, as the selection wants it."""
    if selected.selection.match == "possible":
        source.add(f"t.latest >= {since} AND t.earliest <= {until}")
    else:
        source.add(f"t.earliest >= {since} AND t.latest <= {until}")


def _arm(
    source: Source, selected: Selected, moment: Moment, after: PageEnd | None, days: _Range
) -> Source:
    _add_order(source, source.t, selected.selection, after, days)
    source.add(f"{source.t}.from_position <= ?", moment.position)
    source.add("v.to_position > ?", moment.position)
    source.add("v.reported_from <= ? AND v.reported_to > ?", *[moment.reported_by] * 2)
    add_filters(source, selected)
    return source


def _add_order(
    where: Source, t: str, selection: Selection, after: PageEnd | None, days: _Range
) -> None:
    least, greatest = days.least, days.greatest
    if after is not None:
        if selection.order == "asc":
            least = after.earliest if least is None else max(least, after.earliest)
            where.add(f"({t}.earliest > ? OR {t}.number > ?)", after.earliest, after.number)
        else:
            greatest = after.earliest if greatest is None else min(greatest, after.earliest)
            where.add(f"({t}.earliest < ? OR {t}.number < ?)", after.earliest, after.number)
    if least is not None:
        where.add(f"{t}.earliest >= ?", least)
    if greatest is not None:
        where.add(f"{t}.earliest <= ?", greatest)
    if days.long_only:
        where.add(f"{t}.latest - {t}.earliest > {LONG_SPAN}")
    if selection.first_day is not None:
        where.add(f"{t}.latest >= ?", selection.first_day)
    if selection.last_day is not None and selection.match == "certain":
        where.add(f"{t}.latest <= ?", selection.last_day)


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
        _add_box(source, t, selection.box)
    if selection.text:
        source.add(
            f"{t}.version_id IN (SELECT rowid FROM incident_text WHERE incident_text MATCH ?)",
            match_expression(selection.text),
        )


def _add_box(where: Source, t: str, box: Box) -> None:
    west_to_east = (
        "longitude BETWEEN ? AND ?"
        if box.west <= box.east
        else "(longitude >= ? OR longitude <= ?)"
    )
    where.add(
        f"{t}.version_id IN (SELECT version_id FROM incident_version"
        f" WHERE latitude BETWEEN ? AND ? AND {west_to_east})",
        box.south,
        box.north,
        box.west,
        box.east,
    )
