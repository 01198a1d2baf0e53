"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

if TYPE_CHECKING:
    from service.settings import Settings

MOST = 2**62
"""More than any log will hold, and within what SQLite counts to."""

Home = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
    typer.Option(
        "--home", help="The folder of the store.", envvar="CASUS_HOME", show_default="./var"
    ),
]
ReportedBy = Annotated[str | None, typer.Option(help="Only what was published by this day.")]
AsOf = Annotated[str | None, typer.Option(help="As the log stood at this instant or day.")]
Position = Annotated[int | None, typer.Option(help="As the log stood at this position.", min=0)]
HowMatched = Annotated[
    Literal["possible", "certain"], typer.Option(help="How an uncertain date is taken.")
]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def settings_of(home: Path | None) -> Settings:
    """The settings, with the folder that a command was given. Ends as `usage` does if one is misspelt."""
    from service.cli.output import usage
    from service.settings import Settings, misspelt_settings

    if misspelt := "; ".join(misspelt_settings()):
        usage(misspelt)
    return Settings() if home is None else Settings(CASUS_HOME=home)
