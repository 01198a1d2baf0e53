"""What tests of OGC API - Features share: its requirements, and ways to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from domain.dates import OPEN_FUTURE, OPEN_PAST, day_number

Json = dict[str, Any]
T = TypeVar("T")


def _of(kind: str, names: str) -> set[str]:
    return {f"/req/{kind}/{name}" for name in names.split()}


REQUIREMENTS = {
    *_of("core", "root-op root-success http query-param-unknown query-param-invalid crs84"),
    *_of("core", "api-definition-op api-definition-success conformance-op conformance-success"),
    *_of("core", "fc-md-op fc-md-success fc-md-links fc-md-items fc-md-items-links"),
    *_of("core", "fc-md-extent fc-md-extent-multi sfc-md-op sfc-md-success"),
    *_of("core", "fc-op fc-response fc-links fc-rel-type fc-limit-definition fc-limit-response-1"),
    *_of("core", "fc-bbox-definition fc-bbox-response fc-time-definition fc-time-response"),
    *_of("core", "fc-timeStamp fc-numberMatched fc-numberReturned f-op f-success f-links"),
    *_of("geojson", "definition content"),
    *_of("oas30", "oas-definition-1 oas-definition-2 oas-impl completeness exceptions-codes"),
    *_of("oas30", "security"),
}
"""All requirements of the classes that are claimed."""


def covers(*names: str) -> Callable[[T], T]:
    """Says which requirements a test is of; `test_ogc` finds out whether all are named."""
    assert set(names) <= REQUIREMENTS
    return lambda test: test


GEOJSON = "application/geo+json"
ITEMS = "/ogc/collections/incidents/items"


def got(client: Any, path: str, **parameters: Any) -> Json:
    answer = client.get(path, params=parameters or None)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def hrefs(document: Json, rel: str) -> list[str]:
    return [link["href"] for link in document["links"] if link["rel"] == rel]


def pages(client: Any, path: str, **parameters: Any) -> Iterator[Json]:
    """The pages of a collection's features."""
    page = got(client, path, **parameters)
    yield page
    while following := hrefs(page, "next"):
        page = got(client, following[0])
        yield page


def ids(client: Any, path: str = ITEMS, **parameters: Any) -> list[str]:
    return [
        feature["id"] for page in pages(client, path, **parameters) for feature in page["features"]
    ]


def days(feature: Json) -> tuple[int, int]:
    first, last = (feature["properties"][name] for name in ("earliest", "latest"))
    return (
        day_number(*map(int, first.split("-"))) if first else OPEN_PAST,
        day_number(*map(int, last.split("-"))) if last else OPEN_FUTURE,
    )
