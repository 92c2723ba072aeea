"""The study in fixtures/ ends in the database as the story that it tells.

What is expected stands here by hand, from ``fixtures/study/story.py`` and ``accounts.py``:
eight vendors with ten accounts on three markets, thirteen offers, fifty reviews, and what
changed of them between the captures.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.replay.summary import Summary
from tests.conftest import FIXTURES
from tests.databases import new_database
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of

STUDY = FIXTURES / "study"
LOWLAND = "B59923C69D501F3BDA46008BA1FAC539400D9B3C"
ARDENNES = "B17140D390F4120FB43C39FD7E1A0A2319ECE0BF"

REVIEWS = {
    ("dream", "LowlandLeaf"): 11,
    ("dream", "PolderPeak"): 8,
    ("dream", "Kempenkoers"): 3,
    ("dream", "quietcourier"): 2,
    ("wall_street", "ArdennesPost"): 9,
    ("wall_street", "HanzeHarbour"): 3,
    ("wall_street", "PaperLantern"): 1,
    ("empire", "LowlandLeaf"): 8,
    ("empire", "Ardennes-Post"): 3,
    ("empire", "Bergwind"): 2,
}


@pytest.fixture(scope="module")
def study(server: Any, _template: str) -> Iterator[tuple[Engine, Summary]]:
    """The study in a database of its own, which the tests of this module only read."""
    with new_database(server, _template) as url:
        engine = open_engine(url)
        yield engine, replay([STUDY], dsn_of(engine))
        engine.dispose()


@pytest.fixture
def rows(study: tuple[Engine, Summary]) -> Any:
    def run(query: str, **values: object) -> list[tuple[Any, ...]]:
        with study[0].connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    return run


# -- the archive -----------------------------------------------------------------------------


def test_every_page_is_read_and_understood(study: tuple[Engine, Summary]) -> None:
    found = study[1].to_dict()
    assert found["outcome"] == "complete"
    assert found["warnings"] == []
    assert found["skipped"] == found["unknown_pages"] == found["failed_pages"] == []
    assert (found["pages"]["read"], found["pages"]["new"]) == (44, 44)
    by_market = found["pages"]["by_market_and_kind"]
    assert set(by_market) == {folder.name for folder in STUDY.glob("*/*") if folder.is_dir()}
    assert sum(map(Counter, by_market.values()), Counter()) == {
        "challenge": 3, "listing": 15, "login": 1, "not_found": 1, "search": 9, "vendor": 15,
    }  # fmt: skip


def test_times_come_from_sidecars_and_from_folders(rows: Any) -> None:
    assert rows(
        "SELECT captured_from, captured_precision, count(*), count(url) FROM page"
        " GROUP BY 1, 2 ORDER BY 1"
    ) == [("path", "day", 12, 1), ("sidecar", "second", 32, 32)]
    days = rows(
        "SELECT market, array_agg(DISTINCT to_char(observed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'))"
        " FROM page GROUP BY 1 ORDER BY 1"
    )
    assert days == [
        ("dream", ["2018-11-19", "2019-01-14", "2019-03-18"]),
        ("empire", ["2019-04-29", "2019-08-12", "2019-11-18"]),
        ("wall_street", ["2018-12-10", "2019-02-11", "2019-04-15"]),
    ]


def test_the_generator_writes_what_is_there(tmp_path: Path) -> None:
    """The pages are the generator's, byte for byte: nobody has edited one by hand."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import write;"
        "write.write(Path(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-B", "-c", script, STUDY, tmp_path], check=True)
    written = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*.*")}
    there = {p.relative_to(STUDY): p.read_bytes() for p in STUDY.glob("20*/**/*.*")}
    assert written == there
    assert sum(map(len, there.values())) < 500_000
    assert max(map(len, there.values())) < 14_000


# -- vendors ---------------------------------------------------------------------------------


def test_vendors_listings_and_reviews_are_counted_right(rows: Any) -> None:
    assert rows("SELECT count(*) FROM vendor") == [(10,)]
    assert rows("SELECT market, count(*) FROM listing GROUP BY 1 ORDER BY 1") == [
        ("dream", 5), ("empire", 4), ("wall_street", 4),
    ]  # fmt: skip
    found = rows("SELECT market, handle, reviews FROM vendor_latest")
    assert {(market, handle): count for market, handle, count in found} == REVIEWS
    assert rows("SELECT count(*), sum(sightings) FROM review") == [(50, 109)]
    assert rows("SELECT count(*) FROM review_due") == [(0,)]


def test_two_vendors_turn_up_on_a_later_market_under_the_same_key(rows: Any) -> None:
    assert rows(
        "SELECT pgp_fingerprint, market, handle FROM vendor_latest"
        " WHERE pgp_fingerprint IS NOT NULL ORDER BY 1, first_seen"
    ) == [
        (ARDENNES, "wall_street", "ArdennesPost"),
        (ARDENNES, "empire", "Ardennes-Post"),
        (LOWLAND, "dream", "LowlandLeaf"),
        (LOWLAND, "empire", "LowlandLeaf"),
    ]
    # One of them armoured the key anew: three blocks, two keys.
    assert rows("SELECT count(*), count(DISTINCT fingerprint) FROM pgp_key") == [(3, 2)]


def test_ratings_are_brought_from_other_markets(rows: Any) -> None:
    assert rows(
        "SELECT DISTINCT v.market, v.handle, e.from_market, e.sales, e.rating, e.positive,"
        " e.neutral, e.negative FROM external_rating e JOIN vendor_observation USING"
        " (page_id, ordinal) JOIN vendor v USING (vendor_id) ORDER BY 1, 2"
    ) == [
        ("dream", "PolderPeak", "trade_route", "64", Decimal("4.9"), None, None, None),
        ("dream", "quietcourier", "hansa", None, None, 412, 3, 6),
        ("empire", "Ardennes-Post", "wall_street", "277", Decimal("4.62"), None, None, None),
        ("empire", "LowlandLeaf", "dream", "117", Decimal("4.64"), None, None, None),
    ]


def test_vendor_latest(rows: Any) -> None:
    query = (
        "SELECT sales, rating, rating_max, rating_count, positive_percent, level, trust_level,"
        " experience, joined_on::text, last_active_on::text, finalize_early, trusted, banned,"
        " disputes, first_seen::date::text, last_seen::date::text, observations"
        " FROM vendor_latest WHERE market = :market AND handle = :handle"
    )
    assert rows(query, market="dream", handle="LowlandLeaf") == [
        (
            117, Decimal("4.64"), 5, 11, None, None, None, None, "2018-08-04", "2019-03-18",
            False, None, False, None, "2018-11-19", "2019-03-18", 6,
        )
    ]  # fmt: skip
    assert rows(query, market="wall_street", handle="HanzeHarbour") == [
        (
            1012, Decimal("4.89"), 5, 930, None, 8, None, 5060, "2018-02-03", "2019-04-15",
            None, True, False, 4, "2018-12-10", "2019-04-15", 2,
        )
    ]  # fmt: skip
    assert rows(query, market="empire", handle="Ardennes-Post") == [
        (
            66, None, None, None, 100, 3, 3, None, "2019-05-06", "2019-11-18",
            None, None, False, None, "2019-08-12", "2019-11-18", 3,
        )
    ]  # fmt: skip


# -- places ----------------------------------------------------------------------------------

PLACES = """
    SELECT o.observed_at::date::text, p.place
    FROM listing_place p JOIN listing_observation o USING (page_id, ordinal)
    JOIN vendor v USING (vendor_id)
    WHERE v.handle = :handle AND v.market = :market AND p.role = :role
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def test_who_ships_from_belgium(rows: Any) -> None:
    assert rows(
        "SELECT v.market, v.handle, min(o.observed_at)::date::text, max(o.observed_at)::date::text"
        " FROM listing_place p JOIN listing_observation o USING (page_id, ordinal)"
        " JOIN vendor v USING (vendor_id) WHERE p.role = 'from' AND p.place = 'BE'"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [
        ("dream", "Kempenkoers", "2018-11-19", "2019-03-18"),
        ("dream", "LowlandLeaf", "2018-11-19", "2019-03-18"),
        ("dream", "PolderPeak", "2019-03-18", "2019-03-18"),
        ("empire", "Ardennes-Post", "2019-08-12", "2019-08-12"),
        ("empire", "LowlandLeaf", "2019-04-29", "2019-08-12"),
        # A table of results tells no places, and neither does a store.
        ("wall_street", "ArdennesPost", "2018-12-10", "2019-04-15"),
    ]


def test_one_vendor_moves_to_belgium(rows: Any) -> None:
    assert rows(PLACES, market="dream", handle="PolderPeak", role="from") == [
        ("2018-11-19", "NL"), ("2019-01-14", "NL"), ("2019-03-18", "BE"),
    ]  # fmt: skip


def test_one_vendor_ships_from_both_sides_of_the_border(rows: Any) -> None:
    assert rows(PLACES, market="dream", handle="Kempenkoers", role="from") == [
        (day, place) for day in ("2018-11-19", "2019-01-14", "2019-03-18") for place in ("BE", "NL")
    ]


def test_one_vendor_excludes_two_countries(rows: Any) -> None:
    assert rows(PLACES, market="wall_street", handle="ArdennesPost", role="excluded") == [
        (day, place) for day in ("2018-12-10", "2019-02-11", "2019-04-15") for place in ("NL", "US")
    ]
    others = (
        "SELECT count(*) FROM listing_place WHERE role = 'excluded' AND place NOT IN ('NL', 'US')"
    )
    assert rows(others) == [(0,)]


# -- prices ----------------------------------------------------------------------------------


def test_prices_in_eur(rows: Any) -> None:
    query = (
        "SELECT DISTINCT observed_at::date::text, price_amount::text, price_currency, price_eur"
        " FROM listing_in_eur WHERE market = :market AND external_id = :number ORDER BY 1"
    )
    # The market's own rate of the day: 1 BTC was 5000 USD and 4375 EUR; 3132 EUR; 3520 EUR.
    assert rows(query, market="dream", number="210447.664120") == [
        ("2018-11-19", "42.50", "USD", Decimal("37.1875")),  # 42.50 / 5000 * 4375
        ("2019-01-14", "0.0111", "BTC", Decimal("34.7652")),  # 0.0111 * 3132
        ("2019-03-18", "35.20", "EUR", Decimal("35.2000")),
    ]
    # 4680 / 5200 = 0.90; 10146 / 11400 = 0.89; 7735 / 8500 = 0.91
    assert rows(query, market="empire", number="71042") == [
        ("2019-04-29", "50.00", "USD", Decimal("45.0000")),
        ("2019-08-12", "46.00", "USD", Decimal("40.9400")),
        ("2019-11-18", "44.50", "USD", Decimal("40.4950")),
    ]
    # This market shows no rates: what is not in euro stays unknown.
    assert rows(query, market="wall_street", number="48213") == [
        ("2018-12-10", "95.00", "USD", None),
        ("2019-02-11", "82.00", "EUR", Decimal("82.0000")),
        ("2019-04-15", "79.50", "EUR", Decimal("79.5000")),
    ]


def test_rates_move(rows: Any) -> None:
    assert rows(
        "SELECT DISTINCT p.market, p.observed_at::date::text, r.rate"
        " FROM page p JOIN exchange_rate r USING (exchange_panel_id)"
        " WHERE r.base = 'BTC' AND r.quote = 'EUR' ORDER BY 2"
    ) == [
        ("dream", "2018-11-19", Decimal("4375.0")),
        ("dream", "2019-01-14", Decimal("3132.0")),
        ("dream", "2019-03-18", Decimal("3520.0")),
        ("empire", "2019-04-29", Decimal("4680.00")),
        ("empire", "2019-08-12", Decimal("10146.00")),
        ("empire", "2019-11-18", Decimal("7735.00")),
    ]


LATEST = """
    SELECT title, vendor, category_path, price_amount::text, price_currency, ships_from,
           ships_to, ships_to_excluded, payment, currencies, product_class, stock,
           stock_unlimited, sold, first_seen::date::text, last_seen::date::text, observations
    FROM listing_latest WHERE market = :market AND external_id = :number
"""


def test_listing_latest(rows: Any) -> None:
    assert rows(LATEST, market="dream", number="187310.590072") == [
        (
            "MDMA crystals, 5 gram, light brown", "PolderPeak", ["Drugs", "Ecstasy", "MDMA"],
            "51.50", "EUR", ["BE"], ["WORLD"], None, ["escrow"], ["BTC"], None, None, None, None,
            "2018-11-19", "2019-03-18", 7,
        )
    ]  # fmt: skip
    assert rows(LATEST, market="wall_street", number="48213") == [
        (
            "Snow line 1 g ★ Ardennes", "ArdennesPost", ["Drugs", "Stimulants", "Cocaine"],
            "79.50", "EUR", ["BE"], ["WORLD"], ["NL", "US"], ["escrow", "multisig"], None, None,
            25, False, 243, "2018-12-10", "2019-04-15", 7,
        )
    ]  # fmt: skip
    assert rows(LATEST, market="wall_street", number="55604") == [
        (
            "Herb garden guide (PDF)", "PaperLantern", ["Guides"], "4.00", "EUR", None, None, None,
            ["finalize_early"], None, "digital", None, True, 14, "2018-12-10", "2019-04-15", 4,
        )
    ]  # fmt: skip
    assert rows(LATEST, market="empire", number="71042") == [
        (
            "Lowland leaf 5g, outdoor", "LowlandLeaf",
            ["Drugs & Chemicals", "Cannabis & Hashish", "Buds & Flowers"], "44.50", "USD", ["BE"],
            ["BE", "NL", "FR", "DE"], None, ["escrow", "multisig"], ["BTC"], "physical", 12,
            False, 118, "2019-04-29", "2019-11-18", 5,
        )
    ]  # fmt: skip


def test_one_listing_vanishes(rows: Any) -> None:
    assert rows(
        "SELECT last_seen::date::text FROM listing_latest WHERE external_id = '99120.230417'"
    ) == [("2019-01-14",)]
    assert rows("SELECT url, observed_at::date::text FROM page WHERE kind = 'not_found'") == [
        ("http://dreamstudy234567.onion/viewProduct?offer=99120.230417", "2019-03-18")
    ]


def test_stock_tiers_and_shipping(rows: Any) -> None:
    assert rows(
        "SELECT o.observed_at::date::text, o.stock, o.sold FROM listing_observation o"
        " JOIN listing USING (listing_id) WHERE external_id = '48213' AND NOT is_card ORDER BY 1"
    ) == [("2018-12-10", 40, 112), ("2019-02-11", 12, 187), ("2019-04-15", 25, 243)]
    tiers = (
        "SELECT t.min_quantity, t.max_quantity, t.price_amount::text, t.price_currency"
        " FROM price_tier t JOIN listing_observation o USING (page_id, ordinal)"
        " JOIN listing l USING (listing_id) WHERE l.external_id = :number"
        " AND o.observed_at::date = :day ORDER BY t.position"
    )
    assert rows(tiers, number="48213", day="2019-04-15") == [
        (1, 9, "79.50", "EUR"), (10, None, "71.55", "EUR"),
    ]  # fmt: skip
    assert rows(tiers, number="71042", day="2019-08-12") == [
        (5, 9, "43.70", "USD"), (10, 100, "41.40", "USD"),
    ]  # fmt: skip
    ways = (
        "SELECT s.name, s.days, s.price_amount::text, s.price_currency, s.per"
        " FROM shipping_option s JOIN listing_observation o USING (page_id, ordinal)"
        " JOIN listing l USING (listing_id) WHERE l.external_id = :number"
        " AND o.observed_at::date = :day ORDER BY s.position"
    )
    assert rows(ways, number="210447.664120", day="2018-11-19") == [
        ("Letter, 2 to 5 days", None, "2.50", "USD", None),
        ("Registered letter, 2 to 5 days", None, "7.00", "USD", None),
    ]
    assert rows(ways, number="71042", day="2019-08-12") == [
        ("Letter", 3, "4.00", "USD", "order"),
        ("Letter - registered", 4, "9.50", "USD", "order"),
    ]


# -- reviews ---------------------------------------------------------------------------------

ONE_VENDORS = """
    SELECT posted_on::text, r.rating::int, r.sentiment, r.text, r.author, l.external_id, r.sightings
    FROM review r JOIN vendor v USING (vendor_id) LEFT JOIN listing l USING (listing_id)
    WHERE v.market = :market AND v.handle = :handle ORDER BY posted_on, sightings, external_id
"""


def test_twins_are_two_and_growing_ages_one(rows: Any) -> None:
    """Rows that look alike are two reviews; one review on many pages is one."""
    twins = (
        "SELECT v.handle, r.author, count(*) FROM review r JOIN vendor v USING (vendor_id)"
        " WHERE r.text IS NULL GROUP BY v.vendor_id, v.handle, r.author, r.posted_on"
        " HAVING count(*) > 1 ORDER BY 1"
    )
    assert rows(twins) == [
        ("ArdennesPost", "n***e", 2),
        ("Kempenkoers", None, 2),
        ("LowlandLeaf", "b***w", 2),
        ("LowlandLeaf", "r . . . v", 2),
        ("PolderPeak", "t . . . a", 2),
    ]


def test_reviews_of_each_that_was_seen_often(rows: Any) -> None:
    """Day, stars, words, buyer, offer, and on how many pages: an age ends within its day."""
    flower, mdma, snow = "210447.664120", "187310.590072", "48213"
    assert rows(ONE_VENDORS, market="dream", handle="LowlandLeaf") == [
        ("2018-09-03", 5, None, None, "m . . . e", flower, 3),
        # Which offer a vendor's ratings are about is known from that offer's own page only.
        ("2018-10-14", 5, None, "Packed well, three days to Ghent", "k . . . 1", None, 2),
        ("2018-11-03", 4, None, "Good smell, a little dry", "s . . . o", flower, 4),
        ("2018-11-11", 5, None, None, "r . . . v", flower, 5),
        ("2018-11-11", 5, None, None, "r . . . v", flower, 5),
        ("2018-11-18", 5, None, "Quick again", "3 . . . t", flower, 5),
        ("2018-12-06", 5, None, None, "e . . . a", None, 2),
        ("2018-12-25", 1, None, "Waited a month, nothing came", "v . . . d", flower, 3),
        ("2019-01-13", 5, None, "Third order, the same quality", "k . . . 1", flower, 3),
        ("2019-02-20", 5, None, None, "m . . . e", flower, 2),
        ("2019-03-17", 5, None, None, "p . . . h", None, 1),
    ]
    assert rows(ONE_VENDORS, market="dream", handle="PolderPeak") == [
        ("2018-10-20", 5, None, "Strong, as described", "j . . . k", mdma, 4),
        ("2018-11-16", 5, None, None, "b . . . 7", mdma, 4),
        ("2018-12-28", 5, None, None, "t . . . a", mdma, 3),
        ("2018-12-28", 5, None, None, "t . . . a", mdma, 3),
        ("2019-01-10", 3, None, "Slow, and the box was open", "w . . . n", mdma, 3),
        ("2019-02-02", 5, None, None, "b . . . 7", mdma, 2),
        ("2019-03-02", 4, None, "From Belgium now, two days", "h . . . s", mdma, 2),
        ("2019-03-16", 5, None, None, "o . . . i", mdma, 2),
    ]
    assert rows(ONE_VENDORS, market="wall_street", handle="ArdennesPost") == [
        ("2018-11-05", 5, None, "Clean, and fast to Aachen", "a***k", snow, 3),
        ("2018-11-28", 5, None, None, "f***2", snow, 3),
        ("2018-12-08", 5, None, None, "n***e", snow, 3),
        ("2018-12-08", 5, None, None, "n***e", snow, 3),
        ("2018-12-10", 4, None, "Took a week", "z***o", snow, 3),
        ("2019-01-20", 5, None, "Once more very good", "a***k", snow, 2),
        ("2019-02-06", 5, None, None, "r***d", snow, 2),
        ("2019-03-11", 2, None, "A letter from customs instead", "p***q", snow, 1),
        ("2019-04-13", 5, None, None, "f***2", snow, 1),
    ]
    assert rows(ONE_VENDORS, market="empire", handle="LowlandLeaf") == [
        ("2019-05-12", None, "positive", "The same leaf as on the old site", "l***s", "71042", 3),
        ("2019-06-30", None, "positive", None, "b***w", "71042", 3),
        ("2019-06-30", None, "positive", None, "b***w", "71042", 3),
        ("2019-07-22", None, "negative", "Taken out at the border", "y***n", "71042", 2),
        ("2019-08-01", None, "positive", None, "q***r", "71055", 2),
        ("2019-09-19", None, "positive", "Dry and green", "c***t", "71042", 1),
        ("2019-10-03", None, "negative", "Nothing came, and no answer", "d***x", "71042", 1),
        ("2019-11-17", None, "positive", None, "b***w", "71042", 1),
    ]


def test_pages_say_what_they_keep_back(rows: Any) -> None:
    assert rows(
        "SELECT observed_at::date::text, reviews_not_shown FROM page"
        " WHERE reviews_not_shown IS NOT NULL ORDER BY 1"
    ) == [("2019-01-14", 1), ("2019-03-18", 3)]


def test_again_and_in_parts_gives_the_same_rows(engine: Engine, study: Any) -> None:
    days = sorted(STUDY.glob("20*"), reverse=True)
    for day in days:
        replay([day], dsn_of(engine))
    again = replay([STUDY], dsn_of(engine), workers=2)
    assert (again.counts.new, again.counts.had) == (0, 44)
    assert all_rows(engine) == all_rows(study[0])
