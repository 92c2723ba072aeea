"""The first schema: markets, pages, vendors, listings, reviews, and views on them.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "long_text",
    "market",
    "pgp_key",
    "place",
    "review_content",
    "review_due",
    "category",
    "crawl_run",
    "exchange_panel",
    "link",
    "listing",
    "vendor",
    "exchange_rate",
    "page",
    "review",
    "listing_observation",
    "page_category",
    "page_link",
    "review_sighting",
    "vendor_observation",
    "external_rating",
    "feedback_count",
    "listing_place",
    "price_alternative",
    "price_tier",
    "shipping_option",
    "star_rating",
)

VIEWS = {
    "page_link_each": (
        "What pages pointed to, a row a link.",
        """
        SELECT p.page_id, p.kind, each.position, each.link_id, l.market, l.external_id, l.url
        FROM page_link p
        CROSS JOIN LATERAL unnest(p.link_ids) WITH ORDINALITY AS each(link_id, position)
        JOIN link l USING (link_id)
        """,
    ),
    "category_count": (
        "Listings that the market itself counted, a row a page and category.",
        """
        SELECT p.page_id, p.observed_at, c.category_id, c.market, c.external_id, c.name, c.path,
               each.listing_count
        FROM page_category m
        JOIN page p USING (page_id)
        CROSS JOIN LATERAL unnest(m.category_ids, m.listing_counts)
            AS each(category_id, listing_count)
        JOIN category c USING (category_id)
        """,
    ),
    "exchange_to_eur": (
        "What one unit of a currency was worth in EUR, by one panel of the market's rates.",
        """
        WITH in_eur AS (
            SELECT exchange_panel_id, base, rate AS eur
            FROM exchange_rate WHERE quote = 'EUR' AND rate > 0
        ), each AS (
            SELECT exchange_panel_id, base AS currency, eur, 0 AS roundabout FROM in_eur
            UNION ALL
            SELECT exchange_panel_id, 'EUR', 1, 0 FROM in_eur
            UNION ALL
            SELECT r.exchange_panel_id, r.quote, e.eur / r.rate,
                   CASE r.base WHEN 'BTC' THEN 1 ELSE 2 END
            FROM exchange_rate r JOIN in_eur e USING (exchange_panel_id, base)
            WHERE r.rate > 0
        )
        SELECT DISTINCT ON (exchange_panel_id, currency) exchange_panel_id, currency, eur
        FROM each ORDER BY exchange_panel_id, currency, roundabout, eur
        """,
    ),
    "listing_in_eur": (
        "Prices of listings in EUR, a row an observation with a price: by the rate that the "
        "market's own pages showed nearest in time, seven days away at most; null otherwise.",
        """
        SELECT o.listing_id, l.market, l.external_id, o.page_id, o.ordinal, o.observed_at,
               o.price_amount, o.price_currency,
               round(o.price_amount * near.eur, 4) AS price_eur,
               near.eur AS eur_per_unit, near.observed_at AS rate_observed_at
        FROM listing_observation o
        JOIN listing l USING (listing_id)
        JOIN page own USING (page_id)
        LEFT JOIN LATERAL (
            SELECT * FROM (
                SELECT 0 AS away, own.observed_at, x.eur
                FROM exchange_to_eur x
                WHERE x.exchange_panel_id = own.exchange_panel_id
                  AND x.currency = o.price_currency
                UNION ALL
                (SELECT extract(epoch FROM own.observed_at - p.observed_at), p.observed_at, x.eur
                 FROM page p
                 JOIN exchange_to_eur x ON x.exchange_panel_id = p.exchange_panel_id
                     AND x.currency = o.price_currency
                 WHERE own.exchange_panel_id IS NULL AND p.exchange_panel_id IS NOT NULL
                   AND p.market = l.market
                   AND p.observed_at BETWEEN own.observed_at - interval '7 days'
                                         AND own.observed_at
                 ORDER BY p.observed_at DESC, p.exchange_panel_id LIMIT 1)
                UNION ALL
                (SELECT extract(epoch FROM p.observed_at - own.observed_at), p.observed_at, x.eur
                 FROM page p
                 JOIN exchange_to_eur x ON x.exchange_panel_id = p.exchange_panel_id
                     AND x.currency = o.price_currency
                 WHERE own.exchange_panel_id IS NULL AND p.exchange_panel_id IS NOT NULL
                   AND p.market = l.market
                   AND p.observed_at > own.observed_at
                   AND p.observed_at <= own.observed_at + interval '7 days'
                 ORDER BY p.observed_at, p.exchange_panel_id LIMIT 1)
                UNION ALL
                SELECT 1e9, own.observed_at, 1 WHERE o.price_currency = 'EUR'
            ) AS candidate ORDER BY away, observed_at LIMIT 1
        ) AS near ON true
        WHERE o.price_amount IS NOT NULL
        """,
    ),
    "listing_latest": (
        "Each listing with what was last stated of it, field by field, and when it was seen.",
        """
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
                   (array_agg(s.places ORDER BY s.observed_at DESC NULLS LAST, s.page_id, s.ordinal)
                       FILTER (WHERE s.role = 'excluded'))[1]::text[] AS ships_to_excluded
            FROM (
                SELECT o.observed_at, o.page_id, o.ordinal, p.role,
                       array_agg(p.place ORDER BY p.position)::text AS places
                FROM listing_observation o JOIN listing_place p USING (page_id, ordinal)
                WHERE o.listing_id = l.listing_id
                GROUP BY o.observed_at, o.page_id, o.ordinal, p.role
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
        """,
    ),
    "vendor_latest": (
        "Each vendor with what was last stated of them, field by field, and when they were seen.",
        """
        WITH told AS (
            SELECT vendor_id,
                   count(*) AS observations,
                   LAST(sales), LAST(rating), LAST(rating_max), LAST(rating_count),
                   LAST(positive_percent), LAST(level), LAST(trust_level), LAST(experience),
                   LAST(joined_on), LAST(last_active_on), LAST(finalize_early), LAST(trusted),
                   LAST(banned), LAST(disputes), LAST(profile_id), LAST(terms_id),
                   LAST(pgp_key_id)
            FROM vendor_observation GROUP BY vendor_id
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
        """,
    ),
    "review_seen_on": (
        "Which pages show a review, a row a sighting.",
        """
        SELECT r.review_id, each.page_id, each.ordinal, s.observed_at
        FROM review r
        CROSS JOIN LATERAL unnest(r.page_ids, r.ordinals) AS each(page_id, ordinal)
        JOIN review_sighting s ON s.page_id = each.page_id AND s.ordinal = each.ordinal
        """,
    ),
    "review_suspected_edit": (
        "Pairs of reviews that may be one whose words the buyer changed: the same vendor and "
        "buyer, times that overlap, never on one page, and the later words begin with the "
        "earlier ones. Both are counted in table review.",
        """
        SELECT a.review_id AS earlier_review_id, b.review_id AS later_review_id, a.vendor_id
        FROM review a
        JOIN review b ON b.vendor_id = a.vendor_id AND b.author = a.author
            AND b.review_id <> a.review_id AND b.content_id <> a.content_id
            AND b.earliest <= a.latest AND a.earliest <= b.latest
            AND a.last_seen < b.first_seen
            AND (a.text IS NULL OR starts_with(b.text, a.text))
        WHERE a.listing_id IS NULL OR b.listing_id IS NULL OR a.listing_id = b.listing_id
        """,
    ),
}


def _sql(body: str) -> str:
    """Expand LAST(column): the column as the latest page that states it has it."""
    last = (
        r"(array_agg(\1 ORDER BY observed_at DESC NULLS LAST, page_id, ordinal)"
        r" FILTER (WHERE \1 IS NOT NULL))[1] AS \1"
    )
    return re.sub(r"LAST\((\w+)\)", last, body)


def upgrade() -> None:
    _tables()
    for name, (comment, body) in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {_sql(body)}")
        op.execute(f"COMMENT ON VIEW {name} IS '{comment.replace(chr(39), chr(39) * 2)}'")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    for table in reversed(TABLES):
        op.drop_table(table)


def _tables() -> None:
    op.create_table(
        "long_text",
        sa.Column("text_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False, comment="Of the UTF-8 text."),
        sa.Column("content", sa.Text(), nullable=False, comment="The text with its line breaks."),
        sa.PrimaryKeyConstraint("text_id", name=op.f("pk_long_text")),
        sa.UniqueConstraint("sha256", name=op.f("uq_long_text_sha256")),
        comment="Descriptions, profiles and terms, each distinct text once.",
    )
    op.create_table(
        "market",
        sa.Column("market", sa.Text(), nullable=False, comment="Name used everywhere."),
        sa.Column("title", sa.Text(), nullable=False, comment="The market's own name."),
        sa.Column("opened_on", sa.Date(), nullable=True, comment="First day, as far as known."),
        sa.Column("closed_on", sa.Date(), nullable=True, comment="Last day; null while open."),
        sa.PrimaryKeyConstraint("market", name=op.f("pk_market")),
        comment="The markets that have a parser.",
    )
    op.create_table(
        "pgp_key",
        sa.Column("pgp_key_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False, comment="Of the block."),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=True,
            comment="Upper-case hexadecimal, computed; null if the key cannot be read.",
        ),
        sa.Column("armoured", sa.Text(), nullable=False, comment="The key block as shown."),
        sa.CheckConstraint(
            "fingerprint ~ '^[0-9A-F]{16,64}$'", name=op.f("ck_pgp_key_fingerprint")
        ),
        sa.PrimaryKeyConstraint("pgp_key_id", name=op.f("pk_pgp_key")),
        sa.UniqueConstraint("sha256", name=op.f("uq_pgp_key_sha256")),
        comment="Public keys that vendors showed; the fingerprint links them across markets.",
    )
    op.create_index(op.f("ix_pgp_key_fingerprint"), "pgp_key", ["fingerprint"], unique=False)
    op.create_table(
        "place",
        sa.Column(
            "place",
            sa.Text(),
            nullable=False,
            comment="ISO 3166-1 alpha-2, XK, or a region's word such as WORLD, EU.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="English name."),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="country, region, or other (INTERNET, UNKNOWN).",
        ),
        sa.CheckConstraint("kind IN ('country', 'region', 'other')", name=op.f("ck_place_kind")),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_place")),
        comment="Where offers ship from and to.",
    )
    op.create_table(
        "review_content",
        sa.Column("content_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rating", sa.Numeric(), nullable=True, comment="Stars."),
        sa.Column("rating_max", sa.Numeric(), nullable=True),
        sa.Column("sentiment", sa.Text(), nullable=True, comment="positive, neutral or negative."),
        sa.Column("text", sa.Text(), nullable=True, comment="Null: the buyer wrote nothing."),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_review_content")),
        comment="Rating and words of reviews that read alike, each once.",
    )
    op.create_table(
        "review_due",
        sa.Column("vendor_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("vendor_id", "content_id", name=op.f("pk_review_due")),
        comment="Groups whose sightings changed since their reviews were worked out.",
    )
    op.create_table(
        "category",
        sa.Column("category_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False, comment="The market's own id."),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "path", sa.ARRAY(sa.Text()), nullable=False, comment="From the root category down."
        ),
        sa.ForeignKeyConstraint(["market"], ["market.market"], name=op.f("fk_category_market")),
        sa.PrimaryKeyConstraint("category_id", name=op.f("pk_category")),
        comment="Categories with their ids; a category that is moved or renamed is a new row.",
    )
    op.create_index(
        "uq_category_market_external_id_path",
        "category",
        ["market", "external_id", "path"],
        unique=True,
    )
    op.create_table(
        "crawl_run",
        sa.Column("crawl_run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("operator", sa.Text(), nullable=True, comment="Who ran it."),
        sa.Column("program_version", sa.Text(), nullable=False),
        sa.Column(
            "options",
            postgresql.JSONB(astext_type=Text()),
            nullable=False,
            comment="As given; no credentials.",
        ),
        sa.Column("outcome", sa.Text(), nullable=True, comment="How it ended; null while it runs."),
        sa.Column(
            "counters",
            postgresql.JSONB(astext_type=Text()),
            nullable=True,
            comment="Namespaced counts.",
        ),
        sa.ForeignKeyConstraint(["market"], ["market.market"], name=op.f("fk_crawl_run_market")),
        sa.PrimaryKeyConstraint("crawl_run_id", name=op.f("pk_crawl_run")),
        comment="One crawl: who, when, with what, and how it ended.",
    )
    op.create_table(
        "exchange_panel",
        sa.Column("exchange_panel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["market"], ["market.market"], name=op.f("fk_exchange_panel_market")
        ),
        sa.PrimaryKeyConstraint("exchange_panel_id", name=op.f("pk_exchange_panel")),
        comment="One state of a market's rate panel; many pages show the same.",
    )
    op.create_table(
        "link",
        sa.Column("link_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="listing, vendor or search."),
        sa.Column(
            "external_id",
            sa.Text(),
            nullable=True,
            comment="Listing id, vendor handle or category id.",
        ),
        sa.Column("url", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('listing', 'vendor', 'search')", name=op.f("ck_link_kind")),
        sa.ForeignKeyConstraint(["market"], ["market.market"], name=op.f("fk_link_market")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_link")),
        comment="Pages that pages pointed to, each once.",
    )
    op.create_index(op.f("ix_link_external_id"), "link", ["external_id"], unique=False)
    op.create_table(
        "listing",
        sa.Column("listing_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False, comment="The market's own id."),
        sa.ForeignKeyConstraint(["market"], ["market.market"], name=op.f("fk_listing_market")),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_listing")),
        comment="An offer: one of the market's own ids.",
    )
    op.create_index(
        "uq_listing_market_external_id", "listing", ["market", "external_id"], unique=True
    )
    op.create_table(
        "vendor",
        sa.Column("vendor_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("market", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False, comment="As written; case counts."),
        sa.ForeignKeyConstraint(["market"], ["market.market"], name=op.f("fk_vendor_market")),
        sa.PrimaryKeyConstraint("vendor_id", name=op.f("pk_vendor")),
        comment="A vendor account: one handle on one market.",
    )
    op.create_index(op.f("ix_vendor_handle"), "vendor", ["handle"], unique=False)
    op.create_index("uq_vendor_market_handle", "vendor", ["market", "handle"], unique=True)
    op.create_table(
        "exchange_rate",
        sa.Column("exchange_panel_id", sa.BigInteger(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.CheckConstraint("rate >= 0", name=op.f("ck_exchange_rate_rate_not_negative")),
        sa.ForeignKeyConstraint(
            ["exchange_panel_id"],
            ["exchange_panel.exchange_panel_id"],
            name=op.f("fk_exchange_rate_exchange_panel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "exchange_panel_id", "base", "quote", name=op.f("pk_exchange_rate")
        ),
        comment="1 base = rate quote, as the market's own pages said.",
    )
    op.create_table(
        "page",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "market", sa.Text(), nullable=True, comment="Null if no market's marks were found."
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="What the page is; see RECORDS."),
        sa.Column(
            "outcome",
            sa.Text(),
            nullable=False,
            comment="read; unknown (not a kind that the parser knows); failed (the parser's defect).",
        ),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column(
            "captured_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="As the archive says.",
        ),
        sa.Column(
            "captured_precision",
            sa.Text(),
            nullable=True,
            comment="second; or day: only the date is known, and captured_at is its midnight, UTC.",
        ),
        sa.Column(
            "captured_from",
            sa.Text(),
            nullable=True,
            comment="What told captured_at: warc, sidecar, path or option.",
        ),
        sa.Column(
            "page_time",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="The market's own clock, if shown.",
        ),
        sa.Column(
            "observed_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="captured_at; page_time if that is unknown, or only its day and they agree.",
        ),
        sa.Column("sha256", sa.LargeBinary(), nullable=False, comment="Of the bytes."),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="In bytes."),
        sa.Column("status", sa.SmallInteger(), nullable=True, comment="HTTP status, if known."),
        sa.Column(
            "location",
            sa.Text(),
            nullable=False,
            comment="Where the bytes lie: file, archive!/member or warc#offset.",
        ),
        sa.Column("parser_version", sa.Text(), nullable=False, comment="Which parsers read it."),
        sa.Column(
            "reviews_not_shown",
            sa.BigInteger(),
            nullable=True,
            comment="Reviews that the page admits to keeping back.",
        ),
        sa.Column(
            "warnings",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="Fields that the page states and the parser could not read.",
        ),
        sa.Column("exchange_panel_id", sa.BigInteger(), nullable=True),
        sa.Column("crawl_run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "captured_precision IN ('second', 'day')", name=op.f("ck_page_captured_precision")
        ),
        sa.CheckConstraint(
            "kind IN ('listing', 'vendor', 'search', 'index', 'login', 'challenge', 'not_found', 'error', 'unknown')",
            name=op.f("ck_page_kind"),
        ),
        sa.CheckConstraint(
            "outcome IN ('read', 'unknown', 'failed')", name=op.f("ck_page_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["crawl_run_id"], ["crawl_run.crawl_run_id"], name=op.f("fk_page_crawl_run_id")
        ),
        sa.ForeignKeyConstraint(
            ["exchange_panel_id"],
            ["exchange_panel.exchange_panel_id"],
            name=op.f("fk_page_exchange_panel_id"),
        ),
        sa.ForeignKeyConstraint(["market"], ["market.market"], name=op.f("fk_page_market")),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_page")),
        comment="One capture: the same bytes, from one address, at one time.",
    )
    op.create_index(
        "ix_page_market_kind_observed_at", "page", ["market", "kind", "observed_at"], unique=False
    )
    op.create_index(
        "ix_page_rates",
        "page",
        ["market", "observed_at"],
        unique=False,
        postgresql_where=sa.text("exchange_panel_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_page_sha256"), "page", ["sha256"], unique=False)
    op.create_table(
        "review",
        sa.Column("review_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vendor_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "listing_id",
            sa.BigInteger(),
            nullable=True,
            comment="Null if no page says which, or if several could be meant.",
        ),
        sa.Column("listing_title", sa.Text(), nullable=True),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.Numeric(), nullable=True, comment="Stars."),
        sa.Column("rating_max", sa.Numeric(), nullable=True),
        sa.Column("sentiment", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True, comment="Null: the buyer wrote nothing."),
        sa.Column(
            "response", sa.Text(), nullable=True, comment="The vendor's answer, as last seen."
        ),
        sa.Column("author", sa.Text(), nullable=True, comment="Masked by the market."),
        sa.Column("posted_on", sa.Date(), nullable=True, comment="By the most exact sighting."),
        sa.Column("posted_precision", sa.Text(), nullable=True, comment="How exact posted_on is."),
        sa.Column(
            "posted_at",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="If a page gave a time of day.",
        ),
        sa.Column(
            "earliest",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Posted no earlier, by all sightings.",
        ),
        sa.Column(
            "latest",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Posted no later, by all sightings.",
        ),
        sa.Column(
            "price_amount",
            sa.Numeric(),
            nullable=True,
            comment="Paid, as first shown; of twins, as on the page that shows most of them.",
        ),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("price_approximate", sa.Boolean(), nullable=True),
        sa.Column(
            "first_seen",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Capture of the first sighting.",
        ),
        sa.Column(
            "last_seen",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Capture of the last sighting.",
        ),
        sa.Column(
            "sightings", sa.BigInteger(), nullable=False, comment="Rows of pages that show it."
        ),
        sa.Column(
            "page_ids",
            sa.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="The pages that show it, in order of capture.",
        ),
        sa.Column(
            "ordinals",
            sa.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Its place on each of these pages.",
        ),
        sa.CheckConstraint(
            "sentiment IN ('positive', 'neutral', 'negative')", name=op.f("ck_review_sentiment")
        ),
        sa.CheckConstraint(
            "(price_amount IS NULL) = (price_currency IS NULL)", name=op.f("ck_review_price_whole")
        ),
        sa.CheckConstraint("earliest <= latest", name=op.f("ck_review_interval")),
        sa.CheckConstraint("price_amount >= 0", name=op.f("ck_review_price_not_negative")),
        sa.CheckConstraint(
            "sightings > 0 AND cardinality(page_ids) = sightings"
            " AND cardinality(ordinals) = sightings",
            name=op.f("ck_review_sightings"),
        ),
        sa.ForeignKeyConstraint(
            ["content_id"], ["review_content.content_id"], name=op.f("fk_review_content_id")
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listing.listing_id"], name=op.f("fk_review_listing_id")
        ),
        sa.ForeignKeyConstraint(
            ["vendor_id"], ["vendor.vendor_id"], name=op.f("fk_review_vendor_id")
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_review")),
        comment="Each review once, worked out from review_sighting: the least number of reviews that explains all that the pages showed.",
    )
    op.create_index(op.f("ix_review_listing_id"), "review", ["listing_id"], unique=False)
    op.create_index(
        "ix_review_vendor_id_content_id", "review", ["vendor_id", "content_id"], unique=False
    )
    op.create_index(
        "ix_review_vendor_id_posted_on", "review", ["vendor_id", "posted_on"], unique=False
    )
    op.create_table(
        "listing_observation",
        sa.Column("page_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "ordinal",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="Place on the page, from 0.",
        ),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "observed_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="As in page."
        ),
        sa.Column(
            "is_card", sa.Boolean(), nullable=False, comment="From a card, which shows part of it."
        ),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("vendor_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "category_path",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="From the root down; cards: last levels.",
        ),
        sa.Column("description_id", sa.BigInteger(), nullable=True),
        sa.Column("terms_id", sa.BigInteger(), nullable=True),
        sa.Column("price_amount", sa.Numeric(), nullable=True, comment="In price_currency."),
        sa.Column(
            "price_currency", sa.Text(), nullable=True, comment="ISO 4217, or BTC, BCH, LTC, XMR."
        ),
        sa.Column("ships_from_text", sa.Text(), nullable=True, comment="The page's words."),
        sa.Column("ships_to_text", sa.Text(), nullable=True, comment="The page's words."),
        sa.Column(
            "payment",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="escrow, finalize_early, partial_escrow, multisig.",
        ),
        sa.Column("currencies", sa.ARRAY(sa.Text()), nullable=False, comment="Coins accepted."),
        sa.Column("product_class", sa.Text(), nullable=True, comment="physical or digital."),
        sa.Column(
            "stock",
            sa.BigInteger(),
            nullable=True,
            comment="Left; null if unlimited or not stated.",
        ),
        sa.Column("stock_unlimited", sa.Boolean(), nullable=True),
        sa.Column(
            "sold", sa.BigInteger(), nullable=True, comment="Orders so far, as the page says."
        ),
        sa.Column("sold_since", sa.Date(), nullable=True),
        sa.Column("views", sa.BigInteger(), nullable=True),
        sa.Column("ends", sa.Text(), nullable=True),
        sa.Column("min_order", sa.BigInteger(), nullable=True, comment="Units per order."),
        sa.Column("max_order", sa.BigInteger(), nullable=True, comment="Units per order."),
        sa.CheckConstraint(
            "product_class IN ('physical', 'digital')",
            name=op.f("ck_listing_observation_product_class"),
        ),
        sa.CheckConstraint(
            "(price_amount IS NULL) = (price_currency IS NULL)",
            name=op.f("ck_listing_observation_price_whole"),
        ),
        sa.CheckConstraint(
            "price_amount >= 0", name=op.f("ck_listing_observation_price_not_negative")
        ),
        sa.CheckConstraint(
            "stock IS NULL OR stock_unlimited IS NOT TRUE",
            name=op.f("ck_listing_observation_stock"),
        ),
        sa.ForeignKeyConstraint(
            ["description_id"],
            ["long_text.text_id"],
            name=op.f("fk_listing_observation_description_id"),
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listing.listing_id"], name=op.f("fk_listing_observation_listing_id")
        ),
        sa.ForeignKeyConstraint(
            ["page_id"],
            ["page.page_id"],
            name=op.f("fk_listing_observation_page_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["terms_id"], ["long_text.text_id"], name=op.f("fk_listing_observation_terms_id")
        ),
        sa.ForeignKeyConstraint(
            ["vendor_id"], ["vendor.vendor_id"], name=op.f("fk_listing_observation_vendor_id")
        ),
        sa.PrimaryKeyConstraint("page_id", "ordinal", name=op.f("pk_listing_observation")),
        comment="What one page showed of one listing; null is not stated.",
    )
    op.create_index(
        "ix_listing_observation_listing_id_observed_at",
        "listing_observation",
        ["listing_id", "observed_at"],
        unique=False,
    )
    op.create_index(
        "ix_listing_observation_vendor_id", "listing_observation", ["vendor_id"], unique=False
    )
    op.create_table(
        "page_category",
        sa.Column("page_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "category_ids",
            sa.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Of table category, in page order.",
        ),
        sa.Column(
            "listing_counts",
            sa.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Listings that the market says it has, null where it says nothing.",
        ),
        sa.CheckConstraint(
            "cardinality(category_ids) = cardinality(listing_counts)",
            name=op.f("ck_page_category_same_length"),
        ),
        sa.ForeignKeyConstraint(
            ["page_id"], ["page.page_id"], name=op.f("fk_page_category_page_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_page_category")),
        comment="A page's category menu; view category_count gives a row a category.",
    )
    op.create_table(
        "page_link",
        sa.Column("page_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "link_ids",
            sa.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Of table link, in page order.",
        ),
        sa.ForeignKeyConstraint(
            ["page_id"], ["page.page_id"], name=op.f("fk_page_link_page_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("page_id", "kind", name=op.f("pk_page_link")),
        comment="What a page pointed to, a row a kind; view page_link_each has a row a link.",
    )
    op.create_table(
        "review_sighting",
        sa.Column("page_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "ordinal",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="Place on the page, from 0.",
        ),
        sa.Column("vendor_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "list_id",
            sa.BigInteger(),
            nullable=True,
            comment="The paged list, in one state, that the page shows a part of.",
        ),
        sa.Column(
            "edge",
            sa.Text(),
            nullable=True,
            comment="first or last: the row stands at the top or bottom of its page.",
        ),
        sa.Column(
            "observed_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="As in page."
        ),
        sa.Column("listing_id", sa.BigInteger(), nullable=True),
        sa.Column("listing_title", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True, comment="Masked by the market."),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("price_amount", sa.Numeric(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("price_approximate", sa.Boolean(), nullable=True),
        sa.Column("posted_on", sa.Date(), nullable=True),
        sa.Column("posted_precision", sa.Text(), nullable=True),
        sa.Column("posted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "earliest",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Posted no earlier than this.",
        ),
        sa.Column(
            "latest",
            postgresql.TIMESTAMP(timezone=True),
            nullable=True,
            comment="Posted no later than this.",
        ),
        sa.CheckConstraint(
            "(price_amount IS NULL) = (price_currency IS NULL)",
            name=op.f("ck_review_sighting_price_whole"),
        ),
        sa.CheckConstraint("price_amount >= 0", name=op.f("ck_review_sighting_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["content_id"],
            ["review_content.content_id"],
            name=op.f("fk_review_sighting_content_id"),
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listing.listing_id"], name=op.f("fk_review_sighting_listing_id")
        ),
        sa.ForeignKeyConstraint(
            ["page_id"],
            ["page.page_id"],
            name=op.f("fk_review_sighting_page_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["vendor_id"], ["vendor.vendor_id"], name=op.f("fk_review_sighting_vendor_id")
        ),
        sa.PrimaryKeyConstraint("page_id", "ordinal", name=op.f("pk_review_sighting")),
        comment="A row of reviews as one page showed it; several may be of one review.",
    )
    op.create_index(
        "ix_review_sighting_vendor_id_content_id",
        "review_sighting",
        ["vendor_id", "content_id"],
        unique=False,
    )
    op.create_table(
        "vendor_observation",
        sa.Column("page_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "ordinal",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="Place on the page, from 0.",
        ),
        sa.Column("vendor_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "observed_at", postgresql.TIMESTAMP(timezone=True), nullable=True, comment="As in page."
        ),
        sa.Column(
            "is_profile",
            sa.Boolean(),
            nullable=False,
            comment="From the vendor's own page, else a listing.",
        ),
        sa.Column("sales", sa.BigInteger(), nullable=True, comment="Completed sales stated."),
        sa.Column("rating", sa.Numeric(), nullable=True, comment="Average."),
        sa.Column("rating_max", sa.Numeric(), nullable=True, comment="Its scale."),
        sa.Column("rating_count", sa.BigInteger(), nullable=True, comment="Ratings behind it."),
        sa.Column("positive_percent", sa.Numeric(), nullable=True),
        sa.Column("level", sa.BigInteger(), nullable=True),
        sa.Column("trust_level", sa.BigInteger(), nullable=True),
        sa.Column("experience", sa.BigInteger(), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("last_active_on", sa.Date(), nullable=True),
        sa.Column(
            "finalize_early", sa.Boolean(), nullable=True, comment="May be paid before delivery."
        ),
        sa.Column("trusted", sa.Boolean(), nullable=True),
        sa.Column("banned", sa.Boolean(), nullable=True),
        sa.Column("disputes", sa.BigInteger(), nullable=True, comment="As a vendor."),
        sa.Column("profile_id", sa.BigInteger(), nullable=True),
        sa.Column("terms_id", sa.BigInteger(), nullable=True),
        sa.Column("pgp_key_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["page_id"],
            ["page.page_id"],
            name=op.f("fk_vendor_observation_page_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["pgp_key_id"], ["pgp_key.pgp_key_id"], name=op.f("fk_vendor_observation_pgp_key_id")
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["long_text.text_id"], name=op.f("fk_vendor_observation_profile_id")
        ),
        sa.ForeignKeyConstraint(
            ["terms_id"], ["long_text.text_id"], name=op.f("fk_vendor_observation_terms_id")
        ),
        sa.ForeignKeyConstraint(
            ["vendor_id"], ["vendor.vendor_id"], name=op.f("fk_vendor_observation_vendor_id")
        ),
        sa.PrimaryKeyConstraint("page_id", "ordinal", name=op.f("pk_vendor_observation")),
        comment="What one page showed of one vendor; null is not stated.",
    )
    op.create_index(
        op.f("ix_vendor_observation_pgp_key_id"), "vendor_observation", ["pgp_key_id"], unique=False
    )
    op.create_index(
        "ix_vendor_observation_vendor_id_observed_at",
        "vendor_observation",
        ["vendor_id", "observed_at"],
        unique=False,
    )
    op.create_table(
        "external_rating",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "from_market", sa.Text(), nullable=False, comment="The other market, lower case with _."
        ),
        sa.Column("sales", sa.Text(), nullable=True, comment="As stated: 200~500, #19."),
        sa.Column("rating", sa.Numeric(), nullable=True),
        sa.Column("rating_max", sa.Numeric(), nullable=True),
        sa.Column("positive", sa.BigInteger(), nullable=True),
        sa.Column("neutral", sa.BigInteger(), nullable=True),
        sa.Column("negative", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["page_id", "ordinal"],
            ["vendor_observation.page_id", "vendor_observation.ordinal"],
            name=op.f("fk_external_rating_page_id_ordinal"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("page_id", "ordinal", "position", name=op.f("pk_external_rating")),
        comment="Ratings that a vendor brought from another market.",
    )
    op.create_table(
        "feedback_count",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.Text(), nullable=False, comment="The page's own words, lower case."),
        sa.Column("positive", sa.BigInteger(), nullable=True),
        sa.Column("neutral", sa.BigInteger(), nullable=True),
        sa.Column("negative", sa.BigInteger(), nullable=True),
        sa.Column(
            "stars",
            sa.ARRAY(sa.BigInteger()),
            nullable=True,
            comment="Counts of 1, 2, 3, 4 and 5 stars.",
        ),
        sa.ForeignKeyConstraint(
            ["page_id", "ordinal"],
            ["vendor_observation.page_id", "vendor_observation.ordinal"],
            name=op.f("fk_feedback_count_page_id_ordinal"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("page_id", "ordinal", "position", name=op.f("pk_feedback_count")),
        comment="Feedback totals that a vendor's page states, a row a period.",
    )
    op.create_table(
        "listing_place",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="from, to or excluded."),
        sa.Column(
            "position",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="Page order, from 0.",
        ),
        sa.Column("place", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('from', 'to', 'excluded')", name=op.f("ck_listing_place_role")
        ),
        sa.ForeignKeyConstraint(
            ["page_id", "ordinal"],
            ["listing_observation.page_id", "listing_observation.ordinal"],
            name=op.f("fk_listing_place_page_id_ordinal"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["place"], ["place.place"], name=op.f("fk_listing_place_place")),
        sa.PrimaryKeyConstraint(
            "page_id", "ordinal", "role", "position", name=op.f("pk_listing_place")
        ),
        comment="Where a listing ships from, to, and expressly not to.",
    )
    op.create_index("ix_listing_place_place_role", "listing_place", ["place", "role"], unique=False)
    op.create_table(
        "price_alternative",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("price_amount", sa.Numeric(), nullable=False),
        sa.Column("price_currency", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(price_amount IS NULL) = (price_currency IS NULL)",
            name=op.f("ck_price_alternative_price_whole"),
        ),
        sa.CheckConstraint(
            "price_amount >= 0", name=op.f("ck_price_alternative_price_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["page_id", "ordinal"],
            ["listing_observation.page_id", "listing_observation.ordinal"],
            name=op.f("fk_price_alternative_page_id_ordinal"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "page_id", "ordinal", "position", name=op.f("pk_price_alternative")
        ),
        comment="The listing's price in other currencies on the page.",
    )
    op.create_table(
        "price_tier",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("min_quantity", sa.BigInteger(), nullable=False),
        sa.Column("max_quantity", sa.BigInteger(), nullable=True, comment="Null: no upper limit."),
        sa.Column("price_amount", sa.Numeric(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(price_amount IS NULL) = (price_currency IS NULL)",
            name=op.f("ck_price_tier_price_whole"),
        ),
        sa.CheckConstraint("price_amount >= 0", name=op.f("ck_price_tier_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["page_id", "ordinal"],
            ["listing_observation.page_id", "listing_observation.ordinal"],
            name=op.f("fk_price_tier_page_id_ordinal"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("page_id", "ordinal", "position", name=op.f("pk_price_tier")),
        comment="Unit prices by quantity ordered.",
    )
    op.create_table(
        "shipping_option",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("days", sa.Numeric(), nullable=True),
        sa.Column("price_amount", sa.Numeric(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("per", sa.Text(), nullable=True),
        sa.CheckConstraint("per IN ('order', 'item')", name=op.f("ck_shipping_option_per")),
        sa.CheckConstraint(
            "(price_amount IS NULL) = (price_currency IS NULL)",
            name=op.f("ck_shipping_option_price_whole"),
        ),
        sa.CheckConstraint("price_amount >= 0", name=op.f("ck_shipping_option_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["page_id", "ordinal"],
            ["listing_observation.page_id", "listing_observation.ordinal"],
            name=op.f("fk_shipping_option_page_id_ordinal"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("page_id", "ordinal", "position", name=op.f("pk_shipping_option")),
        comment="Ways to ship and what they cost.",
    )
    op.create_table(
        "star_rating",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rating", sa.Numeric(), nullable=True),
        sa.Column("rating_max", sa.Numeric(), nullable=True),
        sa.ForeignKeyConstraint(
            ["page_id", "ordinal"],
            ["vendor_observation.page_id", "vendor_observation.ordinal"],
            name=op.f("fk_star_rating_page_id_ordinal"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("page_id", "ordinal", "position", name=op.f("pk_star_rating")),
        comment="Named star ratings of a vendor (stealth, quality, value price).",
    )
