"""``casus timeline`` and ``casus log``: what the store holds, on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import orjson

from domain.countries import UnknownCountry, find_country
from domain.edtf import BadDate, span
from service.bootstrap import Casus
from service.cli.output import refuse, usage, write_lines
from service.cli.stores import opened
from service.cli.tables import print_log, print_timeline
from service.reading import BeyondTheLog
from service.reading.clocks import (
    EVERYTHING_REPORTED,
    BadInstant,
    Moment,
    parse_instant,
    reported_day,
)
from service.reading.selection import Match, Selection, SubjectKey
from service.settings import Settings

PAGE = 500

T = TypeVar("T")


def show_timeline(
    settings: Settings,
    subject: str,
    *,
    since: str | None,
    to: str | None,
    match: Match,
    reported_by: str | None,
    as_of: str | None,
    position: int | None,
    limit: int,
    json: bool,
) -> None:
    """Print the timeline of a country or an actor, as a table or as JSON lines."""
    first = _option("--from", since, lambda text: span(text).earliest)
    last = _option("--to", to, lambda text: span(text).latest)
    if first is not None and last is not None and last < first:
        usage("the window ends before it starts", "--to")
    instant = _option("--as-of", as_of, parse_instant)
    reported = _option("--reported-by", reported_by, reported_day)
    if position is not None and instant is not None:
        usage("--position and --as-of both fix the recorded clock; give one of them")
    with opened(settings) as casus:
        try:
            moment = casus.reader.moment(
                position, instant, EVERYTHING_REPORTED if reported is None else reported
            )
        except BeyondTheLog as error:
            usage(str(error), "--position")
        key, name = _subject(casus, subject, moment)
        selection = Selection(subject=key, first_day=first, last_day=last, match=match)
        entries, more = _entries(casus, selection, moment, limit)
    if json:
        write_lines(entries)
    else:
        print_timeline(name, moment, [orjson.loads(entry) for entry in entries], more=more)


def _option(name: str, text: str | None, read: Callable[[str], T]) -> T | None:
    if text is None:
        return None
    try:
        return read(text)
    except BadInstant:
        usage("an instant is written 2026-11-22T09:00:00Z, a day 2026-11-22", name)
    except BadDate as error:
        usage(str(error), name)


def _subject(casus: Casus, text: str, moment: Moment) -> tuple[SubjectKey, str]:
    slug = text.encode(errors="replace").decode()  # what the shell passes need not be UTF-8
    actor = casus.reader.actors.get(slug, moment.position)
    if actor is None or actor.merged_into:
        try:
            country = find_country(slug)
        except UnknownCountry as unknown:
            found = casus.reader.actors.named(slug, moment.position)
            actor = casus.reader.actors.get(found, moment.position) if found else None
            if actor is None:
                near = ", ".join(f"{each.code} ({each.name})" for each in unknown.nearest)
                hint = f"; nearest countries: {near}" if near else ""
                refuse(f"no country and no actor is called {slug!r}{hint}")
        else:
            return SubjectKey("country", country.code), country.name
    return SubjectKey("actor", actor.slug), actor.name


def _entries(
    casus: Casus, selection: Selection, moment: Moment, limit: int
) -> tuple[list[bytes], bool]:
    entries: list[bytes] = []
    after = None
    while len(entries) < limit:
        page = casus.reader.page(selection, moment, after, min(PAGE, limit - len(entries)))
        entries += page.items
        after = page.next
        if after is None:
            return entries, False
    return entries, True


def show_log(settings: Settings, *, after: int, limit: int, json: bool) -> None:
    """Print records of the log in order, as a table or as JSON lines."""
    with opened(settings) as casus:
        head, records = casus.log.head, casus.log.read(after, limit)
    if not json:
        print_log(head, records)
        return
    write_lines(
        orjson.dumps(
            {
                "position": recorded.position,
                "stream": recorded.stream,
                "version": recorded.version,
                "topic": recorded.record.TOPIC,
                "record": recorded.record,
            }
        )
        for recorded in records
    )
