"""Stream ids: laid out as RFC 9562 says, the same every time, ordered as they should be."""

from __future__ import annotations

from hashlib import sha256
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import ACTORS, actor_stream, uuid7, uuid8

milliseconds = st.integers(0, 2**48 - 1)
randomness = st.integers(0, 2**74 - 1)
row_numbers = st.integers(0, 10**18 - 1)
keys = st.text(min_size=1) | row_numbers.map(str)


@given(milliseconds, randomness)
def test_a_version_7_id_holds_its_milliseconds_and_all_its_randomness(at, random):
    made = uuid7(at, random)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == at
    assert (made.int >> 64 & 0xFFF) << 62 | made.int & (2**62 - 1) == random


@given(milliseconds, milliseconds, randomness, randomness)
def test_version_7_ids_sort_by_time(one_at, other_at, one, other):
    if one_at < other_at:
        assert uuid7(one_at, one).hex < uuid7(other_at, other).hex


@given(keys, keys)
def test_a_version_8_id_is_the_same_for_the_same_dataset_and_key(namespace, key):
    made = uuid8(namespace, key)
    assert (made.version, made.variant) == (8, RFC_4122)
    assert made == uuid8(namespace, key)
    assert made.bytes[:6] == sha256(namespace.encode()).digest()[:6]


@given(st.sets(st.tuples(keys, keys), min_size=2))
def test_no_two_datasets_or_keys_share_an_id(pairs):
    assert len({uuid8(*pair) for pair in pairs}) == len(pairs)


@given(row_numbers, row_numbers)
def test_rows_that_are_numbered_have_ids_in_the_order_of_their_numbers(one, other):
    ids = uuid8("ucdp-ged", str(one)).hex, uuid8("ucdp-ged", str(other)).hex
    assert (ids[0] < ids[1]) == (one < other)


@given(st.text().filter(lambda key: not key.isdecimal()))
def test_a_key_that_is_no_number_never_takes_the_id_of_one(key):
    assert uuid8("ucdp-ged", key).int >> 64 & 1 == 1
    assert uuid8("ucdp-ged", "7").int >> 64 & 0xFFF == 0


def test_a_number_written_in_another_way_is_another_key():
    spellings = ["7", "07", " 7", "+7", "7.0", "٧", "7" + "0" * 18]
    assert len({uuid8("ucdp-ged", each) for each in spellings}) == len(spellings)


def test_ids_never_change():
    assert uuid8("ucdp-ged", "406097") == UUID("1139afd7-a940-8000-8000-000000063251")
    assert uuid8("afghanistan-2021", "sherkhan-bandar-attack") == UUID(
        "315da392-715b-895f-82cb-292295ad0162"
    )
    assert actor_stream("taliban") == uuid8(ACTORS, "taliban")
    assert actor_stream("taliban") == UUID("0c8b5fad-ad44-812d-8043-6725ed093ea4")
