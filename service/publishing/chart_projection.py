"""The projection of a map, computed here and not by Vega, so that it is known which pixel a place has.

Mercator's for a part of the world; plain degrees for the world, which has poles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asinh, atan, degrees, radians, sinh, tan
from typing import Literal

from service.publishing.chart_frame import WIDTH, Json
from service.publishing.chart_outlines import Part, Point

HEIGHT, WORLD_HEIGHT = 680, WIDTH // 2
"""Pixels of a map."""

_NARROWEST = 3.0
_WIDE = 110.0
"""Degrees of longitude from which a map is of the world."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Degrees as pixels: around a meridian, Mercator's or, of the world, by plain degrees."""

    kind: Literal["mercator", "equirectangular"]
    scale: float
    meridian: float
    middle: float

    @property
    def height(self) -> int:
        """Pixels."""
        return HEIGHT if self.kind == "mercator" else WORLD_HEIGHT

    def at(self, latitude: float, longitude: float) -> Point:
        """The pixel of a place, from the left and from the top."""
        east = (longitude - self.meridian + 180) % 360 - 180
        return (
            WIDTH / 2 + self.scale * radians(east),
            self.height / 2 - self.scale * (_up(self.kind, latitude) - self.middle),
        )

    @property
    def part(self) -> Part:
        """What can be seen, and somewhat more."""
        across = min(180.0, degrees(WIDTH / 2 / self.scale) * 1.1)
        up = self.height / 2 / self.scale * 1.1
        south, north = (_down(self.kind, self.middle + way) for way in (-up, up))
        return Part(self.meridian - across, south, self.meridian + across, north)

    @property
    def json(self) -> Json:
        """The same, in Vega-Lite's words."""
        return {
            "type": self.kind,
            "scale": round(self.scale, 3),
            "rotate": [round(-self.meridian, 6), 0, 0],
            "center": [0, 0],
            "translate": [WIDTH / 2, round(self.height / 2 + self.scale * self.middle, 3)],
            "clipExtent": [[0, 0], [WIDTH, self.height]],
        }


def _up(kind: str, latitude: float) -> float:
    """How far up a latitude is, in radii of the globe."""
    return asinh(tan(radians(latitude))) if kind == "mercator" else radians(latitude)


def _down(kind: str, up: float) -> float:
    latitude = degrees(atan(sinh(up))) if kind == "mercator" else degrees(up)
    return max(-90.0, min(90.0, latitude))


def fitted(places: Sequence[Point]) -> Projection:
    """The projection that shows places, latitudes and longitudes of them, with a margin around."""
    latitudes = [latitude for latitude, _ in places]
    west, across = _widest_free(sorted({longitude for _, longitude in places}))
    kind: Literal["mercator", "equirectangular"] = (
        "equirectangular"
        if across > _WIDE or max(map(abs, latitudes)) > 78 or max(latitudes) - min(latitudes) > 100
        else "mercator"
    )
    low, high = _up(kind, min(latitudes)), _up(kind, max(latitudes))
    scale = min(
        WIDTH * 0.8 / radians(max(across, _NARROWEST)),
        HEIGHT * 0.8 / max(high - low, radians(_NARROWEST)),
    )
    if kind == "equirectangular":
        return Projection(kind, WIDTH / radians(360), west + across / 2, 0.0)
    return Projection(kind, scale, west + across / 2, (low + high) / 2)


def _widest_free(longitudes: list[float]) -> tuple[float, float]:
    """The west of all longitudes and how far they reach east: around the globe's widest gap."""
    if len(longitudes) == 1:
        return longitudes[0], 0.0
    gaps = [(east - west, east) for west, east in pairwise(longitudes)]
    gap, west = max([*gaps, (longitudes[0] + 360 - longitudes[-1], longitudes[0])])
    return west, 360 - gap
