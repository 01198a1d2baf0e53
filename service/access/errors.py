"""Why nobody is let in, or no key made.

Refused        a key or token that is not accepted
Unfetched      the provider's keys have to be waited for before anybody can tell
Unreachable    nobody can tell whether a token is right
KeyRefused     a key can't be made or revoked as it was asked for
Unruled        an application has a route without a rule
"""

from __future__ import annotations


class Refused(Exception):
    """Raised for a key or token that is not accepted; what it says never names any of it."""


class Unreachable(Exception):
    """Raised where the provider's keys can't be had; says when to try again, in seconds."""

    def __init__(self, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__("the keys that tokens are verified by can't be fetched now")


class Unfetched(Exception):
    """Raised, to whoever does not wait, where the provider's keys have to be fetched for a token."""


class KeyRefused(Exception):
    """Raised when a key can't be made or revoked as it was asked for; says why."""


class Unruled(Exception):
    """Raised when an application is made that has a route without a rule."""
