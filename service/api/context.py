"""What every endpoint asks of a request: the open store, the moment, the subject."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request

from domain.checks import Fault
from domain.countries import Country, UnknownCountry, find_country
from service.api.cursors import bad_cursor, read_cursor
from service.api.parameters import Clocks, Paging
from service.api.problems import Problem
from service.bootstrap import Casus
from service.reading.actors import ActorRow
from service.reading.clocks import Moment
from service.reading.moments import BeyondTheLog


def casus_of(request: Request) -> Casus:
    """The open store that the application serves."""
    casus: Casus = request.app.state.casus
    return casus


def moment_of(casus: Casus, clocks: Clocks) -> Moment:
    """The moment that the clocks of a request fix. Raises `Problem`."""
    if clocks.position is not None and clocks.as_of is not None:
        raise bad_parameter(
            "as_of", "position and as_of both fix the recorded clock; give one of them"
        )
    try:
        return casus.reader.moment(clocks.position, clocks.as_of, clocks.reported_day)
    except BeyondTheLog as beyond:
        raise bad_parameter("position", str(beyond)) from None


NEAREST_AMONG = 500
"""Actors that are compared with a name misspelt: those with its first letter, and not for long."""


class Start(NamedTuple):
    """Where a page of a long answer begins: its moment, and the sort key of the entry before it, if any."""

    moment: Moment
    after: Any


def start_of(casus: Casus, query: Paging, scope: str, *kinds: type) -> Start:
    """Where the page that a query asks for begins. Raises `Problem`.

    A cursor fixes the moment, so it is read before whatever else depends on it.
    """
    if query.cursor is None:
        return Start(moment_of(casus, query), None)
    return resumed(casus, query.cursor, scope, *kinds)


def resumed(casus: Casus, cursor: str, scope: str, *kinds: type) -> Start:
    """Where a cursor goes on. Raises `Problem`."""
    go_on = read_cursor(cursor, scope, *kinds)
    return Start(moment_again(casus, go_on.position, go_on.reported_by), go_on.after)


def moment_again(casus: Casus, position: int, reported_by: int) -> Moment:
    """The moment that a cursor holds. Raises `Problem`."""
    try:
        return casus.reader.moment(position, None, reported_by)
    except BeyondTheLog:
        # The cursor is of another store, or of one that was begun anew.
        raise bad_cursor() from None


def bad_parameter(parameter: str, message: str) -> Problem:
    """The problem of one query parameter."""
    return Problem(
        "bad-parameter", f"{parameter}: {message}", faults=(Fault((parameter,), message),)
    )


def country_of(code: str) -> Country:
    """The country that a path names. Raises `Problem`, with those spelled alike."""
    try:
        return find_country(code)
    except UnknownCountry as unknown:
        nearest = [{"code": each.code, "name": each.name} for each in unknown.nearest]
        hint = f"; did you mean {nearest[0]['code']} ({nearest[0]['name']})?" if nearest else ""
        raise Problem(
            "unknown-country",
            f"there is no country {unknown.text!r}{hint}",
            extra={"nearest": nearest},
        ) from None


def known_actor(casus: Casus, actor: str, position: int) -> ActorRow:
    """The actor that the parameter of that name names. Raises `Problem`."""
    found = casus.reader.actors.get(actor, position)
    if found is None:
        unknown = no_such_actor(casus, actor, position)
        raise Problem(
            "bad-parameter",
            f"actor: {unknown.detail}",
            faults=(Fault(("actor",), unknown.detail),),
            extra=unknown.extra,
        )
    return found


def no_such_actor(casus: Casus, actor: str, position: int) -> Problem:
    """The problem of an actor that is not there, with those spelled alike."""
    slugs = casus.reader.actors.slugs(actor[:1].lower(), position, NEAREST_AMONG)
    detail, nearest = _not_there("actor", actor, position, slugs)
    return Problem("unknown-actor", detail, extra={"nearest": nearest})


def no_such_dataset(casus: Casus, dataset: str, position: int) -> Problem:
    """The problem of a dataset that is not there, with those spelled alike."""
    slugs = casus.reader.datasets.slugs(position)
    detail, nearest = _not_there("dataset", dataset, position, slugs)
    return Problem("unknown-dataset", detail, extra={"nearest": nearest})


def _not_there(
    kind: str, name: str, position: int, slugs: Sequence[str]
) -> tuple[str, Sequence[Mapping[str, str]]]:
    """What to say of an id that is not there, and which of those that are it is spelled like."""
    near = difflib.get_close_matches(name[:100].lower(), slugs, n=3, cutoff=0.3)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    detail = f"there is no {kind} {name[:100]!r} at position {position}{hint}"
    return detail, [{"id": slug} for slug in near]
