"""`make bench`: the aims beside what was measured, as ratios within this run.

python -m tests.bench [--pages 1000,10000,50000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cryptodrug_scraper.database.embedded import EmbeddedServer
from tests.bench.pages import sources, write_warc
from tests.bench.parsing import Parsing, measure_parsing

PARTS = ("reading", "parsing", "making_rows", "loading", "reviews")


def main() -> int:
    """Run all benchmarks and print the tables; 1 if an aim is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pages", default="1000,10000,50000", help="sizes of the archives")
    arguments.add_argument("--keep", type=Path, help="keep the generated archives here")
    options = arguments.parse_args()
    sizes = [int(size) for size in options.pages.split(",")]
    console = Console(width=None if sys.stdout.isatty() else 110)
    where, pages = sources()
    console.print(f"{len(pages)} {where}, {os.cpu_count()} cores")
    parsing = measure_parsing(pages)
    show_parsing(console, parsing)
    with tempfile.TemporaryDirectory(prefix="cryptodrug-bench-") as temporary:
        folder = Path(temporary)
        results = []
        for size in sizes:
            warc = (options.keep or folder) / f"bench-{size}.warc.gz"
            if not warc.exists():
                console.print(f"writing an archive of {size:,} pages …")
                write_warc(warc, size)
            for workers in (1, 2) if size == sizes[min(1, len(sizes) - 1)] else (1,):
                console.print(f"replaying {size:,} pages with {workers} worker(s) …")
                results.append(replay_in_a_process(warc, size, workers, folder))
    show_replays(console, results)
    return show_aims(console, parsing, results)


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


def show_aims(
    console: Console, parsing: dict[str, Parsing], results: list[dict[str, float]]
) -> int:
    """Print the aims beside what was measured; return how many are missed, 1 at most."""
    total = parsing["all"]
    alone = [r for r in results if r["workers"] == 1]
    costs = [r["seconds"] / r["pages"] for r in alone]
    slowest = min(r["of_parse"] for r in results)
    peak = max(r["peak_mb"] for r in results)
    aims = [
        ("parse, times faster than BeautifulSoup's tree", ">=", 20.0, total.soup / total.parse),
        ("parse, times the bare lexbor tree", "<=", 3.0, total.parse / total.lexbor),
        ("replay, share of the rate of parse alone", ">=", 0.4, slowest),
        ("cost a page, largest archive to smallest", "<=", 1.2, costs[-1] / costs[0]),
        ("peak memory of all our processes, MB", "<=", 500.0, peak),
    ]
    two = [r for r in results if r["workers"] == 2]
    table = Table(title="aims")
    for name in ("what", "aim", "measured", ""):
        table.add_column(name)
    missed = 0
    for what, sign, bound, measured in aims:
        met = measured >= bound if sign == ">=" else measured <= bound
        missed += not met
        row = (what, f"{sign} {bound:g}", f"{measured:.2f}", "met" if met else "MISSED")
        table.add_row(*row)
    for r in two:
        one = next(x for x in alone if x["pages"] == r["pages"])
        table.add_row(
            "two workers, times the rate of one", "", f"{one['seconds'] / r['seconds']:.2f}", ""
        )
    console.print(table)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
