"""Compares what a database holds of a simulated market with what is true there.

``compare`` takes the records of ``simulator.truth`` and a database that holds
one crawl of that market and nothing else of it. Listings, vendors and reviews are compared one
by one and field by field; the outcome is complete only if nothing is missing, nothing is there
that is not true, and no field differs.

**Fields** are compared as the record contract has them: amounts, texts and lists exactly, a
review's rating by its value and its words by the loader's own measure of sameness
(``database/values.py``). A field that the truth states and the database does not, or the other
way round, differs. What the database states is merged over all pages (``stated.py``).

**Time.** The world stands still (``World.stand_still``) while the clock goes on, so all that
depends on the clock are ages: totals of the last thirty days move when a review becomes older
than that. ``true_at`` gives the truth of another moment; a field that differs is looked up there
at the moment at which it was captured. When a review was left must lie in its bracket.

**Scope.** ``scope`` says of a category path whether a crawl wanted it. A listing out of scope may
be absent, or be known from cards alone, since pages in scope show them (a vendor's profile, the
home page); then its title, vendor and price must be true. Its own page must not have been
captured. A vendor without a listing in scope may be absent, or known in part; what is stated of
them is not compared, but their reviews must be true ones. Reviews that only a listing's page
shows may be absent with it. All else must be complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulator.market_site import market_sites
from tests.e2e.stated import Merged, Record, Stated, connected, is_stated, stated
from tests.e2e.truth_reviews import TrueReview, match_reviews, reviews_of
from tests.e2e.words import told

Scope = Callable[[list[str]], bool]
Truth = Iterable[dict[str, Any]]

ON_CARDS = ("title", "vendor", "price")
"""What every card states of a listing, as its own page does."""
MOST_TOLD = 50
TYPES = ("listing", "vendor", "review")


class NothingToCompare(Exception):
    """The truth or the database is empty: that they agree would say nothing."""


@dataclass
class Tally:
    """Counts of one type. ``beside`` are those out of scope that the crawl met all the same.

    ``fields`` counts those that either side states, those of missing and surplus records too.
    ``unsaid`` are reviews whose row leaves open what was bought, which it may where the market
    shows the review only on a page that does not say.
    """

    true: int = 0
    found: int = 0
    missing: int = 0
    surplus: int = 0
    beside: int = 0
    unsaid: int = 0
    fields: int = 0
    equal: int = 0


@dataclass
class Comparison:
    """The outcome: a tally a type, and the first differences in words."""

    market: str
    at: datetime
    most: int = MOST_TOLD
    tallies: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in TYPES})
    pages: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    count: int = 0
    """How many differences there are; ``differences`` tells the first ``most`` of them."""

    @property
    def fields(self) -> int:
        """Fields compared."""
        return sum(tally.fields for tally in self.tallies.values())

    @property
    def equal(self) -> int:
        """Fields that are as they should be."""
        return sum(tally.equal for tally in self.tallies.values())

    @property
    def percent(self) -> float:
        """Fields that are as they should be, in per cent; 100 only if all are."""
        return 100.0 if self.equal == self.fields else int(self.equal / self.fields * 9999) / 100

    @property
    def complete(self) -> bool:
        """Whether all that is true was found, and nothing else."""
        return (
            not self.count
            and self.equal == self.fields
            and all(tally.found for tally in self.tallies.values())
            and not any(tally.missing or tally.surplus for tally in self.tallies.values())
        )

    def tell(self, words: str) -> None:
        """Note a difference."""
        self.count += 1
        if len(self.differences) < self.most:
            self.differences.append(words)

    def __str__(self) -> str:
        verdict = "complete" if self.complete else f"{self.count} differences"
        lines = [
            f"{self.market} at {self.at:%Y-%m-%d %H:%M}: {verdict}, {self.percent:.2f} % of fields"
        ]
        for name, tally in self.tallies.items():
            lines.append(
                f"  {name + 's':9} {tally.true} true, {tally.found} found, {tally.missing} missing,"
                f" {tally.surplus} surplus; {tally.equal} of {tally.fields} fields equal"
                + (f"; {tally.beside} out of scope" if tally.beside else "")
                + (f"; {tally.unsaid} of an unsaid listing" if tally.unsaid else "")
            )
        lines += [f"  {words}" for words in self.differences]
        if self.count > len(self.differences):
            lines.append(f"  … and {self.count - len(self.differences)} more")
        return "\n".join(lines)


def compare(
    dsn: str,
    market: str,
    true: Truth,
    at: datetime,
    *,
    scope: Scope | None = None,
    true_at: Callable[[datetime], Truth] | None = None,
    most: int = MOST_TOLD,
) -> Comparison:
    """Compare a market in the database at ``dsn`` (libpq) with the truth of the moment ``at``.

    ``most`` is the number of differences told. Raises ``NothingToCompare`` if the truth has no
    listing, vendor or review of this market (in scope), the database no page of it, or if
    reviews were not worked out yet.
    """
    with connected(dsn) as connection:
        found = stated(connection, market)
    return compare_stated(found, market, true, at, scope=scope, true_at=true_at, most=most)


def compare_stated(
    found: Stated,
    market: str,
    true: Truth,
    at: datetime,
    *,
    scope: Scope | None = None,
    true_at: Callable[[datetime], Truth] | None = None,
    most: int = MOST_TOLD,
) -> Comparison:
    """Compare what was read from a database already; see ``compare``."""
    comparing = _Comparing(market, list(true), at, scope, true_at, most)
    comparing.run(found)
    return comparing.outcome


class _Comparing:
    """One comparison."""

    def __init__(
        self,
        market: str,
        true: list[dict[str, Any]],
        at: datetime,
        scope: Scope | None,
        true_at: Callable[[datetime], Truth] | None,
        most: int,
    ) -> None:
        self.market, self.at, self.true_at = market, at, true_at
        self.outcome = Comparison(market, at, most)
        others = {record["market"] for record in true} - {market}
        if others:
            raise ValueError(f"The truth is of {', '.join(sorted(others))}, not of {market}.")
        self.listings = {
            r["fields"]["external_id"]: r["fields"] for r in true if r["type"] == "listing"
        }
        self.vendors = {r["fields"]["handle"]: r["fields"] for r in true if r["type"] == "vendor"}
        self.reviews = [TrueReview.of(r) for r in true if r["type"] == "review"]
        self.wanted = {
            external_id
            for external_id, fields in self.listings.items()
            if scope is None or scope(fields["category"])
        }
        # Whose profile a crawl in scope comes to: who offers something in scope.
        self.known_vendors = (
            set(self.vendors)
            if scope is None
            else {self.listings[external_id]["vendor"] for external_id in self.wanted}
        )
        self.whole = scope is None

    def run(self, found: Stated) -> None:
        required = [review for review in self.reviews if self.is_required(review)]
        for name, records in (
            ("listing", self.wanted),
            ("vendor", self.known_vendors),
            ("review", required),
        ):
            if not records:
                raise NothingToCompare(f"The truth has no {name} of {self.market}.")
        if not found.pages:
            raise NothingToCompare(f"The database has no page of {self.market}.")
        if found.due:
            raise NothingToCompare(
                f"{found.due} groups of reviews wait to be worked out (cryptodrug replay does it)."
            )
        self.outcome.pages = found.pages
        self.compare_listings(found)
        self.compare_vendors(found)
        self.compare_reviews(found)

    # -- listings --------------------------------------------------------------------------

    def compare_listings(self, found: Stated) -> None:
        tally, bought = self.outcome.tallies["listing"], {r.listing for r in self.reviews}
        tally.true = len(self.wanted)
        for external_id in sorted(self.wanted):
            seen = found.listings.get(external_id)
            true = self.listings[external_id]
            if seen is None:
                self.missing("listing", external_id, true, true.get("title"))
            else:
                tally.found += 1
                self.compare_fields("listing", external_id, true, seen)
        for external_id in sorted(set(found.listings) - self.wanted):
            seen, only = found.listings[external_id], self.listings.get(external_id)
            if only is None:
                self.surplus("listing", external_id, seen.fields, "there is no such listing")
            elif seen.own:
                why = f"out of scope ({' > '.join(only['category'])}), yet its page was captured"
                self.surplus("listing", external_id, seen.fields, why)
            else:
                tally.beside += 1
                self.compare_fields("listing", external_id, only, seen, ON_CARDS)
        for external_id in sorted(found.mentioned - bought - set(self.listings)):
            record = {"external_id": external_id}
            self.surplus("listing", external_id, record, "no page shows it and no review is of it")

    # -- vendors ---------------------------------------------------------------------------

    def compare_vendors(self, found: Stated) -> None:
        tally = self.outcome.tallies["vendor"]
        tally.true = len(self.known_vendors)
        for handle in sorted(self.known_vendors):
            true, seen = self.vendors[handle], found.vendors.get(handle)
            if seen is None:
                self.missing("vendor", handle, true, None)
            else:
                tally.found += 1
                self.compare_fields("vendor", handle, true, seen)
        for handle in sorted(found.named - self.known_vendors):
            if handle in self.vendors:
                tally.beside += 1
            else:
                seen = found.vendors.get(handle, Merged({"handle": handle}))
                self.surplus("vendor", handle, seen.fields, "there is no such vendor")

    # -- reviews ---------------------------------------------------------------------------

    def is_required(self, review: TrueReview) -> bool:
        """Say whether a crawl in scope comes to a page that shows a review."""
        if self.whole:
            return True
        if review.fields["vendor"] not in self.known_vendors:
            return False
        site = market_sites()[self.market]
        on_profile = site.shows_reviews_on_profiles and review.fields["author"] is not None
        return on_profile or review.listing in self.wanted

    def compare_reviews(self, found: Stated) -> None:
        tally = self.outcome.tallies["review"]
        by_vendor = reviews_of(self.reviews, found.reviews)
        titles = {key: fields["title"] for key, fields in self.listings.items()}
        for vendor in sorted(by_vendor):
            true, seen = by_vendor[vendor]
            required = [review for review in true if self.is_required(review)]
            optional = [review for review in true if not self.is_required(review)]
            tally.true += len(required)
            pairs, missing, surplus = match_reviews(required, optional, seen, titles, self.at)
            for pair in pairs:
                if pair.required:
                    tally.found += 1
                else:
                    tally.beside += 1
                tally.unsaid += pair.unsaid
                tally.fields += pair.compared
                tally.equal += pair.compared - len(pair.differing)
                for words in pair.differing.values():
                    self.outcome.tell(f"review of {vendor}, {pair.name}: {words}")
            for review in missing:
                self.missing("review", f"of {vendor}, {review.name}", review.fields, None)
            for other in surplus:
                fields = {**other.fields, "earliest": other.earliest, "latest": other.latest}
                left = f"left {other.fields['posted_on']} by {other.fields['author']}"
                words = told(other.fields["text"])
                why = "no true review is left for it"
                self.surplus("review", f"of {vendor}, {left}, {words}", fields, why)

    # -- all -------------------------------------------------------------------------------

    def missing(self, kind: str, key: str, true: Record, name: str | None) -> None:
        tally = self.outcome.tallies[kind]
        tally.missing += 1
        tally.fields += sum(map(is_stated, true.values()))
        self.outcome.tell(f"{kind} {key}: missing" + (f" ({told(name)})" if name else ""))

    def surplus(self, kind: str, key: str, seen: Record, why: str) -> None:
        tally = self.outcome.tallies[kind]
        tally.surplus += 1
        tally.fields += max(sum(map(is_stated, seen.values())), 1)
        self.outcome.tell(f"{kind} {key}: surplus: {why}")

    def compare_fields(
        self, kind: str, key: str, true: Record, seen: Merged, only: tuple[str, ...] | None = None
    ) -> None:
        tally = self.outcome.tallies[kind]
        for name, value in true.items():
            have = seen.fields.get(name)
            if not is_stated(have) and (only is not None or not is_stated(value)):
                continue
            if only is not None and name not in only:
                continue
            tally.fields += 1
            if have == value or have == self.true_then(kind, key, name, seen):
                tally.equal += 1
            else:
                self.outcome.tell(
                    f"{kind} {key}: {name} {told(have, value)}, true is {told(value, have)}"
                )

    def true_then(self, kind: str, key: str, name: str, seen: Merged) -> Any:
        """Return what a field was when it was captured; a value that none equals if unknown."""
        moment = seen.at.get(name)
        unknown = object()
        if self.true_at is None or moment is None or moment == self.at:
            return unknown
        by = "external_id" if kind == "listing" else "handle"
        for record in self.true_at(moment):
            if record["type"] == kind and record["fields"][by] == key:
                return record["fields"][name]
        return unknown
