"""The arguments of a crawl that Scrapy's own command began.

``scrapy crawl NAME -a listings=… -a vendors=… -a categories=… -a exclude=… -a since=…``, values
parted by commas, with the database, the folder and the Tor of the program's settings; ``-a
direct=1`` is for a market on this machine, ``-a invented=1`` for a simulator elsewhere.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptodrug_scraper.cli.errors import explain
from cryptodrug_scraper.common.terminal import say
from cryptodrug_scraper.crawl.options import read_since
from cryptodrug_scraper.crawl.plan import CrawlRefused, Plan
from cryptodrug_scraper.crawl.preflight import check_plan

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.spider import MarketSpider

_ARGUMENTS = frozenset(
    ("categories", "exclude", "listings", "vendors", "since", "direct", "invented")
)


def plan_of(spider: MarketSpider, arguments: Mapping[str, object]) -> Plan:
    """Return what the arguments (``-a NAME=VALUE``) of a spider ask for. Raises CrawlRefused."""
    check_arguments(arguments)

    def several(name: str) -> tuple[str, ...]:
        text = str(arguments.get(name) or "")
        return tuple(part.strip() for part in text.split(",") if part.strip())

    since = str(arguments.get("since") or "").strip()
    if since:
        try:
            read_since(since)
        except ValueError as error:
            raise CrawlRefused(f"-a since: {error}") from None
    plan = Plan(
        spider.market,
        inside=several("categories"),
        outside=several("exclude"),
        listings=several("listings"),
        vendors=several("vendors"),
        since=since or None,
    )
    check_plan(plan, spider)
    return plan


def check_arguments(given: Mapping[str, object]) -> None:
    """Refuse arguments of a spider (``-a NAME=VALUE``) that mean nothing. Raises CrawlRefused."""
    unknown = sorted(given.keys() - _ARGUMENTS)
    if not unknown:
        return
    close = difflib.get_close_matches(unknown[0], _ARGUMENTS, 1)
    hint = f" Is {close[0]} meant?" if close else ""
    raise CrawlRefused(
        f"-a {unknown[0][:40]}=… is no argument of a crawl.{hint} "
        f"There are: {', '.join(sorted(_ARGUMENTS))}"
    )


@contextmanager
def explained() -> Iterator[None]:
    """End the process with one sentence and an exit code, as `cryptodrug crawl` would end.

    For Scrapy's own command, which shows a trace of whatever a spider raises.
    """
    try:
        yield
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        say(f"Error: {failure}")
        # The task that ends so is not waited for, and asyncio would show its trace.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        raise SystemExit(int(failure.code)) from None
