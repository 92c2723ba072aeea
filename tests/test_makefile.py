"""What `make` says while it sets up."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

FAKE = """#!/bin/sh
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_setup_says_what_it_is_doing_and_nothing_else(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(FAKE)
    python.chmod(0o755)
    said = [
        subprocess.run(
            ["make", "--no-print-directory", "setup", f"PYTHON={python}"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert said[0] == "Installing into .venv … (a minute or two)\n"
    assert "Installing" not in said[1]
