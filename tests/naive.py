"""What Casus has to show, told once more: at one moment, from plain records, without its folds.

Written from the design and from what the records say of themselves. Nothing is carried from one moment to
the next: a `View` looks through all records that are visible for everything that it is asked. Entries are
plain JSON values, to be compared with those that are served.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from domain.dates import iso_unless_open
from domain.edtf import span
from domain.records import (
    AccountAdded,
    AccountRevised,
    AccountWithdrawn,
    IncidentCorrected,
    IncidentMerged,
    IncidentReinstated,
    IncidentReported,
    IncidentRetracted,
    IncidentUnmerged,
    Recorded,
)
from domain.values import Account, Figure
from service.reading.selection import Selection
from tests.naive_actors import EVER, Actors, Stay, is_within
from tests.naive_datasets import datasets

Json = dict[str, Any]


def reported_day(recorded: Recorded) -> int:
    """The last day by which what a record says was published."""
    return span(recorded.record.reported).latest


@dataclass(frozen=True)
class Telling:
    """What one source says of an incident: as first told, as told last, and whether it was taken back."""

    incident: UUID
    number: int
    first: Recorded
    last: Recorded
    withdrawn: bool

    @property
    def account(self) -> Account:
        """What it says now."""
        return self.last.record.account


class View:
    """What there is at a position of the log, of what was reported by the end of a day."""

    def __init__(self, log: Sequence[Recorded], position: int, reported_by: int = EVER) -> None:
        there = [each for each in log if each.position <= position]
        self.actors = Actors(each for each in there if hasattr(each.record, "actor"))
        self.records = [
            each
            for each in there
            if hasattr(each.record, "reported") and reported_day(each) <= reported_by
        ]
        self._numbers = {each.stream: each.position for each in reversed(there)}
        self._into: dict[UUID, UUID] = {}
        self._touched: dict[UUID, list[Recorded]] = {}
        for each in self.records:
            self._follow(each)
        self.tellings = self._tellings()
        self.entries = {
            stream: self._entry(stream)
            for stream in dict.fromkeys(self.survivor(each.incident) for each in self.tellings)
        }
        self.datasets = datasets(there, self.entries.values())

    def _follow(self, recorded: Recorded) -> None:
        """Note what a record merges, and which incidents it touches: its own, and those it is part of."""
        stream, record = recorded.stream, recorded.record
        before = self._line(stream)
        if isinstance(record, IncidentMerged) and stream not in self._line(record.into):
            self._into[stream] = record.into
        if isinstance(record, IncidentUnmerged):
            self._into.pop(stream, None)
        for each in {*before, *self._line(stream)}:
            self._touched.setdefault(each, []).append(recorded)

    def _line(self, stream: UUID) -> list[UUID]:
        """An incident, the one that it is merged into, the one that this is merged into, to the last."""
        line = [stream]
        while line[-1] in self._into:
            line.append(self._into[line[-1]])
        return line

    def survivor(self, stream: UUID) -> UUID:
        """Whom an incident is shown as: itself, unless it is merged."""
        return self._line(stream)[-1]

    def absorbed(self, stream: UUID) -> list[UUID]:
        """Whom an incident stands for, besides itself."""
        return sorted(each for each in self._into if self.survivor(each) == stream)

    def merged(self) -> set[tuple[UUID, UUID]]:
        """The incidents that are there and shown as another one, and as which."""
        pairs = {(each.incident, self.survivor(each.incident)) for each in self.tellings}
        return {(stream, survivor) for stream, survivor in pairs if stream != survivor}

    def _tellings(self) -> list[Telling]:
        """Every account that is there, in the order in which they came."""
        told: dict[tuple[UUID, int], list[Recorded]] = {}
        withdrawn: dict[tuple[UUID, int], int] = {}
        for each in self.records:
            match each.record:
                case IncidentReported() | AccountAdded():
                    told[each.stream, each.version] = [each]
                case AccountRevised(number=number):
                    told.setdefault((each.stream, number), []).append(each)
                case AccountWithdrawn(number=number):
                    withdrawn[each.stream, number] = each.position
        # Told again after it was taken back, an account counts as it reads now.
        return [
            Telling(*key, each[0], each[-1], withdrawn.get(key, 0) > each[-1].position)
            for key, each in sorted(told.items(), key=lambda item: item[1][0].position)
        ]

    def accounts(self, stream: UUID) -> list[Telling]:
        """The accounts of an incident that is shown, in the order in which they came."""
        return [each for each in self.tellings if self.survivor(each.incident) == stream]

    def _own(self, stream: UUID, *kinds: type) -> list[Recorded]:
        return [r for r in self.records if r.stream == stream and isinstance(r.record, kinds)]

    def _entry(self, stream: UUID) -> Json:
        told = self.accounts(stream)
        counted = [each for each in told if not each.withdrawn] or told
        by_report = sorted(counted, key=lambda t: (reported_day(t.last), t.first.position))
        first = min(counted, key=lambda t: (reported_day(t.first), t.first.position))
        corrections = [each.record for each in self._own(stream, IncidentCorrected)]
        accounts = [each.account for each in by_report]

        def shown(field: str, told: Any) -> Any:
            for each in corrections:
                change = getattr(each.changes, field)
                told = change.after if change else told
            return told

        occurred = shown("occurred", first.account.occurred)
        days = [span(each.occurred) for each in accounts]
        date_disputed = max(d.earliest for d in days) > min(d.latest for d in days)
        figures = _figures(accounts)
        contradicted = any(each.status == "disputed" for each in accounts)
        contradicted |= date_disputed or any(each["disputed"] for each in figures)
        status = accounts[-1].status
        status = shown("status", "disputed" if status == "reported" and contradicted else status)
        turns = self._own(stream, IncidentRetracted, IncidentReinstated)
        retracted = bool(turns) and isinstance(turns[-1].record, IncidentRetracted)
        touched = self._touched[stream]
        named = shown("participants", _together(each.participants for each in accounts))
        shown_as = [((self.actors.shown_as(p.actor), str(p.role)),) for p in named]
        entry = {
            "id": stream,
            "title": shown("title", first.account.title),
            "type": shown("type", first.account.type),
            "status": "retracted" if retracted or counted[0].withdrawn else status,
            "occurred": {
                "edtf": occurred,
                "earliest": iso_unless_open(span(occurred).earliest),
                "latest": iso_unless_open(span(occurred).latest),
                "disputed": date_disputed,
            },
            "place": shown("place", first.account.place),
            "summary": shown("summary", first.account.summary),
            "countries": _countries(by_report, corrections),
            "participants": [
                {"actor": slug, "name": self.actors.profiles[slug].names[0].text, "role": role}
                for slug, role in _together(shown_as)
            ],
            "figures": figures,
            "codes": _together(each.codes for each in accounts),
            "accounts": 0 if counted[0].withdrawn else len(counted),
            "sources": _together((each.source,) for each in accounts),
            "datasets": _together(
                [t.last.record.origin.dataset] for t in by_report if t.last.record.origin
            ),
            "reported": first.first.record.reported,
            "revision": len(touched),
            "position": touched[-1].position,
            "recorded_at": touched[-1].record.recorded_at,
        }
        return orjson.loads(orjson.dumps(entry))

    def timeline(self, wanted: Selection) -> list[Json]:
        """The entries that a selection wants, in its order."""
        found = [
            (span(entry["occurred"]["edtf"]).earliest, self._numbers[stream], entry)
            for stream, entry in self.entries.items()
            if self._is_wanted(entry, wanted)
        ]
        found.sort(key=lambda each: each[:2], reverse=wanted.order == "desc")
        return [entry for _, _, entry in found]

    def _is_wanted(self, entry: Json, wanted: Selection) -> bool:
        countries = [(each["code"], each["role"]) for each in entry["countries"]]
        actors = [(each["actor"], each["role"]) for each in entry["participants"]]
        happened, certain = span(entry["occurred"]["edtf"]), wanted.match == "certain"
        window = Stay(
            "",
            -EVER if wanted.first_day is None else wanted.first_day,
            EVER if wanted.last_day is None else wanted.last_day,
        )
        if wanted.subject is None:
            on_it = True
        elif wanted.subject.kind == "country":
            on_it = _plays([role for code, role in countries if code == wanted.subject.id], wanted)
        else:
            stays = self.actors.stays(wanted.subject.id, members=wanted.members)
            on_it = any(
                is_within(happened, [stay for stay in stays if stay.whose == slug], certain=certain)
                and _plays([role for other, role in actors if other == slug], wanted)
                for slug in {stay.whose for stay in stays}
            )
        return (
            on_it
            and is_within(happened, [window], certain=certain)
            and (wanted.country is None or wanted.country in dict(countries))
            and (wanted.actor is None or self.actors.shown_as(wanted.actor) in dict(actors))
            and (not wanted.types or entry["type"] in wanted.types)
            and (entry["status"] != "retracted" or "retracted" in wanted.statuses)
            and (not wanted.statuses or entry["status"] in wanted.statuses)
        )


def _plays(roles: list[str], wanted: Selection) -> bool:
    return bool(set(roles) & set(wanted.roles) if wanted.roles else roles)


def _together(groups: Iterable[Iterable[Any]]) -> list[Any]:
    """What is in any of the groups, once."""
    return list(dict.fromkeys(each for group in groups for each in group))


def _countries(told: Iterable[Telling], corrections: Iterable[IncidentCorrected]) -> list[Any]:
    countries = _together([*each.account.countries, *each.last.record.implied] for each in told)
    for each in corrections:
        implying = {"location": each.changes.place, "actor": each.changes.participants}
        replaced = [role for role, change in implying.items() if change]
        if each.changes.countries:
            countries = list(each.changes.countries.after)
        elif replaced:
            kept = [country for country in countries if country.role not in replaced]
            countries = _together([kept, each.implied])
    return countries


def _figures(accounts: Iterable[Account]) -> list[Json]:
    given = [figure for account in accounts for figure in account.figures]
    whose = _together([(figure.measure, figure.of)] for figure in given)
    return [_figure([f for f in given if (f.measure, f.of) == each]) for each in whose]


def _figure(given: Sequence[Figure]) -> Json:
    """One figure of those that are of the same people, the latest last."""
    low, best, high = (
        [number for f in given if (number := getattr(f, bound)) is not None]
        for bound in ("low", "best", "high")
    )
    least = min(low + best + high) if low + best else None
    greatest = max(low + best + high) if best + high else None
    shown = best[-1] if best else None
    ranges = [_range(each) for each in given]
    # A bound says more than `best` does where it is another number, or where a source gives it.
    joined = {
        "low": least if least != shown or least in low else None,
        "best": shown,
        "high": greatest if greatest != shown or greatest in high else None,
    }
    alone = {"low": given[0].low, "best": given[0].best, "high": given[0].high}
    return {
        "measure": given[0].measure,
        "of": given[0].of,
        **(joined if len(given) > 1 else alone),
        "disputed": any(one[1] < other[0] for one in ranges for other in ranges),
        "inconsistent": any(each.inconsistent for each in given),
    }


def _range(figure: Figure) -> tuple[float, float]:
    """The numbers that a figure may stand for."""
    given = [n for n in (figure.low, figure.best, figure.high) if n is not None]
    if given == [figure.low]:
        return figure.low, float("inf")
    return (0 if given == [figure.high] else min(given)), max(given)
