"""``/v1/log/stream``: what is recorded reaches all who follow, in order and at once, and costs little."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest
from fastapi import FastAPI

from service.api import live
from service.api.app import create_app
from service.api.live import Shared
from service.bootstrap import Casus, open_casus
from tests import cloud_events
from tests.conftest import CALLER, TestClient, an_account
from tests.following import Follower, following, positions, running
from tests.processes import PATIENCE, STOPPED, account, serving
from tests.random_logs import a_log_at_random, a_store_of
from tests.refusals import problem
from tests.stories import correct, retract
from tests.test_log_concerns import AFG, INTERESTS, TJK


def played(app: FastAPI, play: Callable[[], Awaitable[None]]) -> None:
    """Run the application, and what a test does meanwhile; nothing of it is left in the end."""

    async def all_of_it() -> None:
        async with running(app):
            await play()
            assert app.state.streams.running == 0

    asyncio.run(all_of_it())


def has(*wanted: int) -> Callable[[Follower], bool]:
    """Whether a client was sent the records of these positions, and no other."""
    return lambda follower: follower.positions == list(wanted)


def is_open(follower: Follower) -> bool:
    return bool(follower.pieces)


async def report(casus: Casus, **changes: Any) -> Any:
    """Report an incident, on a thread as a request does; its id."""
    written = await asyncio.to_thread(casus.desk.report_incident, an_account(**changes), CALLER)
    return written.stream


# what is sent, and when


def test_what_is_recorded_is_sent_to_whoever_follows(chronicle: Casus, app) -> None:
    async def play() -> None:
        async with following(app) as follower:
            await follower.until(is_open)
            assert follower.positions == []
            incident = await report(chronicle, title="Across the river")
            await follower.until(has(68))
            (event,) = follower.events
            cloud_events.check(event)
            assert event["subject"] == str(incident)
            assert event["data"]["account"]["title"] == "Across the river"
            await report(chronicle)
            await follower.until(has(68, 69))
            assert not follower.is_over
        headers = dict(follower.start["headers"])
        assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
        assert headers[b"casus-position"] == b"67"
        assert headers[b"cache-control"] == b"no-store"

    played(app, play)


def test_it_says_the_same_as_the_log(chronicle: Casus, client) -> None:
    stream = client.get("/v1/log/stream?after=0&position=67").content
    data = [line[6:] for line in stream.split(b"\n") if line.startswith(b"data: ")]
    assert data == client.get("/v1/log").content.split(b"\n")[:-1]
    ids = [line[4:] for line in stream.split(b"\n") if line.startswith(b"id: ")]
    assert ids == [b"%d" % number for number in [*range(68), 67]]


def test_what_was_recorded_before_comes_first(chronicle: Casus, app) -> None:
    async def play() -> None:
        async with following(app, "after=65") as follower:
            await report(chronicle)
            await follower.until(has(66, 67, 68))

    played(app, play)


def test_what_another_process_records_is_sent_as_well(chronicle: Casus, app) -> None:
    other = open_casus(chronicle.settings)

    async def play() -> None:
        async with following(app) as follower:
            await follower.until(is_open)
            await report(other)
            await follower.until(has(68))

    played(app, play)
    other.close()


def test_what_is_not_shown_yet_is_not_sent(chronicle: Casus, app, monkeypatch) -> None:
    async def play() -> None:
        async with following(app) as follower, following(app) as other:
            await follower.until(is_open)
            with monkeypatch.context() as patched:
                patched.setattr(chronicle.projector, "catch_up", lambda: 67)
                patched.setattr(chronicle.projector, "reach", lambda *_: False)
                incident = await report(chronicle)
                assert chronicle.log.head == 68
                app.state.live._wake()
                await asyncio.sleep(0)
            assert follower.positions == []
            await asyncio.to_thread(chronicle.desk.revise_incident, incident, retract(), CALLER)
            await follower.until(has(68, 69))
            await other.until(has(68, 69))

    played(app, play)


@pytest.mark.parametrize("seed", range(4))
def test_filtered_it_says_the_same_as_the_log_wherever_it_was_cut(seed, monkeypatch) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(live, "RECORDS_AT_ONCE", chance.choice([1, 3, 100]))
    records = a_log_at_random(chance, length=50, incidents=6)
    with a_store_of(records) as casus, TestClient(create_app(casus)) as client:
        for query in INTERESTS:
            after, end = sorted(chance.sample(range(4, len(records) + 1), 2))
            part = f"?after={after}&position={end}&{query}"
            follower = Follower.of(client.get(f"/v1/log/stream{part}").content)
            assert follower.positions == positions(client, part)
            assert follower.last_id == str(end)


def test_a_belated_record_leaves_where_to_go_on_as_it_is(casus: Casus, app) -> None:
    async def play() -> None:
        async with following(app, "country=AFG") as follower:
            incident = await report(casus, countries=TJK)
            await report(casus, countries=AFG)
            await follower.until(has(2))
            revise = casus.desk.revise_incident
            await asyncio.to_thread(revise, incident, correct(countries=AFG), CALLER)
            await follower.until(has(2, 1, 3))
            belated = follower.text.split(b"\n\n")[-3]
            assert belated.startswith(b"data: ")
            assert follower.last_id == "3"

    played(app, play)


# how it goes on


def test_it_goes_on_after_the_last_id(chronicle: Casus, app) -> None:
    async def play() -> None:
        async with following(app, "after=3", last_event_id="66") as follower:
            await follower.until(has(67))
        await report(chronicle)
        async with following(app, last_event_id=follower.last_id) as again:
            await again.until(has(68))

    played(app, play)


def test_while_it_waits_it_says_so_and_from_where_to_go_on(chronicle: Casus, app) -> None:
    waiting = b": waiting\nid: %d\n\n"

    async def play() -> None:
        async with following(app, "country=UZB") as follower, following(app) as other:
            await follower.until(lambda each: each.pieces == [waiting % 67])
            app.state.live.beat()
            await follower.until(lambda each: each.pieces == [waiting % 67] * 2)
            await report(chronicle, countries=AFG)
            await other.until(has(68))
            # Nothing of it was of interest, but it need not be looked through again.
            app.state.live.beat()
            await follower.until(lambda each: each.pieces[2:] == [waiting % 68])

    played(app, play)


def test_the_heart_beats_for_as_long_as_the_service_runs(chronicle, app, monkeypatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.01)

    async def play() -> None:
        async with following(app) as follower:
            await follower.until(lambda each: len(each.pieces) > 2)

    played(app, play)


def test_up_to_a_position_it_ends(chronicle: Casus, app) -> None:
    async def play() -> None:
        async with following(app, "after=65&position=66") as follower:
            await follower.until(lambda each: each.is_over)
            assert (follower.positions, follower.last_id) == ([66], "66")

    played(app, play)


@pytest.mark.parametrize("query", ["?after=66&position=66", "?position=60"])
def test_beyond_its_end_there_is_nothing_so_that_no_browser_asks_again(query, reading) -> None:
    answer = reading.get(f"/v1/log/stream{query}", headers={"last-event-id": "66"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_stream_whose_log_is_gone_keeps_nobody_waiting(chronicle, app, monkeypatch) -> None:
    asked = []

    def gone(*_: Any) -> list[Any]:
        asked.append(1)
        assert len(asked) < 20, "it asks without an end"
        return []

    monkeypatch.setattr(chronicle.followed, "entries", gone)

    async def play() -> None:
        async with following(app, "after=60") as follower:
            await follower.until(is_open)
            for _ in range(1_000):
                await asyncio.sleep(0)
            assert not follower.is_over
            for forget in chronicle.projector.forgetters:
                forget()
            await follower.until(lambda follower: follower.is_over)

    played(app, play)


# what it costs


def test_what_is_recorded_is_read_once_for_all_who_follow(chronicle, app, monkeypatch) -> None:
    reads = []
    entries = chronicle.log.entries

    def counted(*arguments: Any) -> Any:
        reads.append(arguments)
        return entries(*arguments)

    monkeypatch.setattr(chronicle.log, "entries", counted)

    async def play() -> None:
        async with AsyncExitStack() as stack:
            queries = ["", "country=AFG", "country=TJK"] * 20
            followers = [await stack.enter_async_context(following(app, q)) for q in queries]
            for follower in followers:
                await follower.until(is_open)
            await report(chronicle, countries=AFG)
            for query, follower in zip(queries, followers, strict=True):
                if query != "country=TJK":
                    await follower.until(has(68))
            assert len(reads) == 1
            # They are sent the same bytes, not as many copies.
            assert len({id(follower.pieces[-1]) for follower in followers[::3]}) == 1

    played(app, play)


def test_a_slow_client_keeps_nobody_waiting_and_misses_nothing(chronicle: Casus, app) -> None:
    async def play() -> None:
        async with following(app) as slow, following(app) as quick:
            await slow.until(is_open)
            await quick.until(is_open)
            slow.reads.clear()
            for number in range(68, 80):
                await report(chronicle)
                await quick.until(has(*range(68, number + 1)))
            assert slow.positions == []
            slow.reads.set()
            await slow.until(has(*range(68, 80)))

    played(app, play)


def test_what_is_shared_is_bounded() -> None:
    made = []

    async def make() -> bytes:
        made.append(1)
        await asyncio.sleep(0)
        return b"x" * 40

    async def play() -> None:
        shared = Shared(capacity=100)
        both = await asyncio.gather(*(shared.get("a", make, len) for _ in range(9)))
        assert (len(both), len(made)) == (9, 1)
        for key in "bacb":  # c drives out b, and b drives out a
            await shared.get(key, make, len)
        assert len(made) == 4

    asyncio.run(play())


def test_what_cannot_be_made_is_made_again_for_the_next() -> None:
    async def fail() -> bytes:
        raise LookupError("not now")

    async def make() -> bytes:
        return b"x"

    async def play() -> None:
        shared = Shared()
        with pytest.raises(LookupError):
            await shared.get("a", fail, len)
        assert await shared.get("a", make, len) == b"x"

    asyncio.run(play())


def test_who_asked_first_may_go_away() -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def make() -> bytes:
        begun.set()
        await done.wait()
        return b"x"

    async def play() -> None:
        shared = Shared()
        first = asyncio.create_task(shared.get("a", make, len))
        await begun.wait()
        second = asyncio.create_task(shared.get("a", make, len))
        await asyncio.sleep(0)
        first.cancel()
        done.set()
        assert await asyncio.wait_for(second, PATIENCE) == b"x"
        assert first.cancelled()

    asyncio.run(play())


# how it ends


def test_a_client_that_goes_away_leaves_nothing_behind(chronicle: Casus, app) -> None:
    async def play() -> None:
        for query in ("", "after=0", "after=0&country=AFG"):
            async with following(app, query) as follower:
                await follower.until(is_open)
            assert app.state.streams.running == 0
            assert follower.is_over

    played(app, play)


def test_who_asks_for_the_headers_alone_begins_no_stream(chronicle: Casus, app) -> None:
    async def play() -> None:
        async with following(app, method="HEAD") as head:
            await head.until(lambda each: each.is_over)
            assert (head.start["status"], head.pieces) == (200, [])

    played(app, play)


def test_a_server_stops_in_order_while_many_follow(home) -> None:
    with serving(home) as server, ExitStack() as open_streams:
        streams = [
            open_streams.enter_context(
                server.client.stream("GET", "/v1/log/stream?after=66")
            ).iter_lines()
            for _ in range(3)
        ]
        for lines in streams:
            assert any(line == "id: 67" for line in lines)
        server.client.post("/v1/incidents", json=account("The last")).raise_for_status()
        for lines in streams:
            assert any(line == "id: 68" for line in lines)
        server.process.send_signal(signal.SIGINT)
        for lines in streams:
            assert "id: 69" not in list(lines)  # which ends, as an answer that is whole does
        _, errors = server.process.communicate(timeout=PATIENCE)
    assert server.process.returncode == 0
    assert errors == STOPPED


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("after=68", "after"), ("position=68", "position"), ("actor=nobody", "actor"),
     ("limit=5", "limit"), ("country=XYZ", "country")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(query, parameter, asked) -> None:
    found = problem(asked.get(f"/v1/log/stream?{query}"), "bad-parameter")
    assert found["faults"][0]["path"] == f"$.{parameter}"


@pytest.mark.parametrize("last", ["68", "-1", "x", "1" * 17, "6 7"])
def test_an_id_that_was_given_to_nobody_is_refused(last, asked) -> None:
    problem(asked.get("/v1/log/stream", headers={"last-event-id": last}), "bad-header")
