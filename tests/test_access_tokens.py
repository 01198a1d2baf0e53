"""Tokens of a provider: what is believed, whose name and role they give, and keys that can't be fetched."""

from __future__ import annotations

import asyncio
import base64
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from pydantic import ValidationError

from service.access import issuer as issuers
from service.access.callers import VERIFYING, Callers
from service.access.errors import Refused, Unfetched, Unreachable
from service.access.issuer import Issuer
from service.access.keys import SCHEMA, Keys
from service.access.roles import Role
from service.access.tokens import LEEWAY, Tokens
from service.api.app import create_app
from service.bootstrap import open_casus
from service.settings import Settings
from tests.access import (
    AUDIENCE,
    ISSUER,
    a_token,
    curve_key,
    jwks,
    settings_of_provider,
    signing_key,
    unsigned,
)
from tests.conftest import TestClient
from tests.processes import until
from tests.refusals import problem

DEEP = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 11_000).decode().rstrip("=")
"""The head of a token, whose JSON has no end of depth."""


@pytest.fixture
def tokens(tmp_path) -> Tokens:
    return Tokens(Settings(**settings_of_provider(tmp_path), _env_file=None))


def configured(tmp_path, **settings: str) -> Tokens:
    return Tokens(Settings(**settings_of_provider(tmp_path), **settings, _env_file=None))


# What is believed


def test_a_token_gives_a_name_a_role_and_an_end(tokens):
    at = int(time.time())
    bearer = tokens.verify(a_token("curator", "else", exp=at + 60))
    assert (bearer.name, bearer.role, bearer.until) == ("maria", Role.CURATOR, at + 60 + LEEWAY)


def test_the_highest_of_several_roles_counts(tokens):
    assert tokens.verify(a_token("contributor", "admin", "curator")).role is Role.ADMIN


def test_tokens_of_curves_are_believed_too(tokens):
    token = a_token("curator", key=curve_key(), algorithm="ES256", headers={"kid": "curve"})
    assert tokens.verify(token).role is Role.CURATOR


def test_an_audience_may_be_one_of_several(tokens):
    assert tokens.verify(a_token("admin", aud=["other", AUDIENCE])).role is Role.ADMIN


def test_nbf_need_not_be_there(tokens):
    assert tokens.verify(a_token("admin", nbf=None, iat=None)).role is Role.ADMIN


def test_clocks_may_differ_a_little(tokens):
    at = int(time.time())
    assert tokens.verify(a_token(exp=at - LEEWAY // 2, nbf=at + LEEWAY // 2)).name == "maria"


@pytest.mark.parametrize(
    "make",
    [
        lambda: unsigned("admin"),
        lambda: unsigned("admin") + "c2lnbmF0dXJl",
        lambda: a_token("admin", key=b"s" * 32, algorithm="HS256", headers={"kid": "shared"}),
        lambda: a_token("admin", key=b"s" * 32, algorithm="HS256"),
        lambda: a_token("admin", key=signing_key("another")),
        lambda: a_token("admin", headers={"kid": None}),
        lambda: a_token("admin", headers={"kid": "curve"}),
        lambda: a_token("admin", key=curve_key(), algorithm="ES256"),
        lambda: a_token("admin", headers={"crit": ["exp"]}),
        lambda: a_token("admin", exp="soon"),
        lambda: a_token("admin", exp=10**400),
        lambda: a_token("admin", aud=5),
        lambda: "e30.e30.e30",
        lambda: "..",
        lambda: f"{DEEP}.e30.e30",
        lambda: "é.é.é",
        lambda: ".".join(["A" * 5_000] * 3),
    ],
)
def test_a_token_that_anybody_could_have_written_is_refused(make, tokens):
    with pytest.raises(Refused) as refused:
        tokens.verify(make())
    assert "maria" not in str(refused.value)


def test_every_token_with_one_character_changed_is_refused(tokens):
    token = a_token("admin")
    for place in range(0, len(token), 7):
        other = "A" if token[place] not in "A." else "B"
        changed = f"{token[:place]}{other}{token[place + 1 :]}"
        if changed.rpartition(".")[0] != token.rpartition(".")[0] or place < len(token) - 2:
            with pytest.raises(Refused):
                tokens.verify(changed)


# Names and roles


@pytest.mark.parametrize(
    "name", ["", " ", "two\nlines", None, "casus load", "a\u2007b", "cafe\u0301", "x" * 101]
)
def test_a_name_that_can_not_be_recorded_is_refused(name, tokens):
    with pytest.raises(Refused, match="sub"):
        tokens.verify(a_token("admin", sub=name))


@pytest.mark.parametrize(
    ("claim", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["curator"]}}),
        ("https://casus.example/roles", {"https://casus.example/roles": ["curator"]}),
        ("scope", {"scope": "openid curator email"}),
        ("a.b.c", {"a": {"b": {"c": ["curator"]}}}),
        ("a.b.c", {"a.b.c": "curator"}),
    ],
)
def test_roles_are_read_from_where_they_are(claim, claims, tmp_path):
    tokens = configured(tmp_path, CASUS_OIDC_ROLES_CLAIM=claim)
    assert tokens.verify(a_token(roles=None, **claims)).role is Role.CURATOR


@pytest.mark.parametrize(
    "roles", [None, [], "", 5, {"curator": True}, ["Curator"], ["ADMIN", 3, None], [["admin"]]]
)
def test_what_names_no_role_gives_none(roles, tokens):
    assert tokens.verify(a_token(roles=roles)).role is None


def test_roles_with_a_prefix_are_those_meant(tmp_path):
    tokens = configured(tmp_path, CASUS_OIDC_ROLES_PREFIX="casus-")
    assert tokens.verify(a_token("admin", "casus-contributor")).role is Role.CONTRIBUTOR


def test_the_claim_that_names_is_chosen(tmp_path):
    tokens = configured(tmp_path, CASUS_OIDC_NAME_CLAIM="email")
    assert tokens.verify(a_token(email="m@example.org")).name == "m@example.org"


def test_an_issuer_without_an_audience_is_refused():
    with pytest.raises(ValidationError, match="CASUS_OIDC_AUDIENCE"):
        Settings(CASUS_OIDC_ISSUER=ISSUER, _env_file=None)


@pytest.mark.parametrize(
    "setting",
    ["CASUS_OIDC_AUDIENCE", "CASUS_OIDC_JWKS", "CASUS_OIDC_ROLES_CLAIM", "CASUS_OIDC_NAME_CLAIM"],
)
def test_settings_of_a_provider_without_one_are_refused(setting):
    with pytest.raises(ValidationError, match=f"{setting} is of no use without CASUS_OIDC_ISSUER"):
        Settings(**{setting: "some"}, _env_file=None)
    written = Settings(_env_file=None).model_dump(mode="json", by_alias=True)
    assert Settings(**written, _env_file=None)  # as workers are told of them


@pytest.mark.parametrize("address", ["http://id.example.org/keys", "ftp://id.example.org", "//x:"])
def test_keys_are_not_fetched_where_somebody_could_change_them(address, tmp_path):
    if "://" in address:
        with pytest.raises(ValidationError, match="https"):
            Settings(
                CASUS_OIDC_ISSUER=ISSUER,
                CASUS_OIDC_AUDIENCE=AUDIENCE,
                CASUS_OIDC_JWKS=address,
                _env_file=None,
            )


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.2:8080", "http://id.example.org", "id", "x://["]
)
def test_keys_are_not_looked_for_where_somebody_could_change_what_leads_to_them(issuer, tmp_path):
    given = {"CASUS_OIDC_ISSUER": issuer, "CASUS_OIDC_AUDIENCE": AUDIENCE}
    with pytest.raises(ValidationError, match="CASUS_OIDC_JWKS has to be set"):
        Settings(**given, _env_file=None)
    assert Settings(**given, CASUS_OIDC_JWKS="keys.json", _env_file=None).oidc_issuer == issuer


# Where the provider's keys are


DEEP_KEYS = b'{"keys":' + b"[" * 100_000

DRIPS = 40
"""Bytes of a document that come one by one, where it drips; the rest comes at once."""


class Provider:
    """A provider on this machine: what it answers can be changed, and how often it was asked is counted."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        self.asked: list[str] = []
        self.drips = False
        self.waits = threading.Event()
        self.waits.set()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                provider.waits.wait(10)
                found = provider.documents.get(self.path)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                for byte in body[: DRIPS if provider.drips else 0]:
                    time.sleep(0.02)
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                self.wfile.write(body[DRIPS if provider.drips else 0 :])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.documents["/.well-known/openid-configuration"] = {
            "issuer": self.address,
            "jwks_uri": f"{self.address}/keys",
        }
        self.documents["/keys"] = jwks()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.waits.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Clock:
    return Clock()


def test_keys_are_found_by_discovery_and_fetched_once(provider, ticks):
    issuer = Issuer(provider.address, now=ticks)
    assert issuer.key("one") is not None
    assert issuer.key("curve") is not None
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]
    ticks.now += issuers.FRESH + 1
    issuer.key("one")
    assert len(provider.asked) == 4


def test_keys_of_no_use_are_left_out(provider):
    issuer = Issuer(provider.address)
    assert issuer.key("shared") is None
    provider.documents["/keys"] = {
        "keys": [{**jwks()["keys"][0], "use": "enc"}, {"kty": "RSA"}, 5, {"kty": "EC", "kid": "x"}]
    }
    with pytest.raises(Unreachable):
        Issuer(provider.address).key("one")


@pytest.mark.parametrize("odd", [["RS256"], {"RS256": 1}, 256, True, "none", "HS256", "RS1"])
def test_a_key_with_an_odd_algorithm_is_passed_over_and_the_others_count(odd, provider):
    provider.documents["/keys"]["keys"].append({**jwks()["keys"][0], "kid": "odd", "alg": odd})
    issuer = Issuer(provider.address)
    assert issuer.key("one") is not None
    assert issuer.key("odd") is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_a_fetch_that_failed_in_whatever_way_there_is_a_pause(provider, ticks, monkeypatch):
    def fails(_: Any) -> NoReturn:
        raise LookupError

    monkeypatch.setattr(issuers, "_usable", fails)
    issuer = Issuer(provider.address, now=ticks)
    for _ in range(3):
        with pytest.raises(Unreachable):
            issuer.key("one")
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]
    monkeypatch.undo()
    ticks.now += issuers.PAUSE + 1
    assert issuer.key("one") is not None


def test_short_keys_are_passed_over_and_that_is_told(provider, caplog):
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1_024).public_key()
    weak = {**RSAAlgorithm.to_jwk(short, as_dict=True), "kid": "weak"}
    provider.documents["/keys"]["keys"].append(weak)
    issuer = Issuer(provider.address)
    assert issuer.key("weak") is None
    assert issuer.key("one") is not None
    assert [record.message for record in caplog.records] == [
        "the provider's key 'weak' is passed over: 1024 bits are few"
    ]


def test_a_key_that_is_new_is_fetched_and_keys_made_up_are_not_looked_for_each_time(
    provider, ticks
):
    issuer = Issuer(provider.address, f"{provider.address}/keys", ticks)
    assert issuer.key("one") is not None
    provider.documents["/keys"] = jwks("two")
    for number in range(50):
        assert issuer.key(f"made up {number}") is None
    assert issuer.key("two") is None  # it was fetched a moment ago
    assert len(provider.asked) == 1
    ticks.now += issuers.APART + 1
    assert issuer.key("two") is not None
    assert issuer.key("one") is None
    assert len(provider.asked) == 2


def test_keys_that_were_known_count_for_a_while_where_they_can_not_be_fetched(
    provider, ticks, caplog
):
    issuer = Issuer(provider.address, f"{provider.address}/keys", ticks)
    issuer.key("one")
    del provider.documents["/keys"]
    ticks.now += issuers.FRESH + 1
    for _ in range(10):
        assert issuer.key("one") is not None
    assert len(provider.asked) == 2  # and not again at once
    assert "can't be fetched" in caplog.text
    with pytest.raises(Unreachable):
        issuer.key("two")  # it may be new
    ticks.now += issuers.STALE
    with pytest.raises(Unreachable):
        issuer.key("one")
    provider.documents["/keys"] = jwks()
    ticks.now += issuers.PAUSE + 1
    assert issuer.key("one") is not None


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", [], {"keys": []}, {"keys": 5}, b"[" * 1_100_000, DEEP_KEYS, {"issuer": "x"}],
    ids=lambda document: repr(document)[:20],
)
def test_a_provider_that_answers_nonsense_is_one_that_does_not_answer(document, provider):
    provider.documents["/keys"] = document
    with pytest.raises(Unreachable):
        Issuer(provider.address).key("one")


def test_keys_known_stay_good_where_what_is_fetched_is_nested_deeply(provider, ticks, caplog):
    issuer = Issuer(provider.address, f"{provider.address}/keys", ticks)
    issuer.key("one")
    provider.documents["/keys"] = DEEP_KEYS
    ticks.now += issuers.FRESH + 1
    assert issuer.key("one") is not None
    assert "nested too deeply" in caplog.text


def test_the_discovery_of_another_issuer_is_not_believed(provider):
    provider.documents["/.well-known/openid-configuration"]["issuer"] = ISSUER
    with pytest.raises(Unreachable):
        Issuer(provider.address).key("one")


def test_a_discovery_that_leads_to_where_somebody_could_change_keys_is_not_believed(provider):
    provider.documents["/.well-known/openid-configuration"]["jwks_uri"] = "http://198.51.100.7/keys"
    with pytest.raises(Unreachable):
        Issuer(provider.address).key("one")


def test_many_who_need_keys_at_once_have_them_fetched_once(provider):
    issuer = Issuer(provider.address, f"{provider.address}/keys")
    provider.waits.clear()
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(issuer.key("one"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    provider.waits.set()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(found)
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/keys", "no keys in it"),
        ("/gone", "the status 404"),
        (":badport/keys", "none: InvalidURL"),
    ],
)
def test_no_secret_of_an_address_is_logged(path, reason, provider, caplog):
    provider.documents["/keys?key=s3cret"] = {}
    address = f"{provider.address.replace('://', '://casus:s3cret@')}{path}?key=s3cret"
    with pytest.raises(Unreachable):
        Issuer(address, address).key("one")
    assert reason in caplog.text
    assert "s3cret" not in caplog.text
    assert ("127.0.0.1" in caplog.text) == ("port" not in path)


def test_a_fetch_has_so_many_seconds_in_all(provider, monkeypatch):
    monkeypatch.setattr(issuers, "TIMEOUT", 0.2)
    provider.drips = True
    with pytest.raises(Unreachable):
        Issuer(provider.address, f"{provider.address}/keys").key("one")


def test_a_key_that_is_known_does_not_wait_for_one_that_is_not(provider, ticks):
    issuer = Issuer(provider.address, f"{provider.address}/keys", ticks)
    issuer.key("one")
    ticks.now += issuers.FRESH + 1
    provider.waits.clear()
    waiting = threading.Thread(target=issuer.key, args=("made up",))
    waiting.start()
    until(lambda: len(provider.asked) == 2)
    assert issuer.key("one") is not None
    with pytest.raises(Unfetched):
        issuer.key("two", waits=False)
    assert waiting.is_alive()
    provider.waits.set()
    waiting.join()
    assert len(provider.asked) == 2


@pytest.mark.parametrize("name", ["newsroom", "Newsroom", "NEWSROOM"])
def test_a_token_with_the_name_of_a_key_is_refused_in_whatever_case(name, casus, tmp_path):
    settings = Settings(**settings_of_provider(tmp_path), _env_file=None)
    callers = Callers(settings, Keys(casus.state(SCHEMA)), Tokens(settings))
    callers.keys.create("newsroom", Role.ADMIN)
    with pytest.raises(Refused, match="that of a key"):
        asyncio.run(callers.bearer(bearing(a_token(sub=name))))
    assert asyncio.run(callers.bearer(bearing(a_token(sub="newsroom 2"))))
    callers.close()


def bearing(text: str) -> dict[str, Any]:
    return {"headers": [(b"authorization", b"Bearer " + text.encode())]}


def test_tokens_made_up_keep_nobody_waiting_while_the_provider_says_nothing(provider, ticks, casus):
    settings = Settings(
        CASUS_OIDC_ISSUER=provider.address,
        CASUS_OIDC_AUDIENCE=AUDIENCE,
        CASUS_OIDC_JWKS=f"{provider.address}/keys",
        _env_file=None,
    )
    tokens = Tokens(settings, Issuer(provider.address, settings.oidc_jwks, ticks))
    callers = Callers(settings, Keys(casus.state(SCHEMA)), tokens)
    key = callers.keys.create("newsroom", Role.ADMIN).text

    def token(name: str, key_id: str = "one") -> dict[str, Any]:
        return bearing(a_token(iss=provider.address, sub=name, headers={"kid": key_id}))

    async def all_at_once() -> list[Any]:
        assert await callers.bearer(token("maria"))
        ticks.now += issuers.APART + 1
        provider.waits.clear()
        made_up = [
            asyncio.create_task(callers.bearer(token("x", f"made up {number}")))
            for number in range(3 * VERIFYING)
        ]
        while len(provider.asked) < 2:
            await asyncio.sleep(0.01)
        for known in (bearing(key), token("ahmad")):
            assert await callers.bearer(known)
        assert not any(each.done() for each in made_up)
        provider.waits.set()
        return await asyncio.gather(*made_up, return_exceptions=True)

    assert {type(each) for each in asyncio.run(all_at_once())} == {Refused}
    assert len(provider.asked) == 2
    callers.close()


def test_a_provider_that_is_away_is_no_open_door_and_no_wrong_key(provider, tmp_path):
    del provider.documents["/keys"]
    settings = Settings(
        CASUS_HOME=tmp_path,
        CASUS_OIDC_ISSUER=provider.address,
        CASUS_OIDC_AUDIENCE=AUDIENCE,
        _env_file=None,
    )
    casus = open_casus(settings)
    header = {"authorization": f"Bearer {a_token('admin', iss=provider.address)}"}
    with TestClient(create_app(casus), headers=header) as client:
        answer = client.post("/v1/imports")
        problem(answer, "issuer-unreachable")
        assert answer.headers["retry-after"] == "5"
        assert "www-authenticate" not in answer.headers
        key = client.app.state.callers.keys.create("newsroom", Role.ADMIN).text
        keyed = {"authorization": f"Bearer {key}"}
        assert client.get("/v1/imports", headers=keyed).status_code == 200
        provider.documents["/keys"] = jwks()
        client.app.state.callers._tokens._issuer._failed = 0.0
        assert client.get("/v1/imports").status_code == 200
    casus.close()
