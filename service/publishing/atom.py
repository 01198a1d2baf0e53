"""Atom (RFC 4287): the incidents that were reported or changed last, and those that left (RFC 6721).

The newest in the log comes first, whenever it happened, and each incident is there once: as an entry, or
as a tombstone (``at:deleted-entry``) with the reason if it was retracted, is merged into another, or is no
longer what the feed is of. An entry's ``updated`` is when the log last changed it, and never moves back
along the feed; ``published`` is when the log first heard of it. Its links: the incident as it was then, for
good; `via`, where its sources say so. Points are GeoRSS.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

import orjson

from service.publishing.markup import as_html
from service.publishing.publication import Format, Publication, gathered, with_suffix
from service.publishing.words import clean, how_it_left, keywords, rights_of
from service.reading.recent import Latest

LATEST = 100
"""The incidents of a feed, unless another number is asked for."""

EPOCH = "1970-01-01T00:00:00Z"
"""When a log was changed in which there is nothing yet."""

_NAMESPACES = {
    "xmlns": "http://www.w3.org/2005/Atom",
    "xmlns:at": "http://purl.org/atompub/tombstones/1.0",
    "xmlns:georss": "http://www.georss.org/georss",
}


class _Writer:
    """XML, written on and on."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._xml = XMLGenerator(self._text, "utf-8", short_empty_elements=True)
        self._xml.startDocument()

    def start(self, name: str, **attributes: str) -> None:
        """Begin an element."""
        cleaned = {key: clean(value) for key, value in attributes.items()}
        self._xml.startElement(name, AttributesImpl(cleaned))

    def end(self, name: str) -> None:
        """End an element."""
        self._xml.endElement(name)

    def element(self, name: str, text: str | None = None, **attributes: str) -> None:
        """A whole element."""
        self.start(name, **attributes)
        if text is not None:
            self._xml.characters(clean(text))
        self.end(name)

    def written(self) -> bytes:
        """What was written since this was asked last."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode()


def write(publication: Publication) -> Iterator[bytes]:
    """The feed's own elements, then an incident after the other."""
    return gathered(_pieces(publication))


def _pieces(publication: Publication) -> Iterator[bytes]:
    latest = publication.recent(publication.limit or LATEST)
    newest = next(latest, None)
    updated = newest.recorded_at if newest else publication.moment.as_of or EPOCH
    xml = _Writer()
    _begin(xml, publication, updated)
    for each in chain([newest] if newest else [], latest):
        if each.left is None:
            _entry(xml, each, publication)
        else:
            _tombstone(xml, each, publication)
        yield xml.written()
    xml.end("feed")
    yield xml.written()


def feed_id(publication: Publication) -> str:
    """The id of a feed, for as long as it is asked for by the same address."""
    return uuid5(NAMESPACE_URL, publication.live).urn


def entry_id(incident: str) -> str:
    """The id of an incident, in whichever feed."""
    return f"urn:uuid:{incident}"


def _begin(xml: _Writer, publication: Publication, updated: str) -> None:
    xml.start("feed", **_NAMESPACES)
    xml.element("id", feed_id(publication))
    xml.element("title", publication.title)
    xml.element("subtitle", "Incidents as Casus has recorded them, the last change first.")
    xml.element("updated", updated)
    xml.element("link", rel="self", type=_KIND, href=publication.live)
    # Without its media type: readers follow no other alternate than what may be a page.
    xml.element("link", rel="alternate", href=with_suffix(publication.live, "json"))
    xml.element("link", rel="canonical", type=_KIND, href=publication.address)
    xml.element("generator", "Casus")
    xml.start("author")
    xml.element("name", "Casus")
    xml.element("uri", publication.origin)
    xml.end("author")


def _entry(xml: _Writer, latest: Latest, publication: Publication) -> None:
    entry = orjson.loads(latest.entry)
    xml.start("entry")
    xml.element("id", entry_id(entry["id"]))
    xml.element("title", entry["title"])
    xml.element("updated", latest.recorded_at)
    xml.element("published", latest.first_recorded_at)
    address = publication.address_of(entry["id"], latest.position)
    xml.element("link", rel="alternate", href=address)
    for source in entry["sources"]:
        if source["url"]:
            xml.element("link", rel="via", href=source["url"], title=source["name"])
    for keyword in keywords(entry):
        xml.element("category", term=keyword)
    place = entry["place"]
    if place and place["latitude"] is not None:
        xml.element("georss:point", f"{place['latitude']} {place['longitude']}")
    if rights := "\n".join(rights_of(entry, publication)):
        xml.element("rights", rights)
    xml.element("content", as_html(entry, publication), type="html")
    xml.end("entry")


def _tombstone(xml: _Writer, latest: Latest, publication: Publication) -> None:
    entry = orjson.loads(latest.entry)
    address = publication.address_of(entry["id"], latest.position)
    xml.start("at:deleted-entry", ref=entry_id(entry["id"]), when=latest.recorded_at)
    # Without a link of its own: a reader that knows no tombstones would take it for the feed's.
    xml.element("at:comment", f"{entry['title']}: {how_it_left(latest)}; see {address}")
    xml.end("at:deleted-entry")


_KIND = "application/atom+xml"

FORMAT = Format(suffix="atom", media_type=_KIND, title="Atom", incidents=write)
