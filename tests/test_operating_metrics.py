"""What is counted, and what ``/metrics`` makes of it."""

from __future__ import annotations

import tempfile
from bisect import bisect_left

import pytest
from eventsourcing.persistence import OperationalError
from starlette.testclient import TestClient

from service.log import Log
from service.operating.counts import (
    BOUNDS,
    IMPORTS_DONE,
    NO_ROUTE,
    STREAMS,
    SUM,
    Counts,
    Latencies,
)
from tests.conftest import bearing
from tests.operating import samples_of

HOME = ("127.0.0.1", 1)


class Route:
    path = "/a"


A, B = Route(), Route()
ROUTES = {id(A): ("/a", ["GET", "HEAD"]), id(B): ("/b", ["POST"])}


def add(counts: Counts, method: str, route: object, status: int, seconds: float) -> None:
    row: list[float] = [0] * (SUM + 1)
    row[bisect_left(BOUNDS, seconds)], row[SUM] = 1, seconds
    counts.add(method, id(route), status, row)


def test_requests_are_told_apart_by_route_method_and_class_of_status():
    counts = Counts(ROUTES)
    for method, route, status, seconds in (
        ("GET", A, 200, 0.001),
        ("GET", A, 206, 0.0011),
        ("GET", A, 304, 31.0),
        ("HEAD", A, 200, 0.3),
        ("POST", B, 503, 0.2),
        ("DELETE", A, 405, 0.1),
        ("BREW", None, 418, 0.1),
    ):
        add(counts, method, route, status, seconds)
    found = {(each.method, each.route, each.status): each for each in counts.latencies()}
    assert set(found) == {
        ("GET", "/a", "2xx"),
        ("GET", "/a", "3xx"),
        ("HEAD", "/a", "2xx"),
        ("POST", "/b", "5xx"),
        ("DELETE", NO_ROUTE, "4xx"),
        ("other", NO_ROUTE, "4xx"),
    }
    page = found["GET", "/a", "2xx"]
    assert page.counts == (1, 1, *[0] * (len(BOUNDS) - 1))
    assert page.seconds == pytest.approx(0.0021)
    assert found["GET", "/a", "3xx"].counts == (*[0] * len(BOUNDS), 1)


def test_workers_count_apart_and_are_read_together():
    with tempfile.TemporaryFile() as file:
        one, two = (Counts(ROUTES, file=file.fileno(), worker=n, workers=2) for n in (0, 1))
        add(one, "GET", A, 200, 0.02)
        add(two, "GET", A, 200, 0.04)
        add(two, "POST", B, 201, 0.04)
        one.put(STREAMS, 3)
        two.put(STREAMS, 4)
        two.count(IMPORTS_DONE)
        for each in (one, two):
            first, second = each.latencies()
            assert isinstance(first, Latencies)
            assert (first.route, sum(first.counts)) == ("/a", 2)
            assert first.seconds == pytest.approx(0.06)
            assert (second.route, sum(second.counts)) == ("/b", 1)
            assert (each.sum(STREAMS), each.sum(IMPORTS_DONE)) == (7, 1)
        # The second dies: what it had open is gone, what it counted is not, and the next counts on.
        one.sheet.restarted(1)
        assert (one.sum(STREAMS), one.sum(IMPORTS_DONE), one.sheet.restarts) == (3, 1, 1)
        again = Counts(ROUTES, file=file.fileno(), worker=1, workers=2)
        add(again, "GET", A, 200, 0.01)
        again.count(IMPORTS_DONE)
        assert [sum(each.counts) for each in one.latencies()] == [3, 1]
        assert one.sum(IMPORTS_DONE) == 2


def test_metrics_say_where_the_store_stands(app, chronicle):
    with TestClient(app, client=HOME) as client:
        client.get("/v1/countries/AFG/timeline")
        client.head("/v1/countries/AFG/timeline")
        client.get("/v1/countries/AFG/timeline", headers={"Accept": "text/csv"})
        client.get("/nowhere")
        client.delete("/v1/countries")
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    found = samples_of(answer.text)
    requests = found["casus_http_request_duration_seconds_count"]
    assert requests["GET", "/v1/countries/{code}/timeline", "2xx"] == 1
    assert requests["HEAD", "/v1/countries/{code}/timeline", "2xx"] == 1
    assert requests["GET", "/v1/countries/{code}/timeline.{suffix}", "2xx"] == 1
    assert requests["GET", "none", "4xx"] == requests["DELETE", "none", "4xx"] == 1
    for name, value in {
        "casus_store_up": 1,
        "casus_log_position": 67,
        "casus_shown_position": 67,
        "casus_projection_lag_positions": 0,
        "casus_projection_lag_seconds": 0,
        "casus_projection_stopped": 0,
        "casus_imports_waiting": 0,
        "casus_imports_running": 0,
        "casus_webhooks_due": 0,
        "casus_streams_open": 0,
        "casus_kept_exports": 0,
        "casus_workers": 1,
        "casus_worker_restarts_total": 0,
    }.items():
        assert found[name][()] == value, name
    assert found["casus_worker_resident_bytes"]["0",] > 10_000_000


def test_queues_and_what_is_kept_are_told(app, chronicle):
    with TestClient(app, client=HOME, headers=bearing(chronicle)) as client:
        made = client.post("/v1/subscriptions", json={"url": "https://hooks.example.org/casus"})
        where = f"/v1/subscriptions/{made.json()['id']}/pause"
        assert client.post(where, json={}).status_code == 200
        found = samples_of(client.get("/metrics").text)
    assert found["casus_webhooks_subscriptions"] == {("active",): 0, ("paused",): 1, ("dead",): 0}


@pytest.mark.parametrize(
    ("networks", "client", "status"),
    [
        (None, "127.0.0.1", 200),
        (None, "127.8.8.8", 200),
        (None, "::1", 200),
        (None, "::ffff:127.0.0.1", 200),
        (None, "10.0.0.7", 404),
        (None, "2001:db8::1", 404),
        (None, "testclient", 404),
        ("10.0.0.0/8, 192.0.2.1", "10.0.0.7", 200),
        ("10.0.0.0/8, 192.0.2.1", "192.0.2.1", 200),
        ("10.0.0.0/8", "127.0.0.1", 404),
        ("", "127.0.0.1", 404),
    ],
)
def test_only_addresses_that_may_read_metrics_find_them(networks, client, status, casus):
    from service.api.app import create_app

    if networks is not None:
        casus.settings.metrics_from = networks
    with TestClient(create_app(casus), client=(client, 1)) as asking:
        answer = asking.get("/metrics")
    assert answer.status_code == status
    if status == 404:
        assert answer.json()["type"] == "/problems/not-found"


def test_a_network_that_is_none_is_refused(monkeypatch):
    from pydantic import ValidationError

    from service.settings import Settings

    with pytest.raises(ValidationError, match="does not appear to be an IPv4 or IPv6 network"):
        Settings(CASUS_METRICS_FROM="10.0.0.0/8,everybody", _env_file=None)


def test_what_cannot_be_looked_up_is_left_out(app, chronicle, monkeypatch):
    def fails(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(app.state.subscriptions, "all", fails)
    with TestClient(app, client=HOME) as client:
        found = samples_of(client.get("/metrics").text)
    assert "casus_webhooks_due" not in found
    assert found["casus_log_position"][()] == 67


def test_of_a_log_that_is_away_its_store_is_asked_for_nothing_more(app, monkeypatch):
    """Each question may take as long as the store is waited for; a collector does not wait as long."""
    asked = []

    def away(_: Log) -> int:
        raise OperationalError("away")

    with TestClient(app, client=HOME) as client:
        monkeypatch.setattr(Log, "head", property(away))
        monkeypatch.setattr(app.state.subscriptions, "all", lambda: asked.append(1) or [])
        found = samples_of(client.get("/metrics").text)
    assert found["casus_store_up"] == {(): 0}
    assert "casus_webhooks_due" not in found
    assert not asked
