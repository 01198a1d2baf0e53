"""The resolution policy: how an incident's accounts, which may disagree, become the one shown.

The policy is named and versioned (`POLICY`), pure, and all of it is in this file. "Earliest" and "latest"
go by the day an account was reported, then by its place in the log, so the order in which accounts were
entered does not matter.

- Title, type, place, summary and date come from the earliest account.
- The status is the latest account's; where it is ``reported`` and the accounts contradict each other in
  date or figures, it is shown as ``disputed``.
- The date is ``disputed`` where no day lies within the spans of all accounts.
- Countries (those implied as well), participants and foreign codes are those of all accounts together.
- A figure that one account gives is shown as given. Where several do, they are joined by measure and
  whom they are of. ``best`` is the latest account's that gives one;
  ``low`` the least and ``high`` the greatest number that any gives, where that says more than ``best``.
  A figure is ``disputed`` where the ranges that the accounts give do not overlap: a range reaches from
  ``low`` to ``high``, from ``low`` upward where that is all there is, and a ``best`` alone is a range of
  one number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from domain.edtf import span
from domain.incidents import HeldAccount, Incident
from domain.values import (
    Figure,
    ForeignCode,
    InvolvedCountry,
    Participant,
    Place,
    Source,
)
from domain.vocabulary import IncidentType, Measure, Status

T = TypeVar("T")

POLICY = "casus-resolution.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFigure:
    """A figure as the accounts together give it."""

    measure: Measure
    of: str | None
    low: int | None
    best: int | None
    high: int | None
    disputed: bool
    inconsistent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIncident:
    """An incident as shown, by the policy above."""

    title: str
    type: IncidentType
    status: Status
    edtf: str
    earliest: int
    latest: int
    date_disputed: bool
    place: Place | None
    summary: str | None
    countries: tuple[InvolvedCountry, ...]
    participants: tuple[Participant, ...]
    figures: tuple[ShownFigure, ...]
    codes: tuple[ForeignCode, ...]
    sources: tuple[Source, ...]
    accounts: int
    reported: int


def resolve(incident: Incident) -> ShownIncident:
    """The one shown incident that its accounts make under this policy."""
    held = sorted(incident.accounts, key=_by_report)
    accounts = [each.account for each in held]
    first = accounts[0]
    figures = tuple(_figures(held))
    shown_span = span(first.occurred)
    date_disputed = _no_common_day(held)
    contradicted = date_disputed or any(figure.disputed for figure in figures)
    status: Status = accounts[-1].status
    if status is Status.REPORTED and contradicted:
        status = Status.DISPUTED
    return ShownIncident(
        title=first.title,
        type=first.type,
        status=status,
        edtf=first.occurred,
        earliest=shown_span.earliest,
        latest=shown_span.latest,
        date_disputed=date_disputed,
        place=first.place,
        summary=first.summary,
        countries=_union((*each.account.countries, *each.implied) for each in held),
        participants=_union(account.participants for account in accounts),
        figures=figures,
        codes=_union(account.codes for account in accounts),
        sources=_union((account.source,) for account in accounts),
        accounts=len(held),
        reported=held[0].reported,
    )


def _by_report(held: HeldAccount) -> tuple[int, int]:
    return held.reported, held.position


def _union(groups: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))


def _no_common_day(held: Sequence[HeldAccount]) -> bool:
    spans = [span(each.account.occurred) for each in held]
    return max(s.earliest for s in spans) > min(s.latest for s in spans)


def _figures(held: Sequence[HeldAccount]) -> Iterator[ShownFigure]:
    groups: dict[tuple[Measure, str | None], list[Figure]] = {}
    for each in held:
        for figure in each.account.figures:
            groups.setdefault((figure.measure, figure.of), []).append(figure)
    for figures in groups.values():
        yield _join(figures)


def _join(figures: Sequence[Figure]) -> ShownFigure:
    if len(figures) == 1:
        return _as_given(figures[0])
    best = next((f.best for f in reversed(figures) if f.best is not None), None)
    bests = [f.best for f in figures if f.best is not None]
    lows = [f.low for f in figures if f.low is not None]
    highs = [f.high for f in figures if f.high is not None]
    low = min([*lows, *bests], default=None)
    high = max([*highs, *bests], default=None)
    ranges = [_range(figure) for figure in figures]
    return ShownFigure(
        measure=figures[0].measure,
        of=figures[0].of,
        # A bound that no account gave, and that says no more than `best`, stays open.
        low=low if low in lows or low != best else None,
        best=best,
        high=high if high in highs or high != best else None,
        disputed=max(r[0] for r in ranges) > min(r[1] for r in ranges),
        inconsistent=any(figure.inconsistent for figure in figures),
    )


def _as_given(figure: Figure) -> ShownFigure:
    return ShownFigure(
        measure=figure.measure,
        of=figure.of,
        low=figure.low,
        best=figure.best,
        high=figure.high,
        disputed=False,
        inconsistent=figure.inconsistent,
    )


def _range(figure: Figure) -> tuple[float, float]:
    given = [n for n in (figure.low, figure.best, figure.high) if n is not None]
    opens_upward = figure.low is not None and figure.best is None and figure.high is None
    opens_downward = figure.high is not None and figure.best is None and figure.low is None
    return (0 if opens_downward else min(given)), (math.inf if opens_upward else max(given))
