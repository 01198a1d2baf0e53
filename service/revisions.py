"""The revisions there are, by the name that paths and the command line have for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from domain.actors import (
    ActorRevision,
    AffiliateActor,
    IdentifyActor,
    MergeActor,
    NameActor,
    ReleaseActor,
    UnmergeActor,
)
from domain.revisions import (
    AddAccount,
    CorrectIncident,
    MergeIncident,
    ReinstateIncident,
    RetractIncident,
    ReviseAccount,
    Revision,
    UnmergeIncident,
    WithdrawAccount,
)

OF_INCIDENTS: Mapping[str, type[Revision]] = MappingProxyType(
    {
        "accounts": AddAccount,
        "account-revisions": ReviseAccount,
        "account-withdrawals": WithdrawAccount,
        "corrections": CorrectIncident,
        "retraction": RetractIncident,
        "reinstatement": ReinstateIncident,
        "merge": MergeIncident,
        "unmerge": UnmergeIncident,
    }
)

OF_ACTORS: Mapping[str, type[ActorRevision]] = MappingProxyType(
    {
        "names": NameActor,
        "external-ids": IdentifyActor,
        "affiliations": AffiliateActor,
        "releases": ReleaseActor,
        "merge": MergeActor,
        "unmerge": UnmergeActor,
    }
)


def operation_of(revision: type[Any]) -> str:
    """What the contract calls a revision: ``add_account`` for `AddAccount`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", revision.__name__).lower()


def named(revisions: Mapping[str, type[Any]]) -> Iterator[tuple[str, str]]:
    """The path of each revision, and what the contract calls it."""
    return ((path, operation_of(kind)) for path, kind in revisions.items())
