"""Loaders that write the same rows at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import psycopg2
import pytest
from sqlalchemy import Engine

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.database.loader import Loader
from cryptodrug_scraper.database.rows import Capture, PageRows, rows_of
from cryptodrug_scraper.records import Category, Listing, ParsedPage, Vendor

LOADERS, ROUNDS = 6, 60


def page_of(n: int, loader: int) -> PageRows:
    """A page of one loader, which shows the vendor, text, offer and category of all of them."""
    page = Page(b"%d %d" % (n, loader), None, None, None, None, 200, None, None, f"/{n}/{loader}")
    parsed = ParsedPage(
        "dream",
        "vendor",
        listings=[Listing(f"{n}.1", description=f"offer {n}", vendor=f"v{n}")],
        vendors=[Vendor(f"v{n}", profile=f"text {n}")],
        categories=[Category(str(n), "c", ["c"])],
    )
    return rows_of(Capture.of(page), parsed, "v")


def test_the_same_rows_by_many_at_the_same_moment(engine: Engine) -> None:
    start = Barrier(LOADERS)
    dsn = engine.url.set(drivername="postgresql").render_as_string(False)

    def load(loader: int) -> int:
        with closing(psycopg2.connect(dsn)) as connection:
            one = Loader(connection)
            new = 0
            for n in range(ROUNDS):
                start.wait(60)
                try:
                    new += one.load([page_of(n, loader)]).new
                except psycopg2.Error:
                    start.abort()
                    raise
            return new

    with ThreadPoolExecutor(LOADERS) as pool:
        assert sum(pool.map(load, range(LOADERS))) == LOADERS * ROUNDS
    with engine.connect() as connection:
        for table, rows in {"vendor": 1, "listing": 1, "category": 1, "long_text": 2}.items():
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            assert found == rows * ROUNDS, table


def test_two_things_that_share_a_key_are_not_taken_for_one(engine: Engine) -> None:
    dsn = engine.url.set(drivername="postgresql").render_as_string(False)
    with closing(psycopg2.connect(dsn)) as connection:
        loader = Loader(connection)
        loader.load([page_of(1, 1)])
        other = page_of(2, 1)
        (key,) = other.shared["vendor"]
        with connection, connection.cursor() as work:
            work.execute("INSERT INTO vendor VALUES (%s, 'dream', 'other', 'other')", (key,))
        with pytest.raises(psycopg2.IntegrityError, match=f"table vendor .*{key}"):
            loader.load([other])
        with connection, connection.cursor() as work:
            work.execute("SELECT count(*) FROM page")
            assert work.fetchone() == (1,)
