"""How publications are asked for and sent: by suffix or Accept, once, compressed, and as a stream."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from service.api import publications, selections
from service.api.problems import Problem
from service.api.streams import Places
from service.bootstrap import Casus
from service.publishing.formats import FORMATS, OF_INCIDENTS, OF_SERIES
from service.publishing.parquet_process import SHARED
from tests.conftest import CALLER, an_account
from tests.processes import PATIENCE
from tests.published import lines_of

Json = dict[str, Any]

TIMELINES = ("/v1/incidents", "/v1/countries/AFG/timeline", "/v1/actors/taliban/timeline")
TABLES = ("ndjson", "csv", "geojson", "parquet")
KINDS = {suffix: format_.media_type for suffix, format_ in FORMATS.items()}

OF_ITS_OWN = [suffix for suffix, kind in KINDS.items() if list(KINDS.values()).count(kind) == 1]
"""The formats that a media type is enough to name."""

BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/png,image/svg+xml,*/*;q=0.8",
    "text/html",
)


# by suffix


@pytest.mark.parametrize("path", TIMELINES)
@pytest.mark.parametrize("suffix", TABLES)
def test_a_suffix_names_the_format(suffix, path, reading):
    answer = reading.get(f"{path}.{suffix}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == KINDS[suffix]


def test_json_has_a_suffix_as_well(reading):
    for path in (*TIMELINES, "/v1/series"):
        assert reading.get(f"{path}.json").json()["position"] == 67


@pytest.mark.parametrize("path", [*TIMELINES, "/v1/series"])
@pytest.mark.parametrize("suffix", ["xls", "CSV", "csv.gz", "", "nd"])
def test_a_suffix_that_is_none_is_not_found_and_told_which_there_are(suffix, path, asked):
    answer = asked.get(f"{path}.{suffix}")
    assert answer.status_code == 404
    if suffix:
        problem = answer.json()
        assert problem["type"] == "/problems/unknown-format"
        for other in OF_SERIES if path == "/v1/series" else OF_INCIDENTS:
            assert other in problem["detail"]


def test_geojson_has_no_way_to_say_a_series(asked):
    assert asked.get("/v1/series.geojson").status_code == 404


# by Accept


@pytest.mark.parametrize("path", [*TIMELINES, "/v1/series"])
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        *((each, "application/json") for each in BROWSERS),
        ("text/csv", "text/csv"),
        ("TEXT/CSV; q=1.0", "text/csv"),
        ("text/csv;q=0.5, application/x-ndjson;q=0.9", "application/x-ndjson"),
        ("application/json;q=0.1, text/csv;q=0.2", "text/csv"),
        ("application/json, text/csv", "application/json"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("application/pdf, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*;q=0.5", "application/x-ndjson"),
        ("text/csv;q=much, application/x-ndjson;q=0.1", "application/x-ndjson"),
    ],
)
def test_the_format_that_is_preferred_is_sent(accept, kind, path, reading):
    headers = {} if accept is None else {"accept": accept}
    answer = reading.get(path, params={"limit": 2} if "series" not in path else {}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert "Accept" in answer.headers["vary"].split(", ")


@pytest.mark.parametrize("path", [*TIMELINES, "/v1/series"])
@pytest.mark.parametrize(
    "accept", ["application/pdf", "text/plain, image/webp", "*/*;q=0", "application/json;q=0"]
)
def test_where_nothing_is_acceptable_it_says_what_there_is(accept, path, asked):
    answer = asked.get(path, headers={"accept": accept})
    assert answer.status_code == 406
    problem = answer.json()
    assert problem["type"] == "/problems/not-acceptable"
    for kind in ("application/json", "text/csv", "application/x-ndjson"):
        assert kind in problem["detail"]


@pytest.mark.parametrize("suffix", OF_ITS_OWN)
def test_what_accept_leads_to_is_what_the_suffix_names(suffix, reading):
    kind, past = KINDS[suffix].partition(";")[0], {"position": 60}
    by_accept = reading.get("/v1/incidents", params=past, headers={"accept": kind})
    by_suffix = reading.get(f"/v1/incidents.{suffix}", params=past)
    assert by_accept.headers["content-type"] == KINDS[suffix]
    assert by_accept.content == by_suffix.content
    assert by_accept.headers["etag"] == by_suffix.headers["etag"]


# once


@pytest.mark.parametrize("suffix", TABLES)
def test_what_the_client_holds_is_not_sent_again(suffix, reading):
    path = f"/v1/incidents.{suffix}"
    for coding in ("identity", "gzip"):
        headers = {"accept-encoding": coding}
        first = reading.get(path, headers=headers)
        tag = first.headers["etag"]
        again = reading.get(path, headers={**headers, "if-none-match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        other = reading.get(path, params={"position": 60}, headers={"if-none-match": tag})
        assert other.status_code == 200
    assert reading.get(path, params={"position": 60}).headers["cache-control"].endswith("immutable")


def test_a_new_record_is_a_new_answer(chronicle, client):
    first = client.get("/v1/incidents.csv")
    chronicle.desk.report_incident(an_account(), CALLER)
    again = client.get("/v1/incidents.csv", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200
    assert again.text.count("\r\n") == first.text.count("\r\n") + 1


@pytest.mark.parametrize("suffix", TABLES)
def test_head_has_the_headers_and_nothing_else(suffix, reading):
    headers = {"accept-encoding": "identity"}
    get = reading.get(f"/v1/incidents.{suffix}", headers=headers)
    head = reading.head(f"/v1/incidents.{suffix}", headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    for each in (head, get):
        del each.headers["x-request-id"]
    assert head.headers == get.headers


# streams


MANY = 250


@pytest.fixture
def many(casus: Casus, monkeypatch: pytest.MonkeyPatch) -> Casus:
    """A store of more incidents than are sent as one answer, in several pages."""
    monkeypatch.setattr(selections, "PAGE", 50)
    for number in range(MANY):
        account = an_account(title=f"Attack {number}", summary=f"{number} " * 600)
        casus.desk.report_incident(account, CALLER)
    return casus


@pytest.mark.parametrize("suffix", [each for each in TABLES if each != "parquet"])
def test_a_long_answer_is_a_stream_and_compressed_for_who_takes_that(suffix, many, client):
    plain = client.get(f"/v1/incidents.{suffix}", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream(
        "GET", f"/v1/incidents.{suffix}", headers={"accept-encoding": "gzip"}
    ) as zipped:
        assert zipped.headers["content-encoding"] == "gzip"
        raw = b"".join(zipped.iter_raw())
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert gzip.decompress(raw) == plain.content
    if suffix == "ndjson":
        assert "content-length" not in plain.headers
        assert len(lines_of(plain.content)) == MANY
        assert len(raw) < len(plain.content) / 2


def test_pages_grow_with_what_is_taken(casus, monkeypatch):
    monkeypatch.setattr(selections, "PAGE", 1)
    monkeypatch.setattr(selections, "LARGEST_PAGE", 4)
    for number in range(13):
        casus.desk.report_incident(an_account(title=str(number)), CALLER)
    query = selections.ChartQuery()
    moment = casus.reader.moment(None, None, query.reported_day)
    for limit, sizes in ((None, [1, 2, 4, 4, 2]), (8, [1, 2, 4, 1]), (7, [1, 2, 4]), (0, [])):
        pages = list(selections.pages_of(casus, query.selection, moment, limit))
        assert list(map(len, pages)) == sizes
        titles = [json.loads(entry)["title"] for page in pages for entry in page]
        assert titles == [str(number) for number in range(sum(sizes))]


class Watched:
    """An application, and how many readings for its publications were begun and are over."""

    def __init__(self, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app = app
        self.begun = self.over = 0
        for name in ("pages_of", "lines_of"):
            monkeypatch.setattr(publications, name, self._watched(getattr(publications, name)))

    def _watched(self, read: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def watched(*arguments: Any) -> Iterator[Any]:
            self.begun += 1
            try:
                yield from read(*arguments)
            finally:
                self.over += 1

        return watched

    async def ask(self, path: str, *, leaves: bool, method: str = "GET") -> list[Json]:
        """What is sent to a client, who may leave when the first of it is there; nothing is left then."""
        tasks = asyncio.all_tasks()
        messages = await self.sent(path, leaves=leaves, method=method)
        await asyncio.sleep(0)  # the loop itself holds what is over until its next turn
        assert (self.over, self.app.state.streams.running) == (self.begun, 0)
        assert self.app.state.places.taken == 0
        assert asyncio.all_tasks() <= tasks
        return messages

    async def sent(
        self,
        path: str,
        *,
        leaves: bool = False,
        method: str = "GET",
        until: asyncio.Event | None = None,
    ) -> list[Json]:
        """What is sent to a client, who may leave then, or take nothing more until something happens."""
        messages: list[Json] = []
        gone = asyncio.Event()

        async def receive() -> Json:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            messages.append(dict(message))
            if leaves and message.get("body"):
                gone.set()
                await asyncio.Event().wait()  # it takes no more
            if until and message.get("body"):
                await until.wait()

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"casus")],
        }
        await asyncio.wait_for(self.app(scope, receive, send), PATIENCE)
        return messages


@pytest.mark.parametrize("suffix", TABLES)
def test_a_client_that_goes_away_leaves_nothing_running(suffix, many, app, monkeypatch):
    if suffix == "parquet":
        monkeypatch.setattr(publications, "WHOLE", 1)  # it is short
    watched = Watched(app, monkeypatch)
    messages = asyncio.run(watched.ask(f"/v1/incidents.{suffix}", leaves=True))
    assert messages[0]["status"] == 200
    assert len([message for message in messages if message.get("body")]) == 1  # it was not all
    assert watched.begun == 1
    assert not SHARED.runs
    assert not list(many.settings.home.rglob("*.part"))


def test_a_client_that_stays_is_sent_all_of_it(many, app, monkeypatch):
    watched = Watched(app, monkeypatch)
    messages = asyncio.run(watched.ask("/v1/incidents.ndjson", leaves=False))
    parts = [message["body"] for message in messages if message.get("body")]
    assert len(parts) > 1
    assert len(lines_of(b"".join(parts))) == MANY
    assert not messages[-1].get("more_body")


def test_headers_alone_send_no_stream(many, app, monkeypatch):
    watched = Watched(app, monkeypatch)
    got = asyncio.run(watched.ask("/v1/incidents.ndjson", leaves=False))
    head = asyncio.run(watched.ask("/v1/incidents.ndjson", leaves=False, method="HEAD"))
    assert [name for name, _ in head[0]["headers"]]
    assert b"".join(message.get("body", b"") for message in head) == b""
    assert json.loads(got[1]["body"].splitlines()[0])["title"] == "Attack 0"


def test_more_long_answers_than_there_are_places_are_refused_and_pages_are_served_on(
    many, app, monkeypatch
):
    app.state.places = Places(4)  # of which one address has two
    watched = Watched(app, monkeypatch)
    path = "/v1/incidents.ndjson"

    async def run() -> None:
        goes_on = asyncio.Event()
        slow = [asyncio.create_task(watched.sent(path, until=goes_on)) for _ in range(2)]
        while app.state.streams.running < 2:
            await asyncio.sleep(0.01)
        for method in ("GET", "HEAD"):
            start, body = await watched.sent("/v1/incidents.csv", method=method)
            headers = dict(start["headers"])
            assert (start["status"], headers[b"retry-after"]) == (503, b"10")
            if method == "GET":
                assert json.loads(body["body"])["type"] == "/problems/busy"
        for short in ("/v1/incidents", "/v1/incidents/cite", "/v1/series.csv"):
            assert (await watched.sent(short))[0]["status"] == 200
        goes_on.set()
        parts = [message.get("body", b"") for message in await slow[0]]
        assert len(lines_of(b"".join(parts))) == MANY
        await slow[1]
        # It is kept: whoever is sent a file needs no place.
        app.state.places = Places(0)
        assert (await watched.ask(path, leaves=False))[0]["status"] == 200
        assert (await watched.sent("/v1/incidents.csv"))[0]["status"] == 503

    asyncio.run(asyncio.wait_for(run(), PATIENCE))


def test_a_place_is_given_back_whatever_becomes_of_the_answer():
    places = Places(1)

    def failing() -> Iterator[bytes]:
        yield b"one"
        raise LookupError

    assert list(places.given(iter([b"one", b"two"]), "a")) == [b"one", b"two"]
    taken = places.given(failing(), "a")
    assert places.taken == 1
    with pytest.raises(LookupError):
        list(taken)
    del taken
    places.given(iter([b"one"]), "a")  # and nobody begins
    assert places.taken == 0


def test_one_address_has_half_of_the_places_at_the_most():
    places = Places(4)

    def taken(address: str) -> Iterator[bytes]:
        return places.given(iter([b"one", b"two"]), address)

    first, second = taken("192.0.2.1"), taken("192.0.2.1")
    with pytest.raises(Problem, match="for this address"):
        taken("192.0.2.1")
    others = [taken("192.0.2.2"), taken("192.0.2.3")]
    with pytest.raises(Problem, match="4 long publications"):
        taken("192.0.2.4")
    assert list(first) == [b"one", b"two"]
    again = taken("192.0.2.1")
    assert places.taken == 4
    for each in (second, again, *others):
        list(each)
    assert places.taken == 0


def test_what_is_packed_as_it_is_is_not_compressed_again(reading):
    asked = {"headers": {"accept-encoding": "gzip"}}
    assert "content-encoding" not in reading.get("/v1/incidents.parquet", **asked).headers
    assert reading.get("/v1/incidents.csv", **asked).headers["content-encoding"] == "gzip"
