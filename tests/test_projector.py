"""The projector stops loudly, skips nothing, and makes anew whatever rows can't be trusted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import projections
from service.bootstrap import Casus, open_casus
from service.reading.clocks import instant_text
from service.reading.selection import Selection, SubjectKey
from service.settings import Settings
from service.views.projector import ProjectionStopped
from tests.conftest import CALLER, SettableClock, an_account
from tests.tampering import tamper

pytestmark = pytest.mark.every_store

AFGHANISTAN = Selection(subject=SubjectKey("country", "AFG"))


def record_of_a_newer_casus(casus: Casus) -> int:
    """Append a record that this version can't read; its position."""
    position = casus.log.head + 1
    tamper(
        casus.log.place,
        "INSERT INTO LOG (position, originator_id, originator_version, topic, state)"
        " VALUES (?, ?, 1, 'incident-foreseen.v1', '{}')",
        (position, "f" * 32),
    )
    return position


def become_readable(casus: Casus, position: int) -> None:
    """Give the record what this version reads."""
    tamper(
        casus.log.place,
        "UPDATE LOG SET (topic, state) ="
        " (SELECT topic, state FROM LOG WHERE topic = 'incident-reported.v3' LIMIT 1)"
        " WHERE position = ?",
        (position,),
    )


def everything(casus: Casus) -> list[bytes]:
    """All entries as they stand."""
    return casus.reader.page(Selection(), casus.reader.moment(), None, 1_000).items


def test_a_record_that_cannot_be_read_stops_the_timelines_right_before_it(chronicle: Casus) -> None:
    casus = chronicle
    shown = everything(casus)
    position = record_of_a_newer_casus(casus)

    with pytest.raises(ProjectionStopped, match="incident-foreseen") as stopped:
        casus.projector.catch_up()

    assert stopped.value.position == position
    assert casus.projector.failure is stopped.value
    assert casus.reader.head == position - 1
    assert everything(casus) == shown


def test_what_came_before_an_unreadable_record_is_shown_and_nothing_after_it(casus: Casus) -> None:
    casus.desk.report_incident(an_account(title="before"), CALLER)
    other = open_casus(casus.settings)
    position = record_of_a_newer_casus(casus)
    with pytest.raises(ProjectionStopped):
        casus.projector.catch_up()
    # A process that does not know of the trouble records one more.
    written = other.desk.report_incident(an_account(title="after"), CALLER)
    other.close()

    assert not written.shown
    assert casus.log.head == position + 1
    assert [b'"before"' in entry for entry in everything(casus)] == [True]


def test_nothing_is_recorded_while_the_timelines_have_stopped(casus: Casus) -> None:
    record_of_a_newer_casus(casus)
    with pytest.raises(ProjectionStopped):
        casus.projector.catch_up()
    head = casus.log.head

    with pytest.raises(ProjectionStopped):
        casus.desk.report_incident(an_account(), CALLER)

    assert casus.log.head == head


def test_the_timelines_go_on_once_the_cause_is_gone(chronicle: Casus) -> None:
    casus = chronicle
    position = record_of_a_newer_casus(casus)
    with pytest.raises(ProjectionStopped):
        casus.projector.catch_up()

    become_readable(casus, position)
    assert casus.projector.catch_up() == position

    assert casus.projector.failure is None
    casus.desk.report_incident(an_account(), CALLER)
    assert casus.reader.head == position + 1


def test_a_stopped_store_is_served_as_far_as_it_is_shown_and_says_so(
    chronicle: Casus, client: TestClient
) -> None:
    position = record_of_a_newer_casus(chronicle)
    with pytest.raises(ProjectionStopped):
        chronicle.projector.catch_up()

    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["lag"] == 1
    assert f"position {position}" in ready.json()["failure"]
    assert client.get("/v1/countries/AFG/timeline").status_code == 200
    refused = client.post(
        "/v1/actors", json={"id": "x", "kind": "person", "names": [{"text": "X"}]}
    )
    assert refused.status_code == 503
    assert refused.json()["type"] == "/problems/projection-stopped"


def damaged(views: Path) -> None:
    """Overwrite the middle of the current file."""
    path = views / (views / "CURRENT").read_text().strip()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 3 * 4096)


def emptied(views: Path) -> None:
    """Leave nothing of the current file."""
    (views / (views / "CURRENT").read_text().strip()).write_bytes(b"")


def of_another_version(views: Path) -> None:
    """Call the current file one of an older Casus."""
    current = views / (views / "CURRENT").read_text().strip()
    current.rename(views / "0.0-1.sqlite")
    (views / "CURRENT").write_text("0.0-1.sqlite\n")


def pointing_nowhere(views: Path) -> None:
    """Name a file that is not there."""
    (views / "CURRENT").write_text(f"{projections.VERSION}-77.sqlite\n")


@pytest.mark.parametrize(
    "spoil", [shutil.rmtree, damaged, emptied, of_another_version, pointing_nowhere]
)
def test_rows_that_cannot_be_trusted_are_made_anew(home: Path, spoil: object) -> None:
    settings = Settings(CASUS_HOME=home, _env_file=None)
    casus = open_casus(settings)
    shown = everything(casus)
    casus.close()

    spoil(home / "views")  # type: ignore[operator]
    casus = open_casus(settings)

    assert everything(casus) == shown
    casus.desk.report_incident(an_account(), CALLER)
    assert len(everything(casus)) == len(shown) + 1
    casus.close()


def test_rows_ahead_of_the_log_are_made_anew(home: Path, tmp_path: Path) -> None:
    settings = Settings(CASUS_HOME=home, _env_file=None)
    shutil.copytree(home, tmp_path / "earlier")
    casus = open_casus(settings)
    shown = everything(casus)
    casus.desk.report_incident(an_account(), CALLER)
    casus.close()

    shutil.copy(tmp_path / "earlier" / "log.sqlite", home / "log.sqlite")
    casus = open_casus(settings)

    assert everything(casus) == shown
    casus.close()


def test_a_clock_that_jumps_back_reorders_nothing(casus: Casus, clock: SettableClock) -> None:
    first = casus.desk.report_incident(an_account(), CALLER).position
    late = instant_text(clock.now)
    clock.advance(days=-30)
    early = instant_text(clock.now)
    second = casus.desk.report_incident(an_account(), CALLER).position
    clock.advance(days=60)
    third = casus.desk.report_incident(an_account(), CALLER).position

    assert casus.reader.moment(as_of=early).position == 0
    assert casus.reader.moment(as_of=late).position == second
    assert casus.reader.moment(as_of="9999-12-31T00:00:00.000000Z").position == third
    assert casus.reader.moment(position=first).as_of == late
    assert casus.reader.moment(position=second).as_of == late


def test_an_instant_before_the_first_record_reads_an_empty_store(chronicle: Casus) -> None:
    moment = chronicle.reader.moment(as_of="2000-01-01T00:00:00.000000Z")
    assert (moment.position, moment.as_of) == (0, None)
    assert chronicle.reader.page(AFGHANISTAN, moment, None, 10).items == []
