"""In `listing_latest` an exclusion ends where the listing's page no longer states it.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import re

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATED = """
    (array_agg(s.places ORDER BY s.observed_at DESC NULLS LAST, s.page_id, s.ordinal)
        FILTER (WHERE s.role = 'excluded'))[1]::text[]
"""
# A card may say less than the listing's own page.
_NOT_ENDED = f"""
    CASE WHEN max(s.observed_at) FILTER (WHERE s.role = 'to' AND NOT s.is_card)
            > max(s.observed_at) FILTER (WHERE s.role = 'excluded')
        THEN NULL ELSE {_STATED} END
"""
_VIEW = """
    WITH told AS (
        SELECT listing_id,
               min(observed_at) AS first_seen, max(observed_at) AS last_seen,
               count(*) AS observations,
               LAST(title), LAST(vendor_id), LAST(price_amount), LAST(price_currency),
               LAST(ships_from_text), LAST(ships_to_text), LAST(product_class),
               LAST(stock_unlimited), LAST(sold), LAST(sold_since), LAST(views), LAST(ends),
               LAST(min_order), LAST(max_order), LAST(description_id), LAST(terms_id),
               (array_agg(stock ORDER BY observed_at DESC NULLS LAST, page_id, ordinal)
                   FILTER (WHERE stock IS NOT NULL OR stock_unlimited IS NOT NULL))[1]
                   AS stock,
               (array_agg(ROW(page_id, ordinal)::text
                   ORDER BY observed_at DESC NULLS LAST, page_id, ordinal))[1] AS latest
        FROM listing_observation GROUP BY listing_id
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
        SELECT (array_agg(s.places ORDER BY s.observed_at DESC NULLS LAST, s.page_id, s.ordinal)
                   FILTER (WHERE s.role = 'from'))[1]::text[] AS ships_from,
               (array_agg(s.places ORDER BY s.observed_at DESC NULLS LAST, s.page_id, s.ordinal)
                   FILTER (WHERE s.role = 'to'))[1]::text[] AS ships_to,
               EXCLUDED AS ships_to_excluded
        FROM (
            SELECT o.observed_at, o.page_id, o.ordinal, o.is_card, p.role,
                   array_agg(p.place ORDER BY p.position)::text AS places
            FROM listing_observation o JOIN listing_place p USING (page_id, ordinal)
            WHERE o.listing_id = l.listing_id
            GROUP BY o.observed_at, o.page_id, o.ordinal, o.is_card, p.role
        ) AS s
    ) AS places ON true
    LEFT JOIN LATERAL (
        SELECT (array_agg(o.category_path::text ORDER BY cardinality(o.category_path) DESC,
                   o.observed_at DESC NULLS LAST, o.page_id, o.ordinal)
                   FILTER (WHERE o.category_path <> '{}'))[1]::text[] AS category_path,
               (array_agg(o.payment::text ORDER BY o.observed_at DESC NULLS LAST, o.page_id,
                   o.ordinal) FILTER (WHERE o.payment <> '{}'))[1]::text[] AS payment,
               (array_agg(o.currencies::text ORDER BY o.observed_at DESC NULLS LAST,
                   o.page_id, o.ordinal) FILTER (WHERE o.currencies <> '{}'))[1]::text[]
                   AS currencies
        FROM listing_observation o WHERE o.listing_id = l.listing_id
    ) AS lists ON true
"""


def upgrade() -> None:
    """Replace the view."""
    _replace(_NOT_ENDED)


def downgrade() -> None:
    """Put it back."""
    _replace(_STATED)


def _replace(excluded: str) -> None:
    last = (
        r"(array_agg(\1 ORDER BY observed_at DESC NULLS LAST, page_id, ordinal)"
        r" FILTER (WHERE \1 IS NOT NULL))[1] AS \1"
    )
    body = re.sub(r"LAST\((\w+)\)", last, _VIEW).replace("EXCLUDED", excluded)
    op.execute(f"CREATE OR REPLACE VIEW listing_latest AS {body}")
