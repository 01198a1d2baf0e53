"""Knight Lab's TimelineJS3, its JSON: a slide for each incident, grouped by type, and a title.

What TimelineJS demands, and how it is met:

- It shows texts as HTML, and would make links within links: texts are escaped, ``autolink`` is off.
- A slide has a start. One that is open there begins on its last day, one that is open at its end has none;
  ``display_date`` says it in words, as it does for every date that isn't a plain day or two. Plain ones are
  left to TimelineJS, which writes them in the reader's language.
- It drops an end that equals the start, so a single day has no end.
- It knows no year 0 and writes -44 as 44 BCE: such years are given as it writes them.
- Years that JavaScript's dates don't reach need its ``cosmological`` scale, which knows years alone.
- It refuses to begin without any slide: an empty answer has one that says so.

Days are given in their parts, so that they are the same days in every time zone. The title comes last, when
it is known whose data it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import orjson

from projections.datasets import ShownDataset
from projections.terms import listed, words
from service.publishing.markup import isolated, link, paragraphs
from service.publishing.publication import Entry, Format, Publication
from service.publishing.when import in_words, is_plain, parts

_FIRST_YEAR, _LAST_YEAR = -271_820, 275_759
"""The years that JavaScript's dates have all days of."""

TITLE = "title"
NOTHING = "nothing"
"""The ids of the title and of the slide that says that there is none; incidents' are UUIDs."""


def slide(entry: Entry, publication: Publication) -> dict[str, object]:
    """An incident as a slide."""
    occurred = entry["occurred"]
    earliest, latest = occurred["earliest"], occurred["latest"]
    shown: dict[str, object] = {
        "unique_id": entry["id"],
        "start_date": _date(earliest or latest),
        "group": words(entry["type"]),
        "text": {
            "headline": escape(entry["title"]),
            "text": paragraphs(entry, publication),
        },
        "autolink": False,
    }
    if earliest and latest and earliest != latest:
        shown["end_date"] = _date(latest)
    if not is_plain(occurred["edtf"]):
        shown["display_date"] = in_words(occurred["edtf"])
    return shown


def write(publication: Publication) -> Iterator[bytes]:
    """The slides, a page at a time, then the title and the scale that they need."""
    begin, within_reach = b'{"events":[', True
    datasets: set[str] = set()
    for page in publication.parsed_pages():
        yield begin + b",".join(orjson.dumps(slide(entry, publication)) for entry in page)
        begin = b","
        for entry in page:
            within_reach = within_reach and _within_reach(entry)
            datasets.update(entry["datasets"])
    if begin != b",":
        yield begin + orjson.dumps(_nothing(publication))
    end = {
        "title": _title(publication, datasets),
        "scale": "human" if within_reach else "cosmological",
    }
    yield b"]," + orjson.dumps(end)[1:]


def _date(day: str) -> dict[str, int]:
    year, month, day_of_month = parts(day)
    return {"year": year if year > 0 else year - 1, "month": month, "day": day_of_month}


def _within_reach(entry: Entry) -> bool:
    days = (entry["occurred"][end] for end in ("earliest", "latest"))
    return all(_FIRST_YEAR < parts(day)[0] <= _LAST_YEAR for day in days if day)


def _nothing(publication: Publication) -> dict[str, object]:
    moment = publication.moment
    return {
        "unique_id": NOTHING,
        "start_date": _date((moment.as_of or "1970-01-01")[:10]),
        "display_date": escape(f"At {moment}"),
        "text": {
            "headline": "No incidents",
            "text": "<p>There is nothing here that fits what was asked for.</p>",
        },
        "autolink": False,
    }


def _title(publication: Publication, datasets: set[str]) -> dict[str, object]:
    used = (publication.datasets[each] for each in sorted(datasets & publication.datasets.keys()))
    data = listed(map(_credit, used), "; ")
    read = f"Read at {publication.moment}: " + link(publication.address, "permanent address")
    return {
        "unique_id": TITLE,
        "text": {
            "headline": escape(publication.title),
            "text": f"<p>{read}.</p>" + (f"<p>Data: {data}.</p>" if data else ""),
        },
        "autolink": False,
    }


def _credit(dataset: ShownDataset) -> str:
    title = link(dataset.url, dataset.title) if dataset.url else isolated(dataset.title)
    terms = "; ".join(escape(each) for each in (dataset.citation, dataset.license) if each)
    return f"{title} ({terms})" if terms else title


FORMAT = Format(
    suffix="timelinejs.json", media_type="application/json", title="TimelineJS", incidents=write
)
