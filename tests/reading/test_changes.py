"""Every page of every market says the same when its source is changed without meaning.

One test a change, over all pages: what differs is reported together, by page and field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from tests.reading.changes import CHANGES
from tests.reading.corpus import Sample, all_pages
from tests.reading.markup import Change, tokens

Record = dict[str, Any]

PAGES = all_pages()
# These put white space of another kind into texts that keep theirs.
_OTHER_SPACE = ("hard_spaces", "hard_spaces_by_name", "hard_spaces_around_texts")
_SHOWN = 12  # differences a failing test names


@cache
def source_of(page: Sample) -> str:
    """The page's text; bytes that are no UTF-8 do not take part."""
    return page.body.decode("utf-8", "replace")


@cache
def record_of(page: Sample) -> Record:
    """What the page gives as it is."""
    return page.parsed(source_of(page).encode()).to_dict()


def with_folded_space(value: Any) -> Any:
    """Return a record whose texts have one kind of white space only."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list):
        return [with_folded_space(item) for item in value]
    if isinstance(value, dict):
        return {key: with_folded_space(item) for key, item in value.items()}
    return value


def differences(page: object, changed: object, path: str = "") -> Iterator[str]:
    """Yield the fields in which two records differ, with both values."""
    if isinstance(page, dict) and isinstance(changed, dict):
        for key in page:
            yield from differences(page[key], changed.get(key), f"{path}.{key}")
    elif isinstance(page, list) and isinstance(changed, list) and len(page) == len(changed):
        for at, (one, other) in enumerate(zip(page, changed, strict=True)):
            yield from differences(one, other, f"{path}[{at}]")
    elif page != changed:
        yield f"{path}: {page!r} -> {changed!r}"[:300]


def report(found: list[str]) -> str:
    """Return the first differences, and how many there are."""
    return "\n".join([f"{len(found)} differ:", *found[:_SHOWN]])


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_without_meaning_changes_no_field(change: Change) -> None:
    fold: Callable[[Any], Any] = (
        with_folded_space if change.__name__ in _OTHER_SPACE else lambda record: record
    )
    found = []
    for page in PAGES:
        body = change(tokens(source_of(page))).encode()
        got = page.parsed(body).to_dict()
        found.extend(
            f"{page.name} {difference}"
            for difference in differences(fold(record_of(page)), fold(got))
        )
    assert not found, report(found)


@pytest.mark.parametrize("change", CHANGES[1:], ids=lambda change: change.__name__)
def test_a_change_changes_pages(change: Change) -> None:
    """So that no change above is a change of nothing."""
    assert any(
        change(tokens(source_of(page))) != CHANGES[0](tokens(source_of(page))) for page in PAGES
    )
