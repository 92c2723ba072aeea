"""Hits of the words that a team watches, as far as a bulletin may tell them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptodrug_scraper.bulletin.numbers import Hiding, Row
from cryptodrug_scraper.bulletin.spans import Span
from cryptodrug_scraper.bulletin.titles import first_page, handles_of
from cryptodrug_scraper.normalise.text import fold
from cryptodrug_scraper.study import Study

if TYPE_CHECKING:
    from cryptodrug_scraper.monitor.trackers import Tracker


def watched(study: Study, span: Span, trackers: Sequence[Tracker], lines: Hiding) -> Row:
    """Return the hits of a period: `hits`, and the trackers that have none (`unseen`).

    Who watches a word chose it, so it is told however few use it, and how many is hidden then. One
    that is a vendor's handle is not told at all: `left_out` counts those.
    """
    from cryptodrug_scraper.monitor.words import hits

    handles = handles_of(study)
    public = [
        tracker
        for tracker in trackers
        if not {fold(s).replace(" ", "") for s in (tracker.name, *tracker.spellings)} & handles
    ]
    rows = []
    for hit in hits(study.connection, public, span.start, span.end, markets=study.markets):
        few = lines.few(hit.vendors)
        assert hit.first is not None  # of a period: undated pages are of none
        rows.append({
            "tracker": hit.tracker, "market": hit.market, "kind": hit.kind,
            "count": None if few else hit.count, "vendors": None if few else hit.vendors,
            **first_page(hit.market, hit.first.date(), hit.page_id, hit.archive, hit.place),
        })  # fmt: skip
    seen = {row["tracker"] for row in rows}
    return {
        "hits": sorted(rows, key=lambda row: (row["tracker"], row["market"], row["kind"])),
        "unseen": [tracker.name for tracker in public if tracker.name not in seen],
        "left_out": len(trackers) - len(public),
    }
