"""Prices of listings in EUR over time, and which of them nobody could have meant.

A vendor who is out of stock or away often raises a price out of reach instead of taking the
listing down (a *holding price*), or lists at 0.01 and hides the price elsewhere. Such prices are
flagged, never deleted, and typical prices are made without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

SOURCES = (
    "Soska & Christin 2015, Measuring the Longitudinal Evolution of the Online Anonymous "
    "Marketplace Ecosystem, USENIX Security (holding prices, against a listing's own median; the "
    "thresholds here are this project's)",
    "Leys et al. 2013, Detecting outliers, J. Exp. Soc. Psychol. 49 (median absolute deviation)",
)


@dataclass(frozen=True)
class PriceRule:
    """When a price is taken for a holding or absurd one. `text` says it in words.

    `floor` and `ceiling` are EUR; `factor` is how many times above or below; `mads` how many
    median absolute deviations of log10 of the price per unit; `group` the fewest listings that
    make a group; `own` the fewest prices of a listing that are compared with each other.
    """

    floor: float = 0.05
    ceiling: float = 100_000
    factor: float = 10
    mads: float = 5
    group: int = 10
    own: int = 3

    def __post_init__(self) -> None:
        if not (0 <= self.floor < self.ceiling and self.factor > 1 and self.mads > 0):
            raise ValueError(f"{self} makes no sense: floor < ceiling, factor > 1, mads > 0.")

    @property
    def text(self) -> str:
        """The rule in words, for a report."""
        return (
            f"A price is taken for a holding or absurd one if it is {self.floor:g} EUR or less, or "
            f"{self.ceiling:g} EUR or more; if the price per gram, millilitre or piece is more "
            f"than {self.factor:g} times above or below the median of listings of the same "
            "substance, unit and order of magnitude of the amount, and more than "
            f"{self.mads:g} median absolute deviations (of the logarithm) away from it, where "
            f"there are {self.group} such listings or more; or if it is more than "
            f"{self.factor:g} times above or below the median of the listing's own other prices "
            f"over time, where there are {self.own} prices or more. It is flagged, and left out of "
            "typical prices."
        )


def build_prices(study: Study, rule: PriceRule) -> None:
    """Make ``s_listing_price(listing_id, day, price_eur, held)``: prices of listings in EUR.

    A row for each listing, day and price shown that day; ``held`` is null, or why the price is
    not meant: ``floor``, ``ceiling``, ``group`` or ``own``. Needs
    the tables of `build_rates`, and ``s_words_of`` and ``s_words`` of `listings.py`.
    """
    study.run(
        """
        CREATE TEMP TABLE s_listing_price AS
        SELECT DISTINCT o.listing_id, near.day,
               CAST(o.price_amount * near.eur AS float8) + coalesce(s.option_eur, 0)
                   AS price_eur,
               NULL::text AS held
        FROM listing_observation o
        JOIN s_words_of s USING (listing_id)
        JOIN s_rate_near near ON near.market = s.market AND near.currency = o.price_currency
            AND near.day = CAST(o.observed_at AS date)
        WHERE o.price_amount IS NOT NULL
        """
    )
    study.run("ANALYZE s_listing_price")
    _flag_bounds(study, rule)
    _flag_groups(study, rule)
    _flag_own(study, rule)
    study.run("CREATE INDEX ON s_listing_price (listing_id, day)")


def _flag_bounds(study: Study, rule: PriceRule) -> None:
    study.run(
        """
        UPDATE s_listing_price
        SET held = CASE WHEN price_eur <= :floor THEN 'floor' ELSE 'ceiling' END
        WHERE price_eur <= :floor OR price_eur >= :ceiling
        """,
        {"floor": rule.floor, "ceiling": rule.ceiling},
    )


def _flag_groups(study: Study, rule: PriceRule) -> None:
    """Compare the price per unit with that of like listings, each counted once."""
    study.run(
        """
        CREATE TEMP TABLE s_like AS
        SELECT o.listing_id, o.quantity::float8 AS quantity,
               dense_rank() OVER (ORDER BY w.substance, w.substance_detail, o.unit) AS wide,
               dense_rank() OVER (ORDER BY w.substance, w.substance_detail, o.unit,
                                  floor(log(o.quantity))) AS narrow
        FROM s_words_of o JOIN s_words w USING (words_id)
        WHERE o.quantity > 0 AND w.substance NOT IN ('unknown', 'not_drugs')
        """
    )
    study.run("CREATE INDEX ON s_like (listing_id); ANALYZE s_like")
    study.run(
        """
        CREATE TEMP TABLE s_group AS
        WITH each AS (
            SELECT l.listing_id, l.wide, l.narrow,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY log(p.price_eur / l.quantity))
                   AS typical
            FROM s_like l JOIN s_listing_price p USING (listing_id) WHERE p.held IS NULL
            GROUP BY l.listing_id, l.wide, l.narrow
        ), both_ways AS (
            SELECT 'wide' AS kind, wide AS number, typical FROM each
            UNION ALL SELECT 'narrow', narrow, typical FROM each
        ), centre AS (
            SELECT kind, number, count(*) AS listings,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY typical) AS median
            FROM both_ways GROUP BY kind, number
        )
        SELECT c.kind, c.number, c.listings, c.median,
               1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(b.typical - c.median))
               AS mad
        FROM centre c JOIN both_ways b USING (kind, number)
        WHERE c.listings >= :group
        GROUP BY c.kind, c.number, c.listings, c.median
        """,
        {"group": rule.group},
    )
    study.run(
        """
        UPDATE s_listing_price p SET held = 'group'
        FROM s_like l
        LEFT JOIN s_group n ON n.kind = 'narrow' AND n.number = l.narrow
        LEFT JOIN s_group w ON w.kind = 'wide' AND w.number = l.wide
        WHERE p.listing_id = l.listing_id AND p.held IS NULL
          AND abs(log(p.price_eur / l.quantity) - coalesce(n.median, w.median))
              > greatest(log(CAST(:factor AS float8)), :mads * coalesce(n.mad, w.mad))
        """,
        {"factor": rule.factor, "mads": rule.mads},
    )
    study.run("DROP TABLE s_like, s_group")


def _flag_own(study: Study, rule: PriceRule) -> None:
    """Compare each price with the listing's own median over time."""
    study.run(
        """
        UPDATE s_listing_price p SET held = 'own'
        FROM (SELECT listing_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY price_eur) AS median
              FROM s_listing_price WHERE held IS NULL
              GROUP BY listing_id HAVING count(*) >= :own) AS m
        WHERE p.listing_id = m.listing_id AND p.held IS NULL
          AND (p.price_eur > :factor * m.median OR p.price_eur * :factor < m.median)
        """,
        {"factor": rule.factor, "own": rule.own},
    )
