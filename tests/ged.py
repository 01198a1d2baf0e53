"""The files of UCDP GED that tests read, their rows as cells, and the accounts that these become."""

from __future__ import annotations

import csv
import io
import lzma
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from domain.checks import faults_of_account
from domain.values import Account
from service.imports.format import Cells, Told
from service.imports.formats.ucdp_ged import FORMAT

DATA = Path(__file__).parent / "data"
FILES = {
    "19.1": DATA / "ucdp" / "ged191_bgd-mmr_ORIGINAL.csv.xz",
    "24.1": DATA / "ucdp" / "ged241_myanmar.csv.xz",
    "Syria": DATA / "ucdp" / "ged-syria_652.1601.1911.csv.xz",
    "Afghanistan": DATA / "ucdp" / "ged231_afghanistan-and-neighbours_from-sample.csv",
    "sample": DATA / "ged231_sample1000.csv.xz",
}

_ACCOUNT = TypeAdapter(Account)


@cache
def content(name: str) -> bytes:
    """The bytes of a file, unpacked."""
    path = FILES[name]
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a file, with its own columns only."""
    return tuple(csv.DictReader(io.StringIO(content(name).decode(), newline="")))


def cells_of(row: Cells) -> dict[str, str]:
    """A row with all columns that the format knows, as the row function is given it."""
    return {column: row.get(column, "") for column in FORMAT.columns}


def told_of(row: Cells) -> Told:
    """What a row tells."""
    told = FORMAT.tell(cells_of(row))
    assert isinstance(told, Told)
    return told


def account_of(told: Told) -> Account:
    """The account of it, validated, with its actors called by their ids; no rule is broken."""
    participants = {
        (f"{actor.scheme}-{actor.id}" if actor.id.isdigit() else "another", role): None
        for actor, role in told.participants
    }
    given = [{"actor": actor, "role": role} for actor, role in participants]
    account = _ACCOUNT.validate_python({**told.account, "participants": given})
    assert not list(faults_of_account(account, {actor for actor, _ in participants}))
    return account


@cache
def accounts(name: str) -> dict[str, Account]:
    """The accounts of a file by their keys."""
    told = [told_of(row) for row in rows(name)]
    return {each.key: account_of(each) for each in told}


ROW = {
    "id": "401115",
    "year": "2021",
    "active_year": "1",
    "type_of_violence": "1",
    "conflict_new_id": "333",
    "conflict_name": "Afghanistan: Government",
    "dyad_new_id": "735",
    "dyad_name": "Government of Afghanistan - Taleban",
    "side_a_new_id": "130",
    "side_a": "Government of Afghanistan",
    "side_b_new_id": "303",
    "side_b": "Taleban",
    "number_of_sources": "2",
    "source_article": '"Bakhtar News,2021-05-29,Two Hundred; Perished";"Xinhua,2021-05-30,15 killed"',
    "source_office": "Bakhtar News;Xinhua",
    "source_date": "2021-05-29;2021-05-30",
    "source_headline": "Two Hundred; Perished;15 killed",
    "source_original": "Ministry of Defence",
    "where_prec": "4",
    "where_coordinates": "Helmand province",
    "where_description": "Helmand",
    "adm_1": "Helmand province",
    "adm_2": "",
    "latitude": "31.0",
    "longitude": "64.0",
    "country": "Afghanistan",
    "country_id": "700",
    "event_clarity": "2",
    "date_prec": "2",
    "date_start": "2021-05-28",
    "date_end": "2021-05-29",
    "deaths_a": "3",
    "deaths_b": "200",
    "deaths_civilians": "0",
    "deaths_unknown": "1",
    "best": "204",
    "high": "210",
    "low": "3",
    "gwnoa": "700",
    "gwnob": "",
}
"""A row with something in every column that matters."""


def told(**cells: str) -> Told:
    """What that row tells, with other cells."""
    return told_of(ROW | cells)


def account(**cells: str) -> Account:
    """Its account."""
    return account_of(told(**cells))


def codes(**cells: str) -> dict[str, tuple[str, str | None]]:
    """The codes and labels of its account by their schemes."""
    return {code.scheme: (code.code, code.label) for code in account(**cells).codes}
