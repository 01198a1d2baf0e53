"""Terms of the vocabulary, figures and lists in words, as plain text, for formats of any kind.

Long lists are cut and say so: a reader of one incident doesn't want 100,000 names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MOST_NAMED = 20
"""So many of a list are told."""


def words(term: str) -> str:
    """A term of the vocabulary as words: ``border crossing``."""
    return term.replace("_", " ")


def listed(texts: Iterable[str], between: str = ", ") -> str:
    """Texts one after the other, the first of them if they are many."""
    different = list(dict.fromkeys(texts))
    more = len(different) - MOST_NAMED
    told = between.join(different[:MOST_NAMED])
    return f"{told}{between}and {more} more" if more > 0 else told


def figure_in_words(figure: Mapping[str, Any]) -> str:
    """A figure: ``killed 3 to 5 civilians``, ``crossed at least 130``."""
    low, best, high = figure["low"], figure["best"], figure["high"]
    if low is not None and high is not None and low != high:
        number = f"{low} to {high}" + (f" ({best})" if best is not None else "")
    elif best is not None or low == high:
        number = str(low if best is None else best)
    else:
        number = f"at least {low}" if high is None else f"at most {high}"
    of = f" {figure['of']}" if figure["of"] else ""
    return f"{words(figure['measure'])} {number}{of}"
