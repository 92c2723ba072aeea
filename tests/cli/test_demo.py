"""What `make demo` shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
def test_the_demo_twice_and_its_commands_pasted(own_folder: Path) -> None:
    environment = os.environ | {
        "CRYPTODRUG_DATA_DIR": str(own_folder),
        "PYTHONPATH": str(ROOT),
    }
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "cryptodrug_scraper.demo"],
            capture_output=True,
            text=True,
            env=environment,
            cwd=own_folder,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for words in ("Pages by market and kind", "Records by type", "ships_from", "Try next"):
            assert words in done.stdout
        written = re.search(r"^The report is written: (.+)$", done.stdout, re.M)
        assert written
        report = Path(written[1])
        assert "Offers that ship from Belgium" in report.read_text("utf-8")
        assert report.as_uri() in done.stdout
    commands = re.findall(
        r"^  (CRYPTODRUG_DATA_DIR=.*? (?:db (?:query|url|stop)|report).*?)(?:   \(.*)?$",
        done.stdout,
        re.M,
    )
    assert len(commands) == 4
    for command in commands:
        pasted = subprocess.run(
            command,
            shell=True,
            capture_output=True,
            text=True,
            env=environment,
            cwd=own_folder,
            check=False,
        )
        assert pasted.returncode == 0, pasted.stderr
        assert pasted.stdout or "rapport-invented.html" in pasted.stderr
    opened = re.search(
        r"^  (CRYPTODRUG_DATA_DIR=.*) -m notebook (.*)\n.* -m pip install notebook",
        done.stdout,
        re.M,
    )
    assert opened
    assert (own_folder / shlex.split(opened[2])[0]).samefile(ROOT / "notebooks" / "study.ipynb")
    script = "from cryptodrug_scraper import study; print(len(study.open().listings().frame))"
    told = subprocess.run(
        f"{opened[1]} -c {shlex.quote(script)}",
        shell=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=own_folder,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert int(told.stdout) > 5
