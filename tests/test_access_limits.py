"""How much each caller may ask for: buckets that fill again, whose they are, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access import limits
from service.access.limits import Buckets, neighbourhood
from service.access.roles import Role
from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.settings import Settings
from tests.conftest import TestClient, bearing
from tests.refusals import problem


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


# Buckets


def test_a_minutes_worth_is_granted_at_once_and_then_as_much_as_comes_in():
    clock = Clock()
    buckets = Buckets("writes", 60, clock)
    assert [buckets.take("one").wait for _ in range(60)] == [0] * 60
    assert buckets.take("one").wait == pytest.approx(1)
    assert buckets.take("other").wait == 0
    clock.now += 0.5
    assert buckets.take("one").wait == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take("one").wait == 0
    assert buckets.take("one").wait == pytest.approx(1)


def test_what_is_left_is_told():
    clock = Clock()
    buckets = Buckets("writes", 3, clock)
    assert [buckets.take("one").left for _ in range(4)] == [2, 1, 0, 0]
    clock.now += 40
    assert buckets.take("one").left == 1


@given(st.integers(1, 1_000), st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=200))
def test_no_more_is_granted_in_any_time_than_what_a_full_bucket_and_that_time_give(
    per_minute, pauses
):
    clock = Clock()
    buckets = Buckets("writes", per_minute, clock)
    granted = []
    for pause in pauses:
        clock.now += pause
        taken = buckets.take("one")
        assert taken.left >= 0
        if taken.wait == 0:
            granted.append(clock.now)
        else:
            later = clock.now
            clock.now += taken.wait
            assert buckets.take("one").wait == 0  # what was said comes true
            granted.append(clock.now)
            assert clock.now > later
    for n, begin in enumerate(granted):
        for m, end in enumerate(granted[n:], start=n):
            assert m - n + 1 <= per_minute + (end - begin) * per_minute / 60 + 1e-6


def test_callers_that_asked_longest_ago_are_forgotten(monkeypatch):
    monkeypatch.setattr(limits, "MOST_CALLERS", 100)
    buckets = Buckets("writes", 2, Clock())
    for number in range(1_000):
        buckets.take(f"caller {number}")
    assert len(buckets._full_at) == 100


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.9"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_one_household_is_one_caller(address, counted):
    assert neighbourhood(address) == counted


# Over HTTP


@pytest.fixture
def limited(tmp_path) -> Iterator[Casus]:
    casus = open_casus(
        Settings(CASUS_HOME=tmp_path, CASUS_RATE_WRITES=3, CASUS_RATE_READS=5, _env_file=None)
    )
    yield casus
    casus.close()


def test_each_caller_has_so_many_writes_whoever_else_writes(limited):
    one, other = bearing(limited, "one"), bearing(limited, "other", Role.CONTRIBUTOR)
    with TestClient(create_app(limited)) as client:
        for left in (2, 1, 0):
            answer = client.post("/v1/actors", json={}, headers=one)
            problem(answer, "invalid-body")
            assert answer.headers["ratelimit"].startswith(f'"writes";r={left};t=')
            assert answer.headers["ratelimit-policy"] == '"writes";q=3;w=60'
        refused = client.post("/v1/actors", json={}, headers=one)
        problem(refused, "too-many-requests")
        assert 0 < int(refused.headers["retry-after"]) <= 20
        assert refused.headers["ratelimit"].startswith('"writes";r=0;t=')
        problem(client.post("/v1/actors", json={}, headers=other), "invalid-body")
        assert client.get("/v1/imports", headers=one).status_code == 200  # a read


def test_reads_have_a_limit_of_their_own_by_address_or_by_key(limited):
    key = bearing(limited)
    with TestClient(create_app(limited)) as client:
        for _ in range(5):
            assert client.get("/v1/countries").status_code == 200
        answer = client.get("/v1/countries")
        problem(answer, "too-many-requests")
        assert answer.headers["ratelimit-policy"] == '"reads";q=5;w=60'
        assert client.head("/v1/countries").status_code == 429
        assert client.get("/v1/countries", headers=key).status_code == 200
        assert client.get("/readyz").status_code == 200
        assert client.get("/problems/too-many-requests").status_code == 200


def test_whoever_tries_keys_may_not_try_many(limited):
    key = bearing(limited)
    wrong = {"authorization": f"Bearer casus_{'0' * 12}_{'0' * 64}"}
    with TestClient(create_app(limited)) as client:
        for _ in range(3):
            problem(client.post("/v1/actors", json={}, headers=wrong), "key-refused")
        problem(client.post("/v1/actors", json={}, headers=wrong), "too-many-requests")
        problem(client.get("/v1/countries", headers=wrong), "too-many-requests")
        problem(client.post("/v1/actors", json={}, headers=key), "invalid-body")


def test_nothing_is_said_of_limits_that_there_are_not(client):
    for answer in (client.get("/v1/countries"), client.post("/v1/actors", json={})):
        assert not [name for name in answer.headers if name.startswith("ratelimit")]
