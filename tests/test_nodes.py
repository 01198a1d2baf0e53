"""Several nodes on one PostgreSQL database, each with a folder of its own: they show the same."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import service.postgres
from service import bootstrap
from service.access.keys import SCHEMA as KEYS
from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.database import Unanswered, Unusable
from service.log import Log, postgres_recorder
from service.log.places import in_words, place_of
from service.log.postgres_appends import carry_out
from service.log.postgres_recorder import PostgresRecorder
from service.settings import Settings
from service.state.places import state_at
from service.webhooks.store import SCHEMA as SUBSCRIPTIONS
from service.webhooks.store import Subscriptions
from tests import postgres
from tests.conftest import CALLER, TestClient, an_account, bearing
from tests.crashes import check_log, check_views
from tests.processes import PATIENCE, Server, account, ask, kill, log_rows, run, serving, until
from tests.receivers import receiving
from tests.records import a_record
from tests.refusals import problem


@pytest.fixture
def database(postgresql: postgres.Server) -> Iterator[str]:
    """The URL of an empty database."""
    name = postgresql.database()
    yield postgresql.url(name)
    postgresql.ask(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def nodes(database: str, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two nodes on the database, which has the bundled chronicle."""
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(serving(tmp_path / name, CASUS_STORE=database))
            for name in ("one", "other")
        )
        # The first has made a key, and the other knows it.
        other.client.headers["Authorization"] = one.client.headers["Authorization"]
        yield one, other


def report(server: Server, title: str, **headers: str) -> httpx.Response:
    posted = server.client.post("/v1/incidents", json=account(title), headers=headers)
    assert posted.status_code == 201, posted.text
    return posted


def titles(server: Server, **asked: int) -> list[str]:
    answer = server.client.get("/v1/countries/AFG/timeline", params={"limit": 1_000, **asked})
    assert answer.status_code == 200, answer.text
    return [each["title"] for each in answer.json()["items"]]


def test_the_first_node_fills_the_database_and_the_next_finds_it_so(nodes, database, tmp_path):
    one, other = nodes
    assert "Loaded" in one.printed[0]
    assert "Loaded" not in " ".join(other.printed)
    assert len(check_log(database)) == 67
    assert not list(tmp_path.rglob("log.sqlite"))
    paths = ["/v1/incidents?limit=1000", "/v1/countries", "/v1/actors", "/v1/series?measure=killed"]
    for path in paths:
        shown = [server.get(path).content.replace(server.address.encode(), b"") for server in nodes]
        assert shown[0] == shown[1]


def test_what_one_node_records_another_shows_to_who_names_its_position(nodes):
    for number, (writer, reader) in enumerate([nodes, nodes[::-1]] * 5):
        posted = report(writer, f"Incident {number}")
        position = posted.json()["position"]
        assert f"Incident {number}" in titles(reader, min_position=position)
        assert f"Incident {number + 1}" not in titles(reader, position=position)


def test_a_position_that_another_node_has_reached_is_no_unknown_one(nodes):
    one, other = nodes
    position = report(one, "Just now").json()["position"]
    assert "Just now" in titles(other, position=position)
    assert other.get(f"/v1/incidents?position={position + 1}").status_code == 400


def test_a_position_that_nobody_reaches_is_waited_for_and_told(nodes):
    refused = nodes[0].get("/v1/incidents?min_position=1000")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.json()["type"] == "/problems/not-yet-shown"
    assert "up to 67" in refused.json()["detail"]


def test_a_stream_at_one_node_has_what_another_records(nodes):
    one, other = nodes
    seen: list[str] = []
    ready, found = threading.Event(), threading.Event()

    def follow() -> None:
        with httpx.stream(
            "GET", f"{other.address}/v1/log/stream?after=67", timeout=PATIENCE, trust_env=False
        ) as answer:
            ready.set()
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    seen.append(line)
                    if len(seen) == 3:
                        found.set()
                        return

    thread = threading.Thread(target=follow)
    thread.start()
    assert ready.wait(PATIENCE)
    for number in range(3):
        report(one, f"Incident {number}")
    assert found.wait(PATIENCE)
    thread.join()
    for number, line in enumerate(seen):
        assert f"Incident {number}" in line


def test_a_request_repeated_at_another_node_is_carried_out_once(nodes, database):
    first = report(nodes[0], "Once", **{"Idempotency-Key": "once"})
    again = report(nodes[1], "Once", **{"Idempotency-Key": "once"})
    assert first.json()["incident"]["id"] == again.json()["incident"]["id"]
    assert len(log_rows(database)) == 68


def test_nodes_that_write_at_once_number_their_records_without_a_gap(nodes, database, tmp_path):
    def work(server: Server, writer: int) -> None:
        with httpx.Client(base_url=server.address, timeout=PATIENCE, trust_env=False) as client:
            client.headers.update(server.client.headers)
            for number in range(15):
                body = account(f"{writer}.{number}")
                assert client.post("/v1/incidents", json=body).status_code == 201

    threads = [
        threading.Thread(target=work, args=(server, 2 * number + half))
        for number, server in enumerate(nodes)
        for half in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(check_log(database)) == 67 + 60
    for server in nodes:
        assert len(titles(server, min_position=127)) == len(titles(nodes[0], min_position=127))
    check_views(tmp_path / "one", tmp_path / "fresh", database)


def test_a_node_that_dies_takes_nothing_from_the_other(database, tmp_path):
    with (
        serving(tmp_path / "one", CASUS_STORE=database) as one,
        serving(tmp_path / "other", CASUS_STORE=database) as other,
    ):
        other.client.headers["Authorization"] = one.client.headers["Authorization"]
        report(one, "Before")
        kill(one.process)
        report(other, "After")
        assert {"Before", "After"} <= set(titles(other))
        with serving(tmp_path / "one", CASUS_STORE=database) as again:
            assert {"Before", "After"} <= set(titles(again))


def test_the_command_line_works_on_the_database(nodes, database, tmp_path):
    shown = run("status", "--json", home=tmp_path / "third", CASUS_STORE=database)
    assert shown.returncode == 0, shown.stderr
    status = json.loads(shown.stdout)
    assert (status["log_position"], status["position"], status["failure"]) == (67, 67, None)
    assert "PostgreSQL" in status["log"]


def test_no_password_is_shown_where_the_database_does_not_answer(tmp_path):
    url = "postgresql://casus:opensesame@127.0.0.1:1/casus"
    refused = run("status", home=tmp_path / "home", CASUS_STORE=url)
    assert refused.returncode != 0
    assert "127.0.0.1" in refused.stderr
    assert "opensesame" not in refused.stdout + refused.stderr


def test_a_store_that_is_named_wrongly_is_refused_in_words(tmp_path):
    refused = run("status", home=tmp_path / "home", CASUS_STORE="mysql://root:opensesame@db/casus")
    assert refused.returncode != 0
    assert "CASUS_STORE" in refused.stderr
    assert "opensesame" not in refused.stderr


@pytest.mark.parametrize(
    "secret",
    [
        "open@sesame",
        "open/sesame",
        "open:ses/ame@open",
        "open?ses@ame",
        "@sesame",
        "open%40@sesame/",
        "open?ses/ame",
        "open?ses/ame@open",
        "open?ses=a/ses@ame&b",
    ],
)
@pytest.mark.parametrize("setting", ["CASUS_STORE", "CASUS_READ_STORE"])
def test_a_password_that_is_not_escaped_is_refused_and_not_shown(setting, secret, tmp_path):
    url = f"postgresql://casus:{secret}@127.0.0.1:1/casus"
    refused = ask("status", home=tmp_path / "home", **{setting: url})
    assert refused.returncode == 1
    assert f"{setting}:" in refused.stderr
    assert "%40 %3A %2F" in refused.stderr
    said = refused.stdout + refused.stderr
    moved = ask("migrate", "--from", url, "--to", "sqlite:there", home=tmp_path / "home")
    assert moved.returncode == 2
    said += moved.stdout + moved.stderr
    assert not [part for part in ("open", "sesame", "ses", "ame@") if part in said]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://casus:open%40sesame@one:1,other:2/casus?application_name=a@b",
        "postgresql://one,other/casus",
        "postgresql:///casus?host=/run/postgresql",
        "postgresql://casus:a:b#c@one/casus",
        "postgresql://casus:a?b@one?application_name=a@b",
        "postgresql://?host=/var/run/postgresql&user=me@corp",
        "postgresql://db.example?sslrootcert=/etc/a@b.pem",
        "postgresql://[::1]:1,other:2?sslmode=require&sslrootcert=/etc/a@b.pem",
    ],
)
def test_what_libpq_understands_is_a_place(address):
    assert place_of(address) == address
    assert conninfo_to_dict(address)


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("verify",),
        ("rebuild",),
        ("timeline", "AFG"),
        ("log",),
        ("keys", "list"),
        ("backup", "copy.sqlite"),
    ],
)
def test_a_command_that_only_looks_makes_no_store(command, database, tmp_path):
    refused = ask(*command, home=tmp_path / "home", CASUS_STORE=database)
    assert refused.returncode == 1
    assert "there is no store in PostgreSQL database" in refused.stderr
    assert made_in(database) == []
    assert list(tmp_path.iterdir()) == []


def test_a_move_from_a_database_without_a_log_makes_none_there(database, tmp_path):
    move = ("migrate", "--from", database, "--to", f"sqlite:{tmp_path / 'there'}")
    refused = ask(*move, home=tmp_path / "home")
    assert refused.returncode == 2
    assert "there is no log at PostgreSQL database" in refused.stderr.replace("\n", " ")
    assert made_in(database) == []


def test_nothing_is_made_in_a_read_store(database, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "READ_STORE_WITHIN", 0.0)
    Log(tmp_path / "log.sqlite").close()
    refused = ask("status", home=tmp_path, CASUS_READ_STORE=database)
    assert refused.returncode == 1
    assert "there is no log at the read store" in refused.stderr
    assert made_in(database) == []


def made_in(database: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database) as server:
        found = server.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'casus%'")
        return found.fetchall()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_keep_every_text_is_refused_at_once(encoding, postgresql, tmp_path):
    name = postgresql.database(encoding)
    store = postgresql.url(name)
    create = ("keys", "create", "someone", "--role", "admin")
    for carried_out, command in ((ask, ("status",)), (ask, create), (run, ("serve",))):
        refused = carried_out(*command, home=tmp_path / "home", CASUS_STORE=store, PORT="0")
        assert refused.returncode == 1
        assert f"has the encoding {encoding}" in refused.stderr
        assert "ENCODING 'UTF8' TEMPLATE template0" in refused.stderr
    with pytest.raises(Unusable), state_at(store, KEYS).locked():
        raise AssertionError("it was opened")
    assert postgresql.ask("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'casus%'", name) == []


def test_webhooks_go_on_from_another_node_when_the_one_that_sent_them_dies(database, tmp_path):
    settings = {"CASUS_STORE": database, "CASUS_WEBHOOK_PRIVATE": "1"}
    with (
        receiving() as receiver,
        serving(tmp_path / "one", **settings) as one,
        serving(tmp_path / "other", **settings) as other,
    ):
        other.client.headers["Authorization"] = one.client.headers["Authorization"]
        made = one.client.post("/v1/subscriptions", json={"url": receiver.url, "after": 67})
        assert made.status_code == 201, made.text
        report(other, "Before")
        until(lambda: receiver.positions == [68])
        kill(one.process)
        report(other, "After")
        until(lambda: 69 in receiver.positions)
        where = f"/v1/subscriptions/{made.json()['id']}"
        until(lambda: other.get(where).json()["position"] == 69)


# A database's user that may not do everything


@pytest.fixture
def reader(postgresql: postgres.Server, database: str, tmp_path: Path) -> Iterator[str]:
    """The URL of the database for a user who may only read; a node has made a key there."""
    name = database.rpartition("/")[2]
    with closing(open_casus(settings_of(tmp_path / "owner", database))) as casus:
        casus.log.append([a_record(1)])
        bearing(casus)
        Subscriptions(casus.state(SUBSCRIPTIONS)).all()
    postgresql.ask("CREATE USER reader", name)
    for schema in made_in(database):
        postgresql.ask(f"GRANT USAGE ON SCHEMA {schema[0]} TO reader", name)
        postgresql.ask(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema[0]} TO reader", name)
    yield database.replace("//casus@", "//reader@")
    postgresql.ask("DROP OWNED BY reader", name)
    postgresql.ask("DROP USER reader", name)


def settings_of(home: Path, store: str) -> Settings:
    return Settings(CASUS_HOME=home, CASUS_STORE=store, _env_file=None)


LACKING = "the database's user 'reader' lacks INSERT on casus.log, INSERT on casus.idempotency_key"


def test_a_user_who_may_only_read_is_told_at_once_which_right_is_missing(
    reader, postgresql, tmp_path, caplog, monkeypatch
):
    tried = []

    def counted(*arguments: Any) -> None:
        tried.append(arguments)
        carry_out(*arguments)

    monkeypatch.setattr(postgres_recorder, "carry_out", counted)
    owners = reader.replace("//reader@", "//casus@")
    with (
        closing(open_casus(settings_of(tmp_path / "owner", owners))) as owner,
        closing(open_casus(settings_of(tmp_path / "reader", reader))) as casus,
        TestClient(create_app(casus), headers=bearing(owner, "another")) as client,
    ):
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert LACKING in ready.json()["failure"]
        assert client.get("/v1/incidents").json()["position"] == 1
        posted = client.post("/v1/incidents", json=account("Refused"))
        assert (posted.status_code, len(tried)) == (503, 1)
        assert "until somebody has mended it" in problem(posted, "busy")["detail"]
        assert "retry-after" not in posted.headers
        assert len([each for each in caplog.messages if LACKING in each]) == 1
        name = reader.rpartition("/")[2]
        postgresql.ask("GRANT INSERT ON ALL TABLES IN SCHEMA casus TO reader", name)
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/incidents", json=account("Taken")).status_code == 201


COLUMNS = "position, originator_id, originator_version, topic"
"""All of the log but for `state`."""


def test_rights_that_are_granted_by_column_are_seen(reader, postgresql, tmp_path):
    name = reader.rpartition("/")[2]
    with closing(PostgresRecorder(reader)) as recorder:
        postgresql.ask(
            f"GRANT INSERT ({COLUMNS}) ON casus.log TO reader;"
            "GRANT INSERT (key, fingerprint, position) ON casus.idempotency_key TO reader",
            name,
        )
        assert "lacks INSERT on casus.log;" in recorder.refusal()
        postgresql.ask("GRANT INSERT (state) ON casus.log TO reader", name)
        assert recorder.refusal() == ""
    with closing(Log(reader)) as log:
        log.append([a_record(2)])


def test_who_has_appended_lacks_nothing_whatever_was_seen_before(database, monkeypatch):
    monkeypatch.setattr(postgres_recorder, "_LACKING", "SELECT current_user, 'some right'")
    with closing(Log(database)) as log:
        assert "lacks some right" in log.refusal()
        log.append([a_record(1)])
        assert log.refusal() == ""


def test_a_command_of_a_user_who_may_only_read_is_refused_in_words(reader, tmp_path):
    chronicle = tmp_path / "one.json"
    chronicle.write_text(
        """{"format": "casus-chronicle/1", "dataset": "more", "title": "More", "incidents": [
        {"key": "one", "accounts": [{"title": "One", "type": "attack", "occurred": "2021-06-22",
          "place": {"name": "Here", "country": "AFG"}, "source": {"name": "A newspaper"}}]}]}"""
    )
    shown = ask("status", home=tmp_path / "home", CASUS_STORE=reader)
    assert shown.returncode == 0
    refused = ask("load", str(chronicle), home=tmp_path / "home", CASUS_STORE=reader)
    assert refused.returncode == 1
    assert LACKING in refused.stderr


# A database that lets nobody in


@pytest.fixture
def stranger(postgresql: postgres.Server, database: str) -> Iterator[str]:
    """The URL of the database for a user who may not connect to it."""
    name = database.rpartition("/")[2]
    postgresql.ask(f"CREATE USER stranger; REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    yield database.replace("//casus@", "//stranger:open-sesame@")
    postgresql.ask("DROP USER stranger")


def test_a_connection_that_is_refused_is_told_with_the_reason(stranger, tmp_path, monkeypatch):
    monkeypatch.setattr(service.postgres, "PATIENCE", 1.0)
    server, _, name = stranger.rpartition("/")
    for url, reason in (
        (stranger, f'permission denied for database "{name}"'),
        (stranger.replace("//stranger:", "//nobody:"), 'role "nobody" does not exist'),
        (f"{server.replace('stranger:', 'casus:')}/none", 'database "none" does not exist'),
    ):
        for command in (("status",), ("keys", "create", "someone", "--role", "admin")):
            refused = ask(*command, home=tmp_path / "home", CASUS_STORE=url)
            assert refused.returncode == 1
            assert refused.stderr.count("\n") == 1
            assert "lets nobody in by the store's URL" in refused.stderr
            assert reason in refused.stderr
            assert "sesame" not in refused.stderr
        with pytest.raises(Unusable), state_at(url, KEYS).locked():
            raise AssertionError("it was opened")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('FATAL:  password authentication failed for user "a"', Unusable),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "a"', Unusable),
        ("fe_sendauth: no password supplied", Unusable),
        ("FATAL:  sorry, too many clients already", Unanswered),
        ("FATAL:  the database system is starting up", Unanswered),
        ("session is read-only", Unanswered),
    ],
)
def test_what_will_be_refused_again_is_told_from_what_may_pass(words, kind):
    text = f'connection failed: connection to server at "10.0.0.2", port 5432 failed: {words}'
    error = service.postgres.told(psycopg.OperationalError(text))
    assert isinstance(error, kind)
    assert words in str(error)


def test_an_append_without_an_answer_is_in_doubt_also_where_nobody_is_let_in_again(
    database, postgresql, monkeypatch
):
    def lost(connection: psycopg.Connection[Any], appends: Any) -> None:
        carry_out(connection, appends)
        connection.close()
        postgresql.ask(f"ALTER DATABASE {name} RENAME TO {name}_away")
        raise Unanswered("lost")

    name = database.rpartition("/")[2]
    monkeypatch.setattr(service.postgres, "PATIENCE", 1.0)
    with closing(Log(database)) as log:
        monkeypatch.setattr(postgres_recorder, "carry_out", lost)
        with pytest.raises(Unusable, match=r"not known whether it was recorded .*does not exist"):
            log.append([a_record(1)])
        postgresql.ask(f"ALTER DATABASE {name}_away RENAME TO {name}")


def test_a_host_that_is_merely_away_may_come_back(stranger, monkeypatch):
    monkeypatch.setattr(service.postgres, "PATIENCE", 1.0)
    host = stranger.rpartition("@")[2].partition("/")[0]
    with (
        closing(PostgresRecorder(stranger.replace(host, f"{host},127.0.0.1:1"))) as recorder,
        pytest.raises(Unanswered, match=r"127\.0\.0\.1"),
    ):
        recorder.max_notification_id()


def test_a_server_whose_user_is_shut_out_says_so(
    database, postgresql, tmp_path, caplog, monkeypatch
):
    name = database.rpartition("/")[2]
    postgresql.ask(f"CREATE USER shut; GRANT CREATE ON DATABASE {name} TO shut", name)
    url = database.replace("//casus@", "//shut:open-sesame@")
    monkeypatch.setattr(service.postgres, "PATIENCE", 2.0)
    with (
        closing(open_casus(settings_of(tmp_path / "node", url))) as casus,
        TestClient(create_app(casus), headers=bearing(casus)) as client,
    ):
        assert client.post("/v1/incidents", json=account("Taken")).status_code == 201
        postgresql.ask("ALTER USER shut NOLOGIN")
        postgresql.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shut'"
        )
        ready = client.get("/readyz")
        assert ready.status_code == 503
        posted = client.post("/v1/incidents", json=account("Refused"))
        assert "until somebody has mended it" in problem(posted, "busy")["detail"]
        told = [each.getMessage() for each in caplog.records if each.name == "casus"]
        assert [each for each in told if each.startswith("the store can't be used")]
        assert [each for each in told if 'role "shut" is not permitted to log in' in each]
        assert 'role "shut" is not permitted to log in' in ready.json()["failure"]
        assert "sesame" not in caplog.text + ready.text
        assert client.get("/v1/incidents").json()["position"] == 1
        postgresql.ask("ALTER USER shut LOGIN")
        assert client.post("/v1/incidents", json=account("Taken")).status_code == 201
        assert client.get("/readyz").status_code == 200
    postgresql.ask("DROP OWNED BY shut; DROP USER shut", name)


# A read store that is none


@pytest.fixture
def apart(postgresql: postgres.Server, database: str, tmp_path: Path) -> Iterator[Casus]:
    """A store whose read store has the same ten records, then another one."""
    name = postgresql.database()
    with closing(Log(database)) as log, closing(Log(postgresql.url(name))) as other:
        for each, last in ((log, 20), (other, 30)):
            each.append([a_record(number) for number in (*range(10), last)])
    yield from opened_apart(database, postgresql.url(name), tmp_path)
    postgresql.ask(f"DROP DATABASE {name} WITH (FORCE)")


def opened_apart(store: str, read_store: str, home: Path) -> Iterator[Casus]:
    settings = Settings(
        CASUS_HOME=home, CASUS_STORE=store, CASUS_READ_STORE=read_store, _env_file=None
    )
    with closing(open_casus(settings)) as casus:
        yield casus


def copied(casus: Casus) -> None:
    """Make the read store a copy of the log."""
    casus.followed.replace(casus.log.requests(), [casus.log.entries(0)])


def is_of_the_log(casus: Casus) -> bool:
    casus.projector.catch_up()
    return casus.projector.is_of_the_log()


NO_COPY = "the read store is not a copy of the log: they differ at position 11 or before"


def test_a_read_store_that_is_another_log_is_told_and_what_is_written_is_not_shown(apart):
    assert NO_COPY in str(apart.projector.trouble)
    with TestClient(create_app(apart), headers=bearing(apart)) as client:
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["lag"]) == (503, 0)
        assert NO_COPY in ready.json()["failure"]
        posted = client.post("/v1/incidents", json=account("Elsewhere"))
        apart.followed.append([a_record(40)])  # as many records as the log has
        again = client.post("/v1/incidents", json=account("There"))
        assert (posted.status_code, again.status_code) == (202, 202)
        assert client.get("/v1/incidents").status_code == 200
        copied(apart)
        until(lambda: client.get("/readyz").status_code == 200)
        assert "There" in client.get("/v1/incidents?q=there").text


def test_a_read_store_that_goes_its_own_way_is_found_out_by_a_write_of_that_moment(apart):
    copied(apart)
    until(lambda: is_of_the_log(apart))
    apart.followed.append([a_record(40)])
    apart.projector._comparison._asked_at -= 10
    written = apart.desk.report_incident(an_account(), CALLER)
    assert (written.position, written.shown) == (12, False)


def test_a_read_store_is_followed_as_before_while_the_log_does_not_answer(apart, monkeypatch):
    copied(apart)
    until(lambda: is_of_the_log(apart))
    answers = threading.Event()

    def hangs(_: int) -> str:
        answers.wait(PATIENCE)
        raise Unanswered("the primary is gone")

    monkeypatch.setattr(apart.log, "mark", hangs)
    for number in (40, 41):
        apart.projector._comparison._asked_at -= 10
        apart.followed.append([a_record(number)])
        apart.projector.catch_up()
    assert (apart.reader.head, apart.projector.trouble) == (13, None)
    answers.set()
    apart.projector.is_of_the_log()
    assert apart.projector.trouble is None


def test_a_verification_says_which_log_it_looked_at_and_that_it_is_no_copy(apart, tmp_path):
    stores = {
        "CASUS_STORE": apart.settings.store,
        "CASUS_READ_STORE": apart.settings.read_store,
    }
    shown = run("verify", "--json", home=tmp_path, **stores)
    verdict = json.loads(shown.stdout)
    assert shown.returncode == 1
    assert verdict["log"] == in_words(apart.followed.place)
    assert [NO_COPY in fault for fault in verdict["faults"]] == [True]
    status = run("status", home=tmp_path, **stores)
    assert status.returncode == 1
    assert NO_COPY in status.stdout
    copied(apart)
    assert run("verify", home=tmp_path, **stores).returncode == 0
    apart.followed.append([a_record(40)])
    beyond = run("verify", home=tmp_path, **stores)
    assert beyond.returncode == 1
    assert "it has a record at position 12" in beyond.stdout


def test_a_read_store_that_was_behind_when_a_node_began_is_as_late_as_what_it_lacks(apart):
    """Nothing was ever seen to be shown: a minute of grace would be one of wrong answers."""
    apart.followed.replace((), [apart.log.entries(0, 5)])
    for casus in opened_apart(
        apart.settings.store, apart.settings.read_store, apart.settings.home / "late"
    ):
        standing = asyncio.run(create_app(casus).state.standings.now())
        assert (standing.log_position, standing.position) == (11, 5)
        assert "seconds behind the log, and may be 60 (CASUS_MAX_LAG)" in (standing.failure or "")


# The log itself


def test_four_writers_and_a_reader_that_tails_the_log(database):
    """Nothing is missed, and nothing comes out of order, whoever commits first."""
    each, batch = 25_000, 50
    seen: list[int] = []
    done = threading.Event()

    def tail() -> None:
        with closing(Log(database)) as log:
            while True:
                ended = done.is_set()
                found = log.entries(len(seen), 1_000)
                seen.extend(entry.id for entry in found)
                if ended and not found:
                    return

    def write(writer: int) -> None:
        with closing(Log(database)) as log:
            for start in range(0, each, batch):
                numbers = range(writer * each + start, writer * each + start + batch)
                log.append([a_record(number) for number in numbers])

    Log(database).close()
    follower = threading.Thread(target=tail)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in (follower, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    follower.join()
    assert seen == list(range(1, 4 * each + 1))


def test_whoever_waits_behind_many_others_is_appended_and_told_where(database):
    with closing(Log(database)) as log, ThreadPoolExecutor(30) as pool:
        assert isinstance(log._recorder, PostgresRecorder)
        log._recorder.most_together = 2
        found = pool.map(lambda number: log.append([a_record(number)]), range(120))
        assert sorted(position for positions in found for position in positions) == list(
            range(1, 121)
        )
    assert len(check_log(database)) == 120


def test_records_are_never_changed_whatever_is_asked_of_the_database(database):
    with closing(Log(database)) as log:
        log.append([a_record(1)])
    for statement in (
        "UPDATE casus.log SET topic = 'x'",
        "DELETE FROM casus.log",
        "TRUNCATE casus.log",
    ):
        with psycopg.connect(database) as server, pytest.raises(psycopg.errors.RaiseException):
            server.execute(statement.encode())
    assert len(log_rows(database)) == 1


def test_an_import_that_one_node_was_sent_is_followed_at_the_other(nodes):
    one, other = nodes
    table = (Path(__file__).parent / "data" / "ged231_sample1000.csv.xz").read_bytes()
    headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": "ged"}
    asked = "/v1/imports?format=ucdp-ged"
    sent = one.client.post(asked, content=table, headers=headers)
    assert sent.status_code == 202, sent.text
    job = sent.headers["Location"]

    def state(server: Server) -> str:
        answer = server.get(job)
        return answer.json()["state"] if answer.status_code == 200 else answer.text

    assert state(other) in ("queued", "running", "done")
    until(lambda: state(other) == "done")
    shown = [server.get(job).json() for server in nodes]
    assert shown[0] == shown[1]
    assert shown[0]["counts"]["rows"] == 1_000
    for server in nodes:
        listed = server.get("/v1/imports").json()["items"]
        assert [each["id"] for each in listed] == [shown[0]["id"]]
        assert server.get(f"{job}/rejected").status_code == 200
        page = server.get(f"/v1/incidents?min_position={shown[0]['position']}&limit=1000")
        assert len(page.json()["items"]) == 1_000
    again = other.client.post(asked, content=table, headers=headers)
    assert again.headers["Location"].rpartition("/")[2] == job.rpartition("/")[2]
