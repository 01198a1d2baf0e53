"""The marks of a timeline: bars, dots and triangles, computed from columns of the CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.publishing.chart_axes import WITHIN_A_DAY
from service.publishing.chart_frame import PLAIN_TITLE, Json, cut_pairs
from service.publishing.when import CERTAIN

DOT = 9
"""Pixels across a dot, and a bar's height."""

OTHERS = "other types"

_MOST_HALVES = 32
"""Of a title with emoji: as many as have room for certain."""

_DAY = 86_400_000
_BEYOND = 2 * _DAY


@dataclass(frozen=True, slots=True)
class Time:
    """The axis of time: from the beginning of its first day to the end of its last, over so many pixels."""

    first: int
    last: int
    pixels: int

    @property
    def domain(self) -> tuple[int, int]:
        """In milliseconds since 1970."""
        return self.first * _DAY, (self.last + 1) * _DAY

    def at(self, day: int) -> float:
        """The pixel at which a day begins."""
        days = self.last + 1 - self.first
        return (min(max(day, self.first), self.last + 1) - self.first) / days * self.pixels


def placed(time: Time, kinds: Sequence[str]) -> list[Json]:
    """What is computed of each row of the CSV; the other types are put together.

    The parameter ``tops`` has the middle of each row's marks, in pixels from the top.
    """
    first, end = time.domain

    def day(field: str) -> str:
        return (
            f"(test(/^Y-/, datum.{field}) ? {first - _BEYOND} : test(/^Y/, datum.{field})"
            f" ? {end + _BEYOND} : time(toDate(replace(datum.{field}, /^'?-/, '-00'))))"
        )

    return [
        {"window": [{"op": "row_number", "as": "number"}]},
        {"calculate": "tops[datum.number - 1]", "as": "y"},
        {"calculate": PLAIN_TITLE, "as": "label"},
        {"calculate": cut_pairs(_MOST_HALVES), "as": "label"},
        {"calculate": "replace(datum.occurred, /^'/, '')", "as": "date"},
        {
            "calculate": f"indexof({list(kinds)!r}, datum.type) < 0 ? '{OTHERS}'"
            " : replace(datum.type, /_/g, ' ')",
            "as": "kind",
        },
        {
            "calculate": f"datum.earliest ? {day('earliest')} : {first - _BEYOND}",
            "as": "begins",
        },
        {
            "calculate": f"datum.latest ? {day('latest')} + {_DAY} : {end + _BEYOND}",
            "as": "ends",
        },
        {"calculate": f"clamp(datum.begins, {first}, {end})", "as": "from"},
        {"calculate": f"clamp(datum.ends, {first}, {end})", "as": "till"},
        {"calculate": "(datum.from + datum.till) / 2", "as": "middle"},
        {
            "calculate": f"datum.ends - datum.begins <= {_DAY}"
            f" || (datum.till - datum.from) * {time.pixels} < {DOT * (end - first)}",
            "as": "is_short",
        },
        {
            "calculate": f"!test(/^({CERTAIN})$/, datum.date)",
            "as": "is_uncertain",
        },
        {"calculate": "datum.label + ' (' + datum.date + ', ' + datum.kind + ')'", "as": "said"},
        {"calculate": f"datum.y - {DOT / 2}", "as": "top"},
        {"calculate": f"datum.y + {DOT / 2}", "as": "bottom"},
    ]


def marks(time: Time, height: int, colour: Json) -> list[Json]:
    """Bars, dots and what reaches beyond the axis."""
    days = time.last + 1 - time.first
    form = "%-d %b %Y" if days <= 400 else "%b %Y" if days <= 1_800 else "%Y"
    first, end = time.domain
    within = f"datum.begins >= {first} && datum.ends <= {end}"
    scale = {"type": "utc", "domain": {"expr": f"[{first}, {end}]"}, "nice": False}
    axis = {
        "orient": "top",
        "labelExpr": f"{WITHIN_A_DAY} ? '' : utcFormat(datum.value, '{form}')",
        "tickCount": 6,
        "title": None,
        "labelOverlap": True,
        "labelFlush": True,
        "grid": True,
        "zindex": 0,
    }

    def x(field: str) -> Json:
        return {"field": field, "type": "temporal", "scale": scale, "axis": axis}

    drawn: Json = {
        "fill": colour,
        "stroke": colour,
        "fillOpacity": {"condition": {"test": "datum.is_uncertain", "value": 0.12}, "value": 0.9},
        "href": {"field": "url", "type": "nominal"},
        "description": {"field": "said", "type": "nominal"},
        "tooltip": {"field": "said", "type": "nominal"},
    }
    beyond = [
        ("triangle-left", f"datum.begins < {first}", "from", -6),
        ("triangle-right", f"datum.ends > {end}", "till", 6),
    ]
    beyond_marks: list[Json] = [
        {
            "transform": [{"filter": test}],
            "mark": {
                "type": "point",
                "shape": shape,
                "size": 60,
                "opacity": 1,
                "xOffset": offset,
            },
            "encoding": {"x": x(field), "y": pixels("y", height), **drawn},
        }
        for shape, test, field, offset in beyond
    ]
    return [
        {
            "transform": [{"filter": "!datum.is_short"}],
            "mark": {"type": "rect", "cornerRadius": 3, "strokeWidth": 1.2, "opacity": 1},
            "encoding": {
                "x": x("from"),
                "x2": {"field": "till"},
                "y": pixels("top", height),
                "y2": {"field": "bottom"},
                **drawn,
            },
        },
        {
            "transform": [{"filter": f"datum.is_short && {within}"}],
            "mark": {
                "type": "point",
                "shape": "circle",
                "size": 65,
                "strokeWidth": 1.2,
                "opacity": 1,
            },
            "encoding": {"x": x("middle"), "y": pixels("y", height), **drawn},
        },
        *beyond_marks,
    ]


def pixels(field: str, height: int) -> Json:
    """A field of pixels from the top."""
    scale = {"domain": [0, height], "reverse": True, "nice": False, "zero": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": None}
