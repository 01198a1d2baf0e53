"""Features: pages of a collection, and each by its id.

A page has no ``timeStamp``. The standard lets it be left out, and where it is there it is the time of the
answer: the bytes at a permanent address would be others each time. ``as_of`` says what they are as of.
"""

from __future__ import annotations

import re

import orjson
from starlette.requests import Request
from starlette.responses import Response

from domain.dates import iso_of_day
from domain.vocabulary import Status
from service.api.answers import Answer, origin, url_of
from service.api.context import casus_of, moment_of, start_of
from service.api.incidents import no_such_incident, stream_of
from service.api.parameters import Clocks
from service.api.timelines import next_page
from service.bootstrap import Casus
from service.ogc.documents import GEOJSON, JSON, Addresses, Json, id_of, link
from service.ogc.parameters import FARTHEST, MOST, ItemsQuery
from service.publishing.geojson import feature
from service.publishing.publication import Entry, Whence
from service.reading import Page
from service.reading.clocks import Moment
from service.reading.selection import PageEnd, Selection


def items_answer(
    request: Request, query: ItemsQuery, country: str | None, at: Addresses
) -> Response | None:
    """The page of features that a query asks for; None if there is no such collection. Raises `Problem`."""
    casus = casus_of(request)
    selection = query.selection_of(country)
    scope = f"{request.scope['path']}{selection!r}{query.clocks!r}"
    moment, after = start_of(casus, query, scope, int, int)
    answer = Answer(request, moment, fixed=query.fixed)
    if unchanged := answer.not_modified():
        return unchanged
    page = _page(casus, selection, moment, query, PageEnd(*after) if after else None)
    if not page.items and country and casus.reader.extents.of_country(country, moment) is None:
        return None
    own = url_of(request, request.scope["query_string"].decode("ascii"))
    links = [link("self", GEOJSON, "This page", own)]
    if page.next:
        after_this = (page.next.earliest, page.next.number)
        counted = _counted(query, len(page.items), is_first=after is None)
        following = next_page(request, answer, moment, scope, after_this, **counted)
        links.append(link("next", GEOJSON, "The next page", following))
    if not (query.bbox or query.offset or after):
        links.append(_in_json(query, country, at))
    links.append(_collection(country, at))
    whence = Whence(origin=origin(request), moment=moment)
    document = {
        "type": "FeatureCollection",
        "numberReturned": len(page.items),
        **moment.fields,
        "links": links,
        "features": [_feature(orjson.loads(entry), whence) for entry in page.items],
    }
    return answer.of(orjson.dumps(document), media_type=GEOJSON)


def feature_answer(
    request: Request, query: Clocks, country: str | None, incident: str, at: Addresses
) -> Response:
    """The feature of an incident that is in a collection. Raises `Problem`."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    body = casus.reader.incident(str(stream_of(incident, moment)), moment)
    entry = orjson.loads(body) if body else None
    if entry is None or entry["status"] == Status.RETRACTED or not _is_of(entry, country):
        raise no_such_incident(incident, moment)
    answer = Answer(request, moment, fixed=query.fixed)
    if unchanged := answer.not_modified():
        return unchanged
    own = at.ogc(f"/collections/{id_of(country)}/items/{entry['id']}")
    document = {
        **_feature(entry, Whence(origin=origin(request), moment=moment)),
        **moment.fields,
        "links": [
            link("self", GEOJSON, entry["title"], own),
            link(
                "alternate",
                JSON,
                "With its accounts",
                at.service(f"/v1/incidents/{entry['id']}"),
            ),
            _collection(country, at),
        ],
    }
    return answer.of(orjson.dumps(document), media_type=GEOJSON)


def _is_of(entry: Json, country: str | None) -> bool:
    return country is None or any(each["code"] == country for each in entry["countries"])


def _page(
    casus: Casus, selection: Selection, moment: Moment, query: ItemsQuery, after: PageEnd | None
) -> Page:
    """The page after a place, or after so many features as are to be left out."""
    left_out = 0 if after else query.offset
    while left_out:
        passed = casus.reader.page(selection, moment, after, min(left_out, MOST))
        if passed.next is None:
            return Page([], None)
        after = passed.next
        left_out -= len(passed.items)
    return casus.reader.page(selection, moment, after, query.limit)


def _counted(query: ItemsQuery, shown: int, *, is_first: bool) -> dict[str, int]:
    """What a link to the next page says of the features before it, where that is known.

    The cursor is what it goes by. ArcGIS goes by the number, if the link has it, in pages of its own.
    """
    before = query.offset + shown
    return {"offset": before} if (is_first or query.offset) and before <= FARTHEST else {}


def _in_json(query: ItemsQuery, country: str | None, at: Addresses) -> Json:
    """The same incidents as the timelines of ``/v1`` have them, which know no box that lets in nowhere."""
    window = zip(("from", "to"), query.days, strict=True)
    asked = {name: iso_of_day(day) for name, day in window if day is not None}
    timeline = f"/v1/countries/{country}/timeline" if country else "/v1/incidents"
    href = at.service(timeline, **asked, limit=query.limit)
    return link("alternate", JSON, "The same incidents as a timeline", href)


def _collection(country: str | None, at: Addresses) -> Json:
    return link("collection", JSON, "The collection", at.ogc(f"/collections/{id_of(country)}"))


def _feature(entry: Entry, whence: Whence) -> Json:
    """A feature whose days are such as GIS programs have: from the years 1 to 9999, else null."""
    made: Json = feature(entry, whence)
    for name in ("earliest", "latest"):
        day = made["properties"][name]
        if day is not None and not _DAY.fullmatch(day):
            made["properties"][name] = None
    return made


_DAY = re.compile(r"(?!0000)\d{4}-\d\d-\d\d")
