"""Parquet: the flat columns with their types and, for incidents, a point each (GeoParquet 1.1).

Numbers, truths and instants have types of their own. Days stay the texts that the other formats have, for
they may be before year 1 or after 9999; beside them ``earliest_date`` and ``latest_date`` are dates, null
where there is no such day or none that every reader knows. ``geometry`` is a point in WKB, longitude and
latitude of WGS 84 (OGC:CRS84, the default), null where an incident has none.

The footer has, under ``geo``, what GeoParquet demands and, under ``casus``, the moment, the title, the
permanent address, and whose data it is. Series are plain Parquet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from projections.datasets import DatasetHead
from service.publishing.parquet_process import SHARED
from service.publishing.publication import Format, Publication, SeriesPublication


def write(publication: Publication) -> Iterator[bytes]:
    """Row groups as they are full, and the footer."""
    with SHARED.file("incidents", publication.origin, publication.moment) as file:
        for page in publication.pages:
            if written := file.add(page):
                yield written
        yield file.end(_about(publication), _terms(publication.datasets.values()))


def write_series(publication: SeriesPublication) -> Iterator[bytes]:
    """The rows, and the footer."""
    with SHARED.file("series", publication.origin, publication.moment) as file:
        for group in publication.groups:
            if group.points and (written := file.add(list(group.rows()))):
                yield written
        about = {**_about(publication), **publication.asked}
        yield file.end(about, _terms(publication.credited()))


def _about(publication: Publication | SeriesPublication) -> dict[str, Any]:
    """What the footer says of the publication itself."""
    return {
        "title": publication.title,
        "address": publication.address,
        **publication.moment.fields,
    }


def _terms(datasets: Iterable[DatasetHead]) -> list[dict[str, str | None]]:
    """What the footer says of datasets whose data it is."""
    return [
        {"id": each.id, "title": each.title, "license": each.license, "citation": each.citation}
        for each in datasets
    ]


FORMAT = Format(
    suffix="parquet",
    media_type="application/vnd.apache.parquet",
    title="GeoParquet",
    incidents=write,
    series=write_series,
    is_text=False,
)
