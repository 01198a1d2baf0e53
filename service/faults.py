"""Faults of shape, as pydantic finds them, told in the words and paths of Casus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from domain.checks import Fault, Path
from domain.errors import DomainError
from domain.text import LINE_PATTERN, SLUG_PATTERN, TEXT_PATTERN

MOST_FAULTS = 100
"""How many faults one answer names; a last one says how many more there are."""

_PATTERNS = {
    LINE_PATTERN: "it is blank or holds a control character (a line break, a tab, NUL)",
    TEXT_PATTERN: "it holds a control character other than a line break or a tab",
    SLUG_PATTERN: "an id is lower-case letters, digits and single hyphens, such as 'afghan-army'",
}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def faults_of_validation(error: ValidationError) -> tuple[Fault, ...]:
    """The faults that pydantic found, in the order in which it found them."""
    return faults_of_errors(error.errors(include_url=False))


def faults_of_errors(errors: Sequence[Any]) -> tuple[Fault, ...]:
    """The same, for errors as pydantic and FastAPI list them."""
    faults = [Fault(tuple(each["loc"]), _message(each)) for each in errors[:MOST_FAULTS]]
    if len(errors) > MOST_FAULTS:
        faults.append(Fault((), f"and {len(errors) - MOST_FAULTS} more"))
    return tuple(faults)


def json_path(path: Path) -> str:
    """A path as RFC 9535 writes it: ``$.figures[0].low``, ``$['odd name']``."""
    parts = ["$"]
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif _PLAIN_NAME.fullmatch(part):
            parts.append(f".{part}")
        else:
            shown = part if len(part) <= 60 else part[:60] + "…"
            escaped = shown.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"['{escaped}']")
    return "".join(parts)


def _message(error: dict[str, Any]) -> str:
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, DomainError):
        return str(cause)
    match error["type"]:
        case "json_invalid":
            return f"this is not JSON: {context.get('error', error['msg'])}"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return "there is no such field"
        case "missing" | "missing_keyword_only_argument" | "missing_argument":
            return "this field is required"
        case "string_pattern_mismatch":
            return _PATTERNS.get(context.get("pattern", ""), str(error["msg"]))
        case _:
            return str(error["msg"])
