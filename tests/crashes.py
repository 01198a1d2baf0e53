"""What has to be so of a store after a process that worked on it was killed, and when to kill one."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from service.bootstrap import Casus, open_casus
from service.log import Log
from service.settings import Settings
from service.views.projector import Projector
from service.views.store import ViewFolder
from tests.processes import log_rows


def opened(home: Path, store: str = "") -> Casus:
    return open_casus(Settings(CASUS_HOME=home, CASUS_STORE=store, _env_file=None))


def wait(process: subprocess.Popen[str], seconds: float) -> None:
    """Let a process run for a while, or to its end."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def wait_for_growth(
    process: subprocess.Popen[str], folder: Path, pattern: str, size: int, but: str = "nothing"
) -> None:
    """Let a process run until a file, but for those named so, has grown beyond a size, or to its end."""
    while process.poll() is None:
        wait(process, 0.001)
        with suppress(OSError):
            grown = (path for path in folder.glob(pattern) if not path.name.startswith(but))
            if any(path.stat().st_size > size for path in grown):
                return


def check_log(home: Path | str) -> list[tuple[Any, ...]]:
    """Positions have no gap, and neither have the versions of any stream."""
    rows = log_rows(home)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    seen: Counter[str] = Counter()
    for _, stream, version, _, _ in rows:
        seen[stream] += 1
        assert version == seen[stream]
    return rows


def check_views(home: Path, scratch: Path, store: str = "") -> None:
    """The next process to open the store shows all of the log, as a fresh rebuild would."""
    casus = opened(home, store)
    assert casus.projector.failure is None
    assert casus.reader.head == casus.log.head
    used = casus.projector.generation.path
    shutil.rmtree(scratch, ignore_errors=True)
    log = Log(casus.log.place)
    fresh = Projector(log, ViewFolder(scratch))
    fresh.open()
    assert content_of(used) == content_of(fresh.generation.path)
    fresh.close()
    log.close()
    casus.close()


def content_of(views: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, and what the full-text index finds."""
    with closing(sqlite3.connect(views)) as database:
        tables = database.execute(
            "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'incident_text_%'"
            " AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        content = {"": tables}
        for name, sql in tables:
            if sql.startswith("CREATE TABLE"):
                content[name] = database.execute(f"SELECT * FROM {name}").fetchall()
        for word in ("taliban", "sherkhan", "patrol", "csto"):
            content[f"finds {word}"] = database.execute(
                "SELECT rowid FROM incident_text WHERE incident_text MATCH ? ORDER BY rowid",
                (word,),
            ).fetchall()
    return content
