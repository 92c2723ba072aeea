"""Vendors across markets: who is the same, how sure that is, and who came after a closure."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.measure import Measure, Note

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

SHARED_KEY = 5
"""A key that more accounts of one market show identifies nobody: it is copied, or the market's."""

_ACTIVE = """
        SELECT vendor_id, CAST(observed_at AS date) AS day
        FROM listing_observation WHERE vendor_id IS NOT NULL
        UNION ALL
        SELECT vendor_id, CAST(observed_at AS date) FROM vendor_observation
        UNION ALL
        SELECT vendor_id, posted_on FROM review
"""
_LIFE = f"""
    CREATE TEMP TABLE s_vendor_life AS
    SELECT v.vendor_id, v.market, v.handle, v.folded,
           min(d.day) AS first_day, max(d.day) AS last_day
    FROM vendor v
    JOIN ({_ACTIVE}
        UNION ALL
        SELECT vendor_id, joined_on FROM vendor_observation
    ) AS d USING (vendor_id)
    WHERE v.market = ANY(:markets) AND d.day <= :end
    GROUP BY 1, 2, 3
"""
_SAME = """
    CREATE TEMP TABLE s_same_vendor AS
    WITH keys AS (
        SELECT DISTINCT l.market, l.vendor_id, k.fingerprint
        FROM s_vendor_life l
        JOIN vendor_observation o USING (vendor_id)
        JOIN pgp_key k USING (pgp_key_id)
        WHERE k.fingerprint IS NOT NULL AND CAST(o.observed_at AS date) <= :end
    ), own AS (
        SELECT market, vendor_id, fingerprint FROM keys
        WHERE fingerprint NOT IN (
            SELECT fingerprint FROM keys GROUP BY market, fingerprint HAVING count(*) > :shared
        )
    ), imported AS (
        SELECT DISTINCT o.vendor_id, e.from_market
        FROM external_rating e JOIN vendor_observation o USING (page_id, ordinal)
        WHERE coalesce(CAST(o.observed_at AS date) <= :end, true)
    ), pairs AS (
        SELECT a.vendor_id AS a, b.vendor_id AS b, 1 AS rank, a.fingerprint AS evidence
        FROM own a JOIN own b USING (fingerprint) WHERE a.market <> b.market
        UNION ALL
        SELECT a.vendor_id, b.vendor_id,
               CASE WHEN ia.vendor_id IS NULL AND ib.vendor_id IS NULL THEN 3 ELSE 2 END,
               a.folded
        FROM s_vendor_life a
        JOIN s_vendor_life b ON a.folded = b.folded AND a.market <> b.market
        LEFT JOIN imported ia ON ia.vendor_id = a.vendor_id AND ia.from_market = b.market
        LEFT JOIN imported ib ON ib.vendor_id = b.vendor_id AND ib.from_market = a.market
    )
    SELECT DISTINCT ON (a, b) a, b, evidence,
           (ARRAY['certain', 'likely', 'possible'])[rank] AS certainty, rank
    FROM pairs ORDER BY a, b, rank, evidence
"""
_SOURCES = (lit.SOSKA_CHRISTIN_2015, lit.TAI_2019)


def build_same(study: Study) -> None:
    """Build `s_vendor_life` (from when to when a vendor was there) and `s_same_vendor`."""
    study.run(_LIFE)
    study.run("ANALYZE s_vendor_life")
    study.run(_SAME, {"shared": SHARED_KEY})
    study.run("ANALYZE s_same_vendor")


def same_vendors(study: Study) -> Measure:
    """Return the pairs of accounts on two markets that are or may be one vendor, surest first.

    Of a pair the account that began first stands first.
    """
    study.once(build_same)
    frame = study.frame(
        """
        SELECT s.certainty, x.market AS market, x.handle AS vendor, y.market AS other_market,
               y.handle AS other_vendor, s.evidence, x.first_day, x.last_day,
               y.first_day AS other_first_day, y.last_day AS other_last_day
        FROM s_same_vendor s
        JOIN s_vendor_life x ON x.vendor_id = s.a
        JOIN s_vendor_life y ON y.vendor_id = s.b
        WHERE (x.first_day, x.market) < (y.first_day, y.market)
        ORDER BY s.rank, x.market, x.handle, y.market, y.handle
        """
    )
    shared = study.row(
        """
        SELECT count(*) AS n, coalesce(sum(vendors), 0) AS vendors FROM (
            SELECT l.market, k.fingerprint, count(DISTINCT l.vendor_id) AS vendors
            FROM s_vendor_life l
            JOIN vendor_observation o USING (vendor_id)
            JOIN pgp_key k USING (pgp_key_id)
            WHERE k.fingerprint IS NOT NULL
            GROUP BY 1, 2 HAVING count(DISTINCT l.vendor_id) > :shared
        ) AS each
        """,
        {"shared": SHARED_KEY},
    )
    no_key = study.row(
        """
        SELECT count(*) AS n FROM s_vendor_life l WHERE NOT EXISTS (
            SELECT 1 FROM vendor_observation o JOIN pgp_key k USING (pgp_key_id)
            WHERE o.vendor_id = l.vendor_id AND k.fingerprint IS NOT NULL)
        """
    )["n"]
    return Measure(
        name="same_vendors",
        frame=frame,
        columns={
            "certainty": "certain, likely or possible.",
            "market": "Market of the account that began first.",
            "vendor": "Its handle.",
            "other_market": "Market of the other account.",
            "other_vendor": "Its handle.",
            "evidence": "The fingerprint, or the handle in small letters.",
            "first_day": "First day known of the account: joined, seen, or a review posted.",
            "last_day": "Last day on which it was seen or a review posted.",
            "other_first_day": "The same of the other account.",
            "other_last_day": "The same of the other account.",
        },
        assumptions=(Note.of_method("key_held"), Note.of_method("degrees_apart")),
        sources=_SOURCES,
        notes=(
            Note.left_out("shared_keys", shared["n"], shared["vendors"], {"limit": SHARED_KEY}),
            Note.left_out("accounts_without_key", no_key, no_key),
        ),
    )


def migration(
    study: Study, *, market: str, since: date | None = None, active_days: int = 60
) -> Measure:
    """Return where the vendors of a market that closed turned up, a row a market and certainty.

    Each market that was open afterwards has a row of those who are certain, though it be of 0.

    Its end is counted from the day on which it was announced (vendors leave from then on), else
    from the closure, as the database has them, else from the last day on which the market was
    captured; or from `since`, if given. Vendors who were active in the `active_days` before are
    those who could go. Raises ValueError for a market that is not studied.
    """
    if market not in study.markets:
        raise ValueError(f"{market!r} is not studied; there are {', '.join(study.markets)}.")
    study.once(build_same)
    closure = study.row(
        """
        SELECT coalesce(closing_announced_on, closed_on) AS known, coalesce(
            closing_announced_on, closed_on, (
            SELECT max(CAST(observed_at AS date)) FROM page
            WHERE market = :market AND CAST(observed_at AS date) <= :end)) AS day
        FROM market WHERE market = :market
        """,
        {"market": market},
    )
    given = {"market": market, "closed": since or closure["day"], "active": active_days}
    frame = study.frame(
        f"""
        WITH leaving AS (
            SELECT DISTINCT vendor_id
            FROM s_vendor_life JOIN ({_ACTIVE}) AS d USING (vendor_id)
            WHERE market = :market AND d.day <= :end
              AND d.day > CAST(:closed AS date) - :active AND d.day <= CAST(:closed AS date)
        ), going AS (
            SELECT market FROM market WHERE market <> :market
              AND market IN (SELECT market FROM s_vendor_life)
              AND (closed_on IS NULL OR closed_on > (
                  SELECT coalesce(closed_on, :closed) FROM market WHERE market = :market))
        ), found AS (
            -- Of several accounts on one market, the surest, then the first.
            SELECT DISTINCT ON (l.vendor_id, y.market)
                   l.vendor_id, y.market AS to_market, s.certainty, s.rank, y.first_day
            FROM leaving l
            JOIN s_same_vendor s ON s.a = l.vendor_id
            JOIN s_vendor_life y ON y.vendor_id = s.b
            JOIN going g ON g.market = y.market
            ORDER BY l.vendor_id, y.market, s.rank, y.first_day
        ), each AS (
            SELECT * FROM found
            UNION ALL  -- that nobody was found there is told too
            SELECT NULL, market, 'certain', 1, NULL FROM going WHERE EXISTS (SELECT FROM leaving)
        )
        SELECT to_market, certainty, CAST(:closed AS date) AS since, count(vendor_id) AS vendors,
               count(*) FILTER (WHERE first_day <= :closed) AS before,
               count(*) FILTER (WHERE first_day > :closed) AS after,
               (SELECT count(*) FROM leaving) AS active,
               count(*) FILTER (WHERE first_day > :closed) * 1.0
                   / nullif((SELECT count(*) FROM leaving), 0) AS share_after,
               CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY first_day - CAST(:closed AS date))
                   FILTER (WHERE first_day > :closed) AS int) AS median_days
        FROM each GROUP BY to_market, certainty, rank ORDER BY to_market, rank
        """,
        given,
    )
    notes = []
    if since is not None:
        notes.append(
            Note.of_captures("migration_since", market=market, since=since, end=closure["day"])
        )
    elif closure["known"] is None and closure["day"] is not None:
        notes.append(Note.of_captures("no_closure", market=market, day=closure["day"]))
    active = 0 if frame.empty else int(frame["active"].iloc[0])
    if 0 < active < 30:
        notes.append(Note("few_active", {"n": active}, active, {"market": market}))
    return Measure(
        name="migration",
        frame=frame,
        columns={
            "to_market": "Market on which they have an account.",
            "certainty": "How sure it is that it is theirs: certain, likely or possible.",
            "since": "Day from which the end is counted: announced, else the closure.",
            "vendors": "Vendors active before that day with an account there (number).",
            "before": "Of these, those who had it by that day (number).",
            "after": "Of these, those who turned up there afterwards (number).",
            "active": f"All vendors active in the {active_days} days before that day (number).",
            "share_after": "after / active (0 to 1).",
            "median_days": "Days from that day to turning up, median of those after.",
        },
        assumptions=(Note.of_method("because_of_closure"),),
        sources=(*_SOURCES, lit.DECARY_HETU_2017, lit.VAN_BUSKIRK_2017),
        notes=tuple(notes),
    )
