"""Bodies of revisions, as the contract shows them."""

from __future__ import annotations

from typing import Any

_ARTICLE = {
    "name": "A newspaper",
    "url": "https://example.org/corrected",
    "published": "2021-07-10",
}
_ACCOUNT = {
    "title": "People try to cross into Uzbekistan and are returned",
    "type": "border_crossing",
    "occurred": "2021-06-23",
    "figures": [{"measure": "returned", "best": 50}],
    "source": _ARTICLE,
}

_CORRECTED = {**_ACCOUNT, "figures": [{"measure": "returned", "best": 51}]}

REVISIONS: dict[str, dict[str, Any]] = {
    "add_account": {"account": _ACCOUNT, "reason": "Found in an archive."},
    "revise_account": {
        "number": 2,
        "account": _CORRECTED,
        "reason": "The newspaper corrected the number.",
    },
    "withdraw_account": {
        "number": 2,
        "reason": "The newspaper took it back.",
        "basis": {"name": "A newspaper", "published": "2021-07-12"},
    },
    "correct_incident": {
        "set": {"title": "53 people are turned back at the Uzbek border", "place": None},
        "reason": "The place is not known.",
    },
    "retract_incident": {"reason": "It was an exercise."},
    "reinstate_incident": {"reason": "It was no exercise after all."},
    "merge_incident": {
        "into": "315da392-715b-895f-82cb-292295ad0162",
        "reason": "The same attack, told twice.",
    },
    "unmerge_incident": {"reason": "They were two attacks."},
    "name_actor": {
        "text": "Talibans",
        "language": "fr",
        "shown": False,
        "reason": "As French sources write it.",
    },
    "identify_actor": {
        "scheme": "acled",
        "id": "Taliban",
        "reason": "As ACLED has them.",
    },
    "affiliate_actor": {"actor": "csto", "since": "2006-08-16", "reason": "Troops of a member."},
    "release_actor": {"actor": "csto", "until": "2012-12-19", "reason": "Their state left it."},
    "merge_actor": {"into": "tajikistan", "reason": "Shown as one with their state."},
    "unmerge_actor": {"reason": "Shown apart again."},
}
"""By operation."""
