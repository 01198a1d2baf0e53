"""vis-timeline: ``items`` and ``groups`` for its ``DataSet``, and for its ``Graph2d`` where it is a series.

    new vis.Timeline(element, new vis.DataSet(items), new vis.DataSet(groups))

A group is a type of incidents: there are few of them. An item has ``countries`` and ``actors`` beside, for
whoever would rather group by those. A day is a ``box``; several are a ``range``, whose end is the day after
the last, as vis draws it; an open one is a ``point`` on the day that is known. The ``className`` says type
and status, and ``uncertain``, ``open-start`` or ``open-end``, for style sheets. ``content`` and ``title``
are escaped HTML.

Days begin at midnight wherever the reader is: ``2021-06-22T00:00:00`` without a zone means that both to
moment, which vis reads with, and to ``new Date``. Years before 0 and after 9999 have a sign and six digits
(ECMA-262); what lies beyond JavaScript's dates is drawn at their end. The words in ``title`` are right.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from domain.dates import day_number, iso_of_day
from domain.vocabulary import IncidentType
from projections.terms import words
from service.publishing.markup import figures, isolated
from service.publishing.publication import (
    Entry,
    Format,
    Group,
    Publication,
    SeriesPublication,
)
from service.publishing.when import in_words, is_certain, parts

_FIRST = day_number(-271_820, 1, 1)
_LAST = day_number(275_759, 12, 31)
"""Days that JavaScript's dates reach in every time zone."""


def item(entry: Entry, publication: Publication) -> dict[str, object]:
    """An incident as an item."""
    occurred, place = entry["occurred"], entry["place"]
    earliest, latest = occurred["earliest"], occurred["latest"]
    told = (in_words(occurred["edtf"]), entry["title"], place["name"] if place else "")
    classes = [entry["type"], entry["status"]]
    if not is_certain(occurred["edtf"]):
        classes.append("uncertain")
    shown: dict[str, object] = {
        "id": entry["id"],
        "group": entry["type"],
        "content": isolated(entry["title"]),
        "title": "<br>".join(filter(None, [*map(isolated, filter(None, told)), figures(entry)])),
        "countries": [each["code"] for each in entry["countries"]],
        "actors": [each["actor"] for each in entry["participants"]],
        "url": publication.address_of(entry["id"]),
        "start": _midnight(earliest or latest),
    }
    if earliest and latest:
        shown["type"] = "box" if earliest == latest else "range"
        if earliest != latest:
            shown["end"] = _midnight(latest, after=1)
    else:
        shown["type"] = "point"
        classes.append("open-end" if earliest else "open-start")
    shown["className"] = " ".join(classes)
    return shown


def write(publication: Publication) -> Iterator[bytes]:
    """The items, a page at a time, then the groups that they are in."""
    head = {"title": publication.title, **publication.moment.fields}
    begin = orjson.dumps(head)[:-1] + b',"items":['
    types: set[str] = set()
    for page in publication.parsed_pages():
        yield begin + b",".join(orjson.dumps(item(entry, publication)) for entry in page)
        begin = b","
        types.update(entry["type"] for entry in page)
    groups = [{"id": each, "content": words(each)} for each in IncidentType if each in types]
    yield (b"" if types else begin) + b'],"groups":' + orjson.dumps(groups) + b"}"


def write_series(publication: SeriesPublication) -> Iterator[bytes]:
    """The groups, then the items of one after the other."""
    groups = [{"id": _id(each), "content": isolated(each.name)} for each in publication.groups]
    head = {
        "title": publication.title,
        **publication.moment.fields,
        **publication.asked,
        "groups": groups,
    }
    begin = orjson.dumps(head)[:-1] + b',"items":['
    for group in publication.groups:
        items = _items(group)
        if items:
            yield begin + b",".join(map(orjson.dumps, items))
            begin = b","
    yield (b"" if begin == b"," else begin) + b"]}"


def _items(group: Group) -> list[dict[str, object]]:
    """The periods of a group: ``y`` is the best number."""
    return [
        {
            "id": f"{_id(group)}/{point.period}",
            "group": _id(group),
            "x": _midnight(point.start),
            "end": _midnight(point.end, after=1),
            "y": point.best,
            "low": point.low,
            "high": point.high,
            "incidents": point.incidents,
            "period": point.period,
        }
        for point in group.points
    ]


def _id(group: Group) -> str:
    return "all" if group.key is None else group.key


def _midnight(day: str, after: int = 0) -> str:
    """The midnight with which a day begins, or one so many days after it."""
    number = min(max(day_number(*parts(day)) + after, _FIRST), _LAST)
    year, month, day_of_month = parts(iso_of_day(number))
    written = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+07d}"
    return f"{written}-{month:02d}-{day_of_month:02d}T00:00:00"


FORMAT = Format(
    suffix="vis.json",
    media_type="application/json",
    title="vis-timeline",
    incidents=write,
    series=write_series,
)
