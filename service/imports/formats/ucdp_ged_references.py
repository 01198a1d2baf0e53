"""What a row of GED cites, as references, and back to the four texts of the file.

``source_office``, ``source_date`` and ``source_headline`` are lists with ";" between their items, and
``source_article`` is as a rule the same once more: ``"office,date,headline";"office,date,headline"``. So
that a headline may hold a semicolon itself, which only the quotes of ``source_article`` tell. Of this are
made

- one reference for each publication: its name, its title, its day;
- after them ``source_article`` as a ``text``, where these do not give it back; older rows have no more;
- or, where the lists cannot be taken apart, all four texts as the lines of one ``text``.

White space is collapsed in all of it. A text of more than 20,000 characters goes on in further references.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from domain.values import Reference
from service.imports.format import LONGEST_LINE, LONGEST_TEXT

MOST = 150
"""Publications that are told apart; an account holds 200 references, and long texts need some."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def references_of(
    offices: str, dates: str, headlines: str, article: str
) -> tuple[list[dict[str, Any]], int]:
    """The references of a row as JSON has them, given its four texts, and how many are publications."""
    offices, dates, headlines, article = map(_flat, (offices, dates, headlines, article))
    if not (offices or dates or headlines):
        return _verbatim(article), 0
    names, days = offices.split(";"), dates.split(";")
    titles = _titles(names, days, headlines, article)
    if titles is None:
        return _verbatim("\n".join((offices, dates, headlines, article))), 0
    references = []
    for name, title, day in zip(names, titles, days, strict=True):
        reference = {"published": day}
        if name:
            reference["name"] = name
        if title:
            reference["title"] = title
        references.append(reference)
    if article != _article(names, days, titles):
        return references + _verbatim(article), len(names)
    return references, len(names)


def texts_of(references: Sequence[Reference]) -> tuple[str, str, str, str]:
    """The four texts that references were made of: offices, dates, headlines and article."""
    text = "".join(reference.text for reference in references if reference.text)
    if "\n" in text:
        offices, dates, headlines, article = text.split("\n", 3)
        return offices, dates, headlines, article
    told = publications_of(references)
    if not told:
        return "", "", "", text
    names = [reference.name or "" for reference in told]
    days = [reference.published or "" for reference in told]
    titles = [reference.title or "" for reference in told]
    article = text or _article(names, days, titles)
    return ";".join(names), ";".join(days), ";".join(titles), article


def publications_of(references: Sequence[Reference]) -> list[Reference]:
    """Those references that are publications with their parts."""
    return [reference for reference in references if reference.text is None]


def _titles(names: list[str], days: list[str], headlines: str, article: str) -> list[str] | None:
    """The headlines one by one. None if the lists do not go together."""
    if not len(names) == len(days) <= MOST or not all(map(_is_day, days)):
        return None
    for name in names:
        if len(name) > LONGEST_LINE or name.isspace():
            return None
    titles = headlines.split(";")
    if len(titles) != len(names):
        pieces = article[1:-1].split('";"')
        if len(pieces) != len(names):
            return None
        titles = [
            piece.removeprefix(f"{name},{day},")
            for name, day, piece in zip(names, days, pieces, strict=True)
        ]
        if ";".join(titles) != headlines:
            return None
    return None if max(map(len, titles)) > LONGEST_TEXT else titles


def _article(names: list[str], days: list[str], titles: list[str]) -> str:
    together = zip(names, days, titles, strict=True)
    return ";".join([f'"{name},{day},{title}"' for name, day, title in together])


def _verbatim(text: str) -> list[dict[str, Any]]:
    return [{"text": text[i : i + LONGEST_TEXT]} for i in range(0, len(text), LONGEST_TEXT)]


def _flat(text: str) -> str:
    """A text on one line, however long."""
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    return " ".join(_CONTROL.sub(" ", text).split())


@lru_cache(maxsize=20_000)
def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
