"""SVG and PNG: the charts of `vegalite`, drawn, with their data inside: nothing is fetched.

They are drawn by a process of its own (`chart_worker`), which all publications share.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from service.publishing.chart_worker import Drawer, Kind
from service.publishing.publication import Format, Publication, SeriesPublication
from service.publishing.vegalite import chart_of

DRAWER = Drawer()
"""Draws for this process; it has no process of its own before the first chart."""

SHARP = 1.5
"""Pixels of a PNG for each of the chart."""

_NO_CHARACTERS = dict.fromkeys((0xFFFE, 0xFFFF))
"""Code points that are no characters, at which the engine ends its process."""

_TALL = 2_400
"""Pixels of height from which a PNG has no more pixels than the chart."""


def _write(publication: Publication | SeriesPublication, kind: Kind) -> Iterator[bytes]:
    chart = chart_of(publication)
    scale = SHARP if chart.view["height"] < _TALL else 1.0
    text = orjson.dumps(chart.specification(None)).decode().translate(_NO_CHARACTERS)
    yield DRAWER.draw(text, kind, scale)


def write_svg(publication: Publication | SeriesPublication) -> Iterator[bytes]:
    """The chart as an SVG. Raises `NotDrawn`, `TooMuchToDraw`."""
    return _write(publication, "svg")


def write_png(publication: Publication | SeriesPublication) -> Iterator[bytes]:
    """The chart as a PNG. Raises `NotDrawn`, `TooMuchToDraw`."""
    return _write(publication, "png")


SVG = Format(
    suffix="svg",
    media_type="image/svg+xml",
    title="SVG",
    incidents=write_svg,
    series=write_svg,
    is_chart=True,
)
PNG = Format(
    suffix="png",
    media_type="image/png",
    title="PNG",
    incidents=write_png,
    series=write_png,
    is_text=False,
    is_chart=True,
)
