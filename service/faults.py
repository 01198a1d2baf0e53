"""Faults of shape, as pydantic finds them, told in the words and paths of Casus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.checks import Fault, Path
from domain.text import LINE_PATTERN, SLUG_PATTERN, TEXT_PATTERN

MOST_FAULTS = 100
"""How many faults one answer names; a last one says how many more there are."""

_PATTERNS = {
    LINE_PATTERN: "it is blank or holds a control character (a line break, a tab, NUL)",
    TEXT_PATTERN: "it holds a control character other than a line break or a tab",
    SLUG_PATTERN: "an id is lower-case letters, digits and single hyphens, such as 'afghan-army'",
}
_PLAIN = {
    "extra_forbidden": "there is no such field",
    "unexpected_keyword_argument": "there is no such field",
    "missing": "this field is required",
    "missing_argument": "this field is required",
    "missing_keyword_only_argument": "this field is required",
    "string_unicode": "it is not UTF-8",
}
_ESCAPES = {
    "\\": "\\\\",
    "'": "\\'",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def faults_of_validation(error: ValidationError) -> tuple[Fault, ...]:
    """The faults that pydantic found, in the order in which it found them."""
    return faults_of_errors(error.errors(include_url=False))


def faults_of_errors(errors: Sequence[Any]) -> tuple[Fault, ...]:
    """The same, for errors as pydantic and FastAPI list them."""
    # A list whose items are at fault is called too short as well, since none of them counted.
    at_fault = {tuple(each["loc"][:n]) for each in errors for n in range(len(each["loc"]))}
    errors = [e for e in errors if e["type"] != "too_short" or tuple(e["loc"]) not in at_fault]
    faults = [Fault(tuple(each["loc"]), _message(each)) for each in errors[:MOST_FAULTS]]
    if len(errors) > MOST_FAULTS:
        faults.append(Fault((), f"and {len(errors) - MOST_FAULTS} more"))
    return tuple(faults)


def fault_of(kind: TypeAdapter[Any], value: object) -> str:
    """Why a value is not of a kind, such as `domain.text.Line`; empty if it is."""
    try:
        kind.validate_python(value)
    except ValidationError as error:
        return "; ".join(fault.message for fault in faults_of_validation(error))
    return ""


def in_words(faults: Iterable[Fault]) -> str:
    """Faults in one line, each with its path."""
    return "; ".join(f"{json_path(each.path)}: {each.message}" for each in faults)


def json_path(path: Path) -> str:
    """A path as RFC 9535 writes it: ``$.figures[0].low``, ``$['odd name']``.

    What a terminal or a page would not show, or would obey, is escaped: names come from whoever sends them.
    """
    parts = ["$"]
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif _PLAIN_NAME.fullmatch(part):
            parts.append(f".{part}")
        else:
            shown = part if len(part) <= 60 else part[:60] + "…"
            parts.append(f"['{''.join(map(_escaped, shown))}']")
    return "".join(parts)


def _escaped(character: str) -> str:
    if escape := _ESCAPES.get(character):
        return escape
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _message(error: dict[str, Any]) -> str:
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, ValueError) and error["type"] == "value_error":
        return str(cause)
    if plain := _PLAIN.get(error["type"]):
        return plain
    match error["type"]:
        case "json_invalid":
            return f"this is not JSON: {context.get('error', error['msg'])}"
        case "too_short":
            return f"too few items: at least {context['min_length']} needed"
        case "string_pattern_mismatch":
            return _PATTERNS.get(context.get("pattern", ""), str(error["msg"]))
        case _:
            return str(error["msg"])
