"""OGC API - Features, Part 1: what is answered of features, and of one."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from domain.dates import day_number
from domain.values import InvolvedCountry, Place
from domain.vocabulary import CountryRole, Status
from projections.flat import NAMES
from service.bootstrap import Casus
from service.reading.clocks import Moment
from service.reading.selection import Box, PageEnd, Selection, SubjectKey
from tests.conftest import CALLER, an_account
from tests.ogc import GEOJSON, ITEMS, Json, covers, days, got, hrefs, ids, pages
from tests.publishing import items, report_odd_incidents

HERE = "60.5,29.4,74.9,38.5"


def features(client: Any, path: str = ITEMS, **parameters: Any) -> list[Json]:
    return [each for page in pages(client, path, **parameters) for each in page["features"]]


# a page


@covers("/req/core/fc-op", "/req/core/fc-response", "/req/geojson/definition")
@pytest.mark.parametrize(
    ("collection", "timeline"),
    [("incidents", "/v1/incidents"), ("afg", "/v1/countries/AFG/timeline")],
)
@pytest.mark.parametrize("clocks", [{}, {"position": 40}, {"reported_by": "2021-06-30"}])
def test_a_collection_has_the_incidents_of_its_timeline(collection, timeline, clocks, reading):
    path = f"/ogc/collections/{collection}/items"
    assert reading.get(path, params=clocks).headers["content-type"] == GEOJSON
    expected = items(reading, timeline, **clocks)
    assert [each["properties"]["entry"] for each in features(reading, path, **clocks)] == expected
    assert len(expected) > 3


@covers("/req/geojson/content", "/req/core/crs84")
def test_features_are_geojson_with_flat_properties(reading):
    page = got(reading, ITEMS, limit=1000)
    assert page["type"] == "FeatureCollection"
    for feature in page["features"]:
        assert feature["type"] == "Feature"
        flat = feature["properties"]
        assert tuple(flat) == (*NAMES, "entry")
        assert flat["id"] == feature["id"]
        if flat["longitude"] is None:
            assert feature["geometry"] is None
        else:
            point = [flat["longitude"], flat["latitude"]]
            assert feature["geometry"] == {"type": "Point", "coordinates": point}


@covers("/req/core/fc-links", "/req/core/fc-rel-type", "/req/geojson/content")
def test_a_page_links_to_itself_and_what_comes_next_and_every_link_has_a_type(reading):
    seen = []
    for page in pages(reading, ITEMS, limit=13):
        (own,) = hrefs(page, "self")
        assert own not in seen
        seen.append(own)
        assert got(reading, own)["features"] == page["features"]
        for link in page["links"]:
            assert link["rel"]
            assert link["type"]
        for link in page["links"]:
            assert reading.get(link["href"]).headers["content-type"] == link["type"]
    assert len(seen) == 3


def test_the_first_page_is_found_as_a_timeline_as_well(reading):
    asked = {"datetime": "2021-06-20T00:00:00Z/2021-06-23T00:00:00Z", "limit": 3, "position": 60}
    page = got(reading, "/ogc/collections/tjk/items", **asked)
    (timeline,) = hrefs(page, "alternate")
    entries = [each["properties"]["entry"] for each in page["features"]]
    assert reading.get(timeline).json()["items"] == entries
    assert not hrefs(got(reading, ITEMS, bbox=HERE), "alternate")


@covers("/req/core/fc-timeStamp", "/req/core/fc-numberReturned", "/req/core/fc-numberMatched")
def test_a_page_says_how_many_it_has_and_not_when_it_was_made(client, chronicle):
    page = got(client, ITEMS, limit=7)
    assert "timeStamp" not in page  # it would have to be now, whatever it shows
    assert page["numberReturned"] == len(page["features"]) == 7
    assert "numberMatched" not in page  # to count is to look at them all
    assert page["position"] == 67


@covers("/req/core/fc-limit-definition", "/req/core/fc-limit-response-1")
def test_a_page_has_no_more_than_its_limit_and_the_most_there_is_where_that_is_larger(
    casus, client
):
    for number in range(1_010):
        casus.desk.report_incident(an_account(title=str(number)), CALLER)
    parameters = client.get("/ogc/api").json()["components"]["parameters"]
    limit = parameters["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 1_000, 100)
    assert [len(page["features"]) for page in pages(client, ITEMS, limit=400)] == [400, 400, 210]
    assert len(got(client, ITEMS)["features"]) == 100
    for large in (1_001, 10_000, 10**30):
        assert [len(page["features"]) for page in pages(client, ITEMS, limit=large)] == [1_000, 10]
    assert len(set(ids(client, limit=400))) == 1_010
    # ArcGIS and QGIS may count instead of following links.
    offsets = [ids(client, offset=offset, limit=300)[:300] for offset in (0, 300, 600, 900, 1_200)]
    assert [each for page in offsets for each in page] == ids(client, limit=1_000)


def test_an_offset_is_where_a_page_begins_and_the_next_one_goes_on(reading):
    everything = ids(reading)
    assert ids(reading, offset=5, limit=4) == everything[5:]
    assert ids(reading, offset=len(everything)) == []
    following = hrefs(got(reading, ITEMS, offset=5, limit=4), "next")[0]
    assert re.search(r"[?&]offset=9(&|$)", following)
    first = got(reading, following)["features"]
    # The cursor is what it goes by, and the number is for who counts.
    assert [each["id"] for each in first] == everything[9:13]
    uncounted = re.sub(r"&offset=9\b", "", following)
    assert got(reading, uncounted)["features"] == first
    assert "offset" not in hrefs(got(reading, uncounted), "next")[0]


def test_arcgis_finds_in_the_first_link_that_it_may_count(reading):
    """It asks for five, and counts by ``offset`` if the link to what follows has that."""
    everything = ids(reading)
    following = urlsplit(hrefs(got(reading, ITEMS, limit=5), "next")[0])
    assert dict(parse_qsl(following.query))["offset"] == "5"
    counted = [
        each["id"]
        for offset in range(0, len(everything), 10)
        for each in got(reading, ITEMS, limit=10, offset=offset)["features"]
    ]
    assert counted == everything


def test_pages_are_of_one_moment_whatever_is_recorded_meanwhile(chronicle, client):
    first = got(client, ITEMS, limit=10)
    before = ids(client, position=67)
    chronicle.desk.report_incident(an_account(occurred="2021-06-01"), CALLER)
    rest = ids(client, hrefs(first, "next")[0])
    assert [each["id"] for each in first["features"]] + rest == before
    assert len(ids(client)) == len(before) + 1


def test_the_same_page_is_not_sent_twice(reading):
    answer = reading.get(ITEMS, params={"limit": 3})
    tag = answer.headers["etag"]
    assert tag.startswith('"')
    again = reading.get(ITEMS, params={"limit": 3}, headers={"if-none-match": tag})
    assert (again.status_code, again.headers["etag"]) == (304, tag)
    fixed = reading.get(ITEMS, params={"position": 60})
    assert "immutable" in fixed.headers["cache-control"]


# where


def in_box(feature: Json, west: float, south: float, east: float, north: float) -> bool:
    if feature["geometry"] is None:
        return True
    longitude, latitude = feature["geometry"]["coordinates"]
    across = west > east
    inside = longitude >= west or longitude <= east if across else west <= longitude <= east
    return inside and south <= latitude <= north


@covers("/req/core/fc-bbox-definition", "/req/core/fc-bbox-response")
@pytest.mark.parametrize("collection", ["incidents", "afg"])
@pytest.mark.parametrize(
    "box",
    [
        (60.5, 29.4, 74.9, 38.5),
        (68.0, 36.0, 69.0, 38.0),
        (-180, -90, 180, 90),
        (170.0, -90, -70.0, 90),
        (0, 0, 0.00001, 1e-5),
    ],
)
def test_a_box_lets_through_what_lies_in_it_and_what_lies_nowhere(box, collection, reading):
    path = f"/ogc/collections/{collection}/items"
    expected = [each["id"] for each in features(reading, path) if in_box(each, *box)]
    assert ids(reading, path, limit=4, bbox=",".join(map(str, box))) == expected
    west, south, east, north = box
    assert ids(reading, path, bbox=f"{west},{south},-10,{east},{north},8848.86") == expected


def test_a_box_crosses_the_antimeridian(casus, client):
    report_odd_incidents(casus)
    placed = [each for each in features(client, bbox="179,-20,-179,-10") if each["geometry"]]
    assert len(placed) == 7
    for box, longitude in (("179,-20,180,-10", 179.9), ("-180,-20,-179,-10", -179.9)):
        found = {each["properties"]["longitude"] for each in features(client, bbox=box)}
        assert found == {longitude, None}


def test_pages_of_a_box_are_those_of_a_scan_at_every_moment(chronicle: Casus):
    box = Box(68.0, 36.0, 75.0, 38.5)
    for position in (5, 30, 67):
        moment = Moment(position, None)
        for subject in (None, SubjectKey("country", "TJK")):
            everything = Selection(subject=subject, statuses=tuple(Status))
            whole = chronicle.reader.page(everything, moment, None, 1_000).items
            boxed = Selection(subject=subject, statuses=tuple(Status), box=box, nowhere=True)
            found: list[bytes] = []
            after: PageEnd | None = None
            while True:
                page = chronicle.reader.page(boxed, moment, after, 3)
                found += page.items
                if page.next is None:
                    break
                after = page.next
            inside = chronicle.reader.page(
                Selection(subject=subject, statuses=tuple(Status), box=box), moment, None, 1_000
            ).items
            nowhere = [
                each for each in whole if b'"latitude":null' in each or b'"place":null' in each
            ]
            assert found == [each for each in whole if each in inside or each in nowhere]


# when


@covers("/req/core/fc-time-definition", "/req/core/fc-time-response")
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("2021-06-22T12:00:00Z", (2021, 6, 22), (2021, 6, 22)),
        ("2021-06-22t23:30:00.5-05:00", (2021, 6, 23), (2021, 6, 23)),
        ("2021-06-22", (2021, 6, 22), (2021, 6, 22)),
        ("2021-06-20T00:00:00Z/2021-06-22T23:59:60Z", (2021, 6, 20), (2021, 6, 22)),
        ("2021-06-22T/2021-06-23T12Z", (2021, 6, 22), (2021, 6, 23)),  # as GDAL writes days
        ("2021-06-22T00:00:00Z/..", (2021, 6, 22), None),
        ("2021-06-22T00:00:00Z/", (2021, 6, 22), None),
        ("../2021-06-01T00:00:00Z", None, (2021, 6, 1)),
        ("/2021-06-01T00:00:00Z", None, (2021, 6, 1)),
        ("1066-10-14T00:00:00Z", (1066, 10, 14), (1066, 10, 14)),
    ],
)
def test_an_interval_lets_through_what_may_have_been_in_it(asked, first, last, reading):
    start = day_number(*first) if first else -(10**9)
    end = day_number(*last) if last else 10**9
    expected = []
    for feature in features(reading):
        earliest, latest = days(feature)
        if earliest <= end and latest >= start:
            expected.append(feature["id"])
    assert ids(reading, datetime=asked, limit=5) == expected


# one


@covers("/req/core/f-op", "/req/core/f-success", "/req/core/f-links", "/req/geojson/content")
@pytest.mark.parametrize("collection", ["incidents", "afg"])
def test_every_feature_of_a_collection_is_found_by_its_id(collection, reading):
    path = f"/ogc/collections/{collection}/items"
    for feature in features(reading, path):
        answer = reading.get(f"{path}/{feature['id']}")
        assert answer.headers["content-type"] == GEOJSON
        found = answer.json()
        assert {name: found[name] for name in feature} == feature
        links = {link["rel"]: link for link in found["links"]}
        assert links["self"]["href"] == f"http://testserver{path}/{feature['id']}"
        assert links["self"]["type"] == GEOJSON
        assert links["collection"]["href"] == f"http://testserver/ogc/collections/{collection}"
        assert links["collection"]["type"] == "application/json"
        assert got(reading, links["alternate"]["href"])["incident"]["id"] == feature["id"]


def test_a_feature_is_found_only_where_and_when_its_collection_has_it(casus, client):
    involved = (InvolvedCountry(code="UZB", role=CountryRole.AFFECTED),)
    place = Place(name="Termez", country="UZB", latitude=37.2, longitude=67.3)
    written = casus.desk.report_incident(an_account(place=place, countries=involved), CALLER)
    incident = str(written.stream)
    casus.desk.report_incident(an_account(place=Place(name="Kabul", country="AFG")), CALLER)
    assert client.get(f"/ogc/collections/uzb/items/{incident}").status_code == 200
    assert client.get(f"/ogc/collections/afg/items/{incident}").status_code == 404
    assert client.get("/ogc/collections/afg", params={"position": 1}).status_code == 404
    tag = client.get(f"/v1/incidents/{incident}").headers["etag"]
    retraction = client.post(
        f"/v1/incidents/{incident}/retraction",
        headers={"if-match": tag},
        json={"reason": "It did not happen."},
    )
    assert retraction.status_code == 201
    assert client.get(f"{ITEMS}/{incident}").status_code == 404
    assert incident not in ids(client)
    assert client.get("/ogc/collections/uzb").status_code == 404
    assert client.get(f"{ITEMS}/{incident}", params={"position": 2}).status_code == 200
    assert ids(client, "/ogc/collections/uzb/items", position=2) == [incident]


@pytest.mark.parametrize("day", ["-0043-03-15", "0000-06-01", "Y12345"])
def test_days_that_gis_programs_do_not_have_are_null_and_said_beside(day, casus, client):
    casus.desk.report_incident(an_account(occurred=day, published="2021-12-31"), CALLER)
    (properties,) = [each["properties"] for each in features(client)]
    assert (properties["earliest"], properties["latest"]) == (None, None)
    assert properties["occurred"] == properties["entry"]["occurred"]["edtf"] == day
    assert properties["entry"]["occurred"]["earliest"] is not None
