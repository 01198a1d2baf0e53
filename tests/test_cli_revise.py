"""``casus revise``: what the API records and refuses, from options, a file or standard input."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.bootstrap import Casus
from tests.conftest import CALLER, a_profile, an_account
from tests.processes import ask
from tests.revising import ACCOUNT

NOBODY = "01945b6e-3c00-7000-8000-000000000001"


@pytest.fixture
def incidents(casus: Casus) -> list[str]:
    """Two incidents, after two actors, the CSTO and the CIS."""
    for slug in ("csto", "cis"):
        casus.desk.register_actor(a_profile(id=slug, name=slug.upper()), CALLER)
    return [
        str(casus.desk.report_incident(an_account(title=title), CALLER).stream)
        for title in ("First", "Second")
    ]


@pytest.fixture
def revise(casus, incidents, tmp_path):
    """Run the command on the store: its status and what it prints, with the record that it made."""

    def run(*words: str, body: Any = None) -> tuple[int, str, Any]:
        stdin = b"" if body is None else orjson.dumps(body)
        before = casus.log.head
        done = ask("revise", *words, *(["-"] if stdin else []), home=tmp_path, stdin=stdin)
        made = [each.record for each in casus.log.read(before)]
        assert len(made) == (done.returncode == 0)
        return done.returncode, done.stdout + done.stderr, made[0] if made else None

    return run


def test_a_revision_says_where_it_stands_and_who_made_it(revise, casus, incidents):
    status, shown, record = revise(
        incidents[0], "retraction", "--reason", "It did not happen.", "--by", "Зоя"
    )
    assert (status, shown) == (0, "Recorded at position 5.\n")
    assert (type(record).__name__, record.reason, record.recorded_by) == (
        "IncidentRetracted",
        "It did not happen.",
        "Зоя",
    )
    casus.projector.catch_up()
    assert casus.reader.head == 5


def test_fields_are_corrected_from_options(revise, incidents):
    _, _, record = revise(
        *(incidents[0], "corrections", "--reason", "A typo."),
        *("--set", "title=A = B", "--set", "place=null", "--set", 'summary="42"'),
        *("--set", 'participants=[{"actor": "cis"}]'),
    )
    assert record.changes.title.after == "A = B"
    assert record.changes.summary.after == "42"
    assert [each.actor for each in record.changes.participants.after] == ["cis"]
    assert record.changes.place is None  # it had none before


def test_a_body_may_be_read_from_a_file_and_completed_by_options(revise, incidents, tmp_path):
    file = tmp_path / "account.json"
    file.write_bytes(orjson.dumps({"account": ACCOUNT}))
    _, _, record = revise(incidents[0], "accounts", str(file), "--reason", "A second paper.")
    assert (record.account.title, record.reason) == ("Another account", "A second paper.")


def test_a_body_may_be_read_from_standard_input(revise, incidents):
    body = {"set": {"title": "From afar"}, "reason": "A typo."}
    _, _, record = revise(incidents[0], "corrections", body=body)
    assert record.changes.title.after == "From afar"


def test_incidents_and_actors_are_merged_into_others(revise, incidents):
    _, _, record = revise(incidents[0], "merge", "--into", incidents[1], "--reason", "Told twice.")
    assert str(record.into) == incidents[1]
    _, _, record = revise("csto", "merge", "--into", "cis", "--reason", "Two spellings.")
    assert (record.actor, record.into) == ("csto", "cis")


def test_an_actor_is_given_a_name_by_options(revise):
    _, _, record = revise(
        *("csto", "names", "--set", "text=ОДКБ", "--set", "language=ru", "--set", "shown=true"),
        *("--reason", "In Russian."),
    )
    assert (record.name.text, record.name.language, record.shown) == ("ОДКБ", "ru", True)


def test_an_actor_is_given_an_id_by_options(revise):
    _, _, record = revise(
        *("csto", "external-ids", "--set", "scheme=acled", "--set", "id=42"),
        *("--reason", "As ACLED numbers it."),
    )
    assert (record.external_id.scheme, record.external_id.id) == ("acled", "42")


def test_what_was_seen_may_guard_a_revision(revise, incidents):
    words = (incidents[0], "corrections", "--set", "title=X", "--reason", "A typo.")
    status, shown, _ = revise(*words, "--seen", "2")
    assert (status, "last changed at position 3, not 2" in shown) == (1, True)
    assert revise(*words, "--seen", "3")[0] == 0


# What is refused: nothing is recorded (the fixture sees to it), and one message says why


def test_every_fault_is_named_with_its_path(revise, incidents):
    status, shown, _ = revise(
        *(incidents[0], "corrections", "--set", "figures=[]", "--set", "occurred=2021-13")
    )
    assert status == 1
    assert [line.split(":")[0].strip() for line in shown.splitlines()[1:]] == [
        "$.set.occurred",
        "$.set.figures",
        "$.reason",
    ]


def test_a_clash_says_with_what(revise, incidents):
    status, shown, _ = revise(incidents[0], "reinstatement", "--reason", "It did happen.")
    assert (status, "it is not retracted" in shown) == (1, True)


@pytest.mark.parametrize(("target", "what"), [(NOBODY, "incident"), ("nobody", "actor")])
def test_what_is_not_there_is_not_revised(target, what, revise):
    status, shown, _ = revise(
        target,
        "merge",
        "--into",
        NOBODY if what == "incident" else "cis",
        "--reason",
        "Told twice.",
    )
    assert (status, f"there is no {what} '{target}'" in shown) == (1, True)


@pytest.mark.parametrize("by", ["", " ", "a\nb", "x" * 501])
def test_who_revises_has_a_name_of_one_line(by, revise, incidents):
    """Or the log would hold a record that cannot be read."""
    status, shown, _ = revise(incidents[0], "retraction", "--reason", "Why not.", "--by", by)
    assert status == 2
    assert "--by" in shown


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("names", "--reason", "X"), "REVISION"),
        (("nothing", "--reason", "X"), "REVISION"),
        (("corrections", "--set", "title", "--reason", "X"), "--set"),
        (("corrections", "--seen", "-1", "--reason", "X"), "--seen"),
    ],
)
def test_words_that_make_no_sense_are_a_fault_of_usage(words, option, revise, incidents):
    status, shown, _ = revise(incidents[0], *words)
    assert status == 2
    assert option in shown


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b'{"set": []}', b'{"set": 1}']
)
def test_a_file_that_holds_no_body_is_refused(body, revise, incidents, tmp_path):
    file = tmp_path / "body.json"
    file.write_bytes(body)
    status, shown, _ = revise(
        incidents[0], "corrections", str(file), "--set", "title=X", "--reason", "A typo."
    )
    assert status == 1
    assert "Traceback" not in shown


def test_words_that_are_no_text_are_refused(revise, incidents):
    status, shown, _ = revise(incidents[0], "retraction", "--reason", b"\xff")
    assert status == 1
    assert "nothing was recorded" in shown
    assert "Traceback" not in shown


def test_a_file_that_is_not_there_is_named(revise, incidents, tmp_path):
    status, shown, _ = revise(incidents[0], "corrections", str(tmp_path / "none.json"))
    assert status in {1, 2}
    assert "none.json" in shown.replace("\n", "")
