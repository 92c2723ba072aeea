"""A count is read exactly, or it is null and a warning names it: on every page of every market.

Each number that fills a field is replaced on the page by spellings that are no plain number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from parsers import parse_page
from tests.reading.corpus import Sample, fixture_pages
from tests.reading.test_changes import report

PAGES = [page for page in fixture_pages() if not page.name.startswith("study")]
SPELLINGS = ("12k", "10K+", "1.2k", "-3", "~50", ">100", "200~500", "ten", "1e3", "١٢", "12 k")
EXACT = {"1,234": 1234, "1.234": 1234, "1'234": 1234, "12345": 12345}
FIELDS = {
    "vendor": ("sales", "level", "trust_level", "experience", "rating_count", "disputes"),
    "listing": ("sold", "views", "stock", "min_order", "max_order"),
}
_EACH = 2  # numbers of one field that are changed on a page


def counts(page: Sample) -> Iterator[tuple[str, str, int]]:
    """Yield field, text and value of the counts that a page's records were read from."""
    readings: list[Any] = []
    parse_page(
        page.body,
        market=page.market,
        url=page.url,
        captured_at=page.captured_at,
        readings=readings,
    )
    names = {f"{record}.{name}" for record, fields in FIELDS.items() for name in fields}
    seen: dict[str, int] = {}
    for field, text, value, _ in readings:
        if field in names and type(value) is int and seen.get(field, 0) < _EACH:
            seen[field] = seen.get(field, 0) + 1
            yield field, text.strip(), value


def values(page: Sample, body: str, field: str) -> tuple[list[object], set[str]]:
    """Return what a field holds in each record, and which fields have warnings."""
    got = page.parsed(body.encode()).to_dict()
    record, _, name = field.partition(".")
    warned = {warning.partition(":")[0] for warning in got["warnings"]}
    return [row[name] for row in got[f"{record}s"]], warned


def places(source: str, text: str, page: Sample, field: str) -> Iterator[tuple[int, int]]:
    """Yield where on the page the number stands: where another number changes the field."""
    before, _ = values(page, source, field)
    for match in re.finditer(rf"(?<![\w.,'])({re.escape(text)})(?![\w.,'])", source):
        other = f"{source[: match.start()]}7654321{source[match.end() :]}"
        after, _ = values(page, other, field)
        if after != before and 7654321 in after:
            yield match.span()
            return


@pytest.mark.parametrize("market", sorted({page.market for page in PAGES}))
def test_a_count_is_exact_or_null_with_a_warning(market: str) -> None:
    found, tried = [], 0
    for page in PAGES:
        source = page.body.decode("utf-8", "replace")
        for field, text, _ in counts(page) if page.market == market else ():
            for start, end in places(source, text, page, field):
                before, _ = values(page, source, field)
                for spelling in (*SPELLINGS, *EXACT):
                    after, warned = values(page, source[:start] + spelling + source[end:], field)
                    tried += 1
                    changed = [a for a, b in zip(after, before, strict=True) if a != b]
                    exact = EXACT.get(spelling)
                    if exact is not None and changed in ([exact], []):
                        continue
                    if changed != [None] or field not in warned:
                        found.append(f"{page.name} {field} {spelling}: {changed} {field in warned}")
    assert tried >= len(SPELLINGS) + len(EXACT)
    assert not found, report(found)
