"""Writes through the API: recorded once, shown at once, answered alike when they are repeated."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import orjson
import pytest

from service.bootstrap import Casus, open_casus
from service.log.recorder import KeyedRequest
from service.recording import Caller
from service.settings import Settings
from tests.conftest import CALLER, KEY_NAME, SettableClock, a_profile, an_account
from tests.refusals import problem
from tests.tampering import tamper

pytestmark = pytest.mark.every_store

Json = dict[str, Any]

ACCOUNT: Json = {
    "title": "People try to cross into Uzbekistan",
    "type": "border_crossing",
    "occurred": "2021-06-23",
    "place": {"name": "Border", "country": "Afghanistan"},
    "countries": [{"code": "uz", "role": "affected"}],
    "participants": [{"actor": "taliban"}],
    "figures": [{"measure": "attempted_crossing", "best": 53}],
    "source": {"name": "A newspaper", "published": "2021-07~"},
}
ACTOR: Json = {"id": "nato", "kind": "organisation", "names": [{"text": "NATO"}]}


@pytest.fixture
def store(casus: Casus) -> Casus:
    """An empty store, but for one actor."""
    casus.desk.register_actor(a_profile(), CALLER)
    return casus


def keyed(key: str) -> dict[str, str]:
    return {"idempotency-key": key}


# what a write answers, and what the next read shows


def test_a_reported_incident_is_answered_and_shown_by_the_very_next_reads(store, client) -> None:
    answer = client.post("/v1/incidents", json=ACCOUNT)
    assert answer.status_code == 201
    document = answer.json()
    entry = document["incident"]
    assert document["position"] == int(answer.headers["casus-position"]) == store.log.head == 2
    assert answer.headers["location"] == f"http://testserver/v1/incidents/{entry['id']}"
    assert client.get(answer.headers["location"]).json() == document
    for path in (
        "/v1/incidents",
        "/v1/countries/AFG/timeline",
        "/v1/countries/UZB/timeline",
        "/v1/actors/taliban/timeline",
    ):
        assert client.get(path).json()["items"] == [entry]


def test_what_was_sent_is_kept_as_sent_with_countries_by_their_codes(store, client) -> None:
    document = client.post("/v1/incidents", json=ACCOUNT).json()
    (account,) = document["accounts"]
    assert account["account"]["countries"] == [{"code": "UZB", "role": "affected"}]
    assert account["implied"] == [{"code": "AFG", "role": "location"}]
    assert document["incident"]["countries"] == [
        {"code": "UZB", "role": "affected"},
        {"code": "AFG", "role": "location"},
    ]
    assert account["account"]["place"]["country"] == "AFG"
    assert account["account"]["participants"] == [{"actor": "taliban", "role": "unspecified"}]
    assert account["recorded_at"] == "2021-07-15T09:00:00.000000Z"
    assert account["recorded_by"] == KEY_NAME
    assert account["reported"] == "2021-07-31"


def test_an_account_without_a_date_of_publication_counts_from_the_day_it_is_recorded(
    store, client
) -> None:
    document = client.post("/v1/incidents", json=ACCOUNT | {"source": {"name": "A"}}).json()
    assert document["incident"]["reported"] == "2021-07-15"


def test_a_whole_number_written_with_a_point_is_a_count(store, client) -> None:
    body = orjson.dumps(ACCOUNT).replace(b"53", b"53.0")
    answer = client.post(
        "/v1/incidents", content=body, headers={"content-type": "application/json"}
    )
    assert answer.json()["incident"]["figures"][0]["best"] == 53
    ((state,),) = tamper(store.log.place, "SELECT state FROM LOG WHERE position = 2")
    assert b'"best":53,' in state


def test_a_registered_actor_is_answered_and_shown_by_the_very_next_reads(casus, client) -> None:
    answer = client.post("/v1/actors", json=ACTOR)
    assert answer.status_code == 201
    assert answer.headers["location"] == "http://testserver/v1/actors/nato"
    assert client.get(answer.headers["location"]).json() == answer.json()
    assert answer.json()["timeline"] == "/v1/actors/nato/timeline"
    assert client.get("/v1/actors/nato/timeline").json()["items"] == []
    taken = client.post("/v1/incidents", json=ACCOUNT | {"participants": [{"actor": "nato"}]})
    assert taken.status_code == 201


def test_an_actor_is_registered_once(store, client) -> None:
    found = problem(client.post("/v1/actors", json=ACTOR | {"id": "taliban"}), "actor-exists")
    assert "'taliban'" in found["detail"]
    assert store.log.head == 1


# repeated requests


@pytest.mark.parametrize(("path", "body"), [("/v1/incidents", ACCOUNT), ("/v1/actors", ACTOR)])
def test_a_request_that_is_repeated_is_answered_alike_and_recorded_once(
    path: str, body: Json, store, clock, client
) -> None:
    first = client.post(path, json=body, headers=keyed("k"))
    client.post("/v1/incidents", json=ACCOUNT)
    clock.advance(days=1)
    # The same fields in another order and with white space are the same request.
    again = orjson.dumps(dict(reversed(body.items())), option=orjson.OPT_INDENT_2)
    second = client.post(
        path, content=again, headers=keyed("k") | {"content-type": "application/json"}
    )
    assert second.status_code == first.status_code == 201
    assert second.content == first.content
    del first.headers["x-request-id"], second.headers["x-request-id"]
    assert second.headers == first.headers
    assert store.log.head == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/incidents", ACCOUNT | {"title": "Another"}), ("/v1/actors", ACTOR)],
)
def test_a_key_that_named_another_request_is_refused(path, body, store, client) -> None:
    client.post("/v1/incidents", json=ACCOUNT, headers=keyed("k"))
    problem(client.post(path, json=body, headers=keyed("k")), "idempotency-key-reused")
    assert store.log.head == 2


def test_a_refused_request_uses_up_no_key(store, client) -> None:
    wrong = client.post("/v1/incidents", json=ACCOUNT | {"title": ""}, headers=keyed("k"))
    problem(wrong, "invalid-body")
    assert client.post("/v1/incidents", json=ACCOUNT, headers=keyed("k")).status_code == 201


def test_without_a_key_the_same_account_is_another_incident(store, client) -> None:
    ids = {client.post("/v1/incidents", json=ACCOUNT).json()["incident"]["id"] for _ in range(3)}
    assert len(ids) == 3


# at the same time


def at_once(threads: int, act: Callable[[], Any]) -> list[Any]:
    """What each of several threads gets that begin together."""
    barrier = threading.Barrier(threads)
    got: list[Any] = []

    def run() -> None:
        barrier.wait()
        got.append(act())

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return got


@pytest.mark.parametrize(("path", "body"), [("/v1/incidents", ACCOUNT), ("/v1/actors", ACTOR)])
def test_of_equal_requests_at_the_same_time_one_is_recorded(path, body, store, client) -> None:
    for attempt in range(5):
        sent = body | ({"id": f"actor-{attempt}"} if "id" in body else {})
        ask = partial(client.post, path, json=sent, headers=keyed(f"k{attempt}"))
        answers = at_once(6, ask)
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert store.log.head == 2 + attempt


def test_of_equal_actors_at_the_same_time_one_is_registered_and_the_others_refused(
    store, client
) -> None:
    for attempt in range(5):
        actor = ACTOR | {"id": f"actor-{attempt}"}
        answers = at_once(6, partial(client.post, "/v1/actors", json=actor))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}
        assert store.log.head == 2 + attempt


def test_different_incidents_at_the_same_time_are_all_recorded(store, client) -> None:
    answers = at_once(8, partial(client.post, "/v1/incidents", json=ACCOUNT))
    assert sorted(answer.json()["position"] for answer in answers) == list(range(2, 10))
    for answer in answers:
        assert (
            client.get(answer.headers["location"]).json()["incident"] == answer.json()["incident"]
        )


def test_the_same_request_recorded_by_another_process_in_between_is_answered_as_that_one(
    settings: Settings, casus: Casus
) -> None:
    caller = Caller(by="test", request=KeyedRequest("key", "fingerprint"))
    clock = SettableClock()
    faster = []

    class Interfering:
        """Tells the time; as it is told before a record is appended, another was faster."""

        def __call__(self) -> Any:
            if not faster:
                faster.append(None)
                faster[0] = casus.desk.report_incident(an_account(), caller)
            return clock.now

    slower = open_casus(settings, Interfering())
    try:
        # The clock is asked before the decision; the key was looked up before that.
        written = slower.desk.report_incident(an_account(), caller)
    finally:
        slower.close()
    assert written == faster[0]
    assert casus.log.head == 1


# when the timelines have stopped


def test_what_is_recorded_but_cannot_be_shown_says_so_and_nothing_more_is_taken(
    store, client
) -> None:
    with closing(sqlite3.connect(store.projector.generation.path)) as rows, rows:
        # A row where the next record's own has to go.
        rows.execute(
            "INSERT INTO actor_version SELECT 'nato', 2, 3, name, kind, state, merged_into,"
            " profile FROM actor_version"
        )
    answer = client.post("/v1/actors", json=ACTOR, headers=keyed("k"))
    assert (answer.status_code, answer.json()) == (202, {"position": 2})
    assert answer.headers["location"].endswith("/v1/actors/nato")
    problem(client.post("/v1/incidents", json=ACCOUNT), "projection-stopped")
    repeated = client.post("/v1/actors", json=ACTOR, headers=keyed("k"))
    assert (repeated.status_code, repeated.content) == (202, answer.content)
    assert store.log.head == 2
    health = client.get("/readyz")
    assert health.status_code == 503
    assert (health.json()["ready"], health.json()["lag"]) == (False, 1)
    assert "position 2" in health.json()["failure"]
    # Reads go on where they stood.
    assert client.get("/v1/incidents").json()["position"] == 1
