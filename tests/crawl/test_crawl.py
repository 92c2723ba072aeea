"""Whole crawls of simulated markets, by the program itself."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.archive import Page, read_pages
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.monitor.health import compute_health, runs_without_health
from cryptodrug_scraper.replay import replay
from simulator.market_site import market_sites
from simulator.truth import truth
from tests.conftest import ROOT
from tests.crawl.crawling import Place, place
from tests.e2e.rows import same_rows
from tests.e2e.truth import Comparison, compare

MARKETS = list(market_sites())
each_market = pytest.mark.parametrize("market", MARKETS)


def compared(here: Place, url: str) -> Comparison:
    site = here.server.site

    def true_at(moment: datetime) -> Iterator[dict[str, Any]]:
        return truth(site.market_site, site.world, moment)

    at = site.world.reference
    return compare(client_url(url), here.market, true_at(at), at, true_at=true_at)


def count(url: str, query: str) -> int:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(sa.text(query))
    engine.dispose()
    return int(found or 0)


@each_market
def test_a_crawl_finds_what_is_true_and_its_archive_gives_the_same_rows(
    market: str, tmp_path: Path, migrated_url: str, another_migrated_url: str
) -> None:
    with place(tmp_path, market) as here:
        ended = here.crawl(migrated_url, "--category", "all", within=300)
        assert (ended.code, ended.complaints) == (0, [])
        assert ended.summary["outcome"] == "finished"
        found = compared(here, migrated_url)
        assert found.complete, found.differences
        asked = here.server.site.snapshot()["requests"]
        assert asked == ended.summary["counters"]["requests"]
    replay([here.captured], client_url(another_migrated_url))
    assert same_rows(client_url(migrated_url), client_url(another_migrated_url)) == []
    assert "The data is in the database" in ended.said
    whole = b"".join(gzip.decompress(file.read_bytes()) for file in here.warcs())
    whole += b"".join(file.read_bytes() for file in (tmp_path / "crawls").rglob("*log*"))
    assert not [cookie for cookie in here.cookies if cookie.encode() in whole]


def test_what_is_out_of_scope_is_neither_followed_nor_kept(
    tmp_path: Path, migrated_url: str
) -> None:
    with place(tmp_path, "dream", listings=80) as here:
        ended = here.crawl(migrated_url)
        assert ended.code == 0
        site = here.server.site
        records = list(truth(site.market_site, site.world, site.world.reference))
    paths = {
        r["fields"]["external_id"]: r["fields"]["category"]
        for r in records
        if r["type"] == "listing"
    }
    drugs = {key for key, path in paths.items() if path[0] == "Drugs"}
    assert 0 < len(drugs) < len(paths)
    captured = {
        page.url.partition("offer=")[2]
        for page in read_pages([here.archive])
        if isinstance(page, Page) and page.url and "viewProduct" in page.url
    }
    assert captured == drugs
    query = "SELECT count(*) FROM page WHERE kind = 'listing'"
    assert count(migrated_url, query) == len(drugs)
    assert ended.summary["counters"]["skipped/out_of_scope"] > 0  # seen on vendors' pages only


def test_with_no_session_left_it_says_so_and_goes_on_later(
    tmp_path: Path, migrated_url: str
) -> None:
    with place(tmp_path, "empire", faults=("session_requests=40",)) as here:
        ended = here.crawl(migrated_url, "--category", "all", "--wait", "1s")
        assert ended.code == 75
        assert "cryptodrug session add empire --cookies" in ended.errors
        assert "id0: ended" in ended.errors
        assert "goes on where it stopped" in ended.said
        assert ended.summary["outcome"] == "needs_session"
        states = {identity.state for identity in here.store.all("empire")}
        assert states == {"ended"}
        done = ended.summary["requests"]["done"]
        assert 10 < done < 80
        here.server.site.faults.rates = {}
        here.sign_in("id0")
        again = here.crawl(migrated_url, "--category", "all")
        assert again.code == 0 and again.summary["resumed"]
        assert again.summary["pages"] + done == again.summary["requests"]["done"]
        assert compared(here, migrated_url).complete
    kinds = "SELECT count(*) FROM page WHERE kind = 'login'"
    assert count(migrated_url, kinds) > 0  # kept and counted, as what they are
    walls = (
        "SELECT count(*) FROM listing_observation JOIN page USING (page_id)"
        " WHERE kind NOT IN ('listing', 'vendor', 'search', 'index')"
    )
    assert count(migrated_url, walls) == 0


def test_it_waits_for_fresh_cookies(tmp_path: Path) -> None:
    with place(tmp_path, "dream", identities=1, faults=("session_requests=30",)) as here:
        process = here.start(None, "--wait", "1m")
        deadline = time.monotonic() + 240
        while here.store.get("dream", "id0").state != "ended":
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        here.server.site.faults.rates = {}
        here.sign_in("id0")
        ended = here.ended(process)
    assert ended.code == 0 and ended.summary["outcome"] == "finished"


def test_limits_end_a_crawl_that_goes_on_later(tmp_path: Path) -> None:
    with place(tmp_path, "wall_street") as here:
        ended = here.crawl(None, "--pages", "20")
        assert (ended.code, ended.summary["outcome"]) == (0, "limit")
        assert ended.summary["pages"] == 20
        assert "left to do" in ended.said and "goes on where it stopped" in ended.said
        ended = here.crawl(None, "--time", "1s", "--delay", "0.3", "--each", "1")
        assert ended.summary["outcome"] == "limit" and 0 < ended.summary["pages"] < 20
        last = here.crawl(None)
        assert last.code == 0 and last.summary["requests"]["waiting"] == 0
        served = here.server.site.snapshot()
    assert served["requests"] == last.summary["requests"]["done"]  # none came twice


def test_single_listings_and_vendors(tmp_path: Path, migrated_url: str) -> None:
    with place(tmp_path, "empire") as here:
        site = here.server.site
        at = site.world.reference
        seller = max(site.world.sellers(at), key=lambda s: site.world.review_count(s, at))
        ended = here.crawl(migrated_url, "--vendor", seller.handle, "--category", "all")
        assert ended.code == 0
        offers = len(list(site.world.offers_of(seller, at)))
        whose = "SELECT count(DISTINCT vendor_id) FROM page JOIN vendor_observation USING (page_id)"
        assert count(migrated_url, f"{whose} WHERE kind = 'vendor'") == 1
        listings = "SELECT count(DISTINCT listing_id) FROM page JOIN listing_observation"
        assert count(migrated_url, f"{listings} USING (page_id) WHERE kind = 'listing'") == offers
        reviews = count(migrated_url, "SELECT count(*) FROM review")
        assert reviews == site.world.review_count(seller, at)


def test_recent_captures_are_not_asked_for_again(tmp_path: Path) -> None:
    with place(tmp_path, "dream") as here:
        first = here.crawl(None)
        again = here.crawl(None, "--since", "1h")
        assert again.summary["counters"]["skipped/recent"] > 0
        assert again.summary["pages"] == sum(
            n
            for kind, n in first.summary["counters"].items()
            if kind in ("pages/index", "pages/search")
        )
        full = here.crawl(None, "--since", "2999-01-01")
        assert full.summary["pages"] == first.summary["pages"]


def test_a_dead_mirror_is_left_for_one_that_lives(tmp_path: Path, migrated_url: str) -> None:
    with place(tmp_path, "dream") as here, place(tmp_path, "dream") as other:
        other.server.site.world.mirrors["127.0.0.1"] = other.server.site.world.reference
        ended = here.crawl(migrated_url)
        assert ended.code == 0 and ended.summary["requests"]["waiting"] == 0
        health = {m.address: m for m in MirrorStore(tmp_path / "mirrors").all("dream")}
        assert health[here.server.address].ok > 0
        assert not health[other.server.address].ok
        with closing(psycopg2.connect(client_url(migrated_url))) as connection:
            ((run, market),) = runs_without_health(connection)
            checks = {(c.name, c.subject): c for c in compute_health(connection, run).checks}
        assert market == "dream" and checks["closure", "all"].reason == "open"
        assert checks["pages", "all"].value == ended.summary["pages"]
        assert checks["mirror", health[here.server.address].mark].reason == "answers"
        if health[other.server.address].failed >= 5:
            assert checks["mirror", health[other.server.address].mark].reason == "lost"
        assert {name for name, _ in checks} >= {"coverage", "errors", "fields", "time"}
        assert [c for c in checks.values() if c.reason == "not_computed"] == []


def test_a_database_that_is_lost_holds_nothing_up(
    tmp_path: Path, migrated_url: str, engine: Engine
) -> None:
    with place(tmp_path, "dream") as here:
        process = here.start(migrated_url, "--category", "all", "--delay", "0.02", "--each", "1")
        deadline = time.monotonic() + 240
        name = sa.make_url(migrated_url).database
        ends = sa.text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = :name AND application_name LIKE 'cryptodrug%'"
            " AND pid <> pg_backend_pid()"
        )
        lost = 0
        while process.poll() is None and lost < 4:
            assert time.monotonic() < deadline
            if not here.warcs():  # it has not begun yet
                time.sleep(0.01)
                continue
            with engine.connect() as connection:
                lost += len(connection.execute(ends, {"name": name}).all())
            time.sleep(0.05)
        ended = here.ended(process)
        assert lost and ended.code == 0, ended.errors
        assert compared(here, migrated_url).complete


def test_what_cannot_be_had_is_given_up_and_named(tmp_path: Path) -> None:
    with place(tmp_path, "dream", faults=("server_error=1",)) as here:
        ended = here.crawl(None, "--retries", "2")
    assert ended.code == 1
    assert ended.summary["given_up"] == [{"address": "/?proceed", "reason": "status_500"}]
    assert "given up: /?proceed" in ended.said


def test_scrapys_own_command_crawls_as_well(tmp_path: Path, migrated_url: str) -> None:
    assert scrapy("list").stdout.split() == sorted(MARKETS)
    with place(tmp_path, "dream", listings=10, vendors=2, reviews=20):
        done = scrapy(
            "crawl",
            "dream",
            "-a",
            "direct=1",
            "-s",
            "DOWNLOAD_DELAY=0",
            "-O",
            str(tmp_path / "pages.jsonl"),
            CRYPTODRUG_DATA_DIR=str(tmp_path),
            DATABASE_URL=migrated_url,
        )
        assert done.returncode == 0, done.stderr
        pages = [json.loads(line) for line in (tmp_path / "pages.jsonl").open(encoding="utf-8")]
        assert {page["kind"] for page in pages} >= {"index", "search", "listing", "vendor"}
        kept = count(migrated_url, "SELECT count(*) FROM page")
        assert kept == len(pages)
    assert count(migrated_url, "SELECT count(*) FROM crawl_run WHERE outcome = 'finished'") == 1


def scrapy(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=120,
        check=False,
    )
