"""Signatures of deliveries: Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).

A receiver verifies that a delivery is of the service that gave it the secret, that nobody has changed it,
and by its timestamp that nobody has kept it to send it again.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from hashlib import sha256

PREFIX = "whsec_"

BYTES = 32
"""Random bytes of a secret; the standard asks for 24 to 64."""


def new_secret() -> str:
    """A secret that nobody has."""
    return PREFIX + b64encode(secrets.token_bytes(BYTES)).decode()


def signed_headers(secret: str, identifier: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a delivery is verified; the timestamp is in seconds of Unix time."""
    key = b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{identifier}.{timestamp}.".encode() + body, sha256)
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
    }
