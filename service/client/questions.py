"""What was asked for, and is read when it is wanted: the incidents of a selection, a series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from service.client.documents import Citation, Entry, Group
from service.client.errors import MissingLibrary
from service.client.service import Service

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]

PAGE = 1_000
"""Entries that are asked for at once: the most that a page has."""

File = str | PathLike[str] | BinaryIO


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a service: where it is put, and with which parameters."""

    service: Service
    path: str
    query: Mapping[str, Any]

    def url(self, format_: str | None = None) -> str:
        """Its address, in a format by its suffix; without one, of JSON."""
        path = f"{self.path}.{format_}" if format_ else self.path
        return str(self.service.url(path, self.query))

    def cite(self) -> Citation:
        """How to cite it."""
        return cast(Citation, self.service.json(f"{self.path}/cite", self.query))

    def export(self, format_: str, file: File) -> None:
        """Write the whole of it, as it comes, to a file or to a path.

        What is at the path is replaced when all of it is there. Raises `CasusError`.
        """
        if not isinstance(file, str | PathLike):
            self._write(format_, file)
            return
        path = Path(file)
        unfinished = path.with_name(f"{path.name}.unfinished")
        try:
            with unfinished.open("wb") as opened:
                self._write(format_, opened)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)

    def _write(self, format_: str, file: BinaryIO) -> None:
        with self.service.stream(f"{self.path}.{format_}", self.query) as answer:
            for chunk in answer.iter_bytes():
                file.write(chunk)


@dataclass(frozen=True, slots=True)
class Incidents(Question):
    """The incidents of a selection. Each iteration reads them anew, page after page, at one position."""

    def __iter__(self) -> Iterator[Entry]:
        limit = self.query.get("limit")
        size = PAGE if limit is None else min(PAGE, limit)
        pages = self.service.pages(self.path, {**self.query, "limit": size})
        entries = (entry for page in pages for entry in page["items"])
        return islice(entries, limit)

    def frame(self) -> pandas.DataFrame:
        """The incidents as flat rows, in the columns of Parquet but for the geometry. Needs pandas."""
        read_parquet = _pandas("pyarrow").read_parquet
        content = BytesIO()
        self.export("parquet", content)
        # Whole numbers stay whole where some are missing.
        frame = read_parquet(content, dtype_backend="numpy_nullable")
        return frame.drop(columns="geometry")

    to_pandas = frame


@dataclass(frozen=True, slots=True)
class Series(Question):
    """Counts and figures over time. Each use reads them anew."""

    @property
    def groups(self) -> list[Group]:
        """The groups with their points."""
        return cast(list[Group], self.service.json(self.path, self.query)["groups"])

    def __iter__(self) -> Iterator[Group]:
        return iter(self.groups)

    def frame(self) -> pandas.DataFrame:
        """A row for each period of each group. Needs pandas."""
        rows = [
            {"key": group["key"], "name": group["name"], **point}
            for group in self.groups
            for point in group["points"]
        ]
        return _pandas().DataFrame(rows, columns=_SERIES)

    to_pandas = frame


_SERIES = ["key", "name", "period", "start", "end", "low", "best", "high", "incidents"]


def _pandas(*others: str) -> Any:
    """Pandas, and what it needs beside itself: imported late, for only who wants frames has to have it."""
    try:
        return [import_module(name) for name in (*others, "pandas")][-1]
    except ImportError as error:
        needed = "frames need pandas and pyarrow: pip install pandas pyarrow"
        raise MissingLibrary(needed) from error
