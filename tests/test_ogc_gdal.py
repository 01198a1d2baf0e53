"""OGC API - Features as GDAL reads it, and with it QGIS and whatever else is built upon it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyogrio
import pytest

from tests.processes import Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a store with the bundled chronicle."""
    with serving(tmp_path_factory.mktemp("gdal") / "home") as started:
        yield started


@pytest.fixture
def source(server: Server) -> str:
    """What GDAL calls the service."""
    return f"OAPIF:{server.address}/ogc"


def all_of(server: Server, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    address: str | None = path
    while address:
        answer = server.get(address).json()
        found += answer["items"]
        address = answer["next"]
    return found


def test_it_finds_the_collections(server, source):
    listed = server.get("/ogc/collections").json()["collections"]
    layers = pyogrio.list_layers(source)
    assert [name for name, _ in layers] == [each["id"] for each in listed]


@pytest.mark.parametrize("page_size", [3, 7, 1000])
def test_it_reads_a_collection_page_by_page(page_size, server, source):
    frame = pyogrio.read_dataframe(source, layer="afg", page_size=page_size)
    expected = all_of(server, "/v1/countries/AFG/timeline?limit=1000")
    assert list(frame.id) == [each["id"] for each in expected]
    assert list(frame.title) == [each["title"] for each in expected]
    placed = frame[frame.longitude.notna()]
    assert 0 < len(placed) < len(frame)
    assert list(placed.geometry.x) == list(placed.longitude)
    assert list(placed.geometry.y) == list(placed.latitude)
    assert frame.crs == "EPSG:4326"


def test_it_knows_the_types_of_columns_before_any_feature_has_them(source):
    # The first three incidents have no figures at all.
    info = pyogrio.read_info(source, layer="incidents", page_size=3)
    types = dict(zip(info["fields"], info["ogr_types"], strict=True))
    assert types["killed_best"] == "OFTInteger"
    assert types["latitude"] == "OFTReal"
    assert types["earliest"] == types["latest"] == "OFTDate"
    assert types["reported"] == types["recorded_at"] == "OFTString"


def test_a_spatial_filter_is_the_services_own(server, source):
    frame = pyogrio.read_dataframe(source, layer="incidents", page_size=4, bbox=(68, 36, 70, 38))
    inside = all_of(server, "/v1/incidents?bbox=68,36,70,38")
    assert list(frame.id) == [each["id"] for each in inside]
    assert len(inside) > 1


def test_a_filter_by_date_is_the_services_own(server, source):
    window = "2021-06-20T00:00:00Z/2021-06-22T00:00:00Z"
    by_option = pyogrio.read_dataframe(source, layer="tjk", page_size=4, DATETIME=window)
    where = "earliest >= '2021-06-20' AND earliest <= '2021-06-22'"
    by_date = pyogrio.read_dataframe(source, layer="tjk", page_size=4, where=where)
    inside = all_of(server, "/v1/countries/TJK/timeline?from=2021-06-20&to=2021-06-22")
    assert list(by_option.id) == list(by_date.id) == [each["id"] for each in inside]
    assert len(inside) > 1


def test_a_filter_by_another_day_is_gdals_own(server, source):
    # As a date it would be taken for the one that `datetime` is about; a text that GDAL found to be a
    # date on a page is written its way.
    where = "reported >= '2021/07/01'"
    frame = pyogrio.read_dataframe(source, layer="incidents", where=where)
    reported = {each["id"]: each["reported"] for each in all_of(server, "/v1/incidents")}
    assert list(frame.id) == [each for each, day in reported.items() if day >= "2021-07-01"]
    assert 0 < len(frame) < len(reported)


@pytest.mark.parametrize("clock", ["position=40", "reported_by=2021-06-30"])
def test_it_reads_the_past_through_every_link(clock, server, source):
    expected = all_of(server, f"/v1/countries/AFG/timeline?{clock}")
    now = all_of(server, "/v1/countries/AFG/timeline")
    for address, layer in (
        (f"{source}?{clock}", "afg"),
        (f"{source}/collections/afg?{clock}", None),
    ):
        frame = pyogrio.read_dataframe(address, layer=layer, page_size=3)
        assert list(frame.id) == [each["id"] for each in expected]
    assert 0 < len(expected) < len(now)


def test_an_empty_store_is_an_empty_layer(tmp_path):
    with serving(tmp_path / "home", "--no-bundled") as empty:
        source = f"OAPIF:{empty.address}/ogc"
        assert [name for name, _ in pyogrio.list_layers(source)] == ["incidents"]
        assert len(pyogrio.read_dataframe(source, layer="incidents")) == 0
