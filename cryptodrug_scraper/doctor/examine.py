"""One page examined: its kind and why, its fields with their sources, what was left over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptodrug_scraper.database.values import folded
from cryptodrug_scraper.doctor.fields import FieldSource, plain, sources_of
from cryptodrug_scraper.doctor.pagetext import PageText
from cryptodrug_scraper.doctor.unused import UnusedText, UnusedTexts, unused_texts_of
from cryptodrug_scraper.reading.encoding import decode
from cryptodrug_scraper.reading.limits import too_costly
from cryptodrug_scraper.reading.reader import Reading
from cryptodrug_scraper.records import ParsedPage
from parsers import parse_page

MOST_BYTES = 4 * 1024 * 1024
"""Pages above this are not searched (the largest real page met has 0.2 MB)."""

MOST_TAGS = 100_000
"""Likewise (the largest real page has 5,000)."""


@dataclass(slots=True)
class Examination:
    """How one page was understood.

    ``not_searched`` says why the page was not looked through for places and left-over texts
    (it is too large, or built to be slow); it is empty if it was.
    """

    page: ParsedPage
    sources: list[FieldSource]
    other_readings: list[Reading]
    unused_texts: UnusedTexts = field(default_factory=UnusedTexts)
    not_searched: str = ""

    @property
    def unused(self) -> list[UnusedText]:
        """What nobody used, grouped, in page order; beside what was read first."""
        return self.unused_texts.groups

    @property
    def kept_apart(self) -> list[list[str]]:
        """Handles of the page's vendors, or of its offers, that only capitals tell apart.

        A page shows one account under one spelling, so these are loaded as accounts of their own.
        """
        named: dict[str, set[str]] = {}
        page = self.page
        for handles in ([v.handle for v in page.vendors], [x.vendor for x in page.listings]):
            beside: dict[str, set[str]] = {}
            for handle in handles:
                if handle:
                    beside.setdefault(folded(handle), set()).add(handle)
            for name, spellings in beside.items():
                if len(spellings) > 1:
                    named.setdefault(name, set()).update(spellings)
        return [sorted(spellings) for _, spellings in sorted(named.items())]

    def to_dict(self) -> dict[str, Any]:
        """Return the examination as JSON-ready values."""
        page = self.page
        return {
            "market": page.market,
            "kind": page.kind,
            "kind_reason": page.kind_reason,
            "url": page.url,
            "captured_at": plain(page.captured_at),
            "cut_off": page.cut_off,
            "kept_apart": self.kept_apart,
            "fields": [
                {
                    "record": f.record,
                    "field": f.field,
                    "value": plain(f.value),
                    "texts": f.texts,
                    "where": f.where,
                    "how": f.how,
                }
                for f in self.sources
            ],
            "readings_without_a_field": [
                {"field": r.field, "text": r.text, "value": plain(r.value)}
                for r in self.other_readings
            ],
            "unused": [
                {
                    "label": left.label,
                    "text": left.text,
                    "where": left.where,
                    "count": left.count,
                    "beside_records": left.near,
                }
                for left in self.unused
            ],
            "ignored_texts": dict(sorted(self.unused_texts.ignored.items())),
            "not_searched": self.not_searched or None,
            "warnings": [
                {"field": w.field, "reason": w.reason, "text": w.text} for w in page.warnings
            ],
        }


def examine(
    body: bytes,
    *,
    market: str | None = None,
    url: str | None = None,
    captured_at: datetime | None = None,
    content_type: str | None = None,
) -> Examination:
    """Parse a page and find out where everything came from and what was left over.

    Takes what :func:`parsers.parse_page` takes, raises what it raises, and is bounded as it is.
    """
    readings: list[Reading] = []
    page = parse_page(
        body,
        market=market,
        url=url,
        captured_at=captured_at,
        content_type=content_type,
        readings=readings,
    )
    refused = too_costly(body)
    if refused is None and len(body) > MOST_BYTES:
        refused = f"page of {len(body)} bytes, {MOST_BYTES} at most are searched"
    if refused is None and body.count(b"<") > MOST_TAGS:
        refused = f"page of over {MOST_TAGS} tags"
    text: PageText | None = None
    if refused is None:
        try:
            text = PageText(decode(body, content_type).text)
        except Exception as error:  # lxml and BeautifulSoup refuse some pages that lexbor reads
            refused = f"BeautifulSoup could not read it ({type(error).__name__})"
    sources, others = sources_of(page, readings, text)
    done = Examination(page, sources, others, not_searched=refused or "")
    if text is not None:
        done.unused_texts = unused_texts_of(text, readings, sources)
    return done
