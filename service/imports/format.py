"""What an importer declares: the columns of its files, and what one row of them tells.

A format is a table of columns and a pure function from a row to what it tells; reading files, registering
actors, dating accounts, comparing them with what is held and recording them is done once for all. A cell
that cannot be understood raises `BadRow`, naming its column; nothing is guessed, repaired or left out in
silence.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from domain.text import LINE_PATTERN, TEXT_PATTERN
from domain.values import DatasetProfile
from domain.vocabulary import ActorKind, ParticipantRole

Cells: TypeAlias = Mapping[str, str]
"""A row: the text of its cells by the format's own names of its columns. A column that the file lacks, or
an empty cell, is the empty text."""

LONGEST_LINE, LONGEST_TEXT = 500, 20_000
LONGEST_NUMBER = 20

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WHOLE = re.compile(r"([+-]?[0-9]+)(\.0*)?")
_LINE, _TEXT = re.compile(LINE_PATTERN), re.compile(TEXT_PATTERN)


class BadRow(Exception):
    """Raised for a row that cannot be taken in: the column at fault, if it is one, and the reason."""

    def __init__(self, reason: str, column: str | None = None) -> None:
        self.reason = reason
        self.column = column
        super().__init__(f"{column}: {reason}" if column else reason)


@dataclass(frozen=True, slots=True)
class NamedActor:
    """An actor as a dataset names it; its id there is what it is known by.

    Where a dataset has no ids, the name is the id. `state` is the alpha-3 code of the country whose state
    it is, or acts for.
    """

    scheme: str
    id: str
    name: str
    kind: ActorKind = ActorKind.ARMED_GROUP
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a row tells: an account of an incident.

    `incident` is the incident's key in the dataset, `key` the account's own: the same where an incident has
    one account. `account` are the fields of `domain.values.Account` as JSON has them, without the
    participants, and without the day on which the source published: `published` is that, where the row says
    it (EDTF); else it is the release's.
    """

    incident: str
    key: str
    account: dict[str, Any]
    participants: tuple[tuple[NamedActor, ParticipantRole], ...] = ()
    published: str | None = None


@dataclass(frozen=True, slots=True)
class ToldMore:
    """What a row tells of an incident that another row founds: one more publication that mentions it.

    The account is the incident's first, under this source.
    """

    incident: str
    key: str
    source: dict[str, Any]
    published: str | None = None


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A row by which the dataset takes an incident back, and on which day (EDTF), if it says."""

    incident: str
    reason: str
    published: str | None = None


Telling: TypeAlias = Told | ToldMore | TakenBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of file. `columns` are the format's own names, each with the others that files use for it.

    Names are compared without case, spaces and underscores. A file is of the format if it has all
    `required` columns. `layouts` are those of files without a header, by their number of columns.
    """

    name: str
    title: str
    dataset: DatasetProfile
    columns: Mapping[str, tuple[str, ...]]
    required: frozenset[str]
    tell: Callable[[Cells], Telling]
    layouts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    looks_like: Callable[[tuple[str, ...]], bool] | None = None
    """Whether the cells of a first row that is no header are a row of this format."""

    is_excerpt: bool = False
    """Whether its rows add to incidents of other files, or take them back: it is never a whole dataset."""

    phantoms: frozenset[str] = frozenset()
    """Names that files have in their header, and nothing under it: rows are shorter by these."""

    lacking: Callable[[Sequence[str]], str] | None = field(default=None, compare=False)
    """What a header lacks to be of this format, in better words than the columns' names."""

    asked_as: str | None = None
    """The name under which it is asked for, if that is not its own: one of several kinds of files."""

    @property
    def family(self) -> str:
        """The name under which it is asked for."""
        return self.asked_as or self.name


def line(text: str) -> str | None:
    """A cell as one line of text: runs of white space are one space. None if nothing is left.

    What is longer than a line may be ends in "…".
    """
    if not text.isprintable() or "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(_CONTROL.sub(" ", text).split())
    if len(text) > LONGEST_LINE:
        text = text[: LONGEST_LINE - 1] + "…"
    if not text.isascii() and not _LINE.match(text):
        return None  # joiners and marks of direction alone
    return text or None


def running_text(text: str) -> str | None:
    """A cell as running text: control characters but line breaks and tabs are spaces. None if blank."""
    text = text.strip()
    if not _TEXT.match(text):
        text = _CONTROL.sub(" ", text).strip()
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    return text or None


def whole(cells: Cells, column: str) -> int | None:
    """A cell as a whole number; None if it is empty. Raises `BadRow`.

    ``53.0`` is 53; ``5.3e1`` and ``1_000`` are no whole numbers.
    """
    text = cells[column].strip()
    if not text:
        return None
    if len(text) > LONGEST_NUMBER:
        found = None
    elif text.isdecimal() and text.isascii():
        return int(text)
    else:
        found = _WHOLE.fullmatch(text)
    if found is None:
        raise BadRow(f"{_shown(text)} is no whole number", column)
    return int(found[1])


def real(cells: Cells, column: str) -> float | None:
    """A cell as a decimal number; None if it is empty. Raises `BadRow`."""
    text = cells[column].strip()
    if not text:
        return None
    try:
        number = float(text)
        if not abs(number) < 1e12 or "_" in text or not text.isascii():
            raise ValueError  # Python reads 1_000, and digits of every script
    except ValueError:
        raise BadRow(f"{_shown(text)} is no number", column) from None
    return number


def day(cells: Cells, column: str) -> datetime.date:
    """A cell as a day: ``YYYY-MM-DD``, also with a time after it, which is left out. Raises `BadRow`."""
    text = cells[column].strip()
    try:
        if len(text) > 10 and text[10] not in "T ":
            raise ValueError
        return datetime.date.fromisoformat(text[:10] if len(text) >= 10 else "")
    except ValueError:
        raise BadRow(f"{_shown(text)} is no date such as 2021-06-22", column) from None


def interval(first: datetime.date, last: datetime.date) -> str:
    """Days as EDTF: one, or an interval."""
    return first.isoformat() if first == last else f"{first.isoformat()}/{last.isoformat()}"


def required(cells: Cells, column: str) -> str:
    """A cell that has to hold something, as a line. Raises `BadRow`."""
    text = line(cells[column])
    if text is None:
        raise BadRow("it is empty", column)
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")
