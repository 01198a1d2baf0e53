"""The command line of the benchmarks: what to measure, with how many incidents, and where to keep it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.appending import measure_append
from tests.benchmarks.importing import measure_import
from tests.benchmarks.live import measure_live
from tests.benchmarks.pages import measure_datasette, measure_page, measure_positions
from tests.benchmarks.publishing import measure_publishing
from tests.benchmarks.rebuilding import measure_rebuild
from tests.benchmarks.report import Measured, machine, table
from tests.benchmarks.series import measure_series
from tests.benchmarks.shared import measure_shared
from tests.benchmarks.store import Store
from tests.benchmarks.workers import measure_workers

BENCHMARKS: dict[str, Callable[[Store], Sequence[Measured]]] = {
    "append": lambda store: [measure_append(store)],
    "page": measure_page,
    "datasette": measure_datasette,
    "positions": measure_positions,
    "workers": measure_workers,
    "series": measure_series,
    "shared": measure_shared,
    "live": measure_live,
    "publishing": measure_publishing,
    "import": measure_import,
    "rebuild": lambda store: [measure_rebuild(store)],
}


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--incidents", type=int, default=400_000, help="default: 400000")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the measurements here too")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="build the stores there, and use them again"
    )
    options = parser.parse_args()
    if options.incidents < 1_000:
        parser.error("--incidents: a thousand is the least that pages can be found in")
    about = f"{options.incidents:,} incidents; {machine()}"
    print(about, flush=True)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        measured = _measure(Store(options.keep, options.incidents), options.only)
    else:
        with tempfile.TemporaryDirectory(prefix="casus-bench-") as folder:
            measured = _measure(Store(Path(folder), options.incidents), options.only)
    print(f"\n{table(measured)}")
    if options.json:
        document = {"about": about, "measured": [asdict(each) for each in measured]}
        options.json.write_text(json.dumps(document, indent=2) + "\n")


def _measure(store: Store, only: Sequence[str] | None) -> list[Measured]:
    measured: list[Measured] = []
    for name, benchmark in BENCHMARKS.items():
        if only is None or name in only:
            print(f"{name} ...", end="", file=sys.stderr, flush=True)
            began = time.monotonic()
            measured += benchmark(store)
            print(f" {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return measured


if __name__ == "__main__":
    main()
