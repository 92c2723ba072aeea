"""A replay's summary as tables, and as a file of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Group

from cryptodrug_scraper.common.console import count, table
from cryptodrug_scraper.common.files import write_atomically
from cryptodrug_scraper.records import KINDS
from cryptodrug_scraper.replay import Summary
from cryptodrug_scraper.replay.skipped import Groups, group_warnings

MOST_WARNINGS = 20
MOST_PLACES = 20

_RECORDS = ("listings", "vendors", "reviews", "categories", "exchange rates", "links")


def tables(summary: Summary) -> Iterator[Group]:
    """Yield the tables that have something in them."""
    counts = summary.counts
    if counts.pages:
        yield _across("Pages by market and kind", counts.pages, KINDS)
    if counts.cut_off:
        yield table(
            "Pages that were cut off, by market",
            ("market", "pages"),
            sorted(counts.cut_off.items()),
        )
    if counts.records:
        yield _across("Records by type", counts.records, _RECORDS)
    if counts.warnings:
        grouped = group_warnings(counts.warnings.items(), counts.places)
        most = grouped[:MOST_WARNINGS]
        yield table(
            _first("Warnings by field", len(most), len(grouped)),
            ("market", "field", "reason", "count", "for example"),
            [
                (market, field, group.text, group.count, "\n".join(group.places))
                for market, field, group in most
            ],
        )
    yield from tables_of_trouble(summary)
    if summary.passed_over:
        yield table(
            "Passed over, as no pages",
            ("what", "count"),
            summary.passed_over.most_common(MOST_PLACES),
        )
    poor = summary.unhealthy()
    if poor:
        yield table(
            "Fields that are filled less often than on a sound archive",
            ("market", "page kind", "field", "filled", "healthy from"),
            [(m, k, f, f"{share:.1%}", f"{wanted:.1%}") for m, k, f, share, wanted in poor],
        )


def tables_of_trouble(summary: Summary) -> Iterator[Group]:
    """Yield the tables of what went wrong: why a replay is not complete."""
    counts = summary.counts
    for title, pages in (
        ("Pages of unknown kind", counts.unknown),
        ("Pages that were cut off", counts.cut_pages),
        ("Pages with a capture time that cannot be", counts.doubted_pages),
        ("Pages that failed", counts.failed),
    ):
        groups = Groups()
        for place, reason in pages:
            groups.add("", reason, place)
        found = groups.most()
        if found:
            yield table(
                _first(title, min(len(found), MOST_PLACES), len(found)),
                ("reason", "count", "for example"),
                [(g.text, g.count, "\n".join(g.places)) for _, g in found[:MOST_PLACES]],
            )
    if summary.troubles:
        reasons = summary.groups_skipped.most()
        shown = reasons[:MOST_PLACES]
        yield table(
            _first("Not read, or read with trouble", len(shown), len(reasons)),
            ("why", "reason", "count", "for example"),
            [(code, group.text, group.count, "\n".join(group.places)) for code, group in shown],
        )


def headline(summary: Summary) -> str:
    """Return in one line how a replay went."""
    counts = summary.counts
    parts = [f"{count(summary.pages_read, 'page')} read"]
    if not summary.dry_run:
        parts.append(f"{counts.new:,} new, {counts.had:,} loaded before")
    unknown = sum(n for (_, kind), n in counts.pages.items() if kind == "unknown")
    for n, what in (
        (unknown, "of unknown kind"),
        (counts.cut_off.total(), "cut off"),
        (counts.doubted.total(), "with a time that cannot be"),
        (len(counts.failed), "failed"),
        (summary.trouble_codes.total(), "skipped"),
    ):
        if n:
            parts.append(f"{n:,} {what}")
    if summary.passed_over:
        parts.append(f"{count(summary.passed_over.total(), 'other file')} passed over")
    outcome = "interrupted" if summary.interrupted else summary.outcome
    dry = " (dry run: nothing was loaded)" if summary.dry_run else ""
    rate = f" in {summary.seconds:.1f} s" if summary.seconds else ""
    return f"{outcome.capitalize()}{dry}: {', '.join(parts)}{rate}."


def _across(title: str, counter: Any, names: tuple[str, ...]) -> Group:
    """Return a table with a row a market, a column a name that occurs, and totals."""
    used = [name for name in names if any(inner == name for _, inner in counter)]
    markets = sorted({market for market, _ in counter})
    rows = [
        [market, *(counter[market, name] for name in used), sum(counter[market, n] for n in used)]
        for market in markets
    ]
    if len(rows) > 1:
        sums = [sum(counter[market, name] for market in markets) for name in used]
        rows.append(["total", *sums, sum(sums)])
    if len(used) == 1:
        return table(title, ("market", used[0]), [row[:2] for row in rows])
    return table(title, ("market", *used, "all"), rows)


def _first(title: str, shown: int, total: int) -> str:
    return f"{title} (the first {shown} of {total:,})" if shown < total else title


# -- the file -------------------------------------------------------------------------------


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a summary as JSON; the file is there whole or not at all."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_atomically(path, f"{text}\n", 0o644)
