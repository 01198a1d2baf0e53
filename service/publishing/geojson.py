"""GeoJSON (RFC 7946): a feature for each incident; one without a point has the geometry null.

Its properties are the flat columns of the CSV, which GIS programs read, and beside them ``entry``: the
incident as the JSON answers have it, nested. The collection's own members name the moment (``position``,
``as_of``, ``reported_by``); RFC 7946 allows such foreign members.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from projections.flat import NAMES, row_of
from service.publishing.publication import Entry, Format, Publication, Whence


def feature(entry: Entry, whence: Whence) -> dict[str, object]:
    """An incident as a feature."""
    place = entry["place"]
    has_point = place is not None and place["latitude"] is not None
    flat = dict(zip(NAMES, row_of(entry, whence.address_of(entry["id"])), strict=True))
    return {
        "type": "Feature",
        "id": entry["id"],
        "geometry": {"type": "Point", "coordinates": [place["longitude"], place["latitude"]]}
        if has_point
        else None,
        "properties": {**flat, "entry": entry},
    }


def write(publication: Publication) -> Iterator[bytes]:
    """The collection, a page of features at a time."""
    head = {"type": "FeatureCollection", "title": publication.title, **publication.moment.fields}
    yield orjson.dumps(head)[:-1] + b',"features":['
    before = b""
    for page in publication.parsed_pages():
        features = (orjson.dumps(feature(entry, publication)) for entry in page)
        joined = b",".join(features)
        if joined:
            yield before + joined
            before = b","
    yield b"]}"


FORMAT = Format(
    suffix="geojson", media_type="application/geo+json", title="GeoJSON", incidents=write
)
