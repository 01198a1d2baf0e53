"""What random histories are made of: accounts, corrections, commands, and records made by hand.

Everything is drawn from few values, so that incidents agree and contradict each other, often by chance.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from domain import actors, records, revisions
from domain.edtf import span
from domain.records import Corrections, IncidentRecord, Replacement
from domain.reporting import implied_countries
from domain.values import (
    Account,
    Affiliation,
    Figure,
    ForeignCode,
    InvolvedCountry,
    Origin,
    Participant,
    Place,
    Source,
)
from domain.vocabulary import CountryRole, IncidentType, Measure, ParticipantRole, Status
from projections.timelines import LONG_SPAN
from service.revisions import OF_ACTORS, OF_INCIDENTS
from tests.conftest import a_profile, an_account

# fmt: off
OCCURRED = [
    "2021-06-22", "2021-06-22", "2021-06-23", "2021-06-18/2021-06-21", "2021-06", "2021-06-23/..",
    "../2021-06-20", "2020-06-22/2021-06-22", "2020-06-21/2021-06-22", "2020-06-20/2021-06-22",
    "2019/2021", "[2021-06-19,2021-06-25]", "2021-07-05", "2021-07-09/2021-07-20", "2022",
]
# fmt: on
EDGES = sorted(
    edge + shift
    for text in OCCURRED
    for edge in (span(text).earliest, span(text).latest)
    for shift in (-1, 0, 1, LONG_SPAN)
)
"""Days on which windows may begin or end."""

CODES = ["AFG", "TJK", "UZB"]
PROFILES = {
    "cis": a_profile(id="cis", name="CIS"),
    "csto": a_profile(
        id="csto", name="CSTO", affiliations=(Affiliation(actor="cis", until="2021-06-22"),)
    ),
    "tajik-border-troops": a_profile(
        id="tajik-border-troops",
        name="Tajik border troops",
        state="TJK",
        affiliations=(Affiliation(actor="csto", since="2021-06-20"),),
    ),
    "taliban": a_profile(),
    "haqqani": a_profile(
        id="haqqani", name="Haqqani network", affiliations=(Affiliation(actor="taliban"),)
    ),
    "afghan-army": a_profile(id="afghan-army", name="Afghan army", state="AFG"),
}
PLACES = [
    None,
    Place(name="Sherkhan Bandar", country="AFG"),
    Place(name="Panji Poyon", country="TJK", latitude=37.2, longitude=68.6),
    Place(name="The river"),
]
ROLES = [ParticipantRole.INITIATOR, ParticipantRole.TARGET]
COUNTRY_ROLES = [CountryRole.LOCATION, CountryRole.ACTOR, CountryRole.AFFECTED]
TYPES = [IncidentType.ATTACK, IncidentType.BORDER_CROSSING]
STATUSES = [Status.REPORTED, Status.REPORTED, Status.CONFIRMED, Status.DISPUTED, Status.PLANNED]
DATASETS = ["ged", "acled"]
ORIGINS = [None, None, *(Origin(dataset=slug, key="1") for slug in DATASETS)]
MEMBERSHIPS = [None, None, "2021-06-20", "2021-06-22", "2021-06", "2020"]
REASONS = ["a mistake", "a newer release"]

RECORDS: dict[str, type[IncidentRecord]] = {
    "report": records.IncidentReported,
    "accounts": records.AccountAdded,
    "account-revisions": records.AccountRevised,
    "account-withdrawals": records.AccountWithdrawn,
    "corrections": records.IncidentCorrected,
    "retraction": records.IncidentRetracted,
    "reinstatement": records.IncidentReinstated,
    "merge": records.IncidentMerged,
    "unmerge": records.IncidentUnmerged,
}
"""What is recorded of incidents, by what it is written as."""

KINDS = [
    *("report", "register", "register", "release", "release"),
    *(*OF_INCIDENTS, *OF_INCIDENTS, "merge", "merge"),
    *(f"actor-{kind}" for kind in OF_ACTORS),
    *("actor-affiliations", "actor-releases"),
]
"""What may be written, the more often the more often it is named."""


@dataclass(frozen=True)
class Write:
    """Something to be written, as hypothesis draws it: numbers choose among what is there by then."""

    kind: str
    which: int
    other: int
    published: str | None
    hours_later: int
    seed: int
    then_shown: bool


def day(number: int) -> str:
    """The day so many days after the first on which anything is published."""
    return (datetime.date(2021, 7, 1) + datetime.timedelta(days=number)).isoformat()


writes = st.builds(
    Write,
    kind=st.sampled_from(KINDS),
    which=st.integers(0, 9),
    other=st.integers(0, 9),
    published=st.none() | st.integers(0, 12).map(day),
    hours_later=st.sampled_from([0, 1, 24, -24]),
    seed=st.integers(0, 2**32),
    then_shown=st.booleans(),
)


def some(chance: random.Random, of: Sequence[Any], most: int) -> tuple[Any, ...]:
    """Up to so many different ones."""
    return tuple(chance.sample(of, min(len(of), chance.randint(0, most))))


def an_account_at_random(
    chance: random.Random, published: str | None, known: Sequence[str]
) -> Account:
    """An account that names actors among those known."""
    return an_account(
        title=f"Title {chance.randint(1, 9)}",
        type=chance.choice(TYPES),
        status=chance.choice(STATUSES),
        occurred=chance.choice(OCCURRED),
        source=Source(name=f"Newspaper {chance.randint(1, 3)}", published=published),
        place=chance.choice(PLACES),
        countries=countries_at_random(chance),
        participants=participants_at_random(chance, known),
        figures=tuple(
            figure_at_random(chance, *people)
            for people in some(
                chance, [("killed", None), ("killed", "soldiers"), ("wounded", None)], 2
            )
        ),
        summary=chance.choice([None, "A summary", "Another summary"]),
        codes=some(chance, [ForeignCode(scheme="cameo", code=code) for code in ("19", "190")], 1),
    )


def countries_at_random(chance: random.Random) -> tuple[InvolvedCountry, ...]:
    """Countries, each in a part."""
    return tuple(
        InvolvedCountry(code=code, role=chance.choice(COUNTRY_ROLES))
        for code in some(chance, CODES, 2)
    )


def participants_at_random(chance: random.Random, known: Sequence[str]) -> tuple[Participant, ...]:
    """Actors among those known, each in a part."""
    return tuple(
        Participant(actor=slug, role=chance.choice(ROLES)) for slug in some(chance, known, 3)
    )


def figure_at_random(chance: random.Random, measure: str, of: str | None) -> Figure:
    """A figure that gives at least one number; one in seven contradicts itself."""
    numbers = [chance.randint(1, 6) for _ in range(3)]
    if falling := chance.random() < 0.15:
        numbers.sort(reverse=True)
    else:
        numbers.sort()
    given = dict(zip(("low", "best", "high"), numbers, strict=True))
    for bound in chance.sample(sorted(given), chance.randint(0, 2)):
        del given[bound]
    return Figure(measure=Measure(measure), of=of, **given, inconsistent=falling)


def new_values_at_random(chance: random.Random, known: Sequence[str]) -> dict[str, Any]:
    """What a curator puts in place of what accounts say: one to three fields."""
    values = {
        "title": f"Corrected title {chance.randint(1, 3)}",
        "type": chance.choice(TYPES),
        "status": chance.choice(STATUSES),
        "occurred": chance.choice(OCCURRED),
        "place": chance.choice(PLACES),
        "summary": chance.choice([None, "A corrected summary"]),
        "countries": countries_at_random(chance),
        "participants": participants_at_random(chance, known),
    }
    return {field: values[field] for field in chance.sample(sorted(values), chance.randint(1, 3))}


def a_command(
    write: Write, chance: random.Random, number: int, other: UUID, known: Sequence[str]
) -> revisions.Revision:
    """A command that revises an incident; the domain may well refuse it."""
    published = write.published
    reason = chance.choice(REASONS)
    basis = Source(name="A ministry", published=published) if published else None
    match write.kind:
        case "accounts":
            account = an_account_at_random(chance, published, known)
            origin = chance.choice(ORIGINS)
            return revisions.AddAccount(account=account, reason=reason, origin=origin)
        case "account-revisions":
            account = an_account_at_random(chance, published, known)
            origin = chance.choice(ORIGINS)
            return revisions.ReviseAccount(
                number=number, account=account, reason=reason, origin=origin
            )
        case "account-withdrawals":
            return revisions.WithdrawAccount(number=number, reason=reason, basis=basis)
        case "corrections":
            values: Any = new_values_at_random(chance, known)
            return revisions.CorrectIncident(set=values, reason=reason, basis=basis)
        case "merge":
            return revisions.MergeIncident(into=other, reason=reason, basis=basis)
        case _:
            return OF_INCIDENTS[write.kind](reason=reason, basis=basis)


def a_record(  # noqa: PLR0917
    write: Write,
    chance: random.Random,
    number: int,
    other: UUID,
    known: Sequence[str],
    recorded_at: str,
) -> IncidentRecord:
    """A record of an incident that nobody has decided on: reported whenever, in any state of things."""
    account = an_account_at_random(chance, write.published, known)
    values = new_values_at_random(chance, known)
    is_correction = write.kind == "corrections"
    made = {
        "account": account,
        "implied": implied_countries(
            values.get("place") if is_correction else account.place,
            values.get("participants", ()) if is_correction else account.participants,
            PROFILES,
        ),
        "origin": chance.choice(ORIGINS),
        "number": number,
        "changes": Corrections(
            **{name: Replacement(before=each, after=each) for name, each in values.items()}
        ),
        "into": other,
        "out_of": other,
        "basis": None,
        "reason": chance.choice(REASONS),
        "reported": write.published or recorded_at[:10],
        "recorded_at": recorded_at,
        "recorded_by": "hand",
    }
    kind = RECORDS[write.kind]
    return kind(**{field.name: made[field.name] for field in fields(kind)})


def an_actors_command(write: Write, chance: random.Random, other: str) -> actors.ActorRevision:
    """A command that revises an actor; the domain may well refuse it."""
    reason = chance.choice(REASONS)
    match write.kind:
        case "actor-names":
            return actors.NameActor(
                text=f"Name {chance.randint(1, 4)}",
                language=chance.choice([None, "en"]),
                shown=chance.random() < 0.7,
                reason=reason,
            )
        case "actor-external-ids":
            scheme, number = chance.choice(["ucdp", "wikidata"]), chance.randint(1, 4)
            return actors.IdentifyActor(scheme=scheme, id=f"Q{number}", reason=reason)
        case "actor-affiliations":
            since, until = chance.choice(MEMBERSHIPS), chance.choice(MEMBERSHIPS)
            return actors.AffiliateActor(actor=other, since=since, until=until, reason=reason)
        case "actor-releases":
            until = chance.choice([each for each in MEMBERSHIPS if each])
            return actors.ReleaseActor(actor=other, until=until, reason=reason)
        case "actor-merge":
            return actors.MergeActor(into=other, reason=reason)
        case _:
            return actors.UnmergeActor(reason=reason)
