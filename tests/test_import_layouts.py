"""Every layout in which a dataset is found: told apart from all others, each says what the others say.

The rows are those of real files of GED, and of the invented ones of the other datasets. They are read as an
import reads them, from bytes, without being told what they are.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from service.imports.format import Telling
from service.imports.formats import acled, formats_named, icews, polecat, ucdp_ged
from service.imports.reading.files import open_file
from service.imports.reading.outcomes import Row
from service.imports.reading.rows import open_rows
from tests import test_import_icews, test_import_polecat
from tests.ged import content

Table = list[list[str]]
"""A header, and rows."""

MOST = 200


def read(path: Path, data: bytes) -> tuple[str, list[Telling]]:
    """The format that bytes are found to be of, and what their rows tell."""
    path.write_bytes(data)
    with open_file(str(path)) as source:
        reading = open_rows(next(source.streams()), formats_named(None))
        rows = list(reading)
    assert all(isinstance(row, Row) for row in rows)
    return reading.format.name, [reading.format.tell(row.cells) for row in rows]


def table_of(text: str) -> Table:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))[: MOST + 1]


def written(table: Table, **dialect: str) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, **dialect).writerows(table)
    return file.getvalue().encode()


def objects(table: Table) -> list[dict[str, object]]:
    """Rows as JSON has them: numbers are numbers there, and what is missing is null."""
    header, *rows = table
    return [
        {name: _value(name, cell) for name, cell in zip(header, row, strict=True)} for row in rows
    ]


def _value(name: str, cell: str) -> object:
    if name in ("latitude", "longitude"):
        return float(cell)
    return int(cell) if cell.removeprefix("-").isdigit() else cell or None


def shuffled(table: Table) -> Table:
    order = random.Random(len(table[0])).sample(range(len(table[0])), len(table[0]))
    return [[row[index] for index in order] for row in table]


def with_times(table: Table) -> Table:
    """Days as some releases have them: ``2021-06-22 00:00:00.000``."""
    header, *rows = table
    days = [name in ("date_start", "date_end") for name in header]
    return [
        header,
        *(
            [
                f"{cell[:10]} 00:00:00.000" if day else cell
                for day, cell in zip(days, row, strict=True)
            ]
            for row in rows
        ),
    ]


def page(found: Sequence[object]) -> dict[str, object]:
    """A page of UCDP's API."""
    return {"TotalCount": MOST, "TotalPages": 2, "NextPageUrl": "", "Result": list(found)}


def features(table: Table) -> bytes:
    """GED as GeoJSON: the coordinates are in the geometry alone."""
    return json.dumps({
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {
                    "type": "Point",
                    "coordinates": [row.pop("longitude"), row.pop("latitude")],
                },
                "properties": row,
            }
            for row in objects(table)
        ],
    }).encode()  # fmt: skip


LAYOUTS: dict[str, Callable[[Table], bytes]] = {
    "byte order mark": lambda table: b"\xef\xbb\xbf" + written(table),
    "without a header": lambda table: written(table[1:]),
    "HXL tags": lambda table: written([table[0], [f"#{name}" for name in table[0]], *table[1:]]),
    "another order": lambda table: written(shuffled(table)),
    "another column": lambda table: written([[*row[:5], "iso3", *row[5:]] for row in table]),
    "upper case": lambda table: written([[name.upper() for name in table[0]], *table[1:]]),
    "semicolons": lambda table: written(table, delimiter=";"),
    "tabs": lambda table: written(table, delimiter="\t", lineterminator="\n"),
    "times": lambda table: written(with_times(table)),
    "answer of the API": lambda table: json.dumps(page(objects(table))).encode(),
    "pages of the API": lambda table: b"".join(
        json.dumps(page(part)).encode() for part in (objects(table)[:150], objects(table)[150:])
    ),
    "a line for each": lambda table: b"\n".join(
        json.dumps(row).encode() for row in objects(table)
    ),
    "GeoJSON": features,
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "columns"), [("19.1", 42), ("24.1", 49), ("Syria", 41)])
def test_every_layout_of_ged_says_the_same(name, columns, layout, tmp_path):
    table = table_of(content(name).decode())
    assert len(table[0]) == columns
    expected = read(tmp_path / "plain", written(table))
    assert expected[0] == ucdp_ged.FORMAT.name
    assert len(expected[1]) == MOST
    assert read(tmp_path / "another", LAYOUTS[layout](table)) == expected


@pytest.mark.parametrize("name", ["2019.csv", "2025.csv"])
def test_pages_of_acleds_api_say_what_its_exports_do(name, tmp_path):
    table = table_of((Path(__file__).parent / "data" / "acled" / name).read_text())
    table = [row for row in table if "0025-05-17" not in row]  # a year that is wrong is refused
    rows = objects(table)
    pages = [{"status": 200, "count": 1, "data": [row]} for row in rows] + [{"data": []}]
    expected = read(tmp_path / "plain", written(table))
    assert expected[0] == acled.FORMAT.name
    assert len(expected[1]) == len(rows) == 2
    whole = json.dumps({"success": True, "data": rows}).encode()
    for data in (whole, "\n".join(map(json.dumps, pages)).encode()):
        assert read(tmp_path / "pages", data) == expected


def test_acleds_deleted_list_is_csv_or_pages(tmp_path):
    table = [["event_id_cnty", "deleted_timestamp"], ["AFG99902", "1747872000"]]
    expected = read(tmp_path / "plain", written(table))
    assert expected[0] == acled.DELETED.name
    assert read(tmp_path / "page", json.dumps({"data": objects(table)}).encode()) == expected


@pytest.mark.parametrize("changed", ["as it is", "Intensity is Event Intensity", "tabs at the end"])
def test_polecats_files_are_found_out(changed, tmp_path):
    row = test_import_polecat.ROW | {"Actor Name": "Frente Inventado del Bío-Bío"}
    header = list(row)
    if changed.startswith("Intensity"):
        header[header.index("Intensity")] = "Event Intensity"
    end = ["", ""] * (changed == "tabs at the end")
    data = written([[*header, *end], [*row.values(), *end]], delimiter="\t")
    for encoded in (data, data.decode().encode("latin-1")):
        assert read(tmp_path / "polecat.txt", encoded) == ("polecat", [polecat.POLECAT.tell(row)])


def test_icewss_files_are_found_out(tmp_path):
    row = test_import_icews.ROW
    found = read(tmp_path / "icews.tab", written([list(row), [*row.values()]], delimiter="\t"))
    assert found == ("icews", [icews.ICEWS.tell(row)])
