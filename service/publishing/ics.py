"""iCalendar, without the library that writes it until a calendar is asked for (`ics_file`)."""

from __future__ import annotations

from collections.abc import Iterator

from service.publishing.publication import Format, Publication, gathered


def write(publication: Publication) -> Iterator[bytes]:
    """A calendar of all incidents."""
    from service.publishing.ics_file import pieces  # noqa: PLC0415 - it loads icalendar

    return gathered(pieces(publication))


FORMAT = Format(
    suffix="ics", media_type="text/calendar; charset=utf-8", title="iCalendar", incidents=write
)
