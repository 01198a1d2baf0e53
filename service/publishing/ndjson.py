"""JSON Lines: every incident or point on a line of its own, and a last line that says that it is whole.

The last line is the only one whose ``type`` is ``trailer``; it has how many lines are before it, the
position they were read at, and the SHA-256 of all bytes before it: who reads it knows that nothing is
missing. An incident's own ``type`` is never that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256

import orjson

from projections.flat import SERIES_NAMES
from service.publishing.publication import Format, Publication, SeriesPublication
from service.reading.clocks import Moment

_LINE = orjson.OPT_APPEND_NEWLINE

_HASHING = ThreadPoolExecutor(2, "hashing")
"""Where chunks are hashed while the next are read: a fifth of all that there is to do."""


def write(publication: Publication) -> Iterator[bytes]:
    """A line for each incident, and the trailer."""
    lines = ((_escaped(b"\n".join((*page, b""))), len(page)) for page in publication.pages)
    return _with_trailer(lines, publication.moment)


def _escaped(chunk: bytes) -> bytes:
    """JSON without the ends of lines that Unicode has beside ours: many programs split by them too."""
    # By its first byte: to look for more than one takes ninety times as long.
    if b"\xe2" in chunk and any(map(_ends_a_line, chunk.split(b"\xe2")[1:])):
        return chunk.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return chunk


def _ends_a_line(rest: bytes) -> bool:
    return rest.startswith((b"\x80\xa8", b"\x80\xa9"))


def write_series(publication: SeriesPublication) -> Iterator[bytes]:
    """A line for each period of each group, and the trailer."""
    lines = (
        (orjson.dumps(dict(zip(SERIES_NAMES, row, strict=True)), option=_LINE), 1)
        for group in publication.groups
        for row in group.rows()
    )
    return _with_trailer(lines, publication.moment)


def _with_trailer(chunks: Iterable[tuple[bytes, int]], moment: Moment) -> Iterator[bytes]:
    digest, count = sha256(), 0
    hashing: Future[None] | None = None
    for chunk, lines in chunks:
        if hashing is not None:
            hashing.result()
        hashing = _HASHING.submit(digest.update, chunk)
        count += lines
        yield chunk
    if hashing is not None:
        hashing.result()
    trailer = {"type": "trailer", "count": count, **moment.fields, "sha256": digest.hexdigest()}
    yield orjson.dumps(trailer, option=_LINE)


FORMAT = Format(
    suffix="ndjson",
    media_type="application/x-ndjson",
    title="JSON Lines",
    incidents=write,
    series=write_series,
)
