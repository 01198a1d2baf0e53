"""What is asked of an import over HTTP, and what is said of it: as the contract shows them, and as kept."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from domain.records import Instant
from domain.text import Line, PublicationDate, Slug
from service.faults import MOST_FAULTS
from service.imports.formats import FAMILIES
from service.imports.scope import Scope

TABLE, CHRONICLE = "table", "chronicle"
FORMATS = (*FAMILIES, TABLE, CHRONICLE)

_OF_DATASETS = ("release", "released", "complete", "scope", "dataset", "force")

State = Literal["queued", "running", "done", "failed"]


def _known(name: str) -> str:
    if name not in FORMATS:
        nearest = get_close_matches(name[:100].lower(), FORMATS, 1, 0.5)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise ValueError(f"there is no such format; {hint}There are {', '.join(FORMATS)}")
    return name


def _described(scope: str) -> str:
    Scope.read(scope)
    return scope


class ImportQuery(BaseModel):
    """What is asked of an import, beside what is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[
        Annotated[
            str,
            AfterValidator(_known),
            WithJsonSchema({"type": "string", "enum": list(FORMATS)}),
        ]
        | None,
        Field(description="What the file is; found out if it is left out, but for a table."),
    ] = None
    release: Annotated[
        Line | None, Field(description="Which release of the dataset it is: `24.1`.")
    ] = None
    released: Annotated[
        PublicationDate | None,
        Field(description="The day on which that was published: it dates the accounts."),
    ] = None
    complete: Annotated[
        bool,
        Field(
            description="It is the whole of its dataset: what it has not is withdrawn, if no row of it is"
            " rejected."
        ),
    ] = False
    scope: Annotated[
        Annotated[
            str,
            AfterValidator(_described),
            WithJsonSchema({"type": "string", "format": "scope", "minLength": 1}),
        ]
        | None,
        Field(
            description="What it is the whole of, with `complete`: `country=MMR,years=1989-2018`."
        ),
    ] = None
    dataset: Annotated[
        Slug | None,
        Field(description="The id under which to keep it, if not the dataset's own."),
    ] = None
    strict: Annotated[bool, Field(description="Record nothing if any row cannot be taken in.")] = (
        False
    )
    dry_run: Annotated[
        bool, Field(description="Find out what would be recorded, and record nothing.")
    ] = False
    force: Annotated[
        bool,
        Field(
            description="Even if the release tells of days after its own, or has little of what `complete`"
            " says; and what was withdrawn before stands again."
        ),
    ] = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.scope and not self.complete:
            raise ValueError("scope: it says what a complete release is the whole of; add complete")
        if self.format == CHRONICLE and (others := self.not_for_chronicles):
            raise ValueError(f"{others[0]}: a chronicle is loaded as it is; leave this out")
        return self

    @property
    def not_for_chronicles(self) -> list[str]:
        """What is asked that is said of a dataset's files alone."""
        return sorted(name for name in _OF_DATASETS if getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportUpload:
    """What was sent: how many bytes, and a digest of them in hexadecimal digits."""

    bytes: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    mapped: Annotated[bool, Field(description="Whether a mapping came with it.")] = False
    crosswalked: Annotated[bool, Field(description="Whether a crosswalk came with it.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far an import is: what it does, how much of how much of that (in bytes or records), rows read."""

    task: str
    done: Annotated[int, Field(ge=0)]
    total: Annotated[int | None, Field(ge=0, description="null: it is not known.")]
    rows: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What became of the rows that were read, or would become of them."""

    rows: Annotated[int, Field(ge=0, description="Rows read; of a chronicle its incidents.")]
    incidents_new: Annotated[int, Field(ge=0)]
    accounts_added: Annotated[
        int, Field(ge=0, description="Further accounts of incidents that are there.")
    ]
    accounts_revised: Annotated[int, Field(ge=0)]
    accounts_unchanged: Annotated[int, Field(ge=0)]
    accounts_older: Annotated[
        int, Field(ge=0, description="Of an earlier day than what is held, and left out.")
    ]
    accounts_withdrawn: Annotated[int, Field(ge=0)]
    accounts_withdrawn_before: Annotated[
        int, Field(ge=0, description="Rows whose account was withdrawn before, and stays so.")
    ] = 0
    never_held: Annotated[
        int, Field(ge=0, description="Taken back by the dataset, and never held here.")
    ]
    actors: Annotated[int, Field(ge=0, description="Records of actors: new, renamed, linked.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFault:
    """One thing that is wrong with a file that is taken in whole or not at all: where, and what."""

    path: Annotated[str, Field(examples=["$.incidents[0].key"])]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """An import that was asked for."""

    id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    state: State
    asked: ImportQuery
    upload: ImportUpload
    progress: Annotated[ImportProgress | None, Field(description="While it is running.")] = None
    counts: ImportCounts | None = None
    recorded: Annotated[
        bool, Field(description="Whether `counts` are of what was recorded, not of what would be.")
    ] = False
    rejected: Annotated[
        int | None,
        Field(ge=0, description="Rows that could not be taken in; `/rejected` has them all."),
    ] = None
    broken: Annotated[
        str | None, Field(description="Why the file could not be read to its end, if it was not.")
    ] = None
    passed_over: Annotated[
        tuple[str, ...],
        Field(
            description="Members of an archive that are no data, such as a codebook, and why; the first"
            f" {MOST_FAULTS}."
        ),
    ] = ()
    error: Annotated[str | None, Field(description="Why it failed.")] = None
    faults: tuple[ImportFault, ...] = ()
    position: Annotated[
        int | None,
        Field(ge=0, description="The log's position when it was done; reads show it from then on."),
    ] = None
    created: Instant
    started: Instant | None = None
    finished: Instant | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("done", "failed")
