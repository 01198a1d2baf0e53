"""Revisions of actors: which record each makes, what it is refused for, and what the actor is then."""

from __future__ import annotations

import pytest

from domain.actors import (
    actor_at,
    evolve,
)
from domain.checks import Fault
from domain.records import (
    ActorAffiliated,
    ActorIdentified,
    ActorNamed,
    ActorReleased,
    ActorsMerged,
    ActorsUnmerged,
)
from domain.values import ActorName, Affiliation, ExternalId
from tests.registers import (
    UNMERGE,
    Register,
    affiliated,
    faults,
    identified,
    merge,
    named,
    refused,
    released,
    written,
)

CSTO = ActorName(text="CSTO", language="en")
ODKB = ActorName(text="ОДКБ", language="ru")


@pytest.fixture
def register() -> Register:
    """The CSTO, the CIS and Tajikistan."""
    return Register("csto", "cis", "tajikistan")


def names(register: Register) -> tuple[ActorName, ...]:
    return register.actors["csto"].profile.names


# Names


def test_an_actor_is_given_one_more_name_in_any_script(register):
    record = register.revise("csto", named("ОДКБ", "ru"))
    assert record == ActorNamed(
        actor="csto", name=ODKB, shown=False, reason="As they write it.", **written(4)
    )
    assert names(register) == (CSTO, ODKB)
    assert register.actors["csto"].position == 4


def test_an_actor_is_renamed_by_a_name_that_is_shown_from_then_on(register):
    register.revise("csto", named("ОДКБ", "ru", shown=True))
    assert names(register) == (ODKB, CSTO)
    assert actor_at(register.history["csto"], 3).profile.names == (CSTO,)


def test_a_name_that_it_has_may_become_the_one_shown(register):
    register.revise("csto", named("ОДКБ", "ru"))
    register.revise("csto", named("ОДКБ", "ru", shown=True))
    assert names(register) == (ODKB, CSTO)


def test_the_same_word_in_another_language_is_another_name(register):
    register.revise("csto", named("CSTO", "fr"))
    register.revise("csto", named("CSTO"))
    assert names(register) == (CSTO, ActorName(text="CSTO", language="fr"), ActorName(text="CSTO"))


@pytest.mark.parametrize(
    "revision", [named("ОДКБ", "ru"), named("CSTO", "en"), named("CSTO", "en", shown=True)]
)
def test_a_name_that_it_has_already_is_refused(revision, register):
    register.revise("csto", named("ОДКБ", "ru"))
    assert refused(register, "csto", revision) == ("it has this name already", 4)


# Ids in other schemes


def test_an_actor_is_given_one_more_id_in_another_scheme(register):
    record = register.revise("csto", identified("wikidata", "Q318693"))
    known_as = ExternalId(scheme="wikidata", id="Q318693")
    assert record == ActorIdentified(
        actor="csto", external_id=known_as, reason="As they number it.", **written(4)
    )
    register.revise("csto", identified("acled", "CSTO"))
    register.revise("csto", identified("acled", "ОДКБ"))
    after = register.actors["csto"]
    assert [(each.scheme, each.id) for each in after.profile.external_ids] == [
        ("wikidata", "Q318693"),
        ("acled", "CSTO"),
        ("acled", "ОДКБ"),
    ]
    assert after.position == 6
    assert actor_at(register.history["csto"], 4).profile.external_ids == (known_as,)


def test_an_id_that_it_has_already_is_refused(register):
    register.revise("csto", identified("wikidata", "Q318693"))
    again = refused(register, "csto", identified("wikidata", "Q318693"))
    assert again == ("it has this id already", 4)
    register.revise("csto", identified("acled", "Q318693"))
    register.revise("cis", identified("wikidata", "Q318693"))


# Affiliations


def belongs(register: Register) -> tuple[Affiliation, ...]:
    return register.actors["tajikistan"].profile.affiliations


def test_an_actor_is_affiliated_to_another_with_dates(register):
    record = register.revise("tajikistan", affiliated("csto", since="2002-10-07", until="2020"))
    joined = Affiliation(actor="csto", since="2002-10-07", until="2020")
    assert record == ActorAffiliated(
        actor="tajikistan", affiliation=joined, reason="They joined.", **written(4)
    )
    assert belongs(register) == (joined,)


def test_an_actor_may_belong_to_several_and_to_one_again(register):
    register.revise("tajikistan", affiliated("csto", since="1992", until="1999"))
    register.revise("tajikistan", affiliated("cis", since="1991"))
    register.revise("tajikistan", affiliated("csto", since="2002"))
    assert [(each.actor, each.since) for each in belongs(register)] == [
        ("csto", "1992"),
        ("cis", "1991"),
        ("csto", "2002"),
    ]


def test_an_affiliation_that_is_there_already_is_refused(register):
    register.revise("tajikistan", affiliated("csto", since="2002"))
    again = refused(register, "tajikistan", affiliated("csto", since="2002"))
    assert again == ("it is affiliated so already", 4)


@pytest.mark.parametrize(
    ("revision", "path", "message"),
    [
        (affiliated("tajikistan"), ("actor",), "not affiliated to itself"),
        (affiliated("nato"), ("actor",), "no actor 'nato' is registered"),
        (affiliated("csto", since="2012", until="2002"), ("until",), "end is before its start"),
    ],
)
def test_an_affiliation_with_a_fault_is_refused(revision, path, message, register):
    (fault,) = faults(register, "tajikistan", revision)
    assert fault.path == path
    assert message in fault.message


def test_a_release_ends_the_open_affiliation_and_no_other(register):
    register.revise("tajikistan", affiliated("csto", since="1992", until="1999"))
    register.revise("tajikistan", affiliated("cis", since="1991"))
    register.revise("tajikistan", affiliated("csto", since="2002"))
    record = register.revise("tajikistan", released("csto", "2012-12-19"))
    assert record == ActorReleased(
        actor="tajikistan",
        parent="csto",
        until="2012-12-19",
        reason="They left.",
        **written(7),
    )
    assert [(each.actor, each.since, each.until) for each in belongs(register)] == [
        ("csto", "1992", "1999"),
        ("cis", "1991", None),
        ("csto", "2002", "2012-12-19"),
    ]


def test_an_actor_that_was_released_may_join_again(register):
    register.revise("tajikistan", affiliated("csto"))
    register.revise("tajikistan", released("csto", "1999"))
    register.revise("tajikistan", affiliated("csto", since="2002"))
    assert [(each.since, each.until) for each in belongs(register)] == [
        (None, "1999"),
        ("2002", None),
    ]


def test_who_does_not_belong_to_another_is_not_released_from_it(register):
    register.revise("tajikistan", affiliated("csto", since="1992", until="1999"))
    for parent in ("csto", "cis", "nobody"):
        assert refused(register, "tajikistan", released(parent)) == (
            f"it has no open affiliation to {parent!r}",
            4,
        )


def test_a_release_before_the_start_is_a_fault(register):
    register.revise("tajikistan", affiliated("csto", since="2002"))
    (fault,) = faults(register, "tajikistan", released("csto", "1999"))
    assert (fault.path, fault.message) == (("until",), "its end is before its start")


# Merges


def test_an_actor_is_merged_into_another_and_unmerged(register):
    record = register.revise("cis", merge("csto"))
    assert record == ActorsMerged(actor="cis", into="csto", reason="Two spellings.", **written(4))
    assert register.actors["cis"].merged_into == "csto"
    assert register.actors["csto"].merged_into is None
    undone = register.revise("cis", UNMERGE)
    assert undone == ActorsUnmerged(actor="cis", out_of="csto", reason="Two groups.", **written(5))
    assert register.actors["cis"].merged_into is None
    assert actor_at(register.history["cis"], 4).merged_into == "csto"


def test_an_actor_keeps_what_it_is_while_it_is_merged(register):
    register.revise("cis", named("СНГ", "ru"))
    before = register.actors["cis"].profile
    register.revise("cis", merge("csto"))
    assert register.actors["cis"].profile == before


def test_an_actor_into_which_others_are_merged_may_be_merged_in_turn(register):
    register.revise("cis", merge("csto"))
    register.revise("csto", merge("tajikistan"))
    assert [register.actors[slug].merged_into for slug in ("cis", "csto", "tajikistan")] == [
        "csto",
        "tajikistan",
        None,
    ]


@pytest.mark.parametrize(
    "revision",
    [
        named("X"),
        identified("ucdp", "303"),
        affiliated("tajikistan"),
        released("tajikistan"),
        merge("tajikistan"),
    ],
)
def test_a_merged_actor_is_revised_where_it_was_merged_into(revision, register):
    register.revise("cis", merge("csto"))
    assert refused(register, "cis", revision) == ("'cis' is merged into 'csto'", 4)


def test_an_actor_is_not_merged_into_itself(register):
    assert refused(register, "cis", merge("cis"))[0] == "an actor is not merged into itself"


def test_an_actor_is_not_merged_into_one_that_is_not_there(register):
    assert faults(register, "cis", merge("nato")) == (
        Fault(("into",), "no actor 'nato' is registered"),
    )


def test_an_actor_is_not_merged_in_a_circle(register):
    register.revise("cis", merge("csto"))
    assert refused(register, "csto", merge("cis")) == (
        "'cis' is itself merged into 'csto'; unmerge it first",
        4,
    )
    register.revise("csto", merge("tajikistan"))
    assert refused(register, "tajikistan", merge("cis")) == (
        "'cis' is itself merged into 'csto'",
        4,
    )


def test_an_actor_that_is_not_merged_is_not_unmerged(register):
    assert refused(register, "cis", UNMERGE) == ("it is not merged into another", 2)


# Time


def test_an_actor_at_a_position_is_the_fold_of_its_records_up_to_it(register):
    register.revise("csto", named("ОДКБ", "ru"))
    register.revise("csto", merge("cis"))
    history = register.history["csto"]
    assert actor_at(history, 0) is None
    assert [actor_at(history, position).position for position in (1, 3, 4, 5, 9)] == [1, 1, 4, 5, 5]


def test_a_record_of_an_actor_that_was_never_registered_is_an_error(register):
    register.revise("csto", named("ОДКБ", "ru"))
    with pytest.raises(ValueError, match="position 4"):
        evolve(None, register.history["csto"][1])
