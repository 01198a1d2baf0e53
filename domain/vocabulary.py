"""The closed vocabularies of Casus, and the crosswalk from the schemes that datasets are coded in.

An incident has one `IncidentType`. `CROSSWALK` says what each means and the codes for it, from
CAMEO 1.1 (GDELT, ICEWS; codes are text: "010" is a statement, "10" a demand), PLOVER (POLECAT; and
YIELD of earlier drafts), ACLED ("event type", "event type/sub-event type", and the event types of
before 2019) and UCDP (type of violence). A code leads to one type: the import fails where one leads
to two. A code that a scheme lacks raises `UnknownCode`; what then is for the importer to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from domain.errors import DomainError


class Term(StrEnum):
    """A word of a closed vocabulary, with its one-line ``definition``."""

    _value_: str
    definition: str

    def __new__(cls, value: str, definition: str = "") -> Self:
        """A word and what it means."""
        term = str.__new__(cls, value)
        term._value_ = value
        term.definition = definition
        return term


class IncidentType(StrEnum):
    """What kind of thing happened. `CROSSWALK` defines each."""

    FIGHTING = "fighting"
    ATTACK = "attack"
    BOMBARDMENT = "bombardment"
    VIOLENCE_AGAINST_CIVILIANS = "violence_against_civilians"
    PROTEST = "protest"
    RIOT = "riot"
    WITHDRAWAL = "withdrawal"
    TROOP_MOVEMENT = "troop_movement"
    CHANGE_OF_CONTROL = "change_of_control"
    BORDER_CROSSING = "border_crossing"
    DISPLACEMENT = "displacement"
    DETENTION = "detention"
    NEGOTIATION = "negotiation"
    AGREEMENT = "agreement"
    MEETING = "meeting"
    APPEAL = "appeal"
    STATEMENT = "statement"
    THREAT = "threat"
    AID = "aid"
    SANCTION = "sanction"
    OTHER = "other"


class Status(Term):
    """How an incident stands."""

    REPORTED = "reported", "At least one source says that it happened."
    CONFIRMED = "confirmed", "Independent sources, or the party that it harms, bear it out."
    DISPUTED = "disputed", "Sources contradict each other: on whether, when or how much."
    PLANNED = "planned", "Announced for a day to come; not yet known to have happened."
    RETRACTED = "retracted", "Withdrawn by a curator: it leaves the timelines, its history stays."


class CountryRole(Term):
    """Why an incident is on a country's timeline."""

    LOCATION = "location", "It happened there."
    ACTOR = "actor", "Its state, or someone acting for it, takes part."
    AFFECTED = "affected", "People or fire crossed its border, or tried to."
    HOST = "host", "It received a meeting, negotiations or foreign forces."


class ParticipantRole(Term):
    """What part an actor has in an incident."""

    INITIATOR = "initiator", "Did it: attacked, withdrew, crossed, gave."
    TARGET = "target", "It was done to them."
    SIDE_A = "side_a", "One side; the order of the sides says nothing of who began."
    SIDE_B = "side_b", "The other side."
    MEDIATOR = "mediator", "Stood between the sides."
    HOST = "host", "Received the others."
    SPEAKER = "speaker", "Said it."
    ADDRESSEE = "addressee", "It was said to them."
    UNSPECIFIED = "unspecified", "Took part; the source does not say how."


class ActorKind(Term):
    """What an actor is."""

    STATE = "state", "A state, its government, its forces or one of its bodies."
    ARMED_GROUP = "armed_group", "An organised group that bears arms and is no state's."
    ORGANISATION = "organisation", "Any other body: a union of states, a party, a charity, a firm."
    PERSON = "person", "One human being."


class Measure(Term):
    """What a figure counts."""

    KILLED = "killed", "People killed."
    WOUNDED = "wounded", "People wounded who were alive when counted."
    CAPTURED = "captured", "People taken prisoner by the other side."
    CASUALTIES = "casualties", "People killed, wounded or captured, in one number."
    MISSING = "missing", "People of whom nothing is known."
    SURRENDERED = "surrendered", "People who laid down their arms or changed sides."
    DETAINED = "detained", "People arrested or held, other than in combat."
    CROSSED = "crossed", "People who crossed a border."
    ATTEMPTED_CROSSING = "attempted_crossing", "People who tried to cross a border."
    RETURNED = "returned", "People who went back, or were sent back, across a border or home."
    DISPLACED = "displaced", "People driven or fled from where they live."
    PARTICIPANTS = "participants", "People who took part, in a protest or a meeting."
    TROOPS = "troops", "Soldiers or fighters moved, withdrawn or stationed."
    DISTRICTS = "districts", "Administrative districts taken or given up."
    SETTLEMENTS = "settlements", "Towns and villages taken or given up."
    BASES = "bases", "Military bases, outposts and checkpoints taken or given up."


MEASURES: Mapping[Measure, str] = MappingProxyType({m: m.definition for m in Measure})
"""What each measure counts, and in what unit."""


class UnknownCode(DomainError):
    """Raised when a scheme (cameo, plover, acled, ucdp) has no such code; carries both as text."""

    def __init__(self, scheme: str, code: str) -> None:
        self.scheme = scheme
        self.code = code if len(code) <= 100 else code[:100] + "…"
        super().__init__(f"{scheme} has no code {self.code!r}")


@dataclass(frozen=True, slots=True)
class TypeEntry:
    """An incident type: its name to show, what it means, and the codes that lead to it.

    A CAMEO code stands for all that begin with it, unless a longer one stands elsewhere.
    """

    type: IncidentType
    label: str
    definition: str
    cameo: tuple[str, ...] = ()
    plover: tuple[str, ...] = ()
    acled: tuple[str, ...] = ()
    ucdp: tuple[int, ...] = ()


# CAMEO 03 is a statement and AGREE an agreement: 03 is intent only, AGREE is commitment as well.
# Not formatted, because a table is read by its rows.
# fmt: off
CROSSWALK: tuple[TypeEntry, ...] = (
    TypeEntry(IncidentType.FIGHTING, "Fighting",
              "Armed sides fight each other.",
              cameo=("19",), ucdp=(1, 2),
              acled=("Battles", "Battles/Armed clash", "Battle-No change of territory")),
    TypeEntry(IncidentType.ATTACK, "Attack",
              "One side strikes people or property: a raid, an ambush, an assassination, arson.",
              cameo=("18", "1712"), plover=("ASSAULT",),
              acled=("Strategic developments/Looting/property destruction",)),
    TypeEntry(IncidentType.BOMBARDMENT, "Bombing and shelling",
              "Explosive or chemical weapons, from the air, from afar, or left to go off.",
              cameo=("183", "194", "195", "204"),
              acled=("Explosions/Remote violence", "Explosions/Remote violence/Chemical weapon",
                     "Explosions/Remote violence/Air/drone strike",
                     "Explosions/Remote violence/Suicide bomb",
                     "Explosions/Remote violence/Shelling/artillery/missile attack",
                     "Explosions/Remote violence/Remote explosive/landmine/IED",
                     "Explosions/Remote violence/Grenade", "Remote violence")),
    TypeEntry(IncidentType.VIOLENCE_AGAINST_CIVILIANS, "Violence against civilians",
              "Armed people kill, hurt, abduct or torture people who are not fighting.",
              cameo=("175", "181", "182", "184", "20"), ucdp=(3,),
              acled=("Violence against civilians", "Violence against civilians/Attack",
                     "Violence against civilians/Sexual violence",
                     "Violence against civilians/Abduction/forced disappearance")),
    TypeEntry(IncidentType.PROTEST, "Protest",
              "People demonstrate, strike or block without violence of their own.",
              cameo=("14",), plover=("PROTEST",),
              acled=("Protests", "Protests/Peaceful protest", "Protests/Protest with intervention",
                     "Protests/Excessive force against protesters", "Riots/Protests")),
    TypeEntry(IncidentType.RIOT, "Riot",
              "A crowd or mob is violent.",
              cameo=("145",), acled=("Riots", "Riots/Violent demonstration", "Riots/Mob violence")),
    TypeEntry(IncidentType.WITHDRAWAL, "Withdrawal",
              "Forces or missions leave, retreat, surrender, disarm or are sent away.",
              cameo=("087", "166"), plover=("RETREAT",)),
    TypeEntry(IncidentType.TROOP_MOVEMENT, "Troop movement",
              "Forces move, mobilise, exercise or set up, short of using force.",
              cameo=("0861", "15"), plover=("MOBILIZE",),
              acled=("Strategic developments/Headquarters or base established",
                     "Headquarters or base established")),
    TypeEntry(IncidentType.CHANGE_OF_CONTROL, "Change of control",
              "A place passes from one side to another, with a fight or without.",
              cameo=("192",),
              acled=("Battles/Government regains territory",
                     "Battles/Non-state actor overtakes territory",
                     "Strategic developments/Non-violent transfer of territory",
                     "Battle-Government regains territory",
                     "Battle-Non-state actor overtakes territory",
                     "Non-violent transfer of territory")),
    TypeEntry(IncidentType.BORDER_CROSSING, "Border crossing",
              "People or forces cross a border, or try to."),
    TypeEntry(IncidentType.DISPLACEMENT, "Displacement",
              "People flee, or are driven or deported, from where they live.",
              cameo=("174", "201")),
    TypeEntry(IncidentType.DETENTION, "Detention",
              "People are arrested, held, charged or released.",
              cameo=("0841", "173"), acled=("Strategic developments/Arrests",)),
    TypeEntry(IncidentType.NEGOTIATION, "Negotiation",
              "Sides bargain, directly or through a mediator; talks open, go on or break off.",
              cameo=("045", "046", "164", "165")),
    TypeEntry(IncidentType.AGREEMENT, "Agreement",
              "Sides bind themselves, or one gives way: an accord, a truce, a concession.",
              cameo=("057", "08", "0871"), plover=("AGREE", "CONCEDE", "YIELD"),
              acled=("Strategic developments/Agreement",)),
    TypeEntry(IncidentType.MEETING, "Meeting",
              "Representatives meet, visit or confer.",
              cameo=("04",), plover=("CONSULT",)),
    TypeEntry(IncidentType.APPEAL, "Appeal",
              "Somebody asks for or demands something.",
              cameo=("02", "10"), plover=("REQUEST",)),
    TypeEntry(IncidentType.STATEMENT, "Statement",
              "Somebody says what they think, intend, support, refuse or blame.",
              cameo=("01", "03", "05", "11", "12"), plover=("SUPPORT", "ACCUSE", "REJECT")),
    TypeEntry(IncidentType.THREAT, "Threat",
              "Somebody threatens harm or force, or sets an ultimatum.",
              cameo=("13",), plover=("THREATEN",)),
    TypeEntry(IncidentType.AID, "Aid",
              "Money, goods, arms or protection are given, or let through.",
              cameo=("07", "0863"), plover=("AID",)),
    TypeEntry(IncidentType.SANCTION, "Sanction or restriction",
              "An embargo, ban, curfew, blockade or cut in relations is imposed or eased.",
              cameo=("081", "085", "16", "17", "191"), plover=("SANCTION", "COERCE")),
    TypeEntry(IncidentType.OTHER, "Other",
              "None of these.",
              cameo=("06", "09"), plover=("COOPERATE",),
              acled=("Strategic developments", "Strategic developments/Change to group/activity",
                     "Strategic developments/Disrupted weapons use", "Strategic developments/Other",
                     "Strategic development")),
)
# fmt: on


def type_of_cameo(code: str) -> IncidentType:
    """The type of a CAMEO code of two to four digits, kept as text. Raises `UnknownCode`.

    The longest beginning in the table decides: 1951 is what 195 is, 0199 what 01 is.
    """
    if 2 <= len(code) <= 4 and code.isascii() and code.isdecimal():
        for length in range(len(code), 1, -1):
            if found := _BY_CAMEO.get(code[:length]):
                return found
    raise UnknownCode("cameo", code)


def type_of_plover(event_type: str) -> IncidentType:
    """The type of a PLOVER event type, in any case. Raises `UnknownCode`."""
    return _look_up("plover", _BY_PLOVER, event_type)


def type_of_acled(event_type: str, sub_event_type: str | None = None) -> IncidentType:
    """The type of an ACLED event type and sub-event type, in any case. Raises `UnknownCode`.

    Without a sub-event type (older files have none) the event type alone decides.
    """
    sub_type = (sub_event_type or "").strip()
    code = f"{event_type.strip()}/{sub_type}" if sub_type else event_type
    return _look_up("acled", _BY_ACLED, code)


def type_of_ucdp(type_of_violence: int) -> IncidentType:
    """The type of UCDP violence 1 state-based, 2 non-state, 3 one-sided. Raises `UnknownCode`."""
    return _look_up("ucdp", _BY_UCDP, str(type_of_violence))


def _look_up(scheme: str, types: Mapping[str, IncidentType], code: str) -> IncidentType:
    found = types.get(code.strip().casefold())
    if found is None:
        raise UnknownCode(scheme, code)
    return found


def _reversed(scheme: str) -> dict[str, IncidentType]:
    types: dict[str, IncidentType] = {}
    for entry in CROSSWALK:
        for code in getattr(entry, scheme):
            if types.setdefault(str(code).casefold(), entry.type) is not entry.type:
                raise ValueError(f"{scheme} {code} leads to two incident types")
    return types


_BY_CAMEO = _reversed("cameo")
_BY_PLOVER = _reversed("plover")
_BY_ACLED = _reversed("acled")
_BY_UCDP = _reversed("ucdp")
