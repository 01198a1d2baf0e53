"""What an incident adds to the sums of series and replays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.resolution import ShownFigure
from domain.vocabulary import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """How many an incident counts of one measure: bounds, and the number to take if one is wanted."""

    low: int
    best: int
    high: int


def totals(figures: Iterable[ShownFigure]) -> dict[Measure, Total]:
    """What an incident adds to sums, by measure.

    The figure of everybody counts where there is one; else those of several groups together. Numbers are
    as given, also where they do not rise (`low` above `best`): sums are then those of the source's table.
    One that is not given is taken from the nearest that is: an open bound adds what is known, no more.
    """
    whole: dict[Measure, Total] = {}
    parts: dict[Measure, Total] = {}
    for figure in figures:
        given = [n for n in (figure.low, figure.best, figure.high) if n is not None]
        low = figure.low if figure.low is not None else given[0]
        best = figure.best if figure.best is not None else given[0]
        high = figure.high if figure.high is not None else given[-1]
        if figure.of is None:
            whole[figure.measure] = Total(low=low, best=best, high=high)
        else:
            sum_ = parts.get(figure.measure)
            parts[figure.measure] = Total(
                low=low + (sum_.low if sum_ else 0),
                best=best + (sum_.best if sum_ else 0),
                high=high + (sum_.high if sum_ else 0),
            )
    return parts | whole
