"""`cryptodrug mirror`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cryptodrug_scraper.access.mirrors import MirrorStore
from tests.cli.running import run
from tests.crawl.onions import onion

A, B = (f"http://{onion(n)}" for n in range(2))


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(tmp_path))
    return tmp_path


def test_mirrors_are_added_listed_and_removed(data: Path) -> None:
    result = run("mirror", "list", "dream")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "mirror add dream" in result.stderr
    result = run("mirror", "add", "dream", A + "/", B.removeprefix("http://"))
    assert result.stdout == f"{A} is added.\n{B} is added.\n"
    assert run("mirror", "add", "dream", A).stdout == f"{A} was known.\n"
    MirrorStore(data / "mirrors").note("dream", B, True, 3)
    assert run("mirror", "list", "empire", "--json").stdout == ""
    found = [json.loads(x) for x in run("mirror", "list", "dream", "--json").stdout.splitlines()]
    assert [(m["address"], m["ok"], m["last_failed_at"]) for m in found] == [
        (B, 3, None),
        (A, 0, None),
    ]
    shown = run("mirror", "list", "dream").stdout
    assert "dream: 2 mirrors" in shown
    assert shown.index(B) < shown.index(A)
    assert run("mirror", "remove", "dream", B).exit_code == 0
    result = run("mirror", "remove", "dream", B)
    assert result.exit_code == 2
    assert "no mirror of dream" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dream", A, "http://search.example"], "no onion service"),
        (["dream", f"{A}/login"], "no path"),
        (["dreem", A], "Did you mean dream?"),
    ],
)
def test_what_is_refused(data: Path, arguments: list[str], said: str) -> None:
    result = run("mirror", "add", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert MirrorStore(data / "mirrors").all("dream") == []


def test_a_damaged_file_is_named(data: Path) -> None:
    run("mirror", "add", "dream", A)
    path = data / "mirrors" / "dream.json"
    path.write_text("{")
    for command in (["list", "dream"], ["add", "dream", A], ["remove", "dream", A]):
        result = run("mirror", *command)
        assert result.exit_code == 2
        assert str(path) in result.stderr
