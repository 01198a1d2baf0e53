"""GDELT's Mentions: the articles that mention an event, each a further account of it.

A row of Mentions 2.0 has 16 columns and no header. It tells who published and when; what happened is what
the event's own row says. A mention is known by the event, the document, and where in it the event stands,
because GDELT has the same event twice in one document.

Left out: what GDELT says of its own reading (confidence, tone, length, translation).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from service.imports.format import BadRow, Cells, Format, ToldMore, line
from service.imports.formats.gdelt_sources import (
    EVENT_ID,
    GDELT,
    day_of,
    event_id,
    source_of,
)

_LAYOUT = (
    EVENT_ID,
    "EventTimeDate",
    "MentionTimeDate",
    "MentionType",
    "MentionSourceName",
    "MentionIdentifier",
    "SentenceID",
    "Actor1CharOffset",
    "Actor2CharOffset",
    "ActionCharOffset",
    "InRawText",
    "Confidence",
    "MentionDocLen",
    "MentionDocTone",
    "MentionDocTranslationInfo",
    "Extras",
)
_WHICH = (
    "MentionTimeDate",
    "MentionIdentifier",
    "SentenceID",
    "Actor1CharOffset",
    "Actor2CharOffset",
    "ActionCharOffset",
)
"""What tells one mention of an event from another."""


def tell(cells: Cells) -> ToldMore:
    """The source of a mention. Raises `BadRow`."""
    incident = event_id(cells)
    published = day_of(cells, "MentionTimeDate")
    if published is None:
        raise BadRow("it is empty", "MentionTimeDate")
    which = "\t".join([cells[column].strip() for column in _WHICH])
    digest = blake2b(which.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return ToldMore(incident, f"{incident}:{digest}", _source(cells), published.isoformat())


def _source(cells: Cells) -> dict[str, Any]:
    """The document: a web address, or the citation of one that is not on the web, with its collection."""
    source = source_of(cells["MentionIdentifier"])
    if "via" not in source:
        raise BadRow("it is empty: there is no telling which document it is", "MentionIdentifier")
    collection = line(cells["MentionSourceName"])
    if "url" not in source and collection and not source["name"].startswith(collection):
        source["name"] = line(f"{collection}: {source['name']}")
    return source


def _looks_like(cells: tuple[str, ...]) -> bool:
    return (
        len(cells) == len(_LAYOUT)
        and cells[0].strip().isdecimal()
        and all(len(cell.strip()) == 14 and cell.strip().isdecimal() for cell in cells[1:3])
    )


MENTIONS = Format(
    name="gdelt-mentions",
    asked_as="gdelt",
    title="GDELT Mentions 2.0",
    dataset=GDELT,
    columns={
        EVENT_ID: (),
        "MentionSourceName": (),
        **dict.fromkeys(_WHICH, ()),
    },
    required=frozenset({EVENT_ID, "MentionTimeDate", "MentionIdentifier"}),
    tell=tell,
    layouts={len(_LAYOUT): _LAYOUT},
    looks_like=_looks_like,
    is_excerpt=True,
)
