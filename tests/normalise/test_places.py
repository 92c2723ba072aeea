from __future__ import annotations

import re
import time
from pathlib import Path

import pycountry
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cryptodrug_scraper.normalise.place_table import UNKNOWN
from cryptodrug_scraper.normalise.places import (
    LIMIT,
    PLACE_NAMES,
    PlacesRead,
    read_places,
)
from cryptodrug_scraper.normalise.text import words
from tests.reading.growth import grows_too_much

REGIONS = words(
    "WORLD EU EUROPE ASIA AFRICA NORTH_AMERICA SOUTH_AMERICA OCEANIA MIDDLE_EAST INTERNET UNKNOWN"
)


def read_place(text: str) -> str | None:
    """The one place that a field names; None for several, and for what is not understood."""
    read = read_places(text)
    one = len(read.served) == 1 and not read.excluded and UNKNOWN not in read.served
    return read.served[0] if one else None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("United States", "US"),
        ("  United\xa0States\n", "US"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("usa", "US"),
        ("us", "US"),
        ("UK", "GB"),
        ("uk", "GB"),
        ("England", "GB"),
        ("Scotland", "GB"),
        ("DE", "DE"),
        ("DE.", "DE"),
        ('"DE"', "DE"),
        ("DEU", "DE"),
        ("nl", "NL"),
        ("Deutschland", "DE"),
        ("Allemagne", "DE"),
        ("Duitsland", "DE"),
        ("Alemania", "DE"),
        ("België / Belgique", "BE"),
        ("BELGIE", "BE"),
        ("Pays-Bas", "NL"),
        ("Nederland", "NL"),
        ("The Netherlands", "NL"),
        ("Holland", "NL"),
        ("Vereinigte Staaten", "US"),
        ("États-Unis", "US"),
        ("Verenigde Staten", "US"),
        ("Estados Unidos", "US"),
        ("Royaume-Uni", "GB"),
        ("Österreich", "AT"),
        ("Osterreich", "AT"),
        ("Schweiz", "CH"),
        ("Zwitserland", "CH"),
        ("Bosnia and Herzegovina", "BA"),
        ("Bosnia & Herzegovina", "BA"),
        ("Bosnia and Herzegowina", "BA"),
        ("Korea, Republic of", "KR"),
        ("Korea, Democratic People's Republic of", "KP"),
        ("Korea (South)", "KR"),
        ("Cote d'Ivoire", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("Saint Vincent and the Grenadines", "VC"),
        ("St. Vincent & the Grenadines", "VC"),
        ("Congo (Democratic Republic)", "CD"),
        ("Congo", "CG"),
        ("Hong Kong, (China)", "HK"),
        ("Hong Kong (China)", "HK"),
        ("Macau, (China)", "MO"),
        ("Taiwan, (China)", "TW"),
        ("Taiwan, Province of China", "TW"),
        ("Burma", "MM"),
        ("Swaziland", "SZ"),
        ("Micronesia", "FM"),
        ("Vatican City", "VA"),
        ("Macedonia", "MK"),
        ("East Timor", "TL"),
        ("Kosovo", "XK"),
        ("XK", "XK"),
        ("Virgin Islands (U.S.)", "VI"),
        ("Virgin Islands (British)", "VG"),
        ("Heard and Mc Donald Islands", "HM"),
        ("St. Helena", "SH"),
        ("Saint Helena, Ascension and Tristan da Cunha", "SH"),
        ("Yugoslavia", "RS"),
        ("Netherlands Antilles", "CW"),
        ("Antarctica(c)", "AQ"),
        ("Australia(c)", "OCEANIA"),
        ("Europe", "EUROPE"),
        ("Europa", "EUROPE"),
        ("EU", "EU"),
        ("eu", "EU"),
        ("EU only", "EU"),
        ("European Union (EU)", "EU"),
        ("Union européenne", "EU"),
        ("WW", "WORLD"),
        ("World Wide", "WORLD"),
        ("WORLDWIDE", "WORLD"),
        ("Worldwide, Worldwide", "WORLD"),
        ("Ships Worldwide", "WORLD"),
        ("Weltweit", "WORLD"),
        ("Monde entier", "WORLD"),
        ("Wereldwijd", "WORLD"),
        ("Todo el mundo", "WORLD"),
        ("Torland", "INTERNET"),
        ("Internet", "INTERNET"),
        ("digital", "INTERNET"),
        ("Middle East", "MIDDLE_EAST"),
        ("Ships from: Belgium", "BE"),
        ("nur Deutschland", "DE"),
        ("within the UK", "GB"),
        ("AND", "AD"),
        ("NO", "NO"),
    ],
)
def test_one_place(text: str, code: str) -> None:
    assert read_place(text) == code
    assert read_places(text) == PlacesRead((code,), (), ())


@pytest.mark.parametrize(
    "text", ["in", "no", "it", "is", "be", "de", "to", "and", "are", "Moon base", "x" * 300]
)
def test_not_a_place(text: str) -> None:
    assert read_place(text) is None
    assert read_places(text) == PlacesRead(("UNKNOWN",), (), (text[:200],))


@pytest.mark.parametrize(
    "text", ["", "  \xa0", "N/A", "n.a.", "Undeclared", "Unknown", "none", "-", "?", "Ships to:"]
)
def test_nothing_stated(text: str) -> None:
    assert read_places(text) == PlacesRead((), (), ())
    assert read_place(text) is None


@pytest.mark.parametrize(
    ("text", "served", "excluded"),
    [
        ("United States, Worldwide", "US WORLD", ""),
        ("World Wide, United States, Asia, Africa", "WORLD US ASIA AFRICA", ""),
        ("Worldwide except US, AU", "WORLD", "US AU"),
        ("Worldwide, except the US & AU", "WORLD", "US AU"),
        ("Ships Worldwide with Exceptions (US, AU)", "WORLD", "US AU"),
        ("Only ships to certain countries (BE, NL, DE)", "BE NL DE", ""),
        ("Only ships to certain countries (Belgium, Pays-Bas)", "BE NL", ""),
        ("everywhere except Netherlands", "WORLD", "NL"),
        ("Worldwide (no US)", "WORLD", "US"),
        ("Worldwide NO US", "WORLD", "US"),
        ("Worldwide, no US, no AU", "WORLD", "US AU"),
        ("Worldwide but not to the US", "WORLD", "US"),
        ("Worldwide - no AU", "WORLD", "AU"),
        ("Europe (no UK), Canada", "EUROPE CA", "GB"),
        ("Europe, excluding: DE, FR", "EUROPE", "DE FR"),
        ("Worldwide without exceptions", "WORLD", ""),
        ("Weltweit außer USA", "WORLD", "US"),
        ("Monde entier sauf France", "WORLD", "FR"),
        ("Wereldwijd behalve Nederland", "WORLD", "NL"),
        ("Todo el mundo excepto España", "WORLD", "ES"),
        ("not Australia", "", "AU"),
        ("European Union + Norway", "EU NO", ""),
        ("USA/EU/AU", "US EU AU", ""),
        ("US and Canada", "US CA", ""),
        ("Deutschland und Österreich", "DE AT", ""),
        ("France et Belgique; Suisse", "FR BE CH", ""),
        ("be, nl, de", "BE NL DE", ""),
        ("in, it, no", "IN IT NO", ""),
        ("SE, NO, DK", "SE NO DK", ""),
        ("CH, NO and SE", "CH NO SE", ""),
        ("EU, NO", "EU NO", ""),
        ("US/CA/NO", "US CA NO", ""),
        ("SE NO DK FI", "SE NO DK FI", ""),
        ("US CA", "US CA", ""),
        ("Trinidad & Tobago, UK & Ireland", "TT GB IE", ""),
        ("Antigua and Barbuda or Cuba", "AG CU", ""),
        ("Hong Kong, China", "HK CN", ""),
        ("Guinea, Guinea-Bissau, Equatorial Guinea", "GN GW GQ", ""),
        ("(Congo (Democratic Republic), US)", "CD US", ""),
        ("Korea, Republic of, Japan", "KR JP", ""),
        ("St. Helena, St. Pierre and Miquelon", "SH PM", ""),
        ("North and South America", "NORTH_AMERICA SOUTH_AMERICA", ""),
        ("Benelux", "BE NL LU", ""),
        ("United States (US)", "US", ""),
        ("US, US, us, USA", "US", ""),
    ],
)
def test_lists_and_exceptions(text: str, served: str, excluded: str) -> None:
    assert read_places(text) == PlacesRead(tuple(served.split()), tuple(excluded.split()), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Moon base, US", PlacesRead(("UNKNOWN", "US"), (), ("Moon base",))),
        ("Mars, Venus, US", PlacesRead(("UNKNOWN", "US"), (), ("Mars", "Venus"))),
        ("Worldwide except Atlantis", PlacesRead(("WORLD",), ("UNKNOWN",), ("Atlantis",))),
        ("Domestic only", PlacesRead(("UNKNOWN",), (), ("Domestic only",))),
        (
            "Only ships to certain countries",
            PlacesRead(("UNKNOWN",), (), ("certain countries",)),
        ),
        (
            "Worldwide with exceptions",
            PlacesRead(("WORLD",), ("UNKNOWN",), ("Worldwide with exceptions",)),
        ),
    ],
)
def test_what_is_not_understood_is_said(text: str, expected: PlacesRead) -> None:
    assert read_places(text) == expected


def test_one_place_of_several_is_none() -> None:
    assert read_place("US, CA") is None
    assert read_place("Benelux") is None
    assert read_place("Worldwide except US") is None


def test_names_are_complete() -> None:
    iso = {country.alpha_2 for country in pycountry.countries}
    assert set(PLACE_NAMES) == iso | REGIONS | {"XK"}
    assert all(name and name != "-" for name in PLACE_NAMES.values())
    for code, name in PLACE_NAMES.items():
        if code != "UNKNOWN":
            assert read_place(name) == code
        if code == "NA":  # in a table it says that nothing is stated
            assert read_places(code) == PlacesRead((), (), ())
        elif code in iso or code == "XK":
            assert read_place(code) == code


def test_every_iso_name_and_code_is_understood() -> None:
    for country in pycountry.countries:
        names = [country.name, country.alpha_3, getattr(country, "official_name", country.name)]
        for name in [*names, getattr(country, "common_name", country.name)]:
            assert read_places(name) == ((country.alpha_2,), (), ()), name


def test_the_list_of_all_names_is_read_in_order() -> None:
    codes = [code for code in PLACE_NAMES if code != "UNKNOWN"]
    for mark in (", ", " / ", " and ", "; "):
        read = read_places(mark.join(PLACE_NAMES[code] for code in codes))
        assert read == (tuple(codes), (), ()), mark


@pytest.mark.parametrize(
    ("page", "css"),
    [
        ("dream/search_result_0.html", "select.regionSelect option"),
        ("empire/category_index_0.html", "select[name=origin] option"),
    ],
)
def test_every_option_of_the_real_pages(real_pages: Path, page: str, css: str) -> None:
    tree = LexborHTMLParser((real_pages / page).read_text(encoding="utf-8"))
    options = [option.text() for option in tree.css(css) if option.text()]
    assert len(options) > 150
    assert [option for option in options if read_place(option) is None] == []


@given(st.text(max_size=300) | st.text("USNOdenl ,;/()&-.\xa0\n'", max_size=200))
@example("\ud800, US")
@example("İ, ﬁ, ẞ")
@example(")))(((no no no except")
def test_any_text_gives_known_codes(text: str) -> None:
    read = read_places(text)
    for codes in (read.served, read.excluded):
        assert set(codes) <= set(PLACE_NAMES)
        assert len(set(codes)) == len(codes)
    assert bool(read.unknown) == ("UNKNOWN" in read.served + read.excluded)
    read_place(text)


@given(
    st.lists(st.sampled_from(sorted(PLACE_NAMES)), min_size=1, max_size=6, unique=True),
    st.sampled_from(["US", "Australia", "Korea, Republic of"]),
)
def test_exceptions_round_trip(codes: list[str], out: str) -> None:
    codes = [code for code in codes if code not in ("UNKNOWN",)]
    text = ", ".join(PLACE_NAMES[code] for code in codes)
    assert read_places(f"{text} (except {out})") == (tuple(codes), (read_place(out),), ())


@pytest.mark.parametrize(
    "unit", ["a,", "a ", "no ", "(", "except ", "Bosnia and ", "the ", "х,", "US, ", "&", "with "]
)
def test_hostile_texts_stay_linear(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        started = time.process_time()
        read_places(text)
        return time.process_time() - started

    assert not grows_too_much(seconds, LIMIT // 32)
    assert read_places(unit * (LIMIT + 1)).served == ("UNKNOWN",)


def test_nothing_long_is_kept() -> None:
    read = read_places(", ".join(f"{'y' * 500}{n}" for n in range(39)))
    assert read.served == ("UNKNOWN",)
    assert all(len(text) <= 200 for text in read.unknown)
    many = read_places(",".join(f"q{n}" for n in range(3000)))
    assert len(many.unknown) <= 200


def test_the_table_holds_no_markup() -> None:
    assert not [name for name in PLACE_NAMES.values() if re.search(r"[<>|\t]", name)]
