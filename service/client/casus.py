"""`Casus`: everything that can be read of a service."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, Unpack, cast
from urllib.parse import quote

import httpx

from service.client import filters
from service.client.documents import (
    Actor,
    Citation,
    Country,
    Dataset,
    Difference,
    Incident,
    Record,
    Revision,
)
from service.client.questions import PAGE, File, Incidents, Question, Series
from service.client.service import Service, lines

AGENT = "casus-client"


class Casus:
    """A service at an address, read on the clocks of `at`, or as it stands.

    Close it, or use it as a context manager. May be used by several threads.
    """

    def __init__(
        self,
        address: str,
        *,
        key: str | None = None,
        timeout: float = 60,
        attempts: int = 4,
        http: httpx.Client | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`key` is a key of the service or a token, for one whose reading is closed.

        `timeout` is in seconds; `attempts` is how often it asks in all where it is told to come back.

        `http` is a client of your own, for proxies, certificates or headers; its base address is set.
        """
        given = http or httpx.Client(timeout=timeout, headers={"User-Agent": AGENT})
        given.base_url = httpx.URL(address)
        if key is not None:
            given.headers["Authorization"] = f"Bearer {key}"  # httpx sends it to no other host
        self._service = Service(given, attempts, pause)

    def at(
        self,
        *,
        position: int | None = None,
        as_of: str | datetime.datetime | None = None,
        reported_by: str | datetime.date | None = None,
    ) -> Casus:
        """The same service, each read of which is fixed on these clocks. It shares the connection."""
        fixed = object.__new__(Casus)
        fixed._service = self._service.at(position=position, as_of=as_of, reported_by=reported_by)
        return fixed

    @property
    def position(self) -> int:
        """The position that reads are made at: the newest, if none is fixed."""
        return int(self._service.get("/v1/incidents", {"limit": 1}).headers["casus-position"])

    def countries(self) -> list[Country]:
        """Every country, with the number of incidents on its timeline."""
        return cast(list[Country], self._service.json("/v1/countries", {})["items"])

    def actors(
        self, *, q: str | None = None, kind: str | None = None, state: str | None = None
    ) -> Iterator[Actor]:
        """The actors registered, by id; those with `q` in a name, of a kind, of a state."""
        return self._items("/v1/actors", {"q": q, "kind": kind, "state": state})

    def actor(self, actor: str) -> Actor:
        """An actor, by its id, a name or an external id. Raises `NotFound`."""
        return cast(Actor, self._service.json(f"/v1/actors/{_segment(actor)}", {})["actor"])

    def datasets(self) -> list[Dataset]:
        """The datasets that incidents were loaded from, with licences and citations."""
        return cast(list[Dataset], self._service.json("/v1/datasets", {})["items"])

    def timeline(
        self,
        *,
        country: str | None = None,
        actor: str | None = None,
        **selection: Unpack[filters.Selection],
    ) -> Incidents:
        """A country's timeline, an actor's, or what concerns the two. `limit` is of the whole."""
        if country is not None:
            path = f"/v1/countries/{quote(country, safe=':')}/timeline"
            return Incidents(self._service, path, {"actor": actor, **selection})
        if actor is None:
            raise TypeError("whose timeline? give a country or an actor, or ask for incidents()")
        path = f"/v1/actors/{quote(actor, safe=':')}/timeline"
        return Incidents(self._service, path, selection)

    def incidents(
        self,
        *,
        country: str | None = None,
        actor: str | None = None,
        **selection: Unpack[filters.Selection],
    ) -> Incidents:
        """All incidents, narrowed. `limit` is of the whole."""
        query = {"country": country, "actor": actor, **selection}
        return Incidents(self._service, "/v1/incidents", query)

    def incident(self, incident: str) -> Incident:
        """An incident with all its accounts. Raises `NotFound`."""
        return cast(Incident, self._service.json(_incident(incident), {}))

    def history(self, incident: str) -> Iterator[Revision]:
        """Every record that touched an incident, in order. Raises `NotFound`."""
        return self._items(f"{_incident(incident)}/history", {})

    def series(
        self,
        *,
        country: str | None = None,
        actor: str | None = None,
        **counting: Unpack[filters.Counting],
    ) -> Series:
        """Incidents, or what figures say, counted by day, week, month or year."""
        query = {"country": country, "actor": actor, **counting}
        return Series(self._service, "/v1/series", query)

    def diff(self, **moments: Unpack[filters.Difference]) -> Iterator[Difference]:
        """What has changed between two moments."""
        return self._items("/v1/diff", moments)

    def log(self, *, after: int = 0, limit: int | None = None) -> Iterator[Record]:
        """The records beyond a position, in order, as they come; all of them, or so many at most."""
        with self._service.stream("/v1/log", {"after": after, "limit": limit}) as answer:
            yield from map(json.loads, lines(answer))

    def cite(self, path: str, **query: Any) -> Citation:
        """How to cite what is at a path: ``cite("/v1/incidents", q="border")``."""
        return Question(self._service, path, query).cite()

    def export(self, path: str, format_: str, file: File, **query: Any) -> None:
        """Write the whole of what is at a path, in a format by its suffix, to a file or to a path."""
        Question(self._service, path, query).export(format_, file)

    def close(self) -> None:
        """Close the connections."""
        self._service.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _items(self, path: str, query: Any) -> Iterator[Any]:
        pages = self._service.pages(path, {"limit": PAGE, **query})
        return (item for page in pages for item in page["items"])


def _incident(incident: str) -> str:
    return f"/v1/incidents/{_segment(incident)}"


def _segment(name: str) -> str:
    """A name as a part of a path. Raises ValueError for one that would be another path."""
    if name in ("", ".", ".."):
        raise ValueError(f"{name!r} is the id of nothing")
    return quote(name, safe=":")
