"""The bundled study in a database that the tests of this folder only read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.replay import replay
from tests.conftest import FIXTURES
from tests.databases import new_database
from tests.replay.test_reviews import dsn_of


@pytest.fixture(scope="session")
def study(server: Any, _template: str) -> Iterator[Engine]:
    with new_database(server, _template) as url:
        engine = open_engine(url)
        replay([FIXTURES / "study"], dsn_of(engine))
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def study_dsn(study: Engine) -> str:
    return dsn_of(study)
