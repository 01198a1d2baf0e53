"""Keys: what is kept of them, who is let in by them and for how long, and `casus keys`."""

from __future__ import annotations

import datetime
import json
import re
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from eventsourcing.persistence import OperationalError

from service.access import first
from service.access import keys as keys_module
from service.access.callers import REMEMBERED
from service.access.errors import KeyRefused
from service.access.keys import LONGEST_NAME, SCHEMA, Keys
from service.access.roles import Role
from service.settings import Settings
from service.state.places import state_at
from tests.conftest import SettableClock
from tests.processes import PATIENCE, ask, run, serving
from tests.refusals import problem

pytestmark = pytest.mark.every_store


@pytest.fixture
def keys(settings: Settings, clock: SettableClock) -> Iterator[Keys]:
    """The keys of a store that has none yet."""
    with closing(Keys(state_at(settings.log_place, SCHEMA), clock)) as opened:
        yield opened


# What is kept


def test_a_key_is_known_by_its_text_and_the_text_is_kept_nowhere(keys, tmp_path):
    new = keys.create("newsroom", Role.CURATOR)
    assert re.fullmatch(r"casus_[0-9a-f]{12}_[0-9a-f]{64}", new.text)
    assert keys.verify(new.text).name == "newsroom"
    with keys.state.reading() as cursor:
        cursor.execute("SELECT * FROM api_key")
        kept = str([tuple(row) for row in cursor.fetchall()])
    secret = new.text.rpartition("_")[2]
    assert new.key.id in kept
    assert secret not in kept
    assert secret not in repr(new.key)
    for file in tmp_path.rglob("keys*"):
        assert secret.encode() not in file.read_bytes()


def test_two_keys_have_nothing_in_common(keys):
    one, other = keys.create("one", Role.ADMIN), keys.create("other", Role.ADMIN)
    assert one.text.split("_")[1:] != other.text.split("_")[1:]
    mixed = "_".join(["casus", one.key.id, other.text.rpartition("_")[2]])
    assert keys.verify(mixed) is None


@pytest.mark.parametrize(
    "text", ["", "casus", "casus__", "casus_0123456789ab_", "é" * 90, "casus_" + "0" * 77, "\0"]
)
def test_what_is_no_key_opens_nothing(text, keys):
    keys.create("newsroom", Role.ADMIN)
    assert keys.verify(text) is None


def test_a_key_differs_in_every_character(keys):
    text = keys.create("newsroom", Role.ADMIN).text
    for place in range(6, len(text)):
        other = "0" if text[place] != "0" else "1"
        assert keys.verify(f"{text[:place]}{other}{text[place + 1 :]}") is None
    assert keys.verify(text.upper()) is None
    assert keys.verify(f"{text}\n") is None


def test_a_store_without_keys_has_none_and_makes_nothing_to_say_so(keys, tmp_path):
    assert keys.all() == []
    assert keys.verify(f"casus_{'0' * 12}_{'0' * 64}") is None
    assert not keys.has_name("newsroom")
    with pytest.raises(KeyRefused, match="there is no key 'newsroom'"):
        keys.revoke("newsroom")
    assert not list(tmp_path.glob("keys*"))


@pytest.mark.file_store
def test_the_file_of_keys_is_for_its_owner_alone(keys, tmp_path):
    keys.create("newsroom", Role.ADMIN)
    assert stat.S_IMODE((tmp_path / "keys.sqlite").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "two\nlines",
        "casus",
        "Casus load",
        " casus load",
        "newsroom ",
        "news  room",
        "news\u200broom",
        "\u202enewsroom",
        "news\ue000room",
        "Maria\u00a0Lopez",
        "Maria\u2007Lopez",
        "Maria\u3000Lopez",
        "cafe\u0301",
        "\u212bngstr\u00f6m",
        "0123456789ab",
        "x" * (LONGEST_NAME + 1),
    ],
)
def test_a_name_that_would_be_taken_for_another_is_refused(name, keys):
    with pytest.raises(KeyRefused):
        keys.create(name, Role.ADMIN)
    assert keys.all() == []


# Revoking


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_key_that_is_revoked_opens_nothing_and_stays_listed(by, keys, clock):
    new = keys.create("newsroom", Role.CURATOR)
    kept = keys.create("other", Role.CURATOR)
    clock.advance(days=1)
    revoked = keys.revoke(getattr(new.key, by))
    assert revoked.revoked == "2021-07-16T09:00:00.000000Z"
    assert keys.verify(new.text) is None
    assert keys.verify(kept.text) is not None
    assert {key.name: key.revoked is None for key in keys.all()} == {
        "newsroom": False,
        "other": True,
    }
    with pytest.raises(KeyRefused, match="was revoked before"):
        keys.revoke("newsroom")


def test_a_key_opens_also_while_its_use_cannot_be_written_down(keys, monkeypatch):
    """Commits may wait for a standby that is away: reads do not."""
    text = keys.create("newsroom", Role.CURATOR).text
    going, over = threading.Event(), threading.Event()

    @contextmanager
    def waiting() -> Iterator[None]:
        going.wait(5)
        over.set()
        raise OperationalError("canceled")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(keys_module, "PATIENCE", 0.01)
        patch.setattr(keys.state, "writing", waiting)
        for _ in range(3):  # nor do the next ones, of whom nothing is written down
            assert keys.verify(text) is not None
        assert not over.is_set()
        going.set()
        assert over.wait(PATIENCE)
        with keys._noting:  # it is let go of in the end
            pass
    assert keys.verify(text) is not None
    assert keys.all()[0].last_used is not None


def test_a_name_has_one_key_at_a_time_and_may_have_another_after_it(keys):
    first_key = keys.create("newsroom", Role.CURATOR)
    with pytest.raises(KeyRefused, match="there is a key 'newsroom'"):
        keys.create("newsroom", Role.ADMIN)
    keys.revoke("newsroom")
    second = keys.create("newsroom", Role.CONTRIBUTOR)
    assert keys.verify(first_key.text) is None
    assert keys.verify(second.text).role is Role.CONTRIBUTOR
    keys.revoke("newsroom")
    assert keys.verify(second.text) is None
    assert keys.has_name("newsroom")


@pytest.mark.parametrize(
    ("name", "like"), [("Maria", "maria"), ("Straße", "STRASSE"), ("café", "CAFÉ"), ("ab", "ａｂ")]
)
def test_a_name_that_differs_in_case_alone_is_refused_and_taken_for_the_same(name, like, keys):
    keys.create(name, Role.CURATOR)
    keys.create("another", Role.CURATOR)
    assert keys.has_name(like)
    with pytest.raises(KeyRefused, match=f"{like!r} could be taken for that"):
        keys.create(like, Role.CURATOR)
    keys.revoke(name)
    with pytest.raises(KeyRefused, match=f"{like!r} could be taken for that"):
        keys.create(like, Role.CURATOR)
    assert keys.create(name, Role.CURATOR).key.name == name


def test_names_that_differ_in_case_alone_and_were_there_before_are_made_again(keys):
    keys.create("anna", Role.CURATOR)
    keys.create("Bert", Role.CURATOR)
    with keys.state.writing() as cursor:  # a Casus that did not compare them has made it
        cursor.execute("UPDATE api_key SET name = ? WHERE name = ?", ("Anna", "Bert"))
    for name in ("anna", "Anna"):
        with pytest.raises(KeyRefused, match=f"there is a key '{name}'; revoke it first"):
            keys.create(name, Role.CURATOR)
        keys.revoke(name)
    for name in ("anna", "Anna"):
        assert keys.create(name, Role.CURATOR).key.name == name
    with pytest.raises(KeyRefused, match="'ANNA' could be taken for that"):
        keys.create("ANNA", Role.CURATOR)


# When it was used


def test_when_a_key_was_used_last_is_written_once_a_minute(keys, clock):
    text = keys.create("newsroom", Role.ADMIN).text

    def used() -> str | None:
        return keys.all()[0].last_used

    assert used() is None
    keys.verify(text)
    assert used() == "2021-07-15T09:00:00.000000Z"
    clock.advance(seconds=59)
    keys.verify(text)
    assert used() == "2021-07-15T09:00:00.000000Z"
    clock.advance(seconds=2)
    keys.verify(text)
    assert used() == "2021-07-15T09:01:01.000000Z"


def test_a_key_opens_where_nothing_can_be_written(keys, monkeypatch, caplog):
    text = keys.create("newsroom", Role.ADMIN).text

    def fails() -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(keys.state, "writing", fails)
    assert keys.verify(text).name == "newsroom"
    assert "could not be written down: the disk is full" in caplog.text
    assert text not in caplog.text


def test_a_key_revoked_on_another_node_is_refused_when_it_is_no_longer_remembered(
    client, casus, monkeypatch
):
    callers = client.app.state.callers
    actor = {"id": "nato", "kind": "organisation", "names": [{"text": "NATO"}]}
    assert client.post("/v1/actors", json=actor).status_code == 201
    with closing(Keys(casus.state(SCHEMA))) as other_node:
        other_node.revoke("an editor")
    problem(client.post("/v1/actors", json=actor), "actor-exists")  # it is still remembered
    now = callers._now
    monkeypatch.setattr(callers, "_now", lambda: now() + REMEMBERED)
    problem(client.post("/v1/actors", json=actor), "key-refused")
    assert not callers._known


def test_what_is_remembered_is_bounded_and_holds_no_key(client, monkeypatch):
    callers = client.app.state.callers
    monkeypatch.setattr("service.access.callers.MOST_REMEMBERED", 3)
    texts = [callers.keys.create(f"key {number}", Role.ADMIN).text for number in range(5)]
    for text in texts:
        client.get("/v1/imports", headers={"authorization": f"Bearer {text}"})
    assert len(callers._known) == 3
    assert not any(text.encode() in repr(callers._known).encode() for text in texts)


def test_a_store_of_keys_that_does_not_answer_lets_nobody_in(client, monkeypatch):
    def fails() -> None:
        raise OperationalError("no answer")

    monkeypatch.setattr(client.app.state.callers.keys.state, "reading", fails)
    found = problem(client.post("/v1/actors", json={}), "busy")
    assert "no answer" not in str(found)


# The first


def test_the_first_key_is_made_once_in_a_file_for_its_owner_alone(settings, keys, tmp_path):
    path = first.make_first_key(settings)
    assert path == tmp_path / "admin.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = keys.verify(path.read_text().strip())
    assert (key.name, key.role) == ("admin", Role.ADMIN)
    assert first.make_first_key(settings) is None
    keys.revoke("admin")
    path.unlink()
    assert first.make_first_key(settings) is None
    assert not path.exists()


def test_a_store_that_has_a_key_gets_no_other(settings, keys, tmp_path):
    keys.create("newsroom", Role.CONTRIBUTOR)
    assert first.make_first_key(settings) is None
    assert not (tmp_path / "admin.key").exists()


def test_a_first_key_that_could_not_be_written_down_opens_nothing(settings, keys, tmp_path):
    (tmp_path / "admin.key").mkdir()
    with pytest.raises(OSError, match=r"admin\.key"):
        first.make_first_key(settings)
    assert [key.revoked is None for key in keys.all()] == [False]
    assert not list(tmp_path.glob(".admin*"))


@pytest.mark.file_store
def test_a_server_makes_the_first_key_and_prints_where_it_lies_and_not_what_it_is(tmp_path):
    home = tmp_path / "home"
    with serving(home, "--no-bundled") as server:
        path = home / "admin.key"
        assert f"Made an administrator's key; it lies in {path}" in server.printed
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert server.key
        assert server.key not in "\n".join(server.printed)
        assert server.get("/v1/imports").status_code == 200
        assert server.key not in server.end().errors
    with serving(home, "--no-bundled") as server:
        assert "key" not in "\n".join(server.printed)
        assert path.read_text().strip() == server.key
        assert server.get("/v1/imports").status_code == 200


# The command


@pytest.mark.file_store
def test_a_key_is_made_listed_and_revoked_by_commands(home):
    made = run("keys", "create", "newsroom", "--role", "curator", home=home)
    text = made.stdout.strip()
    assert re.fullmatch(r"casus_[0-9a-f]{12}_[0-9a-f]{64}", text)
    assert text not in made.stderr
    assert "shown this once" in made.stderr
    assert "no store" not in made.stderr
    listed = ask("keys", "list", home=home).stdout
    assert text.split("_")[1] in listed
    assert text.split("_")[2] not in listed
    with serving(home) as server:
        header = {"authorization": f"Bearer {text}"}
        actor = {"id": "eutm", "kind": "organisation", "names": [{"text": "EUTM"}]}
        assert server.client.post("/v1/actors", json=actor, headers=header).status_code == 201
        (row,) = map(json.loads, ask("keys", "list", "--json", home=home).stdout.splitlines())
        assert row["last_used"] > row["created"]
        assert row["revoked"] is None
        revoked = ask("keys", "revoke", "newsroom", home=home)
        assert revoked.stdout == f"The key {row['id']} of 'newsroom' is revoked.\n"
        log = server.get("/v1/log?after=67").json()
        assert log["data"]["recorded_by"] == "newsroom"


@pytest.mark.file_store
@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["create", "casus", "--role", "admin"], 1, "is not for keys"),
        (["create", "newsroom", "--role", "owner"], 2, "owner"),
        (["create", "newsroom"], 2, "--role"),
        (["revoke", "nobody"], 1, "there is no key 'nobody'"),
    ],
)
def test_a_command_that_can_make_no_key_says_why(words, status, message, home):
    done = ask("keys", *words, home=home)
    assert done.returncode == status
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.file_store
def test_a_key_may_be_made_before_the_store_and_that_is_said(tmp_path):
    made = run("keys", "create", "newsroom", "--role", "curator", home=tmp_path)
    assert f"There is no store in {tmp_path} yet" in made.stderr
    with serving(tmp_path) as server:
        header = {"authorization": f"Bearer {made.stdout.strip()}"}
        actor = {"id": "eutm", "kind": "organisation", "names": [{"text": "EUTM"}]}
        assert server.client.post("/v1/actors", json=actor, headers=header).status_code == 201


@pytest.mark.file_store
def test_keys_are_not_looked_for_where_there_is_no_store(tmp_path):
    done = ask("keys", "list", home=tmp_path / "misspelt")
    assert done.returncode == 1
    assert "there is no store" in done.stderr
    assert not (tmp_path / "misspelt").exists()


@pytest.mark.file_store
def test_keys_that_a_newer_casus_has_written_let_nobody_in_and_everybody_read(
    client, casus, tmp_path
):
    client.app.state.callers.close()
    with closing(sqlite3.connect(Path(tmp_path) / "keys.sqlite")) as file:
        file.execute("PRAGMA user_version = 1000")
    key = client.headers.pop("authorization")
    assert client.get("/v1/incidents").status_code == 200
    problem(client.post("/v1/actors", json={}, headers={"authorization": key}), "busy")


def test_times_are_those_of_the_store(keys, clock):
    clock.now = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
    assert keys.create("newsroom", Role.ADMIN).key.created == "2024-02-29T12:00:00.000000Z"
