"""The SQL that finds what is opened and closed along one of the three clocks.

On the occurred clock an incident's version of the moment is opened on its earliest day. On the other two
versions are opened and closed by the sides of their rectangles (`projections.bitemporal`) that lie across
the clock. A point is a day or, of the recorded clock, a position; what is at one is in order of incidents'
numbers, and what is closed of an incident comes before what is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from projections.bitemporal import OPEN_POSITION
from service.reading.clocks import Moment
from service.reading.selection import Selected
from service.reading.statements import Source, Statement, add_filters, sources

Side = Literal["after", "until", "before"]
"""The side of a place that is looked at; until includes the place itself."""

Clock = Literal["occurred", "reported", "recorded"]

CLOSED, OPENED = -1, 1

_POINTS: dict[Clock, dict[int, str]] = {
    "occurred": {OPENED: "{t}.earliest"},
    "reported": {OPENED: "{t}.reported_from", CLOSED: "v.reported_to"},
    "recorded": {OPENED: "{t}.from_position", CLOSED: "v.to_position"},
}

_KEY = "{point}, {t}.number, {sign}, {t}.earliest, {t}.from_position, {t}.reported_from"
KEY_WIDTH = 6
"""Numbers of a key: the point, the incident's, `OPENED` or `CLOSED`; and those that name the version in
every generation of rows: its earliest day, and the corner of its rectangle."""

VERSIONS = """
    SELECT json_extract(k.value, '$[0]'), v.number, json_extract(k.value, '$[2]'),
        v.participants, v.entry, v.totals,
        coalesce((SELECT recorded_at FROM instant
            WHERE position <= json_extract(k.value, '$[0]') ORDER BY position DESC LIMIT 1), '')
    FROM json_each(?) k CROSS JOIN incident_version v
    ON v.earliest = json_extract(k.value, '$[3]') AND v.number = json_extract(k.value, '$[1]')
        AND v.from_position = json_extract(k.value, '$[4]')
        AND v.reported_from = json_extract(k.value, '$[5]')"""
"""The versions of a JSON list of keys, in its order; each row is a `Version`."""


class Version(NamedTuple):
    """A version that is opened or closed at a point; when that was recorded, on the recorded clock."""

    point: int
    number: int
    sign: int
    participants: bytes
    entry: bytes
    totals: bytes
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Place:
    """A place on a clock: at a point, an incident by its number."""

    point: int
    number: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Along a clock, for what is selected at a moment, to a last point; None: with no end."""

    selected: Selected
    moment: Moment
    clock: Clock
    end: int | None

    @property
    def is_indexed(self) -> bool:
        """Whether an index has the keys in order: finding a few of them takes no look at all."""
        return self.clock == "occurred" or (
            self.clock == "recorded" and self.selected.selection.subject is None
        )

    def keys_after(self, place: Place | None, limit: int) -> Statement:
        """The statement for the keys of what is opened and closed after a place, or from the first on."""
        sql, parameters = self._arms(_KEY, place, "after")
        return f"{sql} ORDER BY 1, 2, 3 LIMIT ?", [*parameters, limit]

    def keys_before(self, place: Place | None, limit: int, *, walk: bool) -> Statement:
        """The statement for the keys of what is opened and closed before a place, or in all, backwards.

        To walk is to look at all incidents in the order of an index until enough are found; otherwise
        those of the subject are sorted.
        """
        sql, parameters = self._arms(_KEY, place, "before", walk=walk)
        return f"{sql} ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT ?", [*parameters, limit]

    def sums_at(self, place: Place) -> Statement:
        """The statement for what there is at a place: what incidents add to totals, and how many do."""
        columns = "{point}, {t}.number, {sign} AS sign, v.totals"
        sql, parameters = self._arms(columns, place, "until")
        return f"SELECT totals, sum(sign) FROM ({sql}) GROUP BY totals", parameters

    def _arms(
        self, columns: str, place: Place | None, side: Side, *, walk: bool = False
    ) -> Statement:
        arms, parameters = [], []
        several = len(self.selected.shares) > 1 and not walk
        filters = _of_anybody(self.selected) if walk else self.selected
        for sign, of in _POINTS[self.clock].items():
            for source in _walked(self.selected) if walk else sources(self.selected):
                point = of.format(t=source.t)
                self._add_points(source, point)
                if place:
                    _add_side(source, point, place, side)
                days = f"{source.t}.earliest", f"{source.t}.latest"
                source.add_window(*days, self.selected.selection)
                add_filters(source, filters)
                arms.append(source.select(columns.format(t=source.t, point=point, sign=sign)))
                parameters += source.parameters
        if several and len(arms) == 1:
            # UNION leaves out what is there twice; a single arm, of many shares, has to be told.
            return arms[0].replace("SELECT", "SELECT DISTINCT", 1), parameters
        return (" UNION " if several else " UNION ALL ").join(arms), parameters

    def _add_points(self, source: Source, point: str) -> None:
        """Keep to the moment on the clocks that stand still, and to the end on the one that moves."""
        position, reported_by = self.moment.position, self.moment.reported_by
        if self.clock != "recorded":
            source.add(f"{source.t}.from_position <= ? AND v.to_position > ?", *[position] * 2)
        if self.clock != "reported":
            source.add(f"{source.t}.reported_from <= ? AND v.reported_to > ?", *[reported_by] * 2)
        if self.end is not None:
            source.add(f"{point} <= ?", self.end)
        if point == "v.to_position":
            source.add(f"v.to_position < {OPEN_POSITION}")  # in the words of its index


_SIDES: dict[Side, tuple[str, str, str]] = {
    "after": (">=", ">", ">"),
    "until": ("<=", "<", "<="),
    "before": ("<=", "<", "<"),
}


def _add_side(source: Source, point: str, place: Place, side: Side) -> None:
    """Keep what is on a side of a place."""
    bound, beyond, number = _SIDES[side]
    source.add(f"{point} {bound} ?", place.point)
    source.add(f"({point} {beyond} ? OR {source.t}.number {number} ?)", place.point, place.number)


def _of_anybody(selected: Selected) -> Selected:
    return replace(selected, selection=replace(selected.selection, subject=None))


def _walked(selected: Selected) -> Sequence[Source]:
    """All incidents, each once: those of the subject are looked up on its timelines."""
    subject, source = selected.selection.subject, Source("v", "incident_version v")
    if subject is None:
        return (source,)
    shares = []
    for share in sources(selected):
        if roles := selected.selection.roles:
            share.add("t.roles & ? != 0", subject.table.bits(roles))
        share.add("t.earliest = v.earliest AND t.number = v.number AND t.version_id = v.version_id")
        shares.append(f"EXISTS ({share.select('1', joined=False)})")
        source.parameters += share.parameters
    source.where.append(f"({' OR '.join(shares)})")
    return (source,)
