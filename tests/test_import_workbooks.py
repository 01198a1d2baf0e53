"""Workbooks that are small and unpack to more than any spreadsheet has: refused before they are held."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from service.imports.reading import workbooks
from service.imports.reading.workbooks import TooLarge, check_workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MEGABYTES = 1 << 20
BOUND = 150 * MEGABYTES
"""What a process takes that reads a workbook: 95 MB are Python, openpyxl and what is imported with it."""

READ = r"""
import re, sys
from pathlib import Path
from service.imports.reading.outcomes import UnreadableFile
from service.imports.reading.sheets import sheet_rows

class Stream:
    name = "book.xlsx"
    def file(self):
        return Path(sys.argv[1]).open("rb")

try:
    print(sum(1 for _ in sheet_rows(Stream())))
except UnreadableFile as error:
    print(error)
status = Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024)
"""


def book(path: Path, parts: dict[str, tuple[str, str, int, str]]) -> Path:
    """A workbook of which some parts are a text, another so many times, and a third."""
    plain = io.BytesIO()
    given = openpyxl.Workbook()
    given.active.append(["id", "date"])
    given.save(plain)
    with (
        zipfile.ZipFile(plain) as made,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as changed,
    ):
        for name in made.namelist():
            if name not in parts:
                changed.writestr(name, made.read(name))
        for name, part in parts.items():
            with changed.open(name, "w") as file:
                for text in spelled(*part):
                    file.write(text.encode())
    return path


def spelled(head: str, again: str, times: int, tail: str) -> Iterator[str]:
    """The text of a part, in pieces."""
    at_once = 10_000
    yield head
    for _ in range(times // at_once):
        yield again * at_once
    yield again * (times % at_once) + tail


def sheet(again: str, times: int, *, row: bool = True) -> dict[str, tuple[str, str, int, str]]:
    """The first sheet: something so many times, in one row or beside its rows."""
    head, tail = ("<row>", "</row>") if row else ("", "")
    head = f'<worksheet xmlns="{MAIN}"><sheetData>{head}'
    return {"xl/worksheets/sheet1.xml": (head, again, times, f"{tail}</sheetData></worksheet>")}


SMALL = {
    "cells with values": (sheet("<c><v>1</v></c>", 3_000_000), "a row of more than 16,384 cells"),
    "cells of nothing": (sheet("<c/>", 10_000_000), "a row of more than 16,384 cells"),
    "a cell of one text": (sheet("a" * 100, 900_000), "a row of more than 4,194,304 bytes"),
    "elements in cells": (
        sheet("<c>" + "<v/>" * 1_000 + "</c>", 10_000),
        "a row of more than",
    ),
    "rows in a row": (sheet("<row><c/><c/>", 5_000_000), "a row of more than 16,384 cells"),
    "rows of nothing": (sheet("<row/>", 5_000_000, row=False), "more than 1,048,576 rows"),
    "what is no row": (sheet("<x/>", 10_000_000, row=False), "more elements of XML"),
    "text between rows": (
        sheet("<row/>" + "a" * 1_000, 90_000, row=False),
        "more than 67,108,864 bytes beside its rows",
    ),
    "an attribute": (
        {"xl/worksheets/sheet1.xml": (f'<worksheet xmlns="{MAIN}" x="', "a" * 100, 900_000, '"/>')},
        "a tag of more than 4,194,304 bytes",
    ),
    "styles": (
        {
            "xl/styles.xml": (
                f'<styleSheet xmlns="{MAIN}"><fonts>',
                "<font/>",
                5_000_000,
                "</fonts>",
            )
        },
        "more elements of XML",
    ),
    "a declaration": (
        {
            "xl/worksheets/sheet1.xml": (
                "<!DOCTYPE worksheet [<!ENTITY a 'a'>]>",
                "",
                0,
                "<worksheet/>",
            )
        },
        "declarations of XML",
    ),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no telling the peak")
@pytest.mark.parametrize("what", SMALL)
def test_a_small_workbook_of_much_is_refused_in_little_memory(what: str, tmp_path: Path) -> None:
    parts, reason = SMALL[what]
    path = book(tmp_path / "book.xlsx", parts)
    assert path.stat().st_size < MEGABYTES
    done = subprocess.run(
        [sys.executable, "-c", READ, path],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    told, peak = done.stdout.splitlines()
    assert "it is too large for a workbook" in told
    assert reason in told
    assert int(peak) < BOUND


def test_a_row_of_as_many_cells_as_excel_has_is_read(tmp_path: Path) -> None:
    path = book(tmp_path / "book.xlsx", sheet("<c><v>1</v></c>", workbooks.MOST_CELLS))
    with path.open("rb") as file:
        check_workbook(file)
        assert file.tell() == 0
    assert len(next(openpyxl.load_workbook(path, read_only=True).active.values)) == 16_384
    one_more = book(tmp_path / "more.xlsx", sheet("<c/>", workbooks.MOST_CELLS + 1))
    with one_more.open("rb") as file, pytest.raises(TooLarge, match="16,384 cells"):
        check_workbook(file)


def test_a_part_that_is_said_to_be_a_sheet_and_something_else_is_no_sheet(tmp_path: Path) -> None:
    """Whatever else it is, openpyxl holds all of it."""
    rows = sheet("<row><c/></row>", 150_000, row=False)
    with book(tmp_path / "book.xlsx", rows).open("rb") as file:
        check_workbook(file)
        with zipfile.ZipFile(file) as archive:
            types = archive.read("[Content_Types].xml").decode()
    strings = workbooks._TEXTS
    also = f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{strings}"/></Types>'
    rows["[Content_Types].xml"] = (types.replace("</Types>", also), "", 0, "")
    with (
        book(tmp_path / "both.xlsx", rows).open("rb") as file,
        pytest.raises(TooLarge, match="more elements"),
    ):
        check_workbook(file)


def test_a_sheet_that_is_said_to_be_of_charts_is_refused(tmp_path: Path) -> None:
    """Whatever it has, openpyxl holds all of it."""
    relations = "xl/_rels/workbook.xml.rels"
    with zipfile.ZipFile(book(tmp_path / "book.xlsx", {})) as archive:
        text = archive.read(relations).decode().replace("/worksheet", "/chartsheet", 1)
    with (
        book(tmp_path / "charts.xlsx", {relations: (text, "", 0, "")}).open("rb") as file,
        pytest.raises(TooLarge, match="of charts"),
    ):
        check_workbook(file)
