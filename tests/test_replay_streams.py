"""``/v1/replay``: the forms of its answer, where it goes on, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.bootstrap import Casus
from tests.processes import account
from tests.refusals import problem
from tests.test_contract import OPENAPI, validator

Json = dict[str, Any]

REPLAY = "/v1/replay?country=AFG"
EVENTS = {"accept": "text/event-stream"}


def lines(answer: Any) -> list[Json]:
    """The lines of an answer in NDJSON."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.splitlines()]


def events(answer: Any) -> list[tuple[str, str, Json]]:
    """The events of an answer: id, name and data."""
    assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"
    assert answer.text.endswith("\n\n")
    found = []
    for event in answer.text.removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in event.split("\n"))
        found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


# Forms


def test_each_line_is_a_step_and_the_last_one_says_that_it_is_the_end(reading):
    answer = reading.get(REPLAY)
    *steps, end = lines(answer)
    assert [step["step"] for step in steps] == list(range(1, len(steps) + 1))
    dates = [step["date"] for step in steps]
    assert dates == sorted(dates)
    timeline = reading.get("/v1/countries/AFG/timeline?limit=1000").json()
    assert [step["incident"] for step in steps] == timeline["items"]
    assert {"end": True, "steps": len(steps), "totals": steps[-1]["totals"]}.items() <= end.items()
    assert end["position"] == timeline["position"] == int(answer.headers["casus-position"])


@pytest.mark.parametrize("clock", ["occurred", "reported", "recorded"])
def test_each_line_keeps_its_schema_and_has_no_field_beside_it(clock, reading):
    media = OPENAPI["paths"]["/v1/replay"]["get"]["responses"]["200"]["content"]
    line_of_contract = validator(media["application/x-ndjson"]["schema"], closed=True)
    for line in lines(reading.get(f"{REPLAY}&clock={clock}")):
        line_of_contract.validate(line)


def test_a_client_of_events_is_sent_events_which_say_the_same(reading):
    found = events(reading.get(REPLAY, headers=EVENTS))
    assert [data for _, _, data in found] == lines(reading.get(REPLAY))
    assert [name for _, name, _ in found] == ["step"] * (len(found) - 1) + ["end"]
    assert all(name == data["id"] for name, _, data in found)


def test_the_parameter_goes_before_what_the_client_accepts(reading):
    assert events(reading.get(f"{REPLAY}&format=sse", headers={"accept": "*/*"}))
    assert lines(reading.get(f"{REPLAY}&format=ndjson", headers=EVENTS))


def test_a_page_of_any_origin_may_play_it(reading):
    answer = reading.get(REPLAY, headers={"origin": "https://example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_replay_is_not_kept_but_its_permanent_address_is_named(reading):
    first, again = (reading.get(REPLAY) for _ in range(2))
    assert first.text == again.text
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["link"].endswith(f'{REPLAY}&position=67>; rel="canonical"')


# Going on


@pytest.mark.parametrize("clock", ["occurred", "reported", "recorded"])
def test_from_every_step_it_goes_on_as_it_went_on(clock, reading):
    address = f"{REPLAY}&clock={clock}"
    whole = lines(reading.get(address))
    for number, line in enumerate(whole[:-1], start=1):
        by_header = reading.get(address, headers={"last-event-id": line["id"]})
        by_parameter = reading.get(f"{address}&last_event_id={line['id']}&format=sse")
        assert lines(by_header) == whole[number:]
        assert [data for _, _, data in events(by_parameter)] == whole[number:]


def test_what_a_client_saw_last_goes_before_where_it_was_told_to_begin(reading):
    whole = lines(reading.get(REPLAY))
    answer = reading.get(
        f"{REPLAY}&last_event_id={whole[0]['id']}", headers={"last-event-id": whole[5]["id"]}
    )
    assert lines(answer) == whole[6:]


def test_it_goes_on_at_the_position_at_which_it_began(chronicle: Casus, client):
    whole = lines(client.get(REPLAY))
    assert client.post("/v1/incidents", json=account("One more")).status_code == 201
    assert lines(client.get(REPLAY))[-1]["position"] == 68
    assert lines(client.get(REPLAY, headers={"last-event-id": whole[3]["id"]})) == whole[4:]


def test_after_the_end_there_is_nothing_so_that_no_browser_asks_again(reading):
    end = lines(reading.get(REPLAY))[-1]
    answer = reading.get(REPLAY, headers={"last-event-id": end["id"]})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("change", [str.upper, lambda name: name + "A", lambda _: "AAAA"])
def test_an_id_that_was_altered_is_problem(change, asked):
    name = change(lines(asked.get(REPLAY))[0]["id"])
    problem(asked.get(REPLAY, headers={"last-event-id": name}), "bad-cursor")
    problem(asked.get(f"{REPLAY}&last_event_id={name}"), "bad-cursor")


@pytest.mark.parametrize("other", ["/v1/replay?country=TJK", f"{REPLAY}&clock=reported"])
def test_an_id_belongs_to_what_is_played(other, asked):
    name = lines(asked.get(REPLAY))[0]["id"]
    problem(asked.get(other, headers={"last-event-id": name}), "bad-cursor")
    assert lines(asked.get(f"{REPLAY}&speed=1000000000", headers={"last-event-id": name}))


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("since=2021-07&until=2021-06", "until"),
        ("speed=0", "speed"),
        ("speed=-1", "speed"),
        ("speed=inf", "speed"),
        ("clock=published", "clock"),
        ("format=csv", "format"),
        ("until=soon", "until"),
        ("limit=5", "limit"),
        ("actor=nobody", "actor"),
        ("position=68", "position"),
        ("last_event_id=", "last_event_id"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(query, parameter, asked):
    found = problem(asked.get(f"/v1/replay?{query}"), "bad-parameter")
    assert found["faults"][0]["path"] == f"$.{parameter}"
