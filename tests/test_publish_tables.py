"""JSON Lines, CSV and GeoJSON: what DuckDB, pandas and GDAL read of them is what the JSON pages have."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256
from typing import Any

import duckdb
import pandas
import pyogrio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.vocabulary import CountryRole, IncidentType, ParticipantRole, Status
from projections.csv import safe
from projections.flat import COLUMNS, NAMES, SERIES_NAMES
from service.bootstrap import Casus
from service.publishing import csv as csv_format
from service.publishing.publication import Group, Point, SeriesPublication
from service.reading.clocks import Moment
from tests.conftest import CALLER, an_account
from tests.published import as_text, flat, lines_of, rows_of, saved
from tests.publishing import (
    ODD_DAYS,
    ODD_TITLES,
    items,
    many_participants,
    published,
    report_odd_incidents,
)

# the same incidents as the pages, whatever is asked

DAYS = st.sampled_from(["2021-05-01", "2021-06", "2021-06-21", "2021-06-22", "2021-07-05", "2020"])
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "from": DAYS,
        "to": DAYS,
        "match": st.sampled_from(["possible", "certain"]),
        "type": st.sampled_from([str(each) for each in IncidentType]),
        "status": st.sampled_from([str(each) for each in Status]),
        "role": st.sampled_from([str(each) for each in (*CountryRole, *ParticipantRole)]),
        "actor": st.sampled_from(["taliban", "csto", "nobody"]),
        "country": st.sampled_from(["AFG", "TJK", "gw:702"]),
        "bbox": st.sampled_from(["60,29,75,39", "170,-90,-60,90", "68,36,69,38"]),
        "q": st.sampled_from(["border", "Sherkhan", '"border troops"']),
        "include": st.just("members"),
        "order": st.sampled_from(["asc", "desc"]),
        "position": st.sampled_from([0, 30, 45, 60, 67, 68]),
        "as_of": st.sampled_from(["2000-01-01", "2999-12-31"]),
        "reported_by": st.sampled_from(["2021-06-22", "2021-06~", "2021-07-20"]),
    },
)
PATHS = st.sampled_from(
    [
        "/v1/incidents",
        "/v1/countries/AFG/timeline",
        "/v1/countries/TJK/timeline",
        "/v1/actors/taliban/timeline",
        "/v1/actors/csto/timeline",
    ]
)


@settings(max_examples=150)
@given(path=PATHS, asked_for=ASKED)
def test_every_format_has_the_incidents_of_the_pages_or_is_refused_as_they_are(
    path, asked_for, reading
):
    page = reading.get(path, params=asked_for)
    if page.status_code != 200:
        for suffix in ("ndjson", "csv", "geojson"):
            refused = reading.get(f"{path}.{suffix}", params=asked_for)
            assert (refused.status_code, refused.json()) == (page.status_code, page.json())
        return
    entries = items(reading, path, **asked_for, limit=9)
    moment = page.json()
    assert lines_of(published(reading, f"{path}.ndjson", **asked_for).content) == entries
    rows = flat(entries, moment)
    table = rows_of(published(reading, f"{path}.csv", **asked_for).content)
    assert table == [{name: as_text(cell) for name, cell in row.items()} for row in rows]
    collection = published(reading, f"{path}.geojson", **asked_for).json()
    properties = [feature["properties"] for feature in collection["features"]]
    assert properties == [{**row, "entry": entry} for row, entry in zip(rows, entries, strict=True)]
    assert {name: collection[name] for name in ("position", "as_of", "reported_by")} == {
        name: moment[name] for name in ("position", "as_of", "reported_by")
    }


@pytest.mark.parametrize("suffix", ["ndjson", "csv", "geojson", "parquet"])
def test_a_limit_is_the_most_incidents_and_none_given_is_all_of_them(suffix, reading, tmp_path):
    def ids(**parameters: Any) -> list[str]:
        content = published(reading, f"/v1/incidents.{suffix}", **parameters).content
        path = saved(tmp_path, suffix, content)
        if suffix == "geojson":
            return list(pyogrio.read_dataframe(path).id)
        return [str(row[0]) for row in duckdb.sql(f"SELECT id FROM '{path}'").fetchall() if row[0]]

    everything = [each["id"] for each in items(reading, "/v1/incidents")]
    assert ids() == everything
    assert ids(limit=3) == everything[:3]
    assert ids(limit=10_000_000) == everything


def test_the_url_of_a_row_is_the_incident_as_it_stood(reading):
    clocks = {"position": 45, "reported_by": "2021-07-05"}
    for row in rows_of(published(reading, "/v1/countries/TJK/timeline.csv", **clocks).content):
        found = reading.get(row["url"])
        assert (found.status_code, found.headers["casus-position"]) == (200, "45")
        assert found.json()["reported_by"] == "2021-07-05"
        assert found.json()["incident"]["title"] == row["title"]


# JSON Lines


def test_duckdb_and_pandas_read_json_lines(reading, tmp_path):
    content = published(reading, "/v1/incidents.ndjson").content
    entries = items(reading, "/v1/incidents")
    path = saved(tmp_path, "ndjson", content)
    found = duckdb.sql(
        f"SELECT id::VARCHAR, title, occurred.edtf, place.latitude, len(participants) FROM '{path}'"
        " WHERE type <> 'trailer'"
    ).fetchall()
    assert found == [
        (
            each["id"],
            each["title"],
            each["occurred"]["edtf"],
            each["place"] and each["place"]["latitude"],
            len(each["participants"]),
        )
        for each in entries
    ]
    frame = pandas.read_json(path, lines=True)
    assert list(frame.id[:-1]) == [each["id"] for each in entries]
    trailer = frame.iloc[-1]
    assert (trailer["type"], trailer["count"]) == ("trailer", len(entries))


def test_every_line_is_one_however_a_program_splits_them(casus: Casus, client):
    title = "One\u2028two\u2029three “quoted” — Привет"
    casus.desk.report_incident(an_account(title=title), CALLER)
    text = published(client, "/v1/incidents.ndjson").content.decode()
    entry, trailer = map(json.loads, text.splitlines())
    assert entry["title"] == title
    before = text[: text.rindex("\n", 0, -1) + 1]
    assert trailer["sha256"] == sha256(before.encode()).hexdigest()


def test_a_trailer_says_at_which_moment_it_was(reading):
    answer = published(reading, "/v1/incidents.ndjson", position=45, reported_by="2021-06-22")
    trailer = json.loads(answer.content.splitlines()[-1])
    assert (trailer["position"], trailer["reported_by"]) == (45, "2021-06-22")
    assert answer.headers["casus-position"] == "45"


# CSV


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_no_cell_is_a_formula_whatever_a_spreadsheet_separates_by(separator, casus: Casus, client):
    title = "Shelling;=1+cmd|'/C calc'!A0;x"
    casus.desk.report_incident(an_account(title=title, summary="One\n=2+2;+3\t@SUM(A1)"), CALLER)
    content = published(client, "/v1/incidents.csv").content.decode()
    for text in (content, content.replace('"', "")):  # not every one knows quotes within a line
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        for cell in (cell for row in reader for cell in row):
            assert not cell.startswith(("=", "+", "@"))
    (row,) = rows_of(content.encode())
    assert row["title"] == "Shelling;'=1+cmd|'/C calc'!A0;x"
    assert row["summary"] == "One\n'=2+2;'+3\t'@SUM(A1)"


@given(
    groups=st.lists(
        st.lists(st.text(st.sampled_from(list("a\",;'\r\n\t =-@é\u2028"))), min_size=2, max_size=2)
    )
)
def test_any_text_in_csv_is_read_as_it_was_written(groups):
    point = Point(period="2021", start="", end="", low=0, best=0, high=0, incidents=0)
    publication = SeriesPublication(
        title="",
        moment=Moment(1, None),
        origin="",
        address="",
        asked={},
        groups=[Group(key, name, [point]) for key, name in groups],
    )
    text = b"".join(csv_format.write_series(publication)).decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(header) == SERIES_NAMES
    assert [row[:2] for row in rows] == [[safe(cell) for cell in texts] for texts in groups]


def test_duckdb_and_pandas_read_csv_with_the_types_of_its_columns(reading, tmp_path):
    path = saved(tmp_path, "csv", published(reading, "/v1/incidents.csv").content)
    page = reading.get("/v1/incidents?limit=1000").json()
    rows = flat(page["items"], page)
    relation = duckdb.sql(f"SELECT sum(killed_best), max(latest), avg(latitude) FROM '{path}'")
    killed, latest, latitude = relation.fetchall()[0]
    frame = pandas.read_csv(path, parse_dates=["earliest", "latest", "recorded_at"])
    assert len(frame) == len(rows)
    assert killed == frame.killed_best.sum() == sum(row["killed_best"] or 0 for row in rows) > 0
    assert pandas.Timestamp(latest) == frame.latest.max()
    assert latitude == pytest.approx(frame.latitude.mean())
    assert frame.figures_disputed.dtype == bool
    for column in COLUMNS:
        if column.kind in ("whole", "real"):
            assert pandas.api.types.is_numeric_dtype(frame[column.name]), column.name


def test_odd_titles_and_days_come_back_as_they_were(casus, client, tmp_path):
    report_odd_incidents(casus)
    page = client.get("/v1/incidents?limit=1000").json()
    expected = [
        {name: as_text(cell) for name, cell in row.items()} for row in flat(page["items"], page)
    ]
    path = saved(tmp_path, "csv", published(client, "/v1/incidents.csv").content)
    frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
    assert frame.to_dict("records") == expected
    relation = duckdb.sql(f"SELECT * FROM read_csv('{path}', all_varchar = true)")
    assert relation.columns == list(NAMES)
    for row, wanted in zip(relation.fetchall(), expected, strict=True):
        assert [cell or "" for cell in row] == list(wanted.values())
    titles = {row["title"] for row in expected}
    assert {title.removeprefix("'") for title in titles} == {
        *ODD_TITLES,
        *(f"On {day}" for day in ODD_DAYS),
    }
    # No cell begins as a formula does; numbers are none.
    for row in expected:
        for name, cell in row.items():
            is_number = name in ("latitude", "longitude")
            assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


def test_numbers_below_zero_stay_numbers(casus, client, tmp_path):
    report_odd_incidents(casus)
    path = saved(tmp_path, "csv", published(client, "/v1/incidents.csv").content)
    frame = pandas.read_csv(path)
    assert set(frame.longitude.dropna()) == {-179.9, 179.9}
    assert set(frame.earliest.dropna()) >= {"'-0043-03-15", "0476-09-04"}


def test_an_incident_of_many_participants_is_one_row(casus: Casus, client, tmp_path):
    many_participants(casus, 300)
    (row,) = rows_of(published(client, "/v1/incidents.csv").content)
    assert row["actors"].split("; ") == [f"group-{number}:side_a" for number in range(300)]
    assert len(row["actor_names"].split("; ")) == 300
    path = saved(tmp_path, "csv", published(client, "/v1/incidents.csv").content)
    assert len(duckdb.sql(f"SELECT id FROM '{path}'").fetchall()) == 1


# GeoJSON


def test_gdal_reads_geojson_with_points_where_they_are(reading, tmp_path):
    path = saved(tmp_path, "geojson", published(reading, "/v1/incidents.geojson").content)
    frame = pyogrio.read_dataframe(path)
    entries = items(reading, "/v1/incidents")
    assert list(frame.id) == [each["id"] for each in entries]
    assert frame.crs == "EPSG:4326"
    for geometry, entry in zip(frame.geometry, entries, strict=True):
        place = entry["place"]
        if place is None or place["latitude"] is None:
            assert geometry is None
        else:
            assert (geometry.x, geometry.y) == (place["longitude"], place["latitude"])
    assert frame.geometry.isna().any()
    assert frame.killed_best.max() > 0  # a flat property, and a number
    assert list(frame.entry) == entries  # and everything, nested


def test_gdal_reads_odd_incidents_of_geojson(casus, client, tmp_path):
    report_odd_incidents(casus)
    path = saved(tmp_path, "geojson", published(client, "/v1/incidents.geojson").content)
    frame = pyogrio.read_dataframe(path)
    assert set(frame.title) == {*ODD_TITLES, *(f"On {day}" for day in ODD_DAYS)}
    assert {"-0043-03-15", "0476-09-04", "Y12345-01-01"} <= set(frame.earliest.dropna())
    assert set(frame.geometry.dropna().x) == {-179.9, 179.9}


# nothing, and series


def test_nothing_is_valid_in_each_format(client, tmp_path):
    assert lines_of(published(client, "/v1/incidents.ndjson").content) == []
    assert rows_of(published(client, "/v1/incidents.csv").content) == []
    path = saved(tmp_path, "csv", published(client, "/v1/incidents.csv").content)
    assert duckdb.sql(f"SELECT * FROM '{path}'").fetchall() == []
    assert list(pandas.read_csv(path).columns) == list(NAMES)
    content = published(client, "/v1/incidents.geojson").content
    assert json.loads(content)["features"] == []
    assert len(pyogrio.read_dataframe(saved(tmp_path, "geojson", content))) == 0
    assert published(client, "/v1/series.csv", group_by="country").text == (
        ",".join(SERIES_NAMES) + "\r\n"
    )
    assert lines_of(published(client, "/v1/series.ndjson", group_by="country").content) == []


@pytest.mark.parametrize("group_by", [None, "country", "actor", "type"])
@pytest.mark.parametrize("clocks", [{}, {"position": 45}, {"reported_by": "2021-06-22"}])
def test_a_series_has_a_row_for_each_period_of_each_group(group_by, clocks, reading, tmp_path):
    asked_for = {"measure": "killed", "from": "2021-05", "to": "2021-07", **clocks}
    asked_for |= {"group_by": group_by} if group_by else {}
    answer = published(reading, "/v1/series", **asked_for).json()
    expected = [
        {"key": group["key"], "name": group["name"], **point}
        for group in answer["groups"]
        for point in group["points"]
    ]
    assert lines_of(published(reading, "/v1/series.ndjson", **asked_for).content) == expected
    path = saved(tmp_path, "csv", published(reading, "/v1/series.csv", **asked_for).content)
    frame = pandas.read_csv(path, dtype={"key": str}, keep_default_na=False)
    assert tuple(frame.columns) == SERIES_NAMES
    assert frame.to_dict("records") == [{**row, "key": row["key"] or ""} for row in expected]
    assert len(expected) >= 3
