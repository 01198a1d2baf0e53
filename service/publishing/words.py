"""An incident in words, for formats that people read: calendars, feeds, search engines.

What columns of numbers say of themselves has to be said here: that a date is uncertain or open, that a
figure is a range, that sources disagree, who they are, and on which terms their data may be used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from domain.countries import UnknownCountry, find_country
from domain.vocabulary import Status
from projections.datasets import ShownDataset
from projections.terms import figure_in_words, listed, words
from service.publishing.publication import Entry, Publication
from service.publishing.when import in_words, is_plain
from service.reading.differences import Kind
from service.reading.recent import Latest

_FORBIDDEN = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write; carriage returns as well, which its readers take for line ends."""

_TURNS = re.compile(
    "[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]"
)
_ISOLATE, _POP = "\u2068", "\u2069"


def clean(text: str) -> str:
    """A text without the characters that no XML can have."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def isolated_text(text: str) -> str:
    """A text for the middle of a sentence: one from right to left does not turn what stands around it.

    Unicode Standard Annex 9: a first strong isolate, which ends what the text has left open as well.
    """
    return f"{_ISOLATE}{text}{_POP}" if _TURNS.search(text) else text


def date_in_words(occurred: Mapping[str, Any]) -> str:
    """When: ``About June 2021 (EDTF: 2021-06~). It lies within 2021-06-01 to 2021-06-30.``"""
    edtf, earliest, latest = (occurred[name] for name in ("edtf", "earliest", "latest"))
    when = in_words(edtf)
    said = [f"{when[0].upper()}{when[1:]}" + ("." if is_plain(edtf) else f" (EDTF: {edtf}).")]
    if earliest is None or latest is None:
        said.append(f"It has no known {'first' if earliest is None else 'last'} day.")
    elif earliest != latest and not is_plain(edtf):
        said.append(f"It lies within {earliest} to {latest}.")
    if occurred["disputed"]:
        said.append("Sources disagree on when.")
    return " ".join(said)


def place_in_words(place: Mapping[str, Any]) -> str:
    """Where: the place's name, its district, province and country."""
    parts = [place["name"], place["admin2"], place["admin1"], country_name(place["country"])]
    return ", ".join(dict.fromkeys(isolated_text(part) for part in parts if part))


@lru_cache(maxsize=1_024)
def country_name(code: str | None) -> str | None:
    """The name of a country by its code; the code itself where it is nobody's any longer."""
    try:
        return find_country(code).name if code else None
    except UnknownCountry:
        return code


def source_in_words(source: Mapping[str, Any]) -> str:
    """Who says so, through whom, and when that was published."""
    via = f" via {isolated_text(source['via'])}" if source["via"] else ""
    published = f", {source['published']}" if source["published"] else ""
    return f"{isolated_text(source['name'])}{via}{published}"


def facts(entry: Entry) -> Iterator[str]:
    """What is known of it: a sentence or two of when, where, who, how many, and how sure that is."""
    yield date_in_words(entry["occurred"])
    if place := entry["place"]:
        rough = place["precision"] not in (None, "exact")
        yield place_in_words(place) + (f" ({place['precision']})." if rough else ".")
    if entry["participants"]:
        names = (
            isolated_text(each["name"])
            + (f" ({words(each['role'])})" if each["role"] != "unspecified" else "")
            for each in entry["participants"]
        )
        yield f"{listed(names, '; ')}."
    if entry["figures"]:
        yield f"{listed(map(_figure, entry['figures']), '; ')}."
    status = Status(entry["status"])
    yield f"{status.capitalize()}: {status.definition}"


def _figure(figure: Mapping[str, Any]) -> str:
    told = figure_in_words({**figure, "of": figure["of"] and isolated_text(figure["of"])})
    told += " (sources disagree)" if figure["disputed"] else ""
    return told + (" (the source contradicts itself)" if figure["inconsistent"] else "")


def keywords(entry: Entry) -> list[str]:
    """Its type, in words, and the codes of its countries."""
    codes = (each["code"] for each in entry["countries"])
    return list(dict.fromkeys([words(entry["type"]), *codes]))


def datasets_of(entry: Entry, publication: Publication) -> list[ShownDataset]:
    """The datasets that an incident rests on."""
    known = publication.datasets
    return [known[each] for each in entry["datasets"] if each in known]


def rights_of(entry: Entry, publication: Publication) -> Iterator[str]:
    """For each dataset that it rests on: its name, its licence, how to cite it."""
    for each in datasets_of(entry, publication):
        parts = [each.title, each.license, each.citation]
        yield ". ".join(part.rstrip(".") for part in parts if part) + "."


def as_text(entry: Entry, publication: Publication) -> str:
    """All of it as running text: summary, facts, sources with their addresses, rights."""
    told = (
        f"Source: {source_in_words(each)}" + (f", {each['url']}" if each["url"] else "")
        for each in entry["sources"]
    )
    paragraphs = ("\n".join(each) for each in parts_of(entry, publication, told))
    return clean("\n\n".join(paragraph for paragraph in paragraphs if paragraph))


def parts_of(
    entry: Entry, publication: Publication, sources: Iterable[str]
) -> tuple[Iterable[str], Iterable[str], Iterable[str], Iterable[str]]:
    """The parts of a text about it, each of several lines: summary, facts, sources as given, rights."""
    said = (entry["summary"],) if entry["summary"] else ()
    rights = (f"Data: {each}" for each in rights_of(entry, publication))
    return said, facts(entry), sources, rights


def how_it_left(latest: Latest) -> str:
    """Why an incident is no longer on a timeline."""
    match latest.left:
        case Kind.RETRACTED:
            return "it is retracted"
        case Kind.MERGED:
            return f"it is the same as incident {latest.survivor}"
    return "it is no longer one of these"
