"""What is told of an incident as HTML, for readers that show texts as such: every text in it is escaped.

Names may be in any script and direction, so each stands in a ``bdi`` of its own. Long lists are cut and say
so: a reader of one incident's slide doesn't want 100,000 names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from service.publishing.flat import figure_in_words
from service.publishing.publication import Entry, Publication

MOST_NAMED = 20
"""So many of a list are told."""


def isolated(text: str) -> str:
    """A text whose direction leaves what is around it alone."""
    return f"<bdi>{escape(text)}</bdi>"


def link(address: str, text: str) -> str:
    """A link to a web address."""
    return f'<a href="{escape(address)}">{isolated(text)}</a>'


def listed(texts: Iterable[str], between: str = ", ") -> str:
    """Texts one after the other, the first of them if they are many."""
    different = list(dict.fromkeys(texts))
    more = len(different) - MOST_NAMED
    told = between.join(different[:MOST_NAMED])
    return f"{told}{between}and {more} more" if more > 0 else told


def words(term: str) -> str:
    """A term of the vocabulary as words: ``border crossing``."""
    return term.replace("_", " ")


def figures(entry: Entry) -> str:
    """All figures in words; empty: there are none."""
    return listed((isolated(figure_in_words(each)) for each in entry["figures"]), "; ")


def paragraphs(entry: Entry, publication: Publication) -> str:
    """The summary, the figures, where, who, how sure that is, who says so, and where to read more."""
    place = entry["place"]
    told = (
        ("", escape(entry["summary"] or "").replace("\n", "<br>")),
        ("", figures(entry)),
        ("Where: ", isolated(place["name"]) if place else ""),
        ("Who: ", listed(isolated(each["name"]) for each in entry["participants"])),
        ("", _doubts(entry)),
        ("Sources: ", listed(map(_source, entry["sources"]), "; ")),
        ("", link(publication.address_of(entry["id"]), "All accounts")),
    )
    return "".join(f"<p>{before}{text}</p>" for before, text in told if text)


def _doubts(entry: Entry) -> str:
    doubts = [] if entry["status"] == "reported" else [words(entry["status"]).capitalize()]
    if entry["occurred"]["disputed"]:
        doubts.append("Its sources contradict each other on when")
    if any(each["disputed"] for each in entry["figures"]):
        doubts.append("Its sources contradict each other on how many")
    return "".join(f"{doubt}. " for doubt in doubts).rstrip()


def _source(source: Mapping[str, Any]) -> str:
    name = link(source["url"], source["name"]) if source["url"] else isolated(source["name"])
    return f"{name} ({escape(source['published'])})" if source["published"] else name
