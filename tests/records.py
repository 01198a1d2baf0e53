"""Records for tests of the log: an example of every topic that was ever stored, every field filled.

The bytes of each are in data/records. Older topics have the bytes of their day, and are read as records of
now: without what had no place in them.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from domain.records import (
    AccountAdded,
    AccountRevised,
    AccountWithdrawn,
    ActorAffiliated,
    ActorIdentified,
    ActorNamed,
    ActorRegistered,
    ActorReleased,
    ActorsMerged,
    ActorsUnmerged,
    Corrections,
    DatasetReleased,
    IncidentCorrected,
    IncidentMerged,
    IncidentReinstated,
    IncidentReported,
    IncidentRetracted,
    IncidentUnmerged,
    Record,
    Recorded,
    Replacement,
)
from domain.values import (
    Account,
    ActorName,
    ActorProfile,
    Affiliation,
    DatasetPart,
    DatasetProfile,
    ExternalId,
    Figure,
    ForeignCode,
    InvolvedCountry,
    Origin,
    Participant,
    Place,
    PlacePrecision,
    Reference,
    Source,
)
from domain.vocabulary import (
    ActorKind,
    CountryRole,
    IncidentType,
    Measure,
    ParticipantRole,
    Status,
)

ACCOUNT = Account(
    title="Attack on Sherkhan Bandar: «شیرخان بندر»",
    type=IncidentType.ATTACK,
    occurred="2021-06-22~",
    source=Source(
        name="A newspaper", via="An agency", url="https://example.org/a?b=1", published="2021-07~"
    ),
    status=Status.CONFIRMED,
    place=Place(
        name="Sherkhan Bandar",
        country="AFG",
        admin1="Kunduz",
        admin2="Imam Sahib",
        admin3="Qarghan Tepa",
        latitude=37.1781,
        longitude=-68.6,
        precision=PlacePrecision.EXACT,
        description="At the bridge over the Panj",
    ),
    countries=(InvolvedCountry(code="TJK", role=CountryRole.AFFECTED),),
    participants=(Participant(actor="taliban", role=ParticipantRole.INITIATOR),),
    figures=(
        Figure(
            measure=Measure.CROSSED,
            of="soldiers",
            low=130,
            best=134,
            high=1000000000000,
            inconsistent=True,
        ),
    ),
    summary="Soldiers crossed the Panj.\nNobody stopped them.",
    codes=(ForeignCode(scheme="cameo", code="190", label="Use conventional military force"),),
    references=(
        Reference(
            text="«Шерхан-Бандар», 22 June 2021",
            name="A newspaper",
            title="The bridge\nis taken",
            url="https://example.org/bridge",
            published="2021-06-22",
        ),
    ),
    attributed_to="The police",
)
IMPLIED = (InvolvedCountry(code="AFG", role=CountryRole.LOCATION),)
ORIGIN = Origin(dataset="afghanistan-2021", key="sherkhan-bandar", release="2021.1")
BASIS = Source(
    name="A ministry", via="Radio", url="https://example.org/statement", published="2021-07-03"
)
OTHER = UUID("01945b6e-3c00-7000-8000-000000000001")


def _recorded(number: int) -> dict[str, str]:
    return {"recorded_at": f"2026-11-22T09:00:00.{number:06d}Z", "recorded_by": "casus"}


def _grounds(number: int) -> dict[str, object]:
    """What every revision by a curator has."""
    return {
        "basis": BASIS,
        "reported": "2021-07-03",
        "reason": "The ministry says otherwise: «на самом деле».",
        **_recorded(number),
    }


BARE_PLACE = replace(ACCOUNT.place, admin3=None, description=None)
BARE_ACCOUNT = replace(
    ACCOUNT,
    place=BARE_PLACE,
    codes=(replace(ACCOUNT.codes[0], label=None),),
    references=(),
    attributed_to=None,
)
"""What accounts said before they named references, places a third level, and codes their labels."""

REPORTED = IncidentReported(
    account=ACCOUNT, implied=IMPLIED, origin=ORIGIN, reported="2021-07-31", **_recorded(1)
)
ADDED = AccountAdded(
    account=ACCOUNT,
    implied=IMPLIED,
    origin=ORIGIN,
    reported="2021-07-31",
    reason="A second newspaper.",
    **_recorded(2),
)
REGISTERED = ActorRegistered(
    actor=ActorProfile(
        id="taliban",
        kind=ActorKind.ARMED_GROUP,
        names=(
            ActorName(text="طالبان", language="ps"),
            ActorName(text="Taliban", language="en"),
        ),
        state="AFG",
        external_ids=(ExternalId(scheme="ucdp", id="303"),),
        affiliations=(Affiliation(actor="haqqani", since="1995~", until="2021-08-15"),),
        description="An armed group\nthat took Kabul.",
    ),
    origin=ORIGIN,
    **_recorded(3),
)

REVISED = AccountRevised(
    number=2,
    account=ACCOUNT,
    implied=IMPLIED,
    origin=ORIGIN,
    reported="2021-07-31",
    reason="The newspaper corrected its article.",
    **_recorded(4),
)
CORRECTED = IncidentCorrected(
    changes=Corrections(
        title=Replacement(before="Attack", after="Attack on a checkpoint"),
        type=Replacement(before=IncidentType.ATTACK, after=IncidentType.FIGHTING),
        status=Replacement(before=Status.DISPUTED, after=Status.CONFIRMED),
        occurred=Replacement(before="2021-06-22~", after="2021-06-21/2021-06-22"),
        place=Replacement(before=replace(ACCOUNT.place, name="Kunduz"), after=ACCOUNT.place),
        summary=Replacement(before="None crossed.", after="Some crossed."),
        countries=Replacement(before=IMPLIED, after=ACCOUNT.countries),
        participants=Replacement(
            before=ACCOUNT.participants,
            after=(Participant(actor="haqqani", role=ParticipantRole.SIDE_B),),
        ),
    ),
    implied=IMPLIED,
    **_grounds(6),
)

RELEASED = DatasetReleased(
    dataset=DatasetProfile(
        id="ucdp-ged",
        title="UCDP Georeferenced Event Dataset",
        license="CC BY 4.0",
        citation="Sundberg and Melander (2013),\nJournal of Peace Research 50(4).",
        url="https://ucdp.uu.se/downloads/",
    ),
    release="24.1",
    released="2024-06~",
    complete=DatasetPart(country="MMR", first_year=1989, last_year=2018),
    reason="A new release: «24.1».",
    **_recorded(17),
)

_CURRENT: tuple[Record, ...] = (
    REPORTED,
    ADDED,
    REVISED,
    AccountWithdrawn(number=2, **_grounds(5)),
    CORRECTED,
    IncidentRetracted(**_grounds(7)),
    IncidentReinstated(**_grounds(8)),
    IncidentMerged(into=OTHER, **_grounds(9)),
    IncidentUnmerged(out_of=OTHER, **_grounds(10)),
    REGISTERED,
    ActorNamed(
        actor="taliban",
        name=ActorName(text="Талибан", language="ru"),
        shown=True,
        reason="As Russian papers write it.",
        **_recorded(11),
    ),
    ActorAffiliated(
        actor="taliban",
        affiliation=Affiliation(actor="haqqani", since="1995~", until="2021-08-15"),
        reason="They swore allegiance.",
        **_recorded(12),
    ),
    ActorReleased(
        actor="taliban",
        parent="haqqani",
        until="2021-08-15",
        reason="They parted.",
        **_recorded(13),
    ),
    ActorsMerged(actor="taleban", into="taliban", reason="Two spellings.", **_recorded(14)),
    ActorsUnmerged(actor="taleban", out_of="taliban", reason="Two groups.", **_recorded(15)),
    ActorIdentified(
        actor="taliban",
        external_id=ExternalId(scheme="wikidata", id="Q42418"),
        reason="As Wikidata numbers them.",
        **_recorded(16),
    ),
    RELEASED,
)

_UNRELEASED = replace(ORIGIN, release=None)

EXAMPLES: dict[str, Record] = {
    **{record.TOPIC: record for record in _CURRENT},
    "incident-reported.v1": replace(REPORTED, account=BARE_ACCOUNT, origin=_UNRELEASED),
    "account-added.v1": replace(ADDED, account=BARE_ACCOUNT, origin=_UNRELEASED, reason=None),
    "actor-registered.v1": replace(REGISTERED, origin=_UNRELEASED),
    "incident-reported.v2": replace(REPORTED, account=BARE_ACCOUNT),
    "account-added.v2": replace(ADDED, account=BARE_ACCOUNT),
    "account-revised.v1": replace(REVISED, account=BARE_ACCOUNT),
    "incident-corrected.v1": replace(
        CORRECTED,
        changes=replace(
            CORRECTED.changes,
            place=Replacement(before=replace(BARE_PLACE, name="Kunduz"), after=BARE_PLACE),
        ),
    ),
    "dataset-released.v1": replace(RELEASED, complete=None),
}

_TO_PLACES = ["Place.admin3", "Place.description"]
_TO_ACCOUNTS = [
    *_TO_PLACES,
    "ForeignCode.label",
    "Account.references",
    "Account.attributed_to",
]

ADDED_SINCE = {
    "incident-reported.v1": [*_TO_ACCOUNTS, "Origin.release"],
    "account-added.v1": [*_TO_ACCOUNTS, "Origin.release", "AccountAdded.reason"],
    "actor-registered.v1": ["Origin.release"],
    "incident-reported.v2": _TO_ACCOUNTS,
    "account-added.v2": _TO_ACCOUNTS,
    "account-revised.v1": _TO_ACCOUNTS,
    "incident-corrected.v1": [*_TO_PLACES, *_TO_PLACES],
    "dataset-released.v1": ["DatasetReleased.complete"],
}
"""The fields that records have now, and had no place in these older topics."""


def a_record(stream: int, version: int = 1) -> Recorded[Record]:
    """A record to append to a stream: its first reports an incident, the others add accounts."""
    return Recorded(0, UUID(int=stream), version, REPORTED if version == 1 else ADDED)
