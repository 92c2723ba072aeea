"""What amount a listing is of: by its title now and before, or by its shipping options.

`build_amounts` makes ``s_words_of(listing_id, market, words_id, quantity, …)``, a row a listing,
and ``s_retitled(listing_id, title, quantity, unit)`` of those whose titles stated different
amounts over time, since a price is of the amount that stood beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from cryptodrug_scraper.normalise.packages import read_package
from cryptodrug_scraper.study.core import StudySession


def build_amounts(study: StudySession, floor: float) -> None:
    """Make ``s_words_of`` and ``s_retitled``.

    Needs ``s_stated``, ``s_told``, ``s_saying`` and ``s_words`` of `listings.py`. Prices of
    `floor` EUR or less are no prices, and the amount may then stand in the options.
    """
    _assign(study)
    _retitled(study)
    _read_options(study, floor)


def plain(value: Decimal | None) -> str | None:
    """Return a number as COPY takes it."""
    return None if value is None else format(value, "f")


def _assign(study: StudySession) -> None:
    """Make ``s_words_of``: which words a listing has, and its amount."""
    study.run(
        """
        CREATE TEMP TABLE s_words_of AS
        SELECT t.listing_id, t.market, s.words_id, w.quantity, w.quantity_low, w.quantity_high,
               w.unit, w.pieces,
               CASE WHEN w.unit IS NULL THEN 'none' ELSE 'title' END AS quantity_source,
               NULL::float8 AS option_eur
        FROM s_told t
        JOIN s_saying s ON s.category = t.category AND s.title = coalesce(t.title, '')
            AND s.digital = t.digital
        JOIN s_words w USING (words_id)
        """
    )
    study.run("CREATE UNIQUE INDEX ON s_words_of (listing_id); ANALYZE s_words_of")


def _retitled(study: StudySession) -> None:
    study.run(
        """
        CREATE TEMP TABLE s_retitled AS
        WITH titles AS (
            SELECT DISTINCT s.listing_id, s.title FROM s_stated s JOIN s_told t USING (listing_id)
            WHERE s.title IS NOT NULL AND s.listing_id IN (
                SELECT listing_id FROM s_stated GROUP BY 1 HAVING count(DISTINCT title) > 1)
        ), amounts AS (
            SELECT i.listing_id, i.title, w.quantity, w.unit,
                   coalesce(trim_scale(w.quantity) || w.unit, '') AS amount
            FROM titles i JOIN s_told t USING (listing_id)
            JOIN s_saying y ON y.category = t.category AND y.title = i.title
                AND y.digital = t.digital
            JOIN s_words w USING (words_id)
        )
        SELECT listing_id, title, quantity, unit FROM amounts WHERE listing_id IN (
            SELECT listing_id FROM amounts GROUP BY 1 HAVING count(DISTINCT amount) > 1)
        """
    )
    study.run("CREATE INDEX ON s_retitled (listing_id, title); ANALYZE s_retitled")


def _read_options(study: StudySession, floor: float) -> None:
    """Take the amount from shipping options, where vendors of a 0.01 listing hide it.

    Only of listings of a drug whose title gives a range or nothing, whose price is at the floor,
    and with two or more options that state different amounts at rising prices: the least one
    counts, and its price is added to the listing's.
    """
    rows = study.frame(
        """
        WITH latest AS (
            SELECT DISTINCT ON (o.listing_id) o.listing_id, o.page_id, o.ordinal,
                   o.observed_at::date AS day
            FROM listing_observation o
            JOIN s_words_of s USING (listing_id) JOIN s_words w USING (words_id)
            JOIN s_rate_near r ON r.market = s.market AND r.currency = o.price_currency
                AND r.day = o.observed_at::date
            WHERE s.quantity IS NULL AND w.substance NOT IN ('unknown', 'not_drugs')
              AND o.price_amount * r.eur <= :floor
              AND EXISTS (SELECT FROM shipping_option x WHERE x.page_id = o.page_id
                          AND x.ordinal = o.ordinal AND x.price_amount > 0)
            ORDER BY o.listing_id,
                     o.page_id IN (SELECT page_id FROM page WHERE cut_off),
                     o.observed_at DESC, o.page_id, o.ordinal
        )
        SELECT t.listing_id, x.name, w.sold_by, (x.price_amount * r.eur)::float8 AS eur
        FROM latest t JOIN shipping_option x USING (page_id, ordinal)
        JOIN s_words_of s USING (listing_id) JOIN s_words w USING (words_id)
        JOIN s_rate_near r ON r.market = s.market AND r.currency = x.price_currency
            AND r.day = t.day
        WHERE x.price_amount > 0 ORDER BY t.listing_id, x.position
        """,
        {"floor": floor},
    )
    if rows.empty:
        return
    study.run(
        "CREATE TEMP TABLE s_option (listing_id bigint, quantity numeric, unit text,"
        " pieces bigint, option_eur float8)"
    )
    study.copy(
        "s_option",
        ("listing_id", "quantity", "unit", "pieces", "option_eur"),
        _least_options(rows.itertuples(index=False)),
    )
    study.run(
        """
        UPDATE s_words_of s SET quantity = o.quantity, quantity_low = o.quantity,
            quantity_high = o.quantity, unit = o.unit, pieces = o.pieces,
            quantity_source = 'option', option_eur = o.option_eur
        FROM s_option o WHERE o.listing_id = s.listing_id
        """
    )


def _least_options(rows: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    offers: dict[int, dict[tuple[str, Decimal], tuple[float, int | None]]] = {}
    for listing_id, name, sold_by, eur in rows:
        # pandas makes NaN of a null
        package = read_package(name, sold_by if isinstance(sold_by, str) else None)
        if package.single and package.unit:
            each = offers.setdefault(int(listing_id), {})
            known = each.get((package.unit, package.single))
            if known is None or eur < known[0]:
                each[package.unit, package.single] = (float(eur), package.pieces)
    for listing_id, each in offers.items():
        ladder = sorted(each.items())
        rising = all(a[1][0] < b[1][0] for a, b in pairwise(ladder))
        if len(ladder) >= 2 and len({unit for unit, _ in each}) == 1 and rising:
            (unit, amount), (eur, pieces) = ladder[0]
            yield listing_id, plain(amount), unit, pieces, eur
