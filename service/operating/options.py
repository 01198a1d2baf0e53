"""Kinds of settings that are of operating alone."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator

LogFormat = Literal["text", "json"]

LOOPBACK = "127.0.0.0/8,::1/128"


def networks_of(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks that a list with commas names; an address is a network of one. Raises ValueError."""
    return tuple(ip_network(each.strip()) for each in value.split(",") if each.strip())


def _listed(value: str) -> str:
    networks_of(value)
    return value


Networks = Annotated[str, AfterValidator(_listed)]
"""Addresses and networks with commas between them; empty: none."""
