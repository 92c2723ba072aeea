"""Exclusions in all their forms, places in a row, and places misspelt."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.place_pieces import name_of
from cryptodrug_scraper.normalise.place_table import (
    LEAD,
    TABLES,
    TRAIL,
    WORD_CODES,
    country_of,
)
from cryptodrug_scraper.normalise.places import PLACE_NAMES, PlacesRead, read_places
from cryptodrug_scraper.normalise.text import words

LISTS = (("Peru", ["PE"]), ("Peru, Cuba", ["PE", "CU"]), ("Peru/Cuba/Malta", ["PE", "CU", "MT"]))
BEFORE = (
    "{w} except {l}", "{w} exept {l}", "{w} exeption {l}", "{w} execpt: {l}", "{w} expect {l}",
    "{w} (exluding {l})", "{w} excl. {l}", "{w} ex. {l}", "{w} ex {l}", "{w} w/o {l}",
    "{w} without {l}", "{w} minus {l}", "{w} but not {l}", "{w} - no {l}", "{w}, not to {l}",
    "{w}. We do not ship to {l}", "{w}, don't ship to {l}", "{w}, no shipping to {l}",
    "{w} outside of {l}", "{w} but {l}", "{w} !{l}", "{w} ohne {l}", "{w} außer {l}",
    "{w}, kein Versand nach {l}", "{w} mit Ausnahme von {l}", "{w} exkl. {l}", "{w} sauf {l}",
    "{w} hors {l}", "{w} à l'exception de {l}", "{w}, pas de livraison en {l}",
    "{w} behalve {l}", "{w} uitgezonderd {l}", "{w} (geen {l})", "{w} met uitzondering van {l}",
    "{w}, niet naar {l}", "{w} excepto {l}", "{w} menos {l}",
)  # fmt: skip
AFTER = ("{w}, {l} excluded", "{w} ({l} not included)", "{w}; {l} exclu", "{w} ({l} uitgesloten)",
         "{w}, {l} ausgenommen")  # fmt: skip


@pytest.mark.parametrize("form", [*BEFORE, *AFTER])
def test_every_form_of_exclusion_is_read(form: str) -> None:
    for world, code in (("Worldwide", "WORLD"), ("EU", "EU"), ("Europe", "EUROPE")):
        for named, codes in LISTS:
            if form in AFTER and "/" not in named and "," in named and code == "EU":
                continue  # "EU, Peru, Cuba excluded" is one list
            text = form.format(w=world, l=named)
            expected = PlacesRead((code,), tuple(codes), ())
            assert read_places(text) == expected, text
            assert read_places(text.upper() if "ß" not in text else text) == expected, text


@pytest.mark.parametrize("glued", ["World exceptPeru", "WorldwideExceptPeru", "worldwide exc.Peru"])
def test_an_exclusion_that_is_glued_to_a_name_is_read(glued: str) -> None:
    assert read_places(glued) == PlacesRead(("WORLD",), ("PE",), ())


assert name_of("Austrailia") == ("AU",)  # the list of slips is made once, outside of time limits
JOINING = words("and und et oder plus ou or not non no but") | LEAD | TRAIL


@given(st.text("bcdfghjkmpqrtvwxz", min_size=3, max_size=9), st.sampled_from(LISTS))
@example("xcpt", LISTS[2])
@example("cept", LISTS[1])
@example("bar", LISTS[1])
def test_an_exclusion_that_cannot_be_read_serves_none_of_its_places(
    junk: str, places: tuple[str, list[str]]
) -> None:
    assume(junk not in JOINING and name_of(junk) is None and junk.upper() not in TABLES.codes)
    named, codes = places
    read = read_places(f"Worldwide {junk} {named}")
    assert not set(codes) & set(read.served), read
    assert read.excluded and (read.unknown or set(codes) == set(read.excluded)), read


COUNTRIES = {"Peru": "PE", "New Zealand": "NZ", "USA": "US", "UK": "GB", "South Africa": "ZA",
             "Costa Rica": "CR", "DE": "DE", "Canada": "CA", "EU": "EU"}  # fmt: skip


@given(
    st.lists(st.sampled_from(sorted(COUNTRIES)), min_size=2, max_size=6, unique=True),
    st.sampled_from((" ", "-", "/", ", ", " & ", " + ", "_", " – ")),
)
def test_places_in_a_row_are_read_in_order(names: list[str], mark: str) -> None:
    expected = tuple(COUNTRIES[name] for name in names)
    assert read_places(mark.join(names)) == PlacesRead(expected, (), ()), mark.join(names)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("GER", "DE"), ("ROI", "IE"), ("UK & ROI", "GB IE"), ("Down Under", "AU"),
        ("Austrailia", "AU"), ("Germnay", "DE"), ("Swizerland", "CH"), ("Untied Kingdom", "GB"),
        ("Norwey", "NO"), ("Netherlnds", "NL"), ("US to US", "US"), ("EU2EU", "EU"),
        ("us uk ca", "US GB CA"), ("nl be de", "NL BE DE"), ("nur innerhalb Deutschlands", "DE"),
        ("uniquement France", "FR"), ("USA only (no international)", "US"),
        ("NA", ""), ("na", ""), ("NA, USA", "US"), ("DE, NA", "DE"),
    ],
)  # fmt: skip
def test_short_names_slips_and_nothing_stated(text: str, codes: str) -> None:
    assert read_places(text) == PlacesRead(tuple(codes.split()), (), ())


WORDS_AND_CODES = sorted(word for word in WORD_CODES - {"eu"} if word.upper() in TABLES.codes)


@pytest.mark.parametrize("word", WORDS_AND_CODES)
def test_a_word_is_no_country_though_its_letters_are_a_code(word: str) -> None:
    """In running text it is none; in capitals it is a code, but for NA; asked for, it is one."""
    code = TABLES.codes[word.upper()]
    for text in (
        word,
        word.capitalize(),
        f"{word} more",
        f"send {word} all",
        f"Japan, {word} more",
    ):
        read = read_places(text)
        assert code not in (*read.served, *read.excluded), text
    stated = () if code == "NA" else (code,)
    for text in (code, f"[{code}]", f"{code}.", f" {code} "):
        assert read_places(text) == PlacesRead(stated, (), ()), text
    assert country_of(word) == country_of(code) == code
    assert read_places(PLACE_NAMES[code]) == PlacesRead((code,), (), ())


@pytest.mark.parametrize(
    "text", ["NA", "na", "N/A", "n/a", "N.A.", "(NA)", "NA.", "n a", "-", "Ships from: NA"]
)
def test_no_answer_is_not_namibia(text: str) -> None:
    assert read_places(text) == PlacesRead((), (), ())
    assert read_places("Namibia") == read_places("NAM") == PlacesRead(("NA",), (), ())


@pytest.mark.parametrize("text", ["Neverland", "Austrlia", "US to CA", "escrow only", "us to be"])
def test_what_may_be_two_things_is_not_guessed(text: str) -> None:
    assert read_places(text) == PlacesRead(("UNKNOWN",), (), (text,))


@given(st.text("xab -/,.()!NOexcptUSAE", max_size=400))
def test_hostile_text_costs_little_and_is_warned_of(text: str) -> None:
    read = read_places(text)
    assert not ("UNKNOWN" in (*read.served, *read.excluded) and not read.unknown)


def test_every_name_is_read_in_a_row_with_another() -> None:
    for name, codes in TABLES.names.items():
        if len(codes) == 1 and len(name) > 5 and "(" not in name and codes[0] not in ("PE",):
            read = read_places(f"{name}; Peru")
            assert read.served[-1] == "PE", (name, read)
