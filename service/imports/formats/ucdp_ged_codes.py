"""The codes of a GED account: what it has no field of its own for, and where they are left out.

================================  ======================================  ===============================
scheme                            code, and label                         left out where
================================  ======================================  ===============================
``ucdp-type``                     type_of_violence
``ucdp-conflict``                 conflict_new_id, conflict_name          label: it is the dyad's name
``ucdp-dyad``                     dyad_new_id, dyad_name                  label: it is "A - B"
``ucdp-side-a``                   side_a_new_id, side_a
``ucdp-side-b``                   side_b_new_id, side_b
``ucdp-gwno-a``, ``ucdp-gwno-b``  gwnoa, gwnob                            the side tells
``ucdp-country``                  country_id, country                     the place tells; label: id tells
``ucdp-clarity``                  event_clarity
``ucdp-active``                   active_year                             it is 1, as in most rows
``ucdp-sources``                  number_of_sources                       it is that of the references
``ucdp-date-prec``                date_prec                               the span of days tells
``ucdp-year``                     year                                    the first day tells
================================  ======================================  ===============================
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from service.imports.format import BadRow, line, whole

Code: TypeAlias = dict[str, str]
"""A code as JSON has it."""

TYPE, CLARITY, ACTIVE, YEAR = "ucdp-type", "ucdp-clarity", "ucdp-active", "ucdp-year"
CONFLICT, DYAD, COUNTRY = "ucdp-conflict", "ucdp-dyad", "ucdp-country"
SIDES, STATES = ("ucdp-side-a", "ucdp-side-b"), ("ucdp-gwno-a", "ucdp-gwno-b")
SOURCES, DATE_PRECISION = "ucdp-sources", "ucdp-date-prec"

_TRUTHS = {"1": "1", "true": "1", "1.0": "1", "0": "0", "false": "0", "0.0": "0", "": ""}


@lru_cache(maxsize=10_000)
def code(scheme: str, text: str, label: str | None = None) -> Code:
    """A code. Equal ones are one object, which nobody may change."""
    given = {"scheme": scheme, "code": text}
    return given if label is None else {**given, "label": label}


def precision_of_span(days: int) -> int:
    """The date precision that goes with a first and a last day so many days apart."""
    if days == 0:
        return 1
    return 2 if days < 6 else 3 if days == 6 else 4 if days < 31 else 5


def implied_sources(publications: int) -> int:
    """The number of sources that goes with so many publications: -1, which is not known, if none."""
    return publications or -1


COLUMNS = ("event_clarity", "active_year", "number_of_sources", "date_prec", "year")


@lru_cache(maxsize=20_000)
def codes_of_event(days: int, year: int, publications: int, *texts: str) -> tuple[Code, ...]:
    """The codes that are an event's own: what the texts of `COLUMNS` tell. Raises `BadRow`.

    `days` are from its first to its last, `year` is the one in which it began, `publications` those that
    its references tell apart.
    """
    cells = dict(zip(COLUMNS, texts, strict=True))
    codes = []
    if clarity := line(cells["event_clarity"]):
        codes.append(code(CLARITY, clarity))
    active = _TRUTHS.get(cells["active_year"].strip().lower())
    if active is None:
        raise BadRow("it is neither 1 nor 0, true nor false", "active_year")
    if active == "0":
        codes.append(code(ACTIVE, active))
    for scheme, column, implied in (
        (SOURCES, "number_of_sources", implied_sources(publications)),
        (DATE_PRECISION, "date_prec", precision_of_span(days)),
        (YEAR, "year", year),
    ):
        number = whole(cells, column)
        if number is not None and number != implied:
            codes.append(code(scheme, str(number)))
    return tuple(codes)
