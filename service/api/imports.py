"""``/v1/imports``: files of datasets and tables, taken in by a process of their own.

What is sent is kept, and answered with a job before it is looked at. A job is state, not record: it changes
until it is over, and its address is not permanent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

from eventsourcing.persistence import PersistenceError
from fastapi import APIRouter, Path, Query
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from domain.checks import Faulty
from service.access.roles import Role, needs
from service.api.answers import as_it_stands, url_of
from service.api.context import bad_parameter, casus_of
from service.api.documents import NOT_MODIFIED, header_references, problem_responses
from service.api.import_body import BODY
from service.api.problems import Problem
from service.api.routing import Handler, Route, StateRoute, parse_query
from service.api.uploads import MULTIPART, Received, receive
from service.api.writing import IdempotencyKey, author_of, idempotency_key_of, named_by
from service.imports.crosswalk import read_rows
from service.imports.formats.table_reading import read_mapping
from service.imports.jobs.documents import CHRONICLE, TABLE, ImportJob, ImportQuery, ImportUpload
from service.imports.jobs.queue import Queue
from service.imports.jobs.store import MOST_WAITING, REJECTED, Imports, Kept
from service.imports.rejects import COLUMNS
from service.recording import KeyReused
from service.views.projector import ProjectionStopped

CSV = "text/csv"

_JOB = TypeAdapter(ImportJob)
_JOBS = TypeAdapter(list[ImportJob])

ImportId = Annotated[
    str, Path(description="The import's id.", json_schema_extra={"format": "uuid"})
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportsAnswer:
    """The imports that are kept, the newest first."""

    items: tuple[ImportJob, ...]


class UploadRoute(Route):
    """A write that reads its body itself: ``await endpoint(request, query, idempotency_key)``."""

    def get_route_handler(self) -> Handler:
        """The handler."""
        endpoint: Any = self.endpoint

        async def handle(request: Request) -> Response:
            query = parse_query(ImportQuery, request.scope["query_string"])
            response: Response = await endpoint(request, query, idempotency_key_of(request))
            return response

        return handle


router = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=StateRoute)
writes = APIRouter(prefix="/v1/imports", tags=["imports"], route_class=UploadRoute)

_HEADERS = header_references("Casus-Position", "ETag", "Cache-Control")


@asynccontextmanager
async def importing(queue: Queue) -> AsyncIterator[None]:
    """Carry out what is waiting for as long as the context lasts."""
    queue.start()
    try:
        yield
    finally:
        await run_in_threadpool(queue.stop)


@writes.post(
    "",
    status_code=202,
    summary="Import a file",
    openapi_extra={"requestBody": BODY},
    responses={
        202: {
            "model": ImportJob,
            "description": "Kept, and to be imported: the job, which is found at Location.",
            "links": {
                "import": {
                    "operationId": "get_import",
                    "parameters": {"import_id": "$response.body#/id"},
                },
            },
        },
        **problem_responses(
            "invalid-body",
            "bad-parameter",
            "bad-header",
            "body-too-large",
            "body-too-slow",
            "unsupported-media-type",
            "idempotency-key-reused",
            "projection-stopped",
            "busy",
        ),
    },
)
@needs(Role.ADMIN)
async def start_import(
    request: Request,
    query: Annotated[ImportQuery, Query()],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take in a file of a dataset or a table; what was imported before is not recorded again.

    The answer says that it is kept. Follow its Location until the job is `done` or `failed`: imports are
    carried out one after the other, and a service that is stopped goes on with them when it starts.
    """
    imports = _imports_of(request)
    casus_of(request).projector.check()
    if len(await run_in_threadpool(imports.waiting)) >= MOST_WAITING:
        raise Problem("busy", f"{MOST_WAITING} imports are waiting", headers={"Retry-After": "60"})
    with imports.incoming() as folder:
        most = casus_of(request).settings.max_import
        received = await receive(request, folder, most)
        kept = await run_in_threadpool(_kept, request, query, idempotency_key, received)
        job = await run_in_threadpool(imports.add, folder, kept)
    request.app.state.queue.wake()
    return Response(
        _JOB.dump_json(job),
        status_code=202,
        media_type="application/json",
        headers={"Location": f"{url_of(request)}/{job.id}", "Cache-Control": "no-store"},
    )


@router.get(
    "",
    summary="All imports",
    responses={
        200: {
            "model": ImportsAnswer,
            "description": "Those that wait or run, and the newest that are over.",
            "headers": _HEADERS,
        },
        **NOT_MODIFIED,
        **problem_responses("bad-parameter"),
    },
)
@needs(Role.ADMIN)
def list_imports(request: Request) -> Response:
    """The imports that were sent over HTTP, the newest first."""
    jobs = _imports_of(request).all()
    return _answer(request, jobs, b'{"items":%b}' % _JOBS.dump_json(jobs))


@router.get(
    "/{import_id}",
    summary="An import",
    responses={
        200: {"model": ImportJob, "description": "The import.", "headers": _HEADERS},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "unknown-import"),
    },
)
@needs(Role.ADMIN)
def get_import(request: Request, import_id: ImportId) -> Response:
    """How far an import is, and what came of it. Once it is done, reads show what it has recorded."""
    job = _job_of(request, import_id)
    return _answer(request, [job], _JOB.dump_json(job))


class Csv(Response):
    """A table as RFC 4180 writes it."""

    media_type = CSV


@router.get(
    "/{import_id}/rejected",
    summary="The rows of an import that could not be taken in",
    response_class=Csv,
    responses={
        200: {
            "content": {CSV: {"schema": {"type": "string"}}},
            "description": "A line for each row: its line or number in the file, the column at fault, the"
            " reason, how the row begins, and of an archive which member it is of. None but the header"
            " if every row was taken in.",
            "headers": {},
        },
        **problem_responses("bad-parameter", "unknown-import", "import-not-over"),
    },
)
@needs(Role.ADMIN)
def rejected_rows(request: Request, import_id: ImportId) -> Response:
    """Which rows of a file could not be taken in, and why."""
    job = _job_of(request, import_id)
    if not job.is_over:
        raise Problem("import-not-over", f"the import is {job.state}", headers={"Retry-After": "1"})
    imports = _imports_of(request)
    path = imports.folder_of(job.id) / REJECTED
    headers = {"Cache-Control": "no-cache"}
    if not path.exists():
        none = f"{','.join(COLUMNS)}\r\n".encode()
        table = imports.rejected_elsewhere(job.id) or none
        return Response(table, media_type=CSV, headers=headers)
    return FileResponse(path, media_type=CSV, headers=headers, filename=f"{job.id}.rejected.csv")


def _imports_of(request: Request) -> Imports:
    imports: Imports = request.app.state.imports
    return imports


def _kept(request: Request, query: ImportQuery, key: str | None, received: Received) -> Kept:
    """The import of what was received. Raises `Problem`, `Faulty`, `KeyReused`."""
    mapping, crosswalk = (received.beside.get(part) for part in ("mapping", "crosswalk"))
    by = author_of(request)
    if mapping is None and query.format == TABLE:
        raise bad_parameter(
            "format",
            f"a table comes with its mapping: send {MULTIPART} with the parts file and mapping",
        )
    if mapping is not None:
        if query.format not in (None, TABLE):
            raise bad_parameter("format", f"a mapping is for a {TABLE}, not for {query.format}")
        try:
            read_mapping(mapping)
        except Faulty as faulty:
            raise Faulty(tuple(fault.within("mapping") for fault in faulty.faults)) from None
    if crosswalk is not None:
        if query.format == CHRONICLE:
            raise bad_parameter("format", "a chronicle says itself who is who; leave out crosswalk")
        read_rows(crosswalk, "crosswalk")
    name = key and named_by(by, key)
    casus = casus_of(request)
    if name and casus.log.request(name):
        raise KeyReused(name)  # by a request that has recorded something itself
    digest = sha256(f"POST /v1/imports\n{query.model_dump_json()}\n{received.sha256}\n".encode())
    for part, text in sorted(received.beside.items()):
        digest.update(f"{part} {sha256(text.encode()).hexdigest()}\n".encode())
    upload = ImportUpload(
        bytes=received.size,
        sha256=received.sha256,
        mapped=mapping is not None,
        crosswalked=crosswalk is not None,
    )
    created = casus.desk.recording(by).at
    return Kept(
        job=ImportJob(id="", state="queued", asked=query, upload=upload, created=created),
        by=by,
        key=name,
        fingerprint=digest.hexdigest(),
    )


def _job_of(request: Request, identifier: str) -> ImportJob:
    job = _imports_of(request).get(identifier)
    if job is None:
        raise Problem(
            "unknown-import", f"there is no import {identifier[:100]!r}, or none any more"
        )
    return job


def _answer(request: Request, jobs: list[ImportJob], body: bytes) -> Response:
    """The answer that shows jobs; what those that are done have recorded can be read from now on."""
    casus = casus_of(request)
    if any(job.position and job.position > casus.reader.head for job in jobs):
        # Another process has brought the timelines up, maybe in a file that this one has yet to turn to.
        with suppress(ProjectionStopped, PersistenceError):
            casus.projector.catch_up()
    return as_it_stands(request, casus.reader.moment(), body)
