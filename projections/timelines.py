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
from projections.store import Row, Store, Tables

VERSION = 2

_KEYS = "subject, earliest, number, latest, from_position, reported_from, roles, version_id"
"""All that a page needs but the version itself: what is not on it is passed over in the index."""


@dataclass(frozen=True, slots=True)
class TimelineTable:
    """The table that holds the timelines of one kind of subject."""

    name: str
    roles: type[StrEnum]
    _bits: dict[str, int]

    @classmethod
    def of(cls, name: str, roles: type[StrEnum]) -> TimelineTable:
        """The table of this name, for subjects that play these roles."""
        return cls(name, roles, {role: 1 << place for place, role in enumerate(roles)})

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
                # An early position has few rows.
                f"""CREATE INDEX {self.name}_by_position ON {self.name}
                    (subject, from_position, earliest, number, latest, reported_from, roles, version_id)""",
            ),
        )

    def bits(self, roles: Iterable[str]) -> int:
        """Roles as bits, each at its place in the vocabulary."""
        bits = 0
        for role in roles:
            bits |= self._bits[role]
        return bits

    def insert(self, store: Store, rows: Iterable[Row]) -> None:
        """Add rows."""
        store.executemany(f"INSERT INTO {self.name} VALUES (?,?,?,?,?,?,?,?)", rows)


COUNTRIES = TimelineTable.of("country_timeline", CountryRole)
ACTORS = TimelineTable.of("actor_timeline", ParticipantRole)


def fold(store: Store, added: Iterable[ShownVersion]) -> None:
    """Put versions on the timelines of their countries and participants."""
    versions = list(added)
    COUNTRIES.insert(
        store,
        _rows(COUNTRIES, versions, lambda v: ((c.code, c.role) for c in v.shown.countries)),
    )
    ACTORS.insert(
        store,
        _rows(ACTORS, versions, lambda v: ((p.actor, p.role) for p in v.shown.participants)),
    )


def _rows(
    table: TimelineTable,
    versions: Iterable[ShownVersion],
    subjects: Callable[[ShownVersion], Iterable[tuple[str, str]]],
) -> Iterator[Row]:
    for each in versions:
        roles: dict[str, list[str]] = {}
        for subject, role in subjects(each):
            roles.setdefault(subject, []).append(role)
        for subject, played in roles.items():
            yield (
                subject,
                each.shown.earliest,
                each.number,
                each.shown.latest,
                each.version.from_position,
                each.version.reported_from,
                table.bits(played),
                each.version_id,
            )
