"""An empty world, whose pages go into the test's database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.study.world import World


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    opened = World(migrated_url)
    yield opened
    opened.close()
