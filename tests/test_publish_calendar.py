"""iCalendar, read back by icalendar and by ical.js: days, words, and what no calendar has a day for."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar

from domain.revisions import (
    AddAccount,
    CorrectIncident,
    MergeIncident,
    NewValues,
    RetractIncident,
)
from domain.values import Figure, Place, Source
from domain.vocabulary import Measure
from service.bootstrap import Casus
from tests import node
from tests.conftest import CALLER, a_profile, an_account
from tests.publishing import ODD_DAYS, ODD_TITLES, items, published, report_odd_incidents

A_DAY = datetime.timedelta(days=1)


def calendar_at(client: Any, path: str, **parameters: Any) -> Any:
    """A published calendar, once it is sure that every line of it is one: short, and ended by CRLF."""
    body = published(client, path, **parameters).content
    *lines, rest = body.split(b"\r\n")
    assert not rest
    for line in lines:
        assert len(line) <= 75
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode()  # no character is cut in two
    return Calendar.from_ical(body)


def events(calendar: Any) -> list[Any]:
    return list(calendar.walk("VEVENT"))


def the_event(client: Any) -> Any:
    """The only event of all incidents."""
    (event,) = events(calendar_at(client, "/v1/incidents.ics"))
    return event


def report(casus: Casus, **changes: Any) -> UUID:
    return casus.desk.report_incident(an_account(**changes), CALLER).stream


def test_every_incident_of_the_chronicle_is_an_event_on_the_days_that_its_date_may_mean(reading):
    answer = published(reading, "/v1/countries/AFG/timeline.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    found = events(calendar_at(reading, "/v1/countries/AFG/timeline.ics"))
    expected = items(reading, "/v1/countries/AFG/timeline")
    assert [event["uid"] for event in found] == [entry["id"] for entry in expected]
    assert len(found) > 30
    for event, entry in zip(found, expected, strict=True):
        first, last = (entry["occurred"][name] for name in ("earliest", "latest"))
        assert event["dtstart"].params["VALUE"] == event["dtend"].params["VALUE"] == "DATE"
        assert event.decoded("dtstart").isoformat() == first
        assert (event.decoded("dtend") - A_DAY).isoformat() == last
        assert str(event["summary"]) == entry["title"]
        assert event["sequence"] == entry["revision"]
        recorded = f"{entry['recorded_at'][:19]}+00:00"
        assert event.decoded("dtstamp").isoformat() == recorded
        assert event.decoded("last-modified").isoformat() == recorded
        place = entry["place"]
        if place and place["latitude"] is not None:
            assert event["geo"].latitude == place["latitude"]
            assert event["geo"].longitude == place["longitude"]
        assert str(event.get("location", "")).startswith(place["name"] if place else "")
        assert event["categories"].cats[0] == entry["type"].replace("_", " ")
        for source in entry["sources"]:
            assert source["name"] in event["description"]
            assert not source["url"] or source["url"] in event["description"]


def test_the_address_of_an_event_answers_with_its_incident_as_it_is_there(reading):
    event = events(calendar_at(reading, "/v1/incidents.ics", limit=1))[0]
    found = reading.get(str(event["url"])).json()["incident"]
    assert (found["id"], found["title"]) == (event["uid"], event["summary"])


def test_the_terms_of_the_data_are_said_with_each_event(reading):
    for event in events(calendar_at(reading, "/v1/incidents.ics")):
        assert (
            "Data: Afghanistan and its neighbours, summer 2021. CC BY 4.0" in event["description"]
        )


def test_what_is_uncertain_is_said_in_words(client, casus):
    stream = report(
        casus,
        occurred="2021-06~",
        place=Place(name="Sherkhan Bandar", admin1="Kunduz", country="AFG", precision="near"),
        figures=(Figure(measure=Measure.KILLED, low=3, high=5, of="civilians"),),
        summary="A summary.",
        source=Source(name="A newspaper", url="https://example.org/1", published="2021-07-01"),
    )
    other = an_account(
        occurred="2021-07-03",
        figures=(Figure(measure=Measure.KILLED, low=30, high=50, of="civilians"),),
        source=Source(name="A ministry", via="an agency", published="2021-07-05"),
    )
    casus.desk.revise_incident(stream, AddAccount(account=other, reason="Another."), CALLER)
    assert str(the_event(client)["description"]) == (
        "A summary.\n\n"
        "About June 2021 (EDTF: 2021-06~). It lies within 2021-06-01 to 2021-06-30."
        " Sources disagree on when.\n"
        "Sherkhan Bandar, Kunduz, Afghanistan (near).\n"
        "killed 3 to 50 civilians (sources disagree).\n"
        "Disputed: Sources contradict each other: on whether, when or how much.\n\n"
        "Source: A newspaper, 2021-07-01, https://example.org/1\n"
        "Source: A ministry via an agency, 2021-07-05"
    )


@pytest.mark.parametrize(
    ("day", "days", "words"),
    [
        ("2021-06-22", ["2021-06-22", "2021-06-23"], "22 June 2021."),
        ("2021-06-18/2021-06-21", ["2021-06-18", "2021-06-22"], "18 June 2021 to 21 June 2021."),
        ("../2021-09-11", ["2021-09-11", "2021-09-12"], "It has no known first day."),
        ("2021-06-22/..", ["2021-06-22", "2021-06-23"], "It has no known last day."),
        ("-0043/0005-01-02", ["0005-01-02", "0005-01-03"], "44 BC to 2 January AD 5"),
        ("9999-12-30/Y10000", ["9999-12-30", "9999-12-31"], "30 December 9999 to 10000"),
        ("9999-12-31", ["9999-12-31", None], "31 December 9999."),
    ],
)
def test_an_event_is_on_the_days_that_can_be_written(client, casus, day, days, words):
    report(casus, occurred=day, published="2022-01-01")
    event = the_event(client)
    ends = event.decoded("dtend").isoformat() if "dtend" in event else None
    assert [event.decoded("dtstart").isoformat(), ends] == days
    assert words in event["description"]
    is_part = ".." in day or day[0] == "-" or "Y" in day
    note = "It is shown on the one day of its span that a calendar can show.\n\n"
    assert event["description"].startswith(note) == is_part


def test_what_no_calendar_has_a_day_for_is_a_journal_that_says_when_it_was(client, casus):
    report(casus, occurred="-0043-03-15", title="The Ides of March")
    report(casus, occurred="Y12345", published="2021-07-01")
    report(casus, occurred="../-0043", published="2021-07-01")
    calendar = calendar_at(client, "/v1/incidents.ics")
    assert not events(calendar)
    open_one, ides, distant = calendar.walk("VJOURNAL")
    assert str(ides["summary"]) == "The Ides of March"
    assert "dtstart" not in ides
    assert ides["description"].startswith(
        "It is on no day: a calendar has the years 1 to 9999.\n\n"
    )
    assert "15 March 44 BC (EDTF: -0043-03-15)." in ides["description"]
    assert "12345 (EDTF: Y12345)." in distant["description"]
    assert "Until 44 BC (EDTF: ../-0043). It has no known first day." in open_one["description"]


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("reported", "TENTATIVE"),
        ("confirmed", "CONFIRMED"),
        ("disputed", "TENTATIVE"),
        ("planned", "TENTATIVE"),
    ],
)
def test_only_what_is_confirmed_is_said_to_be(client, casus, status, shown):
    report(casus, status=status)
    assert str(the_event(client)["status"]) == shown
    assert f"{status.capitalize()}: " in the_event(client)["description"]


def test_an_event_keeps_its_id_through_revisions_and_goes_with_its_incident(client, casus):
    stream = report(casus, title="One")
    other = report(casus, title="Other", occurred="2021-06-24")
    new = NewValues(title="One, corrected")
    casus.desk.revise_incident(stream, CorrectIncident(set=new, reason="So."), CALLER)
    one, _ = events(calendar_at(client, "/v1/incidents.ics"))
    assert (one["uid"], one["sequence"], one["summary"]) == (str(stream), 2, "One, corrected")
    casus.desk.revise_incident(stream, RetractIncident(reason="No."), CALLER)
    assert the_event(client)["uid"] == str(other)
    (retracted,) = events(calendar_at(client, "/v1/incidents.ics", status="retracted"))
    assert (retracted["uid"], retracted["status"]) == (str(stream), "CANCELLED")
    third = report(casus, title="Third")
    casus.desk.revise_incident(third, MergeIncident(into=other, reason="The same."), CALLER)
    assert the_event(client)["uid"] == str(other)


def test_all_three_clocks_narrow_a_calendar(client, casus):
    report(casus, title="One", occurred="2021-06-01", published="2021-06-02")
    report(casus, title="Two", occurred="2021-06-10", published="2021-07-01")

    def titles(**parameters: Any) -> list[str]:
        return [
            str(e["summary"])
            for e in events(calendar_at(client, "/v1/incidents.ics", **parameters))
        ]

    assert titles() == ["One", "Two"]
    assert titles(position=1) == ["One"]
    assert titles(as_of="2021-07-15T08:00:00Z") == []
    assert titles(reported_by="2021-06-30") == ["One"]
    assert titles(**{"from": "2021-06-05"}) == ["Two"]
    early = events(calendar_at(client, "/v1/incidents.ics", reported_by="2021-06-30"))[0]
    assert client.get(str(early["url"])).json()["reported_by"] == "2021-06-30"


def test_odd_incidents_come_back_as_they_were(client, casus):
    ids = report_odd_incidents(casus)
    calendar = calendar_at(client, "/v1/incidents.ics")
    found = {each["uid"]: each for each in calendar.walk() if "uid" in each}
    assert found.keys() == set(ids)
    titles = (*ODD_TITLES, *(f"On {day}" for day in ODD_DAYS))
    assert [str(found[each]["summary"]) for each in ids] == list(titles)
    for each, title in zip(ids, ODD_TITLES, strict=False):
        assert found[each]["description"].startswith(
            f"{title}\nA second line, of what is told.\n\n"
        )


def test_a_calendar_without_incidents_is_valid_and_says_so(client):
    calendar = calendar_at(client, "/v1/incidents.ics")
    (journal,) = calendar.walk("VJOURNAL")
    assert not events(calendar)
    assert str(journal["summary"]) == "No incident is selected."
    assert str(calendar["x-wr-calname"]) == str(calendar["name"]) == "All incidents"


def test_a_long_calendar_is_sent_event_by_event_and_whole(client, casus):
    casus.desk.register_actor(a_profile(), CALLER)
    text = "Длинный рассказ о том, что случилось. " * 400
    for number in range(40):
        report(casus, title=f"Incident {number}", summary=text)
    answer = published(client, "/v1/incidents.ics")
    assert "content-length" not in answer.headers
    found = events(Calendar.from_ical(answer.content))
    assert [str(each["summary"]) for each in found] == [f"Incident {n}" for n in range(40)]
    assert found[-1]["description"].startswith(text)


def test_ical_js_reads_the_days_and_the_texts(client, casus):
    ids = report_odd_incidents(casus)
    body = published(client, "/v1/incidents.ics").text
    found = node.run("ical", body)
    assert found["name"] == "All incidents"
    assert sorted(found["journals"]) == ["On -0043-03-15", "On Y12345"]
    by_id = {each["uid"]: each for each in found["events"]}
    for each, title in zip(ids, ODD_TITLES, strict=False):
        event = by_id[each]
        assert event["summary"] == title
        assert event["description"].startswith(f"{title}\nA second line, of what is told.\n\n")
        assert (event["starts"], event["ends"]) == ([2021, 6, 22], [2021, 6, 23])
        assert event["sequence"] == 1
    days = {each["summary"]: (each["starts"], each["ends"]) for each in found["events"]}
    assert days["On ../2021-09-11"] == ([2021, 9, 11], [2021, 9, 12])
    assert days["On 2021-06~"] == ([2021, 6, 1], [2021, 7, 1])
    assert days["On 0476-09-04"] == ([476, 9, 4], [476, 9, 5])


def test_ical_js_reads_the_chronicle_and_an_empty_calendar(reading, client):
    found = node.run("ical", published(reading, "/v1/countries/AFG/timeline.ics").text)
    expected = items(reading, "/v1/countries/AFG/timeline")
    assert [each["uid"] for each in found["events"]] == [entry["id"] for entry in expected]
    assert (found["name"], found["journals"]) == ("Afghanistan", [])
    empty = node.run("ical", published(client, "/v1/incidents.ics").text)
    assert (empty["events"], empty["journals"]) == ([], ["No incident is selected."])
