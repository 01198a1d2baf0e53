"""The kinds of values that settings have."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

LogFormat = Literal["text", "json"]

Reading = Literal["open", "closed"]

LOOPBACK = "127.0.0.0/8,::1/128"

Network = IPv4Network | IPv6Network


def networks_of(value: str) -> tuple[Network, ...]:
    """The networks that a list with commas names; an address is a network of one. Raises ValueError."""
    return tuple(ip_network(each.strip()) for each in value.split(",") if each.strip())


def is_among(address: str | None, networks: Iterable[Network]) -> bool:
    """Whether an address is in one of some networks; what is none is in no network."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in networks)


def _listed(value: str) -> str:
    networks_of(value)
    return value


Networks = Annotated[str, AfterValidator(_listed)]
"""Addresses and networks with commas between them; empty: none."""


def is_url(text: str) -> bool:
    """Whether it is the address of something on the web, and not a file."""
    return "://" in text


def check_url(address: str) -> str:
    """The address, if nobody on the way can change what is fetched from there. Raises ValueError."""
    parts = urlsplit(address)
    is_here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_here)):
        return address
    raise ValueError("an address of keys begins with https://")
