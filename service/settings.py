"""What can be set, from the environment or a ``.env`` file."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from dotenv import dotenv_values
from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.log.places import FILE, LogPlace, place_of
from service.options import LOOPBACK, LogFormat, Networks, Reading, check_url, is_url


class Settings(BaseSettings):
    """Settings of a Casus process."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,  # it may hold a password
    )

    home: Annotated[Path, Field(alias="CASUS_HOME")] = Path("var")
    """The folder of the store."""

    store: Annotated[str, Field(alias="CASUS_STORE", repr=False)] = ""
    """Where the log is: ``postgresql://...`` or ``sqlite:FILE``; left out: a file in the folder."""

    read_store: Annotated[str, Field(alias="CASUS_READ_STORE", repr=False)] = ""
    """Where the log is followed, if not there: a streaming replica, ``postgresql://...``."""

    host: Annotated[str, Field(alias="HOST")] = "127.0.0.1"
    """The address to serve on."""

    port: Annotated[int, Field(alias="PORT", ge=0, le=65535)] = 8000
    """The port to serve on; 0 takes a free one."""

    max_body: Annotated[int, Field(alias="CASUS_MAX_BODY", ge=1_000)] = 1_000_000
    """The most bytes that the body of a request may have, but for an import's."""

    max_import: Annotated[int, Field(alias="CASUS_MAX_IMPORT", ge=1_000)] = 2_000_000_000
    """The most bytes that a file may have that is sent to be imported."""

    webhook_private: Annotated[bool, Field(alias="CASUS_WEBHOOK_PRIVATE")] = False
    """Whether webhooks may lead to private addresses, those of this machine among them."""

    workers: Annotated[int, Field(alias="CASUS_WORKERS", ge=1, le=64)] = 1
    """How many processes serve: as many as there are processors to spare for them."""

    grace: Annotated[float, Field(alias="CASUS_GRACE", ge=0, le=3_600)] = 10.0
    """The seconds that requests under way have to come to an end when it is told to stop."""

    drain: Annotated[float, Field(alias="CASUS_DRAIN", ge=0, le=3_600)] = 0.0
    """The seconds for which it goes on serving after that, no longer ready, so that a proxy turns away."""

    max_lag: Annotated[float, Field(alias="CASUS_MAX_LAG", gt=0)] = 60.0
    """The seconds that timelines may be behind the log before it is no longer ready."""

    metrics_from: Annotated[Networks, Field(alias="CASUS_METRICS_FROM")] = LOOPBACK
    """The addresses and networks that may read ``/metrics``, with commas between them."""

    log_format: Annotated[LogFormat, Field(alias="CASUS_LOG")] = "text"
    """Whether lines of the log are for people (``text``) or for programs (``json``)."""

    access_log: Annotated[bool, Field(alias="CASUS_ACCESS_LOG")] = False
    """Whether every request gets a line in the log."""

    reading: Annotated[Reading, Field(alias="CASUS_READING")] = "open"
    """Whether everybody may read, or (``closed``) only who has a key or a token with a role."""

    rate_writes: Annotated[int, Field(alias="CASUS_RATE_WRITES", ge=0)] = 6_000
    """The most writes that a process takes of one caller in a minute; 0: any number."""

    rate_reads: Annotated[int, Field(alias="CASUS_RATE_READS", ge=0)] = 0
    """The most reads that a process answers one caller in a minute; 0: any number."""

    oidc_issuer: Annotated[str, Field(alias="CASUS_OIDC_ISSUER")] = ""
    """The OpenID provider whose tokens are accepted, as their ``iss`` has it; left out: none."""

    oidc_audience: Annotated[str, Field(alias="CASUS_OIDC_AUDIENCE", validate_default=True)] = ""
    """What stands in ``aud`` of tokens that are meant for this service."""

    oidc_jwks: Annotated[str, Field(alias="CASUS_OIDC_JWKS", validate_default=True)] = ""
    """The provider's keys, a URL or a file; left out: where its discovery document leads."""

    oidc_roles_claim: Annotated[str, Field(alias="CASUS_OIDC_ROLES_CLAIM")] = "roles"
    """The claim that names roles; dots lead into it (``realm_access.roles``)."""

    oidc_roles_prefix: Annotated[str, Field(alias="CASUS_OIDC_ROLES_PREFIX")] = ""
    """What the names of roles begin with at the provider, such as ``casus-``."""

    oidc_name_claim: Annotated[str, Field(alias="CASUS_OIDC_NAME_CLAIM")] = "sub"
    """The claim that is recorded as who has written: one that nobody can choose or change."""

    proxy_headers: Annotated[bool, Field(alias="CASUS_PROXY_HEADERS")] = False
    """Whether proxies are believed what they say of the client they stand for."""

    proxies: Annotated[Networks, Field(alias="CASUS_PROXIES")] = ""
    """The addresses and networks of those proxies, with commas between them."""

    @field_validator("oidc_audience")
    @classmethod
    def _is_there_for_tokens(cls, audience: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not audience:
            raise ValueError("CASUS_OIDC_AUDIENCE has to be set where CASUS_OIDC_ISSUER is")
        return audience

    @field_validator(
        "oidc_audience", "oidc_jwks", "oidc_roles_claim", "oidc_roles_prefix", "oidc_name_claim"
    )
    @classmethod
    def _is_of_a_provider(cls, value: str, info: ValidationInfo) -> str:
        field = cls.model_fields[info.field_name or ""]
        if "oidc_issuer" in info.data and not info.data["oidc_issuer"] and value != field.default:
            raise ValueError(
                f"{field.alias} is of no use without CASUS_OIDC_ISSUER, the provider whose tokens are"
                " accepted: set it as well, or neither"
            )
        return value

    @field_validator("oidc_jwks")
    @classmethod
    def _cannot_be_changed_on_the_way(cls, place: str, info: ValidationInfo) -> str:
        issuer = info.data.get("oidc_issuer")
        if issuer and not place:
            try:
                check_url(issuer)
            except ValueError:
                raise ValueError(
                    "CASUS_OIDC_JWKS has to be set where CASUS_OIDC_ISSUER does not begin with https://:"
                    " what leads to the keys could be changed on the way"
                ) from None
        return check_url(place) if is_url(place) else place

    @field_validator("store", "read_store")
    @classmethod
    def _names_a_place(cls, address: str) -> str:
        if address:
            place_of(address)
        return address

    @property
    def log_place(self) -> LogPlace:
        """Where the log is."""
        return place_of(self.store) if self.store else self.home / FILE

    @property
    def followed_place(self) -> LogPlace:
        """Where the log is followed."""
        if not self.read_store:
            return self.log_place
        place = place_of(self.read_store)
        if isinstance(place, Path) or "target_session_attrs=" in place:
            return place
        return f"{place}{'&' if '?' in place else '?'}target_session_attrs=any"


_NO_SETTINGS = {
    "CASUS_PASSWORD",
    "CASUS_TEST_ALL",
    "CASUS_TEST_STORE",
    "CASUS_KILLS",
    "CASUS_HISTORIES",
}
"""What `compose.yaml` and the tests ask for."""

_OF_KUBERNETES = re.compile(
    r"CASUS_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)"
)
"""What it sets in every container where a service is called casus."""


def misspelt_settings() -> Iterator[str]:
    """What is wrong with variables that are named like settings, and are none: one that is read by nobody
    leaves open what it was to close.
    """
    known = sorted(str(field.alias) for field in Settings.model_fields.values())
    given = {**dotenv_values(".env"), **os.environ}
    for name, value in sorted(given.items()):
        word = name.upper()
        if (
            not word.startswith("CASUS_")
            or word in known
            or word in _NO_SETTINGS
            or _OF_KUBERNETES.fullmatch(word)
            or (word.endswith("_PORT") and "://" in (value or ""))  # Kubernetes' as well
        ):
            continue
        bare = word.removeprefix("CASUS_")
        near = bare if bare in known else difflib.get_close_matches(word, known, 1, 0.0)[0]
        yield f"{name} is no setting; did you mean {near}?"
