"""Pages that were cut off are marked, and what was last known is read from whole pages first.

Of pages that are in a database already it is not known before the next replay, whose parsers
read them anew.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LISTING = """
    WITH told AS (
        SELECT listing_id,
               min(observed_at) AS first_seen, max(observed_at) AS last_seen,
               count(*) AS observations,
               LAST(title), LAST(vendor_id), LAST(price_amount), LAST(price_currency),
               LAST(ships_from_text), LAST(ships_to_text), LAST(product_class),
               LAST(stock_unlimited), LAST(sold), LAST(sold_since), LAST(views), LAST(ends),
               LAST(min_order), LAST(max_order), LAST(description_id), LAST(terms_id),
               (array_agg(stock ORDER BY LATEST)
                   FILTER (WHERE stock IS NOT NULL OR stock_unlimited IS NOT NULL))[1]
                   AS stock
        FROM (SELECT *, CUT(page_id) FROM listing_observation) AS o GROUP BY listing_id
    )
    SELECT l.listing_id, l.market, l.external_id, t.title, v.handle AS vendor, t.vendor_id,
           lists.category_path, t.price_amount, t.price_currency,
           places.ships_from, places.ships_to, places.ships_to_excluded,
           t.ships_from_text, t.ships_to_text, lists.payment, lists.currencies,
           t.product_class, t.stock, t.stock_unlimited, t.sold, t.sold_since, t.views,
           t.ends, t.min_order, t.max_order, t.description_id, t.terms_id,
           t.first_seen, t.last_seen, t.observations
    FROM listing l
    JOIN told t USING (listing_id)
    LEFT JOIN vendor v ON v.vendor_id = t.vendor_id
    LEFT JOIN LATERAL (
        SELECT (array_agg(places ORDER BY LATEST) FILTER (WHERE role = 'from'))[1]::text[]
                   AS ships_from,
               (array_agg(places ORDER BY LATEST) FILTER (WHERE role = 'to'))[1]::text[]
                   AS ships_to,
               -- a card, or what is left of a page, may say less than the listing's own page
               CASE WHEN max(observed_at) FILTER (WHERE role = 'to' AND NOT is_card AND NOT cut_off)
                       > max(observed_at) FILTER (WHERE role = 'excluded')
                   THEN NULL
                   ELSE (array_agg(places ORDER BY LATEST) FILTER (WHERE role = 'excluded'))[1]
                       ::text[] END AS ships_to_excluded
        FROM (
            SELECT o.observed_at, o.page_id, o.ordinal, o.is_card, p.role, CUT(o.page_id),
                   array_agg(p.place ORDER BY p.position)::text AS places
            FROM listing_observation o JOIN listing_place p USING (page_id, ordinal)
            WHERE o.listing_id = l.listing_id
            GROUP BY o.observed_at, o.page_id, o.ordinal, o.is_card, p.role
        ) AS s
    ) AS places ON true
    LEFT JOIN LATERAL (
        SELECT (array_agg(category_path::text ORDER BY cardinality(category_path) DESC, LATEST)
                   FILTER (WHERE category_path <> '{}'))[1]::text[] AS category_path,
               (array_agg(payment::text ORDER BY LATEST)
                   FILTER (WHERE payment <> '{}'))[1]::text[] AS payment,
               (array_agg(currencies::text ORDER BY LATEST)
                   FILTER (WHERE currencies <> '{}'))[1]::text[] AS currencies
        FROM (
            SELECT *, CUT(page_id) FROM listing_observation o WHERE o.listing_id = l.listing_id
        ) AS o
    ) AS lists ON true
"""
_VENDOR = """
    WITH told AS (
        SELECT vendor_id,
               count(*) AS observations,
               LAST(sales), LAST(rating), LAST(rating_max), LAST(rating_count),
               LAST(positive_percent), LAST(level), LAST(trust_level), LAST(experience),
               LAST(joined_on), LAST(last_active_on), LAST(finalize_early), LAST(trusted),
               LAST(banned), LAST(disputes), LAST(profile_id), LAST(terms_id),
               LAST(pgp_key_id)
        FROM (SELECT *, CUT(page_id) FROM vendor_observation) AS o GROUP BY vendor_id
    ), seen AS (
        SELECT vendor_id, min(observed_at) AS first_seen, max(observed_at) AS last_seen
        FROM (
            SELECT vendor_id, observed_at FROM vendor_observation
            UNION ALL
            SELECT vendor_id, observed_at FROM listing_observation WHERE vendor_id IS NOT NULL
        ) AS either GROUP BY vendor_id
    )
    SELECT v.vendor_id, v.market, v.handle, t.sales, t.rating, t.rating_max, t.rating_count,
           t.positive_percent, t.level, t.trust_level, t.experience, t.joined_on,
           t.last_active_on, t.finalize_early, t.trusted, t.banned, t.disputes,
           k.fingerprint AS pgp_fingerprint, t.pgp_key_id, t.profile_id, t.terms_id,
           (SELECT count(*) FROM review r WHERE r.vendor_id = v.vendor_id) AS reviews,
           s.first_seen, s.last_seen, coalesce(t.observations, 0) AS observations
    FROM vendor v
    LEFT JOIN told t USING (vendor_id)
    LEFT JOIN seen s USING (vendor_id)
    LEFT JOIN pgp_key k ON k.pgp_key_id = t.pgp_key_id
"""
VIEWS = {"listing_latest": _LISTING, "vendor_latest": _VENDOR}
LATEST = "observed_at DESC NULLS LAST, page_id, ordinal"
CUT = r"\1 IN (SELECT c.page_id FROM page c WHERE c.cut_off) AS cut_off"


def upgrade() -> None:
    """Mark pages, and replace the views."""
    op.add_column(
        "page",
        sa.Column(
            "cut_off",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="The page ends early: what it does not state, the whole page may.",
        ),
    )
    op.alter_column("page", "cut_off", server_default=None)
    op.create_index("ix_page_cut_off", "page", ["page_id"], postgresql_where=sa.text("cut_off"))
    replace_views(f"cut_off, {LATEST}", CUT)


def downgrade() -> None:
    """Put the views back, which look at the latest page whether it is whole or not."""
    replace_views(LATEST, "false AS cut_off")
    op.drop_index("ix_page_cut_off", "page")
    op.drop_column("page", "cut_off")


def replace_views(latest: str, cut: str) -> None:
    """Put the views as they are from here on, in this order of pages."""
    for name, view in VIEWS.items():
        body = re.sub(
            r"LAST\((\w+)\)",
            r"(array_agg(\1 ORDER BY LATEST) FILTER (WHERE \1 IS NOT NULL))[1] AS \1",
            view,
        )
        body = re.sub(r"CUT\(([\w.]+)\)", cut, body).replace("LATEST", latest)
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {body}")
