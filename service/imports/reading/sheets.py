"""Excel workbooks (.xlsx, ECMA-376) as rows of cells: the first sheet, or the one that is named.

Cells are text: dates in ISO 8601, numbers as short as they can be written, formulas by the value that was
saved with them. Rows are read one after the other; what is held besides (the table of texts that sheets
share, above all) is bounded (`workbooks`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any, Protocol

from service.imports.reading.cells import cell_text
from service.imports.reading.outcomes import FileRefused, UnreadableFile, shown
from service.imports.reading.workbooks import MOST_ROWS, TooLarge, check_workbook

_AT_ONCE = 100


class FileStream(Protocol):
    """A named stream that can be had as a file."""

    name: str

    def file(self) -> IO[bytes]:
        """All of it, from its beginning, to be read in any order."""
        ...


def sheet_rows(stream: FileStream, sheet: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet with their numbers there; blank ones are passed over.

    Raises `UnreadableFile`, also after rows.
    """
    import openpyxl  # noqa: PLC0415 - with what it imports itself, 35 MB that other files do not need

    number = 0
    try:
        file = stream.file()
        _check(stream.name, file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            for number, values in enumerate(_values(_sheet(stream.name, book, sheet)), 1):
                cells = [cell_text(value) for value in values]
                while cells and not cells[-1].strip():
                    cells.pop()
                if cells:
                    yield number, cells
                if number > MOST_ROWS:
                    raise UnreadableFile(
                        stream.name, "it numbers rows as no sheet can", "save it again", line=number
                    )
        finally:
            book.close()
    except FileRefused:
        raise
    except Exception as error:
        # A damaged workbook makes openpyxl raise whatever its parts stumble over: it documents no errors.
        raise UnreadableFile(
            stream.name,
            f"it is no Excel workbook that can be read ({type(error).__name__}: {shown(str(error))})",
            "open it in a spreadsheet program, and save it as .xlsx or CSV",
            line=number,
        ) from None


def _check(name: str, file: IO[bytes]) -> None:
    try:
        check_workbook(file)
    except TooLarge as error:
        raise UnreadableFile(
            name, f"it is too large for a workbook ({error})", "save its sheet as CSV"
        ) from None


def _sheet(name: str, book: Any, sheet: str | None) -> Any:
    if sheet is None:
        return book.worksheets[0]
    found = next((each for each in book.worksheets if each.title == sheet), None)
    if found is None:
        titles = ", ".join(shown(each.title) for each in book.worksheets)
        raise UnreadableFile(name, f"it has no sheet {sheet!r}", f"name one of these: {titles}")
    return found


def _values(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # some programs write wrong ones
    rows = sheet.iter_rows(values_only=True)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            some = list(islice(rows, _AT_ONCE))
        if not some:
            return
        yield from some
