"""What waits for the store leaves everything else alone, and is not waited for without end."""

from __future__ import annotations

import asyncio
import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest

import service.recording
from service.api.problems import Problem
from service.api.threads import WRITES, Looks, Threads
from service.bootstrap import Casus
from service.log import Clash
from tests.processes import PATIENCE, account
from tests.refusals import problem


def test_what_finds_no_place_in_time_is_refused_undone():
    async def story() -> list[str]:
        threads, done, going_on = Threads(1, 0.05), [], threading.Event()
        first = asyncio.create_task(
            threads.run(lambda: going_on.wait(PATIENCE) and done.append("1"))
        )
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await threads.run(lambda: done.append("2"))
        assert "nothing was done" in refused.value.detail
        with pytest.raises(Problem) as left:
            await first
        assert "whether this was recorded shows later" in left.value.detail
        going_on.set()  # what is no longer waited for goes on, and gives its place back
        threads._patience = PATIENCE
        await threads.run(lambda: done.append("3"))
        return done

    assert asyncio.run(story()) == ["1", "3"]


def test_a_write_that_is_cancelled_says_that_nobody_knows():
    """As where a service stops that waits for its store."""

    async def story() -> str:
        going_on = threading.Event()
        write = asyncio.create_task(Threads(1).run(lambda: going_on.wait(PATIENCE)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        write.cancel()
        with pytest.raises(Problem) as left:
            await write
        going_on.set()
        return left.value.detail

    assert "whether this was recorded shows later" in asyncio.run(story())


def test_as_many_as_like_wait_for_a_position_and_one_looks_at_a_time():
    looking, looks, shown = 0, 0, False

    def look() -> None:
        nonlocal looking, looks
        looking += 1
        assert looking == 1
        looks += 1
        looking -= 1

    async def story() -> list[bool]:
        nonlocal shown
        them = Looks(look)
        waiting = [asyncio.create_task(them.until(lambda: shown, PATIENCE)) for _ in range(500)]
        while looks < 3:
            await asyncio.sleep(0)
        shown = True
        return await asyncio.gather(*waiting)

    assert asyncio.run(story()) == [True] * 500
    assert looks < 20


def test_a_look_that_hangs_is_not_waited_for_and_is_no_answer():
    goes_on = threading.Event()

    async def story() -> list[bool]:
        them = Looks(lambda: goes_on.wait(PATIENCE))
        found = [await them.until(lambda: False, 0.01), await them.once(0.01)]
        goes_on.set()
        return [*found, await them.once(PATIENCE)]

    assert asyncio.run(story()) == [False, False, True]


def test_a_look_begins_when_it_is_asked_for():
    """What was recorded while another look was under way is seen by the next."""
    goes_on, begun, log, seen = threading.Event(), threading.Event(), [], []

    def look() -> None:
        now = len(log)
        begun.set()
        goes_on.wait(PATIENCE)
        seen.append(now)

    async def story() -> None:
        them = Looks(look)
        first = asyncio.create_task(them.once(PATIENCE))
        while not begun.is_set():
            await asyncio.sleep(0)
        log.append("recorded")
        second = asyncio.create_task(them.once(PATIENCE))
        await asyncio.sleep(0)
        goes_on.set()
        assert await first
        assert await second
        assert seen[-1] == 1

    asyncio.run(story())


def test_what_a_look_raises_reaches_whoever_waits():
    def fail() -> None:
        raise LookupError("so")

    with pytest.raises(LookupError, match="so"):
        asyncio.run(Looks(fail).until(lambda: False, PATIENCE))


def test_an_end_is_a_write_on_one_of_their_threads(client: Any, app: Any, monkeypatch):
    run, asked = app.state.writing.run, []

    async def counted(make: Any) -> Any:
        asked.append(make)
        return await run(make)

    monkeypatch.setattr(app.state.writing, "run", counted)
    assert client.get("/v1/subscriptions/none").status_code == 404
    assert asked == []
    assert client.delete("/v1/subscriptions/none").status_code == 404
    assert len(asked) == 1


def test_a_write_that_others_overtake_without_end_is_busy(
    client: Any, chronicle: Casus, monkeypatch
):
    monkeypatch.setattr(service.recording, "PAUSE", 0.0)

    def clash(*_: object) -> NoReturn:
        raise Clash("so")

    monkeypatch.setattr(chronicle.log, "append", clash)
    answer = client.post("/v1/incidents", json=account("New"))
    assert "nothing was recorded" in problem(answer, "busy")["detail"]
    assert answer.headers["retry-after"] == "1"


@pytest.mark.every_store
@pytest.mark.parametrize("registered", [True, False])
def test_of_many_that_claim_an_external_id_at_once_one_has_it(registered, client: Any):
    def profile(slug: str) -> dict[str, Any]:
        return {"id": slug, "kind": "organisation", "names": [{"text": f"Name of {slug}"}]}

    slugs = [f"group-{number}" for number in range(8)]
    claimed = {"scheme": "wikidata", "id": "Q777"}
    if registered:
        for slug in slugs:
            assert client.post("/v1/actors", json=profile(slug)).status_code == 201

    def claim(slug: str) -> Any:
        if registered:
            path, body = f"/v1/actors/{slug}/external-ids", {**claimed, "reason": "So."}
            return client.post(path, json=body, headers={"if-match": "*"})
        return client.post("/v1/actors", json={**profile(slug), "external_ids": [claimed]})

    with ThreadPoolExecutor(8) as pool:
        answers = [
            (answer.status_code, slug)
            for answer, slug in zip(pool.map(claim, slugs), slugs, strict=True)
        ]
    (winner,) = [slug for status, slug in answers if status == 201]
    assert {status for status, _ in answers} == {201, 409}
    assert client.get("/v1/actors/wikidata:Q777").json()["actor"]["id"] == winner


def test_what_goes_wrong_on_a_thread_reaches_whoever_waits():
    def fail() -> None:
        raise LookupError("so")

    with pytest.raises(LookupError, match="so"):
        asyncio.run(Threads(1).run(fail))


def test_writes_that_wait_for_the_store_leave_reads_alone(
    client: Any, chronicle: Casus, monkeypatch
):
    """As where a primary waits for a replica that is away."""
    append, goes_on, waiting = chronicle.log.append, threading.Event(), threading.Semaphore(0)

    def late(*arguments: Any, **named: Any) -> Any:
        waiting.release()
        goes_on.wait(PATIENCE)
        return append(*arguments, **named)

    monkeypatch.setattr(chronicle.log, "append", late)
    with ThreadPoolExecutor(WRITES + 30) as pool:
        titles = [f"Late {number}" for number in range(WRITES + 30)]
        writes = [
            pool.submit(client.post, "/v1/incidents", json=account(title)) for title in titles
        ]
        try:
            for _ in range(WRITES):
                assert waiting.acquire(timeout=PATIENCE)
            for path in ("/livez", "/metrics", "/v1/incidents?q=border", "/v1/incidents.csv"):
                assert client.get(path).status_code in {200, 404}
            answer = client.get("/v1/incidents?min_position=68")
            assert problem(answer, "not-yet-shown")
        finally:
            goes_on.set()
        assert {write.result().status_code for write in writes} == {201}
    assert chronicle.log.head == 67 + len(titles)


def test_what_is_recorded_is_said_to_be_where_no_file_can_be_opened(
    client: Any, chronicle: Casus, monkeypatch
):
    def reach(*_: object) -> bool:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(chronicle.projector, "reach", reach)
    answer = client.post("/v1/incidents", json=account("Recorded"))
    assert (answer.status_code, answer.json()) == (202, {"position": 68})


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOSPC])
def test_a_machine_that_has_not_enough_is_busy(number, client: Any, app: Any, monkeypatch):
    def waiting() -> list[str]:
        raise OSError(number, "Not enough of it")

    monkeypatch.setattr(app.state.imports, "waiting", waiting)
    answer = client.post("/v1/imports?format=ucdp-ged", content=b"")
    assert "not enough of it" in problem(answer, "busy")["detail"]
    assert answer.headers["retry-after"] == "5"
