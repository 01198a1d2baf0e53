"""Citations: what a reader needs to find and to credit what was published, as it was published.

In words, as BibTeX, which LaTeX reads, and as CSL-JSON (Citation Style Language 1.0), which Zotero, Pandoc
and citeproc read. Everything in one follows from the permanent address cited: it never changes. Whose data
it is follows from the incidents cited: the datasets that they rest on, and no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from pydantic import Field

from projections.datasets import DatasetHead, ShownDataset
from service.publishing.when import MONTHS
from service.reading.clocks import Moment

Kind = Literal["timeline", "search", "incident", "series"]

STYLES: Mapping[str, str] = MappingProxyType(
    {"bib": "application/x-bibtex", "csl.json": "application/vnd.citationstyles.csl+json"}
)
"""The media types of citations for programs, by their suffixes."""

_CSL_TYPES: Mapping[Kind, str] = MappingProxyType({"incident": "entry"})
"""An incident is an entry of a database; all else a dataset."""

# Braces count for BibTeX even where they are escaped: only commands keep them balanced.
_TEX = str.maketrans(
    {character: f"\\{character}" for character in "#$%&_"}
    | {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)
_IN_A_URL = "%:/?#[]@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedDataset(DatasetHead):
    """A dataset that incidents cited rest on."""

    incidents: Annotated[int, Field(ge=1, description="How many of the incidents cited do.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """What is cited: its kind and title, when and where it was read, and what is in it.

    `name` is a short name of it, for a key: ``AFG``. `url` has its position fixed.
    """

    kind: Kind
    name: str
    title: str
    moment: Moment
    url: str
    incidents: int
    datasets: Sequence[CitedDataset]

    @property
    def address(self) -> str:
        """The address, with whatever has no place in one encoded, as a client may have left it."""
        return quote(self.url, safe=_IN_A_URL)

    @property
    def key(self) -> str:
        """A key for bibliographies: of one address always the same, of another one another."""
        digest = blake2b(self.url.encode(), digest_size=4).hexdigest()
        return f"casus-{self.name.lower()}-{self.moment.position}-{digest}"

    @property
    def date(self) -> tuple[int, int, int] | None:
        """The day on which its position was recorded (UTC); None before the first record."""
        if self.moment.as_of is None:
            return None
        year, month, day = map(int, self.moment.as_of[:10].split("-"))
        return year, month, day


class _Rests(msgspec.Struct):
    """What an entry rests on; all else of it is passed over unread."""

    datasets: tuple[str, ...]


_HEAD = tuple(each.name for each in fields(DatasetHead))
_DECODE = msgspec.json.Decoder(_Rests).decode


def counted(
    pages: Iterable[Sequence[bytes]], datasets: Mapping[str, ShownDataset]
) -> tuple[int, tuple[CitedDataset, ...]]:
    """How many entries there are in pages of them, and the datasets that these rest on, by id."""
    incidents = 0
    counts: Counter[str] = Counter()
    for page in pages:
        incidents += len(page)
        for entry in page:
            counts.update(_DECODE(entry).datasets)
    return incidents, tuple(
        CitedDataset(**{name: getattr(datasets[slug], name) for name in _HEAD}, incidents=count)
        for slug, count in sorted(counts.items())
        if slug in datasets
    )


def in_words(cited: Cited) -> str:
    """The citation as a sentence or two: what, when, where, and whose data is in it."""
    found = f"Casus, “{cited.title}” ({_what(cited)}), {_when(cited)}. {cited.address}"
    return f"{found} {_credits(cited)}" if cited.datasets else found


def bibtex(cited: Cited) -> str:
    """The citation as an entry of BibTeX, in UTF-8."""
    fields = {
        "title": f"{{{_tex(cited.title)}}}",
        "author": "{Casus}",
        "howpublished": _tex(f"Casus, {_what(cited)}"),
        "version": f"position {cited.moment.position}",
        "url": cited.address,
        "note": _tex(_note(cited)),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    if cited.date:
        year, month, _ = cited.date
        lines.insert(2, f"  year = {{{year}}},\n  month = {MONTHS[month - 1][:3].lower()},")
    return "\n".join([f"@misc{{{cited.key},", *lines, "}", ""])


def csl(cited: Cited) -> dict[str, Any]:
    """The citation as an item of CSL-JSON."""
    item = {
        "id": cited.key,
        "type": _CSL_TYPES.get(cited.kind, "dataset"),
        "title": cited.title,
        "author": [{"literal": "Casus"}],
        "container-title": "Casus",
        "genre": _what(cited),
        "version": f"position {cited.moment.position}",
        "URL": cited.address,
        "note": _note(cited),
    }
    return item | ({"issued": {"date-parts": [list(cited.date)]}} if cited.date else {})


def _what(cited: Cited) -> str:
    """What kind of thing it is, and how much of it."""
    if cited.kind == "incident":
        return "incident"
    number = "1 incident" if cited.incidents == 1 else f"{cited.incidents} incidents"
    return f"{cited.kind} of {number}"


def _when(cited: Cited) -> str:
    """The moment, in words."""
    position = f"position {cited.moment.position} of the log"
    if cited.date:
        year, month, day = cited.date
        recorded = f"recorded on {day} {MONTHS[month - 1]} {year}"
    else:
        recorded = "before its first record"
    reported = cited.moment.reported_by_text
    return ", ".join(filter(None, [position, recorded, reported and f"as reported by {reported}"]))


def _note(cited: Cited) -> str:
    when = f"As of {_when(cited)}."
    return f"{when} {_credits(cited)}" if cited.datasets else when


def _credits(cited: Cited) -> str:
    """Whose data it is: of each dataset its title, its licence, and how it asks to be named."""
    return f"Data: {' '.join(map(_credit, cited.datasets))}"


def _credit(dataset: CitedDataset) -> str:
    terms = [dataset.title, dataset.license, dataset.citation]
    return " ".join(f"{_line(term).removesuffix('.')}." for term in terms if term)


def _line(text: str) -> str:
    return " ".join(text.split())


def _tex(text: str) -> str:
    """Text as TeX shows it as it stands, on one line."""
    return _line(text).translate(_TEX)
