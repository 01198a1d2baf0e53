"""Timelines and records as tables. What there is no room for beside a title stands beneath it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from domain.records import (
    AccountAdded,
    AccountRevised,
    AccountWithdrawn,
    ActorAffiliated,
    ActorIdentified,
    ActorNamed,
    ActorRegistered,
    ActorReleased,
    ActorsMerged,
    ActorsUnmerged,
    DatasetReleased,
    IncidentCorrected,
    IncidentMerged,
    IncidentReinstated,
    IncidentReported,
    IncidentRetracted,
    IncidentUnmerged,
    Record,
    Recorded,
)
from service.cli.output import out, say
from service.reading.clocks import Moment

ROOMY = 100
"""Columns of a terminal from which places and figures have columns of their own."""


def print_timeline(name: str, moment: Moment, entries: list[dict[str, Any]], *, more: bool) -> None:
    """Print the entries of a timeline, and the moment they were read at."""
    roomy = out.width >= ROOMY
    table = plain_table("when", "what", *(("where", "figures") if roomy else ()))
    for entry in entries:
        title, place = title_of(entry), entry["place"]["name"] if entry["place"] else ""
        figures = [figure_text(figure) for figure in entry["figures"]]
        if roomy:
            cells = [Text(title), Text(place), Text("\n".join(figures))]
        else:
            cells = [beneath(title, [place if place != name else "", *figures])]
        table.add_row(_when(entry["occurred"]), *cells)
    count = "1 incident" if len(entries) == 1 else f"{len(entries)} incidents"
    say(f"{name}: {count}")
    if entries:
        out.print(table)
    say(f"Read at {moment}." + (" There are more: raise --limit." if more else ""))


def print_log(head: int, records: Sequence[Recorded[Record]]) -> None:
    """Print records, and the position that the log has reached."""
    roomy = out.width >= ROOMY
    table = plain_table("position", "recorded at", *(("by", "record") if roomy else ()), "about")
    table.columns[0].justify = "right"
    for recorded in records:
        record = recorded.record
        kind, about = type(record).__name__, _about(record)
        cells = (
            [Text(record.recorded_by), Text(kind), Text(about)]
            if roomy
            else [beneath(about, [f"{kind} by {record.recorded_by}"])]
        )
        table.add_row(str(recorded.position), record.recorded_at[:19] + "Z", *cells)
    say(f"The log stands at position {head}.")
    if records:
        out.print(table)


def plain_table(*columns: str) -> Table:
    """A table with these columns, without lines at its sides."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        never_broken = column in ("when", "position", "recorded at", "record", "change")
        table.add_column(column, no_wrap=never_broken, overflow="fold")
    return table


def beneath(title: str, details: Sequence[str]) -> Text:
    """A title, and what belongs to it on lines of their own."""
    text = Text(title)
    for detail in filter(None, details):
        text.append(f"\n{detail}", style="dim")
    return text


def title_of(entry: dict[str, Any]) -> str:
    """What an entry is called, and what there is to note of it."""
    notes = []
    if entry["status"] != "reported":
        notes.append(entry["status"])
    if entry["accounts"] > 1:
        notes.append(f"{entry['accounts']} accounts")
    return f"{entry['title']} ({', '.join(notes)})" if notes else str(entry["title"])


def _when(occurred: dict[str, Any]) -> str:
    earliest, latest = occurred["earliest"], occurred["latest"]
    if earliest is None:
        return f"until {latest}" if latest else "unknown"
    if latest is None:
        return f"from {earliest}"
    return str(earliest) if earliest == latest else f"{earliest} to\n{latest}"


def figure_text(figure: dict[str, Any]) -> str:
    """A figure in words."""
    low, best, high = figure["low"], figure["best"], figure["high"]
    if low is not None and high is not None:
        bounds = f"{low} to {high}" if low != high else ""
    else:
        bounds = (
            f"{low} or more" if low is not None else f"up to {high}" if high is not None else ""
        )
    number = bounds if best is None else f"{best} ({bounds})" if bounds else f"{best}"
    counted = f"{number} {figure['of']}" if figure["of"] else number
    disputed = ", disputed" if figure["disputed"] else ""
    return f"{figure['measure'].replace('_', ' ')}: {counted}{disputed}"


def _about(record: Record) -> str:  # noqa: PLR0911, PLR0912 - one for each kind
    match record:
        case IncidentReported() | AccountAdded() | AccountRevised():
            return f"{record.account.title} ({record.account.source.name})"
        case ActorRegistered():
            return f"{record.actor.id}: {record.actor.names[0].text}"
        case IncidentMerged():
            return f"into {record.into}: {record.reason}"
        case IncidentUnmerged():
            return f"out of {record.out_of}: {record.reason}"
        case AccountWithdrawn():
            return f"account {record.number}: {record.reason}"
        case IncidentCorrected():
            fields = [each.name for each in dataclasses.fields(record.changes)]
            changed = [name for name in fields if getattr(record.changes, name)]
            return f"{', '.join(changed)}: {record.reason}"
        case IncidentRetracted() | IncidentReinstated():
            return record.reason
        case ActorNamed():
            return f"{record.actor}: {record.name.text}: {record.reason}"
        case ActorIdentified():
            known_as = f"{record.external_id.scheme}:{record.external_id.id}"
            return f"{record.actor}: {known_as}: {record.reason}"
        case ActorAffiliated():
            return f"{record.actor} to {record.affiliation.actor}: {record.reason}"
        case ActorReleased():
            return f"{record.actor} from {record.parent}: {record.reason}"
        case ActorsMerged():
            return f"{record.actor} into {record.into}: {record.reason}"
        case ActorsUnmerged():
            return f"{record.actor} out of {record.out_of}: {record.reason}"
        case DatasetReleased():
            which = f"{record.dataset.id} {record.release}" if record.release else record.dataset.id
            return f"{which}: {record.dataset.title}: {record.reason}"
