"""The tables of vendors: accounts, what pages showed of them, their keys and ratings."""

from __future__ import annotations

from cryptodrug_scraper.export.columns import ExportTable, Key, Variable, identifier
from cryptodrug_scraper.export.reference import (
    market_column,
    place_columns,
    reasons_apart,
    vendor_columns,
)

OBSERVATION = Key(("page_id", "ordinal"), "vendor_observations", ("page_id", "ordinal"))
PAGE = Key(("page_id",), "pages", ("page_id",))
VENDOR = Key(("vendor_id",), "vendors", ("vendor_id",))
PGP_KEY = Key(("pgp_key_id",), "pgp_keys", ("pgp_key_id",))


def _stated(origin: str) -> tuple[Variable, ...]:
    """Return what a vendor's page states."""

    def column(
        name: str, kind: str, meaning: str = "", unit: str = "", *, private: bool = False
    ) -> Variable:
        return Variable(name, kind, f"{origin}.{name}", meaning, unit, private=private)  # type: ignore[arg-type]

    return (
        column("sales", "integer", "Completed sales, as the market states them.", "sales"),
        column("rating", "number", "Average rating.", "stars, of rating_max"),
        column("rating_max", "number", "The scale of rating.", "stars"),
        column("rating_count", "integer", "Ratings behind rating.", "ratings"),
        column("positive_percent", "number", "Share of positive feedback, as stated.", "percent"),
        column("level", "integer", "The vendor's level, as the market counts."),
        column("trust_level", "integer", "The vendor's trust level, as the market counts."),
        column("experience", "integer", "The vendor's experience, as the market counts.", "points"),
        column("joined_on", "date", "Member since.", "day, UTC"),
        column("last_active_on", "date", "Last seen by the market.", "day, UTC"),
        column("finalize_early", "boolean", "May be paid before delivery."),
        column("trusted", "boolean", "Has a mark of trust; empty where nothing is said."),
        column("banned", "boolean", "Is banned, by the profile."),
        column("disputes", "integer", "Disputes as a vendor.", "disputes"),
    )


def _texts(origin: str) -> tuple[Variable, Variable]:
    return (
        Variable(
            "profile_id", "id", f"{origin}.profile_id", "The vendor's own text.",
            scope="text", private=True,
        ),
        Variable(
            "terms_id", "id", f"{origin}.terms_id", "The vendor's terms.",
            scope="text", private=True,
        ),
    )  # fmt: skip


_TEXT_KEYS = (
    Key(("profile_id",), "texts", ("text_id",)),
    Key(("terms_id",), "texts", ("text_id",)),
)
_STATED = (
    "sales, {0}.rating, {0}.rating_max, {0}.rating_count, {0}.positive_percent, {0}.level,"
    " {0}.trust_level, {0}.experience, {0}.joined_on, {0}.last_active_on, {0}.finalize_early,"
    " {0}.trusted, {0}.banned, {0}.disputes"
)

VENDORS = ExportTable(
    "vendors",
    "Vendors",
    "A row a vendor account (one handle on one market, whatever its capitals), with what was last "
    "stated of it, field by field.",
    "SELECT vendor_id, market, handle, "
    + _STATED.format("v")
    + ", pgp_fingerprint, pgp_key_id, reviews, first_seen, last_seen, observations,"
    " profile_id, terms_id, invented FROM vendor_latest v",
    (
        identifier(
            "vendor_id", "vendor", "vendor.vendor_id", "The account.", required=True
        ),
        market_column("vendor.market"),
        Variable("vendor", "name", "vendor.handle", scope="handle", required=True),
        *_stated("vendor_observation"),
        Variable(
            "pgp_fingerprint", "hash", "pgp_key.fingerprint",
            "Fingerprint of the key last shown; the same one on two markets is the same key.",
            scope="fingerprint",
        ),
        identifier("pgp_key_id", "key", "pgp_key.pgp_key_id", "The key last shown."),
        Variable("reviews", "integer", "count of review", "Reviews of the vendor.", "reviews"),
        Variable(
            "first_seen", "moment", "least vendor_observation.observed_at,"
            " listing_observation.observed_at", "First page that shows the vendor.", "UTC",
        ),
        Variable(
            "last_seen", "moment", "greatest vendor_observation.observed_at,"
            " listing_observation.observed_at", "Last page that shows the vendor.", "UTC",
        ),
        Variable(
            "observations", "integer", "count of vendor_observation",
            "Pages that state something of the vendor.", "pages",
        ),
        *_texts("vendor_observation"),
        Variable(
            "invented", "boolean", "page.invented",
            "Whether all pages that show the vendor were invented.", required=True,
        ),
    ),
    ("vendor_id",),
    (PGP_KEY, *_TEXT_KEYS),
)  # fmt: skip

VENDOR_SPELLINGS = ExportTable(
    "vendor_spellings",
    "Spellings of handles",
    "Handles as pages write them, and the account that each is of. Spellings of one name (but for "
    "capitals) are one account, but where they contradict each other.",
    "SELECT s.spelling_id, s.market, s.vendor_id, s.handle, s.name_id, v.apart_because"
    " FROM vendor_spelling s JOIN vendor v USING (vendor_id)",
    (
        identifier(
            "spelling_id", "spelling", "vendor_spelling.spelling_id", "The spelling.", required=True
        ),
        market_column("vendor_spelling.market"),
        identifier(
            "vendor_id", "vendor", "vendor_spelling.vendor_id", "The account.", required=True
        ),
        Variable("spelling", "name", "vendor_spelling.handle", scope="handle", required=True),
        identifier(
            "name_id", "vendor", "vendor_spelling.name_id",
            "Equal for spellings that differ in capitals alone; key of an account of that name.",
            required=True,
        ),
        Variable(
            "apart_because", "words", "vendor.apart_because", known=reasons_apart, required=True
        ),
    ),
    ("spelling_id",),
    (VENDOR,),
)  # fmt: skip

VENDOR_OBSERVATIONS = ExportTable(
    "vendor_observations",
    "Vendors over time",
    "What one page showed of one vendor; empty is not stated.",
    "SELECT o.page_id, o.ordinal, v.market, o.vendor_id, v.handle, o.observed_at, o.is_profile, o."
    + _STATED.format("o")
    + ", o.pgp_key_id, o.profile_id, o.terms_id"
    " FROM vendor_observation o JOIN vendor v USING (vendor_id)",
    (
        *place_columns("vendor_observation"),
        market_column("vendor.market"),
        *vendor_columns("vendor_observation.vendor_id", required=True),
        Variable(
            "observed_at", "moment", "vendor_observation.observed_at",
            "When the page was captured.", "UTC",
        ),
        Variable("is_profile", "boolean", "vendor_observation.is_profile"),
        *_stated("vendor_observation"),
        identifier("pgp_key_id", "key", "vendor_observation.pgp_key_id", "The key shown."),
        *_texts("vendor_observation"),
    ),
    ("page_id", "ordinal"),
    (PAGE, VENDOR, PGP_KEY, *_TEXT_KEYS),
)  # fmt: skip

_POSITION = Variable(
    "position", "integer", "order on the page", "Which of several, from 0.", required=True
)


def _counts(origin: str) -> tuple[Variable, ...]:
    return tuple(
        Variable(
            name, "integer", f"{origin}.{name}", f"{name.capitalize()} ratings, as stated.",
            "ratings",
        )
        for name in ("positive", "neutral", "negative")
    )  # fmt: skip


FEEDBACK_COUNTS = ExportTable(
    "feedback_counts",
    "Feedback totals",
    "Feedback totals that a vendor's page states, a row a period.",
    "SELECT page_id, ordinal, position, period, positive, neutral, negative,"
    " stars[1], stars[2], stars[3], stars[4], stars[5] FROM feedback_count",
    (
        *place_columns("feedback_count"),
        _POSITION,
        Variable("period", "word", "feedback_count.period", vocabulary="period", required=True),
        *_counts("feedback_count"),
        *(
            Variable(
                f"stars_{n}", "integer", "feedback_count.stars",
                f"Ratings of {n} star{'s' if n > 1 else ''}, as stated.", "ratings",
            )
            for n in range(1, 6)
        ),
    ),
    ("page_id", "ordinal", "position"),
    (OBSERVATION,),
)  # fmt: skip

STAR_RATINGS = ExportTable(
    "star_ratings",
    "Named star ratings",
    "Star ratings of a vendor by what is rated (stealth, quality …).",
    "SELECT page_id, ordinal, position, name, rating, rating_max FROM star_rating",
    (
        *place_columns("star_rating"),
        _POSITION,
        Variable(
            "name", "word", "star_rating.name", "What is rated.", vocabulary="star", required=True
        ),
        Variable("rating", "number", "star_rating.rating", "The average.", "stars, of rating_max"),
        Variable("rating_max", "number", "star_rating.rating_max", "The scale of rating.", "stars"),
    ),
    ("page_id", "ordinal", "position"),
    (OBSERVATION,),
)

EXTERNAL_RATINGS = ExportTable(
    "external_ratings",
    "Ratings from other markets",
    "Ratings that a vendor brought from another market, as this market shows them.",
    "SELECT page_id, ordinal, position, from_market, sales, rating, rating_max, positive,"
    " neutral, negative FROM external_rating",
    (
        *place_columns("external_rating"),
        _POSITION,
        Variable(
            "from_market", "word", "external_rating.from_market", vocabulary="external_market",
            required=True,
        ),
        Variable(
            "sales", "word", "external_rating.sales", "Sales there as stated: 200~500, #19.",
            "sales", vocabulary="count",
        ),
        Variable("rating", "number", "external_rating.rating", "The average.", "of rating_max"),
        Variable("rating_max", "number", "external_rating.rating_max", "The scale of rating."),
        *_counts("external_rating"),
    ),
    ("page_id", "ordinal", "position"),
    (OBSERVATION,),
)  # fmt: skip

PGP_KEYS = ExportTable(
    "pgp_keys",
    "PGP keys",
    "The public keys that vendors showed, without the keys themselves. A key that several "
    "vendors showed links their accounts.",
    "SELECT k.pgp_key_id, k.fingerprint, count(DISTINCT o.vendor_id),"
    " min(o.observed_at), max(o.observed_at)"
    " FROM pgp_key k JOIN vendor_observation o USING (pgp_key_id)"
    " GROUP BY k.pgp_key_id, k.fingerprint",
    (
        identifier("pgp_key_id", "key", "pgp_key.pgp_key_id", "The key block.", required=True),
        Variable("pgp_fingerprint", "hash", "pgp_key.fingerprint", scope="fingerprint"),
        Variable(
            "vendors", "integer", "count of vendor_observation.vendor_id",
            "Accounts that showed it.", "vendors",
        ),
        Variable(
            "first_seen", "moment", "least vendor_observation.observed_at", "First shown.", "UTC"
        ),
        Variable(
            "last_seen", "moment", "greatest vendor_observation.observed_at", "Last shown.", "UTC"
        ),
    ),
    ("pgp_key_id",),
)  # fmt: skip

TABLES = (
    VENDORS,
    VENDOR_SPELLINGS,
    VENDOR_OBSERVATIONS,
    FEEDBACK_COUNTS,
    STAR_RATINGS,
    EXTERNAL_RATINGS,
    PGP_KEYS,
)
