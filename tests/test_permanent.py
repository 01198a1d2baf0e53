"""Permanent addresses: whoever is asked, whatever was recorded or asked for before, sends the same bytes.

Each is asked for of one application, then, when more is recorded, in the opposite order of another one on
the same store, which has nothing left from before.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.api import publications
from service.api.app import create_app
from service.bootstrap import open_casus
from service.contract_files import READS
from service.publishing.citation import STYLES
from service.publishing.formats import OF_INCIDENTS, OF_SERIES
from service.settings import Settings
from tests.conftest import CALLER, SettableClock, TestClient, an_account

POSITION = 60
INCIDENT = "315da392-715b-895f-82cb-292295ad0162"
TIMELINES = ("/v1/countries/AFG/timeline", "/v1/actors/taliban/timeline", "/v1/incidents")
SERIES = "/v1/series?country=AFG&measure=killed&from=2021-05&to=2021-06"
CHARTS = ("vl.json", "svg", "png")
OGC = (
    *("/ogc", "/ogc/conformance", "/ogc/api", "/ogc/collections", "/ogc/collections/afg"),
    *("/ogc/collections/afg/schema", "/ogc/collections/afg/items?limit=3"),
    f"/ogc/collections/incidents/items/{INCIDENT}",
)


def _with(path: str, suffix: str) -> str:
    head, mark, query = path.partition("?")
    return f"{head}{suffix}{mark}{query}"


def addresses() -> Iterator[str]:
    """Every operation that reads, every format of every publication, every style of every citation."""
    yield from (path.replace("{}", INCIDENT) for path in READS.values())
    for path in TIMELINES:
        yield from (f"{path}.{suffix}" for suffix in OF_INCIDENTS)
    for kind in ("map", "series"):
        yield from (f"{TIMELINES[0]}.{suffix}?chart={kind}" for suffix in CHARTS)
    yield from (_with(SERIES, f".{suffix}") for suffix in OF_SERIES)
    for path in (*TIMELINES, SERIES, f"/v1/incidents/{INCIDENT}"):
        yield from (_with(path, f"/cite.{style}") for style in STYLES)
    yield from OGC


def fixed(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}position={POSITION}"


Answers = dict[str, tuple[bytes, str]]


def sent(client: Any, path: str) -> tuple[int, dict[str, str], bytes]:
    """An answer as it is sent, in the coding that it is sent in."""
    with client.stream("GET", path) as answer:
        return answer.status_code, answer.headers, b"".join(answer.iter_raw())


def asked(home: Path, paths: list[str], *, coding: str) -> Answers:
    """What an application answers that has just been started; of what keeps no position nothing."""
    casus = open_casus(Settings(CASUS_HOME=home, _env_file=None), SettableClock())
    answers: Answers = {}
    with TestClient(create_app(casus)) as client:
        client.headers["accept-encoding"] = coding
        for path in paths:
            status, headers, body = sent(client, path)
            if status == 200 and "immutable" in headers.get("cache-control", ""):
                answers[path] = (body, headers["etag"])
                assert sent(client, path)[2] == body, path  # from what was kept of it
    casus.close()
    return answers


def record_more(home: Path) -> None:
    casus = open_casus(Settings(CASUS_HOME=home, _env_file=None))
    casus.desk.report_incident(an_account(), CALLER)
    casus.close()


@pytest.mark.parametrize(("coding", "whole"), [("identity", None), ("gzip", 1)])
def test_a_permanent_address_always_answers_the_same_bytes(
    coding, whole, filled_home, tmp_path, monkeypatch
) -> None:
    if whole is not None:
        monkeypatch.setattr(publications, "WHOLE", whole)  # so that all are streams, and kept
    home = shutil.copytree(filled_home, tmp_path / "home")
    paths = [fixed(path) for path in addresses() if "position=" not in path]
    first = asked(home, paths, coding=coding)
    record_more(home)
    second = asked(home, paths[::-1], coding=coding)
    assert first.keys() == second.keys()
    for path, answer in first.items():
        assert second[path] == answer, path
    written = {path.partition("?")[0].partition(".")[2] for path in first}
    assert written >= {*OF_INCIDENTS, *STYLES}
    assert sum(path.startswith("/ogc") for path in first) == len(OGC)
