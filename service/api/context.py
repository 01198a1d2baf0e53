"""What every endpoint asks of a request: the open store, the moment, the subject."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from domain.checks import Fault
from domain.countries import Country, UnknownCountry, find_country
from service.api.cursors import bad_cursor, read_cursor
from service.api.parameters import Clocks, Paging
from service.api.problems import Problem
from service.bootstrap import Casus
from service.reading import BeyondTheLog
from service.reading.clocks import Moment


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


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page of a long answer begins: its moment, and the sort key of the entry it comes after."""

    moment: Moment
    after: tuple[Any, ...] | None


def start_of(casus: Casus, query: Paging, scope: str, *kinds: type) -> Start:
    """Where the page that a query asks for begins. Raises `Problem`.

    A cursor fixes the moment, so it is read before whatever else depends on it.
    """
    if query.cursor is None:
        return Start(moment_of(casus, query), None)
    go_on = read_cursor(query.cursor, scope, *kinds)
    try:
        return Start(casus.reader.moment(go_on.position, None, go_on.reported_by), go_on.after)
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


def no_such_actor(casus: Casus, actor: str, position: int) -> Problem:
    """The problem of an actor that is not there, with those spelled alike."""
    slugs = casus.reader.actors.slugs(actor[:1].lower(), position, NEAREST_AMONG)
    nearest: list[dict[str, Any]] = [
        {"id": slug}
        for slug in difflib.get_close_matches(actor[:100].lower(), slugs, n=3, cutoff=0.3)
    ]
    hint = f"; did you mean {nearest[0]['id']!r}?" if nearest else ""
    return Problem(
        "unknown-actor",
        f"there is no actor {actor[:100]!r} at position {position}{hint}",
        extra={"nearest": nearest},
    )
