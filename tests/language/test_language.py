"""Numbers, dates, places and texts in the report's languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import jinja2
import pycountry
import pytest
from jinja2 import meta

from cryptodrug_scraper.language import CODES, language
from cryptodrug_scraper.normalise.place_table import TABLES
from tests.conftest import ROOT

TEXTS = ROOT / "cryptodrug_scraper" / "language" / "texts"


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("en", ["1,234,568", "−0.5", "12%", "0.45%", "€1,234,000", "€7.50", "1 November 2018"]),
        (
            "fr",
            ["1 234 568", "−0,5", "12 %", "0,45 %", "1 234 000 €", "7,50 €", "1er novembre 2018"],
        ),
        ("nl", ["1.234.568", "−0,5", "12%", "0,45%", "€ 1.234.000", "€ 7,50", "1 november 2018"]),
    ],
)
def test_formats(code: str, written: list[str]) -> None:
    spoken = language(code)
    got = [
        spoken.number(1234567.5),
        spoken.number(-0.45, 1),
        spoken.percent(0.123),
        spoken.percent(0.0045),
        spoken.euros(1234000),
        spoken.euros(7.5),
        spoken.day(date(2018, 11, 1)),
    ]
    assert [re.sub("[\u00a0\u202f]", " ", text) for text in got] == written
    assert " " not in "".join(got[:6])  # no line ends within a number


def test_halves_and_estimates() -> None:
    spoken = language("en")
    assert [spoken.number(x) for x in (0.5, 1.5, 2.5, -2.5, 2.4999)] == ["1", "2", "3", "−3", "2"]
    assert [spoken.percent(x) for x in (0, 0.00994, 0.0996, 0.5, 1)] == [
        "0%", "0.99%", "10.0%", "50%", "100%",
    ]  # fmt: skip
    assert [spoken.rounded_euros(x) for x in (987, 1234, 98765, 1234567)] == [
        "€987", "€1,230", "€98,800", "€1,230,000",
    ]  # fmt: skip


def test_plurals() -> None:
    assert [language("fr").form(n, "s", "p") for n in (0, 1, 1.5, 2)] == ["s", "s", "s", "p"]
    assert [language("nl").form(n, "s", "p") for n in (0, 1, 1.5, 2)] == ["p", "s", "p", "p"]
    assert language("en").plural(1234, "vendor", "vendors") == "1,234\u00a0vendors"
    assert language("en").each(["a"]) == "a"
    assert language("fr").each(["a", "b", "c"]) == "a, b et c"
    assert language("nl").each([]) == ""


@pytest.mark.parametrize(
    ("place", "forms"),
    [
        ("BE", ["la Belgique", "de la Belgique", "Belgique", "België", "Belgium"]),
        ("NL", ["les Pays-Bas", "des Pays-Bas", "Pays-Bas", "Nederland", "Netherlands"]),
        ("GB", ["le Royaume-Uni", "du Royaume-Uni", "Royaume-Uni", "Verenigd Koninkrijk",
                "United Kingdom"]),
        ("DE", ["l’Allemagne", "de l’Allemagne", "Allemagne", "Duitsland", "Germany"]),
        ("IL", ["Israël", "d’Israël", "Israël", "Israël", "Israel"]),
        ("HT", ["Haïti", "d’Haïti", "Haïti", "Haïti", "Haiti"]),
        ("EU", ["l’Union européenne", "de l’Union européenne", "Union européenne",
                "Europese Unie", "European Union"]),
        ("??", ["??", "de ??", "??", "??", "??"]),
    ],
)  # fmt: skip
def test_places(place: str, forms: list[str]) -> None:
    french = language("fr")
    got = [french.the(place), french.of_the(place), french.place(place)]
    assert [*got, language("nl").place(place), language("en").place(place)] == forms


def test_every_place_has_its_names() -> None:
    codes = {country.alpha_2 for country in pycountry.countries} | set(TABLES.english)
    for code in CODES:
        spoken = language(code)
        assert [place for place in codes if spoken.the(place) == place] == []


def flat(texts: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def test_languages_have_the_same_texts_with_the_same_values() -> None:
    texts = {code: dict(flat(language(code).texts)) for code in CODES}
    assert texts["en"].keys() == texts["fr"].keys() == texts["nl"].keys()
    environment = jinja2.Environment(autoescape=True)
    environment.filters |= dict.fromkeys(
        [
            "n",
            "exact",
            "percent",
            "span",
            "euros",
            "sum",
            "interval",
            "month",
            "in_period",
            "day",
            "each",
            "form",
            "plural",
            "the",
            "of_the",
            "of_name",
            "place",
            "cap",
        ],
        str,
    )
    for key, english in texts["en"].items():
        if isinstance(english, str):
            used = {
                code: meta.find_undeclared_variables(environment.parse(texts[code][key]))
                for code in CODES
            }
            assert used["en"] == used["fr"] == used["nl"], key


def test_french_spaces() -> None:
    """Before : ; ? ! % stands a space that no line breaks at."""
    for key, text in flat(language("fr").texts):
        said = re.sub(r"\{[{%].*?[%}]\}", "", text) if isinstance(text, str) else ""
        assert not re.search(r"(?<=[ \w»])(?<![\u00a0\u202f])[:;?!%]", said), (key, said)


@pytest.mark.parametrize(
    ("code", "one", "place"),
    [
        (
            "en",
            "In the whole period, 1 vendor offered 1 listing last stated to ship from the United"
            " Kingdom. Listings that stated so at the time received 0 reviews.",
            "The place to which the 3 listings from the United Kingdom most often ship is France.",
        ),
        (
            "fr",
            "Sur toute la période, 1 vendeur a proposé 1 annonce dont la dernière origine déclarée"
            " est le Royaume-Uni. Les annonces qui la déclaraient alors ont reçu 0 avis.",
            "La destination la plus fréquente des 3 annonces expédiées depuis le Royaume-Uni est"
            " France.",
        ),
        (
            "nl",
            "In de hele periode bood 1 verkoper 1 advertentie aan met het Verenigd Koninkrijk als"
            " laatst vermelde herkomst. Advertenties die dat toen vermeldden, kregen 0"
            " beoordelingen.",
            "De bestemming die de 3 advertenties uit het Verenigd Koninkrijk het vaakst noemen, is"
            " France.",
        ),
    ],
)
def test_sentences_of_one(code: str, one: str, place: str) -> None:
    spoken = language(code)
    said = spoken.text("size.total", country="GB", vendors=1, listings=1, reviews=0)
    assert said.replace("\u00a0", " ") == one
    assert spoken.text("places.to_most", country="GB", places=["France"], n=3) == place


@pytest.mark.parametrize(
    ("low", "high", "value", "written"),
    [
        (0.998, 1.0, 0.9991, "99.8–100.0%"), (0.9901, 0.99999, 0.995, "99.0–99.9%"),
        (0.9, 0.97, 0.95, "90–97%"), (1.0, 1.0, 1.0, "100–100%"), (0, 0.011, 0, "0.0–1.1%"),
    ],
)  # fmt: skip
def test_an_end_that_is_not_quite_all_is_not_written_as_all(
    low: float, high: float, value: float, written: str
) -> None:
    assert language("en").span(low, high, "share", value) == written
