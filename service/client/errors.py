"""What can go wrong for a reader.

CasusError
├── Refused             the service answered with a problem
│   ├── NotFound        404: no such country, actor, incident, format
│   └── Unavailable     503: the service can't answer now
├── Unreachable         there was no answer, or it broke off
└── MissingLibrary      what was asked for needs a library that is not installed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class CasusError(Exception):
    """The root of all that the client raises."""


class Refused(CasusError):
    """Raised when the service answers with a problem (RFC 9457): its members, as they were sent.

    `type` is the address of its explanation, ``/problems/bad-parameter``; `faults` are pairs of a `path`
    (or parameter) and a `message`; `nearest` is what is spelled alike.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.type: str = problem.get("type", "about:blank")
        self.title: str = problem.get("title", "")
        self.detail: str = problem.get("detail", "")
        self.faults: Sequence[Mapping[str, str]] = problem.get("faults", ())
        self.nearest: Sequence[Mapping[str, str]] = problem.get("nearest", ())
        self.problem = problem
        super().__init__(f"{status} {self.title}: {self.detail}")


class NotFound(Refused):
    """Raised when there is no such thing at the moment read."""


class Unavailable(Refused):
    """Raised when the service can't answer now, and could not when it was asked again."""


class Unreachable(CasusError):
    """Raised when no answer came, or not all of it."""


class MissingLibrary(CasusError, ImportError):
    """Raised when a library that a method needs is not installed."""


_BY_STATUS = {404: NotFound, 503: Unavailable}


def refused(status: int, problem: Mapping[str, Any]) -> Refused:
    """The exception of a problem."""
    return _BY_STATUS.get(status, Refused)(status, problem)
