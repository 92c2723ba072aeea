"""What a report costs over a year of three markets, generated in the database.

    python -m tests.bench.studying [--reviews 2000000] [--data FOLDER]

Not part of CI. With `--data` the database is kept there and used again; one that is there already,
of whatever crawls, is reported on as it is. Prints the seconds of processor of each section (the
machine may be busy), of this process and of the server, and in a last line of JSON those of all,
the microseconds a review, and the memory of both at most.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from contextlib import nullcontext, suppress
from itertools import pairwise
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.report import ReportOptions, open_study, render_report
from parsers import markets

# 60,000 listings of 3,000 vendors, each on offer for some of 52 weeks; a listing's page a week,
# a page of links for each thirty of them; a rate panel a market and day.
_FILL = """
CREATE TEMP TABLE m (n int, market text);
INSERT INTO m SELECT ordinality - 1, market
    FROM unnest(CAST(:markets AS text[])) WITH ORDINALITY AS each(market, ordinality);
INSERT INTO market SELECT market, market, '2018-11-01', NULL FROM m ON CONFLICT DO NOTHING;
INSERT INTO place SELECT p, p, CASE WHEN length(p) = 2 THEN 'country' ELSE 'region' END
    FROM unnest(ARRAY['BE','NL','DE','FR','GB','US','AU','ES','PL','CA','EU','WORLD']) AS p;
INSERT INTO vendor SELECT v, market, 'vendor ' || (v / 2), 'vendor ' || (v / 2)
    FROM generate_series(0, 2999) AS v JOIN m ON n = v % 3;
INSERT INTO listing SELECT l, market, 'l' || l
    FROM generate_series(0, 59999) AS l JOIN m ON n = l % 3;
INSERT INTO review_content VALUES (1, 5, 5, NULL, 'Good');
INSERT INTO exchange_panel SELECT d * 3 + n, market FROM m, generate_series(0, 364) AS d;
INSERT INTO exchange_rate SELECT exchange_panel_id, 'BTC', quote, rate + exchange_panel_id % 97
    FROM exchange_panel, (VALUES ('EUR', 4000), ('USD', 4500), ('GBP', 3600)) AS r(quote, rate);
INSERT INTO crawl_run SELECT w * 3 + n, market, TIMESTAMPTZ '2018-11-05' + w * interval '7 days',
    NULL, NULL, '0', '{}', NULL, NULL, false FROM m, generate_series(0, 51) AS w;
CREATE TEMP TABLE seen AS
    SELECT row_number() OVER () AS page_id, l, w, m.market, m.n,
           TIMESTAMPTZ '2018-11-05' + w * interval '7 days' + (l % 1000) * interval '1 minute' AS at
    FROM generate_series(0, 59999) AS l JOIN m ON n = l % 3
    CROSS JOIN LATERAL generate_series(l % 40, least(51, l % 40 + 5 + l % 30)) AS w
    WHERE hashint8(l * 64 + w) % 10 <> 0;
INSERT INTO archive VALUES (0, 'folder', '{""}') ON CONFLICT DO NOTHING;
INSERT INTO page (page_id, market, kind, outcome, url, captured_at, captured_precision,
        captured_from, observed_at, sha256, size, status, archive_id, place, parser_version,
        warnings, exchange_panel_id, crawl_run_id, cut_off, invented)
    SELECT page_id, market, 'listing', 'read', 'http://x.onion/l/' || l, at, 'second', 'warc', at,
           CAST('' AS bytea), 1, 200, 0, 'w', 'v', CAST('{}' AS text[]), CASE WHEN n <> 1
           THEN w * 21 + n END, w * 3 + n, false, false FROM seen
    UNION ALL
    SELECT 10000000 + page_id, market, 'search', 'read', 'http://x.onion/s/' || l, at, 'second',
           'warc', at, '', 1, 200, 0, 'w', 'v', '{}', NULL, w * 3 + n, false, false
    FROM seen WHERE page_id % 30 = 0;
INSERT INTO link SELECT l, market, 'listing', 'l' || l, 'http://x.onion/l/' || l
    FROM generate_series(0, 59999) AS l JOIN m ON n = l % 3;
INSERT INTO page_link SELECT 10000000 + page_id, 'listing',
        ARRAY(SELECT (l + 3 * k) % 60000 FROM generate_series(0, 29) AS k)
    FROM seen WHERE page_id % 30 = 0;
INSERT INTO listing_observation (page_id, ordinal, listing_id, observed_at, is_card, title,
        vendor_id, category_path, price_amount, price_currency, payment, currencies)
    SELECT page_id, 0, l, at, false, 'MDMA ' || l % 50 || 'g', (l % 3) + 3 * (l / 3 % 1000),
           ARRAY['Drugs', (ARRAY['Cannabis','Cocaine','MDMA','Opioids'])[1 + l / 3 % 4]],
           5 + l % 200 + w % 5, (ARRAY['USD', 'EUR', 'GBP'])[1 + l % 3], '{}', '{}' FROM seen;
INSERT INTO listing_place
    SELECT page_id, 0, 'from', 0,
           (ARRAY['BE','NL','DE','FR','GB','US','AU','ES','PL','CA'])[1 + (l / 3 % 1000 +
               CASE WHEN l / 3 % 1000 % 20 = 0 AND w > 12 THEN 1 ELSE 0 END) % 10] FROM seen
    UNION ALL
    SELECT page_id, 0, 'to', 0, (ARRAY['WORLD', 'EU'])[1 + l % 2] FROM seen;
INSERT INTO vendor_observation (page_id, ordinal, vendor_id, observed_at, is_profile, sales,
        spelling_id)
    SELECT page_id, 0, (l % 3) + 3 * (l / 3 % 1000), at, false, 1000, l FROM seen;
INSERT INTO review (review_id, vendor_id, listing_id, content_id, posted_on, posted_precision,
        earliest, latest, price_amount, price_currency, price_approximate, first_seen,
        last_seen, sightings, page_ids, ordinals, invented)
    SELECT r, (l % 3) + 3 * (l / 3 % 1000), CASE WHEN r % 50 > 0 THEN l END, 1,
           CAST(at AS date), 'day', at - interval '1 day', at + interval '1 day',
           CASE WHEN l % 3 <> 1 THEN 5 + l % 200 END,
           CASE WHEN l % 3 <> 1 THEN (ARRAY['USD', 'EUR', 'GBP'])[1 + l % 3] END, false,
           at + interval '1 day', NULL, 1,
           ARRAY[1], ARRAY[0], false
    FROM (SELECT r, (hashint8(r) & 1073741823) % 60000 AS l
          FROM generate_series(1, :reviews) AS r) AS each
    CROSS JOIN LATERAL (SELECT TIMESTAMPTZ '2018-11-05'
        + (l % 40 * 7 + r % 200) % 364 * interval '1 day' + r % 1440 * interval '1 minute' AS at
    ) AS posted;
"""


def fill(engine: Engine, reviews: int) -> None:
    """Generate the year."""
    names = list(markets())[:3]
    with engine.begin() as connection:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                connection.execute(text(statement), {"markets": names, "reviews": reviews})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()  # a study wants a session that had no TEMP tables


def main() -> None:
    """Fill a database if it is empty, and report on it; the last line is JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--reviews", type=int, default=2_000_000)
    arguments.add_argument("--data", type=Path, help="keep the database here, or take the one here")
    options = arguments.parse_args()
    with (
        nullcontext(options.data)
        if options.data is not None
        else tempfile.TemporaryDirectory(prefix="cryptodrug-bench-") as folder
    ):
        server = EmbeddedServer(Path(folder))
        url = server.ensure_running()
        engine = open_engine(url, upgrade=True)
        try:
            with engine.connect() as connection:
                empty = not connection.execute(text("SELECT count(*) FROM page")).scalar()
            if empty:
                began = time.perf_counter()
                fill(engine, options.reviews)
                taken = time.perf_counter() - began
                print(f"generated {options.reviews:,} reviews in {taken:.0f} s", flush=True)
            engine.dispose()
            print(json.dumps(measure(url)))
        finally:
            engine.dispose()
            server.stop()


def measure(url: str) -> dict[str, float]:
    """Write the report of BE, print what each part takes, and return what all of it took."""
    began, python = time.perf_counter(), time.process_time()
    with open_study(url) as study:
        backend = psutil.Process(study.row("SELECT pg_backend_pid() AS pid")["pid"])
        postmaster = backend.parent()
        reviews = study.row("SELECT count(*) AS n FROM review")["n"]
        memory = Memory(psutil.Process(), backend)
        memory.start()
        server = _cpu(postmaster)
        steps: list[tuple[str, float, float]] = []

        def at(_: int, of: int, key: str) -> None:
            steps.append((key or "prepare", time.process_time(), _cpu(postmaster)))

        page = render_report(study, ReportOptions("BE"), at)
        at(0, 0, "end")
        python, server = time.process_time() - python, _cpu(postmaster) - server
        memory.over.set()
        memory.join()
    for (name, ours, theirs), (_, ours_then, theirs_then) in pairwise(steps):
        print(f"{name:14} Python {ours_then - ours:6.2f} s, server {theirs_then - theirs:6.2f} s")
    return {
        "reviews": reviews,
        "bytes": len(page),
        "python": python,
        "server": server,
        "clock": time.perf_counter() - began,
        "micros": 1e6 * (python + server) / max(reviews, 1),
        "ours_mb": memory.ours / 1e6,
        "server_mb": memory.theirs / 1e6,
        "peak_mb": memory.most / 1e6,
    }


class Memory(threading.Thread):
    """Watches the memory of this process and of the server's for it; shared pages by their part."""

    def __init__(self, *processes: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.processes = processes
        self.ours = self.theirs = self.most = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Sample until the end."""
        while not self.over.wait(0.2):
            ours, theirs = (each.memory_full_info().pss for each in self.processes)
            self.ours, self.theirs = max(self.ours, ours), max(self.theirs, theirs)
            self.most = max(self.most, ours + theirs)


def _cpu(postmaster: psutil.Process) -> float:
    """Seconds of processor that all processes of a server have used, those that ended too."""
    total = 0.0
    for process in (postmaster, *postmaster.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
            if process == postmaster:
                total += times.children_user + times.children_system
    return total


if __name__ == "__main__":
    main()
