"""What ``casus import`` takes. What it does is in `service.cli.importing`, imported only when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from service.cli.options import Home, settings_of


def take(  # noqa: PLR0917 - options, each by its name
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="[FORMAT] FILE...",
            help="What to import, - for standard input; FORMAT is ucdp-ged, acled, gdelt, polecat, icews,"
            " table or chronicle, and is found out if it is left out.",
        ),
    ],
    home: Home = None,
    release: Annotated[str | None, typer.Option(help="Which release of the dataset it is.")] = None,
    released: Annotated[
        str | None, typer.Option(help="The day on which that was published: it dates the accounts.")
    ] = None,
    complete: Annotated[
        bool,
        typer.Option("--complete", help="It is the whole dataset: what it has not is withdrawn."),
    ] = False,
    scope: Annotated[
        str | None,
        typer.Option(help="What it is the whole of, with --complete: country=MMR,years=1989-2018."),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="The id under which to keep it, if not the dataset's own.")
    ] = None,
    mapping: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Option(help="Which column of your own table means what (YAML)."),
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Write a first mapping for a table, and no more.")
    ] = False,
    crosswalk: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="A table of who is who (CSV), beside the one of Casus; may be repeated."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be recorded, and record nothing.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Record nothing if any row cannot be taken in.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Even if the release tells of days after its own, or has little of what --complete says;"
            " and what was withdrawn before stands again.",
        ),
    ] = False,
    by: Annotated[
        str, typer.Option(help="Who imports it: named in every record.")
    ] = "casus import",
) -> None:
    """Import files of a dataset, or of your own; what was imported before is not recorded again.

    Exit status: 3 if some rows could not be taken in; they are in a file beside the one imported.
    """
    from service.cli.importing import import_files

    import_files(
        settings_of(home),
        files,
        release=release,
        released=released,
        complete=complete,
        scope=scope,
        dataset=dataset,
        mapping=mapping,
        suggest=suggest,
        crosswalks=tuple(crosswalk or ()),
        dry_run=dry_run,
        strict=strict,
        force=force,
        by=by,
    )
