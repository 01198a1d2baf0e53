"""Series month by month over all years: of one country, and of all countries, now and in the past.

There is a revision for every four incidents. The one country is the one with the most of them, a quarter of
all. Every answer is asked for once: nothing is answered from what was answered before.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from domain.dates import day_number, iso_of_day
from tests.benchmarks.ged import Ged
from tests.benchmarks.load import Client
from tests.benchmarks.report import Measured
from tests.benchmarks.servers import casus_server
from tests.benchmarks.store import Store

ASKED = 30
"""Answers that a median is of."""

MEASURES = ("incidents", "killed")
_FIRST_DAY, _LAST_DAY = day_number(1992, 1, 1), day_number(2022, 12, 31)


def measure_series(store: Store) -> list[Measured]:
    """The latency of the slowest kind of series: of either measure, at any kind of moment."""
    store = store.revised
    casus = store.open()
    head = casus.log.head
    casus.close()
    countries = Counter(
        template.account.place.country
        for template in Ged.read().templates
        if template.account.place
    )
    ((country, _),) = countries.most_common(1)
    return [
        _measure(
            "series of a country",
            store,
            head,
            [("", {"country": country})],
            f"of one country, {country}",
            20,
        ),
        _measure(
            "series of all",
            store,
            head,
            [("together", {}), ("each", {"group_by": "country"})],
            "of all countries, together or each",
            200,
        ),
    ]


def _measure(  # noqa: PLR0917
    name: str,
    store: Store,
    head: int,
    selections: Sequence[tuple[str, dict[str, str]]],
    what: str,
    reach: float,
) -> Measured:
    medians: dict[str, float] = {}
    with casus_server(store) as server:
        for groups, selection in selections:
            for measure in MEASURES:
                for moment, clocks in _moments(head):
                    asked = [
                        f"{server.address}/v1/series?"
                        f"{urlencode({**selection, 'measure': measure, **each})}"
                        for each in clocks
                    ]
                    taken = Client(asked).latencies(ASKED)
                    which = " ".join(filter(None, (measure, groups, moment)))
                    medians[which] = statistics.median(taken) * 1e3
    slowest = max(medians, key=lambda which: medians[which])
    return Measured(
        name=name,
        what=f"a month-by-month series {what}, now and in the past",
        against="a fixed mark",
        value=medians[slowest],
        reach=reach,
        at_least=False,
        unit="ms",
        ours=slowest,
        note="medians in ms: " + "; ".join(f"{which}: {ms:.1f}" for which, ms in medians.items()),
    )


def _moments(head: int) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Kinds of moments, and as many different ones of each as are asked for."""
    positions = [head * number // (ASKED + 1) for number in range(1, ASKED + 1)]
    step = (_LAST_DAY - _FIRST_DAY) // ASKED
    days = [iso_of_day(_FIRST_DAY + number * step) for number in range(ASKED)]
    yield "now", [{"position": head - number} for number in range(ASKED)]
    yield "at past positions", [{"position": each} for each in positions]
    yield "as reported by past days", [{"reported_by": each} for each in days]
    yield (
        "at past positions as reported by past days",
        [{"position": p, "reported_by": d} for p, d in zip(positions, days, strict=True)],
    )
