"""What a writer is handed: whose incidents or which series, read at which moment, and where it is found.

A writer is a function from one of these to chunks of bytes. It is called on a thread, each time that a
chunk is wanted: it holds one page of incidents at a time, however many there are, and no resource that a
client who goes away would leave open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, Literal

import orjson

from projections.datasets import DatasetHead, ShownDataset
from service.reading.clocks import Moment
from service.reading.recent import Latest

Entry = dict[str, Any]
"""An incident as the timeline answers have it (`projections.entries.Entry`), read from its JSON."""


ChartName = Literal["timeline", "map", "series"]
"""The charts that there are of incidents."""


def with_suffix(address: str, suffix: str) -> str:
    """The address of what is published at another one, in another format."""
    path, mark, query = address.partition("?")
    head, _, name = path.rpartition("/")
    return f"{head}/{name.partition('.')[0]}.{suffix}{mark}{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose timeline it is."""

    kind: Literal["country", "actor", "all"]
    id: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whence:
    """Where and at which moment incidents are read: all that their addresses are made of.

    `origin` is the service's own address (``https://casus.example``).
    """

    origin: str
    moment: Moment

    def address_of(self, incident: str, position: int | None = None) -> str:
        """The permanent address of an incident as it stood at the moment, or at a position before."""
        before, after = self.around_id(position)
        return f"{before}{incident}{after}"

    def around_id(self, position: int | None = None) -> tuple[str, str]:
        """What the permanent addresses of incidents have before and after the incident's id."""
        at = self.moment.position if position is None else position
        reported_by = self.moment.reported_by_text
        until = f"&reported_by={reported_by}" if reported_by else ""
        return f"{self.origin}/v1/incidents/", f"?position={at}{until}"


PARSED = 100
"""Entries that are held parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication(Whence):
    """The incidents of a subject, narrowed and ordered as was asked, in pages of finished JSON entries or,
    for a table, in finished lines of CSV, many at a time.

    `address` is that of this publication with its position fixed, `title` what it is about in words.
    `datasets` are all that there are, by the ids that entries name, with their licences and citations:
    whose data is published, its entries say. `chart` is the chart that was asked for, if any was.

    Feeds follow it: `live` is its address as it was asked for, which moves on with the log unless a moment
    was fixed; `recent` are the incidents that came to it, changed or left it last, so many of them; `limit`
    is how many incidents were asked for, if any number was.
    """

    subject: Subject
    title: str
    address: str
    pages: Iterator[Sequence[bytes]]
    lines: Iterator[bytes] = field(default_factory=lambda: iter(()))
    datasets: Mapping[str, ShownDataset] = field(default_factory=dict)
    chart: ChartName | None = None
    live: str = ""
    limit: int | None = None
    recent: Callable[[int], Iterator[Latest]] = lambda _limit: iter(())

    def parsed_pages(self) -> Iterator[list[Entry]]:
        """The entries of each page, parsed; of a large page not all at once, as they take much more so."""
        for page in self.pages:
            for start in range(0, len(page), PARSED):
                yield list(map(orjson.loads, page[start : start + PARSED]))

    def entries(self) -> Iterator[Entry]:
        """Every entry, parsed."""
        for page in self.parsed_pages():
            yield from page


@dataclass(frozen=True, slots=True)
class Point:
    """What is counted in a period: its name (ISO 8601), its first and last day, and the numbers."""

    period: str
    start: str
    end: str
    low: int
    best: int
    high: int
    incidents: int


@dataclass(frozen=True, slots=True)
class Group:
    """A series: the key and name of whatever it is of, and its periods in order."""

    key: str | None
    name: str
    points: Sequence[Point]

    def rows(self) -> Iterator[tuple[str | int | None, ...]]:
        """A flat row for each period: the group's key and name, then the point's own fields."""
        for point in self.points:
            yield (self.key, self.name, *astuple(point))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPublication:
    """Series of one measure, in groups. `asked` are its interval, grouping, measure and match.

    `credited` reads whose data it is, of all incidents that may be counted; not every format asks.
    """

    title: str
    moment: Moment
    origin: str
    address: str
    asked: Mapping[str, str | None]
    groups: Sequence[Group]
    credited: Callable[[], Sequence[DatasetHead]] = tuple


GATHERED = 64_000
"""Bytes from which on pieces are handed on together: sending costs as much as writing some incidents."""


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces joined to chunks that are worth sending."""
    chunk, size = list[bytes](), 0
    for piece in pieces:
        chunk.append(piece)
        size += len(piece)
        if size >= GATHERED:
            yield b"".join(chunk)
            chunk, size = [], 0
    yield b"".join(chunk)


Writer = Callable[[Publication], Iterator[bytes]]
SeriesWriter = Callable[[SeriesPublication], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format: the suffix of its addresses, its media type, and what writes it.

    `incidents` or `series` is None where the format has no way to say such a thing. What `is_chart` takes
    the parameter ``chart``.
    """

    suffix: str
    media_type: str
    title: str
    incidents: Writer | None = None
    series: SeriesWriter | None = None
    is_text: bool = True
    is_chart: bool = False
