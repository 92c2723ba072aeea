"""Ways to run the command line in tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from cryptodrug_scraper.cli.app import app
from tests.conftest import ROOT

PROGRAM = [sys.executable, "-m", "cryptodrug_scraper.cli"]


def run(*arguments: str | Path, given: str | bytes | None = None) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments], input=given)


def shell(
    *arguments: str | Path, given: bytes | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as a process of its own."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        input=given,
        capture_output=True,
        env=os.environ | environment,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
