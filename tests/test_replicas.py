"""Replicas of the database: reads from one that may lag, and a primary that fails over to one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from service.access.keys import SCHEMA as KEYS
from service.access.keys import Keys
from service.access.roles import Role
from service.log import Log
from service.state.places import state_at
from tests import postgres
from tests.crashes import check_log, check_views
from tests.processes import Server, account, serving, until
from tests.test_nodes_killed import Node, going_on, reported


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[postgres.Server, postgres.Server]]:
    """A primary that acknowledges nothing before its replica has it, and the replica."""
    with (
        postgres.folder() as folder,
        postgres.primary(folder) as primary,
        postgres.replica(primary, folder) as replica,
    ):
        primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.ask("SELECT pg_reload_conf()")
        until(lambda: primary.ask("SELECT sync_state FROM pg_stat_replication") == [("sync",)])
        yield primary, replica


@pytest.fixture
def database(pair: tuple[postgres.Server, postgres.Server]) -> str:
    """The name of a database that has a log."""
    name = pair[0].database()
    Log(pair[0].url(name)).close()
    return name


@pytest.fixture
def node(pair, database, tmp_path: Path) -> Iterator[Server]:
    """A node that writes to the primary, and reads from the replica."""
    primary, replica = pair
    home = tmp_path / "home"
    urls = {"CASUS_STORE": primary.url(database), "CASUS_READ_STORE": replica.url(database)}
    with serving(home, **urls) as server:
        server.client.headers["Authorization"] = f"Bearer {a_key(primary.url(database))}"
        yield server


def a_key(store: str) -> str:
    with closing(Keys(state_at(store, KEYS))) as keys:
        return keys.create("test", Role.ADMIN).text


def test_what_is_written_to_the_primary_is_read_from_the_replica(node, pair):
    posted = node.client.post("/v1/incidents", json=account("Replicated"))
    assert posted.status_code == 201, posted.text
    assert "Replicated" in node.get("/v1/incidents?q=replicated").text
    assert node.get("/readyz").json()["lag"] == 0
    clients = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'casus'"
    assert pair[1].ask(clients) != [(0,)]


def test_a_replica_that_lags_says_its_position_and_catches_up(node, pair):
    _, replica = pair
    before = node.get("/readyz").json()["position"]
    replica.ask("SELECT pg_wal_replay_pause()")
    posted = node.client.post("/v1/incidents", json=account("Late"))
    assert posted.status_code in (201, 202), posted.text
    ready = node.get("/readyz").json()
    assert (ready["log_position"], ready["position"], ready["lag"]) == (before + 1, before, 1)
    page = node.get("/v1/incidents?limit=1000").json()
    assert page["position"] == before
    assert "Late" not in str(page)
    waited = node.get(f"/v1/incidents?min_position={before + 1}")
    assert (waited.status_code, waited.json()["type"]) == (503, "/problems/not-yet-shown")
    replica.ask("SELECT pg_wal_replay_resume()")
    assert "Late" in node.get(f"/v1/incidents?min_position={before + 1}&limit=1000").text


def test_timelines_that_are_beyond_a_lagging_replica_are_kept(pair, database, tmp_path):
    primary, replica = pair
    home = tmp_path / "home"
    urls = {"CASUS_STORE": primary.url(database), "CASUS_READ_STORE": replica.url(database)}
    with serving(home, CASUS_STORE=primary.url(database)) as ahead:
        ahead.client.headers["Authorization"] = f"Bearer {a_key(primary.url(database))}"
        replica.ask("SELECT pg_wal_replay_pause()")
        assert ahead.client.post("/v1/incidents", json=account("Ahead")).status_code == 201
    generation = (home / "views" / "CURRENT").read_text()
    with serving(home, **urls) as server:
        assert "Ahead" in server.get("/v1/incidents?q=ahead").text
        assert (home / "views" / "CURRENT").read_text() == generation
        replica.ask("SELECT pg_wal_replay_resume()")


def test_reads_go_on_where_the_primary_is_gone(node, pair):
    primary, _ = pair
    primary.kill()
    assert httpx.get(f"{node.address}/v1/incidents?limit=5", trust_env=False).status_code == 200
    refused = node.client.post("/v1/incidents", json=account("Nowhere"))
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/busy")
    assert "Retry-After" in refused.headers
    ready = node.get("/readyz")
    assert ready.status_code == 503
    primary.restart()
    until(lambda: node.client.post("/v1/incidents", json=account("Back")).status_code == 201)


def test_a_fail_over_is_survived_by_every_node_and_every_record(pair, database, tmp_path):
    primary, replica = pair
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{replica.port}"
    store = f"postgresql://casus@{hosts}/{database}"
    key = a_key(store)
    nodes = [Node(tmp_path / name, store, key) for name in ("one", "other")]
    for node in nodes:
        node.start()
    seen: list[int] = []
    with going_on(store, nodes, seen) as writers:
        until(lambda: sum(len(each.acknowledged) for each in writers) > 40)
        primary.kill()
        before = sum(len(each.acknowledged) for each in writers)
        replica.promote()
        until(lambda: sum(len(each.acknowledged) for each in writers) > before + 40)
    assert [each.refused for each in writers] == [[]] * 4
    rows = check_log(replica.url(database))
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) == len(rows)
    recorded = reported(replica.url(database))
    acknowledged = {t: [p] for each in writers for t, p in each.acknowledged.items()}
    assert {title: recorded.get(title) for title in acknowledged} == acknowledged
    assert all(len(positions) == 1 for positions in recorded.values())
    for node in nodes:
        node.kill()
        check_views(node.home, tmp_path / "fresh", replica.url(database))


def test_a_fail_over_that_loses_records_is_noticed_and_shown(tmp_path):
    """To a replica that did not have them: what it has is the log now, and timelines are made of it."""
    with (
        postgres.folder() as folder,
        postgres.primary(folder) as primary,
        postgres.replica(primary, folder) as replica,
    ):
        name = primary.database()
        store = f"postgresql://casus@127.0.0.1:{primary.port},127.0.0.1:{replica.port}/{name}"
        Log(store).close()
        key = a_key(store)
        with serving(tmp_path / "home", CASUS_STORE=store) as server:
            server.client.headers["Authorization"] = f"Bearer {key}"
            until(lambda: bool(replica.ask("SELECT to_regclass('casus.log') IS NOT NULL", name)))
            until(lambda: replica.ask("SELECT count(*) FROM casus.log", name) == [(67,)])
            replica.stop()
            for title in ("Forgotten", "Vanished"):
                assert server.client.post("/v1/incidents", json=account(title)).status_code == 201
            primary.kill()
            replica.start()
            replica.promote()
            posted = server.client.post("/v1/incidents", json=account("Steadfast"))
            until(lambda: server.get("/readyz").status_code == 200)
            assert posted.json()["position"] == 68
            assert server.get("/v1/incidents?q=forgotten").json()["items"] == []
            assert len(server.get("/v1/incidents?q=steadfast").json()["items"]) == 1
