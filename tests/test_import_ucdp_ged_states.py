"""Which states and places a row of GED is about, and who is on which side of it."""

import pytest

from domain.values import PlacePrecision
from domain.vocabulary import ActorKind, ParticipantRole
from service.imports.format import NamedActor
from service.imports.formats.ucdp_ged_states import (
    allies,
    country_of_place,
    name_of_country,
    number_of_country,
    states_of_side,
)
from tests.ged import FILES, account, codes, rows, told

SIDE_A, SIDE_B = ParticipantRole.SIDE_A, ParticipantRole.SIDE_B


class TestStates:
    def test_a_government_is_its_country_without_a_column_that_says_so(self):
        got = told(gwnoa="", side_a="Government of Syria", side_a_new_id="118")
        assert got.participants[0][0] == NamedActor(
            "ucdp", "118", "Government of Syria", ActorKind.STATE, "SYR"
        )

    def test_each_government_of_a_coalition_takes_part_under_its_own_id(self):
        name = (
            "Government of Australia, Government of United Kingdom, "
            "Government of United States of America"
        )
        row = {"side_a_new_id": "1000", "side_a": name, "gwnoa": "2;200;900"}
        assert told(**row).participants[:3] == tuple(
            (NamedActor("ucdp", number, f"Government of {country}", ActorKind.STATE, code), SIDE_A)
            for number, country, code in (
                ("156", "Australia", "AUS"),
                ("28", "United Kingdom", "GBR"),
                ("3", "United States of America", "USA"),
            )
        )
        assert codes(**row)["ucdp-side-a"] == ("1000", name)
        assert "ucdp-gwno-a" not in codes(**row)

    def test_a_government_of_which_no_id_is_known_is_known_by_its_name(self):
        name = "Government of Botswana, Government of Malawi"
        row = {"side_a_new_id": "1000", "side_a": name, "gwnoa": "571;553"}
        assert told(**row).participants[0][0] == NamedActor(
            "ucdp-name", "Government of Botswana", "Government of Botswana", ActorKind.STATE, "BWA"
        )

    def test_each_group_of_a_coalition_takes_part_under_its_name(self):
        row = {"side_b_new_id": "7426", "side_b": "Army of X , Hunde (a, b), HTS, HTS", "gwnob": ""}
        assert [actor for actor, role in told(**row).participants if role is SIDE_B] == [
            NamedActor("ucdp-name", name, name, ActorKind.ARMED_GROUP)
            for name in ("Army of X", "Hunde (a, b)", "HTS")
        ]

    def test_a_comma_in_the_name_of_a_country_makes_no_coalition(self):
        assert allies("47", "Government of Macedonia, FYR") == ("Government of Macedonia, FYR",)
        assert allies("9999", "Government of Macedonia, FYR") == ("Government of Macedonia, FYR",)
        assert allies("47", "Government of X, Y") == ("Government of X, Y",)
        assert states_of_side("9999", "Government of Macedonia, FYR") == (343,)
        assert allies("5", ", ,") == (", ,",)

    def test_other_numbers_than_the_side_tells_are_kept_as_a_code(self):
        assert codes(gwnoa="680.0")["ucdp-gwno-a"] == ("680", None)
        assert codes(gwnob="2, 200")["ucdp-gwno-b"] == ("2;200", None)
        assert told(gwnob="770").participants[1][0].state == "PAK"

    def test_a_coalition_does_not_hide_a_number_that_is_not_its_members(self):
        row = {"side_a": "Government of Mali, GATIA", "side_a_new_id": "7000", "gwnoa": "432;436"}
        assert codes(**row)["ucdp-gwno-a"] == ("432;436", None)

    def test_a_country_that_ucdp_has_given_a_number_gives_it_back(self):
        for name in FILES:
            for row in rows(name):
                code = country_of_place(int(row["country_id"]), row["adm_1"])
                assert number_of_country(code) == int(row["country_id"])

    def test_a_name_that_ucdp_no_longer_uses_is_kept(self):
        assert name_of_country(775) == "Myanmar (Burma)"
        assert "ucdp-country" not in codes()
        assert codes(country="Afganistan")["ucdp-country"] == ("700", "Afganistan")
        assert codes(country_id="255", country="Germany")["ucdp-country"] == ("255", None)


class TestPlaces:
    @pytest.mark.parametrize("admin1", ["Gaza Strip", "West Bank", "west  bank"])
    def test_what_happened_in_gaza_or_the_west_bank_happened_in_palestine(self, admin1):
        row = {"country_id": "666", "country": "Israel", "adm_1": admin1}
        assert account(**row).place.country == "PSE"
        assert "ucdp-country" not in codes(**row)

    def test_elsewhere_israels_number_is_israel(self):
        row = {"country_id": "666", "country": "Israel", "adm_1": "Northern district"}
        assert account(**row).place.country == "ISR"

    def test_a_place_without_a_name_is_its_country(self):
        got = account(where_coordinates="", where_description="", country="", adm_1="")
        assert got.place.name == "Afghanistan"
        assert got.place.description is None

    def test_every_precision_is_understood_and_none_may_be_missing(self):
        precisions = [account(where_prec=str(n)).place.precision for n in range(1, 8)]
        assert precisions == list(PlacePrecision)
        assert account(where_prec="").place.precision is None

    def test_coordinates_may_be_left_out_both(self):
        assert account(latitude="", longitude="").place.latitude is None
