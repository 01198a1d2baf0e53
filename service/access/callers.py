"""Who a request is from: what its bearer token proves, a key of the service or a token of the provider.

What was verified is remembered for seconds, by a hash: a page costs a look into memory, and a key that is
revoked on any node is refused on every node when that time is over. What was refused is not remembered.
Whatever is wrong with a key, the answer is the same, and takes as long. Keys, tokens, and tokens that
have to wait for the provider's keys, are each looked at by threads of their own: none waits for others.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from starlette.types import Scope

from service.access.errors import Refused, Unfetched
from service.access.keys import Keys
from service.access.limits import Buckets
from service.access.roles import Bearer
from service.settings import Settings
from service.state import State

if TYPE_CHECKING:
    from service.access.tokens import Tokens

REMEMBERED = 5.0
"""Seconds for which a caller is known without being looked up again."""

MOST_REMEMBERED = 4_096

VERIFYING = 4
"""Callers of a kind that are looked up at the same time; for requests of those known, threads are left."""

LONGEST = 16_000
"""Characters of a bearer token; those that providers make are far shorter."""


class Callers:
    """Finds out who requests are from."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        tokens: Tokens | None = None,
        now: Callable[[], float] = time.monotonic,
        today: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys
        self.reading_is_open = settings.reading == "open"
        self.reads = Buckets("reads", settings.rate_reads) if settings.rate_reads else None
        self.writes = Buckets("writes", settings.rate_writes) if settings.rate_writes else None
        self._tokens = tokens
        self._now, self._today = now, today
        self._known: OrderedDict[bytes, tuple[float, Bearer]] = OrderedDict()
        self._keyed, self._tokened, self._waiting = (
            anyio.CapacityLimiter(VERIFYING) for _ in range(3)
        )

    async def bearer(self, scope: Scope) -> Bearer | None:
        """Who a request is from; None where it bears nothing. Raises `Refused`, `Unreachable`."""
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if not given:
            return None
        scheme, _, credential = given[0].strip().partition(b" ")
        if scheme.lower() != b"bearer":
            return None  # for a proxy, it may be
        text = credential.strip().decode("latin-1")
        if len(given) > 1 or not text or len(text) > LONGEST:
            raise Refused("Authorization is given once: Bearer, a space, and a key or a token")
        digest = blake2b(credential, digest_size=32).digest()
        if known := self._remembered(digest):
            return known
        bearer = await self._verified(text)
        self._known[digest] = self._now() + REMEMBERED, bearer
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return bearer

    def close(self) -> None:
        """Close the connections."""
        self.keys.close()

    def _remembered(self, digest: bytes) -> Bearer | None:
        found = self._known.get(digest)
        if found is None:
            return None
        until, bearer = found
        if until > self._now() and (bearer.until is None or bearer.until > self._today()):
            return bearer
        del self._known[digest]
        return None

    async def _verified(self, text: str) -> Bearer:
        run = anyio.to_thread.run_sync
        if self._tokens is None or text.count(".") != 2:  # no key has a dot
            return await run(self._of_key, text, limiter=self._keyed)
        try:
            return await run(self._of_token, self._tokens, text, False, limiter=self._tokened)
        except Unfetched:
            return await run(self._of_token, self._tokens, text, True, limiter=self._waiting)

    def _of_key(self, text: str) -> Bearer:
        key = self.keys.verify(text)
        if key is None:
            raise Refused("the key is wrong, unknown or revoked")
        return Bearer(key.name, key.role)

    def _of_token(self, tokens: Tokens, text: str, waits: bool) -> Bearer:
        bearer = tokens.verify(text, waits=waits)
        if self.keys.has_name(bearer.name):
            raise Refused("the token's name is that of a key")
        return bearer


def callers_of(settings: Settings, state: State) -> Callers:
    """Who requests to a service are from, by its settings and the state of its keys."""
    tokens = None
    if settings.oidc_issuer:
        # A service without a provider does not load what verifies its tokens.
        from service.access.tokens import Tokens  # noqa: PLC0415 - see above

        tokens = Tokens(settings)
    return Callers(settings, Keys(state), tokens)
