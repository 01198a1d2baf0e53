"""``/v1/subscriptions``: who is sent what is recorded, where to, and how far they are.

A subscription is state, not record: it changes with what is delivered, and its address is not permanent.
Where records are sent is nobody else's business; so pages of other origins can't read it (`app`).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from domain.checks import Fault, Faulty
from service.access.roles import Role, needs
from service.api.answers import as_it_stands, origin, url_of
from service.api.context import casus_of, no_such_actor
from service.api.documents import NOT_MODIFIED, Responses, header_references, problem_responses
from service.api.problems import Problem
from service.api.routing import StateRoute, WriteRoute
from service.api.writing import IdempotencyKey, caller_of
from service.bootstrap import Casus
from service.log.recorder import KeyedRequest
from service.recording import KeyReused
from service.webhooks.addresses import BadUrl, checked_url
from service.webhooks.dispatcher import Dispatcher
from service.webhooks.documents import (
    NewSubscription,
    PauseRequest,
    ResumeRequest,
    Subscription,
    SubscriptionRequest,
    SubscriptionsAnswer,
)
from service.webhooks.store import MOST, Kept, Made, Subscriptions, TooMany

PREFIX = "/v1/subscriptions"

router = APIRouter(prefix=PREFIX, tags=["subscriptions"], route_class=StateRoute)
writes = APIRouter(prefix=PREFIX, tags=["subscriptions"], route_class=WriteRoute)

_SHOWN = TypeAdapter(Subscription)
_NEW = TypeAdapter(NewSubscription)
_LIST = TypeAdapter(list[Subscription])

SubscriptionId = Annotated[
    str, Path(description="The subscription's id.", json_schema_extra={"format": "uuid"})
]


_READ = header_references("Casus-Position", "ETag", "Cache-Control")
_CHANGED: Responses = {
    200: {
        "model": Subscription,
        "description": "The subscription as it is now.",
        "headers": header_references("Cache-Control"),
    },
    **problem_responses(
        "invalid-body",
        "bad-parameter",
        "bad-header",
        "body-too-large",
        "body-too-slow",
        "unsupported-media-type",
        "unknown-subscription",
        "idempotency-key-reused",
        "busy",
    ),
}

_EXAMPLE = {
    "url": "https://hooks.example.org/casus",
    "filter": {"country": "AFG", "type": ["attack", "border_crossing"]},
    "description": "The map of the border.",
}


@writes.post(
    "",
    status_code=201,
    summary="Subscribe to what is recorded",
    responses={
        201: {
            "model": NewSubscription,
            "description": "Subscribed. The secret is shown this once.",
            "headers": header_references("Location", "Cache-Control"),
            "links": {
                "subscription": {
                    "operationId": "get_subscription",
                    "parameters": {"subscription_id": "$response.body#/id"},
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
            "too-many-subscriptions",
            "idempotency-key-reused",
            "busy",
        ),
    },
)
@needs(Role.ADMIN)
def create_subscription(
    request: Request,
    body: Annotated[SubscriptionRequest, Body(openapi_examples={"a map": {"value": _EXAMPLE}})],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Have records sent to an address (a webhook): those of `/v1/log`, in its order, as CloudEvents.

    They are sent in batches (`application/cloudevents-batch+json`), signed as Standard Webhooks has it, in
    order: each is sent until the receiver has accepted it with a 2xx status, and only then the next.
    """
    casus = casus_of(request)
    head = casus.reader.head
    _check(casus, body, head)
    by = caller_of(request, idempotency_key, body)
    made = Made(
        after=head if body.after is None else body.after,
        created=casus.desk.recording(by.by).at,
        origin=origin(request),
    )
    try:
        kept = _subscriptions_of(request).add(body, made, _unused(casus, by.request))
    except TooMany:
        raise Problem("too-many-subscriptions", f"there are {MOST} subscriptions") from None
    _dispatcher_of(request).wake()
    return Response(
        _NEW.dump_json(kept.with_secret),
        status_code=201,
        media_type="application/json",
        headers={
            "Location": f"{url_of(request)}/{kept.subscription.id}",
            "Cache-Control": "no-store",
        },
    )


@router.get(
    "",
    summary="All subscriptions",
    responses={
        200: {
            "model": SubscriptionsAnswer,
            "description": "Every subscription, the oldest first.",
            "headers": _READ,
        },
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "busy"),
    },
)
@needs(Role.ADMIN)
def list_subscriptions(request: Request) -> Response:
    """Who is sent what is recorded, and how far they are."""
    shown = [kept.subscription for kept in _subscriptions_of(request).all()]
    return _answer(request, b'{"items":%b}' % _LIST.dump_json(shown))


@router.get(
    "/{subscription_id}",
    summary="A subscription",
    responses={
        200: {"model": Subscription, "description": "The subscription.", "headers": _READ},
        **NOT_MODIFIED,
        **problem_responses("bad-parameter", "unknown-subscription", "busy"),
    },
)
@needs(Role.ADMIN)
def get_subscription(request: Request, subscription_id: SubscriptionId) -> Response:
    """How far a receiver is, what came of the last attempt, and when the next is, if that failed."""
    kept = _known(_subscriptions_of(request).get(subscription_id), subscription_id)
    return _answer(request, _SHOWN.dump_json(kept.subscription))


@router.delete(
    "/{subscription_id}",
    summary="Unsubscribe",
    responses={
        200: {
            "model": Subscription,
            "description": "The subscription as it was: another can begin at its position.",
            "headers": header_references("Cache-Control"),
        },
        **problem_responses("bad-parameter", "unknown-subscription", "busy"),
    },
)
@needs(Role.ADMIN)
def delete_subscription(request: Request, subscription_id: SubscriptionId) -> Response:
    """Send no more, and forget the subscription. What is under way may still arrive."""
    return _changed(_subscriptions_of(request).remove(subscription_id), subscription_id)


_PAUSE, _RESUME = PauseRequest(), ResumeRequest()


@writes.post("/{subscription_id}/pause", summary="Pause a subscription", responses=_CHANGED)
@needs(Role.ADMIN)
def pause_subscription(
    request: Request,
    subscription_id: SubscriptionId,
    body: Annotated[PauseRequest, Body(openapi_examples={"pause": {"value": {}}})] = _PAUSE,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send nothing until it is resumed, which goes on where it stands. One that is dead stays so."""
    key = _key_of(request, body, idempotency_key)
    return _changed(_subscriptions_of(request).pause(subscription_id, key), subscription_id)


@writes.post("/{subscription_id}/resume", summary="Resume a subscription", responses=_CHANGED)
@needs(Role.ADMIN)
def resume_subscription(
    request: Request,
    subscription_id: SubscriptionId,
    body: Annotated[
        ResumeRequest, Body(openapi_examples={"again": {"value": {"after": 60}}})
    ] = _RESUME,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Go on at once with one that is paused or dead, or that waits to try again; at `after`, if given."""
    _check_after(body.after, casus_of(request).reader.head)
    key = _key_of(request, body, idempotency_key)
    kept = _subscriptions_of(request).resume(subscription_id, body.after, key)
    _dispatcher_of(request).wake()
    return _changed(kept, subscription_id)


def _check(casus: Casus, asked: SubscriptionRequest, head: int) -> None:
    """Raise `Faulty` unless what is asked for makes sense as the log stands."""
    _check_after(asked.after, head)
    try:
        checked_url(asked.url, private=casus.settings.webhook_private)
    except BadUrl as bad:
        raise Faulty((Fault(("url",), str(bad)),)) from None
    actor = asked.filter.actor
    if actor is not None and casus.reader.actors.get(actor, head) is None:
        unknown = no_such_actor(casus, actor, head)
        raise Faulty((Fault(("filter", "actor"), unknown.detail),))


def _check_after(after: int | None, head: int) -> None:
    if after is not None and after > head:
        raise Faulty((Fault(("after",), f"the newest position is {head}"),))


def _key_of(request: Request, body: object, key: str | None) -> KeyedRequest | None:
    return _unused(casus_of(request), caller_of(request, key, body).request)


def _unused(casus: Casus, key: KeyedRequest | None) -> KeyedRequest | None:
    """The key, if no request that has recorded something itself had it. Raises `KeyReused`."""
    if key and casus.log.request(key.key):
        raise KeyReused(key.key)
    return key


def _subscriptions_of(request: Request) -> Subscriptions:
    subscriptions: Subscriptions = request.app.state.subscriptions
    return subscriptions


def _dispatcher_of(request: Request) -> Dispatcher:
    dispatcher: Dispatcher = request.app.state.dispatcher
    return dispatcher


def _known(kept: Kept | None, identifier: str) -> Kept:
    if kept is None:
        raise Problem("unknown-subscription", f"there is no subscription {identifier[:100]!r}")
    return kept


def _changed(kept: Kept | None, identifier: str) -> Response:
    return Response(
        _SHOWN.dump_json(_known(kept, identifier).subscription),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _answer(request: Request, body: bytes) -> Response:
    return as_it_stands(request, casus_of(request).reader.moment(), body)
