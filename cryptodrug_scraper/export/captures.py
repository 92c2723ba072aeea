"""The tables of what was captured: markets, crawls, pages, links, categories, rates; reviews."""

from __future__ import annotations

from cryptodrug_scraper.export import reference
from cryptodrug_scraper.export.columns import ExportTable, Key, Variable, identifier
from cryptodrug_scraper.export.listings import LISTING
from cryptodrug_scraper.export.reference import market_column, money_columns, vendor_columns
from cryptodrug_scraper.export.vendors import VENDOR
from cryptodrug_scraper.records import KINDS

PANEL = Key(("exchange_panel_id",), "exchange_panels", ("exchange_panel_id",))

MARKETS = ExportTable(
    "markets",
    "Markets",
    "The markets of the export.",
    "SELECT market, title, opened_on, closing_announced_on, closed_on FROM market",
    (
        market_column("market.market"),
        Variable("title", "word", "market.title", known=reference.markets, required=True),
        Variable("opened_on", "date", "market.opened_on", unit="day"),
        Variable("closing_announced_on", "date", "market.closing_announced_on", unit="day"),
        Variable("closed_on", "date", "market.closed_on", unit="day"),
    ),
    ("market",),
)

PLACES = ExportTable(
    "places",
    "Places",
    "The codes of where offers ship from and to.",
    "SELECT place, name, kind FROM place",
    (
        Variable("place", "word", "place.place", known=reference.places, required=True),
        Variable("name", "word", "place.name", known=reference.places, required=True),
        Variable(
            "kind", "word", "place.kind", values=("country", "region", "other"), required=True
        ),
    ),
    ("place",),
)  # fmt: skip

PAGES = ExportTable(
    "pages",
    "Pages",
    "A row a capture: the same bytes, from one address, at one time. The bytes themselves are "
    "in the archives.",
    "SELECT page_id, market, kind, outcome, url, captured_at, captured_precision, captured_from,"
    " page_time, observed_at, sha256, size, status, l.location, parser_version, reviews_not_shown,"
    " cut_off, invented, cardinality(warnings), warnings, exchange_panel_id, crawl_run_id"
    " FROM page JOIN page_location l USING (page_id)",
    (
        identifier("page_id", "page", "page.page_id", "The capture.", required=True),
        market_column("page.market", required=False),
        Variable(
            "kind", "word", "page.kind", "What the page is: an offer, a vendor, a wall …",
            values=KINDS, required=True,
        ),
        Variable(
            "outcome", "word", "page.outcome", values=("read", "unknown", "failed"), required=True
        ),
        Variable("url", "name", "page.url", "Its address.", scope="url"),
        Variable("captured_at", "moment", "page.captured_at", unit="UTC"),
        Variable(
            "captured_precision", "word", "page.captured_precision", values=("second", "day")
        ),
        Variable(
            "captured_from", "word", "page.captured_from", known=reference.sources_of_time
        ),
        Variable("page_time", "moment", "page.page_time", unit="UTC"),
        Variable("observed_at", "moment", "page.observed_at", unit="UTC"),
        Variable(
            "sha256", "hash", "page.sha256", "SHA-256 of the bytes.", scope="bytes", required=True
        ),
        Variable("size", "integer", "page.size", unit="bytes", private=True),
        Variable("status", "integer", "page.status"),
        Variable("location", "text", "page_location.location",
            "Where its bytes lay when they were last read.", required=True,
        ),
        Variable(
            "parser_version", "word", "page.parser_version", known=reference.versions,
            vocabulary="version", required=True,
        ),
        Variable("reviews_not_shown", "integer", "page.reviews_not_shown", unit="reviews"),
        Variable("cut_off", "boolean", "page.cut_off", required=True),
        Variable("invented", "boolean", "page.invented", required=True),
        Variable(
            "warning_count", "integer", "page.warnings",
            "How many fields the page states and the parser could not read.", "warnings",
        ),
        Variable("warnings", "texts", "page.warnings"),
        identifier(
            "exchange_panel_id", "panel", "page.exchange_panel_id",
            "The state of the market's rates that it shows.",
        ),
        identifier("crawl_run_id", "crawl", "page.crawl_run_id", "The crawl that captured it."),
    ),
    ("page_id",),
    (PANEL, Key(("crawl_run_id",), "crawl_runs", ("crawl_run_id",))),
)  # fmt: skip

CRAWL_RUNS = ExportTable(
    "crawl_runs",
    "Crawls",
    "A row a crawl: when, with what, and how it ended.",
    "SELECT c.crawl_run_id, c.market, c.started_at, c.ended_at, c.operator, c.program_version,"
    " c.options, c.outcome, c.counters, c.invented, (SELECT count(*) FROM page p"
    " WHERE p.crawl_run_id = c.crawl_run_id) FROM crawl_run c",
    (
        identifier("crawl_run_id", "crawl", "crawl_run.crawl_run_id", "The crawl.", required=True),
        market_column("crawl_run.market"),
        Variable("started_at", "moment", "crawl_run.started_at", "When it began.", "UTC"),
        Variable("ended_at", "moment", "crawl_run.ended_at", "When it ended.", "UTC"),
        Variable("operator", "text", "crawl_run.operator"),
        Variable(
            "program_version", "word", "crawl_run.program_version", "The program's version.",
            known=reference.versions, vocabulary="version", required=True,
        ),
        Variable("options", "json", "crawl_run.options", required=True),
        Variable("outcome", "word", "crawl_run.outcome", known=reference.outcomes),
        Variable("counters", "json", "crawl_run.counters"),
        Variable("invented", "boolean", "crawl_run.invented", required=True),
        Variable(
            "pages", "integer", "count of page", "Pages of the export captured by it.", "pages"
        ),
    ),
    ("crawl_run_id",),
)  # fmt: skip

LINKS = ExportTable(
    "links",
    "What pages pointed to",
    "A row a page of the market that a captured page pointed to, and whether it was captured: "
    "what is not is what crawls missed.",
    """
    SELECT l.link_id, l.market, l.kind,
           CASE l.kind WHEN 'listing' THEN l.external_id END,
           CASE l.kind WHEN 'vendor' THEN l.external_id END,
           CASE l.kind WHEN 'search' THEN l.external_id END,
           l.url, pointed.pages, pointed.first_pointed, pointed.last_pointed,
           CASE l.kind
             WHEN 'listing' THEN EXISTS (SELECT FROM listing t JOIN listing_observation o
                 USING (listing_id) WHERE t.market = l.market AND t.external_id = l.external_id
                 AND NOT o.is_card)
             WHEN 'vendor' THEN EXISTS (SELECT FROM public.vendor_spelling s
                 JOIN vendor_observation o USING (vendor_id)
                 WHERE s.market = l.market AND s.handle = l.external_id AND o.is_profile)
             ELSE (l.market, regexp_replace(l.url, '^[a-z]+://[^/]*', '')) IN (
                 SELECT market, regexp_replace(url, '^[a-z]+://[^/]*', '') FROM page
                 WHERE url IS NOT NULL AND market IS NOT NULL)
           END
    FROM link l JOIN (
        SELECT each.link_id, count(DISTINCT p.page_id) AS pages,
               min(p.observed_at) AS first_pointed, max(p.observed_at) AS last_pointed
        FROM page_link k JOIN page p USING (page_id)
        CROSS JOIN LATERAL unnest(k.link_ids) AS each(link_id) GROUP BY 1
    ) AS pointed USING (link_id)
    """,
    (
        identifier("link_id", "link", "link.link_id", "The page pointed to.", required=True),
        market_column("link.market"),
        Variable(
            "kind", "word", "link.kind", values=("listing", "vendor", "search"), required=True
        ),
        Variable(
            "listing_external_id", "name", "link.external_id", "The market's id of the listing.",
            scope="listing", within="market",
        ),
        Variable("vendor", "name", "link.external_id", "The vendor's handle.", scope="handle"),
        Variable(
            "category_external_id", "name", "link.external_id", "The market's id of the category.",
            scope="category", within="market",
        ),
        Variable("url", "name", "link.url", "The address pointed to.", scope="url", required=True),
        Variable("pages", "integer", "count of page_link", "Pages that point to it.", "pages"),
        Variable("first_pointed", "moment", "least page.observed_at", "First pointed to.", "UTC"),
        Variable("last_pointed", "moment", "greatest page.observed_at", "Last pointed to.", "UTC"),
        Variable(
            "captured", "boolean", "page, listing_observation, vendor_observation",
            "Whether the export has the listing's own page, the vendor's profile, or (search) a "
            "page of that address on any mirror.", required=True,
        ),
    ),
    ("link_id",),
)  # fmt: skip

CATEGORY_COUNTS = ExportTable(
    "category_counts",
    "Listings that the market counted",
    "How many listings the market's own menus said a category has, a row a category and day.",
    "SELECT market, category_id, external_id, name, path, (observed_at AT TIME ZONE 'UTC')::date,"
    " min(listing_count), max(listing_count), count(*) FROM category_count"
    " WHERE observed_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6",
    (
        market_column("category.market"),
        identifier("category_id", "category", "category.category_id", "The category.",
                   required=True),
        Variable(
            "external_id", "name", "category.external_id", scope="category", within="market",
            required=True,
        ),
        Variable(
            "name", "word", "category.name", "The category's name.", vocabulary="category",
            required=True,
        ),
        Variable("path", "words", "category.path", vocabulary="category"),
        Variable("day", "date", "page.observed_at", "The day.", "day, UTC", required=True),
        Variable(
            "least", "integer", "page_category.listing_counts", "Least number said that day.",
            "listings",
        ),
        Variable(
            "most", "integer", "page_category.listing_counts", "Greatest number said that day.",
            "listings",
        ),
        Variable("pages", "integer", "count of page_category", "Pages that show it.", "pages"),
    ),
    ("category_id", "day"),
)  # fmt: skip

EXCHANGE_PANELS = ExportTable(
    "exchange_panels",
    "States of the markets' rates",
    "A row a state of a market's panel of exchange rates, and when pages showed it.",
    "SELECT x.exchange_panel_id, x.market, min(p.observed_at), max(p.observed_at), count(*)"
    " FROM exchange_panel x JOIN panel_page p USING (exchange_panel_id) GROUP BY 1, 2",
    (
        identifier(
            "exchange_panel_id", "panel", "exchange_panel.exchange_panel_id", "The state.",
            required=True,
        ),
        market_column("exchange_panel.market"),
        Variable("first_seen", "moment", "least page.observed_at", "First shown.", "UTC"),
        Variable("last_seen", "moment", "greatest page.observed_at", "Last shown.", "UTC"),
        Variable("pages", "integer", "count of page", "Pages that show it.", "pages"),
    ),
    ("exchange_panel_id",),
)  # fmt: skip

EXCHANGE_RATES = ExportTable(
    "exchange_rates",
    "Exchange rates",
    "1 base = rate quote, as the market's own pages said.",
    "SELECT r.exchange_panel_id, r.base, r.quote, r.rate FROM exchange_rate r"
    " WHERE r.exchange_panel_id IN (SELECT exchange_panel_id FROM panel_page)",
    (
        identifier(
            "exchange_panel_id", "panel", "exchange_rate.exchange_panel_id",
            "The state of the rates.", required=True,
        ),
        Variable(
            "base", "word", "exchange_rate.base", "One unit of this currency …",
            known=reference.currencies, required=True,
        ),
        Variable(
            "quote", "word", "exchange_rate.quote", "… is worth rate of this one.",
            known=reference.currencies, required=True,
        ),
        Variable(
            "rate", "number", "exchange_rate.rate", "Worth of one base.", "quote", required=True
        ),
    ),
    ("exchange_panel_id", "base", "quote"),
    (PANEL,),
)  # fmt: skip

REVIEWS = ExportTable(
    "reviews",
    "Reviews",
    "Each review once: the least number of reviews that explains all that the pages showed. A "
    "lower bound of sales.",
    "SELECT r.review_id, v.market, r.vendor_id, v.handle, r.listing_id, r.listing_title,"
    " r.rating, r.rating_max, r.sentiment, r.text IS NOT NULL, r.text, r.response, r.author,"
    " r.posted_on, r.posted_precision, r.posted_at, r.earliest, r.latest, r.price_amount,"
    " r.price_currency, r.price_approximate, r.first_seen, r.last_seen, r.sightings, r.invented"
    " FROM review r JOIN vendor v USING (vendor_id)",
    (
        identifier("review_id", "review", "review.review_id", "The review.", required=True),
        market_column("vendor.market"),
        *vendor_columns("review.vendor_id", required=True),
        identifier("listing_id", "listing", "review.listing_id"),
        Variable("listing_title", "text", "review.listing_title", "The offer's title, as shown."),
        Variable("rating", "number", "review.rating", "Stars given.", "stars, of rating_max"),
        Variable("rating_max", "number", "review.rating_max", "The scale of rating.", "stars"),
        Variable(
            "sentiment", "word", "review.sentiment", "What was given where there are no stars.",
            values=("positive", "neutral", "negative"),
        ),
        Variable("has_text", "boolean", "review.text", "Whether the buyer wrote something."),
        Variable("text", "text", "review.text", "What the buyer wrote."),
        Variable("response", "text", "review.response"),
        Variable("author", "name", "review.author", scope="buyer", within="market"),
        Variable("posted_on", "date", "review.posted_on", unit="day, UTC"),
        Variable("posted_precision", "word", "review.posted_precision", known=reference.precisions),
        Variable("posted_at", "moment", "review.posted_at", unit="UTC"),
        Variable("earliest", "moment", "review.earliest", unit="UTC"),
        Variable("latest", "moment", "review.latest", unit="UTC"),
        *money_columns("review", "What was paid, as first shown, in price_currency."),
        Variable(
            "price_approximate", "boolean", "review.price_approximate",
            "Whether the page says that the price is about that.",
        ),
        Variable("first_seen", "moment", "review.first_seen", unit="UTC"),
        Variable("last_seen", "moment", "review.last_seen", unit="UTC"),
        Variable("sightings", "integer", "review.sightings", unit="rows of pages", required=True),
        Variable("invented", "boolean", "review.invented", required=True),
    ),
    ("review_id",),
    (VENDOR, LISTING),
)  # fmt: skip

TABLES = (
    MARKETS,
    PLACES,
    CRAWL_RUNS,
    EXCHANGE_PANELS,
    EXCHANGE_RATES,
    PAGES,
    LINKS,
    CATEGORY_COUNTS,
)
