"""Parquet, as pyarrow, DuckDB and geopandas read it."""

from __future__ import annotations

import datetime
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import geopandas
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.values import Figure, Place
from domain.vocabulary import Measure
from service.publishing import parquet, parquet_file
from service.publishing.flat import COLUMNS, NAMES, SERIES_NAMES, row_of
from service.publishing.parquet_process import SHARED, SharedProcess
from service.publishing.publication import Publication, Subject
from service.reading.clocks import EVERYTHING_REPORTED, Moment, reported_day
from service.workers import Failed
from tests.conftest import CALLER, an_account
from tests.processes import environment
from tests.publishing import ODD_DAYS, ODD_TITLES, items, published, report_odd_incidents

PARQUET = "application/vnd.apache.parquet"


def file_of(client: Any, path: str, **parameters: Any) -> pq.ParquetFile:
    answer = published(client, path, **parameters)
    assert answer.headers["content-type"] == PARQUET
    return pq.ParquetFile(io.BytesIO(answer.content))


def footer(file: pq.ParquetFile, key: str) -> Any:
    return orjson.loads(file.metadata.metadata[key.encode()])


def saved(client: Any, folder: Path, path: str, **parameters: Any) -> Path:
    file = folder / "some.parquet"
    file.write_bytes(published(client, path, **parameters).content)
    return file


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
    publication = Publication(
        subject=Subject(kind="all", id=None, name=""),
        title="",
        moment=Moment(
            about["position"],
            about["as_of"],
            reported_day(about["reported_by"]) if about["reported_by"] else EVERYTHING_REPORTED,
        ),
        origin="http://testserver",
        address="",
        pages=iter(()),
    )
    entries = items(reading, path, limit=7, **parameters)
    expected = [dict(zip(NAMES, row_of(entry, publication), strict=True)) for entry in entries]
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
    frame = geopandas.read_parquet(saved(reading, tmp_path, "/v1/incidents.parquet"))
    assert frame.crs == "OGC:CRS84"
    placed = frame[frame.latitude.notna()]
    assert 0 < len(placed) < len(frame)
    assert list(placed.geometry.x) == list(placed.longitude)
    assert list(placed.geometry.y) == list(placed.latitude)
    assert frame[frame.latitude.isna()].geometry.isna().all()


def test_duckdb_reads_it_and_knows_the_geometry(reading, tmp_path):
    file = saved(reading, tmp_path, "/v1/incidents.parquet")
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
    frame = geopandas.read_parquet(saved(client, tmp_path, "/v1/incidents.parquet"))
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
    path = saved(client, tmp_path, "/v1/incidents.parquet")
    assert len(geopandas.read_parquet(path)) == 0
    assert duckdb.sql(f"SELECT count(*), count(geometry) FROM '{path}'").fetchall() == [(0, 0)]


def test_incidents_without_any_point_have_none(casus, client, tmp_path):
    casus.desk.report_incident(an_account(), CALLER)
    frame = geopandas.read_parquet(saved(client, tmp_path, "/v1/incidents.parquet"))
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
    path = saved(reading, tmp_path, "/v1/series.parquet", **asked)
    (total,) = duckdb.sql(f"SELECT sum(best) FROM '{path}'").fetchall()[0]
    assert total == sum(row["best"] for row in expected)


def test_a_series_of_nothing_is_a_file_without_rows(client):
    assert file_of(client, "/v1/series.parquet", group_by="country").metadata.num_rows == 0


# how it is written


def pages(count: int, entry: bytes) -> Any:
    for _ in range(count):
        yield [entry] * 1_000


@pytest.fixture
def entry(casus: Any, client: Any) -> bytes:
    """The entry of an incident, as JSON."""
    place = Place(name="Somewhere", latitude=1.5, longitude=2.5)
    casus.desk.report_incident(an_account(place=place), CALLER)
    return orjson.dumps(items(client, "/v1/incidents")[0])


def of_pages(count: int, entry: bytes) -> Publication:
    return Publication(
        subject=Subject(kind="all", id=None, name="All"),
        title="All",
        moment=Moment(1, None),
        origin="https://casus.example",
        address="https://casus.example/v1/incidents.parquet?position=1",
        pages=pages(count, entry),
    )


def test_a_row_group_is_sent_when_it_is_full(entry):
    chunks = parquet.write(of_pages(25, entry))
    first = next(chunks)
    assert first == b"PAR1"  # as soon as there is anything
    rest = list(chunks)
    assert len(rest) == 3  # two row groups; the last one, with the footer
    file = pq.ParquetFile(io.BytesIO(b"".join([first, *rest])))
    groups = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert groups == [parquet_file.ROWS, parquet_file.ROWS, 5_000]
    assert len(file.read()) == 25_000


def test_files_that_are_written_at_the_same_time_do_not_mix(entry):
    other = entry.replace(b"Somewhere", b"Elsewhere")
    one, two = parquet.write(of_pages(21, entry)), parquet.write(of_pages(21, other))
    parts: tuple[list[bytes], list[bytes]] = ([], [])
    for pair in zip(one, two, strict=True):
        for part, chunk in zip(parts, pair, strict=True):
            part.append(chunk)
    for part, place in zip(parts, ("Somewhere", "Elsewhere"), strict=True):
        table = pq.read_table(io.BytesIO(b"".join(part)))
        assert set(table.column("place").to_pylist()) == {place}
        assert len(table) == 21_000


def test_a_file_that_nobody_wants_any_more_is_forgotten_and_others_go_on(entry):
    one, two = parquet.write(of_pages(11, entry)), parquet.write(of_pages(11, entry))
    begun = [next(one), next(two)]
    one.close()
    assert SHARED.runs
    whole = b"".join([begun[1], *two])
    assert len(pq.read_table(io.BytesIO(whole))) == 11_000
    assert not SHARED.runs


def test_a_process_that_ends_cuts_its_files_off_and_the_next_file_has_another():
    shared, about = SharedProcess(), ("incidents", "https://casus.example", Moment(1, None))
    with shared.file(*about) as one, shared.file(*about) as two:
        with pytest.raises(Failed, match="JSONDecodeError"):
            one.add([b"no JSON"])
        assert not shared.runs
        with pytest.raises(Failed, match="came to an end with another file"):
            two.end({})
        with shared.file(*about) as three:
            assert three.end({}).endswith(b"PAR1")
    assert not shared.runs


def test_a_process_that_serves_never_loads_what_writes_it(home):
    script = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from starlette.testclient import TestClient\n"
        "from service.api.app import create_app\n"
        "from service.bootstrap import open_casus\n"
        "from service.settings import Settings\n"
        "with TestClient(create_app(open_casus(Settings()))) as client:\n"
        "    assert client.get('/v1/incidents.parquet').content.startswith(b'PAR1')\n"
        "assert not {'pyarrow', 'numpy', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        env=environment(home) | {"PYTHONPATH": str(Path(__file__).parents[1])},
        check=True,
    )
