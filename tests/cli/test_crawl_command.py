"""`cryptodrug crawl`: what cannot be begun is said clearly, and changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import Result

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.cli.errors import Code
from cryptodrug_scraper.crawl.plan import Jobs
from tests.cli.running import run
from tests.crawl.crawling import place
from tests.crawl.onions import onion

ONION = onion(1)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CRYPTODRUG_TOR_SOCKS", "127.0.0.1:1")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "data"


def everything(folder: Path) -> dict[str, bytes]:
    """All files, with what is in them."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def crawled(*arguments: str | Path) -> Result:
    result = run("crawl", *arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def ready(data: Path, address: str = ONION) -> dict[str, bytes]:
    """Store a mirror and a session; return all files."""
    MirrorStore(data / "mirrors").add("dream", address)
    SessionStore(data / "sessions").add("dream", "default", {"session": "s3cretvalue"})
    return everything(data)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--time", "soon"], "--time: 'soon' is not a length of time such as 90s"),
        (["--time", "-1h"], "--time: '-1h'"),
        (["--wait", "1 year"], "--wait: '1 year' is not a length of time"),
        (["--since", "yesterday"], "--since: 'yesterday' is neither a date"),
        (["--since", "2019-13-01"], "--since: '2019-13-01' is neither a date"),
        (["--quiet-hours", "night"], "--quiet-hours: 'night' are not hours such as"),
        (["--quiet-hours", "25:00-26:00"], "--quiet-hours: "),
        (["--max-page", "big"], "--max-page: 'big' is not a size"),
        (["--rotate", "1T"], "--rotate: '1T' is not a size"),
        (["--listing", "nonsense"], "--listing: 'nonsense' names no listing: give its number"),
        (["--listing", "1.2", "--listing", "../etc"], "--listing: '../etc'"),
        (["--vendor", " "], "--vendor: a name is missing"),
        (["--category", ""], "--category: a name is missing"),
        (["--mirror", "http://search.example"], "No mirror can be at search.example"),
        (["--mirror", f"http://{ONION}/path"], "no path"),
        (["--mirror", onion(2), "--mirror", f"{'a' * 56}.onion"], "No mirror can be at"),
        (["--mirror", "127.0.0.1:8080"], "where Tor does not go"),
        (["--socks", "nowhere"], "--socks: 'nowhere' is no address"),
        (["--direct"], "asked through Tor only"),
        (["--summary", "/nowhere/at/all.json"], "there is no folder /nowhere/at"),
    ],
)
def test_what_is_refused(data: Path, options: list[str], said: str) -> None:
    before = ready(data)
    result = crawled("dream", *options)
    assert result.exit_code == Code.BAD_INPUT, result.output
    assert said in result.stderr
    assert everything(data) == before


@pytest.mark.parametrize(
    "options",
    [["--pages", "0"], ["--each", "17"], ["--delay", "-1"], ["--retries", "x"], ["--nonsense"]],
)
def test_wrong_usage(data: Path, options: list[str]) -> None:
    before = ready(data)
    result = crawled("dream", *options)
    assert result.exit_code == Code.BAD_INPUT
    assert options[0] in re.sub(r"\x1b\[[0-9;]*m", "", result.stderr)
    assert everything(data) == before


def test_an_unknown_market(data: Path) -> None:
    result = crawled("dreem")
    assert result.exit_code == Code.BAD_INPUT
    assert "Did you mean dream?" in result.stderr
    assert not data.exists()


def test_without_a_mirror(data: Path) -> None:
    for options in ([], ["--direct"]):
        result = crawled("dream", *options)
        assert result.exit_code == Code.BAD_INPUT
        assert "mirror add dream ADDRESS" in result.stderr
        assert not data.exists()


def test_a_market_on_this_machine_is_not_asked_through_tor(data: Path) -> None:
    before = ready(data, "127.0.0.1:8080")
    result = crawled("dream")
    assert result.exit_code == Code.BAD_INPUT
    assert "Use --direct" in result.stderr and "http://127.0.0.1:8080" in result.stderr
    assert everything(data) == before


def test_mirrors_of_both_kinds_are_not_mixed(data: Path) -> None:
    ready(data, "127.0.0.1:8080")
    before = ready(data)
    direct, through = crawled("dream", "--direct"), crawled("dream")
    assert (direct.exit_code, through.exit_code) == (2, 2)
    assert f"mirror remove dream http://{ONION}" in direct.stderr
    assert "mirror remove dream http://127.0.0.1:8080" in through.stderr
    assert everything(data) == before


def test_without_tor(data: Path) -> None:
    before = ready(data)
    for options in (["--socks", "127.0.0.1:2"], []):  # without it the one of the settings
        result = crawled("dream", "--mirror", onion(2), *options)
        assert result.exit_code == Code.TOR
        assert f"There is no Tor at 127.0.0.1:{2 if options else 1}" in result.stderr
        assert "tor run" in result.stderr
    assert everything(data) == before


def test_a_second_crawl_at_the_same_time(tmp_path: Path) -> None:
    with place(tmp_path / "data", "dream") as here, Jobs(tmp_path / "data/crawls", "dream").lock():
        ended = here.crawl(None)
        assert ended.code == Code.BAD_INPUT
        assert "is running already (process " in ended.errors
        assert here.server.site.snapshot().get("requests", 0) == 0
        assert not here.archive.exists()


def test_the_same_command_goes_on_also_with_a_span(tmp_path: Path) -> None:
    with place(tmp_path / "data", "dream") as here:
        first = here.crawl(None, "--since", "1h", "--pages", "5")
        assert (first.code, first.summary["resumed"]) == (0, False)
        assert "The same command goes on" in first.said
        second = here.crawl(None, "--since", "1h")
        assert (second.code, second.summary["resumed"]) == (0, True)
        assert second.summary["outcome"] == "finished"
        third = here.crawl(None, "--since", "1h")  # the one before was finished
        assert third.summary["resumed"] is False
        assert here.crawl(None, "--since", "2h", "--pages", "1").summary["resumed"] is False


def test_help_teaches() -> None:
    result = run("crawl", "--help")
    told = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert result.exit_code == 0
    for words in (
        "session add MARKET --cookies",
        "mirror add MARKET",
        "Which pages",
        "How politely",
        "When something goes wrong",
        "Exit codes",
    ):
        assert words in told
