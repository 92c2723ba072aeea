"""Parts of a database: a country, a period, a market. The answers are the story's, by hand."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cryptodrug_scraper.export import (
    ExportOptions,
    ExportScope,
    NothingToExport,
    export,
    read_table,
)
from tests.export.exporting import ask


def part(dsn: str, folder: Path, **of: Any) -> Path:
    export(dsn, folder / "part", ExportOptions(scope=ExportScope(**of)))
    return folder / "part"


def foreign_keys_hold(folder: Path) -> None:
    """Every key of every table of an export leads to a row."""
    package = json.loads((folder / "datapackage.json").read_text())
    values: dict[str, list[dict[str, str]]] = {}
    for resource in package["resources"]:
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as file:
            values[resource["name"]] = list(csv.DictReader(file))
    for resource in package["resources"]:
        name, schema = resource["name"], resource["schema"]
        primary = [tuple(row[c] for c in schema["primaryKey"]) for row in values[name]]
        assert len(set(primary)) == len(primary), name
        for key in schema["foreignKeys"]:
            other = key["reference"]
            there = {tuple(row[c] for c in other["fields"]) for row in values[other["resource"]]}
            for row in values[name]:
                mine = tuple(row[c] for c in key["fields"])
                assert "" in mine or mine in there, (name, key)


def test_a_country_is_its_vendors_with_all_that_is_theirs(study_dsn: str, tmp_path: Path) -> None:
    folder = part(study_dsn, tmp_path, country="BE")
    foreign_keys_hold(folder)
    vendors = read_table(folder, "vendors")
    expected = ask(
        study_dsn,
        "SELECT DISTINCT v.market, v.handle FROM listing_place p"
        " JOIN listing_observation o USING (page_id, ordinal) JOIN vendor v USING (vendor_id)"
        " WHERE p.role = 'from' AND p.place = 'BE'",
    )
    have = set(zip(vendors["market"], vendors["vendor"], strict=True))
    assert have == set(expected)
    assert ("dream", "LowlandLeaf") in have
    assert ("empire", "Bergwind") not in have  # from Germany
    listings = read_table(folder, "listings")
    whole = ask(
        study_dsn,
        "SELECT external_id FROM listing_latest WHERE (market, vendor) IN %s",
        tuple(expected),
    )
    assert sorted(listings["external_id"]) == sorted(row[0] for row in whole)
    reviews = read_table(folder, "reviews")
    assert len(reviews) == sum(vendors["reviews"])
    assert set(reviews["vendor"]) <= set(vendors["vendor"])
    links = read_table(folder, "links")
    assert set(links["vendor"].dropna()) <= set(vendors["vendor"])
    assert set(links["listing_external_id"].dropna()) <= set(listings["external_id"])


def test_the_codebook_says_what_was_chosen(study_dsn: str, tmp_path: Path) -> None:
    folder = part(study_dsn, tmp_path, country="BE", markets=("empire",), first=date(2019, 4, 1))
    text = (folder / "CODEBOOK.md").read_text("utf-8")
    for words in ("markets empire", "from 2019-04-01", "ships from BE"):
        assert words in text


def test_last_stated_is_what_was_last_stated_in_the_period(study_dsn: str, tmp_path: Path) -> None:
    whole = part(study_dsn, tmp_path / "whole") if (tmp_path / "whole").mkdir() is None else None
    (tmp_path / "early").mkdir()
    early = part(study_dsn, tmp_path / "early", last=date(2019, 3, 1), markets=("wall_street",))
    foreign_keys_hold(early)
    assert whole is not None
    listing = {
        name: read_table(folder, "listings").set_index("external_id").loc["48213"]
        for name, folder in (("whole", whole), ("early", early))
    }
    # tests/replay/test_study.py: sold 112, 187, 243 in December, February and April
    assert (listing["early"]["sold"], listing["whole"]["sold"]) == (187, 243)
    assert (listing["early"]["stock"], listing["whole"]["stock"]) == (12, 25)
    assert str(listing["early"]["last_seen"].date()) == "2019-02-11"


def test_both_ends_of_a_period_are_in_it(study_dsn: str, tmp_path: Path) -> None:
    folder = part(study_dsn, tmp_path, first=date(2018, 11, 5), last=date(2018, 12, 10))
    foreign_keys_hold(folder)
    days = {str(t.date()) for t in read_table(folder, "pages")["observed_at"]}
    assert days == {"2018-11-19", "2018-12-10"}
    posted = sorted({str(t.date()) for t in read_table(folder, "reviews")["posted_on"]})
    assert (posted[0], posted[-1]) == ("2018-11-05", "2018-12-10")
    expected = ask(
        study_dsn,
        "SELECT count(*) FROM review WHERE posted_on BETWEEN '2018-11-05' AND '2018-12-10'",
    )
    assert len(read_table(folder, "reviews")) == expected[0][0]


def test_prices_in_euros_do_not_change_with_the_part(study_dsn: str, tmp_path: Path) -> None:
    """The rate that is nearest may stand on a page that the part does not have."""
    for name in ("whole", "part"):
        (tmp_path / name).mkdir()
    whole = read_table(part(study_dsn, tmp_path / "whole"), "listing_observations")
    some = read_table(
        part(study_dsn, tmp_path / "part", country="BE", first=date(2019, 1, 1)),
        "listing_observations",
    )
    keys = ["page_id", "ordinal"]
    joined = some.merge(whole, on=keys, suffixes=("", "_whole"))
    assert len(joined) == len(some) > 10
    assert joined["price_eur"].equals(joined["price_eur_whole"].rename("price_eur"))


def test_a_market_is_by_itself(study_dsn: str, tmp_path: Path) -> None:
    folder = part(study_dsn, tmp_path, markets=("empire",))
    foreign_keys_hold(folder)
    for table in ("markets", "vendors", "listings", "reviews", "pages", "links"):
        assert set(read_table(folder, table)["market"]) == {"empire"}, table
    assert len(read_table(folder, "reviews")) == 13  # tests/replay/test_study.py
    assert len(read_table(folder, "vendors")) == 3


@pytest.mark.parametrize(
    "of",
    [
        {"markets": ("dream", "empire"), "country": "NL"},
        {"country": "DE", "last": date(2019, 12, 1)},
        {"first": date(2019, 4, 15), "last": date(2019, 4, 15)},
        {"country": "BE", "markets": ("wall_street",), "first": date(2019, 2, 1)},
    ],
    ids=str,
)
def test_keys_lead_to_rows_in_every_part(study_dsn: str, tmp_path: Path, of: Any) -> None:
    foreign_keys_hold(part(study_dsn, tmp_path, **of))


def test_what_has_no_time_is_counted(study: Any, study_dsn: str, tmp_path: Path) -> None:
    undated = "UPDATE review SET posted_on = %s WHERE review_id = %s"
    review, day = ask(
        study_dsn, "SELECT review_id, posted_on FROM review ORDER BY posted_on LIMIT 1"
    )[0]
    try:
        ask(study_dsn, undated, None, review)
        done = export(
            study_dsn, tmp_path / "out", ExportOptions(scope=ExportScope(last=date(2020, 1, 1)))
        )
    finally:
        ask(study_dsn, undated, day, review)
    assert done.left_out == {"pages without a known time": 0, "reviews without a date": 1}
    assert done.files["reviews"]["rows"] == 49


def test_a_part_that_holds_nothing(study_dsn: str, tmp_path: Path) -> None:
    with pytest.raises(NothingToExport):
        part(study_dsn, tmp_path, country="JP")
    assert list(tmp_path.iterdir()) == []
