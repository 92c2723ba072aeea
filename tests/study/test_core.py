"""A study's snapshot: what it reads, what it cannot write, and what it refuses."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from cryptodrug_scraper import study
from cryptodrug_scraper.study import Measure, Note, Study


@pytest.fixture
def two_markets(engine: Engine) -> Engine:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO market VALUES ('aa', 'A', '2018-01-01', NULL), ('bb', 'B', NULL, NULL)"
            )
        )
    return engine


def test_a_study_knows_its_markets_and_period(two_markets: Engine) -> None:
    with Study(two_markets) as whole:
        assert whole.markets == ("aa", "bb")
        assert whole.row("SELECT :start AS s, :end AS e, :markets AS m") == {
            "s": date.min, "e": date.max, "m": ["aa", "bb"],
        }  # fmt: skip
    with Study(two_markets, markets=["bb"], end=date(2019, 1, 1)) as part:
        assert part.markets == ("bb",)
        assert part.row("SELECT :end AS e")["e"] == date(2019, 1, 1)


def test_what_cannot_be_studied_is_refused(two_markets: Engine) -> None:
    with pytest.raises(ValueError, match=r"no market 'cc'; it knows aa, bb"):
        Study(two_markets, markets=["cc"])
    with pytest.raises(ValueError, match="before it begins"):
        Study(two_markets, start=date(2019, 1, 2), end=date(2019, 1, 1))


def test_a_question_writes_nothing_and_a_wrong_one_harms_nothing(two_markets: Engine) -> None:
    with Study(two_markets) as opened:
        opened.run("CREATE TEMP TABLE kept (n int)")
        opened.copy("kept", ("n",), [(1,), (2,)])
        with pytest.raises(DBAPIError, match="read-only"):
            opened.frame("DELETE FROM market RETURNING market")
        with pytest.raises(DBAPIError):
            opened.frame("SELECT nonsense")
        assert opened.frame("SELECT n FROM kept ORDER BY n")["n"].tolist() == [1, 2]


def test_all_questions_see_one_state(two_markets: Engine) -> None:
    with Study(two_markets) as opened:
        with two_markets.begin() as other:
            other.execute(text("INSERT INTO market VALUES ('cc', 'C')"))
        assert opened.row("SELECT count(*) AS n FROM market")["n"] == 2
    with Study(two_markets) as later:
        assert later.markets == ("aa", "bb", "cc")


def test_tables_of_a_study_go_with_it(two_markets: Engine) -> None:
    with Study(two_markets) as opened:
        opened.run("CREATE TEMP TABLE kept (n int)")
    with Study(two_markets) as again:
        again.run("CREATE TEMP TABLE kept (n int)")


def test_open_takes_an_address(two_markets: Engine) -> None:
    url = two_markets.url.render_as_string(hide_password=False)
    with study.open(url, markets=["aa"]) as opened:
        assert opened.markets == ("aa",)


def test_a_measure_explains_every_column() -> None:
    frame = pd.DataFrame({"market": ["<b>"], "n": [1]})
    with pytest.raises(ValueError, match="explained"):
        Measure("migration", frame, {"market": "The market."})
    notes = (Note.of_captures("no_closure", market="a < b", day=date(2019, 1, 1)),)
    shown = Measure("migration", frame, {"market": "", "n": ""}, notes=notes)._repr_html_()
    assert "<b>" not in shown
    assert "a &lt; b" in shown
