"""Prices of listings in EUR over time, and which of them nobody could have meant.

A vendor who is out of stock or away often raises a price out of reach instead of taking the
listing down (a *holding price*), or lists at 0.01 and hides the price elsewhere. Such prices are
flagged, never deleted, and typical prices are made without them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.measure import Note

LEYS_2013 = (
    "Leys C, Ley C, Klein O, et al. (2013). Detecting outliers: do not use standard deviation "
    "around the mean, use absolute deviation around the median. Journal of Experimental Social "
    "Psychology 49, 764–766."
)
# Soska & Christin compare with a listing's own median too; the thresholds here are the project's.
SOURCES = (lit.SOSKA_CHRISTIN_2015, LEYS_2013)


@dataclass(frozen=True)
class PriceRule:
    """When a price is taken for a holding or absurd one. `note` is the rule for a method.

    `floor` and `ceiling` are EUR; `factor` is how many times above or below; `mads` how many
    median absolute deviations of log10 of the price per unit; `group` the fewest listings that
    make a group; `own` the fewest prices of a listing that are compared with each other.
    """

    floor: float = 0.05
    ceiling: float = 100_000
    factor: float = 10
    mads: float = 5
    group: int = 10
    own: int = 2

    def __post_init__(self) -> None:
        if not (0 <= self.floor < self.ceiling and self.factor > 1 and self.mads > 0):
            raise ValueError(f"{self} makes no sense: floor < ceiling, factor > 1, mads > 0.")

    @property
    def note(self) -> Note:
        """The rule, for a method."""
        return Note.of_method("holding_rule", **asdict(self))


def build_prices(study: StudySession, rule: PriceRule) -> None:
    """Make ``s_listing_price(listing_id, day, price_eur, quantity, unit, now, held)``.

    And ``s_typical(listing_id, prices, prices_held, price_eur)``: how many, and the median
    without those that are held, of the study's period where there is one in it.

    A row for each listing, day, price and amount shown that day, in EUR; `quantity` (of `unit`) is
    what the title said then, or null, and `now` whether the listing was of that amount still when
    its title was last stated: typical prices are of these. ``held`` is null, or why the price is
    not meant: ``floor``, ``ceiling``, ``group`` or ``own``. Needs the tables of `build_rates` and
    `build_amounts`, and ``s_words`` of `listings.py`.
    """
    study.run(_PRICES, {"floor": rule.floor})
    study.run("CREATE INDEX ON s_listing_price (listing_id, day); ANALYZE s_listing_price")
    _flag_bounds(study, rule)
    study.run(f"CREATE TEMP TABLE s_typical AS {_TYPICAL} GROUP BY listing_id")
    study.run("CREATE UNIQUE INDEX ON s_typical (listing_id); ANALYZE s_typical")
    _flag_groups(study, rule)
    _flag_own(study, rule)
    if study.start is not None or study.end is not None:
        study.run(_WITHIN)  # what is a holding price is told by all prices, whenever seen


# An amount in the options has a price of its own there; it is that of a listing which costs
# nothing else.
_PRICES = """
    CREATE TEMP TABLE s_listing_price AS
    WITH titled AS (  -- a card without a title goes on from the title before it
        SELECT page_id, ordinal, listing_id,
               max(title) OVER (PARTITION BY listing_id, nth) AS title
        FROM (
            SELECT o.page_id, o.ordinal, o.listing_id, o.title, count(o.title) OVER (
                       PARTITION BY o.listing_id ORDER BY o.observed_at, o.page_id, o.ordinal
                   ) AS nth
            FROM listing_observation o
            WHERE o.listing_id IN (SELECT listing_id FROM s_retitled)
        ) AS told
    ), amount AS (
        SELECT i.page_id, i.ordinal, a.quantity, a.unit
        FROM titled i LEFT JOIN s_retitled a USING (listing_id, title)
    ), shown AS (
        SELECT o.listing_id, near.day, CAST(o.price_amount * near.eur AS float8) AS eur,
               s.option_eur, s.quantity AS quantity_now, s.unit AS unit_now,
               CASE WHEN a.page_id IS NULL OR a.unit IS NULL AND s.quantity_source = 'option'
                    THEN s.quantity ELSE a.quantity END AS quantity,
               CASE WHEN a.page_id IS NULL OR a.unit IS NULL AND s.quantity_source = 'option'
                    THEN s.unit ELSE a.unit END AS unit
        FROM listing_observation o
        JOIN s_words_of s USING (listing_id)
        JOIN s_rate_near near ON near.market = s.market AND near.currency = o.price_currency
            AND near.day = CAST(o.observed_at AS date)
        LEFT JOIN amount a USING (page_id, ordinal)
        WHERE o.price_amount IS NOT NULL
    )
    SELECT DISTINCT listing_id, day,
           eur + CASE WHEN eur <= :floor THEN coalesce(option_eur, 0) ELSE 0 END AS price_eur,
           CAST(quantity AS float8) AS quantity, unit,
           quantity IS NOT DISTINCT FROM quantity_now AND unit IS NOT DISTINCT FROM unit_now AS now,
           CAST(NULL AS text) AS held
    FROM shown
"""
_TYPICAL = """
    SELECT listing_id, count(*) AS prices, count(held) AS prices_held,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY price_eur)
               FILTER (WHERE held IS NULL AND now) AS price_eur,
           min(price_eur) FILTER (WHERE held IS NULL) AS low,
           max(price_eur) FILTER (WHERE held IS NULL) AS high,
           min(price_eur / nullif(quantity, 0)) FILTER (WHERE held IS NULL) AS unit_low,
           max(price_eur / nullif(quantity, 0)) FILTER (WHERE held IS NULL) AS unit_high
    FROM s_listing_price
"""
_WITHIN = """
    UPDATE s_typical t SET price_eur = n.price_eur
    FROM (SELECT listing_id,
                 percentile_cont(0.5) WITHIN GROUP (ORDER BY price_eur) AS price_eur
          FROM s_listing_price WHERE held IS NULL AND now AND day BETWEEN :start AND :end
          GROUP BY listing_id) AS n
    WHERE n.listing_id = t.listing_id
"""


def _typical_again(study: StudySession, held: str) -> None:
    """Make typical prices anew of listings of which some price was just flagged."""
    study.run(
        f"""
        UPDATE s_typical t SET prices_held = n.prices_held, price_eur = n.price_eur,
            low = n.low, high = n.high, unit_low = n.unit_low, unit_high = n.unit_high
        FROM ({_TYPICAL}
              WHERE listing_id IN (SELECT listing_id FROM s_listing_price WHERE held = :held)
              GROUP BY listing_id) AS n
        WHERE n.listing_id = t.listing_id
        """,
        {"held": held},
    )


def _flag_bounds(study: StudySession, rule: PriceRule) -> None:
    study.run(
        """
        UPDATE s_listing_price
        SET held = CASE WHEN price_eur <= :floor THEN 'floor' ELSE 'ceiling' END
        WHERE price_eur <= :floor OR price_eur >= :ceiling
        """,
        {"floor": rule.floor, "ceiling": rule.ceiling},
    )


def _flag_groups(study: StudySession, rule: PriceRule) -> None:
    """Compare the price per unit with that of like listings, each counted once."""
    study.run(
        """
        CREATE TEMP TABLE s_like AS
        SELECT o.listing_id, o.unit,
               log(t.price_eur / CAST(o.quantity AS float8)) AS typical,
               dense_rank() OVER (ORDER BY w.substance, w.substance_detail, o.unit) AS wide,
               dense_rank() OVER (ORDER BY w.substance, w.substance_detail, o.unit,
                                  floor(log(o.quantity))) AS narrow
        FROM s_words_of o JOIN s_words w USING (words_id) JOIN s_typical t USING (listing_id)
        WHERE o.quantity > 0 AND t.price_eur > 0 AND w.substance NOT IN ('unknown', 'not_drugs')
        """
    )
    study.run(
        """
        CREATE TEMP TABLE s_group AS
        WITH both_ways AS (
            SELECT 'wide' AS kind, wide AS number, typical FROM s_like
            UNION ALL SELECT 'narrow', narrow, typical FROM s_like
        ), centre AS (
            SELECT kind, number,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY typical) AS median
            FROM both_ways GROUP BY kind, number HAVING count(*) >= :group
        )
        SELECT c.kind, c.number, c.median,
               1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(b.typical - c.median))
               AS mad
        FROM centre c JOIN both_ways b USING (kind, number)
        GROUP BY c.kind, c.number, c.median
        """,
        {"group": rule.group},
    )
    study.run(
        """
        UPDATE s_listing_price p SET held = 'group'
        FROM (
            SELECT l.listing_id, l.unit, power(10, g.median - g.slack) AS low,
                   power(10, g.median + g.slack) AS high  -- EUR for one unit
            FROM s_like l
            LEFT JOIN s_group n ON n.kind = 'narrow' AND n.number = l.narrow
            LEFT JOIN s_group w ON w.kind = 'wide' AND w.number = l.wide
            CROSS JOIN LATERAL (
                SELECT coalesce(n.median, w.median) AS median,
                       greatest(log(CAST(:factor AS float8)), :mads * coalesce(n.mad, w.mad))
                       AS slack
            ) AS g
        ) AS fair
        JOIN s_typical t USING (listing_id)
        WHERE (t.unit_low < fair.low OR t.unit_high > fair.high)
          AND p.listing_id = fair.listing_id AND p.unit = fair.unit AND p.held IS NULL
          AND p.price_eur / nullif(p.quantity, 0) NOT BETWEEN fair.low AND fair.high
        """,
        {"factor": rule.factor, "mads": rule.mads},
    )
    study.run("DROP TABLE s_like, s_group")
    _typical_again(study, "group")


def _flag_own(study: StudySession, rule: PriceRule) -> None:
    """Compare each price with the listing's own over time, of the same amount.

    Of an even number of prices the lower in the middle counts: between two prices, of which one
    is a holding price, lies one that nobody asked.
    """
    study.run(
        """
        UPDATE s_listing_price p SET held = 'own'
        FROM (
            SELECT listing_id, o.quantity, o.unit,
                   percentile_disc(0.5) WITHIN GROUP (ORDER BY o.price_eur) AS middle
            FROM s_listing_price o JOIN s_typical t USING (listing_id)
            WHERE o.held IS NULL AND t.high > :factor * t.low
            GROUP BY 1, 2, 3 HAVING count(*) >= :own
        ) AS same
        WHERE p.listing_id = same.listing_id AND p.held IS NULL
          AND p.quantity IS NOT DISTINCT FROM same.quantity
          AND p.unit IS NOT DISTINCT FROM same.unit
          AND (p.price_eur > :factor * same.middle OR p.price_eur * :factor < same.middle)
        """,
        {"factor": rule.factor, "own": rule.own},
    )
    _typical_again(study, "own")
