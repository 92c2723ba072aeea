from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.text import fold, short, squeeze


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Côte d’Ivoire", "cote divoire"),
        ("U.S.A.", "usa"),
        ("Pays-Bas", "pays bas"),
        ("Österreich", "osterreich"),
        ("Großbritannien", "grossbritannien"),
        ("Færøerne", "faeroerne"),
        ("A & B", "a and b"),
        ("a_b", "a b"),
        ("İ", "i"),
        ("", ""),
    ],
)
def test_fold(text: str, key: str) -> None:
    assert fold(text) == key


def test_squeeze() -> None:
    assert squeeze(" a\xa0\n b\u200b\ufeff ") == "a b"


def test_short() -> None:
    assert short(" " * 1900 + "a") == "a"
    assert short(" " * 2001) is None
    assert short("a" * 201) is None


def test_letters_in_other_forms() -> None:
    assert (
        fold("\N{MATHEMATICAL BOLD ITALIC CAPITAL A}\N{FULLWIDTH LATIN CAPITAL LETTER B}") == "ab"
    )


@given(st.text())
@example("\N{MATHEMATICAL BOLD ITALIC CAPITAL A}")
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert squeeze(squeeze(text)) == squeeze(text)
