"""Reviews whose words were changed: one where their rows name them, two where that is not known."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from cryptodrug_scraper.database import upgrade as migrations
from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.database.edits import join_edits
from cryptodrug_scraper.database.loader import forget_pages
from cryptodrug_scraper.database.sameness import resolve
from cryptodrug_scraper.database.sightings import Sighting
from cryptodrug_scraper.records import Money, Review
from tests.study.world import World

DAY = 86_400
POSTED = datetime(2019, 3, 1, 4, 42, tzinfo=UTC)
NAMED = Review(
    "moth",
    "51",
    author="q***7",
    sentiment="neutral",
    text="still waiting",
    posted_on=POSTED.date(),
    posted_precision="minute",
    posted_at=POSTED,
    earliest=POSTED,
    latest=POSTED + timedelta(minutes=1),
    price=Money("33.10", "USD"),
    price_approximate=False,
)
CHANGED = replace(NAMED, sentiment="positive", text="came after all")


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    opened = World(migrated_url)
    yield opened
    opened.close()


def change(world: World, act: Callable[[Any], object]) -> None:
    with closing(psycopg2.connect(client_url(world.url))) as connection, connection:
        act(connection.cursor())


def show(world: World, on: str, *reviews: Review) -> None:
    world.page(on, market="empire", kind="vendor", reviews=reviews)


def rows(world: World, sql: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []

    def ask(work: Any) -> None:
        work.execute(sql)
        found.extend(work.fetchall())

    change(world, ask)
    return found


def known(world: World, handle: str = "moth") -> list[tuple[Any, ...]]:
    """What table review holds of a vendor, and the words that were changed."""
    return rows(
        world,
        "SELECT r.text, r.sentiment, r.posted_at, r.price_amount::float8, r.sightings,"
        " r.first_seen, r.last_seen, ARRAY(SELECT c.text FROM unnest(r.earlier_content_ids)"
        " WITH ORDINALITY AS e(content_id, n) JOIN review_content c USING (content_id) ORDER BY n)"
        f" FROM review r JOIN vendor USING (vendor_id) WHERE handle = '{handle}' ORDER BY 1, 3, 6",
    )


def test_changed_words_are_one_review_with_the_newest_and_the_first_date(
    world: World,
) -> None:
    show(world, "03-02", NAMED)
    show(world, "03-09", NAMED)
    show(world, "03-16", CHANGED)
    world.done()
    [(text, sentiment, posted, price, sightings, first, last, earlier)] = known(world)
    assert (text, sentiment, posted, price) == ("came after all", "positive", POSTED, 33.1)
    assert (sightings, first.date(), last.date()) == (3, date(2019, 3, 2), date(2019, 3, 16))
    assert earlier == ["still waiting"]
    assert rows(world, "SELECT count(*) FROM review_suspected_edit") == [(0,)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"price": Money("33.11", "USD")}, id="price"),
        pytest.param({"price": Money("33.10", "EUR")}, id="currency"),
        pytest.param({"price": None}, id="no price"),
        pytest.param({"price_approximate": True}, id="about"),
        pytest.param({"author": "q***8"}, id="buyer"),
        pytest.param({"author": None}, id="no buyer"),
        pytest.param({"listing_external_id": "52"}, id="listing"),
        pytest.param({"earliest": POSTED - timedelta(minutes=1), "latest": POSTED}, id="minute"),
        pytest.param({"latest": POSTED + timedelta(hours=1)}, id="hour"),
    ],
)
def test_rows_that_do_not_name_one_review_are_two(world: World, other: dict[str, Any]) -> None:
    show(world, "03-02", NAMED)
    show(world, "03-16", replace(CHANGED, **other))
    world.done()
    assert [row[7] for row in known(world)] == [[], []]


def test_two_of_one_minute_that_were_seen_together_are_two(world: World) -> None:
    show(world, "03-02", NAMED)
    show(world, "03-09", NAMED, CHANGED)
    show(world, "03-16", CHANGED, replace(NAMED, text="lost"))
    world.done()
    assert [(row[0], row[7]) for row in known(world)] == [
        ("came after all", []), ("lost", ["still waiting"]),
    ]  # fmt: skip


def test_two_pages_of_one_visit_show_two(world: World) -> None:
    show(world, "03-02", NAMED)
    show(world, "03-02", CHANGED)
    world.done()
    assert len(known(world)) == 2


def histories(rng: random.Random, minutes: int) -> list[list[Review]]:
    """Reviews of one buyer and listing as captures from week to week show them, each with changes.

    Where minutes are few, so that they are shared, no two ever read alike.
    """
    pages: list[list[Review]] = [[] for _ in range(5)]
    for n in range(rng.randint(1, 6)):
        begin = POSTED + timedelta(minutes=rng.randrange(minutes))
        changes = sorted(rng.sample(range(5), rng.randint(0, 2)))
        for week, page in enumerate(pages):
            version = sum(week >= change for change in changes)
            text = "fine" if version == 0 and minutes > 100 else f"{n} as of {version}"
            latest = begin + timedelta(minutes=1)
            page.append(replace(NAMED, text=text, posted_at=begin, earliest=begin, latest=latest))
    return pages


@pytest.mark.parametrize("minutes", [2, 100_000], ids=["one or two minutes", "any time"])
def test_neither_the_order_of_loading_nor_what_was_taken_out_matters(
    world: World, minutes: int
) -> None:
    for seed in range(8):
        rng = random.Random(seed)
        pages = histories(rng, minutes)
        outcomes = []
        for way in ("at once", "one by one", "back", "taken out"):
            handle = f"v{seed} {way}"
            order = list(enumerate(pages))
            for week, page in reversed(order) if way == "back" else order:
                on = (date(2019, 6, 1) + timedelta(weeks=week)).isoformat()
                show(world, on, *(replace(review, vendor=handle) for review in page))
                if way == "taken out":
                    show(world, on, replace(CHANGED, vendor=handle, text=f"never {week}"))
                if way != "at once":
                    world.done()
            if way == "taken out":
                take_out(world, handle)
            world.done()
            outcomes.append(known(world, handle))
        assert outcomes[0] == outcomes[1] == outcomes[2] == outcomes[3], seed
        assert len(outcomes[0]) == len(pages[0])
        assert all(row[4] == len(pages) for row in outcomes[0])


def take_out(world: World, handle: str) -> None:
    """Forget pages that show other words."""
    pages = rows(
        world,
        "SELECT DISTINCT page_id FROM review_sighting JOIN vendor USING (vendor_id)"
        f" JOIN review_content USING (content_id) WHERE handle = '{handle}' AND text ~ '^never'",
    )
    change(world, lambda work: forget_pages(work, [page for (page,) in pages]))


def test_what_was_known_before_an_upgrade_is_worked_out_anew(world: World, engine: Engine) -> None:
    show(world, "03-02", NAMED, replace(NAMED, author="z***1"))
    show(world, "03-16", CHANGED)
    world.done()
    before = known(world)
    migrations.downgrade(engine, "0007")
    waiting = rows(world, "SELECT text FROM review_due JOIN review_content USING (content_id)")
    assert sorted(waiting) == [("came after all",), ("still waiting",)]
    change(world, lambda work: work.execute("DELETE FROM review; DELETE FROM review_due"))
    migrations.upgrade(engine)
    world.done()
    assert known(world) == before


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sets(st.integers(1, 5), max_size=3)),
        min_size=1,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_pages_that_show_all_give_each_review_once(
    truth: list[tuple[int, set[int]]], order: random.Random
) -> None:
    """Of each: its minute, and the captures before which its words were changed."""
    groups: dict[int, list[Sighting]] = {}
    identity = {}
    for page in range(6):
        for n, (minute, changes) in enumerate(truth):
            content = 10 * n + sum(page >= change for change in changes)
            at = minute * 60
            row = Sighting(page, n, "a", 7, at, at + 59, 5.0, observed=(page + 1) * DAY)
            groups.setdefault(content, []).append(row)
            identity[page, n] = row[2:7]
    shuffled = list(groups.items())
    order.shuffle(shuffled)
    found = join_edits(
        [(content, review) for content, rows in shuffled for review in resolve(rows)], identity
    )
    seen = Counter((one.review.earliest // 60, len(one.review.sightings)) for one in found)
    assert seen == Counter((minute, 6) for minute, _ in truth)
    assert sorted(c for one in found for c in (*one.earlier, one.content)) == sorted(groups)
    newest = {10 * n + len(changes) for n, (_, changes) in enumerate(truth)}
    assert {one.content for one in found} == newest
