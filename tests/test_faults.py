"""What the world does to a store: each fault is told, nothing is lost, and it goes on when it is over."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from starlette.requests import Request

from service.api import routing
from service.api.app import create_app
from service.api.problems import Problem
from tests import postgres
from tests.crashes import check_log, check_views
from tests.missing import missing
from tests.processes import Server, account, run, serving, until

WHOLE = 67


def report(server: Server, title: str) -> httpx.Response:
    return server.client.post("/v1/incidents", json=account(title))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own of 12 MB."""
    if os.getuid() != 0:
        missing("only root can make a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """While it lasts, nothing can be written to the disk."""
    subprocess.run(["mount", "-o", "remount,ro,size=12m", folder], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw,size=12m", folder], check=True)


def test_a_full_disk_refuses_what_it_has_no_room_for_and_goes_on_when_there_is(
    small_disk, tmp_path
):
    home = small_disk / "home"
    with serving(home) as server:
        assert report(server, "Before").status_code == 201
        with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4_096))
        refused = [answer for n in range(400) if (answer := report(server, f"{n}")).is_error]
        assert refused
        assert {(each.status_code, each.json()["type"]) for each in refused} == {
            (503, "/problems/busy")
        }
        assert "full" in refused[0].json()["detail"]
        assert server.get("/v1/incidents?limit=5").status_code == 200
        (small_disk / "filler").unlink()
        until(lambda: report(server, "After").status_code == 201)
        assert server.get("/readyz").json()["lag"] == 0
    check_log(home)
    check_views(home, tmp_path / "fresh")


def test_a_disk_that_can_only_be_read_is_served_and_refuses_to_record(small_disk, tmp_path):
    home = small_disk / "home"
    with serving(home) as server:
        assert report(server, "Before").status_code == 201
    with serving(home) as server:
        files = [path for path in home.rglob("*") if path.is_file()]
        assert files
        until(lambda: server.get("/readyz").status_code == 200)
        # Files that are open for writing keep a disk from becoming read-only, unless it fails.
        server.end()
    with read_only(small_disk):
        refused = run("serve", home=home, PORT="0")
        assert refused.returncode == 1
        assert refused.stderr.startswith("casus: ")
        assert "Traceback" not in refused.stderr
    with serving(home) as server:
        assert report(server, "After").status_code == 201
    assert len(check_log(home)) == WHOLE + 2


def damage(file: Path, start: int = 4_096) -> None:
    """Overwrite what is in a file, all but its beginning."""
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(os.urandom(max(file.stat().st_size - start, 0)))


def rows_in_use(home: Path) -> Path:
    return home / "views" / (home / "views" / "CURRENT").read_text().strip()


def test_rows_that_were_damaged_while_nobody_looked_are_made_anew(home, tmp_path):
    damage(rows_in_use(home))
    with serving(home) as server:
        assert len(server.get("/v1/incidents?limit=1000").json()["items"]) == 35
    check_views(home, tmp_path / "fresh")


def test_rows_that_are_damaged_under_a_server_are_made_anew_without_a_restart(home, tmp_path):
    with serving(home) as server:
        server.get("/v1/incidents")
        damage(rows_in_use(home), 100)
        for suffix in ("-wal", "-shm"):
            rows_in_use(home).with_name(rows_in_use(home).name + suffix).unlink(missing_ok=True)
        until(lambda: server.get(f"/v1/incidents?q=border&limit={next(LIMITS)}").status_code == 200)
        assert len(server.get("/v1/incidents?limit=1000").json()["items"]) == 35
        assert report(server, "After").status_code == 201
    check_views(home, tmp_path / "fresh")


LIMITS = iter(range(1, 1_000))
"""Of pages that were not asked for before."""


def test_a_log_that_was_damaged_is_refused_with_what_to_do(home, tmp_path):
    assert run("backup", tmp_path / "backup.sqlite", home=home).returncode == 0
    damage(home / "log.sqlite")
    kept = (home / "log.sqlite").read_bytes()
    for command in (("verify",), ("rebuild",)):
        refused = run(*command, home=home)
        assert refused.returncode == 1
        assert "damaged" in refused.stdout + refused.stderr
        assert "casus restore" in refused.stderr.replace("\n", " ")
    assert (home / "log.sqlite").read_bytes() == kept
    elsewhere = tmp_path / "elsewhere"
    assert run("restore", tmp_path / "backup.sqlite", home=elsewhere).returncode == 0
    assert len(check_log(elsewhere)) == WHOLE


def test_a_log_of_which_a_page_is_damaged_is_found_out(home):
    with closing(sqlite3.connect(home / "log.sqlite")) as log:
        ((size,),) = log.execute("PRAGMA page_count").fetchall()
    damage(home / "log.sqlite", (size - 4) * 4_096)
    found = run("verify", home=home)
    assert found.returncode == 1
    assert "damaged" in found.stdout + found.stderr


# Connections


def test_a_pool_that_is_exhausted_refuses_and_goes_on_when_there_is_room(tmp_path):
    with postgres.folder() as folder, postgres.primary(folder, max_connections=12) as database:
        store = database.url(database.database())
        with serving(tmp_path / "home", CASUS_STORE=store) as server, ExitStack() as stack:
            assert report(server, "Before").status_code == 201
            database.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'casus'"
            )
            taken = 0
            with suppress(psycopg.OperationalError):
                while True:
                    stack.enter_context(psycopg.connect(store))
                    taken += 1
            assert taken > 3
            refused = report(server, "Meanwhile")
            assert (refused.status_code, refused.json()["type"]) == (503, "/problems/busy")
            stack.close()
            until(lambda: report(server, "After").status_code == 201)
        check_log(store)


async def _never() -> dict[str, object]:
    await asyncio.sleep(3_600)
    raise AssertionError


def test_a_body_that_does_not_come_is_given_up(casus, monkeypatch):
    monkeypatch.setattr(routing, "BODY_WITHIN", 0.01)
    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(b"content-type", b"application/json")],
        "app": create_app(casus),
    }
    with pytest.raises(Problem) as given_up:
        asyncio.run(routing.read_body(Request(scope, _never)))
    assert given_up.value.response().status_code == 408


HEAD = b"GET /v1/incidents HTTP/1.1\r\nHost: casus.example\r\nX-Slow: "
"""Of a request, without its end."""


def test_clients_that_send_a_byte_a_second_keep_nobody_waiting(home):
    with serving(home) as server, ExitStack() as stack:
        host, port = server.address.removeprefix("http://").split(":")
        slow = [
            stack.enter_context(socket.create_connection((host, int(port)))) for _ in range(200)
        ]
        for each in slow:
            each.sendall(HEAD)
        for _ in range(3):
            for each in slow:
                each.sendall(b"x")
            assert server.get("/v1/incidents?limit=5").status_code == 200
            assert report(server, "Meanwhile").status_code == 201


def test_ten_thousand_idle_connections_keep_nobody_waiting(home):
    most = 10_000
    with serving(home) as server, ExitStack() as stack:
        host, port = server.address.removeprefix("http://").split(":")
        idle = []
        for _ in range(most):
            idle.append(stack.enter_context(socket.create_connection((host, int(port)), 30)))
        assert server.get("/v1/incidents?limit=5").status_code == 200
        assert report(server, "Meanwhile").status_code == 201
        one = idle[0]
        one.sendall(b"GET /livez HTTP/1.1\r\nHost: casus.example\r\n\r\n")
        assert one.recv(100).startswith(b"HTTP/1.1 200")


def test_a_database_that_is_gone_for_a_while_is_told_and_found_again(tmp_path):
    with postgres.folder() as folder, postgres.primary(folder) as database:
        store = database.url(database.database())
        with serving(tmp_path / "home", CASUS_STORE=store) as server:
            assert report(server, "Before").status_code == 201
            database.kill()
            seen: list[int] = []
            thread = threading.Thread(
                target=lambda: seen.append(report(server, "Meanwhile").status_code)
            )
            thread.start()
            until(lambda: server.get("/readyz").status_code == 503)
            anybody = httpx.get(f"{server.address}/v1/incidents?limit=5", trust_env=False)
            assert anybody.status_code == 200
            thread.join()
            assert seen == [503]
            database.restart()
            until(lambda: report(server, "After").status_code == 201)
            until(lambda: server.get("/readyz").status_code == 200)
        assert len(check_log(store)) == WHOLE + 2
