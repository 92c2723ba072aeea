"""``make scenario``: the published findings, true in a scenario, and found by a study of it.

    python -m tests.scenario [--folder FOLDER] [--missing 0.2] [--seed 1] [--small]

Writes a year of weekly crawls of all markets as WARC files (into FOLDER, where they stay, or a
temporary one), replays them into an embedded PostgreSQL of its own, runs the study, and prints
each finding: published, true in the scenario, found; then how many intervals hold the truth.
Exit code 1 if a finding is missed, or far too few intervals hold. With ``--missing`` that share of
pages is left out of each crawl; then shares must be within 10 %.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from pathlib import Path

from cryptodrug_scraper.database.embedded import EmbeddedServer
from simulator.scenario.crawls import CrawlCalendar, PlannedCrawl
from simulator.scenario.findings import Values
from simulator.scenario.parameters import read_scenario
from tests.scenario.holding import LEAST, STATED, Held, far_below
from tests.scenario.running import SHARES, Compared, examined, loaded, published


def main() -> int:
    """Run the scenario and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenario", default="cryptodrug")
    parser.add_argument("--folder", type=Path, help="keep the crawls here, or use those there")
    parser.add_argument("--missing", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="few other vendors: half a minute")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    parameters = read_scenario(options.scenario)
    if options.small:
        parameters = parameters.scaled(0.02, 4)
    plan = CrawlCalendar(parameters, options.seed, options.missing)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    EmbeddedServer.durable = False
    with contextlib.ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cryptodrug-scenario-")))
        folder = options.folder or own / "crawls"
        server = EmbeddedServer(own / "database")
        stack.callback(server.stop)
        server.ensure_running()
        started = time.monotonic()
        say("writing crawls …")
        try:
            summary = loaded(plan, folder, server.url(), workers=options.workers, on_crawl=_told)
        except ValueError as error:
            say(f"Error: {error}. Give --folder an empty folder, or none.")
            return 2
        pages = sum(summary.counts.pages.values())
        written = time.monotonic() - started - summary.seconds
        say(f"written in {written:.0f} s; {pages:,} pages replayed in {summary.seconds:.0f} s")
        begun = time.monotonic()
        rows, numbers = examined(plan, server.url())
        say(f"studied in {time.monotonic() - begun:.0f} s")
    missed = report(rows, small=options.small, missing=options.missing)
    return report_held(numbers) or missed


def report(rows: list[Compared], *, small: bool, missing: float) -> int:
    """Print each finding; return the exit code."""
    missed = passed_over = 0
    for row in rows:
        judged = not missing or row.finding.measure in SHARES
        wrong = list(row.wrong)
        if not small and judged and row.finding.holds:
            wrong += published(row)
        missed += bool(wrong)
        passed_over += not judged and not wrong
        word = "MISSED" if wrong else "ok" if judged else "not judged: pages are missing"
        print(f"{row.finding.id}: {word}")
        print(f"  published  {row.finding.published}")
        print(f"  true       {told(row.true)}")
        print(f"  found      {told(in_order(row.found, row.true))}")
        for words in wrong:
            print(f"  wrong      {words}")
    judged_rows = len(rows) - passed_over
    print(f"{judged_rows - missed} of {judged_rows} findings as they should be")
    if passed_over:
        print(f"{passed_over} are counts, which cannot be whole where pages are missing")
    return 1 if missed else 0


def report_held(numbers: list[Held]) -> int:
    """Print how many intervals and bounds hold the truth; return the exit code."""
    for one in numbers:
        if not one.holds:
            print(f"not held: {one.name}: {one.true:.6g} is not in {one.low:.6g} to {one.high:.6g}")
    intervals = [one.holds for one in numbers if not one.bounds]
    bounds = [one.holds for one in numbers if one.bounds]
    rate = sum(intervals) / max(len(intervals), 1)
    print(
        f"intervals: {sum(intervals)} of {len(intervals)} hold the truth ({rate:.1%}; expected "
        f"at least {LEAST:.0%} of those that state {STATED:.0%})"
    )
    if bounds:
        print(f"bounds: {sum(bounds)} of {len(bounds)} hold the truth (expected: all)")
    return int(far_below(sum(intervals), len(intervals)) or not all(bounds))


def told(values: Values) -> str:
    """Return values in a line."""

    def one(value: object) -> str:
        if isinstance(value, list):
            return " > ".join(value)
        return f"{value:,.4g}" if isinstance(value, float) and value < 1000 else f"{value:,.0f}"

    return ", ".join(f"{name} {one(value)}" for name, value in values.items()) or "nothing"


def in_order(found: Values, true: Values) -> Values:
    """Return what was found in the order of what is true."""
    names = dict.fromkeys([*(name for name in true if name in found), *found])
    return {name: found[name] for name in names}


def _told(crawl: PlannedCrawl, total: int) -> None:
    if crawl.number % 10 == 0:
        say(f"{crawl.market}: crawl of {crawl.began:%Y-%m-%d}, {crawl.pages:,} pages")


def say(words: str) -> None:
    """Say something on standard error."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
