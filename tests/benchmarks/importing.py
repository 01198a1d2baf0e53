"""Import: a GED file end to end, against ``sqlite-utils insert --csv`` of the same file.

The plain side makes a table, the same three indexes (country, side a and side b, each with the date) and a
full-text index of what is cited; it keeps no history. Both are whole programs, started and ended. The file
is real rows, multiplied, as in `tests.benchmarks.ged`.
"""

from __future__ import annotations

import csv
import datetime
import lzma
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from service.bootstrap import open_casus
from service.imports.orders import Order
from service.imports.running import BRINGING_UP, Progress, Request, run
from service.settings import Settings
from tests.benchmarks.ged import SAMPLE
from tests.benchmarks.report import Measured
from tests.benchmarks.store import Store

FIRST_YEAR, YEARS = 1989, 34
LONG = 1_000_000
"""Rows of the file whose last tenth is compared with its first, where the whole is the usual size."""

_MOMENT = 0.2


def measure_import(store: Store) -> Sequence[Measured]:
    """Import files of so many rows, and of two and a half times as many."""
    folder = store.folder / "imports"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = multiplied(folder / "ged.csv", store.incidents)
    ours, memory = _imported(folder / "casus", file)
    again, _ = _imported(folder / "casus", file)
    shutil.rmtree(folder / "casus")
    theirs = _inserted(folder, file)
    file.unlink()
    long = multiplied(folder / "long.csv", store.incidents * LONG // 400_000)
    rates, long_memory = _watched(folder / "long", long)
    shutil.rmtree(folder)
    rows = store.incidents
    return [
        Measured(
            name="import",
            what="import of a GED file: log, timelines, search",
            against="`sqlite-utils insert --csv`, the same indexes and full-text search",
            value=ours / theirs,
            reach=0.5,
            at_least=False,
            ours=f"{ours:.0f} s",
            theirs=f"{theirs:.0f} s",
            note=f"{rows / ours:,.0f} rows/s, programs started and ended; measured once, not in turns",
        ),
        Measured(
            name="import again",
            what="the same file again, unchanged",
            against="the first time",
            value=ours / again,
            reach=2,
            at_least=True,
            ours=f"{again:.0f} s",
            theirs=f"{ours:.0f} s",
        ),
        Measured(
            name="import, rate",
            what=f"import of {rates.rows:,} rows: the rate of the last tenth",
            against="that of the first",
            value=rates.last / rates.first,
            reach=0.85,
            at_least=True,
            ours=f"{rates.last:,.0f} rows/s",
            theirs=f"{rates.first:,.0f} rows/s",
            note=rates.note,
        ),
        Measured(
            name="import, memory",
            what=f"memory of an import of {rates.rows:,} rows, all its processes",
            against="a fixed mark",
            value=max(memory, long_memory),
            reach=250,
            at_least=False,
            unit="MB",
            note=f"the peak of their proportional set sizes; {memory:.0f} MB with {rows:,} rows",
        ),
    ]


def multiplied(path: Path, rows: int) -> Path:
    """A GED file of so many rows: the sample's, moved by whole years, with ids of their own."""
    with lzma.open(SAMPLE, "rt", encoding="utf-8", newline="") as file:
        given = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(given[0]))
        writer.writeheader()
        for number in range(rows):
            row = given[number % len(given)]
            moved = {
                name: _moved(row[name], number // len(given)) for name in ("date_start", "date_end")
            }
            begin, end = moved["date_start"], moved["date_end"]
            if end < begin:  # it went on into the next year
                moved["date_end"] = begin
            writer.writerow(row | moved | {"id": str(number + 1), "year": begin[:4]})
    return path


def _moved(text: str, years: int) -> str:
    day = datetime.date.fromisoformat(text[:10])
    year = FIRST_YEAR + (day.year - FIRST_YEAR + years) % YEARS
    return day.replace(year=year, day=min(day.day, 28)).isoformat() + text[10:]


def _imported(home: Path, file: Path) -> tuple[float, float]:
    """The seconds that ``casus import`` takes, and the most megabytes that it has."""
    program = "from service.cli import main; main()"
    command = [sys.executable, "-c", program, "import", str(file), "--home", str(home)]
    began = time.monotonic()
    with subprocess.Popen(
        [*command, "--release", "23.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        most = _most_memory(process)
    if process.returncode:
        raise RuntimeError(f"casus import ended with status {process.returncode}")
    return time.monotonic() - began, most


def _most_memory(process: subprocess.Popen[bytes]) -> float:
    most = 0.0
    while process.poll() is None:
        most = max(most, _megabytes(psutil.Process(process.pid)))
        time.sleep(_MOMENT)
    return most


def _megabytes(parent: psutil.Process) -> float:
    total = 0
    try:
        for each in (parent, *parent.children(recursive=True)):
            total += each.memory_full_info().pss
    except psutil.Error:
        return 0.0
    return total / 1e6


def _inserted(folder: Path, file: Path) -> float:
    """The seconds that the plain side takes."""
    program = [sys.executable, "-m", "sqlite_utils"]
    database = str(folder / "plain.db")
    began = time.monotonic()
    for arguments in (
        ["insert", database, "ged", str(file), "--csv", "--pk", "id"],
        ["create-index", database, "ged", "country", "date_start"],
        ["create-index", database, "ged", "side_a", "date_start"],
        ["create-index", database, "ged", "side_b", "date_start"],
        ["enable-fts", database, "ged", "source_article", "source_headline"],
    ):
        subprocess.run([*program, *arguments], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    Path(database).unlink()
    return seconds


@dataclass
class Rates:
    """Rows a second in the first tenth of a file and in its last, log and timelines together."""

    rows: int
    first: float
    last: float
    note: str


@dataclass
class _Watch:
    """When an import was how far."""

    times: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    memory: float = 0.0

    def tell(self, progress: Progress) -> None:
        count = progress.done if progress.task == BRINGING_UP else progress.rows
        self.times.setdefault(progress.task, []).append((time.monotonic(), count))
        if len(self.times[progress.task]) % 50 == 0:
            self.memory = max(self.memory, _megabytes(psutil.Process()))

    def seconds(self, task: str, first: float, last: float) -> float:
        """The seconds that a part of a task took, from one share of it to another."""
        times = self.times[task]
        whole = times[-1][1]
        begin = next(when for when, count in times if count >= first * whole)
        end = next(when for when, count in times if count >= last * whole)
        return end - begin


def _watched(home: Path, file: Path) -> tuple[Rates, float]:
    """Rates, and the most megabytes beyond those that this process had before."""
    watch = _Watch()
    before = _megabytes(psutil.Process())
    casus = open_casus(Settings(CASUS_HOME=home))
    order = Order(by="benchmarks", release="23.1")
    report = run(casus, Request(files=(str(file),), order=order), watch.tell)
    casus.close()
    rows, tasks = report.counts.rows, list(watch.times)
    # The first batches wait for processes to start; the first tenth is the second twentieth, twice.
    first = sum(2 * watch.seconds(task, 0.05, 0.1) for task in tasks)
    last = sum(watch.seconds(task, 0.9, 1) for task in tasks)
    parts = "; ".join(f"{task} {watch.seconds(task, 0, 1):.0f} s" for task in tasks)
    note = f"{parts}; {report.seconds:.0f} s in all, the indexes made at the end among them"
    return Rates(rows, rows / 10 / first, rows / 10 / last, note), watch.memory - before
