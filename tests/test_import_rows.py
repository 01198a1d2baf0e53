"""Rows of files: whatever text, JSON or workbook they are in, they come in the columns of a format."""

import codecs
import csv
import datetime
import gzip
import io
import json
import lzma
import re
import tracemalloc
import zipfile
from pathlib import Path

import openpyxl
import pytest

from domain.values import DatasetProfile
from service.imports.format import Format
from service.imports.reading import delimited as reading_delimited
from service.imports.reading import documents as reading_documents
from service.imports.reading import quotes as reading_quotes
from service.imports.reading import text as reading_text
from service.imports.reading import workbooks
from service.imports.reading.files import Stream, open_file
from service.imports.reading.rows import (
    Rejected,
    Row,
    UnknownFormat,
    UnreadableFile,
    first_rows,
    open_rows,
)

GED = Path(__file__).parent / "data" / "ged231_sample1000.csv.xz"


def made(name, columns, required, **more):
    return Format(
        name=name,
        title=f"{name.title()} export",
        dataset=DatasetProfile(id=name, title=name),
        columns=columns,
        required=frozenset(required),
        tell=lambda cells: None,
        **more,
    )


PLAIN = made(
    "plain",
    {"id": (), "date": ("event date",), "notes": (), "latitude": ("lat",), "longitude": ("lon",)},
    {"id", "date"},
)
OTHER = made("other", {"key": (), "when": (), "who": ()}, {"key", "when"})
HEADLESS = made(
    "headless",
    {"number": (), "day": (), "code": ()},
    {"number", "day"},
    layouts={3: ("number", "day", "code"), 5: ("number", "x", "day", "y", "code")},
    looks_like=lambda cells: cells[0].isdigit(),
)
ALL = (PLAIN, OTHER, HEADLESS)


def stream(data, name="events.csv", piece=None):
    """A stream of bytes that gives at most so many at once."""
    file = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return Stream(name, (lambda size: file.read(min(size, piece))) if piece else file.read, file)


def read(data, formats=ALL, named=(), **more):
    """A reading and what came of it."""
    reading = open_rows(stream(data), formats, named, **more)
    outcomes = list(reading)
    rows = [outcome for outcome in outcomes if isinstance(outcome, Row)]
    return reading, rows, [outcome for outcome in outcomes if isinstance(outcome, Rejected)]


def notes_of(rows):
    return [row.cells["notes"] for row in rows]


class TestText:
    def test_a_row_has_every_column_of_its_format_and_no_other(self):
        reading, rows, rejected = read("id,date,colour,lat\n1,2021-06-22,red,34.5\n")

        assert reading.format is PLAIN
        assert rows == [
            Row(
                2,
                {"id": "1", "date": "2021-06-22", "notes": "", "latitude": "34.5", "longitude": ""},
            )
        ]
        assert rejected == []
        assert reading.unknown_columns == ("colour",)

    def test_names_are_compared_without_case_spaces_and_underscores(self):
        _, rows, _ = read("Event_Date, I D ,NOTES\n2021,1,x\n")

        assert rows[0].cells | {"date": "2021", "id": "1", "notes": "x"} == rows[0].cells

    def test_the_formats_own_name_goes_before_others_and_the_first_of_a_name_counts(self):
        reading, rows, _ = read("event date,id,id,date\n1999,1,2,2021\n")

        assert (rows[0].cells["date"], rows[0].cells["id"]) == ("2021", "1")
        assert reading.unknown_columns == ("event date", "id")

    @pytest.mark.parametrize("delimiter", [",", "\t", ";"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_delimiters_and_line_ends_are_found_out(self, delimiter, end):
        text = end.join(
            delimiter.join(cells) for cells in (["id", "date", "notes"], ["1", "2021", "a b"])
        )
        for last in ("", end):
            _, rows, rejected = read(text + last)

            assert [(row.line, row.cells["notes"]) for row in rows] == [(2, "a b")]
            assert rejected == []

    def test_a_spreadsheets_line_that_names_the_delimiter_is_passed_over(self):
        _, rows, rejected = read("sep=;\nid;date\n1;2021\n")

        assert [row.line for row in rows] == [3]
        assert rejected == []

    @pytest.mark.parametrize(
        "encode",
        [
            str.encode,
            lambda text: codecs.BOM_UTF8 + text.encode(),
            lambda text: text.encode("utf-16"),
            lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        ],
    )
    @pytest.mark.parametrize("piece", [1, 7, None])
    def test_utf_8_and_utf_16_are_told_by_their_byte_order_marks(self, encode, piece):
        data = encode('id,date,notes\n1,2021,کابل\n2,2021,"Zürich\n🜨"\n')
        rows = list(open_rows(stream(data, piece=piece), ALL))

        assert notes_of(rows) == ["کابل", "Zürich\n🜨"]

    def test_a_line_that_is_not_utf_8_is_windows_1252_and_counted(self):
        data = "id,date,notes\n1,2021,Zürich – é\n".encode("cp1252") + "2,2021,é Ã©\n".encode()
        reading, rows, rejected = read(data + b"3,2021,\x81\xfe\n")

        assert notes_of(rows) == ["Zürich – é", "é Ã©", "\x81þ"]
        assert rejected == []
        assert reading.notes == ("It is not UTF-8 in 2 places, which were read as Windows-1252.",)

    def test_a_line_with_nul_is_a_bad_row(self):
        _, rows, rejected = read(b'id,date,notes\n1,2021,a\n2,2021,\0\n3,2021,"a\n\0"\n4,2021,b\n')

        assert [row.line for row in rows] == [2, 6]
        assert [(bad.line, "NUL" in bad.reason) for bad in rejected][:2] == [(3, True), (4, True)]

    def test_quoted_cells_keep_line_breaks_quotes_and_delimiters(self):
        text = 'id,date,notes\n1,2021,"a\r\nb\n\n""c"", d"\n\n  \n2,2021,e\n'
        _, rows, rejected = read(text)

        assert [(row.line, row.cells["notes"]) for row in rows] == [
            (2, 'a\r\nb\n\n"c", d'),
            (8, "e"),
        ]
        assert rejected == []

    def test_cells_of_a_million_characters_are_read(self):
        long = "x" * 1_000_000
        _, rows, rejected = read(f'id,date,notes\n1,2021,{long}\n2,2021,"{long}\n"\n3,2021,x\n')

        assert [len(notes) for notes in notes_of(rows)] == [1_000_000, 1_000_001, 1]
        assert rejected == []

    def test_longer_cells_and_lines_are_rejected_and_what_follows_is_read(self):
        cell, line = "x" * 1_100_000, "," * (reading_text.LONGEST_ROW + 300_000)
        _, rows, rejected = read(f"id,date,notes\n1,2021,{cell}\n{line}\n2,2021,x\n{line}")

        assert [row.line for row in rows] == [4]
        assert [bad.line for bad in rejected] == [2, 3, 5]
        assert "longer than 1,048,576" in rejected[0].reason
        assert "longer than 4,194,304" in rejected[1].reason
        assert len(rejected[1].raw) <= 1_000

    def test_rows_with_too_few_or_too_many_cells_are_told_with_their_counts(self):
        _, rows, rejected = read("id,date,notes\n1,2021\n2,2021,x\n3,2021,x,y\n")

        assert [row.line for row in rows] == [3]
        assert [(bad.line, bad.reason, bad.raw) for bad in rejected] == [
            (2, "it has 2 cells, and should have 3", "1,2021"),
            (4, "it has 4 cells, and should have 3", "3,2021,x,y"),
        ]

    def test_blank_rows_are_passed_over(self):
        _, rows, rejected = read("\n\nid,date,notes\n\n,,\n , ,\n1,2021,x\n,2021,x\n \n")

        assert [row.line for row in rows] == [7, 8]
        assert rejected == []

    def test_empty_cells_beyond_the_header_are_left_out_where_tabs_delimit(self):
        _, rows, rejected = read("id\tdate\tnotes\n1\t2021\tx\t\t\n2\t2021\tx\t\ty\n")

        assert notes_of(rows) == ["x"]
        assert [bad.line for bad in rejected] == [3]
        assert len(read("id,date,notes\n1,2021,x,,\n")[2]) == 1


class TestHeaders:
    def test_a_row_of_hxl_tags_is_passed_over_under_a_header_alone(self):
        reading, rows, rejected = read(
            "id,date,notes\n#event+id,#date+year,\n1,2021,x\n#2,#2021,#x\n"
        )

        assert [row.cells["id"] for row in rows] == ["1", "#2"]
        assert rejected == []
        assert reading.notes == ("A row of HXL tags was passed over.",)

    def test_a_header_is_passed_over_where_files_were_joined(self):
        file = "\ufeffid,date,notes\n#a,#b,#c\n1,2021,x\n"
        reading, rows, rejected = read(file * 3)

        assert [row.line for row in rows] == [3, 6, 9]
        assert rejected == []
        assert "2 more headers were passed over." in reading.notes

    def test_under_a_header_with_another_order_or_width_rows_are_read_by_it(self):
        _, rows, rejected = read(
            "id,date,notes\n1,2021,x\nnotes,date,id\ny,2022,2\nDATE,x,LAT,ID\n2023,0,34,3\n4,2024,x\n"
        )

        assert [(row.cells["id"], row.cells["date"]) for row in rows] == [
            ("1", "2021"),
            ("2", "2022"),
            ("3", "2023"),
        ]
        assert [bad.line for bad in rejected] == [7]

    def test_a_row_that_only_begins_like_a_header_is_a_row(self):
        _, rows, _ = read("notes,date,id\nnotes,2021,1\ndate,2021,2\n,2021,3\n")

        assert [row.cells["id"] for row in rows] == ["1", "2", "3"]

    def test_what_stands_above_the_header_is_rejected(self):
        _, rows, rejected = read("My incidents,,\nas of May,,\n\nid,date,notes\n1,2021,x\n")

        assert [row.line for row in rows] == [5]
        assert [(bad.line, bad.reason) for bad in rejected] == [
            (1, "it stands above the header"),
            (2, "it stands above the header"),
        ]

    def test_a_header_goes_before_rows_that_look_like_those_of_another_format(self):
        reading, rows, rejected = read("7,2021,x\nid,date,notes\n1,2021,y\n")

        assert reading.format is PLAIN
        assert [row.line for row in rows] == [3]
        assert [bad.line for bad in rejected] == [1]

    def test_rows_without_a_header_are_told_by_their_number_of_cells_each(self):
        reading, rows, rejected = read("1\t2021\ta\n2\tx\t2022\ty\tb\n3\t2023\n4\t2024\tc\n")

        assert reading.format is HEADLESS
        assert [tuple(row.cells.values()) for row in rows] == [
            ("1", "2021", "a"),
            ("2", "2022", "b"),
            ("4", "2024", "c"),
        ]
        assert [bad.reason for bad in rejected] == ["it has 2 cells, and should have 3 or 5"]
        assert reading.notes == ("It has no header: its columns were taken by their number.",)
        assert reading.unknown_columns == ()

    @pytest.mark.parametrize(
        "first", ["1\t2021\n", '1\t2021\t"a\n', '1\t2021\t"a" b\n', "1\ra\t2021\t\n", '"x\t1\ty\n']
    )
    def test_a_bad_row_at_the_beginning_does_not_hide_what_a_file_is(self, first):
        _, rows, _ = read(first + "".join(f"{n}\t2021\tb\n" for n in range(2, 30)))

        assert [row.cells["number"] for row in rows][-28:] == [str(n) for n in range(2, 30)]

    @pytest.mark.parametrize("header", ["day\tcode\tid", "day\tcode\t1", "a\tb\tc"])
    def test_columns_are_not_taken_by_their_number_under_a_header_that_lacks_one(self, header):
        with pytest.raises(UnknownFormat):
            read(f"{header}\n5\t2021\ta\n")


class TestFormats:
    def test_a_file_of_no_known_format_is_told_what_it_lacks_of_the_nearest(self):
        with pytest.raises(UnknownFormat) as raised:
            read("date,notes,title\n2021,x,y\n")

        assert raised.value.nearest == "plain"
        assert raised.value.missing == ("id",)
        assert "events.csv: it is of no known format" in str(raised.value)
        assert "lacks the columns id" in str(raised.value)
        assert "date | notes | title" in str(raised.value)

    @pytest.mark.parametrize("data", ["a,b\n1,2\n", "\n\n", " ", "{}", "[]", "\x01\x02"])
    def test_a_file_without_any_known_column_is_told_how_it_begins(self, data):
        with pytest.raises(UnknownFormat, match="no column of a known format"):
            read(data)

    def test_a_file_of_another_format_than_named_is_told_which_it_is(self):
        with pytest.raises(UnknownFormat) as raised:
            read("key,when\n1,2\n", named=(PLAIN,))

        assert "it is not plain; this looks like Other export: use other" in str(raised.value)
        assert raised.value.nearest == "other"

    def test_a_named_format_is_taken_though_another_fits_as_well(self):
        text = "id,date,key,when\n1,2,3,4\n"
        with pytest.raises(UnknownFormat, match="it may be plain or other: say which"):
            read(text)

        assert read(text, named=(OTHER,))[0].format is OTHER
        assert read("key,when\n1,2\n", named=(PLAIN, OTHER))[0].format is OTHER

    def test_a_named_format_that_does_not_fit_is_told_what_is_missing(self):
        with pytest.raises(UnknownFormat) as raised:
            read("date,notes\n1,2\n", named=(PLAIN,))

        assert raised.value.missing == ("id",)

    def test_a_web_page_is_told_from_data(self):
        with pytest.raises(UnreadableFile, match="it is a web page"):
            read("<!DOCTYPE html>\n<html><body>Please log in</body></html>")

    @pytest.mark.parametrize("columns", [10_001, 100_000])
    @pytest.mark.parametrize("delimiter", [",", "\t", ";"])
    def test_ten_thousand_columns_are_the_most(self, columns, delimiter):
        header = delimiter.join(["id", "date", *(f"column_{n}" for n in range(columns - 2))])
        row = delimiter.join(["x"] * columns)
        tracemalloc.start()
        try:
            with pytest.raises(UnreadableFile, match=f"has {columns:,} columns, and 10,000"):
                read(f"{header}\n{row}\n")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 40_000_000

    def test_ten_thousand_columns_are_read(self):
        header = ",".join(["id", "date", *(f"c{n}" for n in range(9_998))])
        reading, rows, _ = read(f"{header}\n" + f"{',' * 9_999}\n" + f"1{',' * 9_999}\n")

        assert [row.cells["id"] for row in rows] == ["1"]
        assert len(reading.unknown_columns) == 9_998

    def test_a_first_line_without_an_end_is_refused(self):
        with pytest.raises(UnreadableFile, match="its first line is longer than 4,194,304"):
            read("x" * (reading_text.LONGEST_ROW + 100_000))

    def test_the_first_rows_are_given_of_whatever_format(self):
        assert first_rows(stream("a;b\n\n1;2,5\n3;4\n"), 2) == [["a", "b"], ["1", "2,5"]]
        assert first_rows(stream('[{"a": 1}, {"b": 2.50}]')) == [["a", "b"], ["1", ""], ["", "2.5"]]
        assert first_rows(stream(workbook({"x": [["a", None], [1, 2.5]]}))) == [["a"], ["1", "2.5"]]

    @pytest.mark.parametrize(
        "caption", ["Attacks of June", "Attacks of June;;", ";Attacks of June;"]
    )
    def test_the_first_of_them_is_the_header_and_no_text_above_it(self, caption):
        text = f"{caption}\n\nid;date;what\n1;2021-06-22;shots, shells, mines, fire\n"
        rows = [["id", "date", "what"], ["1", "2021-06-22", "shots, shells, mines, fire"]]
        assert first_rows(stream(text)) == rows
        assert first_rows(stream(workbook({"x": [[caption], [], *rows]}))) == rows
        assert first_rows(stream("what\nshots\nshells\n")) == [["what"], ["shots"], ["shells"]]

    def test_a_first_row_that_is_cut_off_is_not_given(self):
        notes = "x" * 1_000
        text = "id,notes,date\n" + "".join(f"{n},{notes},2021\n" for n in range(400))
        rows = first_rows(stream(text), 500)
        assert len(rows) > 200
        assert {(len(row), row[2]) for row in rows} == {(3, "date"), (3, "2021")}


WIDE = made("wide", {f"c{n}": () for n in range(20)}, {"c0", "c1", "c2"})


def wide(number, **cells):
    return [cells.get(f"c{n}", str(number)) for n in range(20)]


def as_csv(*rows):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


WIDE_HEADER = as_csv([f"c{n}" for n in range(20)])


class TestUnbalancedQuotes:
    def test_text_after_a_closing_quote_costs_its_row(self):
        _, rows, rejected = read('id,date,notes\n1,2021,"a"b\n2,2021,"c"\n')

        assert [row.line for row in rows] == [3]
        assert [(bad.line, bad.raw) for bad in rejected] == [(2, '1,2021,"a"b')]
        assert "quotes are doubled" in rejected[0].reason

    def test_a_quote_that_is_never_closed_costs_its_row(self):
        lines = "".join(f"{n},2021,x\n" for n in range(2, 30_000))
        _, rows, rejected = read(f'id,date,notes\n1,2021,"a\n{lines}')

        assert [row.line for row in rows] == list(range(3, 30_001))
        assert [bad.line for bad in rejected] == [2]
        assert "is not closed" in rejected[0].reason

    @pytest.mark.parametrize("end", ["", "\n", "\nb\n"])
    def test_a_quote_that_the_file_ends_with_costs_its_row(self, end):
        _, rows, rejected = read(f'id,date,notes\n1,2021,x\n2,2021,"a{end}')

        assert [row.line for row in rows] == [2]
        assert rejected[0].line == 3
        assert "before the end of the file" in rejected[0].reason

    def test_a_quote_that_another_rows_quote_closes_costs_its_row(self):
        lines = "".join(f"{n},2021,x\n" for n in range(2, 10))
        _, rows, rejected = read(f'id,date,notes\n1,2021,"a\n{lines}10,2021,"x, y"\n11,2021,z\n')

        assert [row.line for row in rows] == list(range(3, 13))
        assert [bad.line for bad in rejected] == [2]
        assert "not closed rightly (line 11: " in rejected[0].reason

    def test_a_row_of_many_lines_with_too_few_cells_is_one_bad_row(self):
        _, rows, rejected = read('id,date,notes\n1,"a\nb\nc"\n2,2021,x\n')

        assert [row.line for row in rows] == [5]
        assert [(bad.line, bad.reason) for bad in rejected] == [
            (2, "it has 2 cells, and should have 3")
        ]

    def test_a_row_that_runs_on_into_others_and_has_too_many_cells_costs_itself(self):
        _, rows, rejected = read('id,date,notes\n1,"2021,a\n2,2021,b\n3,2021,",c",d\n4,2021,e\n')

        assert [row.line for row in rows] == [3, 5]
        assert [bad.line for bad in rejected] == [2, 4]
        assert "is not closed before line 4, and rows follow it" in rejected[0].reason

    def test_a_cell_of_a_narrow_table_may_hold_what_looks_like_rows(self):
        good = '2,2021,"b\n3,2021,c\nd"\n'
        for text, lines in ((good, [2]), ('1,2021,"a\n' + good, [3])):
            _, rows, _ = read("id,date,notes\n" + text)

            assert [(row.line, row.cells["notes"]) for row in rows] == [
                (line, "b\n3,2021,c\nd") for line in lines
            ]

    def test_rows_among_lines_that_open_quotes_are_found(self):
        _, rows, rejected = read(
            'id,date,notes\nx",",\nx",",\n1,2021,a\nx",",\n2,2021,b\nc",d,e,f\n3,2021,e\n'
        )

        assert [row.line for row in rows] == [4, 6, 8]
        assert [bad.line for bad in rejected] == [2, 3, 5, 7]

    def test_a_cell_that_is_too_long_with_its_lines_costs_its_row(self):
        lines = ("x" * 400_000 + "\n") * 3
        _, rows, rejected = read(f'id,date,notes\n1,2021,"{lines}"\n2,2021,x\n')

        assert [row.line for row in rows] == [6]
        assert rejected[0].line == 2
        assert "a cell is longer than 1,048,576 characters" in rejected[0].reason

    def test_a_row_that_is_too_long_with_its_lines_is_rejected(self):
        long = wide(1, **{f"c{n}": ("x" * 100_000 + "\n") * 9 for n in range(5, 10)})
        _, rows, rejected = read(WIDE_HEADER + as_csv(wide(0), long, wide(2)), (WIDE,))

        assert [row.cells["c0"] for row in rows] == ["0", "2"]
        assert rejected[0].line == 3
        assert "not closed within 5,000 lines or 4,194,304 characters" in rejected[0].reason

    def test_a_wide_row_with_tabs_does_not_swallow_rows(self):
        rows = [wide(1, c3='"x'), wide(2), wide(3), wide(4, c3='y"'), wide(5, c9='"a b"')]
        text = "".join("\t".join(cells) + "\n" for cells in ([f"c{n}" for n in range(20)], *rows))
        _, found, rejected = read(text, (WIDE,))

        rows[-1][9] = "a b"
        assert [list(row.cells.values()) for row in found] == rows
        assert rejected == []

    def test_a_wide_row_does_not_swallow_rows_though_its_number_of_cells_is_right(self):
        lost = as_csv(wide(1)).replace("1,1,1,1,1,1", '1,1,"1,1,1,1', 1)
        after = as_csv(*(wide(n) for n in range(2, 9)))
        closing = as_csv(wide(9, c3=" , and")).replace('" , and"', '","')
        _, rows, rejected = read(WIDE_HEADER + lost + after + closing + as_csv(wide(10)), (WIDE,))

        assert [row.cells["c0"] for row in rows][:7] == [str(n) for n in range(2, 9)]
        assert rows[-1].cells["c0"] == "10"
        assert rejected[0].line == 2

    def test_wide_rows_may_have_lines_and_rows_in_their_cells_if_these_are_no_rows(self):
        for cells in (
            wide(1, c0="1\n2"),
            wide(1, c0="1\n2", c5="a\nb,c,d\n", c19="\n" + ",".join("x" * 19)),
        ):
            _, rows, rejected = read(WIDE_HEADER + as_csv(cells, wide(2)), (WIDE,))

            assert [list(row.cells.values()) for row in rows] == [cells, wide(2)]
            assert rejected == []

    def test_a_quote_is_a_character_where_tabs_delimit_and_the_count_is_right(self):
        _, rows, rejected = read(
            "1\t2021\ta\n"
            '2\t"2021" x\tb\n'  # text after a closing quote
            '3\t2021\t"c\n'  # a quote that is not closed
            '"4\t2021"\td\n'  # quotes around a tab
            "5\t2021\te\n"
            '6\t2021\t"f ""g"""\n'
            '7\t2021\t"h\ti"\n'
            '8\t2021\t"k\n',
            (HEADLESS,),
        )

        assert [tuple(row.cells.values()) for row in rows] == [
            ("1", "2021", "a"),
            ("2", '"2021" x', "b"),
            ("3", "2021", '"c'),
            ('"4', '2021"', "d"),
            ("5", "2021", "e"),
            ("6", "2021", 'f "g"'),
            ("7", "2021", "h\ti"),
            ("8", "2021", '"k'),
        ]
        assert rejected == []

    def test_quotes_around_a_tab_are_characters_if_the_count_is_right_so(self):
        _, rows, _ = read('1\t2021\ta\n"4\t2021"\td\n', (HEADLESS,))

        assert tuple(rows[1].cells.values()) == ('"4', '2021"', "d")

    def test_cells_with_line_breaks_are_read_where_tabs_delimit(self):
        _, rows, rejected = read('id\tnotes\tdate\n1\t"a\nb\tc"\t2021\n2\td\t2022\n')

        assert notes_of(rows) == ["a\nb\tc", "d"]
        assert rejected == []

    @pytest.mark.parametrize(
        "line",
        [
            'x",",\n',  # closes a cell and opens another: open whether a cell was open before or not
            'x,"y\n',
            '"x"y,z\n',
            '"""\n',
            'a,b,"c\n',
            '",\n',
            "x\n",
        ],
    )
    def test_each_line_is_read_a_bounded_number_of_times(self, monkeypatch, line):
        pieces, scanned = [], []
        real_piece, real_reader = reading_quotes.piece, csv.reader

        def counted_piece(text, *arguments, **named):
            pieces.append(text)
            return real_piece(text, *arguments, **named)

        class Counting:
            def __init__(self, lines, *arguments, **named):
                self.reader = real_reader(self.counted(lines), *arguments, **named)
                self.line_num = 0

            def counted(self, lines):
                for text in lines:
                    scanned.append(1)
                    yield text

            def __iter__(self):
                return self

            def __next__(self):
                try:
                    return next(self.reader)
                finally:
                    self.line_num = self.reader.line_num

        for module in (reading_quotes, reading_delimited):
            monkeypatch.setattr(module, "piece", counted_piece)
            monkeypatch.setattr(module.csv, "reader", Counting)
        count = 20_000
        _, rows, rejected = read("id,date,notes\n1,2021,x\n" + line * count + "2,2021,x\n")

        assert rows[0].cells["id"] == "1"
        assert len(rows) + len(rejected) > count / 2
        assert len(pieces) < 4 * count
        assert len(scanned) < 12 * count

    def test_a_quoted_cell_may_run_over_a_bounded_number_of_lines(self, monkeypatch):
        most = reading_text.MOST_LINES
        cell = "\n" * (most - 10)
        _, rows, rejected = read(f'id,date,notes\n1,2021,"{cell}"\n2,2021,x\n')
        assert [len(notes) for notes in notes_of(rows)] == [most - 10, 1]
        assert rejected == []

        _, rows, rejected = read('id,date,notes\n1,2021,"' + "\n" * (most + 10) + '"\n2,2021,x\n')
        assert notes_of(rows) == ["x"]
        assert "not closed within 5,000 lines" in rejected[0].reason


class TestFilesThatEndTooEarly:
    ROWS = [[str(n), "2021", f"{n * 7919 % 10007}"] for n in range(1, 40_001)]
    TEXT = as_csv(["id", "date", "notes"], *ROWS).encode()

    def read_until_failure(self, path):
        rows = []
        with open_file(str(path)) as source:
            reading = open_rows(next(source.streams()), ALL)
            with pytest.raises(UnreadableFile) as raised:
                rows.extend(reading)
        return rows, raised.value

    @pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
    def test_the_rows_before_are_given_and_then_the_failure_is_raised(self, tmp_path, pack):
        packed = pack(self.TEXT)
        path = tmp_path / "events"
        path.write_bytes(packed[: len(packed) * 2 // 3])
        rows, failure = self.read_until_failure(path)

        count = len(rows)
        assert 10_000 < count < 40_000
        assert [list(row.cells.values())[:3] for row in rows] == self.ROWS[:count]
        assert failure.line == count + 1
        assert f"after line {count + 1:,}; get the file again" in str(failure)

    def test_a_row_that_was_cut_off_is_not_given_and_not_rejected(self, tmp_path):
        text = b'id,date,notes\n1,2021,x\n2,2021,"a\nb\n'
        for tail in (b"", b"c", b'c"'):
            path = tmp_path / "events"
            path.write_bytes(gzip.compress(text + tail)[:-8])
            rows, _ = self.read_until_failure(path)
            assert [row.line for row in rows] == [2]

    def test_so_it_is_with_json(self, tmp_path):
        items = [{"id": n, "date": "2021", "notes": str(n * 7919 % 10007)} for n in range(40_000)]
        for text in (
            json.dumps({"Result": items}),
            json.dumps(items, indent=1),
            "\n".join(map(json.dumps, items)),
        ):
            packed = gzip.compress(text.encode())
            path = tmp_path / "events"
            path.write_bytes(packed[: len(packed) * 2 // 3])
            rows, failure = self.read_until_failure(path)

            count = len(rows)
            assert 10_000 < count < 40_000
            assert [row.cells["id"] for row in rows] == [str(n) for n in range(count)]
            assert failure.line == count

    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ('id,date,notes\n1,2021,x\n2,2021,"a\n', 1),
            ('id,date,notes\n1,2021,x\n2,2021,"a\n3,2021,x\n', 2),
            ('[{"id": 1, "date": 2}]\n', 1),
            ('[{"id": 1, "date": 2}, {"id": 2, "date": 2}', 2),
            ('[{"id": 1, "date": 2}, 7', 1),
        ],
    )
    def test_what_was_read_whole_before_a_failure_is_given(self, text, count):
        file = io.BytesIO(text.encode())

        def failing(size):
            if data := file.read(min(size, 11)):
                return data
            raise UnreadableFile("events.csv", "it was cut off", "get it again", 77)

        reading = open_rows(Stream("events.csv", failing), ALL)
        found = []
        with pytest.raises(UnreadableFile, match="it was cut off, after 77 bytes"):
            found.extend(reading)

        assert sum(isinstance(outcome, Row) for outcome in found) == count
        assert all(isinstance(each, Row) or each.line == 3 for each in found)

    def test_a_file_that_fails_at_once_is_refused(self, tmp_path):
        path = tmp_path / "events"
        path.write_bytes(gzip.compress(self.TEXT)[:12])
        with open_file(str(path)) as source, pytest.raises(UnreadableFile, match="cut off"):
            next(source.streams())


class TestJson:
    ITEMS = [{"id": 1, "date": "2021", "notes": None}, {"id": 2, "date": "2022", "notes": "x"}]

    def test_lists_pages_lines_and_documents_after_each_other_give_the_same_rows(self):
        a, b = (json.dumps(item) for item in self.ITEMS)
        pages = [json.dumps({"TotalCount": 2, "Result": [item], "Next": ""}) for item in self.ITEMS]
        for text in (
            f"[{a},{b}]",
            f"\ufeff  [\n {a}\n,{b}\n]\n",
            f"{a}\n{b}",
            f"\x1e{a}\r\n\n\x1e{b}\r\n",
            f"{a}{b}",
            json.dumps(self.ITEMS[0], indent=1) + json.dumps(self.ITEMS[1], indent=1),
            json.dumps({"Result": self.ITEMS}),
            json.dumps({"success": True, "data": self.ITEMS, "count": 2}, indent=2),
            "\n".join(pages),
            "".join(pages),
            f"[{a}] [{b}]",
        ):
            for piece in (1, 5, None):
                rows = list(open_rows(stream(text, piece=piece), ALL))
                cells = [tuple(row.cells.values())[:3] for row in rows]
                assert cells == [("1", "2021", ""), ("2", "2022", "x")], text

    def test_values_become_the_text_of_cells(self):
        values = {
            "1": "1",
            "-0": "0",
            "53.0": "53",
            "34.50": "34.5",
            "1e3": "1000",
            "1e20": "1e+20",
            "1.5e-7": "1.5e-07",
            "0.1234567890123456789": "0.1234567890123456789",
            "12345678901234567890123": "12345678901234567890123",
            "1e400": "1E+400",
            "1e99999999999999999999": "1e99999999999999999999",
            "9" * 5_000: "9" * 5_000,
            "NaN": "NaN",
            "true": "true",
            "false": "false",
            "null": "",
            '"a\\n\\u00e9"': "a\né",
            '"a\tb"': "a\tb",
            '[1, 2.50, "x", null, true]': '[1,2.5,"x",null,true]',
            '{"a": {"b": "é"}}': '{"a":{"b":"é"}}',
        }
        items = [f'{{"id": 1, "date": 2, "notes": {value}}}' for value in values]
        for text in (f"[{','.join(items)}]", "\n".join(items)):
            _, rows, rejected = read(text)
            assert notes_of(rows) == list(values.values())
            assert rejected == []

    def test_geojson_gives_its_properties_and_its_points(self):
        def feature(properties, geometry):
            return {"type": "Feature", "properties": properties, "geometry": geometry}

        features = [
            feature({"id": 1, "date": 1}, {"type": "Point", "coordinates": [69.25, 34.5, 1800]}),
            feature(
                {"id": 2, "date": 1, "Latitude": 1, "LONGITUDE": ""},
                {"type": "Point", "coordinates": [2, 3]},
            ),
            feature({"id": 3, "date": 1}, {"type": "Polygon", "coordinates": [[[1, 2]]]}),
            feature({"id": 4, "date": 1}, None),
            feature({"id": 5, "date": 1}, {"type": "Point", "coordinates": []}),
        ]
        for text in (
            json.dumps({"type": "FeatureCollection", "crs": {}, "features": features}),
            "\n".join(map(json.dumps, features)),
        ):
            reading, rows, rejected = read(text)
            places = [(row.cells["latitude"], row.cells["longitude"]) for row in rows]
            assert places == [("34.5", "69.25"), ("1", "2"), ("", ""), ("", ""), ("", "")]
            assert rejected == []
            assert reading.unknown_columns == ()

    def test_columns_are_looked_for_in_the_first_items_together(self):
        reading, rows, _ = read('[{"id": 1}, {"date": 2, "x": 1}, {"id": 3, "y": 1}]')

        assert [tuple(row.cells.values())[:2] for row in rows] == [("1", ""), ("", "2"), ("3", "")]
        assert reading.unknown_columns == ("x", "y")

    def test_a_line_that_is_no_object_is_rejected_and_the_rest_goes_on(self):
        good = '{"id": 1, "date": 2}'
        bad = ['{"id": 1', "[1]", "7", '{"id": nil}', '{"id": "\\ud800"}', '{"id": "\\u0000"}', "}"]
        bad += ['{"id": ' + "[" * 5_000 + "]" * 5_000 + "}", '{"id": 1} 2', '{"a\0": 1}']
        mixed = "\n".join(line for each in bad for line in (each, good))
        for text in (f"{good}\n{mixed}\n", f'{{"x\n{good}\n{mixed}\n'):
            _, rows, rejected = read(text)
            assert len(rows) == len(bad) + 1
            assert len(rejected) == len(bad) + text.startswith('{"x')

    def test_items_that_are_no_objects_are_rejected(self):
        deep = "[" * 900 + "]" * 900
        _, rows, rejected = read(
            f'[{{"id": 1, "date": 2}}, 3, [4], {{"id": 5, "date": {deep}}}, "x",'
            ' {"id": 6, "date": "a\\u0000"}, {"id": 7, "date": 8}]'
        )

        assert [row.line for row in rows] == [1, 7]
        assert [(bad.line, bad.reason) for bad in rejected] == [
            (2, "it is no JSON object"),
            (3, "it is no JSON object"),
            (4, "it is nested too deep"),
            (5, "it is no JSON object"),
            (6, "it holds NUL characters"),
        ]

    def test_items_with_too_many_members_are_rejected(self):
        many = json.dumps({f"m{n}": n for n in range(20_000)})
        for text in (f'[{{"id":1,"date":2}},{many}]', f'{{"id":1,"date":2}}\n{many}'):
            _, rows, rejected = read(text)
            assert (len(rows), len(rejected)) == (1, 1)

    @pytest.mark.parametrize(
        ("tail", "reason"),
        [
            ("", "cut off"),
            (",", "cut off"),
            (', {"id": 9', "cut off"),
            (', {"id": "9', "cut off"),
            (",}", "not well-formed"),
            (",]", "not well-formed"),
            ("{", "not well-formed"),
            ("]]", "not well-formed"),
            (', {"id": nil}]' + " " * 100, "not well-formed"),
            (', {"id": ' + "[" * 5_000, "too deep"),
            ('] {"data": [7]', "cut off"),
            ('] {"a" 7}', "not well-formed"),
            ("] {7: 7}", "not well-formed"),
            ("]}garbage", "not well-formed"),
            ("] garbage", "not well-formed"),
            (', {"id": 7, "x" ', "cut off"),
            *((f', {{"id": {begun}', "cut off") for begun in ("tru", "n", "-", "-I", "1.", "1e-")),
            (', {"id": "\\u00', "cut off"),
            (', {"id": "\\', "cut off"),
        ],
    )
    def test_rows_before_a_fault_in_a_list_are_given_and_then_it_is_told(self, tail, reason):
        reading = open_rows(stream('[{"id": 1, "date": 2}, {"id": 2, "date": 2}' + tail), ALL)
        rows = []
        with pytest.raises(UnreadableFile, match=reason) as raised:
            rows.extend(row for row in reading if isinstance(row, Row))

        assert [row.cells["id"] for row in rows] == ["1", "2"]
        assert raised.value.line == 2 + tail.count("data")

    def test_a_page_without_results_is_read_if_its_format_is_named(self):
        reading, rows, rejected = read('{"status": 200, "data": []}', named=(PLAIN,))

        assert (reading.format, rows, rejected) == (PLAIN, [], [])

    def test_what_an_api_answers_instead_of_data_is_of_no_known_format(self):
        with pytest.raises(UnknownFormat, match=r"begins: status \| message"):
            read('{"status": 403, "message": "Access denied"}', named=(PLAIN,))

    def test_bytes_that_are_not_utf_8_are_windows_1252(self):
        data = '[{"id": 1, "date": 2, "notes": "é – ü"}]'.encode("cp1252")
        for text in (data, data[1:-1]):
            reading, rows, _ = read(text)
            assert notes_of(rows) == ["é – ü"]
            assert "not UTF-8" in reading.notes[0]

    @pytest.mark.parametrize(
        "tail",
        [
            ', {"id": "' + "x" * 300,
            ', {"id": 1, "x": [' + "1," * 300,
            "]{" + ",".join(f'"m{n}": 1' for n in range(50)) + "}",
        ],
    )
    def test_an_item_without_an_end_is_refused(self, monkeypatch, tail):
        monkeypatch.setattr(reading_documents, "LONGEST_ROW", 200)
        reading = open_rows(stream('[{"id": 1, "date": 2}' + tail, piece=50), ALL)
        with pytest.raises(UnreadableFile, match="an item is longer than"):
            list(reading)

    def test_documents_that_hold_nothing_are_rows_without_cells(self):
        _, rows, rejected = read('[]{}{"id": 1, "date": 2}{"Result": []} 7 {"x": []}')

        assert [row.cells["id"] for row in rows] == ["", "1", ""]
        assert [bad.line for bad in rejected] == [3]

    def test_items_may_all_have_other_members(self):
        items = [{"id": n, "date": 2, f"x{n}": 1} for n in range(3_000)]
        reading, rows, _ = read(json.dumps(items))

        assert [row.cells["id"] for row in rows] == [str(n) for n in range(3_000)]
        assert len(reading.unknown_columns) == 1_000


def workbook(sheets, **more):
    book = openpyxl.Workbook(**more)
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


class TestWorkbooks:
    ROWS = [
        ["My incidents"],
        [],
        ["id", "Event Date", None, "Notes", "lat"],
        [1, datetime.date(2021, 6, 22), "x", "a\nb", 34.5],
        [],
        [2.0, datetime.datetime(2021, 6, 22, 13, 30), None, True, None, " "],
        [None, None, None, None, None, "beyond"],
        [3, "2021", None, datetime.time(13, 30)],
    ]

    def test_the_first_sheet_is_read_or_the_one_that_is_named(self):
        data = workbook({"one": self.ROWS, "two": [["key", "when"], ["a", "b"]]})
        reading, rows, rejected = read(data)

        assert [(row.line, *list(row.cells.values())[:4]) for row in rows] == [
            (4, "1", "2021-06-22", "a\nb", "34.5"),
            (6, "2", "2021-06-22T13:30:00", "true", ""),
            (8, "3", "2021", "13:30:00", ""),
        ]
        assert [(bad.line, bad.reason) for bad in rejected] == [
            (1, "it stands above the header"),
            (7, "it has 6 cells, and should have 5"),
        ]
        assert reading.unknown_columns == ()
        assert read(data, sheet="two")[0].format is OTHER

    def test_a_sheet_that_is_not_there_is_told_with_those_that_are(self):
        with pytest.raises(UnreadableFile, match="no sheet 'three'; name one of these: one, two"):
            read(workbook({"one": [["a"]], "two": [["b"]]}), sheet="three")

    def test_formulas_are_read_by_their_values_and_empty_sheets_are_of_no_format(self):
        with pytest.raises(UnknownFormat, match="it begins: with no row"):
            read(workbook({"one": []}))

    @pytest.mark.parametrize(
        "member", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"]
    )
    @pytest.mark.parametrize("damage", [b"", b"<a><b></a>", b"\xff\xfe\x00"])
    def test_a_damaged_workbook_is_told(self, member, damage):
        file = io.BytesIO()
        data = workbook({"one": self.ROWS})
        with (
            zipfile.ZipFile(io.BytesIO(data)) as given,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as damaged,
        ):
            for each in given.namelist():
                damaged.writestr(each, damage if each == member else given.read(each))
        with pytest.raises((UnreadableFile, UnknownFormat)):
            read(file.getvalue())

    def test_rows_before_damage_are_given(self):
        rows = [["id", "date"], *([n, 2021] for n in range(2_000))]
        file = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(workbook({"one": rows}))) as given,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as damaged,
        ):
            for each in given.namelist():
                text = given.read(each)
                damaged.writestr(each, text[:-20_000] if "sheet1" in each else text)
        reading = open_rows(stream(file.getvalue()), ALL)
        found = []
        with pytest.raises(UnreadableFile) as raised:
            found.extend(reading)

        assert 1_000 < len(found) < 2_000
        assert raised.value.line == found[-1].line

    def test_rows_that_no_sheet_can_have_do_not_keep_it_busy(self):
        sheet = (
            '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c>'
            '<c r="B1" t="inlineStr"><is><t>date</t></is></c></row>'
            '<row r="999999999999"><c r="A999999999999"><v>1</v></c></row>'
            "</sheetData></worksheet>"
        )
        file = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(workbook({"one": [["id"]]}))) as given,
            zipfile.ZipFile(file, "w") as changed,
        ):
            for each in given.namelist():
                changed.writestr(each, sheet if "sheet1" in each else given.read(each))
        with pytest.raises(UnreadableFile, match="numbers rows as no sheet can"):
            read(file.getvalue(), named=(PLAIN,))

    def test_a_sheet_is_read_whole_whatever_it_says_of_its_size(self):
        file = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(workbook({"one": self.ROWS[2:]}))) as given,
            zipfile.ZipFile(file, "w") as changed,
        ):
            for each in given.namelist():
                data = given.read(each)
                changed.writestr(
                    each, re.sub(rb'<dimension ref="[^"]*', b'<dimension ref="A1:B2', data)
                )
        _, rows, _ = read(file.getvalue())

        assert [row.cells["latitude"] for row in rows] == ["34.5", "", ""]

    @pytest.mark.parametrize("limit", ["MOST_HELD", "MOST_UNPACKED"])
    def test_a_workbook_that_is_too_large_is_refused(self, monkeypatch, limit):
        monkeypatch.setattr(workbooks, limit, 500)
        with pytest.raises(UnreadableFile, match="too large for a workbook"):
            read(workbook({"one": [[f"text {n}"] for n in range(100)]}))


class TestTheGed:
    def test_every_row_of_a_real_file_is_the_row_that_csv_reads(self):
        text = lzma.decompress(GED.read_bytes()).decode()
        expected = list(csv.DictReader(io.StringIO(text, newline="")))
        names = list(expected[0])
        ged = made("ged", dict.fromkeys(reversed(names), ()), {"id", "best"})
        with open_file(str(GED)) as source:
            rows = list(open_rows(next(source.streams()), (ged, *ALL)))

        assert [row.cells for row in rows] == expected
        assert list(rows[0].cells) == names[::-1]
        lines = text.split("\n")
        assert all(lines[row.line - 1].startswith(row.cells["id"]) for row in rows)

    def test_memory_stays_flat_where_a_quote_is_not_closed(self):
        data = b'id,date,notes\n1,2021,"x\n' + (b"2,2021,%s\n" % (b"x" * 100)) * 60_000
        tracemalloc.start()
        try:
            count = sum(1 for _ in open_rows(stream(data), ALL))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert count == 60_001
        assert peak < 9_000_000

    def test_memory_stays_flat_where_every_line_opens_a_quote(self):
        run = reading_quotes.Run(lambda number: 'x",",\n', ",", 50, 1_000_000)
        tracemalloc.start()
        try:
            for number in range(1, 10_000):
                assert run.after(number, 3) == (None, run.after(number, 3)[1])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 100_000

    def test_memory_stays_flat_whatever_the_size_of_the_file(self):
        data = lzma.decompress(GED.read_bytes())
        header, _, rows = data.partition(b"\n")
        as_json = json.dumps(list(csv.DictReader(io.StringIO(data.decode(), newline="")))).encode()
        ged = made("ged", dict.fromkeys(header.decode().split(","), ()), {"id", "best"})
        for first, block in (
            (header + b"\n", rows),
            (b"[", as_json[1:-1] + b","),
            (b"", as_json[1:-1].replace(b"}, {", b"}\n{") + b"\n"),
            (header + b'\n1,"', rows[:-1]),
        ):
            reading = open_rows(stream(first + block * (10_000_000 // len(block))), (ged,))
            tracemalloc.start()
            count = 0
            try:
                for _ in reading:
                    count += 1
            except UnreadableFile:
                assert first == b"["
            finally:
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            assert count > 4_900
            assert peak < 5_000_000
