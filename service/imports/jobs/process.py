"""The process that carries imports out: ``python -m service.imports.jobs.process HOME``.

It takes those that wait, the oldest first, until none does or one was long: the next process begins with
memory of its own. It ends with status 0 then, and where it is interrupted in order: what it was at waits
for its turn again. Any other end is one that it could not help: its import is begun again, not for ever.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from domain.checks import Faulty
from service.bootstrap import Casus, open_casus, utc_now
from service.chronicles.detecting import is_chronicle
from service.chronicles.running import run as run_chronicles
from service.faults import MOST_FAULTS, json_path
from service.garbage import look_seldom
from service.imports.deciding import Counts
from service.imports.format import Format
from service.imports.formats.table import format_of
from service.imports.formats.table_reading import read_mapping
from service.imports.jobs.documents import (
    CHRONICLE,
    ImportCounts,
    ImportFault,
    ImportJob,
    ImportProgress,
    ImportQuery,
)
from service.imports.jobs.reasons import TROUBLE, reason
from service.imports.jobs.store import (
    CROSSWALK,
    MAPPING,
    UPLOAD,
    Imports,
    Kept,
    locked,
    read_job,
    write_job,
)
from service.imports.orders import Order, Refused
from service.imports.running import Progress, Report, Request, run
from service.imports.scope import Scope
from service.operating import logs
from service.reading.clocks import instant_text
from service.settings import Settings

log = logging.getLogger("casus")

TURN = 5.0
"""Seconds that it waits for a process that another server has started, and that is at its end."""

SHORT = 1_000
"""Rows of an import after which the process goes on with the next one: it takes longer to start another."""

TELLS = 0.5
"""Seconds between states that are written down."""

GRACE = 8.0
"""Seconds to come to an end in order, once nobody waits for it any more."""

MOST_BEGUN = 5
"""Times that an import is begun whose process comes to a bad end."""

Clock = Callable[[], str]
"""Tells the time, as the log writes it."""


def _now() -> str:
    return instant_text(utc_now())


def main() -> None:
    """Carry out imports of the store whose folder is the argument."""
    look_seldom()
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_watch, daemon=True).start()
    home = Path(sys.argv[1])
    settings = Settings(CASUS_HOME=home)
    logs.begin(settings.log_format)
    imports = Imports(home)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(imports.folder, TURN))
        except sqlite3.OperationalError:
            return  # they are in other hands
        casus = stack.enter_context(closing(open_casus(settings)))
        while waiting := imports.waiting():
            over = _carry_out_whole(casus, imports.folder_of(waiting[0]))
            imports.tidy()
            if over and over.counts and over.counts.rows >= SHORT:
                break


def _end(*_: object) -> NoReturn:
    raise SystemExit(0)


def _watch() -> None:
    """End this process once whoever started it has closed its standard input, or is gone."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


def _carry_out_whole(casus: Casus, folder: Path) -> ImportJob | None:
    """Carry an import out and write down what came of it; if it is interrupted, that it waits again."""
    kept = read_job(folder)
    if kept is None:
        return None  # its folder was removed
    scratch = folder / "scratch"  # what is left of a process that was killed goes with the next
    shutil.rmtree(scratch, ignore_errors=True)
    job = replace(kept.job, state="running", started=kept.job.started or _now())
    begun = replace(kept, job=job, begun=kept.begun + 1)
    if begun.begun > MOST_BEGUN:
        error = f"its process came to a bad end {MOST_BEGUN} times"
        over = replace(job, state="failed", error=error, finished=_now())
    else:
        write_job(folder, begun)
        scratch.mkdir()
        tempfile.tempdir = str(scratch)
        try:
            over = carry_out(casus, folder, begun, _now)
        except SystemExit:
            waiting = replace(job, state="queued", progress=None)
            write_job(folder, replace(kept, job=waiting))
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    write_job(folder, replace(begun, job=over))
    for name in (UPLOAD, MAPPING, CROSSWALK):
        (folder / name).unlink(missing_ok=True)
    return over


def carry_out(casus: Casus, folder: Path, kept: Kept, now: Clock) -> ImportJob:
    """What becomes of an import, carried out to its end."""
    job = kept.job
    faults: tuple[ImportFault, ...] = ()
    # A name without a path is what messages may show.
    with contextlib.chdir(folder):
        try:
            job = _take_in(casus, kept)
            error = job.error
        except Faulty as faulty:
            count = len(faulty.faults)
            error = "it has one fault" if count == 1 else f"it has {count} faults"
            error += "; nothing was imported"
            faults = tuple(
                ImportFault(path=json_path(fault.path), message=fault.message)
                for fault in faulty.faults[:MOST_FAULTS]
            )
        except Exception as trouble:
            told = reason(trouble)
            if told is None:
                log.exception("import %s", job.id)
            elif isinstance(trouble, TROUBLE):
                log.error("import %s: %s: %s", job.id, type(trouble).__name__, trouble)
            error = told or "an internal fault; it was logged under the import's id"
    return replace(
        job,
        state="failed" if error else "done",
        progress=None,
        error=error,
        faults=faults,
        finished=now(),
    )


def _take_in(casus: Casus, kept: Kept) -> ImportJob:
    job, asked = kept.job, kept.job.asked
    request = Request(
        files=(UPLOAD,),
        format=_mapped() if job.upload.mapped else asked.format,
        dataset=asked.dataset,
        strict=asked.strict,
        dry_run=asked.dry_run,
        force=asked.force,
        order=Order(
            by=kept.by,
            release=asked.release,
            released=asked.released,
            crosswalks=(Path(CROSSWALK),) if job.upload.crosswalked else (),
            complete=asked.complete,
            scope=Scope.read(asked.scope) if asked.scope else Scope(),
        ),
    )
    import_ = run_chronicles if _is_chronicle(kept) else run
    report = import_(casus, request, _Teller(kept))
    return replace(
        job,
        counts=_shown(report.counts),
        recorded=report.recorded,
        rejected=report.counts.rejected,
        broken=report.broken,
        passed_over=tuple(report.passed_over[:MOST_FAULTS]),
        error=_shortcoming(report, asked),
        position=report.position,
    )


def _is_chronicle(kept: Kept) -> bool:
    """Whether it is a chronicle, by name or by how it begins."""
    asked = kept.job.asked
    if asked.format or kept.job.upload.mapped or not is_chronicle(UPLOAD):
        return asked.format == CHRONICLE
    others = [*asked.not_for_chronicles, *(["crosswalk"] if kept.job.upload.crosswalked else [])]
    if others:
        raise Refused(f"it is a chronicle, which is loaded as it is; leave out {', '.join(others)}")
    return True


def _shortcoming(report: Report, asked: ImportQuery) -> str | None:
    """Why an import that has come to its end has failed all the same."""
    if asked.strict and not asked.dry_run and not report.recorded:
        return "nothing was recorded, as strict asks"
    if report.broken:
        told = "is" if report.recorded else "would be"
        return f"it could not be read to its end; what is before that {told} recorded"
    return None


def _mapped() -> Format:
    return format_of(read_mapping(Path(MAPPING).read_text(encoding="utf-8-sig")))


class _Teller:
    """Writes down how far an import is, now and then."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._told = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() < self._told + TELLS:
            return
        self._told = time.monotonic()
        shown = ImportProgress(
            task=progress.task, done=progress.done, total=progress.total, rows=progress.rows
        )
        job = replace(self._kept.job, progress=shown)
        write_job(Path(), replace(self._kept, job=job), durable=False)


def _shown(counts: Counts) -> ImportCounts:
    return ImportCounts(
        rows=counts.rows,
        incidents_new=counts.new,
        accounts_added=counts.added,
        accounts_revised=counts.revised,
        accounts_unchanged=counts.unchanged,
        accounts_older=counts.superseded,
        accounts_withdrawn=counts.withdrawn,
        accounts_withdrawn_before=counts.gone,
        never_held=counts.unknown,
        actors=counts.actors,
    )


if __name__ == "__main__":
    main()
