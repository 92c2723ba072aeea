"""The proof of the monitor at a small size: weeks in fast time, with kills."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc), which makes the clock")
@pytest.mark.usefixtures("interruptible")
def test_two_weeks_with_kills_have_each_crawl_once_and_all_rows() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.monitor.proof", "--weeks", "2"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NO" not in done.stdout and "the same" in done.stdout
