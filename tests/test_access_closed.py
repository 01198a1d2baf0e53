"""A service whose reading is closed: the client and a mirror read it with a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.client import Casus
from service.client.errors import Refused
from tests.processes import Server, ask, log_rows, run, serving


@pytest.fixture
def closed(home: Path) -> Iterator[tuple[Server, str]]:
    """A server that is closed, and the key of somebody who may read."""
    key = run("keys", "create", "a reader", "--role", "contributor", home=home).stdout.strip()
    with serving(home, CASUS_READING="closed") as server:
        yield server, key


def test_the_client_reads_with_a_key_and_not_without(closed):
    server, key = closed
    with Casus(server.address, key=key) as reader:
        assert reader.position == 67
        assert len(list(reader.at(position=67).incidents())) == 35
        assert key not in repr(reader)
    with Casus(server.address) as stranger, pytest.raises(Refused) as refused:
        stranger.countries()
    assert refused.value.status == 401


def test_a_log_is_mirrored_with_a_key_and_not_without(closed, home, tmp_path):
    server, key = closed
    copy = tmp_path / "copy"
    file = tmp_path / "reader.key"
    file.write_text(f"{key}\n")
    done = run("mirror", server.address, "--once", home=copy)
    assert done.returncode == 1
    assert "401" in done.stderr
    done = run("mirror", server.address, "--once", "--key-file", file, home=copy)
    assert done.returncode == 0, done.stderr
    assert key not in done.stdout + done.stderr
    assert log_rows(copy) == log_rows(home)


@pytest.mark.parametrize("text", ["", "two words", "é", "one\ntwo"])
def test_a_file_without_a_key_is_refused_before_anything_is_asked(text, tmp_path):
    file = tmp_path / "reader.key"
    file.write_text(text)
    done = ask("mirror", "http://127.0.0.1:9", "--once", "--key-file", file, home=tmp_path / "copy")
    assert done.returncode == 1
    assert "there is no key in it" in done.stderr
    assert not (tmp_path / "copy").exists()
