"""What tests of published formats share: ways to ask for one, and incidents that are hard to publish."""

from __future__ import annotations

from typing import Any

from domain.values import Figure, Participant, Place, Source
from domain.vocabulary import Measure, ParticipantRole
from service.bootstrap import Casus
from service.imports.formats.ucdp_ged import FORMAT as GED
from service.imports.reading.outcomes import Row
from tests.conftest import CALLER, a_profile, an_account
from tests.ged import cells_of, rows
from tests.imports import Importer, Rows


def published(client: Any, path: str, **parameters: Any) -> Any:
    """The answer to a request for a publication, which has to succeed."""
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer


ODD_TITLES = (
    'He said "no", and left',
    "=cmd()|'/C calc'!A0",
    "@SUM(1+1), then -1",
    "هجوم على نقطة حدودية",
    "\u202eright to left\u202c and emoji \U0001f54a\ufe0f",
    "<script>alert('&amp;')</script>",
    "Комма, точка с запятой; и таб",
)
"""Titles that some format has to write with care."""

ODD_DAYS = (
    "-0043-03-15",
    "0476-09-04",
    "Y12345",
    "../2021-09-11",
    "2021-06-22/..",
    "2021-06~",
    "[2021-06-01..2021-06-03]",
)
"""Days that some format has no way to write, or only with care."""


def report_odd_incidents(casus: Casus) -> list[str]:
    """Report incidents with odd titles, days and places; their ids."""
    casus.desk.register_actor(a_profile(), CALLER)
    ids = []
    for number, title in enumerate(ODD_TITLES):
        place = Place(name=title, country="FJI", latitude=-17.5, longitude=(-1) ** number * 179.9)
        figure = Figure(measure=Measure.KILLED, low=number, best=number + 1, high=number + 3)
        account = an_account(
            title=title,
            summary=f"{title}\nA second line, of what is told.",
            place=place,
            figures=(figure,),
            participants=(Participant(actor="taliban", role=ParticipantRole.INITIATOR),),
            source=Source(name=title, url="https://example.org/?a=1&b=2", published="2021-07-01"),
        )
        ids.append(str(casus.desk.report_incident(account, CALLER).stream))
    for day in ODD_DAYS:
        account = an_account(title=f"On {day}", occurred=day, published="2021-12-31")
        ids.append(str(casus.desk.report_incident(account, CALLER).stream))
    return ids


def import_ged(casus: Casus) -> str:
    """Import the rows of UCDP GED on Afghanistan; the dataset's id."""
    read = [Row(line, cells_of(row)) for line, row in enumerate(rows("Afghanistan"), 2)]
    assert not Importer(casus.log).run(Rows(read, "ged.csv", GED)).rejected
    casus.projector.catch_up()
    return GED.dataset.id


def many_participants(casus: Casus, count: int) -> str:
    """Report an incident with so many participants; its id."""
    participants = []
    for number in range(count):
        slug = f"group-{number}"
        casus.desk.register_actor(a_profile(id=slug, name=f"Group {number}"), CALLER)
        participants.append(Participant(actor=slug, role=ParticipantRole.SIDE_A))
    account = an_account(title="Everybody", participants=tuple(participants))
    return str(casus.desk.report_incident(account, CALLER).stream)


def items(client: Any, path: str, **parameters: Any) -> list[Any]:
    """What the JSON pages of a timeline or a search have, from the first to the last."""
    answer = published(client, path, **parameters).json()
    found = answer["items"]
    while answer["next"]:
        answer = client.get(answer["next"]).json()
        found += answer["items"]
    return list(found)
