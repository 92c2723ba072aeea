"""What one bulletin hides, neither it nor another one gives away."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.bulletin.numbers import Hiding
from cryptodrug_scraper.bulletin.pages import page_of
from cryptodrug_scraper.language import CODES
from cryptodrug_scraper.report.guard import TOTAL
from tests.bulletin.making import made, number, titled, week_of_offers
from tests.study.world import World, eur, offer

DAY = date(2019, 3, 18)
COUNTS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 12), min_size=1)


@given(st.lists(COUNTS, min_size=1, max_size=4), st.integers(2, 6))
def test_no_small_cell_follows_from_any_bulletin(weeks: list[dict[str, int]], least: int) -> None:
    """The same period in bulletins one after the other, while pages come in."""
    hidden: list[list[str]] = []
    before: set[str] = set()
    for vendors in weeks:
        lines = Hiding(least, hidden)
        cells = lines.hide("offer", "BE", DAY, vendors)
        assert {cell for cell, n in vendors.items() if 0 < n < least} <= cells
        assert before & {*vendors, TOTAL} <= cells
        covered = [vendors[cell] for cell in cells if cell != TOTAL and vendors[cell]]
        if cells and TOTAL not in cells:
            assert len(covered) > 1
            assert max(covered) >= least
        if 0 < sum(vendors.values()) < least:
            assert TOTAL in cells
        hidden, before = [*hidden, *lines.hidden], cells | before
        assert lines.hide("offer", "BE", DAY, vendors) == cells


def test_no_handle_and_no_number_of_few_is_in_a_file(world: World) -> None:
    handles = ["Zorblatt", "Quixwood", "Fernspell", "Mirthgate"]
    for on in ("03-13", "03-20"):
        for n, handle in enumerate(handles):
            made_of = offer(f"x{n}", handle, price=eur(4321), come_from="BE", kind="Ecstasy")
            world.seen(on, titled(made_of, f"MDMA 10g by {handle} {on}"))
            world.sold(handle, f"x{n}", on, eur(4321), seen=on)
        week_of_offers(world, on, "abcdefg", market="empire")
    world.done()
    facts, few = made(world.url, "2019-03-24")
    for name in ("vendors", "listings", "reviews", "turnover"):
        row = number(facts, name, "dream")
        assert row["hidden"], name
        assert row["value"] is row["low"] is row["high"] is row["at_most"] is None
    # Together with the other market's, the few would follow from all.
    assert number(facts, "listings", "empire")["hidden"]
    assert number(facts, "listings", "")["value"] == 11
    texts = [json.dumps(facts), *(page_of(facts, code) for code in CODES)]
    for text in texts:
        assert not [handle for handle in handles if handle.lower() in text.lower()]
        assert "4321" not in text
        assert "17284" not in text
    assert few == []


def test_what_was_hidden_stays_hidden_in_the_next_bulletin(world: World) -> None:
    """Of two markets' vendors few were known; later more are, and the two hid each other."""
    for on, few in (("03-13", "abc"), ("03-20", "abcdef")):
        week_of_offers(world, on, few)
        week_of_offers(world, on, "abcdefgh", market="empire")
    weeks = ("2019-03-17", "2019-03-24")
    first, second = (made(world.url, end)[0] for end in weeks)
    for facts in (first, second):
        for market in ("dream", "empire"):
            assert number(facts, "listings", market, "2019-03-11")["hidden"]
    assert number(second, "listings", "dream")["value"] == 6
    week_of_offers(world, "03-14", "defgh")  # captured then, loaded now
    third, _ = made(world.url, "2019-03-24")
    assert number(third, "listings", "dream", "2019-03-11")["hidden"]
    assert number(third, "listings", "", "2019-03-11")["value"] == 16
    days = [row["period"] for row in third["numbers"] if row["name"] == "listings"]
    assert all(a <= b for a, b in pairwise(days))
