"""What a machine without Casus installs: locked, by hash, from wherever it gets its packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["setuptools"]["packages"]
LOCKS = ["requirements.txt", "requirements-dev.txt"]


def requirements(name: str) -> dict[str, str]:
    """What a lock file requires: by name, its whole entry."""
    entries = re.sub(r"\\\n\s*", "", (ROOT / name).read_text()).splitlines()
    found = {}
    for entry in entries:
        if entry and not entry.startswith("#"):
            found[re.split(r"[=;\s]", entry)[0]] = entry
    return found


def names(specifications: list[str]) -> set[str]:
    return {re.split(r"[<>=;\[\s]", each)[0].lower() for each in specifications}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_one_version_with_its_hashes(lock):
    found = requirements(lock)
    assert len(found) > 10
    for entry in found.values():
        assert re.match(r"[a-z0-9.-]+==[^ ;]+ (; [^#]+? )?--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert re.findall(r"^-\S+", text, flags=re.MULTILINE) == []  # no option such as --index-url


def test_what_is_needed_to_run_is_locked():
    needed = names(PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"])
    assert needed <= requirements("requirements.txt").keys()


def test_tests_run_on_the_versions_that_are_served():
    to_run, to_test = (requirements(lock) for lock in LOCKS)
    assert to_run.items() <= to_test.items()
    assert names(PROJECT["dependency-groups"]["dev"]) <= to_test.keys()


def test_every_folder_with_code_is_packaged():
    folders = {
        str(file.parent.relative_to(ROOT)).replace(os.sep, ".")
        for package in ("domain", "projections", "service")
        for file in (ROOT / package).rglob("*.py")
    }
    assert folders <= set(PACKAGES)


def test_every_data_file_is_packaged():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    for package in PACKAGES:
        for file in (ROOT / package.replace(".", "/")).iterdir():
            if file.is_file() and file.suffix != ".py":
                assert any(fnmatch(file.name, each) for each in patterns.get(package, [])), file


def test_every_licence_file_is_there():
    for name in PROJECT["project"]["license-files"]:
        assert (ROOT / name).stat().st_size > 0


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize(
    ("target", "runs"),
    [("run", ["casus serve"]), ("test", ["ruff check", "lint-imports", "mypy", "pytest"])],
)
def test_make_knows_what_it_would_do(target, runs):
    shown = subprocess.run(
        ["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [command for command in runs if command not in shown.stdout] == []
