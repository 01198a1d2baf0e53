"""The order of a dataset's releases: which came out after one, and what is known of them.

A release is known to be newer than another where the days of both are given. One without a day is as of
its import, and comes after all that were imported before it.

Rows that a release left as they were append nothing, so the log cannot tell that a release had them; but
where one is held whole (`Newer.whole`), whatever stands of that part was in it, or in one newer still, and
whatever does not was not. So an older release that is imported after it changes nothing that stands there,
and what it has alone is withdrawn as the newer one would have withdrawn it.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.datasets import Dataset
from domain.dates import OPEN_FUTURE, OPEN_PAST, day_number, month_of_day
from domain.edtf import span
from domain.values import DatasetPart, DatasetProfile
from service.imports.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The dataset that rows are of, and which release of it, published when (EDTF)."""

    dataset: DatasetProfile
    release: str | None = None
    released: str | None = None

    def __str__(self) -> str:
        title = self.dataset.title
        return f"release {self.release} of {title}" if self.release else title

    @property
    def day(self) -> int | None:
        """The last day, as a number, by which it was published; None if it is not given."""
        return span(self.released).latest if self.released else None


@dataclass(frozen=True, slots=True)
class Newer:
    """A release that came out after another, and the part of the dataset of which it is held whole."""

    edition: Edition
    whole: Scope | None = None


def newer_than(edition: Edition, dataset: Dataset | None) -> list[Newer]:
    """The releases that are held, and came out after an edition: the first of them first.

    One of which several parts are held whole is there once for each.
    """
    day = edition.day
    if dataset is None or day is None:
        return []
    wholes = {(each.release, each.released) for each in dataset.wholes}
    found = [
        Newer(_edition(edition, each.release, each.released), scope_of(each.part))
        for each in dataset.wholes
    ]
    found += [
        Newer(_edition(edition, each.release, each.released))
        for each in dataset.releases
        if (each.release, each.released) not in wholes
    ]
    dated = [(each.edition.day or OPEN_PAST, each) for each in found]
    return [each for at, each in sorted(dated, key=lambda pair: pair[0]) if at > day]


def why_not_complete(newer: list[Newer], edition: Edition, scope: Scope) -> str | None:
    """Why an edition cannot be the whole of a scope once newer ones are held; None if it can.

    It can be where one of those is held whole of that scope: then nothing that stands is to be withdrawn.
    """
    if not newer or any(each.whole and covers(each.whole, scope) for each in newer):
        return None
    last = newer[-1].edition
    called = (
        str(last) if last.release else f"what {last.dataset.title} published on {last.released}"
    )
    return (
        f"{called} is newer than {edition} and is held already, but is not known to be complete: there is"
        " no telling what it left as it was. Import the newer one with --complete first, if it is, or this"
        " one without it"
    )


def covers(whole: Scope, scope: Scope) -> bool:
    """Whether a part of a dataset has all of another."""
    return (
        whole.country in (None, scope.country)
        and whole.first <= scope.first
        and whole.last >= scope.last
    )


def part_of(scope: Scope) -> DatasetPart:
    """A scope as records have it."""
    return DatasetPart(
        country=scope.country,
        first_year=None if scope.first == OPEN_PAST else month_of_day(scope.first) // 12,
        last_year=None if scope.last == OPEN_FUTURE else month_of_day(scope.last) // 12,
    )


def scope_of(part: DatasetPart) -> Scope:
    """The scope that a record has."""
    first, last = part.first_year, part.last_year
    return Scope(
        part.country,
        OPEN_PAST if first is None else day_number(first, 1, 1),
        OPEN_FUTURE if last is None else day_number(last, 12, 31),
    )


def _edition(edition: Edition, release: str | None, released: str | None) -> Edition:
    return Edition(dataset=edition.dataset, release=release, released=released)
