"""iCalendar (RFC 5545, with the calendar's own properties of RFC 7986): an all-day event for each incident.

An event reaches from the first to the last day that its date may mean; DTEND is the day after. What is
uncertain about it the DESCRIPTION says in words. iCalendar has the years 1 to 9999 and no open end: an
event of which it can write one end only is on that one day, and says so; an incident of which it can write
neither is a VJOURNAL without a day, which no calendar shows but which is in the file. A calendar without
incidents has one journal that says that, for RFC 5545 wants a component.

UID is the incident's id, SEQUENCE its revision. Only a confirmed incident has the STATUS CONFIRMED; one
retracted, if such are asked for, is CANCELLED; all else is TENTATIVE.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from uuid import NAMESPACE_URL, uuid5

from icalendar import Calendar, Event, Journal

from domain.vocabulary import Status
from service.publishing.publication import Entry, Publication
from service.publishing.words import as_text, clean, keywords, place_in_words

_STATUS: Mapping[str, str] = {Status.CONFIRMED: "CONFIRMED", Status.RETRACTED: "CANCELLED"}
_JOURNAL_STATUS: Mapping[str, str] = {Status.CONFIRMED: "FINAL", Status.RETRACTED: "CANCELLED"}
_ONE_DAY = "It is shown on the one day of its span that a calendar can show."
_END = b"END:VCALENDAR\r\n"
_EPOCH = "1970-01-01T00:00:00Z"
_A_DAY = datetime.timedelta(days=1)


def pieces(publication: Publication) -> Iterator[bytes]:
    """The calendar's properties, then an incident after the other."""
    yield _head(publication).to_ical().removesuffix(_END)
    is_empty = True
    for page in publication.parsed_pages():
        for entry in page:
            yield component(entry, publication).to_ical()
            is_empty = False
    if is_empty:
        yield _nothing(publication).to_ical()
    yield _END


def component(entry: Entry, publication: Publication) -> Event | Journal:
    """An incident as an event, or as a journal if no calendar has a day for it."""
    first, last = (_day(entry["occurred"][name]) for name in ("earliest", "latest"))
    start, end = first or last, last or first
    if start is None or end is None:
        journal = Journal()
        _describe(
            journal, entry, publication, "It is on no day: a calendar has the years 1 to 9999."
        )
        journal.add("status", _JOURNAL_STATUS.get(entry["status"], "DRAFT"))
        return journal
    event = Event()
    is_part = first is None or last is None
    _describe(event, entry, publication, _ONE_DAY if is_part else "")
    event.add("status", _STATUS.get(entry["status"], "TENTATIVE"))
    event.add("dtstart", start)
    # A day that has none after it is written without: it is then the one day that DTSTART is.
    if end < datetime.date.max:
        event.add("dtend", end + _A_DAY)
    event.add("transp", "TRANSPARENT")  # nobody is busy with it
    if place := entry["place"]:
        event.add("location", clean(place_in_words(place)))
        if place["latitude"] is not None:
            event.add("geo", (place["latitude"], place["longitude"]))
    return event


def _describe(of: Event | Journal, entry: Entry, publication: Publication, note: str) -> None:
    text = as_text(entry, publication)
    recorded = _instant(entry["recorded_at"])
    of.add("uid", entry["id"])
    of.add("dtstamp", recorded)
    of.add("last-modified", recorded)
    of.add("sequence", entry["revision"])
    of.add("summary", clean(entry["title"]))
    of.add("description", f"{note}\n\n{text}" if note else text)
    of.add("url", publication.address_of(entry["id"], entry["position"]))
    of.add("categories", keywords(entry))


def _head(publication: Publication) -> Calendar:
    title = clean(publication.title)
    calendar = Calendar()
    calendar.add("prodid", "-//Casus//Casus//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", title)
    calendar.add("x-wr-calname", title)  # what most programs look for
    calendar.add("description", f"Incidents as Casus has recorded them, at {publication.moment}.")
    calendar.add("last-modified", _instant(publication.moment.as_of or _EPOCH))
    calendar.add("url", publication.address)
    return calendar


def _nothing(publication: Publication) -> Journal:
    journal = Journal()
    journal.add("uid", str(uuid5(NAMESPACE_URL, publication.address)))
    journal.add("dtstamp", _instant(publication.moment.as_of or _EPOCH))
    journal.add("summary", "No incident is selected.")
    return journal


def _day(iso: str | None) -> datetime.date | None:
    """The day, if it is one of the years 1 to 9999."""
    try:
        return datetime.date.fromisoformat(iso) if iso else None
    except ValueError:
        return None


def _instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(microsecond=0)
