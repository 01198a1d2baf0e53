"""``casus keys``: who may write over HTTP. A key is shown when it is made, and never again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from service.cli.options import Home, JsonLines, settings_of

if TYPE_CHECKING:
    from service.access.keys import Keys

keys = typer.Typer(
    name="keys",
    help="Make, list and revoke the keys that writing over HTTP takes.",
    epilog="Example: [bold]casus keys create newsroom --role curator[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@keys.command(epilog="Example: [bold]casus keys create newsroom --role curator[/bold]")
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is: named in every record made by it.")],
    role: Annotated[
        Literal["contributor", "curator", "admin"],
        typer.Option(
            help="Contributors report incidents, add accounts and register actors; curators also"
            " revise; admins also import and subscribe."
        ),
    ],
    home: Home = None,
) -> None:
    """Make a key. It is printed this once: nobody can show it again."""
    from service.access.errors import KeyRefused
    from service.access.roles import ROLES
    from service.cli.output import complain, refuse, say

    place = settings_of(home).log_place
    missing = place.parent if isinstance(place, Path) and not place.is_file() else None
    with _opened(home, make=True) as opened:
        try:
            new = opened.create(name, ROLES[role])
        except KeyRefused as refused:
            refuse(str(refused))
    complain(f"The key {new.key.id} of {name!r}, {role}. It is shown this once; keep it safe:")
    if missing:
        complain(f"There is no store in {missing.absolute()} yet; casus serve makes one there.")
    say(new.text)


@keys.command("list", epilog="Example: [bold]casus keys list --json[/bold]")
def list_(home: Home = None, json: JsonLines = False) -> None:
    """List every key there ever was: whose, what for, when it was used last, whether it is revoked."""
    import orjson

    from service.cli.output import say, write_lines

    with _opened(home) as opened:
        found = opened.all()
    if json:
        write_lines(orjson.dumps(asdict(key) | {"role": key.role.word}) for key in found)
        return
    rows: list[tuple[str, ...]] = [("id", "name", "role", "created", "last used", "revoked")]
    rows += [
        (
            key.id,
            key.name,
            key.role.word,
            *(
                when[:16].replace("T", " ") if when else "-"
                for when in (key.created, key.last_used, key.revoked)
            ),
        )
        for key in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@keys.command(epilog="Example: [bold]casus keys revoke newsroom[/bold]")
def revoke(
    key: Annotated[str, typer.Argument(help="The key's name, or its id.")], home: Home = None
) -> None:
    """Let a key no longer be used. Every node refuses it within seconds."""
    from service.access.errors import KeyRefused
    from service.cli.output import refuse, say

    with _opened(home) as opened:
        try:
            revoked = opened.revoke(key)
        except KeyRefused as refused:
            refuse(str(refused))
    say(f"The key {revoked.id} of {revoked.name!r} is revoked.")


@contextmanager
def _opened(home: Path | None, *, make: bool = False) -> Iterator[Keys]:
    """The keys of a store; of one that is there, but where one is to be made."""
    from service.access.keys import SCHEMA, Keys
    from service.cli.stores import check_there
    from service.state.places import state_at

    settings = settings_of(home)
    place = settings.log_place
    if not make:
        check_there(settings)
    elif isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
    with closing(Keys(state_at(place, SCHEMA))) as opened:
        yield opened
