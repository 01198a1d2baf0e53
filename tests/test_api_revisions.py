"""Every revision over HTTP: answered as it is shown, guarded by If-Match, and carried out once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.settings import Settings
from tests.conftest import CALLER, KEY_NAME, SettableClock, TestClient, an_account, bearing
from tests.refusals import problem, same_headers
from tests.revising import INCIDENTS, ROUTES, Curator, Route

pytestmark = pytest.mark.every_store

every_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.of}-{route.name}")
_serial = count(1)
PLAIN, ZIPPED = {"accept-encoding": "identity"}, {"accept-encoding": "gzip"}


@pytest.fixture(scope="module")
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(scope="module")
def store(tmp_path_factory, clock) -> Iterator[tuple[Casus, TestClient]]:
    """A store that the tests share: each revises incidents and actors of its own."""
    home = tmp_path_factory.mktemp("revised")
    casus = open_casus(Settings(CASUS_HOME=home, CASUS_RATE_WRITES=0, _env_file=None), clock)
    with TestClient(create_app(casus), headers=bearing(casus)) as client:
        yield casus, client
    casus.close()


@pytest.fixture
def curator(store) -> Curator:
    return Curator(*store)


def a_key() -> str:
    """An idempotency key that was never used."""
    return f"key-{next(_serial)}"


def tag(curator: Curator, target: str, route: Route, coding: dict[str, str] = PLAIN) -> str:
    """The ETag of what is to be revised; of a merged actor, which leads on, that of its merge."""
    if route.name == "unmerge" and route.of == "actors":
        position = curator.casus.log.actor(curator.ids[target])[-1].position
        return f'"{position}.whatever"'
    answer = curator.client.get(curator.path(route.of, target), headers=coding)
    found: str = answer.headers["etag"]
    return found


# What is answered


@every_route
def test_a_revision_answers_with_what_is_shown_then_at_its_own_position(route, curator):
    target = curator.prepared(route)
    answer = curator.post(target, route)
    assert answer.status_code == 201
    head = curator.head
    assert answer.json()["position"] == int(answer.headers["casus-position"]) == head
    assert answer.headers["location"] == f"http://testserver{curator.path(route.of, target)}"
    shown = curator.client.get(answer.headers["location"], params={"position": head})
    if route.of == "actors" and route.name == "merge":
        assert answer.json()["merged_into"] == shown.json()["actor"]["id"] == curator.ids["cis"]
    else:
        assert answer.content == shown.content
        now = curator.client.get(answer.headers["location"])
        assert now.headers["etag"] == answer.headers["etag"]
    (recorded,) = curator.casus.log.read(head - 1)
    assert recorded.record.reason == route.body["reason"]
    assert recorded.record.recorded_by == KEY_NAME
    assert recorded.record.recorded_at == answer.json()["as_of"]


@every_route
def test_what_was_shown_before_a_revision_is_shown_at_its_position_for_ever(route, curator):
    target = curator.prepared(route)
    position = curator.head
    address = f"{curator.path(route.of, target)}?position={position}"
    before = curator.client.get(address)
    curator.post(target, route)
    after = curator.client.get(address)
    assert after.content == before.content
    assert "immutable" in after.headers["cache-control"]


# If-Match


@every_route
def test_a_revision_that_does_not_say_what_it_revises_is_refused(route, curator):
    target = curator.prepared(route)
    head = curator.head
    for headers in ({}, {"if-match": ""}, {"if-match": " "}):
        problem(curator.post(target, route, headers=headers), "precondition-required")
    assert curator.head == head


@every_route
@pytest.mark.parametrize("coding", [PLAIN, ZIPPED], ids=["plain", "gzip"])
def test_the_etag_of_what_was_read_lets_it_be_revised_once(coding, route, curator):
    target = curator.prepared(route)
    guard = {"if-match": tag(curator, target, route, coding)}
    head = curator.head
    assert curator.post(target, route, headers=guard).status_code == 201
    again = problem(curator.post(target, route, headers=guard), "precondition-failed")
    assert f"position {head + 1}" in again["detail"]
    assert curator.head == head + 1


def test_the_etag_of_an_incident_that_is_compressed_is_another_one(curator):
    route = ROUTES[0]
    plain, zipped = (tag(curator, "A", route, coding) for coding in (PLAIN, ZIPPED))
    assert zipped == f'{plain[:-1]}-gzip"'


@every_route
def test_the_etag_that_a_revision_answers_with_guards_the_next(route, curator):
    target = curator.prepared(route)
    answered = curator.post(target, route).headers["etag"]
    if route.name == "merge":  # what may follow is another one
        assert (
            curator.client.post(
                f"{curator.path(route.of, target)}/unmerge",
                json={"reason": "Two of them."},
                headers={"if-match": answered},
            ).status_code
            == 201
        )
    else:
        held = int(answered[1:].partition(".")[0])
        assert held == curator.head


@every_route
def test_a_stale_weak_or_foreign_etag_is_refused(route, curator):
    target = curator.prepared(route)
    current, head = tag(curator, target, route), curator.head
    for stale in ('"0.abc"', '"abc"', '""', f"W/{current}", '"0.a", "0.b-gzip"', f'"{10**17}.x"'):
        found = curator.post(target, route, headers={"if-match": stale})
        problem(found, "precondition-failed")
    assert curator.head == head


def test_one_of_several_etags_that_fits_is_enough(curator):
    route = ROUTES[0]
    guard = f'"0.abc", W/"2.x",{tag(curator, "A", route)} , "x"'
    assert curator.post("A", route, headers={"if-match": guard}).status_code == 201


@pytest.mark.parametrize("malformed", ["1.abc", '"1.abc', '*, "1.abc"', '"a" "b"', 'w/"a"', '"a",'])
def test_an_if_match_that_is_none_is_refused(malformed, curator):
    head = curator.head
    found = curator.post("A", ROUTES[0], headers={"if-match": malformed})
    assert "If-Match" in problem(found, "bad-header")["detail"]
    assert curator.head == head


def test_what_happens_to_others_makes_no_etag_stale(curator):
    guard = {"if-match": tag(curator, "A", ROUTES[0])}
    curator.done("B", "retraction")
    curator.done("csto", "names", shown=True)
    assert curator.post("A", ROUTES[0], headers=guard).status_code == 201


def test_what_happens_to_a_merged_incident_makes_the_survivors_etag_stale(curator):
    curator.done("A", "merge")
    guard = {"if-match": tag(curator, "B", ROUTES[0])}
    assert guard["if-match"].partition(".")[0] == tag(curator, "A", ROUTES[0]).partition(".")[0]
    curator.done("A", "accounts")
    problem(curator.post("B", ROUTES[0], headers=guard), "precondition-failed")


def test_the_etag_of_a_merged_incident_is_the_survivors(curator):
    curator.done("A", "merge")
    stale = {"if-match": tag(curator, "A", ROUTES[0])}
    curator.done("B", "accounts")
    guard = {"if-match": tag(curator, "A", ROUTES[0])}
    unmerge = INCIDENTS["unmerge"]
    problem(curator.post("A", unmerge, headers=stale), "precondition-failed")
    assert curator.post("A", unmerge, headers=guard).status_code == 201


# Idempotency-Key


@every_route
def test_a_revision_that_is_repeated_is_answered_alike_and_recorded_once(route, curator, clock):
    target = curator.prepared(route)
    guard = {"if-match": tag(curator, target, route), "idempotency-key": a_key()}
    first = curator.post(target, route, headers=guard)
    head = curator.head
    clock.advance(days=1)
    curator.casus.desk.report_incident(an_account(), CALLER)
    again = curator.post(target, route, headers=guard)
    assert (
        (again.status_code, again.content)
        == (first.status_code, first.content)
        == (
            201,
            first.content,
        )
    )
    assert same_headers(again) == same_headers(first)
    assert curator.head == head + 1


@every_route
def test_a_key_that_named_another_revision_is_refused(route, curator):
    target = curator.prepared(route)
    keyed = {"if-match": "*", "idempotency-key": a_key()}
    assert curator.post(target, route, headers=keyed).status_code == 201
    head = curator.head
    other = curator.post(target, route, headers=keyed, reason="Another reason.")
    problem(other, "idempotency-key-reused")
    elsewhere = "C" if route.of == "incidents" else "tajikistan"
    problem(curator.post(elsewhere, route, headers=keyed), "idempotency-key-reused")
    assert curator.head == head


@every_route
def test_a_refused_revision_uses_up_no_key(route, curator):
    target = curator.prepared(route)
    keyed = {"idempotency-key": a_key()}
    for guard in ({}, {"if-match": '"0.x"'}):
        assert curator.post(target, route, headers=keyed | guard).status_code in {412, 428}
    problem(
        curator.post(target, route, headers=keyed | {"if-match": "*"}, reason=""), "invalid-body"
    )
    assert curator.post(target, route, headers=keyed | {"if-match": "*"}).status_code == 201


# What is refused


@every_route
def test_what_is_not_there_is_not_revised(route, curator):
    head = curator.head
    name = "unknown-incident" if route.of == "incidents" else "unknown-actor"
    for unknown in ("01945b6e-3c00-7000-8000-000000000001", "nobody", "0" * 32, "%00"):
        for guard in ("*", '"1.abc"'):
            problem(curator.post(unknown, route, headers={"if-match": guard}), name)
    assert curator.head == head


@every_route
def test_a_body_with_faults_names_all_of_them(route, curator):
    target = curator.prepared(route)
    head = curator.head
    bad: Any
    for bad, path in (("", "$.reason"), ("  ", "$.reason"), ("a\nb", "$.reason"), (1, "$.reason")):
        found = problem(curator.post(target, route, reason=bad), "invalid-body")
        assert [fault["path"] for fault in found["faults"]] == [path]
    missing = problem(curator.post(target, route, body={"odd": 1}), "invalid-body")
    assert {"$.reason", "$.odd"} <= {fault["path"] for fault in missing["faults"]}
    assert curator.head == head
