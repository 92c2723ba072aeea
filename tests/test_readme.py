"""What README.md and the documentation show is so: commands exist, Python and the tutorial run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import Engine

from cryptodrug_scraper.cli.app import app
from cryptodrug_scraper.replay import replay
from tests.conftest import FIXTURES, ROOT
from tests.replay.test_reviews import dsn_of

DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
}
TEXT = "\n".join(DOCUMENTS.values())
ENDS = {"|", "&&", ";", ">", "<", ">>"}


def blocks(text: str, language: str) -> list[str]:
    fenced = re.finditer(rf"^ *```{language}\n(.*?)^ *```$", text, re.M | re.S)
    return [textwrap.dedent(block[1]) for block in fenced]


def calls(text: str) -> Iterator[list[str]]:
    """The arguments of each call of the program that a document shows."""
    lines = "\n".join(blocks(text, "sh")).replace("\\\n", " ").splitlines()
    spans = re.findall(r"(?<!`)`((?:\.venv/bin/)?cryptodrug [^`]*)`(?!`)", text, re.S)
    for line in [*lines, *spans]:
        words = shlex.split(line.replace('"$(', "; ").replace(')"', " ;"), comments=True)
        for at, word in enumerate(words):
            in_container = word == "crawler" and {*words[:at]} & {"run", "--entrypoint"} == {"run"}
            if in_container or word.rpartition("/")[2] == "cryptodrug":
                yield list(takewhile(lambda each: each not in ENDS, words[at + 1 :]))


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if [*calls(DOCUMENTS[name])]])
def test_commands_and_options_exist(name: str) -> None:
    for call in calls(DOCUMENTS[name]):
        command: Any = typer.main.get_command(app)
        known = {"--help", "-h"}
        rest = list(call)
        while inner := getattr(command, "commands", {}):
            known |= {option for each in command.params for option in each.opts}
            if not rest or rest[0].startswith("-") or rest[0].isupper():
                break
            assert rest[0] in inner, call
            command = inner[rest.pop(0)]
        for each in command.params:
            known |= {*each.opts, *each.secondary_opts}
        given = {word.partition("=")[0] for word in rest if re.match("--?[a-z]", word)}
        assert given <= known, call


def test_commands_are_seen() -> None:
    seen = [*calls("```sh\nX=1 .venv/bin/cryptodrug db url | less\n```\nso `cryptodrug db stop`")]
    assert seen == [["db", "url"], ["db", "stop"]]
    assert sum(len([*calls(text)]) for text in DOCUMENTS.values()) > 60


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the program and the fixtures where README has them."""
    program = tmp_path / ".venv" / "bin" / "cryptodrug"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cryptodrug_scraper.cli "$@"\n')
    program.chmod(0o755)
    (tmp_path / "fixtures").symlink_to(FIXTURES)
    return tmp_path


@pytest.fixture
def study(engine: Engine) -> str:
    """The address of a database with the bundled study in it."""
    replay([FIXTURES / "study"], dsn_of(engine))
    return dsn_of(engine)


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python_runs_and_gives_frames_with_rows(study: str, checkout: Path) -> None:
    in_line = re.findall(r"`(from cryptodrug_scraper import [^`]*)`", TEXT)
    shown = {*blocks(TEXT, "python"), *in_line}
    assert in_line and len(shown) >= 3
    for block in shown:
        head, _, last = block.strip().replace("; ", "\n").rpartition("\n")
        script = f"{head}\nshown = {last}\nprint(len(getattr(shown, 'frame', shown)))"
        counted = run([sys.executable, "-c", script], checkout, DATABASE_URL=study)
        assert int(counted) > 3, block


def test_an_export_is_read_as_it_says(study: str, checkout: Path) -> None:
    call = re.search(r"`cryptodrug_scraper\.export\.(read_table\([^`]*\))`", TEXT)
    assert call
    script = (
        "import subprocess\n"
        "subprocess.run(['.venv/bin/cryptodrug', 'export', '--out', 'tables'], check=True)\n"
        f"from cryptodrug_scraper.export import read_table\nprint(len({call[1]}))"
    )
    counted = run([sys.executable, "-c", script], checkout, DATABASE_URL=study)
    assert int(counted.splitlines()[-1]) > 3


def test_the_tutorial_runs_to_its_end(checkout: Path) -> None:
    script = "".join(blocks(DOCUMENTS["docs/tutorial.md"], "sh"))
    assert script.count("cryptodrug") > 8
    output = run(["sh", "-euc", script], checkout)
    assert "44 new" in output  # and what is removed at the end was there
    assert {path.name for path in checkout.iterdir()} == {".venv", "fixtures"}


def test_a_backup_is_restored_as_the_guide_says(checkout: Path) -> None:
    guide = DOCUMENTS["docs/guides/operate.md"]
    part = guide.partition("## Backup and restore")[2].partition("\n## ")[0]
    script = [".venv/bin/cryptodrug replay fixtures/study/2018-11-19\n", *blocks(part, "sh")]
    stop = ".venv/bin/cryptodrug db stop\n"
    script = ["".join(script[:2]), stop, *script[2:], stop]
    output = run(["sh", "-euc", "".join(script)], checkout, CRYPTODRUG_DATA_DIR="first")
    assert re.search(r"^Pages +6$", output, re.M), output
    assert (checkout / "restored" / "postgres").is_dir()


def test_every_view_of_the_database_is_named(engine: Engine) -> None:
    with engine.connect() as connection:
        views = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.views WHERE table_schema = 'public'"
        ).scalars()
        assert sorted(view for view in views if f"`{view}`" not in TEXT) == []


def test_the_trial_has_a_data_folder_of_its_own() -> None:
    """What is simulated must not come into the database of a study."""
    guide = DOCUMENTS["docs/guides/crawl.md"]
    trial = guide.partition("## Try it on a simulated market")[2].partition("## On a real")[0]
    simulating = r"cryptodrug (simulate|mirror|session)"
    shown = [block for block in blocks(trial, "sh") if re.search(simulating, block)]
    assert len(shown) >= 3
    for block in shown:
        assert block.startswith('export CRYPTODRUG_DATA_DIR="$PWD/trial"\n'), block
