"""Records as the log keeps them: a topic, and canonical bytes that are never rewritten.

The bytes are UTF-8 JSON without white space, fields in the order of their definition. They are read back
by the dataclass's own pydantic adapter, which refuses a field it does not know; accounts by a faster
reader first, and by the adapter where that finds anything odd. An older version of a
topic is brought up step by step: an upcaster takes the old fields and gives those of the next topic.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args
from uuid import UUID

import msgspec
import orjson
from eventsourcing.persistence import (
    Mapper,
    MapperDeserialisationError,
    Notification,
    StoredEvent,
)
from pydantic import TypeAdapter, ValidationError

from domain.records import AccountRecord, Record, Recorded

Fields = dict[str, Any]
Upcast = tuple[str, Callable[[Fields], Fields]]
"""The next topic, and the fields it has, from those of the topic before."""

RECORD_TYPES: tuple[type[Record], ...] = get_args(Record)


def _with_release(fields: Fields) -> Fields:
    origin = fields["origin"]
    return fields | {"origin": origin and {**origin, "release": None}}


def _with_references(fields: Fields) -> Fields:
    """Accounts named no references, places no third level and no description, codes no labels.

    All of these may be left out where a record is read.
    """
    return fields


UPCASTS: Mapping[str, Upcast] = {
    # Origins had no release, and an account was added without a reason.
    "incident-reported.v1": ("incident-reported.v2", _with_release),
    "account-added.v1": ("account-added.v2", lambda old: _with_release(old) | {"reason": None}),
    "actor-registered.v1": ("actor-registered.v2", _with_release),
    "incident-reported.v2": ("incident-reported.v3", _with_references),
    "account-added.v2": ("account-added.v3", _with_references),
    "account-revised.v1": ("account-revised.v2", _with_references),
    "incident-corrected.v1": ("incident-corrected.v2", _with_references),
    # It was not known whether a release was whole.
    "dataset-released.v1": ("dataset-released.v2", lambda old: old | {"complete": None}),
}
"""By old topic."""


_ENCODE = msgspec.json.Encoder().encode
"""The same bytes as orjson's (a test holds them together), in half its time for slotted dataclasses."""


_ADAPTERS: dict[type[Record], TypeAdapter[Record]] = {}


def _adapter_of(kind: type[Record]) -> TypeAdapter[Record]:
    """What reads and checks records of a type: made once in a process, since that takes long."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


class Codec:
    """Writes and reads records. Raises `MapperDeserialisationError` for bytes it can't trust."""

    def __init__(
        self,
        types: Sequence[type[Record]] = RECORD_TYPES,
        upcasts: Mapping[str, Upcast] = UPCASTS,
    ) -> None:
        self._types = {t.TOPIC: t for t in types}
        self._quick = {
            t.TOPIC: msgspec.json.Decoder(t) for t in types if t in get_args(AccountRecord)
        }
        self._upcasts = upcasts

    def encode(self, record: Record) -> tuple[str, bytes]:
        """A record's topic and bytes."""
        return record.TOPIC, _ENCODE(record)

    def check(self, record: Record) -> None:
        """Raise `MapperDeserialisationError` if a record could not be read back."""
        topic, state = self.encode(record)
        try:
            _adapter_of(self._types[topic]).validate_json(state)
        except ValidationError as error:
            raise MapperDeserialisationError(f"a {topic} record is malformed: {error}") from error

    def decode(self, topic: str, state: bytes) -> Record:
        """The record that bytes stored under a topic stand for.

        What msgspec reads, and writes back as the same bytes, was checked before it was written here. It
        drops fields that it does not know: whatever else there is is for pydantic, which refuses them.
        """
        if quick := self._quick.get(topic):
            with contextlib.suppress(msgspec.MsgspecError, ValueError):
                if _ENCODE(record := quick.decode(state)) == state:
                    return record
        try:
            current, state = self._brought_up(topic, state)
            if current not in self._types:
                raise MapperDeserialisationError(
                    f"no record type has the topic {current!r}: was this log written by a newer Casus?"
                )
            return _adapter_of(self._types[current]).validate_json(state)
        except (ValidationError, orjson.JSONDecodeError, LookupError, TypeError) as error:
            raise MapperDeserialisationError(f"a {topic} record is malformed: {error}") from error

    def _brought_up(self, topic: str, state: bytes) -> tuple[str, bytes]:
        if topic not in self._upcasts:
            return topic, state
        fields = orjson.loads(state)
        while topic in self._upcasts:
            topic, upcast = self._upcasts[topic]
            fields = upcast(fields)
        return topic, orjson.dumps(fields)


class RecordMapper(Mapper[UUID]):
    """The library's mapper between records in their place and stored events."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def to_stored_event(self, domain_event: Recorded[Record]) -> StoredEvent:  # type: ignore[override]
        """A record as the recorder stores it."""
        topic, state = self.codec.encode(domain_event.record)
        return StoredEvent(domain_event.stream, domain_event.version, topic, state)

    def to_recorded(self, notification: Notification) -> Recorded[Record]:
        """A stored record with its position. Raises `MapperDeserialisationError`, naming it."""
        try:
            record = self.codec.decode(notification.topic, notification.state)
        except MapperDeserialisationError as error:
            raise MapperDeserialisationError(f"position {notification.id}: {error}") from error
        stream = notification.originator_id
        if not isinstance(stream, UUID):
            stream = UUID(stream)
        return Recorded(notification.id, stream, notification.originator_version, record)
