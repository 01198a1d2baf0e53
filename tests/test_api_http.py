"""The API as HTTP: validators, caching, compression, HEAD, OPTIONS, CORS and links."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest

from service.bootstrap import Casus
from tests.conftest import CALLER, an_account

TIMELINE = "/v1/countries/AFG/timeline"
READS = [
    "/v1/countries",
    TIMELINE,
    "/v1/actors",
    "/v1/actors/taliban",
    "/v1/actors/taliban/timeline",
    "/v1/incidents",
    "/v1/incidents/{incident}",
    "/v1/datasets",
    "/v1/datasets/afghanistan-2021",
]
PLAIN = {"accept-encoding": "identity"}
GZIP = {"accept-encoding": "gzip"}

each_read = pytest.mark.parametrize("path", READS)


@pytest.fixture
def at(reading):
    """A path of `READS` as an address of the shared store."""
    incident = reading.get("/v1/incidents?limit=1").json()["items"][0]["id"]
    return lambda path: path.format(incident=incident)


# validators


@each_read
def test_a_read_has_a_strong_etag_that_stays_while_the_answer_does(path, at, reading) -> None:
    first, second = (reading.get(at(path), headers=PLAIN) for _ in range(2))
    assert re.fullmatch(r'"[^"]+"', first.headers["etag"])
    assert first.headers["etag"] == second.headers["etag"]
    assert first.content == second.content


@each_read
def test_each_content_coding_has_an_etag_of_its_own(path, at, reading) -> None:
    plain = reading.get(at(path), headers=PLAIN)
    zipped = reading.get(at(path), headers=GZIP)
    assert zipped.content == plain.content
    compressed = zipped.headers.get("content-encoding") == "gzip"
    assert (zipped.headers["etag"] != plain.headers["etag"]) == compressed
    assert compressed == (len(plain.content) >= 1_000)


def test_different_questions_have_different_etags(reading) -> None:
    asked = ["", "?limit=2", "?limit=3", "?position=50", "?position=51", "?reported_by=2021-06-22"]
    tags = {reading.get(TIMELINE + query, headers=PLAIN).headers["etag"] for query in asked}
    tags |= {reading.get("/v1/incidents", headers=PLAIN).headers["etag"]}
    assert len(tags) == len(asked) + 1


def test_a_new_record_changes_the_etag(casus: Casus, client) -> None:
    before = client.get("/v1/incidents").headers["etag"]
    casus.desk.report_incident(an_account(), CALLER)
    assert client.get("/v1/incidents", headers={"if-none-match": before}).status_code == 200


@each_read
@pytest.mark.parametrize("coding", [PLAIN, GZIP])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"a", {}', '"a",W/{} , "b"', "*", '"a", *'])
def test_what_the_client_holds_already_is_not_sent_again(path, coding, form, at, reading) -> None:
    held = reading.get(at(path), headers=coding)
    answer = reading.get(
        at(path), headers={**coding, "if-none-match": form.format(held.headers["etag"])}
    )
    assert answer.status_code == 304
    assert answer.content == b""
    for header in ("etag", "cache-control", "vary", "casus-position"):
        assert answer.headers[header] == held.headers[header]
    assert "content-type" not in answer.headers
    assert "content-encoding" not in answer.headers


def test_tags_may_come_in_several_headers(reading) -> None:
    tag = reading.get(TIMELINE, headers=PLAIN).headers["etag"]
    headers = [("accept-encoding", "identity"), ("if-none-match", '"a"'), ("if-none-match", tag)]
    assert reading.get(TIMELINE, headers=headers).status_code == 304


@pytest.mark.parametrize("form", ['"a"', "{bare}", "", '"', "W/", '"{bare}x"', "{bare}, *x"])
def test_another_tag_is_answered_in_full(form, reading) -> None:
    bare = reading.get(TIMELINE, headers=PLAIN).headers["etag"].strip('"')
    answer = reading.get(TIMELINE, headers={**PLAIN, "if-none-match": form.format(bare=bare)})
    assert answer.status_code == 200
    assert answer.json()["items"]


def test_a_compressed_answer_that_is_held_is_no_use_to_who_takes_none(reading) -> None:
    zipped = reading.get(TIMELINE, headers=GZIP).headers["etag"]
    assert reading.get(TIMELINE, headers={**PLAIN, "if-none-match": zipped}).status_code == 200
    # The other way round it is: a plain answer does for who would also take a compressed one.
    plain = reading.get(TIMELINE, headers=PLAIN).headers["etag"]
    answer = reading.get(TIMELINE, headers={**GZIP, "if-none-match": plain})
    assert (answer.status_code, answer.headers["etag"]) == (304, plain)


# compression


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("deflate, *", True),
        ("*;q=0, gzip", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("xgzip", False),
    ],
)
def test_gzip_is_sent_to_who_accepts_it(accepted, compressed, reading) -> None:
    with reading.stream("GET", TIMELINE, headers={"accept-encoding": accepted}) as answer:
        sent = b"".join(answer.iter_raw())
    assert (answer.headers.get("content-encoding") == "gzip") == compressed
    assert int(answer.headers["content-length"]) == len(sent)
    plain = gzip.decompress(sent) if compressed else sent
    assert plain == reading.get(TIMELINE, headers=PLAIN).content


# HEAD


@pytest.mark.parametrize(
    "path",
    [
        *READS,
        "/v1/actors/ucdp:303",
        "/v1/countries/XYZ/timeline",
        "/v1/incidents?limit=0",
        "/livez",
        "/readyz",
        "/docs",
        "/openapi.json",
        "/nothing",
    ],
)
@pytest.mark.parametrize("headers", [PLAIN, GZIP, {**PLAIN, "if-none-match": "*"}])
def test_head_is_get_without_the_body(path, headers, at, reading) -> None:
    got = reading.get(at(path), headers=headers, follow_redirects=False)
    head = reading.head(at(path), headers=headers, follow_redirects=False)
    assert head.status_code == got.status_code
    for each in (got, head):  # of each request its own
        del each.headers["x-request-id"]
    assert head.headers == got.headers
    assert head.content == b""


# OPTIONS and CORS

ORIGIN = {"origin": "https://map.example"}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (TIMELINE, "GET, HEAD, OPTIONS"),
        ("/v1/incidents", "GET, HEAD, OPTIONS, POST"),
        ("/v1/actors", "GET, HEAD, OPTIONS, POST"),
        ("/readyz", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_lists_the_methods(path, methods, reading) -> None:
    answer = reading.options(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == methods
    refused = reading.request("PUT", path)
    assert refused.status_code == 405
    assert refused.headers["allow"] == methods


def test_a_page_of_any_origin_may_read(reading) -> None:
    for path in (TIMELINE, "/v1/countries/XYZ/timeline"):
        answer = reading.get(path, headers=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
        assert {"etag", "link", "casus-position"} <= set(exposed)


def test_a_preflight_allows_reads_with_any_header(reading) -> None:
    asked = {
        "access-control-request-method": "GET",
        "access-control-request-headers": "if-none-match",
    }
    answer = reading.options(TIMELINE, headers=ORIGIN | asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "if-none-match" in answer.headers["access-control-allow-headers"].lower()
    assert set(answer.headers["access-control-allow-methods"].split(", ")) == {
        "GET",
        "HEAD",
        "OPTIONS",
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_preflight_allows_no_writes(method, reading) -> None:
    answer = reading.options(
        "/v1/incidents", headers=ORIGIN | {"access-control-request-method": method}
    )
    assert answer.status_code == 400
    assert method not in answer.headers["access-control-allow-methods"]


# caching, positions and links


@each_read
def test_an_answer_names_its_position_and_varies_by_coding(path, at, reading) -> None:
    answer = reading.get(at(path))
    assert answer.headers["casus-position"] == str(answer.json()["position"]) == "67"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.headers["content-type"] == "application/json"


@each_read
def test_only_what_fixes_its_position_is_kept_forever(path, at, reading) -> None:
    for query, forever in (
        ("?position=67", True),
        ("?position=67&reported_by=2022", True),
        ("", False),
        ("?as_of=2999-01-01", False),
        ("?reported_by=2022", False),
    ):
        caching = reading.get(at(path) + query).headers["cache-control"]
        assert ("immutable" in caching) == forever, query
        assert ("no-cache" in caching) != forever, query


@pytest.mark.parametrize("path", ["/v1/countries/XYZ/timeline", "/v1/incidents?limit=0", "/livez"])
def test_a_problem_and_the_state_of_health_are_not_kept(path, reading) -> None:
    assert reading.get(path).headers["cache-control"] == "no-store"


def test_an_address_with_a_position_answers_the_same_bytes_for_ever(
    chronicle: Casus, client
) -> None:
    addresses = [f"{path}?position=60" for path in READS if "{" not in path]
    before = [client.get(address, headers=PLAIN) for address in addresses]
    chronicle.desk.report_incident(an_account(), CALLER)
    for held, address in zip(before, addresses, strict=True):
        answer = client.get(address, headers=PLAIN)
        assert answer.content == held.content
        assert answer.headers["etag"] == held.headers["etag"]


@pytest.mark.parametrize("path", [TIMELINE, "/v1/actors", "/v1/actors/taliban/timeline"])
def test_the_next_page_is_linked_until_the_last(path, reading) -> None:
    address: Any = f"{path}?limit=7"
    pages = 0
    while address:
        answer = reading.get(address)
        address = answer.json()["next"]
        assert answer.links.get("next", {}).get("url") == address
        assert pages == 0 or "immutable" in answer.headers["cache-control"]
        pages += 1
        assert pages < 20, "it does not end"
    assert pages > 1


def test_links_lead_back_to_the_host_that_was_asked(reading) -> None:
    answer = reading.get("/v1/incidents?limit=1&q=taliban", headers={"host": "casus.example:81"})
    assert answer.json()["next"].startswith(
        "http://casus.example:81/v1/incidents?limit=1&q=taliban&"
    )
