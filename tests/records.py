"""Records for tests of the log: an example of every topic that was ever stored, every field filled.

The bytes of each are in data/records.
"""

from __future__ import annotations

from uuid import UUID

from domain.records import AccountAdded, ActorRegistered, IncidentReported, Record, Recorded
from domain.values import (
    Account,
    ActorName,
    ActorProfile,
    Affiliation,
    ExternalId,
    Figure,
    ForeignCode,
    InvolvedCountry,
    Origin,
    Participant,
    Place,
    PlacePrecision,
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
        latitude=37.1781,
        longitude=-68.6,
        precision=PlacePrecision.EXACT,
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
    codes=(ForeignCode(scheme="cameo", code="190"),),
)
IMPLIED = (InvolvedCountry(code="AFG", role=CountryRole.LOCATION),)
ORIGIN = Origin(dataset="afghanistan-2021", key="sherkhan-bandar")

EXAMPLES = {
    "incident-reported.v1": IncidentReported(
        account=ACCOUNT,
        implied=IMPLIED,
        origin=ORIGIN,
        reported="2021-07-31",
        recorded_at="2026-11-22T09:00:00.000001Z",
        recorded_by="casus",
    ),
    "account-added.v1": AccountAdded(
        account=ACCOUNT,
        implied=IMPLIED,
        origin=ORIGIN,
        reported="2021-07-31",
        recorded_at="2026-11-22T09:00:00.000002Z",
        recorded_by="casus",
    ),
    "actor-registered.v1": ActorRegistered(
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
        recorded_at="2026-11-22T09:00:00.000003Z",
        recorded_by="casus",
    ),
}

REPORTED, ADDED, REGISTERED = EXAMPLES.values()


def a_record(stream: int, version: int = 1) -> Recorded[Record]:
    """A record to append to a stream: its first reports an incident, the others add accounts."""
    return Recorded(0, UUID(int=stream), version, REPORTED if version == 1 else ADDED)
