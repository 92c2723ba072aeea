"""What is remembered is what is read: cold and warm, and whatever is done with it."""

from __future__ import annotations

import random

from cryptodrug_scraper.reading import remembered as remembering
from cryptodrug_scraper.reading.remembered import LONGEST, Panels, remembered
from tests.reading.corpus import all_pages


def test_what_is_long_is_not_kept_and_what_is_kept_is_read_once() -> None:
    read: list[str] = []

    @remembered
    def length(text: str) -> int:
        read.append(text)
        return len(text)

    @remembered
    def together(text: str, other: str | None) -> tuple[str, str | None]:
        read.append(text)
        return text, other

    long = "x" * (LONGEST + 1)
    assert [length("abc"), length("abc"), length(long), length(long)] == [3, 3, *[LONGEST + 1] * 2]
    assert read == ["abc", long, long]
    assert [together("a", None), together("a", "b"), together("a", None)][1] == ("a", "b")
    assert read[3:] == ["a", "a"]


def test_much_is_not_kept_for_ever() -> None:
    panels = Panels[list[int]](list)
    for n in range(100):
        panels.keep(f"{n:099d}" * 2_000, [[n]])
    assert panels.get(f"{0:099d}" * 2_000) is None
    assert panels.get(f"{99:099d}" * 2_000) == [[99]]
    panels.keep("x" * remembering.MOST_PANEL_BYTES, [[1]])
    assert panels.get("x" * remembering.MOST_PANEL_BYTES) is None


def test_pages_read_after_others_give_what_they_give_alone() -> None:
    samples = all_pages()
    first = {}
    for sample in samples:
        page = sample.parsed()
        first[sample.name] = page.to_dict()
        for category in page.categories:
            category.path.append("changed")
        page.listings.clear()
        page.links.clear()
    random.Random(5).shuffle(samples)
    for sample in samples:
        assert sample.parsed().to_dict() == first[sample.name], sample.name
