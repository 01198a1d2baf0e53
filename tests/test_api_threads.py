"""What waits for the store leaves everything else alone, and is not waited for without end."""

from __future__ import annotations

import asyncio
import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.api.problems import Problem
from service.api.threads import WRITES, Threads
from service.bootstrap import Casus
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
