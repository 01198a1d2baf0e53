"""Cells of the grid: whatever lies in a box lies in one of the box's cells, and nothing is far from it."""

from hypothesis import given
from hypothesis import strategies as st

from projections.cells import cell_of, cells_within

latitudes = st.floats(-90, 90) | st.integers(-90, 90).map(float)
longitudes = st.floats(-180, 180) | st.integers(-180, 180).map(float)


def lies_within(cells: list[tuple[int, int]], cell: int) -> bool:
    return any(first <= cell <= last for first, last in cells)


@given(latitudes, longitudes, st.tuples(latitudes, latitudes), longitudes, longitudes)
def test_what_lies_in_a_box_lies_in_its_cells(latitude, longitude, parallels, west, east):
    south, north = sorted(parallels)
    in_columns = west <= longitude <= east if west <= east else not east < longitude < west
    cells = cells_within(west, south, east, north)
    if south <= latitude <= north and in_columns:
        assert lies_within(cells, cell_of(latitude, longitude))


@given(latitudes, longitudes)
def test_a_point_is_a_box_of_one_cell(latitude, longitude):
    cell = cell_of(latitude, longitude)
    assert cells_within(longitude, latitude, longitude, latitude) == [(cell, cell)]
    assert 0 <= cell < 360 * 180


def test_a_box_has_no_more_cells_than_its_degrees():
    assert cells_within(60.5, 29.4, 74.9, 38.5) == [
        (row * 360 + 240, row * 360 + 254) for row in range(119, 129)
    ]
    assert cells_within(179, -1, -179, 0) == [
        (89 * 360 + 359, 89 * 360 + 359),
        (89 * 360, 89 * 360 + 1),
        (90 * 360 + 359, 90 * 360 + 359),
        (90 * 360, 90 * 360 + 1),
    ]
