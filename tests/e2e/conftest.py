"""A simulated market in a database, to be changed row by row and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.database.embedded import EmbeddedServer
from simulator.facts import Sizes
from simulator.making import make_world
from simulator.market_site import market_sites
from simulator.truth import truth
from tests.databases import new_database
from tests.e2e.stated import stated
from tests.e2e.truth import Comparison, compare_stated
from tests.e2e.walking import walk_into

NAMES = list(market_sites())


@dataclass
class Loaded:
    """A small market in a database; changes are made in ``connection`` and rolled back."""

    market: str
    true: list[dict[str, Any]]
    at: datetime
    dsn: str
    connection: Connection

    def compared(self, **options: Any) -> Comparison:
        found = stated(self.connection, self.market)
        return compare_stated(found, self.market, self.true, self.at, **options)

    def after(self, *statements: str) -> Comparison:
        """Compare after changes, and take them back."""
        with self.connection.cursor() as cursor:
            try:
                changed = 0
                for statement in statements:
                    cursor.execute(statement)
                    changed += max(cursor.rowcount, 0)
                assert changed, f"nothing was changed: {statements}"
                return self.compared()
            finally:
                self.connection.rollback()

    def values(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()


@pytest.fixture
def loaded(once_loaded: Loaded) -> Iterator[Loaded]:
    yield once_loaded
    once_loaded.connection.rollback()


@pytest.fixture(scope="module", params=NAMES)
def once_loaded(
    request: pytest.FixtureRequest, server: EmbeddedServer, _template: str
) -> Iterator[Loaded]:
    look = market_sites()[request.param]
    world = make_world(look, seed=3, sizes=Sizes(60, 7, 160))
    at = world.reference
    with new_database(server, _template) as url:
        dsn = client_url(url)
        walk_into(dsn, look, world, at)
        with closing(psycopg2.connect(dsn)) as connection:
            yield Loaded(look.name, list(truth(look, world, at)), at, dsn, connection)
