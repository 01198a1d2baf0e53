"""``/v1/imports``: files that are sent, the jobs that they become, and what is refused; over real HTTP."""

from __future__ import annotations

import gzip
import http.client
import io
import lzma
import re
import shutil
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import orjson
import psutil
import pytest

from service.access.first import NAME as FIRST_NAME
from service.api import imports, uploads
from service.api.import_body import EXAMPLE
from service.api.uploads import FILES
from service.faults import MOST_FAULTS
from service.imports.jobs.documents import FORMATS, ImportJob, ImportQuery, ImportUpload
from service.imports.jobs.store import Imports, Kept
from service.views.projector import ProjectionStopped
from tests import ged, tables
from tests.conftest import TestClient, bearing
from tests.processes import PATIENCE, Server, log_rows, serving, until
from tests.records import a_record
from tests.refusals import problem
from tests.test_chronicles import a_chronicle

Json = dict[str, Any]

CSV = {"content-type": "text/csv"}
GED = b"\n".join(ged.content("Afghanistan").splitlines()[:6])
ROWS = 5
NOW = "2026-11-22T09:00:00.000000Z"
MOST = 200_000


@pytest.fixture(scope="module")
def server(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a store with the chronicle, of this module's own."""
    home = shutil.copytree(filled_home, tmp_path_factory.mktemp("imports") / "home")
    with serving(home, CASUS_MAX_IMPORT=str(MOST)) as running:
        yield running
        assert "Traceback" not in running.end().errors


@pytest.fixture
def refusing(server: Server) -> Iterator[Server]:
    """The same, for what is refused: no import comes of it, and nothing is left behind."""
    before = ids_of_imports(server)
    yield server
    assert ids_of_imports(server) == before
    # What was sent may be removed a moment after the answer, or after the client has gone.
    until(lambda: not list(home_of(server).glob("imports/incoming-*")))


def ids_of_imports(server: Server) -> list[str]:
    """Which imports there are: those of other tests may be under way."""
    return [each["id"] for each in server.get("/v1/imports").json()["items"]]


def home_of(server: Server) -> Path:
    (home,) = re.findall(r"^Casus serves (.+) at position", "\n".join(server.printed), re.M)
    return Path(home)


def post(server: Server, body: Any = GED, query: str = "", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.client.post(f"/v1/imports{query}", content=body, headers=CSV | named)


def followed(server: Server, sent: Any) -> Json:
    """The job that what was sent has become, once it is over."""
    assert sent.status_code == 202, sent.text
    job: Json = sent.json()
    assert sent.headers["location"] == f"{server.address}/v1/imports/{job['id']}"

    def is_over() -> bool:
        job.update(server.get(sent.headers["location"]).json())
        return job["state"] in ("done", "failed")

    until(is_over)
    return job


# What is sent


def test_a_file_is_kept_imported_and_can_be_read_at_its_position(server):
    sent = post(server, query="?format=ucdp-ged&release=23.1&released=2023-05-30&dataset=one")
    assert sent.json()["state"] == "queued"
    assert sent.json()["asked"]["release"] == "23.1"
    assert sent.headers["cache-control"] == "no-store"
    job = followed(server, sent)
    assert (job["state"], job["error"], job["rejected"], job["recorded"]) == ("done", None, 0, True)
    assert (job["counts"]["rows"], job["counts"]["incidents_new"]) == (ROWS, ROWS)
    assert job["created"] <= job["started"] <= job["finished"]
    shown = server.get(f"/v1/datasets/one?position={job['position']}").json()["dataset"]
    assert (shown["incidents"], shown["releases"][0]["release"]) == (ROWS, "23.1")
    records = [orjson.loads(row[4]) for row in log_rows(home_of(server))[67:]]
    assert {record["recorded_by"] for record in records} == {FIRST_NAME}


def test_what_is_done_can_be_read_at_once(server):
    for number in range(5):  # before the server has looked at the log by itself
        job = followed(server, post(server, query=f"?dataset=again-{number}"))
        answer = server.get(f"/v1/incidents?limit=1&position={job['position']}")
        assert answer.status_code == 200
        assert int(answer.headers["casus-position"]) == job["position"]


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("codebook.txt", "CODEBOOK\n\nid: the number of the event\n")
        archive.writestr(name, data)
    return file.getvalue()


def workbook(rows: list[list[str]]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


LINES = b"".join(orjson.dumps(each) + b"\n" for each in EXAMPLE["Result"] * 3)
KINDS: dict[str, tuple[str, bytes, int]] = {
    "csv": ("text/csv; charset=utf-8", GED, ROWS),
    "gzip": ("application/gzip", gzip.compress(GED), ROWS),
    "xz": ("application/x-xz", lzma.compress(GED), ROWS),
    "zip": ("application/zip", zipped("ged.csv", GED), ROWS),
    "bytes": ("Application/Octet-Stream", GED, ROWS),
    "json": ("application/json", orjson.dumps(EXAMPLE), 1),
    "ndjson": ("application/x-ndjson", LINES, 3),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        workbook([list(EXAMPLE["Result"][0]), [str(v) for v in EXAMPLE["Result"][0].values()]]),
        1,
    ),
}


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_files_of_every_kind_are_taken_with_or_without_a_length(kind, chunked, server):
    media_type, data, rows = KINDS[kind]
    parts = (data[at : at + 100] for at in range(0, len(data), 100))
    sent = post(server, parts if chunked else data, content_type=media_type)
    assert ("transfer-encoding" in sent.request.headers) == chunked
    job = followed(server, sent)
    assert (job["state"], job["error"], job["rejected"]) == ("done", None, 0)
    assert job["counts"]["rows"] == rows
    assert job["upload"]["bytes"] == len(data)
    said = "upload/codebook.txt: it has no column of a known format"
    assert [each[: len(said)] for each in job["passed_over"]] == [said] * (kind == "zip")


def test_a_body_without_a_content_type_is_taken_as_bytes(server):
    request = server.client.build_request("POST", "/v1/imports", content=GED)
    assert "content-type" not in request.headers
    assert followed(server, server.client.send(request))["state"] == "done"


def test_a_table_comes_with_its_mapping(server):
    files = {name: (tables.DATA / f"border.{end}").read_bytes() for name, end in
             (("file", "csv"), ("mapping", "yaml"))}  # fmt: skip
    job = followed(server, server.client.post("/v1/imports?format=table", files=files))
    assert (job["state"], job["counts"]["rows"], job["upload"]["mapped"]) == ("done", 4, True)
    assert server.get("/v1/datasets/border-notes").status_code == 200
    without = {"file": GED}
    assert followed(server, server.client.post("/v1/imports", files=without))["state"] == "done"


WHO_IS_WHO = b"""\
actor,kind,name,state,scheme,id,since,until
students,armed_group,Students of religion,,ucdp,303,,
"""


def test_a_file_comes_with_a_crosswalk_of_ones_own(server):
    files = {"file": GED, "crosswalk": WHO_IS_WHO}
    job = followed(server, server.client.post("/v1/imports?dataset=crossed", files=files))
    assert (job["state"], job["upload"]["crosswalked"]) == ("done", True)
    items = server.get("/v1/actors/students/timeline").json()["items"]
    assert items
    who = {each["actor"] for item in items for each in item["participants"]}
    assert "taliban" not in who
    files = {
        "file": (tables.DATA / "border.csv").read_bytes(),
        "mapping": (tables.DATA / "border.yaml").read_bytes(),
        "crosswalk": WHO_IS_WHO,
    }
    job = followed(server, server.client.post("/v1/imports", files=files))
    assert (job["state"], job["upload"]["mapped"]) == ("done", True)


def test_a_chronicle_takes_no_crosswalk(server):
    files = {"file": orjson.dumps(a_chronicle()), "crosswalk": WHO_IS_WHO}
    found = problem(
        server.client.post("/v1/imports?format=chronicle", files=files), "bad-parameter"
    )
    assert "leave out crosswalk" in found["detail"]
    job = followed(server, server.client.post("/v1/imports", files=files))
    assert job["state"] == "failed"
    assert "leave out crosswalk" in job["error"]


def test_a_chronicle_is_loaded_and_streamed(server):
    chronicle = a_chronicle()
    chronicle["actors"] = []  # the bundled one has them
    job = followed(server, post(server, orjson.dumps(chronicle), "?format=chronicle"))
    assert (job["state"], job["counts"]["incidents_new"]) == ("done", 2)
    header = {name: chronicle[name] for name in ("format", "title")} | {"dataset": "streamed"}
    lines = [header, *({"incident": each} for each in chronicle["incidents"])]
    body = (orjson.dumps(line) + b"\n" for line in lines)
    job = followed(server, post(server, body, content_type="application/x-ndjson"))
    assert (job["state"], job["counts"]["incidents_new"]) == ("done", 2)


def test_rejected_rows_are_given_as_a_table(server):
    bad = GED.replace(b",2021-05-28,2021-05-29,", b",2021-95-28,2021-05-29,")
    job = followed(server, post(server, bad, "?dataset=bad"))
    assert (job["state"], job["rejected"]) == ("done", 1)
    rejected = server.get(f"/v1/imports/{job['id']}/rejected")
    assert rejected.headers["content-type"].startswith("text/csv")
    header, row = rejected.text.splitlines()
    assert header == "line,column,reason,row,file"
    assert row.startswith("2,date_start,")
    clean = followed(server, post(server, query="?dataset=bad"))
    assert (
        server.get(f"/v1/imports/{clean['id']}/rejected").text == "line,column,reason,row,file\r\n"
    )


def test_what_fails_says_why(server):
    job = followed(server, post(server, b"a,b\n1,2\n"))
    assert (job["state"], job["recorded"], job["position"]) == ("failed", False, None)
    assert "no column of a known format" in job["error"]


def test_what_was_sent_is_removed_when_it_is_over(server):
    job = followed(server, post(server))
    folder = home_of(server) / "imports" / job["id"]
    until(lambda: [path.name for path in folder.iterdir()] == ["job.json"])


# Looking at them


def test_imports_are_listed_the_newest_first(server):
    jobs = [followed(server, post(server)) for _ in range(2)]
    items = server.get("/v1/imports").json()["items"]
    assert items[:2] == jobs[::-1]


def test_a_job_is_sent_again_only_when_it_has_changed(server):
    location = post(server).headers["location"]
    followed(server, server.client.post("/v1/imports", content=GED, headers=CSV))
    first = server.get(location)
    assert first.json()["state"] == "done"  # they are carried out in turn
    held = {"if-none-match": first.headers["etag"]}
    assert server.client.get(location, headers=held).status_code == 304
    assert server.client.head(location).headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("rest", ["", "/rejected"])
@pytest.mark.parametrize("name", ["1", "LOCK", "%2e%2e", "00000000-0000-0000-0000-000000000000"])
def test_an_import_that_is_not_there_is_not_found(name, rest, refusing):
    problem(refusing.get(f"/v1/imports/{name}{rest}"), "unknown-import")


@pytest.mark.parametrize("path", ["", "/00000000-0000-0000-0000-000000000000"])
def test_reading_imports_takes_no_parameters(path, refusing):
    found = problem(refusing.get(f"/v1/imports{path}?limit=1"), "bad-parameter")
    assert "no query parameters" in found["detail"]


def test_the_rejected_rows_of_what_is_not_over_are_not_known_yet(client, app):
    app.state.queue.stop()  # so that it waits
    job = client.post("/v1/imports", content=GED, headers=CSV).json()
    answer = client.get(f"/v1/imports/{job['id']}/rejected")
    assert "queued" in problem(answer, "import-not-over")["detail"]


# Keys


def test_a_key_makes_one_import_of_a_request_however_often_it_is_sent(server):
    query = "?dataset=keyed"
    first = followed(server, post(server, query=query, idempotency_key="k1"))
    before = len(log_rows(home_of(server)))
    again = post(server, iter([GED]), query, idempotency_key="k1")
    assert again.status_code == 202
    assert again.json() == first
    for body, other in ((GED + b"\n", query), (GED, "?dataset=other"), (GED, "")):
        problem(post(server, body, other, idempotency_key="k1"), "idempotency-key-reused")
    assert post(server, query=query, idempotency_key="k2").json()["id"] != first["id"]
    assert len(log_rows(home_of(server))) == before


def test_a_key_holds_for_what_comes_beside_as_well(server):
    headers = {"idempotency-key": "k4"}
    files = {"file": GED, "mapping": tables.LEAST.encode(), "crosswalk": WHO_IS_WHO}
    assert server.client.post("/v1/imports", files=files, headers=headers).status_code == 202
    assert server.client.post("/v1/imports", files=files, headers=headers).status_code == 202
    others = (
        {"file": GED},
        {name: files[name] for name in ("file", "mapping")},
        *(files | {name: files[name] + b"\n"} for name in ("mapping", "crosswalk")),
    )
    for other in others:
        answer = server.client.post("/v1/imports", files=other, headers=headers)
        problem(answer, "idempotency-key-reused")


def test_a_key_of_another_write_is_no_imports(server):
    account = {"title": "A", "type": "attack", "occurred": "2021", "source": {"name": "A"}}
    key = {"idempotency-key": "k3"}
    assert server.client.post("/v1/incidents", json=account, headers=key).status_code == 201
    problem(post(server, idempotency_key="k3"), "idempotency-key-reused")


# What is refused


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?format=ucdp", "format: there is no such format; did you mean 'ucdp-ged'? There are"),
        ("?format=xml", f"There are {', '.join(FORMATS)}"),
        ("?format=", "There are"),
        ("?format=acled&format=gdelt", "more than once"),
        ("?released=2024-13-01", "released: '2024-13-01' is not a date: there is no month 13"),
        ("?released=soon", "released: "),
        ("?scope=country=MMR", "scope: "),
        ("?scope=Myanmar&complete=true", "is neither a country nor years; write country=MMR"),
        ("?scope=country=XYZ&complete=true", "XYZ"),
        ("?complete=", "complete: "),
        ("?dataset=No%20Slug", "dataset: "),
        ("?relaese=1", "did you mean 'release'?"),
        ("?format=chronicle&force=true", "force: "),
        ("?format=table", "send multipart/form-data with the parts file and mapping"),
    ],
)
def test_what_cannot_be_asked_is_refused(query, said, refusing):
    found = problem(post(refusing, query=query), "bad-parameter")
    assert said in found["detail"]


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "image/png", "text", "multipart/mixed", "x" * 999]
)
def test_a_body_of_another_type_is_refused_with_those_that_are_taken(kind, refusing):
    found = problem(post(refusing, content_type=kind), "unsupported-media-type")
    assert all(each in found["detail"] for each in FILES)
    assert len(found["detail"]) < 1_000


def fault_of(answer: Any) -> tuple[str, str]:
    (fault,) = problem(answer, "invalid-body")["faults"]
    return fault["path"], fault["message"]


@pytest.mark.parametrize("body", [b"", iter([])])
def test_an_empty_body_is_refused(body, refusing):
    path, message = fault_of(post(refusing, body))
    assert (path, message) == ("$", "it is empty: send a file")


@pytest.mark.parametrize(
    ("files", "path", "said"),
    [
        ({"mapping": b"key: Nr"}, "$.file", "required"),
        ({"file": b""}, "$", "empty"),
        ({"file": GED, "other": b"1"}, "$.other", "there are file, mapping, crosswalk"),
        ({"file": GED, "mapping": b"\xff"}, "$.mapping", "UTF-8"),
        ({"file": GED, "mapping": b""}, "$.mapping", "a mapping has the fields"),
        ({"file": GED, "mapping": b"a: [" * 50}, "$.mapping", "line 1"),
        ({"file": GED, "mapping": tables.LEAST.encode() + b"titel: A"}, "$.mapping.titel", "title"),
        ({"file": GED, "crosswalk": b"\xff"}, "$.crosswalk", "UTF-8"),
        ({"file": GED, "crosswalk": b""}, "$.crosswalk[1]", "it lacks the columns actor, kind"),
        *(
            ({"file": GED, "crosswalk": WHO_IS_WHO + line}, f"$.crosswalk[{at}]{column}", said)
            for line, at, column, said in (
                (
                    b'a,armed_group,A,,ucdp,"999,,\nb,armed_group,B,,ucdp,9,,\n',
                    3,
                    "",
                    "unexpected end",
                ),
                (b"a,armed_group,A,,ucdp,9,,,2021-01-01\n", 3, "", "it has not 8 cells"),
                (b"a,armed_group,A,,ucdp,9\n", 3, "", "it has not 8 cells"),
                (b"a,armed_group,A,,ucdp,9,2022,2021\n", 3, ".until", "before since"),
            )
        ),
        (
            {"file": GED, "crosswalk": WHO_IS_WHO.replace(b"until\n", b"until,id\n")},
            "$.crosswalk[1]",
            "more than one column id",
        ),
        (
            {"file": GED, "crosswalk": WHO_IS_WHO.replace(b"armed_group", b"army")},
            "$.crosswalk[2].kind",
            "armed_group",
        ),
    ],
)
def test_parts_that_are_not_as_they_should_be_are_named(files, path, said, refusing):
    found = fault_of(refusing.client.post("/v1/imports", files=files))
    assert found[0] == path
    assert said in found[1]


def test_of_many_faults_of_a_crosswalk_the_first_are_told(refusing):
    files = {"file": GED, "crosswalk": WHO_IS_WHO + b"x,,,,,,,\n" * 10_000}
    found = problem(refusing.client.post("/v1/imports", files=files), "invalid-body")
    assert len(found["faults"]) == MOST_FAULTS


def test_a_mapping_is_for_a_table(refusing):
    files = {"file": GED, "mapping": tables.LEAST.encode()}
    found = problem(refusing.client.post("/v1/imports?format=acled", files=files), "bad-parameter")
    assert "not for acled" in found["detail"]


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        ("multipart/form-data", b"--x--\r\n", "unsupported-media-type"),
        ("multipart/form-data; boundary=x", b"--x--\r\n", "invalid-body"),
        ("multipart/form-data; boundary=x", b"", "invalid-body"),
        ("multipart/form-data; boundary=x", GED, "invalid-body"),
        ("multipart/form-data; boundary=" + "x" * 500, GED, "invalid-body"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\na\r\n--x--\r\n", "invalid-body"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\na,b\r\n',
            "invalid-body",
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\na\r\n' * 2 + b"--x--\r\n",
            "invalid-body",
        ),
    ],
)
def test_parts_without_sense_are_refused(kind, body, name, refusing):
    problem(post(refusing, body, content_type=kind), name)


@pytest.mark.parametrize("keys", [[b""], [b"two words"], [b"a" * 256], [b"a", b"a"]])
def test_a_key_that_is_none_is_refused(keys, refusing):
    headers = [(b"content-type", b"text/csv"), *((b"idempotency-key", key) for key in keys)]
    answer = refusing.client.post("/v1/imports", content=GED, headers=headers)
    assert "Idempotency-Key" in problem(answer, "bad-header")["detail"]


# Sizes, and what is cut off


def sent(server: Server, body: Any, *, chunked: bool, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=PATIENCE)
    try:
        headers = CSV | server.credentials | headers
        connection.request("POST", "/v1/imports", body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def padded(size: int) -> bytes:
    return GED + b"\n" * (size - len(GED))


def test_a_file_of_the_most_bytes_is_taken(server):
    job = followed(server, post(server, padded(MOST)))
    assert (job["state"], job["upload"]["bytes"]) == ("done", MOST)


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("size", [MOST + 1, 30_000_000])
def test_a_file_of_more_bytes_is_refused(size, chunked, refusing):
    body = padded(size)
    parts = iter([body[:1_000], body[1_000:]])
    status, content = sent(refusing, parts if chunked else body, chunked=chunked)
    assert status == 413
    found = orjson.loads(content)
    assert (found["type"], str(MOST) in found["detail"]) == ("/problems/body-too-large", True)


def test_a_long_file_is_taken_in_the_memory_of_a_short_one(home):
    used = []

    def parts() -> Iterator[bytes]:
        yield GED
        for _ in range(100):
            yield b"\n" * 1_000_000
            used.append(process.memory_info().rss)

    with serving(home) as server:
        followed(server, post(server))
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        sent = post(server, parts())
        assert sent.json()["upload"]["bytes"] == len(GED) + 100_000_000
    assert max(used) < before + 20_000_000


def test_the_bodies_of_other_routes_have_their_own_limit(server):
    account = b'{"title": "A"}' + b" " * 1_000_000
    answer = server.client.post(
        "/v1/incidents", content=account, headers={"content-type": "application/json"}
    )
    problem(answer, "body-too-large")


def test_a_client_that_asks_first_is_refused_before_it_sends_too_much(refusing):
    where = urlsplit(refusing.address)
    with socket.create_connection((where.hostname, where.port), PATIENCE) as connection:
        connection.sendall(
            b"POST /v1/imports HTTP/1.1\r\nHost: casus\r\nContent-Type: text/csv\r\n"
            b"Authorization: Bearer %b\r\n"
            b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n"
            % (refusing.key.encode(), MOST + 1)
        )
        assert connection.recv(12) == b"HTTP/1.1 413"


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: %d\r\n\r\n%b" % (len(GED) + 1, GED),
        b"Content-Length: 1000\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(GED), GED),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b" % (len(GED) + 1, GED),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\nno number\r\n" % (len(GED), GED),
    ],
)
def test_nothing_comes_of_a_body_that_is_cut_off(body, refusing):
    where = urlsplit(refusing.address)
    with socket.create_connection((where.hostname, where.port), PATIENCE) as connection:
        connection.sendall(
            b"POST /v1/imports HTTP/1.1\r\nHost: casus\r\nContent-Type: text/csv\r\n"
            b"Authorization: Bearer %b\r\n" % refusing.key.encode()
        )
        connection.sendall(body)
        folder = home_of(refusing) / "imports"
        if b"no number" not in body:
            until(lambda: bool(list(folder.glob("incoming-*"))))  # it is being taken in
    until(lambda: not list(folder.glob("incoming-*")))


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"0x10", b"9" * 30])
def test_a_length_that_is_none_is_refused(length, refusing):
    where = urlsplit(refusing.address)
    with socket.create_connection((where.hostname, where.port), PATIENCE) as connection:
        connection.sendall(
            b"POST /v1/imports HTTP/1.1\r\nHost: casus\r\nContent-Type: text/csv\r\n"
            b"Authorization: Bearer %b\r\n"
            b"Expect: 100-continue\r\nContent-Length: %b\r\n\r\n" % (refusing.key.encode(), length)
        )
        assert connection.recv(10) == b"HTTP/1.1 4"


# The store, and others that work on it


def test_reads_reach_what_another_process_says_is_done(app, casus):
    # Not begun: without the follower, which would look at the log by itself.
    client = TestClient(app, headers=bearing(casus))
    imports: Imports = app.state.imports
    (position,) = casus.log.append([a_record(1)])
    upload = ImportUpload(bytes=1, sha256="0" * 64)
    with imports.incoming() as folder:
        job = ImportJob(
            id="", state="done", asked=ImportQuery(), upload=upload, position=position, created=NOW
        )
        identifier = imports.add(folder, Kept(job=job, by="tests")).id
    assert casus.reader.head < position
    answer = client.get(f"/v1/imports/{identifier}")
    assert int(answer.headers["casus-position"]) == position
    assert client.get(f"/v1/incidents?position={position}").status_code == 200


def test_nothing_is_taken_while_the_timelines_have_stopped(client, casus, monkeypatch):
    def check() -> None:
        raise ProjectionStopped(1, ValueError("secret"))

    monkeypatch.setattr(casus.projector, "check", check)
    answer = client.post("/v1/imports", content=GED, headers=CSV)
    assert "secret" not in str(problem(answer, "projection-stopped"))


def test_a_full_disk_is_told(client, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "secret")

    monkeypatch.setattr(uploads, "sync", full)
    answer = client.post("/v1/imports", content=GED, headers=CSV)
    assert problem(answer, "busy")["detail"].endswith("No space left on device")
    assert client.get("/v1/imports").json() == {"items": []}


def test_only_so_many_imports_wait(client, app, monkeypatch):
    app.state.queue.stop()
    monkeypatch.setattr(imports, "MOST_WAITING", 2)
    answers = [client.post("/v1/imports", content=GED, headers=CSV) for _ in range(3)]
    assert [answer.status_code for answer in answers[:2]] == [202, 202]
    problem(answers[2], "busy")
