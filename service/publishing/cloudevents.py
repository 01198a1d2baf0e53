"""Records of the log as CloudEvents 1.0, in the JSON event format; the data are the record's stored bytes.

The id is the record's position, unique within the source, which is the log of the service that was asked.
``position``, ``stream`` and ``version`` are extension attributes: with the type, which is the record's
topic behind a prefix, and the data they are all that the log holds of the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
import orjson
from eventsourcing.persistence import Notification, StoredEvent

from service.log.codec import RECORD_TYPES
from service.publishing.concerns import Concerned

PREFIX = "org.casus."
"""What comes before the topic in a type."""

SOURCE = "/v1/log"
SCHEMA = "/v1/log/records.schema.json"
"""Where the schemas of records are found, by topic."""

HEARTBEAT = 15.0
"""Seconds after which a stream that waits says that it does: proxies close what is silent for longer."""

_CURRENT = frozenset(each.TOPIC for each in RECORD_TYPES)


class _Subject(msgspec.Struct):
    id: str


class _Head(msgspec.Struct):
    """What an envelope says of a record, in whichever version it is stored."""

    recorded_at: str
    actor: str | _Subject | None = None
    dataset: _Subject | None = None


_read_head = msgspec.json.Decoder(_Head).decode


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Envelopes of the log of the service at an origin."""

    origin: str

    def of(self, entry: Notification) -> bytes:
        """A stored record in its envelope, as a line of JSON without its end."""
        head = _read_head(entry.state)
        subject = head.actor or head.dataset or str(entry.originator_id)
        if isinstance(subject, _Subject):
            subject = subject.id
        return (
            b'{"specversion":"1.0","id":"%d",%b,"subject":"%b","time":"%b",'
            b'"position":%d,"stream":"%b","version":%d,"data":%b}'
        ) % (
            entry.id,
            _context(self.origin, entry.topic),
            subject.encode(),
            head.recorded_at.encode(),
            entry.id,
            str(entry.originator_id).encode(),
            entry.originator_version,
            entry.state,
        )

    def line(self, found: Concerned) -> bytes:
        """The same as a line, with its end."""
        return self.of(found.entry) + b"\n"


@lru_cache(maxsize=1_024)
def _context(origin: str, topic: str) -> bytes:
    """What all records of a topic have in common. The schemas are those of today's versions."""
    attributes: Mapping[str, Any] = {
        "source": f"{origin}{SOURCE}",
        "type": f"{PREFIX}{topic}",
        "datacontenttype": "application/json",
        **({"dataschema": f"{origin}{SCHEMA}#/properties/{topic}"} if topic in _CURRENT else {}),
    }
    return orjson.dumps(attributes)[1:-1]


class NoRecord(ValueError):
    """Raised when a CloudEvent is none of a record, or not of a log that this version can read."""


class _Envelope(msgspec.Struct):
    specversion: str
    type: str
    position: int
    stream: UUID
    version: int
    data: msgspec.Raw


_read_envelope = msgspec.json.Decoder(_Envelope).decode


def read_record(event: bytes) -> tuple[int, StoredEvent]:
    """The position and the record that an envelope holds, its bytes as they are. Raises `NoRecord`."""
    try:
        envelope = _read_envelope(event)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NoRecord(f"what was sent is no record: {error}") from error
    if envelope.specversion != "1.0" or not envelope.type.startswith(PREFIX):
        raise NoRecord(f"what was sent is no record but {envelope.type!r}")
    topic = envelope.type.removeprefix(PREFIX)
    state = bytes(envelope.data)
    return envelope.position, StoredEvent(envelope.stream, envelope.version, topic, state)
