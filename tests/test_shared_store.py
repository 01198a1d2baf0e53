"""Processes that work on one store at the same time: none sees a wrong answer, none waits for a restart."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes import PATIENCE, STOPPED, Server, account, log_rows, run, serving, until

TIMELINE = "/v1/countries/AFG/timeline?limit=1000"
REBUILDS = 4


def titles(server: Server) -> list[str]:
    found, page = [], TIMELINE
    while page:
        answer = server.get(page).json()
        found += [item["title"] for item in answer["items"]]
        page = answer["next"]
    return found


def generation(home: Path) -> str:
    return (home / "views" / "CURRENT").read_text().strip()


def test_what_another_process_loads_is_shown_soon(home):
    chronicle = b"""{"format": "casus-chronicle/1", "dataset": "more", "title": "More", "incidents": [
        {"key": "one", "accounts": [{"title": "Loaded meanwhile", "type": "attack",
          "occurred": "2021-06-22", "place": {"name": "Here", "country": "AFG"},
          "source": {"name": "A newspaper"}}]}]}"""
    with serving(home) as server:
        assert "Loaded meanwhile" not in titles(server)
        assert run("load", "-", home=home, stdin=chronicle).returncode == 0
        until(lambda: "Loaded meanwhile" in titles(server))
        assert server.get("/readyz").json()["lag"] == 0


def test_what_one_server_records_another_shows_soon(home):
    with serving(home) as one, serving(home) as other:
        for number, (writer, reader) in enumerate([(one, other), (other, one)] * 3):
            title = f"Incident {number}"
            posted = writer.client.post("/v1/incidents", json=account(title))
            assert posted.status_code == 201
            assert title in titles(writer)
            until(lambda reader=reader, title=title: title in titles(reader))
            path = f"/v1/incidents/{posted.json()['incident']['id']}"
            assert reader.get(path).content == writer.get(path).content.replace(
                writer.address.encode(), reader.address.encode()
            )
        assert [row[0] for row in log_rows(home)] == list(range(1, 74))


def test_an_actor_registered_at_one_server_is_known_at_another_at_once(home):
    profile = {"id": "newcomers", "kind": "armed_group", "names": [{"text": "The Newcomers"}]}
    report = {**account("Theirs"), "participants": [{"actor": "newcomers"}]}
    with serving(home) as one, serving(home) as other:
        assert one.client.post("/v1/actors", json=profile).status_code == 201
        posted = other.client.post("/v1/incidents", json=report)
        assert posted.status_code == 201
        assert other.get(posted.headers["Location"]).json()["incident"]["participants"] == [
            {"actor": "newcomers", "name": "The Newcomers", "role": "unspecified"}
        ]


def test_two_servers_writing_at_once_number_their_records_without_a_gap(home):
    def report(server: Server, writer: int) -> list[int]:
        answers = []
        with httpx.Client(
            base_url=server.address,
            timeout=PATIENCE,
            trust_env=False,
            headers=server.credentials,
        ) as client:
            for number in range(20):
                posted = client.post("/v1/incidents", json=account(f"{writer}.{number}"))
                assert posted.status_code == 201
                location = posted.headers["Location"]
                assert client.get(location).json()["incident"] == posted.json()["incident"]
                answers.append(posted.json()["incident"]["position"])
        return answers

    with serving(home) as one, serving(home) as other, ThreadPoolExecutor(4) as pool:
        given = [p for part in pool.map(report, [one, other, one, other], range(4)) for p in part]
    assert sorted(given) == list(range(68, 148))
    assert [row[0] for row in log_rows(home)] == list(range(1, 148))


class Traffic:
    """Readers and writers of a server, and whatever was wrong with its answers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.ended = threading.Event()
        self.wrong: list[str] = []
        self.answers: Counter[str] = Counter()
        self.acknowledged: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        before = self.server.get(TIMELINE + "&position=67").json()["items"]
        workers = [threading.Thread(target=self._write, args=(n,)) for n in range(2)]
        workers += [threading.Thread(target=self._read, args=(before,)) for _ in range(2)]
        for worker in workers:
            worker.start()
        try:
            yield
        finally:
            self.ended.set()
            for worker in workers:
                worker.join()

    def _write(self, writer: int) -> None:
        """Report incidents; each is there for the very next read, and stays."""
        with self._client() as client:
            number = 0
            while not self.ended.is_set():
                number += 1
                title = f"{writer}.{number}"
                posted = client.post("/v1/incidents", json=account(title))
                if posted.status_code != 201:
                    self.wrong.append(f"POST: {posted.status_code} {posted.text}")
                    continue
                self.acknowledged.append(title)
                self.answers["written"] += 1
                for path in (
                    posted.headers["Location"],
                    f"{TIMELINE}&position={posted.json()['position']}&q={title}",
                ):
                    read = client.get(path)
                    if read.status_code != 200 or title not in read.text:
                        self.wrong.append(f"GET {path}: {read.status_code} {read.text[:300]}")

    def _read(self, before: list[object]) -> None:
        """What was recorded before never changes; the position never goes back."""
        position = 67
        with self._client() as client:
            while not self.ended.is_set():
                fixed, newest = client.get(TIMELINE + "&position=67"), client.get(TIMELINE)
                self.answers["read"] += 1
                for read in (fixed, newest):
                    if read.status_code != 200:
                        self.wrong.append(f"GET: {read.status_code} {read.text[:300]}")
                        return
                if fixed.json()["items"] != before:
                    self.wrong.append("the timeline at position 67 changed")
                if newest.json()["position"] < position:
                    self.wrong.append(f"back from {position} to {newest.json()['position']}")
                position = newest.json()["position"]

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.server.address,
            timeout=PATIENCE,
            trust_env=False,
            headers=self.server.credentials,
        )


def test_a_rebuild_in_another_process_disturbs_no_reader_and_no_writer(home):
    with serving(home) as server:
        traffic = Traffic(server)
        with traffic.running():
            for _ in range(REBUILDS):
                before = generation(home)
                done = run("rebuild", home=home)
                assert done.returncode == 0, done.stderr
                assert generation(home) != before
        assert traffic.wrong == []
        assert traffic.answers["written"] > REBUILDS
        assert traffic.answers["read"] > REBUILDS
        assert set(traffic.acknowledged) <= set(titles(server))
        ended = server.end()
    assert ended.status == 0
    assert ended.errors == STOPPED
    in_use = [path.name for path in (home / "views").glob("*-*.sqlite")]
    assert in_use == [generation(home)]


def test_rebuilds_at_the_same_time_take_turns(home):
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: run("rebuild", home=home), range(4)))
    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 4
    assert len(list((home / "views").glob("*-*.sqlite"))) == 1
    assert "position      67" in run("status", home=home).stdout


@pytest.mark.parametrize(
    "command", [["status"], ["timeline", "AFG"], ["log"], ["rebuild"]], ids=" ".join
)
def test_a_command_that_only_reads_the_log_does_not_wait_for_a_writer(command, home):
    with closing(sqlite3.connect(home / "log.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert run(*command, home=home).returncode == 0
