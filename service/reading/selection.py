"""What a timeline read selects, and the one SQL statement that answers it.

A page is an index range: the subject's rows in order of (earliest day, incident number), from where the
last page ended. Incidents whose span began before a window are found in the year before it; the few whose
span is longer have an index of their own, merged in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from domain.vocabulary import Status
from projections.incidents import LONG_SPAN
from projections.timelines import ACTORS, COUNTRIES, TimelineTable
from service.reading.clocks import Moment
from service.reading.text_search import match_expression

Order = Literal["asc", "desc"]
Match = Literal["possible", "certain"]

RETRACTED = str(Status.RETRACTED)


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box in degrees, WGS 84; one whose west is east of its east crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class PageEnd:
    """Where in a timeline's order a page ended."""

    earliest: int
    number: int


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """Whose timeline: a country by its code, or an actor by its slug."""

    kind: Literal["country", "actor"]
    id: str

    @property
    def table(self) -> TimelineTable:
        """The table that its timeline is in."""
        return COUNTRIES if self.kind == "country" else ACTORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which incidents, in which order. Days are day numbers; None leaves a filter out.

    The subject is whose timeline it is, and who plays the roles; a country and an actor beside it narrow
    it to what is on their timelines as well.
    """

    subject: SubjectKey | None = None
    country: str | None = None
    actor: str | None = None
    first_day: int | None = None
    last_day: int | None = None
    match: Match = "possible"
    types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    box: Box | None = None
    text: str | None = None
    order: Order = "asc"


Statement = tuple[str, list[Any]]


def page_statement(
    selection: Selection, moment: Moment, after: PageEnd | None, limit: int, *, reaches_in: bool
) -> Statement:
    """The statement that finds a page: rows of earliest day, number, participants and entry.

    `reaches_in` says whether any incident reaches into the window from long before it.
    """
    direction = "DESC" if selection.order == "desc" else "ASC"
    ranges = _ranges(selection) if reaches_in else _ranges(selection)[:1]
    arms = [_arm(selection, moment, after, bounds) for bounds in ranges]
    sql = " UNION ALL ".join(arm for arm, _ in arms)
    parameters = [parameter for _, parameters in arms for parameter in parameters]
    return f"{sql} ORDER BY 1 {direction}, 2 {direction} LIMIT ?", [*parameters, limit]


def reaching_in_statement(selection: Selection) -> Statement | None:
    """The statement that finds whether an incident with a long span reaches into the window.

    None where the window has no start, or none may. Merging the few with the rest costs a quarter of a
    page's time, and most windows have none.
    """
    if len(ranges := _ranges(selection)) == 1:
        return None
    table, parameters = "incident_version", []
    where = f"latest - earliest > {LONG_SPAN} AND earliest <= ? AND latest >= ?"
    if selection.subject:
        table = selection.subject.table.name
        where, parameters = f"subject = ? AND {where}", [selection.subject.id]
    sql = f"SELECT 1 FROM {table} WHERE {where} LIMIT 1"
    return sql, [*parameters, ranges[1].greatest, selection.first_day]


@dataclass(frozen=True, slots=True)
class _Range:
    """A range of earliest days, of all incidents or of those with a long span."""

    least: int | None
    greatest: int | None
    long_only: bool = False


def _ranges(selection: Selection) -> list[_Range]:
    first, last = selection.first_day, selection.last_day
    if first is None or selection.match == "certain":
        return [_Range(first, last)]
    return [_Range(first - LONG_SPAN, last), _Range(None, first - LONG_SPAN - 1, long_only=True)]


class _Conditions:
    def __init__(self) -> None:
        self.sql: list[str] = []
        self.parameters: list[Any] = []

    def add(self, sql: str, *parameters: Any) -> None:
        self.sql.append(sql)
        self.parameters += parameters


def _arm(selection: Selection, moment: Moment, after: PageEnd | None, days: _Range) -> Statement:
    subject = selection.subject
    where = _Conditions()
    t = "t" if subject else "v"
    if subject:
        where.add("t.subject = ?", subject.id)
    _add_order(where, t, selection, after, days)
    where.add(f"{t}.from_position <= ?", moment.position)
    if subject and selection.roles:
        where.add("t.roles & ? != 0", subject.table.bits(selection.roles))
    where.add("v.to_position > ?", moment.position)
    where.add("v.reported_from <= ? AND v.reported_to > ?", *[moment.reported_by] * 2)
    _add_filters(where, t, selection)
    source = (
        f"{subject.table.name} t CROSS JOIN incident_version v ON v.version_id = t.version_id"
        if subject
        else "incident_version v"
    )
    return (
        f"SELECT {t}.earliest, {t}.number, v.participants, v.entry FROM {source}"
        f" WHERE {' AND '.join(where.sql)}",
        where.parameters,
    )


def _add_order(
    where: _Conditions, t: str, selection: Selection, after: PageEnd | None, days: _Range
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


def _add_filters(where: _Conditions, t: str, selection: Selection) -> None:
    if RETRACTED not in selection.statuses:
        where.add("v.status <> ?", RETRACTED)
    for column, allowed in (("type", selection.types), ("status", selection.statuses)):
        if allowed:
            where.add(f"v.{column} IN ({','.join('?' * len(allowed))})", *allowed)
    for other, subject in ((COUNTRIES, selection.country), (ACTORS, selection.actor)):
        if subject:
            where.add(
                f"EXISTS (SELECT 1 FROM {other.name} o WHERE o.subject = ?"
                f" AND o.earliest = {t}.earliest AND o.number = {t}.number"
                f" AND o.version_id = {t}.version_id)",
                subject,
            )
    if selection.box:
        _add_box(where, t, selection.box)
    if selection.text:
        where.add(
            f"{t}.version_id IN (SELECT rowid FROM incident_text WHERE incident_text MATCH ?)",
            match_expression(selection.text),
        )


def _add_box(where: _Conditions, t: str, box: Box) -> None:
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
