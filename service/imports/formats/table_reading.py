"""Reading a mapping file, and holding it to a sheet's header: every fault is named with its path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from domain.checks import Fault, Faulty, Path
from domain.countries import UnknownCountry, find_country
from domain.vocabulary import IncidentType, Status
from service.faults import MOST_FAULTS, faults_of_errors
from service.imports.formats.table_mapping import TableMapping, columns_of
from service.imports.formats.table_yaml import Tree, read_yaml
from service.imports.reading.headers import plain

_ADAPTER = TypeAdapter(TableMapping)
_UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
_CONTAINERS = {
    "dataclass_type": "here stand fields, each with its name",
    "dict_type": "here stand values, each with what it stands for",
    "tuple_type": "here stands a list: each item on a line that begins with -",
    "string_type": "here stands a text",
}
_WORDS = frozenset({*IncidentType, *Status})


def read_mapping(text: str) -> TableMapping:
    """The mapping that a text in YAML is. Raises `Faulty` with every fault and its path."""
    tree = read_yaml(text)
    if not isinstance(tree, dict):
        raise Faulty((Fault((), f"a mapping has the fields {_listed(_names(TableMapping))}"),))
    given = _without_empty(tree)
    try:
        mapping = _ADAPTER.validate_python(given)
    except ValidationError as error:
        raise Faulty(tuple(_faults(error, given))) from None
    if faults := tuple(_of_wholes(mapping)):
        raise Faulty(faults)
    return mapping


def check_columns(mapping: TableMapping, header: Sequence[str]) -> None:
    """Raise `Faulty`, naming each column that the mapping names and the sheet has not."""
    known = {plain(name): name for name in header if name.strip()}
    faults = tuple(
        Fault(path, f"the sheet has no column {name!r}{_column_hint(name, known)}")
        for path, name in columns_of(mapping)
        if plain(name) not in known
    )
    if faults:
        raise Faulty(faults)


def _column_hint(name: str, known: dict[str, str]) -> str:
    if near := difflib.get_close_matches(plain(name), known, n=1, cutoff=0.6):
        return f"; did you mean {known[near[0]]!r}?"
    try:
        constant = name in _WORDS or bool(find_country(name))
    except UnknownCountry:
        constant = False
    if constant:
        return f"; what is the same for all rows is written {{constant: {name}}}"
    return f"; it has {_listed(list(known.values()))}"


def _without_empty(tree: Tree) -> Any:
    """A tree without the fields that have nothing after them."""
    if isinstance(tree, dict):
        return {name: _without_empty(value) for name, value in tree.items() if value is not None}
    return [_without_empty(value) for value in tree] if isinstance(tree, list) else tree


def _faults(error: ValidationError, given: Any) -> Iterator[Fault]:
    errors = error.errors(include_url=False)
    for each in errors[:MOST_FAULTS]:
        loc: Path = tuple(each["loc"])
        yield Fault(_as_written(loc, given), _message(each, loc))
    if len(errors) > MOST_FAULTS:
        yield Fault((), f"and {len(errors) - MOST_FAULTS} more")


def _message(error: Any, loc: Path) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _UNKNOWN:
        names = _names(_class_at(loc[:-1]))
        near = difflib.get_close_matches(str(loc[-1]), names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {_listed(names)}"
        return f"there is no such field; {hint}"
    if kind in ("enum", "literal_error"):
        words = re.findall(r"'([^']*)'", context["expected"])
        near = difflib.get_close_matches(str(error["input"]).casefold(), words, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        listed = " ".join(map(repr, words)) if kind == "literal_error" else _listed(words)
        return f"{_shown(error['input'])} is none of {listed}{hint}"
    if kind in _CONTAINERS:
        return _CONTAINERS[kind]
    return faults_of_errors([error])[0].message


def _as_written(loc: Path, given: Any) -> Path:
    """The path in the file: a plain text stands for a field or a list of its own."""
    path: list[str | int] = []
    for position, part in enumerate(loc):
        if isinstance(given, dict):
            path.append(part)
            if part not in given:
                return (*path, *loc[position + 1 :])
            given = given[part]
        elif isinstance(given, list):
            if isinstance(part, int) and part < len(given):
                path.append(part)
                given = given[part]
        else:
            break
    return tuple(path)


def _of_wholes(mapping: TableMapping) -> Iterator[Fault]:
    """What no single field can tell."""
    spellings: dict[str, str] = {}
    for path, name in columns_of(mapping):
        before = spellings.setdefault(plain(name), name)
        if before != name:
            yield Fault(path, f"this column is written {before!r} elsewhere; write it in one way")
    counted: dict[tuple[str, str | None], int] = {}
    for index, figure in enumerate(mapping.figures):
        first = counted.setdefault((figure.measure, figure.of), index)
        if first != index:
            reason = (
                f"figures[{first}] counts {figure.measure} of the same people; say of whom each is"
            )
            yield Fault(("figures", index), reason)
    tables = {
        ("type", "values"): mapping.type.values,
        ("status", "values"): mapping.status.values if mapping.status else None,
        ("countries",): mapping.countries,
    }
    for path, values in tables.items():
        seen: dict[str, str] = {}
        for value in values or ():
            before = seen.setdefault(" ".join(value.casefold().split()), value)
            if before != value:
                yield Fault((*path, value), f"it is the same cell as {before!r}; keep one")


@cache
def _names(class_: type) -> list[str]:
    return [field.name.rstrip("_") for field in fields(class_)]


def _class_at(path: Path) -> type:
    """The dataclass whose fields stand at a path of a mapping."""
    found: type = TableMapping
    for part in path:
        if not isinstance(part, int):
            hints = get_type_hints(found)
            inner = _dataclass_in(hints.get(part, hints.get(f"{part}_")))
            found = inner or found
    return found


def _dataclass_in(hint: Any) -> type | None:
    origin = get_origin(hint)
    if is_dataclass(origin if isinstance(origin, type) else hint):
        return origin if isinstance(origin, type) else hint
    return next(filter(None, map(_dataclass_in, get_args(hint))), None)


def _listed(words: Sequence[str]) -> str:
    shown = list(words[:40])
    return ", ".join(shown) + (f" and {len(words) - 40} more" if len(words) > 40 else "")


def _shown(given: object) -> str:
    return repr(given if len(str(given)) <= 60 else str(given)[:60] + "…")
