"""The committed contract: it is what the code says, it is valid, and the service keeps to it."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.api.problems import MEDIA_TYPE, PROBLEMS
from service.bootstrap import Casus
from service.chronicles import BUNDLED
from service.contract_files import (
    HOST,
    RECORDED_AT,
    ROOT,
    SUBSCRIPTION_ID,
    WRITES,
    contract_files,
    place_import,
    place_subscription,
)
from service.log.codec import Codec
from service.webhooks.store import SCHEMA
from tests.records import EXAMPLES as RECORD_EXAMPLES

Json = dict[str, Any]

OPENAPI = orjson.loads((ROOT / "openapi" / "openapi.json").read_bytes())
RECORDS = orjson.loads((ROOT / "openapi" / "records.schema.json").read_bytes())
CHRONICLE = orjson.loads((ROOT / "openapi" / "chronicle.schema.json").read_bytes())
EXAMPLES = orjson.loads((ROOT / "service" / "api" / "examples.json").read_bytes())

OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in OPENAPI["paths"].items()
    for method, operation in methods.items()
}

each_operation = pytest.mark.parametrize("name", OPERATIONS)


def validator(schema: Json, *, closed: bool = False) -> Draft202012Validator:
    """A validator of a schema of the contract; a closed one lets no undocumented field pass."""
    components = _closed(OPENAPI["components"]) if closed else OPENAPI["components"]
    return Draft202012Validator(
        {**schema, "components": components}, format_checker=FormatChecker()
    )


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(each) for name, each in part.items()}
    return {**closed, "additionalProperties": False} if "properties" in part else closed


def parts(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from parts(each)


# the files


def test_the_committed_files_are_what_the_code_says() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, content in contract_files().items()
        if not path.exists() or path.read_bytes() != content
    ]
    assert not stale, f"run: make contract ({', '.join(stale)})"


def test_the_service_hands_out_the_committed_contract(reading) -> None:
    assert reading.get("/openapi.json").json() == OPENAPI


def test_the_contract_is_valid_openapi_3_1() -> None:
    assert OPENAPI["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(OPENAPI).validate()


@pytest.mark.parametrize("schema", [RECORDS, CHRONICLE])
def test_the_schemas_are_valid_json_schemas(schema: Json) -> None:
    Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    used = {part["$ref"] for part in parts(OPENAPI) if isinstance(part.get("$ref"), str)}
    defined = {
        f"#/components/{kind}/{name}"
        for kind, named in OPENAPI["components"].items()
        for name in named
        if kind != "securitySchemes"  # `security` has their names
    }
    assert used == defined


# problems


def test_every_problem_that_the_code_raises_is_documented_and_every_one_documented_is_raised() -> (
    None
):
    source = "\n".join(path.read_text() for path in (ROOT / "service").rglob("*.py"))
    raised = set(re.findall(r'\bProblem\(\s*"([a-z-]+)"', source))
    assert raised == set(PROBLEMS)


def test_problems_md_has_a_row_for_every_problem() -> None:
    page = (ROOT / "openapi" / "problems.md").read_text()
    assert re.findall(r'<a id="([a-z-]+)">', page) == list(PROBLEMS)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_type_of_a_problem_leads_to_its_explanation(name: str, reading) -> None:
    answer = reading.get(PROBLEMS[name].uri)
    assert answer.status_code == 200
    assert PROBLEMS[name].meaning in answer.text


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_example_of_a_problem_is_a_problem_document(name: str) -> None:
    # Problems that concern no operation (no such path) are examples of none.
    example = EXAMPLES["problems"].get(name) or OPENAPI["components"]["examples"][name]["value"]
    assert example["type"] == PROBLEMS[name].uri
    assert example["status"] == PROBLEMS[name].status
    validator({"$ref": "#/components/schemas/ProblemDocument"}, closed=True).validate(example)


# operations


@each_operation
def test_an_operation_says_what_it_does_and_how_it_refuses(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert re.fullmatch(r"[a-z_]+", name)
    due = {"500"}
    if path.startswith("/v1"):
        due |= {"400"}
    if "{" in path:
        due |= {"404"}
    if method == "POST":
        due |= {"409", "413", "415", "422", "503"}
    assert due <= operation["responses"].keys()


@each_operation
def test_every_refusal_is_a_problem_with_an_example(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    for status, answer in operation["responses"].items():
        if status < "400" or (name == "readyz" and status == "503"):
            continue
        assert list(answer["content"]) == [MEDIA_TYPE]
        names = answer["content"][MEDIA_TYPE]["examples"]
        assert names
        assert {PROBLEMS[problem].status for problem in names} == {int(status)}


@each_operation
def test_a_parameter_left_out_is_not_a_null(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    for parameter in operation.get("parameters", []):
        assert parameter["description"]
        assert "null" not in str(parameter["schema"])
        assert parameter["schema"].get("type") or parameter["schema"].get("$ref")


@pytest.fixture
def examples_store(clock, request: pytest.FixtureRequest) -> Iterator[Casus]:
    """The store that the examples were asked of: the chronicle, recorded when they say, and what else is
    shown. It is another's to deliver from it: nobody is there where examples lead."""
    clock.now = RECORDED_AT
    store: Casus = request.getfixturevalue("chronicle")
    place_import(store)
    place_subscription(store)
    with store.state(SCHEMA).locked():
        yield store


@each_operation
def test_the_example_is_what_the_service_answers_and_keeps_the_schema(
    name: str, examples_store: Casus, client
) -> None:
    example, (method, _, operation) = EXAMPLES["answers"][name], OPERATIONS[name]
    writes = {write: headers for write, _, headers in WRITES}
    if name in writes:  # each builds on those before it
        for write in list(writes)[: list(writes).index(name)]:
            before = EXAMPLES["answers"][write]
            body = _checked_body(OPERATIONS[write][2])
            made = client.request(
                before["method"], before["path"], headers=writes[write], json=body
            )
            assert made.status_code == before["status"]
    headers = {"host": HOST, **writes.get(name, {})}
    answer = client.request(method, example["path"], headers=headers, json=_checked_body(operation))
    assert answer.status_code == example["status"]
    documented = operation["responses"][str(answer.status_code)]
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type == example["media_type"]
    content = documented["content"][media_type]
    assert content["examples"]["chronicle"]["value"] == example["body"]
    if media_type == "application/json":
        validator(content["schema"], closed=True).validate(answer.json())
        validator(content["schema"], closed=True).validate(example["body"])
    else:
        is_json = media_type.endswith("+json")
        shown = answer.json() if is_json else answer.text
        assert shown == example["body"]
    if method == "GET" and media_type == "application/json":
        assert _as_shown(answer.json(), example["body"]) == example["body"]
    for header, reference in documented.get("headers", {}).items():
        definition = OPENAPI["components"]["headers"][reference["$ref"].rpartition("/")[2]]
        assert header in answer.headers or not definition.get("required")


def _checked_body(operation: Json) -> Json | None:
    """The example of a request's body, which keeps its schema as well."""
    if "requestBody" not in operation:
        return None
    content = operation["requestBody"]["content"]["application/json"]
    (example,) = content["examples"].values()
    body: Json = example["value"]
    validator(content["schema"]).validate(body)
    return body


def _as_shown(answer: Json, shown: Json) -> Json:
    """An answer with the items that its example shows: all, but for the long list of countries."""
    if "items" not in answer:
        return answer
    return {**answer, "items": [item for item in answer["items"] if item in shown["items"]]}


@pytest.fixture(scope="module")
def reading_with_import(reading) -> Any:
    """The client that only reads, of a store that has the import and the subscription of the examples."""
    place_import(reading.app.state.casus)
    place_subscription(reading.app.state.casus)
    yield reading
    shutil.rmtree(reading.app.state.imports.folder)
    reading.app.state.subscriptions.remove(SUBSCRIPTION_ID)


@each_operation
def test_what_a_read_answers_has_no_field_that_is_not_documented(
    name: str, reading_with_import
) -> None:
    method, _, operation = OPERATIONS[name]
    if method != "GET":
        return
    # The address without its query: all that there is; of a difference, since the beginning.
    path = EXAMPLES["answers"][name]["path"].partition("?")[0]
    path += "?from_position=0" if name == "get_diff" else ""
    media_type = EXAMPLES["answers"][name]["media_type"]
    content = operation["responses"]["200"]["content"][media_type]
    if media_type != "application/json":
        return
    schema = content["schema"]
    validator(schema, closed=True).validate(reading_with_import.get(path).json())


# chronicles and records


def test_the_bundled_chronicle_keeps_the_schema_of_chronicles() -> None:
    Draft202012Validator(CHRONICLE).validate(orjson.loads(BUNDLED.read_bytes()))


@pytest.mark.parametrize(
    "fault",
    [{"format": "casus-chronicle/2"}, {"dataset": "Not A Slug"}, {"incidents": [{}]}, {"extra": 1}],
)
def test_a_faulty_chronicle_breaks_the_schema_of_chronicles(fault: Json) -> None:
    chronicle = orjson.loads(BUNDLED.read_bytes()) | fault
    assert not Draft202012Validator(CHRONICLE).is_valid(chronicle)


def test_every_record_of_a_log_keeps_the_schema_of_its_topic(chronicle: Casus) -> None:
    with closing(sqlite3.connect(chronicle.log.place)) as connection:
        rows = connection.execute("SELECT topic, state FROM stored_events").fetchall()
    examples = [Codec().encode(record) for record in RECORD_EXAMPLES.values()]
    assert {topic for topic, _ in [*rows, *examples]} == set(RECORDS["properties"])
    for topic, state in [*rows, *examples]:
        record = orjson.loads(state)
        Draft202012Validator(RECORDS).validate({topic: record})
        assert not Draft202012Validator(RECORDS).is_valid({topic: {**record, "extra": 1}})
        for field in record:
            without = {name: value for name, value in record.items() if name != field}
            assert not Draft202012Validator(RECORDS).is_valid({topic: without})
