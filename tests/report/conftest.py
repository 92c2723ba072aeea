"""The bundled study in a database."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.replay import replay
from tests.conftest import FIXTURES


@pytest.fixture
def study_url(migrated_url: str) -> str:
    """The URL of a database that holds the bundled study."""
    replay([FIXTURES / "study"], client_url(migrated_url))
    return migrated_url
