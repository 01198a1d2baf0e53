"""Series as lines, each with a band where its numbers are uncertain: from the lowest to the highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from projections.terms import words
from service.publishing.chart_axes import HEIGHT, PLOT, TIME, UPRIGHT
from service.publishing.chart_frame import (
    PALETTE,
    Chart,
    Json,
    as_of,
    empty,
    narrowed_by,
    plain,
    shortened,
    whose_data,
    window_of,
)
from service.publishing.publication import Group, SeriesPublication

LINES = len(PALETTE)
"""Groups that are drawn at most: those with the largest sums."""

_NAME = 36
"""Columns of a name in the legend."""

_MARKED = 40
"""Periods up to which each has a dot."""


def lines(publication: SeriesPublication) -> Chart:
    """The lines of a series."""
    groups = sorted(
        publication.groups, key=lambda group: -sum(point.high for point in group.points)
    )[:LINES]
    total = len(publication.groups)
    asked = publication.asked
    measure = words(str(asked["measure"]))
    drawn = ""
    if total > len(groups):
        drawn = f"{len(groups)} of {total:,} groups, those with the largest sums"
    periods = len(groups[0].points) if groups else 0
    chart = Chart(
        title=f"{publication.title[:1].upper()}{publication.title[1:]}, by {asked['interval']}",
        summary=[
            "; ".join(filter(None, [window_of(publication), narrowed_by(publication), drawn])),
            _counted_as(asked["match"]),
            f"{as_of(publication)}. Periods are UTC.",
        ],
        notes=whose_data(publication.credited()),
        view={},
        rows=[
            {
                "key": group.key or "",
                "name": plain(group.name),
                "start": point.start,
                "low": point.low,
                "best": point.best,
                "high": point.high,
            }
            for group in publication.groups  # in the order of the CSV
            if group in groups
            for point in group.points
        ],
        parse={
            **dict.fromkeys(("key", "name", "start"), "string"),
            **dict.fromkeys(("low", "best", "high"), "number"),
        },
    )
    if not periods:
        return empty(chart)
    keys = [group.key or "" for group in groups]
    names = _names(groups)
    colour: Json = {
        "field": "label",
        "type": "nominal",
        "scale": {"domain": names, "range": list(PALETTE[: len(names)])},
        "legend": None,
    }
    if len(names) > 1:
        colour["legend"] = {
            "orient": "top",
            "title": None,
            "columns": 4,
            "symbolType": "stroke",
            "symbolStrokeWidth": 3,
            "symbolOpacity": 1,
        }
    x = {
        "field": "begins",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {**TIME, "title": None},
    }
    y: Json = {
        "type": "quantitative",
        "axis": {"title": measure, "format": ",d", "tickMinStep": 1, **UPRIGHT},
    }
    has_band = any(point.low != point.high for group in groups for point in group.points)
    layers: list[Json] = [
        {
            "mark": {
                "type": "line",
                "strokeWidth": 2.2,
                "point": {"size": 42, "filled": True} if periods <= _MARKED else False,
            },
            "encoding": {
                "x": x,
                "y": {"field": "best", **y},
                "color": colour,
                "description": {"field": "said", "type": "nominal"},
                "tooltip": {"field": "said", "type": "nominal"},
            },
        },
    ]
    notes = list(chart.notes)
    if has_band:
        layers.insert(
            0,
            {
                "mark": {"type": "area", "opacity": 0.18, "line": False},
                "encoding": {
                    "x": x,
                    "y": {"field": "low", **y},
                    "y2": {"field": "high"},
                    "color": colour,
                },
            },
        )
        notes.insert(0, "Line: the best estimate. Band: from the lowest to the highest.")
    return replace(
        chart,
        notes=notes,
        view={
            "width": PLOT,
            "height": HEIGHT,
            "transform": [
                {"calculate": f"indexof({keys!r}, datum.key || '')", "as": "group"},
                {"filter": "datum.group >= 0"},
                {"calculate": f"{names!r}[datum.group]", "as": "label"},
                {"calculate": "time(toDate(replace(datum.start, /^'?-/, '-00')))", "as": "begins"},
                {
                    "calculate": "datum.label + ', ' + datum.start + ': ' + datum.best + ' ('"
                    " + datum.low + ' to ' + datum.high + ')'",
                    "as": "said",
                },
            ],
            "layer": layers,
        },
    )


def _names(groups: Sequence[Group]) -> list[str]:
    """Short names of groups; those that are called the same have their keys with them."""
    names = [shortened(group.name, _NAME) for group in groups]
    return [
        name if names.count(name) == 1 else f"{name} ({group.key})"
        for name, group in zip(names, groups, strict=True)
    ]


def _counted_as(match: str | None) -> str:
    return (
        "Incidents whose date is uncertain count in every period that it reaches into"
        if match == "possible"
        else "Incidents count in the one period that their date lies within"
    )
