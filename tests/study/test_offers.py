"""Listings as a frame: the bundled study's, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.study import Study
from tests.conftest import FIXTURES
from tests.databases import new_database
from tests.replay.test_reviews import dsn_of


@pytest.fixture(scope="module")
def filled(server: Any, _template: str) -> Iterator[Engine]:
    with new_database(server, _template) as url:
        engine = open_engine(url)
        replay([FIXTURES / "study"], dsn_of(engine))
        yield engine
        engine.dispose()


def test_from_a_country(filled: Engine) -> None:
    with Study(filled) as study:
        found = study.listings(country_from="be")
        frame = found.frame.set_index("external_id")
        assert set(frame["vendor"]) == {
            "LowlandLeaf", "ArdennesPost", "Ardennes-Post", "PolderPeak", "Kempenkoers",
        }  # fmt: skip
        flower = frame.loc["210447.664120"]
        assert flower["title"] == "Polder flower, 5 gram, dried slowly"
        assert (flower["substance"], flower["quantity"], flower["unit"]) == ("cannabis", 5, "g")
        assert list(flower["from_countries"]) == ["BE"]
        everywhere = study.listings()
        assert len(everywhere) == 13 - everywhere.left_out["outside_period"]
        assert len(found) < len(everywhere)
        assert found.left_out["unknown_origin"] > 0


def test_to_a_country_and_of_a_substance(filled: Engine) -> None:
    with Study(filled) as study:
        assert study.listings(country_to="FR").frame["external_id"].tolist() == [
            "71042", "90377", "39870",  # fixtures/study/accounts.py
        ]  # fmt: skip
        cocaine = study.listings(substance="cocaine").frame
        assert "48213" in set(cocaine["external_id"])
        assert set(cocaine["substance"]) == {"cocaine"}


def test_of_a_period(filled: Engine) -> None:
    with Study(filled, end=date(2018, 11, 30)) as study:
        found = study.listings()
        assert set(found.frame["market"]) == {"dream"}
        assert found.left_out["outside_period"] == 13 - len(found)


def test_what_is_no_country(filled: Engine) -> None:
    with Study(filled) as study, pytest.raises(ValueError, match="not a country's code"):
        study.listings(country_from="Belgium")
