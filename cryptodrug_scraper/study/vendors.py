"""Vendors across markets: who is the same, and how sure that is."""

from __future__ import annotations

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.days import posted
from cryptodrug_scraper.study.intervals import share, wilson
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.prepare import prepare

SHARED_KEY = 5
"""A key that more accounts of one market show identifies nobody: it is copied, or the market's."""

ACTIVE = """
        SELECT vendor_id, CAST(observed_at AS date) AS day
        FROM listing_observation WHERE vendor_id IS NOT NULL
        UNION ALL
        SELECT vendor_id, CAST(observed_at AS date) FROM vendor_observation
        UNION ALL
        SELECT vendor_id, day FROM s_vendor_posted
"""
"""SQL of days on which vendors were there: seen, or (by the estimate, `days.py`) reviewed."""
# The study's reviews, those on its edge, and those that were left before its period began.
_POSTED = f"""
    CREATE TEMP TABLE s_vendor_posted AS
    SELECT vendor_id, posted_on AS day, min(first_day) AS first_day, min(last_day) AS last_day
    FROM (
        SELECT vendor_id, posted_on, first_day, last_day FROM s_review
        UNION ALL
        SELECT vendor_id, posted_on, first_day, last_day FROM s_review_edge
        UNION ALL
        SELECT vendor_id, posted_on, first_day, last_day FROM ({posted(["vendor_id"])}) AS r
        WHERE last_day < :start
    ) AS each
    WHERE posted_on <= :end GROUP BY 1, 2
"""
_LIFE = f"""
    CREATE TEMP TABLE s_vendor_life AS
    SELECT v.vendor_id, v.market, v.handle, v.folded,
           min(d.day) AS first_day, max(d.day) AS last_day
    FROM vendor v
    JOIN ({ACTIVE}
        UNION ALL
        SELECT vendor_id, joined_on FROM vendor_observation
    ) AS d USING (vendor_id)
    WHERE v.market = ANY(:markets) AND d.day <= :end
    GROUP BY 1, 2, 3, 4
"""
_KEYS = """
    CREATE TEMP TABLE s_vendor_key AS
    WITH keys AS (
        SELECT DISTINCT l.market, l.vendor_id, k.fingerprint
        FROM s_vendor_life l
        JOIN vendor_observation o USING (vendor_id)
        JOIN pgp_key k USING (pgp_key_id)
        WHERE k.fingerprint IS NOT NULL AND CAST(o.observed_at AS date) <= :end
    )
    SELECT market, vendor_id, fingerprint FROM keys WHERE fingerprint NOT IN (
        SELECT fingerprint FROM keys GROUP BY market, fingerprint HAVING count(*) > :shared
    )
"""
_SAME = """
    CREATE TEMP TABLE s_same_vendor AS
    WITH imported AS (
        SELECT DISTINCT o.vendor_id, e.from_market
        FROM external_rating e JOIN vendor_observation o USING (page_id, ordinal)
        WHERE coalesce(CAST(o.observed_at AS date) <= :end, true)
    ), pairs AS (
        SELECT a.vendor_id AS a, b.vendor_id AS b, 1 AS rank, a.fingerprint AS evidence
        FROM s_vendor_key a JOIN s_vendor_key b USING (fingerprint) WHERE a.market <> b.market
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
SOURCES = (lit.SOSKA_CHRISTIN_2015, lit.TAI_2019)


def build_same(study: StudySession) -> None:
    """Build `s_vendor_life` (from when to when one was there), `s_vendor_key`, `s_same_vendor`.

    And `s_vendor_posted`: days (by estimate) on which a vendor was reviewed, until the study's
    end, with the least of the days between which these reviews were surely left.
    """
    prepare(study)
    study.run(_POSTED)
    study.run("ANALYZE s_vendor_posted")
    study.run(_LIFE)
    study.run("ANALYZE s_vendor_life")
    study.run(_KEYS, {"shared": SHARED_KEY})
    study.run("ANALYZE s_vendor_key")
    study.run(_SAME)
    study.run("ANALYZE s_same_vendor")


def same_vendors(study: StudySession) -> Measure:
    """Return the pairs of accounts on two markets that are or may be one vendor, surest first.

    Of a pair the account that began first stands first.
    """
    study.ensure_built(build_same)
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
    apart = int(
        study.row("SELECT count(*) AS n FROM vendor_apart JOIN s_vendor_life USING (vendor_id)")[
            "n"
        ]
    )
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
        sources=SOURCES,
        notes=(
            Note.left_out("shared_keys", shared["n"], shared["vendors"], {"limit": SHARED_KEY}),
            Note.left_out("accounts_without_key", no_key, no_key),
            *([Note("kept_apart", {"n": apart}, apart)] if apart else []),
        ),
    )


def handle_matches(study: StudySession) -> Measure:
    """Return how often accounts with one handle on two markets show different keys.

    A row a pair of markets, and one of all (without markets). Only pairs for which the handle is
    all there is: no ratings imported from the other market.
    """
    study.ensure_built(build_same)
    frame = study.frame(
        """
        WITH known AS (
            SELECT vendor_id, array_agg(fingerprint) AS prints FROM s_vendor_key GROUP BY 1
        ), imported AS (
            SELECT DISTINCT o.vendor_id, e.from_market
            FROM external_rating e JOIN vendor_observation o USING (page_id, ordinal)
            WHERE coalesce(CAST(o.observed_at AS date) <= :end, true)
        )
        SELECT a.market, b.market AS other_market, a.folded,
               x.prints IS NOT NULL AND y.prints IS NOT NULL AS keys_known,
               coalesce(NOT x.prints && y.prints, false) AS keys_differ
        FROM s_vendor_life a JOIN s_vendor_life b ON a.folded = b.folded AND a.market < b.market
        LEFT JOIN known x ON x.vendor_id = a.vendor_id
        LEFT JOIN known y ON y.vendor_id = b.vendor_id
        WHERE NOT EXISTS (SELECT FROM imported i
            WHERE i.vendor_id = a.vendor_id AND i.from_market = b.market
               OR i.vendor_id = b.vendor_id AND i.from_market = a.market)
        ORDER BY 1, 2, 3
        """
    )
    names = ["pairs", "keys_known", "keys_differ"]
    frame["pairs"] = 1
    frame[names] = frame[names].astype(int)
    each = frame.groupby(["market", "other_market"], as_index=False)[names].sum()
    low, high = wilson(each["keys_differ"], each["keys_known"])
    each["share_low"], each["share_high"] = low, high
    if len(each):
        # A handle on three markets is in three pairs.
        handles = frame.groupby("folded")[names].sum()
        of_all = share(
            handles[["keys_differ"]].to_numpy(float), handles[["keys_known"]].to_numpy(float)
        )
        total = {**handles.sum().to_dict(), "market": None, "other_market": None}
        if total["keys_known"]:
            total |= {"share_low": of_all.low[0], "share_high": of_all.high[0]}
        each = pd.concat([each, pd.DataFrame([total])], ignore_index=True)
    each["share"] = each["keys_differ"] / each["keys_known"].where(each["keys_known"] > 0)
    columns = {
        "market": "A market; nothing for all pairs of markets.",
        "other_market": "Another.",
        "pairs": "Pairs of accounts with one handle (but for capitals), nothing else speaking for "
        "one vendor (number).",
        "keys_known": "Of these, those of whom both showed a PGP key (number).",
        "keys_differ": "Of these, those that showed no key in common (number).",
        "share": "keys_differ / keys_known (0 to 1).",
        "share_low": "Lower end of its 95 % interval.",
        "share_high": "Upper end.",
    }
    return Measure(
        name="handle_matches",
        frame=each[list(columns)],
        columns=columns,
        assumptions=(Note.of_method("keys_known_alike"),),
        sources=SOURCES,
    )
