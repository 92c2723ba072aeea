"""Small numbers: what stays open is asked, and the least coarse cut that answers is taken."""

from __future__ import annotations

import re

import pytest

from cryptodrug_scraper.records import Listing
from cryptodrug_scraper.report import ReportOptions, open_study
from cryptodrug_scraper.report.build import build
from cryptodrug_scraper.report.page import Report
from tests.report.test_report import cells, words
from tests.study.world import World, eur, offer, profile

THRESHOLD = 5
MONTHS = ("01", "02", "03", "04", "05", "06")
DAYS = ("01", "08", "15", "22", "28")
MOVED = {**dict.fromkeys(range(3), "BE NL"), **dict.fromkeys(range(3, 6), "NL BE")}
"""Vendors who move after March, from where and to where."""
KINDS = ("Cannabis", "Ecstasy", "Stimulants", "Opiates")


def live(month: int, market: str) -> list[Listing]:
    """Forty-one vendors from Belgium on two markets, of whom few are there at first, and others."""
    found = []
    for n in range(41):
        home = "dream" if n < 26 else "empire"
        begins = 1 if n % 26 < 4 else 2 + n % 3
        if home == market and begins <= month:
            old, new = MOVED.get(n, "BE BE").split()
            kind = KINDS[0] if n % 4 else KINDS[1 + n % 3]
            come = new if month > 3 else old
            if n in (10, 11, 12, 30, 31, 32):
                come = "BE NL"
            found.append(offer(f"b{n}", f"b{n}", price=eur(20), come_from=come, kind=kind, to="NL"))
    others = (f"{market}{n}" for n in range(20))
    return [*found, *(offer(name, name, come_from="DE", kind="Cannabis") for name in others)]


@pytest.fixture
def small(world: World) -> World:
    for market in ("dream", "empire"):
        for month in MONTHS:
            for day in DAYS:
                listings = tuple(live(int(month), market))
                world.page(f"{month}-{day}", market=market, kind="search", listings=listings)
    for n in range(14):
        made = profile(f"w{n}", fingerprint=f"{n:040X}")
        world.page("03-20", kind="vendor", vendors=(made,))
        if n < 8:
            to, on = ("empire", "06-10") if n < 4 else ("wall_street", "04-20")
            world.page(on, market=to, kind="vendor", vendors=(made,))
    return world


def open_questions(report: Report) -> str:
    text = "\n".join(question for _, questions in report.open for question in questions)
    return re.sub("[\u00a0\u202f]", " ", text)


def test_what_stays_open_and_what_answers_it(small: World) -> None:
    with open_study(small.url) as study:
        plain = build(study, ReportOptions("BE", threshold=THRESHOLD))
        coarse = build(study, ReportOptions("BE", threshold=THRESHOLD, coarsen=True))
        french = build(study, ReportOptions("BE", "fr", threshold=THRESHOLD, by="quarter"))
    asked = open_questions(plain)
    assert "in each month? Quarters instead of months answer it." in asked
    assert "moved between Belgium and another country, and in which direction? Moves" in asked
    assert "ship too? All markets together answer it." in asked
    assert "turned up on Wall Street Market and Empire Market after its end? All other" in asked
    assert (
        "After Dream Market announced its end on 26 March 2019, the number of all listings on "
        "Empire Market rose from 28 in February 2019 to 35 in June 2019 (+25%, 95% interval "
        in words(plain)
    )
    # The key findings: growth, Belgium and the Netherlands, moves, migration.
    said = words(coarse)
    assert "in the first quarter of 2019" in said
    assert "Of the 11 vendors on all markets together who ship from Belgium and from other" in said
    assert "100% (11, 95% interval 74–100%) also ship from the Netherlands" in said
    assert "Vendors were seen to move between Belgium and other countries (5 vendors)." in said
    assert re.search(
        r"8 of the \d+ vendors who were active there \(\d+%, 95% interval \d+–\d+%\) turned up "
        "on other markets",
        said,
    )
    assert list(cells(coarse, "moves").values()) == [["Other countries", "5"]]
    assert {key[0] for key in cells(coarse, "origins")} == {"All markets"}
    assert "Q1 2019" in " ".join(first for _, first in cells(coarse, "size"))
    assert "T2 2019" in " ".join(first for _, first in cells(french, "size"))
    assert len(open_questions(coarse)) < len(asked)
    taken = {"prices", "places", "concentration", "lifetimes"}
    titles = {section.title for section in coarse.sections if section.key in taken}
    for title, questions in coarse.open:
        for question in questions if title in titles else ():
            assert "No coarser cut" in question, question


def test_hidden_is_drawn_with_a_mark_of_its_own(small: World) -> None:
    with open_study(small.url) as study:
        report = build(study, ReportOptions("BE", threshold=THRESHOLD))
    captions = {d.name: d.caption for section in report.sections for d in section.drawings}
    assert "c: confidential" in captions["size-vendors"]


def test_bands_are_as_wide_as_few_sales_ask_for(world: World) -> None:
    """Three of seven vendors have sales of 150 EUR: neither a band nor a sum tells how many."""
    for n, vendor in enumerate("abcdefg"):
        world.seen("01-03", offer(vendor, vendor, price=eur(30), come_from="BE"))
        for price in (30, 300, *([150] if n < 3 else [])):
            world.sold(vendor, vendor, "01-12", eur(price))
    world.done()
    with open_study(world.url) as study:
        plain = build(study, ReportOptions("BE", threshold=THRESHOLD))
        coarse = build(study, ReportOptions("BE", threshold=THRESHOLD, coarsen=True))
    assert "over the bands of value? Wider bands answer it." in open_questions(plain)
    assert "bands of value" not in open_questions(coarse)
    sales = {first: row[0] for (_, first), row in cells(coarse, "sales").items()}
    assert sales == {
        "under €200": "10", "€200 to under €500": "7", "€500 to under €1,000": "0",
        "€1,000 and more": "0",
    }  # fmt: skip


def test_places_of_few_are_taken_together(world: World) -> None:
    """Of fourteen vendors three ship to one place, three to another, and as many exclude one."""
    for n in range(14):
        to = "LU" if n < 3 else "AT" if n < 6 else "NL"
        excluded = "US" if 6 <= n < 9 else "AU" if 9 <= n < 12 else ""
        world.seen("01-03", offer(f"v{n}", f"v{n}", come_from="BE", to=to, excluded=excluded))
    world.done()
    with open_study(world.url) as study:
        coarse = build(study, ReportOptions("BE", threshold=THRESHOLD, coarsen=True))
    to_places = {first: row[:2] for (_, first), row in cells(coarse, "destinations").items()}
    assert to_places.pop("Netherlands", ["8", "8"]) == ["8", "8"]
    assert [row for row in to_places.values() if "c" not in row]
    excluded = {first: row[0] for (_, first), row in cells(coarse, "exclusions").items()}
    assert excluded["2 further places together"] == "6"
    assert not {"3", "c"} & {excluded[first] for first in excluded if "together" in first}
