"""Bodies that are refused: every fault is named by its JSON path, and nothing is recorded."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from tests.processes import Server, serving
from tests.refusals import problem

Json = dict[str, Any]

JSON = {"content-type": "application/json"}
ACCOUNT: Json = {
    "title": "An attack",
    "type": "attack",
    "occurred": "2021-06-22",
    "source": {"name": "A newspaper"},
}
ACTOR: Json = {"id": "nobody", "kind": "person", "names": [{"text": "Nobody"}]}


def faults(answer: Any) -> list[tuple[str, str]]:
    """The faults of a body that was refused, as paths and messages."""
    document = problem(answer, "invalid-body")
    count = len(document["faults"])
    assert document["detail"] in ("the body has one fault", f"the body has {count} faults")
    return [(fault["path"], fault["message"]) for fault in document["faults"]]


def raw(asked, body: bytes, path: str = "/v1/incidents") -> Any:
    return asked.post(path, content=body, headers=JSON)


# accounts


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"occurred": "2021-02-30"}, "$.occurred", "2021-02 has no day 30"),
        ({"occurred": "2021-13-01"}, "$.occurred", "no month 13"),
        ({"occurred": "2021-13"}, "$.occurred", "no month 13"),
        ({"occurred": "2021-06-30/2021-06-01"}, "$.occurred", "end is before its start"),
        ({"occurred": "[2021-06-30..2021-06-01]"}, "$.occurred", "end is before its start"),
        ({"occurred": "yesterday"}, "$.occurred", "is not a date"),
        ({"occurred": ""}, "$.occurred", "empty"),
        ({"occurred": "9" * 300}, "$.occurred", "longer than 200"),
        ({"occurred": 20210622}, "$.occurred", "string"),
        ({"occurred": None}, "$.occurred", "string"),
        ({"source": {"name": "A", "published": "2021/.."}}, "$.source.published", "last day"),
        ({"source": {"name": "A", "published": "2021-31-12"}}, "$.source.published", "no month"),
        ({"source": {"name": "A", "url": "javascript:1"}}, "$.source.url", "pattern"),
        ({"source": {}}, "$.source.name", "required"),
        ({"place": {"name": "A", "latitude": 91, "longitude": 0}}, "$.place.latitude", "90"),
        ({"place": {"name": "A", "latitude": 0, "longitude": -181}}, "$.place.longitude", "-180"),
        ({"place": {"name": "A", "latitude": 1}}, "$.place.longitude", "both or not at all"),
        ({"place": {"name": "A", "latitude": "1", "longitude": 1}}, "$.place.latitude", "number"),
        ({"place": {"name": "A", "country": "XYZ"}}, "$.place.country", "'XYZ' is no country"),
        ({"countries": [{"code": "XYZ", "role": "host"}]}, "$.countries[0].code", "XYZ"),
        ({"countries": [{"code": "AFG", "role": "victim"}]}, "$.countries[0].role", "location"),
        ({"participants": [{"actor": "ghost"}]}, "$.participants[0].actor", "'ghost'"),
        ({"participants": [{"actor": "No Slug"}]}, "$.participants[0].actor", "lower-case"),
        ({"figures": [{"measure": "killed"}]}, "$.figures[0]", "at least one of"),
        ({"figures": [{"measure": "killed", "low": 5, "high": 3}]}, "$.figures[0].low", "rise"),
        ({"figures": [{"measure": "killed", "low": 5, "best": 4}]}, "$.figures[0].low", "rise"),
        ({"figures": [{"measure": "killed", "best": -1}]}, "$.figures[0].best", "0"),
        ({"figures": [{"measure": "killed", "best": 1.5}]}, "$.figures[0].best", "integer"),
        ({"figures": [{"measure": "killed", "best": "5"}]}, "$.figures[0].best", "integer"),
        ({"figures": [{"measure": "killed", "best": True}]}, "$.figures[0].best", "integer"),
        ({"figures": [{"measure": "killed", "best": 10**13}]}, "$.figures[0].best", "10000"),
        ({"figures": [{"measure": "unicorns", "best": 1}]}, "$.figures[0].measure", "killed"),
        ({"figures": [{"measure": "killed", "best": 1}] * 201}, "$.figures", "200"),
        ({"title": "a\x00b"}, "$.title", "control character"),
        ({"title": "two\nlines"}, "$.title", "control character"),
        ({"title": " \t "}, "$.title", "blank"),
        ({"title": ""}, "$.title", "1"),
        ({"title": "a" * 501}, "$.title", "500"),
        ({"summary": "a\x00b"}, "$.summary", "control character"),
        ({"summary": "a" * 20_001}, "$.summary", "20000"),
        ({"type": "war"}, "$.type", "fighting"),
        ({"status": "retracted"}, "$.status", "reported"),
        ({"titel": "An attack"}, "$.titel", "no such field"),
        ({"a b": 1}, "$['a b']", "no such field"),
        ({"codes": {}}, "$.codes", "array"),
    ],
)
def test_an_account_with_one_fault_is_refused_at_its_path(
    change: Json, path: str, said: str, asked
) -> None:
    found = faults(asked.post("/v1/incidents", json=ACCOUNT | change))
    assert [fault_path for fault_path, _ in found] == [path]
    assert said in found[0][1]


def test_every_fault_is_named_at_once(asked) -> None:
    found = faults(
        asked.post(
            "/v1/incidents",
            json={
                "title": "",
                "occurred": "2021-13-01",
                "source": {"nam": "A"},
                "place": {"name": "A", "latitude": 91},
            },
        )
    )
    assert {path for path, _ in found} == {
        "$.title",
        "$.type",
        "$.occurred",
        "$.source.name",
        "$.source.nam",
        "$.place.latitude",
    }


def test_thousands_of_faults_are_counted_and_not_all_told(asked) -> None:
    answer = asked.post("/v1/incidents", json=ACCOUNT | {f"field{n}": n for n in range(3_000)})
    document = problem(answer, "invalid-body")
    assert len(document["faults"]) == 101
    assert document["faults"][-1]["message"] == "and 2900 more"


# actors


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"id": "No Slug"}, "$.id", "lower-case"),
        ({"id": ""}, "$.id", "1"),
        ({"id": "a" * 101}, "$.id", "100"),
        ({"names": []}, "$.names", "1"),
        ({"names": [{"text": "a\x00b"}]}, "$.names[0].text", "control character"),
        ({"names": [{"text": "A", "language": "klingon!"}]}, "$.names[0].language", "pattern"),
        ({"kind": "wizard"}, "$.kind", "state"),
        ({"state": "XYZ"}, "$.state", "'XYZ' is no country"),
        ({"affiliations": [{"actor": "nobody"}]}, "$.affiliations[0].actor", "itself"),
        ({"affiliations": [{"actor": "ghost"}]}, "$.affiliations[0].actor", "'ghost'"),
        (
            {"affiliations": [{"actor": "nato", "since": "2021", "until": "2020"}]},
            "$.affiliations[0].until",
            "before its start",
        ),
    ],
)
def test_an_actor_with_one_fault_is_refused_at_its_path(
    change: Json, path: str, said: str, asked
) -> None:
    found = faults(asked.post("/v1/actors", json=ACTOR | change))
    assert [fault_path for fault_path, _ in found] == [path]
    assert said in found[0][1]


# what is no such JSON at all


@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/actors"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"not json",
        b'{"title": "a",}',
        b"{'title': 'a'}",
        b'{"title": "a"} {}',
        b"[]",
        b"null",
        b"1",
        b'"text"',
        b"\xff\xfe",
        b'{"title": "\xff"}',
        b'{"title": "\xed\xa0\x80"}',
        b'{"title": "\\ud800"}',
        b'{"title": "\\udc00\\ud800"}',
        b'{"title": "a\x00b"}',
        '{"title": "a"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"place":' * 50_000,
        b'{"n": 1' + b"0" * 100_000 + b"}",
        b'{"n": 1e999999999}',
        b'{"n": -}',
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_not_a_json_object_of_its_kind_is_refused(body: bytes, path: str, asked) -> None:
    found = faults(raw(asked, body, path))
    assert all(at.startswith("$") and len(message) < 300 for at, message in found)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
@pytest.mark.parametrize(
    ("template", "path"),
    [
        ('"place": {"name": "A", "latitude": %s, "longitude": 0}', "$.place.latitude"),
        ('"figures": [{"measure": "killed", "best": %s}]', "$.figures[0].best"),
    ],
)
def test_a_number_that_no_count_and_no_degree_can_be_is_refused(
    number: str, template: str, path: str, asked
) -> None:
    account = orjson.dumps(ACCOUNT)[:-1] + b"," + (template % number).encode() + b"}"
    assert [at for at, _ in faults(raw(asked, account))] == [path]


# headers


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", "application/xml", ""]
)
def test_a_body_that_is_not_called_json_is_refused(kind: str, asked) -> None:
    answer = asked.post(
        "/v1/incidents", content=orjson.dumps(ACCOUNT), headers={"content-type": kind}
    )
    problem(answer, "unsupported-media-type")


def test_a_body_without_a_content_type_is_refused(asked) -> None:
    problem(asked.post("/v1/incidents", content=orjson.dumps(ACCOUNT)), "unsupported-media-type")


@pytest.mark.parametrize(
    "keys", [[b""], [b"two words"], [b"a" * 256], ["ключ".encode()], [b"\x7f"], [b"a", b"a"]]
)
def test_a_key_that_is_none_is_refused(keys: list[bytes], asked) -> None:
    headers = [(b"content-type", b"application/json"), *((b"idempotency-key", k) for k in keys)]
    answer = asked.post("/v1/incidents", content=orjson.dumps(ACCOUNT), headers=headers)
    assert "Idempotency-Key" in problem(answer, "bad-header")["detail"]


# sizes, over a real connection


@pytest.fixture(scope="module")
def server(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a store of this module's own."""
    with serving(tmp_path_factory.mktemp("sizes") / "home") as running:
        yield running


def padded(size: int) -> bytes:
    body = orjson.dumps(ACCOUNT)
    return body + b" " * (size - len(body))


def chunks(size: int) -> Iterator[bytes]:
    chunk = b" " * 65_536
    for _ in range(size // len(chunk)):
        yield chunk


def sent(server: Server, body: Any, *, chunked: bool) -> tuple[int, bytes]:
    """The answer to a body, and that the service goes on answering."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    before = server.get("/readyz").json()
    try:
        headers = JSON | server.credentials
        connection.request("POST", "/v1/incidents", body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        status, content = answer.status, answer.read()
    finally:
        connection.close()
    assert server.get("/livez").status_code == 200
    assert (server.get("/readyz").json() == before) == (status != 201)
    return status, content


def test_a_body_of_a_million_bytes_is_taken_and_one_more_is_not(server: Server) -> None:
    assert sent(server, padded(1_000_000), chunked=False)[0] == 201
    assert sent(server, padded(1_000_001), chunked=False)[0] == 413


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_of_fifty_megabytes_is_refused(chunked: bool, server: Server) -> None:
    size = 50 * 1024 * 1024
    status, content = sent(server, chunks(size) if chunked else b" " * size, chunked=chunked)
    assert status == 413
    assert orjson.loads(content)["type"] == "/problems/body-too-large"


def test_a_body_in_chunks_without_a_length_is_taken(server: Server) -> None:
    body = orjson.dumps(ACCOUNT)
    status, _ = sent(server, iter([body[:10], body[10:]]), chunked=True)
    assert status == 201
