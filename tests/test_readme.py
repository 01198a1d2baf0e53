"""The README's consoles show what is really printed: each command is run, and its output compared.

``…`` in the README stands for anything.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.processes import run

README = Path(__file__).parents[1] / "README.md"
ADDRESS = "http://127.0.0.1:8000"


def consoles() -> list[tuple[str, str]]:
    """The commands of the README's consoles, and what it says that they print."""
    blocks = re.findall(r"^```console\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)]
    return [(lines[0], "\n".join(lines[1:])) for lines in map(str.splitlines, filter(None, parts))]


@pytest.mark.parametrize(("command", "shown"), consoles(), ids=lambda text: text[:60])
def test_the_readme_shows_what_is_printed(
    command: str, shown: str, home: Path, reading: TestClient
) -> None:
    program, *arguments = shlex.split(command)
    if program == "curl":
        url = arguments[-1]
        assert url.startswith(ADDRESS)
        printed = reading.get(url.removeprefix(ADDRESS)).text
    else:
        assert program == "casus"
        printed = run(*arguments, home=home).stdout
    # Lines may be wrapped at another width: what counts is the words.
    pattern = ".*?".join(re.escape(part) for part in _words(shown).split("…"))
    assert re.match(pattern, _words(printed), re.DOTALL), printed


def _words(text: str) -> str:
    return re.sub(r"\s*…\s*", "…", " ".join(re.sub("─+", "─", text).split()))
