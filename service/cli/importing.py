"""``casus import``: datasets and tables into the log, and in the end what became of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NoReturn

import typer

from domain.checks import Faulty
from domain.errors import DomainError
from service.bootstrap import Casus
from service.chronicles.detecting import are_chronicles, begun
from service.chronicles.running import FaultyChronicle
from service.chronicles.running import run as run_chronicles
from service.cli.output import complain, errors, refuse, say, usage
from service.cli.stores import opened
from service.faults import json_path
from service.imports.format import Format
from service.imports.formats import FAMILIES
from service.imports.orders import Order, Refused
from service.imports.pipes import is_pipe
from service.imports.reading.files import STANDARD_INPUT, open_file, read_text, standard_input
from service.imports.reading.outcomes import FileRefused, UnknownFormat
from service.imports.running import BRINGING_UP, BadOption, Progress, Report, Request, Tell, run
from service.imports.scope import Scope
from service.settings import Settings

SOME_REJECTED = 3
"""The status where some rows could not be taken in, and the others were."""

TABLE, CHRONICLE = "table", "chronicle"
FORMATS = (*FAMILIES, TABLE, CHRONICLE)


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
    if scope is not None and not complete:
        usage("a scope says what a complete release is the whole of", "--scope")
    _check_files(files)
    if suggest:
        _suggest(files)
        return
    if mapping and name not in {None, TABLE, CHRONICLE}:
        usage(f"a mapping is for a {TABLE}, not for {name}", "--mapping")
    beginning, piped = _piped(files, look=name is None)
    take = run
    if name == CHRONICLE or (name is None and not mapping and _are_chronicles(files, beginning)):
        given = (release, released, complete or None, dataset, mapping, crosswalks or None)
        for option, value in zip(_NOT_OF_CHRONICLES, given, strict=True):
            if value is not None:
                usage("a chronicle says itself what it is, and who is who", option)
        name, take = None, run_chronicles
    format_: str | Format | None = name
    if name == TABLE or mapping:
        format_ = _table(mapping)
    try:
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
                released=released,
                crosswalks=crosswalks,
                complete=complete,
                scope=_scope(scope),
            ),
        )
    except BadOption as error:
        usage(error.reason, f"--{error.option}")
    try:
        with _store(settings, dry_run=dry_run) as casus, _progress() as tell:
            report = take(casus, request, tell, piped)
    except FaultyChronicle as faulty:
        _tell_faults(f"{_name_of(faulty.name)}: nothing of it was loaded", faulty)
    except Faulty as faulty:
        _tell_faults("nothing was imported", faulty)
    except UnknownFormat as error:
        hint = "" if format_ else "; for a table of your own, see casus import table --suggest FILE"
        refuse(f"{error}{hint}")
    except (FileRefused, Refused, DomainError) as error:
        refuse(str(error))
    _summarise(report, request)


_NOT_OF_CHRONICLES = (
    "--release",
    "--released",
    "--complete",
    "--dataset",
    "--mapping",
    "--crosswalk",
)
"""Options that say of files what a chronicle says itself."""


def _piped(files: tuple[str, ...], *, look: bool) -> tuple[IO[bytes], IO[bytes] | None]:
    """Standard input if it is among the files, and how it begins, if that is to be looked at."""
    if STANDARD_INPUT not in files:
        return BytesIO(), None
    try:
        return begun(standard_input()) if look else (BytesIO(), standard_input())
    except FileRefused as error:
        refuse(str(error))


def _check_files(files: tuple[str, ...]) -> None:
    """Refuse a file that is not there before there is a store."""
    for number, file in enumerate(files):
        if is_pipe(file):
            continue  # what comes through it comes once
        try:
            with open_file(file):
                pass
        except FileRefused as error:
            near = get_close_matches(file, FORMATS, 1)
            if near and number == 0 and len(files) > 1:
                usage(f"there is no format {file!r}; did you mean {near[0]}?", "FORMAT")
            refuse(str(error))


def _are_chronicles(files: tuple[str, ...], beginning: IO[bytes]) -> bool:
    found = are_chronicles(files, beginning)
    if found is None:
        usage("some of these files are chronicles, and some are not; import them in turn", "FILE")
    return found


@contextmanager
def _store(settings: Settings, *, dry_run: bool) -> Iterator[Casus]:
    """The store, made if it is not there; not by a dry run, which then has one of its own."""
    with ExitStack() as stack:
        place = settings.log_place
        if dry_run and isinstance(place, Path) and not place.is_file():
            folder = stack.enter_context(TemporaryDirectory(prefix="casus-import-"))
            settings = settings.model_copy(update={"home": Path(folder), "store": ""})
        yield stack.enter_context(opened(settings, make=True))


def _tell_faults(what: str, faulty: Faulty) -> NoReturn:
    count = len(faulty.faults)
    complain(f"casus: {what}; {'one fault' if count == 1 else f'{count} faults'}:")
    for fault in faulty.faults:
        complain(f"  {json_path(fault.path)}: {fault.message}")
    raise typer.Exit(1)


def _name_of(file: str) -> str:
    return "standard input" if file == STANDARD_INPUT else file


def _named(words: list[str]) -> tuple[str | None, tuple[str, ...]]:
    """The format that is named, if one is, and the files."""
    first, *rest = words
    if first in FORMATS:
        if not rest:
            usage(f"which file? casus import {first} FILE", "FILE")
        return first, tuple(rest)
    return None, tuple(words)


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
        "withdrawn before": counts.gone,
        "taken back but never held": counts.unknown,
        "actors registered or revised": counts.actors,
        "rejected": counts.rejected,
    }
    always = ("incidents new", "revised", "unchanged", "withdrawn", "rejected")
    parts = [_counted(count, what) for what, count in told.items() if count or what in always]
    what = "would be" if not report.recorded else "were"
    say(f"{_counted(counts.rows, 'rows read')}, of which {what}: {', '.join(parts)}.")
    if report.recorded:
        say(f"The log stands at position {report.position:,}, after {report.seconds:.1f} s.")
    for reason in report.passed_over:
        complain(f"casus: passed over: {reason}")
    for path, count in report.rejected.items():
        rows = _counted(count, "rows could not be taken in")
        complain(f"casus: {rows}; {path} says which, and why")
    if request.order.complete and (counts.rejected or report.broken):
        what = "row that was rejected" if counts.rejected else "row that was not read"
        complain(f"casus: nothing was withdrawn, for a {what} may be what is missing")
    if report.broken:
        complain(f"casus: {report.broken}")
    if request.strict and not request.dry_run and not report.recorded:
        refuse("nothing was recorded, as --strict asks")
    if report.broken:
        raise typer.Exit(1)
    if counts.rejected:
        raise typer.Exit(SOME_REJECTED)


def _counted(count: int, what: str) -> str:
    """How many of what: ``2 incidents new``, ``1 incident new``."""
    first, *rest = what.split(" ", 1)
    return " ".join([f"{count:,}", first.removesuffix("s") if count == 1 else first, *rest])


def _table(mapping: Path | None) -> Format:
    from service.imports.formats.table import format_of
    from service.imports.formats.table_reading import read_mapping

    if mapping is None:
        usage(
            "a table needs a mapping; casus import table --suggest FILE writes a first", "--mapping"
        )
    try:
        return format_of(read_mapping(read_text(mapping)))
    except FileRefused as error:
        refuse(str(error))
    except Faulty as faulty:
        _tell_faults(f"{mapping}: nothing was imported", faulty)


def _suggest(files: tuple[str, ...]) -> None:
    """Write a first mapping for a table to standard output."""
    from service.imports.formats.table_guess import MOST_ROWS
    from service.imports.formats.table_suggest import suggest
    from service.imports.reading.rows import first_rows

    try:
        with open_file(files[0]) as source:
            header, *rows = first_rows(next(source.streams()), MOST_ROWS) or [[]]
    except FileRefused as error:
        refuse(str(error))
    say(suggest(header, rows, Path(files[0]).stem).rstrip())
