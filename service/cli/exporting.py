"""``casus export``: the accounts of a dataset as a file of a format, with its licence and citation."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO, TypeAlias

from domain.countries import UnknownCountry, find_country
from domain.datasets import Dataset, dataset_at
from domain.edtf import span
from domain.incidents import HeldAccount
from service.bootstrap import Casus
from service.cli.output import complain, refuse, usage
from service.cli.reading import Clocks, window_given
from service.cli.stores import opened
from service.exports.accounts import accounts_of
from service.exports.ucdp_ged import row_of
from service.imports.formats.ucdp_ged_columns import COLUMNS
from service.reading.clocks import Moment
from service.reading.selection import Match, Selection
from service.settings import Settings

STANDARD_OUTPUT = Path("-")

FormatName: TypeAlias = Literal["ucdp-ged"]

_FORMATS = {"ucdp-ged": (COLUMNS, row_of)}
"""The columns of a format, and what makes a row of an account."""


def export(
    settings: Settings,
    format_: FormatName,
    *,
    dataset: str,
    country: str | None,
    since: str | None,
    to: str | None,
    match: Match,
    reported_by: str | None,
    as_of: str | None,
    position: int | None,
    output: Path,
    citation: Path | None,
) -> None:
    """Write a dataset's accounts as rows of a format, and on standard error how to cite it."""
    columns, row = _FORMATS[format_]
    part = _Part(_code(country), window_given(since, to, match))
    clocks = Clocks.given(position, as_of, reported_by)
    with opened(settings) as casus:
        moment = clocks.moment(casus)
        terms = _terms(_held(casus, dataset, moment))
        with _opened(output) as file:
            write = csv.writer(file).writerow
            write(columns)
            count = 0
            for held in accounts_of(casus.log, dataset, moment):
                if held.origin and part.holds(held):
                    write(row(held.account, held.origin).values())
                    count += 1
    if citation:
        lines = [*terms, f"Exported from {dataset} at {moment}."]
        citation.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for line in terms:
        complain(line)
    complain(f"{count:,} {'account' if count == 1 else 'accounts'}, read at {moment}.")


@dataclass(frozen=True, slots=True)
class _Part:
    """What is exported of a dataset: what happened in a country, and in a window."""

    country: str | None
    window: Selection

    def holds(self, held: HeldAccount) -> bool:
        """Whether an account tells of this part, by what it says itself."""
        place, window = held.account.place, self.window
        if self.country and (place is None or place.country != self.country):
            return False
        days = span(held.account.occurred)
        first, last = window.first_day, window.last_day
        if window.match == "certain":
            begins, ends = days.earliest, days.latest
        else:
            begins, ends = days.latest, days.earliest
        return (first is None or begins >= first) and (last is None or ends <= last)


def _code(country: str | None) -> str | None:
    if country is None:
        return None
    try:
        return find_country(country).code
    except UnknownCountry as error:
        usage(str(error), "--country")


def _held(casus: Casus, slug: str, moment: Moment) -> Dataset:
    dataset = dataset_at(casus.log.dataset(slug), moment.position)
    if dataset is None:
        others = ", ".join(casus.reader.datasets.slugs(moment.position)) or "none"
        refuse(f"there is no dataset {slug!r} at {moment}; there are: {others}")
    return dataset


def _terms(dataset: Dataset) -> list[str]:
    """Whose a dataset is, on what terms it may be used, and how to cite it."""
    profile = dataset.profile
    given = (
        ("Dataset", profile.title),
        ("Licence", profile.license or "not stated; ask whoever publishes it"),
        ("Citation", profile.citation),
        ("From", profile.url),
    )
    return [f"{name}: {text}" for name, text in given if text]


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """A file to write text to, or standard output: UTF-8 whatever the terminal's encoding."""
    if path != STANDARD_OUTPUT:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    sys.stdout.flush()
    text = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield text
        text.flush()
    finally:
        text.detach()
