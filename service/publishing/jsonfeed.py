"""JSON Feed 1.1: the incidents that were reported or changed last; see `service.publishing.atom`.

The format knows no deletion, and a reader would show what is not so as news: who has left is not among the
items. The feed's extension ``_casus`` has them under ``removed``, and the moment; an item's has what only
programs want: the incident as the JSON answers have it, and the rights in its data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from service.publishing.atom import LATEST, entry_id
from service.publishing.markup import as_html
from service.publishing.publication import Format, Publication, gathered, with_suffix
from service.publishing.words import as_text, clean, datasets_of, how_it_left, keywords
from service.reading.recent import Latest

VERSION = "https://jsonfeed.org/version/1.1"


def write(publication: Publication) -> Iterator[bytes]:
    """The feed's own members, then an item after the other, and last who has left."""
    return gathered(_pieces(publication))


def _pieces(publication: Publication) -> Iterator[bytes]:
    limit = publication.limit or LATEST
    head = {
        "version": VERSION,
        "title": clean(publication.title),
        "description": "Incidents as Casus has recorded them, the last change first.",
        "home_page_url": with_suffix(publication.live, "json"),
        "feed_url": publication.live,
        "authors": [{"name": "Casus", "url": publication.origin}],
        "language": "en",
    }
    yield orjson.dumps(head)[:-1] + b',"items":['
    left, before = 0, b""
    for each in publication.recent(limit):
        if each.left is None:
            yield before + orjson.dumps(item(each, publication))
            before = b","
        else:
            left += 1
    moment = {**publication.moment.fields, "permanent_url": publication.address}
    yield b'],"_casus":%b,"removed":[' % orjson.dumps(moment)[:-1]
    before = b""
    # Read once more, so that none of them is held meanwhile.
    for each in publication.recent(limit) if left else ():
        if each.left is not None:
            yield before + orjson.dumps(removed(each))
            before = b","
    yield b"]}}"


def item(latest: Latest, publication: Publication) -> dict[str, Any]:
    """An incident as an item."""
    entry = orjson.loads(latest.entry)
    addresses = [source["url"] for source in entry["sources"] if source["url"]]
    return {
        "id": entry_id(entry["id"]),
        "url": publication.address_of(entry["id"], latest.position),
        **({"external_url": addresses[0]} if addresses else {}),
        "title": clean(entry["title"]),
        "content_html": as_html(entry, publication),
        "content_text": as_text(entry, publication),
        "date_published": latest.first_recorded_at,
        "date_modified": latest.recorded_at,
        "tags": keywords(entry),
        "_casus": {
            "position": latest.position,
            "incident": entry,
            "rights": [
                {
                    "dataset": each.id,
                    "title": each.title,
                    "license": each.license,
                    "citation": each.citation,
                    "url": each.url,
                }
                for each in datasets_of(entry, publication)
            ],
        },
    }


def removed(latest: Latest) -> dict[str, Any]:
    """An incident that has left: which, since when, and why."""
    return {
        "id": entry_id(orjson.loads(latest.entry)["id"]),
        "position": latest.position,
        "date_removed": latest.recorded_at,
        "change": latest.left,
        "into": latest.survivor,
        "comment": how_it_left(latest),
    }


FORMAT = Format(
    suffix="feed.json", media_type="application/feed+json", title="JSON Feed", incidents=write
)
