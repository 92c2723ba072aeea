"""What a listing sells, against labels made by hand; and mapping files that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.study.substances import (
    Classification,
    MappingError,
    amount_of,
    read_mapping,
)
from tests.study import labels
from tests.study.labels import Label

MAP = read_mapping()


def judge(found: list[Label]) -> tuple[dict[str, float], list[str]]:
    """Return the shares that are right, and what is wrong, to be shown when too much is."""
    right = {"group": 0, "detail": 0, "amount": 0, "strength": 0}
    asked = dict.fromkeys(right, 0)
    stated = {"group": 0, "amount": 0}
    told = {"group": 0, "amount": 0}
    wrong = []
    for label in found:
        verdict = MAP.classify(label.category, label.title)
        amount = amount_of(verdict, label.title)
        checks = {
            "group": verdict.group == label.substance,
            "amount": label.amount_is(amount),
        }
        if label.detail:
            checks["detail"] = verdict.detail == label.detail
        if label.strength_mg is not None:
            checks["strength"] = amount.strength_mg == label.strength_mg
        for what, is_right in checks.items():
            asked[what] += 1
            right[what] += is_right
        if verdict.group != "unknown":
            told["group"] += 1
            stated["group"] += checks["group"]
        if amount.least is not None:
            told["amount"] += 1
            stated["amount"] += checks["amount"]
        if not all(checks.values()):
            wrong.append(f"{label.title!r} in {label.category}: {verdict} {amount}, not {label}")
    shares = {what: right[what] / max(asked[what], 1) for what in right}
    shares |= {f"{what} of those told": stated[what] / max(told[what], 1) for what in stated}
    return shares, wrong


def test_fixtures_are_classified_right() -> None:
    shares, wrong = judge(labels.read("fixtures"))
    assert shares["group"] >= 0.98, wrong
    assert shares["detail"] >= 0.98, wrong
    assert shares["amount"] >= 0.98, wrong


def test_real_pages_are_classified_right(real_pages: Path) -> None:
    found = labels.read_real(real_pages)
    assert len(found) == 156, "the pages are not those that were labelled"
    shares, wrong = judge(found)
    assert shares["group"] >= 0.98, wrong
    assert shares["detail"] >= 0.98, wrong
    assert shares["amount"] >= 0.95, wrong
    assert shares["strength"] >= 0.95, wrong


@pytest.mark.parametrize("name", ["written", "later"])
def test_invented_titles_are_classified_right(name: str) -> None:
    shares, wrong = judge(labels.read(name))
    assert min(shares.values()) >= 0.98, (shares, wrong)


@pytest.mark.parametrize("name", ["fixtures", "written", "later", "unseen"])
def test_no_amount_is_wrong_by_a_thousand(name: str) -> None:
    for label in labels.read(name):
        amount = amount_of(MAP.classify(label.category, label.title), label.title)
        if label.quantity and amount.least and amount.unit == label.unit:
            assert 0.01 < amount.least / label.quantity < 100, label


@pytest.mark.parametrize(
    ("category", "title", "expected"),
    [
        (["Drugs", "Stimulants", "Cocaine"], "5g Ketamine", ("cocaine", "cocaine", "category")),
        (["Benzos", "Pills"], "2mg", ("benzodiazepines", None, "category")),
        (["Guides", "Drugs"], "LSD", ("not_drugs", None, "category")),
        (["Drogues", "Cocaïne"], "1 g", ("cocaine", "cocaine", "category")),
        (["Weed - Indoor"], "5g", ("cannabis", "herbal", "category")),  # a name not in the file
        (["Prescription"], "Xanax", ("benzodiazepines", "alprazolam", "title")),
        (["Prescription"], "Soma 350mg", ("medicines", "carisoprodol", "category")),
        (["Stimulants"], "5g", ("unknown", None, "none")),
        (["Stimulants"], "5g LSD", ("unknown", None, "none")),  # not what such a category holds
        (["Other"], "5g LSD", ("hallucinogens", "lsd", "title")),
        ([], "Kétämîné", ("dissociatives", "ketamine", "title")),
        ([], "Cocaien 1g", ("cocaine", "cocaine", "title")),  # letters swapped
        ([], "Heroic deeds", ("unknown", None, "none")),  # short names only as written
        ([], "MDMA test kit", ("not_drugs", None, "title")),
        ([], "", ("unknown", None, "none")),
        ([""], "", ("unknown", None, "none")),
    ],
)
def test_category_first_title_second(
    category: list[str], title: str, expected: tuple[str, str | None, str]
) -> None:
    assert MAP.classify(category, title)[:3] == expected


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=300))
def test_any_text_is_classified(category: list[str], title: str) -> None:
    verdict = MAP.classify(category, title)
    assert verdict.group in MAP.groups
    assert (verdict.source == "none") == (verdict.group == "unknown")
    assert verdict.detail is None or MAP.details[verdict.detail] == verdict.group
    amount_of(verdict, title)


def test_every_group_of_the_report_is_there() -> None:
    assert set(MAP.groups) == {
        "cannabis", "cocaine", "opioids", "amphetamines", "mdma", "hallucinogens", "dissociatives",
        "benzodiazepines", "medicines", "nps", "other_drugs", "not_drugs", "unknown",
    }  # fmt: skip


LEAST = """
[group]
unknown = { name = "Unknown" }
not_drugs = { name = "Not" }
tea = { name = "Tea", sold_by = "weight" }
[substance.green]
group = "tea"
words = ["sencha"]
"""


def test_a_mapping_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(LEAST)
    mine = read_mapping(file)
    assert mine.classify([], "Sencha 50 g") == Classification("tea", "green", "title", "weight")
    assert mine.classify([], "Cocaine").group == "unknown"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("x = [", "no TOML"),
        ("[substance.black]\ngroup = 'coffee'", "there is no group 'coffee'"),
        ("[substance.black]\ngroup = 'tea'\nwords = ['SENCHA']", "'sencha' also means green"),
        ("[substance.black]\ngroup = 'tea'\nword = ['x']", "unknown key word"),
        ("[substance.black]\ngroup = 'tea'\nsold_by = 'cup'", "not 'cup'"),
        ("[substance.black]\ngroup = 'tea'\nwords = ['★']", "no letters"),
        ("[[category]]\nnames = ['a']\ngroup = 'cake'", "there is no group 'cake'"),
        ("[[category]]\nnames = ['a']\ngroup = 'tea'\ndetail = 'x'", "no substance of tea"),
        (
            "[[category]]\nnames = ['a']\ngroup = 'tea'\n[[category]]\nnames = ['A']",
            "two categories",
        ),
        ("[inference]\npills_of_mg = [1, 2]\nsubstance = 'x'", "there is no substance 'x'"),
    ],
)
def test_a_mapping_that_cannot_be_used(tmp_path: Path, more: str, told: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(LEAST + more)
    with pytest.raises(MappingError, match=told):
        read_mapping(file)
