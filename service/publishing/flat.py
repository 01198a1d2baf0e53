"""An incident as one flat row: the columns that CSV and Parquet have, and GeoJSON beside nested members.

Every column is declared once, with its kind and its meaning; `docs/formats.md` lists them. Lists are joined
by ``; ``. Of the figures, those that most analyses want have columns of numbers: what the figure of
everybody says or, where there is none, the sum of those of several groups; ``figures`` has all of them in
words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from service.publishing.publication import Entry, Publication

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
    of: Callable[[Entry], Cell]


def _joined(values: Any) -> str | None:
    return "; ".join(dict.fromkeys(values)) or None


def _of_place(name: str) -> Callable[[Entry], Cell]:
    def of(entry: Entry) -> Cell:
        place = entry["place"]
        cell: Cell = place[name] if place else None
        return cell

    return of


def _of_occurred(name: str) -> Callable[[Entry], Cell]:
    def of(entry: Entry) -> Cell:
        cell: Cell = entry["occurred"][name]
        return cell

    return of


def _plain(name: str) -> Callable[[Entry], Cell]:
    def of(entry: Entry) -> Cell:
        cell: Cell = entry[name]
        return cell

    return of


def figure_in_words(figure: Mapping[str, Any]) -> str:
    """A figure: ``killed 3 to 5 civilians``, ``crossed at least 130``."""
    low, best, high = (figure[bound] for bound in BOUNDS)
    if low is not None and high is not None and low != high:
        number = f"{low} to {high}" + (f" ({best})" if best is not None else "")
    elif best is not None or low == high:
        number = str(low if best is None else best)
    else:
        number = f"at least {low}" if high is None else f"at most {high}"
    of = f" {figure['of']}" if figure["of"] else ""
    return f"{figure['measure'].replace('_', ' ')} {number}{of}"


def number_of(entry: Entry, measure: str, bound: str) -> int | None:
    """What figures of a measure say, of everybody or of several groups together; None: nothing."""
    parts: list[int] = []
    for figure in entry["figures"]:
        if figure["measure"] == measure:
            if figure["of"] is None:
                number: int | None = figure[bound]
                return number
            given = [figure[each] for each in BOUNDS if figure[each] is not None]
            nearest = given[-1] if bound == "high" else given[0]
            parts.append(nearest if figure[bound] is None else figure[bound])
    return sum(parts) if parts else None


def _counted(measure: str, bound: str) -> Callable[[Entry], Cell]:
    return lambda entry: number_of(entry, measure, bound) if entry["figures"] else None


COLUMNS: tuple[Column, ...] = (
    Column("id", "text", "the incident's id", _plain("id")),
    Column("title", "text", "its title", _plain("title")),
    Column("type", "text", "its type", _plain("type")),
    Column(
        "status", "text", "reported, confirmed, disputed, planned or retracted", _plain("status")
    ),
    Column("occurred", "text", "when, as the source says it (EDTF)", _of_occurred("edtf")),
    Column("earliest", "day", "the first day that may mean; empty: open", _of_occurred("earliest")),
    Column("latest", "day", "the last day that may mean; empty: open", _of_occurred("latest")),
    Column(
        "date_disputed",
        "truth",
        "whether no day lies within what all accounts say",
        _of_occurred("disputed"),
    ),
    Column("place", "text", "the place's name", _of_place("name")),
    Column("place_country", "text", "the country it lies in (alpha-3)", _of_place("country")),
    Column("admin1", "text", "its province", _of_place("admin1")),
    Column("admin2", "text", "its district", _of_place("admin2")),
    Column("latitude", "real", "degrees north, WGS 84", _of_place("latitude")),
    Column("longitude", "real", "degrees east, WGS 84", _of_place("longitude")),
    Column("precision", "text", "what the coordinates stand for", _of_place("precision")),
    Column(
        "countries",
        "text",
        "the countries whose timelines show it, with their roles: `AFG:location; UZB:affected`",
        lambda entry: _joined(f"{each['code']}:{each['role']}" for each in entry["countries"]),
    ),
    Column(
        "actors",
        "text",
        "the ids of the actors that take part, with their roles: `taliban:initiator`",
        lambda entry: _joined(f"{each['actor']}:{each['role']}" for each in entry["participants"]),
    ),
    Column(
        "actor_names",
        "text",
        "the names of these actors",
        lambda entry: _joined(each["name"] for each in entry["participants"]),
    ),
    *(
        Column(
            f"{measure}_{bound}",
            "whole",
            f"how many {measure}: the {bound} number",
            _counted(measure, bound),
        )
        for measure in COUNTED
        for bound in BOUNDS
    ),
    Column(
        "figures",
        "text",
        "all figures in words",
        lambda entry: _joined(map(figure_in_words, entry["figures"])),
    ),
    Column(
        "figures_disputed",
        "truth",
        "whether accounts contradict each other in any",
        lambda entry: any(each["disputed"] for each in entry["figures"]),
    ),
    Column("accounts", "whole", "how many accounts it is made of", _plain("accounts")),
    Column(
        "sources",
        "text",
        "who says so",
        lambda entry: _joined(each["name"] for each in entry["sources"]),
    ),
    Column(
        "source_urls",
        "text",
        "where they say so",
        lambda entry: _joined(each["url"] for each in entry["sources"] if each["url"]),
    ),
    Column(
        "codes",
        "text",
        "its codes in other schemes: `cameo:190`",
        lambda entry: _joined(f"{each['scheme']}:{each['code']}" for each in entry["codes"]),
    ),
    Column(
        "datasets",
        "text",
        "the datasets that its accounts are from",
        lambda entry: _joined(entry["datasets"]),
    ),
    Column("summary", "text", "its summary", _plain("summary")),
    Column("reported", "day", "the day of the first account", _plain("reported")),
    Column("revision", "whole", "how many records have touched it", _plain("revision")),
    Column("position", "whole", "the log's position of the last of them", _plain("position")),
    Column("recorded_at", "instant", "when that was recorded (UTC)", _plain("recorded_at")),
)
"""The columns in their order; ``url``, the incident's permanent address, comes after them."""

NAMES = (*(column.name for column in COLUMNS), "url")
_CELLS = tuple(column.of for column in COLUMNS)


def row_of(entry: Entry, publication: Publication) -> list[Cell]:
    """The cells of an incident, in the order of `NAMES`."""
    cells = [of(entry) for of in _CELLS]
    cells.append(publication.address_of(entry["id"]))
    return cells


SERIES_NAMES = ("key", "name", "period", "start", "end", "low", "best", "high", "incidents")
"""The columns of a series: a row for each period of each group."""
