"""From rows to records that are ready for the log: told by their format, who is who, dated, validated.

This is done apart from the log, in processes of their own where a file is long (`service.workers`). Most
rows found an incident, so each account is made the record that reports it; whoever knows the log decides
whether it is that, something else, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
from pydantic import TypeAdapter, ValidationError

from domain.checks import Faulty
from domain.dates import OPEN_PAST
from domain.edtf import BadDate, span
from domain.reporting import Recording, report_incident
from domain.values import Account, ActorProfile, Origin, Source
from service.faults import faults_of_validation, in_words
from service.imports.crosswalk import Crosswalk, Known
from service.imports.format import BadRow, Format, NamedActor, Told, ToldMore
from service.imports.reading.outcomes import RAW, Rejected

_ACCOUNT = TypeAdapter(Account)
_SOURCE = TypeAdapter(Source)
_ENCODE = msgspec.json.Encoder().encode
_RECORDED = b',"recorded_at":'
"""Before the last two fields of a record: when it was recorded, and by whom."""

_Actors: TypeAlias = dict[tuple[NamedActor, str], Known]


class NamedAccount(NamedTuple):
    """An account that a row tells, with its keys in the dataset.

    `report` are the bytes of the record that would found an incident with it, if its actors' states are
    those that the dataset knows; the first `telling` of them say nothing of when it was recorded.
    """

    line: int
    incident: str
    key: str
    report: bytes
    telling: int


class Mention(NamedTuple):
    """One more publication about an incident: its JSON as a source."""

    line: int
    incident: str
    key: str
    source: bytes


class Withdrawn(NamedTuple):
    """An incident that the dataset takes back, why, and on which day (EDTF); its key is of no account."""

    line: int
    incident: str
    key: str
    reason: str
    published: str | None


Said: TypeAlias = NamedAccount | Mention | Withdrawn


@dataclass(frozen=True, slots=True)
class Examined:
    """What rows come to: what they say, the actors they name, the rows that cannot be taken in.

    `actors` are by how they are named, and who they are: the same name may be another's on another day.
    Left out are those that were among the actors of rows examined before.
    `newest` is the last day, as a number, that any of it tells of.
    """

    rows: int
    said: list[Said]
    actors: _Actors
    rejected: list[Rejected]
    newest: int


class Batch(NamedTuple):
    """Rows that are to be recorded at one instant, by someone.

    A row is its line and its cells in the order of the format's columns, joined by `SEPARATOR`: what goes
    through a pipe takes the longer, the more objects it is.
    """

    by: Recording
    rows: Sequence[tuple[int, str] | Rejected]


SEPARATOR = "\x1f"
"""Between cells: the unit separator of ASCII, which is made for this."""


def joined(cells: Sequence[str]) -> str:
    """Cells as a batch has them."""
    text = SEPARATOR.join(cells)
    if text.count(SEPARATOR) >= len(cells):
        text = SEPARATOR.join(cell.replace(SEPARATOR, " ") for cell in cells)
    return text


def examiner(
    format_: Format, crosswalks: tuple[Path, ...], release: str | None, released: str | None
) -> Callable[[Batch], Examined]:
    """What examines rows of a format, of a release published on a day (EDTF)."""
    return Examiner(format_, Crosswalk.read(*crosswalks), release, released).examine


class Examiner:
    """Examines rows, some at a time."""

    def __init__(
        self, format_: Format, crosswalk: Crosswalk, release: str | None, released: str | None
    ) -> None:
        self._tell = format_.tell
        self._columns = tuple(format_.columns)
        self._dataset = format_.dataset.id
        self._crosswalk = crosswalk
        self._release = release
        self._released = released
        self._named: set[tuple[NamedActor, str]] = set()

    def examine(self, batch: Batch) -> Examined:
        """What rows come to, in their order."""
        said: list[Said] = []
        rejected: list[Rejected] = []
        actors: _Actors = {}
        newest, count = OPEN_PAST, 0
        for row in batch.rows:
            count += 1
            if isinstance(row, Rejected):
                rejected.append(row)
                continue
            line, cells = row
            try:
                told = self._tell(dict(zip(self._columns, cells.split(SEPARATOR), strict=True)))
                if isinstance(told, Told):
                    day = _day(told.account.get("occurred"))
                    newest = max(newest, _last_day(told.account.get("occurred"), day))
                    said.append(self._account(line, told, day, actors, batch.by))
                elif isinstance(told, ToldMore):
                    said.append(self._mention(line, told))
                else:
                    said.append(Withdrawn(line, told.incident, "", told.reason, told.published))
            except BadRow as bad:
                rejected.append(self._rejected(row, bad.reason, bad.column))
            except ValidationError as error:
                rejected.append(self._rejected(row, in_words(faults_of_validation(error))))
            except Faulty as faulty:
                rejected.append(self._rejected(row, in_words(faulty.faults)))
        return Examined(count, said, actors, rejected, newest)

    def _account(
        self, line: int, told: Told, day: int, actors: _Actors, by: Recording
    ) -> NamedAccount:
        participants: dict[tuple[str, str], dict[str, Any]] = {}
        profiles: dict[str, ActorProfile] = {}
        new: _Actors = {}
        for actor, role in told.participants:
            known = self._crosswalk.known(actor, day)
            slug = known.profile.id
            if (actor, slug) not in self._named:
                new[actor, slug] = known
            profiles[slug] = known.profile
            participants[slug, role] = {"actor": slug, "role": role}
        source = {**told.account["source"], "published": told.published or self._released}
        account = _ACCOUNT.validate_python(
            {**told.account, "source": source, "participants": tuple(participants.values())}
        )
        origin = Origin(dataset=self._dataset, key=told.key, release=self._release)
        report = _ENCODE(report_incident(account, origin, profiles, by))
        self._named.update(new)
        actors.update(new)
        return NamedAccount(line, told.incident, told.key, report, report.rindex(_RECORDED))

    def _rejected(self, row: tuple[int, str], reason: str, column: str | None = None) -> Rejected:
        line, cells = row
        named = zip(self._columns, cells.split(SEPARATOR), strict=True)
        return Rejected(line, column, reason, "; ".join(f"{n}: {c}" for n, c in named if c)[:RAW])

    def _mention(self, line: int, told: ToldMore) -> Mention:
        given = {**told.source, "published": told.published or self._released}
        source = _SOURCE.validate_python(given)
        return Mention(line, told.incident, told.key, _ENCODE(source))


def _last_day(occurred: object, first: int) -> int:
    """The last day that an account tells of, for sure: where it is an interval, when that ends."""
    _, interval, end = str(occurred).partition("/")
    return max(first, _day(end)) if interval and end not in ("", "..") else first


def _day(occurred: object) -> int:
    """The first day on which something may have begun, as a number."""
    try:
        return span(str(occurred)).earliest
    except BadDate:
        return OPEN_PAST  # validation says what is wrong with it
