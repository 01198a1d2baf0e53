"""What the contract says of answers that are sent as finished bytes: models, examples, problem answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.values import Account, ActorProfile, Origin
from projections.entries import Entry
from service.api.problems import MEDIA_TYPE, PROBLEMS


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemFault:
    """One thing that is wrong: the JSON path or the parameter, and what is wrong with it."""

    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDocument:
    """A problem (RFC 9457). `openapi/problems.md` explains every `type`."""

    type: str
    title: str
    status: int
    detail: str
    faults: tuple[ProblemFault, ...] = ()
    nearest: tuple[dict[str, str], ...] = ()
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """An account in full: its number in the incident, and when and by whom it was recorded."""

    number: int
    account: Account
    origin: Origin | None
    reported: str
    recorded_at: str
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAnswer:
    """An incident as shown, with every account that it is made of."""

    position: int
    as_of: str | None
    reported_by: str | None
    incident: Entry
    accounts: tuple[ShownAccount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotShownYet:
    """What was asked for is recorded for good, at this position; the timelines do not reach it yet."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorAnswer:
    """An actor, and where its timeline is."""

    position: int
    as_of: str | None
    reported_by: str | None
    actor: ActorProfile
    timeline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorsAnswer:
    """A page of actors by id."""

    position: int
    as_of: str | None
    reported_by: str | None
    items: tuple[ActorProfile, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryItem:
    """A country or former state, how many incidents its timeline shows, and where that is."""

    code: str
    alpha2: str | None
    name: str
    gw: tuple[int, ...]
    since: str | None
    until: str | None
    incidents: int
    timeline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountriesAnswer:
    """Every country that Casus knows."""

    position: int
    as_of: str | None
    reported_by: str | None
    items: tuple[CountryItem, ...]


def problem_responses(*names: str) -> dict[int | str, dict[str, Any]]:
    """The problem answers of an operation, by status, for its ``responses``."""
    responses: dict[int | str, dict[str, Any]] = {}
    for name in (*names, "internal"):
        kind = PROBLEMS[name]
        known = responses.setdefault(
            kind.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": _PROBLEM, "examples": {}}}},
        )
        known["description"] = " ".join(filter(None, [known["description"], kind.meaning]))
        known["content"][MEDIA_TYPE]["examples"][name] = {
            "value": {
                "type": kind.uri,
                "title": kind.title,
                "status": kind.status,
                "detail": kind.meaning,
            }
        }
    return responses


_PROBLEM = {"$ref": "#/components/schemas/ProblemDocument"}

RECORDED_NOT_SHOWN: dict[int | str, dict[str, Any]] = {
    202: {
        "model": NotShownYet,
        "description": "Recorded, but the timelines could not be brought up to it. Do not send it again.",
    }
}

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The client holds this answer already (If-None-Match)."}
}
