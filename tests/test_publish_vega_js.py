"""What Vega-Lite's own compiler and Vega make of ``.vl.json``: see `tests/js/vegalite.mjs`."""

from __future__ import annotations

from typing import Any

import pytest

from service.bootstrap import Casus
from tests import node
from tests.publishing import published, report_odd_incidents

CHARTS = (
    ("/v1/countries/AFG/timeline", {"chart": "timeline"}),
    ("/v1/countries/AFG/timeline", {"chart": "map"}),
    ("/v1/incidents", {"chart": "series"}),
    ("/v1/series", {"group_by": "country", "measure": "killed"}),
    ("/v1/series", {"country": "AFG", "interval": "year"}),
)
EACH_CHART = pytest.mark.parametrize(("path", "asked"), CHARTS)


def drawn(client: Any, path: str, zone: str = "UTC", **asked: Any) -> Any:
    """What Vega draws from the data at the address that the chart names; neither complains of anything."""
    chart = published(client, f"{path}.vl.json", **asked).json()
    address = chart["data"]["url"]
    data = client.get(address).text
    found = node.run("vegalite", {"chart": chart, "data": data}, TZ=zone)
    assert found["said"] == []
    assert set(found["asked"]) <= {address}
    assert f"/v{found['version']}.json" in chart["$schema"]
    return found["drawn"]


@EACH_CHART
def test_vega_lite_compiles_a_chart_without_a_word_and_vega_draws_it(reading, path, asked) -> None:
    picture = drawn(reading, path, **asked)
    assert picture.startswith("<svg")
    assert "NaN" not in picture
    assert picture.count("<path") > 10


@EACH_CHART
def test_a_chart_is_the_same_wherever_it_is_drawn(reading, path, asked) -> None:
    assert drawn(reading, path, **asked) == drawn(reading, path, "America/Los_Angeles", **asked)


@pytest.mark.parametrize("chart", ["timeline", "map", "series"])
def test_odd_titles_and_days_are_drawn(casus: Casus, client, chart) -> None:
    report_odd_incidents(casus)
    picture = drawn(client, "/v1/incidents", chart=chart)
    assert "NaN" not in picture
    assert "<script" not in picture


@pytest.mark.parametrize("chart", ["timeline", "map", "series"])
def test_nothing_is_a_chart_too(client, chart) -> None:
    assert drawn(client, "/v1/incidents", chart=chart).startswith("<svg")
