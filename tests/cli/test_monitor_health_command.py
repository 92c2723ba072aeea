"""``cryptodrug monitor health`` and ``monitor status``: what they print, and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.monitor.status import small_line
from tests.cli.running import run, shell
from tests.monitor.weeks import Weeks, without

CONFIG = """
[markets.dream]
when = "30 2 * * mon"
healthy = {{ pages = {pages}, fields = {{ "listing.title" = 0.9 }} }}
"""


@pytest.fixture
def weeks(migrated_url: str) -> Weeks:
    """Five weeks, and one in which titles are gone."""
    made = Weeks(migrated_url, "dream", size=30)
    for _ in range(5):
        made.crawl()
    made.crawl(change=without("listings", "title"))
    made.close()
    return made


def test_health_and_status(weeks: Weeks, migrated_url: str, tmp_path: Path) -> None:
    at = ("--database-url", migrated_url)
    assert run("monitor", "status", *at).stderr.startswith("No crawl was judged so far")
    done = run("monitor", "health", "--json", *at)
    assert done.exit_code == 1
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["level"] for each in runs] == ["fine"] * 5 + ["broken"]
    wrong = [check for check in runs[-1]["checks"] if check["level"] != "fine"]
    assert {check["subject"] for check in wrong} == {"listing.title", "card.title"}
    title = next(check for check in wrong if check["subject"] == "listing.title")
    assert title["words"].startswith("listing.title is filled: 0 %, usually 100 % (not under ")
    assert 0 < len(title["pages"]) <= 5
    assert all(page["location"].startswith("/dream") for page in title["pages"])

    again = run("monitor", "health", *at)  # nothing is due: the last one is shown
    assert (again.exit_code, again.stdout.count(".title is filled: 0 %")) == (1, 2)
    assert f"doctor {title['pages'][0]['location']}" in again.stdout
    for word in ("http", ".onion", "v3"):
        assert word not in again.stdout.split()
    first = runs[0]["run"]
    assert run("monitor", "health", "--run", first, "--all", *at).exit_code == 0

    shown = run("monitor", "status", *at)
    assert shown.exit_code == 0
    assert "listing.title is filled" in shown.stdout.replace("\n", " ")
    (line,) = run("monitor", "status", "--json", *at).stdout.splitlines()
    status = json.loads(line)
    assert [each["level"] for each in status["runs"]] == [each["level"] for each in runs]
    assert len(status["wrong"]) == 2
    assert status["runs"][-1]["fill"] < status["runs"][0]["fill"]

    config = tmp_path / "monitor.toml"
    config.write_text(CONFIG.format(pages=1))
    given = ("--run", first, "--config", config, *at)
    assert run("monitor", "health", *given).exit_code == 0
    config.write_text(CONFIG.format(pages=9999))
    declared = run("monitor", "health", *given)
    assert declared.exit_code == 1
    assert "declared to be 9,999 at least" in declared.stdout


def test_what_is_wrong_with_options(migrated_url: str) -> None:
    at = ("--database-url", client_url(migrated_url))
    assert run("monitor", "health", "--run", "beef", *at).exit_code == 2
    assert run("monitor", "health", "--market", "nowhere", *at).exit_code == 2
    empty = run("monitor", "health", *at)
    assert (empty.exit_code, empty.stdout) == (0, "")
    assert empty.stderr.startswith("No crawl has ended so far")


def test_judging_loads_nothing_heavy(migrated_url: str) -> None:
    code = (
        "import sys; from cryptodrug_scraper.monitor import health, status;"
        "print([name for name in ('pandas', 'numpy', 'matplotlib', 'scrapy', 'selectolax')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "[]\n"
    assert shell("monitor", "--help").returncode == 0


def test_a_small_line() -> None:
    assert small_line([0, 1, None, 7]) == "▁▂ █"
    assert small_line([0.0, None]) == "▁ "
    assert small_line([]) == ""
