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

REVISIONS: dict[str, dict[str, Any]] = {
    "add_account": {"account": _ACCOUNT, "reason": "Found in an archive."},
    "revise_account": {
        "number": 1,
        "account": _ACCOUNT,
        "reason": "The newspaper corrected the number.",
    },
    "withdraw_account": {"number": 1, "reason": "Taken back by the agency.", "basis": _ARTICLE},
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
        "text": "Талибан",
        "language": "ru",
        "shown": False,
        "reason": "As Russian sources write it.",
    },
    "affiliate_actor": {"actor": "csto", "since": "2002-10-07", "reason": "A founding member."},
    "release_actor": {"actor": "csto", "until": "2012-12-19", "reason": "It left."},
    "merge_actor": {"into": "taliban", "reason": "One group under two ids."},
    "unmerge_actor": {"reason": "They are two groups."},
}
"""By operation."""
