"""``casus timeline`` and ``casus log``: what the store holds, on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import orjson

from domain.countries import UnknownCountry, find_country
from domain.edtf import BadDate, span
from service.bootstrap import Casus
from service.cli.output import refuse, usage, write_lines
from service.cli.stores import opened
from service.cli.tables import print_log, print_timeline
from service.reading.clocks import (
    EVERYTHING_REPORTED,
    BadInstant,
    Moment,
    parse_instant,
    reported_day,
)
from service.reading.moments import BeyondTheLog
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
    window = window_given(since, to, match)
    clocks = Clocks.given(position, as_of, reported_by)
    with opened(settings) as casus:
        moment = clocks.moment(casus)
        key, name = find_subject(casus, subject, moment)
        entries, more = _entries(casus, replace(window, subject=key), moment, limit)
    if json:
        write_lines(entries)
    else:
        print_timeline(name, moment, [orjson.loads(entry) for entry in entries], more=more)


def window_given(since: str | None, to: str | None, match: Match) -> Selection:
    """What the options of a window select."""
    first, last = days_given("--from", since, "--to", to, "the window ends before it starts")
    return Selection(first_day=first, last_day=last, match=match)


def days_given(
    start: str, since: str | None, end: str, until: str | None, reversed_: str
) -> tuple[int | None, int | None]:
    """The first and the last day that two options mean, which are refused if they are reversed."""
    first = read_option(start, since, lambda text: span(text).earliest)
    last = read_option(end, until, lambda text: span(text).latest)
    if first is not None and last is not None and last < first:
        usage(reversed_, end)
    return first, last


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of recording and reporting, as options give them."""

    position: int | None
    instant: str | None
    reported_by: int

    @classmethod
    def given(cls, position: int | None, as_of: str | None, reported_by: str | None) -> Clocks:
        """What the options mean."""
        instant = read_option("--as-of", as_of, parse_instant)
        reported = read_option("--reported-by", reported_by, reported_day)
        if position is not None and instant is not None:
            usage("--position and --as-of both fix the recorded clock; give one of them")
        return cls(position, instant, EVERYTHING_REPORTED if reported is None else reported)

    def moment(self, casus: Casus) -> Moment:
        """The moment that they fix."""
        try:
            return casus.reader.moment(self.position, self.instant, self.reported_by)
        except BeyondTheLog as error:
            usage(str(error), "--position")


def read_option(name: str, text: str | None, read: Callable[[str], T]) -> T | None:
    """What an option means, if it was given; refused by name where it means nothing."""
    if text is None:
        return None
    try:
        return read(text)
    except (BadInstant, BadDate) as error:
        usage(str(error), name)


def find_subject(casus: Casus, text: str, moment: Moment) -> tuple[SubjectKey, str]:
    """The country or the actor that goes by a name, and what it is called."""
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
