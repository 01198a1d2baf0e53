"""The part of a dataset that files are the whole of."""

from __future__ import annotations

from dataclasses import dataclass

from domain.countries import find_country
from domain.dates import OPEN_FUTURE, OPEN_PAST, day_number
from domain.edtf import span
from domain.errors import DomainError
from domain.incidents import HeldAccount


class BadScope(DomainError):
    """Raised for a text that describes no part of a dataset."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no scope; write country=MMR, years=1989-2018, or both with a comma between"
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
        country, first, last = None, OPEN_PAST, OPEN_FUTURE
        for part in text.split(","):
            name, _, value = (each.strip() for each in part.partition("="))
            if name == "country" and value:
                country = find_country(value).code
            elif name == "years" and value:
                begin, _, end = value.partition("-")
                if not (begin.isdecimal() and (end or begin).isdecimal() and len(value) < 12):
                    raise BadScope(text)
                first = day_number(int(begin), 1, 1)
                last = day_number(int(end or begin), 12, 31)
            else:
                raise BadScope(text)
        if first > last:
            raise BadScope(text)
        return cls(country, first, last)

    def holds(self, held: HeldAccount) -> bool:
        """Whether an account is of this part."""
        place = held.account.place
        if self.country and (place is None or place.country != self.country):
            return False
        return self.first <= span(held.account.occurred).earliest <= self.last
