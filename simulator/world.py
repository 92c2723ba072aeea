"""What is true in one market at any moment, computed from a seed whenever it is asked.

Vendors are few and known by heart (their handles, and where their listings begin). All else,
a listing, its price on a day, the n-th review of a vendor, is worked out when it is asked for.
What changes, changes at midnight; reviews come at any minute. All times are UTC.

Sizes count at the world's ``reference``, the moment that it was made for. Before it there is
less, after it more; of the listings some are gone by then and some are still to come, beyond
that number.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from simulator.chance import Chance
from simulator.facts import Offer, PostedReview, Seller, Sizes
from simulator.keys import public_key
from simulator.people import invented_mirrors, named, shares
from simulator.words import (
    DESCRIPTIONS,
    GOODS,
    HOMES,
    MARKS,
    PLACES,
    PROFILES,
    SAID,
    TERMS,
)

DAY = timedelta(days=1)
_PRIME = 9_999_991  # more than any world has listings


class World:
    """One market's world. ``goods`` names what each leaf of its category tree sells."""

    def __init__(
        self,
        market: str,
        goods: tuple[str, ...],
        *,
        seed: int = 1,
        sizes: Sizes | None = None,
        opened: date,
        closed: date | None,
        reference: datetime,
        closings: tuple[date, ...] = (),
        mirrors: dict[str, datetime | None] | None = None,
    ) -> None:
        self.market = market
        self.seed = seed
        self._until: datetime | None = None
        self.goods = goods
        self.sizes = sizes or Sizes()
        self.opened = opened
        self.closed = closed
        self.reference = reference.astimezone(UTC).replace(second=0, microsecond=0)
        self.chance = Chance(seed, market)
        self._everywhere = Chance(seed)
        self.mirrors = (
            mirrors if mirrors is not None else invented_mirrors(self.chance, self.reference)
        )
        self._closings = tuple(day for day in closings if opened < day < self.reference.date())
        self._total = self.sizes.listings + self.sizes.listings // 10
        count = self.sizes.vendors
        self._starts = shares(self.chance, count, self._total, 2, "listings")
        self._firsts = frozenset(self._starts)
        self._review_starts = shares(self.chance, count, self.sizes.reviews, 4, "reviews")
        self._handles = named(self.chance, self._everywhere, count)
        self._by_handle = {name.casefold(): n for n, (name, _, _) in enumerate(self._handles)}
        self._factor = 1 + self.chance.below(_PRIME - 2, "factor")
        self._inverse = pow(self._factor, -1, _PRIME)
        self.seller = lru_cache(maxsize=4096)(self._seller)
        self.offer = lru_cache(maxsize=1024)(self._offer)
        self._stars = lru_cache(maxsize=1024)(self._count_stars)
        self._open = lru_cache(maxsize=32)(self._all_open)
        self._counted = lru_cache(maxsize=512)(
            lambda day, leaf: len(self._open(day, leaf, leaf + 1))
        )

    def stand_still(self, at: datetime) -> None:
        """Let nothing happen after this moment, though the clock goes on: ages still grow.

        So a crawl that takes an hour can be compared with one truth.
        """
        self._until = at.astimezone(UTC)

    def _at(self, at: datetime) -> datetime:
        return at if self._until is None else min(at, self._until)

    def _day(self, day: date) -> date:
        return day if self._until is None else min(day, self._until.date())

    def live_mirrors(self, at: datetime) -> list[str]:
        """Return the addresses that the market answers at."""
        return [host for host, dies in self.mirrors.items() if dies is None or dies > at]

    # -- vendors -----------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """The reference's day."""
        return self.reference.date()

    def _seller(self, index: int) -> Seller:
        chance = self.chance
        handle, name, shared = self._handles[index]
        person = f"{self.seed}:{'' if shared else self.market}:{index}"
        span = max((self.today - self.opened).days - 60, 1)
        joined = self.opened + chance.between(0, span, "joined", index) * DAY
        if shared and self._closings:
            # Came over from a market that closed.
            closing = chance.pick(self._closings, "from", index)
            joined = max(
                joined, min(closing + chance.between(1, 20, "days", index) * DAY, self.today)
            )
        since = max((self.today - joined).days, 1)
        left = None
        if chance.happens(0.06, "leaves", index):
            left = joined + chance.between(since // 2, since * 2, "left", index) * DAY
        home = chance.pick(HOMES, "home", index)
        moves = chance.happens(0.15, "moves", index)
        key, fingerprint = public_key(person, name)
        return Seller(
            index=index,
            handle=handle,
            person=person,
            joined=joined,
            left=left,
            banned=left is not None and chance.happens(0.5, "banned", index),
            home=home,
            second=chance.pick(HOMES, "second home", index)
            if chance.happens(0.15, "two homes", index)
            else None,
            moved=joined + chance.between(since // 4, since * 5 // 4, "moved", index) * DAY
            if moves
            else None,
            later=chance.pick(HOMES, "later", index),
            key=key,
            fingerprint=fingerprint,
            profile=chance.pick(PROFILES, "profile", index),
            terms=chance.pick(TERMS, "vendor's terms", index),
            first=self._starts[index],
            beyond=self._starts[index + 1],
        )

    def seller_named(self, handle: str, at: datetime) -> Seller | None:
        """Return the vendor of this handle, if there is one by then."""
        index = self._by_handle.get(handle.casefold())
        if index is None or self.seller(index).joined > self._at(at).date():
            return None
        return self.seller(index)

    def sellers(self, at: datetime) -> Iterator[Seller]:
        """Yield all vendors who have joined."""
        for index in range(self.sizes.vendors):
            seller = self.seller(index)
            if seller.joined <= self._at(at).date():
                yield seller

    def linked(self, seller: Seller, at: datetime) -> bool:
        """Say whether the site leads to a vendor: the profile of one who left is still there."""
        return self.offered(seller.first, at) is not None if seller.first < seller.beyond else False

    def online(self, seller: Seller, at: datetime) -> date:
        """Return the day on which a vendor was last there."""
        day = self._at(at).date()
        if seller.left is not None and seller.left <= day:
            day = seller.left
        return max(day - self.chance.below(4, "away", seller.index, day) * DAY, seller.joined)

    # -- listings ----------------------------------------------------------------------------

    def number(self, index: int) -> int:
        """Return a listing's number: unique, in no order, below ten million."""
        return (index + 1) * self._factor % _PRIME

    def index_of(self, number: int) -> int | None:
        """Return the listing of this number, if the world has it at any time."""
        index = number * self._inverse % _PRIME - 1
        return index if 0 <= index < self._total and 0 < number < _PRIME else None

    def _spell(self, index: int, seller: Seller) -> tuple[date, date | None]:
        """Return from which day to which a listing stands; a vendor's first one stands long."""
        chance = self.chance
        if index == seller.first:
            return seller.joined, seller.left
        since = max((self.today - seller.joined).days, 1)
        if chance.happens(0.04, "to come", index):
            listed = self.today + chance.between(1, 60, "listed", index) * DAY
        else:
            listed = seller.joined + chance.below(since, "listed", index) * DAY
        gone = None
        if chance.happens(0.08, "vanishes", index):
            age = max((self.today - listed).days, 1)
            gone = listed + chance.between(1, age * 2, "gone", index) * DAY
        if seller.left is not None and (gone is None or gone > seller.left):
            gone = seller.left
        return listed, gone

    def _offer(self, index: int) -> Offer:
        chance = self.chance
        seller = self.seller(bisect_right(self._starts, index) - 1)
        leaf = index % len(self.goods)
        good = GOODS[self.goods[leaf]]
        quantity = chance.pick((1, 1, 2, 5, 10, 25, 50, 100), "quantity", index)
        listed, gone = self._spell(index, seller)
        name = chance.pick(good.names, "name", index) + chance.pick(MARKS, "mark", index)
        return Offer(
            index=index,
            seller=seller,
            leaf=leaf,
            good=good,
            title=f"{quantity}{good.unit} {name}",
            quantity=quantity,
            description=f"{name}.\n{chance.pick(DESCRIPTIONS, 'words', index)}",
            terms=chance.pick(TERMS, "terms", index),
            listed=listed,
            gone=gone,
            digital=good.digital,
        )

    def offered(self, index: int, at: datetime) -> Offer | None:
        """Return a listing if it stands at this moment."""
        offer = self.offer(index)
        day = self._at(at).date()
        if offer.listed > day or (offer.gone is not None and offer.gone <= day):
            return None
        return offer

    def _stands(self, index: int, day: date) -> bool:
        """Say whether a listing stands on a day, at less cost than making it."""
        seller = self.seller(bisect_right(self._starts, index) - 1)
        if seller.joined > day or seller.gone(day):
            return False
        listed, gone = self._spell(index, seller)
        return listed <= day and (gone is None or gone > day)

    def _all_open(self, day: date, low: int, high: int) -> array[int]:
        leaves = len(self.goods)
        return array(
            "I",
            (
                index
                for base in range(0, self._total, leaves)
                for index in range(base + low, min(base + high, self._total))
                if self._stands(index, day) and not self.hidden(index)
            ),
        )

    def open_in(self, low: int, high: int, at: datetime) -> array[int]:
        """Return the listings in the leaves from ``low`` to before ``high``, as their indexes."""
        return self._open(self._at(at).date(), low, high)

    def hidden(self, index: int) -> bool:
        """Say whether a listing is shown by its vendor only, and in no category.

        A vendor's first one never is: so who still offers something is in some category.
        """
        if index in self._firsts:
            return False
        return self.chance.happens(0.03, "hidden", index)

    def count_in(self, low: int, high: int, at: datetime) -> int:
        """Return how many listings ``open_in`` has."""
        return sum(self._counted(self._at(at).date(), leaf) for leaf in range(low, high))

    def offers_of(self, seller: Seller, at: datetime) -> list[Offer]:
        """Return what a vendor offers."""
        found = (self.offered(index, at) for index in range(seller.first, seller.beyond))
        return [offer for offer in found if offer is not None]

    def cents(self, offer: Offer, day: date) -> int:
        """Return a listing's price in US cents on a day; vendors change it every few weeks."""
        day = self._day(day)
        period = (day - offer.listed).days // self.chance.between(20, 60, "period", offer.index)
        percent = self.chance.between(92, 110, "price", offer.index, period)
        rebate = 100 - min(offer.quantity, 100) // 4
        return max(offer.good.cents * offer.quantity * percent * rebate // 10_000, 50)

    def stock(self, offer: Offer, day: date) -> int | None:
        """Return what is left, None for no limit."""
        day = self._day(day)
        if offer.digital or self.chance.happens(0.3, "unlimited", offer.index):
            return None
        return self.chance.below(400, "stock", offer.index, day.toordinal() // 3)

    def views(self, offer: Offer, day: date) -> int:
        """Return how often a listing was looked at; it only grows."""
        day = self._day(day)
        return 7 + (day - offer.listed).days * self.chance.between(1, 40, "views", offer.index)

    def sold(self, offer: Offer, day: date) -> int:
        """Return how often a listing was sold; it only grows."""
        day = self._day(day)
        days = (day - offer.listed).days
        return days * self.chance.between(0, 90, "sold", offer.index) // 30

    def origin(self, offer: Offer, day: date) -> list[str]:
        """Return the country codes that a listing ships from; none for what is not sent."""
        day = self._day(day)
        seller = offer.seller
        if offer.digital:
            return []
        home = seller.later if seller.moved is not None and seller.moved <= day else seller.home
        if seller.second is None or seller.second == home:
            return [home]
        return self.chance.pick(
            ([home], [seller.second], [home, seller.second]), "origin", offer.index
        )

    def destinations(self, offer: Offer) -> tuple[list[str], list[str]]:
        """Return where a listing ships to (codes, ``WORLD``, ``EU``), and where not."""
        kind = self.chance.below(10, "destinations", offer.index)
        others = sorted(PLACES, key=lambda code: self.chance.number("order", offer.index, code))
        if kind < 4:
            return ["WORLD"], []
        if kind < 6:
            return ["WORLD"], others[: self.chance.between(1, 2, "not", offer.index)]
        if kind < 8:
            return ["EU"], []
        return others[: self.chance.between(1, 4, "to", offer.index)], []

    def dollars(self, coin: str, day: date) -> float:
        """Return what one coin, or one unit of another currency, is worth in US dollars."""
        day = self._day(day)
        base = {"USD": 1.0, "EUR": 1.13, "GBP": 1.27, "CAD": 0.75, "AUD": 0.7, "BTC": 6400.0}
        base |= {"LTC": 52.0, "XMR": 77.0, "BCH": 310.0}
        drift = self._everywhere.between(-90, 90, "rate", coin, day.toordinal()) / 1000
        if coin == "USD":
            return 1.0
        return base[coin] * (1 + drift if coin in ("BTC", "LTC", "XMR", "BCH") else 1 + drift / 20)

    # -- reviews -----------------------------------------------------------------------------

    def _tempo(self, seller: Seller) -> tuple[datetime, float]:
        """Return since when reviews come, and how many seconds lie between two (0: never)."""
        count = self._review_starts[seller.index + 1] - self._review_starts[seller.index]
        start = datetime(seller.joined.year, seller.joined.month, seller.joined.day, tzinfo=UTC)
        span = max((self.reference - start).total_seconds(), 3600.0)
        if not count or seller.first == seller.beyond:
            return start, 0.0
        return start, span / count

    def _posted(self, seller: Seller, number: int) -> datetime:
        start, pace = self._tempo(seller)
        if self._is_twin(seller, number):
            number -= 1
        jitter = self.chance.share("posted", seller.index, number)
        moment = start + timedelta(seconds=(number + jitter) * pace)
        return moment.replace(second=0, microsecond=0)

    def _is_twin(self, seller: Seller, number: int) -> bool:
        """Say whether a review is word for word the one before it, of the same minute."""
        return number % 2 == 1 and self.chance.happens(0.08, "twin", seller.index, number)

    def review_count(self, seller: Seller, at: datetime) -> int:
        """Return how many reviews a vendor has."""
        at = self._at(at)
        start, pace = self._tempo(seller)
        if seller.left is not None:
            left = datetime(seller.left.year, seller.left.month, seller.left.day, tzinfo=UTC)
            at = min(at, left)
        if not pace or at < start:
            return 0
        count = int((at - start).total_seconds() / pace) + 2
        while count > 0 and self._posted(seller, count - 1) > at:
            count -= 1
        return count

    def review(self, seller: Seller, number: int) -> PostedReview:
        """Return the n-th review of a vendor."""
        posted = self._posted(seller, number)
        if self._is_twin(seller, number):
            number, twin = number - 1, number
        else:
            twin = number
        chance, about = self.chance, ("review", seller.index, number)
        index = chance.between(seller.first, seller.beyond - 1, *about, "offer")
        offer = self.offered(index, posted) or self.offer(seller.first)
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHKLMNPRST0123456789"
        buyer = chance.pick(letters, *about, "a") + chance.pick(letters, *about, "z")
        bad = chance.happens(0.03 + 0.1 * chance.share("bad", seller.index), *about, "bad")
        return PostedReview(
            seller=seller,
            number=twin,
            offer=offer,
            posted=posted,
            stars=chance.pick((1, 1, 2, 3, 3), *about, "stars")
            if bad
            else chance.pick((5, 5, 5, 5, 5, 4), *about, "stars"),
            text=None
            if chance.happens(0.3, *about, "silent")
            else chance.pick(SAID, *about, "text"),
            buyer=buyer,
            cents=self.cents(offer, posted.date()) * chance.pick((1, 1, 1, 2), *about, "times"),
        )

    def reviews(self, seller: Seller, at: datetime) -> Iterator[PostedReview]:
        """Yield a vendor's reviews, the newest first."""
        for number in range(self.review_count(seller, at) - 1, -1, -1):
            yield self.review(seller, number)

    def reviews_of(self, offer: Offer, at: datetime) -> list[PostedReview]:
        """Return a listing's reviews, the newest first."""
        return [post for post in self.reviews(offer.seller, at) if post.offer.index == offer.index]

    def _count_stars(self, index: int, count: int) -> tuple[int, ...]:
        seller = self.seller(index)
        stars = [self.review(seller, number).stars for number in range(count)]
        return tuple(stars.count(n) for n in range(1, 6))

    def stars(self, seller: Seller, at: datetime) -> tuple[int, ...]:
        """Return how many reviews of 1, 2, … 5 stars a vendor has."""
        return self._stars(seller.index, self.review_count(seller, at))

    def sales(self, seller: Seller, at: datetime) -> int:
        """Return a vendor's completed sales: not all buyers leave a word."""
        return self.review_count(seller, at) * 5 // 3 + seller.index % 7
