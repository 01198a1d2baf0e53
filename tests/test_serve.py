"""``casus serve``: starting and stopping."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.settings import misspelt_settings
from tests.processes import (
    PATIENCE,
    STOPPED,
    account,
    ask,
    links_in,
    log_rows,
    run,
    serving,
    started,
)

# Starting


def test_the_first_start_loads_the_chronicle_and_every_later_one_nothing(tmp_path):
    home = tmp_path / "home"
    with serving(home) as server:
        assert server.printed[0].startswith("Loaded Afghanistan and its neighbours, summer 2021")
        assert f"Casus serves {home} at position 67." in server.printed
        assert server.get("/readyz").json()["position"] == 67
        assert server.end().status == 0
    first = log_rows(home)
    with serving(home) as server:
        assert server.printed[0] == f"Casus serves {home} at position 67."
        assert server.end().status == 0
    assert log_rows(home) == first
    assert [row[0] for row in first] == list(range(1, 68))


def test_what_a_server_prints_can_be_opened(home):
    with serving(home) as server:
        docs = next(line.split()[1] for line in server.printed if line.startswith("  docs"))
        links = links_in(server.printed)
        assert len(links) == 3
        for address in (server.address, docs, *links):
            assert server.get(address).status_code == 200, address
        for link in links:
            assert server.get(link).json()["items"]


def test_an_empty_store_stays_empty_if_it_is_told_to(tmp_path):
    with serving(tmp_path / "home", "--no-bundled") as server:
        assert server.get("/readyz").json()["log_position"] == 0
        assert server.get("/v1/countries/AFG/timeline").json()["items"] == []


def test_port_and_home_are_taken_from_the_environment(home, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(home, PORT=str(port)) as server:
        assert server.address == f"http://127.0.0.1:{port}"
    assert not (tmp_path / "var").exists()


def test_the_store_lies_in_var_if_nothing_else_is_said(filled_home, tmp_path):
    shutil.copytree(filled_home, tmp_path / "var")
    done = run("status", "--json", home=tmp_path / "home", CASUS_HOME="")
    assert json.loads(done.stdout)["home"] == str(tmp_path / "var")


def test_a_port_in_use_is_refused_with_what_to_do(home):
    with serving(home) as server:
        port = server.address.rsplit(":", 1)[1]
        done = run("serve", home=home, PORT=port)
        assert done.returncode == 1
        assert f"port {port} of 127.0.0.1 can't be served on" in done.stderr
        assert "PORT=" in done.stderr
        assert server.get("/readyz").status_code == 200


@pytest.mark.parametrize("host", ["256.1.1.1", "203.0.113.7"])
def test_an_address_that_is_not_ours_is_refused(host, home):
    done = run("serve", "--host", host, home=home, PORT="0")
    assert done.returncode == 1
    assert f"of {host} can't be served on" in done.stderr


def test_two_servers_that_start_at_once_on_an_empty_folder_fill_it_once(tmp_path):
    home = tmp_path / "home"

    def first_answer(_: int) -> list[str]:
        with serving(home) as server:
            return [item["id"] for item in server.get("/v1/incidents").json()["items"]]

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(first_answer, range(3)))
    assert len(answers[0]) == 35
    assert answers == [answers[0]] * 3
    assert len(log_rows(home)) == 67


def test_commands_that_find_the_timelines_missing_at_once_build_them_once(home):
    shutil.rmtree(home / "views")
    running = [started("timeline", "AFG", "--json", home=home) for _ in range(4)]
    shown = [process.communicate(timeout=PATIENCE) for process in running]
    assert [errors for _, errors in shown] == [""] * 4
    assert len({output for output, _ in shown}) == 1
    assert len(list((home / "views").glob("*-*.sqlite"))) == 1


@pytest.mark.parametrize(
    "command",
    [
        ("serve",),
        ("load", "none.json"),
        ("keys", "create", "someone", "--role", "admin"),
        ("status",),
        ("timeline", "AFG"),
    ],
    ids=" ".join,
)
def test_a_variable_that_is_no_setting_is_refused_with_the_one_that_is_meant(command, tmp_path):
    (tmp_path / ".env").write_text("CASUS_PASSWORD=a\nCASUS_MAX_IMPROT=1\n")
    refused = ask(*command, home=tmp_path / "home", PORT="0", CASUS_RAETING="closed")
    assert refused.returncode == 2
    words = " ".join(refused.stderr.replace("│", " ").split())
    assert "CASUS_MAX_IMPROT is no setting; did you mean CASUS_MAX_IMPORT?" in words
    assert "CASUS_RAETING is no setting; did you mean CASUS_READING?" in words
    assert not (tmp_path / "home").exists()


def test_variables_of_others_that_are_named_like_settings_are_let_be(tmp_path, monkeypatch):
    others = {
        "CASUS_PASSWORD": "a",  # compose.yaml's
        "CASUS_TEST_ALL": "1",
        "casus_reading": "open",
        "CASUS_SERVICE_HOST": "10.0.0.1",  # where a service of Kubernetes is called casus
        "CASUS_SERVICE_PORT_HTTP": "80",
        "CASUS_PORT": "tcp://10.0.0.1:80",
        "CASUS_API_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", others)
    assert list(misspelt_settings()) == []
    monkeypatch.setattr(os, "environ", {"CASUS_PORT": "8001"})
    assert list(misspelt_settings()) == ["CASUS_PORT is no setting; did you mean PORT?"]


# Stopping


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_server_in_order(how, home):
    with serving(home) as server:
        posted = server.client.post("/v1/incidents", json=account("One"))  # and is kept alive
        assert posted.status_code == 201
        ended = server.end(how)
    assert ended.status == 0
    assert ended.errors == STOPPED
    files = {path.name for path in home.iterdir() if path.is_file()}
    assert files == {"log.sqlite", "keys.sqlite", "admin.key"}
    assert len(log_rows(home)) == 68


def test_connections_that_are_kept_alive_do_not_hold_up_the_stop(home):
    with serving(home) as server:
        where = server.client.base_url
        idle = [socket.create_connection((where.host, where.port)) for _ in range(20)]
        for each in idle[:10]:
            each.sendall(b"GET /livez HTTP/1.1\r\nHost: casus\r\n\r\n")
            assert each.recv(15) == b"HTTP/1.1 200 OK"
        idle[10].sendall(b"GET /livez HTTP/1.1\r\n")  # and never ends its request
        ended = server.end()
        for each in idle:
            each.close()
    assert ended.status == 0
    # After ten seconds they would be cut off, with a complaint.
    assert ended.errors == STOPPED
