"""What a replay did, in numbers: read by people, by tests and by later runs alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from cryptodrug_scraper.archive import ReadIssue
from cryptodrug_scraper.reading.lifetime import FIELD as TIME
from cryptodrug_scraper.reading.market import markets
from cryptodrug_scraper.reading.reader import CUT_OFF
from cryptodrug_scraper.records import Listing, ParsedPage, Review, Vendor
from cryptodrug_scraper.replay.skipped import EXAMPLES, Groups, folded

MOST_TROUBLES = 1_000
"""Troubles that are kept one by one; all are counted."""

NO_MARKET = "(no market)"
ENOUGH_RECORDS = 20
"""Records of a kind below which fill rates say nothing about the health of an archive."""


@dataclass(slots=True)
class Counts:
    """What a batch of pages gave. Counts add up."""

    pages: Counter[tuple[str, str]] = field(default_factory=Counter)
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    filled: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    new: int = 0
    had: int = 0
    places: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    cut_off: Counter[str] = field(default_factory=Counter)
    cut_pages: list[tuple[str, str]] = field(default_factory=list)
    doubted: Counter[str] = field(default_factory=Counter)
    doubted_pages: list[tuple[str, str]] = field(default_factory=list)
    parsing: float = 0.0
    making_rows: float = 0.0
    loading: float = 0.0

    def add(self, other: Counts) -> None:
        """Add another batch's counts."""
        for f in fields(self):
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            elif isinstance(mine, dict):
                for key, some in theirs.items():
                    had = mine.setdefault(key, [])
                    had.extend(some[: max(0, EXAMPLES - len(had))])
            elif isinstance(mine, list):
                mine.extend(theirs[: max(0, MOST_TROUBLES - len(mine))])
            else:
                setattr(self, f.name, mine + theirs)

    def count(self, parsed: ParsedPage, location: str) -> None:
        """Count one page that was parsed."""
        market = parsed.market or NO_MARKET
        self.pages[market, parsed.kind] += 1
        for name, records in (
            ("listings", parsed.listings),
            ("vendors", parsed.vendors),
            ("reviews", parsed.reviews),
            ("categories", parsed.categories),
            ("exchange rates", parsed.exchange_rates),
            ("links", parsed.links),
        ):
            if records:
                self.records[market, name] += len(records)
        for notice in parsed.warnings:
            self.warn(market, notice.field, notice.reason, location)
            if notice.field == TIME:
                self.doubt(parsed.market, location, str(notice))
            if notice.field == "page":
                self.failed.append((location, str(notice)))
        if parsed.kind == "unknown":
            self.unknown.append((location, parsed.kind_reason))
        if parsed.cut_off:
            ends = next((n.text for n in parsed.warnings if n.reason == CUT_OFF), "")
            self.cut(parsed.market, location, f"ends in: {ends}" if ends else parsed.kind_reason)
        self._fill(market, parsed)

    def warn(self, market: str, name: str, reason: str, location: str) -> None:
        """Count a warning of a page, and keep where it was first met."""
        self.warnings[market, name, reason] += 1
        some = self.places.setdefault((market, name, folded(reason)), [])
        if len(some) < EXAMPLES:
            some.append(location)

    def cut(self, market: str | None, location: str, reason: str) -> None:
        """Count a page that was cut off."""
        self.cut_off[market or NO_MARKET] += 1
        self.cut_pages.append((location, reason))

    def doubt(self, market: str | None, location: str, reason: str) -> None:
        """Count a page whose capture time cannot be, and is not used."""
        self.doubted[market or NO_MARKET] += 1
        self.doubted_pages.append((location, reason.removeprefix(f"{TIME}: ")))

    def _fill(self, market: str, parsed: ParsedPage) -> None:
        if parsed.kind == "listing":
            self._fill_records(market, "listing", parsed.listings[:1])
        elif parsed.kind == "vendor":
            self._fill_records(market, "vendor", parsed.vendors[:1])
        elif parsed.kind == "search":
            self._fill_records(market, "search", parsed.listings)
        self._fill_records(market, "review", parsed.reviews)

    def _fill_records(
        self, market: str, kind: str, records: Iterable[Listing | Vendor | Review]
    ) -> None:
        wanted = _watched(market, kind)
        for record in records:
            self.filled[market, kind, ""] += 1
            for name in wanted:
                if getattr(record, name) not in (None, []):
                    self.filled[market, kind, name] += 1


@lru_cache(maxsize=64)
def _watched(market: str, kind: str) -> tuple[str, ...]:
    known = markets().get(market)
    return tuple(known.healthy.get(kind, ())) if known is not None else ()


@dataclass(slots=True)
class Summary:
    """A whole replay. ``outcome`` is complete, partly failed or nothing read.

    ``kept_apart`` counts the accounts of the database that only capitals tell from another.
    """

    counts: Counts = field(default_factory=Counts)
    troubles: list[ReadIssue] = field(default_factory=list)
    trouble_codes: Counter[str] = field(default_factory=Counter)
    groups_skipped: Groups = field(default_factory=Groups)
    passed_over: Counter[str] = field(default_factory=Counter)
    groups: int = 0
    kept_apart: int = 0
    interrupted: bool = False
    dry_run: bool = False
    reading: float = 0.0
    reviewing: float = 0.0
    seconds: float = 0.0

    def trouble(self, trouble: ReadIssue) -> None:
        """Count something that was reported and skipped."""
        self.trouble_codes[trouble.code] += 1
        if len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(trouble)
        self.groups_skipped.add(trouble.code, trouble.reason, trouble.location)

    @property
    def pages_read(self) -> int:
        """Pages that were found and understood or kept, those met before included."""
        return self.counts.pages.total()

    @property
    def outcome(self) -> str:
        """``complete``, ``partly failed`` or ``nothing read``."""
        if self.pages_read == 0:
            return "nothing read"
        counts = self.counts
        wrong = counts.failed or counts.unknown or counts.cut_off or counts.doubted
        return "partly failed" if wrong or self.troubles or self.interrupted else "complete"

    def unhealthy(self) -> list[tuple[str, str, str, float, float]]:
        """Return (market, kind, field, share filled, share wanted) where too few are filled."""
        poor = []
        for (market, kind, name), total in self.counts.filled.items():
            if name or total < ENOUGH_RECORDS:
                continue
            for wanted_name, wanted in markets()[market].healthy.get(kind, {}).items():
                share = self.counts.filled[market, kind, wanted_name] / total
                if share < wanted:
                    poor.append((market, kind, wanted_name, share, wanted))
        return sorted(poor)

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON-ready values."""
        counts = self.counts
        return {
            "outcome": self.outcome,
            "dry_run": self.dry_run,
            "interrupted": self.interrupted,
            "pages": {
                "read": self.pages_read,
                "new": counts.new,
                "already_loaded": counts.had,
                "unknown": sum(n for (_, kind), n in counts.pages.items() if kind == "unknown"),
                "cut_off": counts.cut_off.total(),
                "cut_off_by_market": dict(sorted(counts.cut_off.items())),
                "impossible_time": counts.doubted.total(),
                "impossible_time_by_market": dict(sorted(counts.doubted.items())),
                "failed": len(counts.failed),
                "skipped": self.trouble_codes.total(),
                "files_passed_over": self.passed_over.total(),
                "passed_over_by_sort": dict(sorted(self.passed_over.items())),
                "by_market_and_kind": _nested(counts.pages),
            },
            "vendors_kept_apart": self.kept_apart,
            "records": _nested(counts.records),
            "warnings": [
                {"market": market, "field": name, "reason": reason, "count": n}
                for (market, name, reason), n in sorted(counts.warnings.items())
            ],
            "below_healthy": [
                {"market": m, "kind": k, "field": f, "filled": round(s, 4), "wanted": w}
                for m, k, f, s, w in self.unhealthy()
            ],
            "unknown_pages": [{"location": w, "reason": r} for w, r in counts.unknown],
            "cut_off_pages": [{"location": w, "reason": r} for w, r in counts.cut_pages],
            "impossible_time_pages": [
                {"location": w, "reason": r} for w, r in counts.doubted_pages
            ],
            "failed_pages": [{"location": w, "reason": r} for w, r in counts.failed],
            "skipped": [
                {"location": t.location, "code": t.code, "reason": t.reason} for t in self.troubles
            ],
            "skipped_by_reason": [
                {"code": code, "reason": g.text, "count": g.count, "first": g.places}
                for code, g in self.groups_skipped.most()
            ],
            "skipped_by_code": dict(sorted(self.trouble_codes.items())),
            "seconds": {
                "total": round(self.seconds, 3),
                "reading": round(self.reading, 3),
                "parsing": round(counts.parsing, 3),
                "making_rows": round(counts.making_rows, 3),
                "loading": round(counts.loading, 3),
                "reviews": round(self.reviewing, 3),
            },
        }


def _nested(counter: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (outer, inner), n in sorted(counter.items()):
        nested.setdefault(outer, {})[inner] = n
    return nested
