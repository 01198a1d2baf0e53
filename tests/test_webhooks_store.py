"""The file of subscriptions: what is kept, what changes it, and who may read it."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from eventsourcing.persistence import OperationalError

from domain.vocabulary import IncidentType
from service.log.places import LogPlace
from service.log.recorder import KeyedRequest
from service.recording import KeyReused
from service.settings import Settings
from service.state import Taken
from service.state.places import state_at
from service.webhooks import store
from service.webhooks.batches import Cursor
from service.webhooks.documents import SubscriptionFilter, SubscriptionRequest
from service.webhooks.store import SCHEMA, Failed, Kept, Made, Subscriptions, TooMany

pytestmark = pytest.mark.every_store

FILE = "subscriptions.sqlite"
NOW, LATER = "2026-11-22T09:00:00.000000Z", "2026-11-22T09:00:10.000000Z"
URL = "https://hooks.example.org/casus"
FILTER = SubscriptionFilter(country="AFG", actor="taliban", type=(IncidentType.ATTACK,))


@pytest.fixture
def place(settings: Settings) -> LogPlace:
    """Where the log is that they are beside of."""
    return settings.log_place


@pytest.fixture
def subscriptions(place: LogPlace):
    opened = Subscriptions(state_at(place, SCHEMA))
    yield opened
    opened.close()


def add(subscriptions: Subscriptions, after: int = 0, key: KeyedRequest | None = None) -> Kept:
    asked = SubscriptionRequest(url=URL, filter=FILTER, description="A map")
    return subscriptions.add(asked, Made(after, NOW, "http://casus.example"), key)


def row(subscriptions: Subscriptions, kept: Kept) -> Kept:
    found = subscriptions.get(kept.subscription.id)
    assert found is not None
    return found


def fail(
    subscriptions: Subscriptions, kept: Kept, again: str | None = LATER, sent: int = 3
) -> Kept:
    failed = Failed(sent=sent, at=NOW, status=500, error="the answer was 500", again=again)
    subscriptions.failed(row(subscriptions, kept), failed)
    return row(subscriptions, kept)


@pytest.mark.file_store
def test_there_is_no_file_before_the_first_subscription(subscriptions, tmp_path):
    assert subscriptions.all() == []
    assert subscriptions.get("x") is None
    assert subscriptions.remove("x") is None
    assert subscriptions.pause("x", None) is None
    assert subscriptions.resume("x", None, None) is None
    assert subscriptions.due(10, NOW) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.file_store
def test_only_its_owner_may_read_the_file(subscriptions, tmp_path):
    add(subscriptions)
    files = list(tmp_path.iterdir())
    assert tmp_path / FILE in files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_subscription_is_read_as_it_was_made_by_whoever_opens_the_file(subscriptions, place):
    made = add(subscriptions, after=5)
    shown = made.subscription
    assert (shown.url, shown.filter, shown.description) == (URL, FILTER, "A map")
    assert (shown.state, shown.position, shown.created) == ("active", 5, NOW)
    assert (shown.failures, shown.last_attempt, shown.next_attempt) == (0, None, None)
    assert made.with_secret.secret == made.secret
    with closing(Subscriptions(state_at(place, SCHEMA))) as other:
        assert other.all() == [made]


def test_the_oldest_comes_first(subscriptions, monkeypatch):
    nanoseconds = iter(range(10**18, 2 * 10**18, 10**6))
    monkeypatch.setattr(store.time, "time_ns", lambda: next(nanoseconds))
    made = [add(subscriptions) for _ in range(5)]
    assert subscriptions.all() == made


def test_there_are_no_more_than_so_many(subscriptions, monkeypatch):
    monkeypatch.setattr(store, "MOST", 3)
    made = [add(subscriptions) for _ in range(3)]
    with pytest.raises(TooMany):
        add(subscriptions)
    subscriptions.remove(made[0].subscription.id)
    add(subscriptions)
    assert len(subscriptions.all()) == 3


def test_a_key_names_one_subscription(subscriptions):
    key = KeyedRequest("k", "1")
    made = add(subscriptions, key=key)
    assert add(subscriptions, key=key) == made
    with pytest.raises(KeyReused):
        add(subscriptions, key=KeyedRequest("k", "2"))
    with pytest.raises(KeyReused):
        subscriptions.pause(made.subscription.id, KeyedRequest("k", "2"))
    assert subscriptions.all() == [made]
    subscriptions.remove(made.subscription.id)
    assert add(subscriptions, key=key) != made


def test_a_key_that_comes_many_times_at_once_names_one_subscription(subscriptions):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: add(subscriptions, key=KeyedRequest("k", "1")), range(16)))
    assert [each.identity for each in made] == [made[0].identity] * 16


def test_what_was_resumed_under_a_key_is_not_rewound_when_that_is_repeated(subscriptions):
    made, key = add(subscriptions), KeyedRequest("k", "1")
    assert subscriptions.resume(made.subscription.id, 0, key).moves == 1
    subscriptions.accepted(row(subscriptions, made), Cursor(7), 200, NOW)
    assert subscriptions.resume(made.subscription.id, 0, key).subscription.position == 7


# Due


def test_due_is_what_is_active_and_behind_and_waits_for_nothing(subscriptions):
    behind, up_to_date, paused, dead, waiting = (
        add(subscriptions, after) for after in (1, 5, 1, 1, 1)
    )
    subscriptions.pause(paused.subscription.id, None)
    fail(subscriptions, dead, again=None)
    fail(subscriptions, waiting)
    assert [each.identity for each in subscriptions.due(5, NOW)] == [behind.identity]
    assert {each.identity for each in subscriptions.due(6, LATER)} == {
        behind.identity,
        up_to_date.identity,
        waiting.identity,
    }


# What comes of attempts


def test_what_was_accepted_moves_the_position_and_ends_a_row_of_failures(subscriptions):
    made = add(subscriptions)
    fail(subscriptions, made)
    failing = fail(subscriptions, made)
    assert failing.sent == 3
    shown = failing.subscription
    assert (shown.failures, shown.last_status, shown.last_error) == (2, 500, "the answer was 500")
    assert (shown.position, shown.state, shown.next_attempt) == (0, "active", LATER)
    subscriptions.accepted(failing, Cursor(4, 2), 204, LATER)
    kept = row(subscriptions, made)
    assert (kept.cursor, kept.sent) == (Cursor(4, 2), 0)
    shown = kept.subscription
    assert (shown.failures, shown.last_status, shown.last_error) == (0, 204, None)
    assert (shown.last_attempt, shown.last_success, shown.next_attempt) == (LATER, LATER, None)


def test_what_is_not_tried_again_is_dead_until_it_is_resumed(subscriptions):
    made = add(subscriptions)
    shown = fail(subscriptions, made, again=None).subscription
    assert (shown.state, shown.next_attempt, shown.last_status) == ("dead", None, 500)
    assert subscriptions.pause(made.subscription.id, None).subscription.state == "dead"
    resumed = subscriptions.resume(made.subscription.id, None, None)
    assert (resumed.subscription.state, resumed.subscription.failures) == ("active", 0)
    assert (resumed.cursor, resumed.sent) == (Cursor(0), 3)


def test_what_was_paused_meanwhile_stays_so_whatever_comes_of_the_attempt(subscriptions):
    made = add(subscriptions)
    subscriptions.pause(made.subscription.id, None)
    shown = fail(subscriptions, made, again=None).subscription
    assert (shown.state, shown.next_attempt, shown.failures) == ("paused", None, 1)
    subscriptions.accepted(row(subscriptions, made), Cursor(4), 200, NOW)
    shown = row(subscriptions, made).subscription
    assert (shown.state, shown.position) == ("paused", 4)


def test_what_was_under_way_before_the_position_was_set_no_longer_counts(subscriptions):
    before = add(subscriptions)
    fail(subscriptions, before)
    moved = subscriptions.resume(before.subscription.id, 7, None)
    assert (moved.cursor, moved.sent, moved.moves) == (Cursor(7), 0, 1)
    subscriptions.accepted(before, Cursor(3), 200, NOW)
    subscriptions.failed(before, Failed(sent=3, at=NOW, status=None, error="", again=None))
    subscriptions.passed({before.identity: Cursor(3)})
    assert row(subscriptions, before) == moved


def test_what_was_removed_is_gone_whatever_comes_of_the_attempt(subscriptions):
    made = add(subscriptions)
    assert subscriptions.remove(made.subscription.id) == made
    subscriptions.accepted(made, Cursor(3), 200, NOW)
    assert subscriptions.all() == []
    assert subscriptions.remove(made.subscription.id) is None


# The file


def test_one_process_at_a_time_delivers(subscriptions, place):
    add(subscriptions)
    other = Subscriptions(state_at(place, SCHEMA))
    with subscriptions.state.locked():
        with pytest.raises(Taken), other.state.locked():
            pass
        assert add(other)  # which does not keep it from subscribing
    with other.state.locked():
        pass
    other.close()


@pytest.mark.file_store
def test_a_file_of_a_newer_version_is_left_alone(tmp_path, place):
    with closing(sqlite3.connect(tmp_path / FILE)) as file:
        file.execute(f"PRAGMA user_version = {len(SCHEMA.versions) + 1}")
    with closing(Subscriptions(state_at(place, SCHEMA))) as opened:
        with pytest.raises(OperationalError, match="a newer version of Casus"):
            opened.all()
        with pytest.raises(OperationalError, match="a newer version of Casus"):
            add(opened)
    with closing(sqlite3.connect(tmp_path / FILE)) as file:
        assert file.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


@pytest.mark.file_store
def test_a_file_that_was_begun_and_no_more_is_completed(subscriptions, tmp_path):
    (tmp_path / FILE).touch(0o600)
    assert subscriptions.all() == []
    assert add(subscriptions)


def test_processes_that_open_it_at_once_make_its_tables_once(place):
    opened = [Subscriptions(state_at(place, SCHEMA)) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(add, opened))
    assert {each.identity for each in opened[0].all()} == {each.identity for each in made}
    for each in opened:
        each.close()
