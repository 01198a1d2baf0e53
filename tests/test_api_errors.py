"""Requests that are refused: each answers the documented problem, names what is wrong, changes nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from service.api.problems import MEDIA_TYPE
from service.bootstrap import Casus
from tests.refusals import problem

AFG = "/v1/countries/AFG/timeline"


# what a path names


@pytest.mark.parametrize(
    ("country", "nearest"),
    [
        ("XYZ", None),
        ("Afganistan", "AFG"),
        ("Tadjikistan", "TJK"),
        ("AFGH", None),
        ("gw:999999999", None),
        ("Korea", None),
        ("%00", None),
        ("A" * 5_000, None),
        ("%ED%A0%80", None),
    ],
)
def test_an_unknown_country_is_no_empty_timeline(country: str, nearest: str | None, asked) -> None:
    found = problem(asked.get(f"/v1/countries/{country}/timeline"), "unknown-country")
    if nearest:
        assert found["nearest"][0]["code"] == nearest
    assert all(each.keys() == {"code", "name"} for each in found["nearest"])
    assert len(found["detail"]) < 300


def test_the_nearest_codes_of_xyz_are_suggested(asked) -> None:
    found = problem(asked.get("/v1/countries/XYZ/timeline"), "unknown-country")
    assert len(found["nearest"]) == 3
    assert found["nearest"][0]["code"] in found["detail"]


@pytest.mark.parametrize("rest", ["", "/timeline"])
@pytest.mark.parametrize("actor", ["talban", "nobody-at-all-9", "%00", "ucdp:", "T" * 5_000])
def test_an_unknown_actor_is_no_empty_timeline(actor: str, rest: str, asked) -> None:
    found = problem(asked.get(f"/v1/actors/{actor}{rest}"), "unknown-actor")
    if actor == "talban":
        assert found["nearest"][0] == {"id": "taliban"}


@pytest.mark.parametrize(
    "incident",
    [
        "00000000-0000-0000-0000-000000000000",
        "315da392715b895f82cb292295ad0162",
        "not-a-uuid",
        "{315da392-715b-895f-82cb-292295ad0162}",
        "%00",
        "1",
    ],
)
def test_an_unknown_incident_is_not_found(incident: str, asked) -> None:
    problem(asked.get(f"/v1/incidents/{incident}"), "unknown-incident")


def test_an_incident_is_unknown_before_it_was_recorded_or_reported(asked) -> None:
    incident = asked.get("/v1/incidents?limit=1").json()["items"][0]
    address = f"/v1/incidents/{incident['id']}"
    problem(asked.get(f"{address}?position={incident['position'] - 1}"), "unknown-incident")
    found = problem(asked.get(f"{address}?reported_by=1999"), "unknown-incident")
    assert "1999-12-31" in found["detail"]


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v2/countries", "/v1/countries/AFG", "/%00"])
def test_where_nothing_is_nothing_is_found(path: str, asked) -> None:
    problem(asked.get(path), "not-found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", [AFG, "/v1/incidents", "/livez"])
def test_a_method_that_is_not_there_is_refused(method: str, path: str, asked) -> None:
    answer = asked.request(method, path)
    found = problem(answer, "method-not-allowed")
    assert answer.headers["allow"] in found["detail"]


# parameters


@pytest.mark.parametrize(
    ("path", "query", "meant"),
    [
        (AFG, "form=2021-05-01", "from"),
        (AFG, "FROM=2021-05-01", "from"),
        (AFG, "limits=5", "limit"),
        ("/v1/incidents", "typ=attack", "type"),
        ("/v1/actors", "state=AFG&knd=person", "kind"),
        ("/v1/actors/taliban", "positon=5", "position"),
        ("/v1/countries", "asof=2021", "as_of"),
        ("/v1/datasets", "positon=5", "position"),
    ],
)
def test_an_unknown_parameter_is_refused_with_the_nearest_name(
    path: str, query: str, meant: str, asked
) -> None:
    found = problem(asked.get(f"{path}?{query}"), "bad-parameter")
    assert f"did you mean {meant!r}?" in found["detail"]


def test_an_unknown_parameter_like_no_other_is_refused_with_all_names(asked) -> None:
    found = problem(asked.get("/v1/actors/taliban?zzzz=1&=2"), "bad-parameter")
    assert "position, as_of, reported_by" in found["detail"]
    assert len(found["faults"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        *(f"limit={limit}" for limit in ("0", "100000", "1001", "-1", "1.5", "ten", "", "NaN")),
        f"limit={10**30}",
        *(f"position={position}" for position in ("-1", "68", "x", "", "1.5", 2**63, 10**400)),
        "position=1&as_of=2021-07-15",
        *(f"as_of={at}" for at in ("yesterday", "2021-13-01", "2021-02-30", "", "25:00", "%00")),
        "as_of=0001-01-01T00:00:00%2B10:00",
        *(f"reported_by={day}" for day in ("2021-13-01", "tomorrow", "", "2021-06-31")),
        *(f"from={day}" for day in ("2021-13-01", "2021-02-30", "2021-6-1", "", "2021-06-30/05")),
        "from=2021-06-30/2021-06-01",
        "from=2021-06-23&to=2021-06-22",
        "to=2021-00-00",
        f"to={'9' * 3_000}",
        *(f"bbox={box}" for box in ("", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,0,0,91", "0,-91,0,0")),
        *(f"bbox={box}" for box in ("181,0,0,0", "0,0,-181,0", "0,10,0,-10", "nan,0,0,0")),
        "bbox=0,0,1e9,0",
        "type=war",
        "type=attack&type=",
        "status=maybe",
        "match=perhaps",
        "order=up",
        "role=location",
        "role=winner",
        "role=initiator&country=AFG",
        "role=location&actor=taliban",
        "q=",
        "q=***",
        "q=%22%22",
        "q=a%00b",
        f"q={'a' * 501}",
        "country=XYZ",
        "country=",
        "actor=Not%20A%20Slug",
        "actor=-",
        "limit=1&limit=2",
        "from=2021&from=2021",
        "q=a%ff",
        "q=%ED%A0%80",
        "&".join(f"type={n}" for n in range(100)),
        "&".join(f"a{n}=" for n in range(501)),
        f"q={'a' * 9_000}",
    ],
)
def test_a_bad_value_is_refused_with_its_parameter(query: str, asked) -> None:
    found = problem(asked.get(f"/v1/incidents?{query}"), "bad-parameter")
    named = {fault["path"].split(".")[-1] for fault in found.get("faults", [])}
    assert named <= set(re.findall(r"(\w+)=", query)) | {"$"}
    assert len(found["detail"]) < 500


def test_every_bad_parameter_is_named_at_once(asked) -> None:
    found = problem(asked.get(f"{AFG}?limit=0&from=x&order=up&nonsense=1&to=2021"), "bad-parameter")
    assert {fault["path"] for fault in found["faults"]} == {
        "$.limit",
        "$.from",
        "$.order",
        "$.nonsense",
    }


@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/actors"])
def test_a_write_takes_no_parameters(path: str, asked) -> None:
    problem(asked.post(f"{path}?dry_run=true", json={}), "bad-parameter")


# faults of the service


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_internal_fault_tells_nothing_but_the_id_that_it_was_logged_under(
    method: str, chronicle: Casus, client, caplog
) -> None:
    with closing(sqlite3.connect(chronicle.projector.generation.path)) as rows:
        rows.execute("DROP TABLE incident_version")
    answer = client.request(method, AFG, headers={"origin": "https://map.example"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["access-control-allow-origin"] == "*"
    if method == "HEAD":
        assert answer.content == b""
        return
    document = answer.json()
    assert document.pop("correlation_id") in caplog.text
    assert "no such table" in caplog.text
    assert document == {
        "type": "/problems/internal",
        "title": "Something went wrong here",
        "status": 500,
        "detail": "an internal fault; it was logged under the correlation id",
    }
    assert client.get("/livez").status_code == 200
