"""Bearer tokens of an OpenID provider: JSON Web Tokens (RFC 7519) that it has signed.

Verified as RFC 8725 has it: only algorithms with a public key, and those alone that the key is for; issuer,
audience and expiry have to be there and right, and `nbf` where it is there. The name that is recorded and
the roles are read from claims of the token. What is wrong with one is told in words that name none of it.
"""

from __future__ import annotations

from typing import Any

import jwt

from service.access.errors import Refused
from service.access.issuer import Issuer
from service.access.keys import fault_of_name
from service.access.roles import ROLES, Bearer, Role
from service.settings import Settings

LEEWAY = 30
"""Seconds by which clocks may differ."""

ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""By the kind of key. None of them is one whose key verifies as well as it signs."""


class Tokens:
    """Verifies the tokens of one provider."""

    def __init__(self, settings: Settings, issuer: Issuer | None = None) -> None:
        self._settings = settings
        self._issuer = issuer or Issuer(settings.oidc_issuer, settings.oidc_jwks)

    def verify(self, text: str, *, waits: bool = True) -> Bearer:
        """Whoever bears a token. Raises `Refused`, `Unreachable`, and rather than wait `Unfetched`."""
        try:
            claims = self._claims(text, waits=waits)
            until = float(claims["exp"]) + LEEWAY
        except jwt.ExpiredSignatureError:
            raise Refused("the token has expired") from None
        except jwt.InvalidAudienceError:
            raise Refused("the token is for another audience") from None
        except jwt.InvalidIssuerError:
            raise Refused("the token is of another issuer") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise Refused("the token is not one that is accepted here") from None
        return Bearer(self._name(claims), self._role(claims), until)

    def _claims(self, text: str, *, waits: bool) -> dict[str, Any]:
        header = jwt.get_unverified_header(text)
        if "crit" in header:
            raise jwt.InvalidTokenError  # nothing that has to be understood is
        key = self._issuer.key(header.get("kid"), waits=waits)
        algorithm = header.get("alg")
        if key is None or algorithm not in ALGORITHMS.get(str(key.key_type), ()):
            raise jwt.InvalidTokenError
        claims: dict[str, Any] = jwt.decode(
            text,
            key.key,
            algorithms=[algorithm],
            audience=self._settings.oidc_audience,
            issuer=self._settings.oidc_issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud"]},
        )
        return claims

    def _name(self, claims: dict[str, Any]) -> str:
        name = _claim(claims, self._settings.oidc_name_claim)
        if not isinstance(name, str) or fault_of_name(name):
            raise Refused(f"the token's {self._settings.oidc_name_claim} is no name to be recorded")
        return name

    def _role(self, claims: dict[str, Any]) -> Role | None:
        """The highest of the roles that a token names."""
        found = _claim(claims, self._settings.oidc_roles_claim)
        words = found.split() if isinstance(found, str) else found
        if not isinstance(words, list):
            return None
        prefix = self._settings.oidc_roles_prefix
        known = (
            ROLES.get(word.removeprefix(prefix))
            for word in words
            if isinstance(word, str) and word.startswith(prefix)
        )
        return max(filter(None, known), default=None)


def _claim(claims: Any, path: str) -> Any:
    """A claim by its name, or by the names that lead to it with dots between them."""
    if not isinstance(claims, dict):
        return None
    if path in claims:
        return claims[path]
    first, dot, rest = path.partition(".")
    return _claim(claims.get(first), rest) if dot else None
