"""monitor.toml: what is wrong in it is said, with its line, and nothing is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryptodrug_scraper.monitor.config import BadConfig, read_config
from cryptodrug_scraper.reading.market import markets
from tests.cli.running import shell

MARKET = min(markets())
GOOD = f"""time_zone = "Europe/Brussels"
[markets.{MARKET}]
when = "30 2 * * mon"
category = ["Cannabis", "Ecstasy"]
since = "6d"
pages = 500
delay = 0.5
invented = true
[markets.{MARKET}.healthy]
pages = 10
[bulletins.belgium]
when = "0 8 * * mon"
countries = ["Belgium", "NL"]
"""

WRONG = [
    ('time_zone = "Europe/Bruxelles"\n' + GOOD.partition("\n")[2], 1, "Europe/Brussels"),
    (GOOD.replace(MARKET, "nowhere", 1), 2, "there is no market 'nowhere'"),
    (GOOD.replace("30 2 * * mon", "30 2 * *"), 3, "five"),
    (GOOD.replace("30 2 * * mon", "30 2 * * 1"), 3, "by name"),
    (GOOD.replace("30 2 * * mon", "99 2 * * mon"), 3, "no cron words"),
    (GOOD.replace('when = "30 2 * * mon"\n', ""), 2, "missing"),
    (GOOD.replace('["Cannabis", "Ecstasy"]', '"Cannabis"'), 4, "valid list"),
    (GOOD.replace('"6d"', '"some days"'), 5, "neither a date"),
    (GOOD.replace("pages = 500", "pages = 0"), 6, "greater than or equal to 1"),
    (GOOD.replace("delay = 0.5", 'delay = "0.5"'), 7, "valid number"),
    (GOOD.replace("delay = 0.5", "delay = -1.0"), 7, "greater than or equal to 0"),
    (GOOD.replace("invented = true", 'quiet_hours = "22-6"'), 8, "22:00-06:30"),
    (GOOD.replace("invented = true", 'colour = "red"'), 8, "nothing of this name"),
    (GOOD.replace("invented = true", "each = 99"), 8, "less than or equal to 16"),
    (GOOD.replace("pages = 10", "readable = 98"), 10, "less than or equal to 1"),
    (GOOD.replace('"Belgium", "NL"', '"Belgiumm"'), 13, "no country"),
    (GOOD.replace('"Belgium", "NL"', ""), 13, "at least 1"),
    (GOOD + 'period = "year"\n', 14, "'week' or 'month'"),
    (GOOD + 'languages = ["de"]\n', 14, "'en', 'fr' or 'nl'"),
    (GOOD + "[inbox]\n", 14, "missing"),
    (GOOD + '[notify]\nevery = "often"\n', 15, "length of time"),
    (GOOD + '[notify]\nleast = "bad"\n', 15, "'fine', 'look' or 'broken'"),
    (GOOD + "[files]\npatience = 2\n", 15, "in quotes"),
    ("time_zone = \n", 1, "line 1"),
    ('time_zone = "UTC"\n', 1, "markets: it is missing"),
]


@pytest.mark.parametrize(("text", "line", "words"), WRONG, ids=range(len(WRONG)))
def test_each_wrong_place_is_named(text: str, line: int, words: str, tmp_path: Path) -> None:
    file = tmp_path / "monitor.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(BadConfig) as refused:
        read_config(file)
    assert f"line {line}" in str(refused.value) and words in str(refused.value)


def test_all_wrong_places_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "monitor.toml"
    file.write_text(GOOD.replace("0.5", '"fast"').replace("NL", "Nether"), "utf-8")
    with pytest.raises(BadConfig) as refused:
        read_config(file)
    assert len(str(refused.value).splitlines()) == 2


def test_what_a_crawl_is_given(tmp_path: Path) -> None:
    file = tmp_path / "monitor.toml"
    file.write_text(GOOD, "utf-8")
    config = read_config(file)
    assert config.markets[MARKET].arguments() == [
        *("--category", "Cannabis", "--category", "Ecstasy", "--since", "6d"),
        *("--pages", "500", "--delay", "0.5", "--invented"),
    ]
    assert config.bulletins["belgium"].countries == ["BE", "NL"]


def test_the_commands(tmp_path: Path) -> None:
    file = tmp_path / "monitor.toml"

    def monitor(*arguments: str) -> tuple[int, str]:
        done = shell("monitor", *arguments, CRYPTODRUG_DATA_DIR=str(tmp_path))
        return done.returncode, (done.stdout + done.stderr).decode()

    assert monitor("init", "--config", str(file))[0] == 0 and file.stat().st_mode & 0o077 == 0
    code, words = monitor("init", "--config", str(file))
    assert code == 2 and "is there already" in words
    code, words = monitor("check", "--config", str(file))
    assert code == 0 and "No mirror" in words
    code, words = monitor("plan", "--config", str(file), "--json")
    assert code == 0 and words.count(f"crawl/{MARKET}") == 1
    file.write_text(_as_meant(file), "utf-8")
    code, words = monitor("check", "--config", str(file))
    assert code == 0, words
    assert monitor("runs")[0] == 3


def _as_meant(file: Path) -> str:
    """Return the example with all its settings taken as meant, but for files that are not there."""
    lines = file.read_text("utf-8").splitlines()
    kept = [
        line.removeprefix("# ") if "=" in line or line.startswith("# [") else line for line in lines
    ]
    return "\n".join(line for line in kept if not line.startswith(("words =", "Messages", "urls")))
