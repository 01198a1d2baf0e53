"""The keys of an OpenID provider (JWKS, RFC 7517), from a URL, a file, or where its discovery leads.

They are fetched when a token first needs them, again when they are ten minutes old, and when a token names
a key that is not among them, which is how a provider changes its keys; at most twice a minute, whatever
tokens are sent. Where they can't be fetched, those that were known count for an hour. After that, or where
there were none, nobody can tell who bears a token, and nobody is let in.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt

from service.access.errors import Unreachable
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
"""Seconds that a fetch may take."""
LARGEST = 1_000_000
"""Bytes of a document; a set of keys has some thousand."""

DISCOVERY = "/.well-known/openid-configuration"


class Issuer:
    """The provider's keys, as they were fetched last. May be used by several threads."""

    def __init__(
        self, issuer: str, jwks: str = "", now: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._jwks = jwks
        self._now = now
        self._fetching = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched = self._failed = -float("inf")

    def key(self, identifier: str | None) -> jwt.PyJWK | None:
        """The key of an id, or the only one where a token names none. Raises `Unreachable`."""
        if self._now() - self._fetched > FRESH:
            self._fetch(FRESH)
        found = self._known(identifier)
        if found is None and self._now() - self._fetched > APART:
            self._fetch(APART)
            found = self._known(identifier)
            if found is None and self._now() - self._fetched > APART:
                raise Unreachable(PAUSE)  # it may be one that could not be fetched
        return found

    def _known(self, identifier: str | None) -> jwt.PyJWK | None:
        keys = self._keys
        if identifier is None:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(identifier)

    def _fetch(self, oldest: float) -> None:
        """Fetch keys that are older than that, unless that failed just now. Raises `Unreachable`."""
        with self._fetching:
            now = self._now()
            if now - self._fetched <= oldest:
                return  # another thread has, meanwhile
            if now - self._failed > PAUSE:
                try:
                    self._keys = _usable(self._document())
                    self._fetched = self._now()
                    return
                except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                    self._failed = self._now()
                    log.error("the keys of %s can't be fetched: %s", self._issuer, error)
            if self._now() - self._fetched > STALE:
                raise Unreachable(PAUSE)

    def _document(self) -> Any:
        if self._jwks and not is_url(self._jwks):
            return json.loads(Path(self._jwks).read_bytes())
        with httpx.Client(timeout=TIMEOUT) as client:
            address = self._jwks
            if not address:
                found = _got(client, self._issuer.rstrip("/") + DISCOVERY)
                if found.get("issuer") != self._issuer:
                    raise ValueError("its discovery is another issuer's")
                address = check_url(str(found.get("jwks_uri")))
            return _got(client, address)


def _got(client: httpx.Client, address: str) -> Any:
    with client.stream("GET", address) as answer:
        answer.raise_for_status()
        body = b""
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > LARGEST:
                raise ValueError("the document is too large")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the document is no object")
    return document


def _usable(document: Any) -> dict[str, jwt.PyJWK]:
    """The keys of a set that verify signatures, by their ids. Raises ValueError if there are none."""
    keys = {}
    listed = document.get("keys") if isinstance(document, dict) else None
    for each in listed if isinstance(listed, list) else ():
        # A key that is shared with the provider would let whoever has it sign as well as verify.
        if (
            isinstance(each, dict)
            and each.get("kty") in ("RSA", "EC", "OKP")
            and each.get("use", "sig") == "sig"
        ):
            try:
                key = jwt.PyJWK(each)
            except jwt.PyJWTError:
                continue
            keys[str(each.get("kid", ""))] = key
    if not keys:
        raise ValueError("there are no keys in it that verify signatures")
    return keys
