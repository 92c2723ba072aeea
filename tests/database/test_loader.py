"""Rows that hostile or odd pages could bring, and what the database then holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.archive.page import TIME_SOURCES
from cryptodrug_scraper.database.copying import copy_lines, line
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.loader import Loader
from cryptodrug_scraper.database.reviews import reviews_due, work_out_reviews
from cryptodrug_scraper.database.rows import Capture, PageRows, rows_of
from cryptodrug_scraper.records import (
    Category,
    ExchangeRate,
    Listing,
    Money,
    ParsedPage,
    PriceTier,
    Review,
    ShippingOption,
    Vendor,
)

NOON = datetime(2018, 11, 19, 12, tzinfo=UTC)


@pytest.fixture
def connection(migrated_url: str) -> Iterator[psycopg2.extensions.connection]:
    opened = psycopg2.connect(migrated_url.replace("+psycopg2", ""))
    yield opened
    opened.close()


def capture(n: int, at: datetime | None = NOON, precision: str = "second") -> Capture:
    body = b"page %d" % n
    source = "sidecar" if at else None
    return Capture.of(
        Page(body, None, at, precision if at else None, source, 200, None, None, f"/p/{n}")
    )


def page_of(
    n: int,
    listings: list[Listing] | None = None,
    vendors: list[Vendor] | None = None,
    reviews: list[Review] | None = None,
    at: datetime | None = NOON,
    market: str = "dream",
) -> PageRows:
    parsed = ParsedPage(
        market, "listing", listings=listings or [], vendors=vendors or [], reviews=reviews or []
    )
    return rows_of(capture(n, at), parsed, "v")


def scalar(engine_url: psycopg2.extensions.connection, sql: str) -> object:
    with engine_url, engine_url.cursor() as work:
        work.execute(sql)
        row = work.fetchone()
        return row[0] if row else None


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(), st.lists(st.text() | st.none()), st.integers(-(2**63), 2**63 - 1), st.binary())
def test_copy_keeps_every_value(
    connection: psycopg2.extensions.connection,
    words: str,
    array: list[str | None],
    number: int,
    data: bytes,
) -> None:
    words = words.encode("utf-8", "replace").decode()
    array = [None if a is None else a.encode("utf-8", "replace").decode() for a in array]
    with connection.cursor() as work:
        work.execute("CREATE TEMP TABLE t (a text, b text[], c bigint, d bytea, e boolean, f date)")
        row = (words, array, number, data, True, date(2018, 1, 2))
        copy_lines(work, "t", ("a", "b", "c", "d", "e", "f"), [line(row)])
        work.execute("SELECT * FROM t")
        got = work.fetchone()
    connection.rollback()
    assert got is not None
    clean = words.replace("\0", "\ufffd")
    clean_array = [None if a is None else a.replace("\0", "\ufffd") for a in array]
    assert (got[0], got[1], got[2], bytes(got[3]), got[4], got[5]) == (
        clean, clean_array, number, data, True, date(2018, 1, 2),
    )  # fmt: skip


def test_keys_tell_parts_apart() -> None:
    assert len({key_of("a", "bc"), key_of("ab", "c"), key_of("abc"), key_of("a", None, "bc")}) == 4
    assert key_of("vendor", "dream", "x\ud800") >= 0


def test_what_no_market_has_is_refused_with_a_notice(
    connection: psycopg2.extensions.connection,
) -> None:
    rows = page_of(
        1,
        listings=[
            Listing("1.2", "a\0b", "anna", sold=10**30, stock=5, stock_unlimited=True),
            Listing("9" * 3000, "too long an id"),
            Listing("1.3", "x", "h" * 3000),
            Listing(None, "no id"),
        ],
        vendors=[Vendor(None), Vendor("")],
        reviews=[Review(vendor=None, text="whose?")],
    )
    loaded = Loader(connection).load([rows])
    assert (loaded.new, loaded.refused) == (1, [])
    assert (
        scalar(connection, "SELECT title FROM listing_observation WHERE ordinal = 0") == "a\ufffdb"
    )
    assert scalar(connection, "SELECT count(*) FROM listing_observation") == 2
    assert scalar(connection, "SELECT count(sold) + count(stock) FROM listing_observation") == 0
    warnings = str(scalar(connection, "SELECT warnings FROM page"))
    for field in ("listing.external_id", "listing.vendor", "review.vendor"):
        assert field in warnings


def test_a_page_that_the_database_refuses_does_not_take_the_others_with_it(
    connection: psycopg2.extensions.connection,
) -> None:
    bad = page_of(2, vendors=[Vendor("anna", rating="not a number")])
    loaded = Loader(connection).load([page_of(1, vendors=[Vendor("anna")]), bad, page_of(3)])
    assert loaded.new == 2
    assert [page for page, _ in loaded.refused] == [bad.page_id]
    assert scalar(connection, "SELECT count(*) FROM page") == 2


def test_observations_hold_all_that_a_page_states(
    connection: psycopg2.extensions.connection,
) -> None:
    listing = Listing(
        external_id="1.2",
        title="t",
        vendor="anna",
        category=["Drugs", "Cannabis"],
        price=Money("0.0010", "BTC"),
        price_alternatives=[Money("4.50", "EUR")],
        price_tiers=[PriceTier(10, None, Money("4.00", "EUR"))],
        shipping_options=[ShippingOption("post", Money("0", "EUR"), "0.02", "order")],
        ships_from=["BE"],
        ships_to=["WORLD"],
        ships_to_excluded=["US", "NL"],
        payment=["escrow"],
    )
    Loader(connection).load([page_of(1, [listing])])
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT ships_from, ships_to, ships_to_excluded, category_path, price_amount::text,"
            " price_currency, payment, vendor FROM listing_latest"
        )
        assert work.fetchone() == (
            ["BE"], ["WORLD"], ["US", "NL"], ["Drugs", "Cannabis"], "0.0010", "BTC", ["escrow"],
            "anna",
        )  # fmt: skip
        work.execute("SELECT days::text, per FROM shipping_option")
        assert work.fetchone() == ("0.02", "order")


def test_prices_in_euros_by_the_nearest_rate_of_the_market_itself(engine: Engine) -> None:
    connection = psycopg2.connect(engine.url.set(drivername="postgresql").render_as_string(False))

    def day(n: int) -> datetime:
        return datetime(2018, 11, n, 12, tzinfo=UTC)

    def rates(n: int, at: datetime, usd: str, eur: str, market: str = "dream") -> PageRows:
        parsed = ParsedPage(
            market, "index", exchange_rates=[ExchangeRate("BTC", "USD", usd),
                                             ExchangeRate("BTC", "EUR", eur)]
        )  # fmt: skip
        return rows_of(capture(n, at), parsed, "v")

    def offer(n: int, at: datetime | None, amount: str, currency: str) -> PageRows:
        return page_of(n, [Listing(str(n), price=Money(amount, currency))], at=at)

    Loader(connection).load(
        [
            rates(1, day(1), "6000", "5000"),
            rates(2, day(5), "4000", "3600"),
            rates(3, day(6), "1", "1", market="empire"),
            offer(10, day(2), "12", "USD"),  # nearest is day 1: 12 × 5000 / 6000
            offer(11, day(4), "12", "USD"),  # nearest is day 5: 12 × 3600 / 4000
            offer(12, day(12), "0.5", "BTC"),  # seven days after day 5
            offer(13, day(13), "0.5", "BTC"),  # more than seven
            offer(14, day(13), "7", "EUR"),  # euros need no rate
            offer(15, day(5), "7", "XMR"),  # no rate shown
            offer(16, None, "12", "USD"),  # no time
        ]
    )
    with connection, connection.cursor() as work:
        work.execute("SELECT external_id::int, price_eur::float FROM listing_in_eur ORDER BY 1")
        assert work.fetchall() == [
            (10, 10.0), (11, 10.8), (12, 1800.0), (13, None), (14, 7.0), (15, None), (16, None),
        ]  # fmt: skip
    connection.close()


def test_latest_is_field_by_field(connection: psycopg2.extensions.connection) -> None:
    def at(n: int) -> datetime:
        return datetime(2018, 11, n, tzinfo=UTC)

    first = Listing("1", "old", price=Money("5", "USD"), ships_from=["NL"], stock_unlimited=True)
    then = Listing("1", "new", ships_from=["BE"], stock=3, stock_unlimited=False)
    Loader(connection).load([page_of(2, [then], at=at(2)), page_of(1, [first], at=at(1))])
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT title, price_amount::int, ships_from, stock, stock_unlimited, observations,"
            " first_seen, last_seen FROM listing_latest"
        )
        assert work.fetchone() == ("new", 5, ["BE"], 3, False, 2, at(1), at(2))


def test_what_a_whole_page_states_goes_before_what_a_cut_one_does(
    connection: psycopg2.extensions.connection,
) -> None:
    def page(n: int, listing: Listing, sales: int, cut_off: bool) -> PageRows:
        at = datetime(2018, 11, n, tzinfo=UTC)
        vendor = Vendor("anna", sales=sales)
        parsed = ParsedPage(
            "dream", "listing", listings=[listing], vendors=[vendor], cut_off=cut_off
        )
        return rows_of(capture(n, at), parsed, "v")

    first = Listing(
        "1", "title", category=["A"], ships_from=["NL"], ships_to=["EU"], ships_to_excluded=["US"]
    )
    cut = Listing("1", "tit", category=["B"], ships_from=["BE"], ships_to=["EU"], views=7)
    Loader(connection).load([page(1, first, 5, False), page(2, cut, 4, True)])
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT title, category_path, ships_from, ships_to_excluded, views, sales"
            " FROM listing_latest JOIN vendor_latest v ON true"
        )
        assert work.fetchone() == ("title", ["A"], ["NL"], ["US"], 7, 5)


def test_an_exclusion_ends_where_the_page_no_longer_states_it(
    connection: psycopg2.extensions.connection,
) -> None:
    def at(day: int) -> datetime:
        return datetime(2018, 11, day, 12, tzinfo=UTC)

    def excluded() -> object:
        return scalar(connection, "SELECT ships_to_excluded FROM listing_latest")

    first = Listing("1", ships_to=["WORLD"], ships_to_excluded=["US"])
    bare = Listing("1", ships_to=["WORLD"])
    loader = Loader(connection)
    loader.load([page_of(1, [first], at=at(1))])
    results = ParsedPage("dream", "search", listings=[bare])
    loader.load([rows_of(capture(2, at(2)), results, "v")])
    assert excluded() == ["US"], "a card says less"
    loader.load([page_of(3, [Listing("1", title="new")], at=at(3))])
    assert excluded() == ["US"], "nothing was said of it"
    loader.load([page_of(4, [bare], at=at(4))])
    assert excluded() is None
    loader.load([page_of(5, [first], at=at(5))])
    assert excluded() == ["US"]


def test_a_category_that_is_renamed_is_kept_under_both_names(
    connection: psycopg2.extensions.connection,
) -> None:
    loader = Loader(connection)
    for n, name in enumerate(("Hash", "Hashish")):
        parsed = ParsedPage("dream", "index", categories=[Category("7", name, [name], 10 + n)])
        loader.load([rows_of(capture(n), parsed, "v")])
    assert scalar(connection, "SELECT count(*) FROM category") == 2
    assert scalar(connection, "SELECT max(listing_count) FROM category_count") == 11


def test_reviews_that_differ_in_white_space_or_accents_only_are_one(
    connection: psycopg2.extensions.connection,
) -> None:
    def review(words: str, rating: str) -> Review:
        return Review(
            vendor="anna", text=words, rating=rating, author="a", earliest=NOON, latest=NOON
        )

    loader = Loader(connection)
    loader.load([page_of(1, reviews=[review("tr\u00e8s  bon", "5")])])
    loader.load([page_of(2, reviews=[review("tre\u0300s bon", "5.00")])])
    assert reviews_due(connection) == 1
    work_out_reviews(connection)
    assert scalar(connection, "SELECT count(*) FROM review") == 1
    assert scalar(connection, "SELECT sightings FROM review") == 2
    assert reviews_due(connection) == 0


def test_reviews_go_when_the_page_that_showed_them_is_read_anew_without_them(
    connection: psycopg2.extensions.connection,
) -> None:
    one = Review(vendor="anna", text="fine", author="a", earliest=NOON, latest=NOON)
    loader = Loader(connection)
    shown = page_of(1, reviews=[one])
    loader.load([shown])
    work_out_reviews(connection)
    loader.load([page_of(1)], replace=[shown.page_id])
    work_out_reviews(connection)
    assert scalar(connection, "SELECT count(*) FROM review") == 0


def test_every_table_and_column_of_the_codebook_is_explained(engine: Engine) -> None:
    with engine.connect() as connection:
        bare = connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v')"
                " AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
                " AND obj_description(oid) IS NULL"
            )
        ).all()
    assert bare == []


def test_the_words_of_a_column_are_those_that_stand_in_it(engine: Engine) -> None:
    def explained(column: str) -> str:
        with engine.connect() as connection:
            return connection.scalars(
                text(
                    "SELECT col_description('page'::regclass, attnum) FROM pg_attribute"
                    " WHERE attrelid = 'page'::regclass AND attname = :column"
                ),
                {"column": column},
            ).one()

    listed = explained("captured_from").removeprefix("What told captured_at: ").rstrip(".")
    plain = re.sub(r" \([^)]*\)", "", listed)
    assert tuple(plain.replace("; or ", "; ").split("; ")) == TIME_SOURCES
    assert re.findall(r"(second|day)[;:]", explained("captured_precision")) == ["second", "day"]
    assert re.findall(r"(\w+)(?: \(|[;.])", explained("outcome")) == ["read", "unknown", "failed"]


def both_orders(
    connection: psycopg2.extensions.connection, pages: list[PageRows], sql: str
) -> list[object]:
    """Load pages in one order and in the other; return what a query gives each time."""
    answers = []
    loader = Loader(connection)
    for order in (pages, pages[::-1]):
        for rows in order:
            loader.load([rows])
        work_out_reviews(connection)
        answers.append(scalar(connection, sql))
        with connection, connection.cursor() as work:
            work.execute("TRUNCATE page, review, review_content, vendor CASCADE")
        loader._known.clear()
    return answers


def test_the_same_rating_in_two_spellings_is_kept_in_one(
    connection: psycopg2.extensions.connection,
) -> None:
    def page(n: int, rating: str) -> PageRows:
        return page_of(n, reviews=[Review(vendor="anna", rating=rating, author=str(n))])

    sql = "SELECT string_agg(rating::text, ' ' ORDER BY author) FROM review"
    assert both_orders(connection, [page(1, "5"), page(2, "5.00")], sql) == ["5 5"] * 2


def test_words_in_two_spellings_do_not_depend_on_who_came_first(
    connection: psycopg2.extensions.connection,
) -> None:
    def page(n: int, vendor: str, words: str) -> PageRows:
        return page_of(n, reviews=[Review(vendor=vendor, text=words, author="a")])

    pages = [page(1, "anna", "tr\u00e8s bon"), page(2, "bob", "tre\u0300s bon")]
    one, other = both_orders(
        connection, pages, "SELECT string_agg(text, ',' ORDER BY text) FROM review"
    )
    assert one == other


def test_a_review_without_a_twin_has_the_price_that_was_shown_first(
    connection: psycopg2.extensions.connection,
) -> None:
    def page(n: int, day: int, paid: str) -> PageRows:
        review = Review(vendor="anna", author="a", earliest=NOON, latest=NOON.replace(day=20))
        review.price = Money(paid, "USD")
        return page_of(n, reviews=[review], at=NOON.replace(day=day))

    Loader(connection).load([page(1, 27, "71"), page(2, 20, "85"), page(3, 29, "60")])
    work_out_reviews(connection)
    assert scalar(connection, "SELECT price_amount::int FROM review") == 85
    assert scalar(connection, "SELECT sightings FROM review") == 3


def test_of_a_page_dated_by_its_day_an_hour_is_not_claimed(
    connection: psycopg2.extensions.connection,
) -> None:
    midnight = NOON.replace(hour=0)
    review = Review(
        vendor="anna", posted_on=date(2018, 11, 18), posted_precision="minute", from_age=True,
        earliest=midnight, latest=midnight,
    )  # fmt: skip
    clock = midnight.replace(hour=17, minute=5)
    parsed = ParsedPage("empire", "vendor", reviews=[review], page_time=clock)
    Loader(connection).load([rows_of(capture(1, midnight, "day"), parsed, "v")])
    work_out_reviews(connection)
    assert scalar(connection, "SELECT posted_precision FROM review") == "day"
    assert scalar(connection, "SELECT extract(epoch FROM latest - earliest)::int FROM review") == (
        86_400 - 1
    )
    assert scalar(connection, "SELECT observed_at FROM page") == clock
