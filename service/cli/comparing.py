"""``casus diff`` and ``casus history``: what differs between two moments, and what each record changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from rich.text import Text

from service.cli.output import out, refuse, say, usage, write_lines
from service.cli.reading import Clocks, find_subject, read_option
from service.cli.stores import opened
from service.cli.tables import beneath, figure_text, plain_table, title_of
from service.reading.changes import FieldChange
from service.reading.clocks import parse_instant, reported_day
from service.reading.difference_statements import Interval
from service.reading.differences import Difference
from service.reading.history import HistoryItem
from service.reading.intervals import BadInterval, Given, interval_of
from service.reading.selection import Selection
from service.settings import Settings

Options = tuple[int | None, str | None, str | None]
"""Of a position, an instant and a day of publication, what was given."""


def show_diff(
    settings: Settings,
    subject: str,
    *,
    start: Options,
    end: Options,
    both: Options,
    limit: int,
    json: bool,
) -> None:
    """Print what differs between two moments, as a table or as JSON lines."""
    given = (_given("--from-", start), _given("--to-", end), _given("--", both))
    with opened(settings) as casus:
        try:
            interval = interval_of(casus.reader.moments, *given)
        except BadInterval as bad:
            usage(_as_options(str(bad)), _as_options(bad.parameter))
        selection, name = Selection(), "All incidents"
        if subject != "all":
            key, name = find_subject(casus, subject, interval.end)
            selection = (
                Selection(actor=key.id) if key.kind == "actor" else Selection(country=key.id)
            )
        found, following = casus.reader.differences.page(selection, interval, 0, limit)
    if json:
        write_lines(each.as_json for each in found)
    else:
        _print_diff(name, interval, found, more=following is not None)


def _given(prefix: str, options: Options) -> Given:
    position, as_of, reported_by = options
    return Given(
        position=position,
        as_of=read_option(f"{prefix}as-of", as_of, parse_instant),
        reported_by=read_option(f"{prefix}reported-by", reported_by, reported_day),
    )


def _as_options(text: str) -> str:
    """A text about parameters of the API, about the options of the same names."""
    return re.sub(
        r"\b(?:(?:from|to)_)?(?:position|as_of|reported_by)\b",
        lambda name: f"--{name[0].replace('_', '-')}",
        text,
    )


def _print_diff(name: str, interval: Interval, found: Sequence[Difference], *, more: bool) -> None:
    count = "1 incident differs" if len(found) == 1 else f"{len(found)} incidents differ"
    say(f"{name}: {count}")
    if found:
        table = plain_table("change", "what")
        for each in found:
            details = [_change_text(change) for change in each.fields]
            if each.into is not None:
                details.append(f"into {each.into}")
            if each.out_of is not None:
                details.append(f"out of {each.out_of}")
            table.add_row(each.kind, beneath(title_of(orjson.loads(each.entry)), details))
        out.print(table)
    say(
        f"From {interval.start} to {interval.end}."
        + (" There are more: raise --limit." if more else "")
    )


def show_history(
    settings: Settings, incident: str, *, clocks: Options, limit: int, json: bool
) -> None:
    """Print the records that touched an incident, as a table or as JSON lines."""
    when = Clocks.given(*clocks)
    with opened(settings) as casus:
        moment = when.moment(casus)
        try:
            page = casus.histories.page(UUID(incident), moment, 0, limit)
        except ValueError:
            page = None
    if page is None:
        refuse(f"there is no incident {incident!r} at {moment}")
    if json:
        write_lines(map(orjson.dumps, page.items))
        return
    table = plain_table("position", "recorded at", "what")
    for item in page.items:
        table.add_row(str(item.position), item.recorded_at[:19] + "Z", _item_text(item))
    out.print(table)
    lines = [f"Read at {moment}."]
    if page.merged_into is not None:
        lines.append(f"It is merged into {page.merged_into}, which has the rest.")
    if page.next is not None:
        lines.append("There are more: raise --limit.")
    say(" ".join(lines))


def _item_text(item: HistoryItem) -> Text:
    did = f"{item.kind.replace('_', ' ')} by {item.recorded_by}"
    details = [_change_text(change) for change in item.changes]
    return beneath(f"{did}: {item.reason}" if item.reason else did, details)


def _change_text(change: FieldChange) -> str:
    before, after = _value_text(change.before), _value_text(change.after)
    if change.before is None:
        return f"{change.field}: + {after}"
    if change.after is None:
        return f"{change.field}: - {before}"
    return f"{change.field}: {before} -> {after}"


def _value_text(value: Any) -> str:
    """A value of an entry, as its JSON has it, in words: what it is shows by its fields."""
    if not isinstance(value, dict):
        return str(value)
    if "measure" in value:
        return figure_text(value)
    if "edtf" in value:
        return f"{value['edtf']}{', disputed' if value['disputed'] else ''}"
    if "role" in value:
        return f"{value.get('code') or value['actor']} ({value['role']})"
    return f"{value['scheme']} {value['code']}" if "scheme" in value else str(value["name"])
