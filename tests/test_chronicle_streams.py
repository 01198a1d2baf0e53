"""Chronicles line by line: what is loaded of a stream, in any order, cut short, packed, broken or again."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import random
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import AccountAdded, ActorRegistered, IncidentReported
from domain.reporting import Recording
from service.bootstrap import Casus, open_casus
from service.chronicles import BUNDLED, MOST_ACCOUNTS, lines, running
from service.chronicles.detecting import begun, is_chronicle
from service.chronicles.running import FaultyChronicle, run
from service.chronicles.streams import ChronicleStream
from service.imports.orders import Order
from service.imports.reading.outcomes import UnreadableFile
from service.imports.running import Report, Request
from service.log import Log
from service.settings import Settings
from tests.ged import content as content_of_ged

Json = dict[str, Any]

HEADER = {"format": "casus-chronicle/1", "dataset": "a-stream", "title": "A stream"}


def actor(slug: str, *others: str) -> Json:
    """The line of an actor that belongs to others."""
    affiliations = [{"actor": other} for other in others]
    named = {"id": slug, "kind": "armed_group", "names": [{"text": slug}]}
    return {"actor": named | {"affiliations": affiliations}}


def incident(key: str, *sources: str, actors: tuple[str, ...] = (), **changes: Any) -> Json:
    """The line of an incident, with an account of each source."""
    account = {
        "title": f"Incident {key}",
        "type": "attack",
        "occurred": "2021-06-22",
        "participants": [{"actor": each} for each in actors],
    }
    accounts = [account | {"source": {"name": name}} | changes for name in sources or ("The Post",)]
    return {"incident": {"key": key, "accounts": accounts}}


def text_of(*rows: Json | str) -> bytes:
    """A stream of lines; text stands for itself."""
    return "".join(
        f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in rows
    ).encode()


def load(casus: Casus, *rows: Json | str | bytes | Path, **asked: Any) -> Report:
    """Import lines under the header, or a file."""
    path = Path(casus.settings.home / "stream.ndjson")
    if isinstance(rows[0], Path):
        path = rows[0]
    elif isinstance(rows[0], bytes):
        path.write_bytes(rows[0])
    else:
        path.write_bytes(text_of(HEADER, *rows))
    request = Request(files=(str(path),), order=Order(by="tests"), **asked)
    return run(casus, request, lambda _: None)


def rejected(casus: Casus) -> dict[int, str]:
    """The reasons in the file of rejected lines, by the lines' numbers."""
    path = Path(casus.settings.home / "stream.ndjson.rejected.csv")
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {int(row["line"]): row["reason"] for row in csv.DictReader(file)}


def kinds(log: Log) -> list[str]:
    return [type(recorded.record).__name__ for recorded in log.follow()]


def content(log: Log) -> list[tuple[Any, ...]]:
    """All that a log holds but when."""
    undated = {"recorded_at": ""}
    return [(each.stream, each.version, replace(each.record, **undated)) for each in log.follow()]


# What a stream is


def test_a_stream_loads_what_the_same_document_does(casus, tmp_path):
    document = json.loads(BUNDLED.read_bytes())
    header = {name: each for name, each in document.items() if name not in ("actors", "incidents")}
    actors = [{"actor": each} for each in document["actors"]]
    incidents = [{"incident": each} for each in document["incidents"]]
    whole = open_casus(Settings(CASUS_HOME=tmp_path / "whole", _env_file=None))
    report = load(casus, text_of(header, *incidents, *actors))
    assert load(whole, BUNDLED).counts == report.counts
    assert (report.counts.new, report.counts.added, report.counts.actors) == (35, 10, 21)
    assert (report.counts.rows, report.position) == (56, 67)
    undated = {each for each in content(whole.log) if "reported" not in dir(each[2])}
    assert undated <= set(content(casus.log))
    assert [each[:2] for each in content(whole.log)] == [each[:2] for each in content(casus.log)]
    assert casus.reader.head == 67
    whole.close()


def test_a_stream_that_is_loaded_again_appends_nothing(casus):
    given = actor("a"), incident("1", "The Post", "The Times", actors=("a",)), incident("2")
    first = load(casus, *given).counts
    assert (first.new, first.added, first.unchanged, first.actors) == (2, 1, 0, 1)
    again = load(casus, *given)
    assert (again.counts.new, again.counts.added, again.counts.unchanged) == (0, 0, 3)
    assert again.position == 5
    more = load(casus, *given, incident("2", "The Times"), incident("3")).counts
    assert (more.new, more.added, more.unchanged) == (1, 1, 3)


def test_an_incident_on_two_lines_has_the_accounts_of_both_whatever_the_batches(casus, monkeypatch):
    given = incident("1", "The Post"), incident("2"), incident("1", "The Times"), incident("1")
    monkeypatch.setattr(lines, "BATCH", 3)
    counts = load(casus, *given).counts
    assert (counts.new, counts.added, counts.unchanged) == (2, 1, 1)
    monkeypatch.setattr(lines, "BATCH", 500)
    assert load(casus, *given).counts.unchanged == 4


def test_blank_lines_and_headers_further_down_are_passed_over(casus):
    header = json.dumps(HEADER)
    report = load(casus, "", incident("1"), "\t", f" {header}\r", incident("2"))
    assert (report.counts.rows, report.counts.rejected, report.counts.new) == (2, 0, 2)


def test_a_stream_of_a_header_alone_is_a_dataset(casus):
    assert load(casus, text_of(HEADER)).counts.rows == 0
    assert kinds(casus.log) == ["DatasetReleased"]


# Actors


def test_an_actor_waits_for_those_it_belongs_to_however_far_down_they_are(casus, monkeypatch):
    monkeypatch.setattr(lines, "BATCH", 2)
    given = [
        incident("1", actors=("a",)),
        actor("a", "b"),
        *(actor(f"other-{n}") for n in range(5)),
        actor("b", "c", "a"),
        *(actor(f"another-{n}") for n in range(5)),
        actor("c"),
    ]
    report = load(casus, *given)
    assert (report.counts.actors, report.counts.new, report.counts.rejected) == (13, 1, 0)
    position = report.position
    assert load(casus, *given).position == position


def test_actors_that_wait_together_are_registered_in_the_order_of_their_lines(casus, monkeypatch):
    monkeypatch.setattr(lines, "BATCH", 1)
    load(casus, actor("first", "second"), actor("second", "last"), actor("last"))
    registered = [each.record for each in casus.log.follow()]
    slugs = [each.actor.id for each in registered if isinstance(each, ActorRegistered)]
    assert slugs == ["first", "second", "last"]


def test_an_actor_whose_others_never_come_is_rejected_and_so_is_who_belongs_to_it(casus):
    report = load(
        casus,
        actor("a", "b"),
        actor("b", "nobody"),
        actor("c", "b", "d"),
        actor("d"),
        incident("1", actors=("a",)),
        incident("2", actors=("d",)),
    )
    assert rejected(casus) == {
        2: "$.actor.affiliations[0].actor: no actor 'b' is registered, and none is in this stream",
        3: "$.actor.affiliations[0].actor: no actor 'nobody' is registered, and none is in this stream",
        4: "$.actor.affiliations[0].actor: no actor 'b' is registered, and none is in this stream",
        6: "$.incident.accounts[0].participants[0].actor: no actor 'a' is registered; register it first",
    }
    assert (report.counts.rejected, report.counts.actors, report.counts.new) == (4, 1, 1)


def test_an_actor_at_fault_is_rejected_and_the_others_of_its_batch_are_not(casus):
    late = actor("late", "sound")
    late["actor"]["affiliations"][0] |= {"since": "2021", "until": "2020"}
    load(casus, actor("sound"), late, actor("of-late", "late"), actor("itself", "itself"))
    assert {number: reason.split(":")[0] for number, reason in rejected(casus).items()} == {
        3: "$.actor.affiliations[0].until",
        4: "$.actor.affiliations[0].actor",
        5: "$.actor.affiliations[0].actor",
    }
    assert kinds(casus.log) == ["DatasetReleased", "ActorRegistered"]


def test_of_an_actor_on_two_lines_the_first_counts(casus):
    named = actor("a")
    named["actor"]["names"] = [{"text": "Another"}]
    counts = load(casus, actor("a", "b"), named, actor("b")).counts
    assert (counts.actors, counts.rejected) == (2, 0)
    assert {each.record.actor.names[0].text for each in casus.log.actor("a")} == {"a"}


# Lines at fault


def test_lines_at_fault_are_rejected_with_number_place_and_reason_and_the_rest_is_loaded(
    casus, monkeypatch
):
    monkeypatch.setattr("service.imports.reading.text.LONGEST_ROW", 5_000)
    report = load(
        casus,
        incident("1"),
        "{torn",
        {"incidents": []},
        incident("2", occurred="2021-13-01"),
        incident("3", "A", "B", place={"name": "Half a point", "latitude": 36}),
        incident("Not a slug"),
        incident("4", summary="\0"),
        incident("4", summary="x" * 6_000),
        "[]",
        incident("5") | actor("a"),
        actor("Not a slug"),
        '{"actor": {"id": "\\ud800"}}',
        {"actor": None},
        incident("6"),
    )
    reasons = rejected(casus)
    assert (report.counts.new, report.counts.rejected) == (2, len(reasons))
    assert "not JSON" in reasons[3]
    assert reasons[4].startswith("$.incident: this field is required")
    assert reasons[5].startswith("$.incident.accounts[0].occurred: '2021-13-01' is not a date")
    assert reasons[6].count("place.longitude") == 2
    assert "accounts[1].place.longitude" in reasons[6]
    assert reasons[7].startswith("$.incident.key: an id is lower-case letters")
    assert "summary" in reasons[8]
    assert "longer than" in reasons[9]
    assert "$: " in reasons[10]
    assert reasons[11] == "$.actor: there is no such field"
    assert reasons[12].startswith("$.actor.id: an id is")
    assert "not JSON" in reasons[13]
    assert "$.actor" in reasons[14]
    assert list(reasons) == [12, 13, 14, *range(3, 12)]


def test_a_fault_is_told_by_its_place_in_the_line_though_lines_are_joined(casus):
    faulty = incident("1", "The Times", "The Globe")
    faulty["incident"]["accounts"][1]["participants"] = [{"actor": "nobody"}]
    counts = load(
        casus, incident("1", "The Post"), incident("2"), faulty, incident("1", "Le Monde")
    )
    assert rejected(casus)[4].startswith("$.incident.accounts[1].participants[0].actor: no actor")
    assert (counts.counts.new, counts.counts.added) == (2, 1)


def test_rejected_lines_are_in_a_file_with_how_they_begin(casus):
    report = load(casus, incident("1"), "{torn " + "x" * 5_000)
    ((path, count),) = report.rejected.items()
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (count, row["line"], row["column"]) == (1, "3", "")
    assert row["row"].startswith("{torn xxx")
    assert len(row["row"]) == 1_000
    assert load(casus, incident("1")).rejected == {}
    assert not path.exists()


def test_an_incident_takes_no_more_accounts_than_it_may_have(casus):
    names = [f"Paper {n}" for n in range(MOST_ACCOUNTS)]
    first = incident("1", *names[:150])
    counts = load(casus, first, incident("1", *names[150:]), incident("1", "One more")).counts
    assert (counts.added, counts.rejected) == (MOST_ACCOUNTS - 1, 1)
    assert f"{MOST_ACCOUNTS} accounts, the most" in rejected(casus)[4]
    assert load(casus, incident("1", "One more"), first).counts.rejected == 1


# In any order, cut short, again


class Cut(Log):
    """A log whose writer is gone after so many appends."""

    left = 0

    def append(self, records, *others):
        if self.left == 0 and records:
            raise InterruptedError
        self.left -= bool(records)
        return super().append(records, *others)


def belongs_to(number: int) -> list[str]:
    """Whom an actor belongs to: the first four to each other, the others to those before, or to nobody."""
    if number < 4:
        return [f"a-{(number + 1) % 4}"]
    return [f"a-{number // 2}", f"a-{number - 4}"] if number % 3 else []


LINES = [
    *(actor(f"a-{n}", *belongs_to(n)) for n in range(12)),
    *(
        incident(
            f"i-{n % 9}", f"Paper {n % 4}", actors=(f"a-{n % 12}",), occurred=f"2021-06-{n:02}"
        )
        for n in range(1, 25)
    ),
    "{torn",
    actor("of-nobody", "nobody"),
]


class Recorder:
    """Records at ever the same instant."""

    def __init__(self, log: Log) -> None:
        self.append = lambda records, _=None: log.append(records) and 0

    def recording(self, by: str) -> Recording:
        return Recording(at="2026-01-01T00:00:00.000000Z", by=by)


def take_in(log: Log, data: bytes) -> list[int]:
    """Load a stream; the lines that were rejected."""
    stream = ChronicleStream(log, Recorder(log), "tests")
    taken = [*stream.actors(Bytes(data)), *stream.incidents(Bytes(data))]
    assert sum(each.lines for each in taken) == len(LINES)
    return sorted(rejected.line for each in taken for rejected in each.rejected)


class Bytes(io.BytesIO):
    name = "bytes"


@settings(max_examples=30)
@given(chance=st.randoms(), size=st.integers(1, 8), cuts=st.lists(st.integers(0, 9), max_size=3))
def test_a_stream_that_was_cut_short_ends_as_if_it_had_not(chance, size, cuts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut")
    given = list(LINES)
    chance.shuffle(given)
    data = text_of(HEADER, *given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BATCH", size)
        whole, again = Log(folder / "whole.sqlite"), Cut(folder / "again.sqlite")
        at_fault = take_in(whole, data)
        for left in cuts:
            again.left = left
            with suppress(InterruptedError):
                take_in(again, data)
        again.left = -1
        assert take_in(again, data) == at_fault
        assert content(again) == content(whole)
    assert at_fault == sorted(2 + given.index(each) for each in LINES[-2:])
    assert said_in(whole) == EVERYTHING
    whole.close()
    again.close()


def said_in(log: Log) -> dict[str, set[tuple[str, str]]]:
    """The accounts of incidents by their keys, and the actors, whatever the order."""
    said: dict[str, set[tuple[str, str]]] = {}
    for recorded in log.follow():
        record = recorded.record
        if isinstance(record, IncidentReported | AccountAdded):
            account = (record.account.source.name, record.account.occurred)
            said.setdefault(record.origin.key, set()).add(account)
        elif isinstance(record, ActorRegistered):
            said[record.actor.id] = {(each.actor, "") for each in record.actor.affiliations}
    return said


EVERYTHING = {f"a-{n}": {(other, "") for other in belongs_to(n)} for n in range(12)} | {
    f"i-{key}": {(f"Paper {n % 4}", f"2021-06-{n:02}") for n in range(1, 25) if n % 9 == key}
    for key in range(9)
}


# Files


def packed(kind: str, data: bytes) -> bytes:
    match kind:
        case "gzip":
            return gzip.compress(data)
        case "xz":
            return lzma.compress(data)
        case "zip":
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("README.txt", "not data")
                archive.writestr("a.ndjson", data)
                archive.writestr("b.json", BUNDLED.read_bytes())
            return file.getvalue()
    return b"\xef\xbb\xbf" + data


@pytest.mark.parametrize("kind", ["plain", "gzip", "xz", "zip"])
def test_a_packed_stream_is_found_out_and_loaded(casus, kind):
    data = packed(kind, text_of(HEADER, incident("1", actors=("a",)), actor("a")))
    report = load(casus, data)
    new = 36 if kind == "zip" else 1
    assert (report.counts.new, report.counts.rejected) == (new, 0)
    assert is_chronicle(str(casus.settings.home / "stream.ndjson"))
    assert load(casus, data).counts.new == 0


CODEBOOK = b"CODEBOOK\n\nkey: what an incident is known by\n"


def archive_of(**members: bytes) -> bytes:
    """An archive of members that are called as they are named here, but for an underscore."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return file.getvalue()


@pytest.mark.parametrize("codebook", ["a_txt", "z_txt"])
@pytest.mark.parametrize(
    "data",
    [CODEBOOK, b"%PDF-1.7\n", b"", b'{"licence": "CC0"}', gzip.compress(CODEBOOK, mtime=0)],
    ids=["text", "document", "empty", "object", "packed"],
)
@pytest.mark.parametrize("chronicle", [text_of(HEADER, incident("1")), BUNDLED.read_bytes()])
def test_a_member_that_is_no_data_is_passed_over_wherever_it_stands(
    casus, chronicle, data, codebook
):
    report = load(casus, archive_of(**{codebook: data, "m_json": chronicle}))
    assert is_chronicle(str(casus.settings.home / "stream.ndjson"))
    assert (report.broken, report.counts.rejected) == (None, 0)
    assert report.counts.new in (1, 35)
    (told,) = report.passed_over
    assert f"stream.ndjson/{codebook.replace('_', '.')}: it " in told
    again = load(casus, archive_of(**{codebook: data, "m_json": chronicle}), strict=True)
    assert (again.recorded, len(again.passed_over)) == (True, 1)


def test_what_is_of_a_dataset_is_told_once_the_chronicles_beside_it_are_loaded(casus):
    ged = content_of_ged("Afghanistan")
    stream = text_of(HEADER, incident("1"))
    data = archive_of(a_csv=ged, m_json=stream, z_json=BUNDLED.read_bytes())
    report = load(casus, data)
    assert (report.counts.new, report.passed_over) == (36, ())
    assert str(report.broken).endswith(
        "/a.csv: it is no chronicle, but of a dataset; import it by itself"
    )
    assert not is_chronicle(str(casus.settings.home / "stream.ndjson"))
    assert not load(casus, data, strict=True).recorded


def test_of_an_archive_without_a_chronicle_the_first_member_is_at_fault(casus):
    with pytest.raises(FaultyChronicle):
        load(casus, archive_of(a_txt=CODEBOOK, b_json=b'{"title": "No chronicle"}'))


@pytest.mark.parametrize("kind", ["plain", "gzip", "xz"])
def test_a_packed_document_is_loaded_whole(casus, kind):
    report = load(casus, packed(kind, BUNDLED.read_bytes()))
    assert (report.counts.rows, report.counts.new, report.position) == (56, 35, 67)


@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_standard_input_is_gone_through_twice(casus, kind):
    data = packed(kind, text_of(HEADER, incident("1", actors=("a",)), actor("a")))
    beginning, pipe = begun(Pipe(data))
    assert is_chronicle("-", beginning)
    request = Request(files=("-",), order=Order(by="tests"), rejected=casus.settings.home)
    assert run(casus, request, lambda _: None, pipe).counts.new == 1


class Pipe(io.BytesIO):
    """Bytes that come once, a few at a time."""

    def seekable(self) -> bool:
        return False

    def read1(self, size: int = -1) -> bytes:
        return super().read1(min(size, 7) if size > 0 else 7)


@given(data=st.binary(max_size=300), sizes=st.lists(st.integers(1, 50), max_size=20))
def test_what_was_read_of_a_pipe_is_read_again(data, sizes):
    beginning, pipe = begun(Pipe(data))
    assert beginning.read() == data
    found = b"".join(pipe.read(size) for size in sizes)
    assert found + pipe.read() == data


def test_a_long_pipe_is_looked_at_only_as_far_as_it_begins(monkeypatch):
    monkeypatch.setattr("service.chronicles.detecting.HEAD", 10)
    beginning, pipe = begun(Pipe(bytes(range(100))))
    assert (beginning.read(), pipe.read()) == (bytes(range(10)), bytes(range(100)))


def test_lines_before_the_end_of_a_broken_file_are_loaded(casus):
    chance = random.Random(1)
    many = [incident(str(n), "".join(chance.choices("abcdef", k=400))) for n in range(3_000)]
    data = gzip.compress(text_of(HEADER, actor("a"), *many))
    report = load(casus, data[: len(data) // 2])
    assert report.broken is not None
    assert "cut off" in report.broken
    assert 500 < report.counts.new < 3_000
    assert (report.counts.actors, casus.reader.head) == (1, report.position)
    assert load(casus, data).counts.new == 3_000 - report.counts.new
    with pytest.raises(UnreadableFile):
        load(casus, data[:10])


def test_nothing_is_recorded_of_a_stream_with_a_line_at_fault_if_it_is_to_be_strict(casus):
    report = load(casus, incident("1"), "{torn", strict=True)
    assert (report.recorded, report.counts.new, report.counts.rejected) == (False, 1, 1)
    assert casus.log.head == 0
    assert load(casus, incident("1"), strict=True).recorded
    assert casus.log.head == 2


def test_a_dry_run_counts_what_would_be_and_records_nothing(casus):
    load(casus, actor("a"), incident("1", actors=("a",)))
    head = casus.log.head
    given = actor("b", "a"), incident("1", "The Times"), incident("2", actors=("b",)), "{torn"
    tried = load(casus, *given, dry_run=True)
    assert (tried.recorded, casus.log.head) == (False, head)
    assert load(casus, *given).counts == tried.counts
    assert casus.log.head == head + 3


# Faults of the whole


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (text_of(HEADER | {"dataset": "Not a slug"}, incident("1")), "dataset"),
        (text_of(HEADER | {"titel": "?"}, incident("1")), "titel"),
        (text_of(HEADER | {"attribution": ["x" * 15_000] * 2}, incident("1")), "attribution"),
        (text_of(incident("1"), HEADER), ""),
        (text_of(actor("a")), ""),
        (text_of({"format": "another/1"}), "format"),
        (b"id,date\n1,2021\n", ""),
        (BUNDLED.read_bytes()[:-20], ""),
    ],
)
def test_what_is_no_chronicle_loads_nothing(casus, data, path):
    for strict in (False, True):
        with pytest.raises(FaultyChronicle) as refused:
            load(casus, data, strict=strict)
        assert refused.value.name.endswith("stream.ndjson")
        assert path in [".".join(map(str, fault.path)) for fault in refused.value.faults]
    assert casus.log.head == 0


def test_a_document_too_long_to_be_held_is_refused(casus, monkeypatch):
    monkeypatch.setattr(running, "LONGEST_DOCUMENT", 1_000)
    with pytest.raises(UnreadableFile, match="write it as a stream"):
        load(casus, BUNDLED)


def test_a_faulty_document_leaves_what_was_loaded_before_it(casus, tmp_path):
    faulty = tmp_path / "faulty.json"
    faulty.write_text(
        json.dumps(HEADER | {"incidents": [incident("1", occurred="2021-13")["incident"]]})
    )
    request = Request(files=(str(BUNDLED), str(faulty)), order=Order(by="tests"))
    with pytest.raises(FaultyChronicle):
        run(casus, request, lambda _: None)
    assert casus.log.head == casus.reader.head == 67
    with pytest.raises(FaultyChronicle):
        run(casus, replace(request, strict=True), lambda _: None)


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (text_of(HEADER), True),
        (b" \n " + text_of(HEADER, actor("a")), True),
        (json.dumps(HEADER | {"incidents": []}, indent=2).encode(), True),
        (json.dumps(HEADER | {"actors": [{"id": "x" * 70_000}]}, sort_keys=True).encode(), True),
        (BUNDLED.read_bytes(), True),
        (text_of(incident("1")), False),
        (b"id,date\n", False),
        (b"[]", False),
        (b'{"data": []}', False),
        (b"", False),
        (gzip.compress(text_of(HEADER), mtime=0)[:15], False),
    ],
)
def test_a_chronicle_is_known_by_how_it_begins(data, is_one, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(data)
    assert is_chronicle(str(file)) is is_one


def test_an_actor_that_is_registered_already_is_left_as_it_is(casus):
    load(casus, actor("a"))
    assert load(casus, actor("a", "nobody")).counts.rejected == 0
    assert len(casus.log.actor("a")) == 1


def test_progress_is_told_of_what_is_read(casus):
    told = []
    path = Path(casus.settings.home / "stream.ndjson")
    path.write_bytes(text_of(HEADER, *(incident(str(n)) for n in range(1_200))))
    run(casus, Request(files=(str(path),), order=Order(by="tests")), told.append)
    rows = [each.rows for each in told if each.task == "importing"]
    assert rows[-1] == 1_200
    assert rows == sorted(rows)
    assert told[-1].task == "bringing up the timelines"
    assert {each.total for each in told[:-1] if each.task == "importing"} == {path.stat().st_size}
