"""What can be asked of an import, whoever asks: what is to stand in records is looked at before."""

from __future__ import annotations

import pytest

from domain.checks import Faulty
from service.chronicles import BUNDLED, load_chronicle, parse_chronicle
from service.imports.orders import Order
from service.imports.running import BadOption, Request


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("by", ""),
        ("by", "a\nb"),
        ("release", " "),
        ("release", "x" * 501),
        ("released", "2024-06-05/.."),
        ("released", "0000-01-01"),
        ("dataset", "Bad ID"),
        ("dataset", ""),
    ],
)
def test_what_no_record_could_be_read_with_cannot_be_asked(option, given):
    asked = {"by": "tests", option: given}
    dataset = asked.pop("dataset", None)
    with pytest.raises(BadOption) as bad:
        Request(files=("ged.csv",), order=Order(**asked), dataset=dataset)
    assert bad.value.option == option


def test_what_records_can_hold_can_be_asked():
    order = Order(by="an analyst", release="24.1", released="2024-06~")
    assert Request(files=("-",), order=order, dataset="my-ged").order is order


@pytest.mark.parametrize("by", ["", "a\tb", "\udcff"])
def test_nothing_is_recorded_under_a_name_that_no_record_could_be_read_with(casus, by):
    chronicle = parse_chronicle(BUNDLED.read_bytes())
    with pytest.raises(Faulty) as faulty:
        load_chronicle(chronicle, casus.log, casus.desk, by)
    assert [fault.path for fault in faulty.value.faults] == [("recorded_by",)]
    assert casus.log.head == 0
