"""What is asked of an import: the rows of files, how they are to be taken in, and why they are not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from service.imports.format import Format
from service.imports.reading.outcomes import Rejected, Row
from service.imports.scope import Scope


class Refused(Exception):
    """Raised where nothing is imported: says why, and what to do."""


class Rows(Protocol):
    """The rows of one file, or of one member of an archive."""

    @property
    def name(self) -> str:
        """How the file is called, as the user named it."""

    @property
    def format(self) -> Format:
        """What its rows are read by."""

    def __iter__(self) -> Iterator[Row | Rejected]:
        """Each row as it comes. Raises `UnreadableFile` after the last that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How files are to be imported, and by whom.

    `complete` says that they are the whole of their dataset, or of a scope: what it no longer has is
    withdrawn. `brings_back` says that what they have stands, though it was withdrawn before.
    """

    by: str
    release: str | None = None
    released: str | None = None
    crosswalks: tuple[Path, ...] = ()
    complete: bool = False
    scope: Scope = field(default_factory=Scope)
    brings_back: bool = False


def check_whole(format_: Format, datasets: Collection[str]) -> None:
    """Raise `Refused` if a file of a format can't be of what is complete, after files of some datasets."""
    dataset = format_.dataset.id
    if datasets and dataset not in datasets:
        raise Refused(f"one dataset is complete at a time, not {', '.join([*datasets, dataset])}")
    if format_.is_excerpt and not datasets:
        raise Refused(
            f"{format_.title} are never the whole of their dataset; import them without --complete,"
            " or after the whole"
        )
