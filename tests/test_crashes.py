"""Casus killed in the middle of its work, many times over: nothing acknowledged is lost, nothing half done.

A kill is SIGKILL: the process gets no chance to tidy up. It comes at a random moment, or as soon as a file
has grown by a random amount, so that the short moments in which something is written are met as well.
``CASUS_KILLS`` says how many kills there are in all, roughly; more of them find rarer faults.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from service.chronicles import BUNDLED, Chronicle, load_chronicle, parse_chronicle
from tests.crashes import check_log, check_views, content_of, opened, wait, wait_for_growth
from tests.processes import PATIENCE, Server, account, kill, log_rows, run, serving, started

KILLS = int(os.environ.get("CASUS_KILLS", "32"))
INCIDENTS = 5_000

CHANCE = random.Random(2021)


# Loading


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """The file of a chronicle with thousands of incidents."""
    document = json.loads(BUNDLED.read_bytes())
    accounts = [each["accounts"] for each in document["incidents"]]
    document["dataset"] = "large"
    document["incidents"] = [
        {"key": f"incident-{n}", "accounts": accounts[n % len(accounts)][:1]}
        for n in range(INCIDENTS)
    ]
    file = tmp_path_factory.mktemp("large") / "chronicle.json"
    file.write_text(json.dumps(document))
    return file


@pytest.fixture(scope="module")
def large_chronicle(large) -> Chronicle:
    return parse_chronicle(large.read_bytes())


def test_a_load_that_is_killed_has_loaded_everything_or_nothing(large, large_chronicle, tmp_path):
    whole = 1 + len(large_chronicle.actors) + INCIDENTS  # and the dataset itself
    killed = 0
    home = tmp_path / "0"
    for number in range(KILLS * 5 // 16):
        process = started("load", large, home=home)
        match number % 3:
            case 0:
                wait(process, CHANCE.uniform(0.2, 1.1))
            case 1:  # while the log is written
                wait_for_growth(process, home, "log.sqlite-wal", CHANCE.randrange(6_000_000))
            case 2:  # while the timelines are brought up to it
                size = CHANCE.randrange(8_000_000)
                wait_for_growth(process, home / "views", "*.sqlite*", size)
        kill(process)
        killed += process.returncode < 0
        if (home / "views").exists():  # and so the log is
            found = len(check_log(home))
            assert found in (0, whole)
            if found:
                check_views(home, tmp_path / "fresh")
                home = tmp_path / str(number + 1)
    assert killed
    with closing(opened(home)) as casus:
        loaded = load_chronicle(large_chronicle, casus.log, casus.desk, by="a test")
        assert loaded.position == whole


# Writing


@dataclass
class Writers:
    """Clients that report incidents until the server is gone, and what they were told."""

    acknowledged: dict[str, tuple[str, int]] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, server: Server) -> list[threading.Thread]:
        """Start writing: first what was left unanswered, then more."""
        again = sorted(self.unanswered)
        threads = [
            threading.Thread(target=self._write, args=(server, again[n::4])) for n in range(4)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _write(self, server: Server, titles: list[str]) -> None:
        client = httpx.Client(
            base_url=server.address,
            timeout=PATIENCE,
            trust_env=False,
            headers=server.client.headers,
        )
        with client, suppress(httpx.TransportError):
            for title in titles:
                self._report(client, title)
            while True:
                self._report(client, self._next_title())

    def _next_title(self) -> str:
        with self._lock:
            self._number += 1
            return f"Incident {self._number}"

    def _report(self, client: httpx.Client, title: str) -> None:
        self.unanswered.add(title)
        key = title.replace(" ", "-")
        posted = client.post("/v1/incidents", json=account(title), headers={"Idempotency-Key": key})
        self.unanswered.discard(title)
        if posted.status_code == 201:
            answer = posted.json()
            self.acknowledged[title] = (answer["incident"]["id"], answer["position"])
        else:
            self.refused.append(posted.text)


def test_a_server_that_is_killed_while_it_writes_loses_nothing_it_acknowledged(home, tmp_path):
    writers = Writers()
    for _ in range(KILLS * 5 // 16):
        with serving(home) as server:
            threads = writers.work(server)
            wait(server.process, CHANCE.uniform(0.02, 0.5))
            kill(server.process)
            for thread in threads:
                thread.join()
        assert writers.refused == []
        recorded: dict[str, list[tuple[str, int]]] = {}
        for position, stream, _, topic, state in check_log(home)[67:]:
            assert topic == "incident-reported.v3"
            title = json.loads(state)["account"]["title"]
            recorded.setdefault(title, []).append((stream, position))
        for title, (stream, position) in writers.acknowledged.items():
            assert recorded.pop(title) == [(stream.replace("-", ""), position)]
        # The rest was recorded before anybody could be told: once, and by a request that was sent.
        assert set(recorded) <= writers.unanswered
        assert all(len(places) == 1 for places in recorded.values())
        check_views(home, tmp_path / "fresh")
    assert writers.acknowledged
    with serving(home) as server:
        for title, (stream, position) in writers.acknowledged.items():
            shown = server.get(f"/v1/incidents/{stream}").json()["incident"]
            assert (shown["title"], shown["position"]) == (title, position)


# Rebuilding and starting


def test_a_rebuild_that_is_killed_leaves_what_was_in_use(large_chronicle, tmp_path):
    home = tmp_path / "home"
    with closing(opened(home)) as casus:
        whole = load_chronicle(large_chronicle, casus.log, casus.desk, by="a test").position
        before = content_of(casus.projector.generation.path)
    killed = 0
    for number in range(KILLS * 3 // 16):
        process = started("rebuild", home=home)
        if number % 2:
            wait(process, CHANCE.uniform(0.3, 0.9))
        else:
            size, used = CHANCE.randrange(8_000_000), generation_in_use(home)
            wait_for_growth(process, home / "views", "*-*.sqlite*", size, but=used)
        kill(process)
        killed += process.returncode < 0
        with closing(sqlite3.connect(home / "views" / generation_in_use(home))) as views:
            reached = views.execute(
                "SELECT notification_id FROM tracking WHERE application_name = 'casus'"
            ).fetchall()
        assert reached == [(whole,)]
        with closing(opened(home)) as casus:
            assert casus.projector.generation.path.name == generation_in_use(home)
            assert content_of(casus.projector.generation.path) == before
    assert killed
    assert run("rebuild", home=home).returncode == 0
    left = [path.name for path in (home / "views").glob("*-*.sqlite*")]
    assert left == [generation_in_use(home)]
    assert content_of(home / "views" / left[0]) == before


def generation_in_use(home: Path) -> str:
    """The name of the generation in use."""
    return (home / "views" / "CURRENT").read_text().strip()


def test_a_first_start_that_is_killed_is_completed_by_the_next(tmp_path):
    for number in range(KILLS * 3 // 16):
        home = tmp_path / str(number)
        process = started("serve", home=home, PORT="0")
        match number % 4:
            case 0:
                wait(process, CHANCE.uniform(0.3, 0.8))
            case 1:  # as soon as there is a log
                wait_for_growth(process, home, "log.sqlite*", CHANCE.randrange(100_000))
            case 2:  # while the timelines are made
                wait_for_growth(process, home, "views/*.sqlite*", CHANCE.randrange(100_000))
            case 3:  # as soon as they are in use
                wait_for_growth(process, home, "views/CURRENT", 1)
        kill(process)
        with serving(home) as server:
            assert len(server.get("/v1/incidents").json()["items"]) == 35
            assert server.get("/readyz").json()["position"] == 67
        assert len(check_log(home)) == 67
        check_views(home, tmp_path / "fresh")


def test_deleted_timelines_are_made_again_byte_for_byte(home):
    paths = [
        "/v1/countries",
        "/v1/countries/AFG/timeline",
        "/v1/countries/AFG/timeline?from=2021-05-01&to=2021-06-23",
        "/v1/countries/AFG/timeline?position=40&order=desc&limit=5",
        "/v1/countries/AFG/timeline?reported_by=2021-06-30",
        "/v1/countries/TJK/timeline",
        "/v1/countries/UZB/timeline",
        "/v1/actors",
        "/v1/actors/taliban",
        "/v1/actors/taliban/timeline",
        "/v1/actors/csto/timeline",
        "/v1/incidents?q=Sherkhan",
        "/v1/incidents?limit=1000",
        "/v1/datasets",
    ]

    def answers() -> dict[str, tuple[int, bytes, str]]:
        with serving(home) as server:
            server.client.headers["Host"] = "casus.example"  # it is part of the links
            incidents = server.get("/v1/incidents?limit=1000").json()["items"]
            given = {}
            for path in [*paths, *(f"/v1/incidents/{each['id']}" for each in incidents)]:
                answer = server.get(path)
                given[path] = (answer.status_code, answer.content, answer.headers["ETag"])
            server.end()
        return given

    with serving(home) as server:
        for number in range(5):
            server.client.post("/v1/incidents", json=account(f"Incident {number}"))
        server.end()
    before, log = answers(), log_rows(home)
    assert {status for status, _, _ in before.values()} == {200}
    shutil.rmtree(home / "views")
    assert answers() == before
    assert log_rows(home) == log
