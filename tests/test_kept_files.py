"""Long publications that are kept: the same bytes, never those of another moment, and bounded."""

from __future__ import annotations

import os
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.api import publications
from service.api.kept_files import KeptFiles, chunks_of
from tests.conftest import CALLER, an_account
from tests.publishing import published

PATH = "/v1/incidents.csv"


@pytest.fixture
def kept(chronicle, client, monkeypatch) -> Path:
    """The folder of what is kept, of a service that takes every publication for a long one."""
    monkeypatch.setattr(publications, "WHOLE", 1_000)
    return chronicle.settings.home / "published"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_sent_is_kept_and_sent_again_with_its_length(kept, client):
    client.headers["accept-encoding"] = "identity"
    first = published(client, PATH)
    assert "content-length" not in first.headers
    (file,) = kept.iterdir()
    assert file.read_bytes() == first.content
    file.write_bytes(first.content + b"from the file")
    again = published(client, PATH)
    assert again.content == first.content + b"from the file"
    assert int(again.headers["content-length"]) == len(again.content)
    assert again.headers["etag"] == first.headers["etag"]


def test_what_is_recorded_meanwhile_is_in_the_next_answer(kept, client, chronicle):
    before = published(client, PATH)
    chronicle.desk.report_incident(an_account(title="One more"), CALLER)
    after = published(client, PATH)
    assert len(after.text.splitlines()) == len(before.text.splitlines()) + 1
    assert "One more" in after.text
    assert len(names(kept)) == 2


def test_a_permanent_address_is_sent_from_its_file_for_ever(kept, client, chronicle):
    first = published(client, PATH, position=60)
    (file,) = names(kept)
    chronicle.desk.report_incident(an_account(title="One more"), CALLER)
    assert published(client, PATH, position=60).content == first.content
    assert names(kept) == [file]


def test_another_filter_host_or_format_is_another_file(kept, client):
    published(client, PATH)
    published(client, PATH, country="AFG")
    published(client, "/v1/incidents.ndjson")
    assert client.get(PATH, headers={"host": "casus.example"}).status_code == 200
    assert len(names(kept)) == 4


def test_a_client_that_takes_gzip_gets_the_same_bytes(kept, client):
    first = client.get(PATH, headers={"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    again = client.get(PATH, headers={"accept-encoding": "gzip"})
    plain = client.get(PATH, headers={"accept-encoding": "identity"})
    assert first.content == again.content == plain.content


def test_where_nothing_can_be_written_everything_is_sent(kept, client):
    kept.write_text("a file where the folder should be")
    assert published(client, PATH).content == published(client, PATH).content


def test_what_another_process_has_left_is_removed(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "old").write_text("of an earlier version")
    (folder / "old.5f3c.part").write_text("half")
    KeptFiles(folder).begin()
    assert names(folder) == []


def test_what_is_not_taken_to_its_end_is_not_kept(tmp_path):
    kept = KeptFiles(tmp_path / "published")
    chunks = kept.keeping("tag", iter([b"one", b"two"]))
    assert next(chunks) == b"one"
    chunks.close()
    assert names(tmp_path / "published") == []


def test_what_was_asked_for_longest_ago_goes_first(tmp_path):
    folder = tmp_path / "published"
    kept = KeptFiles(folder, most=10)
    for number, tag in enumerate(("a", "b")):
        assert b"".join(kept.keeping(tag, iter([b"12345"]))) == b"12345"
        os.utime(folder / tag, (number, number))
    held = kept.open("a")
    assert held is not None
    assert b"".join(kept.keeping("c", iter([b"12345"]))) == b"12345"
    assert names(folder) == ["a", "c"]
    assert b"".join(chunks_of(held)) == b"12345"
    assert held.closed


def test_what_is_larger_than_all_that_may_be_kept_is_sent_and_not_kept(tmp_path):
    folder = tmp_path / "published"
    kept = KeptFiles(folder, most=4)
    assert b"".join(kept.keeping("a", iter([b"123", b"45"]))) == b"12345"
    assert names(folder) == []


def test_a_file_is_sent_to_its_end_though_it_is_removed_meanwhile(tmp_path):
    folder = tmp_path / "published"
    kept = KeptFiles(folder)
    assert b"".join(kept.keeping("a", iter([b"12345"]))) == b"12345"
    held = kept.open("a")
    assert held is not None
    shutil.rmtree(folder)
    assert b"".join(chunks_of(held)) == b"12345"
    assert kept.open("a") is None


def test_what_is_unfinished_counts_together(tmp_path):
    folder = tmp_path / "published"
    kept = KeptFiles(folder, most=6)
    first = kept.keeping("a", iter([b"1234", b"5"]))
    second = kept.keeping("b", iter([b"1234", b"5"]))
    assert [next(first), next(second)] == [b"1234", b"1234"]
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 6
    assert b"".join(second) == b"5"
    assert b"".join(first) == b"5"
    assert names(folder) == ["a"]
    assert b"".join(kept.keeping("b", iter([b"1234", b"5"]))) == b"12345"
    assert "b" in names(folder)


def test_another_server_that_begins_meanwhile_cuts_nothing_off(tmp_path):
    kept = KeptFiles(tmp_path / "published")
    chunks = kept.keeping("tag", iter([b"one", b"two"]))
    assert next(chunks) == b"one"
    KeptFiles(tmp_path / "published").begin()
    assert list(chunks) == [b"two"]
    assert names(tmp_path / "published") == []


def test_a_disk_that_is_full_cuts_nothing_off(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    kept = KeptFiles(folder)
    with resource_limit(resource.RLIMIT_FSIZE, 4):
        assert b"".join(kept.keeping("a", iter([b"123", b"45", b"6"]))) == b"123456"
    assert names(folder) == []


@contextmanager
def resource_limit(which: int, most: int) -> Iterator[None]:
    """A limit of the system's on this process, which stands for what a disk still takes."""
    soft, hard = resource.getrlimit(which)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(which, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(which, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
