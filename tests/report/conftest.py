"""The bundled study in a database, and a world to fill."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.replay import replay
from tests.conftest import FIXTURES
from tests.study.world import World


@pytest.fixture
def study_url(migrated_url: str) -> str:
    """The URL of a database that holds the bundled study."""
    replay([FIXTURES / "study"], client_url(migrated_url))
    return migrated_url


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    """An empty world, whose pages go into the test's database."""
    opened = World(migrated_url)
    yield opened
    opened.close()
