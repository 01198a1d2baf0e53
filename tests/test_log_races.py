"""Writers of the log at the same time: one wins a place, a batch is whole, a request is done once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from service.log import Clash, Log
from service.log.recorder import KeyedRequest, KnownRequest
from tests.records import a_record


def everything(log: Log) -> list[tuple[int, int, int]]:
    """Position, stream and version of each record."""
    return [(each.position, each.stream.int, each.version) for each in log.follow()]


def test_a_version_that_a_stream_already_has_clashes(log):
    log.append([a_record(1)])
    with pytest.raises(Clash):
        log.append([a_record(1)])
    assert log.head == 1


@pytest.mark.parametrize(
    "batch",
    [
        [a_record(2), a_record(1)],
        [a_record(2), a_record(2)],
        [a_record(2), a_record(3), a_record(1), a_record(4)],
    ],
)
def test_a_batch_that_clashes_leaves_nothing_behind(log, batch):
    log.append([a_record(1)])
    with pytest.raises(Clash):
        log.append(batch, KeyedRequest("key", "digest"))
    assert everything(log) == [(1, 1, 1)]
    assert log.request("key") is None
    assert list(log.append([a_record(2)])) == [2]


def in_threads(count, work):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def test_threads_that_append_at_once_leave_no_gap_and_no_batch_torn(log):
    def append(thread: int) -> list[list[int]]:
        given, stream = [], thread * 1_000
        for size in range(1, 16):
            given.append(list(log.append([a_record(stream + n) for n in range(size)])))
            stream += size
        return given

    batches = [batch for given in in_threads(4, append) for batch in given]
    assert sorted(position for batch in batches for position in batch) == list(range(1, 481))
    assert all(b == a + 1 for batch in batches for a, b in pairwise(batch))
    assert [each.position for each in log.follow()] == list(range(1, 481))


def test_one_of_those_that_append_the_same_version_wins(log):
    def append(_: int) -> int:
        won = 0
        for version in range(1, 11):
            with suppress(Clash):
                log.append([a_record(1, version)])
                won += 1
        return won

    assert sum(in_threads(4, append)) == 10
    assert everything(log) == [(n, 1, n) for n in range(1, 11)]


WRITER = """
import sys
from pathlib import Path
from uuid import UUID
from domain.records import Recorded
from service.log import Log
from service.log.codec import Codec

log, first = Log(Path(sys.argv[1])), int(sys.argv[2])
topic = "incident-reported.v1"
record = Codec().decode(topic, Path(sys.argv[3]).read_bytes())
print("ready", flush=True)
sys.stdin.readline()
for stream in range(first, first + 120, 3):
    log.append([Recorded(0, UUID(int=stream + n), 1, record) for n in range(3)])
log.close()
"""


def test_processes_that_append_at_once_leave_no_gap(log):
    example = Path(__file__).with_name("data") / "records" / "incident-reported.v1.json"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, log.place, str(first), example],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (1_000, 2_000, 3_000)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    rows = everything(log)
    assert [row[0] for row in rows] == list(range(1, 361))
    assert {row[1] for row in rows} == {s + n for s in (1_000, 2_000, 3_000) for n in range(120)}
    # A batch of three stands together.
    assert all(rows[n][1] + 1 == rows[n + 1][1] for n in range(360) if n % 3 < 2)


def test_a_request_is_known_by_its_key_from_the_moment_its_records_are(log):
    request = KeyedRequest("anonymous:key", "digest")
    assert log.request(request.key) is None
    log.append([a_record(1)])
    log.append([a_record(2), a_record(3)], request)
    assert log.request(request.key) == KnownRequest("digest", 3)


def test_a_request_that_was_carried_out_is_not_carried_out_again(log):
    log.append([a_record(1)], KeyedRequest("key", "digest"))
    for fingerprint in ("digest", "another"):
        with pytest.raises(Clash):
            log.append([a_record(2)], KeyedRequest("key", fingerprint))
    assert log.head == 1
    assert log.request("key") == KnownRequest("digest", 1)


def test_of_requests_with_one_key_at_the_same_time_one_is_carried_out(log):
    def append(thread: int) -> int:
        won = 0
        for key in range(10):
            with suppress(Clash):
                log.append([a_record(100 * thread + key)], KeyedRequest(str(key), "digest"))
                won += 1
        return won

    assert sum(in_threads(4, append)) == 10
    assert log.head == 10
