"""``/readyz`` tells the truth: whether the log answers, and how far the timelines are behind it."""

from __future__ import annotations

import asyncio
import datetime
import threading

import pytest
from starlette.testclient import TestClient

from service.bootstrap import open_casus
from service.operating import readiness
from service.views.projector import ProjectionStopped
from tests.conftest import a_profile

HELD_UP = datetime.timedelta(seconds=90)


@pytest.fixture
def asking(app):
    with TestClient(app) as client:
        yield client


def test_a_store_that_is_level_is_ready(chronicle, asking):
    answer = asking.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "log_position": 67,
        "position": 67,
        "lag": 0,
        "lag_seconds": 0.0,
        "failure": None,
    }


def test_a_log_that_does_not_answer_is_not_waited_for(app, chronicle, monkeypatch):
    app.state.standings._patience = 0.05
    answers, asked = threading.Event(), []

    def hangs(_: object) -> int:
        asked.append(1)
        answers.wait(30)
        return 67

    with TestClient(app) as client:
        monkeypatch.setattr(type(chronicle.log), "head", property(hangs))
        for _ in range(3):
            answer = client.get("/readyz")
            assert answer.status_code == 503
            assert answer.json()["log_position"] is None
            assert answer.json()["lag"] is None
            assert answer.json()["position"] == 67
            assert answer.json()["failure"] == "the log has not answered for 0.05 seconds"
        assert client.get("/livez").status_code == 200
        answers.set()
        monkeypatch.undo()
        app.state.standings._patience = 5.0
        assert client.get("/readyz").json()["ready"]
    # It was asked once by this, whoever else was, and nobody waited beside it.
    assert len([each for each in threading.enumerate() if each.name == "readiness"]) == 0


def test_a_log_that_cannot_be_read_is_told(app, chronicle, monkeypatch):
    with TestClient(app) as client:

        def fails(_: object) -> int:
            raise OSError("no route to the database")

        monkeypatch.setattr(type(chronicle.log), "head", property(fails))
        answer = client.get("/readyz")
        monkeypatch.undo()
    assert answer.status_code == 503
    assert answer.json()["failure"] == "the log can't be read: no route to the database"


def behind(casus) -> None:
    """Record something that nobody has folded yet."""
    other = open_casus(casus.settings)
    other.projector.catch_up = lambda *_: 0  # type: ignore[method-assign]
    from service.recording import Caller

    other.desk.register_actor(a_profile(id="somebody-new"), Caller(by="a test"))
    other.close()


def test_lag_counts_from_the_oldest_record_that_is_not_shown(app, chronicle, monkeypatch):
    """No longer ready once it is more than the setting says, and ready again when it is made up for."""
    standings = app.state.standings
    behind(chronicle)
    standing = asyncio.run(standings.now())
    assert (standing.log_position, standing.position, standing.lag) == (68, 67, 1)
    assert standing.failure is None
    assert 0 <= standing.lag_seconds < 60
    standings._level_at -= 3_600  # when all was last seen to be shown
    now = readiness.utc_now()
    monkeypatch.setattr(readiness, "utc_now", lambda: now + HELD_UP)
    standing = asyncio.run(standings.now())
    assert standing.lag_seconds >= 90
    assert standing.failure == (
        f"the timelines are {standing.lag_seconds:.0f} seconds behind the log, and may be 60"
        " (CASUS_MAX_LAG)"
    )
    chronicle.settings.max_lag = 1_000.0
    assert asyncio.run(standings.now()).failure is None
    chronicle.settings.max_lag = 60.0
    chronicle.projector.catch_up()
    standing = asyncio.run(standings.now())
    assert (standing.lag, standing.lag_seconds, standing.failure) == (0, 0.0, None)


def test_old_records_that_come_from_elsewhere_are_no_lag_of_years(app, chronicle, clock):
    clock.now = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    assert asyncio.run(app.state.standings.now()).lag == 0
    behind(chronicle)
    assert asyncio.run(app.state.standings.now()).lag_seconds < 60


def test_timelines_that_have_stopped_are_told(app, chronicle):
    chronicle.projector.failure = ProjectionStopped(68, ValueError("a record of the future"))
    standing = asyncio.run(app.state.standings.now())
    assert "position 68 could not be folded" in (standing.failure or "")


def test_a_service_that_was_told_to_stop_is_not_ready_and_ends_connections(app, chronicle, asking):
    assert "connection" not in asking.get("/livez").headers
    app.state.operating.stopping = True
    answer = asking.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failure"] == "it was told to stop"
    assert answer.headers["connection"] == "close"
    assert asking.get("/v1/countries").status_code == 200
