"""The revisions there are, by the name that paths and the command line have for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from domain.actors import (
    ActorRevision,
    AffiliateActor,
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
        "affiliations": AffiliateActor,
        "releases": ReleaseActor,
        "merge": MergeActor,
        "unmerge": UnmergeActor,
    }
)
