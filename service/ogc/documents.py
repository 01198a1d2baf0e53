"""The documents of the standard but for features: landing page, conformance, collections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from domain.countries import COUNTRIES
from domain.dates import iso_of_day
from service.api.parameters import Clocks
from service.publishing.formats import FORMATS
from service.reading.extents import Extent

Json = dict[str, Any]

ALL = "incidents"
"""The id of the collection of all incidents; those of countries are their alpha-3 codes in lower case."""

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"

CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
    for name in ("core", "oas30", "geojson")
)

ENCLOSED = ("geojson", "parquet", "csv")
"""The formats in which a whole collection is offered beside its pages."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is, at the moment that was asked for: links keep the clocks that are fixed."""

    origin: str
    clocks: Mapping[str, str]

    @classmethod
    def of(cls, origin: str, query: Clocks) -> Addresses:
        """The addresses for who asked so."""
        position, as_of, reported_by = query.clocks
        given = {"position": position, "as_of": as_of, "reported_by": reported_by}
        return cls(origin, {name: str(value) for name, value in given.items() if value is not None})

    def ogc(self, path: str = "", **parameters: str | int) -> str:
        """An address under ``/ogc``."""
        return self._with(f"{self.origin}/ogc{path}", parameters)

    def service(self, path: str, **parameters: str | int) -> str:
        """An address of the service."""
        return self._with(f"{self.origin}{path}", parameters)

    def _with(self, address: str, parameters: Mapping[str, str | int]) -> str:
        query = urlencode({**self.clocks, **parameters})
        return f"{address}?{query}" if query else address


def link(rel: str, kind: str, title: str, href: str) -> Json:
    """A link as the standard writes it."""
    return {"href": href, "rel": rel, "type": kind, "title": title}


def landing_page(at: Addresses) -> Json:
    """Where everything else is."""
    return {
        "title": "Casus",
        "description": "Dated conflict incidents, as they stand or as they stood at any earlier point.",
        "links": [
            link("self", JSON, "This page", at.ogc()),
            link("service-desc", OPENAPI, "The API's definition", at.ogc("/api")),
            link("service-doc", HTML, "The API, to try out", at.ogc("/api.html")),
            link("conformance", JSON, "What it conforms to", at.ogc("/conformance")),
            link("data", JSON, "The collections", at.ogc("/collections")),
        ],
    }


def conformance() -> Json:
    """The classes of requirements that are met."""
    return {"conformsTo": list(CONFORMANCE)}


def collections(extents: Iterable[tuple[str | None, Extent]], at: Addresses) -> Json:
    """All collections: of all incidents, whose country is None, and of countries."""
    return {
        "links": [link("self", JSON, "The collections", at.ogc("/collections"))],
        "collections": [collection(country, extent, at) for country, extent in extents],
    }


def collection(country: str | None, extent: Extent, at: Addresses) -> Json:
    """A collection: what is in it, and where and when that is."""
    name = id_of(country)
    title = COUNTRIES[country].name if country else "All incidents"
    timeline = f"/v1/countries/{country}/timeline" if country else "/v1/incidents"
    path = f"/collections/{name}"
    description = (
        f"The incidents that concern {title}: that happened there, that its state took part in, or"
        " that reached across its border."
        if country
        else "The incidents of all countries, and those of none."
    )
    return {
        "id": name,
        "title": title,
        "description": description,
        "itemType": "feature",
        "crs": [CRS84],
        "extent": _extent(extent),
        "links": [
            link("self", JSON, title, at.ogc(path)),
            link("items", GEOJSON, f"{title}: the features", at.ogc(f"{path}/items")),
            link("describedby", SCHEMA, "What features have", at.ogc(f"{path}/schema")),
            *(
                link(
                    "enclosure",
                    FORMATS[suffix].media_type,
                    f"{title}: the whole, as {FORMATS[suffix].title}",
                    at.service(f"{timeline}.{suffix}"),
                )
                for suffix in ENCLOSED
            ),
        ],
    }


def id_of(country: str | None) -> str:
    """The id of a collection."""
    return country.lower() if country else ALL


def _extent(extent: Extent) -> Json:
    """An extent; without any point it has no box, without any incident nothing."""
    found: Json = {}
    if extent.box:
        found["spatial"] = {"bbox": [list(extent.box)], "crs": CRS84}
    if extent.incidents:
        interval = [
            _instant(extent.first_day, "T00:00:00Z"),
            _instant(extent.last_day, "T23:59:59Z"),
        ]
        found["temporal"] = {"interval": [interval], "trs": GREGORIAN}
    return found


def _instant(day: int | None, time: str) -> str | None:
    """An RFC 3339 instant of a day; null where it has none, or none with a year of four digits."""
    if day is None:
        return None
    iso = iso_of_day(day)
    return f"{iso}{time}" if iso[0].isdigit() else None
