"""An incident as one flat row: the columns that CSV and Parquet have, and GeoJSON beside nested members.

Every column is declared once, with its kind and its meaning; `docs/publishing.md` lists them. Lists are
joined by ``; ``. Of the figures, those that most analyses want have columns of numbers: what the figure of
everybody says or, where there is none, the sum of those of several groups; ``figures`` has all of them in
words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from service.publishing.publication import Entry, Whence
from service.publishing.terms import figure_in_words

Kind = Literal["text", "whole", "real", "truth", "day", "instant"]
"""What a column holds. Days and instants are ISO 8601 texts: they may be before year 1 or after 9999."""

Cell = str | int | float | bool | None

COUNTED = ("killed", "wounded", "displaced", "crossed")
"""The measures that have columns of numbers."""

BOUNDS = ("low", "best", "high")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, and what that means."""

    name: str
    kind: Kind
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("id", "text", "the incident's id"),
    Column("title", "text", "its title"),
    Column("type", "text", "its type"),
    Column("status", "text", "reported, confirmed, disputed, planned or retracted"),
    Column("occurred", "text", "when, as the source says it (EDTF)"),
    Column("earliest", "day", "the first day that may mean; empty: open"),
    Column("latest", "day", "the last day that may mean; empty: open"),
    Column("date_disputed", "truth", "whether no day lies within what all accounts say"),
    Column("place", "text", "the place's name"),
    Column("place_country", "text", "the country it lies in (alpha-3)"),
    Column("admin1", "text", "its province"),
    Column("admin2", "text", "its district"),
    Column("latitude", "real", "degrees north, WGS 84"),
    Column("longitude", "real", "degrees east, WGS 84"),
    Column("precision", "text", "what the coordinates stand for"),
    Column(
        "countries",
        "text",
        "the countries whose timelines show it, with their roles: `AFG:location; UZB:affected`",
    ),
    Column(
        "actors",
        "text",
        "the ids of the actors that take part, with their roles: `taliban:initiator`",
    ),
    Column("actor_names", "text", "the names of these actors"),
    *(
        Column(f"{measure}_{bound}", "whole", f"how many {measure}: the {bound} number")
        for measure in COUNTED
        for bound in BOUNDS
    ),
    Column("figures", "text", "all figures in words"),
    Column("figures_disputed", "truth", "whether accounts contradict each other in any"),
    Column("accounts", "whole", "how many accounts it is made of"),
    Column("sources", "text", "who says so"),
    Column("source_urls", "text", "where they say so"),
    Column("codes", "text", "its codes in other schemes: `cameo:190`"),
    Column("datasets", "text", "the datasets that its accounts are from"),
    Column("summary", "text", "its summary"),
    Column("reported", "day", "the day of the first account"),
    Column("revision", "whole", "how many records have touched it"),
    Column("position", "whole", "the log's position of the last of them"),
    Column("recorded_at", "instant", "when that was recorded (UTC)"),
)
"""The columns in their order; ``url``, the incident's permanent address, comes after them."""

NAMES = (*(column.name for column in COLUMNS), "url")

_NOWHERE = dict.fromkeys(
    ("name", "country", "admin1", "admin2", "latitude", "longitude", "precision")
)
_UNCOUNTED = (None,) * (len(COUNTED) * len(BOUNDS))


def row_of(entry: Entry, whence: Whence) -> tuple[Cell, ...]:
    """The cells of an incident, in the order of `NAMES`.

    In one expression and not column by column: an export has hundreds of thousands of these.
    """
    occurred, place, figures = entry["occurred"], entry["place"] or _NOWHERE, entry["figures"]
    countries, participants = entry["countries"], entry["participants"]
    sources = entry["sources"]
    return (
        entry["id"],
        entry["title"],
        entry["type"],
        entry["status"],
        occurred["edtf"],
        occurred["earliest"],
        occurred["latest"],
        occurred["disputed"],
        place["name"],
        place["country"],
        place["admin1"],
        place["admin2"],
        place["latitude"],
        place["longitude"],
        place["precision"],
        _joined([f"{each['code']}:{each['role']}" for each in countries]),
        _joined([f"{each['actor']}:{each['role']}" for each in participants]),
        _joined([each["name"] for each in participants]),
        *(_counted(figures) if figures else _UNCOUNTED),
        _joined([figure_in_words(each) for each in figures]),
        any(each["disputed"] for each in figures),
        entry["accounts"],
        _joined([each["name"] for each in sources]),
        _joined([each["url"] for each in sources if each["url"]]),
        _joined([f"{each['scheme']}:{each['code']}" for each in entry["codes"]]),
        _joined(entry["datasets"]),
        entry["summary"],
        entry["reported"],
        entry["revision"],
        entry["position"],
        entry["recorded_at"],
        whence.address_of(entry["id"]),
    )


def _joined(texts: list[str]) -> str | None:
    if len(texts) > 1:
        return "; ".join(dict.fromkeys(texts))
    return texts[0] if texts else None


def _counted(figures: Sequence[Mapping[str, Any]]) -> tuple[int | None, ...]:
    """The numbers of the measures that have columns of their own."""
    cells = list(_UNCOUNTED)
    whole = set()
    for figure in figures:
        at = _PLACES.get(figure["measure"])
        if at is None or at in whole:
            continue
        low, best, high = figure["low"], figure["best"], figure["high"]
        if figure["of"] is None:
            whole.add(at)
            cells[at : at + 3] = low, best, high
            continue
        given = [number for number in (low, best, high) if number is not None]
        known = (
            given[0] if low is None else low,
            given[0] if best is None else best,
            given[-1] if high is None else high,
        )
        cells[at : at + 3] = [
            number + (cell or 0) for number, cell in zip(known, cells[at : at + 3], strict=True)
        ]
    return tuple(cells)


_PLACES = {measure: number * len(BOUNDS) for number, measure in enumerate(COUNTED)}


SERIES_NAMES = ("key", "name", "period", "start", "end", "low", "best", "high", "incidents")
"""The columns of a series: a row for each period of each group."""
