"""JSON-LD, expanded by pyld without a network: events of schema.org and the records of them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pyld import jsonld

from domain.revisions import RetractIncident
from domain.values import Figure, InvolvedCountry, Participant, Place
from domain.vocabulary import CountryRole, Measure, ParticipantRole
from tests.conftest import CALLER, a_profile, an_account
from tests.publishing import ODD_DAYS, ODD_TITLES, items, published, report_odd_incidents

SCHEMA = "http://schema.org/"
ALL = "/v1/incidents"


def offline(url: str, _options: Any) -> Any:
    raise AssertionError(f"it wants {url}")


def expanded(client: Any, path: str = ALL, **parameters: Any) -> list[Any]:
    """The nodes of a published document, expanded: every term is an address, nothing was lost."""
    answer = published(client, f"{path}.jsonld", **parameters)
    assert answer.headers["content-type"] == "application/ld+json"
    options = {"documentLoader": offline, "base": ""}
    return list(jsonld.expand(orjson.loads(answer.content), options))


def of_type(nodes: list[Any], name: str) -> list[Any]:
    return [node for node in nodes if node["@type"] == [SCHEMA + name]]


def values(node: Any, name: str) -> list[Any]:
    """The values of a property: of a literal what it says, of a node its id, else the node."""
    found = node.get(SCHEMA + name, [])
    return [each.get("@value", each.get("@id", each)) for each in found]


def one(node: Any, name: str) -> Any:
    """The only node that a property has."""
    (value,) = node[SCHEMA + name]
    return value


def the_event(client: Any) -> Any:
    (event,) = of_type(expanded(client), "Event")
    return event


def test_every_incident_of_the_chronicle_is_an_event_with_its_sources_and_terms(reading):
    path = "/v1/countries/AFG/timeline"
    nodes = expanded(reading, path)
    events = of_type(nodes, "Event")
    expected = items(reading, path)
    assert [event["@id"] for event in events] == [f"urn:uuid:{each['id']}" for each in expected]
    for event, entry in zip(events, expected, strict=True):
        assert values(event, "name") == [entry["title"]]
        first, last = (event[SCHEMA + name] for name in ("startDate", "endDate"))
        assert first == [{"@type": f"{SCHEMA}Date", "@value": entry["occurred"]["earliest"]}]
        assert last == [{"@type": f"{SCHEMA}Date", "@value": entry["occurred"]["latest"]}]
        record = one(event, "subjectOf")
        assert values(record, "temporalCoverage") == [entry["occurred"]["edtf"]]
        assert values(record, "creativeWorkStatus") == [entry["status"]]
        cited = record[SCHEMA + "citation"]
        names = [values(one(each, "publisher"), "name")[0] for each in cited]
        assert names == [each["name"] for each in entry["sources"]]
        addresses = [url for each in cited for url in values(each, "url")]
        assert addresses == [each["url"] for each in entry["sources"] if each["url"]]
        assert values(one(record, "license"), "name")[0].startswith("CC BY 4.0")
        assert values(record, "isBasedOn") == ["http://testserver/v1/datasets/afghanistan-2021"]
    whole, dataset = of_type(nodes, "Dataset")
    assert (nodes[0], nodes[-1]) == (whole, dataset)
    assert values(whole, "name") == ["Afghanistan"]
    assert dataset["@id"] == "http://testserver/v1/datasets/afghanistan-2021"
    assert "Uppsala" in values(dataset, "citation")[0]
    assert reading.get(dataset["@id"]).json()["dataset"]["id"] == "afghanistan-2021"


def test_an_event_says_where_who_and_how_many(client, casus):
    casus.desk.register_actor(a_profile(), CALLER)
    account = an_account(
        place=Place(
            name="Sherkhan Bandar", admin1="Kunduz", country="AFG", latitude=37.2, longitude=68.6
        ),
        countries=(InvolvedCountry(code="TJK", role=CountryRole.AFFECTED),),
        participants=(Participant(actor="taliban", role=ParticipantRole.INITIATOR),),
        figures=(
            Figure(measure=Measure.KILLED, low=0, best=2, high=5, of="civilians"),
            Figure(measure=Measure.CROSSED, low=134),
        ),
    )
    casus.desk.report_incident(account, CALLER)
    event = the_event(client)
    place = one(event, "location")
    assert (place["@type"], values(place, "name")) == ([f"{SCHEMA}Place"], ["Sherkhan Bandar"])
    point = one(place, "geo")
    assert point["@type"] == [f"{SCHEMA}GeoCoordinates"]
    assert (values(point, "latitude"), values(point, "longitude")) == ([37.2], [68.6])
    assert values(one(place, "address"), "addressRegion") == ["Kunduz"]
    roles = [
        (values(role, "roleName"), one(role, "about")["@type"], values(one(role, "about"), "name"))
        for role in event[SCHEMA + "about"]
    ]
    assert roles[0] == (["initiator"], [f"{SCHEMA}Thing"], ["Taliban"])
    assert one(event[SCHEMA + "about"][0], "about")["@id"] == "http://testserver/v1/actors/taliban"
    countries = [role for role in roles if role[1] == [f"{SCHEMA}Country"]]
    assert (["affected"], [f"{SCHEMA}Country"], ["Tajikistan"]) in countries
    killed, crossed = event["@reverse"][SCHEMA + "observationAbout"]
    assert killed["@type"] == [f"{SCHEMA}Observation"]
    assert values(killed, "measuredProperty") == ["killed"]
    assert values(killed, "unitText") == ["civilians"]
    bounds = ("minValue", "value", "maxValue")
    assert [values(killed, name) for name in bounds] == [[0], [2], [5]]
    assert [values(crossed, name) for name in bounds] == [[134], [], []]


@pytest.mark.parametrize(
    ("day", "starts", "ends"),
    [
        ("2021-06~", ["2021-06-01"], ["2021-06-30"]),
        ("../2021-09-11", [], ["2021-09-11"]),
        ("2021-06-22/..", ["2021-06-22"], []),
        ("-0043-03-15", ["-0043-03-15"], ["-0043-03-15"]),
        ("Y12345", ["12345-01-01"], ["12345-12-31"]),
    ],
)
def test_days_are_those_of_xml_schema_and_open_ends_are_left_out(client, casus, day, starts, ends):
    casus.desk.report_incident(an_account(occurred=day, published="2021-12-31"), CALLER)
    event = the_event(client)
    assert (values(event, "startDate"), values(event, "endDate")) == (starts, ends)
    assert values(one(event, "subjectOf"), "temporalCoverage") == [day]
    assert f"(EDTF: {day})." in values(event, "description")[0]


def test_all_three_clocks_and_a_retraction_narrow_the_events(client, casus):
    first = an_account(title="One", occurred="2021-06-01", published="2021-06-02")
    second = an_account(title="Two", occurred="2021-06-10", published="2021-07-01")
    stream = casus.desk.report_incident(first, CALLER).stream
    casus.desk.report_incident(second, CALLER)
    casus.desk.revise_incident(stream, RetractIncident(reason="No."), CALLER)

    def titles(**parameters: Any) -> list[str]:
        events = of_type(expanded(client, **parameters), "Event")
        return [values(event, "name")[0] for event in events]

    assert titles() == ["Two"]
    assert titles(status="retracted") == ["One"]
    assert titles(position=2) == ["One", "Two"]
    assert titles(position=1) == ["One"]
    assert titles(as_of="2021-07-14") == []
    assert titles(position=2, reported_by="2021-06-30") == ["One"]
    assert titles(position=2, **{"from": "2021-06-05"}) == ["Two"]
    (event,) = of_type(expanded(client, position=2, reported_by="2021-06-30"), "Event")
    record = one(event, "subjectOf")
    assert client.get(record["@id"]).json()["reported_by"] == "2021-06-30"


def test_odd_incidents_come_back_as_they_were(client, casus):
    ids = report_odd_incidents(casus)
    events = {event["@id"]: event for event in of_type(expanded(client), "Event")}
    titles = [values(events[f"urn:uuid:{each}"], "name")[0] for each in ids]
    assert titles == [*ODD_TITLES, *(f"On {day}" for day in ODD_DAYS)]
    for each, title in zip(ids, ODD_TITLES, strict=False):
        record = one(events[f"urn:uuid:{each}"], "subjectOf")
        cited = one(record, "citation")
        assert values(one(cited, "publisher"), "name") == [title]
        assert values(cited, "url") == ["https://example.org/?a=1&b=2"]


def test_a_document_without_incidents_is_valid(client):
    (whole,) = expanded(client)
    assert whole["@type"] == [f"{SCHEMA}Dataset"]
    assert values(whole, "name") == ["All incidents"]


def test_a_long_document_is_whole(client, casus):
    for number in range(40):
        account = an_account(title=f"Incident {number}", summary="A long story. " * 1_400)
        casus.desk.report_incident(account, CALLER)
    events = of_type(expanded(client), "Event")
    assert [values(event, "name")[0] for event in events] == [f"Incident {n}" for n in range(40)]
