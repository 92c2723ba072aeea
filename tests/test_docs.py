"""The documentation builds without a warning, opens without a network, and leaves nothing out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
import typer

from cryptodrug_scraper.cli.app import app
from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.database.models import Base
from cryptodrug_scraper.study import Study
from tests.conftest import ROOT
from tests.report.browser import installed, running

LOADED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("use", "href")}


class Elements(HTMLParser):
    """What a page loads, and the ids of its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) in LOADED:
                self.loaded.append(value or "")
            elif name == "id" and value:
                self.ids.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """A command and those in it, by their full names."""
    yield name, command
    for each, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{name} {each}")


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        loaded = Elements(page.read_text("utf-8")).loaded
        assert loaded
        for address in loaded:
            assert ":" not in address and not address.startswith("//"), page
            if page.name != "404.html":  # a server's; its paths are those of the top
                assert (page.parent / address.partition("?")[0]).exists(), (page, address)
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", style.read_text("utf-8"))


def test_every_command_and_option_is_there(site: Path) -> None:
    page = (site / "reference" / "cli.html").read_text("utf-8")
    ids = Elements(page).ids
    names = dict(commands(typer.main.get_command(app), "cryptodrug"))
    assert len(names) > 20
    for name, command in names.items():
        assert name == "cryptodrug" or name.replace(" ", "-") in ids
        for option in command.params:
            assert all(each in page for each in option.opts if each.startswith("--")), name


def test_every_table_column_and_measure_is_there(site: Path) -> None:
    schema = (site / "reference" / "schema.html").read_text("utf-8")
    ids = Elements(schema).ids
    for name, table in Base.metadata.tables.items():
        assert name in ids and f'href="#{name}"' in schema
        part = schema.partition(f'<h2 id="{name}"')[2].partition("<h2")[0]
        assert all(f"<code>{column.name}</code>" in part for column in table.columns), name
    measures = (site / "reference" / "measures.html").read_text("utf-8")
    named = {
        name
        for name, value in vars(Study).items()
        if isinstance(value, FunctionType) and value.__annotations__["return"] == "Measure"
    }
    assert len(named) > 20
    headings = set(re.findall(r"<h2[^>]*>.*?study\.(\w+)", measures, re.S))
    assert headings == named


def test_what_python_is_offered_is_there(site: Path) -> None:
    text = (ROOT / "docs" / "reference" / "python.md").read_text("utf-8")
    ids = Elements((site / "reference" / "python.html").read_text("utf-8")).ids
    offered = re.findall(r"^::: (\S+)\n.*\n.*\n +members: \[(.*)\]", text, re.M)
    names = [f"{room}.{name}" for room, listed in offered for name in listed.split(", ")]
    assert len(names) > 8
    assert [name for name in names if name not in ids] == []


@pytest.mark.slow
def test_it_opens_and_is_searched_without_a_server(site: Path) -> None:
    address = (site / "guides" / "operate.html").as_uri()
    results = "document.querySelectorAll('.md-search-result__item a').length"
    with running(installed()) as browser:
        browser.show(f"{address}?q=backup", 1200)
        assert wait_for(lambda: browser.value(results) > 1, 60)
        assert browser.said() == []
        requested = browser.asked_for()
    assert len(requested) > 5
    assert {each.partition(":")[0] for each in requested} <= {"file", "data"}
