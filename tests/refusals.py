"""What every refusal has in common."""

from __future__ import annotations

from typing import Any

from service.api.problems import MEDIA_TYPE, PROBLEMS


def problem(answer: Any, name: str) -> dict[str, Any]:
    """The problem that an answer is, having been checked to be this one."""
    kind = PROBLEMS[name]
    assert answer.status_code == kind.status, answer.text[:500]
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    assert (document["type"], document["title"], document["status"]) == (
        kind.uri,
        kind.title,
        kind.status,
    )
    assert document["detail"]
    more = {"faults", "nearest"} | ({"conflict"} if name == "conflict" else set())
    assert document.keys() <= {"type", "title", "status", "detail"} | more
    return document


def same_headers(answer: Any) -> dict[str, str]:
    """The headers of an answer, but for those that every answer has of its own."""
    apart = {"x-request-id", "ratelimit"}
    return {name: value for name, value in answer.headers.items() if name not in apart}
