"""Several processes that serve one store on one socket."""

from __future__ import annotations

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.operating import children_of, is_running, metrics, once, requests_of
from tests.processes import PATIENCE, STOPPED, account, loaded, log_rows, run, serving, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_workers_serve_one_store_and_stop_in_order(how, home):
    with serving(home, "--workers", "3") as server:
        workers = children_of(server.process.pid)
        assert len(workers) == 3
        posted = server.client.post("/v1/incidents", json=account("Xylophone"))
        assert posted.status_code == 201
        shown = [once(server, "/v1/incidents?q=Xylophone").json()["items"] for _ in range(12)]
        assert all(len(items) == 1 for items in shown)
        ended = server.end(how)
    assert (ended.status, ended.errors) == (0, STOPPED)
    assert not any(map(is_running, workers))
    assert len(log_rows(home)) == 68


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_workers_that_have_yet_to_begin_stop_in_order_too(how, home):
    with serving(home, "--workers", "3") as server:
        until(lambda: len(children_of(server.process.pid)) == 3)
        ended = server.end(how)
    assert (ended.status, ended.errors) == (0, STOPPED)


def test_an_empty_store_is_filled_once_whatever_the_number_of_workers(tmp_path):
    with serving(tmp_path / "home", CASUS_WORKERS="3") as server:
        assert server.printed[0].startswith("Loaded Afghanistan and its neighbours")
        assert server.end().status == 0
    assert len(log_rows(tmp_path / "home")) == 67


def test_a_worker_that_dies_is_replaced_and_what_it_counted_stays_counted(home):
    with serving(home, "--workers", "2") as server:
        for _ in range(20):
            assert once(server, "/v1/countries").status_code == 200
        labels = ("GET", "/v1/countries", "2xx")
        until(lambda: requests_of(server, *labels) == 20)  # counted ten times a second
        before = children_of(server.process.pid)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: metrics(server)["casus_worker_restarts_total"][()] == 1)
        until(lambda: len(children_of(server.process.pid)) == 2)
        (new,) = set(children_of(server.process.pid)) - set(before)
        assert requests_of(server, *labels) == 20
        # The one that is left may do without it for a while; the next request is anybody's.
        until(lambda: len(metrics(server)["casus_worker_cpu_seconds_total"]) == 2)
        for _ in range(20):
            assert once(server, "/v1/countries").status_code == 200
        until(lambda: requests_of(server, *labels) == 40)
        assert is_running(new)
        ended = server.end()
    assert ended.status == 0
    assert "worker" in ended.errors
    assert "signal 9" in ended.errors


def test_no_worker_outlives_a_parent_that_is_killed(home):
    with serving(home, "--workers", "2") as server:
        workers = children_of(server.process.pid)
        assert once(server, "/livez").status_code == 200
        server.process.kill()
        until(lambda: not any(map(is_running, workers)))
    # The port is free again, and the store as it was.
    with serving(home) as server:
        assert server.get("/readyz").json()["position"] == 67


def test_a_worker_that_is_killed_while_it_ends_is_waited_for_and_the_status_says_so(home):
    with serving(home, "--workers", "2", CASUS_GRACE="0") as server:
        stopped = children_of(server.process.pid)[0]
        until(lambda: once(server, "/livez").status_code == 200)
        os.kill(stopped, signal.SIGSTOP)
        try:
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert server.process.poll() is None  # it waits for it
            os.kill(stopped, signal.SIGKILL)  # as it does itself in half a minute
            _, errors = server.process.communicate(timeout=PATIENCE)
        finally:
            if is_running(stopped):
                os.kill(stopped, signal.SIGKILL)
    assert server.process.returncode == 1
    assert "not every worker ended in order" in errors


def test_as_many_workers_as_nobody_has_are_refused(home):
    done = run("serve", "--workers", "65", home=home, PORT="0")
    assert done.returncode == 2
    assert "workers" in done.stderr


def test_every_worker_writes_and_all_show_it(home):
    with serving(home, "--workers", "2") as server:
        headers = {"Authorization": server.client.headers.get("Authorization", "")}
        import httpx

        def report(number: int) -> int:
            answer = httpx.post(
                f"{server.address}/v1/incidents",
                json=account(f"Number {number}"),
                headers=headers,
                trust_env=False,
                timeout=PATIENCE,
            )
            return answer.status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(report, range(60))) == {201}
        until(lambda: requests_of(server, "POST", "/v1/incidents", "2xx") == 60)
        for _ in range(6):
            assert once(server, "/readyz").json()["position"] == 127
        assert server.end().status == 0
    assert [row[0] for row in log_rows(home)] == list(range(1, 128))


def test_what_a_worker_is_told_it_is_told_whole(settings):
    """Every setting reaches a worker, under the name by which it is read."""
    changed = settings.model_copy(update={"workers": 3, "drain": 1.5, "metrics_from": "10.0.0.0/8"})
    told = type(settings)(_env_file=None, **changed.model_dump(mode="json", by_alias=True))
    assert told == changed


def test_the_parent_serves_nothing_itself():
    """It has no thread and no connection that a worker could trip over: it is only looked after."""
    assert loaded("import service.operating.workers", ["uvicorn"]) == []
