"""Incidents for the benchmarks: real rows of the UCDP GED, multiplied by shifting them in time.

A copy of a row keeps its country, actors, length, deaths, coordinates and texts, so that few countries and
actors have most of the incidents, as in the whole dataset. It moves by whole years within 1989 to 2022,
and by up to fifteen days. They come as UCDP's files do, almost in order of date, and numbered in their
order. The same number of incidents is always the same incidents.
"""

from __future__ import annotations

import csv
import datetime
import lzma
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

from pydantic import TypeAdapter

from domain.actors import register_actor
from domain.countries import country_by_gw
from domain.ids import actor_stream, uuid8
from domain.records import Record, Recorded
from domain.reporting import Recording, report_incident
from domain.values import (
    Account,
    ActorName,
    ActorProfile,
    ExternalId,
    Figure,
    ForeignCode,
    Origin,
    Participant,
    Place,
    PlacePrecision,
    Source,
)
from domain.vocabulary import ActorKind, Measure, ParticipantRole, type_of_ucdp
from tests.benchmarks.revising import Reviser

SAMPLE = Path(__file__).parents[1] / "data" / "ged231_sample1000.csv.xz"
DATASET = "ucdp-ged-multiplied"
BATCH = 1_000
"""Records in an append; they are recorded at one instant."""

_SEED = 20_211
_FIRST_YEAR, _YEARS = 1989, 34

_PRECISION = {
    "1": PlacePrecision.EXACT,
    "2": PlacePrecision.NEAR,
    "3": PlacePrecision.ADMIN2,
    "4": PlacePrecision.ADMIN1,
    "5": PlacePrecision.AREA,
    "6": PlacePrecision.COUNTRY,
    "7": PlacePrecision.INTERNATIONAL,
}
_ACCOUNT: TypeAdapter[Account] = TypeAdapter(Account)
_PROFILE: TypeAdapter[ActorProfile] = TypeAdapter(ActorProfile)
_Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Template:
    """A row of the file: its id, and its account with the days that copies shift."""

    id: int
    account: Account
    start: datetime.date
    end: datetime.date
    published: datetime.date | None

    def moved(self, number: int) -> datetime.date:
        """The day on which a copy begins, give or take its jitter; copy 0 is the row itself."""
        year = _FIRST_YEAR + (self.start.year - _FIRST_YEAR + number) % _YEARS
        return self.start.replace(year=year, day=min(self.start.day, 28)) if number else self.start

    def copy(self, start: datetime.date) -> Account:
        """The account of a copy that begins on a day."""
        shift = start - self.start
        published = self.published + shift if self.published else None
        return replace(
            self.account,
            occurred=_interval(start, self.end + shift),
            source=replace(
                self.account.source, published=published.isoformat() if published else None
            ),
        )


@dataclass(frozen=True, slots=True)
class Ged:
    """The rows as templates, and the actors that they name."""

    templates: tuple[Template, ...]
    actors: tuple[ActorProfile, ...]

    @classmethod
    def read(cls, path: Path = SAMPLE) -> Ged:
        """The file's rows, validated as a request's body would be."""
        with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        actors = {profile.id: profile for row in rows for profile in _profiles(row)}
        return cls(tuple(map(_template, rows)), tuple(actors.values()))

    def records(
        self, incidents: int, revised_every: int | None = None
    ) -> Iterator[list[Recorded[Record]]]:
        """Batches of what reporting the actors and so many incidents records, decided by the domain.

        With `revised_every`, there is a revision of an earlier incident for every so many.
        """
        reviser = Reviser()
        batches = _instants()
        by = next(batches)
        known = {profile.id: profile for profile in self.actors}
        yield [
            Recorded(0, actor_stream(profile.id), 1, register_actor(profile, None, (), by))
            for profile in self.actors
        ]
        copies = self._copies(incidents)
        while accounts := list(islice(copies, BATCH)):
            by = next(batches)
            batch: list[Recorded[Record]] = [
                Recorded(
                    0,
                    uuid8(DATASET, key),
                    1,
                    report_incident(account, Origin(dataset=DATASET, key=key), known, by),
                )
                for key, account in accounts
            ]
            yield batch
            if revised_every:
                reviser.see(batch)
                yield list(reviser.revise(len(batch) // revised_every, next(batches)))

    def _copies(self, incidents: int) -> Iterator[tuple[str, Account]]:
        chance = random.Random(_SEED)
        numbered = zip(range(incidents), cycle(self.templates), strict=False)
        moved = ((t.moved(n // len(self.templates)), n, t) for n, t in numbered)
        for key, (day, number, template) in enumerate(sorted(moved), start=1):
            jitter = chance.randint(-15, 15) if number >= len(self.templates) else 0
            yield str(key), template.copy(day + datetime.timedelta(days=jitter))


def _instants() -> Iterator[Recording]:
    instant = datetime.datetime(2024, 1, 1)
    while True:
        yield Recording(at=f"{instant.isoformat(timespec='microseconds')}Z", by="benchmarks")
        instant += datetime.timedelta(seconds=1)


def _profiles(row: _Row) -> Iterator[ActorProfile]:
    for side in "ab":
        number, state = row[f"side_{side}_new_id"], row[f"gwno{side}"]
        kind = ActorKind.STATE if state else ActorKind.ARMED_GROUP
        profile = ActorProfile(
            id=_slug(number),
            kind=kind if row[f"side_{side}"] != "Civilians" else ActorKind.ORGANISATION,
            names=(ActorName(text=row[f"side_{side}"], language="en"),),
            state=country_by_gw(int(state)).code if state else None,
            external_ids=(ExternalId(scheme="ucdp", id=number),),
        )
        yield _PROFILE.validate_python(profile)


def _template(row: _Row) -> Template:
    start, end = _day(row["date_start"]), _day(row["date_end"])
    dates = re.findall(r"\d{4}-\d{2}-\d{2}", row["source_date"])
    published = _day(dates[0]) if dates else None
    office, _, _ = row["source_office"].partition(";")
    account = Account(
        title=_line(f"{row['dyad_name']}: {row['where_coordinates']}") or "untitled",
        type=type_of_ucdp(int(row["type_of_violence"])),
        occurred=_interval(start, end),
        source=Source(
            name=_line(office) or "UCDP GED 23.1",
            via="UCDP GED 23.1" if _line(office) else None,
            published=published.isoformat() if published else None,
        ),
        place=_place(row),
        participants=(
            Participant(actor=_slug(row["side_a_new_id"]), role=ParticipantRole.SIDE_A),
            Participant(actor=_slug(row["side_b_new_id"]), role=ParticipantRole.SIDE_B),
        ),
        figures=(_killed(row),),
        summary=row["source_headline"].strip() or row["source_article"].strip() or None,
        codes=(
            ForeignCode(scheme="ucdp-type", code=row["type_of_violence"]),
            ForeignCode(scheme="ucdp-conflict", code=row["conflict_new_id"]),
            ForeignCode(scheme="ucdp-dyad", code=row["dyad_new_id"]),
        ),
    )
    checked = _ACCOUNT.validate_json(_ACCOUNT.dump_json(account))
    return Template(int(row["id"]), checked, start, end, published)


def _place(row: _Row) -> Place:
    return Place(
        name=_line(row["where_coordinates"]) or row["country"],
        country=country_by_gw(int(row["country_id"])).code,
        admin1=_line(row["adm_1"]),
        admin2=_line(row["adm_2"]),
        latitude=float(row["latitude"]),
        longitude=float(row["longitude"]),
        precision=_PRECISION[row["where_prec"]],
    )


def _killed(row: _Row) -> Figure:
    low, best, high = int(row["low"]), int(row["best"]), int(row["high"])
    return Figure(
        measure=Measure.KILLED,
        low=low,
        best=best,
        high=high,
        inconsistent=not low <= best <= high,
    )


def _slug(number: str) -> str:
    return f"ucdp-{number}"


def _line(text: str) -> str | None:
    return " ".join(text.split())[:500] or None


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text[:10])


def _interval(start: datetime.date, end: datetime.date) -> str:
    return start.isoformat() if start == end else f"{start.isoformat()}/{end.isoformat()}"
