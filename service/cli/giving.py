"""What ``casus export`` takes. What it does is in `service.cli.exporting`, imported only when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from service.cli.options import AsOf, Home, HowMatched, Position, ReportedBy, settings_of


def give(  # noqa: PLR0917 - options, each by its name
    format_: Annotated[
        Literal["ucdp-ged"], typer.Argument(metavar="FORMAT", help="The columns of UCDP GED (CSV).")
    ],
    home: Home = None,
    dataset: Annotated[
        str, typer.Option(help="The id of the dataset whose accounts are exported.")
    ] = "ucdp-ged",
    country: Annotated[
        str | None, typer.Option(help="Only what happened in this country (AFG, gw:700, a name).")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The last day, inclusive.")] = None,
    match: HowMatched = "possible",
    reported_by: ReportedBy = None,
    as_of: AsOf = None,
    position: Position = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write; - is standard output.")
    ] = Path("-"),
    citation: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Option(help="A file for the dataset's licence and how to cite it."),
    ] = None,
) -> None:
    """Export the accounts of a dataset as they stand, or stood: one row for each.

    Its licence and how to cite it are named on standard error.
    """
    from service.cli.exporting import export

    export(
        settings_of(home),
        format_,
        dataset=dataset,
        country=country,
        since=since,
        to=to,
        match=match,
        reported_by=reported_by,
        as_of=as_of,
        position=position,
        output=output,
        citation=citation,
    )
