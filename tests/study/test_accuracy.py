"""The accuracy that the report states, measured on titles that had no part in making the rules."""

from __future__ import annotations

import re

import pytest

from cryptodrug_scraper.language import CODES, language
from cryptodrug_scraper.study.accuracy import Accuracy, accuracy
from cryptodrug_scraper.study.substances import amount_of, read_mapping
from tests.study import labels

MAP = read_mapping()
DRUGS = ("Drugs",)


def measured() -> Accuracy:
    """Return the counts of the titles of drugs that were never used to correct the rules."""
    titles = [one for one in labels.read("unseen") if one.substance not in ("not_drugs", "unknown")]
    groups = [(one.substance, MAP.classify(DRUGS, one.title)) for one in titles]
    placed = [one for one in titles if one.category]
    amounts = [
        (one, amount_of(verdict, one.title))
        for one, (_, verdict) in zip(titles, groups, strict=True)
    ]
    return Accuracy(
        titles=len(titles),
        right=sum(group == verdict.group for group, verdict in groups),
        wrong=sum(verdict.group not in (group, "unknown") for group, verdict in groups),
        with_category=len(placed),
        right_in_category=sum(
            one.substance == MAP.classify(one.category, one.title).group for one in placed
        ),
        amounts=sum(one.quantity is not None for one in titles),
        amounts_right=sum(
            one.quantity is not None and one.amount_is(found) for one, found in amounts
        ),
        given=sum(found.least is not None for _, found in amounts),
    )


def test_what_is_stated_is_what_is_measured() -> None:
    assert accuracy() == measured()


def test_it_is_good_enough() -> None:
    found = measured()
    assert found.titles > 150
    assert found.right >= 0.9 * found.titles
    assert found.wrong <= 0.015 * found.titles
    assert found.right_in_category >= 0.99 * found.with_category
    assert found.amounts_right >= 0.96 * found.amounts


def test_no_title_is_used_both_to_correct_and_to_measure() -> None:
    corrected = {one.title for name in ("written", "later") for one in labels.read(name)}
    assert not corrected & {one.title for one in labels.read("unseen")}


@pytest.mark.parametrize("code", CODES)
def test_it_says_on_what_it_was_measured(code: str) -> None:
    spoken = language(code)
    sentence = spoken.text("uncertainty.offer", **accuracy().parts())
    assert spoken.number(accuracy().titles) in sentence
    assert len(re.findall(r"\d+[.,]\d\s?%", sentence)) == 5
