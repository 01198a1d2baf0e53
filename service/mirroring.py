"""A mirror: a log that holds what another service's holds, byte for byte, and goes on doing so.

What it has tells where to go on, so it may be cut off anywhere. It only ever adds what comes next: where
its log is not the beginning of the other one, or anything else is recorded in it, it stops and changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from service.bootstrap import Casus
from service.log import Clash
from service.log.recorder import Unmoved
from service.publishing.cloudevents import HEARTBEAT, SOURCE, NoRecord, read_record

SILENCE = 3 * HEARTBEAT
"""Seconds after which a stream that says nothing is taken to be cut."""

APPENDED_AT_ONCE = 1_000


class Diverged(Exception):
    """Raised when the log is not the beginning of the one that it is to mirror; it stays as it is."""


class Mirror:
    """Brings the log of a store up to that of a service."""

    def __init__(self, casus: Casus, client: httpx.Client) -> None:
        """The client's base URL is the address of the service."""
        self._casus = casus
        self._client = client

    def check(self) -> None:
        """Raise `Diverged` if the last record here is not the one that is there at its position.

        Records are never changed, and are complete in themselves: those before it are not compared.
        """
        head = self._casus.log.head
        if head == 0:
            return
        answer = self._client.get(SOURCE, params={"after": head - 1, "position": head, "limit": 1})
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise Diverged(f"the log there does not reach position {head}, where this one stands")
        _, there = _record(_checked(answer).content.rstrip(b"\n"))
        here = self._casus.log.entries(head - 1, 1)[0]
        if there != StoredEvent(
            here.originator_id, here.originator_version, here.topic, here.state
        ):
            raise Diverged(f"at position {head} the log there has another record than this one")

    def catch_up(self) -> Iterator[tuple[int, int]]:
        """Copy what there is; the position reached and the one aimed at, again and again."""
        with self._client.stream("GET", SOURCE, params={"after": self._casus.log.head}) as answer:
            end = _position(_checked(answer))
            held: list[bytes] = []
            for lines in _lines(answer.iter_bytes()):
                held += lines
                if len(held) >= APPENDED_AT_ONCE:
                    yield self._append(held), end
                    held = []
            yield self._append(held), end

    def follow(self) -> Iterator[int]:
        """Copy what is recorded from now on, as it comes; the position reached, after each piece.

        It ends with the service. Raises httpx's errors where the connection does.
        """
        timeout = httpx.Timeout(10, read=SILENCE)
        after = {"after": self._casus.log.head}
        with self._client.stream(
            "GET", f"{SOURCE}/stream", params=after, timeout=timeout
        ) as answer:
            for lines in _lines(_checked(answer).iter_bytes()):
                yield self._append([line[6:] for line in lines if line.startswith(b"data: ")])

    def _append(self, events: list[bytes]) -> int:
        """Append records and show them, or raise `Diverged`; the position reached."""
        log = self._casus.log
        head = log.head
        records = []
        for number, event in enumerate(events, start=head + 1):
            position, record = _record(event)
            if position != number:
                raise Diverged(f"position {position} was sent where {number} is next here")
            self._check(record)
            records.append(record)
        if records:
            try:
                log.append(records, unmoved=Unmoved({}, head=head))
            except Clash as clash:
                raise Diverged(f"something else was recorded here: {clash}") from clash
            self._casus.projector.catch_up()
        return head + len(records)

    def _check(self, record: StoredEvent) -> None:
        """A record that can't be read would stop the timelines for good."""
        try:
            self._casus.log.codec.decode(record.topic, record.state)
        except MapperDeserialisationError as error:
            raise Diverged(f"what was sent can't be read here: {error}") from error


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code == httpx.codes.BAD_REQUEST:
        raise Diverged("the log there does not reach as far as this one")
    return answer.raise_for_status()


def _position(answer: httpx.Response) -> int:
    try:
        return int(answer.headers["casus-position"])
    except (KeyError, ValueError):
        raise Diverged("what answers there is no Casus") from None


def _record(event: bytes) -> tuple[int, StoredEvent]:
    try:
        return read_record(event)
    except NoRecord as error:
        raise Diverged(str(error)) from error


def _lines(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines that are complete with each piece.

    They end at line feeds alone: a record's text may hold other characters that some take for ends.
    """
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield lines
