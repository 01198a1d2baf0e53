"""The guide to publishing is held to the code: its tables are equal to it, its examples are run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.flat import COLUMNS, NAMES, SERIES_NAMES
from service.api.publications import WHOLE
from service.api.streams import AGAIN, WRITTEN_AT_ONCE
from service.operating.stalled import STALLED
from service.publishing.citation import STYLES
from service.publishing.formats import FORMATS
from service.publishing.parquet_file import FIELDS
from tests.processes import Server, serving
from tests.test_readme import ADDRESS, check, consoles, printed

ROOT = Path(__file__).parents[1]
PAGE = "docs/publishing.md"
GUIDE = (ROOT / PAGE).read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
ADDRESSES = sorted(set(re.findall(rf"{re.escape(ADDRESS)}/[^\s\"'`)]*", GUIDE)))


@pytest.fixture(scope="module")
def server(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a store with the chronicle, of this module's own."""
    home = shutil.copytree(filled_home, tmp_path_factory.mktemp("guide") / "home")
    with serving(home) as running:
        yield running
        assert "Traceback" not in running.end().errors


def section(title: str) -> str:
    """What stands under a heading of the second level."""
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", GUIDE, re.M | re.S)
    return str(found)


def rows(text: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    lines = re.findall(r"^\| (.*) \|$", text, re.MULTILINE)
    return [line.split(" | ") for line in lines[1:]]


def test_the_table_of_formats_is_the_table_of_formats() -> None:
    told = {}
    for suffix, _, kind, incidents, series, purpose in rows(section("The formats"))[1:]:
        assert purpose
        told[suffix.strip("`")] = (kind.strip("`"), incidents == "yes", series == "yes")
    assert told == {
        each.suffix: (
            each.media_type.partition(";")[0],
            each.incidents is not None,
            each.series is not None,
        )
        for each in FORMATS.values()
    }


def test_the_flat_columns_are_those_of_the_code() -> None:
    told = [tuple(row) for row in rows(section("The flat columns"))]
    columns = [(f"`{each.name}`", each.kind, each.meaning) for each in COLUMNS]
    assert told == [*columns, ("`url`", "text", "the incident's permanent address")]


def test_what_parquet_has_besides_and_the_columns_of_a_series_are_named() -> None:
    text = section("The flat columns")
    besides = [field.name for field in FIELDS if field.name not in NAMES]
    for name in (*besides, *SERIES_NAMES):
        assert f"`{name}`" in text


def test_the_limits_of_long_publications_are_those_of_the_code() -> None:
    text = section("The formats").partition("### Long ones")[2]
    assert f"A publication of over {WHOLE:,} bytes" in text
    assert f"**{WRITTEN_AT_ONCE} are written at a time**" in text
    assert f"refused for {({10: 'ten'})[AGAIN]} seconds" in text
    assert f"takes nothing for {({120: 'two'})[STALLED]} minutes" in text


def test_the_addresses_and_styles_of_citations_are_those_of_the_contract(reading) -> None:
    paths = reading.get("/openapi.json").json()["paths"]
    text = section("Citing")
    cited = {path.replace("{incident_id}", "{id}") for path in paths if path.endswith("/cite")}
    assert set(re.findall(r"`(/v1/[^`]*)`", text)) == cited
    for suffix, kind in STYLES.items():
        assert f"with `.{suffix}`, or `Accept: {kind}`" in text


@pytest.mark.parametrize(("command", "shown"), consoles(PAGE), ids=lambda text: text[:60])
def test_the_guide_shows_what_is_answered(command, shown, server: Server, tmp_path) -> None:
    check(shown, printed(command, tmp_path, server.client))


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_the_programs_of_the_guide_run(program, server: Server, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "admin.key").write_text(f"{server.key}\n")
    exec(compile(program.replace(ADDRESS, server.address), PAGE, "exec"), {})


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_of_the_guide_answers(address, server: Server) -> None:
    with server.client.stream("GET", address.removeprefix(ADDRESS)) as answer:
        assert answer.status_code == 200
