"""What all charts share: a title that says what is shown, as of when and whose data it is; fonts, colours.

A chart is a specification of Vega-Lite without its data, and its data beside it in the columns of the CSV:
the same specification works with the address of the CSV (`vegalite`) and with the rows inside (`charts`).
Drawn on white, for any page. Colours are those of Okabe and Ito, which colour-blind readers tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import east_asian_width
from urllib.parse import parse_qsl

from projections.datasets import DatasetHead, ShownDataset
from service.publishing.publication import Entry, Publication, SeriesPublication

Json = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.1.json"

WIDTH = 1_080
"""Pixels of a chart, its labels and its plot together."""

INK, PALE, LINES = "#222222", "#595959", "#dddddd"
BLUE, ORANGE = "#0072B2", "#D55E00"
PALETTE = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#332288")
OTHERS_COLOUR = "#888888"
"""The colour of whatever is left when the palette is used up."""

WIDER = 1.18
"""By how much a text may turn out wider where it is read than where it is drawn."""

NOTHING = "No incident matches"

DATASETS = 3
"""How many datasets are named; of more, their number."""

_REACH = 3_000_000
"""Days from 1970, either way: somewhat more than the four-digit years, the only ones that are drawn."""

_FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
"""Of the same widths; who has none of them has one that is up to `WIDER` times as wide."""
_TITLE, _SUBTITLE, _FOOTER = 18, 12, 11
_BOLD, _PLAIN = 0.7, 0.6
"""How wide a character is at most, on average, for its size."""

_UNSEEN = "\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufe0e\\ufe0f"
_UNSEEN_PATTERN = re.compile(f"[{_UNSEEN}]+")


class TooMuchToDraw(Exception):
    """Raised when there is more than can be drawn legibly; says what to do instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart: its parts, without the data, and the rows that the data has, as far as it needs them.

    `summary` and `notes` are lines of text above and below it. Where `params` are given, the specification
    knows them by name.
    """

    title: str
    summary: Sequence[str]
    notes: Sequence[str]
    view: Json
    rows: Sequence[Mapping[str, object]]
    parse: Mapping[str, str]
    params: Sequence[Json] = ()

    def specification(self, address: str | None) -> Json:
        """The specification with the address of its data; None: with the rows inside."""
        source = {"url": address} if address else {"values": self.rows}
        kind = "csv" if address else "json"
        return {
            "$schema": SCHEMA,
            "description": plain(". ".join([self.title, *self.summary])),
            "background": "white",
            "padding": 16,
            "config": _CONFIG,
            "title": {
                "text": wrapped(self.title, _TITLE * _BOLD, 2),
                "subtitle": [
                    line for each in filter(None, self.summary) for line in _lines(each, _SUBTITLE)
                ],
            },
            "data": {**source, "format": {"type": kind, "parse": dict(self.parse)}},
            **({"params": list(self.params)} if self.params else {}),
            "vconcat": [{**self.view, "title": _footer(self.notes)}],
        }


_CONFIG: Json = {
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": PALE,
        "titleColor": PALE,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": LINES,
        "domainColor": PALE,
        "tickColor": PALE,
    },
    "legend": {
        "labelColor": INK,
        "titleColor": PALE,
        "labelFontSize": 12,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelLimit": 0,
        "columnPadding": 28,
    },
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "color": INK,
        "fontSize": _TITLE,
        "fontWeight": "bold",
        "lineHeight": 23,
        "offset": 14,
        "subtitleColor": PALE,
        "subtitleFontSize": _SUBTITLE,
        "subtitleLineHeight": 17,
        "subtitlePadding": 8,
    },
}


def _footer(notes: Sequence[str]) -> Json:
    return {
        "text": [line for note in notes for line in _lines(note, _FOOTER)] or [""],
        "orient": "bottom",
        "color": PALE,
        "fontSize": _FOOTER,
        "fontWeight": "normal",
        "lineHeight": 15,
    }


def _lines(text: str, size: int) -> list[str]:
    return wrapped(text, size * _PLAIN, 3)


def plain(text: str) -> str:
    """Text on one line, without what changes the direction of text beyond itself."""
    return " ".join(_UNSEEN_PATTERN.sub(" ", text).split())


def wrapped(text: str, character: float, most: int) -> list[str]:
    """Text in lines as wide as a chart, where a character takes so many pixels; the rest is cut off."""
    lines, line = [], ""
    words = [
        piece
        for word in plain(text).split(" ")
        for piece in (word[i : i + 60] for i in range(0, len(word), 60))
    ]
    for word in words:
        longer = f"{line} {word}".strip()
        if line and width(longer) * character > WIDTH:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]
    return lines


def width(text: str) -> int:
    """How many columns a text takes; ideographs, emoji and whatever is rare take two each."""
    return sum(
        2 if east_asian_width(character) in "WF" or character > "\uffff" else 1
        for character in text
    )


def shortened(text: str, columns: int) -> str:
    """As much of a text, on one line, as so many columns hold."""
    text = plain(text)
    if width(text) <= columns:
        return text
    while width(text) >= columns:
        text = text[:-1]
    return f"{text}…"


PLAIN_TITLE = (
    # What the CSV has put before a formula goes, and so does what changes the direction of text.
    "trim(replace(replace(datum.title || '', /^'(?=[=+\\-@\\t\\r＝＋－＠])/, ''),"
    f" /[{_UNSEEN}]+/g, ' '))"
)
"""An expression: the title of an incident, as `plain` has it."""

HAS_PAIRS = "test(/[\\ud800-\\udfff]/, datum.label)"
"""An expression: whether a label has characters that JavaScript holds as two, as emoji are.

Vega's `limit` may cut such a pair in two; what is left of one can't be drawn, and nothing is.
"""


def cut_pairs(most: int) -> str:
    """An expression: the label, one with pairs cut after so many halves, between two characters."""
    cut = f"replace(slice(datum.label, 0, {most}), /[\\ud800-\\udbff]$/, '') + '…'"
    return f"{HAS_PAIRS} && length(datum.label) > {most} ? {cut} : datum.label"


def asked_of(publication: Publication | SeriesPublication) -> dict[str, str]:
    """The parameters of a publication's address, those that are given more than once together."""
    _, _, query = publication.address.partition("?")
    asked: dict[str, str] = {}
    for name, value in parse_qsl(query):
        asked[name] = f"{asked[name]}, {value}" if name in asked else value
    return asked


_SAID_OTHERWISE = {
    *("from", "to", "position", "reported_by", "order", "limit", "chart"),
    *("interval", "group_by", "measure"),
}


def window_of(publication: Publication | SeriesPublication) -> str:
    """The window that was asked for, in words; empty: none."""
    asked = asked_of(publication)
    match asked.get("from"), asked.get("to"):
        case None, None:
            return ""
        case None, last:
            return f"up to {last}"
        case first, None:
            return f"from {first} on"
        case first, last:
            return f"{first} to {last}"


def is_within_reach(day: int) -> bool:
    """Whether an axis may begin or end with a day that was asked for.

    With one far off, or an open one, all that is drawn would be pressed into a pixel.
    """
    return abs(day) < _REACH


def narrowed_by(publication: Publication | SeriesPublication) -> str:
    """By which parameters a publication is narrowed, beyond what its title says."""
    titled = ("country", "actor") if isinstance(publication, SeriesPublication) else ("q",)
    said = {*_SAID_OTHERWISE, *titled}
    asked = asked_of(publication)
    return "; ".join(f"{name}: {value}" for name, value in asked.items() if name not in said)


def as_of(publication: Publication | SeriesPublication) -> str:
    """The moment, in words."""
    moment = publication.moment
    recorded = f", recorded by {moment.as_of[:10]}" if moment.as_of else ""
    reported = moment.reported_by_text
    known = f", as reported by {reported}" if reported else ""
    return f"Casus at position {moment.position}{recorded}{known}"


def count(number: int, what: str) -> str:
    """``1 incident``, ``1,204 incidents``."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


class Credits:
    """Whose data is shown: gathered entry by entry, said in a line."""

    def __init__(self, datasets: Mapping[str, ShownDataset]) -> None:
        self._datasets = datasets
        self._named: dict[str, None] = {}

    def add(self, entry: Entry) -> None:
        """An incident is shown."""
        self._named.update(dict.fromkeys(entry["datasets"]))

    def lines(self) -> list[str]:
        """A line, if the data is of any dataset."""
        return whose_data(self._datasets[name] for name in self._named if name in self._datasets)


def whose_data(datasets: Iterable[DatasetHead]) -> list[str]:
    """A line that says whose data it is and under which licence, if there are any datasets."""
    terms = [
        f"{each.title} ({(each.license or 'licence not stated').removesuffix('.')})"
        for each in datasets
    ]
    more = f"; and {count(len(terms) - DATASETS, 'more dataset')}" if len(terms) > DATASETS else ""
    return [f"Data: {'; '.join(terms[:DATASETS])}{more}"] if terms else []


def empty(chart: Chart, what: str = NOTHING) -> Chart:
    """The chart of nothing, which says so."""
    view = {
        "width": WIDTH - 40,
        "height": 160,
        "view": {"fill": "#f6f6f6"},
        "mark": {"type": "text", "fontSize": 15, "color": PALE},
        "data": {"values": [{"text": what}]},
        "encoding": {
            "x": {"value": (WIDTH - 40) / 2},
            "y": {"value": 80},
            "text": {"field": "text", "type": "nominal"},
        },
    }
    return replace(chart, view=view, params=())
