"""Subscriptions: receivers get every record in order, whatever goes wrong, and it is seen how they are."""

from __future__ import annotations

import datetime
import re
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI

from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.settings import Settings
from service.webhooks import batches, delivery, dispatcher, store
from service.webhooks.delivery import Sender
from service.webhooks.dispatcher import Dispatcher, Patience
from tests.conftest import CALLER, TestClient, an_account, bearing
from tests.processes import until
from tests.receivers import Receiver, answering, endless, receiving

Json = dict[str, Any]

QUICK = Patience(first=0.001, longest=0.01, attempts=5)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a store whose webhooks may lead to this machine."""
    return Settings(CASUS_HOME=tmp_path, CASUS_WEBHOOK_PRIVATE=True, PORT=0, _env_file=None)


@pytest.fixture
def app(app: FastAPI, chronicle: Casus) -> FastAPI:
    """The application that serves the chronicle, quick to try again and to give up."""
    app.state.dispatcher = Dispatcher(
        chronicle,
        app.state.subscriptions,
        patience=QUICK,
        sender=lambda: Sender(private=True, deadline=5.0),
    )
    return app


def subscribe(client: Any, receiver: Receiver, **asked: Any) -> Json:
    answer = client.post("/v1/subscriptions", json={"url": receiver.url, "after": 0, **asked})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def state(client: Any, made: Json) -> Json:
    found: Json = client.get(f"/v1/subscriptions/{made['id']}").json()
    return found


def report(casus: Casus, count: int = 1) -> None:
    for number in range(count):
        casus.desk.report_incident(an_account(title=f"Reported {number}"), CALLER)


def positions_of(client: Any, **filters: Any) -> list[int]:
    lines = client.get("/v1/log", params=filters).iter_lines()
    return [event["position"] for event in map(_loads, lines)]


def _loads(line: str) -> Json:
    loaded: Json = orjson.loads(line)
    return loaded


# In order, and all of it


def test_a_receiver_gets_the_whole_log_signed_and_then_what_comes(client, chronicle, receiver):
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["position"] == 67)
    report(chronicle, 3)
    until(lambda: state(client, made)["position"] == 70)
    assert receiver.positions == list(range(1, 71))
    for each in receiver.received:
        each.verify(made["secret"])
    sent = [event for each in receiver.received for event in each.events]
    assert sent == [_loads(line) for line in client.get("/v1/log").iter_lines()]
    shown = state(client, made)
    assert (shown["state"], shown["failures"], shown["last_status"]) == ("active", 0, 204)
    assert shown["last_attempt"] == shown["last_success"]
    assert (shown["last_error"], shown["next_attempt"]) == (None, None)


def test_it_begins_at_the_newest_position_if_nothing_else_is_said(client, chronicle, receiver):
    made = subscribe(client, receiver, after=None)
    assert made["position"] == 67
    report(chronicle)
    until(lambda: receiver.positions == [68])


@pytest.mark.parametrize(
    "filters", [{"country": "TJK"}, {"actor": "csto"}, {"type": ["border_crossing", "attack"]}]
)
def test_only_what_a_filter_lets_through_is_sent_and_the_position_goes_on(
    filters, client, receiver
):
    made = subscribe(client, receiver, filter=filters)
    until(lambda: state(client, made)["position"] == 67)
    assert receiver.positions == positions_of(client, **filters)
    assert 0 < len(receiver.positions) < 67


def test_nothing_is_sent_where_nothing_is_of_interest(client, receiver, chronicle):
    made = subscribe(client, receiver, after=67, filter={"country": "FJI"})
    report(chronicle, 3)
    until(lambda: state(client, made)["position"] == 70)
    assert receiver.received == []
    assert state(client, made)["last_attempt"] is None


def test_batches_follow_each_other_in_order(client, receiver, monkeypatch):
    monkeypatch.setattr(dispatcher, "MOST_RECORDS", 10)
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["position"] == 67)
    assert receiver.positions == list(range(1, 68))
    assert [len(each.events) for each in receiver.received] == [10] * 6 + [7]
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 7


def test_one_delivery_is_under_way_for_a_subscription_however_much_comes(
    client, chronicle, receiver
):
    under_way, most, lock = 0, 0, threading.Lock()

    def answer(handler: Any) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        if chronicle.log.head < 80:
            report(chronicle)  # which wakes the dispatcher before this delivery is over
        with lock:
            under_way -= 1
        answering(204)(handler)

    receiver.answer = answer
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["position"] >= 80)
    assert most == 1
    assert receiver.positions == list(range(1, len(receiver.positions) + 1))


# What goes wrong


@pytest.mark.parametrize("status", [500, 400, 301])
def test_what_has_failed_is_sent_again_as_it_was_until_it_is_accepted(
    status, client, chronicle, receiver
):
    def answer(handler: Any) -> None:
        tried = len(receiver.received)
        if tried <= 4:
            report(chronicle)  # what comes meanwhile is for the next batch
        answering(status if tried < 4 else 204)(handler)

    receiver.answer = answer
    made = subscribe(client, receiver, after=60)
    until(lambda: state(client, made)["position"] == 71)
    tries, (last,) = receiver.received[:4], receiver.received[4:]
    assert {each.body for each in tries} == {tries[0].body}
    assert {each.headers["webhook-id"] for each in tries} == {tries[0].headers["webhook-id"]}
    assert tries[0].positions == list(range(61, 68))
    assert last.positions == [68, 69, 70, 71]
    assert last.headers["webhook-id"] != tries[0].headers["webhook-id"]


def test_a_receiver_that_fails_too_often_is_dead_and_seen_to_be(client, receiver):
    receiver.answer = answering(500)
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["state"] == "dead")
    assert len(receiver.received) == QUICK.attempts
    shown = state(client, made)
    assert (shown["failures"], shown["position"]) == (QUICK.attempts, 0)
    assert (shown["last_status"], shown["last_error"]) == (500, "the answer was 500")
    assert (shown["next_attempt"], shown["last_success"]) == (None, None)


def test_the_dead_are_sent_nothing_until_they_are_resumed(client, chronicle, receiver):
    receiver.answer = answering(410)
    made = subscribe(client, receiver, after=60)
    until(lambda: state(client, made)["state"] == "dead")
    assert len(receiver.received) == 1
    other = subscribe(client, receiver)  # has its turn after the dead one would have had it
    until(lambda: state(client, other)["state"] == "dead")
    assert len(receiver.received) == 2
    receiver.answer = answering(204)
    report(chronicle)
    resumed = client.post(f"/v1/subscriptions/{made['id']}/resume", json={})
    assert resumed.json()["state"] == "active"
    until(lambda: state(client, made)["position"] == 68)
    assert [p for each in receiver.received[2:] for p in each.positions] == list(range(61, 69))
    receiver.received[-1].verify(made["secret"])


def test_a_subscription_can_be_sent_back_and_ahead(client, receiver):
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["position"] == 67)
    again = client.post(f"/v1/subscriptions/{made['id']}/resume", json={"after": 0})
    assert again.json()["position"] in (0, 67)
    until(lambda: len(receiver.received) == 2 and state(client, made)["position"] == 67)
    first, second = receiver.received
    assert first.body == second.body
    # Or whoever leaves out what it has seen would leave this out.
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


def test_what_is_paused_is_sent_nothing_until_it_is_resumed(client, chronicle, receiver):
    made = subscribe(client, receiver, after=None)
    path = f"/v1/subscriptions/{made['id']}"
    assert client.post(f"{path}/pause", json={}).json()["state"] == "paused"
    other = subscribe(client, receiver, after=None, filter={"country": "FJI"})
    report(chronicle)
    until(lambda: state(client, other)["position"] == 68)
    assert receiver.received == []
    assert client.post(f"{path}/resume", json={}).json()["state"] == "active"
    until(lambda: receiver.positions == [68])


def test_what_is_too_large_is_sent_in_halves(client, receiver):
    def answer(handler: Any) -> None:
        large = len(receiver.received[-1].events) > 20
        answering(413 if large else 204)(handler)

    receiver.answer = answer
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["position"] == 67)
    accepted = [each for each in receiver.received if len(each.events) <= 20]
    assert [p for each in accepted for p in each.positions] == list(range(1, 68))
    # At once, and not over again for every batch.
    refused = [each for each in receiver.received if len(each.events) > 20]
    assert len(refused) <= 4
    assert receiver.received[: len(refused)] == refused
    assert state(client, made)["failures"] == 0


def test_a_record_that_is_too_large_by_itself_is_a_failure(client, receiver):
    receiver.answer = answering(413)
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["state"] == "dead")
    shown = state(client, made)
    assert (shown["failures"], shown["last_status"]) == (QUICK.attempts, 413)
    sizes = [len(each.body) for each in receiver.received]
    alone = [each for each in receiver.received if len(each.events) == 1]
    assert sizes == sorted(sizes, reverse=True)
    assert len(alone) == QUICK.attempts
    assert {each.headers["webhook-id"] for each in alone} == {alone[0].headers["webhook-id"]}


def test_retry_after_is_waited_for(client, receiver, app):
    receiver.answer = answering(429, retry_after="3600")
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["failures"] == 1)
    shown = state(client, made)
    assert shown["next_attempt"] > shown["last_attempt"]
    assert shown["next_attempt"][:19] == _an_hour_after(shown["last_attempt"])
    assert len(receiver.received) == 1
    receiver.answer = answering(204)
    client.post(f"/v1/subscriptions/{made['id']}/resume", json={})  # who can't wait
    until(lambda: state(client, made)["position"] == 67)


def _an_hour_after(instant: str) -> str:
    parsed = datetime.datetime.fromisoformat(instant) + datetime.timedelta(hours=1)
    return parsed.isoformat()[:19]


@pytest.mark.parametrize("trouble", ["hangs", "never ends", "redirects"])
def test_receivers_in_trouble_hold_up_nobody_else(trouble, client, receiver):
    with receiving() as bad:
        bad.answer = {
            "hangs": bad.hang,
            "never ends": endless(500),
            "redirects": answering(302, location=receiver.url),
        }[trouble]
        failing = [subscribe(client, bad) for _ in range(3)]
        made = subscribe(client, receiver)
        until(lambda: state(client, made)["position"] == 67)
        assert len(receiver.received) == 1
        until(lambda: all(state(client, each)["failures"] > 0 for each in failing))
        assert {state(client, each)["position"] for each in failing} == {0}


def test_no_more_deliveries_are_under_way_than_there_may_be(client, chronicle, monkeypatch):
    monkeypatch.setattr(dispatcher, "AT_ONCE", 2)
    with receiving() as slow:
        slow.answer = slow.hang
        made = [subscribe(client, slow) for _ in range(5)]
        until(lambda: len(slow.received) == 2)
        report(chronicle)
        assert len(client.app.state.dispatcher._under_way) == 2
        slow.answer = answering(204)
        slow.released.set()
        until(lambda: all(state(client, each)["position"] == 68 for each in made))
    for each in made:
        of_it = [r for r in slow.received if r.headers["webhook-id"].startswith(each["id"])]
        accepted = {position for received in of_it for position in received.positions}
        assert accepted == set(range(1, 69))


def test_who_is_far_behind_and_who_is_not_have_their_turns(client, chronicle, monkeypatch):
    monkeypatch.setattr(batches, "LOOKED_AT", 1)
    monkeypatch.setattr(dispatcher, "AT_ONCE", 1)
    with receiving() as behind, receiving() as ahead:
        late = subscribe(client, behind)
        subscribe(client, ahead, after=67)
        report(chronicle)
        until(lambda: ahead.positions == [68])
        until(lambda: state(client, late)["position"] == 68)
        assert behind.positions == list(range(1, 69))


def test_nothing_is_sent_any_more_to_who_has_unsubscribed(client, chronicle, receiver):
    made = subscribe(client, receiver)
    until(lambda: state(client, made)["position"] == 67)
    gone = client.delete(f"/v1/subscriptions/{made['id']}")
    assert (gone.status_code, gone.json()["position"]) == (200, 67)
    other = subscribe(client, receiver, after=None)
    report(chronicle)
    until(lambda: state(client, other)["position"] == 68)
    assert receiver.positions == list(range(1, 69))
    assert client.get(f"/v1/subscriptions/{made['id']}").status_code == 404


def test_trouble_with_the_file_of_subscriptions_is_survived_and_hammers_nobody(
    client, chronicle, receiver, monkeypatch, caplog
):
    kept = client.app.state.subscriptions
    accepted, held = kept.accepted, threading.Event()

    def fails(*_: Any) -> None:
        held.set()
        raise OSError("no space left")

    monkeypatch.setattr(kept, "accepted", fails)
    made = subscribe(client, receiver)
    assert held.wait(30)
    report(chronicle, 5)
    other = subscribe(client, receiver, after=None, filter={"country": "FJI"})
    report(chronicle, 5)
    until(lambda: state(client, other)["position"] == 77)
    assert len(receiver.received) == 1
    monkeypatch.setattr(kept, "accepted", accepted)
    assert "is lost" in caplog.text
    assert state(client, made)["position"] == 0


def test_what_was_allowed_once_is_not_reached_once_it_is_no_longer(app, receiver, tmp_path):
    with TestClient(app, headers=bearing(app.state.casus)) as allowed:
        made = subscribe(allowed, receiver, after=None)
    with (
        closing(open_casus(Settings(CASUS_HOME=tmp_path, PORT=0, _env_file=None))) as casus,
        TestClient(create_app(casus), headers=bearing(casus, "another")) as client,
    ):
        report(casus)
        until(lambda: state(client, made)["failures"] > 0)
        shown = state(client, made)
    assert shown["last_error"] == "127.0.0.1 is no public address"
    assert receiver.received == []


def test_a_store_whose_subscriptions_a_newer_casus_has_written_is_served_all_the_same(
    app, chronicle, tmp_path, caplog
):
    with closing(sqlite3.connect(tmp_path / "subscriptions.sqlite")) as file:
        file.execute("PRAGMA user_version = 1000")
    with TestClient(app, headers=bearing(chronicle)) as client:
        assert client.get("/v1/subscriptions").status_code == 503
        report(chronicle)
        assert client.get("/v1/incidents").json()["position"] == 68
        until(lambda: "a newer version of Casus" in caplog.text)


# What is told of it


def test_the_limits_in_the_guide_are_those_of_the_code():
    guide = (Path(__file__).parents[1] / "docs" / "publishing.md").read_text()
    told = re.findall(
        r"^\| ([a-z][^|`]*(?:`Retry-After`)?[^|`]*) \| (\d+) \|$", guide, re.MULTILINE
    )
    patience = Patience()
    assert {what: int(limit) for what, limit in told} == {
        "records of a batch": batches.MOST_RECORDS,
        "bytes of a batch, if it has more than one record": batches.MOST_BYTES,
        "seconds to answer": delivery.DEADLINE,
        "attempts until it is dead": patience.attempts,
        "seconds before the second attempt": patience.first,
        "the most seconds between two attempts": patience.longest,
        "the most seconds that `Retry-After` is heeded for": delivery.LONGEST_ASKED,
        "deliveries under way at a time": dispatcher.AT_ONCE,
        "subscriptions": store.MOST,
    }


# Patience


def test_waits_double_up_to_the_longest_and_differ_by_chance():
    patience = Patience()
    for failures in range(1, patience.attempts):
        whole = min(patience.first * 2 ** (failures - 1), patience.longest)
        waits = {patience.wait(failures) for _ in range(50)}
        assert len(waits) > 1
        assert all(wait is not None and whole / 2 <= wait <= whole for wait in waits)
    assert patience.wait(patience.attempts) is None


def test_a_receiver_has_between_one_and_three_days():
    patience = Patience()
    waits = [patience.wait(failures) or 0 for failures in range(1, patience.attempts)]
    assert 1 * 86_400 < sum(waits) < 3 * 86_400
