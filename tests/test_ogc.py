"""OGC API - Features, Part 1: every requirement of OGC 17-069r4 for core, GeoJSON and OpenAPI 3.0."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

from service.ogc.documents import CRS84
from tests.ogc import GEOJSON, ITEMS, REQUIREMENTS, Json, covers, got, hrefs, pages
from tests.publishing import items, report_odd_incidents

ROOT = Path(__file__).parents[1]


def test_every_requirement_is_named_by_a_test():
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_ogc*.py"))
    named = "".join(re.findall(r"^@covers\(([^)]*)\)", source, re.MULTILINE))
    assert set(re.findall(r'"(/req/[^"]+)"', named)) == REQUIREMENTS


@pytest.fixture(scope="module")
def definition(reading) -> Json:
    found: Json = reading.get("/ogc/api").json()
    return found


@pytest.fixture
def valid(definition) -> Callable[[str, Any], Any]:
    """Checks a document against a schema of the definition, and returns it."""
    components = definition["components"]

    def check(name: str, document: Any) -> Any:
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        OAS30Validator(schema).validate(document)
        return document

    return check


# the landing page, the definition, conformance


@covers("/req/core/root-op", "/req/core/root-success", "/req/oas30/oas-definition-1")
@pytest.mark.parametrize("path", ["/ogc", "/ogc/"])
def test_the_landing_page_leads_to_everything_else(path, reading, valid):
    page = valid("LandingPage", got(reading, path))
    links = {link["rel"]: link for link in page["links"]}
    assert links.keys() == {"self", "service-desc", "service-doc", "conformance", "data"}
    assert links["service-desc"]["type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert links["service-doc"]["type"] == "text/html"
    assert links["conformance"]["href"] == "http://testserver/ogc/conformance"
    assert links["data"]["href"] == "http://testserver/ogc/collections"


@covers(
    "/req/core/api-definition-op",
    "/req/core/api-definition-success",
    "/req/oas30/oas-definition-2",
)
def test_the_definition_is_what_its_media_types_say(reading):
    for link in got(reading, "/ogc")["links"]:
        if link["rel"].startswith("service-"):
            answer = reading.get(link["href"], headers={"accept": link["type"]})
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(link["type"])
    assert "swagger-ui" in reading.get("/ogc/api.html").text
    document = reading.get("/ogc/api").json()
    assert re.fullmatch(r"3\.0\.\d", document["openapi"])
    OpenAPIV30SpecValidator(document).validate()
    assert document["servers"] == [{"url": "http://testserver/ogc"}]


def test_the_committed_definition_is_valid_and_its_examples_are_as_it_says(definition, valid):
    committed = orjson.loads((ROOT / "openapi" / "ogc.json").read_bytes())
    OpenAPIV30SpecValidator(committed).validate()
    shown = 0
    for path, operations in committed["paths"].items():
        (content,) = operations["get"]["responses"]["200"]["content"].values()
        if "example" in content:
            valid(content["schema"]["$ref"].rpartition("/")[2], content.pop("example"))
            shown += 1
        assert operations == definition["paths"][path]
    assert shown == len(committed["paths"]) - 2  # but the definition, and the page that shows it


@covers("/req/core/conformance-op", "/req/core/conformance-success")
def test_the_classes_are_declared(reading, valid):
    declared = valid("Conformance", got(reading, "/ogc/conformance"))["conformsTo"]
    root = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
    assert set(declared) == {f"{root}/{name}" for name in ("core", "oas30", "geojson")}


@covers("/req/oas30/oas-impl", "/req/oas30/completeness", "/req/oas30/security")
def test_all_that_is_defined_is_there_and_answers_as_defined(definition, reading, valid):
    incident = items(reading, "/v1/countries/AFG/timeline")[0]["id"]
    names = {"collectionId": "afg", "featureId": incident}
    for path, operations in definition["paths"].items():
        (operation,) = operations.values()
        assert operation["responses"].keys() >= {"200", "304", "400", "500", "503"}
        assert ("404" in operation["responses"]) == ("{" in path)
        assert "security" not in operation  # nobody is asked who they are
        answer = reading.get(f"/ogc{path.format(**names)}")
        assert answer.status_code == 200
        ((kind, content),) = operation["responses"]["200"]["content"].items()
        assert answer.headers["content-type"].startswith(kind)
        body = answer.text if kind == "text/html" else answer.json()
        valid(content["schema"]["$ref"].rpartition("/")[2], body)
        tag = answer.headers["etag"]
        again = reading.get(f"/ogc{path.format(**names)}", headers={"if-none-match": tag})
        assert (again.status_code, again.headers["etag"], again.content) == (304, tag, b"")


@covers("/req/oas30/exceptions-codes")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ogc?f=json", 400),
        (f"{ITEMS}?position=1000", 400),
        (f"{ITEMS}?cursor=AAAA", 400),
        ("/ogc/collections/xyz", 404),
        ("/ogc/collections/AFG", 404),
        ("/ogc/collections/fji/items", 404),
        ("/ogc/collections/fji/schema", 404),
        ("/ogc/collections/afg?position=1", 404),
        (f"{ITEMS}/none", 404),
        (f"{ITEMS}/00000000-0000-0000-0000-000000000000", 404),
    ],
)
def test_what_is_refused_is_a_problem_as_defined(path, status, asked, valid):
    answer = asked.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    valid("Problem", answer.json())


@covers("/req/core/http")
def test_resources_answer_head_as_get_and_refuse_other_methods(asked):
    for path in ("/ogc", "/ogc/api", "/ogc/collections", "/ogc/collections/afg", ITEMS):
        plain = {"accept-encoding": "identity"}
        get, head = asked.get(path, headers=plain), asked.head(path, headers=plain)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(get.content))
        refused = asked.post(path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@covers("/req/core/query-param-unknown")
@pytest.mark.parametrize("query", ["bobx=1", "limits=5", "q=border", "crs=EPSG:4326", "from=2021"])
def test_a_parameter_that_is_not_defined_is_refused(query, definition, asked):
    for path in definition["paths"]:
        address = path.format(collectionId="afg", featureId="x")
        assert asked.get(f"/ogc{address}?{query}").status_code == 400, path


@covers("/req/core/query-param-invalid")
@pytest.mark.parametrize(
    "query",
    [
        *(
            f"bbox={each}"
            for each in ("", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,3,nan", "inf,0,1,1")
        ),
        *(f"bbox={each}" for each in ("-181,0,1,1", "0,0,1,91", "0,10,1,5", "0,0,9,1,1,5")),
        *(
            f"datetime={each}"
            for each in ("", "x", "../..", "/", "2021-13-01T00:00:00Z", "2021-06")
        ),
        "datetime=2021-06-02T00:00:00Z/2021-06-01T00:00:00Z",
        "datetime=2021-06-01T00:00:00Z/2021-06-02T00:00:00Z/2021-06-03T00:00:00Z",
        *(f"limit={each}" for each in ("0", "-1", "many", "1.5", "")),
        "offset=-1",
        "position=x",
        "position=1&as_of=2021-06-01",
        "limit=1&limit=2",
    ],
)
def test_a_value_that_is_none_is_refused(query, asked):
    answer = asked.get(f"{ITEMS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/bad-parameter"


# collections


@covers(
    "/req/core/fc-md-op",
    "/req/core/fc-md-success",
    "/req/core/fc-md-links",
    "/req/core/fc-md-items",
    "/req/core/fc-md-items-links",
)
def test_there_is_a_collection_of_all_and_one_of_each_country_that_has_any(reading, valid):
    document = valid("Collections", got(reading, "/ogc/collections"))
    (own,) = [link for link in document["links"] if link["rel"] == "self"]
    assert own["type"] == "application/json"
    countries = [
        country["code"].lower()
        for country in got(reading, "/v1/countries")["items"]
        if country["incidents"]
    ]
    assert [each["id"] for each in document["collections"]] == ["incidents", *countries]
    for each in document["collections"]:
        (found,) = [link for link in each["links"] if link["rel"] == "items"]
        assert found["type"] == GEOJSON
        assert found["href"] == f"http://testserver/ogc/collections/{each['id']}/items"


def test_a_collection_is_offered_whole_in_other_formats(reading):
    collection = got(reading, "/ogc/collections/uzb", position=60)
    for href in hrefs(collection, "enclosure"):
        answer = reading.get(href)
        assert answer.status_code == 200
        assert answer.headers["casus-position"] == "60"


@covers("/req/core/fc-md-extent", "/req/core/fc-md-extent-multi", "/req/core/crs84")
def test_every_feature_lies_within_the_extent_of_its_collection(reading):
    for collection in got(reading, "/ogc/collections")["collections"]:
        extent = collection["extent"]
        features = [
            feature
            for page in pages(reading, hrefs(collection, "items")[0])
            for feature in page["features"]
        ]
        points = [each["geometry"]["coordinates"] for each in features if each["geometry"]]
        if points:
            longitudes, latitudes = zip(*points, strict=True)
            ((west, south, east, north),) = extent["spatial"]["bbox"]
            assert (west, east) == (min(longitudes), max(longitudes))
            assert (south, north) == (min(latitudes), max(latitudes))
            assert extent["spatial"]["crs"] == CRS84
        else:
            assert "spatial" not in extent
        ((start, end),) = extent["temporal"]["interval"]
        assert start == f"{min(each['properties']['earliest'] for each in features)}T00:00:00Z"
        assert end == f"{max(each['properties']['latest'] for each in features)}T23:59:59Z"


def test_an_extent_is_open_where_no_instant_can_say_it(casus, client):
    assert got(client, "/ogc/collections/incidents")["extent"] == {}
    report_odd_incidents(casus)
    extent = got(client, "/ogc/collections/incidents")["extent"]
    assert extent["temporal"]["interval"] == [[None, None]]
    assert extent["spatial"]["bbox"] == [[-179.9, -17.5, 179.9, -17.5]]


@covers("/req/core/sfc-md-op", "/req/core/sfc-md-success")
def test_a_collection_says_of_itself_what_the_list_does(reading, valid):
    for each in got(reading, "/ogc/collections")["collections"]:
        assert valid("Collection", got(reading, f"/ogc/collections/{each['id']}")) == each
