"""Incidents that last longer than most have an index of their own, and are found like any other."""

from __future__ import annotations

import pytest

from domain.dates import iso_of_day
from domain.edtf import span
from domain.values import InvolvedCountry
from domain.vocabulary import CountryRole
from projections.incidents import LONG_SPAN
from service.bootstrap import Casus
from service.reading.selection import Selection, SubjectKey
from service.recording import Caller
from tests.conftest import an_account
from tests.reads import pages


@pytest.mark.parametrize("days", [0, 1, *range(LONG_SPAN - 2, LONG_SPAN + 3), 5_000])
def test_an_incident_is_found_up_to_its_last_day_however_long_it_lasts(casus: Casus, days: int):
    first = span("2001-02-28").earliest
    last = first + days
    account = an_account(
        occurred=f"2001-02-28/{iso_of_day(last)}",
        countries=(InvolvedCountry(code="AFG", role=CountryRole.LOCATION),),
    )
    casus.desk.report_incident(account, Caller(by="curator"))
    for subject in (None, SubjectKey("country", "AFG")):
        for since, found in ((last - 1, 1), (last, 1), (last + 1, 0)):
            wanted = Selection(subject=subject, first_day=since)
            assert len(pages(casus, wanted, casus.reader.moment(), 1)) == found
