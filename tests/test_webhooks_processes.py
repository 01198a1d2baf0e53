"""Webhooks of servers that are stopped, killed, or two on one store: receivers miss nothing."""

from __future__ import annotations

from typing import Any

import orjson

from tests.crashes import check_log
from tests.processes import STOPPED, Server, account, kill, log_rows, run, serving, until
from tests.receivers import Receiver, answering
from tests.test_chronicles import a_chronicle

PRIVATE = {"CASUS_WEBHOOK_PRIVATE": "1"}


def subscribe(server: Server, receiver: Receiver, after: int | None = 0) -> dict[str, Any]:
    asked = {"url": receiver.url, "after": after}
    answer = server.client.post("/v1/subscriptions", json=asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def state(server: Server, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = server.get(f"/v1/subscriptions/{made['id']}").json()
    return found


def report(server: Server) -> None:
    assert server.client.post("/v1/incidents", json=account("One")).status_code == 201


def test_a_server_that_is_killed_goes_on_where_it_was(home, receiver):
    with serving(home, **PRIVATE) as server:
        made = subscribe(server, receiver)
        until(lambda: state(server, made)["position"] == 67)
        receiver.answer = receiver.hang
        report(server)
        until(lambda: receiver.positions[67:] == [68])
        kill(server.process)  # while the receiver has yet to answer
    receiver.released.set()
    receiver.answer = answering(204)
    check_log(home)
    with serving(home, **PRIVATE) as server:
        report(server)
        until(lambda: state(server, made)["position"] == 69)
        assert "Traceback" not in server.end().errors
    assert receiver.positions[:68] == list(range(1, 69))
    again = receiver.positions[68:]
    assert sorted(set(again)) == [68, 69]
    assert again == sorted(again)
    for each in receiver.received:
        each.verify(made["secret"])


def test_a_server_that_is_killed_again_and_again_leaves_nothing_out(home, receiver):
    taken: list[int] = []

    def answer(handler: Any) -> None:
        taken.extend(receiver.received[-1].positions)
        answering(204)(handler)

    receiver.answer = answer
    made: dict[str, Any] = {}
    for number in range(3):
        with serving(home, **PRIVATE) as server:
            made = made or subscribe(server, receiver, 60)
            report(server)
            until(lambda last=68 + number: last in taken)
            kill(server.process)
    with serving(home, **PRIVATE) as server:
        until(lambda: state(server, made)["position"] == 70)
    # What comes twice comes after what it came after.
    first_times = list(dict.fromkeys(taken))
    assert first_times == list(range(61, 71))


def test_what_another_process_records_is_delivered(home, receiver):
    with serving(home, **PRIVATE) as server:
        made = subscribe(server, receiver, None)
        done = run("load", "-", home=home, stdin=_chronicle())
        assert done.returncode == 0, done.stderr
        head = len(log_rows(home))
        until(lambda: state(server, made)["position"] == head)
    assert receiver.positions == list(range(68, head + 1))
    assert head > 68


def _chronicle() -> bytes:
    chronicle = a_chronicle()
    del chronicle["actors"], chronicle["incidents"][0]["accounts"][0]["participants"]
    chronicle["incidents"] = chronicle["incidents"][:1]
    return orjson.dumps(chronicle)


def test_of_two_servers_one_delivers_and_the_other_takes_over_when_it_is_killed(home, receiver):
    with serving(home, **PRIVATE) as first, serving(home, **PRIVATE) as second:
        made = subscribe(first, receiver)
        until(lambda: state(second, made)["position"] == 67)
        other = subscribe(second, receiver)  # whichever of them delivers to it
        until(lambda: state(first, other)["position"] == 67)
        report(second)
        until(lambda: {state(first, each)["position"] for each in (made, other)} == {68})
        assert sorted(receiver.positions) == sorted([*range(1, 69)] * 2)
        kill(first.process)
        report(second)
        until(lambda: {state(second, each)["position"] for each in (made, other)} == {69})
        assert sorted(receiver.positions) == sorted([*range(1, 70)] * 2)


def test_a_server_stops_in_order_while_a_receiver_hangs_and_sends_it_again(home, receiver):
    receiver.answer = receiver.hang
    with serving(home, **PRIVATE) as server:
        made = subscribe(server, receiver)
        until(lambda: len(receiver.received) == 1)
        ended = server.end()
    assert ended.status == 0
    assert ended.errors == STOPPED
    assert not list(home.glob("subscriptions.sqlite-*"))
    receiver.released.set()
    receiver.answer = answering(204)
    with serving(home, **PRIVATE) as server:
        until(lambda: state(server, made)["position"] == 67)
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
