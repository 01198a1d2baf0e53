"""Rebuilds: what is in use while one goes on, when it fails, and when another process has made one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

import projections
from domain.records import Recorded
from domain.revisions import MergeIncident
from domain.values import Participant, Place
from domain.vocabulary import ParticipantRole
from projections.store import COUNT_VERSIONS
from service.bootstrap import Casus, open_casus
from service.log import Log
from service.reading.selection import Selection
from service.settings import Settings
from service.upkeep import copying
from service.upkeep.verifying import verify
from service.views import projector
from service.views.histories import LogHistories
from service.views.projector import ProjectionStopped
from service.views.store import Generation
from tests.conftest import CALLER, a_profile, an_account
from tests.records import EXAMPLES, a_record
from tests.tampering import tamper

pytestmark = pytest.mark.every_store


def titles(casus: Casus) -> list[str]:
    page = casus.reader.page(Selection(), casus.reader.moment(), None, 1_000)
    return [item.split(b'"title":"')[1].split(b'"')[0].decode() for item in page.items]


def files(casus: Casus) -> list[Path]:
    return sorted((casus.settings.home / "views").glob("*.sqlite"))


@contextmanager
def unreadable(casus: Casus, position: int) -> Iterator[None]:
    """While it lasts, the record at a position has a topic that this version does not know."""
    ((topic,),) = tamper(casus.log.place, "SELECT topic FROM LOG WHERE position = ?", (position,))
    rename = "UPDATE LOG SET topic = ? WHERE position = ?"
    tamper(casus.log.place, rename, ("incident-foreseen.v1", position))
    yield
    tamper(casus.log.place, rename, (topic, position))


@pytest.mark.parametrize("more", [0, 5])
def test_a_log_that_is_replaced_while_it_is_followed_is_folded_anew(
    three, tmp_path, monkeypatch, more
):
    """Between the look at whose log it is, and the reading of its records."""
    with closing(Log(tmp_path / "other.sqlite")) as other:
        other.append([a_record(number) for number in range(1, 5 + more)])
        looked, follow = [], three.projector._follow

        def replaced_meanwhile(*given):
            if not looked:
                looked.append(1)
                copying.replace(other, three.log)
            return follow(*given)

        monkeypatch.setattr(three.projector, "_follow", replaced_meanwhile)
        three.log.append([a_record(900)])
        assert three.projector.catch_up() == 4 + more
        assert looked
        assert verify(three.log, three.projector.generation.path).faults == ()


@pytest.fixture
def three(casus: Casus) -> Casus:
    """A store with three incidents, A, B and C."""
    for title in "ABC":
        casus.desk.report_incident(an_account(title=title), CALLER)
    return casus


def test_a_rebuild_leaves_one_file_and_the_same_answers(three):
    before = files(three)
    assert three.projector.rebuild() == 3
    assert titles(three) == ["A", "B", "C"]
    assert len(files(three)) == 1
    assert files(three) != before


def test_a_rebuild_that_fails_leaves_everything_as_it_was(three):
    before = files(three)
    with unreadable(three, 2), pytest.raises(ProjectionStopped) as stopped:
        three.projector.rebuild()
    assert stopped.value.position == 2
    assert (files(three), titles(three)) == (before, ["A", "B", "C"])
    three.desk.report_incident(an_account(title="D"), CALLER)
    assert titles(three) == ["A", "B", "C", "D"]
    assert three.projector.rebuild() == 4


@pytest.mark.parametrize("size", [1, 2, 1_000])
@pytest.mark.parametrize("bad", [1, 2, 3])
def test_a_first_build_shows_all_that_comes_before_a_record_that_fails(
    three, monkeypatch, size, bad
):
    three.close()
    for each in (three.settings.home / "views").iterdir():
        each.unlink()
    monkeypatch.setattr(projector, "REBUILD_BATCH", size)
    with unreadable(three, bad):
        with closing(open_casus(three.settings)) as casus:
            assert casus.projector.failure.position == bad
            assert casus.reader.head == bad - 1
            assert titles(casus) == ["A", "B", "C"][: bad - 1]
        with closing(open_casus(three.settings)) as again:  # from the file that is there
            assert titles(again) == ["A", "B", "C"][: bad - 1]
            assert again.projector.failure.position == bad
            assert len(files(again)) == 1
    with closing(open_casus(three.settings)) as mended:
        assert mended.projector.failure is None
        assert titles(mended) == ["A", "B", "C"]


def test_a_rebuild_by_another_process_is_noticed_before_the_next_write(three, clock):
    before = titles(three)
    with closing(open_casus(three.settings, clock)) as other:
        other.projector.rebuild()
        assert titles(three) == before  # from the file that it has open
        three.desk.report_incident(an_account(title="D"), CALLER)
        assert three.projector.generation.path == other.projector.generation.path
        assert titles(three) == titles(other) == ["A", "B", "C", "D"]
        assert not three.projector.notice_switch()


def test_a_rebuild_by_another_process_is_noticed_by_a_reader_that_finds_its_file_gone(three):
    with closing(open_casus(three.settings)) as other:
        other.projector.rebuild()
        assert titles(three) == ["A", "B", "C"]
        assert three.projector.generation.path == other.projector.generation.path


def test_a_switch_loses_nothing_that_was_shown_before_it(three, clock):
    with closing(open_casus(three.settings, clock)) as other:
        other.projector.rebuild()
        other.projector.generation.close()  # it does nothing more
        three.log.append([a_record(9)])
        assert three.projector.notice_switch()
        assert three.reader.head == 4


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"\x00" * 40, b"../log.sqlite\n"])
def test_a_pointer_that_says_nothing_leads_to_a_rebuild(three, content):
    three.close()
    (three.settings.home / "views" / "CURRENT").write_bytes(content)
    with closing(open_casus(three.settings)) as casus:
        assert titles(casus) == ["A", "B", "C"]
        assert len(files(casus)) == 1


def test_other_files_in_the_folder_of_the_timelines_are_nobodys_trouble(three):
    three.close()
    (three.settings.home / "views" / "notes-mine.txt").write_text("keep")
    with closing(open_casus(three.settings)) as casus:
        casus.projector.rebuild()
        assert titles(casus) == ["A", "B", "C"]
    assert (three.settings.home / "views" / "notes-mine.txt").read_text() == "keep"


def test_a_rebuild_closes_versions_by_an_index(log: Log, tmp_path: Path):
    """Or its time would grow with the square of the log."""
    log.append([a_record(1), a_record(2), a_record(1, 2), a_record(2, 2), a_record(2, 3)])
    merge = EXAMPLES["incident-merged.v1"]
    log.append([Recorded(0, UUID(int=1), 3, replace(merge, into=UUID(int=2))), a_record(1, 4)])
    generation = Generation(tmp_path / "views.sqlite", create=True)
    generation.close()
    plans = []
    with closing(sqlite3.connect(generation.path)) as store:
        for after, limit in ((0, 2), (2, 4), (6, 1)):
            records = log.read(after, limit)
            (versions,) = store.execute(COUNT_VERSIONS).fetchone()
            for sql, rows in projections.fold(records, LogHistories(log)).numbered(versions):
                if sql.startswith("UPDATE"):
                    for row in rows:
                        plans += store.execute(f"EXPLAIN QUERY PLAN {sql}", row).fetchall()
                else:
                    assert sql.startswith("INSERT")
                store.executemany(sql, rows)
        for closed in ("incident_version WHERE to_position < 1000", "incident_merged"):
            assert store.execute(f"SELECT count(*) FROM {closed}").fetchone() > (0,)
    assert plans
    for *_, detail in plans:
        assert "USING INDEX incident_" in detail
        assert "_by_incident (incident=" in detail


def test_a_log_that_was_deleted_leaves_no_timelines(three):
    three.close()
    tamper(three.log.place, "DELETE FROM LOG")
    with closing(open_casus(three.settings)) as casus:
        assert (casus.reader.head, titles(casus)) == (0, [])


def answers(casus: Casus) -> list[object]:
    """What is remembered by positions, read at each of them."""
    reader, found = casus.reader, list[object]()
    for position in range(1, reader.head + 1):
        moment = reader.moment(position)
        found += [
            moment,
            reader.page(Selection(), moment, None, 10),
            reader.countries(moment),
            reader.datasets.all(moment),
            reader.extents.of_all(moment),
            [reader.actors.get(slug, position) for slug in ("taliban", "allies")],
        ]
    return found


def test_nothing_is_remembered_of_a_log_in_whose_place_another_was_put(casus, clock, tmp_path):
    """Of the same length, so that every position is there in both."""
    with closing(open_casus(Settings(CASUS_HOME=tmp_path / "other", _env_file=None))) as other:
        for each, merges, title in ((casus, True, "Before"), (other, False, "After")):
            each.desk.register_actor(a_profile(name=title), CALLER)
            each.desk.register_actor(a_profile(id="allies", name=f"{title} allies"), CALLER)
            place = Place(name="Here", country="AFG" if merges else "UZB")
            who = (Participant(actor="taliban", role=ParticipantRole.INITIATOR),)
            account = an_account(title=title, place=place, participants=who)
            one = each.desk.report_incident(account, CALLER)
            two = each.desk.report_incident(an_account(title=f"{title} too"), CALLER)
            if merges:
                into = MergeIncident(into=one.stream, reason="They are one.")
                each.desk.revise_incident(two.stream, into, CALLER)
            else:
                each.desk.report_incident(an_account(title="After all"), CALLER)
        assert casus.log.head == other.log.head == 5
        assert answers(casus) != answers(other)
        assert casus.log.last_merge == 5
        told: list[str] = []
        casus.projector.forgetters.append(lambda: told.append("forget"))
        with closing(Log(casus.log.place)) as elsewhere:  # as by a process of its own
            elsewhere.replace((), [other.log.entries(0)])
        casus.projector.catch_up()
        assert answers(casus) == answers(other)
        assert (casus.log.last_merge, told) == (0, ["forget"])
        casus.projector.rebuild()
        assert told == ["forget"]
