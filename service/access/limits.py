"""How much a caller may ask for: a bucket for each, which fills again by so many requests a minute.

Kept is when a caller's bucket will be full again, one number (the "generic cell rate algorithm"): a full
bucket lets a minute's worth through at once, and then one each time that one has come in. Each process
counts by itself, and remembers the callers of late.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_network
from typing import NamedTuple

MINUTE = 60.0

MOST_CALLERS = 10_000
"""Callers that are remembered; the one that asked longest ago is forgotten first."""

Headers = list[tuple[bytes, bytes]]


class Taken(NamedTuple):
    """What came of asking for one more: the seconds to wait, 0 if it was granted, and how many are left."""

    wait: float
    left: int


class Buckets:
    """The buckets of all callers for one kind of request."""

    def __init__(
        self, name: str, per_minute: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`per_minute` is more than 0; `name` is what the headers call the limit."""
        self._each = MINUTE / per_minute
        self._name = name
        self._policy = f'"{name}";q={per_minute};w={MINUTE:.0f}'.encode()
        self._now = now
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, caller: str) -> Taken:
        """Ask for one."""
        now = self._now()
        full_at = max(self._full_at.get(caller, now), now)
        wait = full_at + self._each - now - MINUTE
        if wait > 1e-9:
            return Taken(wait, 0)
        full_at += self._each
        self._full_at[caller] = full_at
        self._full_at.move_to_end(caller)
        if len(self._full_at) > MOST_CALLERS:
            self._full_at.popitem(last=False)
        return Taken(0, int((MINUTE - (full_at - now)) / self._each + 1e-9))

    def headers(self, taken: Taken) -> Headers:
        """What tells a client of its limit."""
        more_in = math.ceil(taken.wait or self._each)
        return [
            (b"ratelimit-policy", self._policy),
            (b"ratelimit", f'"{self._name}";r={taken.left};t={more_in}'.encode()),
        ]


@lru_cache(maxsize=4_096)
def neighbourhood(address: str) -> str:
    """The address that is counted: of IPv6 the network of 64 bits, as one household has all of that."""
    try:
        if ":" in address and IPv6Address(address.partition("%")[0]).ipv4_mapped is None:
            return str(ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        pass
    return address
