"""The formats in which incidents and series are published: the one table of them, but for JSON itself.

To add one, write a file like those named here and put its `FORMAT` into the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from service.publishing import (
    atom,
    charts,
    csv,
    geojson,
    ics,
    jsonfeed,
    jsonld,
    ndjson,
    parquet,
    timelinejs,
    vegalite,
    vis,
)
from service.publishing.publication import Format

_ALL = (
    ndjson.FORMAT,
    csv.FORMAT,
    geojson.FORMAT,
    parquet.FORMAT,
    timelinejs.FORMAT,
    vis.FORMAT,
    ics.FORMAT,
    atom.FORMAT,
    jsonfeed.FORMAT,
    jsonld.FORMAT,
    vegalite.FORMAT,
    charts.SVG,
    charts.PNG,
)

FORMATS: Mapping[str, Format] = MappingProxyType({each.suffix: each for each in _ALL})
"""The formats by their suffixes."""

OF_INCIDENTS = tuple(each.suffix for each in _ALL if each.incidents)
OF_SERIES = tuple(each.suffix for each in _ALL if each.series)
