"""The process that writes Parquet: what it sends and when, and what becomes of it."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from domain.values import Place
from service.publishing import parquet, parquet_file
from service.publishing.parquet_process import SHARED, SharedProcess
from service.publishing.publication import Publication, Subject
from service.reading.clocks import Moment
from service.workers import Failed
from tests.conftest import CALLER, an_account
from tests.processes import environment, loaded
from tests.publishing import items


@pytest.fixture(autouse=True)
def nothing_is_left() -> Any:
    """Whatever was asked for, no process is left when it is answered."""
    yield
    assert not SHARED.runs


def pages(count: int, entry: bytes) -> Any:
    for _ in range(count):
        yield [entry] * 1_000


@pytest.fixture
def entry(casus: Any, client: Any) -> bytes:
    """The entry of an incident, as JSON."""
    place = Place(name="Somewhere", latitude=1.5, longitude=2.5)
    casus.desk.report_incident(an_account(place=place), CALLER)
    return orjson.dumps(items(client, "/v1/incidents")[0])


def of_pages(count: int, entry: bytes) -> Publication:
    return Publication(
        subject=Subject(kind="all", id=None, name="All"),
        title="All",
        moment=Moment(1, None),
        origin="https://casus.example",
        address="https://casus.example/v1/incidents.parquet?position=1",
        pages=pages(count, entry),
    )


def test_a_row_group_is_sent_when_it_is_full(entry):
    chunks = parquet.write(of_pages(25, entry))
    first = next(chunks)
    assert first == b"PAR1"  # as soon as there is anything
    rest = list(chunks)
    assert len(rest) == 3  # two row groups; the last one, with the footer
    file = pq.ParquetFile(io.BytesIO(b"".join([first, *rest])))
    groups = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert groups == [parquet_file.ROWS, parquet_file.ROWS, 5_000]
    assert len(file.read()) == 25_000


def test_files_that_are_written_at_the_same_time_do_not_mix(entry):
    other = entry.replace(b"Somewhere", b"Elsewhere")
    one, two = parquet.write(of_pages(21, entry)), parquet.write(of_pages(21, other))
    parts: tuple[list[bytes], list[bytes]] = ([], [])
    for pair in zip(one, two, strict=True):
        for part, chunk in zip(parts, pair, strict=True):
            part.append(chunk)
    for part, place in zip(parts, ("Somewhere", "Elsewhere"), strict=True):
        table = pq.read_table(io.BytesIO(b"".join(part)))
        assert set(table.column("place").to_pylist()) == {place}
        assert len(table) == 21_000


def test_a_file_that_nobody_wants_any_more_is_forgotten_and_others_go_on(entry):
    one, two = parquet.write(of_pages(11, entry)), parquet.write(of_pages(11, entry))
    begun = [next(one), next(two)]
    one.close()
    assert SHARED.runs
    whole = b"".join([begun[1], *two])
    assert len(pq.read_table(io.BytesIO(whole))) == 11_000
    assert not SHARED.runs


def test_a_process_that_ends_cuts_its_files_off_and_the_next_file_has_another():
    shared, about = SharedProcess(), ("incidents", "https://casus.example", Moment(1, None))
    with shared.file(*about) as one, shared.file(*about) as two:
        with pytest.raises(Failed, match="JSONDecodeError"):
            one.add([b"no JSON"])
        assert not shared.runs
        with pytest.raises(Failed, match="came to an end with another file"):
            two.end({})
        with shared.file(*about) as three:
            assert three.end({}).endswith(b"PAR1")
    assert not shared.runs


def test_a_process_that_serves_never_loads_what_writes_it(home):
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from starlette.testclient import TestClient\n"
        "from service.api.app import create_app\n"
        "from service.bootstrap import open_casus\n"
        "from service.settings import Settings\n"
        "with TestClient(create_app(open_casus(Settings()))) as client:\n"
        "    assert client.get('/v1/incidents.parquet').content.startswith(b'PAR1')\n"
    )
    assert loaded(program, ["pyarrow", "numpy", "pandas"], **environment(home)) == []
