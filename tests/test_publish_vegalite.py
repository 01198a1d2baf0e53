"""Charts as Vega-Lite: valid to Altair, drawn from the CSV that they name as from the rows inside."""

from __future__ import annotations

import re
import warnings
from typing import Any

import altair
import orjson
import pytest
import vl_convert

from domain.values import Participant
from domain.vocabulary import ParticipantRole
from service.bootstrap import Casus
from service.imports.formats.ucdp_ged import FORMAT as GED
from service.publishing.chart_worker import VEGA_LITE
from tests.conftest import CALLER, a_profile, an_account
from tests.publishing import ODD_TITLES, import_ged, published, report_odd_incidents

Json = dict[str, Any]

CHARTS = ("timeline", "map", "series")
INCIDENTS = ("/v1/countries/AFG/timeline", "/v1/actors/taliban/timeline", "/v1/incidents")
SERIES = (
    {"country": "AFG", "measure": "killed", "from": "2021-05", "to": "2021-09"},
    {"group_by": "type", "interval": "year"},
    {"group_by": "actor", "measure": "killed", "interval": "year"},
    {"q": "zzz"},
)

each_chart = pytest.mark.parametrize("chart", CHARTS)


def specification(client: Any, path: str, **parameters: Any) -> Json:
    answer = published(client, f"{path}.vl.json", **parameters)
    assert answer.headers["content-type"] == "application/vnd.vegalite.v6+json"
    made: Json = answer.json()
    return made


def with_data(client: Any, chart: Json) -> str:
    """The chart, drawn from what its address answers with."""
    address = chart["data"].pop("url").removeprefix("http://testserver")
    data = client.get(address)
    assert "immutable" in data.headers["cache-control"]
    chart["data"]["values"] = data.text
    return drawn(chart)


def drawn(chart: Json) -> str:
    return vl_convert.vegalite_to_svg(chart, vl_version=VEGA_LITE, allowed_base_urls=[])


def without_ids(svg: str) -> str:
    return re.sub(r'"(clip|gradient)_?\d+"|#clip\d+', "", svg)


@pytest.fixture
def odd(casus: Casus, client) -> Any:
    """A client of a store with incidents that are hard to draw."""
    report_odd_incidents(casus)
    return client


# what Altair and Vega take


@each_chart
@pytest.mark.parametrize("path", INCIDENTS)
def test_a_chart_is_what_altair_takes(path, chart, reading) -> None:
    spec = specification(reading, path, chart=chart)
    assert spec["$schema"] == altair.SCHEMA_URL
    altair.Chart.from_dict(spec).to_dict()


@pytest.mark.parametrize("asked", SERIES)
def test_a_chart_of_series_is_what_altair_takes(asked, reading) -> None:
    altair.Chart.from_dict(specification(reading, "/v1/series", **asked)).to_dict()


@each_chart
def test_what_is_hard_to_draw_is_what_altair_takes(chart, odd) -> None:
    altair.Chart.from_dict(specification(odd, "/v1/incidents", chart=chart)).to_dict()


@each_chart
@pytest.mark.parametrize("path", INCIDENTS)
def test_the_csv_that_a_chart_names_draws_the_same_as_the_rows_inside(path, chart, reading) -> None:
    from_csv = with_data(reading, specification(reading, path, chart=chart))
    inside = published(reading, f"{path}.svg", chart=chart).text
    assert without_ids(from_csv) == without_ids(inside)


@each_chart
def test_odd_titles_and_days_draw_the_same_from_the_csv(chart, odd) -> None:
    from_csv = with_data(odd, specification(odd, "/v1/incidents", chart=chart))
    inside = published(odd, "/v1/incidents.svg", chart=chart).text
    assert without_ids(from_csv) == without_ids(inside)


@pytest.mark.parametrize("asked", SERIES)
def test_the_csv_of_a_series_draws_the_same_as_the_rows_inside(asked, reading) -> None:
    from_csv = with_data(reading, specification(reading, "/v1/series", **asked))
    inside = published(reading, "/v1/series.svg", **asked).text
    assert without_ids(from_csv) == without_ids(inside)


@each_chart
def test_a_dataset_draws_the_same_from_the_csv(chart, casus: Casus, client) -> None:
    import_ged(casus)
    from_csv = with_data(client, specification(client, "/v1/incidents", chart=chart))
    inside = published(client, "/v1/incidents.svg", chart=chart).text
    assert without_ids(from_csv) == without_ids(inside)


# the address of the data


@each_chart
def test_the_data_of_a_chart_is_at_an_address_that_never_changes(
    chart, chronicle: Casus, client
) -> None:
    before = specification(client, INCIDENTS[0], chart=chart, type="attack")
    address = before["data"]["url"]
    assert address == (
        f"http://testserver{INCIDENTS[0]}.csv?type=attack&position={chronicle.reader.head}"
    )
    data = client.get(address).content
    chronicle.desk.report_incident(an_account(), CALLER)
    assert client.get(address).content == data
    kept = specification(
        client, INCIDENTS[0], chart=chart, type="attack", position=before_position(address)
    )
    assert kept == before


def before_position(address: str) -> int:
    return int(address.rpartition("=")[2])


def test_a_timeline_is_the_chart_of_incidents_unless_another_is_asked_for(reading) -> None:
    default = specification(reading, "/v1/incidents")
    asked = specification(reading, "/v1/incidents", chart="timeline")
    assert default == asked


# what is said


@each_chart
def test_a_chart_says_what_it_shows_as_of_when_and_whose_data_it_is(chart, reading) -> None:
    asked = {"from": "2021-05", "to": "2021-06", "reported_by": "2021-07-31", "type": "fighting"}
    spec = specification(reading, INCIDENTS[0], chart=chart, **asked)
    title, subtitle = (" ".join(spec["title"][part]) for part in ("text", "subtitle"))
    footer = " ".join(spec["vconcat"][0]["title"]["text"])
    assert title.startswith("Afghanistan, 2021-05 to 2021-06")
    assert re.search(r"\d+ incidents.*type: fighting", subtitle)
    assert "position 67" in subtitle
    assert "as reported by 2021-07-31" in subtitle
    assert "Data: Afghanistan and its neighbours, summer 2021 (CC BY 4.0" in footer


def test_a_chart_does_not_say_again_how_its_title_is_narrowed(reading) -> None:
    asked = {"q": "border", "country": "AFG", "actor": "taliban"}
    incidents = specification(reading, "/v1/incidents", **asked)["title"]
    assert incidents["text"] == ["All incidents, border: timeline"]
    assert incidents["subtitle"][0].endswith("; country: AFG; actor: taliban")
    series = specification(reading, "/v1/series", **asked)["title"]
    assert series["text"] == ["Incidents, Afghanistan, taliban, by month"]
    assert series["subtitle"][0] == "q: border"


@pytest.mark.parametrize(
    ("path", "chart"), [("/v1/incidents", {"chart": "map"}), ("/v1/series", {})]
)
def test_a_chart_credits_those_whose_incidents_it_shows(path, chart, chronicle, client) -> None:
    import_ged(chronicle)

    def credited(**asked: Any) -> str:
        notes = specification(client, path, **asked, **chart)["vconcat"][0]["title"]["text"]
        return " ".join(notes).partition("Data: ")[2]

    of_chronicle, of_ged = "Afghanistan and its neighbours, summer 2021", GED.dataset.title
    assert of_chronicle in credited()
    assert of_ged in credited()
    assert of_ged not in credited(q="Sherkhan")
    assert of_chronicle in credited(q="Sherkhan")
    assert of_ged in credited(**{"from": "2006", "to": "2016"})
    assert of_chronicle not in credited(**{"from": "2006", "to": "2016"})
    assert credited(q="zzz") == ""


@each_chart
def test_nothing_is_a_chart_that_says_so(chart, reading) -> None:
    spec = specification(reading, INCIDENTS[0], chart=chart, q="zzz")
    altair.Chart.from_dict(spec).to_dict()
    assert "No incident matches" in with_data(reading, spec)


def test_incidents_without_coordinates_are_counted_below_the_title_of_a_map(reading) -> None:
    shown = [entry["place"] for entry in reading.get("/v1/incidents").json()["items"]]
    nowhere = sum(place is None or place["latitude"] is None for place in shown)
    spec = specification(reading, "/v1/incidents", chart="map")
    assert (
        f"{len(shown)} incidents; {nowhere} without coordinates are not shown"
        in spec["title"]["subtitle"]
    )
    circles = with_data(reading, spec).count('aria-roledescription="circle"')
    assert circles == len(
        {(p["latitude"], p["longitude"]) for p in shown if p and p["latitude"] is not None}
    )


PAIRS = tuple(f"{'a' * before}{each * 240}" for each in "\U0001f54a\U0001d54e" for before in (0, 1))
"""Titles of characters that JavaScript holds as two, which may be cut at an even or at an odd place."""


def test_any_title_is_drawn_within_the_chart(casus: Casus, client) -> None:
    for title in [*ODD_TITLES, "W" * 500, "=" * 500, "漢字" * 250, *PAIRS]:
        casus.desk.report_incident(an_account(title=title), CALLER)
    svg = published(client, "/v1/incidents.svg").text
    assert "<script" not in svg
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", svg)
    width = re.search(r'<svg [^>]*width="([\d.]+)"', svg)
    assert width is not None
    assert float(width[1]) < 1_130  # a title that ran over would make it wider


@pytest.mark.parametrize("name", PAIRS)
def test_any_name_of_an_actor_is_drawn(name, casus: Casus, client) -> None:
    for slug, called in (("one", name), ("two", name), ("three", "A short name")):
        casus.desk.register_actor(a_profile(id=slug, name=called[:200]), CALLER)
        part = Participant(actor=slug, role=ParticipantRole.SIDE_A)
        casus.desk.report_incident(an_account(participants=(part,)), CALLER)
    svg = published(client, "/v1/series.svg", group_by="actor").text
    assert "A short name" in svg
    assert "(one)" in svg  # two that are called the same are told apart
    assert "(two)" in svg
    assert published(client, "/v1/actors/one/timeline.svg")


def test_a_word_without_end_is_wrapped_and_cut_in_the_title_of_a_chart(reading) -> None:
    spec = specification(reading, "/v1/incidents", q="W" * 499)
    assert len(spec["title"]["text"]) == 2
    assert all(len(line) <= 110 for line in spec["title"]["text"])


# bounds


def test_more_incidents_than_can_be_told_apart_are_refused_with_what_to_do(
    many: Any,
) -> None:
    for suffix in ("vl.json", "svg", "png"):
        refused = many.get(f"/v1/incidents.{suffix}")
        assert refused.status_code == 400
        assert refused.json()["type"] == "/problems/bad-parameter"
        for hint in ("narrow the window", "limit", "chart=series"):
            assert hint in refused.json()["detail"]
    assert many.get("/v1/incidents/embed?chart=timeline").status_code == 400


@pytest.mark.parametrize("asked", [{"limit": 2_000}, {"chart": "map"}, {"chart": "series"}])
def test_what_a_refusal_says_to_do_helps(asked, many: Any) -> None:
    altair.Chart.from_dict(specification(many, "/v1/incidents", **asked)).to_dict()
    assert published(many, "/v1/incidents/embed", **asked)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A client of a store with one incident more than a timeline shows, on a few days."""
    from service.api.app import create_app
    from service.bootstrap import open_casus
    from service.chronicles import load_chronicle, parse_chronicle
    from service.settings import Settings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient
    incident = {
        "title": "An attack",
        "type": "attack",
        "source": {"name": "A newspaper", "published": "2021-08-01"},
    }
    chronicle = {
        "format": "casus-chronicle/1",
        "dataset": "many",
        "title": "Many incidents",
        "license": "CC0",
        "incidents": [
            {
                "key": f"incident-{number}",
                "accounts": [
                    {
                        **incident,
                        "occurred": f"2021-06-{number % 28 + 1:02d}",
                        "place": {"name": "A place", "latitude": number % 40, "longitude": 60.5},
                    }
                ],
            }
            for number in range(2_001)
        ],
    }
    store = open_casus(Settings(CASUS_HOME=tmp_path_factory.mktemp("many"), _env_file=None))
    load_chronicle(parse_chronicle(orjson.dumps(chronicle)), store.log, store.desk, by="test")
    with TestClient(create_app(store)) as opened:
        yield opened


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "geojson", "parquet"])
def test_only_charts_take_the_name_of_a_chart(suffix, asked) -> None:
    refused = asked.get(f"/v1/incidents.{suffix}?chart=map")
    assert (refused.status_code, refused.json()["faults"][0]["path"]) == (400, "$.chart")


def test_an_unknown_chart_is_refused_with_those_that_there_are(asked) -> None:
    refused = asked.get("/v1/incidents.svg?chart=pie")
    assert refused.status_code == 400
    assert "'timeline', 'map' or 'series'" in refused.json()["detail"]
