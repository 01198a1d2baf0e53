"""The timelines of countries and of actors: which versions of which incidents are on them, and why.

A row says that a version is on a subject's timeline, in order of its earliest day and then of the
incident's number. Rows are only ever added: the version they point at knows when it was valid. Roles are
bits, so that an incident in which a subject plays two parts is on its timeline once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.vocabulary import CountryRole, ParticipantRole
from projections.incidents import LONG_SPAN, ShownVersion
from projections.store import VERSIONS, Row, Statements, Tables

VERSION = 3

BLOCK = 4_096
"""Positions whose incidents' days are kept together in `reach`."""

REACH = Tables(
    # Which days the incidents of a subject begin on that were recorded in a block of positions: a read of
    # the past looks no further. The kind "all" has no subject.
    create=(
        """CREATE TABLE reach (
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            block INTEGER NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (kind, subject, block)) WITHOUT ROWID""",
    ),
)

_KEYS = "subject, earliest, number, latest, from_position, reported_from, roles, version_id"
"""All that a page needs but the version itself: what is not on it is passed over in the index."""


@dataclass(frozen=True, slots=True)
class TimelineTable:
    """The table that holds the timelines of one kind of subject."""

    kind: str
    roles: type[StrEnum]
    bit: dict[str, int]

    @classmethod
    def of(cls, kind: str, roles: type[StrEnum]) -> TimelineTable:
        """The table of subjects of this kind, which play these roles."""
        return cls(kind, roles, {role: 1 << place for place, role in enumerate(roles)})

    @property
    def name(self) -> str:
        """The table's name."""
        return f"{self.kind}_timeline"

    @property
    def tables(self) -> Tables:
        """Its definition."""
        return Tables(
            create=(
                f"""CREATE TABLE {self.name} (
                    subject TEXT NOT NULL,
                    earliest INTEGER NOT NULL,
                    number INTEGER NOT NULL,
                    latest INTEGER NOT NULL,
                    from_position INTEGER NOT NULL,
                    reported_from INTEGER NOT NULL,
                    roles INTEGER NOT NULL,
                    version_id INTEGER NOT NULL)""",
            ),
            index=(
                f"CREATE INDEX {self.name}_by_date ON {self.name} ({_KEYS})",
                f"""CREATE INDEX {self.name}_long ON {self.name} ({_KEYS})
                    WHERE latest - earliest > {LONG_SPAN}""",
                f"""CREATE INDEX {self.name}_foretold ON {self.name} ({_KEYS})
                    WHERE reported_from < earliest""",
            ),
        )

    def bits(self, roles: Iterable[str]) -> int:
        """Roles as bits, each at its place in the vocabulary."""
        bits = 0
        for role in roles:
            bits |= self.bit[role]
        return bits

    def insert(self, statements: Statements, rows: Iterable[Row]) -> None:
        """Add rows."""
        statements.add(f"INSERT INTO {self.name} VALUES (?,?,?,?,?,?,?,?+{VERSIONS})", rows)


COUNTRIES = TimelineTable.of("country", CountryRole)
ACTORS = TimelineTable.of("actor", ParticipantRole)


def fold(statements: Statements, added: Iterable[ShownVersion]) -> None:
    """Put versions on the timelines of their countries and participants."""
    versions = list(added)
    reach: _Reach = {}
    for each in versions:
        _reach(reach, "all", "", each)
    COUNTRIES.insert(statements, _rows(COUNTRIES, versions, reach, _countries))
    ACTORS.insert(statements, _rows(ACTORS, versions, reach, _participants))
    statements.add(
        "INSERT INTO reach VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE"
        " SET first = min(first, excluded.first), last = max(last, excluded.last)",
        ((*key, *days) for key, days in reach.items()),
    )


_Reach = dict[tuple[str, str, int], tuple[int, int]]


def _reach(reach: _Reach, kind: str, subject: str, each: ShownVersion) -> None:
    key, day = (kind, subject, each.version.from_position // BLOCK), each.shown.earliest
    first, last = reach.get(key, (day, day))
    if day <= first or day > last:
        reach[key] = min(first, day), max(last, day)


def _countries(each: ShownVersion) -> list[tuple[str, str]]:
    return [(country.code, country.role) for country in each.shown.countries]


def _participants(each: ShownVersion) -> list[tuple[str, str]]:
    return [(participant.actor, participant.role) for participant in each.shown.participants]


def _rows(
    table: TimelineTable,
    versions: Iterable[ShownVersion],
    reach: _Reach,
    subjects: Callable[[ShownVersion], Iterable[tuple[str, str]]],
) -> Iterator[Row]:
    kind, bit = table.kind, table.bit
    for each in versions:
        shown, version = each.shown, each.version
        roles: dict[str, int] = {}
        for subject, role in subjects(each):
            roles[subject] = roles.get(subject, 0) | bit[role]
        for subject, played in roles.items():
            _reach(reach, kind, subject, each)
            yield (
                subject,
                shown.earliest,
                each.number,
                shown.latest,
                version.from_position,
                version.reported_from,
                played,
                each.id,
            )
