"""``make contract``: writes the contract that is committed, ``openapi/`` and its examples, from the code.

    openapi/openapi.json             the API, OpenAPI 3.1
    openapi/ogc.json                 OGC API - Features, OpenAPI 3.0, with real answers
    openapi/problems.md              every problem type
    openapi/records.schema.json      the records of the log, JSON Schemas by topic
    openapi/chronicle.schema.json    the format of chronicles, JSON Schema
    service/api/examples.json        real answers, which openapi.json shows

The examples are asked of a store of its own that holds the chronicle of 2021, recorded at one fixed
instant, so that the same code always writes the same files.
"""

from __future__ import annotations

import asyncio
import datetime
import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import orjson
from fastapi import FastAPI

from domain.ids import uuid7
from service.access.roles import Role
from service.api.app import create_app
from service.api.contract import Json, contract
from service.api.import_body import EXAMPLE
from service.api.problems import problems_page
from service.bootstrap import Casus, open_casus
from service.chronicles import ADAPTER, BUNDLED, load_chronicle, parse_chronicle
from service.imports.jobs.documents import ImportJob, ImportQuery, ImportUpload
from service.imports.jobs.process import carry_out
from service.imports.jobs.store import UPLOAD, Imports, Kept, write_job
from service.ogc.definition import definition
from service.ogc.documents import HTML, OPENAPI
from service.publishing.records_schema import DIALECT, records_schema
from service.revisions import OF_INCIDENTS, named
from service.settings import Settings
from service.webhooks.documents import SubscriptionFilter, SubscriptionRequest
from service.webhooks.store import SCHEMA, Made, Subscriptions

ROOT = Path(__file__).parents[1]
RECORDED_AT = datetime.datetime(2026, 11, 22, 9, tzinfo=datetime.UTC)
"""When everything in the examples was recorded."""

HOST = "127.0.0.1:8000"

_MILLISECONDS = int(RECORDED_AT.timestamp() * 1_000)

REPORTED_ID = uuid7(_MILLISECONDS, 2**73 + 2**40 + 1)
"""Stands for the id, random in part, that the incident of the example gets."""

STARTED_ID = uuid7(_MILLISECONDS, 2**73 + 2**40 + 2)
"""Stands for the id of the import of the example."""

IMPORT_ID = str(uuid7(_MILLISECONDS, 2**73 + 2**40))
"""Of an import that is over."""

SUBSCRIPTION_ID = str(uuid7(_MILLISECONDS, 2**73 + 2**40 + 3))
"""Of a subscription that is paused."""

SUBSCRIBED_ID = uuid7(_MILLISECONDS, 2**73 + 2**40 + 4)
"""Stands for the id of the subscription of the example."""

SECRET = "whsec_Q2FzdXMgc2hvd3MgZXZlcnkgc2VjcmV0IG9uY2U="  # noqa: S105 - nobody is given it
"""Stands for its secret."""

READS = {
    "list_countries": "/v1/countries",
    "country_timeline": "/v1/countries/AFG/timeline?from=2021-06-23&to=2021-06-23&match=certain&limit=1",
    "country_publication": "/v1/countries/UZB/timeline.csv",
    "list_actors": "/v1/actors?q=border&limit=2",
    "get_actor": "/v1/actors/taliban",
    "actor_timeline": "/v1/actors/csto/timeline?limit=1",
    "actor_publication": "/v1/actors/csto/timeline.geojson?limit=1",
    "country_embed": "/v1/countries/UZB/timeline/embed?chart=map",
    "actor_embed": "/v1/actors/csto/timeline/embed",
    "incidents_embed": "/v1/incidents/embed?q=sherkhan&reported_by=2021-06-22",
    "series_embed": "/v1/series/embed?country=AFG&measure=killed&from=2021-05&to=2021-06",
    "search_incidents": "/v1/incidents?q=sherkhan&reported_by=2021-06-22",
    "incidents_publication": "/v1/incidents.ndjson?q=sherkhan&reported_by=2021-06-22",
    "get_incident": "/v1/incidents/{}",
    "incident_timemap": "/v1/incidents/{}/timemap",
    "incident_history": "/v1/incidents/{}/history",
    "get_diff": "/v1/diff?from_reported_by=2021-06-22&to_reported_by=2021-06-30&country=TJK",
    "get_series": "/v1/series?country=AFG&measure=killed&from=2021-05&to=2021-06",
    "series_publication": "/v1/series.csv?country=AFG&measure=killed&from=2021-05&to=2021-06",
    "get_replay": "/v1/replay?country=UZB&to=2021-06-23&match=certain",
    "get_log": "/v1/log?after=64&limit=1",
    "stream_log": "/v1/log/stream?after=66&position=67",
    "country_citation": "/v1/countries/UZB/timeline/cite",
    "actor_citation": "/v1/actors/csto/timeline/cite",
    "search_citation": "/v1/incidents/cite?q=sherkhan&reported_by=2021-06-22",
    "incident_citation": "/v1/incidents/{}/cite",
    "series_citation": "/v1/series/cite?country=AFG&measure=killed&from=2021-05&to=2021-06",
    "list_datasets": "/v1/datasets",
    "get_dataset": "/v1/datasets/afghanistan-2021",
    "list_imports": "/v1/imports",
    "get_import": f"/v1/imports/{IMPORT_ID}",
    "rejected_rows": f"/v1/imports/{IMPORT_ID}/rejected",
    "list_subscriptions": "/v1/subscriptions",
    "get_subscription": f"/v1/subscriptions/{SUBSCRIPTION_ID}",
    "livez": "/livez",
    "readyz": "/readyz",
}
"""A request for each operation that reads; ``{}`` is the incident of people who try to cross."""

CROSSING = "53 people"
SHOWN_COUNTRIES = ("AFG", "TJK", "SUN")
"""The list of countries is too long to be shown whole."""

_ACCOUNT = (
    b'{"title":"A bridge falls","type":"attack","occurred":"2021-13-01","source":{},'
    b'"figures":[{"measure":"killed","low":-1}]}'
)
_ACTOR = b'{"id":"taliban","kind":"armed_group","names":[{"text":"Taliban"}]}'
_KNOWN_NAME = b'{"text":"Taliban","language":"en","shown":true,"reason":"As it is called."}'
_JSON = {"content-type": "application/json"}
_KEYED = {**_JSON, "idempotency-key": "5f3c"}

_REVISING = {**_JSON, "if-match": "*"}

WRITES = (
    ("report_incident", "/v1/incidents", _KEYED),
    *(
        (revision, f"/v1/incidents/{{}}/{path}", _REVISING)
        for path, revision in named(OF_INCIDENTS)
    ),
    ("register_actor", "/v1/actors", _JSON),
    ("name_actor", "/v1/actors/taliban/names", _REVISING),
    ("identify_actor", "/v1/actors/taliban/external-ids", _REVISING),
    ("affiliate_actor", "/v1/actors/uzbek-border-troops/affiliations", _REVISING),
    ("release_actor", "/v1/actors/uzbek-border-troops/releases", _REVISING),
    ("merge_actor", "/v1/actors/tajik-border-troops/merge", _REVISING),
    ("unmerge_actor", "/v1/actors/tajik-border-troops/unmerge", _REVISING),
    ("start_import", "/v1/imports?format=ucdp-ged&release=21.0.6&released=2021-07-20", _JSON),
    ("create_subscription", "/v1/subscriptions", _JSON),
    ("resume_subscription", f"/v1/subscriptions/{SUBSCRIPTION_ID}/resume", _JSON),
    ("pause_subscription", f"/v1/subscriptions/{SUBSCRIPTION_ID}/pause", _JSON),
    ("delete_subscription", f"/v1/subscriptions/{SUBSCRIPTION_ID}", {}),
)
"""A request for each operation that writes, in order; its body is the example of the contract."""

NAME = "editor"
"""Who writes in the examples."""

_NO_KEY = {"authorization": ""}
_WRONG_KEY = {"authorization": f"Bearer casus_{0:012x}_{0:064x}"}
_OF_CONTRIBUTOR = {"authorization": "contributor"}

REFUSALS: dict[str, tuple[str, str, dict[str, str], bytes]] = {
    "unknown-country": ("GET", "/v1/countries/XYZ/timeline", {}, b""),
    "unknown-actor": ("GET", "/v1/actors/talban", {}, b""),
    "unknown-dataset": ("GET", "/v1/datasets/afghanistan-2012", {}, b""),
    "unknown-format": ("GET", "/v1/incidents.xls", {}, b""),
    "not-acceptable": ("GET", "/v1/incidents", {"accept": "text/plain"}, b""),
    "unknown-incident": ("GET", f"/v1/incidents/{UUID(int=0)}", {}, b""),
    "unknown-collection": ("GET", "/ogc/collections/xyz", {}, b""),
    "unknown-import": ("GET", f"/v1/imports/{UUID(int=0)}", {}, b""),
    "unknown-subscription": ("GET", f"/v1/subscriptions/{UUID(int=0)}", {}, b""),
    "key-missing": ("POST", "/v1/incidents", _NO_KEY, b""),
    "key-refused": ("POST", "/v1/incidents", _WRONG_KEY, b""),
    "role-missing": ("POST", "/v1/imports", _OF_CONTRIBUTOR, b""),
    "not-found": ("GET", "/v1/wars", {}, b""),
    "method-not-allowed": ("DELETE", "/v1/incidents", {}, b""),
    "bad-parameter": ("GET", "/v1/incidents?form=2021-05-01&limit=0", {}, b""),
    "bad-cursor": ("GET", "/v1/incidents?cursor=AAAA", {}, b""),
    "bad-header": ("POST", "/v1/actors", {**_JSON, "idempotency-key": "two words"}, _ACTOR),
    "range-not-satisfiable": (
        "GET",
        "/v1/countries/UZB/timeline.csv",
        {"range": "bytes=1000000-"},
        b"",
    ),
    "invalid-body": ("POST", "/v1/incidents", _JSON, _ACCOUNT),
    "body-too-large": ("POST", "/v1/incidents", _JSON, b" " * 1_000_001),
    "unsupported-media-type": ("POST", "/v1/actors", {"content-type": "text/csv"}, b"id"),
    "actor-exists": ("POST", "/v1/actors", _JSON, _ACTOR),
    "conflict": ("POST", "/v1/actors/taliban/names", _REVISING, _KNOWN_NAME),
    "precondition-failed": (
        "POST",
        "/v1/actors/csto/names",
        {**_JSON, "if-match": '"1.5f3c"'},
        b'{"text":"ODKB","reason":"As it is called in Russian."}',
    ),
    "precondition-required": (
        "POST",
        "/v1/actors/csto/names",
        _JSON,
        b'{"text":"ODKB","reason":"As it is called in Russian."}',
    ),
    "idempotency-key-reused": ("POST", "/v1/actors", _KEYED, _ACTOR),
}
"""A request for each problem that a request alone can bring about."""


def contract_files() -> dict[Path, bytes]:
    """What each file of the contract has to hold."""
    with TemporaryDirectory() as home:
        casus = open_casus(Settings(CASUS_HOME=Path(home), _env_file=None), lambda: RECORDED_AT)
        try:
            load_chronicle(parse_chronicle(BUNDLED.read_bytes()), casus.log, casus.desk, by="casus")
            place_import(casus)
            place_subscription(casus)
            app = create_app(casus)
            app.state.bearing = {
                name: f"Bearer {app.state.callers.keys.create(name, role).text}"
                for name, role in ((NAME, Role.ADMIN), ("contributor", Role.CONTRIBUTOR))
            }
            examples = {"answers": _answers(app), "problems": _problems(app)}
            document = contract(app, examples)
            features = _features(app)
        finally:
            casus.close()
    openapi = ROOT / "openapi"
    return {
        openapi / "openapi.json": _json(document),
        openapi / "ogc.json": _json(features),
        openapi / "problems.md": problems_page().encode(),
        openapi / "records.schema.json": _json(records_schema()),
        openapi / "chronicle.schema.json": _json(_chronicle_schema()),
        ROOT / "service" / "api" / "examples.json": _json(examples),
    }


def _answers(app: FastAPI) -> Json:
    answers = {}
    for operation, path in READS.items():
        address = path.format(_crossing(app))
        answers[operation] = _asked(app, "GET", address)
    countries = answers["list_countries"]["body"]
    countries["items"] = [c for c in countries["items"] if c["code"] in SHOWN_COUNTRIES]
    crossing = _crossing(app)
    for operation, path, headers in WRITES:
        is_removal = operation.startswith("delete_")
        method, body = ("DELETE", b"") if is_removal else ("POST", _body_of(app, operation))
        answers[operation] = _asked(app, method, path.format(crossing), headers, body)
    given = {
        REPORTED_ID: answers["report_incident"]["body"]["incident"]["id"],
        STARTED_ID: answers["start_import"]["body"]["id"],
        SUBSCRIBED_ID: answers["create_subscription"]["body"]["id"],
        SECRET: answers["create_subscription"]["body"]["secret"],
    }
    text = orjson.dumps(answers).decode()
    for fixed, random in given.items():
        text = text.replace(random, str(fixed))
    made: Json = orjson.loads(text)
    return made


def place_import(casus: Casus) -> None:
    """Give a store the import that examples show: one that found out what would be recorded."""
    folder = Imports(casus.settings.home).folder_of(IMPORT_ID)
    folder.mkdir(parents=True)
    sent = orjson.dumps(EXAMPLE)
    (folder / UPLOAD).write_bytes(sent)
    created = casus.desk.recording("casus").at
    asked = ImportQuery(format="ucdp-ged", dry_run=True)
    upload = ImportUpload(bytes=len(sent), sha256=sha256(sent).hexdigest())
    job = ImportJob(
        id=IMPORT_ID, state="running", asked=asked, upload=upload, created=created, started=created
    )
    over = carry_out(casus, folder, Kept(job=job, by="casus"), lambda: created)
    write_job(folder, Kept(job=over, by="casus"))


def place_subscription(casus: Casus) -> None:
    """Give a store the subscription that examples show, which is paused."""
    with closing(Subscriptions(casus.state(SCHEMA))) as subscriptions:
        asked = SubscriptionRequest(
            url="https://hooks.example.org/casus",
            filter=SubscriptionFilter(country="TJK"),
            description="The border, seen from Dushanbe.",
        )
        created = casus.desk.recording("casus").at
        made = Made(casus.log.head, created, f"http://{HOST}", id=SUBSCRIPTION_ID, secret=SECRET)
        subscriptions.add(asked, made, None)
        subscriptions.pause(SUBSCRIPTION_ID, None)


def _features(app: FastAPI) -> Json:
    """The definition of OGC API - Features as clients are given it, and a real answer of each operation."""
    document = definition(f"http://{HOST}/ogc")
    named = {"collectionId": "uzb", "featureId": _crossing(app)}
    for path, operations in document["paths"].items():
        ((kind, content),) = operations["get"]["responses"]["200"]["content"].items()
        if kind in (OPENAPI, HTML):  # this very document, and a page that shows it
            continue
        query = "?bbox=66,37,69,39&limit=1" if path.endswith("/items") else ""
        address = f"/ogc{path.format(**named).rstrip('/')}{query}"
        content["example"] = _asked(app, "GET", address)["body"]
    return document


def _problems(app: FastAPI) -> Json:
    return {name: _asked(app, *request)["body"] for name, request in REFUSALS.items()}


def _crossing(app: FastAPI) -> str:
    found = _asked(app, "GET", f"/v1/incidents?q={CROSSING.replace(' ', '+')}")["body"]["items"]
    identifier: str = found[0]["id"]
    return identifier


def _body_of(app: FastAPI, operation: str) -> bytes:
    for path in contract(app)["paths"].values():
        if (post := path.get("post", {})).get("operationId") == operation:
            (example,) = post["requestBody"]["content"]["application/json"]["examples"].values()
            return orjson.dumps(example["value"])
    raise LookupError(operation)


def _asked(
    app: FastAPI,
    method: str,
    address: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Json:
    """One request to the application, without a server, and its answer."""
    path, _, query = address.partition("?")
    given = {"host": HOST, "authorization": NAME, **(headers or {})}
    if body:
        given["content-length"] = str(len(body))
    given["authorization"] = app.state.bearing.get(given["authorization"], given["authorization"])
    scope: Json = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "query_string": query.encode("ascii"),
        "headers": [(name.encode(), value.encode()) for name, value in given.items() if value],
    }
    sent: list[Json] = []

    said: list[Json] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Json:
        if not said:
            await asyncio.Event().wait()  # the client stays, and has nothing more to say
        return said.pop()

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(app(scope, receive, send))
    answer = b"".join(part.get("body", b"") for part in sent)
    kind = dict(sent[0]["headers"])[b"content-type"].decode().partition(";")[0]
    return {
        "method": method,
        "path": address,
        "status": sent[0]["status"],
        "media_type": kind,
        "body": orjson.loads(answer) if kind.endswith(("/json", "+json")) else answer.decode(),
    }


def _chronicle_schema() -> Json:
    return {"$schema": DIALECT, **ADAPTER.json_schema()}


def _json(document: Json) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def main() -> None:
    """Write the files, and name those that changed."""
    for path, content in contract_files().items():
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
