"""From rows to accounts that are ready to be recorded: told by their format, who is who, dated, validated.

This is done apart from the log, in processes of their own where a file is long (`service.workers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
from pydantic import TypeAdapter, ValidationError

from domain.checks import faults_of_account
from domain.dates import OPEN_PAST
from domain.edtf import BadDate, span
from domain.values import Account, Source
from service.faults import faults_of_validation, json_path
from service.imports.crosswalk import Crosswalk, Known
from service.imports.format import BadRow, Format, NamedActor, Told, ToldMore
from service.imports.reading_outcomes import Rejected, Row

_ACCOUNT = TypeAdapter(Account)
_SOURCE = TypeAdapter(Source)
_ENCODE = msgspec.json.Encoder().encode
_Actors: TypeAlias = dict[tuple[NamedActor, str], Known]


class NamedAccount(NamedTuple):
    """An account that a row tells, with its keys in the dataset; `account` is its JSON."""

    line: int
    incident: str
    key: str
    account: bytes


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
    `newest` is the last day, as a number, on which any of it began.
    """

    rows: int
    said: list[Said]
    actors: _Actors
    rejected: list[Rejected]
    newest: int


def examiner(
    format_: Format, crosswalks: tuple[Path, ...], released: str | None
) -> Callable[[Sequence[Row | Rejected]], Examined]:
    """What examines rows of a format, of a release published on a day (EDTF)."""
    return Examiner(format_, Crosswalk.read(*crosswalks), released).examine


class Examiner:
    """Examines rows, some at a time."""

    def __init__(self, format_: Format, crosswalk: Crosswalk, released: str | None) -> None:
        self._tell = format_.tell
        self._crosswalk = crosswalk
        self._released = released

    def examine(self, rows: Iterable[Row | Rejected]) -> Examined:
        """What rows come to, in their order."""
        said: list[Said] = []
        rejected: list[Rejected] = []
        actors: _Actors = {}
        newest, count = OPEN_PAST, 0
        for row in rows:
            count += 1
            if isinstance(row, Rejected):
                rejected.append(row)
                continue
            try:
                told = self._tell(row.cells)
                if isinstance(told, Told):
                    day = _day(told.account.get("occurred"))
                    newest = max(newest, day)
                    said.append(self._account(row.line, told, day, actors))
                elif isinstance(told, ToldMore):
                    said.append(self._mention(row.line, told))
                else:
                    said.append(Withdrawn(row.line, told.incident, "", told.reason, told.published))
            except BadRow as bad:
                rejected.append(Rejected(row.line, bad.column, bad.reason))
            except ValidationError as error:
                faults = faults_of_validation(error)
                reason = "; ".join(f"{json_path(each.path)}: {each.message}" for each in faults)
                rejected.append(Rejected(row.line, None, reason))
        return Examined(count, said, actors, rejected, newest)

    def _account(self, line: int, told: Told, day: int, actors: _Actors) -> NamedAccount:
        participants: dict[tuple[str, str], dict[str, Any]] = {}
        for actor, role in told.participants:
            known = self._crosswalk.known(actor, day)
            slug = known.profile.id
            actors.setdefault((actor, slug), known)
            participants[slug, role] = {"actor": slug, "role": role}
        source = {**told.account["source"], "published": told.published or self._released}
        account = _ACCOUNT.validate_python(
            {**told.account, "source": source, "participants": tuple(participants.values())}
        )
        named = {slug for slug, _ in participants}
        for fault in faults_of_account(account, named):
            raise BadRow(f"{json_path(fault.path)}: {fault.message}")
        return NamedAccount(line, told.incident, told.key, _ENCODE(account))

    def _mention(self, line: int, told: ToldMore) -> Mention:
        given = {**told.source, "published": told.published or self._released}
        source = _SOURCE.validate_python(given)
        return Mention(line, told.incident, told.key, _ENCODE(source))


def _day(occurred: object) -> int:
    """The first day on which something may have begun, as a number."""
    try:
        return span(str(occurred)).earliest
    except BadDate:
        return OPEN_PAST  # validation says what is wrong with it
