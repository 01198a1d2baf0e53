"""The incidents of a timeline by month, as bars.

A bar counts the incidents that certainly were in its month and, paler, on top of them those that may have
been: all whose date reaches into it. The truth of a month lies between the two, as with ``match`` in
``/v1/series``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from domain.dates import month_of_day
from domain.edtf import span
from service.publishing.chart_axes import HEIGHT, PLOT, TIME, UPRIGHT
from service.publishing.chart_frame import (
    BLUE,
    NOTHING,
    Chart,
    Credits,
    Json,
    as_of,
    asked_of,
    count,
    empty,
    is_within_reach,
    narrowed_by,
)
from service.publishing.publication import Publication

LONGEST = 1_200
"""Months that a date may reach over and still count, paler, in each of them."""


def months(publication: Publication) -> Chart:
    """The incidents of a timeline by month."""
    credit, spans, number, undated = Credits(publication.datasets), Counter[_Months](), 0, 0
    for entry in publication.entries():
        number += 1
        credit.add(entry)
        if (found := _months(entry["occurred"]["earliest"], entry["occurred"]["latest"])) is None:
            undated += 1
        else:
            spans[found] += 1
    left_out = f"{undated:,} with open or very long dates are not counted" if undated else ""
    chart = Chart(
        title=f"{publication.title}: by month",
        summary=[
            "; ".join(
                filter(None, [count(number, "incident"), left_out, narrowed_by(publication)])
            ),
            f"{as_of(publication)}. Months are UTC.",
        ],
        notes=[
            "Dark: certainly in that month. Pale: may have been, for the date reaches into it; such"
            " an incident is in several months.",
            *credit.lines(),
        ],
        view={},
        rows=[
            {"earliest": f"{first}-01", "latest": f"{last}-01", "incidents": total}
            for (first, last), total in sorted(spans.items())
        ],
        parse={"earliest": "string", "latest": "string"},
    )
    if not spans:
        return empty(chart, "No incident that matches has a date to count" if number else NOTHING)
    reach = _number(max(last for _, last in spans)) - _number(min(first for first, _ in spans))
    return _by_month(chart, _within(publication), are_thin=reach * 5 > PLOT)


_Months = tuple[str, str]
"""The first and the last month of a date: ``("2021-06", "2021-07")``."""


def _months(earliest: str | None, latest: str | None) -> _Months | None:
    """None for a date that is open, of no four-digit year, or longer than `LONGEST`."""
    if not earliest or not latest or len(earliest) != 10 or len(latest) != 10:
        return None
    first, last = earliest[:7], latest[:7]
    return (first, last) if _number(last) - _number(first) < LONGEST else None


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def _within(publication: Publication) -> str:
    """An expression that holds for months within the window that was asked for."""
    asked = asked_of(publication)
    bounds = []
    for name, sign in (("from", ">="), ("to", "<=")):
        if name in asked:
            found = span(asked[name])
            day = found.earliest if name == "from" else found.latest
            if is_within_reach(day):
                bounds.append(f"datum.month {sign} {month_of_day(day)}")
    return " && ".join(bounds) or "true"


def _by_month(chart: Chart, within: str, *, are_thin: bool) -> Chart:
    month = "toNumber(substring(datum.{0}, 0, 4)) * 12 + toNumber(substring(datum.{0}, 5, 7)) - 1"
    transform: list[Json] = [
        # Of a date that is open, or of a year that has not four digits.
        {"filter": "length(datum.earliest || '') == 10 && length(datum.latest || '') == 10"},
        {"calculate": month.format("earliest"), "as": "first"},
        {"calculate": month.format("latest"), "as": "last"},
        {"filter": f"datum.last - datum.first < {LONGEST}"},
        {"calculate": "isValid(datum.incidents) ? datum.incidents : 1", "as": "each"},
        {"calculate": "datum.first == datum.last ? 'certain' : 'possible'", "as": "dating"},
        {"calculate": "sequence(datum.first, datum.last + 1)", "as": "month"},
        {"flatten": ["month"]},
        {"filter": within},
        {
            "aggregate": [{"op": "sum", "field": "each", "as": "total"}],
            "groupby": ["month", "dating"],
        },
        {
            "stack": "total",
            "groupby": ["month"],
            "sort": [{"field": "dating", "order": "ascending"}],
            "as": ["from", "till"],
        },
        {"calculate": "utc(floor(datum.month / 12), datum.month % 12, 1)", "as": "begins"},
        {"calculate": "utc(floor(datum.month / 12), datum.month % 12 + 1, 1)", "as": "ends"},
        {
            "calculate": "utcFormat(datum.begins, '%Y-%m') + ': ' + datum.total + ' ' + datum.dating",
            "as": "said",
        },
    ]
    dating: Json = {
        "field": "dating",
        "type": "nominal",
        "scale": {"domain": ["certain", "possible"], "range": [BLUE, "#b5d3e8"]},
        "legend": {"orient": "top", "title": None, "symbolType": "square"},
    }
    view: Json = {
        "width": PLOT,
        "height": HEIGHT,
        "transform": transform,
        "mark": {"type": "rect", "strokeWidth": 0.8, "opacity": 1},
        "encoding": {
            "x": {
                "field": "begins",
                "type": "temporal",
                "scale": {"type": "utc"},
                "axis": {**TIME, "title": None},
            },
            "x2": {"field": "ends"},
            "y": {
                "field": "from",
                "type": "quantitative",
                "axis": {"title": "incidents", "format": ",d", "tickMinStep": 1, **UPRIGHT},
            },
            "y2": {"field": "till"},
            "fill": dating,
            "stroke": dating if are_thin else {"value": "white"},
            "description": {"field": "said", "type": "nominal"},
            "tooltip": {"field": "said", "type": "nominal"},
        },
    }
    return replace(chart, view=view)
