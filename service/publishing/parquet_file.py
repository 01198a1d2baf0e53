"""Parquet files whose bytes are taken as they are written. The only module that imports pyarrow."""

from __future__ import annotations

import datetime
import io
import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Literal

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from projections.flat import COLUMNS, NAMES, Kind, row_of
from service.publishing.parquet_process import Add, Begin, Drop, End, Task
from service.publishing.publication import Whence
from service.reading.clocks import Moment

Json = Mapping[str, Any]

ROWS = 10_000
"""Rows of a row group: readers pass over a whole one by its statistics, and it is held until it is full."""

_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "whole": pa.int64(),
    "real": pa.float64(),
    "truth": pa.bool_(),
    "day": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "geometry": pa.binary(),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a file: its name, what it holds, and what that means."""

    name: str
    kind: Kind | Literal["date", "geometry"]
    meaning: str


FIELDS = (
    *(Field(each.name, each.kind, each.meaning) for each in COLUMNS),
    Field("url", "text", "its permanent address"),
    Field("earliest_date", "date", "`earliest`, in the years 1 to 9999"),
    Field("latest_date", "date", "`latest`, in the years 1 to 9999"),
    Field("geometry", "geometry", "its point: longitude and latitude, WGS 84"),
)
SERIES_FIELDS = (
    Field("key", "text", "what the series is of; null: everything"),
    Field("name", "text", "its name"),
    Field("period", "text", "the period (ISO 8601)"),
    Field("start", "day", "its first day"),
    Field("end", "day", "its last day"),
    Field("low", "whole", "the sum of the low numbers"),
    Field("best", "whole", "the sum of the best"),
    Field("high", "whole", "the sum of the high"),
    Field("incidents", "whole", "how many incidents"),
)


_EARLIEST, _LATEST = NAMES.index("earliest"), NAMES.index("latest")
_LATITUDE, _LONGITUDE = NAMES.index("latitude"), NAMES.index("longitude")
_RECORDED_AT = NAMES.index("recorded_at")
_POINT = struct.Struct("<BIdd")
_LITTLE_ENDIAN = _IS_POINT = 1


class Desk:
    """The files that a process is writing."""

    def __init__(self) -> None:
        self._files: dict[int, File] = {}

    def do(self, task: Task) -> bytes:
        """Do a task; the bytes that it has written."""
        match task:
            case Begin(number, "series"):
                self._files[number] = Series()
            case Begin(number, _, origin, moment):
                self._files[number] = Incidents(origin, moment)
            case Add(number, page):
                return self._files[number].add(page)
            case End(number, about, datasets):
                file = self._files.pop(number)
                return file.end({**about, "datasets": file.credited(datasets)})
            case Drop(number):
                self._files.pop(number, None)
        return b""


class File(ABC):
    """A file in the writing. It holds rows, as columns, until they are a row group."""

    fields: ClassVar[Sequence[Field]]

    def __init__(self) -> None:
        self._schema = pa.schema(
            pa.field(each.name, _TYPES[each.kind], metadata={"description": each.meaning})
            for each in self.fields
        )
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    @abstractmethod
    def columns(self, page: Sequence[Any]) -> list[Sequence[Any]]:
        """The columns of a page, in the order of the fields."""

    def metadata(self) -> dict[str, bytes]:
        """What the footer has, but for what the file is about."""
        return {}

    def credited(self, datasets: Sequence[Json]) -> Sequence[Json]:
        """Those of datasets whose data is in the file."""
        return datasets

    def add(self, page: Sequence[Any]) -> bytes:
        """Add a page; what has been written since the last call."""
        columns = self.columns(page)
        self._batches.append(pa.record_batch(columns, schema=self._schema))
        self._rows += len(page)
        if self._rows >= ROWS:
            self._write_group()
        return self._sink.taken()

    def end(self, about: Mapping[str, Any]) -> bytes:
        """Write what is left, and the footer."""
        if self._batches:
            self._write_group()
        self._writer.add_key_value_metadata({**self.metadata(), "casus": orjson.dumps(about)})
        self._writer.close()
        return self._sink.taken()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._batches), row_group_size=self._rows)
        self._batches.clear()
        self._rows = 0


class _Sink(io.RawIOBase):
    """Where the library writes to: a file that only grows, and whose bytes are taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class Series(File):
    """A file of series; its pages are rows."""

    fields = SERIES_FIELDS

    def columns(self, page: Sequence[Any]) -> list[Sequence[Any]]:
        """The columns of rows."""
        return list(zip(*page, strict=True))


class Incidents(File):
    """A file of incidents; its pages are their entries as JSON."""

    fields = FIELDS

    def __init__(self, origin: str, moment: Moment) -> None:
        super().__init__()
        self._whence = Whence(origin=origin, moment=moment)
        self._datasets: set[str] = set()
        self._west = self._south = inf
        self._east = self._north = -inf

    def columns(self, page: Sequence[Any]) -> list[Sequence[Any]]:
        """The columns of entries; where they lie and whose data they are is kept for the footer."""
        entries = list(map(orjson.loads, page))
        self._datasets.update(*(entry["datasets"] for entry in entries))
        address_of = self._whence.address_of
        rows = [row_of(entry, address_of(entry["id"])) for entry in entries]
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        longitudes, latitudes = columns[_LONGITUDE], columns[_LATITUDE]
        for longitude, latitude in zip(longitudes, latitudes, strict=True):
            if longitude is not None:
                self._west, self._east = min(self._west, longitude), max(self._east, longitude)
                self._south, self._north = min(self._south, latitude), max(self._north, latitude)
        columns[_RECORDED_AT] = list(map(datetime.datetime.fromisoformat, columns[_RECORDED_AT]))
        return [
            *columns,
            list(map(_date, columns[_EARLIEST])),
            list(map(_date, columns[_LATEST])),
            list(map(_point, longitudes, latitudes)),
        ]

    def credited(self, datasets: Sequence[Json]) -> Sequence[Json]:
        """Those that incidents in the file rest on."""
        return [each for each in datasets if each["id"] in self._datasets]

    def metadata(self) -> dict[str, bytes]:
        """What GeoParquet demands."""
        column: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Point"]}
        if self._west <= self._east:
            column["bbox"] = [self._west, self._south, self._east, self._north]
        columns = {"geometry": column}
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": columns}
        return {"geo": orjson.dumps(geo)}


def _date(day: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(day) if day else None
    except ValueError:
        return None


def _point(longitude: float | None, latitude: float | None) -> bytes | None:
    if longitude is None or latitude is None:
        return None
    return _POINT.pack(_LITTLE_ENDIAN, _IS_POINT, longitude, latitude)
