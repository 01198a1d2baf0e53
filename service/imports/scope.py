"""The part of a dataset that files are the whole of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain.countries import find_country
from domain.dates import OPEN_FUTURE, OPEN_PAST, day_number
from domain.edtf import span
from domain.errors import DomainError
from domain.incidents import HeldAccount

_YEARS = re.compile(r"([0-9]{4})(?:-([0-9]{4}))?")


class BadScope(DomainError):
    """Raised for a text that describes no part of a dataset, or more than one; says why."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"{text[:100]!r} is no scope: {reason}; write country=MMR, years=1989-2018, or both with a"
            " comma between"
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of a dataset: what happened in a country, and what began in some years."""

    country: str | None = None
    first: int = OPEN_PAST
    last: int = OPEN_FUTURE

    @classmethod
    def read(cls, text: str) -> Scope:
        """The scope that ``country=MMR,years=1989-2018`` describes. Raises `BadScope`, `UnknownCountry`."""
        given: dict[str, str] = {}
        for part in text.split(","):
            name, _, value = (each.strip() for each in part.partition("="))
            if name not in ("country", "years") or not value:
                raise BadScope(text, f"{part.strip()[:40]!r} is neither a country nor years")
            if name in given:
                raise BadScope(
                    text, f"it has {'two countries' if name == 'country' else 'years twice'}"
                )
            given[name] = value
        country = find_country(given["country"]).code if "country" in given else None
        if "years" not in given:
            return cls(country)
        years = _YEARS.fullmatch(given["years"])
        if years is None:
            raise BadScope(text, "years are one of four digits, or a first and a last one")
        begin, end = int(years[1]), int(years[2] or years[1])
        if begin > end:
            raise BadScope(text, "its last year is before its first")
        return cls(country, day_number(begin, 1, 1), day_number(end, 12, 31))

    def holds(self, held: HeldAccount) -> bool:
        """Whether an account is of this part."""
        place = held.account.place
        if self.country and (place is None or place.country != self.country):
            return False
        return self.first <= span(held.account.occurred).earliest <= self.last
