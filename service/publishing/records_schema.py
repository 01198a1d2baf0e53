"""The JSON Schemas of the log's records: ``openapi/records.schema.json``, and what envelopes refer to."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from service.log.codec import RECORD_TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def records_schema() -> dict[str, Any]:
    """The record types by topic. Stored records have every field, and no other."""
    mode: JsonSchemaMode = "serialization"
    adapters = [(record.TOPIC, mode, TypeAdapter(record)) for record in RECORD_TYPES]
    by_topic, definitions = TypeAdapter.json_schemas(adapters)
    return {
        "$schema": DIALECT,
        "title": "Records of the log",
        "description": "The schema of a record is under its topic, in `properties`.",
        "type": "object",
        "properties": {topic: by_topic[topic, mode] for topic, _, _ in adapters},
        **definitions,
    }
