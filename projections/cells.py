"""The cells of a grid over the world, one degree wide and high: what lies in a box is found by them.

A cell's number goes up from west to east and then from south to north, so that the cells of a box are one
range of numbers for each degree of latitude; two, where the box crosses the antimeridian.
"""

from __future__ import annotations

from math import floor

_COLUMNS, _ROWS = 360, 180


def cell_of(latitude: float, longitude: float) -> int:
    """The cell in which a point lies; the edges of the world are of the last cells."""
    return _row(latitude) * _COLUMNS + _column(longitude)


def cells_within(west: float, south: float, east: float, north: float) -> list[tuple[int, int]]:
    """The first and last cells of the ranges that a box has a part in."""
    columns = [(_column(west), _column(east))]
    if west > east:
        columns = [(_column(west), _COLUMNS - 1), (0, _column(east))]
    return [
        (row * _COLUMNS + first, row * _COLUMNS + last)
        for row in range(_row(south), _row(north) + 1)
        for first, last in columns
    ]


def _row(latitude: float) -> int:
    return min(floor(latitude) + 90, _ROWS - 1)


def _column(longitude: float) -> int:
    return min(floor(longitude) + 180, _COLUMNS - 1)
