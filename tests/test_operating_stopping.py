"""A service that is told to stop while it is busy: what was begun is brought to its end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.operating import once
from tests.processes import PATIENCE, STOPPED, Server, account, log_rows, serving, until


class Busy:
    """Clients that read and write, each on a connection that is kept, until the service is gone."""

    def __init__(self, server: Server, clients: int = 8) -> None:
        self._address = urlsplit(server.address).netloc
        self._headers = {"Content-Type": "application/json"}
        if key := server.client.headers.get("Authorization"):
            self._headers["Authorization"] = key
        self._pool = ThreadPoolExecutor(clients)
        self.answered = 0
        self.recorded: list[str] = []
        self.lost: list[str] = []
        self.bad: list[int] = []
        self._lock = threading.Lock()
        self._running = [self._pool.submit(self._ask, number) for number in range(clients)]

    def _ask(self, client: int) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=PATIENCE)
        for number in range(100_000):
            try:
                if connection.sock is None:
                    connection.connect()
            except OSError:
                return  # nobody listens any more: nothing was asked
            title = f"By {client}, {number}"
            try:
                if number % 3:
                    connection.request("GET", f"/v1/countries/AFG/timeline?limit={1 + number % 99}")
                else:
                    body = json.dumps(account(title))
                    connection.request("POST", "/v1/incidents", body, self._headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                with self._lock:
                    self.lost.append(f"{number}: {error!r}")
                return
            with self._lock:
                self.answered += 1
                if answer.status not in (200, 201):
                    self.bad.append(answer.status)
                if answer.status == 201:
                    self.recorded.append(title)

    def over(self) -> None:
        for each in self._running:
            each.result(PATIENCE)
        self._pool.shutdown()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("drain", ["0", "1"])
def test_every_request_that_was_taken_is_answered(workers, drain, home):
    with serving(home, CASUS_WORKERS=workers, CASUS_DRAIN=drain, CASUS_RATE_WRITES="0") as server:
        busy = Busy(server)
        until(lambda: busy.answered > 200)
        ended = server.end(signal.SIGTERM)
        busy.over()
    assert (ended.status, ended.errors) == (0, STOPPED)
    assert busy.bad == []
    # A connection that waits to be taken up in the very moment in which the socket is closed is reset.
    assert all("ConnectionResetError" in each for each in busy.lost), busy.lost
    assert len(busy.lost) <= 2, busy.lost
    rows = [json.loads(row[4]) for row in log_rows(home) if b'"title":"By ' in row[4]]
    titles = {row["account"]["title"] for row in rows}
    assert set(busy.recorded) <= titles
    assert len(titles) - len(busy.recorded) <= len(busy.lost)


_TOLD_BEFORE_IT_RUNS = """
import os, signal, socket, sys
from unittest import mock
import uvicorn
from service.api.app import create_app
from service.bootstrap import open_casus
from service.operating.serving import serve
from service.settings import Settings

made = uvicorn.Config.get_loop_factory

def told(config):
    os.kill(os.getpid(), signal.SIGTERM)
    return made(config)

signal.signal(signal.SIGTERM, signal.default_int_handler)
casus = open_casus(Settings(CASUS_HOME=sys.argv[1]))
with mock.patch.object(uvicorn.Config, "get_loop_factory", told):
    try:
        serve(create_app(casus), socket.create_server(("127.0.0.1", 0)))
    except KeyboardInterrupt:
        print("interrupted, in order")
casus.close()
"""


def test_a_server_that_is_told_before_its_loop_runs_ends_in_order(home):
    command = [sys.executable, "-W", "error", "-c", _TOLD_BEFORE_IT_RUNS, home]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stdout) == (0, "interrupted, in order\n")
    assert "never awaited" not in ended.stderr


_TOLD_WHILE_IT_STARTS = """
import os, signal, sys
from pathlib import Path
from unittest import mock
from service.cli import serving
from service.settings import Settings

def told(_):
    exec(f"import os; os.kill(os.getpid(), {sys.argv[2]})")

with mock.patch.object(serving, "create_app", told):
    serving.serve_store(Settings(CASUS_HOME=sys.argv[1], PORT=0), bundled=False)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_while_it_starts_ends_in_order(number, home):
    command = [sys.executable, "-c", _TOLD_WHILE_IT_STARTS, home, str(int(number))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stderr) == (0, STOPPED)


def test_it_is_not_ready_at_once_and_serves_on_while_a_proxy_turns_away(home):
    with serving(home, CASUS_DRAIN="2") as server:
        server.process.send_signal(signal.SIGTERM)
        until(lambda: once(server, "/readyz").status_code == 503)
        assert once(server, "/readyz").json()["failure"] == "it was told to stop"
        answer = once(server, "/v1/countries/AFG/timeline")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        _, errors = server.process.communicate(timeout=PATIENCE)
    assert (server.process.returncode, errors) == (0, STOPPED)


def _asked(server: Server, target: str) -> socket.socket:
    where = urlsplit(server.address)
    connection = socket.create_connection((where.hostname, where.port), timeout=PATIENCE)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: casus\r\n\r\n".encode())
    return connection


def _rest(connection: socket.socket, seen: bytes = b"") -> bytes:
    with connection:
        while part := connection.recv(1 << 16):
            seen += part
    return seen


def test_a_stream_of_the_log_ends_with_its_last_chunk(home):
    with serving(home) as server:
        stream = _asked(server, "/v1/log/stream?after=60")
        seen = b""
        while b"id: 67\n" not in seen:
            seen += stream.recv(1 << 16)
        ended = server.end(signal.SIGTERM)
        seen = _rest(stream, seen)
    assert (ended.status, ended.errors) == (0, STOPPED)
    assert seen.endswith(b"\n\n\r\n0\r\n\r\n"), seen[-100:]


def test_a_replay_that_takes_its_time_ends_with_its_last_chunk(home):
    with serving(home) as server:
        stream = _asked(server, "/v1/replay?country=AFG&speed=0.01")
        seen = stream.recv(1 << 16)
        began = time.monotonic()
        ended = server.end(signal.SIGTERM)
        assert time.monotonic() - began < 5
        seen = _rest(stream, seen)
    assert (ended.status, ended.errors) == (0, STOPPED)
    assert seen.endswith(b"\r\n0\r\n\r\n")
    assert b'"end":true' not in seen


@pytest.fixture
def long_home(home):
    """A store whose incidents make an answer of some megabytes, beyond what a socket holds."""
    from uuid import UUID

    from domain.records import IncidentReported, Recorded
    from service.bootstrap import open_casus
    from service.settings import Settings
    from tests.conftest import an_account

    casus = open_casus(Settings(CASUS_HOME=home, _env_file=None))
    by = casus.desk.recording("a test")
    text = "What is told of it at length. " * 60
    records = [
        Recorded(
            0,
            UUID(int=(0x0190 << 112) | (7 << 76) | (2 << 62) | number),
            1,
            IncidentReported(
                account=an_account(title=f"Number {number}", summary=text),
                implied=(),
                origin=None,
                reported="2021-06-23",
                recorded_at=by.at,
                recorded_by=by.by,
            ),
        )
        for number in range(8_000)
    ]
    casus.desk.append(records)
    casus.close()
    return home


def test_an_export_under_way_comes_to_its_end(long_home):
    with serving(long_home) as server:
        whole = once(server, "/v1/incidents.csv").content
        export = _asked(server, "/v1/incidents.ndjson")
        seen = export.recv(1 << 16)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        seen = _rest(export, seen)
        _, errors = server.process.communicate(timeout=PATIENCE)
    assert (server.process.returncode, errors) == (0, STOPPED)
    assert seen.endswith(b"0\r\n\r\n")
    assert seen.count(b'"id":') >= 8_000
    assert len(whole) > 10_000_000


def test_an_export_that_nobody_reads_is_cut_off_without_an_end(long_home):
    with serving(long_home, CASUS_GRACE="1") as server:
        export = _asked(server, "/v1/incidents.ndjson")
        seen = export.recv(1 << 10)
        began = time.monotonic()
        ended = server.end(signal.SIGTERM)
        assert time.monotonic() - began < 10
        seen = _rest(export, seen)
    assert ended.status == 0
    assert "an answer was cut off, as the service stops" in ended.errors
    assert not seen.endswith(b"0\r\n\r\n")


def test_a_store_that_never_answers_keeps_no_server_from_ending(home):
    """And whoever waits for it is told that nobody knows what came of the write."""
    with (
        serving(home, CASUS_GRACE="1") as server,
        closing(sqlite3.connect(home / "log.sqlite", isolation_level=None)) as other,
        closing(http.client.HTTPConnection(urlsplit(server.address).netloc)) as writing,
    ):
        other.execute("BEGIN IMMEDIATE")
        headers = {**server.client.headers, "Content-Type": "application/json"}
        writing.request("POST", "/v1/incidents", json.dumps(account("Late")), headers)
        ended = server.end(signal.SIGTERM)
        answer = writing.getresponse()
        detail = json.load(answer)["detail"]
    assert ended.status == 1
    assert "ended at once, as the store did not answer" in ended.errors
    assert answer.status == 503
    assert "whether this was recorded shows later" in detail
    assert len(log_rows(home)) == 67


def test_what_a_receiver_of_webhooks_answers_is_written_down(home, receiver):
    accept = receiver.answer

    def accept_late(request) -> None:
        receiver.hang(request)
        accept(request)

    receiver.answer = accept_late
    with serving(home, CASUS_WEBHOOK_PRIVATE="1") as server:
        made = server.client.post("/v1/subscriptions", json={"url": receiver.url, "after": 0})
        assert made.status_code == 201, made.text
        until(lambda: bool(receiver.received))
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        receiver.released.set()
        _, errors = server.process.communicate(timeout=PATIENCE)
    assert (server.process.returncode, errors) == (0, STOPPED)
    with serving(home, CASUS_WEBHOOK_PRIVATE="1") as server:
        where = f"/v1/subscriptions/{made.json()['id']}"
        until(lambda: server.get(where).json()["position"] == 67)
    # What was accepted while the service stopped is not sent again.
    sent = [each.headers["webhook-id"] for each in receiver.received]
    assert len(sent) == len(set(sent))
