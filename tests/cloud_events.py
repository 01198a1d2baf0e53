"""The rules of CloudEvents 1.0 and of its JSON event format: what breaks any of them fails.

From the specification: the types of attributes, the required ones, the optional ones, extensions, data.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

REQUIRED = ("id", "source", "specversion", "type")
OPTIONAL = ("datacontenttype", "dataschema", "subject", "time")

_NAME = re.compile(r"[a-z0-9]{1,20}")
"""An attribute's name: lower-case letters and digits, and not more than 20 of them, as is advised."""

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(\s*;\s*[\w-]+=[^;]+)*")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_URI_CHARACTERS = re.compile(r"(%[0-9A-Fa-f]{2}|[\w.~:/?#\[\]@!$&'()*+,;=-])+", re.ASCII)
_REVERSE_DNS = re.compile(r"[a-z]{2,}(\.[a-z0-9-]+)+")


def check(event: dict[str, Any]) -> None:
    """Fail unless it is a CloudEvent that carries JSON."""
    for name in REQUIRED:
        assert isinstance(event[name], str), name
        assert event[name], f"{name} is empty"
    assert event["specversion"] == "1.0"
    _check_uri(event["source"], is_absolute=True)
    assert _REVERSE_DNS.match(event["type"]), "types should begin with a reversed domain name"
    assert not {"data", "data_base64"} <= event.keys()
    for name, value in event.items():
        if name in ("data", "data_base64"):
            continue
        assert _NAME.fullmatch(name), name
        assert name in REQUIRED + OPTIONAL or _is_of_the_type_system(value), name
    for name in OPTIONAL:
        if name in event:
            assert isinstance(event[name], str), name
            assert event[name], f"{name} is empty"
            assert not re.search(r"[\x00-\x1f\x7f-\x9f]", event[name])
    if "datacontenttype" in event:
        assert _MEDIA_TYPE.fullmatch(event["datacontenttype"])
    if "dataschema" in event:
        _check_uri(event["dataschema"], is_absolute=True)
    if "time" in event:
        assert _TIMESTAMP.fullmatch(event["time"])
        assert datetime.fromisoformat(event["time"]).tzinfo


def _check_uri(text: str, *, is_absolute: bool) -> None:
    assert _URI_CHARACTERS.fullmatch(text), text
    parts = urlsplit(text)
    assert not is_absolute or (parts.scheme and parts.netloc), text


def _is_of_the_type_system(value: Any) -> bool:
    """Whether an extension's value is of a type of the specification that JSON has: null is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return -(2**31) <= value < 2**31
    return isinstance(value, bool | str)
