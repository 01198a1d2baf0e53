"""The map: a circle for each place, as large as incidents are many there, over outlines of countries.

Filled is a place that is known to about 25 km, hollow a point that stands for a district, a province or a
wider area. Places are gathered while incidents are read, on a grid that grows coarser the more there are,
so that any number can be drawn. Names of places are written where they touch neither each other nor a
circle.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from math import pi, sqrt

from service.publishing.chart_frame import (
    BLUE,
    INK,
    LINES,
    NOTHING,
    WIDTH,
    Chart,
    Credits,
    Json,
    as_of,
    count,
    empty,
    narrowed_by,
    shortened,
    width,
)
from service.publishing.chart_outlines import outlines
from service.publishing.chart_projection import Projection, fitted
from service.publishing.publication import Entry, Publication

MOST_PLACES = 3_000
"""Circles that a map has at most; more are put together on a coarser grid."""

NAMES = 14
"""Names of places that are written at most: those with the most incidents."""

_POINTS = ("exact", "near")
_LONGEST, _LETTER, _LINE = 26, 6.6, 15
_ALONE, _SMALLEST, _LARGEST = 90, 45, 1_400
"""Square pixels of circles; of more than so many they are smaller, for all to be seen."""

_MANY = 300

Key = tuple[float, float, bool]
_Box = tuple[float, float, float, float]


@dataclass(slots=True)
class _Places:
    """How many incidents there are at each place: latitude, longitude, and whether it is an area's."""

    step: float = 0.0
    counts: Counter[Key] = field(default_factory=Counter)
    names: dict[Key, str] = field(default_factory=dict)
    nowhere: int = 0

    def add(self, entry: Entry) -> None:
        place = entry["place"]
        if place is None or place["latitude"] is None:
            self.nowhere += 1
            return
        key = self._key(
            place["latitude"], place["longitude"], place["precision"] not in (*_POINTS, None)
        )
        self.counts[key] += 1
        self.names.setdefault(key, place["name"] or "")
        if len(self.counts) > MOST_PLACES:
            self._coarsen()

    def _key(self, latitude: float, longitude: float, is_area: bool) -> Key:
        if not self.step:
            return latitude, longitude, is_area
        return (
            round(round(latitude / self.step) * self.step, 6),
            round(round(longitude / self.step) * self.step, 6),
            is_area,
        )

    def _coarsen(self) -> None:
        while len(self.counts) > MOST_PLACES * 0.7:
            self.step = self.step * 2 or 0.05
            counts, names = self.counts, self.names
            self.counts, self.names = Counter(), {}
            for key, number in counts.items():
                coarser = self._key(*key)
                self.counts[coarser] += number
                self.names.setdefault(coarser, names[key])


def chart_map(publication: Publication) -> Chart:
    """The chart."""
    credit, places, number = Credits(publication.datasets), _Places(), 0
    for entry in publication.entries():
        number += 1
        credit.add(entry)
        places.add(entry)
    nowhere = f"{places.nowhere:,} without coordinates are not shown" if places.nowhere else ""
    chart = Chart(
        title=f"{publication.title}: map",
        summary=[
            "; ".join(filter(None, [count(number, "incident"), nowhere, narrowed_by(publication)])),
            f"{as_of(publication)}.",
        ],
        notes=credit.lines(),
        view={},
        rows=[
            {"latitude": key[0], "longitude": key[1], "precision": _named(key), "incidents": total}
            for key, total in places.counts.items()
        ],
        parse={"latitude": "number", "longitude": "number", "precision": "string"},
    )
    if not places.counts:
        return empty(chart, "No incident that matches has coordinates" if number else NOTHING)
    return _drawn(chart, places)


def _named(key: Key) -> str:
    return "area" if key[2] else "near"


def _drawn(chart: Chart, places: _Places) -> Chart:
    projection = fitted([(latitude, longitude) for latitude, longitude, _ in places.counts])
    most = max(places.counts.values())
    part = projection.part
    shrink = _shrink(places)
    size: Json = {"value": _ALONE * shrink}
    if most > 1:
        size = {
            "field": "total",
            "type": "quantitative",
            "scale": {
                "type": "linear",
                "domain": [0, most],
                "range": [_SMALLEST * shrink, _LARGEST * shrink],
            },
            "legend": {
                "title": "incidents at a place",
                "values": sorted({1, max(1, round(most / 4)), most}),
                "format": ",d",
                "orient": "top",
                "symbolStrokeColor": BLUE,
                "symbolFillColor": "transparent",
            },
        }
    step = places.step
    transform: list[Json] = [
        {"filter": "isValid(datum.latitude) && isValid(datum.longitude)"},
        {"calculate": "isValid(datum.incidents) ? datum.incidents : 1", "as": "each"},
        {
            "calculate": f"!!datum.precision && indexof({list(_POINTS)!r}, datum.precision) < 0",
            "as": "is_area",
        },
    ]
    if step:
        transform += [
            {"calculate": f"round(datum.{axis} / {step}) * {step}", "as": axis}
            for axis in ("latitude", "longitude")
        ]
    transform.append(
        {
            "aggregate": [{"op": "sum", "field": "each", "as": "total"}],
            "groupby": ["latitude", "longitude", "is_area"],
        }
    )
    layers: list[Json] = [
        {
            "data": {"values": outlines(part, fine=projection.kind == "mercator")},
            "mark": {
                "type": "geoshape",
                "fill": "#f3f1ec",
                "stroke": "#a8a49a",
                "strokeWidth": 0.8,
            },
        },
        {
            "transform": transform,
            "mark": {"type": "circle", "strokeWidth": 1.3, "opacity": 1},
            "encoding": {
                "longitude": {"field": "longitude", "type": "quantitative"},
                "latitude": {"field": "latitude", "type": "quantitative"},
                "size": size,
                "order": {"field": "total", "sort": "descending"},
                "fill": {"value": BLUE},
                "stroke": {"value": BLUE},
                "fillOpacity": {
                    "condition": {"test": "datum.is_area", "value": 0.05},
                    "value": 0.5,
                },
                "tooltip": [{"field": "total", "type": "quantitative", "title": "incidents"}],
            },
        },
    ]
    if names := _names(places, projection, most):
        layers.append(_written(names))
    return replace(
        chart,
        notes=[
            "Filled: known to about 25 km. Hollow: a point that stands for a district, a province or"
            " a wider area."
            + (f" Places are put together on a grid of {step:g} degrees." if step else ""),
            "Outlines: Natural Earth (public domain).",
            *chart.notes,
        ],
        view={
            "width": WIDTH,
            "height": projection.height,
            "view": {"fill": "#e9f0f4", "stroke": LINES},
            "projection": projection.json,
            "layer": layers,
        },
    )


def _names(places: _Places, projection: Projection, most: int) -> list[Json]:
    """Names of the places with the most incidents, where there is room for them."""
    circles = [
        (key, *projection.at(key[0], key[1]), _radius(number, most, _shrink(places)))
        for key, number in places.counts.most_common()
    ]
    taken = [(x - r, y - r, x + r, y + r) for _, x, y, r in circles]
    written: dict[str, Json] = {}
    for key, x, y, radius in circles[: NAMES * 4]:
        name = shortened(places.names[key], _LONGEST)
        if not name or name in written or len(written) == NAMES:
            continue
        long = width(name) * _LETTER
        for left in (x + radius + 4, x - radius - 4 - long):
            box = (left, y - _LINE / 2, left + long, y + _LINE / 2)
            if _is_free(box, projection.height, taken):
                taken.append(box)
                is_right = left > x
                written[name] = {
                    "name": name,
                    "x": round(left if is_right else left + long, 1),
                    "y": round(y, 1),
                    "align": "left" if is_right else "right",
                }
                break
    return list(written.values())


def _shrink(places: _Places) -> float:
    return max(0.12, min(1.0, _MANY / len(places.counts)))


def _radius(number: int, most: int, shrink: float) -> float:
    area = _ALONE if most == 1 else _SMALLEST + (_LARGEST - _SMALLEST) * number / most
    return sqrt(area * shrink / pi)


def _is_free(box: _Box, height: int, taken: list[_Box]) -> bool:
    left, top, right, bottom = box
    if left < 4 or top < 4 or right > WIDTH - 4 or bottom > height - 4:
        return False
    return all(
        right < other[0] or left > other[2] or bottom < other[1] or top > other[3]
        for other in taken
    )


def _written(names: list[Json]) -> Json:
    text: Json = {
        "type": "text",
        "align": {"expr": "datum.align"},
        "baseline": "middle",
        "fontSize": 11,
    }
    halo = {**text, "stroke": "white", "strokeWidth": 3, "strokeJoin": "round", "color": "white"}
    encoding = {
        # Pixels, as they were laid out; not degrees.
        "x": {"field": "x", "type": "quantitative", "scale": None, "axis": None},
        "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
        "text": {"field": "name", "type": "nominal"},
    }
    return {
        "data": {"values": names},
        "layer": [
            {"mark": halo, "encoding": encoding},
            {"mark": {**text, "color": INK}, "encoding": encoding},
        ],
    }
