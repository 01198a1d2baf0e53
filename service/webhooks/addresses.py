"""Where deliveries may go: to addresses of the public Internet, and to nothing that is near this machine.

Whoever subscribes says where this service sends requests, so that it could be made to ask what only it can
reach (server-side request forgery). IPv4 follows IANA's registry of special-purpose addresses (RFC 6890).
Of IPv6 only what is global unicast can be reached, without what holds an IPv4 address in itself. A URL is
judged when it is given, and the addresses of its name at every delivery: `delivery` connects to an address
that was judged, and not to the name once more.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from service.apart import apart

Network = IPv4Network | IPv6Network

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Finds the addresses of a name. Raises OSError."""


class BadUrl(ValueError):
    """Raised when nothing can be delivered to a URL, wherever its name leads; says why."""


class Unreachable(Exception):
    """Raised when a name leads nowhere, or only where deliveries may not go."""


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, texts))


_SPECIAL = _networks(
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared between a carrier's customers
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local, where clouds tell machines their secrets
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # IETF's protocols
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",  # relays of 6to4
    "192.168.0.0/16",  # private
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
    "168.63.129.16/32",  # what a cloud's machines ask about themselves, at a public address
    "2001::/23",  # IETF's protocols, Teredo among them
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4
    "3fff::/20",  # documentation
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")

_NEVER = _networks(
    "169.254.0.0/16",
    "168.63.129.16/32",
    "100.100.100.200/32",  # as well such an address, of a cloud that uses shared ones
    "192.0.0.192/32",  # another
    "fd00:ec2::254/128",  # another
    "fe80::/10",
    # IPv4 addresses in disguise: mapped, translated, tunnelled
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2001::/32",
    "2002::/16",
)
"""What is refused even where private addresses are allowed."""

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NAME = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?"
)


def is_allowed(address: str, *, private: bool) -> bool:
    """Whether deliveries may go to an address; to `private` ones as well, if that is so."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        return False
    if any(parsed in network for network in _NEVER):
        return False
    if private:
        return True
    if isinstance(parsed, IPv6Address) and parsed not in _GLOBAL_UNICAST:
        return False
    return not any(parsed in network for network in _SPECIAL)


def checked_url(text: str, *, private: bool) -> httpx.URL:
    """A URL to which something might be delivered. Raises `BadUrl`."""
    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, UnicodeError):
        raise BadUrl("it is no address of the web") from None
    if url.scheme not in ("http", "https"):
        raise BadUrl("it begins with http:// or https://")
    if "@" in re.split("[/?#]", text.partition("://")[2], maxsplit=1)[0]:
        raise BadUrl("it has a name or password in it: they would be shown to everybody")
    if url.fragment or text.endswith("#"):
        raise BadUrl("it has a fragment (#...), which is never sent")
    if url.port is not None and not 0 < url.port < 65_536:
        raise BadUrl("a port is a number from 1 to 65535")
    address = _literal(host)
    if address is None and not (_NAME.fullmatch(host) and len(host) <= 253):
        raise BadUrl(f"{host[:100]!r} is no name of a host")
    is_here = f".{host.rstrip('.')}".endswith(".localhost")
    refused = not is_allowed(address, private=private) if address else is_here and not private
    if refused:
        raise BadUrl(f"{host} is no public address")
    return url


def _literal(host: str) -> str | None:
    """The address that a host is itself; None: it is a name. Raises `BadUrl` for an odd spelling."""
    if ":" in host:
        try:
            return str(IPv6Address(host))
        except ValueError:
            raise BadUrl(f"{host[:100]!r} is no IPv6 address") from None
    if not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return None
    # What ends in a number is an address to whoever resolves it: 0x7f.1, 2130706433, 0177.0.0.1.
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise BadUrl(
            f"{host[:100]!r} is no IPv4 address of four decimal numbers, as in 198.51.100.7"
        ) from None


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system resolves it.

    Once it is given up nobody waits for that: the system can take half a minute to find that no name server
    answers.
    """

    def look_up() -> list[str]:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [str(address[0]) for *_, address in entries]

    return await asyncio.wrap_future(apart(look_up, "resolving"))


async def allowed_addresses(url: httpx.URL, resolve: Resolve, *, private: bool) -> list[str]:
    """The addresses of a URL's host to which deliveries may go, at least one. Raises `Unreachable`."""
    host = url.raw_host.decode("ascii")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await resolve(host, port)
    except (OSError, UnicodeError):
        raise Unreachable(f"the name {host} could not be resolved") from None
    allowed = [each for each in dict.fromkeys(found) if is_allowed(each, private=private)]
    if not allowed:
        raise Unreachable(f"{host} leads to no public address")
    return allowed
