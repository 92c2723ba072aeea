from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.spelling import Nearly, one_apart

WORDS = st.text("abcdefgh", min_size=3, max_size=12)
NAMES = Nearly(("ketamine", "kétamine", "norway"))


@given(WORDS, st.data())
def test_one_letter_wrong_missing_added_or_swapped_is_nearly_the_word(
    word: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    letter = data.draw(st.sampled_from("abcdefgh"))
    slips = (
        word,
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    )
    for slip in slips:
        assert one_apart(slip, word)
        assert word in Nearly((word,)).find(slip)


def test_what_is_further_away_is_not() -> None:
    assert not one_apart("ketamine", "ketone")
    assert not one_apart("abcd", "badc")
    assert list(NAMES.find("cocaine")) == []
    assert set(NAMES.find("ketamin")) == {"ketamine"}
    assert set(NAMES.find("k5tamine")) == {"ketamine", "kétamine"}
