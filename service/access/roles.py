"""Roles, and the rule that every route has: what it asks of whoever asks.

A role may do what those below it may. A rule is declared where the route is::

    @writes.post("/{incident_id}/retraction")
    @needs(Role.CURATOR)
    def retract_incident(...): ...

Kinds of route that are always alike have it as `rule` of their class, and whoever mounts an application
declares it there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeAlias, TypeVar

from starlette.routing import BaseRoute

T = TypeVar("T")

_DECLARED = "casus_rule"


class Role(IntEnum):
    """What somebody may do, beside reading: the higher one may do all that the lower may."""

    CONTRIBUTOR = 1
    CURATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """The role, as it is written."""
        return self.name.lower()


ROLES = {role.word: role for role in Role}


class Door(Enum):
    """What takes no particular role."""

    OPEN = "open"
    """For everybody, whatever is set: what tells nothing of what is recorded."""
    READING = "reading"
    """For everybody, or if reading is closed for whoever has any role."""


Rule: TypeAlias = Role | Door


def needs(rule: Rule) -> Callable[[T], T]:
    """Declare the rule of a route by its endpoint, or of what is mounted."""

    def declare(endpoint: T) -> T:
        setattr(endpoint, _DECLARED, rule)
        return endpoint

    return declare


def rule_of(route: BaseRoute) -> Rule | None:
    """The rule of a route; None: it has none."""
    served = getattr(route, "endpoint", None) or getattr(route, "app", None)
    declared: Rule | None = getattr(served, _DECLARED, None) or getattr(route, "rule", None)
    return declared


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever bears a key or a token: the name to record, and the role; None: it gives none.

    `until` is when that is over, in seconds since 1970; None: not by itself.
    """

    name: str
    role: Role | None
    until: float | None = None
