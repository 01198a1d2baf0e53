"""A mapping file as plain lists, texts and fields: YAML without its surprises.

Every value is the text that stands there. In YAML itself ``country: NO`` is false and ``2021-06-22`` a
date; a value twice under one name keeps the last in silence; a few anchors are gigabytes. Here the first
two are texts, and the others are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeAlias

import yaml

from domain.checks import Fault, Faulty

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree] | None"
"""What a file holds. A field with nothing after it is None."""

LONGEST_FILE, DEEPEST, MOST_NODES = 200_000, 12, 20_000


def read_yaml(text: str) -> Tree:
    """The tree that a text in YAML is. Raises `Faulty`, naming line and column."""
    if len(text) > LONGEST_FILE:
        raise Faulty((Fault((), f"a mapping has at most {LONGEST_FILE:,} characters"),))
    try:
        events = yaml.parse(text, Loader=yaml.SafeLoader)
        tree = _Reader(events).tree()
    except yaml.MarkedYAMLError as error:
        where = _where(error.problem_mark)
        problem = error.problem or error.context or "it cannot be read"
        raise Faulty((Fault((), f"{where}this is not YAML: {problem}"),)) from None
    except yaml.YAMLError as error:
        raise Faulty((Fault((), f"this is not YAML: {str(error).splitlines()[0]}"),)) from None
    return tree


class _Mark(Protocol):
    line: int
    column: int


def _where(mark: _Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


class _Reader:
    """Builds the tree from the parser's events, without recursion: depth is counted, and bounded."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._open: list[list[Tree] | dict[str, Tree]] = []
        self._names: list[str | None] = []
        self._nodes = 0
        self._tree: Tree = None
        self._documents = 0

    def tree(self) -> Tree:
        for event in self._events:
            self._take(event)
        return self._tree

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                _refuse(event, "a mapping is one document; take out the ---")
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _refuse(event, "anchors (&) and aliases (*) are not used; put quotes around the text")
        elif isinstance(event, yaml.ScalarEvent):
            self._add(event, event.value if event.value or event.style else None)
        elif isinstance(event, yaml.CollectionStartEvent):
            value: list[Tree] | dict[str, Tree]
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._add(event, value)
            self._open.append(value)
            self._names.append(None)
            if len(self._open) > DEEPEST:
                _refuse(event, f"fields are at most {DEEPEST} deep in each other")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._names.pop()

    def _add(self, event: yaml.Event, value: Tree) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            _refuse(event, f"a mapping has at most {MOST_NODES:,} values")
        if not self._open:
            self._tree = value
            return
        container = self._open[-1]
        if isinstance(container, list):
            container.append(value)
            return
        name = self._names[-1]
        if name is None:
            if not isinstance(value, str):
                _refuse(event, "the name of a field is a text")
            elif value in container:
                _refuse(event, f"the field {value!r} stands here twice")
            else:
                self._names[-1] = value
            return
        container[name] = value
        self._names[-1] = None


def _refuse(event: yaml.Event, reason: str) -> None:
    raise Faulty((Fault((), f"{_where(event.start_mark)}{reason}"),))
