"""What is measured of a crawl run, each by a statement of its own over its pages and counters.

Table ``h_page`` holds the pages of the run's job so far; ``now`` those of the run itself, whose
shares are judged. A statement gives rows of subject, value, and how many independent observations
that rests on; records of one page are alike, and count for fewer (`_ALIKE`, Kish's design effect).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from cryptodrug_scraper.monitor.levels import Level
from cryptodrug_scraper.monitor.norms import NUMBER, SHARE, Rule
from cryptodrug_scraper.records import Listing, Review, Vendor

PAGES = """
    CREATE TEMP TABLE h_page ON COMMIT DROP AS
    SELECT page_id, market, kind, outcome, url, captured_at, cut_off, warnings,
           crawl_run_id = ANY(%(runs)s) AS now
    FROM page WHERE crawl_run_id = ANY(%(job_runs)s) AND invented = %(invented)s;
    CREATE INDEX ON h_page (page_id);
    ANALYZE h_page
"""
_ALIKE = 0.2  # correlation of what records of one page state


@dataclass(frozen=True)
class Gauge:
    """Something that is measured: a name, a statement, how its values are judged.

    Without a rule the statement itself gives a level and a reason instead of value and number.
    ``part`` names several of one name apart. ``examples`` gives, of a subject, a statement for
    pages to examine. ``sparse``: a subject that has no row has 0 of what subject ``all`` has.
    ``missing`` says what is not there where a value is null.
    """

    name: str
    sql: str
    rule: Rule | None = None
    part: str = ""
    examples: Callable[[str], str] | None = None
    sparse: bool = False
    missing: str = ""


# -- fields ----------------------------------------------------------------------------------


def _part(table: str, condition: str = "true") -> str:
    return (
        f"EXISTS (SELECT FROM {table} t WHERE t.page_id = o.page_id AND t.ordinal = o.ordinal"
        f" AND {condition})"
    )


_FILLED = {
    "category": "o.category_path <> '{}'",
    "payment": "o.payment <> '{}'",
    "currencies": "o.currencies <> '{}'",
    "vendor": "o.vendor_id IS NOT NULL",
    "description": "o.description_id IS NOT NULL",
    "terms": "o.terms_id IS NOT NULL",
    "profile": "o.profile_id IS NOT NULL",
    "pgp_key": "o.pgp_key_id IS NOT NULL",
    "price": "o.price_amount IS NOT NULL",
    "price_alternatives": _part("price_alternative"),
    "price_tiers": _part("price_tier"),
    "shipping_options": _part("shipping_option"),
    "ships_from": _part("listing_place", "t.role = 'from'"),
    "ships_to": _part("listing_place", "t.role = 'to'"),
    "ships_to_excluded": _part("listing_place", "t.role = 'excluded'"),
    "feedback_counts": _part("feedback_count"),
    "star_ratings": _part("star_rating"),
    "external_ratings": _part("external_rating"),
    "listing_external_id": "o.listing_id IS NOT NULL",
}
"""When a field of a record is filled, where it is not a column of its name that is not null."""
_OF_CONTENT = ("rating", "rating_max", "sentiment", "text")
_LISTING = "listing_observation o JOIN h_page p USING (page_id)"
_VENDOR = "vendor_observation o JOIN h_page p USING (page_id)"
_REVIEW = "review_sighting o JOIN h_page p USING (page_id) JOIN review_content c USING (content_id)"
_SHOWN = "p.now AND NOT p.cut_off AND"
_RECORDS: dict[str, tuple[type, str, str]] = {
    "listing": (Listing, _LISTING, "p.kind = 'listing' AND o.ordinal = 0"),
    "card": (Listing, _LISTING, "p.kind = 'search'"),
    "vendor": (Vendor, _VENDOR, "p.kind = 'vendor'"),
    "seller": (Vendor, _VENDOR, "p.kind = 'listing'"),
    "review": (Review, _REVIEW, "p.kind = 'vendor'"),
    "listing_review": (Review, _REVIEW, "p.kind = 'listing'"),
}
"""Records by where they stand: what a card states, an offer's own page may not, and so on."""
_OTHERWISE = ("external_id", "handle", "earliest", "latest", "from_age", "pgp_fingerprint")
"""Names of records, which have rows only with them; what is not of the contract; what is of a key,
and not of the page."""


def _filled(record: str, name: str) -> str:
    if name in _FILLED:
        return _FILLED[name]
    return f"{'c' if 'review' in record and name in _OF_CONTENT else 'o'}.{name} IS NOT NULL"


def _fields_of(record: str) -> dict[str, str]:
    kind = _RECORDS[record][0]
    return {
        f"{record}.{each.name}": _filled(record, each.name)
        for each in fields(kind)
        if each.name not in _OTHERWISE and (kind is not Review or each.name != "vendor")
    }


_IDENTITY = {
    "listing.external_id": ("listing", "listing_observation", "o.ordinal = 0"),
    "card.external_id": ("search", "listing_observation", "true"),
    "vendor.handle": ("vendor", "vendor_observation", "true"),
}
"""Without these fields no record is loaded: of how many pages of a kind one was."""
FIELDS = frozenset(_IDENTITY) | {name for record in _RECORDS for name in _fields_of(record)}
"""The names of all fields that have a fill rate."""


def _field_measures() -> Iterator[Gauge]:
    rule = Rule(SHARE, 0.03, "falls")
    for record, (_, source, where) in _RECORDS.items():
        named = _fields_of(record)
        counts = ", ".join(
            f"count(*) FILTER (WHERE {each}) AS n{n}" for n, each in enumerate(named.values())
        )
        rows = ", ".join(f"('{name}', n{n})" for n, name in enumerate(named))
        sql = (
            f"WITH counted AS (SELECT CAST(count(*) AS float8) AS n,"
            f" count(DISTINCT page_id) AS pages, {counts} FROM {source} WHERE {_SHOWN} {where})"
            f" SELECT f.subject, f.filled / n, n / (1 + (n / pages - 1) * {_ALIKE})"
            f" FROM counted, LATERAL (VALUES {rows}) AS f(subject, filled) WHERE n > 0"
        )

        def empty(
            name: str, source: str = source, where: str = where, named: dict[str, str] = named
        ) -> str:
            return f"SELECT page_id FROM {source} WHERE {_SHOWN} {where} AND NOT ({named[name]})"

        yield Gauge("fields", sql, rule, record, empty)
    for name, (kind, table, where) in _IDENTITY.items():
        has = f"EXISTS (SELECT FROM {table} o WHERE o.page_id = p.page_id AND {where})"
        of = f"FROM h_page p WHERE {_SHOWN} p.kind = '{kind}'"
        sql = (
            f"SELECT '{name}', CAST(count(*) FILTER (WHERE {has}) AS float8) / count(*), count(*)"
            f" {of} HAVING count(*) > 0"
        )
        yield Gauge("fields", sql, rule, name, _constant(f"SELECT page_id {of} AND NOT {has}"))


def _constant(sql: str) -> Callable[[str], str]:
    return lambda _: sql


# -- pages, records, coverage, time, errors ----------------------------------------------------

OF_MARKET = "kind IN ('listing', 'vendor', 'search', 'index')"
_PAGES = f"""
    SELECT k.kind, count(p.page_id), count(p.page_id)
    FROM (VALUES ('all'), ('listing'), ('vendor'), ('search')) AS k(kind)
    LEFT JOIN h_page p ON p.kind = k.kind OR k.kind = 'all' AND p.{OF_MARKET}
    GROUP BY k.kind
"""
_SIZES = """
    SELECT 'listings', n, n FROM (SELECT count(DISTINCT listing_id) AS n
        FROM listing_observation o JOIN h_page p USING (page_id)
        WHERE p.kind = 'listing' AND o.ordinal = 0) AS listings
    UNION ALL SELECT 'vendors', n, n FROM (SELECT count(DISTINCT vendor_id) AS n
        FROM vendor_observation JOIN h_page p USING (page_id) WHERE p.kind = 'vendor') AS vendors
    UNION ALL SELECT 'reviews', n, n FROM (SELECT count(*) AS n
        FROM review_sighting JOIN h_page USING (page_id)) AS reviews
"""
_A_PAGE = " UNION ALL ".join(
    f"SELECT '{subject}', CAST(count(o.page_id) AS float8) / count(DISTINCT p.page_id),"
    f" count(DISTINCT p.page_id) FROM h_page p LEFT JOIN {table} o USING (page_id)"
    f" WHERE {_SHOWN} p.kind = '{kind}' HAVING count(*) > 0"
    for subject, kind, table in (
        ("cards", "search", "listing_observation"),
        ("reviews", "vendor", "review_sighting"),
        ("listing_reviews", "listing", "review_sighting"),
    )
)
_READABLE = """
    SELECT 'all', CAST(count(*) FILTER (WHERE outcome = 'read') AS float8) / count(*), count(*)
    FROM h_page WHERE now HAVING count(*) > 0
"""
_OTHERS = """
    SELECT k.kind, CAST(count(p.page_id) FILTER (WHERE p.kind = k.kind) AS float8) / count(*),
           count(*)
    FROM (VALUES ('login'), ('challenge'), ('error'), ('not_found')) AS k(kind)
    JOIN h_page p ON p.now GROUP BY k.kind
"""
_WARNED = "split_part(w.words, ':', 1)"
_WARNINGS = f"""
    WITH shown AS (SELECT page_id, warnings FROM h_page WHERE now AND NOT cut_off),
    run AS (SELECT CAST(count(*) AS float8) AS pages FROM shown),
    each AS (SELECT page_id, {_WARNED} AS field FROM shown, unnest(warnings) AS w(words))
    SELECT field, count(DISTINCT page_id) / pages, pages FROM run, each
    WHERE field ~ '^[a-z_.]{{1,60}}$' GROUP BY field, pages
    UNION ALL
    SELECT 'all', (SELECT count(DISTINCT page_id) FROM each) / pages, pages FROM run WHERE pages > 0
"""
_POINTED = """
    WITH pointed AS (
        SELECT DISTINCT e.link_id FROM h_page JOIN page_link k USING (page_id)
        CROSS JOIN LATERAL unnest(k.link_ids) AS e(link_id) WHERE k.kind IN ('listing', 'vendor')
    ), absent AS (
        SELECT DISTINCT regexp_replace(url, '^[A-Za-z]+://[^/]*', '') AS path
        FROM h_page WHERE kind = 'not_found' AND url IS NOT NULL
    ), thing AS (
        SELECT DISTINCT ON (l.kind, coalesce(CAST(s.vendor_id AS text), l.external_id))
               l.kind, l.link_id, i.listing_id, s.vendor_id
        FROM pointed JOIN link l USING (link_id)
        LEFT JOIN listing i ON l.kind = 'listing' AND i.market = l.market
            AND i.external_id = l.external_id
        LEFT JOIN vendor_spelling s ON l.kind = 'vendor' AND s.market = l.market
            AND s.handle = l.external_id
        WHERE l.external_id IS NOT NULL
          AND regexp_replace(l.url, '^[A-Za-z]+://[^/]*', '') NOT IN (SELECT path FROM absent)
    ), known AS (
        SELECT kind, link_id, EXISTS (
            SELECT FROM listing_observation o JOIN page p USING (page_id)
            WHERE o.listing_id = thing.listing_id AND p.kind = 'listing' AND o.ordinal = 0
              AND p.invented = %(invented)s AND p.observed_at <= %(ended)s
        ) OR EXISTS (
            SELECT FROM vendor_observation o JOIN page p USING (page_id)
            WHERE o.vendor_id = thing.vendor_id AND o.is_profile
              AND p.invented = %(invented)s AND p.observed_at <= %(ended)s
        ) AS captured
        FROM thing
    )
"""
_COVERAGE = f"""
    {_POINTED} SELECT kind || 's', CAST(count(*) FILTER (WHERE captured) AS float8) / count(*),
        count(*) FROM known GROUP BY kind
"""
_UNCAPTURED = f"""
    {_POINTED} SELECT k.page_id FROM known n JOIN page_link k ON n.link_id = ANY(k.link_ids)
    JOIN h_page USING (page_id) WHERE NOT n.captured AND n.kind || 's' = %(subject)s
"""
_OVERLAP = """
    SELECT 'listings', CAST(count(*) FILTER (WHERE listing_id IN (
               SELECT listing_id FROM listing_observation JOIN h_page USING (page_id)
           )) AS float8) / count(*), count(*)
    FROM (
        SELECT DISTINCT listing_id FROM listing_observation JOIN page USING (page_id)
        WHERE crawl_run_id = ANY(%(previous)s) AND invented = %(invented)s
    ) AS earlier HAVING count(*) > 0
"""
_TIME = """
    SELECT 'seconds', CAST(avg(least(gap, 600)) AS float8), count(*) FROM (
        SELECT extract(epoch FROM captured_at - lag(captured_at) OVER (ORDER BY captured_at)) AS gap
        FROM h_page WHERE now
    ) AS gaps HAVING count(gap) > 0
"""  # hours in which nothing was to be asked count as ten minutes
_COUNTED = """
    WITH c AS (
        SELECT c.key, CAST(c.value AS float8) AS n FROM crawl_run,
               LATERAL jsonb_each_text(counters) AS c(key, value)
        WHERE crawl_run_id = %(run)s AND c.value ~ '^[0-9.]+$'
    )
"""
_ERRORS = f"""
    {_COUNTED} SELECT 'all', coalesce(sum(n) FILTER (WHERE key LIKE 'put_back/%%'), 0)
               / nullif(greatest(sum(n) FILTER (WHERE key = 'requests'),
                        sum(n) FILTER (WHERE key LIKE 'put_back/%%')), 0),
           sum(n) FILTER (WHERE key = 'requests') FROM c
    UNION ALL
    SELECT 'given_up', coalesce(sum(n) FILTER (WHERE key = 'frontier/failed'), 0)
               / nullif(sum(n), 0), sum(n)
    FROM c WHERE key IN ('frontier/done', 'frontier/gone', 'frontier/failed')
    UNION ALL
    SELECT split_part(key, '/', 1) || ' ' || split_part(key, '/', 2),
           coalesce(sum(n) FILTER (WHERE key LIKE '%%/failed'), 0) / sum(n), sum(n)
    FROM c WHERE key ~ '^(mirror|session)/[0-9a-f]+/(ok|failed)$' GROUP BY 1 HAVING sum(n) > 0
"""

# -- how it ended ------------------------------------------------------------------------------

PATIENCE = 5
"""Failures in a row after which a crawl takes another mirror."""
_IN_VAIN = 50
"""Requests without a page after which the rest of a job is not just a few pages that are gone."""
_OUTCOME = """
    SELECT 'all', CASE WHEN outcome IN ('finished', 'limit', 'interrupted') THEN 'fine'
                WHEN outcome = 'needs_session' THEN 'look' ELSE 'broken' END, outcome
    FROM crawl_run WHERE crawl_run_id = %(run)s
"""
_MIRRORS = f"""
    WITH c AS (
        SELECT r.started_at, split_part(key, '/', 2) AS mark, split_part(key, '/', 3) AS what,
               CAST(value AS float8) AS n
        FROM crawl_run r, LATERAL jsonb_each_text(counters) AS each(key, value)
        WHERE r.market = %(market)s AND r.invented = %(invented)s AND started_at <= %(started)s
          AND key ~ '^mirror/[0-9a-f]+/(ok|failed|in_a_row)$'
    ), tried AS (
        SELECT mark, started_at, sum(n) FILTER (WHERE what = 'in_a_row') >= {PATIENCE} AS lost,
               started_at = %(started)s AS now
        FROM c GROUP BY mark, started_at HAVING sum(n) FILTER (WHERE what <> 'in_a_row') > 0
    )
"""
_MIRROR = f"""
    {_MIRRORS} SELECT * FROM (
        SELECT DISTINCT ON (mark) mark, CASE WHEN lost THEN 'look' ELSE 'fine' END,
               CASE WHEN lost THEN 'lost' ELSE 'answers' END
        FROM tried WHERE mark IN (SELECT mark FROM c WHERE started_at = %(started)s)
        ORDER BY mark, started_at DESC
    ) AS latest
"""
_CLOSURE = f"""
    {_MIRRORS}, seen AS (
        SELECT count(*) FILTER (WHERE {OF_MARKET}) AS pages,
               count(*) FILTER (WHERE {OF_MARKET} AND now) AS now_pages,
               count(*) FILTER (WHERE kind = 'listing') AS listings FROM h_page
    ), judged AS (
        SELECT CASE
            WHEN r.outcome IN ('tor', 'archive', 'needs_session') THEN 'open'
            WHEN CAST(counters ->> 'requests' AS float8) >= CASE
                WHEN pages = 0 THEN 1 WHEN now_pages = 0 THEN {_IN_VAIN} END THEN 'nothing_answers'
            WHEN (SELECT bool_and(lost) FROM tried WHERE now) THEN 'no_mirror_answers'
            WHEN listings = 0 AND %(complete)s AND NOT counters ? 'skipped/recent'
                 AND %(had_listings)s THEN 'no_listings'
            ELSE 'open' END AS reason
        FROM seen, crawl_run r WHERE r.crawl_run_id = %(run)s
    )
    SELECT 'all', CASE reason WHEN 'open' THEN 'fine' ELSE 'broken' END, reason FROM judged
"""


def _with(condition: str) -> Callable[[str], str]:
    return _constant(f"SELECT page_id FROM h_page WHERE now AND {condition}")


_SIZE = Rule(NUMBER, 0.25, "changes", of_all=True)
MEASURES = (
    Gauge("outcome", _OUTCOME),
    Gauge("closure", _CLOSURE),
    Gauge("mirror", _MIRROR),
    Gauge("pages", _PAGES, _SIZE),
    Gauge("records", _SIZES, _SIZE),
    Gauge("records_a_page", _A_PAGE, Rule(NUMBER, 0.25, "changes")),
    *_field_measures(),
    Gauge("readable", _READABLE, Rule(SHARE, 0.03, "falls"), examples=_with("outcome <> 'read'")),
    Gauge(
        "pages_of_kind",
        _OTHERS,
        Rule(SHARE, 0.05, "rises", Level.LOOK),
        examples=_with("kind = %(subject)s"),
    ),
    Gauge(
        "warnings",
        _WARNINGS,
        Rule(SHARE, 0.03, "rises", Level.LOOK),
        examples=_with(
            "NOT cut_off AND EXISTS (SELECT FROM unnest(warnings) AS w(words)"
            f" WHERE %(subject)s IN ('all', {_WARNED}))"
        ),
        sparse=True,
    ),
    Gauge(
        "coverage",
        _COVERAGE,
        Rule(SHARE, 0.05, "falls", of_all=True),
        examples=_constant(_UNCAPTURED),
    ),
    Gauge("overlap", _OVERLAP, Rule(SHARE, 0.1, "falls", Level.LOOK, of_all=True)),
    Gauge("time", _TIME, Rule(NUMBER, 0.5, "rises", Level.LOOK)),
    Gauge(
        "errors",
        _ERRORS,
        Rule(SHARE, 0.06, "rises", Level.LOOK),
        missing="the run counted no requests",
    ),
)
"""All that is measured, in the order in which it is shown."""
