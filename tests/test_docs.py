"""The documentation is held to the code: what can be typed or set is in it, and what is in it works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from service.cli import app
from service.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
COMMANDS = typer.main.get_command(app).commands


def examples() -> list[str]:
    """Every command line of Casus that stands in a block of code."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    lines = (line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines())
    typed = (re.sub(r"^(\S*/)?casus ", "casus ", line) for line in lines)
    return sorted({re.split(r"[|>#]", line)[0] for line in typed if line.startswith("casus ")})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    assert f"`casus {name}" in TEXT


@pytest.mark.parametrize("name", [str(f.validation_alias) for f in Settings.model_fields.values()])
def test_every_setting_is_documented_with_its_default(name):
    (row,) = re.findall(rf"^\| `{name}` \| `([^`]*)` \|", TEXT, flags=re.MULTILINE)
    (field,) = (f for f in Settings.model_fields.values() if f.validation_alias == name)
    assert row == str(field.default)


def test_every_documented_setting_is_one():
    rows = re.findall(r"^\| `([A-Z_]+)` \|", TEXT, flags=re.MULTILINE)
    assert set(rows) == {field.validation_alias for field in Settings.model_fields.values()}


def test_every_command_line_in_the_documentation_makes_sense():
    for line in examples():
        _, name, *arguments = shlex.split(line)
        COMMANDS[name].make_context(name, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_in_the_documentation_is_one(page):
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for words in re.findall(r"(?<=`)make ([a-z]+)|^make ([a-z]+)", page.read_text(), re.MULTILINE):
        assert "".join(words) in targets
