"""The body of an import, as the contract shows it."""

from __future__ import annotations

from typing import Any

from service.api.uploads import FILES, MULTIPART

EXAMPLE: dict[str, Any] = {
    "TotalCount": 1,
    "Result": [
        {
            "id": 401115,
            "year": 2021,
            "type_of_violence": 1,
            "conflict_new_id": 333,
            "conflict_name": "Afghanistan: Government",
            "dyad_new_id": 735,
            "dyad_name": "Government of Afghanistan - Taleban",
            "side_a_new_id": 130,
            "side_a": "Government of Afghanistan",
            "side_b_new_id": 303,
            "side_b": "Taleban",
            "source_article": "Reuters,2021-06-22,Taliban capture border crossing",
            "where_prec": 1,
            "where_coordinates": "Sherkhan Bandar",
            "adm_1": "Kunduz province",
            "latitude": 37.1886,
            "longitude": 68.6147,
            "country": "Afghanistan",
            "country_id": 700,
            "event_clarity": 1,
            "date_prec": 1,
            "date_start": "2021-06-22",
            "date_end": "2021-06-22",
            "deaths_a": 8,
            "deaths_b": 0,
            "deaths_civilians": 0,
            "deaths_unknown": 0,
            "best": 8,
            "high": 10,
            "low": 6,
        }
    ],
}
"""A file, such as UCDP's API answers with; the event in it is made up."""

BODY: dict[str, Any] = {
    "required": True,
    "description": "The file: plain, or packed with gzip, xz or zip; what it is, is told by its bytes. With"
    f" its mapping, a table is the part `file` of `{MULTIPART}`; so is any file with a crosswalk of yours.",
    "content": {
        **{kind: {"schema": {}} for kind in FILES},
        "application/json": {
            "schema": {},
            "examples": {"an event, as UCDP's API has it": {"value": EXAMPLE}},
        },
        MULTIPART: {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "The file."},
                    "mapping": {
                        "type": "string",
                        "description": "Which column of the table means what (YAML).",
                    },
                    "crosswalk": {
                        "type": "string",
                        "description": "Who is who in the dataset (CSV), before what comes with Casus.",
                    },
                },
                "required": ["file"],
            }
        },
    },
}
