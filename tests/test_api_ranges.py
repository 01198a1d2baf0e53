"""Parts of publications: a range of bytes of those that are whole, in memory or kept in a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pyarrow.parquet
import pyogrio
import pytest

from service.api import publications
from service.publishing.formats import OF_INCIDENTS, OF_SERIES
from tests.processes import Server, serving
from tests.refusals import problem

CSV = "/v1/countries/AFG/timeline.csv?position=60"
PLAIN = {"accept-encoding": "identity"}
CHARTS = ("svg", "png")


def part(client: Any, path: str, asked: str, **headers: str) -> Any:
    """What is answered to who asks for a range, and takes nothing compressed."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers={**PLAIN, "range": asked, **given})


@pytest.fixture(params=["whole", "kept"])
def either(request, chronicle, client, monkeypatch) -> Any:
    """A client of a service whose answers are whole in memory, or are all kept in files."""
    if request.param == "kept":
        monkeypatch.setattr(publications, "WHOLE", 1)
    return client


# what is asked for


@pytest.mark.parametrize("suffix", [each for each in OF_INCIDENTS if each not in CHARTS])
def test_parts_of_every_format_are_parts_of_the_whole(suffix, either) -> None:
    path = f"/v1/countries/AFG/timeline.{suffix}?position=60"
    whole = either.get(path, headers=PLAIN).content
    first, rest = part(either, path, "bytes=0-99"), part(either, path, "bytes=100-")
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole
    assert first.headers["content-range"] == f"bytes 0-99/{len(whole)}"


@pytest.mark.parametrize("path", [f"/v1/series.{suffix}" for suffix in OF_SERIES])
def test_parts_of_a_series_are_parts_of_the_whole(path, reading) -> None:
    whole = reading.get(path, headers=PLAIN).content
    assert part(reading, path, "bytes=10-19").content == whole[10:20]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=0-", 0, -1),
        ("bytes=7-", 7, -1),
        ("bytes=-1", -1, -1),
        ("bytes=-500", -500, -1),
        ("bytes=0-999999999999999999", 0, -1),
        ("bytes=-999999999999999999", 0, -1),
        ("BYTES= 5-9 ", 5, 9),
        ("bytes=005-9", 5, 9),
    ],
)
def test_a_range_has_its_first_and_its_last_byte(asked, first, last, either) -> None:
    whole = either.get(CSV, headers=PLAIN)
    size = len(whole.content)
    first, last = first % size, last % size
    answer = part(either, CSV, asked)
    assert answer.status_code == 206
    assert answer.content == whole.content[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
    assert int(answer.headers["content-length"]) == last - first + 1
    for name in ("etag", "cache-control", "vary", "link", "content-type", "accept-ranges"):
        assert answer.headers[name] == either.get(CSV, headers=PLAIN).headers[name]


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,4-5",
        "bytes=0-1,",
        "bytes=9-5",
        "bytes=-",
        "bytes=",
        "bytes",
        "bytes=a-b",
        "bytes=1 - 2",
        "bytes=+1-2",
        "bytes=١-٢",
        "bytes=0x1-2",
        "bytes=1-2-3",
        "lines=0-1",
        f"bytes={'9' * 5_000}-",
        "",
    ],
)
def test_of_anything_else_the_whole_is_sent(asked, either) -> None:
    whole = either.get(CSV, headers=PLAIN)
    answer = part(either, CSV, asked.encode())  # type: ignore[arg-type]
    assert (answer.status_code, answer.content) == (200, whole.content)
    assert "content-range" not in answer.headers


def test_two_headers_ask_for_nothing(reading) -> None:
    headers = [("range", "bytes=0-1"), ("range", "bytes=2-3"), *PLAIN.items()]
    assert reading.get(CSV, headers=headers).status_code == 200


@pytest.mark.parametrize("asked", ["bytes=1000000-", "bytes=1000000-1000001", "bytes=-0"])
def test_a_range_without_a_byte_is_refused_with_how_many_there_are(asked, either) -> None:
    size = len(either.get(CSV, headers=PLAIN).content)
    before = psutil.Process().num_fds()
    answer = part(either, CSV, asked)
    problem(answer, "range-not-satisfiable")
    assert answer.headers["content-range"] == f"bytes */{size}"
    assert psutil.Process().num_fds() <= before  # no file is left open


# on which condition


def test_a_range_of_another_answer_is_not_sent(either) -> None:
    tag = either.get(CSV, headers=PLAIN).headers["etag"]
    zipped = either.get(CSV, headers={"accept-encoding": "gzip"}).headers["etag"]
    other = either.get(CSV.replace("60", "61"), headers=PLAIN).headers["etag"]
    assert part(either, CSV, "bytes=0-9", if_range=tag).status_code == 206
    date = "Sun, 22 Nov 2026 09:00:00 GMT"
    for held in (f"W/{tag}", tag.strip('"'), zipped, other, date, "*", ""):
        assert part(either, CSV, "bytes=0-9", if_range=held).status_code == 200, held
    # Nothing is wrong with a range that is not looked at.
    assert part(either, CSV, "bytes=1000000-", if_range=other).status_code == 200


def test_who_holds_the_answer_is_sent_no_part_of_it(either) -> None:
    tag = either.get(CSV, headers=PLAIN).headers["etag"]
    assert part(either, CSV, "bytes=0-9", if_none_match=tag).status_code == 304
    assert part(either, CSV, "bytes=0-9", if_none_match='"another"').status_code == 206


# beside what else there is


def test_nothing_but_get_has_parts(either) -> None:
    either.get(CSV, headers=PLAIN)
    plain = either.head(CSV, headers=PLAIN)
    asked = either.head(CSV, headers={**PLAIN, "range": "bytes=0-9"})
    for each in (plain, asked):
        del each.headers["x-request-id"]
    assert (asked.status_code, asked.headers) == (200, plain.headers)
    assert plain.headers["accept-ranges"] == "bytes"
    size = len(either.get(CSV, headers=PLAIN).content)
    assert int(plain.headers["content-length"]) == size


def test_a_part_is_never_compressed_and_what_is_compressed_has_no_parts(either) -> None:
    whole = either.get(CSV, headers=PLAIN)
    answer = part(either, CSV, "bytes=0-1999", accept_encoding="gzip")
    assert "content-encoding" not in answer.headers
    assert (answer.status_code, answer.content) == (206, whole.content[:2_000])
    zipped = either.get(CSV, headers={"accept-encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "accept-ranges" not in zipped.headers


def test_a_part_is_not_taken_for_the_whole_by_who_asks_next(either) -> None:
    whole = either.get(CSV, headers=PLAIN).content
    for _ in range(2):
        assert part(either, CSV, "bytes=3-7").content == whole[3:8]
        assert either.get(CSV, headers=PLAIN).content == whole


def test_accept_leads_to_parts_as_well(reading) -> None:
    answer = part(reading, "/v1/incidents", "bytes=0-7", accept="text/csv")
    assert (answer.status_code, answer.text) == (206, "id,title")


def test_a_page_has_no_parts(reading) -> None:
    answer = part(reading, "/v1/incidents", "bytes=0-7")
    assert answer.status_code == 200
    assert "accept-ranges" not in answer.headers


def test_a_long_answer_that_is_written_as_it_is_sent_is_sent_whole(
    chronicle, client, monkeypatch
) -> None:
    monkeypatch.setattr(publications, "WHOLE", 1_000)
    head = client.head(CSV, headers=PLAIN)
    assert "content-length" not in head.headers
    assert "accept-ranges" not in head.headers
    first, again = part(client, CSV, "bytes=0-9"), part(client, CSV, "bytes=0-9")
    assert (first.status_code, again.status_code) == (200, 206)
    assert again.content == first.content[:10]


# by those who read so


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a store with the bundled chronicle."""
    with serving(tmp_path_factory.mktemp("ranges") / "home") as started:
        yield started


class Remote(io.RawIOBase):
    """A file that is read over HTTP, by ranges alone, as libraries for remote files do it."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self._client, self._path, self._at = client, path, 0
        self._tag = ""
        head = client.head(path, headers=PLAIN)
        assert head.headers["accept-ranges"] == "bytes"
        self._size, self._tag = int(head.headers["content-length"]), head.headers["etag"]
        self.asked: list[tuple[int, int]] = []

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._size)
        if end <= self._at:
            return 0
        headers = {"range": f"bytes={self._at}-{end - 1}", "if-range": self._tag}
        answer = self._client.get(self._path, headers=headers)
        assert answer.status_code == 206
        buffer[: end - self._at] = answer.content
        self.asked.append((self._at, end))
        count, self._at = end - self._at, end
        return count


def test_parquet_is_read_column_by_column_over_the_network(server) -> None:
    path = "/v1/incidents.parquet?position=67"
    file = Remote(server.client, path)
    table = pyarrow.parquet.read_table(file, columns=["id", "killed_best"], pre_buffer=False)
    assert file.asked
    whole = server.client.get(path, headers=PLAIN).content
    assert table.num_rows == 35
    assert table == pyarrow.parquet.read_table(
        pyarrow.BufferReader(whole), columns=["id", "killed_best"]
    )


def test_gdal_reads_a_publication_as_a_remote_file(server) -> None:
    frame = pyogrio.read_dataframe(f"/vsicurl/{server.address}/v1/incidents.geojson")
    listed = server.get("/v1/incidents?limit=1000").json()["items"]
    assert list(frame.id) == [each["id"] for each in listed]
