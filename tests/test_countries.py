"""The country table against facts written down apart from it; its look-ups against odd texts."""

from __future__ import annotations

import datetime
from string import ascii_uppercase

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.countries import (
    COUNTRIES,
    MAX_LENGTH,
    Country,
    UnknownCountry,
    country_by_fips,
    country_by_gw,
    find_country,
)

UCDP_NUMBERS = """
2:USA 20:CAN 40:CUB 41:HTI 42:DOM 51:JAM 52:TTO 70:MEX 90:GTM 91:HND 92:SLV 93:NIC 94:CRI
95:PAN 100:COL 101:VEN 115:SUR 130:ECU 135:PER 140:BRA 145:BOL 150:PRY 155:CHL 160:ARG 165:URY
200:GBR 220:FRA 230:ESP 260:DEU 343:MKD 344:HRV 345:SRB 346:BIH 350:GRC 352:CYP 359:MDA
360:ROU 365:RUS 369:UKR 371:ARM 372:GEO 373:AZE 404:GNB 420:GMB 432:MLI 433:SEN 434:BEN
435:MRT 436:NER 437:CIV 438:GIN 439:BFA 450:LBR 451:SLE 452:GHA 461:TGO 471:CMR 475:NGA
481:GAB 482:CAF 483:TCD 484:COG 490:COD 500:UGA 501:KEN 510:TZA 516:BDI 517:RWA 520:SOM
522:DJI 530:ETH 531:ERI 540:AGO 541:MOZ 551:ZMB 552:ZWE 560:ZAF 565:NAM 570:LSO 572:SWZ
580:MDG 581:COM 600:MAR 615:DZA 616:TUN 620:LBY 625:SDN 626:SSD 630:IRN 640:TUR 645:IRQ
651:EGY 652:SYR 660:LBN 663:JOR 666:ISR 670:SAU 678:YEM 680:YMD 698:OMN 700:AFG 702:TJK
703:KGZ 704:UZB 710:CHN 750:IND 751:XHY 770:PAK 771:BGD 775:MMR 780:LKA 790:NPL 800:THA
811:KHM 812:LAO 816:VNM 817:XVS 820:MYS 835:BRN 840:PHL 850:IDN 910:PNG
"""

OTHER_GLEDITSCH_WARD_NUMBERS = """
31:BHS 53:BRB 54:DMA 55:GRD 56:LCA 57:VCT 58:ATG 60:KNA 80:BLZ 110:GUY 205:IRL 210:NLD 211:BEL
212:LUX 221:MCO 223:LIE 225:CHE 232:AND 235:PRT 255:DEU 265:DDR 290:POL 305:AUT 310:HUN 315:CSK
316:CZE 317:SVK 325:ITA 331:SMR 338:MLT 339:ALB 340:SRB 341:MNE 347:XKX 349:SVN 355:BGR 366:EST
367:LVA 368:LTU 370:BLR 375:FIN 380:SWE 385:NOR 390:DNK 395:ISL 402:CPV 403:STP 411:GNQ 553:MWI
571:BWA 590:MUS 591:SYC 690:KWT 692:BHR 694:QAT 696:ARE 701:TKM 705:KAZ 712:MNG 713:TWN 731:PRK
732:KOR 740:JPN 760:BTN 781:MDV 830:SGP 860:TLS 900:AUS 920:NZL 935:VUT 940:SLB 950:FJI 970:KIR
971:NRU 972:TON 973:TUV 983:MHL 986:PLW 987:FSM 990:WSM
"""

GW_NUMBERS = {
    int(number): code
    for number, code in (
        pair.split(":") for pair in (UCDP_NUMBERS + OTHER_GLEDITSCH_WARD_NUMBERS).split()
    )
}

NAMES_IN_DATASETS = {
    "Bosnia-Herzegovina": "BIH",
    "Cambodia (Kampuchea)": "KHM",
    "DR Congo (Zaire)": "COD",
    "Ivory Coast": "CIV",
    "Kingdom of eSwatini (Swaziland)": "SWZ",
    "Macedonia, FYR": "MKD",
    "Madagascar (Malagasy)": "MDG",
    "Myanmar (Burma)": "MMR",
    "Russia (Soviet Union)": "RUS",
    "Serbia (Yugoslavia)": "SRB",
    "South Vietnam": "XVS",
    "South Yemen": "YMD",
    "Vietnam (North Vietnam)": "VNM",
    "Yemen (North Yemen)": "YEM",
    "Zimbabwe (Rhodesia)": "ZWE",
    "Bailiwick of Jersey": "JEY",
    "Democratic Republic of Congo": "COD",
    "Republic of Congo": "COG",
    "eSwatini": "SWZ",
    "Saint-Martin": "MAF",
    "Virgin Islands, U.S.": "VIR",
    "Occupied Palestinian Territory": "PSE",
    "West Bank and Gaza": "PSE",
    "Egypt, Arab Rep.": "EGY",
    "Korea, Dem. People's Rep.": "PRK",
    "Iran (Persia)": "IRN",
    "Antigua & Barbuda": "ATG",
    "St. Vincent and the Grenadines": "VCT",
}


def nearest_codes(text: str) -> list[str]:
    with pytest.raises(UnknownCountry) as caught:
        find_country(text)
    return [country.code for country in caught.value.nearest]


def test_the_table_is_ordered_by_alpha3_and_each_country_is_under_its_own_code() -> None:
    assert list(COUNTRIES) == sorted(COUNTRIES)
    assert all(code == country.code for code, country in COUNTRIES.items())


def test_no_two_countries_share_a_code_a_name_an_alias_or_a_number() -> None:
    for country in COUNTRIES.values():
        numbers = [f"gw:{number}" for number in country.gw]
        for key in (country.code, country.alpha2, country.name, *country.aliases, *numbers):
            if key is not None:
                assert find_country(key) is country, key
                assert find_country(f" {key.lower()} ") is country, key


def test_iso_3166_1_is_all_there_with_its_names() -> None:
    for iso in pycountry.countries:
        country = COUNTRIES[iso.alpha_3]
        assert (country.alpha2, country.numeric) == (iso.alpha_2, iso.numeric)
        for kind in ("name", "common_name", "official_name"):
            if name := getattr(iso, kind, None):
                assert find_country(name) is country, name


def test_beyond_iso_3166_1_there_are_kosovo_and_states_that_have_ended() -> None:
    others = set(COUNTRIES) - {iso.alpha_3 for iso in pycountry.countries}
    ended = {code for code in others if COUNTRIES[code].until}
    assert ended == {"ANT", "CSK", "DDR", "SCG", "SUN", "VDR", "XHY", "XVS", "YMD", "YUG"}
    assert others - ended == {"XKX"}


def test_former_states_have_the_codes_of_iso_3166_3() -> None:
    withdrawn = {iso.alpha_3: iso.alpha_2 for iso in pycountry.historic_countries}
    for country in COUNTRIES.values():
        if country.until and not country.code.startswith("X"):
            assert country.alpha2 in (withdrawn[country.code], None)


def test_a_state_that_ended_began_before_it_ended() -> None:
    for country in COUNTRIES.values():
        assert (country.since is None) == (country.until is None)
        if country.since and country.until:
            since, until = map(datetime.date.fromisoformat, (country.since, country.until))
            assert since < until


def test_the_soviet_union_ended_on_26_december_1991() -> None:
    assert COUNTRIES["SUN"].until == "1991-12-26"


def test_a_code_that_iso_leaves_to_users_says_so() -> None:
    for code, country in COUNTRIES.items():
        if "XAA" <= code <= "XZZ":
            assert country.note is not None
            assert "User-assigned" in country.note


def test_a_gleditsch_ward_or_ucdp_number_is_the_country_that_it_numbers() -> None:
    for number, code in GW_NUMBERS.items():
        assert country_by_gw(number).code == code
        assert find_country(f"GW:{number}").code == code


def test_no_number_is_in_the_table_that_is_not_known_from_the_lists() -> None:
    assert {n for country in COUNTRIES.values() for n in country.gw} == set(GW_NUMBERS)


@pytest.mark.parametrize(
    ("number", "mentioned"), [(345, "YUG"), (365, "SUN"), (666, "PSE"), (678, "YMD"), (816, "VDR")]
)
def test_a_number_that_stands_for_more_than_its_country_has_a_note(
    number: int, mentioned: str
) -> None:
    note = country_by_gw(number).note
    assert note is not None
    assert str(number) in note
    assert mentioned in note


@pytest.mark.parametrize(("name", "code"), NAMES_IN_DATASETS.items())
def test_a_name_that_datasets_write_is_understood(name: str, code: str) -> None:
    assert find_country(name).code == code


@pytest.mark.parametrize(
    ("one", "other"),
    [("Niger", "Nigeria"), ("Congo", "DR Congo"), ("Guinea", "Guinea-Bissau"), ("Dominica", "DO")],
)
def test_names_that_look_alike_stay_apart(one: str, other: str) -> None:
    assert find_country(one) is not find_country(other)


@pytest.mark.parametrize("name", ["Korea", "Virgin Islands", "Guiana", "Saint", "the", "Africa"])
def test_a_name_that_means_no_one_country_is_not_guessed(name: str) -> None:
    with pytest.raises(UnknownCountry):
        find_country(name)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("COTE D'IVOIRE", "CIV"),
        ("Cote dIvoire", "CIV"),
        ("são tomé AND príncipe", "STP"),
        ("Guinea Bissau", "GNB"),
        ("The Gambia", "GMB"),
        ("Bahamas, The", "BHS"),
        ("St Lucia", "LCA"),
        ("TÜRKİYE", "TUR"),
        ("t\u00fcrk\u0131ye", "TUR"),
        ("Viet\u00a0Nam", "VNM"),
        ("A\u030aland Islands", "ALA"),
    ],
)
def test_diacritics_punctuation_and_articles_make_no_difference_to_a_name(
    text: str, code: str
) -> None:
    assert find_country(text).code == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AFG\x00",
        "Afghanistan\x00",
        "Afghanistan".ljust(MAX_LENGTH + 1),
        "A.F.G",
        "ß",  # upper case: SS, South Sudan
        "\ufb01",  # the ligature fi, upper case: FI, Finland
        "\u0131r",  # with a dotless i, upper case: IR, Iran
        "\uff21\uff26\uff27",  # AFG in full width
        "\ud800",
        "700",
        "gw:",
        "gw:-2",
        "gw:+2",
        "gw:\u0667\u0660\u0660",  # 700 in Arabic digits
        "gw:" + "9" * 5_000,
        "9" * 5_000,
    ],
)
def test_what_only_resembles_a_code_is_no_country(text: str) -> None:
    with pytest.raises(UnknownCountry):
        find_country(text)


def test_a_long_text_is_refused_unread_beyond_its_beginning() -> None:
    with pytest.raises(UnknownCountry) as caught:
        find_country("Afghanistan" + " " * 1_000_000 + "Papua New Guinea")
    assert caught.value.text == "Afghanistan".ljust(MAX_LENGTH) + "…"
    assert caught.value.nearest[0].code == "AFG"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Afganistan", "AFG"),
        ("AGF", "AFG"),
        ("Türkiya", "TUR"),
        ("gw:701000", "WSM"),
    ],
)
def test_the_likeliest_country_is_suggested_first(text: str, first: str) -> None:
    assert nearest_codes(text)[0] == first


def test_a_name_that_means_two_countries_suggests_both() -> None:
    assert set(nearest_codes("Korea")[:2]) == {"KOR", "PRK"}


def test_an_unknown_number_suggests_the_countries_numbered_beside_it() -> None:
    assert nearest_codes("gw:71") == ["MEX", "BLZ", "KNA"]
    assert nearest_codes("700")[0] == "AFG"


@pytest.mark.parametrize("code", ["XYZ", *(letter * 3 for letter in ascii_uppercase)])
def test_an_unassigned_code_suggests_three_countries(code: str) -> None:
    assert len(nearest_codes(code)) == 3


def test_fips_codes_are_not_alpha2_codes() -> None:
    assert country_by_fips("AS").code == "AUS"
    assert find_country("AS").code == "ASM"
    assert country_by_fips("WE") is country_by_fips("GZ") is COUNTRIES["PSE"]
    with pytest.raises(UnknownCountry, match="fips:ZZ"):
        country_by_fips("ZZ")


def found_or_suggested(text: str) -> tuple[Country, ...]:
    try:
        return (find_country(text),)
    except UnknownCountry as error:
        return error.nearest


@given(st.text(max_size=120) | st.text(alphabet="gwGW:0123456789AZaz ", max_size=12))
def test_any_text_is_a_country_or_unknown(text: str) -> None:
    answer = found_or_suggested(text)
    assert len({country.code for country in answer}) == len(answer) <= 3


@given(st.sampled_from(list(COUNTRIES.values())), st.data())
def test_a_name_that_lacks_a_letter_still_leads_to_its_country(
    country: Country, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(country.name) - 1))
    assert country in found_or_suggested(country.name[:at] + country.name[at + 1 :])
