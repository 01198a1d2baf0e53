"""Revisions over HTTP: for each route what has to come before it, and a body that is accepted then.

incidents    A, B and C, by letters        actors    csto, cis and tajikistan
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from domain.values import Participant
from domain.vocabulary import ParticipantRole
from service.bootstrap import Casus
from service.revisions import OF_ACTORS, OF_INCIDENTS
from tests.conftest import CALLER, TestClient, a_profile, an_account

Json = dict[str, Any]

ACCOUNT: Json = {
    "title": "Another account",
    "type": "attack",
    "occurred": "2021-06-22",
    "source": {"name": "Another newspaper", "published": "2021-06-25"},
}


@dataclass(frozen=True)
class Route:
    """A revision: of what, by which last part of the path, after which others, with which body."""

    of: str
    name: str
    body: Json
    before: tuple[str, ...] = ()


INCIDENTS = {
    route.name: route
    for route in (
        Route("incidents", "accounts", {"account": ACCOUNT, "reason": "A second paper."}),
        Route(
            "incidents",
            "account-revisions",
            {"number": 1, "account": ACCOUNT, "reason": "A misprint."},
        ),
        Route("incidents", "account-withdrawals", {"number": 1, "reason": "They were wrong."}),
        Route("incidents", "corrections", {"set": {"title": "Corrected"}, "reason": "A typo."}),
        Route("incidents", "retraction", {"reason": "It did not happen."}),
        Route("incidents", "reinstatement", {"reason": "It did happen."}, ("retraction",)),
        Route("incidents", "merge", {"into": "B", "reason": "Told twice."}),
        Route("incidents", "unmerge", {"reason": "Two of them."}, ("merge",)),
    )
}
ACTORS = {
    route.name: route
    for route in (
        Route("actors", "names", {"text": "ОДКБ", "language": "ru", "reason": "In Russian."}),
        Route(
            "actors",
            "external-ids",
            {"scheme": "wikidata", "id": "Q318693", "reason": "As Wikidata numbers it."},
        ),
        Route("actors", "affiliations", {"actor": "cis", "since": "1992", "reason": "It joined."}),
        Route(
            "actors",
            "releases",
            {"actor": "cis", "until": "1999-04-02", "reason": "It left."},
            ("affiliations",),
        ),
        Route("actors", "merge", {"into": "cis", "reason": "Two spellings."}),
        Route("actors", "unmerge", {"reason": "Two of them."}, ("merge",)),
    )
}
ROUTES = [*INCIDENTS.values(), *ACTORS.values()]

assert INCIDENTS.keys() == OF_INCIDENTS.keys()
assert ACTORS.keys() == OF_ACTORS.keys()


EVERYTHING = ["Account of A", "Account of B", "Account of C"]
"""The titles of the incidents, in order."""

_serial = count(1)


class Curator:
    """Whoever revises three incidents and three actors of their own, in a store that others may use."""

    def __init__(self, casus: Casus, client: TestClient) -> None:
        self.casus, self.client = casus, client
        self.ids: dict[str, str] = {}
        for name in ("csto", "cis", "tajikistan"):
            self.ids[name] = slug = f"{name}-{next(_serial)}"
            casus.desk.register_actor(a_profile(id=slug, name=name.upper()), CALLER)
        self.ids["Q318693"] = f"Q{next(_serial)}"  # an id in another scheme leads to one actor
        for day, letter in enumerate("ABC", 20):
            account = an_account(
                title=f"Account of {letter}",
                occurred=f"2021-06-{day}",
                participants=(Participant(actor=self.ids["csto"]),),
            )
            self.ids[letter] = str(casus.desk.report_incident(account, CALLER).stream)

    @property
    def head(self) -> int:
        """The newest position of the log."""
        return self.casus.log.head

    def path(self, of: str, target: str) -> str:
        """The address of an incident, by its letter, or of an actor, by its name."""
        return f"/v1/{of}/{self.ids.get(target, target)}"

    def timeline(self, actor: str) -> str:
        """The address of an actor's timeline."""
        return f"{self.path('actors', actor)}/timeline"

    def report(self, title: str, occurred: str, *actors: str, **more: Any) -> None:
        """Report an incident that actors initiate."""
        participants = tuple(
            Participant(actor=self.ids[actor], role=ParticipantRole.INITIATOR) for actor in actors
        )
        account = an_account(title=title, occurred=occurred, participants=participants, **more)
        self.casus.desk.report_incident(account, CALLER)

    def post(
        self,
        target: str,
        route: Route,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> Any:
        """Ask for a revision: whatever its target is now, unless headers say otherwise."""
        body = dict(route.body if body is None else body) | changes
        for name in {"into", "actor", "id"} & body.keys():
            body[name] = self.ids.get(body[name], body[name])
        return self.client.post(
            f"{self.path(route.of, target)}/{route.name}",
            json=body,
            headers={"if-match": "*"} if headers is None else headers,
        )

    def done(self, target: str, name: str, **changes: Any) -> Json:
        """Revise an incident or an actor; what is answered."""
        route = (INCIDENTS if target in "ABC" else ACTORS)[name]
        answer = self.post(target, route, **changes)
        assert answer.status_code == 201, answer.text
        document: Json = answer.json()
        return document

    def prepared(self, route: Route) -> str:
        """What a route is to revise, after everything that has to come before."""
        target = "A" if route.of == "incidents" else "csto"
        for name in route.before:
            self.done(target, name)
        return target

    def get(self, target: str, **parameters: Any) -> Json:
        """What is shown of an incident or an actor."""
        of = "incidents" if target in "ABC" else "actors"
        answer = self.client.get(self.path(of, target), params=parameters)
        assert answer.status_code == 200, answer.text
        document: Json = answer.json()
        return document

    def titles(self, path: str, **parameters: Any) -> list[str]:
        """The titles on a timeline."""
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return [item["title"] for item in answer.json()["items"]]
