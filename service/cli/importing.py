"""``casus import``: datasets and tables into the log, and in the end what became of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from domain.checks import Faulty
from domain.edtf import BadDate, span
from domain.errors import DomainError
from service.cli.loading import load_file
from service.cli.output import complain, errors, refuse, say, usage
from service.cli.stores import opened
from service.faults import json_path
from service.imports.engine import Order, Refused
from service.imports.format import Format
from service.imports.formats import FAMILIES
from service.imports.reading_outcomes import FileRefused
from service.imports.running import BRINGING_UP, Progress, Report, Request, Tell, run
from service.imports.scope import Scope
from service.settings import Settings

SOME_REJECTED = 3
"""The status where some rows could not be taken in, and the others were."""

TABLE, CHRONICLE = "table", "chronicle"


def import_files(
    settings: Settings,
    words: list[str],
    *,
    release: str | None,
    released: str | None,
    complete: bool,
    scope: str | None,
    dataset: str | None,
    mapping: Path | None,
    suggest: bool,
    crosswalks: tuple[Path, ...],
    dry_run: bool,
    strict: bool,
    force: bool,
    by: str,
) -> None:
    """Import files, or say why not; status 3 if some rows were rejected."""
    name, files = _named(words)
    if scope and not complete:
        usage("a scope says what a complete release is the whole of", "--scope")
    if name == CHRONICLE:
        for file in files:
            load_file(settings, Path(file), by)
        return
    if suggest:
        _suggest(files)
        return
    format_: str | Format | None = name
    if name == TABLE or mapping:
        format_ = _table(mapping)
    request = Request(
        files=files,
        format=format_,
        dataset=dataset,
        strict=strict,
        dry_run=dry_run,
        force=force,
        order=Order(
            by=by,
            release=release,
            released=_day(released),
            crosswalks=crosswalks,
            complete=complete,
            scope=_scope(scope),
        ),
    )
    try:
        with opened(settings, make=True) as casus, _progress() as tell:
            report = run(casus, request, tell)
    except (FileRefused, Refused, DomainError) as error:
        if isinstance(error, Faulty):
            for fault in error.faults:
                complain(f"  {json_path(fault.path)}: {fault.message}")
        refuse(str(error))
    _summarise(report, request)


def _named(words: list[str]) -> tuple[str | None, tuple[str, ...]]:
    """The format that is named, if one is, and the files."""
    first, *rest = words
    if first in (*FAMILIES, TABLE, CHRONICLE):
        if not rest:
            usage(f"which file? casus import {first} FILE", "FILE")
        return first, tuple(rest)
    return None, tuple(words)


def _day(text: str | None) -> str | None:
    if text is not None:
        try:
            span(text)
        except BadDate as error:
            usage(str(error), "--released")
    return text


def _scope(text: str | None) -> Scope:
    if text is None:
        return Scope()
    try:
        return Scope.read(text)
    except DomainError as error:
        usage(str(error), "--scope")


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar for each thing that is done, on a terminal; nothing elsewhere."""
    if not errors.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rows]}"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=errors, transient=True) as bars:
        shown: dict[str, TaskID] = {}

        def tell(progress: Progress) -> None:
            bar = shown.get(progress.task)
            if bar is None:
                bar = shown[progress.task] = bars.add_task(progress.task, rows="")
            elapsed = bars.tasks[bar].elapsed or 0
            rows = f"{progress.rows:,} rows"
            if elapsed > 1 and progress.task != BRINGING_UP:
                rows += f", {progress.rows / elapsed:,.0f}/s"
            bars.update(bar, completed=progress.done, total=progress.total, rows=rows)

        yield tell


def _summarise(report: Report, request: Request) -> None:
    counts = report.counts
    told = {
        "incidents new": counts.new,
        "accounts added": counts.added,
        "revised": counts.revised,
        "unchanged": counts.unchanged,
        "older than what is held": counts.superseded,
        "withdrawn": counts.withdrawn,
        "taken back but never held": counts.unknown,
        "actors registered or revised": counts.actors,
        "rejected": counts.rejected,
    }
    always = ("incidents new", "revised", "unchanged", "withdrawn", "rejected")
    parts = [f"{count:,} {what}" for what, count in told.items() if count or what in always]
    what = "would be" if not report.recorded else "were"
    say(f"{counts.rows:,} rows read, of which {what}: {', '.join(parts)}.")
    if report.recorded:
        say(f"The log stands at position {report.position:,}, after {report.seconds:.1f} s.")
    for path, count in report.rejected.items():
        complain(f"casus: {count:,} rows could not be taken in; {path} says which, and why")
    if report.broken:
        complain(f"casus: {report.broken}")
    if request.strict and not request.dry_run and not report.recorded:
        refuse("nothing was recorded, as --strict asks")
    if report.broken:
        raise typer.Exit(1)
    if counts.rejected:
        raise typer.Exit(SOME_REJECTED)


def _table(mapping: Path | None) -> Format:
    from service.imports.formats.table import format_of
    from service.imports.formats.table_reading import read_mapping

    if mapping is None:
        usage(
            "a table needs a mapping; casus import table --suggest FILE writes a first", "--mapping"
        )
    try:
        return format_of(read_mapping(mapping.read_text(encoding="utf-8-sig")))
    except Faulty as faulty:
        complain(f"casus: {mapping}:")
        for fault in faulty.faults:
            complain(f"  {json_path(fault.path)}: {fault.message}")
        raise typer.Exit(1) from None


def _suggest(files: tuple[str, ...]) -> None:
    """Write a first mapping for a table to standard output."""
    from service.imports.files import open_file
    from service.imports.formats.table_suggest import suggest
    from service.imports.rows import first_rows

    try:
        with open_file(files[0]) as source:
            header, *rows = first_rows(next(source.streams())) or [[]]
    except FileRefused as error:
        refuse(str(error))
    say(suggest(header, rows, Path(files[0]).stem).rstrip())
