"""The pages beside the API: where to begin, the interactive documentation, the problems explained."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

import orjson
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from service.access.headers import documenting
from service.access.roles import Door, needs
from service.api.context import casus_of
from service.api.contract import contract
from service.api.problems import PROBLEMS, Problem, problems_page

LINKS = (
    ("/v1/countries/AFG/timeline?from=2021-05-01&to=2021-06-23", "Afghanistan, May and June 2021"),
    ("/v1/actors/taliban/timeline", "The Taliban's timeline"),
    ("/v1/incidents?q=Sherkhan", "What is recorded of Sherkhan Bandar"),
)
"""What is worth opening in a store that holds the chronicle of 2021."""

_START = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Casus</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1.05rem/1.6 Georgia, serif; max-width: 40rem; margin: 12vh auto 4rem; padding: 0 1.2rem; }}
  h1 {{ font-size: 2.6rem; margin: 0; letter-spacing: -0.02em; }}
  p.lead {{ margin-top: 0.2rem; opacity: 0.75; }}
  ul {{ padding-left: 1.1rem; }}
  a {{ color: inherit; text-decoration-color: #c0392b; text-underline-offset: 0.2em; }}
  footer {{ margin-top: 3rem; font-size: 0.85rem; opacity: 0.65; }}
</style>
</head>
<body>
<h1>Casus</h1>
<p class="lead">What happened, what was reported, and what was known when.</p>
<ul>{links}</ul>
<p><a href="/docs">The API, to try out</a> · <a href="/openapi.json">its contract</a> ·
<a href="/v1/countries">all countries</a> · <a href="/v1/actors">all actors</a> ·
<a href="/problems">problems explained</a></p>
<p>All incidents as <a href="/v1/incidents.csv">a table</a>,
<a href="/v1/incidents/embed?chart=map">a map</a>, <a href="/v1/incidents.ics">a calendar</a>,
<a href="/v1/incidents.atom">a feed</a>, or <a href="/ogc">in a GIS</a>.</p>
<footer>{stands}</footer>
</body>
</html>
"""


def add_pages(app: FastAPI) -> None:
    """Add the pages, none of which is part of the contract."""

    @cache
    def document() -> bytes:
        """The contract, written for whoever asks for it first: that takes as long as to start does."""
        return orjson.dumps(contract(app))

    @app.get("/", include_in_schema=False)
    @needs(Door.OPEN)
    def start(request: Request) -> Response:
        links = "".join(
            f'<li><a href="{escape(path)}">{escape(title)}</a></li>' for path, title in LINKS
        )
        casus = casus_of(request)
        is_open = casus.settings.reading == "open"
        stands = f"The log stands at position {casus.reader.head}." if is_open else ""
        return HTMLResponse(_START.format(links=links, stands=stands))

    @app.get("/openapi.json", include_in_schema=False)
    @needs(Door.OPEN)
    def openapi_json() -> Response:
        return Response(document(), media_type="application/json")

    # Swagger UI comes from an installed package, so that the page works without a network.
    assets = str(files("fastapi_swagger") / "resources")
    app.mount("/docs/assets", needs(Door.OPEN)(StaticFiles(directory=assets)))

    @app.get("/docs", include_in_schema=False)
    @needs(Door.OPEN)
    def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Casus API",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon-32x32.png",
        )
        page.headers.update(documenting(bytes(page.body)))
        return page

    @app.get("/problems/{name}", include_in_schema=False)
    @needs(Door.OPEN)
    def problem_type(name: str) -> Response:
        kind = PROBLEMS.get(name)
        if kind is None:
            raise Problem("not-found", f"there is no problem type {name[:100]!r}")
        return PlainTextResponse(f"{kind.title} ({kind.status})\n\n{kind.meaning}\n{kind.remedy}\n")

    @app.get("/problems", include_in_schema=False)
    @needs(Door.OPEN)
    def problem_types() -> Response:
        return PlainTextResponse(problems_page(), media_type="text/markdown")
