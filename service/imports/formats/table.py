"""A sheet of one's own: any table of rows, told by a mapping that says what its columns mean.

`read_mapping` reads the mapping file, `check_columns` holds it to a sheet's header, `format_of` makes a
format of it, and `service.imports.formats.table_suggest` writes a first mapping for a sheet. The guide is
``docs/tables.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from domain.checks import Fault, Faulty
from domain.countries import find_country
from domain.edtf import span
from domain.vocabulary import ActorKind, IncidentType, ParticipantRole, Status
from service.faults import in_words
from service.imports.format import BadRow, Cells, Format, NamedActor, Told, running_text
from service.imports.formats import DATASETS
from service.imports.formats.table_cells import degrees_of, pair_of
from service.imports.formats.table_mapping import (
    CodeRule,
    FigureRule,
    ParticipantRule,
    PlaceRule,
    ReferenceRule,
    TableMapping,
    columns_of,
)
from service.imports.formats.table_reading import check_columns, read_mapping
from service.imports.formats.table_row import Row, by_cell, column_of, known_cells, tried

__all__ = ["TableTeller", "check_columns", "format_of", "read_mapping"]

_MOST = {"participants": 1_000, "references": 200, "codes": 100}
"""How many of each an account may have."""


def format_of(mapping: TableMapping) -> Format:
    """The format of the sheets that a mapping is for: they have all the columns that it names.

    Raises `Faulty` if its dataset is that of another format.
    """
    if mapping.dataset.id in DATASETS:
        taken = f"{mapping.dataset.id!r} is the dataset of a format of its own; choose another id"
        raise Faulty((Fault(("dataset", "id"), taken),))
    columns = dict.fromkeys(name for _, name in columns_of(mapping))
    return Format(
        name="table",
        title=f"Table: {mapping.dataset.title}",
        dataset=mapping.dataset,
        columns=dict.fromkeys(columns, ()),
        required=frozenset(columns),
        tell=TableTeller(mapping),
        lacking=partial(_lacking, mapping),
    )


def _lacking(mapping: TableMapping, header: Sequence[str]) -> str:
    try:
        check_columns(mapping, header)
    except Faulty as faulty:
        return in_words(faulty.faults)
    return "the mapping's columns are not in one row"


@dataclass(frozen=True)
class TableTeller:
    """Tells a row by a mapping; made of the mapping alone, so that it goes to other processes."""

    mapping: TableMapping

    def __call__(self, cells: Cells) -> Told:
        """What a row tells. Raises `BadRow`."""
        mapping, row = self.mapping, Row(cells, self._missing, self._countries)
        incident = row.key(mapping.key)
        key = f"{incident} / {row.key(mapping.account)}" if mapping.account else incident
        title = row.text(mapping.title)
        if title is None:
            raise BadRow("there is nothing to make a title of", column_of(mapping.title))
        source, published, references = self._source(row)
        place = self._place(row, mapping.place) if mapping.place else None
        account: dict[str, Any] = {
            "title": title,
            "type": row.choice(mapping.type, self._types, "type"),
            "occurred": self._occurred(row),
            "source": source,
            "place": place,
            "figures": [each for rule in mapping.figures if (each := self._figure(row, rule))],
            "summary": row.long_text(mapping.summary),
            "attributed_to": row.text(mapping.attributed_to),
            "references": references,
            "codes": [code for rule in mapping.codes for code in self._codes(row, rule)],
        }
        if mapping.status:
            account["status"] = row.choice(mapping.status, self._statuses, "status")
        actors = (each for rule in mapping.participants for each in self._actors(row, rule))
        participants = tuple(dict.fromkeys(actors))
        for name, most in _MOST.items():
            count = len(account.get(name, participants))
            if count > most:
                raise BadRow(f"it has {count} {name}; {most} are the most")
        return Told(
            incident=incident,
            key=key,
            account=account,
            participants=participants,
            published=published,
        )

    @cached_property
    def _missing(self) -> frozenset[str]:
        return frozenset(" ".join(word.casefold().split()) for word in self.mapping.missing)

    @cached_property
    def _countries(self) -> dict[str, str]:
        return by_cell(self.mapping.countries)

    @cached_property
    def _types(self) -> dict[str, IncidentType]:
        return known_cells(self.mapping.type, IncidentType)

    @cached_property
    def _statuses(self) -> dict[str, Status]:
        return known_cells(self.mapping.status, Status) if self.mapping.status else {}

    def _occurred(self, row: Row) -> str:
        rule = self.mapping.occurred
        if rule.constant is not None:
            return rule.constant
        first = row.day(rule.column or rule.from_, rule.date_format)
        last = row.day(rule.to, rule.date_format)
        if first is None and last is None:
            raise BadRow("it is empty; a row needs a date", rule.column or rule.from_)
        if last is None or first == last:
            return first or ""
        if any(mark in f"{first}{last}" for mark in "/["):
            raise BadRow(f"{last!r} does not end what {first!r} begins", rule.to)
        interval = f"{first or '..'}/{last}"
        tried(span, interval, rule.to)
        return interval

    def _source(self, row: Row) -> tuple[dict[str, Any], str | None, list[dict[str, Any]]]:
        """The source, when it published, and the references, with its further addresses."""
        rule, references = self.mapping.source, []
        source: dict[str, Any] = {"name": self.mapping.dataset.title}
        published = None
        if rule is not None:
            addresses = row.urls(rule.url)
            source = {
                "name": row.text(rule.name) or self.mapping.dataset.title,
                "via": row.text(rule.via),
                "url": addresses[0] if addresses else None,
            }
            published = row.published(rule.published)
            references = [{"url": url} for url in addresses[1:]]
        for each in self.mapping.references:
            references += self._references(row, each)
        return source, published, references

    @staticmethod
    def _references(row: Row, rule: ReferenceRule) -> Iterator[dict[str, Any]]:
        text = row.long_text(rule.text)
        parts = [text]
        if text and rule.split:
            parts = [part for each in text.split(rule.split) if (part := running_text(each))]
        urls = row.urls(rule.url)
        for part in parts or [None]:
            reference = {
                "text": part,
                "name": row.text(rule.name),
                "title": row.long_text(rule.title),
                "url": urls[0] if urls else None,
            }
            if any(reference.values()):
                yield reference | {"published": row.published(rule.published)}
        yield from ({"url": url} for url in urls[1:])

    @staticmethod
    def _place(row: Row, rule: PlaceRule) -> dict[str, Any] | None:
        country = row.country(rule.country)
        admins = [row.text(each) for each in (rule.admin1, rule.admin2, rule.admin3)]
        point = row.read(rule.coordinates, pair_of)
        if rule.latitude is not None:
            north = row.read(rule.latitude, lambda text: degrees_of(text, "NS"))
            east = row.read(rule.longitude, lambda text: degrees_of(text, "EW"))
            if (north is None) != (east is None):
                lacking = rule.latitude if north is None else rule.longitude
                raise BadRow(
                    "latitude and longitude are given both or not at all", column_of(lacking)
                )
            point = (north, east) if north is not None and east is not None else None
        names = [row.text(rule.name), admins[2], admins[1], admins[0]]
        name = next((each for each in names if each), None)
        if name is None and country is not None:
            name = find_country(country).name
        if name is None and point is not None:
            name = f"{point[0]:.4f}, {point[1]:.4f}"
        if name is None:
            return None
        return {
            "name": name,
            "country": country,
            "admin1": admins[0],
            "admin2": admins[1],
            "admin3": admins[2],
            "latitude": point[0] if point else None,
            "longitude": point[1] if point else None,
            "precision": rule.precision,
            "description": row.text(rule.description),
        }

    def _figure(self, row: Row, rule: FigureRule) -> dict[str, Any] | None:
        thousands = self.mapping.thousands
        best = row.figures(rule.best, thousands)
        low, high = row.figures(rule.low, thousands), row.figures(rule.high, thousands)
        for column, end, in_range in ((rule.low, low, best.low), (rule.high, high, best.high)):
            if end.low is not None or end.high is not None:
                raise BadRow("here stands one number; a range stands in the column of best", column)
            if end.best is not None and in_range is not None:
                raise BadRow(f"{rule.best} gives it as well, as a range", column)
        numbers = {
            "low": best.low if low.best is None else low.best,
            "best": best.best,
            "high": best.high if high.best is None else high.best,
        }
        given = [number for number in numbers.values() if number is not None]
        if not given:
            return None
        inconsistent = given != sorted(given)
        return {"measure": rule.measure, "of": rule.of, **numbers, "inconsistent": inconsistent}

    def _actors(
        self, row: Row, rule: ParticipantRule
    ) -> Iterator[tuple[NamedActor, ParticipantRole]]:
        state = row.country(rule.state)
        kind = rule.kind or (ActorKind.STATE if state else ActorKind.ORGANISATION)
        names = [rule.constant] if rule.constant else row.parts(rule.column, rule.split)
        for name in names:
            yield NamedActor(self.mapping.dataset.id, name, name, kind, state), rule.role

    @staticmethod
    def _codes(row: Row, rule: CodeRule) -> Iterator[dict[str, Any]]:
        for code in row.parts(rule.column, rule.split):
            yield {"scheme": rule.scheme, "code": code, "label": row.text(rule.label)}
