"""The world of a scenario: its numbers are those of its file, and its pages read as it says."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cryptodrug_scraper.archive import ArchiveReader, Page
from cryptodrug_scraper.cli.app import app
from simulator.command import BadCall, simulation, write_scenario
from simulator.market_site import Session, market_sites
from simulator.scenario import parameters as reading
from simulator.scenario.crawls import CrawlCalendar, Crawler, write_crawls
from simulator.scenario.findings import bears_out
from simulator.scenario.goods import Deal
from simulator.scenario.measures import MEASURES
from simulator.scenario.parameters import (
    BadScenario,
    Destinations,
    OriginShares,
    read_scenario,
    scenarios,
)
from simulator.scenario.parameters import (
    Path as Growth,
)
from simulator.scenario.truth import Truth
from simulator.scenario.world import ScenarioWorld, scenario_worlds
from tests.simulator.comparing import differences

FULL = read_scenario("cryptodrug")
SMALL = FULL.scaled(0.01, 8)
MARKETS = list(FULL.markets)


@cache
def full() -> dict[str, ScenarioWorld]:
    return scenario_worlds(FULL, 1)


@cache
def small() -> dict[str, ScenarioWorld]:
    return scenario_worlds(SMALL, 1)


# -- the file --------------------------------------------------------------------------------


def test_the_file_is_read() -> None:
    assert scenarios() == ["cryptodrug"]
    assert FULL.markets["dream"].origins[:3] == (
        OriginShares(("NL", "BE"), moves=True),
        OriginShares(("NL", "BE"), moves=True),
        OriginShares(("BE", "DE"), moves=True),
    )
    assert Destinations(("WORLD",), ("NL", "US")) in FULL.markets["dream"].ships_to
    assert {finding.measure for finding in FULL.findings} <= set(MEASURES)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('country = "BE"', "", "nothing is said of 'country'"),
        ('growth = "steady"', 'growth = "fast"', "'steady' or 'exponential'"),
        ('"NL>BE" = 2', '"NLBE" = 2', "origins are written NL>BE"),
        ('"NL>BE" = 2', '"NL>DE" = 2', "without BE"),
        ('"BE+NL" = 5', '"BE+NL" = 50', "more than home_vendors"),
        ("vendors = [1200, 1500]", "vendors = [1500, 1200]", "must grow"),
        ("weed = 20", "weeds = 20", "no group for weeds"),
        ('markets = ["empire"]', 'markets = ["nowhere"]', "no market nowhere"),
        ("[markets.dream", "[markets.nowhere", "the markets are"),
    ],
)
def test_a_wrong_file_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (reading.files("simulator.scenario") / "cryptodrug.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "wrong.toml").write_text(text.replace(old, new), "utf-8")
    monkeypatch.setattr(reading, "files", lambda _: tmp_path)
    with pytest.raises(BadScenario, match=r"simulator/scenario/wrong\.toml") as refused:
        read_scenario("wrong")
    assert said in str(refused.value)


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(BadScenario, match="the scenarios are: cryptodrug"):
        read_scenario("other")


def test_growth() -> None:
    first, last = date(2019, 1, 1), date(2019, 4, 11)  # a hundred days
    steady = Growth(100, 200, first, last, False)
    assert steady.at(50) == 150
    assert steady.reaches(150) == 50
    doubling = Growth(100, 400, first, last, True)
    assert doubling.at(50) == pytest.approx(200)
    assert doubling.reaches(200) == pytest.approx(50)


def test_rates_lie_on_a_straight_line_between_days() -> None:
    assert FULL.worth("USD", date(2019, 1, 1)) == 1
    assert FULL.worth("EUR", date(2018, 1, 1)) == 1.155
    assert FULL.worth("EUR", date(2018, 10, 1)) == 1.155
    half = FULL.worth("EUR", date(2018, 10, 1) + timedelta(days=22))
    assert half == pytest.approx(1.155 - 0.023 * 22 / 45)
    assert FULL.worth("EUR", date(2030, 1, 1)) == 1.102


def test_a_deal_gives_each_its_share_at_every_moment() -> None:
    deal = Deal({"a": 3, "b": 1, "c": 0})
    dealt = [deal.next() for _ in range(400)]
    for count in range(1, 401):
        assert abs(dealt[:count].count("a") - count * 0.75) <= 1
    assert "c" not in dealt


# -- the world -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MARKETS)
def test_there_are_as_many_as_the_file_says(name: str) -> None:
    world, told = full()[name], FULL.markets[name]
    assert len(world.accounts) == told.vendors.end
    assert sum(account.person.home for account in world.accounts) == told.home_vendors.end
    there = Counter(
        account.person.home for account in world.accounts if account.joined <= told.first
    )
    assert there[True] == told.home_vendors.start
    assert there[True] + there[False] == pytest.approx(told.vendors.start, abs=10)
    assert len({account.handle.casefold() for account in world.accounts}) == len(world.accounts)
    origins = [a.origins for a in world.accounts if a.person.home and len(a.origins.places) > 1]
    assert sorted(map(str, origins)) == sorted(map(str, told.origins))
    ships = Counter(str(a.ships) for a in world.accounts if a.person.home)
    assert ships >= Counter(map(str, told.ships_to))


def test_the_same_person_has_the_same_key_everywhere_and_no_other() -> None:
    keys: dict[int, set[str]] = {}
    for world in small().values():
        for index, account in enumerate(world.accounts):
            keys.setdefault(account.person.number, set()).add(world.seller(index).fingerprint)
    assert all(len(of_one) == 1 for of_one in keys.values())
    assert len(set.union(*keys.values())) == len(keys)


def test_what_was_published_is_true() -> None:
    truth = Truth(FULL, full())
    wrong = {f.id: bears_out(truth.of(f), f.holds) for f in FULL.findings}
    assert {name: words for name, words in wrong.items() if words} == {}


def test_another_seed_is_another_world_with_the_same_numbers() -> None:
    other = scenario_worlds(SMALL, 2)
    for name, world in small().items():
        assert [a.handle for a in world.accounts] != [a.handle for a in other[name].accounts]
    moved = next(f for f in SMALL.findings if f.measure == "home_vendors_moved")
    assert Truth(SMALL, other).of(moved) == Truth(SMALL, small()).of(moved)


@pytest.mark.parametrize("name", MARKETS)
def test_no_sale_from_home_is_above_a_thousand_euros(name: str) -> None:
    world = full()[name]
    home = {n for n, account in enumerate(world.accounts) if account.person.home}
    prices = [
        world.euros(world.items[sale.item], sale.posted.date())
        for sale in world.sales_made
        if world.items[sale.item].account in home
    ]
    assert max(prices) < 1000
    assert all(world.items[s.item].stands(s.posted.date()) for s in world.sales_made)


# -- its crawls ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MARKETS)
def test_every_page_reads_as_the_world_says(name: str) -> None:
    crawler, session = Crawler(CrawlCalendar(SMALL, 1), small()[name]), Session()
    crawler._visit("/?proceed", crawler.world.crawled(crawler.days[0]), session)
    for number, day in enumerate(crawler.days[::2]):
        at = crawler.world.crawled(day)
        for address in list(crawler.addresses(2 * number))[::3]:
            _, page = crawler._visit(address, at, session)
            assert page.status == 200, address
            assert differences(page) == [], address


@pytest.mark.parametrize("name", MARKETS)
def test_a_crawl_captures_what_stands_and_first_what_is_new(name: str) -> None:
    crawler = Crawler(CrawlCalendar(FULL, 1), full()[name])
    number = len(crawler.days) // 2
    at = crawler.world.crawled(crawler.days[number])
    found = list(crawler.addresses(number))
    assert len(found) == len(set(found))
    standing = [item for item in crawler.world.items if item.stands(at.date())]
    pages = {
        page
        for item in standing
        for page in crawler.routes.listing(crawler.world, crawler.world.offer(item.index))
    }
    assert pages <= set(found)
    assert crawler.coverage(number) == 1
    vendors = {item.account for item in standing}
    turns = {n for n in vendors if crawler._due("vendor", n, number, date.min)}
    assert len(turns) == pytest.approx(len(vendors) / FULL.vendor_weeks, rel=0.3)


def pages(folder: Path) -> list[tuple[str, str, bytes]]:
    found = []
    for item in ArchiveReader([folder]):
        assert isinstance(item, Page), item
        found.append((str(item.url), str(item.captured_at), item.body))
    return sorted(found)


def test_the_same_plan_writes_the_same_pages(tmp_path: Path) -> None:
    plan = CrawlCalendar(FULL.scaled(0.005, 20), 3)
    told: list[int] = []
    one = write_crawls(plan, tmp_path / "one", on_crawl=lambda _, total: told.append(total))
    two = write_crawls(plan, tmp_path / "two", workers=2)
    assert [(c.market, c.number, c.pages) for c in one] == [
        (c.market, c.number, c.pages) for c in two
    ]
    assert told == [len(one)] * len(one)
    assert pages(tmp_path / "one") == pages(tmp_path / "two")


def test_missing_pages_are_left_out_of_each_crawl_by_chance(tmp_path: Path) -> None:
    scaled = FULL.scaled(0.01, 8)
    crawls = write_crawls(CrawlCalendar(scaled, 1, missing=0.2), tmp_path, markets=["dream"])
    assert {crawl.market for crawl in crawls} == {"dream"}
    left, kept = sum(c.left_out for c in crawls), sum(c.pages for c in crawls)
    assert left / (left + kept) == pytest.approx(0.2, abs=0.05)
    assert all(crawl.left_out for crawl in crawls)
    crawler = Crawler(CrawlCalendar(scaled, 1, missing=0.2), scenario_worlds(scaled, 1)["dream"])
    assert 0.5 < crawler.coverage(1) < 1


# -- the command -----------------------------------------------------------------------------


def test_the_truth_is_written(tmp_path: Path) -> None:
    out = StringIO()
    write_scenario("cryptodrug", truth=tmp_path / "truth.json", out=out)
    told = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert [finding["id"] for finding in told] == [finding.id for finding in FULL.findings]
    assert all(finding["values"] and finding["definition"] for finding in told)
    assert "the truth of" in out.getvalue()


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    with pytest.raises(BadCall, match="not empty"):
        write_scenario("cryptodrug", folder=tmp_path)
    with pytest.raises(BadCall, match="--missing 1 is not"):
        write_scenario("cryptodrug", missing=1.0)
    with pytest.raises(BadCall, match="--workers 0"):
        write_scenario("cryptodrug", workers=0)
    with pytest.raises(BadCall, match="no market of scenario"):
        write_scenario("cryptodrug", markets=["nowhere"])


S = ["--scenario", "cryptodrug"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "other", "--no-serve"], "the scenarios are: cryptodrug"),
        (["--write", "new"], "--write needs a --scenario"),
        (["--missing", "0.2"], "--missing has no meaning without --scenario and --write"),
        ([*S, "--missing", "0.2"], "--missing has no meaning without --write"),
        ([*S, "--listings", "5"], "--listings has no meaning with --scenario"),
        ([*S, "--listings", "1000"], "name one --market, or leave pages out with --missing"),
        ([*S, "--vendors", "5", "--reviews", "9"], "--vendors, --reviews have no meaning"),
        ([*S, "--write", "new", "--date", "now"], "--date has no meaning with --scenario and"),
        ([*S, "--write", "new", "--fault", "all=1"], "nothing is served"),
        ([*S, "--no-serve", "--clock-rate", "2"], "--clock-rate has no meaning"),
        ([*S, "--write", "new", "--missing", "2"], "--missing 2 is not the share of pages"),
        ([*S, "--write", "new", "--missing", "nan"], "--missing nan is not the share of pages"),
        ([*S, "--write", "file"], "--write: file is a file"),
        ([*S, "--write", "file/new"], "--write: file/new cannot be made"),
        ([*S, "--write", "folder"], "--write: folder is not empty"),
        ([*S, "--no-serve", "--truth", "nowhere/x"], "--truth nowhere/x: there is no folder"),
        ([*S, "--no-serve", "--truth", "folder"], "--truth folder is a folder; name a file"),
        (["--cookies", "nowhere/x"], "--cookies nowhere/x: there is no folder nowhere"),
        (["--log", "file/x"], "--log file/x: there is no folder file"),
    ],
)
def test_wrong_calls_are_explained(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.docx").write_text("years of work")
    done = CliRunner().invoke(app, ["simulate", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "new").exists()


def test_help_names_a_run_that_is_short() -> None:
    said = CliRunner().invoke(app, ["simulate", "--help"]).stdout
    assert "--market wall_street --missing 0.9" in said


def test_a_scenario_can_be_served() -> None:
    with simulation(["dream"], scenario="cryptodrug", still=True) as running:
        site = running.servers["dream"].site
        assert isinstance(site.world, ScenarioWorld)
        assert site.world.reference.date() == FULL.markets["dream"].last
        assert market_sites()["dream"] is site.market_site
