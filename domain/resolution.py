"""The resolution policy: how an incident's accounts, which may disagree, become the one shown.

The policy is named and versioned (`POLICY`), pure, and all of it is in this file. Accounts that were
withdrawn do not count, unless all were: then the incident is shown as they had it, as ``retracted``. A
revised account counts as it reads now. "Earliest" goes by the day an account was first reported, "latest"
by the day of what it says now, and both then by its place in the log: in which order accounts were entered
on a day's reading does not matter.

- Title, type, place, summary and date come from the latest correction, else from the earliest account.
- The status is ``retracted`` where the incident is; else that of the latest correction; else the latest
  account's, where ``reported`` is shown as ``disputed`` if any account disputes the incident, or if
  accounts contradict each other in date or figures.
- The date is ``disputed`` where no day lies within the spans of all accounts.
- Participants are those of the latest correction, else those of all accounts together; so are countries,
  with those implied, where the roles that a corrected place (``location``) or corrected participants
  (``actor``) imply come from the correction alone. Foreign codes are those of all accounts; so are the
  datasets that they were loaded from.
- A figure that one account gives is shown as given. Where several do, they are joined by measure and
  whom they are of. ``best`` is the latest account's that gives one; ``low`` the least and ``high`` the
  greatest number that any gives, where that says more than ``best``. A figure is ``disputed`` where the
  ranges that the accounts give do not overlap: a range reaches from ``low`` to ``high``, from ``low``
  upward where that is all there is, and a ``best`` alone is a range of one number.

`trace` says for every shown value which accounts, or which correction, it is from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from domain.edtf import span
from domain.incidents import HeldAccount, Incident
from domain.records import IncidentCorrected
from domain.values import (
    Figure,
    ForeignCode,
    InvolvedCountry,
    Participant,
    Place,
    Source,
)
from domain.vocabulary import CountryRole, IncidentType, Measure, Status

T = TypeVar("T")

POLICY = "casus-resolution.v2"


# Nothing changes them, but frozen ones take three times as long to make, and an import makes millions.
@dataclass(slots=True, kw_only=True)
class ShownFigure:
    """A figure as the accounts together give it."""

    measure: Measure
    of: str | None
    low: int | None
    best: int | None
    high: int | None
    disputed: bool
    inconsistent: bool


@dataclass(slots=True, kw_only=True)
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
    datasets: tuple[str, ...]
    accounts: int
    reported: int


def resolve(incident: Incident) -> ShownIncident:
    """The one shown incident that its accounts and corrections make under this policy."""
    held = counted(incident)
    if len(held) == 1 and not incident.corrections:
        return _as_told(incident, held[0])
    earliest = held[0] if len(held) == 1 else min(held, key=_by_first_report)
    latest = held[-1]
    first = earliest.account
    figures = tuple(_figures(held))
    date_disputed = len(held) > 1 and _no_common_day(held)
    status = _status(incident, held, date_disputed=date_disputed, figures=figures)
    title, type_, occurred, place, summary = (
        first.title,
        first.type,
        first.occurred,
        first.place,
        first.summary,
    )
    participants = _union([each.account.participants for each in held])
    countries = _union([each.account.countries + each.implied for each in held])
    for correction in incident.corrections:
        changes = correction.record.changes
        title = changes.title.after if changes.title else title
        type_ = changes.type.after if changes.type else type_
        occurred = changes.occurred.after if changes.occurred else occurred
        place = changes.place.after if changes.place else place
        summary = changes.summary.after if changes.summary else summary
        participants = changes.participants.after if changes.participants else participants
        countries = _corrected_countries(countries, correction.record)
    shown_span = span(occurred)
    return ShownIncident(
        title=title,
        type=type_,
        status=status,
        edtf=occurred,
        earliest=shown_span.earliest,
        latest=shown_span.latest,
        date_disputed=date_disputed,
        place=place,
        summary=summary,
        countries=countries,
        participants=participants,
        figures=figures,
        codes=_codes(held),
        sources=_union([(each.account.source,) for each in held]),
        datasets=_union([(each.origin.dataset,) if each.origin else () for each in held]),
        accounts=0 if latest.withdrawn else len(held),
        reported=earliest.first_reported,
    )


def _as_told(incident: Incident, held: HeldAccount) -> ShownIncident:
    """An incident of one account that nobody corrected: a short way, for most are such."""
    account = held.account
    figures = tuple(map(_as_given, account.figures))
    alone = (held,)
    days = span(account.occurred)
    return ShownIncident(
        title=account.title,
        type=account.type,
        status=_status(incident, alone, date_disputed=False, figures=figures),
        edtf=account.occurred,
        earliest=days.earliest,
        latest=days.latest,
        date_disputed=False,
        place=account.place,
        summary=account.summary,
        countries=_union((account.countries + held.implied,)),
        participants=_union((account.participants,)),
        figures=figures,
        codes=_codes(alone),
        sources=(account.source,),
        datasets=(held.origin.dataset,) if held.origin else (),
        accounts=0 if held.withdrawn else 1,
        reported=held.first_reported,
    )


def counted(incident: Incident) -> Sequence[HeldAccount]:
    """The accounts that count, the latest last; all of them where every one was withdrawn."""
    accounts = incident.accounts
    if len(accounts) == 1:
        return accounts
    return sorted([each for each in accounts if not each.withdrawn] or accounts, key=_by_report)


def _by_report(held: HeldAccount) -> tuple[int, int]:
    return held.reported, held.position


def _by_first_report(held: HeldAccount) -> tuple[int, int]:
    return held.first_reported, held.position


def _status(
    incident: Incident,
    held: Sequence[HeldAccount],
    *,
    date_disputed: bool,
    figures: Iterable[ShownFigure],
) -> Status:
    if incident.retracted or held[-1].withdrawn:
        return Status.RETRACTED
    for correction in reversed(incident.corrections):
        if correction.record.changes.status:
            return correction.record.changes.status.after
    status: Status = held[-1].account.status
    contradicted = (
        date_disputed
        or any(figure.disputed for figure in figures)
        or any(each.account.status is Status.DISPUTED for each in held)
    )
    return Status.DISPUTED if status is Status.REPORTED and contradicted else status


def _corrected_countries(
    countries: tuple[InvolvedCountry, ...], record: IncidentCorrected
) -> tuple[InvolvedCountry, ...]:
    changes = record.changes
    if changes.countries:
        return changes.countries.after
    replaced = {CountryRole.LOCATION} if changes.place else set()
    if changes.participants:
        replaced.add(CountryRole.ACTOR)
    if not replaced:
        return countries
    kept = tuple(country for country in countries if country.role not in replaced)
    return _union([kept, record.implied])


def _union(groups: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
    if len(groups) == 1:
        (group,) = groups
        if len(group) <= 1 or (len(group) == 2 and group[0] != group[1]):
            return group
    return tuple(dict.fromkeys([item for group in groups for item in group]))


def _codes(held: Sequence[HeldAccount]) -> tuple[ForeignCode, ...]:
    if len(held) == 1:
        codes = held[0].account.codes
        # Codes of different schemes are different: quicker to see than that of the codes themselves.
        if len({code.scheme for code in codes}) == len(codes):
            return codes
    return _union([each.account.codes for each in held])


def _no_common_day(held: Sequence[HeldAccount]) -> bool:
    spans = [span(each.account.occurred) for each in held]
    return max(s.earliest for s in spans) > min(s.latest for s in spans)


def _figures(held: Sequence[HeldAccount]) -> Iterator[ShownFigure]:
    if len(held) == 1:
        yield from map(_as_given, held[0].account.figures)
        return
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
    # "More than 130" is a number as well where another account says 100.
    low = None if low is None else min([low, *highs])
    high = None if high is None else max([high, *lows])
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKey:
    """An account by the incident it was recorded in and its number there."""

    incident: UUID
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where a shown value comes from: these accounts, or the correction at this position of the log.

    Figures have a trace for each `measure` and `of`.
    """

    field: str
    accounts: tuple[AccountKey, ...]
    correction: int | None
    measure: Measure | None = None
    of: str | None = None


def trace(incident: Incident) -> tuple[Trace, ...]:
    """Where every value that `resolve` shows of an incident comes from."""
    held = counted(incident)
    everybody = tuple(map(_key, held))
    earliest = (_key(min(held, key=_by_first_report)),)
    sources = {
        **dict.fromkeys(("title", "type", "occurred", "place", "summary"), earliest),
        **dict.fromkeys(
            ("status", "countries", "participants", "codes", "sources", "datasets"), everybody
        ),
    }
    corrected = {
        field: correction.position
        for correction in incident.corrections
        for field in sources
        if getattr(correction.record.changes, field, None)
    }
    traces = [
        Trace(
            field=field,
            accounts=() if field in corrected else accounts,
            correction=corrected.get(field),
        )
        for field, accounts in sources.items()
    ]
    groups: dict[tuple[Measure, str | None], list[AccountKey]] = {}
    for each in held:
        for figure in each.account.figures:
            groups.setdefault((figure.measure, figure.of), []).append(_key(each))
    traces += [
        Trace(field="figures", accounts=tuple(keys), correction=None, measure=measure, of=of)
        for (measure, of), keys in groups.items()
    ]
    return tuple(traces)


def _key(held: HeldAccount) -> AccountKey:
    return AccountKey(incident=held.incident, number=held.number)
