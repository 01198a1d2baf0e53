"""Moving a store, keeping copies of it, and proving that it is what it says, on every store."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from service.access.keys import SCHEMA as KEYS
from service.access.keys import Keys
from service.access.roles import Role
from service.bootstrap import Casus
from service.log import Log
from service.log.recorder import KeyedRequest
from service.state.file import StateFile
from service.state.places import state_at
from service.upkeep import copying
from service.upkeep.backups import new_backup
from service.upkeep.verifying import verify
from service.views import projector
from service.views.store import ViewFolder
from service.webhooks.documents import SubscriptionFilter, SubscriptionRequest
from service.webhooks.store import SCHEMA, Made, Subscriptions
from tests.conftest import CALLER, an_account
from tests.processes import PATIENCE, account, kill, log_rows, run, serving, started, until
from tests.records import a_record
from tests.tampering import tamper

pytestmark = pytest.mark.every_store


@pytest.fixture
def environment(chronicle: Casus, store_address: str) -> dict[str, str]:
    """Where a process finds the store with the bundled chronicle; nobody else has it open."""
    chronicle.close()
    return {"CASUS_STORE": store_address} if store_address else {}


def place(casus: Casus, store_address: str) -> str:
    return store_address or f"sqlite:{casus.settings.home}"


def rows(casus: Casus) -> list[tuple[object, ...]]:
    place = casus.log.place
    return log_rows(place.parent if isinstance(place, Path) else place)


# Moving


def test_a_log_is_moved_byte_for_byte_with_its_keys_and_subscriptions(
    chronicle, environment, store_address, tmp_path
):
    with closing(Log(chronicle.log.place)) as log:
        log.append([a_record(900)], KeyedRequest("a-key", "a-digest"))
    state = state_at(chronicle.log.place, SCHEMA)
    made = Made(3, "2026-11-28T09:00:00Z", "http://casus.example")
    asked = SubscriptionRequest(
        url="https://example.org", filter=SubscriptionFilter(), description=None
    )
    kept = Subscriptions(state).add(asked, made, KeyedRequest("its-key", "x"))
    state.close()
    moved = run(
        *(
            "migrate",
            "--from",
            place(chronicle, store_address),
            "--to",
            f"sqlite:{tmp_path / 'moved'}",
        ),
        home=tmp_path / "none",
    )
    assert moved.returncode == 0, moved.stderr
    assert "68 records, 68 of them copied now, sha256:" in moved.stdout.replace("\n", " ")
    assert log_rows(tmp_path / "moved") == rows(chronicle)
    with closing(Log(tmp_path / "moved" / "log.sqlite")) as log:
        assert log.requests() == [("a-key", "a-digest", 68)]
    with closing(Subscriptions(StateFile(tmp_path / "moved", SCHEMA))) as subscriptions:
        assert subscriptions.all() == [kept]
    back = run(
        *(
            "migrate",
            "--to",
            place(chronicle, store_address),
            "--from",
            f"sqlite:{tmp_path / 'moved'}",
        ),
        home=tmp_path / "none",
    )
    assert "68 records, 0 of them" in back.stdout.replace("\n", " ")


def test_a_move_that_was_cut_short_is_gone_on_with(log, tmp_path, monkeypatch):
    log.append([a_record(number) for number in range(25)], KeyedRequest("a-key", "a-digest"))
    monkeypatch.setattr(copying, "BATCH", 10)

    def stop(done: int, _: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with closing(Log(tmp_path / "target.sqlite")) as target:
        with pytest.raises(KeyboardInterrupt):
            copying.copy(log, target, stop)
        assert target.head == 20
        copied = copying.copy(log, target)
        assert (copied.position, copied.appended) == (25, 5)
        assert copied.digest == copying.digest_of(log) == copying.digest_of(target)
        assert target.requests() == [("a-key", "a-digest", 25)]


def test_a_log_is_not_copied_onto_another(log, tmp_path):
    log.append([a_record(number) for number in range(5)])
    with closing(Log(tmp_path / "target.sqlite")) as target:
        target.append([a_record(0), a_record(1), a_record(7)])
        with pytest.raises(copying.Differs) as refused:
            copying.copy(log, target)
        assert (refused.value.position, target.head) == (3, 3)
        target.append([a_record(number) for number in (8, 9, 10)])
        with pytest.raises(copying.Differs) as refused:
            copying.copy(log, target)
        assert (refused.value.position, target.head) == (6, 6)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--from", "sqlite:nowhere", "--to", "sqlite:there"), "there is no log at nowhere"),
        (("--from", "mysql://secret@db", "--to", "sqlite:there"), "postgresql://"),
        (("--from", "", "--to", "sqlite:there"), "sqlite:FILE"),
    ],
)
def test_a_store_that_is_none_is_refused_before_anything_is_made(arguments, what, tmp_path):
    refused = run("migrate", *arguments, home=tmp_path / "home")
    assert refused.returncode == 2
    assert what in refused.stderr
    assert "secret" not in refused.stderr
    assert list(tmp_path.iterdir()) == []


# Backups


def test_a_backup_is_a_store_of_its_own_which_others_may_not_read(chronicle, environment, tmp_path):
    file = tmp_path / "copies" / "backup.sqlite"
    file.parent.mkdir()
    made = run("backup", file, home=chronicle.settings.home, **environment)
    assert made.returncode == 0, made.stderr
    assert "67 records, sha256:" in made.stdout.replace("\n", " ")
    assert [path.name for path in file.parent.iterdir()] == ["backup.sqlite"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with closing(Log(file)) as log, closing(Log(chronicle.log.place)) as ours:
        assert copying.digest_of(log) == copying.digest_of(ours)
    again = run("backup", file, home=chronicle.settings.home, **environment)
    assert again.returncode == 1
    assert "is there already" in again.stderr


def test_a_backup_is_made_and_restored_while_the_store_is_written_to(
    chronicle, environment, tmp_path
):
    home, file = chronicle.settings.home, tmp_path / "backup.sqlite"
    stopping = threading.Event()
    with serving(home, **environment) as server:

        def write() -> None:
            with httpx.Client(base_url=server.address, timeout=PATIENCE, trust_env=False) as client:
                client.headers.update(server.client.headers)
                number = 0
                while not stopping.is_set():
                    number += 1
                    posted = client.post("/v1/incidents", json=account(f"Incident {number}"))
                    assert posted.status_code == 201

        writer = threading.Thread(target=write)
        writer.start()
        try:
            until(lambda: server.get("/readyz").json()["position"] > 70)
            made = run("backup", file, home=home, **environment)
            assert made.returncode == 0, made.stderr
            # It has the beginning of what the store has by now.
            done = run("restore", file, home=home, **environment)
            assert done.returncode == 1
            assert "records that the source has not" in done.stderr.replace("\n", " ")
        finally:
            stopping.set()
            writer.join()
    with closing(Log(file)) as log:
        whole = rows(chronicle)
        assert 70 < log.head < len(whole)
        kept = [(each.id, each.originator_id.hex) for each in log.entries(0, 10_000)]
        assert kept == [row[:2] for row in whole[: log.head]]
        assert verify(log, None).faults == ()


def test_a_store_that_was_lost_is_restored(chronicle, environment, tmp_path):
    home, file = chronicle.settings.home, tmp_path / "backup.sqlite"
    assert run("backup", file, home=home, **environment).returncode == 0
    before = rows(chronicle)
    tamper(chronicle.log.place, "DELETE FROM LOG WHERE position > 30")
    done = run("restore", file, home=home, **environment)
    assert done.returncode == 0, done.stderr
    assert rows(chronicle) == before
    assert run("verify", home=home, **environment).returncode == 0


def test_what_a_restore_replaces_is_shown_by_whoever_serves(chronicle, environment, tmp_path):
    """Also where the other log ends at the same position."""
    home, file = chronicle.settings.home, tmp_path / "backup.sqlite"
    with closing(Log(chronicle.log.place)) as log:
        log.append([a_record(1), a_record(2)])
    assert run("backup", file, home=home, **environment).returncode == 0
    before = rows(chronicle)
    tamper(chronicle.log.place, "DELETE FROM LOG WHERE position > 67")
    with serving(home, **environment) as server:
        timeline = "/v1/incidents?order=desc&limit=3"
        for title in ("Mistaken", "Wrong"):
            assert server.client.post("/v1/incidents", json=account(title)).status_code == 201
        assert "Wrong" in server.get("/v1/incidents?q=wrong").text
        refused = run("restore", file, home=home, **environment)
        assert refused.returncode == 1
        assert "--replace" in refused.stderr
        assert "position 68" in refused.stderr.replace("\n", " ")
        done = run("restore", "--replace", file, home=home, **environment)
        assert done.returncode == 0, done.stderr
        assert rows(chronicle) == before
        until(lambda: "Wrong" not in server.get("/v1/incidents?q=wrong").text)
        posted = server.client.post("/v1/incidents", json=account("Afterwards"))
        assert posted.json()["position"] == 70
        assert server.get("/v1/incidents?q=wrong").json()["items"] == []
        assert server.get(timeline).status_code == 200
    assert run("verify", home=home, **environment).returncode == 0


def _spoiled(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.write_text("This is no database."), "can't be read"),
        (lambda file: file.write_bytes(b""), "is no backup of a log"),
        (lambda file: file.write_bytes(file.read_bytes()[:9_000]), ""),
        (lambda file: _spoiled(file, "DROP TABLE stored_events"), "is no backup of a log"),
        (lambda file: _spoiled(file, "DELETE FROM stored_events"), "has no record"),
        (
            lambda file: _spoiled(file, "DELETE FROM stored_events WHERE position = 30"),
            "position 30: there is no record",
        ),
        (
            lambda file: _spoiled(file, "UPDATE stored_events SET topic = 'x' WHERE position = 9"),
            "position 9",
        ),
        (lambda file: _spoiled(file, "UPDATE state SET version = 99"), "version 99"),
    ],
)
def test_what_is_no_sound_backup_is_refused_and_changes_nothing(
    spoil, said, chronicle, environment, tmp_path
):
    home, file = chronicle.settings.home, tmp_path / "backup.sqlite"
    with closing(Keys(state_at(chronicle.log.place, KEYS))) as keys:
        keys.create("someone", Role.ADMIN)
    assert run("backup", file, home=home, **environment).returncode == 0
    tamper(chronicle.log.place, "DELETE FROM LOG WHERE position > 60")
    before = rows(chronicle)
    spoil(file)
    bytes_before = file.read_bytes()
    for replacing in ([], ["--replace"]):
        refused = run("restore", *replacing, file, home=home, **environment)
        told = " ".join(refused.stderr.split())
        assert refused.returncode == 1
        assert "nothing was restored" in told
        assert said in told
        assert "Traceback" not in told
    assert rows(chronicle) == before
    assert file.read_bytes() == bytes_before
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("backup")] == [
        file.name
    ]


def test_a_backup_on_a_disk_that_can_only_be_read_is_restored(chronicle, environment, tmp_path):
    folder = tmp_path / "read only"
    folder.mkdir()
    file = folder / "backup.sqlite"
    assert run("backup", file, home=chronicle.settings.home, **environment).returncode == 0
    before = rows(chronicle)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
    tamper(chronicle.log.place, "DELETE FROM LOG WHERE position > 30")
    file.chmod(0o400)
    folder.chmod(0o500)
    done = run("restore", file, home=chronicle.settings.home, **environment)
    folder.chmod(0o700)
    assert done.returncode == 0, done.stderr
    assert rows(chronicle) == before
    assert list(folder.iterdir()) == [file]


def test_of_two_backups_to_the_same_file_one_is_made(chronicle, environment, tmp_path):
    home, file = chronicle.settings.home, tmp_path / "backup.sqlite"
    both = [started("backup", file, home=home, **environment) for _ in range(2)]
    told = [each.communicate(timeout=PATIENCE)[1] for each in both]
    assert sorted(each.returncode for each in both) == [0, 1], told
    assert "is there already" in "".join(told)
    with closing(Log(file)) as log:
        assert verify(log, None).faults == ()


def test_a_backup_is_made_on_a_disk_without_links_as_well(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    file = tmp_path / "backup.sqlite"
    with new_backup(file) as staged, closing(Log(staged)) as log:
        log.append([a_record(1)])
    with pytest.raises(FileExistsError), new_backup(file):
        pass
    assert list(tmp_path.iterdir()) == [file]
    with closing(Log(file)) as log:
        assert log.head == 1


def test_keys_that_are_there_stay_and_that_is_said_unless_the_backup_takes_their_place(
    chronicle, environment, tmp_path
):
    home, file = chronicle.settings.home, tmp_path / "backup.sqlite"
    with closing(Keys(state_at(chronicle.log.place, KEYS))) as keys:
        of_backup = keys.create("of the backup", Role.ADMIN)
        assert run("backup", file, home=home, **environment).returncode == 0
        keys.revoke("of the backup")
        later = keys.create("of later", Role.ADMIN)
    done = run("restore", file, home=home, **environment)
    assert done.returncode == 0, done.stderr
    assert "The keys that are there stay" in " ".join(done.stdout.split())
    tamper(chronicle.log.place, "UPDATE LOG SET topic = 'x' WHERE position = 1")
    done = run("restore", "--replace", file, home=home, **environment)
    assert done.returncode == 0, done.stderr
    assert "left out" not in done.stdout
    with closing(Keys(state_at(chronicle.log.place, KEYS))) as keys:
        assert keys.verify(of_backup.text)
        assert keys.verify(later.text) is None


def test_what_was_revoked_between_two_moves_is_revoked_in_the_target(
    chronicle, environment, store_address, tmp_path
):
    move = (
        "migrate",
        "--from",
        place(chronicle, store_address),
        "--to",
        f"sqlite:{tmp_path / 'to'}",
    )
    with closing(Keys(state_at(chronicle.log.place, KEYS))) as keys:
        revoked = keys.create("alice", Role.ADMIN)
        assert run(*move, home=tmp_path / "none").returncode == 0
        keys.revoke("alice")
        made = keys.create("carol", Role.CURATOR)
        assert run(*move, home=tmp_path / "none").returncode == 0
    with closing(Keys(StateFile(tmp_path / "to", KEYS))) as keys:
        assert keys.verify(revoked.text) is None
        assert keys.verify(made.text)


def test_a_log_that_is_replaced_while_others_write_is_compared_up_to_its_end(
    casus, tmp_path, monkeypatch
):
    replaced = casus.log.replace

    def with_more(*given):
        replaced(*given)
        casus.log.append([a_record(900)])

    monkeypatch.setattr(casus.log, "replace", with_more)
    with closing(Log(tmp_path / "other.sqlite")) as other:
        other.append([a_record(1), a_record(2)])
        assert copying.replace(other, casus.log).position == 2
    assert casus.log.head == 3


def test_what_is_no_file_is_no_backup(chronicle, environment, tmp_path):
    missing = run("restore", tmp_path / "none.sqlite", home=chronicle.settings.home, **environment)
    assert (missing.returncode, "there is no file" in missing.stderr) == (1, True)
    assert len(rows(chronicle)) == 67


# Proof


def test_a_sound_store_is_found_so_and_its_digest_is_that_of_every_copy(
    chronicle, environment, tmp_path
):
    shown = run("verify", "--json", home=chronicle.settings.home, **environment)
    verdict = json.loads(shown.stdout)
    assert (shown.returncode, verdict["position"], verdict["faults"]) == (0, 67, [])
    file = tmp_path / "backup.sqlite"
    assert verdict["digest"] in run(
        "backup", file, home=chronicle.settings.home, **environment
    ).stdout.replace("\n", "")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM LOG WHERE position = 40", "position 40: there is no record"),
        ("UPDATE LOG SET originator_version = 9 WHERE position = 3", "position 3: version 9"),
        (
            "UPDATE LOG SET topic = 'incident-foreseen.v1' WHERE position = 50",
            "position 50: no record",
        ),
        ("UPDATE LOG SET state = CAST('{}' AS BYTES) WHERE position = 67", "position 67:"),
    ],
)
def test_a_log_that_was_tampered_with_is_found_out(chronicle, statement, fault):
    before = verify(chronicle.log, None).digest
    tamper(chronicle.log.place, statement)
    verdict = verify(chronicle.log, None)
    assert verdict.digest != before
    assert any(fault in each for each in verdict.faults), verdict.faults


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM country_timeline WHERE subject = 'UZB'", "rows of country_timeline"),
        (
            "UPDATE incident_version SET to_position = 50 WHERE version_id = 3",
            "rows of incident_version",
        ),
        (
            "UPDATE actor_timeline SET version_id = version_id % 9 + 1 WHERE version_id = 20",
            "rows of actor_timeline",
        ),
        ("UPDATE series_delta SET best = best + 1", "rows of series_delta"),
        ("UPDATE series_delta SET incidents = -2 WHERE incidents = -1", "rows of series_delta"),
        (
            "INSERT INTO incident_text (rowid, text) VALUES (9999, 'never')",
            "words that a search finds",
        ),
    ],
)
def test_rows_that_were_tampered_with_are_found_out(chronicle, statement, fault):
    path = chronicle.projector.generation.path
    assert verify(chronicle.log, path).faults == ()
    with closing(sqlite3.connect(path)) as views, views:
        views.execute(statement)
    faults = verify(chronicle.log, path).faults
    assert len(faults) == 1
    assert fault in faults[0]


def test_rows_that_were_written_a_few_at_a_time_are_no_others(chronicle, monkeypatch):
    """The numbers of versions depend on that: those of an incident that is revised are written last."""
    monkeypatch.setattr(projector, "REBUILD_BATCH", 1)
    folding = projector.Projector(chronicle.log, ViewFolder(chronicle.settings.home / "few"))
    folding.open()
    monkeypatch.undo()
    assert verify(chronicle.log, folding.generation.path).faults == ()
    folding.close()


def test_what_is_recorded_while_it_is_looked_at_is_no_fault(chronicle):
    path = chronicle.projector.generation.path
    done = []

    def record(position: int, _: int) -> None:
        if len(done) < 5:
            done.append(chronicle.desk.report_incident(an_account(title=f"{position}"), CALLER))

    verdict = verify(chronicle.log, path, record)
    assert (verdict.position, verdict.faults, len(done) > 1) == (67, (), True)


def test_a_verification_of_a_store_that_stopped_says_why(chronicle, environment):
    tamper(chronicle.log.place, "UPDATE LOG SET topic = 'incident-foreseen.v1' WHERE position = 67")
    with closing(Log(chronicle.log.place)) as log:
        log.append([a_record(1)])
    refused = run("verify", home=chronicle.settings.home, **environment)
    assert refused.returncode == 1
    assert "position 67" in refused.stdout + refused.stderr


def test_a_move_that_is_killed_is_completed_by_the_next(log, tmp_path):
    log.append([a_record(number) for number in range(30_000)])
    where = log.place if isinstance(log.place, str) else f"sqlite:{log.place}"
    move = ("migrate", "--from", where, "--to", f"sqlite:{tmp_path / 'moved'}")
    process = started(*move, home=tmp_path / "none")

    def is_begun() -> bool:
        with suppress(sqlite3.OperationalError):
            return len(log_rows(tmp_path / "moved")) > 0
        return False

    until(is_begun)
    kill(process)
    assert run(*move, home=tmp_path / "none").returncode == 0
    with closing(Log(tmp_path / "moved" / "log.sqlite")) as moved:
        assert copying.digest_of(moved) == copying.digest_of(log)
