"""What is memoized is what is read."""

from __future__ import annotations

from cryptodrug_scraper.reading.memoize import LONGEST, memoized


def test_what_is_long_is_not_kept_and_what_is_kept_is_read_once() -> None:
    read: list[str] = []

    @memoized
    def length(text: str) -> int:
        read.append(text)
        return len(text)

    @memoized
    def together(text: str, other: str | None) -> tuple[str, str | None]:
        read.append(text)
        return text, other

    long = "x" * (LONGEST + 1)
    assert [length("abc"), length("abc"), length(long), length(long)] == [3, 3, *[LONGEST + 1] * 2]
    assert read == ["abc", long, long]
    assert [together("a", None), together("a", "b"), together("a", None)][1] == ("a", "b")
    assert read[3:] == ["a", "a"]
