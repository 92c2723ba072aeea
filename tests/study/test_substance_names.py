"""Names in titles: their neighbours, slips, and what is written together."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.text import words
from cryptodrug_scraper.study.substance_file import MappingError, parse_mapping
from cryptodrug_scraper.study.substance_names import CERTAIN, USUAL, WEAK, Finder, words_of
from cryptodrug_scraper.study.substances import SubstanceMap, read_mapping

MAP = read_mapping()
DRUGS = ["Drugs"]

SMALL = """
[group]
unknown = { name = "Unknown" }
not_drugs = { name = "Not" }
tea = { name = "Tea", sold_by = "weight" }
coffee = { name = "Coffee", sold_by = "piece" }
[substance.green]
group = "tea"
words = ["sencha", "gyokuro"]
names = ["first flush"]
weak = ["leaf"]
[substance.bean]
group = "coffee"
words = ["espresso"]
names = ["dark roast"]
weak = ["bean", "bag"]
[substance.goods]
group = "not_drugs"
words = ["teapot"]
names = ["samovar"]
[sets]
grams = ["g", "gram"]
[[ambiguous]]
words = ["black"]
means = [
    { near = ["leaf", "@grams"], substance = "green" },
    { near = ["ink"] },
    { substance = "bean" },
]
[titles]
ignored = ["bag of tricks"]
glue = ["powder"]
ordinary = ["express"]
compared = ["like"]
"""
FINDER = Finder(parse_mapping(SMALL, "small").vocabulary)
SMALL_MAP = SubstanceMap(parse_mapping(SMALL, "small"))


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Sencha", [("green", CERTAIN)]),
        ("FIRST-FLUSH!", [("green", USUAL)]),
        ("a leaf in a bag", [("green", WEAK), ("bean", WEAK)]),
        ("bag of tricks", []),
        ("black 5g", [("green", USUAL)]),
        ("black ink", []),
        ("black", [("bean", WEAK)]),
        ("senchapowder", [("green", CERTAIN)]),
        ("PureSencha", [("green", CERTAIN)]),
        ("10xsencha", [("green", CERTAIN)]),
        ("sencha5g", [("green", CERTAIN)]),
        ("s3nch4", [("green", CERTAIN)]),
        ("s e n c h a", [("green", CERTAIN)]),
        ("sen cha", []),
        ("senchaa", [("green", CERTAIN)]),
        ("espresos", [("bean", CERTAIN)]),
        ("express", []),
        ("like sencha", [("green", WEAK)]),
        ("beans", [("bean", WEAK)]),
    ],
)
def test_how_a_name_is_found(title: str, found: list[tuple[str, int]]) -> None:
    assert [(one.substance, one.level) for one in FINDER.find(title)] == found


@pytest.mark.parametrize(
    ("category", "title", "group"),
    [
        ([], "Sencha teapot", "not_drugs"),  # what the thing is outweighs a name
        ([], "Sencha, samovar tested", "tea"),
        ([], "First flush samovar", "not_drugs"),
        ([], "leaf and bag, bean", "coffee"),  # two weak names against one
        ([], "leaf and bean", "unknown"),
        ([], "first flush of the bean", "tea"),
    ],
)
def test_which_name_decides(category: list[str], title: str, group: str) -> None:
    assert SMALL_MAP.classify(category, title).group == group


@pytest.mark.parametrize(
    ("title", "group"),
    [
        ("300 GREEN BITCOIN PILLS 200mg MDMA", "mdma"),
        ("7 gram R-ketamine, reagent tested", "dissociatives"),
        ("40x 1mg clonazepam, replica of the brand", "benzodiazepines"),
        ("5g MDMA, test kit used", "mdma"),
        ("reagent test kit for MDMA", "not_drugs"),
        ("Ketamine synthesis guide, PDF", "not_drugs"),
        ("Snow White 220mg, 10 pressed pills", "mdma"),
        ("Snow White seeds, feminised", "cannabis"),
        ("Caramel ice 5g", "cannabis"),
        ("Ice shards 1g", "amphetamines"),
        ("Ice wax 1g", "cannabis"),
        ("25 stamps 150ug", "hallucinogens"),
        ("10 bags of dope, stamp: Eagle", "opioids"),
        ("Acid kush, 7g", "cannabis"),
        ("Acid, 10 tabs", "hallucinogens"),
        ("Blue bars 2mg x 20", "benzodiazepines"),
        ("THC bars 100mg", "cannabis"),
        ("Syrup, codeine, 1 pint", "opioids"),
        ("Speed shipping! Ketamine 2g", "dissociatives"),
        ("Netflix pills 250mg x 10", "mdma"),
        ("Netflix account, premium", "not_drugs"),
        ("Special offer with tracking", "unknown"),
        ("5xXTC", "mdma"), ("MDMAcrystals", "mdma"), ("K-hole 1g", "dissociatives"),
        ("2FDCK 1g", "dissociatives"), ("C0caine 1g", "cocaine"),
        ("D-bol 10mg x 100", "other_drugs"),
        ("Kokainpulver 1 Gramm", "cocaine"), ("Xannax 2mg x 10", "benzodiazepines"),
        ("M.D.M.A. 1g", "mdma"), ("K E T A M I N E 1g", "dissociatives"),
        ("Amphetaminpaste 10 g", "amphetamines"), ("1P-LSD 100ug x 5", "hallucinogens"),
    ],
)  # fmt: skip
def test_titles_in_a_category_of_drugs(title: str, group: str) -> None:
    assert MAP.classify(DRUGS, title).group == group


def test_a_drugs_certain_name_with_its_amount_is_never_no_drug() -> None:
    """Whatever else is said of it, in a category of drugs."""
    chance = random.Random(5)
    names = sorted(
        (name, known.substance)
        for name, known in MAP.vocabulary.names.items()
        if known.level == CERTAIN and MAP.details[known.substance] != "not_drugs"
    )
    goods = sorted(
        name
        for name, known in MAP.vocabulary.names.items()
        if known.level == USUAL and MAP.details[known.substance] == "not_drugs"
    )
    for name, substance in chance.sample(names, 400):
        title = f"5g {name}, {chance.choice(goods)}"
        verdict = MAP.classify(DRUGS, title)
        assert verdict.group != "not_drugs", (title, verdict)
        if len(MAP.find(title)) == 2:
            assert verdict.group == MAP.details[substance], (title, verdict)


ORDINARY = words(
    "special tracking package system attention concert doctor decade ability proper master"
    " quality shipping vendor express domestic stealth discount original premium customer"
    " worldwide germany holland belgium delivery sample offer pure best trusted vacuum sealed"
    " schneller versand beste angebot qualität livraison gratuite meilleur prix verzending"
    " kwaliteit envío calidad"
)


@pytest.mark.parametrize("word", sorted(ORDINARY))
def test_ordinary_words_are_no_slips(word: str) -> None:
    assert not [one for one in MAP.find(word) if one.level > WEAK]


@given(st.text("aekmtxinsc0315 @$.-KMX", max_size=300))
def test_hostile_titles_cost_little(title: str) -> None:
    assert MAP.classify(DRUGS, title).group in MAP.groups
    assert all(words_of(title, set()))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[[ambiguous]]\nwords = ['sencha']\nmeans = []", "'sencha' also means green"),
        ("[[ambiguous]]\nwords = ['red']\nmeans = [{ near = ['@x'] }]", "there is no set 'x'"),
        ("[[ambiguous]]\nwords = ['red']\nmeans = [{ substance = 'x' }]", "no substance 'x'"),
        ("[[ambiguous]]\nwords = ['red']\nmeans = [{ near = ['a b'] }]", "more than one word"),
        ("[[ambiguous]]\nwords = ['red']\nmeans = [{ by = ['a'] }]", "unknown key by"),
        ("[[ambiguous]]\nwords = ['black']\nmeans = []", "stands in two entries"),
    ],
)
def test_a_file_whose_neighbours_cannot_be_used(more: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_mapping(SMALL + "\n" + more, "small")
