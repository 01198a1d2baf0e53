"""Proxies: who is believed, what they say, and what nobody can make them say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access.proxies import UNKNOWN, Proxied
from tests.processes import ask, serving

PROXY, STRANGER = "10.0.0.1", "203.0.113.66"


def seen(peer: str, *headers: tuple[str, str], proxies: str = "10.0.0.0/8") -> dict[str, Any]:
    """The client, scheme and host as the application sees them; or the status of a refusal."""
    found: dict[str, Any] = {}

    async def application(scope: Any, _: Any, __: Any) -> None:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        found.update(client=scope["client"][0], scheme=scope["scheme"], hosts=hosts)

    async def send(message: Any) -> None:
        found.setdefault("status", message.get("status"))

    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 4_711),
        "headers": [(b"host", b"inside:8000")]
        + [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }
    asyncio.run(Proxied(application, proxies)(scope, None, send))  # type: ignore[arg-type]
    return found


AS_IT_CAME = {"client": STRANGER, "scheme": "http", "hosts": ["inside:8000"]}
SAYS = (
    ("X-Forwarded-For", "198.51.100.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "casus.example"),
)
TOLD = {"client": "198.51.100.7", "scheme": "https", "hosts": ["casus.example"]}


def test_a_named_proxy_is_believed_whom_it_stands_for():
    assert seen(PROXY, *SAYS) == TOLD
    assert seen("::ffff:10.0.0.1", *SAYS) == TOLD
    assert seen("fd00::1", *SAYS, proxies="fd00::/8, 10.0.0.1") == TOLD


def test_nobody_else_is_believed_anything():
    assert seen(STRANGER, *SAYS) == AS_IT_CAME
    said = ("Forwarded", "for=198.51.100.7;proto=https;host=casus.example")
    assert seen(STRANGER, said) == AS_IT_CAME
    assert seen(STRANGER, said, *SAYS) == AS_IT_CAME
    assert seen("testclient", *SAYS)["scheme"] == "http"


def test_a_proxy_that_says_nothing_changes_nothing():
    assert seen(PROXY) == {**AS_IT_CAME, "client": PROXY}


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("1.1.1.1, 198.51.100.7", "198.51.100.7"),  # the first was written by the client
        ("127.0.0.1, 198.51.100.7", "198.51.100.7"),
        ("198.51.100.7, 10.1.1.1, 10.2.2.2", "198.51.100.7"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("198.51.100.7, unknown", UNKNOWN),
        ("unknown", UNKNOWN),
        ("", UNKNOWN),
        ("a b c", UNKNOWN),
    ],
)
def test_of_a_chain_the_nearest_that_is_not_named_is_the_client(said, client):
    assert seen(PROXY, ("X-Forwarded-For", said))["client"] == client


def test_addresses_in_several_lines_are_one_list():
    lines = [("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-For", "10.1.1.1")]
    assert seen(PROXY, *lines)["client"] == "198.51.100.7"


def test_a_scheme_beside_each_address_is_that_of_the_client():
    chain = ("X-Forwarded-For", "198.51.100.7, 10.1.1.1")
    assert seen(PROXY, chain, ("X-Forwarded-Proto", "https, http"))["scheme"] == "https"
    assert seen(PROXY, chain, ("X-Forwarded-Proto", "https"))["scheme"] == "https"
    forged = ("X-Forwarded-For", "1.1.1.1, 198.51.100.7")
    assert seen(PROXY, forged, ("X-Forwarded-Proto", "https, http"))["scheme"] == "http"


def test_a_proxy_that_does_not_say_the_client_has_a_client_that_is_nobody():
    told = seen(PROXY, ("X-Forwarded-Proto", "https"))
    assert told == {"client": UNKNOWN, "scheme": "https", "hosts": ["inside:8000"]}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("for=198.51.100.7;proto=https;host=casus.example", TOLD),
        ('For="198.51.100.7:99"; Proto=HTTPS ;host="casus.example"', TOLD),
        ("for=1.1.1.1;host=evil, for=198.51.100.7;proto=https;host=casus.example", TOLD),
        ("for=198.51.100.7;proto=https;host=casus.example, for=10.1.1.1;proto=http", TOLD),
        (
            'for="[2001:db8::7]:4711";by=10.0.0.1',
            {**AS_IT_CAME, "client": "2001:db8::7"},
        ),
        ("for=_hidden", {**AS_IT_CAME, "client": UNKNOWN}),
        ("proto=https", {**AS_IT_CAME, "client": UNKNOWN, "scheme": "https"}),
    ],
)
def test_forwarded_says_the_same(said, told):
    assert seen(PROXY, ("Forwarded", said)) == told


@pytest.mark.parametrize(
    "headers",
    [
        [("Forwarded", "for=198.51.100.7"), ("X-Forwarded-For", "198.51.100.7")],
        [("X-Forwarded-Proto", "gopher")],
        [("X-Forwarded-Proto", "https://")],
        [("Forwarded", "for")],
        [("Forwarded", "for=a b")],
        [("Forwarded", 'for="198.51.100.7')],
        [("Forwarded", "proto=ws")],
    ],
)
def test_what_makes_no_sense_is_refused(headers):
    assert seen(PROXY, *headers) == {"status": 400}


@given(
    st.lists(
        st.tuples(st.sampled_from(["Forwarded", "X-Forwarded-For"]), st.text('a=;, "[]:1.')),
        max_size=3,
    )
)
def test_whatever_is_said_is_understood_or_refused(said):
    found = seen(PROXY, *said)
    assert found.get("status") == 400 or found["client"]


# As it is served


def test_permanent_addresses_are_those_that_the_client_used(home):
    forwarded = dict(SAYS)
    path = "/v1/countries/AFG/timeline?limit=1"
    with serving(home, "--proxy-headers", CASUS_PROXIES="127.0.0.1") as server:
        answer = server.client.get(path, headers=forwarded)
        assert answer.json()["next"].startswith("https://casus.example/v1/countries/AFG/")
        assert "<https://casus.example/" in answer.headers["link"]
        plain = server.get(path)
        assert plain.json()["next"].startswith(server.address)
        bad = server.client.get(path, headers={**forwarded, "x-forwarded-host": "a b"})
        assert bad.status_code == 400
    with serving(home, CASUS_PROXIES="127.0.0.1") as server:
        answer = server.client.get(path, headers=forwarded)
        assert answer.json()["next"].startswith(server.address)


def test_proxies_that_are_not_named_are_asked_for(home):
    done = ask("serve", "--proxy-headers", home=home, PORT="0")
    assert done.returncode == 1
    assert "CASUS_PROXIES" in done.stderr
    done = ask("serve", home=home, PORT="0", CASUS_PROXIES="everybody")
    assert done.returncode == 1
    assert "CASUS_PROXIES" in done.stderr
