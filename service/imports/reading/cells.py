"""Values of JSON and of workbooks as the text of cells."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any


def cell_text(value: Any) -> str:
    """A value as a cell has it: nothing is the empty text, dates are ISO 8601, what is nested is JSON."""
    return _TEXTS.get(type(value), str)(value)


def number_text(number: float | Decimal) -> str:
    """A number as the shortest text that stands for it: ``53`` for 53.0, ``34.5`` for 34.50."""
    short = float(number)
    if short.is_integer() and abs(short) < 1e15 and short == number:
        return str(int(short))
    text = repr(short)
    if isinstance(number, Decimal) and Decimal(text) != number:
        return str(number)
    return text


def _json(value: Any) -> str:
    if isinstance(value, dict):
        members = (f"{_json(name)}:{_json(each)}" for name, each in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return cell_text(value) if type(value) in _NUMBERS else json.dumps(value, ensure_ascii=False)


_NUMBERS = frozenset({int, float, Decimal})
_TEXTS: dict[type, Callable[[Any], str]] = {
    str: str,
    type(None): lambda _: "",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: number_text,
    Decimal: number_text,
    dict: _json,
    list: _json,
    datetime.datetime: lambda moment: moment.isoformat().removesuffix("T00:00:00"),
    datetime.date: datetime.date.isoformat,
    datetime.time: datetime.time.isoformat,
}
