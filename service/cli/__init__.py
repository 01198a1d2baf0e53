"""The ``casus`` program: serve a store, load it, read it and look after it.

Exit status: 0 if it was done, 1 if what was asked could not be done (the message says why), 2 for a
command line that makes no sense.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from service.cli.giving import give
from service.cli.keys import keys
from service.cli.options import (
    MOST,
    AsOf,
    Home,
    HowMatched,
    JsonLines,
    Position,
    ReportedBy,
    settings_of,
)
from service.cli.output import refuse, write_anything
from service.cli.series import series
from service.cli.taking import take
from service.garbage import look_seldom

app = typer.Typer(
    name="casus",
    help="An event-sourced conflict timeline service.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the program; a refusal is one plain message, never a traceback."""
    look_seldom()
    write_anything()
    try:
        app()
    except Exception as error:
        from service.cli.refusals import reason

        message = reason(error)
        if message is None:
            raise
        refuse(message)


@app.command(epilog="Example: [bold]casus serve --port 8080[/bold]")
def serve(
    home: Home = None,
    host: Annotated[
        str | None, typer.Option(help="The address to serve on.", envvar="HOST")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The port to serve on.", envvar="PORT", min=0, max=65535),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="How many processes serve.", envvar="CASUS_WORKERS", min=1, max=64),
    ] = None,
    proxy_headers: Annotated[
        bool | None,
        typer.Option(
            "--proxy-headers/--no-proxy-headers",
            help="Believe the proxies that CASUS_PROXIES names whom they stand for.",
            envvar="CASUS_PROXY_HEADERS",
        ),
    ] = None,
    bundled: Annotated[
        bool, typer.Option(help="Fill an empty store with the chronicle of 2021.")
    ] = True,
) -> None:
    """Serve the store over HTTP."""
    from service.cli.serving import serve_store

    settings = settings_of(home)
    changed = {
        "host": host or settings.host,
        "port": settings.port if port is None else port,
        "workers": workers or settings.workers,
        "proxy_headers": settings.proxy_headers if proxy_headers is None else proxy_headers,
    }
    serve_store(settings.model_copy(update=changed), bundled=bundled)


@app.command(epilog="Example: [bold]casus load my-chronicle.json[/bold]")
def load(
    file: Annotated[Path, typer.Argument(help="A chronicle (JSON); - reads standard input.")],
    home: Home = None,
    by: Annotated[str, typer.Option(help="Who loads it: named in every record.")] = "casus load",
) -> None:
    """Load a chronicle: all of it, or nothing and a list of its faults."""
    from service.cli.loading import load_file

    load_file(settings_of(home), file, by)


app.command(
    "import",
    epilog="Example: [bold]casus import ged241-csv.zip --release 24.1 --released 2024-06-05[/bold]",
)(take)


app.command(
    "export",
    epilog="Example: [bold]casus export ucdp-ged --country AFG -o afghanistan.csv[/bold]",
)(give)


@app.command(epilog="Example: [bold]casus timeline AFG --from 2021-05-01 --to 2021-06-23[/bold]")
def timeline(
    subject: Annotated[str, typer.Argument(help="A country (AFG, gw:700, a name) or an actor.")],
    home: Home = None,
    since: Annotated[str | None, typer.Option("--from", help="The first day.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The last day, inclusive.")] = None,
    match: HowMatched = "possible",
    reported_by: ReportedBy = None,
    as_of: AsOf = None,
    position: Position = None,
    limit: Annotated[int, typer.Option(help="The most incidents to show.", min=1)] = 100,
    json: JsonLines = False,
) -> None:
    """Show the timeline of a country or an actor."""
    from service.cli.reading import show_timeline

    show_timeline(
        settings_of(home),
        subject,
        since=since,
        to=to,
        match=match,
        reported_by=reported_by,
        as_of=as_of,
        position=position,
        limit=limit,
        json=json,
    )


@app.command(epilog="Example: [bold]casus replay AFG --until 2021-06-23 --speed 7[/bold]")
def replay(
    subject: Annotated[
        str, typer.Argument(help="A country (AFG, gw:700, a name) or an actor; all: everything.")
    ] = "all",
    home: Home = None,
    clock: Annotated[
        Literal["occurred", "reported", "recorded"],
        typer.Option(help="As it happened, as it was reported or as it was recorded."),
    ] = "occurred",
    since: Annotated[str | None, typer.Option(help="The first day of the clock to play.")] = None,
    until: Annotated[
        str | None, typer.Option(help="The last day of the clock to play, inclusive.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="Days in a second; left out: without waiting.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="Only what happened from this day on.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Only what happened to this day, inclusive.")
    ] = None,
    match: HowMatched = "possible",
    reported_by: ReportedBy = None,
    as_of: AsOf = None,
    position: Position = None,
    json: JsonLines = False,
) -> None:
    """Play the history of a country, of an actor or of all, step by step with running totals."""
    from service.cli.replaying import play

    play(
        settings_of(home),
        subject,
        clock=clock,
        since=since,
        until=until,
        speed=speed,
        first=first,
        to=to,
        match=match,
        reported_by=reported_by,
        as_of=as_of,
        position=position,
        json=json,
    )


@app.command(epilog="Example: [bold]casus diff AFG --from-reported-by 2021-06-22[/bold]")
def diff(
    subject: Annotated[
        str, typer.Argument(help="A country (AFG, gw:700, a name) or an actor; all: everything.")
    ] = "all",
    home: Home = None,
    from_position: Annotated[
        int | None, typer.Option(help="Since the log stood at this position,", min=0)
    ] = None,
    to_position: Annotated[
        int | None, typer.Option(help="until it stood at this one.", min=0)
    ] = None,
    from_as_of: Annotated[
        str | None, typer.Option(help="Since the log stood as at this instant or day,")
    ] = None,
    to_as_of: Annotated[str | None, typer.Option(help="until it stood as at this one.")] = None,
    from_reported_by: Annotated[
        str | None, typer.Option(help="By what was published after this day,")
    ] = None,
    to_reported_by: Annotated[str | None, typer.Option(help="and by this one.")] = None,
    reported_by: ReportedBy = None,
    as_of: AsOf = None,
    position: Position = None,
    limit: Annotated[int, typer.Option(help="The most incidents to show.", min=1, max=MOST)] = 100,
    json: JsonLines = False,
) -> None:
    """Show what has changed between two moments, of a country, of an actor or of all."""
    from service.cli.comparing import show_diff

    show_diff(
        settings_of(home),
        subject,
        start=(from_position, from_as_of, from_reported_by),
        end=(to_position, to_as_of, to_reported_by),
        both=(position, as_of, reported_by),
        limit=limit,
        json=json,
    )


@app.command(epilog="Example: [bold]casus history 315da392-715b-895f-82cb-292295ad0162[/bold]")
def history(
    incident: Annotated[str, typer.Argument(help="The id of an incident.")],
    home: Home = None,
    reported_by: ReportedBy = None,
    as_of: AsOf = None,
    position: Position = None,
    limit: Annotated[int, typer.Option(help="The most records to show.", min=1, max=MOST)] = 100,
    json: JsonLines = False,
) -> None:
    """Show every record that touched an incident: who made it, why, and what it changed."""
    from service.cli.comparing import show_history

    show_history(
        settings_of(home),
        incident,
        clocks=(position, as_of, reported_by),
        limit=limit,
        json=json,
    )


app.command(epilog="Example: [bold]casus series AFG --measure killed --from 2021-05[/bold]")(series)


@app.command(epilog="Example: [bold]casus log --after 60 --limit 5[/bold]")
def log(
    home: Home = None,
    after: Annotated[
        int, typer.Option(help="Only records beyond this position.", min=0, max=MOST)
    ] = 0,
    limit: Annotated[int, typer.Option(help="The most records to show.", min=1, max=MOST)] = 50,
    json: JsonLines = False,
) -> None:
    """Show the log's records: what was recorded, when and by whom."""
    from service.cli.reading import show_log

    show_log(settings_of(home), after=after, limit=limit, json=json)


@app.command(
    epilog='Example: [bold]casus revise ID corrections --set title="A new title" --reason "A typo."[/bold]'
)
def revise(
    target: Annotated[str, typer.Argument(help="The id of an incident or an actor.")],
    revision: Annotated[
        str,
        typer.Argument(
            help="accounts, account-revisions, account-withdrawals, corrections, retraction,"
            " reinstatement, merge, unmerge; of an actor: names, external-ids, affiliations, releases,"
            " merge, unmerge."
        ),
    ],
    file: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Argument(help="The body that the API takes (JSON); - reads standard input."),
    ] = None,
    home: Home = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    into: Annotated[str | None, typer.Option(help="Whom to merge it into.")] = None,
    changes: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", help="FIELD=VALUE, text or JSON; may be repeated."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who revises it: named in the record.")] = "casus revise",
    seen: Annotated[
        int | None,
        typer.Option(help="Only if it was last changed at this position.", min=0, max=MOST),
    ] = None,
) -> None:
    """Revise an incident or an actor: what was recorded stays, and this is recorded beside it."""
    from service.cli.revising import revise as record

    given = {"reason": reason, "into": into}
    record(
        settings_of(home),
        target,
        revision,
        file,
        given=given,
        changes=changes or [],
        by=by,
        seen=seen,
    )


app.add_typer(keys)


@app.command(epilog="Example: [bold]casus mirror http://127.0.0.1:8000 --home copy --once[/bold]")
def mirror(
    url: Annotated[str, typer.Argument(help="The address of the service whose log is copied.")],
    home: Home = None,
    once: Annotated[
        bool, typer.Option("--once", help="Stop when all that is there was copied.")
    ] = False,
    key_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A file with the key by which to read a service that is closed."),
    ] = None,
) -> None:
    """Copy the log of another service, byte for byte, and follow it as it grows."""
    from service.cli.mirroring import mirror_log

    mirror_log(settings_of(home), url, once=once, key_file=key_file)


@app.command(epilog="Example: [bold]casus rebuild[/bold]")
def rebuild(home: Home = None) -> None:
    """Build the timelines anew from the log, beside those in use, and switch to them."""
    from service.cli.upkeep import rebuild_views

    rebuild_views(settings_of(home))


@app.command(epilog="Example: [bold]casus verify[/bold]")
def verify(
    home: Home = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Prove that the log has no gap and can be read, and that the timelines are what it comes to."""
    from service.cli.upkeep import verify_store

    verify_store(settings_of(home), json=json)


@app.command(epilog="Example: [bold]casus backup casus-2026-11-28.sqlite[/bold]")
def backup(
    file: Annotated[Path, typer.Argument(help="The new file.")],
    home: Home = None,
) -> None:
    """Copy the log, keys and subscriptions into a file, while the store is served and written to."""
    from service.cli.upkeep import back_up

    back_up(settings_of(home), file)


@app.command(epilog="Example: [bold]casus restore casus-2026-11-28.sqlite[/bold]")
def restore(
    file: Annotated[Path, typer.Argument(help="What casus backup has written.")],
    home: Home = None,
    replacing: Annotated[
        bool,
        typer.Option("--replace", help="Put it in the place of a log that has other records."),
    ] = False,
) -> None:
    """Bring a store to what a backup has; one that has its beginning is gone on with."""
    from service.cli.upkeep import restore as bring_back

    bring_back(settings_of(home), file, replacing=replacing)


@app.command(
    epilog="Example: [bold]casus migrate --from sqlite:var --to postgresql://casus@db/casus[/bold]"
)
def migrate(
    origin: Annotated[str, typer.Option("--from", help="sqlite:FOLDER or postgresql://...")],
    destination: Annotated[str, typer.Option("--to", help="The same; empty, or cut short before.")],
) -> None:
    """Move a log from one store to another, byte for byte; cut short, it is gone on with."""
    from service.cli.upkeep import migrate as move

    move(origin, destination)


@app.command(epilog="Example: [bold]casus status --json[/bold]")
def status(
    home: Home = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON object.")] = False,
) -> None:
    """Say where the store lies, how far the log and the timelines reach, and what is wrong."""
    from service.cli.upkeep import show_status

    show_status(settings_of(home), json=json)
