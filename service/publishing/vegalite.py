"""Vega-Lite 6: a chart of incidents or of series as a specification, with the address of its data.

The data is the CSV of the same publication at the same position, so the specification draws the same chart
for as long as it is kept. Which chart it is of incidents, the parameter ``chart`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

import orjson

from service.publishing.chart_frame import Chart
from service.publishing.chart_map import chart_map
from service.publishing.chart_months import months
from service.publishing.chart_series import lines
from service.publishing.chart_timeline import timeline
from service.publishing.publication import (
    ChartName,
    Format,
    Publication,
    SeriesPublication,
    with_suffix,
)

CHART: ChartName = "timeline"
"""The chart that is drawn of incidents where none is asked for."""

_CHARTS: Mapping[ChartName, Callable[[Publication], Chart]] = MappingProxyType(
    {"timeline": timeline, "map": chart_map, "series": months}
)


def chart_of(publication: Publication | SeriesPublication) -> Chart:
    """The chart of a publication. Raises `TooMuchToDraw`."""
    if isinstance(publication, SeriesPublication):
        return lines(publication)
    return _CHARTS[publication.chart or CHART](publication)


def without_chart(address: str) -> str:
    """The address of the same publication, whichever chart it is of."""
    path, _, query = address.partition("?")
    return f"{path}?{urlencode([pair for pair in parse_qsl(query) if pair[0] != 'chart'])}"


def write(publication: Publication | SeriesPublication) -> Iterator[bytes]:
    """The specification."""
    chart = chart_of(publication)
    data = without_chart(with_suffix(publication.address, "csv"))
    yield orjson.dumps(chart.specification(data))


FORMAT = Format(
    suffix="vl.json",
    media_type="application/vnd.vegalite.v6+json",
    title="Vega-Lite",
    incidents=write,
    series=write,
    is_chart=True,
)
