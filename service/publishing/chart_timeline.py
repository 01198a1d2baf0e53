"""The timeline as a chart: a row for each incident with its title, or, of many, a lane for each type.

A day is a dot in the middle of its day, a span a bar from the beginning of its first day to the end of its
last, in UTC. What is hollow happened on some day of that time; a triangle at an edge says that it reaches
beyond the axis. The rows are laid out here, for the CSV of a fixed position never changes: the
specification has the place of the first, the second, the third of its rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.dates import day_number
from domain.edtf import span
from projections.csv import safe
from projections.terms import words
from service.publishing.chart_frame import (
    HAS_PAIRS,
    INK,
    OTHERS_COLOUR,
    PALE,
    PALETTE,
    WIDER,
    WIDTH,
    Chart,
    Credits,
    Json,
    TooMuchToDraw,
    as_of,
    asked_of,
    count,
    empty,
    is_within_reach,
    narrowed_by,
)
from service.publishing.chart_marks import DOT, OTHERS, Time, marks, pixels, placed
from service.publishing.publication import Entry, Publication

MOST = 2_000
"""Incidents that can be told apart on a chart."""

TITLED = 60
"""Incidents up to which each has a row of its own, with its title."""

_ROW = 21
_TITLES, _DATES = 470, 180
_LANE_NAMES = 240
_DEEPEST = 40
"""Rows of a lane; what would need more shares them."""

_COLUMNS = ("title", "type", "occurred", "earliest", "latest", "url")
_FOUR_DIGITS = re.compile(r"(-?\d{4})-(\d\d)-(\d\d)")


@dataclass(frozen=True, slots=True)
class Spanned:
    """What the layout needs of an incident: its type, its first and last day; None: open, or too far."""

    type: str
    first: int | None
    last: int | None


def too_many() -> TooMuchToDraw:
    """What is raised for more incidents than can be told apart."""
    return TooMuchToDraw(
        f"a timeline of more than {MOST:,} incidents is not legible: narrow the window, use `limit`,"
        " or choose chart=series"
    )


def timeline(publication: Publication) -> Chart:
    """The chart. Raises `TooMuchToDraw`."""
    credit = Credits(publication.datasets)
    rows: list[Json] = []
    spans: list[Spanned] = []
    for entry in publication.entries():
        if len(rows) == MOST:
            raise too_many()
        credit.add(entry)
        rows.append(_row(entry, publication))
        spans.append(_spanned(entry))
    chart = Chart(
        title=f"{publication.title}: timeline",
        summary=[
            "; ".join(filter(None, [count(len(rows), "incident"), narrowed_by(publication)])),
            f"{as_of(publication)}. Days are UTC.",
        ],
        notes=credit.lines(),
        view={},
        rows=rows,
        parse=dict.fromkeys(_COLUMNS, "string"),
    )
    if not rows:
        return empty(chart)
    return (_titled if len(rows) <= TITLED else _laned)(chart, spans, _window(publication, spans))


def _row(entry: Entry, publication: Publication) -> Json:
    """The columns of the CSV that are drawn, as it has them."""
    occurred = entry["occurred"]
    address = publication.address_of(entry["id"])
    cells = (entry["title"], entry["type"], occurred["edtf"], occurred["earliest"])
    return dict(zip(_COLUMNS, map(safe, (*cells, occurred["latest"], address)), strict=True))


def _spanned(entry: Entry) -> Spanned:
    occurred = entry["occurred"]
    return Spanned(entry["type"], _day(occurred["earliest"]), _day(occurred["latest"]))


def _day(text: str | None) -> int | None:
    if text and (parts := _FOUR_DIGITS.fullmatch(text)):
        return day_number(*map(int, parts.groups()))
    return None


def _window(publication: Publication, spans: Sequence[Spanned]) -> tuple[int, int]:
    """The first and the last day of the axis: those asked for, or of nearly all that is shown."""
    firsts = sorted(each.first for each in spans if each.first is not None)
    lasts = sorted(each.last for each in spans if each.last is not None)
    days = sorted([*firsts, *lasts]) or [0]
    first, last = days[0], days[-1]
    # A few from long ago would press the rest together: they are shown at the edge.
    few = len(days) // 10
    near_first, near_last = days[few], days[-1 - few]
    if (near_last - near_first) * 4 < last - first:
        margin = max(7, (near_last - near_first) // 20)
        first, last = max(first, near_first - margin), min(last, near_last + margin)
    asked = asked_of(publication)
    if "from" in asked:
        first = _clipped(span(asked["from"]).earliest, first)
    if "to" in asked:
        last = _clipped(span(asked["to"]).latest, last)
    return first, max(first, last)


def _clipped(day: int, otherwise: int) -> int:
    return day if is_within_reach(day) else otherwise


def _titled(chart: Chart, spans: Sequence[Spanned], window: tuple[int, int]) -> Chart:
    time = Time(*window, WIDTH - _TITLES - _DATES)
    height = len(spans) * _ROW
    types = [kind for kind, _ in Counter(each.type for each in spans).most_common()]
    shown = types[: len(PALETTE)]
    names = [words(kind) for kind in shown] + ([OTHERS] if len(types) > len(shown) else [])
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": names, "range": [*PALETTE[: len(shown)], OTHERS_COLOUR][: len(names)]},
    }
    legend = {"orient": "top", "title": None, "columns": 5, "symbolType": "circle", "offset": 12}
    text = {"type": "text", "baseline": "middle", "fontSize": 12}
    y = pixels("y", height)
    layers = [
        *marks(time, height, {**colour, "legend": legend}),
        {
            "mark": {
                **text,
                "align": "left",
                "color": INK,
                "limit": {"expr": f"{HAS_PAIRS} ? 0 : {(_TITLES - 12) / WIDER:.0f}"},
            },
            "encoding": {"x": {"value": -_TITLES}, "y": y, "text": _text("label")},
        },
        {
            "mark": {
                **text,
                "align": "left",
                "color": PALE,
                "fontSize": 10,
                "limit": int((_DATES - 20) / WIDER),
            },
            "encoding": {"x": {"value": time.pixels + 20}, "y": y, "text": _text("date")},
        },
    ]
    tops = [row * _ROW + _ROW // 2 for row in range(len(spans))]
    return _drawn(chart, tops, _view(time, height, shown, layers))


def _laned(chart: Chart, spans: Sequence[Spanned], window: tuple[int, int]) -> Chart:
    time = Time(*window, WIDTH - _LANE_NAMES)
    lanes, tops, height, are_full = [], [0] * len(spans), 0, False
    counts = Counter(each.type for each in spans)
    for number, (kind, total) in enumerate(counts.most_common()):
        members = [index for index, each in enumerate(spans) if each.type == kind]
        rows = _packed([spans[index] for index in members], time)
        are_full = are_full or len(set(rows)) == _DEEPEST
        depth = max(24, (max(rows) + 1) * (DOT + 1) + 10)
        for index, row in zip(members, rows, strict=True):
            tops[index] = height + 10 + row * (DOT + 1)
        lanes.append({"lane": f"{words(kind)} ({total:,})", "y": height, "end": height + depth})
        lanes[-1]["shade"] = number % 2
        height += depth
    kinds = list(counts)
    colour = {
        "field": "type",
        "type": "nominal",
        "scale": {"domain": kinds, "range": [PALETTE[0]] * len(kinds)},
        "legend": None,
    }
    y, end = pixels("y", height), {"field": "end"}
    layers = [
        {
            "data": {"values": [lane for lane in lanes if lane["shade"]]},
            "mark": {"type": "rect", "color": "#f5f5f5"},
            "encoding": {
                "x": {"value": -_LANE_NAMES},
                "x2": {"value": time.pixels},
                "y": y,
                "y2": end,
            },
        },
        *marks(time, height, colour),
        {
            "data": {"values": lanes},
            "mark": {
                "type": "text",
                "align": "left",
                "baseline": "top",
                "dy": 5,
                "fontSize": 12,
                "color": INK,
                "limit": int((_LANE_NAMES - 10) / WIDER),
            },
            "encoding": {"x": {"value": -_LANE_NAMES + 4}, "y": y, "text": _text("lane")},
        },
    ]
    if are_full:
        shared = f"In a lane of {_DEEPEST} rows some lie on each other."
        chart = replace(chart, notes=[shared, *chart.notes])
    return _drawn(chart, tops, _view(time, height, kinds, layers))


def _packed(spans: Sequence[Spanned], time: Time) -> list[int]:
    """For each of a lane the first row in which it touches no other."""
    ends: list[float] = []
    rows = [0] * len(spans)
    by_start = sorted(range(len(spans)), key=lambda i: _extent(spans[i], time))
    for index in by_start:
        start, end = _extent(spans[index], time)
        row = next((row for row, taken in enumerate(ends) if taken <= start), len(ends))
        if row == len(ends):
            ends.append(end)
        ends[row] = end
        rows[index] = row % _DEEPEST
    return rows


def _extent(each: Spanned, time: Time) -> tuple[float, float]:
    start = time.at(time.first if each.first is None else each.first)
    end = time.at(time.last + 1 if each.last is None else each.last + 1)
    middle = (start + end) / 2
    return min(start, middle - DOT / 2), max(end, middle + DOT / 2) + 1


def _view(time: Time, height: int, kinds: Sequence[str], layers: Sequence[Json]) -> Json:
    return {
        "width": time.pixels,
        "height": height,
        "transform": placed(time, kinds),
        "layer": list(layers),
    }


def _drawn(chart: Chart, tops: Sequence[int], view: Json) -> Chart:
    return replace(
        chart,
        notes=[
            "Filled: on that day, or from day to day. Hollow: the date is uncertain, or open: some day of"
            " that time. A triangle: earlier or later than the axis.",
            *chart.notes,
        ],
        view=view,
        params=[{"name": "tops", "value": list(tops)}],
    )


def _text(field: str) -> Json:
    return {"field": field, "type": "nominal"}
