"""The keys of an OpenID provider (JWKS, RFC 7517), from a URL, a file, or where its discovery leads.

They are fetched when a token first needs them, again when they are ten minutes old, and when a token names
a key that is not among them, which is how a provider changes its keys; at most twice a minute, whatever
tokens are sent. Where they can't be fetched, those that were known count for an hour. After that, or where
there were none, nobody can tell who bears a token, and nobody is let in.

A fetch has a thread of its own, and there is one at a time. While it lasts, tokens of keys that are known
are verified by these: a provider that takes long keeps nobody waiting but who needs a new key of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt

from service.access.errors import Unfetched, Unreachable
from service.options import check_url, is_url

log = logging.getLogger("casus")

FRESH = 600.0
"""Seconds for which keys are taken as they were fetched."""
STALE = 3_600.0
"""Seconds for which they count where they can't be fetched again."""
APART = 30.0
"""Seconds between two fetches for keys that were not known."""
PAUSE = 5.0
"""Seconds after a fetch that failed before the next."""
TIMEOUT = 5.0
"""Seconds that a fetch may take in all, whatever comes of it meanwhile."""
LARGEST = 1_000_000
"""Bytes of a document; a set of keys has some thousand."""

RSA_BITS = 2_048
"""Of an RSA key at least (RFC 7518, 3.3 and 3.5)."""

DISCOVERY = "/.well-known/openid-configuration"


_OF_NO_KEY = (jwt.PyJWTError, ValueError, TypeError, AttributeError, NotImplementedError)
"""What PyJWT raises for an object that is no key: it expects texts where there may be anything, and has a
class for the algorithm that is none."""


class _Unusable(ValueError):
    """Raised for what was fetched and is of no use; what it says has nothing of an address."""


class Issuer:
    """The provider's keys, as they were fetched last. May be used by several threads."""

    def __init__(
        self, issuer: str, jwks: str = "", now: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._jwks = jwks
        self._now = now
        self._beginning = threading.Lock()
        self._fetching: threading.Thread | None = None
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched = self._failed = -float("inf")

    def key(self, identifier: str | None, *, waits: bool = True) -> jwt.PyJWK | None:
        """The key of an id, or the only one where a token names none; None: there is no such key.

        Raises `Unreachable`; and `Unfetched` for whoever does not wait, where a fetch has to be waited for.
        """
        found, age = self._known(identifier), self._age
        if found is None and age <= APART:
            return None
        if found is not None and (age <= FRESH or (age <= STALE and not self._may_begin)):
            return found
        if not waits:
            raise Unfetched
        self._fetch(APART if found is None else FRESH)
        found, age = self._known(identifier), self._age
        if age > (APART if found is None else STALE):
            raise Unreachable(PAUSE)  # it may be one that could not be fetched
        return found

    @property
    def _age(self) -> float:
        return self._now() - self._fetched

    @property
    def _may_begin(self) -> bool:
        """Whether a fetch may begin: none lasts, and none has failed just now."""
        lasts = self._fetching is not None and self._fetching.is_alive()
        return not lasts and self._now() - self._failed > PAUSE

    def _known(self, identifier: str | None) -> jwt.PyJWK | None:
        keys = self._keys
        if identifier is None:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(identifier)

    def _fetch(self, oldest: float) -> None:
        """Wait for a fetch of keys that are older than that, if there is one or may be."""
        with self._beginning:
            if self._may_begin and self._age > oldest:  # or another has been, meanwhile
                self._fetching = threading.Thread(target=self._renew, name="keys", daemon=True)
                self._fetching.start()
            fetching = self._fetching
        if fetching is not None:
            fetching.join(TIMEOUT)

    def _renew(self) -> None:
        # Until it has gone well: whatever is raised, the next fetch is not at once.
        self._failed = self._now()
        try:
            self._keys = _usable(asyncio.run(asyncio.wait_for(self._document(), TIMEOUT)))
            self._fetched = self._now()
            self._failed = -float("inf")
        except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            place, reason = _shown(self._jwks or self._issuer), _reason(error)
            log.error("the provider's keys can't be fetched, from %s: %s", place, reason)

    async def _document(self) -> dict[str, Any]:
        if self._jwks and not is_url(self._jwks):
            return _parsed(Path(self._jwks).read_bytes())
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            address = self._jwks
            if not address:
                found = await _got(client, self._issuer.rstrip("/") + DISCOVERY)
                if found.get("issuer") != self._issuer:
                    raise _Unusable("its discovery is another issuer's")
                address = _checked(str(found.get("jwks_uri")))
            return await _got(client, address)


async def _got(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    async with client.stream("GET", address) as answer:
        answer.raise_for_status()
        body = b""
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > LARGEST:
                raise _Unusable("the document is too large")
    return _parsed(body)


def _parsed(body: bytes) -> dict[str, Any]:
    """A document that is an object. Raises `_Unusable`."""
    try:
        document = json.loads(body)
    except RecursionError:
        raise _Unusable("the document is nested too deeply") from None
    except ValueError:
        raise _Unusable("the document is no JSON") from None
    if not isinstance(document, dict):
        raise _Unusable("the document is no object")
    return document


def _checked(address: str) -> str:
    try:
        return check_url(address)
    except ValueError:
        raise _Unusable("its discovery names keys whose address is not https://") from None


def _shown(place: str) -> str:
    """Where keys are, as a log may have it: an address may hold a password, or a key in its query."""
    if not is_url(place):
        return place
    try:
        parts = urlsplit(place)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.hostname}{port}{parts.path}"


def _reason(error: Exception) -> str:
    """What went wrong, with nothing of an address: what httpx says of it has all of it."""
    if isinstance(error, _Unusable):
        return str(error)
    if isinstance(error, httpx.HTTPStatusError):
        return f"the answer has the status {error.response.status_code}"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"it takes more than {TIMEOUT:g} s"
    return getattr(error, "strerror", None) or type(error).__name__


def _usable(document: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    """The keys of a set that verify signatures, by their ids. Raises `_Unusable` if there are none."""
    keys = {}
    listed = document.get("keys")
    for each in listed if isinstance(listed, list) else ():
        # A key that is shared with the provider would let whoever has it sign as well as verify.
        if (
            isinstance(each, dict)
            and each.get("kty") in ("RSA", "EC", "OKP")
            and each.get("use", "sig") == "sig"
        ):
            try:
                key = jwt.PyJWK(each)
            except _OF_NO_KEY:
                continue
            identifier = str(each.get("kid", ""))
            if each["kty"] == "RSA" and key.key.key_size < RSA_BITS:
                few = key.key.key_size
                log.warning(
                    "the provider's key %.100r is passed over: %d bits are few", identifier, few
                )
                continue
            keys[identifier] = key
    if not keys:
        raise _Unusable("there are no keys in it that verify signatures")
    return keys
