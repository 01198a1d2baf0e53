"""What the contract says of a record's envelope: a CloudEvent (1.0) in the JSON event format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.records import Instant


def _optional_uri(schema: dict[str, Any]) -> None:
    schema.pop("default", None)  # it is not there at all
    schema["format"] = "uri"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """A record of the log in its envelope."""

    specversion: Literal["1.0"]
    id: Annotated[
        str,
        Field(pattern="^[1-9][0-9]*$", description="The record's position, unique in the source."),
    ]
    source: Annotated[
        str,
        Field(
            description="The log of the service that was asked.",
            json_schema_extra={"format": "uri"},
        ),
    ]
    type: Annotated[
        str,
        Field(
            description="What was recorded: the record's topic, with its version, behind a prefix.",
            examples=["org.casus.incident-retracted.v1"],
        ),
    ]
    subject: Annotated[
        str, Field(description="The id of the incident, the actor or the dataset that it is of.")
    ]
    time: Annotated[Instant, Field(description="When it was recorded.")]
    datacontenttype: Literal["application/json"]
    dataschema: Annotated[
        str,
        Field(
            description="Where the schema of the data is; left out for a version of the past.",
            json_schema_extra=_optional_uri,
        ),
    ] = ""
    position: Annotated[int, Field(ge=1, description="The position as a number (an extension).")]
    stream: Annotated[UUID, Field(description="The stream that it is of (an extension).")]
    version: Annotated[
        int, Field(ge=1, description="Its place in that stream, from 1 (an extension).")
    ]
    data: Annotated[
        dict[str, Any],
        Field(description="The record, in the very bytes in which it is stored."),
    ]
