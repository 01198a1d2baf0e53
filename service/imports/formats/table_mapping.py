"""The mapping file of a table: which column of a sheet tells what, in YAML.

Its fields are these classes. A plain text where a `Value` stands is the name of a column; with columns in
braces, ``{Place}: {What}``, it is a text made of them; ``{constant: AFG}`` is the same for all rows. The
guide is ``docs/tables.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from domain.checks import Path
from domain.text import STRICT_SHAPE, CountryCode, EdtfDate, Line, PublicationDate, Slug
from domain.values import AccountStatus, DatasetProfile, PlacePrecision
from domain.vocabulary import ActorKind, IncidentType, Measure, ParticipantRole
from service.imports.formats.table_cells import country_of, degrees_of, pair_of, urls_of
from service.imports.formats.table_dates import pattern_of

T = TypeVar("T")

IN_BRACES = re.compile(r"\{([^{}]+)\}")

ColumnName = Line
"""The name of a column as the sheet's header has it; case, spaces and underscores make no difference."""


def _one_of(given: Mapping[str, object], needed: str) -> None:
    """Raise ValueError unless exactly one of the fields is given."""
    names = [name for name, value in given.items() if value not in (None, ())]
    if not names:
        raise ValueError(f"{needed} is missing")
    if len(names) > 1:
        raise ValueError(f"{' and '.join(names)} exclude each other; keep one")


def _checked_format(text: str) -> str:
    pattern_of(text)
    return text


def _checked_text(text: str) -> str:
    if not IN_BRACES.search(text) or set("{}") & set(IN_BRACES.sub("", text)):
        raise ValueError("columns stand in single braces, such as {Place}: {What}")
    return text


DateFormat = Annotated[Line, AfterValidator(_checked_format)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Where a text comes from: a column, a text with columns in braces, or the same text for all rows."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    column: ColumnName | None = None
    text: Annotated[Line, AfterValidator(_checked_text)] | None = None
    constant: Line | None = None

    def __post_init__(self) -> None:
        _one_of(
            {"column": self.column, "text": self.text, "constant": self.constant},
            "a column, a text or a constant",
        )


def _as_value(given: Any) -> Any:
    if isinstance(given, str):
        return {"text" if "{" in given or "}" in given else "column": given}
    return given


def _as_column(given: Any) -> Any:
    return {"column": given} if isinstance(given, str) else given


def _as_columns(given: Any) -> Any:
    given = [given] if isinstance(given, str) else given
    return {"columns": given} if isinstance(given, list) else given


AnyValue = Annotated[Value, BeforeValidator(_as_value)]


def _checked_by(read: Callable[[str], object]) -> AfterValidator:
    """Holds a constant to what would be asked of a cell."""

    def check(value: Value) -> Value:
        if value.constant is not None:
            read(value.constant)
        return value

    return AfterValidator(check)


CountryValue = Annotated[AnyValue, _checked_by(country_of)]
UrlValue = Annotated[AnyValue, _checked_by(urls_of)]
LatitudeValue = Annotated[AnyValue, _checked_by(partial(degrees_of, axis="NS"))]
LongitudeValue = Annotated[AnyValue, _checked_by(partial(degrees_of, axis="EW"))]
CoordinatesValue = Annotated[AnyValue, _checked_by(pair_of)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What identifies a row: the text of columns, or, where none does, a hash of the columns chosen."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    columns: Annotated[tuple[ColumnName, ...], Field(max_length=20)] = ()
    hash: Annotated[tuple[ColumnName, ...], Field(max_length=20)] = ()

    def __post_init__(self) -> None:
        _one_of({"columns": self.columns, "hash": self.hash}, "a column, or a hash of columns,")


AnyKey = Annotated[Key, BeforeValidator(_as_columns)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Generic[T]):
    """One of the words of a vocabulary: by what a column says, or the same for all rows.

    `values` are what the column's cells stand for, `otherwise` is for those that it lacks and for empty
    ones.
    """

    __pydantic_config__: ClassVar = STRICT_SHAPE
    column: ColumnName | None = None
    values: Annotated[dict[Line, T] | None, Field(max_length=2_000)] = None
    otherwise: T | None = None
    constant: T | None = None

    def __post_init__(self) -> None:
        _one_of({"column": self.column, "constant": self.constant}, "a column or a constant")
        if self.constant is not None and (self.values is not None or self.otherwise is not None):
            raise ValueError("values and otherwise go with a column, not with a constant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurred:
    """When it happened: the column of a day or a span (EDTF), or of its first and of its last day."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    column: ColumnName | None = None
    from_: Annotated[ColumnName | None, Field(alias="from")] = None
    to: ColumnName | None = None
    constant: EdtfDate | None = None
    date_format: DateFormat | None = None

    def __post_init__(self) -> None:
        given = {"column": self.column, "from": self.from_, "constant": self.constant}
        _one_of(given, "a column, or the columns from and to,")
        if self.to is not None and self.from_ is None:
            raise ValueError("to needs from beside it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """When a source published: a column, or the same day for all rows."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    column: ColumnName | None = None
    constant: PublicationDate | None = None
    date_format: DateFormat | None = None

    def __post_init__(self) -> None:
        _one_of({"column": self.column, "constant": self.constant}, "a column or a constant")


AnyPublished = Annotated[Published, BeforeValidator(_as_column)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRule:
    """Where it happened. `coordinates` is one column of both latitude and longitude, in degrees."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    name: AnyValue | None = None
    country: CountryValue | None = None
    admin1: AnyValue | None = None
    admin2: AnyValue | None = None
    admin3: AnyValue | None = None
    latitude: LatitudeValue | None = None
    longitude: LongitudeValue | None = None
    coordinates: CoordinatesValue | None = None
    precision: PlacePrecision | None = None
    description: AnyValue | None = None

    def __post_init__(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude are given both or not at all")
        if self.coordinates is not None and self.latitude is not None:
            raise ValueError("coordinates are both latitude and longitude; keep one way")
        if not any((self.name, self.country, self.admin1, self.admin2, self.admin3, self.latitude,
                    self.coordinates)):  # fmt: skip
            raise ValueError("a name, a country, a province or coordinates are missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantRule:
    """Actors that take part, by name. `split` parts several in a cell; `state` is whose state they are."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    column: ColumnName | None = None
    constant: Line | None = None
    role: ParticipantRole = ParticipantRole.UNSPECIFIED
    kind: ActorKind | None = None
    state: CountryValue | None = None
    split: Annotated[str, Field(min_length=1, max_length=20)] | None = None

    def __post_init__(self) -> None:
        _one_of({"column": self.column, "constant": self.constant}, "a column or a constant")


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRule:
    """A count, `of` whom: the columns of its numbers. A range in the column of `best` is read as such."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    measure: Measure
    of: Line | None = None
    low: ColumnName | None = None
    best: ColumnName | None = None
    high: ColumnName | None = None

    def __post_init__(self) -> None:
        if not (self.low or self.best or self.high):
            raise ValueError("a column of low, best or high is missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRule:
    """Who says it. Without a name, in the mapping or in the row, it is the sheet itself."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    name: AnyValue | None = None
    via: AnyValue | None = None
    url: UrlValue | None = None
    published: AnyPublished | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRule:
    """What the source rests on. `split` parts several texts in one cell; addresses are parted by spaces."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    text: AnyValue | None = None
    name: AnyValue | None = None
    title: AnyValue | None = None
    url: UrlValue | None = None
    published: AnyPublished | None = None
    split: Annotated[str, Field(min_length=1, max_length=20)] | None = None

    def __post_init__(self) -> None:
        if not any((self.text, self.name, self.title, self.url)):
            raise ValueError("a text, a name, a title or a url is missing")
        if self.split and (
            self.text is None or self.name or self.title or self.url or self.published
        ):
            raise ValueError("split goes with a text alone")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRule:
    """A code of another scheme, kept as text, and what it stands for. `split` parts several in one cell."""

    __pydantic_config__: ClassVar = STRICT_SHAPE
    scheme: Slug
    column: ColumnName
    label: AnyValue | None = None
    split: Annotated[str, Field(min_length=1, max_length=20)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """A mapping file.

    `account` tells several rows about one incident apart: the key is then the incident's. `countries` are
    what the sheet calls countries in words of its own, `missing` further words for "unknown", `thousands`
    is the mark that parts thousands.
    """

    __pydantic_config__: ClassVar = STRICT_SHAPE
    dataset: DatasetProfile
    key: AnyKey
    account: AnyKey | None = None
    title: AnyValue
    type: Annotated[Choice[IncidentType], BeforeValidator(_as_column)]
    occurred: Annotated[Occurred, BeforeValidator(_as_column)]
    place: PlaceRule | None = None
    participants: Annotated[tuple[ParticipantRule, ...], Field(max_length=50)] = ()
    figures: Annotated[tuple[FigureRule, ...], Field(max_length=100)] = ()
    source: SourceRule | None = None
    summary: AnyValue | None = None
    attributed_to: AnyValue | None = None
    references: Annotated[tuple[ReferenceRule, ...], Field(max_length=20)] = ()
    status: Annotated[Choice[AccountStatus], BeforeValidator(_as_column)] | None = None
    codes: Annotated[tuple[CodeRule, ...], Field(max_length=50)] = ()
    countries: Annotated[dict[Line, CountryCode] | None, Field(max_length=500)] = None
    missing: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    thousands: Literal[",", "."] | None = None


_COLUMN_FIELDS = frozenset({"column", "columns", "hash", "low", "best", "high", "from_", "to"})


def columns_of(rule: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every column that a mapping, or a part of one, names, with the path where it does."""
    if isinstance(rule, tuple):
        for index, each in enumerate(rule):
            yield from columns_of(each, (*path, index))
    elif isinstance(rule, Value):
        names = IN_BRACES.findall(rule.text) if rule.text else [rule.column] if rule.column else []
        yield from ((path, name.strip()) for name in names)
    elif is_dataclass(rule) and not isinstance(rule, DatasetProfile):
        for field in fields(rule):
            given, name = getattr(rule, field.name), field.name.rstrip("_")
            if field.name not in _COLUMN_FIELDS:
                yield from columns_of(given, (*path, name))
            elif isinstance(given, str):
                yield (*path, name), given
            else:
                inner = path if name == "columns" else (*path, name)
                yield from (((*inner, index), each) for index, each in enumerate(given or ()))
