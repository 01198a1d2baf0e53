"""Lines of CSV as they are kept: in the order of pages, with what actors were called at the moment."""

from __future__ import annotations

import csv
import io
from unittest.mock import Mock

import pytest

import service.reading
from domain.values import Participant
from domain.vocabulary import ParticipantRole
from projections import csv as csv_lines
from projections.flat import NAMES
from service.api.selections import CHUNK, LARGEST_PAGE
from service.reading.clocks import Moment
from service.reading.selection import Selection, SubjectKey
from tests.conftest import CALLER, a_profile, an_account
from tests.publishing import many_participants, published
from tests.reads import lines, pages

COUNTRY, MERGED = SubjectKey("country", "AFG"), SubjectKey("actor", "taliban")


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("subject", [None, COUNTRY, MERGED])
def test_lines_go_on_where_the_page_before_ended(chronicle, subject, order, limit):
    moment = Moment(chronicle.reader.head, None)
    wanted = Selection(subject=subject, order=order, members=True)
    ids = [entry["id"] for entry in pages(chronicle, wanted, moment, 1_000)]
    assert len(ids) > 2
    assert [row[0] for row in lines(chronicle, wanted, moment, limit)] == ids


def revise(client, what, asked):
    answer = client.post(f"/v1/actors/{what}", json=asked, headers={"if-match": "*"})
    assert answer.status_code == 201, answer.text


def test_a_table_names_actors_as_they_were_called_at_the_moment(casus, client):
    for slug in ("a-group", "another"):
        casus.desk.register_actor(a_profile(id=slug, name=f"Name of {slug}"), CALLER)
    accounts = [
        an_account(participants=(Participant(actor=slug, role=ParticipantRole.SIDE_A),))
        for slug in ("a-group", "another")
    ]
    for account in accounts:
        casus.desk.report_incident(account, CALLER)

    def names(**moment):
        content = published(client, "/v1/incidents.csv", **moment).content.decode()
        return [row["actor_names"] for row in csv.DictReader(io.StringIO(content, newline=""))]

    before = casus.log.head
    assert names() == ["Name of a-group", "Name of another"]
    name = {"text": "New, name", "shown": True, "reason": "So it says."}
    revise(client, "a-group/names", name)
    renamed = casus.log.head
    assert names() == ["New, name", "Name of another"]
    revise(client, "another/merge", {"into": "a-group", "reason": "They are one."})
    assert names() == ["New, name", "New, name"]
    assert names(position=renamed) == ["New, name", "Name of another"]
    assert names(position=before) == ["Name of a-group", "Name of another"]


def test_pages_of_a_table_stay_small_where_incidents_are_large(casus, client, monkeypatch):
    """100 incidents of 30 kB each are six times what a page is to hold: the next ones are smaller."""
    for number in range(120):
        casus.desk.report_incident(an_account(title=str(number), summary="x" * 20_000), CALLER)
    asked: list[int] = []
    read = casus.reader.lines

    def counted(selection, moment, after, limit, address):
        asked.append(limit)
        return read(selection, moment, after, limit, address)

    monkeypatch.setattr(casus.reader, "lines", counted)
    content = published(client, "/v1/incidents.csv").content.decode()
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert len(rows) == 121
    assert {len(row) for row in rows} == {len(NAMES)}
    assert asked[0] == 100
    assert asked[1] <= 1 + CHUNK // 20_000 < LARGEST_PAGE


@pytest.mark.parametrize(("most", "together"), [(1, 1), (50_000, 1), (70_000, 3)])
def test_lines_that_would_be_too_much_together_are_read_in_parts(
    casus, client, monkeypatch, most, together
):
    for number in range(30):
        casus.desk.report_incident(an_account(title=str(number), summary="x" * 20_000), CALLER)
    whole = published(client, "/v1/incidents.csv").content
    monkeypatch.setattr(service.reading, "LARGEST", most)
    moment = Moment(casus.reader.head, None)
    assert casus.reader.lines(Selection(), moment, None, 30, ("", "")).count == together
    assert [row[1] for row in lines(casus, Selection(), moment, 30)] == list(map(str, range(30)))
    assert published(client, "/v1/incidents.csv", limit=10_000).content == whole
    # What is read by itself is not bounded.
    assert len(casus.reader.page(Selection(), moment, None, 30).items) == 30


def test_the_cells_of_many_participants_are_not_kept(casus, client, monkeypatch):
    many_participants(casus, 100)
    written = Mock(side_effect=csv_lines.participants)
    monkeypatch.setattr(csv_lines, "participants", written)
    for limit in (1, 2):
        assert published(client, "/v1/incidents.csv", limit=limit).status_code == 200
    assert written.call_count == 2
