"""How a crawl went: in words, as JSON, as an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptodrug_scraper.cli.errors import Code
from cryptodrug_scraper.common.terminal import program, safe, say

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.result import CrawlResult


def code_of(result: CrawlResult) -> Code:
    """Return the exit code of a crawl."""
    if result.database_error is not None:
        return Code.DATABASE
    known = {
        "finished": Code.COMPLETE,
        "limit": Code.COMPLETE,
        "needs_session": Code.NEEDS_SESSION,
        "tor": Code.TOR,
    }
    code = known.get(result.outcome, Code.PARTLY_FAILED)
    return Code.PARTLY_FAILED if code is Code.COMPLETE and result.failed else code


_HOW = {
    "finished": "finished",
    "limit": "stopped at the limit that was set",
    "interrupted": "interrupted",
    "needs_session": "stopped: fresh cookies are needed",
    "tor": "stopped: Tor cannot be reached",
    "archive": "stopped: the archive cannot be written",
}


def headline(result: CrawlResult) -> str:
    """Return how a crawl ended in one line."""
    how = _HOW.get(result.outcome, result.outcome)
    counts = result.frontier
    line = f"Crawl of {result.market} {how}: {result.pages:,} pages captured"
    if counts["waiting"]:
        line += f", {counts['waiting']:,} left to do"
    if counts["gone"]:
        line += f", {counts['gone']:,} no longer there"
    if counts["failed"]:
        line += f", {counts['failed']:,} given up"
    return f"{line}."


def to_dict(result: CrawlResult) -> dict[str, object]:
    """Return what a script wants to know, ready for JSON."""
    return {
        "market": result.market,
        "outcome": result.outcome,
        "words": result.words,
        "resumed": result.resumed,
        "pages": result.pages,
        "seconds": round(result.seconds, 1),
        "lost": result.lost,
        "forgotten": result.forgotten,
        "requests": result.frontier,
        "given_up": [
            {"address": wanted.address, "reason": reason} for wanted, reason in result.failed
        ],
        "archive": str(result.archive),
        "run": result.stamp.run,
        "counters": result.counters,
        "database_error": result.database_error,
    }


def went_wrong(result: CrawlResult) -> list[str]:
    """Return what did not go as it should, a line each; empty if there is nothing to say."""
    lines = []
    if result.words and result.outcome not in ("finished", "limit"):
        lines.append(safe(result.words, lines=True))
    for wanted, reason in result.failed[:10]:
        lines.append(f"  given up: {safe(wanted.address)} ({safe(reason or 'no answer')})")
    if len(result.failed) > 10:
        lines.append(f"  … and {len(result.failed) - 10:,} more")
    lines += [f"  mended: {safe(t.location)}: {safe(t.reason)}" for t in result.repaired]
    if result.lost:
        line = f"  asked again: {result.lost:,} pages whose records the disk had lost"
        if result.forgotten:
            line += f" ({result.forgotten:,} captures taken out of the database with them)"
        lines.append(line)
    if result.unknown_categories and result.pages:
        named = ", ".join(map(repr, result.unknown_categories))
        lines.append(f"No category of the market is called {safe(named)}.")
    if result.database_error is not None:
        lines.append(f"The database failed: {safe(result.database_error)}")
        lines.append(f"Bring it up later with: {program()} replay {result.archive}")
    return lines


def show(result: CrawlResult, *, loaded: bool) -> None:
    """Print how a crawl went, and what can be done next."""
    from cryptodrug_scraper.common.console import output

    lines = [headline(result), *went_wrong(result), f"The pages are in {result.archive}"]
    if loaded and result.database_error is None:
        lines.append("The data is in the database. Try next:")
        lines.append(
            f'  {program()} db query "SELECT vendor, title, price_amount, price_currency '
            'FROM listing_latest LIMIT 20"'
        )
    if result.outcome in ("interrupted", "limit") and result.frontier["waiting"]:
        lines.append("The same command goes on where it stopped.")
    output().print("\n".join(lines), soft_wrap=True, markup=False, highlight=False)


def show_quietly(result: CrawlResult) -> None:
    """Say what went wrong, on standard error; nothing if all is well."""
    lines = went_wrong(result)
    if lines or code_of(result) is not Code.COMPLETE:
        say("\n".join([headline(result), *lines]))
