"""Search terms as the full-text index understands them.

All words must be there, in any order; ``"quoted words"`` stand together; a word that ends in ``*`` is the
beginning of one. Anything else a user types is a word, never syntax: case and diacritics do not count.
"""

from __future__ import annotations

import re

_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
_WORD = re.compile(r"\w", re.UNICODE)


MOST_TERMS = 20
"""Terms that a search is made of; what follows them is left out."""


class NothingToSearch(ValueError):
    """Raised when a text holds no letter and no digit to search for."""


def match_expression(text: str) -> str:
    """The FTS5 expression for what a user typed. Raises `NothingToSearch`."""
    terms = []
    for match in _TERM.finditer(text):
        phrase, word = match[1], match[2]
        term = phrase if phrase is not None else word.rstrip("*")
        if _WORD.search(term):
            # A doubled quote is FTS5's escape; within quotes nothing is an operator.
            quoted = '"' + term.replace('"', '""') + '"'
            terms.append(quoted + ("*" if word and word.endswith("*") else ""))
    if not terms:
        raise NothingToSearch(text)
    return " ".join(terms[:MOST_TERMS])
