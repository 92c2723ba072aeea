"""`make bench`: the aims beside what was measured, as ratios within this run.

python -m tests.bench [--only crawling] [--pages 1000,10000,50000] [--keep FOLDER] [--large 1000]
    [--reviews 2000000]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cryptodrug_scraper.database.embedded import EmbeddedServer
from tests.bench.crawling import Crawling, measure_crawling
from tests.bench.opening import Opening, measure_opening
from tests.bench.pages import sources, write_warc
from tests.bench.parsing import Parsing, measure_parsing

ALL = ("parsing", "replaying", "opening", "crawling", "studying")
PARTS = ("reading", "parsing", "making_rows", "loading", "reviews")

Aim = tuple[str, str, float, float]
"""What is measured, how it is compared, with what, and what was measured."""
Told = tuple[str, str]
"""What is measured without an aim, and what was measured."""


def main() -> int:
    """Run the benchmarks and print the tables; 1 if an aim is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", choices=ALL, action="append", help="a part; may be repeated")
    arguments.add_argument("--pages", default="1000,10000,50000", help="sizes of the archives")
    arguments.add_argument("--keep", type=Path, help="keep the generated archives here")
    arguments.add_argument(
        "--large", type=int, default=100, metavar="MB", help="size of the WARC to open pages from"
    )
    arguments.add_argument("--reviews", default="2000000", help="reviews of the report")
    arguments.add_argument("--profile", type=Path, help="profile one more crawl into this file")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what it started is stopped
    sizes = [int(size) for size in options.pages.split(",")]
    parts = options.only or ALL
    console = Console(width=None if sys.stdout.isatty() else 110)
    aims: list[Aim] = []
    told: list[Told] = []
    if "parsing" in parts:
        where, pages = sources()
        console.print(f"{len(pages)} {where}, {os.cpu_count()} cores")
        parsing = measure_parsing(pages)
        show_parsing(console, parsing)
        aims += aims_of_parsing(parsing)
    if "replaying" in parts:
        results = replay_all(console, sizes, options.keep)
        show_replays(console, results)
        aims += aims_of_replays(results)
        told += told_of_replays(results)
    if "opening" in parts:
        console.print(f"opening pages of a WARC of {options.large:,} MB …")
        with tempfile.TemporaryDirectory(prefix="cryptodrug-bench-") as temporary:
            opening = measure_opening(Path(temporary), options.large * 1_000_000)
        aims += aims_of_opening(opening)
    if "crawling" in parts:
        console.print("crawling a market of 100,000 listings, and asking for the same by Scrapy …")
        crawling = measure_crawling(profile=options.profile)
        show_crawling(console, crawling)
        aims += aims_of_crawling(crawling)
        told += told_of_crawling(crawling)
    if "studying" in parts:
        console.print(f"generating {int(options.reviews):,} reviews, and reporting on them …")
        studying = report_in_a_process(options.reviews)
        aims += aims_of_studying(studying)
        told += told_of_studying(studying)
    return show_aims(console, aims, told)


def report_in_a_process(reviews: str) -> dict[str, float]:
    """Write the report of a generated database, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.studying", "--reviews", reviews],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=3_000,
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def replay_all(console: Console, sizes: list[int], keep: Path | None) -> list[dict[str, float]]:
    """Replay archives of these sizes, the second one with two workers also."""
    results = []
    with tempfile.TemporaryDirectory(prefix="cryptodrug-bench-") as temporary:
        folder = Path(temporary)
        for size in sizes:
            warc = (keep or folder) / f"bench-{size}.warc.gz"
            if not warc.exists():
                console.print(f"writing an archive of {size:,} pages …")
                write_warc(warc, size)
            for workers in (1, 2) if size == sizes[min(1, len(sizes) - 1)] else (1,):
                console.print(f"replaying {size:,} pages with {workers} worker(s) …")
                results.append(replay_in_a_process(warc, size, workers, folder))
    return results


def replay_in_a_process(warc: Path, size: int, workers: int, folder: Path) -> dict[str, float]:
    """Replay one archive into a new embedded database, in a process of its own."""
    data = Path(tempfile.mkdtemp(prefix="data-", dir=folder))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.replaying", str(warc), str(workers), str(data)],
            check=True,
            capture_output=True,
            text=True,
            timeout=3_000,
        )
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.stderr) from None
    finally:
        EmbeddedServer(data).stop()
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {"pages": size, "workers": workers, **result}


def show_parsing(console: Console, parsing: dict[str, Parsing]) -> None:
    """Print milliseconds a page, market by market."""
    table = Table(title="milliseconds a page (best round)")
    for name in (
        "",
        "pages",
        "parse",
        "lexbor tree",
        "BeautifulSoup tree",
        "parse/lexbor",
        "BS/parse",
    ):
        table.add_column(name, justify="right")
    for name, p in parsing.items():
        table.add_row(
            name,
            str(p.pages),
            *(f"{1000 * seconds / p.pages:.3f}" for seconds in (p.parse, p.lexbor, p.soup)),
            f"{p.parse / p.lexbor:.2f}",
            f"{p.soup / p.parse:.1f}",
        )
    console.print(table)


def show_replays(console: Console, results: list[dict[str, float]]) -> None:
    """Print each replay."""
    table = Table(title="replay end to end")
    for name in ("pages", "workers", "pages/s", "of parse alone", "ms a page", "reading", "parsing",
                 "rows", "load", "reviews", "peak MB", "server MB"):  # fmt: skip
        table.add_column(name, justify="right")
    for r in results:
        busy = sum(r[part] for part in PARTS)
        table.add_row(
            f"{r['pages']:,.0f}",
            f"{r['workers']:.0f}",
            f"{r['pages'] / r['seconds']:,.0f}",
            f"{r['of_parse']:.0%}",
            f"{1000 * r['seconds'] / r['pages']:.2f}",
            *(f"{r[part] / busy:.0%}" for part in PARTS),
            f"{r['peak_mb']:.0f}",
            f"{r['server_mb']:.0f}",
        )
    console.print(table)


def show_crawling(console: Console, crawling: Crawling) -> None:
    """Print what a page costs in a crawl and by Scrapy itself, and where a crawl spends it."""
    ours = crawling.ours
    table = Table(title="processor time of a crawl's process, and of Scrapy's for the same pages")
    for name in ("", "pages", "pages/s", "ms a page", "a page of ours costs", "peak MB"):
        table.add_column(name, justify="right" if name else "left")
    lines = {
        "crawl: archived, parsed, queued, loaded": ours,
        "Scrapy bare: no middleware, no log": crawling.bare,
        "Scrapy as it comes": crawling.usual,
    }
    for name, line in lines.items():
        table.add_row(
            name,
            f"{line['pages']:,}",
            f"{line['pages'] / line['seconds']:,.0f}",
            f"{1000 * line['seconds'] / line['pages']:.2f}",
            "" if line is ours else f"{crawling.times(line):.2f} times",
            f"{line['peak_mb']:.0f}",
        )
    console.print(table)
    split = Table(
        title="where a crawl's processor time goes (fetch: Scrapy, HTTP and all the rest)"
    )
    for name in ("", "ms a page", "share"):
        split.add_column(name, justify="right" if name else "left")
    for name, seconds in sorted(ours["spent"].items(), key=lambda x: -x[1]):
        cost = 1000 * seconds / ours["pages"]
        split.add_row(name, f"{cost:.3f}", f"{seconds / ours['seconds']:.0%}")
    console.print(split)
    console.print(
        f"{ours['queued']:,} requests queued; {ours['first_mb']:.0f} MB before the crawl, "
        f"{ours['peak_mb']:.0f} MB at most; {ours['clock']:.0f} s by the clock, "
        f"most of it the market's own"
    )


def aims_of_parsing(parsing: dict[str, Parsing]) -> list[Aim]:
    """Return the aims of parsing beside what was measured."""
    total = parsing["all"]
    return [
        ("parse, times faster than BeautifulSoup's tree", ">=", 20.0, total.soup / total.parse),
        ("parse, times the bare lexbor tree", "<=", 2.0, total.parse / total.lexbor),
    ]


def aims_of_replays(results: list[dict[str, float]]) -> list[Aim]:
    """Return the aims of replays beside what was measured."""
    costs = [r["seconds"] / r["pages"] for r in results if r["workers"] == 1]
    alone = min(r["of_parse"] for r in results if r["workers"] == 1)
    two = min(r["of_parse"] for r in results if r["workers"] == 2)
    peak = max(r["peak_mb"] for r in results)
    return [
        ("replay, share of the rate of parse alone", ">=", 0.6, alone),
        ("the same with two workers", ">=", 0.5, two),
        ("cost a page, largest archive to smallest", "<=", 1.2, costs[-1] / costs[0]),
        ("peak memory of all our processes, MB", "<=", 500.0, peak),
    ]


def told_of_replays(results: list[dict[str, float]]) -> list[Told]:
    """Return what a second worker gives."""
    one = {r["pages"]: r["seconds"] for r in results if r["workers"] == 1}
    return [
        ("two workers, times the rate of one", f"{one[r['pages']] / r['seconds']:.2f}")
        for r in results
        if r["workers"] == 2
    ]


def aims_of_opening(opening: Opening) -> list[Aim]:
    """Return the aims of opening a page beside what was measured."""
    where = f"a WARC of {opening.size / 1e6:,.0f} MB"
    return [
        (f"a page's bytes from {where}, ms", "<=", 20.0, opening.median),
        ("the same after it was moved, ms", "<=", 20.0, opening.after_move),
    ]


def aims_of_crawling(crawling: Crawling) -> list[Aim]:
    """Return the aims of a crawl beside what was measured."""
    return [
        ("crawl, pages a second of processor time", ">=", 50.0, crawling.rate),
        ("crawl, peak MB, 100,000 requests queued", "<=", 300.0, crawling.ours["peak_mb"]),
        ("crawl, longer since it waits for the disk (share)", "<=", 0.1, crawling.waiting),
    ]


def told_of_crawling(crawling: Crawling) -> list[Told]:
    """Return how a crawl compares with Scrapy."""
    return [
        ("crawl, times the cost of bare Scrapy", f"{crawling.times(crawling.bare):.2f}"),
        ("crawl, times the cost of Scrapy as it comes", f"{crawling.times(crawling.usual):.2f}"),
        ("crawl, processor time since it waits for the disk", f"{crawling.waiting_busy:+.1%}"),
    ]


def aims_of_studying(studying: dict[str, float]) -> list[Aim]:
    """Return the aims of a report beside what was measured."""
    return [
        ("report, microseconds of processor a review", "<=", 30.0, studying["micros"]),
        ("report, peak MB of its process and the server's", "<=", 1000.0, studying["peak_mb"]),
    ]


def told_of_studying(studying: dict[str, float]) -> list[Told]:
    """Return what of a report's processor time is whose."""
    return [
        ("report, seconds of processor of its process", f"{studying['python']:.1f}"),
        ("report, seconds of processor of the server", f"{studying['server']:.1f}"),
    ]


def show_aims(console: Console, aims: list[Aim], told: list[Told]) -> int:
    """Print the aims beside what was measured; return 1 if any is missed."""
    table = Table(title="aims")
    for name in ("what", "aim", "measured", ""):
        table.add_column(name)
    missed = 0
    for what, sign, bound, measured in aims:
        met = measured >= bound if sign == ">=" else measured <= bound
        missed += not met
        row = (what, f"{sign} {bound:g}", f"{measured:.2f}", "met" if met else "MISSED")
        table.add_row(*row)
    for what, words in told:
        table.add_row(what, "", words, "")
    console.print(table)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
