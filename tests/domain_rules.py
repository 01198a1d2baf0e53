"""What the contract's schemas cannot say: requests that obey them are made to obey the domain as well.

`repaired` is a hook of schemathesis. It leaves requests that are meant to be wrong as they are.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, HookContext

from domain.countries import COUNTRIES
from domain.edtf import BadDate, span
from domain.vocabulary import CountryRole, ParticipantRole
from service.api.parameters import parse_box

KNOWN = "taliban"
"""An actor that is registered."""

_days = st.dates().map(str)

FORMATS: dict[str, st.SearchStrategy[str]] = {
    "edtf": st.one_of(
        _days,
        _days.map(lambda day: f"{day[:7]}~"),
        _days.map(lambda day: f"../{day}"),
        st.tuples(_days, _days).map(lambda days: "/".join(sorted(days))),
    ),
    "instant": st.datetimes().map(lambda instant: f"{instant.isoformat()}Z"),
    "country": st.sampled_from(sorted(COUNTRIES)),
    "bbox": st.tuples(
        st.integers(-180, 180), st.integers(-90, 0), st.integers(-180, 180), st.integers(0, 90)
    ).map(lambda box: ",".join(map(str, box))),
    "search": st.text("abcdefg ", min_size=1).map(lambda words: f"a{words}"),
    "cursor": st.text("abcdefg0123456789_-", min_size=1),
}
"""How to write the formats that the contract names."""


def repaired(context: HookContext, case: Case) -> Case:
    """The case; where it is meant to be right, with what the domain asks for."""
    if case.meta is None or case.meta.generation.mode is GenerationMode.NEGATIVE:
        return case
    if case.query:
        case.query = _obeying(case.operation.path, dict(case.query))
    if isinstance(case.body, dict):
        if "occurred" in case.body:
            case.body = _account(dict(case.body))
        else:
            case.body = {**case.body, "affiliations": []}
    return case


def _obeying(path: str, query: dict[str, Any]) -> dict[str, Any]:
    query.pop("cursor", None)  # only the service gives out cursors
    if "position" in query:
        query["position"] = int(query["position"]) % 30
        query.pop("as_of", None)
    for name in ("from", "to", "reported_by"):
        if name in query and not _is_date(query[name]):
            del query[name]
    if {"from", "to"} <= query.keys() and span(query["to"]).latest < span(query["from"]).earliest:
        query["from"], query["to"] = query["to"], query["from"]
    if "role" in query:
        query["role"] = [role for role in query["role"] if role in _roles(path, query)]
    return query


def _roles(path: str, query: dict[str, Any]) -> list[str]:
    if path.startswith("/v1/countries"):
        return list(CountryRole)
    if path.startswith("/v1/actors") or "actor" in query:
        return list(ParticipantRole)
    return list(CountryRole) if "country" in query else []


def _is_date(text: str) -> bool:
    try:
        span(text)
    except BadDate:
        return False
    return True


def _account(account: dict[str, Any]) -> dict[str, Any]:
    return account
