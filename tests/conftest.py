"""Options and paths that all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ["tests.databases", "tests.tor.fixtures"]

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
PAGES = [folder for folder in sorted(FIXTURES.iterdir()) if folder.name != "archives"]
"""Folders of pages, each page once; the archives hold pages of them again."""
REAL_PAGES = ROOT.parent / "shared" / "pages"


@pytest.fixture(scope="session", autouse=True)
def _width_of_a_pipe() -> None:
    """Forget the terminal's width, which pytest-xdist tells its workers."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let processes that the test starts be interrupted, as those of a terminal are.

    What runs in the background (``nohup make test &``) is started with interrupts ignored, and
    hands that on to all that it starts.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def real_pages() -> Path:
    """The folder of real saved pages, which lies beside the project and not in it."""
    if not REAL_PAGES.is_dir():
        pytest.skip("no ../shared/pages: the real saved pages are not on this machine")
    return REAL_PAGES
