"""The kinds of text that values are made of, each with its bounds, as annotated types.

pydantic enforces them where data enters (requests, chronicles, importers) and when a record is read back
from the log. A bound is therefore only ever widened; narrowing one is a new version of the record types
that use it (see ``docs/decisions.md``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from domain.countries import find_country
from domain.dates import day_number
from domain.edtf import MAX_LENGTH, BadDate, span

STRICT_SHAPE = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)
"""For ``__pydantic_config__``: an unknown field is refused, never dropped; what is read has every field."""

_INVISIBLE = r"\u00ad\u115f\u1160\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
"""Joiners, marks of direction, fillers: characters that alone show nothing."""

LINE_PATTERN = (
    r"^[^\x00-\x1f\x7f-\x9f]*"
    rf"[^\s\x00-\x1f\x7f-\x9f{_INVISIBLE}]"
    r"[^\x00-\x1f\x7f-\x9f]*$"
)
TEXT_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"

FIRST_PUBLICATION, LAST_PUBLICATION = day_number(1, 1, 1), day_number(9999, 12, 31)

Line = Annotated[str, Field(min_length=1, max_length=500, pattern=LINE_PATTERN)]
"""One line of text without control characters, not blank."""

Text = Annotated[str, Field(min_length=1, max_length=20_000, pattern=TEXT_PATTERN)]
"""Running text; line breaks and tabs are its only control characters."""

Reason = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2_000,
        pattern=LINE_PATTERN,
        examples=["The ministry withdrew its statement."],
    ),
]
"""Why something was recorded: a line, not blank."""

Slug = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=SLUG_PATTERN,
        description="A readable id: lower-case letters, digits and single hyphens.",
    ),
]

Url = Annotated[
    str, Field(min_length=10, max_length=2_000, pattern=r"^https?://[^\s\x00-\x1f\x7f\x85<>\"]+$")
]
"""A web address, kept as given."""

LanguageTag = Annotated[
    str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", examples=["prs-Arab"])
]
"""A BCP 47 language tag."""


def _checked_edtf(text: str) -> str:
    span(text)
    return text


def _checked_publication(text: str) -> str:
    if not FIRST_PUBLICATION <= span(text).latest <= LAST_PUBLICATION:
        raise BadDate(text, "a publication date needs a last day, in the years 1 to 9999")
    return text


def _canonical_country(text: str) -> str:
    return find_country(text).code


_EDTF_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_LENGTH,
    "format": "edtf",
    "examples": ["2021-06-22", "2021-06~", "2021-06-18/2021-06-21", "../2021-09-11"],
}

EdtfDate = Annotated[str, AfterValidator(_checked_edtf), WithJsonSchema(_EDTF_SCHEMA)]
"""When something happened, as EDTF text (see `domain.edtf`)."""

PublicationDate = Annotated[
    str,
    AfterValidator(_checked_publication),
    WithJsonSchema({**_EDTF_SCHEMA, "examples": ["2021-06-22", "2021-07~"]}),
]
"""When a source published, as EDTF text with a last possible day."""

CountryCode = Annotated[
    str,
    AfterValidator(_canonical_country),
    WithJsonSchema(
        {
            "type": "string",
            "format": "country",
            "minLength": 2,
            "maxLength": 100,
            "examples": ["AFG", "AF", "Afghanistan", "gw:700"],
            "description": "ISO 3166-1 alpha-3; alpha-2, a name or gw:NUMBER is understood.",
        },
        mode="validation",
    ),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[A-Z]{3}$",
            "examples": ["AFG"],
            "description": "ISO 3166-1 alpha-3; ISO 3166-3 for former states; else XAA to XZZ.",
        },
        mode="serialization",
    ),
]
"""A country, kept as its alpha-3 code whatever understood spelling it came in."""
