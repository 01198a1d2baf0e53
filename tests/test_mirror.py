"""A mirror holds what the service holds, byte for byte, however often it is cut off."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import httpx
import pytest
from eventsourcing.persistence import StoredEvent

from domain.records import Record, Recorded
from service.bootstrap import Casus, open_casus
from service.cli import mirroring
from service.log import Clash
from service.log.recorder import Unmoved
from service.mirroring import Diverged, Mirror
from service.reading.clocks import Moment
from service.reading.selection import Selection, SubjectKey
from service.settings import Settings
from tests.conftest import CALLER, an_account
from tests.processes import PATIENCE, Server, account, ask, kill, log_rows, serving, started, until
from tests.random_logs import CODES, REPORTED_DAYS, SLUGS, a_log_at_random


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Casus]:
    """The store that mirrors, empty."""
    opened = open_casus(Settings(CASUS_HOME=tmp_path / "copy", _env_file=None))
    yield opened
    opened.close()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Server]:
    """A service, of a store that is empty."""
    with serving(tmp_path / "theirs", "--no-bundled") as server:
        yield server


def entries(casus: Casus, moment: Moment) -> list[Any]:
    """All timelines as they are at a moment, forwards and backwards."""
    subjects = [
        None,
        *(SubjectKey("country", code) for code in CODES),
        *(SubjectKey("actor", slug) for slug in SLUGS),
    ]
    return [
        casus.reader.page(Selection(subject=subject, order=order), moment, None, 1_000).items
        for subject in subjects
        for order in ("asc", "desc")
    ]


class CutOff(Exception):
    """Raised in the middle of an answer."""


class Unreliable(httpx.HTTPTransport):
    """A connection over which so many pieces of an answer come, each of any size, and then no more."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.is_cutting = True

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if not self.is_cutting:
            return answer
        answer.stream = _Cut(answer.stream, self.chance)  # type: ignore[arg-type]
        return answer


class _Cut(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, chance: random.Random) -> None:
        self.stream, self.chance = stream, chance

    def __iter__(self) -> Iterator[bytes]:
        left = self.chance.randint(1, 20_000)
        for piece in self.stream:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                raise httpx.ReadError("cut off")

    def close(self) -> None:
        self.stream.close()


def append(source: Casus, records: list[Recorded[Record]]) -> None:
    source.log.append(records)
    source.projector.catch_up()


@pytest.mark.parametrize("seed", range(3))
def test_a_mirror_that_is_cut_off_at_random_holds_the_same_in_the_end(seed, source, copy, tmp_path):
    chance = random.Random(seed)
    theirs = open_casus(Settings(CASUS_HOME=tmp_path / "theirs", _env_file=None))
    records = a_log_at_random(chance, length=150, incidents=12)
    cut = Unreliable(chance)
    with httpx.Client(base_url=source.address, transport=cut, timeout=PATIENCE) as client:
        mirror = Mirror(copy, client)
        left = list(records)
        while left:
            size = chance.randint(1, 40)
            append(theirs, left[:size])
            del left[:size]
            # Some of it, or all of it and what is not there yet, which it would wait for.
            reached = theirs.log.head
            try:
                for position in mirror.follow():
                    if position >= reached:
                        break
            except httpx.ReadError:
                pass
            try:
                if chance.random() < 0.5:
                    mirror.check()
                    list(mirror.catch_up())
            except httpx.HTTPError:
                pass
            assert log_rows(tmp_path / "copy") == log_rows(tmp_path / "theirs")[: copy.log.head]
        cut.is_cutting = False
        list(mirror.catch_up())
    assert log_rows(tmp_path / "copy") == log_rows(tmp_path / "theirs")
    assert copy.reader.head == len(records)
    for position in (*chance.sample(range(len(records)), 15), len(records)):
        for day in (None, *chance.sample(REPORTED_DAYS, 2)):
            moment = theirs.reader.moment(position, None, *([day] if day is not None else []))
            assert copy.reader.moment(position, None, moment.reported_by) == moment
            assert entries(copy, moment) == entries(theirs, moment)
    theirs.close()


def test_text_is_not_taken_for_the_end_of_a_line(source, copy, tmp_path) -> None:
    title = "a\u2028b\u2029c"
    source.client.post("/v1/incidents", json=account("First")).raise_for_status()
    with httpx.Client(base_url=source.address, timeout=PATIENCE) as client:
        mirror = Mirror(copy, client)
        list(mirror.catch_up())
        body = account("Second") | {"summary": title}
        source.client.post("/v1/incidents", json=body).raise_for_status()
        next(position for position in mirror.follow() if position == 2)
    rows = log_rows(tmp_path / "copy")
    assert title.encode() in rows[1][4]
    assert rows == log_rows(tmp_path / "theirs")


# What is no mirror


@pytest.fixture
def mirror(source, copy) -> Iterator[Mirror]:
    """A mirror of a service with three records, up to date."""
    for number in range(3):
        source.client.post("/v1/incidents", json=account(f"{number}")).raise_for_status()
    with httpx.Client(base_url=source.address, timeout=PATIENCE) as client:
        mirror = Mirror(copy, client)
        list(mirror.catch_up())
        mirror.check()
        yield mirror


def test_a_log_that_has_a_record_of_its_own_is_no_mirror(mirror, copy, source) -> None:
    copy.desk.report_incident(an_account(), CALLER)
    for _ in range(2):
        with pytest.raises(Diverged, match="position 4"):
            mirror.check()
        source.client.post("/v1/incidents", json=account("Another")).raise_for_status()


def test_a_log_that_goes_further_than_the_other_is_no_mirror(mirror, copy) -> None:
    for _ in range(2):
        copy.desk.report_incident(an_account(), CALLER)
    with pytest.raises(Diverged):
        list(mirror.catch_up())
    with pytest.raises(Diverged):
        next(mirror.follow())
    assert copy.log.head == 5


def test_what_is_recorded_meanwhile_ends_it_and_nothing_is_appended(mirror, copy, source) -> None:
    stream = mirror.follow()
    assert next(stream) == 3
    copy.desk.report_incident(an_account(), CALLER)
    source.client.post("/v1/incidents", json=account("Another")).raise_for_status()
    with pytest.raises(Diverged):
        list(stream)
    assert copy.log.head == 4


def test_a_record_that_is_to_have_a_position_is_given_no_other(copy) -> None:
    copy.desk.report_incident(an_account(), CALLER)
    record = StoredEvent(UUID(int=7), 1, "incident-merged.v1", b"{}")
    for head in (0, 2):
        with pytest.raises(Clash, match="position 1"):
            copy.log.append([record], unmoved=Unmoved({}, head=head))
    assert copy.log.head == 1
    assert copy.log.append([record], unmoved=Unmoved({}, head=1)) == range(2, 3)


class Answering(httpx.BaseTransport):
    """A service that answers the same to everything."""

    def __init__(self, body: bytes, position: int = 1) -> None:
        self.body, self.position = body, position

    def handle_request(self, _: httpx.Request) -> httpx.Response:
        headers = {"casus-position": str(self.position)}
        return httpx.Response(200, headers=headers, content=self.body)


def envelope(topic: str = "incident-reported.v3", position: int = 1, data: bytes = b"{}") -> bytes:
    return (
        b'{"specversion":"1.0","type":"org.casus.%b","position":%d,"version":1,"data":%b,'
        b'"stream":"00000000-0000-0000-0000-000000000007"}\n'
    ) % (topic.encode(), position, data)


@pytest.mark.parametrize(
    "sent",
    [
        b"<html>\n",
        b"{}\n",
        envelope(),
        envelope(topic="war-declared.v1"),
        envelope(position=2),
        envelope(data=b'{"title":'),
    ],
)
def test_what_cannot_be_read_here_or_comes_out_of_turn_is_not_appended(sent, copy) -> None:
    with (
        httpx.Client(base_url="http://casus", transport=Answering(sent)) as client,
        pytest.raises(Diverged),
    ):
        list(Mirror(copy, client).catch_up())
    assert copy.log.head == 0


# The command


def test_the_command_copies_a_log_and_goes_on_where_it_was(source, tmp_path) -> None:
    copied = tmp_path / "copied"
    for number in range(1, 4):
        source.client.post("/v1/incidents", json=account(f"{number}")).raise_for_status()
        done = ask("mirror", source.address, "--once", home=copied)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"The log stands at position {number}, as that of {source.address}.\n"
        assert log_rows(copied) == log_rows(tmp_path / "theirs")


def test_the_command_follows_until_it_is_interrupted(source, tmp_path) -> None:
    copied = tmp_path / "copied"
    source.client.post("/v1/incidents", json=account("First")).raise_for_status()
    process = started("mirror", source.address, home=copied)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("The log stands at position 1")
        source.client.post("/v1/incidents", json=account("Second")).raise_for_status()
        until(lambda: len(log_rows(copied)) == 2)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output, errors) == (0, "", "")
    finally:
        kill(process)
    assert log_rows(copied) == log_rows(tmp_path / "theirs")


def test_the_command_ends_with_the_next_piece_where_what_the_signal_raised_was_lost() -> None:
    pieces, told = iter(range(9)), iter([False, False, True])
    mirror = Mock(follow=lambda: pieces)
    mirroring._follow(mirror, "http://testserver", lambda: next(told))
    assert next(pieces) == 3


def test_the_command_waits_for_a_service_that_has_stopped(tmp_path) -> None:
    home, copied = tmp_path / "home", tmp_path / "copied"
    with serving(home, "--no-bundled") as source:
        process = started("mirror", source.address, home=copied)
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline().startswith("The log stands at position 0")
            source.end()
            assert process.stderr.readline().startswith(f"casus: {source.address}: ")
            port = source.address.rpartition(":")[2]
            with serving(home, "--no-bundled", PORT=port) as again:
                again.client.post("/v1/incidents", json=account("New")).raise_for_status()
                until(lambda: len(log_rows(copied)) == 1)
        finally:
            kill(process)


def test_the_command_changes_no_log_of_another(source, home) -> None:
    before = log_rows(home)
    done = ask("mirror", source.address, "--once", home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"casus: this is no mirror of {source.address}: ")
    assert log_rows(home) == before


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nowhere", "ftp://127.0.0.1"])
def test_the_command_says_where_there_is_no_service(url, tmp_path) -> None:
    done = ask("mirror", url, "--once", home=tmp_path / "home")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"casus: {url}: ")


def test_the_command_says_where_there_is_another_service(tmp_path) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = ask("mirror", url, "--once", home=tmp_path / "home")
        server.shutdown()
        thread.join()
    assert done.returncode == 1
    assert "404" in done.stderr
