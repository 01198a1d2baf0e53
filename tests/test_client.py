"""The client for readers, against a service that is a process of its own."""

from __future__ import annotations

import datetime
import http.server
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_type_hints

import httpx
import pandas
import pytest

from service.client import (
    Casus,
    MissingLibrary,
    NotFound,
    Refused,
    Unavailable,
    Unreachable,
    documents,
    filters,
    questions,
)
from tests.processes import PATIENCE, Server, account, loaded, serving

# By their names in the contract.
DOCUMENTS = {
    "Occurred": documents.Occurred,
    "Place": documents.Place,
    "Source": documents.Source,
    "ShownFigure": documents.Figure,
    "ForeignCode": documents.Code,
    "InvolvedCountry": documents.InvolvedCountry,
    "ShownParticipant": documents.Participant,
    "Entry": documents.Entry,
    "MomentRead": documents.Moment,
    "CountryItem": documents.Country,
    "ActorProfile": documents.Actor,
    "SeriesPoint": documents.Point,
    "SeriesGroup": documents.Group,
    "ShownDataset": documents.Dataset,
    "IncidentAnswer": documents.Incident,
    "HistoryItem": documents.Revision,
    "DifferenceItem": documents.Difference,
    "LogEvent": documents.Record,
    "CitationAnswer": documents.Citation,
}
CLOCKS = {"position", "as_of", "reported_by", "min_position"}
HEAVY = ("fastapi", "starlette", "eventsourcing", "sqlite3", "pydantic", "pandas", "pyarrow")


@pytest.fixture(scope="module")
def server(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a store with the chronicle, of this module's own."""
    home = shutil.copytree(filled_home, tmp_path_factory.mktemp("client") / "home")
    with serving(home) as running:
        yield running
        assert "Traceback" not in running.end().errors


@pytest.fixture
def asked() -> list[httpx.Request]:
    """The requests that `reader` has made."""
    return []


@pytest.fixture
def reader(server: Server, asked: list[httpx.Request]) -> Iterator[Casus]:
    """A client of the server, on the position of the chronicle."""
    hooks: Any = {"request": [asked.append]}
    client = httpx.Client(event_hooks=hooks, timeout=PATIENCE, trust_env=False)
    with Casus(server.address, http=client) as opened:
        yield opened.at(position=67)


# What is read


def test_a_timeline_is_read_page_by_page_as_it_is_wanted(reader, asked, monkeypatch) -> None:
    monkeypatch.setattr(questions, "PAGE", 7)
    timeline = reader.timeline(country="AFG")
    assert asked == []
    entries = iter(timeline)
    first = next(entries)
    assert len(asked) == 1
    rest = list(entries)
    assert len(asked) == 5
    everything = httpx.get(timeline.url() + "&limit=1000", trust_env=False).json()["items"]
    assert [first, *rest] == everything
    assert len(everything) == 31


def test_pages_are_of_one_position_whatever_is_recorded_meanwhile(server, monkeypatch) -> None:
    monkeypatch.setattr(questions, "PAGE", 7)
    with Casus(server.address) as latest:
        before = latest.position
        entries = iter(latest.incidents(order="desc"))
        read = [next(entries)["id"]]
        reported = server.client.post("/v1/incidents", json=account("Meanwhile"))
        assert reported.status_code == 201
        read += [entry["id"] for entry in entries]
        assert read == [entry["id"] for entry in latest.at(position=before).incidents(order="desc")]
        assert latest.position == before + 1
        assert "Meanwhile" in [entry["title"] for entry in latest.incidents()]


def test_limit_is_of_the_whole_and_not_of_a_page(reader, asked, monkeypatch) -> None:
    monkeypatch.setattr(questions, "PAGE", 7)
    assert len(list(reader.incidents(limit=3))) == 3
    assert [request.url.params["limit"] for request in asked] == ["3"]
    assert len(list(reader.incidents(limit=10))) == 10
    assert len(asked) == 3
    assert list(reader.incidents(limit=0)) == []
    assert len(reader.incidents(limit=10).frame()) == 10


def test_a_client_that_is_fixed_reads_on_its_clocks_and_leaves_the_other_alone(server) -> None:
    with Casus(server.address) as latest:
        early = latest.at(reported_by=datetime.date(2021, 6, 22)).at(position=67)
        (attack,) = early.incidents(q="Sherkhan")
        assert attack["accounts"] == 3
        assert (early.position, latest.position >= 67) == (67, True)
        (later,) = early.at(reported_by="2021-07-31").incidents(q="Sherkhan")
        assert later["accounts"] == 6
        instant = datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC)
        assert latest.at(as_of=instant).position == 0


def test_filters_go_by_their_names(reader, asked) -> None:
    narrowed = reader.incidents(
        country="AFG",
        actor="taliban",
        from_=datetime.date(2021, 6, 1),
        to="2021-06",
        match="certain",
        type=["attack", "border_crossing"],
        status=["reported", "disputed", "confirmed"],
        q="Taliban",
        order="desc",
    )
    found = list(narrowed)
    assert found
    assert {entry["type"] for entry in found} <= {"attack", "border_crossing"}
    params = asked[-1].url.params
    assert params.get_list("type") == ["attack", "border_crossing"]
    assert (params["from"], params["position"]) == ("2021-06-01", "67")
    for entry in reader.timeline(actor="taliban", role="initiator"):
        assert ("taliban", "initiator") in [(p["actor"], p["role"]) for p in entry["participants"]]
    inside = list(reader.incidents(bbox=(60, 29.5, 75, 39)))
    assert inside == list(reader.incidents(bbox="60,29.5,75,39"))
    assert all(29.5 <= (entry["place"] or {})["latitude"] <= 39 for entry in inside)
    assert inside


def test_everything_else_is_read_too(reader) -> None:
    assert reader.position == 67
    assert len(reader.countries()) > 200
    assert {actor["id"] for actor in reader.actors(q="border")} >= {"tajik-border-troops"}
    assert reader.actor("Taliban")["id"] == "taliban"
    assert [each["id"] for each in reader.datasets()] == ["afghanistan-2021"]
    (attack,) = reader.incidents(q="Sherkhan")
    incident = reader.incident(attack["id"])
    assert incident["incident"] == attack
    assert len(incident["accounts"]) == attack["accounts"]
    history = list(reader.history(attack["id"]))
    assert len(history) == attack["revision"]
    (group,) = reader.series(country="AFG", measure="killed", from_="2021-05", to="2021-06")
    assert [point["period"] for point in group["points"]] == ["2021-05", "2021-06"]
    assert list(reader.timeline(country="UZB", actor="taliban")) == list(
        reader.incidents(country="UZB", actor="taliban")
    )


def test_differences_and_records_are_read(server) -> None:
    with Casus(server.address) as latest:
        changed = list(latest.diff(from_position=0, to_position=67))
        assert {each["incident"]["id"] for each in changed} == {
            entry["id"] for entry in latest.at(position=67).incidents()
        }
        records = list(latest.at(position=67).log(after=60))
        assert [record["position"] for record in records] == list(range(61, 68))
        assert len(list(latest.at(position=67).log(after=60, limit=2))) == 2


def test_a_record_whose_text_breaks_lines_is_one_record(server) -> None:
    with Casus(server.address) as client:
        after = client.position
        summary = "One line\u2028and another\u2029and a third"
        body = {**account("Attack"), "summary": summary}
        assert server.client.post("/v1/incidents", json=body).status_code == 201
        (record,) = client.log(after=after)
    assert record["data"]["account"]["summary"] == summary


def test_a_timeline_is_somebodys(reader) -> None:
    with pytest.raises(TypeError, match="country or an actor"):
        reader.timeline()


def test_next_is_followed_where_the_service_knows_itself_by_another_name(
    server, monkeypatch
) -> None:
    monkeypatch.setattr(questions, "PAGE", 7)
    behind = httpx.Client(headers={"host": "casus.example"}, timeout=PATIENCE, trust_env=False)
    with Casus(server.address, http=behind) as reader:
        assert len(list(reader.at(position=67).incidents())) == 35


# Frames, files and citations


def test_a_frame_has_the_flat_columns_with_their_types(reader) -> None:
    frame = reader.timeline(country="AFG").frame()
    assert list(frame["id"]) == [entry["id"] for entry in reader.timeline(country="AFG")]
    assert frame["killed_best"].dtype == "Int64"
    assert frame["date_disputed"].dtype == "boolean"
    assert frame["latitude"].dtype == "Float64"
    assert "geometry" not in frame
    assert list(reader.incidents(q="nothing-of-the-kind").to_pandas().columns) == list(frame)


def test_the_frame_of_a_series_has_a_row_for_each_period_of_each_group(reader) -> None:
    series = reader.series(group_by="country", from_="2021-05", to="2021-07")
    frame = series.frame()
    assert len(frame) == 3 * len(series.groups)
    assert frame["incidents"].dtype == "int64"
    months = pandas.read_csv(series.url("csv"))
    assert list(months["best"]) == list(frame["best"])
    assert list(months.columns) == list(frame.columns)


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_without_pandas_a_frame_says_what_is_missing(library, reader, monkeypatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingLibrary, match="pip install pandas pyarrow"):
        reader.incidents().frame()


def test_an_export_is_the_whole_in_a_format(reader, tmp_path) -> None:
    reader.export("/v1/countries/AFG/timeline", "ndjson", tmp_path / "afghanistan.ndjson")
    *entries, trailer = map(json.loads, (tmp_path / "afghanistan.ndjson").read_text().splitlines())
    assert entries == list(reader.timeline(country="AFG"))
    assert (trailer["count"], trailer["position"]) == (31, 67)
    with (tmp_path / "same.csv").open("wb") as file:
        reader.timeline(country="AFG", limit=2).export("csv", file)
    assert len(pandas.read_csv(tmp_path / "same.csv")) == 2


def test_what_fails_leaves_the_file_that_was_there(reader, tmp_path) -> None:
    kept = tmp_path / "kept.xls"
    kept.write_text("before")
    with pytest.raises(NotFound) as raised:
        reader.incidents().export("xls", kept)
    assert raised.value.type == "/problems/unknown-format"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.xls"]
    assert kept.read_text() == "before"


def test_what_was_asked_for_can_be_cited(reader) -> None:
    timeline = reader.timeline(country="UZB")
    cited = timeline.cite()
    assert cited["url"] == timeline.url()
    assert cited == reader.cite("/v1/countries/UZB/timeline")
    assert reader.series(country="UZB").cite()["csl"]["type"] == "dataset"


# What goes wrong


def test_a_problem_is_raised_with_all_that_it_says(reader) -> None:
    with pytest.raises(NotFound) as missing:
        reader.actor("talban")
    assert missing.value.type == "/problems/unknown-actor"
    assert missing.value.nearest[0] == {"id": "taliban"}
    with pytest.raises(Refused) as refused:
        list(reader.incidents(from_="2021-13", limit=1))
    assert (refused.value.status, refused.value.title) == (400, "Bad parameter")
    assert [fault["path"] for fault in refused.value.faults] == ["$.from"]
    assert refused.value.detail in str(refused.value)
    with pytest.raises(NotFound):
        list(reader.timeline(country="Nowhere/at all?"))


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """The address of a server that sends these bytes, one after the other, whatever it is asked."""
    left = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(left.pop(0))

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()
    assert left == []


def said(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.0 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


BUSY = b'{"type":"/problems/busy","title":"Busy","status":503,"detail":"wait"}'
NOTHING = said("200 OK", b'{"items":[]}')


def test_a_service_that_says_when_to_come_back_is_asked_again_then() -> None:
    waited: list[float] = []
    soon = said("503 Service Unavailable", BUSY, "Retry-After: 7")
    past = said("503 Service Unavailable", BUSY, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT")
    with (
        answering(soon, past, NOTHING) as address,
        Casus(address, pause=waited.append) as reader,
    ):
        assert reader.datasets() == []
    assert waited == [7, 0]


@pytest.mark.parametrize(
    ("headers", "attempts", "waits"),
    [
        (["Retry-After: 1"], 3, [1, 1]),
        (["Retry-After: 3600"], 1, []),
        (["Retry-After: soon"], 1, []),
        ([], 1, []),
    ],
)
def test_a_service_that_stays_unavailable_is_not_waited_for_without_end(
    headers, attempts, waits
) -> None:
    waited: list[float] = []
    busy = said("503 Service Unavailable", BUSY, *headers)
    with (
        answering(*[busy] * attempts) as address,
        Casus(address, attempts=3, pause=waited.append) as reader,
        pytest.raises(Unavailable) as raised,
    ):
        reader.datasets()
    assert raised.value.detail == "wait"
    assert waited == waits


def test_what_is_no_problem_document_is_refused_all_the_same() -> None:
    with (
        answering(said("502 Bad Gateway", b"<h1>Bad gateway</h1>")) as address,
        Casus(address) as reader,
        pytest.raises(Refused) as raised,
    ):
        reader.datasets()
    assert (raised.value.status, raised.value.title) == (502, "Bad Gateway")
    assert raised.value.type == "about:blank"


def test_an_answer_that_breaks_off_leaves_no_file(tmp_path) -> None:
    whole = said("200 OK", b"id,title\r\n1,Something\r\n")
    with (
        answering(whole[:-5], whole[:-5]) as address,
        Casus(address) as reader,
    ):
        with pytest.raises(Unreachable):
            reader.export("/v1/incidents", "csv", tmp_path / "all.csv")
        with pytest.raises(Unreachable):
            reader.datasets()
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_is_not_there_is_unreachable() -> None:
    with answering() as address:
        pass
    with Casus(address) as reader, pytest.raises(Unreachable):
        reader.countries()


# The client itself


def test_the_client_needs_nothing_of_the_service() -> None:
    assert loaded("import service.client", HEAVY) == []


def test_the_client_says_that_it_is_typed() -> None:
    assert (Path(questions.__file__).parents[1] / "py.typed").exists()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_have_the_fields_of_the_contract(name, reading) -> None:
    schema = reading.get("/openapi.json").json()["components"]["schemas"][name]
    assert get_type_hints(DOCUMENTS[name]).keys() == schema["properties"].keys()


@pytest.mark.parametrize(
    ("path", "given", "apart"),
    [
        ("/v1/incidents", filters.Selection, {"country", "actor", "cursor"}),
        ("/v1/series", filters.Counting, {"country", "actor"}),
        ("/v1/diff", filters.Difference, {"limit", "cursor"}),
    ],
)
def test_filters_are_the_parameters_of_the_contract(path, given, apart, reading) -> None:
    operation = reading.get("/openapi.json").json()["paths"][path]["get"]
    known = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
    names = {name.rstrip("_") for name in get_type_hints(given)}
    assert names == known - apart - CLOCKS
