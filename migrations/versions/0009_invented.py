"""Pages that were invented are marked, with the crawls and reviews that rest on them.

Of pages that are in a database already, those of loopback hosts are marked: a simulator served
them. No view makes one row of real and of invented pages: where there are real ones, they count.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# As archive/invented.py has it.
_LOOPBACK = (
    r"^(https?://)?([^/?#@\s]*@)?(localhost|[^/?#@:\s]+\.localhost|127(\.[0-9]{1,3}){3}|\[::1\])"
    r"\.?(:[0-9]{1,5})?([/?#]|$)"
)
_COMMENTS = {
    "page": "Made by a simulator, a scenario or for a test: it says nothing of a market.",
    "crawl_run": "It crawled a simulator.",
    "review": "All pages that show it were invented. None is of real and invented pages.",
}

_LISTING = """
    WITH each AS (
        SELECT o.*, CUT(o.page_id) AS cut_off, INVENTED(o.page_id) AS invented
        FROM listing_observation o
    ), stated AS (
        SELECT DISTINCT ON (listing_id) * FROM (
            SELECT listing_id, invented,
                   min(observed_at) AS first_seen, max(observed_at) AS last_seen,
                   count(*) AS observations,
                   LAST(title), LAST(vendor_id), LAST(price_amount), LAST(price_currency),
                   LAST(ships_from_text), LAST(ships_to_text), LAST(product_class),
                   LAST(stock_unlimited), LAST(sold), LAST(sold_since), LAST(views), LAST(ends),
                   LAST(min_order), LAST(max_order), LAST(description_id), LAST(terms_id),
                   (array_agg(stock ORDER BY LATEST)
                       FILTER (WHERE stock IS NOT NULL OR stock_unlimited IS NOT NULL))[1]
                       AS stock
            FROM each GROUP BY listing_id, invented
        ) AS kinds ORDER BY listing_id, invented
    )
    SELECT l.listing_id, l.market, l.external_id, t.title, v.handle AS vendor, t.vendor_id,
           lists.category_path, t.price_amount, t.price_currency,
           places.ships_from, places.ships_to, places.ships_to_excluded,
           t.ships_from_text, t.ships_to_text, lists.payment, lists.currencies,
           t.product_class, t.stock, t.stock_unlimited, t.sold, t.sold_since, t.views,
           t.ends, t.min_order, t.max_order, t.description_id, t.terms_id,
           t.first_seen, t.last_seen, t.observations, t.invented
    FROM listing l
    JOIN stated t USING (listing_id)
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
            SELECT o.observed_at, o.page_id, o.ordinal, o.is_card, p.role,
                   CUT(o.page_id) AS cut_off,
                   array_agg(p.place ORDER BY p.position)::text AS places
            FROM listing_observation o JOIN listing_place p USING (page_id, ordinal)
            WHERE o.listing_id = l.listing_id AND INVENTED(o.page_id) = t.invented
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
            SELECT o.*, CUT(o.page_id) AS cut_off FROM listing_observation o
            WHERE o.listing_id = l.listing_id AND INVENTED(o.page_id) = t.invented
        ) AS o
    ) AS lists ON true
"""
_VENDOR = """
    WITH each AS (
        SELECT o.*, CUT(o.page_id) AS cut_off, INVENTED(o.page_id) AS invented
        FROM vendor_observation o
    ), stated AS (
        SELECT vendor_id, invented,
               count(*) AS observations,
               LAST(sales), LAST(rating), LAST(rating_max), LAST(rating_count),
               LAST(positive_percent), LAST(level), LAST(trust_level), LAST(experience),
               LAST(joined_on), LAST(last_active_on), LAST(finalize_early), LAST(trusted),
               LAST(banned), LAST(disputes), LAST(profile_id), LAST(terms_id),
               LAST(pgp_key_id)
        FROM each GROUP BY vendor_id, invented
    ), seen AS (
        SELECT vendor_id, bool_and(invented) AS invented,
               min(observed_at) FILTER (WHERE NOT invented) AS first_real,
               max(observed_at) FILTER (WHERE NOT invented) AS last_real,
               min(observed_at) FILTER (WHERE invented) AS first_invented,
               max(observed_at) FILTER (WHERE invented) AS last_invented
        FROM (
            SELECT vendor_id, observed_at, INVENTED(page_id) AS invented FROM vendor_observation
            UNION ALL
            SELECT vendor_id, observed_at, INVENTED(page_id) FROM listing_observation
            WHERE vendor_id IS NOT NULL
        ) AS either GROUP BY vendor_id
    )
    SELECT v.vendor_id, v.market, v.handle, t.sales, t.rating, t.rating_max, t.rating_count,
           t.positive_percent, t.level, t.trust_level, t.experience, t.joined_on,
           t.last_active_on, t.finalize_early, t.trusted, t.banned, t.disputes,
           k.fingerprint AS pgp_fingerprint, t.pgp_key_id, t.profile_id, t.terms_id,
           (SELECT count(*) FROM review r
            WHERE r.vendor_id = v.vendor_id AND r.invented = kind.invented) AS reviews,
           CASE WHEN kind.invented THEN s.first_invented ELSE s.first_real END AS first_seen,
           CASE WHEN kind.invented THEN s.last_invented ELSE s.last_real END AS last_seen,
           coalesce(t.observations, 0) AS observations, kind.invented
    FROM vendor v
    LEFT JOIN seen s USING (vendor_id)
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN NOT s.invented THEN false
            WHEN EXISTS (SELECT FROM review r WHERE r.vendor_id = v.vendor_id AND NOT r.invented)
                THEN false
            ELSE coalesce(s.invented, EXISTS (SELECT FROM review r WHERE r.vendor_id = v.vendor_id))
            END AS invented
    ) AS kind
    LEFT JOIN stated t ON t.vendor_id = v.vendor_id AND t.invented = kind.invented
    LEFT JOIN pgp_key k ON k.pgp_key_id = t.pgp_key_id
"""
_MACROS = (
    (
        r"LAST\((\w+)\)",
        r"(array_agg(\1 ORDER BY LATEST) FILTER (WHERE \1 IS NOT NULL))[1] AS \1",
    ),
    (r"CUT\(([\w.]+)\)", r"(\1 IN (SELECT c.page_id FROM page c WHERE c.cut_off))"),
    (r"INVENTED\(([\w.]+)\)", r"(\1 IN (SELECT c.page_id FROM page c WHERE c.invented))"),
    (r"LATEST", "cut_off, observed_at DESC NULLS LAST, page_id, ordinal"),
)


def upgrade() -> None:
    """Mark pages, and what rests on them; replace the views."""
    for table, comment in _COMMENTS.items():
        op.add_column(
            table,
            sa.Column(
                "invented",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
                comment=comment,
            ),
        )
        op.alter_column(table, "invented", server_default=None)
    op.create_index("ix_page_invented", "page", ["page_id"], postgresql_where=sa.text("invented"))
    _mark()
    for name, body in _views().items():
        for macro, meaning in _MACROS:
            body = re.sub(macro, meaning, body)
        op.execute(f"CREATE OR REPLACE VIEW {name} AS {body}")


def _mark() -> None:
    """Mark the pages of loopback hosts. Reviews of both kinds of pages are to be parted."""
    op.get_bind().execute(
        sa.text("UPDATE page SET invented = true WHERE url ~* :host"), {"host": _LOOPBACK}
    )
    op.execute(
        "UPDATE crawl_run SET invented = true WHERE crawl_run_id IN"
        " (SELECT crawl_run_id FROM page WHERE invented)"
    )
    op.execute(
        "CREATE TEMP TABLE marked ON COMMIT DROP AS"
        " SELECT review_id, vendor_id, content_id, bool_and(p.invented) AS invented FROM review"
        " CROSS JOIN LATERAL unnest(page_ids) AS shown(page_id) JOIN page p USING (page_id)"
        " WHERE EXISTS (SELECT FROM page WHERE invented)"
        " GROUP BY review_id HAVING bool_or(p.invented)"
    )
    op.execute(
        "UPDATE review SET invented = true FROM marked m"
        " WHERE m.review_id = review.review_id AND m.invented"
    )
    op.execute(
        "INSERT INTO review_due SELECT DISTINCT vendor_id, content_id FROM marked m WHERE EXISTS"
        " (SELECT FROM review r WHERE r.vendor_id = m.vendor_id AND r.content_id = m.content_id"
        " AND NOT r.invented) ON CONFLICT DO NOTHING"
    )
    op.execute("DROP TABLE marked")


def _views() -> dict[str, str]:
    first = _revision("0001_first_schema").VIEWS
    near = "AND p.market = l.market"
    eur = first["listing_in_eur"][1]
    eur = eur.replace(near, f"{near} AND p.invented = own.invented")
    return {
        "listing_latest": _LISTING,
        "vendor_latest": _VENDOR,
        "listing_in_eur": eur.replace(
            "AS rate_observed_at", "AS rate_observed_at, own.invented", 1
        ),
        "category_count": first["category_count"][1].replace(
            "each.listing_count", "each.listing_count, p.invented", 1
        ),
        "review_suspected_edit": first["review_suspected_edit"][1].replace(
            "AND b.review_id <> a.review_id", "AND b.review_id <> a.review_id"
            " AND b.invented = a.invented"
        ),
    }  # fmt: skip


def downgrade() -> None:
    """Forget which pages were invented."""
    first, fifth = _revision("0001_first_schema"), _revision("0005_cut_off")
    for name in _views():
        op.execute(f"DROP VIEW {name}")
        if name not in fifth.VIEWS:
            op.execute(f"CREATE VIEW {name} AS {first.VIEWS[name][1]}")
    fifth.replace_views(f"cut_off, {fifth.LATEST}", fifth.CUT)
    for name in _views():
        comment = first.VIEWS[name][0].replace("'", "''")
        op.execute(f"COMMENT ON VIEW {name} IS '{comment}'")
    op.drop_index("ix_page_invented", "page")
    for table in _COMMENTS:
        op.drop_column(table, "invented")


def _revision(name: str) -> ModuleType:
    """Load another migration, whose name is no name of a module."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
