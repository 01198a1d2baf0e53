"""An incident as one flat row: the columns that CSV and Parquet have, and GeoJSON beside nested members.

They are read from the finished JSON of an entry. Every column is declared once, with its kind and its
meaning; `docs/publishing.md` lists them. Lists are joined by ``; ``. Of the figures, those that most
analyses want have columns of numbers: what the figure of everybody says or, where there is none, the sum of
those of several groups; ``figures`` has all of them in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

from projections.terms import figure_in_words

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


@dataclass(frozen=True, slots=True)
class Part:
    """The columns that one field of an entry is told in, and what makes their cells of its value."""

    field: str
    columns: tuple[Column, ...]
    cells: Callable[[Any], Sequence[Cell]] | None = None
    """None: the value is the one cell."""
    is_plain: bool = False
    """Whether the value is a number or a text that nobody wrote: never missing, and harmless anywhere."""


def _itself(field: str, kind: Kind, meaning: str, *, is_plain: bool = False) -> Part:
    return Part(field, (Column(field, kind, meaning),), is_plain=is_plain)


_IN_PLACE = itemgetter("name", "country", "admin1", "admin2", "latitude", "longitude", "precision")


def _place(place: Mapping[str, Any] | None) -> tuple[Cell, ...]:
    return _IN_PLACE(place) if place else (None,) * 7


def _countries(countries: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    return (_joined([f"{each['code']}:{each['role']}" for each in countries]),)


def participants_cells(participants: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    """The cells of participants, which follow the moment as nothing else does."""
    return (
        _joined([f"{each['actor']}:{each['role']}" for each in participants]),
        _joined([each["name"] for each in participants]),
    )


def _figures(figures: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    return (
        *(_counted(figures) if figures else _UNCOUNTED),
        _joined([figure_in_words(each) for each in figures]),
        any(each["disputed"] for each in figures),
    )


def _sources(sources: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    return (
        _joined([each["name"] for each in sources]),
        _joined([each["url"] for each in sources if each["url"]]),
    )


def _codes(codes: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    return (_joined([f"{each['scheme']}:{each['code']}" for each in codes]),)


def _datasets(datasets: list[str]) -> tuple[Cell, ...]:
    return (_joined(datasets),)


_UNCOUNTED = (None,) * (len(COUNTED) * len(BOUNDS))


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


PARTS: tuple[Part, ...] = (
    _itself("id", "text", "the incident's id", is_plain=True),
    _itself("title", "text", "its title"),
    _itself("type", "text", "its type", is_plain=True),
    _itself("status", "text", "reported, confirmed, disputed, planned or retracted", is_plain=True),
    Part(
        "occurred",
        (
            Column("occurred", "text", "when, as the source says it (EDTF)"),
            Column("earliest", "day", "the first day that may mean; empty: open"),
            Column("latest", "day", "the last day that may mean; empty: open"),
            Column("date_disputed", "truth", "whether no day lies within what all accounts say"),
        ),
        itemgetter("edtf", "earliest", "latest", "disputed"),
    ),
    Part(
        "place",
        (
            Column("place", "text", "the place's name"),
            Column("place_country", "text", "the country it lies in (alpha-3)"),
            Column("admin1", "text", "its province"),
            Column("admin2", "text", "its district"),
            Column("latitude", "real", "degrees north, WGS 84"),
            Column("longitude", "real", "degrees east, WGS 84"),
            Column("precision", "text", "what the coordinates stand for"),
        ),
        _place,
    ),
    Part(
        "countries",
        (
            Column(
                "countries",
                "text",
                "the countries whose timelines show it, with their roles:"
                " `AFG:location; UZB:affected`",
            ),
        ),
        _countries,
    ),
    Part(
        "participants",
        (
            Column(
                "actors",
                "text",
                "the ids of the actors that take part, with their roles: `taliban:initiator`",
            ),
            Column("actor_names", "text", "the names of these actors"),
        ),
        participants_cells,
    ),
    Part(
        "figures",
        (
            *(
                Column(f"{measure}_{bound}", "whole", f"how many {measure}: the {bound} number")
                for measure in COUNTED
                for bound in BOUNDS
            ),
            Column("figures", "text", "all figures in words"),
            Column("figures_disputed", "truth", "whether accounts contradict each other in any"),
        ),
        _figures,
    ),
    _itself("accounts", "whole", "how many accounts it is made of", is_plain=True),
    Part(
        "sources",
        (
            Column("sources", "text", "who says so"),
            Column("source_urls", "text", "where they say so"),
        ),
        _sources,
    ),
    Part("codes", (Column("codes", "text", "its codes in other schemes: `cameo:190`"),), _codes),
    Part(
        "datasets",
        (Column("datasets", "text", "the datasets that its accounts are from"),),
        _datasets,
    ),
    _itself("summary", "text", "its summary"),
    _itself("reported", "day", "the day of the first account"),
    _itself("revision", "whole", "how many records have touched it", is_plain=True),
    _itself("position", "whole", "the log's position of the last of them", is_plain=True),
    _itself("recorded_at", "instant", "when that was recorded (UTC)", is_plain=True),
)
"""The fields that have columns, in the columns' order."""

COLUMNS = tuple(column for part in PARTS for column in part.columns)
"""The columns in their order; ``url``, the incident's permanent address, comes after them."""

NAMES = (*(column.name for column in COLUMNS), "url")


def row_of(entry: Mapping[str, Any], url: str) -> list[Cell]:
    """The cells of an incident, in the order of `NAMES`, from its entry's JSON, parsed."""
    row: list[Cell] = []
    for part in PARTS:
        if part.cells is None:
            row.append(entry[part.field])
        else:
            row += part.cells(entry[part.field])
    row.append(url)
    return row


SERIES_NAMES = ("key", "name", "period", "start", "end", "low", "best", "high", "incidents")
"""The columns of a series: a row for each period of each group."""
