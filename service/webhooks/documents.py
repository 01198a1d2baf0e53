"""What is asked of a subscription, and what is said of it: as the contract shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from domain.records import Instant
from domain.text import STRICT_SHAPE, CountryCode, Line, Slug, Url
from domain.vocabulary import IncidentType

State = Literal["active", "paused", "dead"]

After = Annotated[
    int | None,
    Field(
        ge=0,
        le=2**53,
        description="The position after which to begin, at most the newest.",
        examples=[0],
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """Which records are sent: those that meet everything that is given here."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    country: CountryCode | None = None
    actor: Slug | None = None
    type: Annotated[
        tuple[IncidentType, ...],
        Field(max_length=len(IncidentType), description="Any of these types; none: all."),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """What is subscribed to, and where it is to be sent."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    url: Annotated[Url, Field(description="Where to send it: http or https, a public address.")]
    filter: SubscriptionFilter = field(default_factory=SubscriptionFilter)
    after: After = None
    description: Annotated[Line | None, Field(description="What it is for, to tell it apart.")] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequest:
    """Nothing: that it is to be paused is all there is to say."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    """Where to go on; where it stands, if that is left out."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT_SHAPE
    after: After = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription, and how far its receiver has followed the log."""

    id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    url: Url
    filter: SubscriptionFilter
    description: Line | None
    state: Annotated[
        State,
        Field(
            description="`active`: records are sent as they come. `paused`: none is, until it is resumed."
            " `dead`: the receiver has failed too often, or is gone (410); it can be resumed."
        ),
    ]
    position: Annotated[
        int,
        Field(
            ge=0,
            description="The receiver has every record up to here that the filter lets through.",
        ),
    ]
    created: Instant
    last_attempt: Annotated[Instant | None, Field(description="When something was sent last.")]
    last_success: Annotated[Instant | None, Field(description="When that was accepted last.")]
    last_status: Annotated[
        int | None,
        Field(description="The status of the last answer; null: the last attempt had none."),
    ]
    last_error: Annotated[
        str | None, Field(description="Why the last attempt failed; null: it did not.")
    ]
    failures: Annotated[int, Field(ge=0, description="Attempts that have failed in a row.")]
    next_attempt: Annotated[
        Instant | None, Field(description="When what has failed is tried again.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription(Subscription):
    """A subscription as it is made, with its secret."""

    secret: Annotated[
        str,
        Field(
            pattern="^whsec_[A-Za-z0-9+/]+=*$",
            description="What deliveries are signed with (Standard Webhooks). It is shown this once.",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsAnswer:
    """Every subscription, in the order in which they were made."""

    items: tuple[Subscription, ...]
