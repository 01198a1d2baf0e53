"""Nodes, imports and PostgreSQL killed at random moments, while all work: what was acknowledged is there.

``CASUS_KILLS`` says how many kills there are, roughly; more of them find rarer faults.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest
from eventsourcing.persistence import PersistenceError

from service.access.keys import SCHEMA as KEYS
from service.access.keys import Keys
from service.access.roles import Role
from service.log import Log
from service.state.places import state_at
from tests import postgres
from tests.crashes import check_log, check_views
from tests.processes import PATIENCE, Server, account, kill, run, serving, started

KILLS = int(os.environ.get("CASUS_KILLS", "32")) * 3 // 8

CHANCE = random.Random(2026)

GED = Path(__file__).parent / "data" / "ged231_sample1000.csv.xz"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[postgres.Server]:
    """A server that may be killed, apart from the one that other tests share."""
    with postgres.folder() as folder, postgres.primary(folder) as server:
        yield server


@dataclass
class Node:
    """A node that is started again whenever it was killed."""

    home: Path
    store: str
    key: str
    stack: ExitStack = field(default_factory=ExitStack)
    server: Server | None = None

    def start(self) -> None:
        self.server = self.stack.enter_context(serving(self.home, CASUS_STORE=self.store))

    def kill(self) -> None:
        assert self.server is not None
        kill(self.server.process)
        self.stack.close()
        self.server = None


@dataclass
class Writer:
    """Reports incidents one after the other, each until it is acknowledged, at whichever node answers."""

    name: str
    nodes: list[Node]
    stopping: threading.Event
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def run(self) -> None:
        with httpx.Client(timeout=PATIENCE, trust_env=False) as client:
            number = 0
            while not self.stopping.is_set():
                number += 1
                title = f"{self.name}-{number}"
                while title not in self.acknowledged and not self.refused:
                    self.report(client, title)

    def report(self, client: httpx.Client, title: str) -> None:
        node = random.choice(self.nodes)
        if (server := node.server) is None:
            time.sleep(0.01)
            return
        headers = {"Idempotency-Key": title, "Authorization": f"Bearer {node.key}"}
        with suppress(httpx.TransportError):
            url = f"{server.address}/v1/incidents"
            posted = client.post(url, json=account(title), headers=headers)
            if posted.status_code in (200, 201):
                self.acknowledged[title] = posted.json()["position"]
            elif posted.status_code not in (202, 503):
                self.refused.append(posted.text)


def tail(store: str, seen: list[int], stopping: threading.Event) -> None:
    """Follow the log from its beginning, as a mirror does."""
    with closing(Log(store)) as log:
        while True:
            ended = stopping.is_set()
            try:
                found = log.entries(len(seen), 1_000)
            except PersistenceError:
                continue
            seen.extend(entry.id for entry in found)
            if ended and not found:
                return


@dataclass
class Work:
    """All that goes on at once, and what kills some of it at random moments."""

    server: postgres.Server
    store: str
    folder: Path
    nodes: list[Node]
    importing: subprocess.Popen[str] | None = None
    kills: dict[str, int] = field(default_factory=dict)

    def start_import(self) -> None:
        """Begin with an import, again if the one before has ended."""
        if self.importing is None or self.importing.poll() is not None:
            self.end_import()
            home = self.folder / "importer"
            self.importing = started("import", "ucdp-ged", GED, home=home, CASUS_STORE=self.store)

    def end_import(self) -> None:
        """Kill an import that goes on."""
        if self.importing is not None:
            kill(self.importing)

    def kill_somebody(self) -> None:
        """Kill a node, an import, the database or one of its processes; it is there again afterwards."""
        what = CHANCE.choice(["node", "import", "server", "backend"])
        self.kills[what] = self.kills.get(what, 0) + 1
        match what:
            case "node":
                node = CHANCE.choice(self.nodes)
                node.kill()
                node.start()
            case "import":
                self.end_import()
            case "server":
                self.server.kill()
                time.sleep(CHANCE.uniform(0, 0.3))
                self.server.restart()
            case _:
                self.server.kill_backend()


@contextmanager
def going_on(store: str, nodes: list[Node], seen: list[int]) -> Iterator[list[Writer]]:
    """Four writers, and somebody who follows the log, to its end in the end."""
    stopping, followed = threading.Event(), threading.Event()
    writers = [Writer(f"writer{n}", nodes, stopping) for n in range(4)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    follower = threading.Thread(target=tail, args=(store, seen, followed))
    for thread in (*threads, follower):
        thread.start()
    try:
        yield writers
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
        followed.set()
        follower.join()


def reported(store: str) -> dict[str, list[int]]:
    """The positions of the reports of writers, by their titles."""
    with psycopg.connect(store) as database:
        found = database.execute(
            "SELECT convert_from(state, 'UTF8')::json #>> '{account,title}', array_agg(position)"
            " FROM casus.log WHERE topic LIKE 'incident-reported.%' GROUP BY 1"
        ).fetchall()
    return {title: positions for title, positions in found if title.startswith("writer")}


def test_nothing_that_was_acknowledged_is_lost_or_doubled_whoever_is_killed(server, tmp_path):
    store = server.url(server.database())
    Log(store).close()
    with closing(Keys(state_at(store, KEYS))) as keys:
        key = keys.create("writers", Role.ADMIN).text
    nodes = [Node(tmp_path / name, store, key) for name in ("one", "other")]
    for node in nodes:
        node.start()
    work, seen = Work(server, store, tmp_path, nodes), list[int]()
    with going_on(store, nodes, seen) as writers:
        try:
            for _ in range(KILLS):
                work.start_import()
                time.sleep(CHANCE.uniform(0.01, 0.6))
                work.kill_somebody()
        finally:
            work.end_import()
    assert [writer.refused for writer in writers] == [[]] * 4
    done = run("import", "ucdp-ged", GED, home=tmp_path / "importer", CASUS_STORE=store)
    assert done.returncode == 0, done.stderr
    rows = check_log(store)
    assert seen == list(range(1, len(seen) + 1))
    acknowledged = {t: [p] for writer in writers for t, p in writer.acknowledged.items()}
    recorded = reported(store)
    assert acknowledged
    assert {title: recorded.get(title) for title in acknowledged} == acknowledged
    # The rest is what nobody could be told any more.
    assert len(recorded) - len(acknowledged) <= len(writers)
    assert all(len(positions) == 1 for positions in recorded.values())
    for node in nodes:
        node.kill()
        check_views(node.home, tmp_path / "fresh", store)
    print(f"{work.kills}: {len(acknowledged)} reports acknowledged, {len(rows)} records, none lost")
