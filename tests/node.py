"""JavaScript programs that read what Casus publishes, run by Node.

They are the packages that `tests/js/package-lock.json` pins by their hashes. The first test that needs
them installs them into `tests/js/node_modules`; whoever else asks meanwhile waits. A script of `tests/js`
is given JSON on its standard input and answers JSON::

    from tests import node

    config = node.run("timelinejs", document, TZ="America/Los_Angeles")

Where Node or npm is missing, or nothing can be fetched, these tests are skipped (see `tests.missing`).
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson

from tests.missing import missing

JS = Path(__file__).with_name("js")
"""Where the scripts are, and the packages they import."""

PATIENCE = 120
"""Seconds after which a script is taken to hang."""

INSTALLING = 600
"""Seconds after which an installation is."""


def run(script: str, given: Any, **environment: str) -> Any:
    """What a script of `tests/js` answers to a value; its complaints fail the test."""
    return orjson.loads(call(JS / f"{script}.mjs", stdin=orjson.dumps(given), **environment))


def call(script: Path, *arguments: str | Path, stdin: bytes = b"", **environment: str) -> bytes:
    """What a script prints, be it of the packages or of a test; it has to succeed without complaints."""
    done = subprocess.run(
        [node(), "--no-warnings", script, *arguments],
        env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC", **environment},
        cwd=script.parent,
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout[-4_000:].decode() + done.stderr[-4_000:].decode()
    assert done.returncode == 0, said
    assert not done.stderr, said
    return done.stdout


def node() -> str:
    """The path of Node, once the packages are installed beside the scripts."""
    found, lacking = _installed()
    if lacking:
        missing(lacking)
    return found


@functools.cache
def _installed() -> tuple[str, str]:
    found, npm = shutil.which("node"), shutil.which("npm")
    if not found or not npm:
        return "", "Node and npm (18 or later) are not installed"
    with (JS / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256(lock.read()).hexdigest()
        stamp = JS / "node_modules" / ".installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            done = subprocess.run(
                [npm, "ci", "--loglevel=error"],
                cwd=JS,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=INSTALLING,
                check=False,
            )
            if done.returncode:
                return "", f"npm could not install the packages: {done.stderr.strip()[-500:]}"
            stamp.write_text(wanted)
    return found, ""
