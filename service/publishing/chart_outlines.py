"""The outlines of countries within a part of the world, from Natural Earth (`data/README.md`).

TopoJSON holds each border once, as an arc of differences between whole numbers; a polygon is a ring of
arcs. What lies outside of the part is cut away, so that a specification that carries outlines stays small.
Borders are drawn as Natural Earth has them, and are no statement of anyone's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import accumulate
from typing import Any

import orjson

Point = tuple[float, float]
Ring = list[Point]

_ANTARCTIC = -60.0

COARSE, FINE = "countries-110m.json", "countries-50m.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the world in degrees; its east lies beyond 180 where it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


def outlines(part: Part, *, fine: bool) -> list[dict[str, Any]]:
    """GeoJSON features of the countries that lie in the part, cut off at its border."""
    # The fine outline of Antarctica is of several rings around the pole.
    fine = fine and part.south > _ANTARCTIC
    is_world = part.east - part.west >= 360
    data = orjson.loads(
        (files("service.publishing") / "data" / (FINE if fine else COARSE)).read_bytes()
    )
    arcs = _Arcs(data)
    features = []
    for country in data["objects"]["countries"]["geometries"]:
        polygons = [
            cut
            for polygon in _polygons(country)
            for rings in [[arcs.ring(ring) for ring in polygon]]
            if (
                cut := _rounded(rings)
                if is_world
                else _cut_polygon([_unrolled(ring) for ring in rings], part)
            )
        ]
        if polygons:
            geometry = {"type": "MultiPolygon", "coordinates": polygons}
            features.append({"type": "Feature", "properties": {}, "geometry": geometry})
    return features


def _polygons(country: dict[str, Any]) -> list[list[list[int]]]:
    match country.get("type"):
        case "Polygon":
            return [country["arcs"]]
        case "MultiPolygon":
            arcs: list[list[list[int]]] = country["arcs"]
            return arcs
        case _:
            return []


class _Arcs:
    """The arcs of a topology, each read when it is wanted first."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._arcs = data["arcs"]
        self._scale = data["transform"]["scale"]
        self._origin = data["transform"]["translate"]
        self._read: dict[int, Ring] = {}

    def ring(self, numbers: Sequence[int]) -> Ring:
        """The ring of arcs; a number below 0 is an arc backwards."""
        ring: Ring = []
        for number in numbers:
            arc = self._arc(number) if number >= 0 else self._arc(~number)[::-1]
            ring += arc[1:] if ring else arc  # each begins where the one before it ends
        return ring

    def _arc(self, number: int) -> Ring:
        if number not in self._read:
            arc = self._arcs[number]
            columns = (
                [each * scale + origin for each in accumulate(step[axis] for step in arc)]
                for axis, scale, origin in zip((0, 1), self._scale, self._origin, strict=True)
            )
            self._read[number] = list(zip(*columns, strict=True))
        return self._read[number]


def _unrolled(ring: Ring) -> Ring:
    """A ring without leaps: where it crosses the antimeridian it goes on beyond 180."""
    unrolled, turns, before = [], 0, ring[0][0]
    for x, y in ring:
        turns += (x < before - 180) - (x > before + 180)
        unrolled.append((x + 360.0 * turns, y))
        before = x
    if turns:  # it goes around a pole, which only Antarctica does
        unrolled += [(unrolled[-1][0], -90.0), (unrolled[0][0], -90.0)]
    return unrolled


def _rounded(rings: list[Ring]) -> list[list[list[float]]]:
    return [[[round(x, 2), round(y, 2)] for x, y in ring] for ring in rings if ring]


def _cut_polygon(rings: list[Ring], part: Part) -> list[list[list[float]]]:
    for shift in (0.0, 360.0, -360.0):
        outer = [(x + shift, y) for x, y in rings[0]]
        if _apart(outer, part):
            continue
        cut = [_cut([(x + shift, y) for x, y in ring], part) for ring in rings]
        if cut[0]:
            return _rounded(cut)
    return []


def _apart(ring: Ring, part: Part) -> bool:
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return (
        max(xs) < part.west or min(xs) > part.east or max(ys) < part.south or min(ys) > part.north
    )


def _cut(ring: Ring, part: Part) -> Ring:
    """What is left of a ring within the part (Sutherland and Hodgman), closed; empty: nothing."""
    for axis, bound, sign in (
        (0, part.west, 1),
        (0, part.east, -1),
        (1, part.south, 1),
        (1, part.north, -1),
    ):
        ring = list(_on_one_side(ring, axis, bound, sign))
    return [*ring, ring[0]] if len(ring) > 2 else []


def _on_one_side(ring: Ring, axis: int, bound: float, sign: int) -> Iterator[Point]:
    for before, point in zip([*ring[-1:], *ring[:-1]], ring, strict=True):
        was, now = ((each[axis] - bound) * sign for each in (before, point))
        if (was >= 0) != (now >= 0):
            along = was / (was - now)
            yield (
                before[0] + (point[0] - before[0]) * along,
                before[1] + (point[1] - before[1]) * along,
            )
        if now >= 0:
            yield point
