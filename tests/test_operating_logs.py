"""Ids of requests, and what is logged under them."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from starlette.testclient import TestClient

from service.operating import logs
from tests.processes import serving

OURS = re.compile(r"[0-9a-f]{32}")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def lines_of(errors: str) -> list[dict]:
    return [json.loads(line) for line in errors.splitlines()]


@pytest.mark.parametrize("sent", ["abc-123", "Root=1-67891233:abcdef", "x" * 128])
def test_a_sane_id_is_taken_over(sent, client):
    assert client.get("/livez", headers={"X-Request-Id": sent}).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, 'a"b', "ä".encode("latin-1")])
def test_another_is_replaced(sent, client):
    answered = client.get("/livez", headers={"X-Request-Id": sent}).headers["x-request-id"]
    assert OURS.fullmatch(answered)


@pytest.mark.parametrize(
    ("parent", "taken"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", True),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE}", False),
    ],
)
def test_a_trace_is_the_id_where_there_is_no_other(parent, taken, client):
    answered = client.get("/livez", headers={"traceparent": parent}).headers["x-request-id"]
    assert (answered == TRACE) is taken
    both = client.get("/livez", headers={"traceparent": parent, "X-Request-Id": "mine"})
    assert both.headers["x-request-id"] == "mine"


def test_every_answer_has_an_id_of_its_own_and_scripts_may_read_it(client):
    paths = ("/livez", "/v1/countries", "/v1/countries", "/nowhere", "/v1/countries/XYZ/timeline")
    answers = [client.get(path, headers={"Origin": "http://a.example"}) for path in paths]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    for answer in answers:
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


def test_a_fault_answers_with_the_id_under_which_it_was_logged(app, monkeypatch):
    said = io.StringIO()
    logs.begin("json", stream=said)
    casus = app.state.casus
    monkeypatch.setattr(casus.reader, "moment", lambda *_: 1 / 0)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/v1/countries", headers={"X-Request-Id": "told-by-me"})
    assert answer.status_code == 500
    assert answer.json()["correlation_id"] == answer.headers["x-request-id"] == "told-by-me"
    (line,) = [line for line in lines_of(said.getvalue()) if line["level"] == "error"]
    assert line["request_id"] == "told-by-me"
    assert "ZeroDivisionError" in line["exception"]


def test_requests_are_logged_where_that_is_asked_for_and_nothing_secret_is(home):
    with serving(home, CASUS_LOG="json", CASUS_ACCESS_LOG="1") as server:
        server.client.get(
            "/v1/incidents?q=swordfish",
            headers={
                "Authorization": "Bearer hunter2",
                "X-Request-Id": "one",
                "Cookie": "c=hunter2",
            },
        )
        server.client.get("/a%0Ab", headers={"X-Request-Id": "two"})
        ended = server.end()
    lines = {line["request_id"]: line for line in lines_of(ended.errors) if "request_id" in line}
    assert lines["one"] | {"seconds": 0, "timestamp": ""} == {
        "event": "request",
        "level": "info",
        "logger": "casus.access",
        "timestamp": "",
        "request_id": "one",
        "method": "GET",
        "path": "/v1/incidents",
        "route": "/v1/incidents",
        "status": 401,
        "seconds": 0,
        "client": "127.0.0.1",
    }
    assert 0 < lines["one"]["seconds"] < 10
    assert (lines["two"]["path"], lines["two"]["status"], lines["two"]["route"]) == (
        "/a%0Ab",
        404,
        None,
    )
    assert "hunter2" not in ended.errors
    assert "swordfish" not in ended.errors
    assert lines_of(ended.errors)[-1]["event"] == "stopped; everything acknowledged is on disk"


def test_requests_are_not_logged_otherwise(home):
    with serving(home) as server:
        server.get("/v1/countries")
        ended = server.end()
    assert ended.errors == "casus: stopped; everything acknowledged is on disk\n"


def test_lines_for_people_have_no_colours_where_there_is_no_terminal():
    said = io.StringIO()
    logs.begin("text", 3, stream=said)
    logging.getLogger("casus").error("it went %s", "wrong")
    line = said.getvalue()
    assert re.fullmatch(r"\S+Z \[error +\] it went wrong +\[casus\] worker=3\n", line), line
