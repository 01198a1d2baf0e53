"""The formats of files that can be imported: a module for each, and one table of them.

What a dataset publishes in several kinds of files goes by one name: the mentions of GDELT with its events.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from domain.errors import DomainError
from service.imports.format import Format
from service.imports.formats import acled, gdelt, gdelt_mentions, icews, polecat, ucdp_ged

FAMILIES: dict[str, tuple[Format, ...]] = {
    "ucdp-ged": (ucdp_ged.FORMAT,),
    "acled": (acled.FORMAT, acled.DELETED),
    "gdelt": (gdelt.FORMAT, gdelt_mentions.MENTIONS),
    "polecat": (polecat.POLECAT,),
    "icews": (icews.ICEWS,),
}
"""The formats by the names under which they are asked for."""


class NoSuchFormat(DomainError):
    """Raised for the name of a format that there is not."""

    def __init__(self, name: str) -> None:
        nearest = get_close_matches(name, FAMILIES, 1, 0.5)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        super().__init__(f"there is no format {name!r}{hint} There are {', '.join(FAMILIES)}")


class DatasetTaken(DomainError):
    """Raised for the id of a dataset that is another format's own."""

    def __init__(self, dataset: str) -> None:
        super().__init__(
            f"the id {dataset!r} is that of another format's dataset; choose another id"
        )


DATASETS = frozenset(each.dataset.id for family in FAMILIES.values() for each in family)
"""The ids of the datasets that formats are of."""


def kept_as(format_: Format, dataset: str) -> Format:
    """A format of which the rows are kept as a dataset of this id. Raises `DatasetTaken`."""
    if dataset in DATASETS and dataset != format_.dataset.id:
        raise DatasetTaken(dataset)
    return replace(format_, dataset=replace(format_.dataset, id=dataset))


def formats_named(name: str | None) -> tuple[Format, ...]:
    """The formats that a name stands for; all of them without one. Raises `NoSuchFormat`."""
    if name is None:
        return tuple(each for family in FAMILIES.values() for each in family)
    if name not in FAMILIES:
        raise NoSuchFormat(name)
    return FAMILIES[name]
