"""What tests share: a store of their own, a clock they set, and values with one thing changed.

    casus      an open store in `tmp_path`, empty        chronicle   the same, with the bundled chronicle
    app        the application that serves `casus`       client      an HTTP client of that application
                                                                     with a key (`KEY_NAME`)
    clock      the store's time: `clock.now = ...`, `clock.advance(days=1)`
    settings   the store's settings                      log          a log alone, empty
    home       the folder of a store with the bundled chronicle, for processes of their own
    reading    a client of such a store, shared by tests that only read
    asked      the same, for requests that are refused and change nothing
    receiver   a receiver of webhooks, on this machine

Builders are plain functions, for scenarios and for hypothesis alike::

    from tests.conftest import an_account

    an_account(occurred="2021-06-22", figures=(Figure(measure=Measure.KILLED, best=3),))
"""

from __future__ import annotations

import datetime
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from fastapi import FastAPI

from domain.values import Account, ActorName, ActorProfile, Source
from domain.vocabulary import ActorKind, IncidentType
from service.access.keys import SCHEMA, Keys
from service.access.roles import Role
from service.api.app import create_app
from service.bootstrap import Casus, open_casus
from service.chronicles import BUNDLED, load_chronicle, parse_chronicle
from service.log import Log
from service.recording import Caller
from service.settings import Settings
from tests import postgres
from tests.receivers import Receiver, receiving

with warnings.catch_warnings():
    # Starlette's client is moving from httpx to httpx2; it works with either.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

# No test fails for being slow on a busy machine.
hypothesis.settings.register_profile("casus", deadline=None)
hypothesis.settings.load_profile("casus")

CALLER = Caller(by="test")
"""Who writes in tests, whatever it is that they revise."""


KEY_NAME = "an editor"
"""Who writes in tests over HTTP."""


def bearing(casus: Casus, name: str = KEY_NAME, role: Role = Role.ADMIN) -> dict[str, str]:
    """The header with a new key of a store, an administrator's."""
    with closing(Keys(casus.state(SCHEMA))) as keys:
        return {"Authorization": f"Bearer {keys.create(name, role).text}"}


class SettableClock:
    """Stands at `now` until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime.datetime(2021, 7, 15, 9, tzinfo=datetime.UTC)

    def __call__(self) -> datetime.datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """Move on, or back, by days, hours, seconds: what `datetime.timedelta` takes."""
        self.now += datetime.timedelta(**by)


STORES = ("file", "postgresql")
"""The kinds of store; tests run on a file unless they are marked to run on every store."""

DEFAULT = os.environ.get("CASUS_TEST_STORE", STORES[0])
"""What tests run on that are not marked; ``CASUS_TEST_STORE=postgresql`` runs all of them there."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests on every store that are marked so, but for those that are of a file alone."""
    mark = metafunc.definition.get_closest_marker
    if mark("every_store") and not mark("file_store") and "store_address" in metafunc.fixturenames:
        metafunc.parametrize("store_address", STORES, indirect=True)


LONGEST = ("test_schemathesis.py", "test_import_crashes.py", "test_replay_equals_fold.py")
"""Files with tests of a minute and more: begun last, they would leave the other processors idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """A PostgreSQL server, started for the first test that asks for it."""
    with postgres.folder() as folder, postgres.primary(folder) as server:
        yield server


@pytest.fixture
def store_address(request: pytest.FixtureRequest) -> Iterator[str]:
    """What CASUS_STORE says: nothing, for a file in the test's folder, or a database of its own."""
    if getattr(request, "param", DEFAULT) == STORES[0]:
        yield ""
        return
    server: postgres.Server = request.getfixturevalue("postgresql")
    name = server.database()
    yield server.url(name)
    server.ask(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path, store_address: str) -> Settings:
    """Settings of a store in the test's own folder, whatever the environment says."""
    return Settings(
        CASUS_HOME=tmp_path,
        CASUS_STORE=store_address,
        CASUS_RATE_WRITES=0,
        HOST="127.0.0.1",
        PORT=0,
        _env_file=None,
    )


@pytest.fixture
def clock() -> SettableClock:
    """The time that `casus` records by; it begins on 2021-07-15 at 9:00 UTC."""
    return SettableClock()


@pytest.fixture
def casus(settings: Settings, clock: SettableClock) -> Iterator[Casus]:
    """An open store, empty, closed after the test."""
    opened = open_casus(settings, clock)
    yield opened
    opened.close()


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    """A log without timelines, empty, closed after the test."""
    opened = Log(settings.log_place)
    yield opened
    opened.close()


@pytest.fixture
def chronicle(casus: Casus) -> Casus:
    """The open store, with the bundled chronicle loaded."""
    load_chronicle(parse_chronicle(BUNDLED.read_bytes()), casus.log, casus.desk, by="casus")
    return casus


@pytest.fixture
def app(casus: Casus) -> FastAPI:
    """The application that serves the store."""
    return create_app(casus)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """An HTTP client of the application, which runs as long as the test does, with a key of its own."""
    with TestClient(app, headers=bearing(app.state.casus)) as opened:
        yield opened


def an_account(**changes: Any) -> Account:
    """An account of an incident on 2021-06-22, published the day after, with fields changed.

    ``source`` may be given as a `Source`; ``published`` alone changes the source's date.
    """
    published = changes.pop("published", "2021-06-23")
    fields: dict[str, Any] = {
        "title": "Attack on a border checkpoint",
        "type": IncidentType.ATTACK,
        "occurred": "2021-06-22",
        "source": Source(name="A newspaper", published=published),
    }
    return Account(**fields | changes)


def a_profile(**changes: Any) -> ActorProfile:
    """The profile of an armed group, with fields changed; ``name`` stands for its one name."""
    name = changes.pop("name", "Taliban")
    fields: dict[str, Any] = {
        "id": "taliban",
        "kind": ActorKind.ARMED_GROUP,
        "names": (ActorName(text=name, language="en"),),
    }
    return ActorProfile(**fields | changes)


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with the bundled chronicle, to be copied and not to be changed."""
    home = tmp_path_factory.mktemp("filled") / "home"
    filled = open_casus(Settings(CASUS_HOME=home, _env_file=None))
    load_chronicle(parse_chronicle(BUNDLED.read_bytes()), filled.log, filled.desk, by="casus")
    filled.close()
    return home


@pytest.fixture
def home(filled_home: Path, tmp_path: Path) -> Path:
    """The folder of a store of the test's own with the bundled chronicle, for processes to work on."""
    return shutil.copytree(filled_home, tmp_path / "home")


@pytest.fixture(scope="session")
def reading(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An HTTP client of a store with the bundled chronicle, shared by tests that only read."""
    home = shutil.copytree(filled_home, tmp_path_factory.mktemp("reading") / "home")
    shared = open_casus(Settings(CASUS_HOME=home, _env_file=None))
    with TestClient(create_app(shared), headers=bearing(shared)) as opened:
        yield opened
    shared.close()


@pytest.fixture
def asked(reading: TestClient) -> Iterator[TestClient]:
    """The shared client, to be asked what is refused: the store is found afterwards as it was."""
    before = reading.get("/readyz").json()
    yield reading
    assert reading.get("/readyz").json() == before
    assert reading.get("/v1/incidents?limit=1").json()["items"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks that takes whatever comes, until it is told to answer otherwise."""
    with receiving() as running:
        yield running
