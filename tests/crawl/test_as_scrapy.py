"""The crawl used as any Scrapy project: its commands, and components that others wrote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapy.settings import Settings

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.archive import Page, read_pages
from cryptodrug_scraper.crawl.addon import REFUSED, SETTINGS, check_settings
from cryptodrug_scraper.crawl.plan import CrawlRefused
from tests.conftest import ROOT
from tests.crawl.crawling import Place, place
from tests.crawl.test_crawl import count

OFFERS = 9
"""Of ten listings one is not of the market's drugs."""

THEIRS = "tests.crawl.components"

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "work").mkdir()
    with place(tmp_path, "dream", listings=10, vendors=2, reviews=20) as market:
        yield market


def scrapy(here: Place, url: str, *arguments: str, **settings: str) -> Done:
    """Run Scrapy's own command in a folder of the user's, with modules of the user's."""
    given = {"DOWNLOAD_DELAY": "0"} | settings
    more = [part for name, value in given.items() for part in ("-s", f"{name}={value}")]
    environment = {
        "CRYPTODRUG_DATA_DIR": str(here.folder),
        "DATABASE_URL": url,
        "PYTHONPATH": str(ROOT),
        "SCRAPY_SETTINGS_MODULE": "cryptodrug_scraper.crawl.settings",
    }
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments, *more],
        capture_output=True,
        text=True,
        cwd=here.folder / "work",
        env=os.environ | environment,
        timeout=180,
        check=False,
    )


def crawl(here: Place, url: str, name: str = "dream", *options: str, **settings: str) -> Done:
    given = {"SPIDER_MODULES": f"spiders,{THEIRS}"} | settings
    return scrapy(here, url, "crawl", name, "-a", "direct=1", *options, **given)


def offers(here: Place) -> set[str]:
    """Return the listings whose pages are archived."""
    pages = [page for page in read_pages([here.archive]) if isinstance(page, Page) and page.url]
    return {page.url.partition("offer=")[2] for page in pages if "viewProduct" in str(page.url)}


def job(here: Place) -> dict[str, object]:
    (file,) = (here.folder / "crawls" / here.market).glob("*/job.json")
    return dict(json.loads(file.read_text("utf-8"))["runs"][-1])


def test_parse_asks_that_page_and_no_other(here: Place, migrated_url: str) -> None:
    address = f"{here.server.address}/?proceed"
    done = scrapy(here, migrated_url, "parse", address, "--spider", "dream", "--nocolour")
    assert done.returncode == 0, done.stderr
    assert "'kind': 'index'" in done.stdout and "<GET " in done.stdout
    assert here.server.site.snapshot()["requests"] == 1
    assert not (here.folder / "crawls").exists()


def test_fetch_and_shell_show_the_page_as_a_session_sees_it(here: Place, migrated_url: str) -> None:
    address = f"{here.server.address}/?proceed"
    done = scrapy(here, migrated_url, "fetch", address, "--nolog")
    assert done.returncode == 0 and "</html>" in done.stdout, done.stderr
    code = "(response.status, len(response.body), spider.name)"
    done = scrapy(here, migrated_url, "shell", address, "-c", code, "--nolog")
    assert done.returncode == 0 and done.stdout.startswith("(200, "), done.stdout + done.stderr
    assert here.server.site.snapshot()["served/index"] == 2  # signed in, both times
    assert len(list(here.archive.glob("dream/fetch/*.warc.gz"))) == 2
    away = scrapy(here, migrated_url, "fetch", "http://elsewhere.example/", "--nolog")
    assert "</html>" not in away.stdout


def test_a_request_that_a_middleware_ignores_is_given_up_and_named(
    here: Place, migrated_url: str
) -> None:
    done = crawl(here, migrated_url, DOWNLOADER_MIDDLEWARES=f'{{"{THEIRS}.Ignores": 450}}')
    assert done.returncode == 0, done.stderr
    assert "Given up: /contactMember" in done.stderr
    assert "ignored: not of interest" in done.stderr
    assert len(offers(here)) == OFFERS
    assert job(here)["outcome"] == "finished"


def test_arguments_that_mean_nothing_are_refused(here: Place, migrated_url: str) -> None:
    done = crawl(here, migrated_url, "dream", "-a", "vendor=X")
    assert done.returncode != 0 and "-a vendor=… is no argument" in done.stderr
    assert "Is vendors meant?" in done.stderr
    assert not here.server.site.snapshot()


@pytest.mark.parametrize("name", sorted(REFUSED))
@pytest.mark.parametrize("priority", ["project", "spider", "cmdline"])
def test_settings_that_cannot_be_honoured_are_refused_by_name(name: str, priority: str) -> None:
    settings = Settings()
    settings.setmodule("cryptodrug_scraper.crawl.settings")
    check_settings(settings)
    is_dict = name in ("DOWNLOAD_HANDLERS", "DEFAULT_REQUEST_HEADERS")
    settings.set(name, {"http": "a.b"} if is_dict else "somewhere.Something", priority)
    with pytest.raises(CrawlRefused, match=f"The setting {name} cannot be honoured: "):
        check_settings(settings)
    if not is_dict:
        settings.set(name, SETTINGS.get(name), priority)  # what holds anyway may be said
        check_settings(settings)


def test_a_setting_that_is_refused_ends_the_command(here: Place, migrated_url: str) -> None:
    done = crawl(here, migrated_url, JOBDIR="here")
    assert done.returncode == 2, done.stderr
    assert "The setting JOBDIR cannot be honoured" in done.stderr
    assert "Traceback" not in done.stderr and not here.server.site.snapshot()


def test_a_pipeline_that_fails_is_seen(here: Place, migrated_url: str) -> None:
    done = crawl(here, migrated_url, ITEM_PIPELINES=f'{{"{THEIRS}.Fails": 800}}')
    assert "a pipeline that fails" in done.stderr
    assert "'log_count/ERROR': " in done.stderr
    quiet = crawl(here, migrated_url, LOG_LEVEL="CRITICAL")
    assert quiet.stderr == ""


def test_pipelines_see_each_page_without_a_feed(here: Place, migrated_url: str) -> None:
    done = crawl(here, migrated_url, ITEM_PIPELINES=f'{{"{THEIRS}.Collects": 100}}')
    assert done.returncode == 0, done.stderr
    kinds = (here.folder / "work" / "seen.txt").read_text("utf-8").split()
    assert set(kinds) == {"index", "search", "listing", "vendor"}
    assert kinds.count("listing") == OFFERS


def test_what_a_pipeline_drops_is_loaded_from_the_archive(here: Place, migrated_url: str) -> None:
    done = crawl(here, migrated_url, ITEM_PIPELINES=f'{{"{THEIRS}.Drops": 100}}')
    assert done.returncode == 0, done.stderr
    captured = [page for page in read_pages([here.archive]) if isinstance(page, Page)]
    assert count(migrated_url, "SELECT count(*) FROM page") == len(captured) > 20


def test_a_mirror_that_is_taken_away_ends_the_crawl(here: Place) -> None:
    process = here.start(None, "--delay", "0.3", "--each", "1")
    while not here.server.site.snapshot():
        assert process.poll() is None
    MirrorStore(here.folder / "mirrors").remove("dream", here.server.address)
    ended = here.ended(process)
    assert ended.code != 0 and "No mirror of dream is known" in ended.said + ended.errors


def test_other_hosts_are_refused_and_not_asked_of_the_market(
    here: Place, migrated_url: str
) -> None:
    done = crawl(here, migrated_url, "wanders")
    assert done.returncode == 0, done.stderr
    assert "Refused: http://127.0.0.1:9/other is no address of the market's" in done.stderr
    assert "Refused: http://example.com/secret is no address of the market's" in done.stderr
    pages = [page for page in read_pages([here.archive]) if isinstance(page, Page)]
    assert not [page for page in pages if "secret" in str(page.url) or "other" in str(page.url)]
    assert len(offers(here)) == OFFERS and job(here)["outcome"] == "finished"


def test_no_server_is_opened(here: Place, migrated_url: str) -> None:
    done = crawl(here, migrated_url, CLOSESPIDER_PAGECOUNT="2")
    assert "listening" not in done.stderr.lower()
    assert "RemoteControl" not in done.stderr and "Telnet" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"CONCURRENT_REQUESTS_PER_DOMAIN": "0"}, "must be 1 at least"),
        ({"DOWNLOAD_DELAY": "-1"}, "cannot be less than 0"),
        ({"DOWNLOAD_DELAY": "abc"}, "cannot be read"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    here: Place, migrated_url: str, setting: dict[str, str], words: str
) -> None:
    done = crawl(here, migrated_url, **setting)
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not here.server.site.snapshot()


@pytest.mark.usefixtures("interruptible")
def test_two_interrupts_end_it_at_once_and_it_goes_on(here: Place) -> None:
    process = here.start(None, "--delay", "0.2", "--each", "1")
    while not here.server.site.snapshot():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    ended = here.ended(process)
    # The second may meet a process that is ending, and has let go of signals: 130 to a shell.
    assert ended.code in (1, 130, -signal.SIGINT), ended.errors
    assert "itself failed" not in ended.errors
    assert here.crawl(None).code == 0 and len(offers(here)) == OFFERS


def test_scrapys_limits_end_a_crawl_that_goes_on_later(here: Place, migrated_url: str) -> None:
    done = crawl(here, migrated_url, CLOSESPIDER_PAGECOUNT="5")
    assert done.returncode == 0 and job(here)["outcome"] == "limit"
    assert 0 < len(offers(here)) < OFFERS or not offers(here)
    assert crawl(here, migrated_url).returncode == 0
    assert len(offers(here)) == OFFERS and job(here)["outcome"] == "finished"


def test_what_scrapy_bounds_is_bounded(here: Place, migrated_url: str) -> None:
    done = crawl(here, migrated_url, DOWNLOAD_MAXSIZE="200", RETRY_TIMES="1")
    assert "too_large" in done.stderr
    assert "'cryptodrug/failed': 1" in done.stderr


def test_a_delay_is_kept_between_all_requests(here: Place, migrated_url: str) -> None:
    here.server.site.faults.rates = {"not_found_once": 1.0}
    settings = {
        "DOWNLOAD_DELAY": "0.2",
        "DOWNLOAD_DELAY_JITTER": "0",
        "AUTOTHROTTLE_ENABLED": "0",
        "CONCURRENT_REQUESTS_PER_DOMAIN": "1",
        "CLOSESPIDER_TIMEOUT": "6",
    }
    crawl(here, migrated_url, **settings)
    sessions = len(here.store.all("dream"))
    asked = here.server.site.snapshot()["requests"]
    assert asked <= sessions * (6 / 0.2 + 5)


def test_a_subclass_may_have_a_name_and_items_of_its_own(here: Place, migrated_url: str) -> None:
    out = here.folder / "items.jsonl"
    done = crawl(here, migrated_url, "mine", "-O", str(out))
    assert done.returncode == 0, done.stderr
    items = [json.loads(line) for line in out.open(encoding="utf-8")]
    assert len([item for item in items if "title" in item]) == OFFERS
    pages = [item for item in items if item.get("kind") == "listing"]
    assert len(pages) == OFFERS and pages[0]["listings"][0]["external_id"]


def test_callbacks_and_their_arguments_come_back_out_of_the_queue(
    here: Place, migrated_url: str
) -> None:
    out = here.folder / "items.jsonl"
    assert crawl(here, migrated_url, "keeps", CLOSESPIDER_PAGECOUNT="4").returncode == 0
    done = crawl(here, migrated_url, "keeps", "-O", str(out))
    assert done.returncode == 0, done.stderr
    items = [json.loads(line) for line in out.open(encoding="utf-8")]
    kept = [item for item in items if "offer" in item]
    assert kept and all((item["n"], item["a"]) == (1, [1]) for item in kept)
    assert len(offers(here)) == OFFERS


def test_extensions_of_others_stand_beside_ours_and_see_the_signals(
    here: Place, migrated_url: str
) -> None:
    settings = {
        "EXTENSIONS": f'{{"{THEIRS}.Watches": 500}}',
        "SPIDER_MIDDLEWARES": f'{{"{THEIRS}.Adds": 500}}',
    }
    done = crawl(here, migrated_url, **settings)
    assert done.returncode == 0, done.stderr
    counts = json.loads((here.folder / "work" / "signals.json").read_text("utf-8"))
    served = here.server.site.snapshot()["requests"]
    assert counts["request_reached_downloader"] == served
    assert counts["item_scraped"] > 10
    assert counts["request_scheduled"] >= served
    added = [
        p for p in read_pages([here.archive]) if isinstance(p, Page) and "added=1" in str(p.url)
    ]
    assert len(added) == 1
    assert job(here)["outcome"] == "finished"


def test_what_a_middleware_swallows_does_not_count_as_done(here: Place, migrated_url: str) -> None:
    settings = {
        "SPIDER_MIDDLEWARES": f'{{"{THEIRS}.Swallows": 500}}',
        "RETRY_TIMES": "1",
    }
    done = crawl(here, migrated_url, "breaks", **settings)
    assert "the callback did not come to its end" in done.stderr
    assert "'cryptodrug/failed': " in done.stderr
    again = crawl(here, migrated_url)  # by a spider that does not break
    assert again.returncode == 0 and len(offers(here)) == OFFERS


def test_headers_are_archived_as_they_came(here: Place, migrated_url: str) -> None:
    site = here.server.site
    answer = site.answer

    def odd(request: object) -> object:
        made = answer(request)  # type: ignore[arg-type]
        made.headers = [*made.headers, ("x-ODD-name", "caf\xe9")]
        return made

    site.answer = odd  # type: ignore[assignment, method-assign]
    assert crawl(here, migrated_url, CLOSESPIDER_PAGECOUNT="2").returncode == 0
    import gzip

    records = b"".join(gzip.decompress(file.read_bytes()) for file in here.warcs())
    assert b"x-ODD-name: caf\xe9\r\n" in records
