"""What a crawl is about."""

from __future__ import annotations

from pathlib import Path

from cryptodrug_scraper.crawl.frontier import Frontier
from cryptodrug_scraper.crawl.scope import Scope
from cryptodrug_scraper.records import Category, Listing, ParsedPage

TREE = [
    Category("1", "Drugs", ["Drugs"]),
    Category("2", "Cannabis", ["Drugs", "Cannabis"]),
    Category("3", "Seeds", ["Drugs", "Cannabis", "Seeds"]),
    Category("4", "Seeds", ["Other", "Seeds"]),
    Category("5", "Other", ["Other"]),
]


def scope(*inside: str, outside: tuple[str, ...] = ()) -> Scope:
    made = Scope(inside, outside)
    made.learn(TREE)
    return made


def test_a_category_is_in_scope_with_all_below_it() -> None:
    drugs = scope("drugs")
    assert drugs.contains(["Drugs"]) and drugs.contains(["Drugs", "Cannabis", "Seeds"])
    assert drugs.contains(["Other"]) is False
    assert drugs.contains(["Drugs", "A new one"]) is True
    assert drugs.contains(["Other", "A new one"]) is False


def test_of_the_last_levels_only_what_is_sure_is_said() -> None:
    drugs = scope("Drugs")
    assert drugs.contains(["Cannabis"]) is True
    assert drugs.contains(["Seeds"]) is None
    assert drugs.contains(["Nobody knows"]) is None
    assert drugs.contains([]) is None


def test_what_is_excluded_is_out_though_it_lies_inside() -> None:
    without = scope("Drugs", outside=("SEEDS",))
    assert without.contains(["Drugs", "Cannabis"]) is True
    assert without.contains(["Drugs", "Cannabis", "Seeds"]) is False
    everything = scope("all", outside=("Other",))
    assert everything.contains(["Other", "Seeds"]) is False
    assert everything.contains(["Drugs"]) is True
    assert scope("all").contains([]) is True


def test_levels_may_number_apart() -> None:
    made = Scope(("Drugs",), ())
    made.learn([Category("1", "Drugs", ["Drugs"]), Category("1", "Hash", ["Drugs", "Hash"])])
    assert made.path_of("1", 0) == ("Drugs",)
    assert made.path_of("1", 1) == ("Drugs", "Hash")
    assert made.path_of("1") is None  # either could be meant
    assert made.path_of("9") is None and made.path_of(None) is None


def test_names_that_no_category_has_are_told() -> None:
    assert scope("Drugs", outside=("Canabis",)).unknown_names() == ["canabis"]
    assert scope("all").unknown_names() == []


def test_only_a_listings_own_page_is_refused() -> None:
    drugs = scope("Drugs")
    page = ParsedPage(kind="listing", listings=[Listing(category=["Other", "Seeds"])])
    assert drugs.refuses(page)
    page.kind = "vendor"
    assert not drugs.refuses(page)
    page = ParsedPage(kind="listing", listings=[Listing(category=["Seeds"])])
    assert not drugs.refuses(page)


def test_the_tree_is_known_to_a_crawl_that_goes_on(tmp_path: Path) -> None:
    frontier = Frontier(tmp_path / "frontier.sqlite")
    Scope(("Drugs",), (), frontier).learn(TREE)
    again = Scope(("Drugs",), (), frontier)
    assert again.contains(["Cannabis"]) is True and again.path_of("4") == ("Other", "Seeds")
