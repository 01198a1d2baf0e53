"""The consoles in the documentation show what is really printed: each command is run, its output compared.

``…`` stands for anything.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.api.app import create_app
from service.bootstrap import open_casus
from service.settings import Settings
from tests.conftest import bearing
from tests.processes import run

ROOT = Path(__file__).parents[1]
ADDRESS = "http://127.0.0.1:8000"


def consoles(page: str) -> list[tuple[str, str]]:
    """The commands of a page's consoles, and what it says that they print."""
    text = (ROOT / page).read_text()
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)]
    return [(lines[0], "\n".join(lines[1:])) for lines in map(str.splitlines, filter(None, parts))]


@pytest.mark.parametrize(("command", "shown"), consoles("README.md"), ids=lambda text: text[:60])
def test_the_readme_shows_what_is_printed(
    command: str, shown: str, home: Path, reading: TestClient
) -> None:
    check(shown, printed(command, home, reading))


def test_the_walk_through_the_clocks_goes_as_it_is_told(home: Path) -> None:
    casus = open_casus(Settings(CASUS_HOME=home, _env_file=None))
    with TestClient(create_app(casus), headers=bearing(casus)) as client:
        for command, shown in consoles("docs/clocks.md"):
            casus.projector.catch_up()  # what the command before has recorded, in its own process
            check(shown, printed(command, home, client))


def printed(command: str, home: Path, client: TestClient) -> str:
    """What a command of the documentation prints."""
    program, *arguments = shlex.split(command)
    if program == "casus":
        return run(*arguments, home=home).stdout
    assert program == "curl"
    assert arguments.pop(0) == "-s"
    options: dict[str, list[str]] = {"-X": ["GET"], "-H": [], "-d": []}
    url = ""
    while arguments:
        given = arguments.pop(0)
        if given in options:
            options[given].append(arguments.pop(0))
        else:
            url = given
    assert url.startswith(ADDRESS)
    headers = dict(header.split(": ", 1) for header in options["-H"])
    if headers.pop("Authorization", None):  # the client has a key of its own
        assert "authorization" in client.headers
    content = "".join(options["-d"]) or None
    path = url.removeprefix(ADDRESS)
    return client.request(options["-X"][-1], path, headers=headers, content=content).text


def check(shown: str, text: str) -> None:
    # Lines may be wrapped at another width: what counts is the words.
    pattern = ".*?".join(re.escape(part) for part in _words(shown).split("…"))
    assert re.match(pattern, _words(text), re.DOTALL), text


def _words(text: str) -> str:
    return re.sub(r"\s*…\s*", "…", " ".join(re.sub("─+", "─", text).split()))
