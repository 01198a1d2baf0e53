"""Stores, and reads of them at one moment, each compared with what the naive fold has there."""

from __future__ import annotations

import csv
import io
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import orjson

import service.log
from domain.records import AccountRevised
from domain.vocabulary import Status
from projections.flat import row_of
from service.api.dossiers import incident_document
from service.bootstrap import Casus, open_casus, utc_now
from service.log.codec import Codec
from service.reading import statements
from service.reading.clocks import Moment
from service.reading.selection import PageEnd, Selection, SubjectKey
from service.recording import Clock
from service.settings import Settings
from tests.histories import CODES, COUNTRY_ROLES, DATASETS, EDGES, PROFILES, ROLES, TYPES, some
from tests.naive import Json, View
from tests.published import as_text

CODEC = Codec()
EVERYTHING = Selection(statuses=tuple(Status))


def opened(folder: Path, clock: Clock = utc_now) -> Casus:
    """A store. The codec, which takes long to make and keeps nothing, is the same for all."""
    with patch.object(service.log, "Codec", lambda: CODEC):
        return open_casus(Settings(CASUS_HOME=folder, _env_file=None), clock)


def a_selection(chance: random.Random) -> Selection:
    """Whose incidents, in which window, in which order."""
    actors = list(PROFILES)
    subject = chance.choice(
        [
            None,
            SubjectKey("country", chance.choice(CODES)),
            SubjectKey("actor", chance.choice(actors)),
            SubjectKey("actor", chance.choice(actors[:2])),  # those with members
        ]
    )
    roles = COUNTRY_ROLES if subject and subject.kind == "country" else ROLES
    first, last = sorted(chance.choices(EDGES, k=2))
    return Selection(
        subject=subject,
        members=chance.random() < 0.5,
        roles=some(chance, roles, chance.choice([0, 0, 2])) if subject else (),
        country=chance.choice([*[None] * 6, "AFG"]),
        actor=chance.choice([*[None] * 12, *actors[:2]]),
        first_day=chance.choice([None, first]),
        last_day=chance.choice([None, last]),
        match=chance.choice(["possible", "certain"]),
        types=chance.choice([(), (), tuple(TYPES[:1])]),
        statuses=some(chance, list(Status), chance.choice([0, 0, 3])),
        order=chance.choice(["asc", "desc"]),
    )


def pages(casus: Casus, wanted: Selection, moment: Moment, limit: int) -> list[Json]:
    """The entries that a selection finds, gathered page by page."""
    entries: list[Json] = []
    after: PageEnd | None = None
    while True:
        page = casus.reader.page(wanted, moment, after, limit)
        assert len(page.items) <= limit
        entries += map(orjson.loads, page.items)
        if page.next is None:
            return entries
        assert page.next != after, "it goes on where it began"
        after = page.next


AROUND_ID = "http://testserver/", "?é"


def lines(casus: Casus, wanted: Selection, moment: Moment, limit: int) -> list[list[str]]:
    """The lines of CSV of what a selection finds, gathered page by page."""
    found = b""
    after: PageEnd | None = None
    while True:
        page = casus.reader.lines(wanted, moment, after, limit, AROUND_ID)
        assert page.count <= limit
        found += page.data
        if page.next is None:
            return list(csv.reader(io.StringIO(found.decode(), newline=""), strict=True))
        after = page.next


def check_everything(casus: Casus, view: View, moment: Moment) -> None:
    """One page of all incidents has each entry as it should be, field by field."""
    found, expected = pages(casus, EVERYTHING, moment, 1_000), view.timeline(EVERYTHING)
    assert [each["id"] for each in found] == [each["id"] for each in expected], moment
    for entry, wanted in zip(found, expected, strict=True):
        for field in wanted.keys() | entry.keys():
            assert entry.get(field) == wanted.get(field), (entry["id"], field, moment)


def check_pages(casus: Casus, view: View, moment: Moment, chance: random.Random) -> None:
    """Pages of any size have the entries, by a range for each share of a timeline or by one for all."""
    wanted, limit = a_selection(chance), chance.choice([1, 2, 3, 1_000])
    with patch.object(statements, "MOST_ARMS", chance.choice([1, 60])):
        found = pages(casus, wanted, moment, limit)
        table = lines(casus, wanted, moment, limit)
    assert found == view.timeline(wanted), (wanted, moment, limit)
    urls = [f"{AROUND_ID[0]}{entry['id']}{AROUND_ID[1]}" for entry in found]
    rows = [list(map(as_text, row_of(*each))) for each in zip(found, urls, strict=True)]
    assert table == rows, (wanted, moment, limit)


def check_document(casus: Casus, stream: UUID, view: View, moment: Moment) -> None:
    """The id of an incident leads to the one that stands for it, with all that it is made of."""
    document = incident_document(casus, stream, moment)
    survivor = view.survivor(stream)
    entry = view.entries.get(survivor)
    assert (document is None) == (entry is None), (stream, moment)
    alone = casus.reader.incident(str(stream), moment)
    assert (alone and orjson.loads(alone)) == view.entries.get(stream), (stream, moment)
    if document is None or entry is None:
        return
    found = orjson.loads(document.body)
    assert found["incident"] == entry, (stream, moment)
    assert found["merged"] == [str(each) for each in view.absorbed(survivor)]
    assert document.changed == entry["position"]
    assert bool(found["retraction"]) == (entry["status"] == "retracted")
    accounts = []
    for t in view.accounts(survivor):
        revised = isinstance(t.last.record, AccountRevised)
        accounts.append((str(t.incident), t.number, t.account.title, revised, t.withdrawn))
    assert [
        (
            a["incident"],
            a["number"],
            a["account"]["title"],
            bool(a["revised"]),
            bool(a["withdrawn"]),
        )
        for a in found["accounts"]
    ] == accounts, (stream, moment)
    check_traces(found, entry)


def check_traces(found: Json, entry: Json) -> None:
    """What is said to come from an account, or from a correction, is what that says."""
    traces = {each["field"]: each for each in found["traces"]}
    for field in ("title", "type", "place", "summary", "occurred"):
        shown = entry["occurred"]["edtf"] if field == "occurred" else entry[field]
        trace = traces[field]
        if trace["correction"] is None:
            (key,) = trace["accounts"]
            (said,) = (
                each["account"][field]
                for each in found["accounts"]
                if (each["incident"], each["number"]) == (key["incident"], key["number"])
            )
        else:
            (said,) = (
                each["changes"][field]["after"]
                for each in found["corrections"]
                if each["position"] == trace["correction"]
            )
        assert said == shown, field


def merged(casus: Casus, moment: Moment) -> set[tuple[UUID, UUID]]:
    """The incidents whose rows say that they are merged at a moment, and into which."""
    with closing(sqlite3.connect(casus.projector.generation.path)) as rows:
        found = rows.execute(
            "SELECT incident, survivor FROM incident_merged WHERE from_position <= ?1"
            " AND to_position > ?1 AND reported_from <= ?2 AND reported_to > ?2",
            (moment.position, moment.reported_by),
        ).fetchall()
    pairs = {(UUID(incident), UUID(survivor)) for incident, survivor in found}
    assert len(pairs) == len(found)
    return pairs


def check_actors(casus: Casus, view: View, position: int) -> None:
    """Actors have the names, the affiliations and the merges of the position."""
    for slug in PROFILES:
        row = casus.reader.actors.get(slug, position)
        profile = view.actors.profiles.get(slug)
        assert (row is None) == (profile is None)
        if row is None or profile is None:
            continue
        assert row.profile == orjson.dumps(profile)
        assert (row.name, row.changed) == (profile.names[0].text, view.actors.changed[slug])
        shown_as = view.actors.shown_as(slug)
        assert row.merged_into == (None if shown_as == slug else shown_as)
        assert list(row.merged) == view.actors.merged(slug)
        assert casus.reader.actors.named(slug, position) == shown_as
        for each in profile.external_ids:
            found = view.actors.known_as(each.scheme, each.id)
            named = casus.reader.actors.named(f"{each.scheme.upper()}:{each.id}", position)
            assert named == (found.pop() if len(found) == 1 else None)


def check_datasets(casus: Casus, view: View, moment: Moment) -> None:
    """Datasets have the names and releases of the position, and the incidents of the moment."""
    shown = [orjson.loads(each) for each in casus.reader.datasets.all(moment)]
    assert shown == list(view.datasets.values()), moment
    assert casus.reader.datasets.slugs(moment.position) == list(view.datasets)
    for slug in DATASETS:
        one = casus.reader.datasets.get(slug, moment)
        assert (one and orjson.loads(one)) == view.datasets.get(slug)


def check_timelines(casus: Casus, view: View, moment: Moment) -> None:
    """Each timeline is as it should be; a country is counted with as many incidents as its own shows."""
    counted = {each.code: each.incidents for each in casus.reader.countries(moment)}
    for wanted in timelines():
        found = pages(casus, wanted, moment, 1_000)
        assert found == view.timeline(wanted), (wanted, moment)
        if wanted.subject and wanted.subject.kind == "country":
            assert counted.get(wanted.subject.id, 0) == len(found)


def timelines() -> list[Selection]:
    """The timelines of all countries, and of all actors with their members."""
    subjects = [SubjectKey("country", code) for code in CODES]
    subjects += [SubjectKey("actor", slug) for slug in PROFILES]
    return [Selection(subject=each, members=each.kind == "actor") for each in subjects]


def everything_shown(casus: Casus, moment: Moment) -> list[object]:
    """All bytes that are shown at a moment."""
    return [
        *(casus.reader.page(each, moment, None, 1_000) for each in (EVERYTHING, *timelines())),
        sorted(merged(casus, moment)),
        casus.reader.countries(moment),
        [casus.reader.actors.get(slug, moment.position) for slug in PROFILES],
        casus.reader.datasets.all(moment),
    ]
