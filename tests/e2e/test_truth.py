"""What was brought into the database is compared with the truth, and every change is seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.database.models import Base
from simulator.market_site import market_sites
from tests.e2e.conftest import Loaded
from tests.e2e.truth import NothingToCompare, compare


def test_all_is_there(loaded: Loaded) -> None:
    outcome = compare(loaded.dsn, loaded.market, loaded.true, loaded.at)
    assert outcome.differences == []
    assert outcome.complete and outcome.percent == 100
    for kind, tally in outcome.tallies.items():
        count = sum(record["type"] == kind for record in loaded.true)
        assert (tally.true, tally.found, tally.missing, tally.surplus) == (count, count, 0, 0)
        assert tally.fields > 7 * count
    assert outcome.pages["listing"] >= outcome.tallies["listing"].true


# -- each column -------------------------------------------------------------------------------

TABLES = {
    "listing_observation": "listing_id",
    "listing_place": "listing_id",
    "price_alternative": "listing_id",
    "price_tier": "listing_id",
    "shipping_option": "listing_id",
    "vendor_observation": "vendor_id",
    "feedback_count": "vendor_id",
    "star_rating": "vendor_id",
    "external_rating": "vendor_id",
    "review": "review_id",
}
WHERE_AND_WHEN = {
    *("page_id", "ordinal", "position", "observed_at", "is_card", "is_profile"),
    *("review_id", "content_id", "first_seen", "last_seen", "sightings", "page_ids", "ordinals"),
    *("price_page_id", "earlier_content_ids", "invented", "spelling_id"),
}
"""Columns that say nothing of the market itself; ``listing_id`` and such are the row's own."""
OTHER = {
    "vendor_id": "(SELECT vendor_id FROM vendor x WHERE x.vendor_id <> t.vendor_id LIMIT 1)",
    "listing_id": "(SELECT listing_id FROM listing x WHERE x.listing_id <> t.listing_id LIMIT 1)",
    "place": "(SELECT 'JP')",
    "product_class": "(CASE t.product_class WHEN 'digital' THEN 'physical' ELSE 'digital' END)",
    "sentiment": "(CASE t.sentiment WHEN 'positive' THEN 'negative' ELSE 'positive' END)",
    "per": "(CASE t.per WHEN 'item' THEN 'order' ELSE 'item' END)",
    "price_currency": "(CASE t.price_currency WHEN 'USD' THEN 'EUR' ELSE 'USD' END)",
    "posted_precision": "(CASE t.posted_precision WHEN 'day' THEN 'hour' ELSE 'day' END)",
    "earliest": "t.earliest - interval '400 days'",
    "latest": "t.latest + interval '400 days'",
    "posted_at": "t.posted_at + interval '1 minute'",
    "posted_on": "t.posted_on - 40",
}
TEXTS = ("description_id", "terms_id", "profile_id")
OTHERS = {
    **dict.fromkeys(
        TEXTS, "(SELECT text_id FROM long_text x WHERE x.text_id <> t.{column} LIMIT 1)"
    ),
    "pgp_key_id": "(SELECT pgp_key_id FROM pgp_key x WHERE x.pgp_key_id <> t.{column} LIMIT 1)",
}
BY_TYPE = {
    "BIGINT": "t.{column} + 1",
    "NUMERIC": "t.{column} + 1",
    "TEXT": "t.{column} || 'x'",
    "BOOLEAN": "NOT t.{column}",
    "DATE": "t.{column} + 1",
    "TEXT[]": "t.{column} || 'x'::text",
    "BIGINT[]": "array_append(t.{column}[1:4], t.{column}[5] + 1)",
}
SETTING = {
    "BIGINT": "3",
    "NUMERIC": "3",
    "TEXT": "'x'",
    "BOOLEAN": "true",
    "DATE": "'2018-01-01'",
    "TEXT[]": "'{x}'",
    "BIGINT[]": "'{1,2,3,4,5}'",
}
SET = {
    "price_amount": ("price_amount = 3, price_currency = 'USD'"),
    "product_class": "product_class = 'digital'",
    "sentiment": "sentiment = 'neutral'",
    "per": "per = 'item'",
    "listing_id": "listing_id = (SELECT listing_id FROM listing LIMIT 1)",
    "pgp_key_id": "pgp_key_id = (SELECT pgp_key_id FROM pgp_key LIMIT 1)",
    "posted_at": "posted_at = '2018-01-01 00:00Z'",
    **{name: f"{name} = (SELECT text_id FROM long_text LIMIT 1)" for name in TEXTS},
}
EMPTY = {
    "price_amount": "price_amount = NULL, price_currency = NULL",
    "category_path": "category_path = '{}'",
    "payment": "payment = '{}'",
    "currencies": "currencies = '{}'",
}


def columns() -> Iterator[tuple[str, str, str]]:
    for table, own in TABLES.items():
        for column in Base.metadata.tables[table].columns:
            if column.name not in WHERE_AND_WHEN | {own}:
                kind = (
                    str(column.type.compile())
                    if "ARRAY" not in repr(column.type)
                    else (f"{column.type.item_type}[]")
                )
                yield table, column.name, kind


def of_one(table: str, key: int, column: str) -> str:
    """The rows of a table that are of one listing, vendor or review."""
    own = TABLES[table]
    if own in Base.metadata.tables[table].columns:
        return f"t.{own} = {key}"
    observation = own.replace("_id", "_observation")
    of_it = f"SELECT page_id, ordinal FROM {observation} WHERE {own} = {key}"
    return f"(t.page_id, t.ordinal) IN ({of_it})"


def key_with(loaded: Loaded, table: str, condition: str) -> int | None:
    """A listing, vendor or review of which a row meets a condition, from its own page if any."""
    own = TABLES[table]
    if own in Base.metadata.tables[table].columns:
        query = f"SELECT t.{own} FROM {table} t WHERE {condition}"
    else:
        observation = own.replace("_id", "_observation")
        query = (
            f"SELECT o.{own} FROM {table} t JOIN {observation} o USING (page_id, ordinal)"
            f" WHERE {condition}"
        )
    found = loaded.values(f"{query} ORDER BY 1 LIMIT 1")
    return found[0][0] if found else None


def is_caught(loaded: Loaded, table: str, column: str, kind: str, how: str) -> bool | None:
    """Change, empty or set a column of one thing; None if there is nothing to change so."""
    stated_ = f"t.{column} IS NOT NULL" if not kind.endswith("[]") else f"t.{column} <> '{{}}'"
    if how == "changed":
        value = OTHER.get(column) or OTHERS.get(column, BY_TYPE.get(kind, "")).format(column=column)
        change, condition = f"{column} = {value}", stated_
        if column in ("posted_on", "earliest", "latest"):
            condition += " AND t.earliest < t.latest"
        if column == "stock_unlimited":
            change = "stock_unlimited = NOT t.stock_unlimited, stock = NULL"
        if column == "role":
            change = "role = 'to', position = t.position + 50"
            condition = "t.role = 'from'"
    elif how == "emptied":
        change, condition = EMPTY.get(column, f"{column} = NULL"), stated_
        if not Base.metadata.tables[table].columns[column].nullable and column not in EMPTY:
            return None
        if column == "price_amount" and table == "price_alternative":
            return None
    else:
        change = SET.get(column, f"{column} = {SETTING.get(kind, 'now()')}")
        condition = f"NOT ({stated_})" if kind.endswith("[]") else f"t.{column} IS NULL"
        if column == "stock":
            change += ", stock_unlimited = false"
        if table.endswith("_observation"):  # never stated of it, by any page
            own = TABLES[table]
            condition = (
                f"t.{own} NOT IN (SELECT t.{own} FROM {table} t WHERE {stated_}) AND {condition}"
            )
    if column == "price_currency" and how != "changed":
        return None
    key = key_with(loaded, table, condition)
    if key is None:
        return None
    rows = f"{of_one(table, key, column)} AND {condition}"
    outcome = loaded.after(f"UPDATE {table} t SET {change} WHERE {rows}")
    return not outcome.complete and outcome.count > 0 and outcome.percent < 100


@pytest.mark.parametrize("how", ["changed", "emptied", "set"])
def test_a_change_of_any_column_is_caught(loaded: Loaded, how: str) -> None:
    outcomes = {
        f"{table}.{column}": is_caught(loaded, table, column, kind, how)
        for table, column, kind in columns()
    }
    missed = {name for name, caught in outcomes.items() if caught is False}
    if how == "emptied" and not market_sites()[loaded.market].profile_reviews_name_listings:
        missed -= {"review.listing_id", "review.listing_title"}
    assert missed == set()
    tried = sum(caught is not None for caught in outcomes.values())
    assert tried > {"changed": 40, "emptied": 30, "set": 8}[how]
    assert loaded.compared().complete


def test_what_a_review_leaves_open_is_counted(loaded: Loaded) -> None:
    before = loaded.compared().tallies["review"]
    if market_sites()[loaded.market].profile_reviews_name_listings:
        assert before.unsaid == 0
        return
    assert 0 < before.unsaid < before.true / 2
    outcome = loaded.after("UPDATE review SET listing_id = NULL WHERE author IS NOT NULL")
    assert outcome.tallies["review"].unsaid > before.unsaid


# -- rows ---------------------------------------------------------------------------------------

LISTING = "(SELECT listing_id FROM listing_observation WHERE NOT is_card ORDER BY 1 LIMIT 1)"
VENDOR = "(SELECT vendor_id FROM vendor_observation WHERE is_profile ORDER BY 1 LIMIT 1)"
REVIEW = "(SELECT review_id FROM review ORDER BY 1 LIMIT 1)"
TWICE = "CREATE TEMP TABLE again ON COMMIT DROP AS SELECT * FROM review WHERE review_id = {}"
Counts = tuple[int, int]


@pytest.mark.parametrize(
    ("kind", "counts", "words", "statements"),
    [
        (
            "listing",
            (1, 0),
            "missing",
            [f"DELETE FROM listing_observation WHERE listing_id = {LISTING}"],
        ),
        (
            "vendor",
            (1, 0),
            "missing",
            [f"DELETE FROM vendor_observation WHERE vendor_id = {VENDOR}"],
        ),
        ("review", (1, 0), "missing", [f"DELETE FROM review WHERE review_id = {REVIEW}"]),
        (
            "review",
            (0, 1),
            "surplus: no true review is left for it",
            [
                TWICE.format(REVIEW),
                "UPDATE again SET review_id = 1",
                "INSERT INTO review SELECT * FROM again",
            ],
        ),
        (
            "vendor",
            (0, 1),
            "there is no such vendor",
            ["INSERT INTO vendor SELECT 1, market, handle || '2', folded FROM vendor LIMIT 1"],
        ),
        (
            "listing",
            (0, 1),
            "no page shows it and no review is of it",
            ["INSERT INTO listing SELECT 1, market, external_id || '2' FROM listing LIMIT 1"],
        ),
        (
            "listing",
            (1, 1),
            "there is no such listing",
            [f"UPDATE listing SET external_id = '77' WHERE listing_id = {LISTING}"],
        ),
        (
            "vendor",
            (1, 1),
            "there is no such vendor",
            [f"UPDATE vendor SET handle = 'other' WHERE vendor_id = {VENDOR}"],
        ),
    ],
)
def test_a_missing_and_a_surplus_row_are_caught(
    loaded: Loaded, kind: str, counts: Counts, words: str, statements: list[str]
) -> None:
    outcome = loaded.after(*statements)
    tally = outcome.tallies[kind]
    assert (tally.missing, tally.surplus) == counts
    assert tally.found == tally.true - counts[0]
    assert any(told.startswith(kind) and words in told for told in outcome.differences)
    assert not outcome.complete and outcome.percent < 100


def test_a_review_taken_for_another_is_two_differences_or_one_in_words(loaded: Loaded) -> None:
    words = "UPDATE review SET text = 'never said' WHERE review_id = " + REVIEW
    outcome = loaded.after(words)
    assert outcome.count == 1
    assert "text 'never said', true is " in outcome.differences[0]


def test_twins_are_counted(loaded: Loaded) -> None:
    """One of two reviews that are alike in all is lost, or one of a third is there."""
    alike = (
        "SELECT min(review_id) FROM review GROUP BY vendor_id, content_id, author, listing_id,"
        " price_amount, earliest, latest HAVING count(*) > 1 LIMIT 1"
    )
    if not loaded.values(alike):
        pytest.fail("the world has no twins: take another seed")
    outcome = loaded.after(f"DELETE FROM review WHERE review_id = ({alike})")
    assert (outcome.tallies["review"].missing, outcome.count) == (1, 1)
    outcome = loaded.after(
        TWICE.format(f"({alike})"),
        "UPDATE again SET review_id = 1",
        "INSERT INTO review SELECT * FROM again",
    )
    assert (outcome.tallies["review"].surplus, outcome.count) == (1, 1)


def test_differences_are_told_in_words(loaded: Loaded) -> None:
    key, title = loaded.values(
        "SELECT external_id, title FROM listing JOIN listing_observation USING (listing_id)"
        f" WHERE listing_id = {LISTING} AND NOT is_card LIMIT 1"
    )[0]
    outcome = loaded.after(
        f"UPDATE listing_observation SET price_amount = 5.00, price_currency = 'XMR'"
        f" WHERE listing_id = {LISTING}"
    )
    price = next(
        record["fields"]["price"]
        for record in loaded.true
        if record["type"] == "listing" and record["fields"]["external_id"] == key
    )
    told = f"listing {key}: price 5.00 XMR, true is {price['amount']} {price['currency']}"
    assert outcome.differences == [told]
    assert told in str(outcome) and "1 differences" in str(outcome)
    assert title


def test_only_the_first_differences_are_told(loaded: Loaded) -> None:
    with loaded.connection.cursor() as cursor:
        cursor.execute("UPDATE listing_observation SET title = title || '!'")
        outcome = loaded.compared(most=3)
    assert len(outcome.differences) == 3 < outcome.count
    assert f"… and {outcome.count - 3} more" in str(outcome)


# -- nothing to compare -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["listing", "vendor", "review"])
def test_a_truth_without_a_type_is_no_truth(loaded: Loaded, kind: str) -> None:
    true = [record for record in loaded.true if record["type"] != kind]
    with pytest.raises(NothingToCompare, match=f"no {kind} of {loaded.market}"):
        compare(loaded.dsn, loaded.market, true, loaded.at)


def test_an_empty_database_and_one_of_another_market_are_errors(
    loaded: Loaded, migrated_url: str
) -> None:
    with pytest.raises(NothingToCompare, match="no page"):
        compare(client_url(migrated_url), loaded.market, loaded.true, loaded.at)
    with pytest.raises(ValueError, match="The truth is of"):
        compare(loaded.dsn, "another", loaded.true, loaded.at)


def test_reviews_must_be_worked_out_first(loaded: Loaded) -> None:
    due = "INSERT INTO review_due SELECT vendor_id, content_id FROM review LIMIT 1"
    with pytest.raises(NothingToCompare, match="1 groups of reviews wait"):
        loaded.after(due)


def test_pages_without_records_are_not_complete(loaded: Loaded) -> None:
    outcome = loaded.after(
        "DELETE FROM listing_observation", "DELETE FROM vendor_observation", "DELETE FROM review"
    )
    assert not outcome.complete and outcome.percent < 5
    assert all(tally.found == 0 for tally in outcome.tallies.values())
