"""The log's bytes: canonical, pinned by stored examples, read back or refused."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import orjson
import pytest
from eventsourcing.persistence import MapperDeserialisationError, Notification
from hypothesis import given
from hypothesis import strategies as st

from domain.records import Corrections, Recorded, Replacement
from domain.text import STRICT_SHAPE
from domain.values import Figure, Place
from domain.vocabulary import Measure
from service.log.codec import RECORD_TYPES, UPCASTS, Codec, RecordMapper
from tests.conftest import an_account
from tests.records import ADDED_SINCE, EXAMPLES

STORED = Path(__file__).with_name("data") / "records"

TOPICS = [
    "incident-reported.v3",
    "account-added.v3",
    "account-revised.v2",
    "account-withdrawn.v1",
    "incident-corrected.v2",
    "incident-retracted.v1",
    "incident-reinstated.v1",
    "incident-merged.v1",
    "incident-unmerged.v1",
    "actor-registered.v2",
    "actor-named.v1",
    "actor-identified.v1",
    "actor-affiliated.v1",
    "actor-released.v1",
    "actors-merged.v1",
    "actors-unmerged.v1",
    "dataset-released.v2",
    "incident-reported.v1",
    "account-added.v1",
    "actor-registered.v1",
    "incident-reported.v2",
    "account-added.v2",
    "account-revised.v1",
    "incident-corrected.v1",
    "dataset-released.v1",
]
"""Of every record that was ever stored, older versions too: a topic is added here, never changed."""

codec = Codec()


def stored(topic: str) -> bytes:
    """The bytes of a record as a log holds them that was written when the topic was new."""
    return (STORED / f"{topic}.json").read_bytes().removesuffix(b"\n")


def test_the_topics_are_these_and_stay():
    current = [kind.TOPIC for kind in RECORD_TYPES]
    assert [*current, *UPCASTS] == TOPICS
    assert len(set(TOPICS)) == len(TOPICS)


def test_every_topic_has_a_stored_example():
    assert {path.stem for path in STORED.iterdir()} == set(TOPICS) == set(EXAMPLES)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_stored_record_means_what_it_meant(topic):
    read = codec.decode(topic, stored(topic))
    assert read == EXAMPLES[topic]
    assert repr(read) == repr(EXAMPLES[topic])  # of the same types: a status is not just its text


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_a_record_is_written_as_the_same_bytes_as_ever(kind):
    assert codec.encode(EXAMPLES[kind.TOPIC]) == (kind.TOPIC, stored(kind.TOPIC))


@pytest.mark.parametrize("topic", TOPICS)
def test_a_stored_example_fills_every_field(topic):
    assert list(empty_fields(EXAMPLES[topic])) == ADDED_SINCE.get(topic, [])


def empty_fields(value: object):
    if isinstance(value, tuple):
        for each in value:
            yield from empty_fields(each)
    elif is_dataclass(value):
        for field in fields(value):
            inner = getattr(value, field.name)
            if inner is None or inner == ():
                yield f"{type(value).__name__}.{field.name}"
            yield from empty_fields(inner)


@pytest.mark.parametrize("topic", TOPICS)
def test_bytes_are_canonical_utf8_json_with_fields_in_the_order_of_their_definition(topic):
    record = EXAMPLES[topic]
    state = stored(topic)
    compact = json.dumps(json.loads(state), ensure_ascii=False, separators=(",", ":"))
    assert state == compact.encode()
    assert list(json.loads(state)) == [
        field.name
        for field in fields(record)
        if f"{type(record).__name__}.{field.name}" not in ADDED_SINCE.get(topic, [])
    ]
    assert b"\\u" not in state


lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20)
counts = st.none() | st.integers(0, 10**12)
degrees = st.floats(-90, 90)


@given(
    lines.filter(str.strip),
    degrees,
    degrees,
    st.lists(st.builds(Figure, measure=st.sampled_from(Measure), low=counts, best=counts)),
)
def test_what_is_written_is_read_back_the_same(text, latitude, longitude, figures):
    account = an_account(
        title=text,
        summary=text,
        place=Place(name=text, latitude=latitude, longitude=longitude),
        figures=tuple(figures),
    )
    record = replace(EXAMPLES["incident-reported.v3"], account=account, origin=None)
    topic, state = codec.encode(record)
    read = codec.decode(topic, state)
    assert read == record
    assert codec.encode(read) == (topic, state)


def test_fields_that_a_correction_leaves_alone_are_read_back_as_such():
    title = Replacement(before="A", after="B")
    place = Replacement(before=Place(name="Kunduz"), after=None)
    changes = Corrections(title=title, place=place)
    record = replace(EXAMPLES["incident-corrected.v2"], changes=changes, basis=None)
    assert codec.decode(*codec.encode(record)) == record


# What is refused


def changed(topic: str, **changes: object) -> bytes:
    return orjson.dumps({**orjson.loads(stored(topic)), **changes})


@pytest.mark.parametrize("topic", TOPICS)
def test_a_field_that_is_not_known_is_refused_and_not_dropped(topic):
    with pytest.raises(MapperDeserialisationError, match="weather"):
        codec.decode(topic, changed(topic, weather="fair"))


@pytest.mark.parametrize(
    "topic", ["incident-reported.v1", "incident-corrected.v1", "incident-reported.v3"]
)
def test_a_field_that_is_not_known_is_refused_inside_a_value_as_well(topic):
    state = stored(topic).replace(b'"role":', b'"weather":1,"role":', 1)
    with pytest.raises(MapperDeserialisationError, match="weather"):
        codec.decode(topic, state)


@pytest.mark.parametrize("topic", TOPICS)
def test_bytes_that_are_no_such_record_are_refused(topic):
    another = "actor-named.v1" if topic.startswith("incident") else "incident-merged.v1"
    for state in (
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"account": "\xff"}',
        changed(topic, recorded_at=None),
        changed(topic, recorded_by=["casus"]),
        stored(topic)[:-1],
        stored(another),
    ):
        with pytest.raises(MapperDeserialisationError, match=re.escape(topic)):
            codec.decode(topic, state)


def test_values_out_of_their_bounds_are_refused():
    """But for accounts in their canonical bytes, which were checked before they were written."""
    for topic, changes in (
        ("incident-reported.v1", {"recorded_at": "yesterday"}),
        ("incident-reported.v1", {"reported": "2021-07~"}),
        ("incident-retracted.v1", {"recorded_at": "2026-11-22"}),
        ("incident-retracted.v1", {"reported": "soon"}),
        ("incident-retracted.v1", {"reason": ""}),
        ("account-withdrawn.v1", {"number": 0}),
        ("incident-merged.v1", {"into": "somewhere"}),
    ):
        with pytest.raises(MapperDeserialisationError, match=re.escape(topic)):
            codec.decode(topic, changed(topic, **changes))


@pytest.mark.parametrize("topic", ["", "incident-reported.v4", "IncidentReported"])
def test_a_topic_that_is_not_known_is_refused(topic):
    with pytest.raises(MapperDeserialisationError, match="newer Casus") as refused:
        codec.decode(topic, b"{}")
    assert repr(topic) in str(refused.value)


def test_a_refusal_names_the_position():
    bad = Notification(UUID(int=1), 1, "incident-foreseen.v1", b"{}", 412)
    with pytest.raises(MapperDeserialisationError, match="position 412"):
        RecordMapper(codec).to_recorded(bad)


# Its place in the log


def test_a_record_in_its_place_is_stored_and_read_back():
    mapper = RecordMapper(codec)
    record = EXAMPLES["account-added.v3"]
    event = mapper.to_stored_event(Recorded(0, UUID(int=7), 3, record))
    assert (event.originator_id, event.originator_version) == (UUID(int=7), 3)
    for stream in (event.originator_id, event.originator_id.hex):
        kept = Notification(stream, event.originator_version, event.topic, event.state, 412)
        assert mapper.to_recorded(kept) == Recorded(412, UUID(int=7), 3, record)


# Older versions: three of a record that there never was


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingNoted:
    """The newest version; v1 had one field ``who``, v2 named it ``seen`` and had no count."""

    __pydantic_config__ = STRICT_SHAPE
    TOPIC: ClassVar[str] = "sighting-noted.v3"
    seen: str
    count: int


STEPS = {
    "sighting-noted.v1": ("sighting-noted.v2", lambda old: {"seen": old["who"]}),
    "sighting-noted.v2": ("sighting-noted.v3", lambda old: {**old, "count": 1}),
}


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("sighting-noted.v1", b'{"who":"a patrol"}'),
        ("sighting-noted.v2", b'{"seen":"a patrol"}'),
        ("sighting-noted.v3", b'{"seen":"a patrol","count":1}'),
    ],
)
def test_an_older_version_is_brought_up_step_by_step(topic, state):
    assert Codec([SightingNoted], STEPS).decode(topic, state) == SightingNoted(
        seen="a patrol", count=1
    )


@pytest.mark.parametrize(
    "state", [b"{", b'{"who":1}', b'{"who":"a","weather":1}', b'{"seen":"a"}', b"[]", b"\xff"]
)
def test_an_older_version_that_cannot_be_brought_up_is_malformed(state):
    steps = {**STEPS, "sighting-noted.v1": ("sighting-noted.v2", renamed)}
    with pytest.raises(MapperDeserialisationError, match="malformed"):
        Codec([SightingNoted], steps).decode("sighting-noted.v1", state)


def renamed(old: dict[str, object]) -> dict[str, object]:
    rest = dict(old)
    return {"seen": rest.pop("who"), **rest}


def test_an_upcast_to_a_topic_that_is_not_there_is_refused():
    with pytest.raises(MapperDeserialisationError, match=r"sighting-noted\.v3"):
        Codec([], STEPS).decode("sighting-noted.v1", b'{"who":"a patrol"}')


@given(
    st.text(max_size=30),
    st.floats(-90, 90, allow_nan=False) | st.floats(-1e-6, 1e-6),
    st.floats(-180, 180, allow_nan=False),
    st.none() | st.integers(0, 10**12),
)
def test_records_are_written_in_the_bytes_that_orjson_would_write(text, latitude, longitude, best):
    record = EXAMPLES["incident-reported.v3"]
    place = Place(name=text, latitude=latitude, longitude=longitude)
    figure = Figure(measure=Measure.KILLED, of=text, best=best)
    changed = replace(record, account=an_account(title=text, place=place, figures=(figure,)))
    assert codec.encode(changed)[1] == orjson.dumps(changed)
