"""Paths of faults, as they are shown to whoever sent what is at fault."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.faults import json_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ((), "$"),
        (("figures", 0, "low"), "$.figures[0].low"),
        (("odd name",), "$['odd name']"),
        (("it's a \\",), r"$['it\'s a \\']"),
        (("\x1b[31mred\n",), r"$['\u001b[31mred\n']"),
        (("\u202etxt\u00ad\U000e0001",), r"$['\u202etxt\u00ad\udb40\udc01']"),
        (("x" * 100,), f"$.{'x' * 100}"),
        (("x" * 60 + "-y",), f"$['{'x' * 60}…']"),
    ],
)
def test_a_path_is_shown_as_rfc_9535_has_it(path: tuple[Any, ...], shown: str) -> None:
    assert json_path(path) == shown


@given(st.text(max_size=60))
def test_a_name_is_shown_on_a_line_and_can_be_read_back(name: str) -> None:
    shown = json_path((name,))
    assert shown.isprintable()
    if quoted := re.fullmatch(r"\$\['(.*)'\]", shown):
        text = quoted[1].replace(r"\'", "'").replace('"', r"\"")
        assert orjson.loads(f'"{text}"') == name
    else:
        assert shown == f"$.{name}"
