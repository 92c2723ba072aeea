"""How a report says how large sales are, where prices can be read in several ways."""

from __future__ import annotations

import re

import pytest

from cryptodrug_scraper.records import Money
from cryptodrug_scraper.report import ReportOptions
from tests.report.test_report import report_of, words
from tests.study.world import World, offer


@pytest.mark.parametrize(("amount", "reaches"), [("0.2", False), ("0.3", True)])
def test_no_larger_sale_is_said_where_no_reading_reaches_it(
    world: World, amount: str, reaches: bool
) -> None:
    """0.3 of a coin of 3,000 EUR may be 1,050 EUR, and 0.2 at most 750."""
    for vendor in "abcdefg":
        world.seen("03-10", offer(f"of {vendor}", vendor, come_from="BE", kind="MDMA"))
        for paid in ("0.01", "0.07", amount):
            price = Money(paid, "BTC")
            world.sold(vendor, f"of {vendor}", "03-12", price, about=True, rates={"EUR": "3000"})
    world.done()
    said = words(report_of(world.url, ReportOptions("BE", threshold=5)))
    assert ("No sale of" in said) is not reaches
    assert (
        re.search(r"33% \(95% interval \d+–\d+%\) were below", said)
        and "(depending on how prices are read, between 33% and 67%)" in said
    )


def test_few_vendors_between_two_readings_are_not_told(world: World) -> None:
    """Of one vendor alone the sales lie on an edge."""
    for vendor in "abcdefg":
        world.seen("03-10", offer(f"of {vendor}", vendor, come_from="BE", kind="MDMA"))
        for paid in ("0.01", "0.10", *(["0.07"] if vendor == "a" else [])):
            price = Money(paid, "BTC")
            world.sold(vendor, f"of {vendor}", "03-12", price, about=True, rates={"EUR": "3000"})
    world.done()
    assert "below €200 (depending on" not in words(
        report_of(world.url, ReportOptions("BE", threshold=5))
    )
