"""JSON-LD 1.1 with the terms of schema.org: an ``Event`` for each incident, and its record beside it.

The context is in the document, so that reading it takes no network. schema.org's Event was made for
concerts: what a source says of one has no place there, nor has the licence of its data. So an event is the
`subjectOf` a ``CreativeWork``, the record that Casus has of it at its permanent address, which has its
`citation`, `license`, `temporalCoverage` (the date in EDTF) and the datasets that it `isBasedOn`. Who takes
part is what the event is `about`, each in a ``Role``: `organizer`, `performer` and `attendee` would say
what sources don't, and `actor` is for people and performing groups. Figures are ``Observation``s of it.

Days are XML Schema's: before the year 1 with a sign, after 9999 with more digits. An end that is open is
left out, and the `description` says so. The last nodes are the datasets that were named, with their terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from projections.datasets import ShownDataset
from projections.terms import words
from service.publishing.publication import Entry, Format, Publication, gathered
from service.publishing.words import as_text, country_name, datasets_of, keywords

Node = dict[str, Any]

CONTEXT: Node = {
    # With http, as in schema.org's own context: the terms are to be the same as everybody's.
    "@vocab": "http://schema.org/",
    **{term: {"@type": "Date"} for term in ("startDate", "endDate")},
    "dateModified": {"@type": "DateTime"},
    **{term: {"@type": "@id"} for term in ("url", "isBasedOn", "isPartOf")},
    "figures": {"@reverse": "observationAbout"},
}
"""The context of the document. `datePublished` stays text: a source's may be uncertain."""


def write(publication: Publication) -> Iterator[bytes]:
    """The context and a node for the whole, then an incident after the other, and their datasets."""
    return gathered(_pieces(publication))


def _pieces(publication: Publication) -> Iterator[bytes]:
    head = orjson.dumps({"@context": CONTEXT})[:-1]
    yield b'%b,"@graph":[%b' % (head, orjson.dumps(_whole(publication)))
    named: dict[str, ShownDataset] = {}
    for page in publication.parsed_pages():
        for entry in page:
            yield b"," + orjson.dumps(event(entry, publication))
            named |= {each.id: each for each in datasets_of(entry, publication)}
    for _, each in sorted(named.items()):
        yield b"," + orjson.dumps(_dataset(each, publication))
    yield b"]}"


def event(entry: Entry, publication: Publication) -> Node:
    """An incident as an event."""
    occurred, place = entry["occurred"], entry["place"]
    return _given(
        {
            "@id": f"urn:uuid:{entry['id']}",
            "@type": "Event",
            "name": entry["title"],
            "description": as_text(entry, publication),
            "startDate": _day(occurred["earliest"]),
            "endDate": _day(occurred["latest"]),
            "keywords": keywords(entry),
            "location": _place(place) if place else None,
            "about": [
                *(_actor(each, publication) for each in entry["participants"]),
                *map(_country, entry["countries"]),
            ],
            "figures": [_figure(each) for each in entry["figures"]],
            "subjectOf": _record(entry, publication),
        }
    )


def _record(entry: Entry, publication: Publication) -> Node:
    datasets = datasets_of(entry, publication)
    address = publication.address_of(entry["id"], entry["position"])
    return _given(
        {
            "@id": address,
            "@type": "CreativeWork",
            "url": address,
            "version": str(entry["revision"]),
            "creativeWorkStatus": entry["status"],
            "dateModified": entry["recorded_at"],
            "temporalCoverage": entry["occurred"]["edtf"],
            "citation": list(map(_citation, entry["sources"])),
            "license": [_license(each.license) for each in datasets if each.license],
            "isBasedOn": [_dataset_id(each.id, publication) for each in datasets],
            "isPartOf": publication.address,
        }
    )


def _citation(source: Mapping[str, Any]) -> Node:
    return _given(
        {
            "@type": "CreativeWork",
            "publisher": {"@type": "Organization", "name": source["name"]},
            "provider": source["via"] and {"@type": "Organization", "name": source["via"]},
            "url": source["url"],
            "datePublished": source["published"],
        }
    )


def _actor(participant: Mapping[str, Any], publication: Publication) -> Node:
    actor = participant["actor"]
    address = f"{publication.origin}/v1/actors/{actor}"
    who = {"@id": address, "@type": "Thing", "name": participant["name"], "identifier": actor}
    return _role(who, participant["role"])


def _country(country: Mapping[str, Any]) -> Node:
    code = country["code"]
    what = {"@type": "Country", "name": country_name(code), "identifier": code}
    return _role(what, country["role"])


def _role(of: Node, name: str) -> Node:
    return {"@type": "Role", "roleName": words(name), "about": of}


def _place(place: Mapping[str, Any]) -> Node:
    address = _given(
        {
            "@type": "PostalAddress",
            "addressCountry": place["country"],
            "addressRegion": place["admin1"],
            "addressLocality": place["admin2"],
        }
    )
    point = place["latitude"] is not None
    return _given(
        {
            "@type": "Place",
            "name": place["name"],
            "description": place["description"],
            "address": address if len(address) > 1 else None,
            "geo": {
                "@type": "GeoCoordinates",
                "latitude": place["latitude"],
                "longitude": place["longitude"],
            }
            if point
            else None,
        }
    )


def _figure(figure: Mapping[str, Any]) -> Node:
    return _given(
        {
            "@type": "Observation",
            "measuredProperty": words(figure["measure"]),
            "unitText": figure["of"],
            "minValue": figure["low"],
            "value": figure["best"],
            "maxValue": figure["high"],
        }
    )


def _whole(publication: Publication) -> Node:
    moment = publication.moment
    return _given(
        {
            "@id": publication.address,
            "@type": "Dataset",
            "name": publication.title,
            "description": f"Incidents as Casus has recorded them, at {moment}.",
            "url": publication.address,
            "version": str(moment.position),
            "dateModified": moment.as_of,
        }
    )


def _dataset(dataset: ShownDataset, publication: Publication) -> Node:
    return _given(
        {
            "@id": _dataset_id(dataset.id, publication),
            "@type": "Dataset",
            "name": dataset.title,
            "license": dataset.license and _license(dataset.license),
            "citation": dataset.citation,
            "url": dataset.url,
        }
    )


def _dataset_id(dataset: str, publication: Publication) -> str:
    return f"{publication.origin}/v1/datasets/{dataset}"


def _license(text: str) -> Node:
    is_address = text.startswith(("https://", "http://"))
    return {"@id": text} if is_address else {"@type": "CreativeWork", "name": text}


def _day(iso: str | None) -> str | None:
    """A day as XML Schema writes it, which needs no letter before a long year."""
    return iso and iso.removeprefix("Y")


def _given(node: Node) -> Node:
    """A node without the properties that have no value."""
    return {name: value for name, value in node.items() if value not in (None, [], "")}


FORMAT = Format(suffix="jsonld", media_type="application/ld+json", title="JSON-LD", incidents=write)
