"""Kinds of settings that are of access alone."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

Reading = Literal["open", "closed"]


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
