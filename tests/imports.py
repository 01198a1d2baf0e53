"""A format of files for tests of imports, and rows of it without a file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from domain.values import DatasetProfile
from domain.vocabulary import ActorKind, ParticipantRole
from service.imports.engine import Import
from service.imports.format import (
    BadRow,
    Cells,
    Format,
    NamedActor,
    TakenBack,
    Telling,
    Told,
    ToldMore,
    required,
    whole,
)
from service.imports.orders import Order
from service.imports.reading.outcomes import Rejected, Row
from service.log import Log
from service.recording import Recording


def tell(cells: Cells) -> Telling:
    """What a row of the tests' format tells."""
    key = required(cells, "key")
    match cells["kind"]:
        case "gone":
            return TakenBack(key, "It did not happen.", cells["published"] or None)
        case "mention":
            return ToldMore(key, cells["title"], {"name": cells["title"]}, cells["published"])
        case "bad":
            raise BadRow("it is bad", "kind")
    killed = whole(cells, "killed")
    actors = [name for name in cells["actors"].split(";") if name]
    return Told(
        incident=key,
        key=key,
        account={
            "title": required(cells, "title"),
            "type": "attack",
            "occurred": cells["day"] or "2021-06-22",
            "source": {"name": "A dataset"},
            "place": {"name": "Kunduz", "country": cells["country"] or "AFG"},
            "figures": () if killed is None else ({"measure": "killed", "best": killed},),
        },
        participants=tuple(
            (
                NamedActor("toy", number, name or number, ActorKind.ARMED_GROUP),
                ParticipantRole.TARGET,
            )
            for number, _, name in (actor.partition("=") for actor in actors)
        ),
        published=cells["published"] or None,
    )


COLUMNS = ("key", "kind", "title", "day", "country", "killed", "actors", "published")

TOY = Format(
    name="toy",
    title="The tests' format",
    dataset=DatasetProfile(id="toy", title="Toy", license="CC0", citation="Nobody."),
    columns=dict.fromkeys(COLUMNS, ()),
    required=frozenset({"key", "title"}),
    tell=tell,
)


def row(line: int, **cells: object) -> Row:
    """A row of the tests' format."""
    given = {"title": f"Incident {cells.get('key', line)}", "key": line} | cells
    return Row(line, {name: str(given.get(name, "")) for name in COLUMNS})


@dataclass
class Rows:
    """Rows of the tests' format, as a file would have them."""

    rows: Sequence[Row | Rejected | Exception]
    name: str = "toy.csv"
    format: Format = TOY

    def __iter__(self) -> Iterator[Row | Rejected]:
        for each in self.rows:
            if isinstance(each, Exception):
                raise each
            yield each


@dataclass
class Importer:
    """Imports rows into a log, and remembers which were rejected."""

    log: Log
    rejected: list[tuple[str, Rejected]] = field(default_factory=list)
    _seconds: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self, *rows: Row | Rejected | Exception, scratch: Log | None = None, **order):
        return self.run(Rows(rows), scratch=scratch, **order)

    def run(self, *files: Rows, scratch: Log | None = None, **order):
        """Import files; what became of their rows."""
        given = Order(by="tests", **order)
        reject = lambda name, rejected: self.rejected.append((name, rejected))  # noqa: E731
        return Import(self.log, given, self._recording, reject, scratch=scratch).run(files)

    def _recording(self) -> Recording:
        second = next(self._seconds)
        at = f"2026-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000000Z"
        return Recording(at=at, by="tests")


def kinds(log: Log, after: int = 0) -> list[str]:
    """The records of a log beyond a position, by their kinds."""
    return [type(recorded.record).__name__ for recorded in log.follow(after)]


def crosswalk(path: Path, *rows: str) -> Path:
    """A crosswalk file."""
    header = "actor,kind,name,state,scheme,id,since,until"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path
