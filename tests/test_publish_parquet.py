"""Parquet, as pyarrow, DuckDB and geopandas read it."""

from __future__ import annotations

import datetime
import io
from typing import Any

import duckdb
import geopandas
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.values import Figure
from domain.vocabulary import Measure
from projections.flat import COLUMNS, NAMES, SERIES_NAMES
from service.publishing.parquet_process import SHARED
from tests.conftest import CALLER, an_account
from tests.published import flat, saved
from tests.publishing import (
    ODD_DAYS,
    ODD_TITLES,
    import_ged,
    items,
    published,
    report_odd_incidents,
)

PARQUET = "application/vnd.apache.parquet"


def file_of(client: Any, path: str, **parameters: Any) -> pq.ParquetFile:
    answer = published(client, path, **parameters)
    assert answer.headers["content-type"] == PARQUET
    return pq.ParquetFile(io.BytesIO(answer.content))


def content(client: Any, path: str = "/v1/incidents.parquet", **parameters: Any) -> bytes:
    found: bytes = published(client, path, **parameters).content
    return found


def footer(file: pq.ParquetFile, key: str) -> Any:
    return orjson.loads(file.metadata.metadata[key.encode()])


@pytest.fixture(autouse=True)
def nothing_is_left() -> Any:
    """Whatever was asked for, no process is left when it is answered."""
    yield
    assert not SHARED.runs


# incidents


def test_its_rows_are_the_flat_columns_with_types_of_their_own(reading):
    file = file_of(reading, "/v1/incidents.parquet")
    schema = file.schema_arrow
    assert tuple(schema.names) == (*NAMES, "earliest_date", "latest_date", "geometry")
    types = {
        "text": pa.string(),
        "day": pa.string(),
        "whole": pa.int64(),
        "real": pa.float64(),
        "truth": pa.bool_(),
        "instant": pa.timestamp("us", tz="UTC"),
    }
    for column in COLUMNS:
        assert schema.field(column.name).type == types[column.kind], column.name
        assert schema.field(column.name).metadata[b"description"].decode() == column.meaning
    assert schema.field("earliest_date").type == schema.field("latest_date").type == pa.date32()
    assert schema.field("geometry").type == pa.binary()


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v1/incidents", {}),
        ("/v1/countries/AFG/timeline", {"from": "2021-06", "to": "2021-07", "order": "desc"}),
        ("/v1/actors/taliban/timeline", {"reported_by": "2021-06-30", "position": "60"}),
    ],
)
def test_its_rows_are_the_incidents_of_the_pages(path, parameters, reading):
    file = file_of(reading, f"{path}.parquet", **parameters)
    about = footer(file, "casus")
    expected = flat(items(reading, path, limit=7, **parameters), about)
    rows = file.read().to_pylist()
    for row in rows:
        row["recorded_at"] = f"{row['recorded_at']:%Y-%m-%dT%H:%M:%S.%f}Z"
    assert [{name: row[name] for name in NAMES} for row in rows] == expected
    assert len(rows) > 3


def test_its_footer_says_what_it_is_and_whose_data(reading):
    about = footer(file_of(reading, "/v1/countries/UZB/timeline.parquet", position=60), "casus")
    assert about["position"] == 60
    assert about["reported_by"] is None
    assert about["title"] == "Uzbekistan"
    assert about["address"] == "http://testserver/v1/countries/UZB/timeline.parquet?position=60"
    (dataset,) = about["datasets"]
    assert dataset["id"] == "afghanistan-2021"
    assert dataset["license"].startswith("CC BY 4.0")


@pytest.mark.parametrize("path", ["/v1/incidents.parquet", "/v1/series.parquet"])
def test_its_footer_names_the_datasets_that_its_incidents_rest_on_and_no_others(
    path, chronicle, client
):
    of_chronicle, of_ged = "afghanistan-2021", import_ged(chronicle)

    def credited(**asked: Any) -> list[str]:
        return [each["id"] for each in footer(file_of(client, path, **asked), "casus")["datasets"]]

    assert credited() == [of_chronicle, of_ged]
    assert credited(q="Sherkhan") == [of_chronicle]
    assert credited(**{"from": "2006", "to": "2016"}) == [of_ged]
    assert credited(q="zzz") == []


def test_its_footer_has_what_geoparquet_demands(reading):
    file = file_of(reading, "/v1/incidents.parquet")
    geo = footer(file, "geo")
    points = [
        (row["longitude"], row["latitude"])
        for row in file.read().to_pylist()
        if row["longitude"] is not None
    ]
    longitudes, latitudes = zip(*points, strict=True)
    assert geo == {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": ["Point"],
                "bbox": [min(longitudes), min(latitudes), max(longitudes), max(latitudes)],
            }
        },
    }


def test_geopandas_reads_points_where_they_are(reading, tmp_path):
    frame = geopandas.read_parquet(saved(tmp_path, "parquet", content(reading)))
    assert frame.crs == "OGC:CRS84"
    placed = frame[frame.latitude.notna()]
    assert 0 < len(placed) < len(frame)
    assert list(placed.geometry.x) == list(placed.longitude)
    assert list(placed.geometry.y) == list(placed.latitude)
    assert frame[frame.latitude.isna()].geometry.isna().all()


def test_duckdb_reads_it_and_knows_the_geometry(reading, tmp_path):
    file = saved(tmp_path, "parquet", content(reading))
    kinds = {
        name: kind for name, kind, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
    }
    assert kinds["geometry"].startswith("GEOMETRY")
    assert kinds["earliest_date"] == "DATE"
    assert kinds["killed_best"] == "BIGINT"
    found = duckdb.sql(
        f"SELECT id, sum(killed_best) OVER (), geometry FROM '{file}'"
        " WHERE latest_date < DATE '2021-07-01' AND longitude IS NOT NULL ORDER BY earliest_date"
    ).fetchall()
    expected = [
        entry["id"]
        for entry in items(reading, "/v1/incidents", to="2021-06-30", match="certain")
        if entry["place"] and entry["place"]["longitude"] is not None
    ]
    assert sorted(row[0] for row in found) == sorted(expected)
    assert all(row[2] is not None for row in found)


# what is odd


def test_odd_titles_days_and_places_come_back_as_they_were(casus, client, tmp_path):
    report_odd_incidents(casus)
    rows = file_of(client, "/v1/incidents.parquet").read().to_pylist()
    assert {row["title"] for row in rows} == {*ODD_TITLES, *(f"On {day}" for day in ODD_DAYS)}
    by_day = {row["occurred"]: row for row in rows}
    caesar = by_day["-0043-03-15"]
    assert (caesar["earliest"], caesar["earliest_date"]) == ("-0043-03-15", None)
    assert by_day["0476-09-04"]["latest_date"] == datetime.date(476, 9, 4)
    assert by_day["Y12345"]["latest"] == "Y12345-12-31"
    assert by_day["Y12345"]["latest_date"] is None
    until = by_day["../2021-09-11"]
    assert (until["earliest"], until["earliest_date"]) == (None, None)
    assert until["latest_date"] == datetime.date(2021, 9, 11)
    frame = geopandas.read_parquet(saved(tmp_path, "parquet", content(client)))
    assert set(frame.geometry.x.dropna()) == {-179.9, 179.9}
    east = file_of(client, "/v1/incidents.parquet", bbox="170,-20,180,-10")
    assert footer(east, "geo")["columns"]["geometry"]["bbox"] == [179.9, -17.5, 179.9, -17.5]


def test_the_largest_numbers_fit(casus, client):
    groups = [f"group {number}" for number in range(50)]
    figures = tuple(Figure(measure=Measure.KILLED, best=10**12, of=group) for group in groups)
    casus.desk.report_incident(an_account(figures=figures), CALLER)
    (row,) = file_of(client, "/v1/incidents.parquet").read().to_pylist()
    assert row["killed_best"] == 50 * 10**12


def test_a_store_without_incidents_is_a_file_without_rows(client, tmp_path):
    file = file_of(client, "/v1/incidents.parquet")
    assert file.metadata.num_rows == 0
    assert "bbox" not in footer(file, "geo")["columns"]["geometry"]
    path = saved(tmp_path, "parquet", content(client))
    assert len(geopandas.read_parquet(path)) == 0
    assert duckdb.sql(f"SELECT count(*), count(geometry) FROM '{path}'").fetchall() == [(0, 0)]


def test_incidents_without_any_point_have_none(casus, client, tmp_path):
    casus.desk.report_incident(an_account(), CALLER)
    frame = geopandas.read_parquet(saved(tmp_path, "parquet", content(client)))
    assert frame.geometry.isna().tolist() == [True]


# series


def test_a_series_has_a_row_for_each_period_of_each_group(reading, tmp_path):
    asked = {"group_by": "country", "measure": "killed", "from": "2021-05", "to": "2021-07"}
    answer = published(reading, "/v1/series", **asked).json()
    expected = [
        {"key": group["key"], "name": group["name"], **point}
        for group in answer["groups"]
        for point in group["points"]
    ]
    file = file_of(reading, "/v1/series.parquet", **asked)
    assert tuple(file.schema_arrow.names) == SERIES_NAMES
    assert file.schema_arrow.field("best").type == pa.int64()
    assert file.read().to_pylist() == expected
    assert footer(file, "casus")["measure"] == "killed"
    path = saved(tmp_path, "parquet", content(reading, "/v1/series.parquet", **asked))
    (total,) = duckdb.sql(f"SELECT sum(best) FROM '{path}'").fetchall()[0]
    assert total == sum(row["best"] for row in expected)


def test_a_series_of_nothing_is_a_file_without_rows(client):
    assert file_of(client, "/v1/series.parquet", group_by="country").metadata.num_rows == 0
