"""The program as a whole: help, version, errors, pipes, locales, start-up."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cryptodrug_scraper.cli import errors, parse
from cryptodrug_scraper.cli.errors import Failure
from cryptodrug_scraper.cli.options import place
from cryptodrug_scraper.common.terminal import cut, json_text, safe
from tests.cli.running import PROGRAM, run, shell
from tests.conftest import FIXTURES, ROOT

LISTING = FIXTURES / "dream" / "listing_new.html"
COMMANDS = [
    ["replay"],
    ["report"],
    ["parse"],
    ["doctor"],
    ["markets"],
    ["new-market"],
    ["db"],
    ["db", "url"],
    ["db", "upgrade"],
    ["db", "query"],
    ["db", "status"],
    ["db", "stop"],
    ["mirror"],
    ["mirror", "add"],
    ["mirror", "list"],
    ["mirror", "remove"],
    ["session"],
    ["session", "add"],
    ["session", "list"],
    ["session", "remove"],
    ["session", "check"],
    ["simulate"],
    ["tor"],
    ["tor", "status"],
    ["tor", "run"],
    ["tor", "new-identity"],
    ["crawl"],
    ["export"],
]


def test_version() -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("cryptodrug 0.")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_teaches_with_examples(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"cryptodrug {' '.join(command)}" in result.stdout
    assert "[bold]" not in result.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["replay"],
        ["report"],
        ["parse"],
        ["doctor"],
        ["crawl"],
        ["db", "query"],
        ["session"],
        ["simulate"],
        ["tor", "status"],
    ],
)
def test_exit_codes_are_in_the_help(command: list[str]) -> None:
    assert "Exit codes" in run(*command, "--help").stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"COLUMNS": "30"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NO_COLOR": "1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("command", [["parse", "--help"], ["doctor", str(LISTING)]], ids=str)
def test_narrow_terminals_and_other_locales(
    command: list[str], environment: dict[str, str]
) -> None:
    done = shell(*command, **environment)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


def test_piped_json_is_utf_8_whatever_the_locale() -> None:
    done = shell("parse", LISTING, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "☘" in done.stdout.decode("utf-8")


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["parse", "--help"],
        ["parse", str(LISTING)],
        ["markets"],
        ["simulate", "--help"],
        ["report", "--help"],
    ],
)
def test_nothing_heavy_is_imported(command: list[str]) -> None:
    code = (
        "import sys; from cryptodrug_scraper.cli.app import app\n"
        f"try: app({command!r})\nexcept SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'alembic', 'pandas', 'scrapy', 'psycopg2', 'pydantic_settings'}\n"
        "heavy |= {'requests', 'stem', 'simulator.markets', 'matplotlib', 'jinja2', 'numpy'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["parse", "doctor"])
def test_a_reader_that_leaves_ends_it_quietly(command: str) -> None:
    pages = sorted(FIXTURES.glob("dream/*.html")) * 4 if command == "parse" else [LISTING]
    process = subprocess.Popen(
        [*PROGRAM, command, *map(str, pages)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == errors.Code.PIPE_CLOSED
    assert b"Traceback" not in said
    assert b"Exception" not in said


def test_a_fault_of_ours_is_short_and_says_how_to_see_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("of \x1b[31mall things")

    monkeypatch.setattr(parse, "check_market", fail)
    result = run("parse", LISTING)
    assert result.exit_code == errors.Code.FAULT
    assert "cryptodrug --debug" in result.stderr
    assert "\x1b" not in result.stderr
    assert "Traceback" not in result.stderr
    assert isinstance(run("--debug", "parse", LISTING).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FileNotFoundError(2, "No such file", "x.html"), 1, "x.html: No such file"),
        (OSError(28, "No space left on device"), 1, "No space left"),
        (MemoryError(), 1, "memory"),
    ],
)
def test_errors_of_the_system(error: Exception, code: int, said: str) -> None:
    failure = errors.explain(error)
    assert failure is not None
    assert failure.code == code
    assert said in str(failure)


def test_markets() -> None:
    result = run("markets")
    assert result.exit_code == 0
    for word in ("dream", "Wall Street Market", "empire", "2019-04-30"):
        assert word in result.stdout
    assert '"name": "dream"' in run("markets", "--json").stdout


def test_safe_texts() -> None:
    assert safe("a\x1b[31m\n\tb\x00\x9b") == "a\\x1b[31m b\\x00\\x9b"
    assert safe("a‮b\ud800") == "a\\u202eb\\ud800"
    assert safe("a\r\nb\rc", lines=True) == "a\nb\\x0dc"
    assert safe("[bold]x[/]") == "[bold]x[/]"
    assert cut("abcdef", 4) == "abc…"
    assert json_text({"a": "\x7f‮\ud800"}) == '{"a": "\\u007f\\u202e\\ud800"}'


def on_terminal(*arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Run with standard output and error on a terminal of 100 columns."""
    main, other = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdin=other,
        stdout=other,
        stderr=other,
        cwd=ROOT,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"} | environment,
    )
    os.close(other)
    said = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(main)
    return process.wait(60), said.decode("utf-8", "replace")


def test_a_terminal_shows_a_bar_with_rate_and_colours() -> None:
    code, said = on_terminal("replay", "--dry-run", "--workers", "1", FIXTURES / "study")
    assert code in (0, 1)
    assert "pages/s" in said
    assert "Reading" in said
    assert "Pages by market and kind" in said


def test_no_color() -> None:
    _, said = on_terminal("parse", "--pretty", LISTING)
    assert "\x1b[" in said
    _, said = on_terminal("parse", "--pretty", LISTING, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-8]", said)


def test_hostile_texts_on_a_terminal(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    text = LISTING.read_text("utf-8").replace("Valerian root", "\x9b31m [red]\x1b]0;owned\x07")
    page.write_text(text, "utf-8")
    _, said = on_terminal("doctor", page)
    assert "\x1b]0;" not in said
    assert "\x07" not in said
    assert "\x9b" not in said
    assert "[red]" in said


# -- words of messages ------------------------------------------------------------------------


def test_a_path_stays_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "mine.txt").touch()
    said = run("export", "--out", "csv").stderr
    assert said.startswith("Error: csv is not empty.")
    assert run("replay", "missing").stderr.startswith("Error: No such file or folder: missing")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["parse", "--market", "nowhere", "x"], "Error: Unknown market 'nowhere'"),
        (["simulate", "--market", "nowhere"], "Error: Unknown market 'nowhere'"),
        (["simulate", "--fault", "x=1"], "Error: Unknown fault 'x'"),
        (["simulate", "--vendors", "0"], "Error: Vendors must be 1"),
    ],
)
def test_a_message_of_ours_begins_with_a_capital(arguments: list[str], said: str) -> None:
    assert run(*arguments).stderr.startswith(said)


def test_a_flag_takes_no_value_in_the_help() -> None:
    for command in ([], *COMMANDS, ["fetch"]):
        help_text = run(*command, "--help").stdout
        assert "<bool>" not in help_text, command
        assert "--help" in help_text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--lang", "de"], "'--lang': 'de' is not one of 'en', 'fr', 'nl'"),
        (["--threshold", "few"], "'--threshold': it must be a whole number"),
        (["--threshold", "0"], "'--threshold': it must be greater than or equal to 1"),
    ],
)
def test_wrong_values_are_told_in_words_of_ours(arguments: list[str], said: str) -> None:
    result = run("report", "--country", "BE", "--out", "x.html", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_a_wrong_setting_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", "~nobody-of-this-name/secret")
    result = run("db", "status")
    assert result.exit_code == 2
    assert "CRYPTODRUG_DATA_DIR: there is no home folder for ~nobody" in result.stderr
    assert not re.search("secret|validation|pydantic|Value error", result.stderr)


PERIODS = [
    (("--from", "2018-13-01"), "--from '2018-13-01' is"),
    (("--to", "yesterday"), "--to 'yesterday' is"),
    (("--from", "2019-01-02", "--to", "2019-01-01"), "--from 2019-01-02 is after --to 2019-01-01"),
    (("--country", "Atlantis"), "--country: 'Atlantis' is no country. Write an ISO 3166-1 code"),
    (("--country", ""), "--country: '' is no country."),
    (("--market", "silkroad"), "silkroad"),
]


@pytest.mark.parametrize("command", ["report", "export"])
@pytest.mark.parametrize(("options", "words"), PERIODS, ids=lambda value: " ".join(value)[:20])
def test_dates_countries_and_markets_are_refused_in_the_same_words(
    command: str, options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    country = () if "--country" in options else ("--country", "BE")
    result = run(command, "--out", tmp_path / "out", *country, *options)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stated", ["be", " BEL", "Belgium", "belgique"])
def test_a_country_is_read_alike(stated: str) -> None:
    assert place(stated) == place(stated, regions=True) == "BE"


def test_a_region_is_a_country_of_an_export_only() -> None:
    assert place("eu", regions=True) == "EU"
    with pytest.raises(Failure, match="is a region, not a country"):
        place("EU")
