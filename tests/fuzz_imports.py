"""Fuzzing imports by what they run through: readers, row functions, mappings, chronicles.

    python -m tests.fuzz_imports TARGET [OPTION OF LIBFUZZER]... CORPUS

where TARGET is one of files, rows, sheets and chronicles, and CORPUS a folder, into which examples to begin
with are written, or a file that was found. It takes Atheris (``pip install atheris``), which is not among
the locked requirements: this runs for as long as one likes, beside the suite and not in it. What it finds
becomes a test.

Nothing but a refusal in one line may come of any bytes, and whatever would be appended passes all checks
that are made of what others send.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import sys
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import atheris
import msgspec
from pydantic import TypeAdapter

with atheris.instrument_imports(include=["service.imports", "service.chronicles", "domain"]):
    from domain.checks import Faulty
    from domain.records import IncidentReported
    from domain.reporting import Recording
    from service.chronicles import BUNDLED, parse_chronicle
    from service.chronicles.detecting import Kind, is_chronicle, kind_of
    from service.chronicles.lines import Reading, told
    from service.chronicles.streams import IncidentLine
    from service.imports.accounts import Batch, Examined, NamedAccount, examiner, joined
    from service.imports.format import Format
    from service.imports.formats import formats_named
    from service.imports.formats.table_reading import read_mapping
    from service.imports.formats.table_suggest import suggest
    from service.imports.reading.files import Stream, open_file
    from service.imports.reading.outcomes import FileRefused, Rejected, Row
    from service.imports.reading.rows import first_rows, open_rows

from tests import test_import_icews, test_import_polecat
from tests.importing import DATA
from tests.test_import_layouts import features, objects, page, table_of, written

FORMATS = formats_named(None)
BY = Recording(at="2026-01-01T00:00:00.000000Z", by="fuzzing")
EXAMINE = {each.name: examiner(each, (), "1", "2026") for each in FORMATS}
REPORT = TypeAdapter(IncidentReported)
LINE = TypeAdapter(IncidentLine)
CELL = b"\x1f"


def streams(data: bytes) -> Iterable[Stream]:
    """What bytes hold; nothing more once they are refused."""
    with open_file("-", io.BytesIO(data)) as source:
        try:
            yield from source.streams()
        except FileRefused as refused:
            check_line(str(refused))


def check_line(text: str) -> None:
    if not text or not text.isprintable():
        raise AssertionError(text)


def check(examined: Examined) -> None:
    """What rows come to can be recorded, or is told."""
    for said in examined.said:
        if isinstance(said, NamedAccount):
            record = REPORT.validate_json(said.report)
            if msgspec.json.encode(record) != said.report:
                raise AssertionError(said.report)
    for rejected in examined.rejected:
        check_line(rejected.reason)


def files(data: bytes) -> None:
    """Bytes as a file: found out, read, examined."""
    is_chronicle("-", io.BytesIO(data))
    for stream in streams(data):
        batch: list[tuple[int, str] | Rejected] = []
        try:
            reading = open_rows(stream, FORMATS)
        except FileRefused as refused:
            check_line(str(refused))
            continue
        try:
            for each in reading:
                if isinstance(each, Row):
                    cells = [each.cells[column] for column in reading.format.columns]
                    batch.append((each.line, joined(cells)))
                else:
                    batch.append(each)
        except FileRefused as refused:
            check_line(str(refused))
        check(EXAMINE[reading.format.name](Batch(BY, batch)))


def rows(data: bytes) -> None:
    """The cells of a row of a format, which is the first byte."""
    if not data:
        return
    format_ = FORMATS[data[0] % len(FORMATS)]
    given = [cell.decode(errors="replace") for cell in data[1:].split(CELL)]
    given += [""] * len(format_.columns)
    cells = joined(given[: len(format_.columns)])
    check(EXAMINE[format_.name](Batch(BY, [(1, cells)])))


def sheets(data: bytes) -> None:
    """A sheet for which a mapping is suggested, or the mapping itself."""
    with suppress(UnicodeDecodeError, Faulty):
        read_mapping(data.decode())
    for stream in streams(data):
        try:
            header, *others = first_rows(stream, 50) or [[]]
        except FileRefused as refused:
            check_line(str(refused))
            continue
        text = suggest(header, others, "A sheet")
        with suppress(Faulty):  # it lacks what a mapping needs
            read_mapping(text)


def chronicles(data: bytes) -> None:
    """A chronicle, whole or line by line."""
    with suppress(Faulty):
        parse_chronicle(data)
    for stream in streams(data):
        try:
            if kind_of(stream) is Kind.STREAM:
                for batch in Reading(stream).batches(lambda _: True):
                    rejected: list[Rejected] = []
                    list(told(batch, LINE, rejected))
                    for each in rejected:
                        check_line(each.reason)
        except (FileRefused, Faulty):
            continue


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (files, rows, sheets, chronicles)
}


def row_of(format_: Format, cells: dict[str, str]) -> bytes:
    """The bytes by which `rows` has a row of a format."""
    given = (cells.get(column, "").encode() for column in format_.columns)
    return bytes([FORMATS.index(format_)]) + CELL.join(given)


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "A CODEBOOK")
        archive.writestr("b.csv", data)
    return file.getvalue()


def real_files() -> list[bytes]:
    """A few rows of each dataset, in several layouts."""
    found = []
    ged = table_of((DATA / "ucdp" / FEW).read_text(encoding="utf-8"))[:4]
    found += [
        written(ged),
        written(ged[1:]),
        features(ged),
        json.dumps(page(objects(ged))).encode(),
    ]
    found += [path.read_bytes() for path in sorted((DATA / "acled").glob("*.csv"))]
    found += [
        b"\n".join(path.read_bytes().split(b"\n")[:2])
        for path in sorted((DATA / "gdelt").glob("*.tsv"))
    ]
    found += [
        written([list(row), list(row.values())], delimiter="\t")
        for row in (test_import_polecat.ROW, test_import_icews.ROW)
    ]
    return found + [pack(found[4]) for pack in (gzip.compress, lzma.compress, zipped)]


FEW = "ged231_afghanistan-and-neighbours_from-sample.csv"


def examples(target: str) -> Iterable[bytes]:
    """What to begin with."""
    match target:
        case "files":
            yield from real_files()
        case "rows":
            for data in real_files():
                for stream in streams(data):
                    with suppress(FileRefused):
                        reading = open_rows(stream, FORMATS)
                        for each in reading:
                            if isinstance(each, Row):
                                yield row_of(reading.format, each.cells)
        case "sheets":
            for path in sorted((DATA / "tables").iterdir()):
                yield path.read_bytes()
            yield from real_files()
        case "chronicles":
            chronicle = json.loads(BUNDLED.read_bytes())
            header = {key: chronicle[key] for key in ("format", "dataset", "title")}
            some = {"actors": chronicle["actors"][:3], "incidents": chronicle["incidents"][:2]}
            yield json.dumps(header | some).encode()
            lines = [header, *({"incident": each} for each in some["incidents"])]
            yield "\n".join(map(json.dumps, lines)).encode()


def main() -> None:
    """Fuzz the target that the command line names."""
    _, target, *options = sys.argv
    corpus = Path(options[-1])
    if not corpus.is_file():
        corpus.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(examples(target)):
            (corpus / f"example-{number:03}").write_bytes(data)
    atheris.Setup(["fuzz_imports", *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
