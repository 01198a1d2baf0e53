"""``/embed``: a page that any site may frame, with the chart, how to cite it and a way back."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from service.api import embeds
from service.bootstrap import Casus
from service.publishing import chart_timeline
from tests.conftest import CALLER, a_profile, an_account
from tests.missing import missing
from tests.processes import serving
from tests.publishing import ODD_TITLES, published

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
"""Names of the browser, whichever of them the machine has."""

EMBEDS = (
    "/v1/countries/AFG/timeline",
    "/v1/actors/taliban/timeline",
    "/v1/incidents",
    "/v1/series",
)

each_embed = pytest.mark.parametrize("path", EMBEDS)


class Page(HTMLParser):
    """What a page has in it: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def embedded(client: Any, path: str, **parameters: Any) -> Page:
    answer = published(client, f"{path}/embed", **parameters)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


# more than a timeline has room for


def test_a_page_that_is_embedded_goes_on_where_there_come_to_be_too_many(reading, monkeypatch):
    monkeypatch.setattr(embeds, "MOST", 30)
    monkeypatch.setattr(chart_timeline, "MOST", 30)
    (chart,) = embedded(reading, "/v1/countries/AFG/timeline").all("img")
    assert "chart=series" in str(chart["src"])
    assert ", series: 31 incidents" in str(chart["alt"])
    assert reading.get(str(chart["src"])).headers["content-type"].startswith("image/svg+xml")
    few = embedded(reading, "/v1/countries/AFG/timeline", limit=30).all("img")
    assert "chart=" not in str(few[0]["src"])
    asked = {"chart": "timeline"}
    refused = reading.get("/v1/countries/AFG/timeline/embed", params=asked)
    assert refused.status_code == 400


# the page


@each_embed
def test_a_page_shows_the_chart_of_its_position(path, reading) -> None:
    page = embedded(reading, path, reported_by="2021-08-31")
    (image,) = page.all("img")
    assert image["src"] == f"{path}.svg?reported_by=2021-08-31&position=67"
    chart = reading.get(image["src"])
    assert chart.headers["content-type"] == "image/svg+xml"
    assert "immutable" in chart.headers["cache-control"]
    assert image["alt"]


@each_embed
def test_a_page_says_how_to_cite_it_and_leads_back(path, reading) -> None:
    page = embedded(reading, path)
    cited = reading.get(f"{path}/cite").json()
    assert cited["citation"] in page.said
    links = {link["href"] for link in page.all("a")}
    assert {f"{path}?position=67", f"{path}/cite?position=67"} < links
    for link in page.all("a"):
        assert reading.get(link["href"]).status_code == 200
        assert (link["target"], link["rel"]) == ("_blank", "noopener")


@pytest.mark.parametrize("chart", ["timeline", "map", "series"])
def test_a_page_takes_the_parameters_of_the_chart_and_cites_its_data(chart, reading) -> None:
    asked = {"from": "2021-05-01", "to": "2021-06-23", "limit": 5}
    page = embedded(reading, EMBEDS[0], chart=chart, **asked)
    query = "from=2021-05-01&to=2021-06-23&limit=5"
    assert page.all("img")[0]["src"] == f"{EMBEDS[0]}.svg?chart={chart}&{query}&position=67"
    assert page.all("a")[0]["href"] == f"{EMBEDS[0]}?{query}&position=67"
    assert "5 incidents" in page.said


@each_embed
def test_any_site_may_frame_a_page_which_may_load_its_chart_and_nothing_else(path, reading) -> None:
    headers = reading.get(f"{path}/embed").headers
    assert "x-frame-options" not in headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert "frame-ancestors" not in policy
    assert policy["img-src"] == "'self'"
    assert "script-src" not in policy
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize("name", ODD_TITLES)
def test_whatever_an_actor_is_called_stays_text(name, casus: Casus, client) -> None:
    casus.desk.register_actor(a_profile(id="odd", name=name), CALLER)
    html = published(client, "/v1/actors/odd/timeline/embed").text
    page = Page(html)
    assert not page.all("script")
    assert name in page.said
    assert unescape(re.findall(r"<title>(.*?)</title>", html)[0]) == name


def test_a_search_stays_text(reading) -> None:
    page = embedded(reading, "/v1/incidents", q='"><script>alert(1)</script>')
    assert not page.all("script")
    assert len(page.all("img")) == 1


def test_the_page_of_a_position_never_changes(chronicle: Casus, client) -> None:
    address = f"{EMBEDS[0]}/embed?position={chronicle.reader.head}"
    before = client.get(address)
    assert "immutable" in before.headers["cache-control"]
    chronicle.desk.report_incident(an_account(), CALLER)
    assert client.get(address).content == before.content
    held = {"if-none-match": before.headers["etag"]}
    assert client.get(address, headers=held).status_code == 304


def test_a_name_of_an_actor_leads_to_its_page(reading) -> None:
    answer = reading.get("/v1/actors/Taliban/timeline/embed?chart=map", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith("/v1/actors/taliban/timeline/embed?chart=map")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/countries/XYZ/timeline/embed", 404),
        ("/v1/actors/nobody/timeline/embed", 404),
        ("/v1/incidents/embed?chart=pie", 400),
        ("/v1/incidents/embed?cursor=AAAA", 400),
        ("/v1/series/embed?chart=map", 400),
        ("/v1/series/embed?interval=day&from=0001&to=9999", 400),
    ],
)
def test_what_can_not_be_embedded_is_refused(path, status, asked) -> None:
    refused = asked.get(path)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"


# in a browser


@contextmanager
def browsing(**options: Any) -> Iterator[Any]:
    """A page of a real browser, and what it complains of."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        missing("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser.new_page(**options)
        finally:
            browser.close()


SITE = """<!doctype html><title>A site</title><body style="margin:0">
<iframe src="{}" style="width:{}px;height:900px;border:0" title="A timeline"></iframe>"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_a_browser_shows_the_chart_in_the_frame_of_another_site(
    width, scheme, home: Path, tmp_path: Path
) -> None:
    complaints: list[str] = []
    with (
        serving(home) as server,
        browsing(color_scheme=scheme, viewport={"width": width, "height": 900}) as page,
    ):
        page.on("console", lambda message: complaints.append(message.text))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        # Of another origin: a file.
        site = tmp_path / "site.html"
        address = f"{server.address}{EMBEDS[0]}/embed?from=2021-05-01&to=2021-06-30"
        site.write_text(SITE.format(address, width), encoding="utf-8")
        page.goto(site.as_uri())
        frame = page.frame_locator("iframe")
        frame.locator("img").wait_for()
        image = frame.locator("img").evaluate(
            "async img => { await img.decode();"
            " return [img.naturalWidth, img.getBoundingClientRect().width,"
            " getComputedStyle(img).filter, document.documentElement.scrollWidth] }"
        )
        shot = page.screenshot(path=tmp_path / "page.png")
    natural, shown, filtered, across = image
    assert natural > 1_000
    assert 900 < shown <= 1_200
    assert across <= width  # on a narrow one the chart scrolls, and not the page
    assert (filtered != "none") == (scheme == "dark")
    assert len(shot) > 20_000
    assert not complaints
