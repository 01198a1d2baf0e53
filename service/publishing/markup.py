"""What is told of an incident as HTML, for readers that show texts as such: every text in it is escaped.

Names may be in any script and direction, so each stands in a ``bdi`` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from projections.terms import figure_in_words, listed, words
from service.publishing.publication import Entry, Publication
from service.publishing.words import clean, parts_of, source_in_words


def isolated(text: str) -> str:
    """A text whose direction leaves what is around it alone."""
    return f"<bdi>{escape(text)}</bdi>"


def link(address: str, text: str) -> str:
    """A link to a web address."""
    return f'<a href="{escape(address)}">{isolated(text)}</a>'


def figures(entry: Entry) -> str:
    """All figures in words; empty: there are none."""
    return listed((isolated(figure_in_words(each)) for each in entry["figures"]), "; ")


def paragraphs(entry: Entry, publication: Publication) -> str:
    """The summary, the figures, where, who, how sure that is, who says so, and where to read more."""
    place = entry["place"]
    told = (
        ("", _broken(entry["summary"] or "")),
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


def as_html(entry: Entry, publication: Publication) -> str:
    """What `service.publishing.words.as_text` tells, its sources as links."""
    told = (
        f"Source: {link(each['url'], source_in_words(each))}"
        if each["url"]
        else f"Source: {escape(source_in_words(each))}"
        for each in entry["sources"]
    )
    said, known, sources, data = parts_of(entry, publication, told)
    parts = (map(_broken, said), map(escape, known), sources, map(escape, data))
    paragraphs = ("<br>".join(part) for part in parts)
    return clean("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs if paragraph))


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>")
