"""Charts as pictures: all is where it should be, and the process that draws them may hang or die."""

from __future__ import annotations

import re
import signal
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bootstrap import Casus
from service.publishing.chart_outlines import Part, outlines
from service.publishing.chart_projection import fitted
from service.publishing.chart_worker import WAITING, Drawer, NotDrawn
from service.publishing.charts import DRAWER, SHARP
from service.publishing.when import is_certain
from tests.conftest import CALLER, an_account
from tests.processes import loaded, serving, until
from tests.publishing import published, report_odd_incidents

CHARTS = ("timeline", "map", "series")
SIMPLE = orjson.dumps({"data": {"values": [{"a": 1}]}, "mark": "bar"}).decode()

MEMORY = 150_000_000
"""Bytes that a process that serves may take."""

each_chart = pytest.mark.parametrize("chart", CHARTS)


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    """What has charts drawn, with a process of the test's own."""
    made = Drawer()
    yield made
    made.close()


def children(process: psutil.Process | None = None) -> list[psutil.Process]:
    """The processes that draw charts for a process, this one if none is named."""
    of = process or psutil.Process()
    with suppress(psutil.NoSuchProcess):  # one that just ended
        return [each for each in of.children() if "service.workers" in each.cmdline()]
    return children(process)


def size_of(svg: str) -> tuple[float, float]:
    found = re.search(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"', svg)
    assert found is not None
    return float(found[1]), float(found[2])


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """The width and height of a PNG, and its bytes of colour as they were filtered."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    data, at = b"", 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24]), zlib.decompress(data)


# pictures


@each_chart
def test_a_png_is_as_large_as_its_svg_and_sharper_and_not_blank(chart, reading) -> None:
    svg = published(reading, "/v1/incidents.svg", chart=chart)
    png = published(reading, "/v1/incidents.png", chart=chart)
    assert svg.headers["content-type"] == "image/svg+xml"
    assert png.headers["content-type"] == "image/png"
    width, height, colours = pixels(png.content)
    assert (width, height) == pytest.approx([each * SHARP for each in size_of(svg.text)], abs=1)
    blank = sum(not any(row) for row in _rows(colours, width))
    assert blank < height * 0.9
    assert len(set(colours)) > 50


def _rows(colours: bytes, width: int) -> Iterator[bytes]:
    """The rows of a picture: all zeros is one like the row above it, or filtered to nothing."""
    step = width * 4 + 1
    yield from (colours[at + 1 : at + step] for at in range(0, len(colours), step))


def test_a_series_is_a_picture_as_well_with_its_line(reading) -> None:
    asked = {"country": "AFG", "measure": "killed", "from": "2021-05", "to": "2021-09"}
    svg = published(reading, "/v1/series.svg", **asked).text
    assert 'aria-roledescription="line mark"' in svg
    assert "No incident matches" not in svg
    png = published(reading, "/v1/series.png", **asked).content
    width, _, colours = pixels(png)
    assert width == pytest.approx(size_of(svg)[0] * SHARP, abs=1)
    assert len(set(colours)) > 50


@each_chart
def test_what_is_hard_to_draw_is_drawn(chart, casus: Casus, client) -> None:
    report_odd_incidents(casus)
    svg = published(client, "/v1/incidents.svg", chart=chart).text
    assert "NaN" not in svg
    assert "undefined" not in svg
    if chart == "timeline":
        for shown in ("He said", "=cmd()", "@SUM(1+1)", "هجوم على نقطة حدودية", "&lt;script&gt;"):
            assert shown in svg


@each_chart
def test_nothing_is_a_picture_that_says_so(chart, reading) -> None:
    svg = published(reading, "/v1/incidents.svg", chart=chart, q="zzz").text
    assert ">No incident matches<" in svg
    png = published(reading, "/v1/incidents.png", chart=chart, q="zzz").content
    assert pixels(png)[0] == pytest.approx(size_of(svg)[0] * SHARP, abs=1)


def test_a_position_is_drawn_the_same_for_ever(chronicle: Casus, client) -> None:
    address = f"/v1/countries/AFG/timeline.svg?position={chronicle.reader.head}"
    before = client.get(address)
    assert "immutable" in before.headers["cache-control"]
    chronicle.desk.report_incident(an_account(), CALLER)
    assert client.get(address).content == before.content


# days


def test_a_chart_is_the_same_whatever_was_drawn_before(casus: Casus, client) -> None:
    named = 'clip-path="url(#clip7)"'
    casus.desk.report_incident(an_account(title=named), CALLER)
    for chart in ("timeline", "map"):
        first = client.get(f"/v1/incidents.svg?chart={chart}&position=1").text
        again = client.get(f"/v1/incidents.svg?position=1&chart={chart}").text
        assert again == first
        used = re.findall(r'<g [^<>]*clip-path="url\(#([^)]*)\)"', first)
        assert set(used) == set(re.findall(r'<clipPath id="([^"]*)"', first))
        assert (named in first) == (chart == "timeline")


def dots(svg: str) -> dict[str, float]:
    """Where the dot of an incident is, in pixels from the left of the plot, by its date."""
    found = re.findall(
        r'<path aria-label="[^"(]* \(([^,]*), attack\)"[^>]*?translate\(([\d.]+)', svg
    )
    return {date: float(x) for date, x in found}


def axis_of(svg: str) -> float:
    """Pixels from the first day's beginning to the last one's end."""
    found = re.search(r'class="mark-rule role-axis-domain"[^>]*><line [^>]*x2="([\d.]+)"', svg)
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_a_day_is_drawn_in_its_middle_whatever_the_time_zone(
    zone, casus: Casus, client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in ("2021-06-01", "2021-06-22", "2021-06-30"):
        casus.desk.report_incident(an_account(occurred=day), CALLER)
    DRAWER.close()
    monkeypatch.setenv("TZ", zone)
    svg = published(client, "/v1/incidents.svg", **{"from": "2021-06-01", "to": "2021-06-30"}).text
    DRAWER.close()
    day = axis_of(svg) / 30
    assert dots(svg) == {
        "2021-06-01": pytest.approx(0.5 * day, abs=0.01),
        "2021-06-22": pytest.approx(21.5 * day, abs=0.01),
        "2021-06-30": pytest.approx(29.5 * day, abs=0.01),
    }


HOLLOW = pytest.mark.parametrize(
    ("occurred", "hollow"),
    [
        ("2021-06-02", False),
        ("2021-06-02T19:00+05:00/2021-06-03T09:00:30Z", False),
        ("2021-06-02T19:00Z", False),
        ("2021-06/2021-08", True),
        ("2021-06-02/", True),
        ("/2021-06-02", True),
        ("2021-06-02/..", True),
        ("-0043-03-15/2021-06-02", False),
        ("2021-06-02~", True),
        ("2021-06-02?", True),
        ("2021-06-02/2021-06-09", False),
        ("2021-06", True),
        ("2021-06-0X", True),
        ("[2021-06-02..2021-06-09]", True),
        ("2021-06-02~/2021-06-09", True),
    ],
)


@HOLLOW
def test_a_date_that_is_uncertain_is_hollow(occurred, hollow, casus: Casus, client) -> None:
    casus.desk.report_incident(an_account(occurred=occurred, published="2021-07-31"), CALLER)
    asked = {"from": "2021-06-01", "to": "2021-06-30"}
    svg = published(client, "/v1/incidents.svg", **asked).text
    marks = re.findall(r'<path aria-label="Attack [^>]*>', svg)
    assert {'fill-opacity="0.12"' in mark for mark in marks} == {hollow}


@HOLLOW
def test_charts_and_vis_are_of_one_mind_about_what_is_uncertain(occurred, hollow) -> None:
    assert is_certain(occurred) is not hollow


@pytest.mark.parametrize(
    ("last", "labels"),
    [
        (22, ["22 Jun 2021", "23 Jun 2021"]),
        (23, ["22 Jun 2021", "23 Jun 2021", "24 Jun 2021"]),
        (24, ["22 Jun 2021", "23 Jun 2021", "24 Jun 2021", "25 Jun 2021"]),
    ],
)
def test_an_axis_of_few_days_names_each_once(last, labels, casus: Casus, client) -> None:
    casus.desk.report_incident(an_account(occurred="2021-06-22", published="2021-07-31"), CALLER)
    asked = {"from": "2021-06-22", "to": f"2021-06-{last}"}
    svg = published(client, "/v1/incidents.svg", **asked).text
    assert re.findall(r">(\d+ Jun 2021)</text>", svg) == labels
    series = published(client, "/v1/series.svg", interval="day", **asked).text
    named = re.findall(r">(\d+ Jun 2021)</text>", series)
    assert named == sorted(set(named))


def test_what_is_open_or_beyond_the_axis_has_a_triangle_there(casus: Casus, client) -> None:
    for day in ("../2021-06-10", "2021-06-20/..", "2021-05-30/2021-07-02", "2021-06-15"):
        casus.desk.report_incident(an_account(occurred=day, published="2021-07-31"), CALLER)
    asked = {"from": "2021-06-01", "to": "2021-06-30"}
    svg = published(client, "/v1/incidents.svg", **asked).text
    marks = re.findall(r'<path aria-label="Attack [^"(]* \(([^,]*), attack\)"', svg)
    assert sorted(marks) == sorted(
        ["../2021-06-10"] * 2
        + ["2021-06-20/.."] * 2
        + ["2021-05-30/2021-07-02"] * 3
        + ["2021-06-15"]
    )


# maps


@given(
    st.lists(
        st.tuples(st.floats(-89, 89), st.floats(-180, 180)), min_size=1, max_size=20, unique=True
    )
)
def test_every_place_lies_within_the_map(places) -> None:
    projection = fitted(places)
    for latitude, longitude in places:
        x, y = projection.at(latitude, longitude)
        assert -0.01 <= x <= 1_080.01
        assert -0.01 <= y <= projection.height + 0.01


def test_a_map_across_the_antimeridian_is_as_small_as_one_elsewhere() -> None:
    across, elsewhere = (
        fitted([(-17.5, 179.9), (-17.5, -179.9)]),
        fitted([(-17.5, 0), (-17.5, 0.2)]),
    )
    assert across.scale == pytest.approx(elsewhere.scale)


@given(st.floats(-180, 180), st.floats(-85, 80), st.floats(1, 60), st.floats(1, 5))
def test_outlines_stay_within_their_part_and_are_closed(west, south, across, up) -> None:
    part = Part(west, south, west + across, south + up)
    for feature in outlines(part, fine=False):
        for polygon in feature["geometry"]["coordinates"]:
            for ring in polygon:
                assert ring[0] == ring[-1]
                for x, y in ring:
                    assert part.west - 0.01 <= x <= part.east + 0.01
                    assert part.south - 0.01 <= y <= part.north + 0.01


@pytest.mark.parametrize("fine", [True, False])
def test_land_is_where_it_is(fine) -> None:
    assert outlines(Part(65, 33, 66, 34), fine=fine)  # Afghanistan
    assert not outlines(Part(-30, 30, -29, 31), fine=fine)  # the Atlantic
    for west in (177.5, -182.5):  # Vanua Levu, from either side of the antimeridian
        assert outlines(Part(west, -17.5, west + 3, -16), fine=True)
    assert outlines(Part(0, -89, 1, -88), fine=fine)  # Antarctica


# the process


def test_a_process_is_started_when_a_chart_is_wanted_and_ended_when_it_is_closed(drawer) -> None:
    assert not children()
    assert drawer.draw(SIMPLE, "svg").startswith(b"<svg")
    (first,) = children()
    assert drawer.draw(SIMPLE, "png").startswith(b"\x89PNG")
    assert children() == [first]
    drawer.close()
    assert not children()
    assert drawer.draw(SIMPLE, "svg")


def test_a_process_that_died_is_started_again(drawer) -> None:
    drawer.draw(SIMPLE, "svg")
    (first,) = children()
    first.kill()
    with pytest.raises(NotDrawn, match="came to an end"):
        drawer.draw(SIMPLE, "svg")
    assert drawer.draw(SIMPLE, "svg")


def test_a_process_that_hangs_is_ended_and_started_again() -> None:
    drawer = Drawer(deadline=20)
    drawer.draw(SIMPLE, "svg")
    drawer.deadline = 0.2
    (first,) = children()
    first.suspend()
    with pytest.raises(NotDrawn, match=r"took longer than 0\.2 seconds"):
        drawer.draw(SIMPLE, "svg")
    assert not children()
    drawer.deadline = 20
    assert drawer.draw(SIMPLE, "svg")
    drawer.close()


def test_a_process_that_draws_nothing_is_ended() -> None:
    drawer = Drawer(idle=0.05)
    drawer.draw(SIMPLE, "svg")
    until(lambda: not children())
    assert drawer.draw(SIMPLE, "svg")
    drawer.close()


def test_one_chart_is_drawn_at_a_time_and_more_than_a_few_do_not_wait(drawer) -> None:
    drawer.draw(SIMPLE, "svg")
    (process,) = children()
    process.suspend()
    drawn: list[bytes] = []
    waiting = [
        threading.Thread(target=lambda: drawn.append(drawer.draw(SIMPLE, "svg")))
        for _ in range(WAITING)
    ]
    for thread in waiting:
        thread.start()
    until(lambda: drawer.is_full)
    with pytest.raises(NotDrawn, match="too many"):
        drawer.draw(SIMPLE, "svg")
    process.resume()
    for thread in waiting:
        thread.join()
    assert len(drawn) == WAITING
    assert children() == [process]


def test_nothing_is_fetched_to_draw_a_chart(drawer) -> None:
    address = {"data": {"url": "http://127.0.0.1:9/data.csv"}, "mark": "bar"}
    with pytest.raises(NotDrawn):
        drawer.draw(orjson.dumps(address).decode(), "svg")
    assert drawer.draw(SIMPLE, "svg")


def test_a_chart_that_is_not_drawn_is_a_problem_and_the_next_one_is_there(client) -> None:
    published(client, "/v1/incidents.svg", q="a")
    (process,) = children()
    process.kill()
    refused = client.get("/v1/incidents.svg?q=b")
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/chart-not-drawn")
    assert refused.headers["retry-after"]
    assert published(client, "/v1/incidents.svg", q="b")


def test_a_server_stays_small_and_leaves_no_process_behind(home: Path) -> None:
    with serving(home) as server:
        for chart in CHARTS:
            assert server.get(f"/v1/incidents.png?chart={chart}").status_code == 200
        process = psutil.Process(server.process.pid)
        (drawing,) = children(process)
        assert process.memory_info().rss < MEMORY
        assert not any("vl_convert" in each.path for each in process.memory_maps())
        server.end(signal.SIGINT)
        until(lambda: not drawing.is_running())


def test_a_server_that_is_killed_leaves_no_process_behind(home: Path) -> None:
    with serving(home) as server:
        assert server.get("/v1/incidents.svg").status_code == 200
        (drawing,) = children(psutil.Process(server.process.pid))
        server.process.kill()
        until(lambda: not drawing.is_running())


def test_who_imports_the_table_of_formats_imports_no_engine() -> None:
    assert loaded("import service.publishing.formats", ["vl_convert"]) == []


@pytest.mark.parametrize("chart", ["timeline", "map"])
def test_code_points_that_are_no_characters_keep_no_chart_from_being_drawn(chart, casus, client):
    casus.desk.report_incident(an_account(title="An \ufffe odd \uffff title"), CALLER)
    drawn = published(client, "/v1/incidents.svg", chart=chart, q="odd")
    assert "<svg" in drawn.text
    assert published(client, "/v1/incidents.svg", chart=chart, q="a\uffff").text.startswith("<svg")
