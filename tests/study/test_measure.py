"""Facts: none without its vendors, each with a sentence in every language."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from cryptodrug_scraper.language import CODES, language
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.counting import Count, count_apart, fewest
from cryptodrug_scraper.study.measure import Measure, Note
from tests.conftest import ROOT

_BUILT = re.compile(
    r"""Note(?:\.(?P<how>of_method|of_captures|left_out))?\(\s*"(?P<name>\w+)"
        (?:,\s*kind="(?P<kind>\w+)")?""",
    re.VERBOSE,
)


def built() -> set[tuple[str, str]]:
    """The kinds and names of the notes that the program builds."""
    kinds = {None: "note", "of_method": "assumption", "of_captures": "note"}
    found = set()
    for file in (ROOT / "cryptodrug_scraper").rglob("*.py"):
        for made in _BUILT.finditer(file.read_text("utf-8")):
            found.add((made["kind"] or kinds.get(made["how"], "left_out"), made["name"]))
    return found


def test_no_fact_is_built_without_its_vendors() -> None:
    vendors: Any = None
    with pytest.raises(TypeError):
        Note("few_reviews", {"n": 3})  # type: ignore[call-arg]
    for missing in (vendors, -1):
        with pytest.raises(ValueError, match="vendors stand behind"):
            Note("few_reviews", {"n": 3}, missing)
        with pytest.raises(ValueError, match="vendors stand behind"):
            Note.left_out("undated_reviews", 3, missing)
    assert Note.of_method("regions").vendors is None
    assert Note.of_captures("undated_pages", kind="left_out", n=3).vendors is None


def test_what_rests_on_few() -> None:
    few = [Note("x", {}, vendors).rests_on_few(5) for vendors in (0, 1, 4, 5)]
    assert few == [False, True, True, False]
    assert not Note.of_method("x").rests_on_few(5)


@pytest.mark.parametrize("code", CODES)
def test_each_note_has_its_sentence(code: str) -> None:
    texts = language(code).texts
    names = built()
    assert len(names) > 60
    assert [name for kind, name in names if name not in texts[kind]] == []
    written = {(kind, name) for kind in ("note", "left_out", "assumption") for name in texts[kind]}
    weak = {("note", name) for name in
            ("listing_price", "far_price", "other_rate", "capture_rate", "posted_rate",
             "suspected_edits", "no_rate")}  # fmt: skip
    weak |= {("assumption", f"amounts_{kind}") for kind in
             ("none", "unknown", "with_shipping", "without_shipping")}  # fmt: skip
    assert written - weak == names, "a sentence of no note"
    assert set(texts["few"]) <= set(texts["note"])


def test_a_notebook_shows_words() -> None:
    notes = (
        Note.left_out("undated_reviews", 3, 2),
        Note("largest_sale", {"share": 0.4}, 1, {"limit": 0.05}),
    )
    measure = Measure("turnover", pd.DataFrame({"a": [1]}), {"a": "A <b>."}, notes=notes)
    shown = measure._repr_html_()
    assert "Turnover is the sum over reviews" in shown
    assert "Left out: 3 (Reviews without a date)" in shown
    assert "A single sale makes up 40% of the turnover." in shown


def test_vendors_are_counted_with_the_rows(study_of: Any) -> None:
    study: Study = study_of()
    study.run("CREATE TEMP TABLE s_try (vendor_id int, n int)")
    study.copy("s_try", ["vendor_id", "n"], [[1, 1], [1, 2], [2, 1], [3, 1], [None, 2]])
    found = count_apart(study, "s_try", {"two": "n = 2", "one": "n = 1", "none": "n > 2"}, "true")
    # Of 5 rows 2 are twos, of a vendor and of an unknown one; the ones are of three vendors.
    assert found == {"two": Count(2, 2), "one": Count(3, 2), "none": Count(0, 0)}
    assert [fewest(7, 3), fewest(2, 9), fewest(7, 0), fewest(0, 3)] == [3, 2, 7, 0]
