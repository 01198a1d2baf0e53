"""Imports: what rows come to in the log, once, again, in a later release, cut short, and beside others."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actors import NameActor, actor_at, revise_actor
from domain.ids import actor_stream, uuid8
from domain.incidents import incidents_at
from domain.records import ActorNamed, ActorRegistered, DatasetReleased, Recorded
from domain.reporting import Recording
from domain.revisions import ReviseAccount, revise
from service import workers
from service.imports import deciding, engine
from service.imports.orders import Refused
from service.imports.reading.outcomes import Rejected, UnreadableFile
from service.imports.scope import BadScope, Scope
from service.log import BEYOND, Log
from tests.imports import TOY, Importer, Rows, crosswalk, kinds, row


@pytest.fixture
def importer(log: Log) -> Importer:
    return Importer(log)


def incident(log: Log, key: object):
    """An incident of the dataset as it stands, by its key."""
    stream = uuid8("toy", str(key))
    return incidents_at(log.incidents((stream,)), BEYOND)[stream]


def accounts(log: Log, key: object) -> list[tuple[str, bool]]:
    """The titles of an incident's accounts, and whether each was withdrawn."""
    return [(held.account.title, bool(held.withdrawn)) for held in incident(log, key).accounts]


# New, and again


def test_rows_become_incidents_in_their_order_under_the_release(log, importer):
    counts = importer(row(1), row(2, killed=3), release="24.1", released="2024-06-05")
    assert kinds(log) == ["DatasetReleased", "IncidentReported", "IncidentReported"]
    released, first, second = (recorded.record for recorded in log.follow())
    assert isinstance(released, DatasetReleased)
    assert (released.dataset, released.release, released.released) == (
        TOY.dataset,
        "24.1",
        "2024-06-05",
    )
    assert (first.origin.dataset, first.origin.key, first.origin.release) == ("toy", "1", "24.1")
    assert (second.reported, second.account.source.published) == ("2024-06-05", "2024-06-05")
    assert second.account.figures[0].best == 3
    assert (counts.rows, counts.new) == (2, 2)


def test_a_day_of_the_row_goes_before_that_of_the_release(log, importer):
    importer(row(1, published="2024-01-02"), released="2024-06-05")
    assert log.read(1)[0].record.reported == "2024-01-02"


def test_the_same_rows_again_append_nothing(log, importer):
    rows = row(1, actors="7=Seven"), row(2), row(3, day="2020-01-01")
    importer(*rows)
    head = log.head
    counts = Importer(log)(*rows)
    assert (log.head, counts.unchanged, counts.new, counts.actors) == (head, 3, 0, 0)


def test_a_key_that_stands_twice_is_told_and_changes_nothing_to_and_fro(log, importer):
    rows = row(1), row(1, title="Otherwise"), row(1, title="incident  1")
    for _ in range(2):
        importer(*rows)
        assert accounts(log, 1) == [("Incident 1", False)]
        ((name, rejected),) = importer.rejected
        assert (name, rejected.line) == ("toy.csv", 1)
        assert "stands on a row before" in rejected.reason
        importer.rejected.clear()


def test_a_later_day_of_the_same_key_is_a_revision_once(log, importer):
    rows = row(1, published="2024-01-01"), row(1, published="2024-01-09", title="Otherwise")
    importer(*rows)
    head = log.head
    assert accounts(log, 1) == [("Otherwise", False)]
    assert Importer(log)(*rows).superseded == 1
    assert log.head == head


# Releases


def test_a_release_revises_what_has_changed_in_substance_and_nothing_else(log, importer):
    importer(row(1, killed=144), row(2), release="19.1", released="2019-06-01")
    counts = importer(
        row(1, killed=22),
        row(2, title="INCIDENT\xa0 2"),
        row(3),
        release="24.1",
        released="2024-06-05",
    )
    assert (counts.new, counts.revised, counts.unchanged) == (1, 1, 1)
    revised = incident(log, 1).accounts[0]
    assert revised.account.figures[0].best == 22
    assert revised.revised is not None
    assert "release 24.1 of Toy" in revised.revised.reason
    assert (revised.first_reported, revised.reported) == (18048, 19879)
    assert incident(log, 2).accounts[0].account.title == "Incident 2"


def test_an_older_release_after_a_newer_changes_nothing(log, importer):
    importer(row(1, killed=22), release="24.1", released="2024-06-05")
    head = log.head
    counts = importer(row(1, killed=144), release="19.1", released="2019-06-01")
    assert counts.superseded == 1
    assert kinds(log, head) == ["DatasetReleased"]


def test_a_complete_release_withdraws_what_it_no_longer_has(log, importer):
    importer(row(1), row(2), row(3), release="1", released="2019-06-01")
    counts = importer(row(2), release="2", released="2020-06-01", complete=True)
    assert (counts.withdrawn, counts.unchanged) == (2, 1)
    assert accounts(log, 1) == [("Incident 1", True)]
    withdrawn = incident(log, 1).accounts[0].withdrawn
    assert withdrawn is not None
    assert "release 2 of Toy" in withdrawn.reason
    assert withdrawn.basis.published == "2020-06-01"
    head = log.head
    assert importer(row(2), release="2", released="2020-06-01", complete=True).withdrawn == 0
    assert log.head == head


def test_nothing_is_withdrawn_while_a_row_is_rejected(log, importer):
    """It may be the row of what seems to be gone."""
    importer(row(1), row(2))
    importer(row(1), row(2, kind="bad"), complete=True)
    assert accounts(log, 2) == [("Incident 2", False)]


def test_what_is_out_of_scope_stays(log, importer):
    rows = row(1, country="MMR", day="1990-01-01"), row(2, country="AFG"), row(3, country="MMR")
    importer(*rows)
    scope = Scope.read("country=Myanmar,years=1989-2018")
    importer(complete=True, scope=scope, released="2030-01-01")
    assert [bool(incident(log, n).accounts[0].withdrawn) for n in (1, 2, 3)] == [True, False, False]


@pytest.mark.parametrize(
    "text", ["", "country=", "years=x", "years=2018-1989", "where=here", "MMR"]
)
def test_what_is_no_scope_is_refused(text):
    with pytest.raises(BadScope, match="country=MMR"):
        Scope.read(text)


def test_what_was_withdrawn_is_back_with_a_later_release_only(log, importer):
    first, second, third = ({"released": f"20{n}-06-01"} for n in (19, 20, 21))
    importer(row(1), **first)
    importer(complete=True, **second)
    importer(row(9), **second)
    again = importer(row(1), **first)
    assert (again.gone, again.unchanged) == (1, 0)
    assert importer(row(1), **third).added == 1
    assert accounts(log, 1) == [("Incident 1", True), ("Incident 1", False)]
    assert importer(row(1), **third).unchanged == 1


def test_what_was_withdrawn_stands_again_where_the_import_is_to_bring_it_back(log, importer):
    given = {"release": "1", "released": "2019-06-01"}
    importer(row(1), row(2), **given)
    importer(complete=True)  # by mistake
    assert importer(row(1), row(2), **given).gone == 2
    counts = importer(row(1), row(2, killed=3), brings_back=True, **given)
    assert (counts.revised, counts.gone, counts.unchanged) == (2, 0, 0)
    assert accounts(log, 1) == [("Incident 1", False)]
    revised = incident(log, 1).accounts[0].revised
    assert revised is not None
    assert revised.reason == "It is in release 1 of Toy."
    assert incident(log, 2).accounts[0].account.figures[0].best == 3
    head = log.head
    assert importer(row(1), row(2, killed=3), brings_back=True, **given).unchanged == 2
    assert log.head == head


def test_datasets_are_complete_one_at_a_time(importer):
    other = Rows([row(1)], format=replace(TOY, dataset=replace(TOY.dataset, id="other")))
    with pytest.raises(Refused, match="toy, other"):
        importer.run(Rows([row(1)]), other, complete=True)


def test_what_only_adds_or_takes_back_is_never_complete_without_the_whole(log, importer):
    excerpt = Rows([row(1, kind="gone")], format=replace(TOY, title="Notes", is_excerpt=True))
    importer(row(1), row(2))
    head = log.head
    with pytest.raises(Refused, match="Notes are never the whole"):
        importer.run(excerpt, complete=True)
    assert log.head == head
    assert importer.run(Rows([row(1), row(2)]), excerpt, complete=True).withdrawn == 1


# Further accounts, and what a dataset takes back


def test_mentions_are_accounts_of_an_incident_that_is_held(log, importer):
    mention = row(1, kind="mention", title="A paper", published="2021-06-23")
    importer(mention)
    ((_, rejected),) = importer.rejected
    assert "there is no incident 1" in rejected.reason
    importer(row(1, published="2021-06-22", killed=4))
    assert importer(mention).added == 1
    second = incident(log, 1).accounts[1]
    assert (second.account.source.name, second.account.figures[0].best) == ("A paper", 4)
    assert importer(mention, row(1, published="2021-06-22", killed=4)).unchanged == 2


def test_the_accounts_of_one_incident_are_bounded(log, importer, monkeypatch):
    monkeypatch.setattr(deciding, "MOST_ACCOUNTS", 2)
    mentions = [row(1, kind="mention", title=f"Paper {n}") for n in range(3)]
    assert importer(row(1), *mentions).added == 1
    assert len(importer.rejected) == 2


def test_what_a_dataset_takes_back_is_withdrawn(log, importer):
    importer(row(1))
    gone = row(1, kind="gone", published="2021-07-01")
    counts = importer(gone, row(2, kind="gone"))
    assert (counts.withdrawn, counts.unknown) == (1, 1)
    assert accounts(log, 1) == [("Incident 1", True)]
    assert importer(gone).unchanged == 1


# Actors


def test_actors_are_registered_once_and_renamed(log, importer):
    importer(row(1, actors="7=Seven;8=Eight"), row(2, actors="7=Seven"))
    registered = [r.record for r in log.follow() if isinstance(r.record, ActorRegistered)]
    assert [r.actor.id for r in registered] == ["toy-7", "toy-8"]
    assert registered[0].actor.external_ids[0].id == "7"
    assert registered[0].origin.key == "toy:7"
    head = log.head
    counts = importer(row(3, actors="7=VII"))
    assert (counts.actors, kinds(log, head)) == (1, ["ActorNamed", "IncidentReported"])
    named = log.read(head)[0].record
    assert isinstance(named, ActorNamed)
    assert (named.actor, named.name.text, named.shown) == ("toy-7", "VII", True)


def names(log: Log, slug: str) -> list[str]:
    """The names of an actor, the one that is shown before the others."""
    actor = actor_at(log.actor(slug), BEYOND)
    assert actor is not None
    return [name.text for name in actor.profile.names]


RELEASES = [{"release": str(n), "released": f"20{n}-06-01"} for n in (22, 23, 24)]


def test_an_older_release_gives_an_actor_a_name_that_is_not_shown(log, importer):
    older, _, newer = RELEASES
    importer(row(1, actors="7=Seven"), **newer)
    importer(row(1, actors="7=VII"), **older)
    assert names(log, "toy-7") == ["Seven", "VII"]


def test_a_name_that_comes_back_is_shown_again(log, importer):
    for name, release in zip(("Seven", "VII", "seven"), RELEASES, strict=True):
        importer(row(1, actors=f"7={name}"), **release)
    assert names(log, "toy-7") == ["Seven", "VII"]
    head = log.head
    for name, release in zip(("Seven", "VII", "seven"), RELEASES, strict=True):
        importer(row(1, actors=f"7={name}"), **release)
    assert log.head == head


def test_case_and_white_space_make_no_other_name(log, importer):
    importer(row(1, actors="7=Seven Men"))
    head = log.head
    counts = importer(row(1, actors="7=SEVEN MEN"), row(1, actors="7= seven  men"))
    assert (counts.actors, log.head) == (0, head)


def test_a_name_that_a_curator_gave_since_stays_until_the_next_release(log, importer):
    first, second, _ = RELEASES
    importer(row(1, actors="7=Seven"), **first)
    actor = actor_at(log.actor("toy-7"), BEYOND)
    by = Recording(at="2026-06-01T00:00:00.000000Z", by="a curator")
    name = NameActor(text="The Seven", shown=True, reason="It is better known so.")
    record = revise_actor("toy-7", name, {"toy-7": actor}, by)
    log.append([Recorded(0, actor_stream("toy-7"), 2, record)])
    importer(row(1, actors="7=Seven"), **first)
    assert names(log, "toy-7") == ["The Seven", "Seven"]
    importer(row(1, actors="7=Seven"), **second)
    assert names(log, "toy-7") == ["Seven", "The Seven"]


def test_an_actor_of_two_names_in_one_release_is_not_renamed_by_the_same_file(log, importer):
    rows = row(1, actors="7=Seven"), row(2, actors="7=VII")
    importer(*rows, **RELEASES[0])
    head = log.head
    importer(*rows, **RELEASES[0])
    assert log.head == head


def test_a_crosswalk_says_who_is_who_and_when(log, importer, tmp_path):
    path = crosswalk(
        tmp_path / "who.csv",
        "sevens,state,The Seven,AFG,toy,7,,2021-08-14",
        "eights,armed_group,The Eight,,toy,7,2021-08-15,",
        "eights,armed_group,The Eight,,toy,8,,",
    )
    importer(
        row(1, actors="7=7", day="2021-08-14"),
        row(2, actors="7=7;8=VIII", day="2021-08-15"),
        crosswalks=(path,),
    )
    named = [[p.actor for p in incident(log, n).accounts[0].account.participants] for n in (1, 2)]
    assert named == [["sevens"], ["eights"]]
    # The state of the one counts until it falls, whatever the dataset says.
    assert [[c.role for c in incident(log, n).accounts[0].implied] for n in (1, 2)] == [
        ["location", "actor"],
        ["location"],
    ]
    profile = log.actor("eights")[0].record.actor
    # An id that is two actors' leads to neither.
    assert [each.id for each in profile.external_ids] == []
    assert kinds(log).count("ActorIdentified") == 1


# Bad rows


def test_bad_rows_are_told_and_the_rest_goes_on(log, importer):
    counts = importer(
        row(1, kind="bad"),
        Rejected(2, None, "it is torn"),
        row(3, killed=-1),
        row(4, country="XQX"),
        row(5, day="2021-13-01"),
        row(6),
    )
    assert (counts.rows, counts.rejected, counts.new) == (6, 5, 1)
    told = {rejected.line: (rejected.column, rejected.reason) for _, rejected in importer.rejected}
    assert told[1] == ("kind", "it is bad")
    assert told[2] == (None, "it is torn")
    assert "figures[0].best" in told[3][1]
    assert "place.country" in told[4][1]
    assert "occurred" in told[5][1]


def test_rows_before_the_end_of_a_broken_file_are_in_the_log(log, importer, monkeypatch):
    monkeypatch.setattr(engine, "BATCH", 2)
    broken = UnreadableFile("toy.csv", "it is cut off", "fetch it again")
    with pytest.raises(UnreadableFile):
        importer(*(row(n) for n in range(5)), broken)
    assert kinds(log).count("IncidentReported") == 5


# Cut short, in processes, beside others


def what_is_in(log: Log) -> list[tuple]:
    """All that a log holds but when."""
    return [
        (r.stream, r.version, replace(r.record, recorded_at="", **_undated(r.record)))
        for r in log.follow()
    ]


def _undated(record) -> dict[str, str]:
    return {"reported": ""} if hasattr(record, "reported") else {}


class Cut:
    """A log whose writer is gone after so many appends."""

    def __init__(self, log: Log, appends: int) -> None:
        self._log, self._left = log, appends

    def __getattr__(self, name: str):
        return getattr(self._log, name)

    def append(self, records) -> None:
        if self._left == 0:
            raise InterruptedError
        self._left -= 1
        self._log.append(records)


ROWS = [row(n % 40, actors=f"{n % 7}=A{n % 11}", killed=n % 3) for n in range(1, 90)]


@settings(max_examples=25, deadline=None)
@given(cut=st.lists(st.integers(0, 60), max_size=3), size=st.integers(1, 20))
def test_an_import_that_was_cut_short_ends_as_if_it_had_not(cut, size, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "BATCH", size)
        # What other processes examine ends in the same log, as the next test has it; each takes a second.
        patch.setattr(workers.os, "cpu_count", lambda: 1)
        whole, again = Log(folder / "whole.sqlite"), Log(folder / "again.sqlite")
        Importer(whole)(*ROWS, release="2", released="2024-01-01", complete=True)
        for appends in cut:
            with suppress(InterruptedError):
                Importer(Cut(again, appends))(
                    *ROWS, release="2", released="2024-01-01", complete=True
                )
        Importer(again)(*ROWS, release="2", released="2024-01-01", complete=True)
        assert what_is_in(again) == what_is_in(whole)
        whole.close()
        again.close()


def test_processes_of_their_own_examine_a_long_file_to_the_same_log(log, tmp_path, monkeypatch):
    here = Log(tmp_path / "here.sqlite")
    monkeypatch.setattr(engine, "BATCH", 10)
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 1)
    Importer(here)(*ROWS)
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 3)
    asked = []
    in_order = workers.in_order
    monkeypatch.setattr(workers, "in_order", lambda *given: asked.append(1) or in_order(*given))
    Importer(log)(*ROWS)
    assert asked
    assert what_is_in(log) == what_is_in(here)
    here.close()


def test_what_others_record_meanwhile_is_taken_into_account(log, importer):
    """Another import records the same incidents while this one is about to."""

    class Beaten(Cut):
        def append(self, records) -> None:
            if self._left == 1:
                self._left = 0
                Importer(self._log)(row(1, killed=1), row(2), released="2020-01-01")
            self._log.append(records)

    counts = Importer(Beaten(log, 1))(row(1, killed=2), row(3), released="2024-01-01")
    assert (counts.revised, counts.new) == (1, 1)
    assert sorted(kinds(log)) == [
        "AccountRevised",
        "DatasetReleased",
        "DatasetReleased",
        "IncidentReported",
        "IncidentReported",
        "IncidentReported",
    ]


def test_a_scratch_log_takes_what_would_be_recorded(log, importer, tmp_path):
    importer(row(1))
    head = log.head
    scratch = Log(tmp_path / "scratch.sqlite")
    files = Rows([row(1, killed=3), row(2)]), Rows([row(2), row(3, actors="7=Seven")])
    counts = importer.run(*files, scratch=scratch)
    assert (counts.revised, counts.new, counts.unchanged, counts.actors) == (1, 2, 1, 1)
    assert log.head == head
    scratch.close()


def test_a_rejected_row_registers_nobody(log, importer):
    importer(row(1, actors="7=Seven", killed=-1), row(2, actors="8=\u200b"))
    assert [each.line for _, each in importer.rejected] == [1, 2]
    assert kinds(log) == ["DatasetReleased"]


def test_an_account_that_a_curator_revised_stays_the_datasets(log, importer):
    importer(row(1, killed=1), release="1", released="2020-01-01")
    stream = uuid8("toy", "1")
    (held,) = incident(log, 1).accounts
    revision = ReviseAccount(
        number=1,
        account=replace(held.account, title="As the source puts it now"),
        reason="So it says.",
    )
    by = Recording(at="2026-06-01T00:00:00.000000Z", by="a curator")
    record = revise({stream: incident(log, 1)}, stream, revision, {}, by)
    log.append([Recorded(0, stream, 2, record)])
    assert importer(row(1, killed=2), release="2", released="2024-01-01").revised == 1
    (held,) = incident(log, 1).accounts
    assert held.origin is not None
    assert (held.origin.dataset, held.origin.key, held.origin.release) == ("toy", "1", "2")
