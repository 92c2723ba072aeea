"""What `make demo` shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
def test_the_demo_twice_and_its_commands_pasted(own_folder: Path) -> None:
    environment = os.environ | {"CRYPTODRUG_DATA_DIR": str(own_folder)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "cryptodrug_scraper.demo"],
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for words in ("Pages by market and kind", "Records by type", "ships_from", "Try next"):
            assert words in done.stdout
    commands = re.findall(
        r"^  (CRYPTODRUG_DATA_DIR=.*? db (?:query|url|stop).*?)(?:   \(.*)?$", done.stdout, re.M
    )
    assert len(commands) == 3
    for command in commands:
        pasted = subprocess.run(
            command, shell=True, capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert pasted.returncode == 0, pasted.stderr
        assert pasted.stdout
