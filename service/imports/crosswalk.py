"""Who is who: the actors of datasets, and the actors of Casus that they are.

A crosswalk says that an id in a dataset's scheme stands for an actor, always or only for what happened from
one day to another: "Government of Afghanistan" is the Taliban from 15 August 2021 on. The one that comes
with Casus is ``crosswalk.csv``; files of the same columns are read after it, and go before it. An id that
no row knows is an actor of its own, ``ucdp-303``.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from domain.checks import Fault, Faulty
from domain.dates import OPEN_FUTURE, OPEN_PAST
from domain.edtf import span
from domain.text import STRICT_SHAPE, CountryCode, EdtfDate, Line, Slug
from domain.values import ActorProfile
from domain.vocabulary import ActorKind
from service.faults import MOST_FAULTS, faults_of_validation
from service.imports.format import NamedActor
from service.imports.reading.files import read_text

BUNDLED = "crosswalk.csv"
LONGEST_SLUG = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a crosswalk file: this id stands for this actor, from and until a day."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    actor: Slug
    kind: ActorKind
    name: Line
    state: CountryCode | None
    scheme: Slug
    id: Annotated[Line, "as the dataset writes it; case and runs of space do not count"]
    since: EdtfDate | None
    until: EdtfDate | None


_ROW = TypeAdapter(Row)
_PROFILE = TypeAdapter(ActorProfile)
_COLUMNS = tuple(each.name for each in fields(Row))


@dataclass(frozen=True, slots=True)
class Known:
    """The actor that a dataset's actor is: how it is registered if it is not yet.

    `always` says that the id stands for it whatever the day: it is found by that id and by that name.
    `mapped` says that a crosswalk knows it: then the dataset's name is not the one that is shown.
    """

    profile: ActorProfile
    always: bool
    mapped: bool


class Crosswalk:
    """The identities of all files, the last read before those before it."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._by_id: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            self._by_id.setdefault((row.scheme, _key(row.id)), []).insert(0, row)
        self._identities = lru_cache(maxsize=50_000)(self._read_identities)

    @classmethod
    def read(cls, *paths: Path) -> Crosswalk:
        """The crosswalk that comes with Casus, and files beside it.

        Raises `Faulty`, naming the lines; `UnreadableFile` for what is not UTF-8; `OSError`.
        """
        own = (files("service.imports") / BUNDLED).read_text(encoding="utf-8")
        rows = read_rows(own, BUNDLED)
        for path in paths:
            rows += read_rows(read_text(path), str(path))
        return cls(rows)

    def known(self, actor: NamedActor, day: int) -> Known:
        """Whom a dataset means by an actor in what happened on a day, a number.

        Raises pydantic's error for an id or a name that no actor can have.
        """
        identities = self._identities(actor)
        return next(known for first, last, known in identities if first <= day <= last)

    def _read_identities(self, actor: NamedActor) -> tuple[tuple[int, int, Known], ...]:
        """Who an actor is from one day to another; the last is who it is on any other day."""
        profile_of = _PROFILE.validate_python
        external_id = {"scheme": actor.scheme, "id": actor.id}
        identities: list[tuple[int, int, Known]] = []
        for row in self._by_id.get((actor.scheme, _key(actor.id)), ()):
            always = row.since is None and row.until is None
            profile = profile_of(
                {
                    "id": row.actor,
                    "kind": row.kind,
                    "names": ({"text": row.name, "language": "en"},),
                    "state": row.state,
                    "external_ids": (external_id,) if always else (),
                }
            )
            identities.append((_first(row), _last(row), Known(profile, always=always, mapped=True)))
        own = profile_of(
            {
                "id": slug_of(actor.scheme, actor.id),
                "kind": actor.kind,
                "names": ({"text": actor.name},),
                "state": actor.state,
                "external_ids": (external_id,),
            }
        )
        return (*identities, (OPEN_PAST, OPEN_FUTURE, Known(own, always=True, mapped=False)))


def slug_of(scheme: str, external_id: str) -> str:
    """The id in Casus of an actor that no crosswalk knows: ``ucdp-303``, ``acled-police-forces-of-chad``.

    What is lost of it, letters of other scripts or what is too long, is told apart by a hash.
    """
    plain = unicodedata.normalize("NFKD", external_id).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    lost = any(letter.isalnum() and not letter.isascii() for letter in _bare(external_id))
    slug = "-".join([scheme, *words])
    if lost or not words or len(slug) > LONGEST_SLUG:
        digest = sha256(_key(external_id).encode()).hexdigest()[:8]
        slug = f"{slug[: LONGEST_SLUG - 9].rstrip('-')}-{digest}"
    return slug


def _bare(text: str) -> str:
    """A text without the marks that are set on letters."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _key(external_id: str) -> str:
    return " ".join(external_id.casefold().split())


def read_rows(text: str, name: str) -> list[Row]:
    """The rows of a crosswalk file. Raises `Faulty`, naming the file and the first lines at fault."""
    rows: list[Row] = []
    faults: list[Fault] = []
    reader = csv.DictReader(io.StringIO(text, newline=None), strict=True)
    try:
        header = reader.fieldnames or ()
        if missing := [column for column in _COLUMNS if column not in header]:
            raise Faulty((Fault((name, 1), f"it lacks the columns {', '.join(missing)}"),))
        if twice := [column for column in _COLUMNS if header.count(column) > 1]:
            raise Faulty((Fault((name, 1), f"it has more than one column {', '.join(twice)}"),))
        for cells in reader:
            if len(faults) >= MOST_FAULTS:
                break
            where = (name, reader.line_num)
            if None in cells or None in cells.values():
                faults.append(Fault(where, f"it has not {len(header)} cells, as the header has"))
                continue
            given = {column: cells[column].strip() or None for column in _COLUMNS}
            try:
                row = _ROW.validate_python(given)
            except ValidationError as error:
                faults += (fault.within(*where) for fault in faults_of_validation(error))
                continue
            if row.since and row.until and _first(row) > _last(row):
                faults.append(Fault((*where, "until"), "it is before since: no day is meant"))
            rows.append(row)
    except csv.Error as error:
        faults.append(Fault((name, reader.line_num + 1), str(error)))
    if faults:
        raise Faulty(tuple(faults[:MOST_FAULTS]))
    return rows


def _first(row: Row) -> int:
    return span(row.since).earliest if row.since else OPEN_PAST


def _last(row: Row) -> int:
    return span(row.until).latest if row.until else OPEN_FUTURE
