"""``/v1/subscriptions``: what can be subscribed to, what is refused and why, and what is told to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from service.bootstrap import Casus
from service.webhooks import store
from service.webhooks.store import SCHEMA
from tests.refusals import problem

PATH = "/v1/subscriptions"
URL = "https://hooks.casus.invalid/"
NOW = "2021-07-15T09:00:00.000000Z"


@pytest.fixture
def client(client: Any, chronicle: Casus) -> Iterator[Any]:
    """A client of the chronicle, of which it is another's to deliver."""
    with chronicle.state(SCHEMA).locked():
        yield client


def subscribe(client: Any, key: str | None = None, **asked: Any) -> Any:
    headers = {"idempotency-key": key} if key else {}
    return client.post(PATH, json={"url": URL, **asked}, headers=headers)


def paths(answer: Any) -> list[str]:
    return [fault["path"] for fault in problem(answer, "invalid-body")["faults"]]


# Subscribing


def test_a_subscription_is_found_where_its_answer_says_and_shows_its_secret_once(client):
    answer = subscribe(client, filter={"country": "AF"}, description="A map")
    assert answer.status_code == 201
    made = answer.json()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"] == f"http://testserver{PATH}/{made['id']}"
    shown = client.get(answer.headers["location"])
    assert shown.json() == {name: made[name] for name in made if name != "secret"}
    assert shown.json()["filter"] == {"country": "AFG", "actor": None, "type": []}
    assert shown.json()["created"] == NOW
    listed = client.get(PATH)
    assert listed.json() == {"items": [shown.json()]}
    for answer in (shown, listed):
        assert made["secret"] not in answer.text
        assert answer.headers["cache-control"] == "no-cache"


def test_no_secret_is_shown_by_what_changes_a_subscription(client):
    made = subscribe(client).json()
    for answer in (
        client.post(f"{PATH}/{made['id']}/pause", json={}),
        client.post(f"{PATH}/{made['id']}/resume", json={}),
        client.delete(f"{PATH}/{made['id']}"),
    ):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"url": "https://127.0.0.1/"}, "$.url"),
        ({"url": "https://user:pass@example.org/"}, "$.url"),
        ({"url": "ftp://example.org/"}, "$.url"),
        ({"url": f"https://example.org/{'a' * 2_000}"}, "$.url"),
        ({"url": None}, "$.url"),
        ({"after": 68}, "$.after"),
        ({"after": -1}, "$.after"),
        ({"after": "1"}, "$.after"),
        ({"filter": {"country": "XYZ"}}, "$.filter.country"),
        ({"filter": {"actor": "talban"}}, "$.filter.actor"),
        ({"filter": {"actor": "No Slug"}}, "$.filter.actor"),
        ({"filter": {"type": ["war"]}}, "$.filter.type[0]"),
        ({"filter": {"status": "planned"}}, "$.filter.status"),
        ({"filter": None}, "$.filter"),
        ({"description": "two\nlines"}, "$.description"),
        ({"secret": "mine"}, "$.secret"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_path(asked, path, client):
    assert paths(subscribe(client, **asked)) == [path]
    assert client.get(PATH).json() == {"items": []}


def test_an_actor_that_is_not_there_is_refused_with_whom_it_is_spelled_like(client):
    answer = subscribe(client, filter={"actor": "talban"})
    assert "did you mean 'taliban'?" in answer.json()["faults"][0]["message"]


def test_the_same_request_under_a_key_subscribes_once_and_is_answered_alike(client):
    first, again = subscribe(client, key="k"), subscribe(client, key="k")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(client.get(PATH).json()["items"]) == 1
    problem(subscribe(client, key="k", after=0), "idempotency-key-reused")
    path = f"{PATH}/{first.json()['id']}/pause"
    reused = client.post(path, json={}, headers={"idempotency-key": "k"})
    problem(reused, "idempotency-key-reused")


def test_a_key_that_has_recorded_something_is_no_key_of_a_subscription(client):
    body = {"id": "a-group", "kind": "armed_group", "names": [{"text": "A group"}]}
    headers = {"idempotency-key": "k"}
    assert client.post("/v1/actors", json=body, headers=headers).status_code == 201
    problem(subscribe(client, key="k"), "idempotency-key-reused")


def test_there_are_no_more_than_so_many(client, monkeypatch):
    monkeypatch.setattr(store, "MOST", 2)
    for _ in range(2):
        assert subscribe(client).status_code == 201
    problem(subscribe(client), "too-many-subscriptions")
    assert len(client.get(PATH).json()["items"]) == 2


# Changing


def test_what_takes_nothing_to_say_needs_no_body(client):
    path = f"{PATH}/{subscribe(client).json()['id']}"
    assert client.post(f"{path}/pause").json()["state"] == "paused"
    assert client.post(f"{path}/resume").json()["state"] == "active"
    typed = {"content-type": "application/json"}
    assert client.post(f"{path}/pause", headers=typed).json()["state"] == "paused"
    keyed = {"idempotency-key": "once"}
    assert client.post(f"{path}/resume", headers=keyed).json()["state"] == "active"
    client.post(f"{path}/pause")
    again = client.post(f"{path}/resume", json={}, headers=keyed)  # the same request
    assert again.json()["state"] == "paused"
    # What is sent is read all the same, and what has something to say has to be sent.
    refused = client.post(f"{path}/pause", content=b"{}", headers={"content-type": "text/plain"})
    assert problem(refused, "unsupported-media-type")
    assert client.post(PATH).status_code == 415


@pytest.mark.parametrize("identifier", [str(UUID(int=0)), "x", "..", "a" * 1_000, "%00", "é"])
@pytest.mark.parametrize("what", ["", "/pause", "/resume", "DELETE"])
def test_a_subscription_that_is_not_there_is_not_found(what, identifier, client):
    subscribe(client)
    path = f"{PATH}/{identifier}"
    if what == "DELETE":
        answer = client.delete(path)
    else:
        answer = client.post(path + what, json={}) if what else client.get(path)
    if identifier != "..":  # which is another path to any client
        problem(answer, "unknown-subscription")
    assert len(client.get(PATH).json()["items"]) == 1


def test_a_subscription_is_not_resumed_beyond_the_log(client):
    made = subscribe(client).json()
    assert paths(client.post(f"{PATH}/{made['id']}/resume", json={"after": 68})) == ["$.after"]
    assert paths(client.post(f"{PATH}/{made['id']}/pause", json={"after": 1})) == ["$.after"]
    resumed = client.post(f"{PATH}/{made['id']}/resume", json={"after": 67})
    assert resumed.json()["position"] == 67


def test_what_holds_an_answer_is_sent_it_again_only_when_it_has_changed(client):
    made = subscribe(client).json()
    path = f"{PATH}/{made['id']}"
    tag = {"if-none-match": client.get(path).headers["etag"]}
    assert client.get(path, headers=tag).status_code == 304
    client.post(f"{path}/pause", json={})
    assert client.get(path, headers=tag).json()["state"] == "paused"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_are_no_parameters(method, client):
    made = subscribe(client).json()
    answer = client.request(method, f"{PATH}/{made['id']}?state=dead")
    problem(answer, "bad-parameter")


# Who may read


def test_pages_of_other_origins_read_everything_but_where_records_are_sent(client):
    made = subscribe(client).json()
    origin = {"origin": "https://page.example"}
    assert "access-control-allow-origin" in client.get("/v1/actors", headers=origin).headers
    for path in (PATH, f"{PATH}/{made['id']}", f"{PATH}/nobody"):
        assert "access-control-allow-origin" not in client.get(path, headers=origin).headers
    asked = origin | {"access-control-request-method": "DELETE"}
    preflight = client.options(f"{PATH}/{made['id']}", headers=asked)
    assert "access-control-allow-origin" not in preflight.headers
    form = {**origin, "content-type": "text/plain"}
    problem(client.post(PATH, content=b"{}", headers=form), "unsupported-media-type")
