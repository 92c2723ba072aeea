"""One capture and what was read from it, as rows of the tables.

Rows are made as lines of COPY's text format, each under a key of what it is (``ids.py``),
so a page's rows need nothing from the database. ``shared`` rows (vendors, texts, links …)
may stand there already; ``own`` rows belong to the page alone.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.database.archives import PagePlace, Roots
from cryptodrug_scraper.database.columns import COLUMNS, row_of
from cryptodrug_scraper.database.copying import line
from cryptodrug_scraper.database.crawls import crawl_key, crawl_row, least_run
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.panels import LONGEST_NAME, links_of, menu_of, rates_of
from cryptodrug_scraper.database.values import (
    MOST,
    fits_bigint,
    folded,
    later,
    money,
    observed_at,
    same_number,
    same_words,
)
from cryptodrug_scraper.reading.lifetime import doubted
from cryptodrug_scraper.records import Listing, Notice, ParsedPage, Review, Vendor

NO_ROOTS = Roots()


class Capture(NamedTuple):
    """A page under its key: the same bytes, from the same address, at the same time."""

    page_id: int
    sha256: bytes
    page: Page
    place: PagePlace

    @classmethod
    def of(cls, page: Page, roots: Roots = NO_ROOTS) -> Capture:
        """Work out the key, and the place in one of the roots that are known."""
        digest = hashlib.sha256(page.body).digest()
        moment = page.captured_at.isoformat() if page.captured_at is not None else "-"
        address = (page.url or "-").encode("utf-8", "surrogatepass")
        data = b"%b|%b|%b" % (digest, moment.encode(), address)
        key = hashlib.blake2b(data, digest_size=8).digest()
        return cls(int.from_bytes(key, "big") & MOST, digest, page, roots.place_of(page.location))


@dataclass(slots=True)
class PageRows:
    """The rows of one page.

    ``shared``: table to {key: values}; ``own``: table to lines; ``groups``: the review groups
    (vendor key, content key) that it touches, before accounts of one name are told apart;
    ``places``: the codes that it names; ``page``: its line in table page; ``place``: where it
    lies; ``crawl_run``: the key of the run that captured it.
    """

    page_id: int
    page: str
    place: PagePlace
    crawl_run: int | None = None
    shared: dict[str, dict[int, Any]] = field(default_factory=lambda: defaultdict(dict))
    own: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    groups: set[tuple[int, int]] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)


def rows_of(
    capture: Capture, parsed: ParsedPage, parser_version: str, known_run: int | None = None
) -> PageRows:
    """Return the rows of a capture. Never raises for anything that a page can state.

    ``known_run`` is the key of a run that the database knows to have captured the page.
    """
    return _Builder(capture, parsed, parser_version).build(known_run)


class _Builder:
    """Makes the rows of one page."""

    def __init__(self, capture: Capture, parsed: ParsedPage, parser_version: str) -> None:
        self.page_id, self.sha256, page, place = capture
        self.page, self.parsed, self.parser_version = page, parsed, parser_version
        self.market = parsed.market
        moment = observed_at(page, parsed)
        self.observed_at = moment.isoformat() if moment is not None else None
        # Of a page dated by its folder the time of day is not known, so ages end on a day.
        self.by_the_day = page.captured_precision == "day" and not doubted(parsed)
        self.rows = PageRows(self.page_id, "", place)
        self.own, self.shared = self.rows.own, self.rows.shared

    def build(self, known_run: int | None) -> PageRows:
        panel = None
        self.rows.crawl_run = least_run(known_run, self.crawl())
        if self.market is not None:
            panel = self.exchange_panel(self.market)
            self.categories(self.market)
            self.links(self.market)
            for ordinal, vendor in enumerate(self.parsed.vendors[:30_000]):
                self.vendor(ordinal, vendor)
            for ordinal, listing in enumerate(self.parsed.listings[:30_000]):
                self.listing(ordinal, listing)
            for ordinal, review in enumerate(self.parsed.reviews[:30_000]):
                self.review(ordinal, review)
        self.rows.page = self.page_line(panel)
        return self.rows

    # -- the page --------------------------------------------------------------------------

    def page_line(self, panel: int | None) -> str:
        page, parsed = self.page, self.parsed
        warnings = parsed.warnings + self.rows.notices
        outcome = "read"
        if parsed.kind == "unknown":
            outcome = "unknown"
        if any(notice.field == "page" for notice in warnings):
            outcome = "failed"
        return line(
            row_of(
                "page",
                page_id=self.page_id,
                market=self.market,
                kind=parsed.kind,
                outcome=outcome,
                observed_at=self.observed_at,
                sha256=self.sha256,
                size=len(page.body),
                archive_id=self.rows.place.archive_id,
                place=self.rows.place.place,
                parser_version=self.parser_version,
                reviews_not_shown=fits_bigint(parsed.reviews_not_shown),
                warnings=[str(notice) for notice in warnings],
                exchange_panel_id=panel,
                crawl_run_id=self.rows.crawl_run,
                **fields(page, "url captured_at captured_precision captured_from status invented"),
                **fields(parsed, "page_time cut_off"),
            )
        )

    def too_long(self, field_name: str, name: str) -> bool:
        if len(name) <= LONGEST_NAME:
            return False
        self.rows.notices.append(
            Notice(field_name, f"over {LONGEST_NAME} characters, not loaded", name[:80])
        )
        return True

    # -- shared rows -----------------------------------------------------------------------

    def crawl(self) -> int | None:
        stamp = self.page.crawl
        key = crawl_key(stamp)
        if key is not None and stamp is not None:
            self.shared["crawl_run"][key] = crawl_row(key, stamp)
        return key

    def share(self, table: str, key: int, **values: Any) -> int:
        """Add a row of a table that pages share, whose key is its first column."""
        self.shared[table][key] = row_of(table, **{COLUMNS[table][0]: key}, **values)
        return key

    def vendor_keys(
        self, handle: str | None, field_name: str
    ) -> tuple[int, int] | tuple[None, None]:
        """The keys of an account, and of how its handle is written."""
        if not handle or self.too_long(field_name, handle):
            return None, None
        market, name = self.market, folded(handle)
        vendor_id = key_of("vendor", market, name)
        self.share("vendor", vendor_id, market=market, handle=handle, folded=name, apart_because=())
        spelling_id = key_of("vendor", market, handle)
        self.share(
            "vendor_spelling",
            spelling_id,
            market=market,
            handle=handle,
            name_id=vendor_id,
            vendor_id=vendor_id,
        )
        return vendor_id, spelling_id

    def listing_key(self, external_id: str | None, field_name: str) -> int | None:
        if not external_id or self.too_long(field_name, external_id):
            return None
        key = key_of("listing", self.market, external_id)
        return self.share("listing", key, market=self.market, external_id=external_id)

    def long_text(self, content: str | None) -> int | None:
        if content is None:
            return None
        digest = hashlib.sha256(content.encode("utf-8", "replace")).digest()
        key = int.from_bytes(digest[:8], "big") & MOST
        return self.share("long_text", key, sha256=digest, content=content)

    def pgp_key(self, vendor: Vendor) -> int | None:
        if vendor.pgp_key is None:
            return None
        digest = hashlib.sha256(vendor.pgp_key.encode("utf-8", "replace")).digest()
        key = int.from_bytes(digest[:8], "big") & MOST
        return self.share(
            "pgp_key",
            key,
            sha256=digest,
            fingerprint=vendor.pgp_fingerprint,
            armoured=vendor.pgp_key,
        )

    def exchange_panel(self, market: str) -> int | None:
        if not self.parsed.exchange_rates:
            return None
        key, rates = rates_of(market, self.parsed.exchange_rates)
        self.shared["exchange_rate"][key] = rates
        return self.share("exchange_panel", key, market=market)

    def categories(self, market: str) -> None:
        if not self.parsed.categories:
            return
        menu = menu_of(market, self.parsed.categories)
        for name in menu.too_long:
            self.too_long("category", name)
        if menu.rows:
            self.shared["category"] = menu.rows
            self.own["page_category"].append(f"{self.page_id}\t{menu.keys}\t{menu.counts}\n")

    def links(self, market: str) -> None:
        links, too_long = links_of(market, self.parsed.links)
        for external_id in too_long:
            self.too_long("links", external_id)
        by_kind: dict[str, list[str]] = defaultdict(list)
        for kind, text, _, _ in links:
            by_kind[kind].append(text)
        if by_kind:
            self.shared["link"] = {key: row for _, _, key, row in links}
        for kind, keys in by_kind.items():
            self.own["page_link"].append(f"{self.page_id}\t{kind}\t{{{','.join(keys)}}}\n")

    # -- observations ----------------------------------------------------------------------

    def add(self, table: str, ordinal: int, **values: Any) -> None:
        """Add a row of the page alone."""
        self.own[table].append(line(row_of(table, page_id=self.page_id, ordinal=ordinal, **values)))

    def vendor(self, ordinal: int, vendor: Vendor) -> None:
        vendor_id, spelling_id = self.vendor_keys(vendor.handle, "vendor.handle")
        if vendor_id is None:
            return
        self.add(
            "vendor_observation",
            ordinal,
            vendor_id=vendor_id,
            spelling_id=spelling_id,
            observed_at=self.observed_at,
            is_profile=self.parsed.kind == "vendor",
            profile_id=self.long_text(vendor.profile),
            terms_id=self.long_text(vendor.terms),
            pgp_key_id=self.pgp_key(vendor),
            **fields(vendor, "rating rating_max positive_percent joined_on last_active_on"),
            **fields(vendor, "finalize_early trusted banned"),
            **counts(vendor, "sales rating_count level trust_level experience disputes"),
        )
        for n, feedback in enumerate(vendor.feedback_counts):
            stars = feedback.stars
            self.add(
                "feedback_count",
                ordinal,
                position=n,
                period=feedback.period,
                stars=None if stars is None else [fits_bigint(star) for star in stars],
                **counts(feedback, "positive neutral negative"),
            )
        for n, rating in enumerate(vendor.star_ratings):
            self.add("star_rating", ordinal, position=n, **fields(rating, "name rating rating_max"))
        for n, other in enumerate(vendor.external_ratings):
            self.add(
                "external_rating",
                ordinal,
                position=n,
                from_market=other.market,
                **fields(other, "sales rating rating_max"),
                **counts(other, "positive neutral negative"),
            )

    def listing(self, ordinal: int, listing: Listing) -> None:
        listing_id = self.listing_key(listing.external_id, "listing.external_id")
        if listing_id is None:
            return
        vendor_id, spelling_id = self.vendor_keys(listing.vendor, "listing.vendor")
        self.add(
            "listing_observation",
            ordinal,
            listing_id=listing_id,
            vendor_id=vendor_id,
            spelling_id=spelling_id,
            observed_at=self.observed_at,
            is_card=self.parsed.kind != "listing",
            category_path=listing.category,
            description_id=self.long_text(listing.description),
            terms_id=self.long_text(listing.terms),
            stock=None if listing.stock_unlimited else fits_bigint(listing.stock),
            **money(listing.price),
            **fields(listing, "title ships_from_text ships_to_text payment currencies"),
            **fields(listing, "product_class stock_unlimited sold_since ends"),
            **counts(listing, "sold views min_order max_order"),
        )
        for role, places in (
            ("from", listing.ships_from),
            ("to", listing.ships_to),
            ("excluded", listing.ships_to_excluded),
        ):
            self.rows.places.update(places)
            for n, place in enumerate(places):
                self.add("listing_place", ordinal, role=role, position=n, place=place)
        for n, price in enumerate(listing.price_alternatives):
            self.add("price_alternative", ordinal, position=n, **money(price))
        for n, tier in enumerate(listing.price_tiers):
            self.add(
                "price_tier",
                ordinal,
                position=n,
                **counts(tier, "min_quantity max_quantity"),
                **money(tier.price),
            )
        for n, option in enumerate(listing.shipping_options):
            self.add(
                "shipping_option",
                ordinal,
                position=n,
                **fields(option, "name days per"),
                **money(option.price),
            )

    # -- reviews ---------------------------------------------------------------------------

    def list_key(self, review: Review) -> int | None:
        state = self.parsed.review_list
        return None if state is None else key_of("list", self.market, review.vendor, state)

    def edge(self, ordinal: int) -> str | None:
        if len(self.parsed.reviews) > 1:
            if ordinal == 0:
                return "first"
            if ordinal == len(self.parsed.reviews) - 1:
                return "last"
        return None

    def review(self, ordinal: int, review: Review) -> None:
        vendor_id, spelling_id = self.vendor_keys(review.vendor, "review.vendor")
        if vendor_id is None:
            self.rows.notices.append(
                Notice(
                    "review.vendor", "a review of an unknown vendor, not loaded", review.text or ""
                )
            )
            return
        rating, rating_max = same_number(review.rating), same_number(review.rating_max)
        content_id = key_of(
            "review",
            str(vendor_id),
            rating,
            rating_max,
            review.sentiment,
            same_words(review.text),
        )
        self.share(
            "review_content",
            content_id,
            rating=rating,
            rating_max=rating_max,
            sentiment=review.sentiment,
            text=review.text,
        )
        latest = review.latest
        precision = review.posted_precision
        if review.from_age and self.by_the_day and latest is not None:
            latest = later(latest, timedelta(days=1))
            precision = "day" if precision in ("minute", "hour") else precision
        self.rows.groups.add((vendor_id, content_id))
        self.add(
            "review_sighting",
            ordinal,
            vendor_id=vendor_id,
            spelling_id=spelling_id,
            content_id=content_id,
            list_id=self.list_key(review),
            edge=self.edge(ordinal),
            observed_at=self.observed_at,
            listing_id=self.listing_key(review.listing_external_id, "review.listing_external_id"),
            posted_precision=precision,
            latest=latest,
            **fields(review, "listing_title author response price_approximate"),
            **fields(review, "posted_on posted_at earliest"),
            **money(review.price),
        )


@cache
def _reader(names: str) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    columns = tuple(names.split())
    return columns, attrgetter(*columns)


def fields(record: object, names: str) -> dict[str, Any]:
    """Return fields of a record (two or more) that are columns of the same names."""
    columns, read = _reader(names)
    return dict(zip(columns, read(record), strict=True))


def counts(record: object, names: str) -> dict[str, int | None]:
    """Return counts of a record (two or more) that are columns of the same names."""
    columns, read = _reader(names)
    return dict(zip(columns, map(fits_bigint, read(record)), strict=True))
