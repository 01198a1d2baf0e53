"""How a writer of a format reads its pages: it is to hold no more than the one it writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.bootstrap import Casus
from service.publishing.publication import Publication, Subject, Writer
from service.reading.clocks import Moment
from service.reading.selection import Selection


def pages_read(casus: Casus, write: Writer, pages: int) -> list[int]:
    """How many pages were read when each chunk was written; every page is the first of the store's."""
    moment = Moment(casus.log.head, None)
    items = casus.reader.page(Selection(), moment, None, 1000).items
    read = 0

    def counted() -> Iterator[Sequence[bytes]]:
        nonlocal read
        for _ in range(pages):
            read += 1
            yield items

    publication = Publication(
        subject=Subject(kind="all", id=None, name="All incidents"),
        title="All incidents",
        moment=moment,
        origin="http://testserver",
        address="http://testserver/v1/incidents?position=1",
        pages=counted(),
    )
    return [read for _ in write(publication)]
