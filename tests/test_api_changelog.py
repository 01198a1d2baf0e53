"""The changelog of the API: no operation comes, goes or is deprecated without an entry."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CHANGELOG = (ROOT / "openapi" / "CHANGELOG.md").read_text()
NAMED = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", CHANGELOG))


@pytest.fixture(scope="module")
def contract(reading) -> dict[str, Any]:
    document: dict[str, Any] = reading.get("/openapi.json").json()
    return document


def section(title: str) -> set[str]:
    """The operations that stand under headings of this name."""
    parts = re.findall(rf"^#+ {title}$(.*?)(?=^#|\Z)", CHANGELOG, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([A-Z]+ /[^`]*)`", "\n".join(parts)))


def operations(contract: dict[str, Any], **having: object) -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        if all(operation.get(name) == value for name, value in having.items())
    }


def test_every_operation_has_an_entry(contract) -> None:
    assert sorted(operations(contract) - NAMED) == []


def test_every_entry_is_of_an_operation_or_says_that_it_is_removed(contract) -> None:
    assert sorted(NAMED - operations(contract)) == sorted(section("Removed"))


def test_what_is_deprecated_says_so_here(contract) -> None:
    assert operations(contract, deprecated=True) == section("Deprecated")


def test_the_version_of_the_contract_is_the_newest_here(contract) -> None:
    newest = re.search(r"^## (\d\S*)", CHANGELOG, re.MULTILINE)
    assert newest
    assert contract["info"]["version"] == newest[1]


def test_it_is_found_from_the_readme_and_the_contract(contract) -> None:
    assert "(openapi/CHANGELOG.md)" in (ROOT / "README.md").read_text()
    assert "openapi/CHANGELOG.md" in contract["info"]["description"]


def test_its_links_within_the_project_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", CHANGELOG):
        assert "://" in target or (ROOT / "openapi" / target).exists(), target
