"""What every answer tells browsers, whatever it answers; and that the pages work under it."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.processes import serving
from tests.test_api_embeds import browsing

FRAMED = ("/v1/countries/UZB/timeline/embed", "/v1/incidents/embed?chart=map", "/v1/series/embed")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/livez"),
        ("GET", "/docs"),
        ("GET", "/docs/assets/swagger-ui.css"),
        ("GET", "/v1/countries"),
        ("HEAD", "/v1/countries"),
        ("GET", "/v1/incidents.csv"),
        ("GET", "/v1/incidents.svg?chart=map"),
        ("HEAD", "/v1/log/stream"),
        ("GET", "/v1/wars"),
        ("GET", "/v1/incidents?limit=0"),
        ("POST", "/v1/incidents"),
        ("PUT", "/v1/incidents"),
        ("OPTIONS", "/v1/incidents"),
        ("GET", "/v1/countries/" + "x" * 9_000),
        *(("GET", path) for path in FRAMED),
    ],
)
def test_every_answer_says_what_a_browser_may_do_with_it(method, path, asked: TestClient):
    for _ in range(2):  # the second may be one that is kept
        answer = asked.request(method, path, headers={"authorization": ""})
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        (policy,) = answer.headers.get_list("content-security-policy")
        assert "default-src 'none'" in policy
        assert "base-uri 'none'" in policy
        assert ("frame-ancestors 'none'" in policy) == (path not in FRAMED)
        scripts = "script-src" in policy
        assert scripts == (path == "/docs")
        assert "unsafe-eval" not in policy
        if scripts:
            assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


def test_pages_of_other_origins_can_read_what_was_wrong_with_a_key(asked: TestClient):
    answer = asked.post(
        "/v1/actors", headers={"origin": "https://map.example", "authorization": "Bearer x"}
    )
    exposed = answer.headers["access-control-expose-headers"]
    assert "WWW-Authenticate" in exposed
    assert "Retry-After" in exposed


def test_the_documentation_runs_under_its_policy(home):
    with serving(home) as server, browsing() as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path, shown in (("/docs", "Report an incident"), ("/ogc/api.html", "/collections")):
            page.goto(f"{server.address}{path}")
            page.get_by_text(shown).first.wait_for()
        page.goto(f"{server.address}/")
        assert page.locator("h1").inner_text() == "Casus"
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "640px"
    assert [each for each in said if "Content Security Policy" in each] == []


def test_no_other_site_may_frame_what_is_no_chart(home):
    with serving(home) as server, browsing() as page:
        for path, framed in (("/docs", False), ("/v1/series/embed", True)):
            page.set_content(f'<iframe src="{server.address}{path}"></iframe>')
            page.wait_for_load_state("networkidle")
            frame = page.frames[-1]
            assert (frame.locator("figure").count() == 1) == framed
