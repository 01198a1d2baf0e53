"""Where webhooks may go: URLs and addresses, by every spelling that leads to where they may not."""

from __future__ import annotations

import asyncio
import socket
import threading

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.webhooks.addresses import (
    BadUrl,
    Unreachable,
    allowed_addresses,
    checked_url,
    is_allowed,
    resolve,
)

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "223.255.255.1",
    "2606:4700:4700::1111",
    "2a00:1::1",
]

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "100::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fdff::1",
    "fec0::1",
    "ff02::1",
]

NEVER = [
    "169.254.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::a9fe:a9fe",
    "2001:0:1::1",
    "2002:7f00:1::1",
    "",
    "localhost",
    "0x7f.1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_deliveries_go_to_public_addresses(address):
    assert is_allowed(address, private=False)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_reserved_addresses_are_refused_unless_they_are_allowed(address):
    assert not is_allowed(address, private=False)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_what_a_cloud_tells_its_machines_and_addresses_in_disguise_are_never_allowed(address):
    assert not is_allowed(address, private=False)
    assert not is_allowed(address, private=True)


@given(st.ip_addresses())
def test_nothing_is_allowed_that_python_calls_private(address):
    if is_allowed(str(address), private=False):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org/casus",
        "http://hooks.example.org:8080/a?b=c&d",
        "https://HOOKS.example.org.",
        "https://bücher.example/",
        "https://under_score.example.org/",
        "https://1.1.1.1/",
        "https://[2606:4700:4700::1111]:8443/",
        "https://example.org/a@b",
    ],
)
def test_an_address_of_the_web_is_taken(url):
    assert checked_url(url, private=False) == httpx.URL(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.org/", "begins with http"),
        ("file:///etc/passwd", "begins with http"),
        ("//example.org/", "begins with http"),
        ("example.org", "begins with http"),
        ("https://", "no name of a host"),
        ("https:///path", "no name of a host"),
        ("https://user@example.org/", "name or password"),
        ("https://user:secret@example.org/", "name or password"),
        ("https://@example.org/", "name or password"),
        ("https://:@example.org/", "name or password"),
        ("https://example.org\\@127.0.0.1/", "name or password"),
        ("https://example.org:80@127.0.0.1/", "name or password"),
        ("https://example.org/#part", "fragment"),
        ("https://example.org/#", "fragment"),
        ("https://example.org:0/", "port"),
        ("https://example.org:65536/", "port"),
        ("https://example.org:http/", "no address of the web"),
        ("https://exa mple.org/", "no name of a host"),
        ("https://a..b/", "no name of a host"),
        ("https://-a.example/", "no name of a host"),
        ("https://%6c%6fcalhost/", "no name of a host"),
        (f"https://{'a' * 64}.example/", "no name of a host"),
        (f"https://{'a.' * 130}example/", "no name of a host"),
        ("https://localhost/", "no public address"),
        ("https://LOCALHOST./", "no public address"),
        ("https://any.localhost:8000/", "no public address"),
        ("https://127.0.0.1/", "no public address"),
        ("https://[::1]/", "no public address"),
        ("https://[::]/", "no public address"),
        ("https://[::ffff:127.0.0.1]/", "no public address"),
        ("https://[::ffff:7f00:1]/", "no public address"),
        ("https://[64:ff9b::7f00:1]/", "no public address"),
        ("https://[fe80::1%25eth0]/", "no public address"),
        ("https://169.254.169.254/latest/meta-data/", "no public address"),
        ("https://0x7f.1/", "no IPv4 address"),
        ("https://0x7f000001/", "no IPv4 address"),
        ("https://0X7F.0.0.1/", "no IPv4 address"),
        ("https://2130706433/", "no IPv4 address"),
        ("https://017700000001/", "no IPv4 address"),
        ("https://0177.0.0.1/", "no address of the web"),
        ("https://127.1/", "no IPv4 address"),
        ("https://127.0.0.1./", "no IPv4 address"),
        ("https://127.0.0.0x1/", "no IPv4 address"),
        ("https://1.2.3.4.5/", "no IPv4 address"),
        ("https://example.1/", "no IPv4 address"),
        ("https://127。0。0。1/", "no public address"),
        ("https://１２７.０.０.１/", "no address of the web"),
        ("https://[v1.fe]/", "no address of the web"),
    ],
)
def test_what_is_none_or_not_public_is_refused_and_why(url, said):
    with pytest.raises(BadUrl, match=said):
        checked_url(url, private=False)


@pytest.mark.parametrize("url", ["http://localhost:8000/", "http://127.0.0.1/", "http://[::1]/"])
def test_addresses_of_this_machine_are_taken_where_private_ones_are_allowed(url):
    assert checked_url(url, private=True) == httpx.URL(url)


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[fe80::1]/", "http://0x7f.1/"])
def test_some_are_refused_even_there(url):
    with pytest.raises(BadUrl):
        checked_url(url, private=True)


def found(*addresses: str, private: bool = False) -> list[str]:
    """The addresses to which a name with these may lead."""
    asked = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return list(addresses)

    url = httpx.URL("https://hooks.example.org/")
    allowed = asyncio.run(allowed_addresses(url, resolve, private=private))
    assert asked == [("hooks.example.org", 443)]
    return allowed


def test_of_the_addresses_of_a_name_only_those_are_used_that_are_public():
    assert found("10.0.0.1", "1.1.1.1", "::1", "2606:4700::1", "1.1.1.1") == [
        "1.1.1.1",
        "2606:4700::1",
    ]


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_a_name_that_leads_nowhere_else_is_refused(address):
    with pytest.raises(Unreachable, match=r"hooks\.example\.org leads to no public address"):
        found(address)
    with pytest.raises(Unreachable):
        found()


def test_a_name_is_resolved_as_the_system_does():
    assert "127.0.0.1" in asyncio.run(resolve("localhost", 80))
    with pytest.raises((OSError, UnicodeError)):
        asyncio.run(resolve("a" * 300, 80))


def test_an_end_waits_for_no_name_that_takes_long(monkeypatch):
    asked, go, over = threading.Event(), threading.Event(), threading.Event()

    def take_long(*_: object, **__: object) -> list[object]:
        asked.set()
        go.wait(5)
        over.set()
        return []

    async def ask() -> None:
        asking = asyncio.create_task(resolve("hooks.example.org", 443))
        await asyncio.to_thread(asked.wait)
        asking.cancel()

    monkeypatch.setattr(socket, "getaddrinfo", take_long)
    asyncio.run(ask())
    assert not over.is_set()
    go.set()


def test_a_name_that_does_not_resolve_is_no_fault_of_ours():
    async def resolve(*_: object) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(Unreachable, match="could not be resolved"):
        asyncio.run(allowed_addresses(httpx.URL("https://x.invalid"), resolve, private=True))
