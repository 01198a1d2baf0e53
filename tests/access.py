"""A provider of tokens for tests: its keys, and tokens that are right but for what a test changes."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE = "https://id.example.org/realms/press", "casus"


@cache
def signing_key(name: str) -> rsa.RSAPrivateKey:
    """A key of the provider, by its id."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@cache
def curve_key() -> ec.EllipticCurvePrivateKey:
    """Another, of another kind: its id is `curve`."""
    return ec.generate_private_key(ec.SECP256R1())


def jwks(*names: str) -> dict[str, Any]:
    """The provider's keys as it publishes them."""
    keys = [
        {**RSAAlgorithm.to_jwk(signing_key(name).public_key(), as_dict=True), "kid": name}
        for name in names or ("one",)
    ]
    curve = {**ECAlgorithm.to_jwk(curve_key().public_key(), as_dict=True), "kid": "curve"}
    shared = {"kty": "oct", "kid": "shared", "k": base64.urlsafe_b64encode(b"s" * 32).decode()}
    return {"keys": [*keys, curve, shared]}


def jwks_file(folder: Path) -> Path:
    """The same in a file."""
    path = folder / "jwks.json"
    path.write_text(json.dumps(jwks()))
    return path


def a_token(
    *roles: str,
    key: Any = None,
    algorithm: str = "RS256",
    headers: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A token with some roles; a claim that is changed to None is left out."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "maria",
        "exp": now + 300,
        "nbf": now - 10,
        "iat": now - 10,
        "roles": list(roles),
        **changes,
    }
    present = {name: value for name, value in claims.items() if value is not None}
    signing = signing_key("one") if key is None else key
    named = {"kid": "one", **(headers or {})}
    head = {name: value for name, value in named.items() if value is not None}
    return jwt.encode(present, signing, algorithm, head)


def unsigned(*roles: str) -> str:
    """A token with `alg: none`, as an attacker writes it."""
    _, claims, _ = a_token(*roles).split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT","kid":"one"}').decode().rstrip("=")
    return f"{head}.{claims}."


def settings_of_provider(folder: Path) -> dict[str, str]:
    """The settings by which a service accepts its tokens."""
    return {
        "CASUS_OIDC_ISSUER": ISSUER,
        "CASUS_OIDC_AUDIENCE": AUDIENCE,
        "CASUS_OIDC_JWKS": str(jwks_file(folder)),
    }
