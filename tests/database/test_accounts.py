"""A handle in other capitals is one account, unless its spellings contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.database import upgrade as migrations
from cryptodrug_scraper.database.accounts import Spelling, accounts_of
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.loader import Loader, forget_pages
from cryptodrug_scraper.database.models import Base
from cryptodrug_scraper.database.removal import RemovalTarget, remove
from cryptodrug_scraper.database.reviews import reviews_due, work_out_reviews
from cryptodrug_scraper.database.rows import Capture, PageRows, rows_of
from cryptodrug_scraper.database.waiting import ReviewsWait, check
from cryptodrug_scraper.records import ParsedPage, Review, Vendor
from cryptodrug_scraper.replay import replay
from tests.databases import execute
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of
from tests.replay.written import dream_ratings, save
from tests.study.world import World, offer, profile

AT = datetime(2019, 1, 14, 9, 27, tzinfo=UTC)
ACCOUNTS = (
    "SELECT v.handle, array_agg(s.handle ORDER BY s.handle), v.apart_because FROM vendor v"
    " JOIN vendor_spelling s USING (vendor_id) GROUP BY v.vendor_id ORDER BY 2"
)
PER_ACCOUNT = (
    "SELECT v.handle, count(*)::int FROM review JOIN vendor v USING (vendor_id)"
    " GROUP BY 1 ORDER BY 1"
)


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    opened = World(migrated_url)
    yield opened
    opened.close()


def ask(engine: Engine, sql: str) -> list[tuple[Any, ...]]:
    return execute(engine.url.render_as_string(hide_password=False), sql)


def test_a_handle_in_other_capitals_is_one_account(engine: Engine, tmp_path: Path) -> None:
    """The second capture, by a link in small letters, shows the same reviews and four more."""
    ages = [3 + 5 * n for n in range(17)]
    for name, handle, days in (("one", "FernTrade", 0), ("two", "ferntrade", 7)):
        new = [1, 2, 4, 4] if days else []
        rows = [
            (age * 86_400, 5, f"came well, {days} {age}" if n < len(new) else f"{age - days}",
             "q . . . t", 30)
            for n, age in enumerate([*new, *(age + days for age in ages)])
        ]  # fmt: skip
        url = f"http://abcdefghijklmn23.onion/contactMember?member={handle}&tab=ratings"
        save(tmp_path, name, dream_ratings(handle, rows), AT + timedelta(days=days), url)
    replay([tmp_path], dsn_of(engine))
    assert ask(engine, "SELECT count(*)::int FROM review_sighting") == [(17 + 21,)]
    assert ask(engine, ACCOUNTS) == [("ferntrade", ["FernTrade", "ferntrade"], [])]
    assert ask(engine, PER_ACCOUNT) == [("ferntrade", 21)]
    assert ask(engine, "SELECT * FROM vendor_apart") == []


D1, D2 = date(2018, 3, 1), date(2018, 3, 2)


def spelling(handle: str, joined: date | None = None, key: str = "", beside: int = -1) -> Spelling:
    return Spelling(
        ord(handle), handle, None, frozenset({joined} - {None}), frozenset({key} - {""}),
        frozenset({beside}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spellings", "accounts"),
    [
        ([spelling("A", D1), spelling("a", D1)], [("Aa", "")]),
        ([spelling("A", D1), spelling("a")], [("Aa", "")]),
        ([spelling("A", D1), spelling("a", D2)], [("A", "joined_on"), ("a", "joined_on")]),
        ([spelling("A", D1, "k"), spelling("a", D1, "l")], [("A", "pgp_key"), ("a", "pgp_key")]),
        ([spelling("A", beside=ord("a")), spelling("a")], [("A", "one_page"), ("a", "one_page")]),
        # What contradicts none goes where it agrees, or else to the first.
        (
            [spelling("A", D1), spelling("B", D2), spelling("a", None)],
            [("Aa", "joined_on"), ("B", "joined_on")],
        ),
        (
            [spelling("A", D1), spelling("B", D2, "k"), spelling("a", None, "k")],
            [("A", "joined_on"), ("Ba", "joined_on")],
        ),
    ],
    ids=["same day", "not stated", "other day", "other key", "one page", "first", "agrees"],
)
def test_what_parts_spellings(spellings: list[Spelling], accounts: list[tuple[str, str]]) -> None:
    for order in (spellings, spellings[::-1]):
        found = accounts_of(order)
        assert [
            ("".join(s.handle for s in a.spellings), ",".join(sorted(a.apart_because)))
            for a in found
        ] == accounts


def test_accounts_that_contradict_each_other_stay_two(world: World) -> None:
    review = Review("Moth", text="good", earliest=AT, latest=AT + timedelta(days=1))
    for handle, joined, on in (("Moth", "2018-03-01", "01-20"), ("moth", "2018-07-01", "01-21")):
        world.page(on, kind="vendor", vendors=(profile(handle, joined=joined),),
                   reviews=(replace(review, vendor=handle),))  # fmt: skip
    world.page("01-22", kind="search", listings=(offer("1", "MOTH"), offer("2", "moth")))
    world.page("01-23", market="empire", kind="vendor", vendors=(profile("moth"),))
    world.done()
    because = ["joined_on", "one_page"]
    apart = [
        ("MOTH", ["MOTH", "Moth"], because),
        ("moth", ["moth"], because),
        ("moth", ["moth"], []),
    ]
    assert execute(world.url, ACCOUNTS) == apart
    assert replay([], client_url(world.url)).to_dict()["vendors_kept_apart"] == 2
    shown = "SELECT handle, spellings, apart_because FROM vendor_apart ORDER BY 1"
    assert execute(world.url, shown) == apart[:2]
    assert execute(world.url, PER_ACCOUNT) == [("MOTH", 1), ("moth", 1)]
    offers = "SELECT external_id, vendor FROM listing_latest ORDER BY 1"
    assert execute(world.url, offers) == [("1", "MOTH"), ("2", "moth")]
    # The page that parts them goes, and what they state: they are one again.
    with closing(psycopg2.connect(client_url(world.url))) as connection:
        with connection, connection.cursor() as work:
            work.execute("SELECT page_id FROM page WHERE kind = 'search' OR place = 'p/2'")
            forget_pages(work, [key for (key,) in work.fetchall()])
        assert reviews_due(connection) > 0
        with connection, connection.cursor() as work:
            assert "pages write in several ways" in check(work, as_is=True).words
            with pytest.raises(ReviewsWait, match="wait to be worked out"):
                check(work, as_is=False)
        work_out_reviews(connection)
    assert execute(world.url, PER_ACCOUNT) == [("Moth", 1)]
    assert execute(world.url, "SELECT count(*)::int FROM vendor_apart") == [(0,)]


# -- any pages, in any order ---------------------------------------------------------------------

HANDLES = st.sampled_from(["Moth", "moth", "MOTH", "Ärnt", "ärnt"])
VENDORS = st.builds(
    lambda handle, joined, key: replace(
        profile(handle, fingerprint=key), joined_on=joined, pgp_key=key
    ),
    HANDLES,
    st.sampled_from([None, None, D1, D2]),
    st.sampled_from([None, None, "A" * 16, "B" * 16]),
)
REVIEWS = st.builds(
    lambda words, days: Review(
        "x", text=words, earliest=AT - timedelta(days=days), latest=AT - timedelta(days=days - 2)
    ),
    st.sampled_from(["good", "fast"]),
    st.integers(3, 8),
)
SHOWN = st.one_of(
    st.tuples(VENDORS, st.lists(REVIEWS, max_size=3)),
    st.lists(HANDLES, min_size=1, max_size=3),
)


def pages_of(shown: list[tuple[Vendor, list[Review]] | list[str]]) -> list[PageRows]:
    """Profiles with reviews, and pages of offers; every third is invented."""
    pages = []
    for n, what in enumerate(shown):
        page = Page(
            b"%d" % n, None, AT + timedelta(hours=n % 4), "second", "warc", 200, None, None, f"/{n}"
        )
        page = replace(page, invented=n % 3 == 2)
        if isinstance(what, list):
            listings = [offer(str(k), handle) for k, handle in enumerate(what)]
            parsed = ParsedPage("dream", "search", listings=listings)
        else:
            vendor, reviews = what
            own = [replace(review, vendor=vendor.handle) for review in reviews]
            parsed = ParsedPage("dream", "vendor", vendors=[vendor], reviews=own)
        pages.append(rows_of(Capture.of(page), parsed, "v"))
    return pages


def test_a_crawl_that_parts_accounts_is_taken_out(
    engine: Engine, migrated_url: str, another_migrated_url: str
) -> None:
    """Whichever of two accounts it shows, the other has the name's key again."""
    for gone in (1, 2):
        for url, runs in ((migrated_url, (1, 2)), (another_migrated_url, (3 - gone,))):
            with closing(World(url)) as world:
                for n in (1, 2):
                    run = world.run(f"03-0{n}")
                    if n in runs:
                        handle = "mM"[n - 1] + "oth"
                        review = Review(handle, text="good", earliest=AT, latest=AT)
                        world.page(f"03-0{n}", kind="vendor", run=run, url=f"http://x/{n}",
                                   vendors=(profile(handle, joined=f"2018-03-0{n}"),),
                                   reviews=(review,))  # fmt: skip
                    else:
                        world.pages += 1
                world.done()
        assert len(ask(engine, ACCOUNTS)) == 2
        with closing(psycopg2.connect(dsn_of(engine))) as connection:
            run_id = key_of("crawl_run", f"{gone:032x}")
            remove(connection, RemovalTarget(crawls=(run_id,)), dry_run=False)
            work_out_reviews(connection)
        other = open_engine(another_migrated_url)
        assert all_rows(engine) == all_rows(other)
        for each in (engine, other):
            emptied(each)
        other.dispose()


def test_invented_pages_do_not_part_what_real_ones_join(engine: Engine) -> None:
    stated = (("Moth", "2018-03-01"), ("moth", "2018-03-01"), ("MOTH", "2018-07-01"))
    pages = pages_of([(profile(handle, joined=joined), []) for handle, joined in stated])
    with closing(psycopg2.connect(dsn_of(engine))) as connection:
        Loader(connection).load(pages)
        work_out_reviews(connection)
    assert ask(engine, ACCOUNTS) == [("moth", ["MOTH", "Moth", "moth"], [])]
    assert ask(engine, "SELECT count(*)::int FROM page WHERE invented") == [(1,)]


def emptied(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(text(f"DELETE FROM {table.name}"))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_the_order_and_the_loaders_make_no_difference(engine: Engine, data: st.DataObject) -> None:
    pages = pages_of(data.draw(st.lists(SHOWN, min_size=2, max_size=7)))
    orders = [data.draw(st.permutations(pages)) for _ in range(2)]
    dsn = dsn_of(engine)

    def load(part: list[PageRows]) -> None:
        with closing(psycopg2.connect(dsn)) as connection:
            loader = Loader(connection)
            for page in part:
                loader.load([page])

    found = []
    for order in orders:
        emptied(engine)
        half = len(order) // 2
        with closing(psycopg2.connect(dsn)) as connection:
            if len(found):
                with ThreadPoolExecutor(2) as pool:
                    list(pool.map(load, (order[:half], order[half:])))
            else:
                load(order[:half])
                work_out_reviews(connection)
                load(order[half:])
                load(order[:1])
            work_out_reviews(connection)
            found.append(all_rows(engine))
            with connection, connection.cursor() as work:
                assert not check(work, as_is=True)
    assert found[0] == found[1]


def test_an_older_database_is_brought_to_the_same_rows(world: World, engine: Engine) -> None:
    """With names of one spelling and of several, of one account and of two."""
    shown: list[Any] = [
        (profile("Moth", joined="2018-03-01"), [("good", 3), ("fast", 4)]),
        (profile("moth", joined="2018-03-01"), [("good", 3)]),
        (profile("Finch", joined="2018-03-01"), [("good", 3)]),
        (profile("finch", joined="2018-04-01"), [("good ", 3)]),
        (profile("wren"), [("Good  things", 3)]),
        (profile("WREN"), [("good", 3), ("Good things", 3)]),
        (profile("robin"), [("good", 3)]),
        (profile("Swift"), [(None, 5)]),
    ]
    for n, (vendor, reviews) in enumerate(shown):
        own = [
            Review(vendor.handle, rating="4.50", rating_max="5", text=words,
                   earliest=AT - timedelta(days=days), latest=AT - timedelta(days=days - 1))
            for words, days in reviews
        ]  # fmt: skip
        world.page(f"01-{20 + n}", kind="vendor", vendors=(vendor,), reviews=tuple(own),
                   listings=(offer(str(n), vendor.handle or ""),))  # fmt: skip
    world.done()
    made = all_rows(engine)
    assert len(made["vendor"]) == 6
    assert len(made["review"]) == 8
    migrations.downgrade(engine, "0009")
    old = "SELECT count(*)::int, count(DISTINCT vendor_id)::int FROM review_sighting"
    assert execute(world.url, old) == [(10, 8)]
    assert execute(world.url, "SELECT count(*)::int FROM vendor") == [(8,)]
    migrations.upgrade(engine)
    world.done()
    assert all_rows(engine) == made
