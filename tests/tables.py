"""Sheets and mappings as the tests of tables read them, without a store and without a file of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from domain.checks import faults_of_account
from domain.values import Account
from service.imports.format import BadRow, Told
from service.imports.formats.table import check_columns, format_of, read_mapping
from service.imports.reading.headers import plain

DATA = Path(__file__).parent / "data" / "tables"
ACCOUNT = TypeAdapter(Account)

LEAST = """
dataset: {id: least, title: Least}
key: Nr
title: What
type: {constant: attack}
occurred: Day
"""


def cells_of(names: Iterable[str], header: list[str], row: list[str]) -> dict[str, str]:
    found = {plain(name): cell for name, cell in zip(header, row, strict=True)}
    return {name: found[plain(name)] for name in names}


def tell_all(mapping: str, sheet: str, delimiter: str = ",") -> list[Told | str]:
    read = read_mapping(mapping)
    header, *rows = csv.reader(io.StringIO(sheet), delimiter=delimiter)
    check_columns(read, header)
    form = format_of(read)
    told: list[Told | str] = []
    for row in rows:
        try:
            told.append(form.tell(cells_of(form.columns, header, row)))
        except BadRow as bad:
            told.append(str(bad))
    return told


def example(name: str, mapping: str | None = None, delimiter: str = ",") -> list[Any]:
    text = (DATA / (mapping or name)).with_suffix(".yaml").read_text()
    return tell_all(text, (DATA / name).with_suffix(".csv").read_text(), delimiter)


def account_of(told: Told) -> Account:
    account = ACCOUNT.validate_python({**told.account, "participants": ()})
    assert list(faults_of_account(account, ())) == []
    return account


def tell(more: str = "", **cells: str) -> Told:
    """What a row tells by the least mapping and more."""
    form = format_of(read_mapping(LEAST + more))
    row = {"Nr": "1", "What": "A thing", "Day": "2021-06-22"} | cells
    assert set(form.columns) <= set(row)
    return form.tell(row)


def fault(more: str = "", **cells: str) -> tuple[str | None, str]:
    with pytest.raises(BadRow) as bad:
        tell(more, **cells)
    return bad.value.column, bad.value.reason
