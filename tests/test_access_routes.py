"""Every route for everybody: whichever role, whatever is wrong with a key or token, open and closed.

The rows are the routes that the application has; what each takes is written down here once more: a route
that is new is in no table and fails, as does one whose rule has changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Mount

from service.access.errors import Unruled
from service.access.guard import guarded
from service.access.roles import Door, Role, Rule, needs, rule_of
from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.contract_files import ROOT
from service.settings import Settings
from tests.access import a_token, settings_of_provider, signing_key, unsigned
from tests.conftest import TestClient
from tests.refusals import problem

CONTRIBUTOR = {"report_incident", "add_account", "register_actor"}
CURATOR = {
    "revise_account",
    "withdraw_account",
    "correct_incident",
    "retract_incident",
    "reinstate_incident",
    "merge_incident",
    "unmerge_incident",
    "name_actor",
    "identify_actor",
    "affiliate_actor",
    "release_actor",
    "merge_actor",
    "unmerge_actor",
}
ADMIN = {
    "start_import",
    "list_imports",
    "get_import",
    "rejected_rows",
    "create_subscription",
    "list_subscriptions",
    "get_subscription",
    "delete_subscription",
    "pause_subscription",
    "resume_subscription",
}
OPEN = {
    "livez",
    "readyz",
    "metrics",
    "start",
    "docs",
    "openapi_json",
    "problem_type",
    "problem_types",
    "get_records_schema",
    "/docs/assets",
}
TAKES: dict[str, Rule] = {
    **dict.fromkeys(OPEN, Door.OPEN),
    **dict.fromkeys(CONTRIBUTOR, Role.CONTRIBUTOR),
    **dict.fromkeys(CURATOR, Role.CURATOR),
    **dict.fromkeys(ADMIN, Role.ADMIN),
}
"""All others are reads of what is recorded."""

CONTRACT = orjson.loads((ROOT / "openapi" / "openapi.json").read_bytes())


class Caller(NamedTuple):
    """Somebody who asks: what they send, and their role; None: none that is accepted."""

    header: str | None
    role: Role | None
    refused: bool = False


class Stores(NamedTuple):
    open: TestClient
    closed: TestClient
    callers: dict[str, Caller]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """A service that everybody may read and one that is closed, on one store; and who asks."""
    home = tmp_path_factory.mktemp("access")
    settings = {"CASUS_HOME": home, "CASUS_RATE_WRITES": 0, **settings_of_provider(home)}
    casus = [
        open_casus(Settings(**settings, CASUS_READING=reading, _env_file=None))
        for reading in ("open", "closed")
    ]
    with TestClient(create_app(casus[0])) as one, TestClient(create_app(casus[1])) as other:
        yield Stores(one, other, dict(_callers(one.app.state.callers.keys)))
    for each in casus:
        each.close()


def _callers(keys: Any) -> Iterator[tuple[str, Caller]]:
    for role in Role:
        key = keys.create(f"the {role.word}", role)
        yield f"key of a {role.word}", Caller(f"Bearer {key.text}", role)
        yield f"token of a {role.word}", Caller(f"Bearer {a_token(role.word)}", role)
    yield "no key", Caller(None, None)
    yield "another scheme", Caller("Basic bWFyaWE6c2VjcmV0", None)
    yield "a token without a role", Caller(f"Bearer {a_token('reader')}", None)
    gone = keys.create("gone", Role.ADMIN)
    keys.revoke("gone")
    right = keys.create("right", Role.ADMIN).text
    at = int(time.time())
    refused = {
        "wrong key": f"{right[:-1]}{'0' if right[-1] != '0' else '1'}",
        "unknown key": f"casus_{'0' * 12}_{'0' * 64}",
        "revoked key": gone.text,
        "no key at all": "casus",
        "two words": f"{right} {right}",
        "nothing": "",
        "expired token": a_token("admin", exp=at - 100),
        "token to come": a_token("admin", nbf=at + 100),
        "token for ever": a_token("admin", exp=None),
        "wrong audience": a_token("admin", aud="another"),
        "no audience": a_token("admin", aud=None),
        "wrong issuer": a_token("admin", iss="https://id.example.com"),
        "no issuer": a_token("admin", iss=None),
        "alg none": unsigned("admin"),
        "shared secret": a_token(
            "admin", key=b"s" * 32, algorithm="HS256", headers={"kid": "shared"}
        ),
        "another's signature": a_token("admin", key=signing_key("another")),
        "unknown kid": a_token("admin", headers={"kid": "none of them"}),
        "token of a key's name": a_token("admin", sub="the admin"),
        "token of nobody": a_token("admin", sub=None),
    }
    for name, text in refused.items():
        yield name, Caller(f"Bearer {text}", None, refused=True)


def routes(client: TestClient) -> Iterator[tuple[str, str, str]]:
    """The name of each route, a method that it answers to, and an address where it is."""
    for route in client.app.routes:
        if isinstance(route, Mount):
            yield route.path, "HEAD", f"{route.path}/swagger-ui.css"
            continue
        path = route.path.replace("{suffix}", "csv").replace("{chart}", "map")
        for part in ("code", "actor", "incident_id", "dataset", "import_id", "subscription_id"):
            path = path.replace(f"{{{part}}}", "afg")
        path = path.replace("{collection}", "incidents").replace("{incident}", "x")
        path = path.replace("{name}", "busy").replace("{actor:path}", "afg")
        for method in route.methods - {"HEAD"}:
            # For the headers alone: some answers never end.
            yield route.name, "HEAD" if method == "GET" else method, path


WHO = [
    *(f"{kind} of a {role.word}" for role in Role for kind in ("key", "token")),
    "no key",
    "another scheme",
    "a token without a role",
    "wrong key",
    "unknown key",
    "revoked key",
    "no key at all",
    "two words",
    "nothing",
    "expired token",
    "token to come",
    "token for ever",
    "wrong audience",
    "no audience",
    "wrong issuer",
    "no issuer",
    "alg none",
    "shared secret",
    "another's signature",
    "unknown kid",
    "token of a key's name",
    "token of nobody",
]


@pytest.mark.parametrize("reading", ["open", "closed"])
@pytest.mark.parametrize("who", WHO)
def test_every_route_lets_through_whom_it_is_for_and_nobody_else(
    who: str, reading: str, stores: Stores
) -> None:
    client: TestClient = getattr(stores, reading)
    caller = stores.callers[who]
    headers = {} if caller.header is None else {"authorization": caller.header}
    for name, method, path in routes(client):
        answer = client.request(method, path, headers=headers)
        asked = f"{method} {path} by {who}, {reading}: {answer.status_code}"
        rule = TAKES.get(name, Door.READING)
        if rule is Door.READING and reading == "open" and not caller.refused:
            rule = Door.OPEN
        challenge = answer.headers.get("www-authenticate", "")
        if rule is Door.OPEN:
            assert answer.status_code not in (401, 403), asked
            assert answer.status_code < 500, asked
        elif caller.refused:
            assert answer.status_code == 401, asked
            assert challenge == 'Bearer realm="casus", error="invalid_token"'
        elif caller.header is None or who == "another scheme":
            assert answer.status_code == 401, asked
            assert challenge == 'Bearer realm="casus"'
        elif caller.role is None or (isinstance(rule, Role) and caller.role < rule):
            assert answer.status_code == 403, asked
            lowest = rule if isinstance(rule, Role) else Role.CONTRIBUTOR
            assert challenge.endswith(f'error="insufficient_scope", scope="{lowest.word}"')
        else:
            assert answer.status_code not in (401, 403), asked
            assert answer.status_code < 500, asked


def test_the_table_has_all_who_ask_and_every_route_that_is_no_read(stores: Stores) -> None:
    assert list(stores.callers) == WHO
    names = {name for name, _, _ in routes(stores.open)}
    assert names > set(TAKES)
    for name, method, path in routes(stores.open):
        assert name in TAKES or (method == "HEAD" and path.startswith(("/v1/", "/ogc"))), name


def test_the_contract_says_what_every_operation_takes() -> None:
    for methods in CONTRACT["paths"].values():
        for operation in methods.values():
            rule = TAKES.get(operation["operationId"], Door.READING)
            said = operation.get("security")
            if rule is Door.OPEN:
                assert said is None
                continue
            assert said == (
                [{"bearer": [rule.word]}] if isinstance(rule, Role) else [{}, {"bearer": []}]
            )
            assert {"401", "403", "429", "503"} <= operation["responses"].keys()
    assert CONTRACT["components"]["securitySchemes"].keys() == {"bearer"}


def test_an_application_with_a_route_without_a_rule_does_not_start(casus: Casus) -> None:
    router = APIRouter()

    @router.post("/v1/wars")
    def start_a_war() -> Response:
        return Response()

    with pytest.raises(Unruled, match="start_a_war"):
        guarded(router.routes, create_app(casus).state.callers)


def test_two_applications_do_not_share_who_may_use_their_routes(stores: Stores) -> None:
    one, other = stores.open.app, stores.closed.app
    for mine, theirs in zip(one.routes, other.routes, strict=True):
        assert rule_of(mine) == rule_of(theirs)
        if isinstance(mine, APIRoute) and rule_of(mine) is not Door.OPEN:
            assert mine.app is not theirs.app


def test_the_rule_that_is_declared_goes_before_that_of_the_kind_of_route() -> None:
    class Reads(APIRoute):
        rule = Door.READING

    router = APIRouter(route_class=Reads)
    router.get("/a")(needs(Role.ADMIN)(lambda: None))
    router.get("/b")(lambda: None)
    assert [rule_of(route) for route in router.routes] == [Role.ADMIN, Door.READING]


# What is told


def test_a_refusal_says_what_it_takes_and_of_a_key_nothing(stores: Stores) -> None:
    client, callers = stores.open, stores.callers

    def told(who: str) -> str:
        header = callers[who].header
        answer = client.post("/v1/imports", headers={"authorization": header} if header else {})
        return str(answer.json()["detail"])

    assert "the role of admin" in told("no key")
    assert "the role of admin" in told("key of a curator")
    assert "'the curator' has that of curator" in told("key of a curator")
    assert "'maria' has none" in told("a token without a role")
    assert told("wrong key") == told("unknown key") == told("revoked key") == told("no key at all")
    assert told("expired token") == "the token has expired"
    assert told("wrong audience") == "the token is for another audience"


def test_a_closed_service_lets_nobody_between_keep_what_it_answers(stores: Stores) -> None:
    key = {"authorization": stores.callers["key of a contributor"].header}
    fixed = "/v1/countries/AFG/timeline?position=0"
    assert stores.open.get(fixed).headers["cache-control"].startswith("public, ")
    answer = stores.closed.get(fixed, headers=key)
    assert answer.headers["cache-control"].startswith("private, ")
    assert "Authorization" in answer.headers["vary"]
    problem(stores.closed.get(fixed), "key-missing")
    assert "position" in stores.open.get("/").text
    assert "position" not in stores.closed.get("/").text


def test_nobody_writes_under_another_name(stores: Stores, casus: Casus) -> None:
    client = stores.open
    key = {"authorization": stores.callers["key of a contributor"].header}
    named = {"x-user": "maria", "from": "maria@example.org", "recorded-by": "maria"}
    actor = {"id": "nato", "kind": "organisation", "names": [{"text": "NATO"}]}
    forged = client.post("/v1/actors", json={**actor, "recorded_by": "maria"}, headers=key)
    assert problem(forged, "invalid-body")["faults"][0]["path"] == "$.recorded_by"
    asked = client.post("/v1/actors?by=maria", json=actor, headers=key)
    problem(asked, "bad-parameter")
    assert client.post("/v1/actors", json=actor, headers={**key, **named}).status_code == 201
    token = {"authorization": stores.callers["token of a curator"].header}
    other = {**actor, "id": "csto"}
    assert client.post("/v1/actors", json=other, headers={**token, **named}).status_code == 201
    records = [orjson.loads(line) for line in client.get("/v1/log?after=0").text.splitlines()]
    assert [record["data"]["recorded_by"] for record in records] == ["the contributor", "maria"]


def test_a_request_is_named_by_its_key_among_those_of_one_caller(stores: Stores) -> None:
    client, named = stores.open, {"idempotency-key": "the-same"}
    for number, who in enumerate(("key of a curator", "key of an admin".replace("an", "a"))):
        header = stores.callers[who].header
        body = {"id": f"actor-{number}", "kind": "organisation", "names": [{"text": "One"}]}
        for _ in range(2):
            sent = client.post("/v1/actors", json=body, headers={**named, "authorization": header})
            assert sent.status_code == 201, sent.text
