"""What publications, citations and charts for other pages share: a whole selection, and what it is called.

A selection is read page by page, each when it is asked for, so that it takes the memory of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, TypeVar

import orjson
from pydantic import Field

from domain.countries import find_country
from projections.datasets import ShownDataset
from projections.terms import words
from service.api.context import country_of
from service.api.incidents import ALL
from service.api.parameters import Filters, OrderedFilters
from service.api.series import SeriesQuery, read_series
from service.api.timelines import selection_of
from service.bootstrap import Casus
from service.publishing.chart_timeline import MOST
from service.publishing.publication import ChartName, Subject, Whence
from service.reading import Lines, Page
from service.reading.clocks import Moment
from service.reading.selection import PageEnd, Selection

PAGE, LARGEST_PAGE = 100, 2_000
"""Incidents that are read together: of the first page, and of the largest; each is twice the one before."""

CHUNK = 500_000
"""Bytes of a page up to which the next may be larger. More would cost more than it saves: memory for larger
chunks is had anew for each."""


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


Read = TypeVar("Read", Page, Lines)


def pages_of(
    casus: Casus, selection: Selection, moment: Moment, limit: int | None
) -> Iterator[list[bytes]]:
    """The entries of a selection, page by page."""

    def read(after: PageEnd | None, size: int) -> Page:
        return casus.reader.page(selection, moment, after, size)

    return (page.items for page in _read_on(read, limit))


def lines_of(
    casus: Casus, selection: Selection, whence: Whence, limit: int | None
) -> Iterator[bytes]:
    """The lines of CSV of a selection, page by page."""

    def read(after: PageEnd | None, size: int) -> Lines:
        return casus.reader.lines(selection, whence.moment, after, size, whence.around_id())

    return (lines.data for lines in _read_on(read, limit))


def _read_on(read: Callable[[PageEnd | None, int], Read], limit: int | None) -> Iterator[Read]:
    """Pages, each read when it is asked for; none stays open between two, and none is empty.

    They grow with what is taken: the first is there at once, and who takes no more holds a small one.
    """
    after: PageEnd | None = None
    left, size = limit, PAGE
    while left is None or left > 0:
        page = read(after, size if left is None else min(size, left))
        if page.count:
            yield page
            size = min(2 * size, LARGEST_PAGE, 1 + CHUNK * page.count // page.size)
        if page.next is None:
            return
        after = page.next
        left = None if left is None else left - page.count


def series_selected(
    casus: Casus, query: SeriesQuery, moment: Moment
) -> tuple[str, Iterator[list[bytes]]]:
    """What series are called, and the pages of all that they may count.

    Raises `Problem`, also where the series themselves are refused.
    """
    read_series(casus, query, moment)
    pages = pages_of(casus, selection_of(casus, query, ALL, moment), moment, None)
    return f"{series_title(query)} by {query.interval}", pages
