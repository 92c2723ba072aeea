"""How often health raises a false alarm, what it notices, and what it costs.

python -m tests.monitor.alarms [--runs 104] [--size 150] [--seed 1]

Of each market: weekly crawls that grow by 2 % a week and vary by ±30 %, then each field dropped in
turn that a tenth of the records state. At last runs of 10,000 pages. Exit code 1 where an aim is
missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.monitor.health import Health
from parsers import markets
from tests.databases import new_database
from tests.monitor.weeks import Weeks, without, wrong

RECORDS = {
    "listings": ("listing", "card"),
    "vendors": ("vendor", "seller"),
    "reviews": ("review", "listing_review"),
}
"""Lists of a page's records, and what health calls those in them."""


def filled(health: Health, least: float) -> Iterator[tuple[str, str, set[str]]]:
    """Fields to be dropped: the list, the name, and the subjects that should say so."""
    rates = {c.subject: (c.value, c.number) for c in health.checks if c.name == "fields"}
    for records, kinds in RECORDS.items():
        names = {subject.split(".")[1] for subject in rates if subject.split(".")[0] in kinds}
        for name in sorted(names):
            subjects = {
                f"{kind}.{name}"
                for kind in kinds
                if (rate := rates.get(f"{kind}.{name}"))
                and (rate[0] or 0) >= least
                and (rate[1] or 0) >= 20
            }
            if subjects:
                yield records, name, subjects


def alarms(weeks: Weeks, runs: int) -> Counter[str]:
    """Load clean crawls; return how many raised an alarm, and by which checks."""
    raised: Counter[str] = Counter()
    for _ in range(runs):
        unusual = wrong(weeks.health(weeks.crawl()))
        raised["runs"] += bool(unusual)
        raised.update(" ".join(check) for check in unusual)
    return raised


def drifts(weeks: Weeks, least: float) -> tuple[int, list[str]]:
    """Drop each field in turn; return how many were dropped, and those that were not named."""
    run = weeks.crawl(scale=1.0)
    fields = list(filled(weeks.health(run), least))
    missed = []
    for records, name, subjects in fields:
        run = weeks.crawl(change=without(records, name), scale=1.0)
        named = {subject for check, subject in wrong(weeks.health(run)) if check == "fields"}
        weeks.take_out(run)
        if not subjects <= named:
            missed.append(f"{records}.{name}: {', '.join(sorted(subjects - named))}")
    return len(fields), missed


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=104)
    parser.add_argument("--size", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    EmbeddedServer.durable = False
    good = True
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.ensure_running()
        try:
            for market in sorted(markets()):
                with new_database(server) as url:
                    open_engine(url).dispose()
                    good &= _market(url, market, options)
            with new_database(server) as url:
                open_engine(url).dispose()
                good &= _cost(url, min(markets()))
        finally:
            server.stop()
    return 0 if good else 1


def _market(url: str, market: str, options: argparse.Namespace) -> bool:
    weeks = Weeks(url, market, size=options.size, seed=options.seed)
    raised = alarms(weeks, options.runs)
    print(
        f"{market}: {raised['runs']} false alarms in {options.runs} clean runs"
        f" of {weeks.pages // options.runs} pages {dict(raised)}",
        flush=True,
    )
    number, missed = drifts(weeks, 0.1)
    print(f"{market}: {number - len(missed)} of {number} fields named {missed}", flush=True)
    weeks.close()
    return raised["runs"] * 100 <= options.runs and not missed


def _cost(url: str, market: str) -> bool:
    weeks = Weeks(url, market, size=7_500)
    for _ in range(5):
        run, pages = weeks.crawl(scale=1.0, growth=0.0), weeks.pages
        began = time.monotonic()
        weeks.health(run)
        seconds = time.monotonic() - began
    print(f"health after a run of {pages // 5:,} pages: {seconds:.2f} s", flush=True)
    weeks.close()
    return seconds <= 5


if __name__ == "__main__":
    sys.exit(main())
