"""What README.md shows in Python runs, over the bundled study."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cryptodrug_scraper.replay import replay
from tests.conftest import FIXTURES, ROOT
from tests.replay.test_reviews import dsn_of

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [
    textwrap.dedent(block[1])
    for block in re.finditer(r"^ *```python\n(.*?)^ *```$", README, re.M | re.S)
]
IN_LINE = re.findall(r"`(from cryptodrug_scraper import [^`]*)`", README)


@pytest.fixture
def checkout(engine: Engine, tmp_path: Path) -> Path:
    """A folder with the program where README has it, the study in the database."""
    replay([FIXTURES / "study"], dsn_of(engine))
    program = tmp_path / ".venv" / "bin" / "cryptodrug"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cryptodrug_scraper.cli "$@"\n')
    program.chmod(0o755)
    return tmp_path


def python(script: str, engine: Engine, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"DATABASE_URL": dsn_of(engine), "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python_runs_and_gives_frames_with_rows(engine: Engine, checkout: Path) -> None:
    assert BLOCKS
    assert IN_LINE
    for block in [*BLOCKS, *IN_LINE]:
        head, _, last = block.strip().replace("; ", "\n").rpartition("\n")
        shown = f"{head}\nshown = {last}\nprint(len(getattr(shown, 'frame', shown)))"
        assert int(python(shown, engine, checkout)) > 3, block


def test_an_export_is_read_as_it_says(engine: Engine, checkout: Path) -> None:
    call = re.search(r"`cryptodrug_scraper\.export\.(read_table\([^`]*\))`", README)
    assert call
    script = (
        "import subprocess\n"
        "subprocess.run(['.venv/bin/cryptodrug', 'export', '--out', 'tables'], check=True)\n"
        f"from cryptodrug_scraper.export import read_table\nprint(len({call[1]}))"
    )
    assert int(python(script, engine, checkout).splitlines()[-1]) > 3


def test_the_trial_has_a_data_folder_of_its_own() -> None:
    """What is simulated must not come into the database of a study."""
    trial = README.partition("### Try it on a simulated market")[2].partition("### On a real")[0]
    blocks = re.findall(r"```sh\n(.*?)```", trial, re.S)
    calls = [block for block in blocks if re.search(r"cryptodrug (simulate|mirror|session)", block)]
    assert len(calls) >= 3
    for block in calls:
        assert block.startswith('export CRYPTODRUG_DATA_DIR="$PWD/trial"\n'), block
