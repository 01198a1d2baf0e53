"""What the contract's schemas cannot say: requests that obey them are made to obey the domain as well.

`repaired` is a hook of schemathesis. It leaves requests that are meant to be wrong as they are.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, HookContext
from schemathesis.generation.meta import TestPhase

from domain.countries import COUNTRIES
from domain.edtf import BadDate, span
from domain.ids import uuid8
from domain.vocabulary import CountryRole, ParticipantRole
from service.publishing.formats import FORMATS as PUBLISHED

KNOWN = "taliban"
"""An actor that is registered."""

OTHER = "csto"
"""Another one."""

KNOWN_IN_PATHS = {
    "actor": KNOWN,
    "dataset": "afghanistan-2021",
    "incident_id": str(uuid8("afghanistan-2021", "sherkhan-bandar-attack")),
}

LAST_POSITION = 67
"""Of the chronicle; its actors are registered more than thirty positions before it."""

_serial = count(1)  # an actor is registered once, and a key names one request

_days = st.dates().map(str)

_CODES = sorted(COUNTRIES)

FORMATS: dict[str, st.SearchStrategy[str]] = {
    "edtf": st.one_of(
        _days,
        _days.map(lambda day: f"{day[:7]}~"),
        _days.map(lambda day: f"../{day}"),
        st.tuples(_days, _days).map(lambda days: "/".join(sorted(days))),
    ),
    "instant": st.datetimes().map(lambda instant: f"{instant.isoformat()}Z"),
    # Not sampled: a filter that none of them passes would look at all of them each time.
    "country": st.integers(0, len(_CODES) - 1).map(_CODES.__getitem__),
    "bbox": st.tuples(
        st.integers(-180, 180), st.integers(-90, 0), st.integers(-180, 180), st.integers(0, 90)
    ).map(lambda box: ",".join(map(str, box))),
    "scope": st.sampled_from(["country=AFG", "years=1989-2018", "country=MMR,years=2017"]),
    "search": st.text("abcdefg ", min_size=1).map(lambda words: f"a{words}"),
    "cursor": st.text("abcdefg0123456789_-", min_size=1),
}
"""How to write the formats that the contract names."""


def repaired(_: HookContext, case: Case) -> Case:
    """The case; where it is meant to be right, with what the domain asks for."""
    case.query = _recorded(_ending(case.operation.path, case.query))
    if case.meta is None or case.meta.generation.mode is GenerationMode.NEGATIVE:
        return case
    path = case.operation.path
    if case.query or path == "/v1/diff" or path.startswith("/v1/series"):  # which ask for some
        case.query = _obeying(case.operation.path, dict(case.query or {}))
    if case.path_parameters and case.meta.phase.name is not TestPhase.STATEFUL:
        case.path_parameters = {
            name: KNOWN_IN_PATHS.get(name, value) for name, value in case.path_parameters.items()
        }
    _drop_chart(case)
    if case.headers:
        _repair_headers(case.headers)
    if case.operation.path == "/v1/imports":
        if case.query:
            case.query = _import(dict(case.query))
        if case.media_type == "multipart/form-data":  # a mapping would have to be one
            case.body = {name: value for name, value in case.body.items() if name == "file"}
            case.body["file"] = case.body["file"] or "a,b"
        elif not case.body:
            case.body = "a,b"
    elif isinstance(case.body, dict):
        case.body = _repaired_body(case.operation.path, dict(case.body))
    return case


def _repair_headers(headers: Any) -> None:
    headers.pop("Last-Event-ID", None)
    obeying = {
        "Range": "bytes=0-0",  # of which every answer has something
        "Idempotency-Key": f"key-{next(_serial)}",
        "If-Match": "*",
        "Accept-Datetime": "Wed, 30 Jun 2021 12:00:00 GMT",
    }
    headers.update({name: value for name, value in obeying.items() if name in headers})


def _drop_chart(case: Case) -> None:
    """Charts alone are asked which one they are."""
    suffix = (case.path_parameters or {}).get("suffix")
    if case.query and suffix in PUBLISHED and not PUBLISHED[suffix].is_chart:
        case.query.pop("chart", None)


def _ending(path: str, query: Any) -> Any:
    """A query; where it is answered for ever, up to a position."""
    is_endless = path == "/v1/log/stream"
    return {"position": LAST_POSITION, **(query or {})} if is_endless else query


def _recorded(query: Any) -> Any:
    """A query that names no position which nobody has recorded: that is waited for in any case."""
    least = str((query or {}).get("min_position", ""))
    if least.isdecimal() and int(least) > LAST_POSITION:
        return {**query, "min_position": LAST_POSITION - int(least) % 30}
    return query


def _repaired_body(path: str, body: dict[str, Any]) -> dict[str, Any]:
    if path == "/v1/incidents":
        return _account(body)
    if path == "/v1/actors":
        return _profile(body)
    if path.startswith("/v1/subscriptions"):
        return _subscription(body)
    return _revision(path, body)


def _revision(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A revision of what there is: of the first account, by sources and actors that are known."""
    if "account" in body:
        body["account"] = _account(dict(body["account"]))
    if "number" in body:
        body["number"] = 1
    if body.get("basis"):
        body["basis"] = {**body["basis"], "published": "2021-07~"}
    if "set" in body:
        body["set"] = _values(dict(body["set"]))
    if path.startswith("/v1/actors"):
        if "actor" in body:
            body |= {"actor": OTHER} | ({"until": "2021"} if "until" in body else {})
            body.pop("since", None)
        if "into" in body:
            body["into"] = KNOWN
    elif "into" in body:
        body["into"] = KNOWN_IN_PATHS["incident_id"]
    return body


def _values(values: dict[str, Any]) -> dict[str, Any]:
    if "occurred" in values and not _is_date(values["occurred"]):
        values["occurred"] = "2021-06-22"
    if values.get("place"):
        values["place"] = _place(dict(values["place"]))
    if "participants" in values:
        values["participants"] = [{**p, "actor": KNOWN} for p in values["participants"]]
    return values


def _obeying(path: str, query: dict[str, Any]) -> dict[str, Any]:
    for given_out in ("cursor", "last_event_id"):  # by the service alone
        query.pop(given_out, None)
    query.pop("speed", None)  # nobody waits
    _set_in_the_log(query)
    if any(
        f"{{{name}}}" in path for name in KNOWN_IN_PATHS
    ):  # which are known since the chronicle only
        query.pop("as_of", None)
        query.pop("reported_by", None)
    for name in ("from", "to", "since", "until", "reported_by"):
        if name in query and not _is_date(query[name]):
            del query[name]
    for start, end in (("from", "to"), ("since", "until")):
        if {start, end} <= query.keys() and span(query[end]).latest < span(query[start]).earliest:
            query[start], query[end] = query[end], query[start]
    if "actor" in query:
        query["actor"] = KNOWN
        query.pop("as_of", None)
    if path == "/v1/diff":
        _repair_pair(query)
    if path.startswith("/v1/series"):
        _repair_interval(query)
    if not path.startswith("/v1/actors") and ("actor" not in query or path.startswith("/v1/c")):
        query.pop("include", None)  # only an actor has members
    if "role" in query:
        query["role"] = [role for role in query["role"] if role in _roles(path, query)]
    return query


def _set_in_the_log(query: dict[str, Any]) -> None:
    """Positions that the log has reached."""
    if "position" in query:
        query["position"] = LAST_POSITION - int(query["position"]) % 30
        query.pop("as_of", None)
    if "after" in query:
        query["after"] = int(query["after"]) % (LAST_POSITION - 30)


def _import(query: dict[str, Any]) -> dict[str, Any]:
    """What is asked of a file of any dataset; a table would need its mapping."""
    query.pop("format", None)
    if "released" in query and not _is_date(query["released"]):
        query["released"] = "2021-07-20"
    if "scope" in query:
        query["complete"] = True
    return query


def _repair_interval(query: dict[str, Any]) -> None:
    """Centuries of days are more points than are given at once."""
    query["interval"] = "year"
    if query.keys() & {"from", "to"}:
        query.pop("group_by", None)


def _repair_pair(query: dict[str, Any]) -> None:
    """Two moments by one clock, in order: days of publication, instants or positions, as are given."""
    given = {name: query.pop(name) for name in sorted(query) if name.startswith(("from_", "to_"))}
    days = [given.get(name, "2021") for name in ("from_reported_by", "to_reported_by")]
    if "from_reported_by" in given and all(map(_is_date, days)):
        query.pop("reported_by", None)
        days.sort(key=lambda text: span(text).latest)
        query |= dict(zip(("from_reported_by", "to_reported_by"), days, strict=True))
        return
    query.pop("position", None)
    query.pop("as_of", None)
    if "from_as_of" in given:
        query["from_as_of"] = given["from_as_of"]
        return
    query["from_position"] = int(given.get("from_position", 0)) % 30
    if "to_position" in given:
        query["to_position"] = LAST_POSITION - int(given["to_position"]) % 30


def _roles(path: str, query: dict[str, Any]) -> list[str]:
    if path.startswith("/v1/countries"):
        return list(CountryRole)
    if path.startswith("/v1/actors") or "actor" in query:
        return list(ParticipantRole)
    return list(CountryRole) if "country" in query else []


def _subscription(body: dict[str, Any]) -> dict[str, Any]:
    """A subscription of nobody: the name never leads anywhere (RFC 6761)."""
    if "url" in body:
        body["url"] = "https://hooks.casus.invalid/"
    if body.get("after") is not None:
        body["after"] = LAST_POSITION - int(body["after"]) % 30
    if body.get("filter", {}).get("actor"):
        body["filter"] = {**body["filter"], "actor": KNOWN}
    return body


def _is_date(text: str) -> bool:
    try:
        span(text)
    except BadDate:
        return False
    return True


def _account(account: dict[str, Any]) -> dict[str, Any]:
    if not _is_date(account["occurred"]):
        account["occurred"] = "2021-06-22"
    account["source"] = {**account["source"], "published": "2021-07~"}
    account["participants"] = [{**p, "actor": KNOWN} for p in account.get("participants", [])]
    figures = {(f["measure"], f.get("of")): f for f in account.get("figures", [])}
    account["figures"] = [_figure(figure) for figure in figures.values()]
    if account.get("place"):
        account["place"] = _place(dict(account["place"]))
    return account


def _figure(figure: dict[str, Any]) -> dict[str, Any]:
    """Numbers that a source may give, in any order, but at least one of them."""
    given = any(figure.get(name) is not None for name in ("low", "best", "high"))
    return {**figure, "inconsistent": True, **({} if given else {"best": 1})}


def _place(place: dict[str, Any]) -> dict[str, Any]:
    if place.get("latitude") is None or place.get("longitude") is None:
        place["latitude"] = place["longitude"] = None
    return place


def _profile(profile: dict[str, Any]) -> dict[str, Any]:
    """Affiliations to another actor that is registered, since whenever."""
    affiliations = [
        {"actor": KNOWN, "since": each.get("since")}
        for each in profile.get("affiliations", [])
        if each.get("since") is None or _is_date(each["since"])
    ]
    return {**profile, "id": f"actor-{next(_serial)}", "affiliations": affiliations}
