"""The axes of charts of counts over time, by month and by series alike."""

from __future__ import annotations

from service.publishing.chart_frame import WIDTH, Json

PLOT, HEIGHT = WIDTH - 70, 400
"""Pixels."""

WITHIN_A_DAY = "utchours(datum.value) + utcminutes(datum.value) > 0"
"""Of a tick that is not at midnight, as some are where there are few days: it would name its day again."""

TIME: Json = {
    # Ticks are at the beginning of years, months or days, whichever fit.
    "labelExpr": f"{WITHIN_A_DAY} ? ''"
    " : utcmonth(datum.value) == 0 && utcdate(datum.value) == 1 ? utcFormat(datum.value, '%Y')"
    " : utcdate(datum.value) == 1 ? utcFormat(datum.value, '%b %Y')"
    " : utcFormat(datum.value, '%-d %b %Y')",
    "labelOverlap": "greedy",
    "labelSeparation": 8,
    "tickCount": 8,
    "grid": False,
}
UPRIGHT: Json = {
    "titleAngle": 0,
    "titleAlign": "left",
    "titleAnchor": "end",
    "titleY": -10,
    "titleX": -30,
}
