"""Revisions over HTTP: one kind of route for all of them, as they differ in their bodies alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body
from starlette.requests import Request
from starlette.responses import Response

from service.access.roles import Rule, needs
from service.api.bodies import REVISIONS
from service.api.documents import RECORDED_NOT_SHOWN, problem_responses
from service.api.writing import IdempotencyKey, IfMatch
from service.revisions import operation_of

Handler = Callable[[Request, str, Any, str | None, str], Response]
"""Takes the request, whose revision it is, the revision, the idempotency key and If-Match."""


def add_revision(
    router: APIRouter,
    path: str,
    kind: type[Any],
    handle: Handler,
    *,
    path_parameter: tuple[str, Any],
    answer: type[Any],
    unknown: str,
    rule: Rule,
) -> None:
    """Add the route of a revision: its body is the revision itself, its summary what that says it does."""
    subject, subject_type = path_parameter

    def endpoint(
        request: Request,
        body: Any,
        if_match: str,
        idempotency_key: str | None = None,
        **named: str,
    ) -> Response:
        return handle(request, named[subject], body, idempotency_key, if_match)

    name = operation_of(kind)
    annotations = {
        "request": Request,
        "body": Annotated[kind, Body(openapi_examples={"example": {"value": REVISIONS[name]}})],
        "if_match": IfMatch,
        "idempotency_key": IdempotencyKey,
        subject: subject_type,
    }
    endpoint.__name__ = name
    endpoint.__doc__ = inspect.getdoc(kind)
    endpoint.__annotations__ = {**annotations, "return": Response}
    # What FastAPI derives the contract from.
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                each,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=annotation,
                default=None if each == "idempotency_key" else inspect.Parameter.empty,
            )
            for each, annotation in annotations.items()
        ],
        return_annotation=Response,
    )
    router.post(
        path,
        status_code=201,
        summary=name.replace("_", " ").capitalize(),
        responses={
            201: {"model": answer, "description": "Recorded: what was revised, as it is now."},
            **RECORDED_NOT_SHOWN,
            **problem_responses(
                "invalid-body",
                "bad-parameter",
                "bad-header",
                "body-too-large",
                "body-too-slow",
                "unsupported-media-type",
                unknown,
                "conflict",
                "precondition-failed",
                "precondition-required",
                "idempotency-key-reused",
                "projection-stopped",
                "busy",
            ),
        },
    )(needs(rule)(endpoint))
