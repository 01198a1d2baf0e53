"""``casus serve`` with two routes more: one answers the bytes that were last put there, one sends a file.

    python -m tests.benchmarks.constant_server HOME

They stand first, so that finding them costs nothing, and are what FastAPI's users would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from service.api import app as api
from service.bootstrap import Casus
from service.cli import serving
from service.settings import Settings

PATH, FILE = "/bench/constant", "/bench/file"


def create_app(casus: Casus) -> FastAPI:
    """Casus's application and the route."""
    app = api.create_app(casus)
    app.state.constant = b""
    router = APIRouter()

    @router.put(PATH)
    async def put_constant(request: Request) -> Response:
        request.app.state.constant = await request.body()
        return Response(status_code=204)

    @router.get(PATH)
    async def get_constant(request: Request) -> Response:
        return Response(request.app.state.constant, media_type="application/json")

    @router.get(FILE)
    async def get_file(path: str) -> Response:
        return FileResponse(path)

    app.router.routes[:0] = router.routes
    return app


def main() -> None:
    """Serve the store on a free port."""
    serving.create_app = create_app  # type: ignore[attr-defined]
    settings = Settings(CASUS_HOME=Path(sys.argv[1]), HOST="127.0.0.1", PORT=0)
    serving.serve_store(settings, bundled=False)


if __name__ == "__main__":
    main()
