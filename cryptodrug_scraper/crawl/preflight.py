"""What is looked at before a crawl begins, so that one that cannot begin changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cryptodrug_scraper.access.mirrors import is_loopback
from cryptodrug_scraper.crawl.plan import CrawlRefused, Plan

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.spider import MarketSpider


def check_plan(plan: Plan, spider: MarketSpider) -> None:
    """Refuse listings and vendors that the market's spider cannot ask for. Raises CrawlRefused."""
    for name in plan.listings:
        try:
            spider.listing(name)
        except ValueError as error:
            raise CrawlRefused(f"--listing: {error}") from None
    for option, values in (
        ("--vendor", plan.vendors),
        ("--category", plan.inside),
        ("--exclude-category", plan.outside),
    ):
        if not all(value.strip() for value in values):
            raise CrawlRefused(f"{option}: a name is missing")


def check_addresses(
    market: str, addresses: Iterable[str], *, direct: bool, option: str = "--direct"
) -> None:
    """Refuse mirrors that cannot be asked in this way: directly, or through Tor.

    ``addresses`` are one or more, as `mirrors.tidy_address` returns them; ``option`` is what the
    direct way is called where it was asked for. Raises CrawlRefused.
    """
    others = [address for address in addresses if is_loopback(address) != direct]
    if not others:
        return
    named = ", ".join(others[:5])
    if direct:
        raise CrawlRefused(
            f"{option} is for a market on this machine, and {named} is not: an onion service is "
            f"asked through Tor only. Leave out {option}, or: cryptodrug mirror remove {market} "
            f"{others[0]}"
        )
    raise CrawlRefused(
        f"{named} is on this machine, where Tor does not go. Use {option} (cryptodrug simulate), "
        f"or: cryptodrug mirror remove {market} {others[0]}"
    )
