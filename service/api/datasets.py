"""``/v1/datasets``: the datasets that incidents were loaded from, with their licences and citations."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from service.api.answers import Answer
from service.api.context import casus_of, moment_of, no_such_dataset
from service.api.documents import (
    NOT_MODIFIED,
    DatasetAnswer,
    DatasetsAnswer,
    problem_responses,
)
from service.api.parameters import Clocks
from service.api.routing import ReadRoute

router = APIRouter(prefix="/v1/datasets", tags=["datasets"], route_class=ReadRoute)

Dataset = Annotated[
    str,
    Path(
        description="The dataset's id, as `datasets` of an incident has it.",
        openapi_examples={"the chronicle of 2021": {"value": "afghanistan-2021"}},
    ),
]


@router.get(
    "",
    summary="All datasets",
    responses={
        200: {"model": DatasetsAnswer, "description": "All datasets, by id."},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter"),
    },
)
def list_datasets(request: Request, query: Annotated[Clocks, Query()]) -> Response:
    """Every dataset of which anything was taken in by a position, with the incidents that have it."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    answer = Answer(request, moment, fixed=query.fixed)
    if unchanged := answer.not_modified():
        return unchanged
    items = b",".join(casus.reader.datasets.all(moment))
    return answer.of(b'%b,"items":[%b]}' % (orjson.dumps(moment.fields)[:-1], items))


@router.get(
    "/{dataset}",
    summary="A dataset",
    responses={
        200: {"model": DatasetAnswer, "description": "The dataset."},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "unknown-dataset"),
    },
)
def get_dataset(request: Request, query: Annotated[Clocks, Query()], dataset: Dataset) -> Response:
    """Whose a dataset is, on what terms it may be used, and which releases of it were taken in."""
    casus = casus_of(request)
    moment = moment_of(casus, query)
    found = casus.reader.datasets.get(dataset, moment)
    if found is None:
        raise no_such_dataset(casus, dataset, moment.position)
    answer = Answer(request, moment, fixed=query.fixed)
    head = orjson.dumps(moment.fields)[:-1]
    return answer.not_modified() or answer.of(b'%b,"dataset":%b}' % (head, found))
