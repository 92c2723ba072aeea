"""A world to fill, and a study of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Engine

from cryptodrug_scraper.study import Study
from tests.study.world import World


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    opened = World(migrated_url)
    yield opened
    opened.close()


@pytest.fixture
def study_of(engine: Engine) -> Iterator[Callable[..., Study]]:
    """Open studies of the test's database."""
    with ExitStack() as opened:

        def open_study(**options: Any) -> Study:
            return opened.enter_context(Study(engine, **options))

        yield open_study
