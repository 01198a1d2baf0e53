"""``casus timeline`` and ``casus log``: what the store holds, on the terminal."""

from __future__ import annotations

from typing import Any

import orjson
from rich.table import Table
from rich.text import Text

from domain.countries import UnknownCountry, find_country
from domain.edtf import BadDate, span
from domain.records import AccountAdded, ActorRegistered, IncidentReported, Record
from service.bootstrap import Casus, open_casus
from service.cli.output import out, progress, refuse, usage
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
    with progress("bringing the timelines up to the log") as tell:
        casus = open_casus(settings, progress=tell)
    moment = _moment(casus, position, as_of, reported_by)
    key, name = _subject(casus, subject, moment)
    try:
        selection = Selection(
            subject=key,
            first_day=span(since).earliest if since else None,
            last_day=span(to).latest if to else None,
            match=match,
        )
    except BadDate as error:
        usage(str(error))
    entries, more = _entries(casus, selection, moment, limit)
    if json:
        for entry in entries:
            out.print(entry.decode(), markup=False, soft_wrap=True)
    else:
        _print_table(name, moment, [orjson.loads(entry) for entry in entries], more=more)
    casus.close()


def _moment(
    casus: Casus, position: int | None, as_of: str | None, reported_by: str | None
) -> Moment:
    if position is not None and as_of is not None:
        usage("--position and --as-of both fix the recorded clock; give one of them")
    try:
        return casus.reader.moment(
            position,
            parse_instant(as_of) if as_of else None,
            reported_day(reported_by) if reported_by else EVERYTHING_REPORTED,
        )
    except BadInstant:
        usage("an instant is written 2026-11-22T09:00:00Z, a day 2026-11-22")
    except (BeyondTheLog, BadDate) as error:
        usage(str(error))


def _subject(casus: Casus, text: str, moment: Moment) -> tuple[SubjectKey, str]:
    slug = text
    profile = casus.reader.actor(slug, moment.position)
    if profile is None:
        try:
            country = find_country(text)
        except UnknownCountry as unknown:
            found = casus.reader.actor_named(text, moment.position)
            if found is None:
                near = ", ".join(f"{each.code} ({each.name})" for each in unknown.nearest)
                refuse(f"no country and no actor is called {text!r}; nearest countries: {near}")
            slug, profile = found, casus.reader.actor(found, moment.position)
        else:
            return SubjectKey("country", country.code), country.name
    name = orjson.loads(profile or b"{}")["names"][0]["text"]
    return SubjectKey("actor", slug), name


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


def _print_table(name: str, moment: Moment, entries: list[dict[str, Any]], *, more: bool) -> None:
    table = Table(title=f"{name}: {len(entries)} incidents", title_justify="left", expand=False)
    table.add_column("when", no_wrap=True)
    table.add_column("what")
    table.add_column("where")
    table.add_column("figures")
    table.add_column("status", no_wrap=True)
    for entry in entries:
        place = entry["place"]
        accounts = entry["accounts"]
        table.add_row(
            Text(_when(entry["occurred"])),
            Text(entry["title"] + (f" ({accounts} accounts)" if accounts > 1 else "")),
            Text(place["name"] if place else ""),
            Text("\n".join(_figure(figure) for figure in entry["figures"])),
            Text(entry["status"]),
        )
    out.print(table)
    clocks = f"position {moment.position}"
    if moment.reported_by_text:
        clocks += f", reported by {moment.reported_by_text}"
    out.print(f"Read at {clocks}." + (" There are more: raise --limit." if more else ""))


def _when(occurred: dict[str, Any]) -> str:
    earliest, latest = occurred["earliest"] or "…", occurred["latest"] or "…"
    return earliest if earliest == latest else f"{earliest}\n{latest}"


def _figure(figure: dict[str, Any]) -> str:
    low, best, high = figure["low"], figure["best"], figure["high"]
    number = str(best) if best is not None else ""
    if low is not None and high is not None:
        number += f" ({low} to {high})"
    elif low is not None:
        number += f" ({low} or more)" if number else f"{low} or more"
    elif high is not None:
        number += f" (up to {high})" if number else f"up to {high}"
    of = f" {figure['of']}" if figure["of"] else ""
    return f"{number} {figure['measure'].replace('_', ' ')}{of}{' ?' if figure['disputed'] else ''}"


def show_log(settings: Settings, *, after: int, limit: int, json: bool) -> None:
    """Print records of the log in order, as a table or as JSON lines."""
    casus = open_casus(settings)
    records = casus.log.read(after, limit)
    if json:
        for recorded in records:
            line = {
                "position": recorded.position,
                "stream": recorded.stream,
                "version": recorded.version,
                "topic": recorded.record.TOPIC,
                "record": recorded.record,
            }
            out.print(orjson.dumps(line).decode(), markup=False, soft_wrap=True)
    else:
        table = Table(title=f"log: position {casus.log.head}", title_justify="left")
        for column in ("position", "recorded at", "by", "record", "about"):
            table.add_column(column, no_wrap=column in ("position", "recorded at"))
        for recorded in records:
            record = recorded.record
            table.add_row(
                str(recorded.position),
                record.recorded_at[:19] + "Z",
                Text(record.recorded_by),
                type(record).__name__,
                Text(_about(record)),
            )
        out.print(table)
    casus.close()


def _about(record: Record) -> str:
    match record:
        case IncidentReported() | AccountAdded():
            return f"{record.account.title} ({record.account.source.name})"
        case ActorRegistered():
            return f"{record.actor.id}: {record.actor.names[0].text}"
