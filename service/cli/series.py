"""What ``casus series`` takes. What it does is in `service.cli.counting`, imported only when it runs."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from service.cli.options import (
    AsOf,
    Home,
    HowMatched,
    JsonLines,
    Position,
    ReportedBy,
    settings_of,
)


def series(  # noqa: PLR0917 - options, each by its name
    subject: Annotated[
        str, typer.Argument(help="A country (AFG, gw:700, a name) or an actor; all: everything.")
    ] = "all",
    home: Home = None,
    interval: Annotated[
        Literal["day", "week", "month", "year"], typer.Option(help="How long a period is.")
    ] = "month",
    group_by: Annotated[
        Literal["country", "actor", "type"] | None, typer.Option(help="A series for each of these.")
    ] = None,
    measure: Annotated[
        str, typer.Option(help="What is counted: incidents, killed, wounded and so on.")
    ] = "incidents",
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The last day, inclusive.")] = None,
    match: HowMatched = "possible",
    reported_by: ReportedBy = None,
    as_of: AsOf = None,
    position: Position = None,
    json: JsonLines = False,
) -> None:
    """Count incidents, or what their figures say, period by period."""
    from service.cli.counting import show_series

    show_series(
        settings_of(home),
        subject,
        interval=interval,
        group_by=group_by,
        measure=measure,
        since=since,
        to=to,
        match=match,
        reported_by=reported_by,
        as_of=as_of,
        position=position,
        json=json,
    )
