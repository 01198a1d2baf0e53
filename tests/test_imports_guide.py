"""The guide to imports is run as it stands: its commands in order, with the files that it shows."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from tests.processes import run
from tests.test_readme import check

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "imports.md").read_text()
PART = re.compile(
    r"`(?P<file>[\w.-]+)`:\n\n```\w+\n(?P<text>.*?)^```|^```console\n(?P<console>.*?)^```"
    r"|`(?P<written>[\w.-]+)` has .*?\n\n```csv\n(?P<found>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def test_the_guide_to_imports_shows_what_happens(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "data" / "ucdp", tmp_path / "tests" / "data" / "ucdp")
    parts = list(PART.finditer(GUIDE))
    for part in parts:
        if part["file"]:
            (tmp_path / part["file"]).write_text(part["text"])
        elif part["written"]:
            assert (tmp_path / part["written"]).read_text().splitlines() == part[
                "found"
            ].splitlines()
        else:
            for command in re.split(r"^\$ ", part["console"], flags=re.MULTILINE)[1:]:
                line, _, shown = command.partition("\n")
                program, *arguments = shlex.split(line)
                assert program == "casus"
                done = run(*arguments, home=tmp_path / "var")
                check(shown, done.stdout + done.stderr)
    assert [part["file"] or part["written"] for part in parts if not part["console"]] == [
        "broken.csv",
        "broken.csv.rejected.csv",
        "who-is-who.csv",
    ]
    assert (tmp_path / "cite.txt").read_text().startswith("Dataset: UCDP")
