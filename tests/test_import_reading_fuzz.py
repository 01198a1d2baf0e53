"""Whatever bytes a file has, reading it gives rows or a refusal; and damage costs the row that it hits."""

import csv
import gzip
import io
import json
import lzma
import zipfile

import openpyxl
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.values import DatasetProfile
from service.imports.format import Format
from service.imports.reading.files import Stream, open_file
from service.imports.reading.rows import (
    FileRefused,
    Rejected,
    Row,
    UnreadableFile,
    first_rows,
    open_rows,
)


def made(name, width, **more):
    columns = [f"{name}{n}" for n in range(width)]
    return Format(
        name=name,
        title=name,
        dataset=DatasetProfile(id=name, title=name),
        columns=dict.fromkeys(columns, ()),
        required=frozenset(columns[:2]),
        tell=lambda cells: None,
        **more,
    )


NARROW, WIDE = made("narrow", 3), made("wide", 18)
HEADLESS = made(
    "headless",
    4,
    layouts={
        4: tuple(f"headless{n}" for n in range(4)),
        6: ("headless0", "x", "y", *(f"headless{n}" for n in range(1, 4))),
    },
    looks_like=lambda cells: cells[0].isdigit(),
)
FORMATS = (NARROW, WIDE, HEADLESS)

BITS = st.sampled_from(
    [
        *(b'narrow0 narrow1 "" " , ; \t \n \r\n \r \0 a 1 #x { } [ ] : \\ NaN'.split(b" ")),
        *(b"\xff", b"\xc3", b" ", b"\xef\xbb\xbf"),
    ]
)
SOUP = st.lists(BITS, max_size=60).map(b"".join)
NARROW_HEADER = b"narrow0,narrow1,narrow2\n"


def stream(data, piece=None):
    file = io.BytesIO(data)
    return Stream("x", (lambda size: file.read(min(size, piece))) if piece else file.read, file)


def outcomes(data, formats=FORMATS, piece=None):
    """What comes of a stream: rows and rejected rows, none if it is refused; nothing else happens."""
    found = []
    try:
        reading = open_rows(stream(data, piece), formats)
        for outcome in reading:
            found.append(outcome)
    except FileRefused as refused:
        told = str(refused)
        assert told.isprintable()
    else:
        assert all(note.isprintable() for note in (*reading.notes, *reading.unknown_columns))
    for outcome in found:
        assert isinstance(outcome, Row | Rejected)
        if isinstance(outcome, Row):
            assert list(outcome.cells) == list(reading.format.columns)
            assert all(type(cell) is str for cell in outcome.cells.values())
            "".join(outcome.cells.values()).encode()
        else:
            assert outcome.reason
    lines = [outcome.line for outcome in found]
    assert lines == sorted(set(lines))
    return found


@given(st.one_of(st.binary(max_size=200), SOUP), st.sampled_from([1, 3, None]))
def test_any_bytes_give_rows_or_a_refusal(data, piece):
    outcomes(data, piece=piece)


@given(SOUP, st.sampled_from([1, 3, 64, None]))
def test_any_text_under_a_header_gives_rows_and_rejected_rows(soup, piece):
    assume(b"\n" in NARROW_HEADER + soup)
    for header in (
        NARROW_HEADER,
        NARROW_HEADER.replace(b",", b"\t"),
        b"1,2,3,4\n",
        b"1\t2\t3\t4\n",
    ):
        whole = outcomes(header + soup)
        assert outcomes(header + soup, piece=piece) == whole or piece is not None


@given(st.sampled_from([b"[", b'{"Result": [', b'{"a": 1, "data": [', b""]), SOUP, SOUP)
def test_any_text_in_json_gives_rows_or_a_refusal(begin, soup, more):
    item = b'{"narrow0": 1, "narrow1": [1.50, null]}'
    separator = b"," if begin else b"\n"
    first = begin + item + separator
    for data in (first + soup, first + item + soup + item, first + b'{"narrow0": ' + soup + more):
        found = outcomes(data)
        assert isinstance(found[0], Row)
        assert found[0].cells["narrow1"] == "[1.5,null]"


TEXT = st.text(
    st.one_of(
        st.sampled_from('",\n\r\t;\'#| é"'), st.characters(codec="utf-8", exclude_characters="\0")
    ),
    max_size=8,
)
# A cell that begins with a line's end, a delimiter or a quote makes quotes ambiguous where one was lost
# before it: what is lost then is not told from what is there.
CELL = st.builds(str.__add__, st.sampled_from("abc123"), TEXT) | st.just("")


@st.composite
def damaged_files(draw, texts=CELL):
    """The rows of a file, one of which is damaged, and the file."""
    fmt = draw(st.sampled_from([NARROW, WIDE]))
    width = len(fmt.columns)
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    count = draw(st.integers(3, 9))
    rows = []
    for number in range(count):
        cells = draw(st.lists(texts, min_size=4, max_size=4))
        if quoting == csv.QUOTE_MINIMAL:  # the writer does not quote carriage returns then
            cells = [cell.replace("\r", "") for cell in cells]
        rows.append([f"id{number}", *(cells[n % 4] for n in range(1, width - 1)), "end"])

    def line(cells):
        file = io.StringIO()
        csv.writer(file, quoting=quoting, lineterminator=end).writerow(cells)
        return file.getvalue()

    hit = draw(st.integers(0, count - 1))
    text = line(rows[hit])[: -len(end)]
    at = draw(st.integers(0, len(text)))
    to = draw(st.integers(at, min(len(text), at + 3)))
    instead = draw(
        st.sampled_from(["", '"', '""', ",", '",', ',"', end, '"' + end, "a", "\0", '"a'])
    )
    lines = [line(cells) for cells in rows]
    lines[hit] = text[:at] + instead + text[to:] + end
    return fmt, rows, hit, line(list(fmt.columns)) + "".join(lines)


def good_rows(fmt, rows, hit):
    return [dict(zip(fmt.columns, cells, strict=True)) for n, cells in enumerate(rows) if n != hit]


@given(damaged_files(), st.sampled_from([7, 100, None]))
def test_every_row_before_and_after_a_damaged_one_is_given(damaged, piece):
    fmt, rows, hit, text = damaged
    found = outcomes(text.encode(), (fmt,), piece)
    given_rows = [outcome.cells for outcome in found if isinstance(outcome, Row)]

    expected = good_rows(fmt, rows, hit)
    assert [cells for cells in given_rows if cells in expected] == expected
    for outcome in found:
        if isinstance(outcome, Row) and outcome.cells in expected:
            line = text.split("\n")[outcome.line - 1]
            assert outcome.cells[f"{fmt.name}0"] in line


@given(damaged_files(), st.data())
def test_no_row_comes_of_a_file_that_was_cut_off_which_is_not_in_the_whole(damaged, data):
    fmt, _, _, text = damaged
    whole = text.encode()
    header = whole.index(b"\n") + 1
    cut = data.draw(st.integers(header, len(whole)))
    file = io.BytesIO(whole[:cut])

    def read(size):
        if data := file.read(min(size, 50)):
            return data
        raise UnreadableFile("x", "it was cut off", "get it again")

    found = []
    try:
        for outcome in open_rows(Stream("x", read), (fmt,)):
            found.append(outcome)
        told = ""
    except UnreadableFile as failure:
        told = str(failure)
    assert "it was cut off" in told
    rows = [outcome for outcome in found if isinstance(outcome, Row)]
    assert rows == [each for each in outcomes(whole, (fmt,)) if isinstance(each, Row)][: len(rows)]


@given(
    st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([1, 7, None]),
)
def test_what_a_csv_writer_writes_is_read_as_it_was(rows, delimiter, quoting, encoding, piece):
    rows = [[f"id{n}{cells[0]}", *cells[1:]] for n, cells in enumerate(rows)]
    if quoting == csv.QUOTE_MINIMAL:
        rows = [[cell.replace("\r", "") for cell in cells] for cells in rows]
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerows([list(NARROW.columns), *rows])
    found = outcomes(file.getvalue().encode(encoding), (NARROW,), piece)

    assert [list(outcome.cells.values()) for outcome in found] == rows


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.lists(st.lists(VALUES, min_size=2, max_size=2), min_size=1, max_size=6),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.sampled_from([1, 7, None]),
)
def test_what_a_json_writer_writes_is_read_as_it_was(values, indent, ascii_only, piece):
    items = [{"narrow0": n, "narrow1": a, "narrow2": b} for n, (a, b) in enumerate(values)]

    def dumped(value, indent=indent):
        return json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    first = None
    for text in (
        dumped(items),
        dumped({"Result": items, "TotalCount": 1}),
        "".join(dumped({"data": [item]}) for item in items),
        "\n".join(dumped(item, None) for item in items),
    ):
        try:
            data = text.encode()
        except UnicodeEncodeError:  # keys may hold halves of characters
            assume(False)
        found = outcomes(data, (NARROW,), piece)
        first = first or found
        assert found == first
        for row, item in zip(found, items, strict=True):
            if isinstance(row, Rejected):
                assert not ascii_only or "half of a character" in row.reason or "NUL" in row.reason
                continue
            for name, value in item.items():
                cell = row.cells[name]
                match value:
                    case str():
                        assert cell == value
                    case None:
                        assert cell == ""
                    case _:
                        assert json.loads(cell) == value


def workbook():
    book = openpyxl.Workbook()
    for row in (["narrow0", "narrow1", "narrow2"], [1, 2.5, "a"], [2, None, "b"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", data)
        archive.writestr("b.csv", data)
    return file.getvalue()


PLAIN = NARROW_HEADER + b"".join(b'%d,"a ""%d"" b",c\n' % (n, n) for n in range(50))
PACKED = [gzip.compress(PLAIN), lzma.compress(PLAIN), zipped(PLAIN), workbook(), PLAIN]


@given(
    st.sampled_from(PACKED), st.lists(st.tuples(st.integers(0), st.binary(max_size=3)), max_size=4)
)
def test_mutated_files_give_rows_or_a_refusal(data, mutations):
    mutated = bytearray(data)
    for at, instead in mutations:
        begin = at % len(mutated)
        mutated[begin : begin + max(1, len(instead))] = instead
        if not mutated:
            break
    for given_file in (io.BytesIO(bytes(mutated)), io.BytesIO(bytes(mutated[: len(mutated) // 2]))):
        with open_file("-", given_file) as source:
            try:
                for each in source.streams():
                    for outcome in open_rows(each, FORMATS):
                        assert isinstance(outcome, Row | Rejected)
            except FileRefused as refused:
                told = str(refused)
                assert told.isprintable()


@given(st.one_of(st.binary(max_size=100), SOUP))
def test_the_first_rows_of_any_bytes_are_rows_of_text_or_a_refusal(data):
    try:
        rows = first_rows(stream(data))
    except FileRefused:
        return
    assert all(type(cell) is str for row in rows for cell in row)
