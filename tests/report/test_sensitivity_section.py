"""How a report shows what its numbers owe to choices."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.records import Review
from cryptodrug_scraper.report import ReportOptions
from tests.report.test_report import report_of, words
from tests.study.world import World, day, eur, offer


def fill(world: World, poor: int) -> None:
    for vendor in "abcdefg":
        for month in (1, 2, 3, 4):
            world.seen(f"{month:02d}-03", offer(f"of {vendor}", vendor, come_from="BE"))
            world.seen(f"{month:02d}-26", offer(f"of {vendor}", vendor, come_from="BE"))
            world.sold(vendor, f"of {vendor}", f"{month:02d}-12", eur(50), times=month)
    for vendor in "abcdefg"[:poor]:
        bad = Review(
            vendor, f"of {vendor}", text="nothing came", rating="1", rating_max="5",
            posted_on=day("03-13"), price=eur(1500),
        )  # fmt: skip
        world.page("12-30", kind="vendor", reviews=(bad,))
    world.done()


@pytest.mark.parametrize("lang", ["en", "fr", "nl"])
def test_what_a_choice_moves_is_shown(world: World, lang: str) -> None:
    fill(world, poor=6)
    text = words(report_of(world.url, ReportOptions("BE", lang=lang)))
    titles = {"en": "How do the numbers", "fr": "Comment les nombres", "nl": "Hoe veranderen de"}
    amounts = {"en": ("€12,500", "€3,500"), "fr": ("12500€", "3500€"), "nl": ("€12.500", "€3.500")}
    part = "".join(text.split(titles[lang])[-1].split())
    assert all(amount in part for amount in amounts[lang]), part


def test_what_few_vendors_move_is_not(world: World) -> None:
    fill(world, poor=2)
    part = words(report_of(world.url, ReportOptions("BE"))).split("How do the numbers")[-1]
    assert "€6,500" in part and "€3,500" not in part
    row = part.split("Reviews of the lowest rating left out")[1].split()
    assert row[:6] == ["c"] * 6  # confidential
