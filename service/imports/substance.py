"""Whether two accounts under one key say the same: what a new release of a dataset changed in substance.

A release of a dataset touches thousands of rows in which nothing else is said than before: upper case
became title case, a citation was completed, a district was renamed. These are not substance:

- case and white space of texts, no-break spaces included; coordinates are compared as numbers;
- the order of participants, countries, figures and codes;
- when the source published it: that is the release's;
- what is cited, for it says who said so, not what was said;
- what a code stands for, in words, as long as it is the same code;
- the names of administrative units around a point that stayed where it was, and a description of the place
  that only one of the two has: these come and go with gazetteers and layouts.

All else is, a source that the account newly attributes it to as well.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from domain.values import Account, Figure, Place


def same_substance(a: Account, b: Account) -> bool:
    """Whether the accounts, of one source and under one key, say the same of their incident."""
    return a == b or (
        a.type is b.type
        and a.occurred == b.occurred
        and a.status is b.status
        and _same_place(a.place, b.place)
        and _figures(a) == _figures(b)
        and _texts(a) == _texts(b)
        and _in_any_order(a) == _in_any_order(b)
    )


def _texts(account: Account) -> tuple[Hashable, ...]:
    source = account.source
    return (
        *map(plain, (account.title, account.summary, account.attributed_to)),
        *map(plain, (source.name, source.via)),
        source.url,
    )


def _in_any_order(account: Account) -> tuple[Hashable, ...]:
    return (
        frozenset(account.participants),
        frozenset(account.countries),
        frozenset((code.scheme, code.code) for code in account.codes),
    )


def _figures(account: Account) -> frozenset[Any]:
    return frozenset(map(_numbers, account.figures))


def _numbers(figure: Figure) -> tuple[Hashable, ...]:
    bounds = figure.low, figure.best, figure.high
    return figure.measure, plain(figure.of), *bounds, figure.inconsistent


def _same_place(a: Place | None, b: Place | None) -> bool:
    if a == b:
        return True
    if a is None or b is None:
        return False
    return (
        a.country == b.country
        and a.precision is b.precision
        and (a.latitude, a.longitude) == (b.latitude, b.longitude)
        and plain(a.name) == plain(b.name)
        and (a.latitude is not None or _admin(a) == _admin(b))
        and (not (a.description and b.description) or plain(a.description) == plain(b.description))
    )


def _admin(place: Place) -> tuple[str | None, ...]:
    return plain(place.admin1), plain(place.admin2), plain(place.admin3)


def plain(text: str | None) -> str | None:
    """A text without what is no substance of it: case, and runs of white space."""
    return None if text is None else " ".join(text.split()).casefold()
