"""The schemas of what is answered, in the words of OpenAPI 3.0."""

from __future__ import annotations

from projections.flat import COLUMNS, Kind
from service.ogc.documents import Json

_DATES = ("earliest", "latest")
"""The columns that are dates in a feature's schema, for time sliders. Others that hold days are texts:
GDAL takes a filter by any date for one by ``datetime``, which is about when something happened."""

_TYPES: dict[Kind, str] = {
    "text": "string",
    "whole": "integer",
    "real": "number",
    "truth": "boolean",
    "day": "string",
    "instant": "string",
}


def schemas() -> Json:
    """The schemas by their names."""
    text, whole, real = ({"type": kind} for kind in ("string", "integer", "number"))
    links = {"type": "array", "items": _reference("Link")}
    moment = {
        "position": {**whole, "minimum": 0},
        "as_of": {**text, "nullable": True},
        "reported_by": {**text, "nullable": True},
    }
    is_feature = {"type": {**text, "enum": ["Feature"]}}
    return {
        "Link": _object(dict.fromkeys(("href", "rel", "type", "title"), text), "href", "rel"),
        "LandingPage": _object({"title": text, "description": text, "links": links}, "links"),
        "Conformance": _object({"conformsTo": {"type": "array", "items": text}}, "conformsTo"),
        "Definition": {"type": "object"},
        "Schema": {"type": "object"},
        "Page": text,
        "Collections": _object(
            {"links": links, "collections": {"type": "array", "items": _reference("Collection")}},
            "links",
            "collections",
        ),
        "Collection": _object(
            {
                **dict.fromkeys(("id", "title", "description", "itemType"), text),
                "crs": {"type": "array", "items": text},
                "extent": _reference("Extent"),
                "links": links,
            },
            "id",
            "links",
        ),
        "Extent": _object(
            {
                "spatial": _object(
                    {
                        "bbox": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "array", "minItems": 4, "maxItems": 4, "items": real},
                        },
                        "crs": text,
                    }
                ),
                "temporal": _object(
                    {
                        "interval": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "array",
                                "minItems": 2,
                                "maxItems": 2,
                                "items": {**text, "format": "date-time", "nullable": True},
                            },
                        },
                        "trs": text,
                    }
                ),
            }
        ),
        "FeatureCollection": _object(
            {
                "type": {**text, "enum": ["FeatureCollection"]},
                "numberReturned": {**whole, "minimum": 0},
                **moment,
                "links": links,
                "features": {"type": "array", "items": _reference("Incident")},
            },
            "type",
            "features",
        ),
        "Feature": {
            "allOf": [_reference("Incident"), _object({**moment, "links": links}, "links")]
        },
        "Incident": _object(
            {
                **is_feature,
                "id": text,
                "geometry": _reference("PointOrNull"),
                "properties": _reference("Properties"),
            },
            "type",
            "geometry",
            "properties",
        ),
        "PointOrNull": {
            **_object(
                {
                    "type": {**text, "enum": ["Point"]},
                    "coordinates": {"type": "array", "minItems": 2, "maxItems": 2, "items": real},
                },
                "type",
                "coordinates",
            ),
            "nullable": True,
        },
        "Properties": _object(
            {
                **{
                    each.name: {
                        "type": _TYPES[each.kind],
                        "nullable": True,
                        "description": each.meaning,
                    }
                    for each in COLUMNS
                },
                "url": {**text, "description": "its permanent address"},
                "entry": {"type": "object", "description": "the incident as timelines have it"},
            }
        ),
        "Problem": _object(
            {
                **dict.fromkeys(("type", "title", "detail"), text),
                "status": whole,
            },
            "type",
            "title",
            "status",
            "detail",
        ),
    }


def _object(properties: Json, *required: str) -> Json:
    schema: Json = {"type": "object", "properties": properties}
    return {**schema, "required": list(required)} if required else schema


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def feature_schema(address: str) -> Json:
    """The JSON Schema of a feature, in which every property has one type: all that GDAL understands.

    It adds a feature's own ``id`` to the properties, so that is not one of them here.
    """
    properties: Json = {
        each.name: {"type": _TYPES[each.kind], "description": each.meaning}
        | ({"format": "date"} if each.name in _DATES else {})
        for each in COLUMNS
        if each.name != "id"
    }
    properties["url"] = {"type": "string", "description": "its permanent address"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address,
        **_object(
            {
                "type": {"type": "string", "const": "Feature"},
                "id": {"type": "string"},
                "properties": _object(properties),
            }
        ),
    }
