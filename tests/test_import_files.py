"""Opening files: what they are packed in is told by their bytes, and nothing unpacks without bounds."""

import bz2
import gzip
import io
import lzma
import random
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from service.imports.reading import files, packed
from service.imports.reading.files import Stream, open_file
from service.imports.reading.outcomes import UnreadableFile

TEXT = b"id,name\n" + b"".join(b"%d,row %d\n" % (n, n * 7919 % 1000) for n in range(30_000))


def contents(name, standard_input=None):
    """The streams of a file by their names."""
    with open_file(str(name), standard_input) as source:
        return {stream.name: read_all(stream) for stream in source.streams()}


def read_all(stream, size=10_000):
    return b"".join(iter(lambda: stream.read(size), b""))


def read_until_failure(name, size=10_000):
    """What could be read of a file, and why no more."""
    parts = []

    def read():
        for stream in source.streams():
            while data := stream.read(size):
                parts.append(data)

    with open_file(str(name)) as source, pytest.raises(UnreadableFile) as raised:
        read()
    return b"".join(parts), raised.value


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def written(folder, data, name="events.csv"):
    path = folder / name
    path.write_bytes(data)
    return path


class Pipe(io.BytesIO):
    """Gives so many bytes at once, and waits for ever if more are asked for in one piece."""

    def __init__(self, data, piece):
        super().__init__(data)
        self.piece = piece

    def read1(self, size=-1):
        return super().read(min(size, self.piece))

    def read(self, size=-1):
        raise AssertionError("it would wait")


PACKINGS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zip": lambda data: zipped({"events.csv": data}),
    "zip-stored": lambda data: zipped({"events.csv": data}, zipfile.ZIP_STORED),
    "zip-lzma": lambda data: zipped({"events.csv": data}, zipfile.ZIP_LZMA),
    "zip-bzip2": lambda data: zipped({"events.csv": data}, zipfile.ZIP_BZIP2),
    "gzip in zip": lambda data: zipped({"events": gzip.compress(data)}),
    "xz in gzip": lambda data: gzip.compress(lzma.compress(data)),
    "zip in gzip": lambda data: gzip.compress(zipped({"events.csv": data})),
    "two gzips": lambda data: gzip.compress(data[:777]) + gzip.compress(data[777:]),
    "two xz": lambda data: lzma.compress(data[:777]) + lzma.compress(data[777:]),
    "gzip and zeros": lambda data: gzip.compress(data) + bytes(70_000) + gzip.compress(b""),
    "xz and padding": lambda data: lzma.compress(data[:9]) + bytes(8) + lzma.compress(data[9:]),
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_what_a_file_is_packed_in_is_told_by_its_bytes_and_not_by_its_name(tmp_path, packing):
    data = PACKINGS[packing](TEXT)
    for name in ("events.csv", "events.zip", "events"):
        assert list(contents(written(tmp_path, data, name)).values()) == [TEXT]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("piece", [5, 100_000])
def test_standard_input_may_be_packed_as_files_are(packing, piece):
    found = contents("-", Pipe(PACKINGS[packing](TEXT), piece))

    assert list(found.values()) == [TEXT]
    assert all(name.startswith("standard input") for name in found)


def test_a_zip_archive_gives_its_members_that_may_be_data_in_order_of_name(tmp_path):
    members = {
        "b/2020.csv": b"b",
        "a.csv": b"a",
        "README.txt": b"x",
        "b/": b"",
        "codebook.PDF": b"x",
        "__MACOSX/._a.csv": b"x",
        ".DS_Store": b"x",
        "LICENSE": b"x",
        "b/2019.CSV": b"c",
    }
    path = written(tmp_path, zipped(members), "ged.zip")

    assert list(contents(path).items()) == [
        (f"{path}/a.csv", b"a"),
        (f"{path}/b/2019.CSV", b"c"),
        (f"{path}/b/2020.csv", b"b"),
    ]


def test_a_member_without_a_name_is_read_as_any_other(tmp_path):
    file, nameless = io.BytesIO(), zipfile.ZipInfo()
    nameless.filename = ""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("b.csv", b"b")
        archive.writestr(nameless, b"x")
    path = written(tmp_path, file.getvalue(), "ged.zip")
    assert contents(path) == {f"{path}/": b"x", f"{path}/b.csv": b"b"}


def test_an_archive_without_data_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="no member that is data"):
        contents(written(tmp_path, zipped({"readme.md": b"x"})))


def test_a_workbook_is_one_stream_though_it_is_a_zip_archive(tmp_path):
    data = zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/sheet.xml": b"x"})
    with open_file(str(written(tmp_path, data))) as source:
        (stream,) = source.streams()
        assert stream.peek(4) == b"PK\3\4"
        assert stream.file().read() == data


def test_a_workbook_in_an_archive_can_be_had_as_a_file(tmp_path):
    data = zipped({"xl/workbook.xml": b"x" * 1000})
    path = written(tmp_path, zipped({"a.xlsx": data, "b.xlsx": data}))
    with open_file(str(path)) as source:
        assert [stream.file().read() for stream in source.streams()] == [data, data]


def test_peeking_reads_nothing_away():
    stream = Stream("x", io.BytesIO(b"abcdef").read)

    assert stream.peek(3) == b"abc"
    assert stream.peek(10) == b"abcdef"
    assert stream.read(2) == b"ab"
    assert stream.peek(1) == b"c"
    assert read_all(stream) == b"cdef"


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_what_precedes_the_end_of_a_file_that_was_cut_off_is_read(tmp_path, pack):
    packed = pack(TEXT)
    read, failure = read_until_failure(written(tmp_path, packed[: len(packed) // 2]))

    assert len(read) > len(TEXT) / 8
    assert TEXT.startswith(read)
    assert failure.read == len(read)
    assert "was cut off" in str(failure)
    assert f"after {len(read):,} bytes" in str(failure)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("cut", [1, 4])
def test_a_file_that_lacks_only_its_last_bytes_was_cut_off_as_well(tmp_path, pack, cut):
    read, failure = read_until_failure(written(tmp_path, pack(TEXT)[:-cut]))

    assert read == TEXT
    assert "was cut off" in str(failure)


def test_a_zip_archive_that_was_cut_off_is_refused(tmp_path):
    read, failure = read_until_failure(written(tmp_path, zipped({"a.csv": TEXT})[:-30]))

    assert read == b""
    assert "cut off or is damaged" in str(failure)


@pytest.mark.parametrize("size", [1_000, 1_000_000])
@pytest.mark.parametrize("packing", ["gzip", "xz", "zip"])
def test_damaged_data_is_read_up_to_the_damage(tmp_path, packing, size):
    packed = bytearray(PACKINGS[packing](TEXT))
    packed[len(packed) // 2 : len(packed) // 2 + 20] = b"\xff" * 20
    read, failure = read_until_failure(written(tmp_path, bytes(packed)), size)

    assert 0 < len(read) < len(TEXT) + 100_000
    assert "damaged" in str(failure)


@pytest.mark.parametrize("tail", [b"<html>", b"\x1f", b"\0\0\x1f\x8b"])
def test_what_follows_gzip_data_and_is_none_is_told(tmp_path, tail):
    read, failure = read_until_failure(written(tmp_path, gzip.compress(TEXT) + tail))

    assert read == TEXT
    assert "something else follows" in str(failure)


def test_an_encrypted_member_is_refused_with_advice(tmp_path):
    data = bytearray(zipped({"a.csv": TEXT}))
    data[6] |= 1  # in the member's own header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    _, failure = read_until_failure(written(tmp_path, bytes(data)))

    assert "a.csv: it is encrypted; unpack it with its password" in str(failure)


def test_a_way_of_packing_that_is_not_understood_is_refused_with_advice(tmp_path):
    data = bytearray(zipped({"a.csv": TEXT}))
    data[8] = data[data.index(b"PK\x01\x02") + 10] = 9  # Deflate64, as Windows packs what is large
    _, failure = read_until_failure(written(tmp_path, bytes(data)))

    assert "is packed in a way that is not understood" in str(failure)


def test_a_member_that_goes_beyond_the_end_of_the_file_is_refused(tmp_path):
    data = bytearray(zipped({"a.csv": TEXT}, zipfile.ZIP_STORED))
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = (len(TEXT) * 2).to_bytes(4, "little") * 2
    _, failure = read_until_failure(written(tmp_path, bytes(data)))

    assert "a.csv: it" in str(failure)


def test_a_disk_that_is_full_is_told(monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", Full)
    with pytest.raises(UnreadableFile, match="No space left on device"):
        contents("-", io.BytesIO(zipped({"a.csv": TEXT})))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bz2.compress(TEXT), "bzip2"),
        (b"\x28\xb5\x2f\xfd" + TEXT, "zstd"),
        (b"7z\xbc\xaf\x27\x1c" + TEXT, "7-Zip"),
        (b"Rar!\x1a\x07\x01" + TEXT, "RAR"),
        (b"a.csv".ljust(257, b"\0") + b"ustar\x0000", "tar"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + TEXT, "before 2007"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "OpenDocument"),
        (b"PAR1\x15\x04" + TEXT, "Parquet"),
        (b"SQLite format 3\0" + TEXT, "SQLite"),
        (b"%PDF-1.7\n" + TEXT, "PDF"),
    ],
)
def test_kinds_of_files_that_are_not_read_are_called_by_their_name(tmp_path, data, kind):
    if kind == "OpenDocument":
        data = zipped(
            {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, zipfile.ZIP_STORED
        )
    with pytest.raises(UnreadableFile, match=kind):
        contents(written(tmp_path, data))


def test_a_file_that_is_packed_too_often_is_refused(tmp_path):
    data = TEXT
    for _ in range(files.DEEPEST):
        data = gzip.compress(data)
    assert list(contents(written(tmp_path, data)).values()) == [TEXT]

    with pytest.raises(UnreadableFile, match="packed 3 times over"):
        contents(written(tmp_path, gzip.compress(data)))


def test_a_file_that_is_not_there_a_directory_and_an_empty_file_are_told(tmp_path):
    for path, reason in (
        (tmp_path / "no.csv", "there is no such file"),
        (tmp_path, "it is a directory; name the files in it"),
        (written(tmp_path, b""), "it is empty"),
        (written(tmp_path, gzip.compress(b"")), "it is empty"),
        ("a\0b", "cannot be read"),
        ("a" * 5_000, "cannot be read"),
        (tmp_path / "events.csv" / "x", "cannot be read"),
    ):
        with pytest.raises(UnreadableFile, match=reason):
            contents(path)


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableFile, match="you may not read it"):
        contents(tmp_path / "events.csv")


def test_a_disk_that_fails_while_a_file_is_read_is_told():
    class Failing(io.BytesIO):
        def read1(self, size=-1):
            if self.tell() >= 2_000:
                raise OSError(5, "Input/output error")
            return super().read(1_000)

    with open_file("-", Failing(TEXT)) as source:
        (stream,) = source.streams()
        with pytest.raises(UnreadableFile, match="Input/output error") as raised:
            read_all(stream)

    assert raised.value.read == 2_000


class TestBounds:
    BOMB = bytes(30_000_000)

    @pytest.fixture(autouse=True)
    def _bounded(self, monkeypatch):
        monkeypatch.setattr(packed, "FREE", 1_000_000)
        monkeypatch.setattr(packed, "STEEPEST", 500)

    @pytest.mark.parametrize("packing", ["gzip", "xz", "zip", "xz in gzip", "gzip in zip"])
    def test_what_unpacks_to_so_many_times_its_size_that_it_is_no_data_is_refused(
        self, tmp_path, packing
    ):
        path = written(tmp_path, PACKINGS[packing](self.BOMB))
        read, failure = read_until_failure(path)

        assert len(read) <= max(1_000_000, 500 * path.stat().st_size)
        assert "more than 500 times its size" in str(failure)

    @pytest.mark.parametrize("packing", ["gzip", "xz", "zip"])
    def test_so_is_what_comes_from_standard_input(self, packing):
        with pytest.raises(UnreadableFile, match="500 times its size"):
            contents("-", io.BytesIO(PACKINGS[packing](self.BOMB)))

    def test_little_data_may_pack_as_well_as_it_likes(self, tmp_path):
        path = written(tmp_path, gzip.compress(bytes(900_000)))
        assert path.stat().st_size < 1_800

        assert list(contents(path).values()) == [bytes(900_000)]

    def test_all_members_of_an_archive_count_together(self, tmp_path):
        path = written(tmp_path, zipped({f"{n}.csv": bytes(900_000) for n in range(10)}))
        _, failure = read_until_failure(path)

        assert "more than 500 times its size" in str(failure)

    def test_members_that_share_their_bytes_count_each_and_the_file_once(self, tmp_path):
        # Every entry of the directory points to the same bytes, as in bombs that need no nesting.
        one = zipped({"0.csv": bytes(b"%07d\n" % 7 * 40_000)})
        begin, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
        entry, tail = one[begin:end], bytearray(one[end:])
        count = 200
        tail[8:12] = count.to_bytes(2, "little") * 2
        tail[12:16] = (len(entry) * count).to_bytes(4, "little")
        path = written(tmp_path, one[:begin] + entry * count + bytes(tail))
        _, failure = read_until_failure(path)

        assert "more than 500 times its size" in str(failure)

    def test_what_unpacks_beyond_all_measure_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(packed, "MOST", 300_000)
        read, failure = read_until_failure(written(tmp_path, gzip.compress(TEXT)))

        assert len(read) <= 300_000
        assert "more than 300,000 bytes" in str(failure)

    def test_an_archive_of_too_many_members_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(packed, "MOST_MEMBERS", 5)
        with pytest.raises(UnreadableFile, match="more than 5 members"):
            contents(written(tmp_path, zipped({f"{n}.csv": b"x" for n in range(6)})))

    def test_xz_that_wants_too_much_memory_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(packed, "MOST_MEMORY", 1 << 20)
        with pytest.raises(UnreadableFile, match="Memory usage limit"):
            contents(written(tmp_path, lzma.compress(TEXT)))


@pytest.mark.parametrize("packing", ["plain", "gzip", "xz", "zip", "xz in gzip"])
def test_memory_stays_flat_while_a_file_is_unpacked(tmp_path, packing):
    path = written(tmp_path, PACKINGS[packing](TEXT * 20))
    with open_file(str(path)) as source:
        stream = next(source.streams())
        stream.read(100_000)
        tracemalloc.start()
        try:
            size = sum(map(len, iter(lambda: stream.read(1 << 18), b"")))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert size > 7_000_000
    assert peak < 1_300_000


@pytest.mark.parametrize("packing", ["gzip", "xz", "zip"])
def test_a_file_is_not_read_further_than_it_is_unpacked(tmp_path, packing):
    data = random.Random(1).randbytes(1_000_000).hex().encode()
    with open_file(str(written(tmp_path, PACKINGS[packing](data)))) as source:
        stream = next(source.streams())
        for _ in range(10):
            assert stream.read(10_000)
        assert source.position < 300_000


@pytest.mark.parametrize("packing", PACKINGS)
def test_the_position_grows_to_the_size(tmp_path, packing):
    path = written(tmp_path, PACKINGS[packing](TEXT))
    positions = []
    with open_file(str(path)) as source:
        assert source.size == path.stat().st_size
        for stream in source.streams():
            while stream.read(100_000):
                positions.append(source.position)
        positions.append(source.position)

    assert positions == sorted(positions)
    assert positions[0] > 0
    assert positions[-1] <= source.size
    assert positions[-1] > source.size * 0.9


def test_the_size_of_standard_input_is_known_if_it_is_a_file(tmp_path):
    with written(tmp_path, TEXT).open("rb") as file, open_file("-", file) as source:
        assert source.size == len(TEXT)
    with open_file("-", io.BytesIO(TEXT)) as source:
        assert source.size is None


def test_what_has_arrived_on_a_pipe_is_given_at_once():
    with open_file("-", Pipe(TEXT, 5)) as source:
        stream = next(source.streams())
        assert [len(stream.read(10_000)) for _ in range(3)][1:] == [5, 5]


def test_temporary_files_are_removed(tmp_path, monkeypatch):
    made = []
    real = files.tempfile.TemporaryFile

    def noted(*arguments, **named):
        made.append(real(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(files.tempfile, "TemporaryFile", noted)
    contents("-", io.BytesIO(zipped({"a.csv": TEXT})))

    assert [file.closed for file in made] == [True]
