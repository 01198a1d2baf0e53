"""What publications, citations and charts for other pages share: a whole selection, and what it is called.

A selection is read page by page, each when it is asked for, so that it takes the memory of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import orjson
from pydantic import Field

from domain.countries import find_country
from projections.datasets import ShownDataset
from service.api.context import country_of
from service.api.incidents import ALL
from service.api.parameters import Filters, OrderedFilters
from service.api.series import SeriesQuery, read_series
from service.api.timelines import selection_of
from service.bootstrap import Casus
from service.publishing.chart_timeline import MOST
from service.publishing.publication import ChartName, Subject
from service.publishing.terms import words
from service.reading.clocks import Moment
from service.reading.selection import PageEnd, Selection

PAGE, LARGEST_PAGE = 100, 400
"""Incidents that are read together: of the first page, and of the largest, as each is twice the one before.

More would cost more than it saves: memory for chunks of over half a megabyte is had anew for each.
"""


class PublicationQuery(OrderedFilters):
    """What is published: as for a timeline, but all of it."""

    limit: Annotated[
        int | None,
        Field(ge=1, le=10_000_000, description="The most incidents; left out: all of them."),
    ] = None


class ChartQuery(PublicationQuery):
    """What is published, and which chart it is where that is one."""

    chart: Annotated[
        ChartName | None,
        Field(
            description="Of `.vl.json`, `.svg` and `.png`: a `timeline` (the default) of up to"
            f" {MOST:,} incidents, a `map`, or a `series` of how many there are by month."
        ),
    ] = None


def country_subject(code: str) -> Subject:
    """The country that a path names, as what a timeline is of. Raises `Problem`."""
    country = country_of(code)
    return Subject(kind="country", id=country.code, name=country.name)


def title_of(subject: Subject, query: PublicationQuery) -> str:
    """What a selection is called: whose it is, and how it is narrowed."""
    return ", ".join(filter(None, [subject.name, _window(query), query.q]))


def _window(query: Filters) -> str:
    if query.from_ and query.to:
        return f"{query.from_} to {query.to}"
    if query.from_:
        return f"since {query.from_}"
    return f"until {query.to}" if query.to else ""


def series_title(query: SeriesQuery) -> str:
    """What series are called: what is counted, of whom."""
    country = find_country(query.country).name if query.country else None
    of = [country, query.actor, query.group_by and f"by {query.group_by}"]
    return ", ".join([words(query.measure), *(part for part in of if part)])


def datasets_at(casus: Casus, moment: Moment) -> dict[str, ShownDataset]:
    """All datasets at a moment, by their ids."""
    documents = map(orjson.loads, casus.reader.datasets.all(moment))
    return {each["id"]: ShownDataset(**each) for each in documents}


def pages_of(
    casus: Casus, selection: Selection, moment: Moment, limit: int | None
) -> Iterator[list[bytes]]:
    """The pages of a selection, each read when it is asked for; none stays open between two.

    They grow with what is taken: the first is there at once, and who takes no more holds a small one.
    """
    after: PageEnd | None = None
    left, size = limit, PAGE
    while left is None or left > 0:
        page = casus.reader.page(
            selection, moment, after, size if left is None else min(size, left)
        )
        size = min(2 * size, LARGEST_PAGE)
        if page.items:
            yield page.items
        if page.next is None:
            return
        after = page.next
        left = None if left is None else left - len(page.items)


def series_selected(
    casus: Casus, query: SeriesQuery, moment: Moment
) -> tuple[str, Iterator[list[bytes]]]:
    """What series are called, and the pages of all that they may count.

    Raises `Problem`, also where the series themselves are refused.
    """
    read_series(casus, query, moment)
    pages = pages_of(casus, selection_of(casus, query, ALL, moment), moment, None)
    return f"{series_title(query)} by {query.interval}", pages
