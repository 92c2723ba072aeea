"""One market of a scenario, as the markets' pages ask for it."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from cryptodrug_scraper.reading.market import market_named
from simulator.chance import Chance
from simulator.facts import Offer, PostedReview, Seller, Sizes
from simulator.keys import public_key
from simulator.market_site import market_sites
from simulator.scenario.goods import Goods, Item, Sale, count_until
from simulator.scenario.parameters import MarketParameters, Parameters
from simulator.scenario.people import People, VendorAccount
from simulator.words import (
    DESCRIPTIONS,
    GOODS,
    MARKS,
    PROFILES,
    SAID,
    TERMS,
)
from simulator.world import World

T = TypeVar("T")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHKLMNPRST0123456789"


class SettledChance(Chance):
    """Chance, but for the questions whose answers are settled: the reader's account."""

    __slots__ = ("_settled",)

    def __init__(self, settled: Mapping[str, Any], *seed: object) -> None:
        super().__init__(*seed)
        self._settled = dict(settled)

    def pick(self, choices: Sequence[T], *question: object) -> T:
        """Return one of the choices."""
        if len(question) == 1 and question[0] in self._settled:
            settled: T = self._settled[str(question[0])]
            return settled
        return super().pick(choices, *question)

    def happens(self, share: float, *question: object) -> bool:
        """Say yes with this probability."""
        if len(question) == 1 and question[0] in self._settled:
            return bool(self._settled[str(question[0])])
        return super().happens(share, *question)


class ScenarioWorld(World):
    """One market of a scenario. Its vendors are ``accounts``, its listings ``items``."""

    def __init__(self, parameters: Parameters, market: str, people: People, seed: int) -> None:
        known, market_site = market_named(market), market_sites()[market]
        self.parameters: Parameters = parameters
        self.market_parameters: MarketParameters = parameters.markets[market]
        self.accounts: list[VendorAccount] = people.accounts[market]
        goods = self._goods = Goods(
            parameters, self.market_parameters, self.accounts, market_site.goods, seed
        )
        self.items: list[Item] = goods.items
        self.sales_made: list[Sale] = goods.sales
        last = self.market_parameters.last
        super().__init__(
            market,
            market_site.goods,
            seed=seed,
            sizes=Sizes(len(self.items), 1, 0),
            opened=known.opened_on or self.market_parameters.first,
            closed=known.closed_on,
            reference=datetime(last.year, last.month, last.day, 8, tzinfo=UTC),
            mirrors={self.market_parameters.host: None},
        )
        self.sizes = Sizes(len(self.items), len(self.accounts), len(self.sales_made))
        self._total = len(self.items)
        self.chance = SettledChance(self.market_parameters.account, seed, parameters.name, market)
        self._by_handle = {a.handle.casefold(): n for n, a in enumerate(self.accounts)}

    # -- tables ------------------------------------------------------------------------------

    @cached_property
    def _bounds(self) -> list[tuple[int, int]]:
        """From which listing to before which each vendor's are."""
        first: dict[int, int] = {}
        beyond: dict[int, int] = {}
        for item in self.items:
            first.setdefault(item.account, item.index)
            beyond[item.account] = item.index + 1
        return [(first[n], beyond[n]) for n in range(len(self.accounts))]

    @cached_property
    def _of_vendor(self) -> tuple[list[list[Sale]], list[list[datetime]]]:
        sales: list[list[Sale]] = [[] for _ in self.accounts]
        for sale in self.sales_made:
            sales[self.items[sale.item].account].append(sale)
        return sales, [[sale.posted for sale in those] for those in sales]

    @cached_property
    def _of_listing(self) -> dict[int, tuple[list[int], list[datetime]]]:
        """Of each listing with reviews: their numbers among the vendor's, and when."""
        found: dict[int, tuple[list[int], list[datetime]]] = defaultdict(lambda: ([], []))
        for those in self._of_vendor[0]:
            for number, sale in enumerate(those):
                numbers, moments = found[sale.item]
                numbers.append(number)
                moments.append(sale.posted)
        return dict(found)

    # -- vendors -----------------------------------------------------------------------------

    def _seller(self, index: int) -> Seller:
        account, chance = self.accounts[index], self.chance
        person = f"{self.seed}:{self.parameters.name}:{account.person.number}"
        key, fingerprint = public_key(person, account.person.name)
        first, beyond = self._bounds[index]
        places = account.origins.places
        return Seller(
            index=index,
            handle=account.handle,
            person=person,
            joined=account.joined,
            left=account.left,
            banned=False,
            home=places[0],
            second=None if account.origins.moves or len(places) < 2 else places[1],
            moved=account.moved,
            later=places[-1],
            key=key,
            fingerprint=fingerprint,
            profile=chance.pick(PROFILES, "profile", index),
            terms=chance.pick(TERMS, "vendor's terms", index),
            first=first,
            beyond=beyond,
        )

    # -- listings ----------------------------------------------------------------------------

    def _offer(self, index: int) -> Offer:
        item, chance = self.items[index], self.chance
        good = GOODS[item.good]
        name = chance.pick(good.names, "name", index)
        mark = chance.pick(MARKS, "mark", index)
        return Offer(
            index=index,
            seller=self.seller(item.account),
            leaf=item.leaf,
            good=good,
            title=f"{item.quantity}{good.unit} {name}{mark}",
            quantity=item.quantity,
            description=f"{name}.\n{chance.pick(DESCRIPTIONS, 'words', index)}",
            terms=chance.pick(TERMS, "terms", index),
            listed=item.listed,
            gone=item.gone,
            digital=good.digital,
        )

    def offered(self, index: int, at: datetime) -> Offer | None:
        """Return a listing if it stands at this moment."""
        return self.offer(index) if self.items[index].stands(self._day(at.date())) else None

    def _all_open(self, day: date, low: int, high: int) -> array[int]:
        return array(
            "I",
            (item.index for item in self.items if low <= item.leaf < high and item.stands(day)),
        )

    def hidden(self, index: int) -> bool:
        """Say that every listing is in its category."""
        return False

    def cents(self, offer: Offer, day: date) -> int:
        """Return a listing's price in US cents on a day; it moves every six weeks or so."""
        return self.price(self.items[offer.index], day)

    def price(self, item: Item, day: date) -> int:
        """Return an item's price in US cents on a day."""
        period = (day - item.listed).days // self.chance.between(30, 60, "period", item.index)
        percent = self.chance.between(97, 103, "price", item.index, period)
        return max(item.cents * percent // 100, 50)

    def euros(self, item: Item, day: date) -> float:
        """Return an item's price in EUR on a day."""
        return self.price(item, day) / 100 / self.parameters.worth("EUR", day)

    def sold(self, offer: Offer, day: date) -> int:
        """Return how often a listing was sold; two in three buyers leave a review."""
        moments = self._of_listing.get(offer.index, ([], []))[1]
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return count_until(moments, midnight) * 3 // 2

    def origin(self, offer: Offer, day: date) -> list[str]:
        """Return the country codes that a listing ships from."""
        return self.places_from(self.items[offer.index], day)

    def places_from(self, item: Item, day: date) -> list[str]:
        """Return the country codes that an item ships from on a day."""
        return self._goods.places_from(item, day)

    def destinations(self, offer: Offer) -> tuple[list[str], list[str]]:
        """Return where a listing ships to, and where not."""
        ships = self.accounts[offer.seller.index].ships
        if ships is None:
            return super().destinations(offer)
        return list(ships.to), list(ships.excluded)

    def dollars(self, coin: str, day: date) -> float:
        """Return what one coin or unit of a currency is worth in US dollars."""
        return self.parameters.worth(coin, day)

    # -- reviews -----------------------------------------------------------------------------

    def review_count(self, seller: Seller, at: datetime) -> int:
        """Return how many reviews a vendor has."""
        return count_until(self._of_vendor[1][seller.index], self._at(at))

    def review(self, seller: Seller, number: int) -> PostedReview:
        """Return the n-th review of a vendor."""
        sale = self._of_vendor[0][seller.index][number]
        chance, about = self.chance, ("review", seller.index, number)
        bad = chance.happens(0.06, *about, "bad")
        offer = self.offer(sale.item)
        post = chance.pick(SAID, *about, "text")
        if chance.happens(0.7, *about, "more"):
            post = f"{post} {chance.pick(SAID, *about, 'more text')}"
        return PostedReview(
            seller=seller,
            number=number,
            offer=offer,
            posted=sale.posted,
            stars=chance.pick((1, 2, 3, 3), *about, "stars")
            if bad
            else chance.pick((5, 5, 5, 5, 5, 4), *about, "stars"),
            text=None if chance.happens(0.2, *about, "silent") else post,
            buyer=chance.pick(_LETTERS, *about, "a") + chance.pick(_LETTERS, *about, "z"),
            cents=self.cents(offer, sale.posted.date()),
        )

    def reviews_of(self, offer: Offer, at: datetime) -> list[PostedReview]:
        """Return a listing's reviews, the newest first."""
        numbers, moments = self._of_listing.get(offer.index, ([], []))
        count = count_until(moments, self._at(at))
        return [self.review(offer.seller, number) for number in reversed(numbers[:count])]

    def _count_stars(self, index: int, count: int) -> tuple[int, ...]:
        given = self._stars_given(index)[:count]
        return tuple(given.count(n) for n in range(1, 6))

    def _stars_given(self, index: int) -> bytes:
        found = self._given.get(index)
        if found is None:
            seller = self.seller(index)
            count = len(self._of_vendor[0][index])
            found = bytes(self.review(seller, number).stars for number in range(count))
            self._given[index] = found
        return found

    @cached_property
    def _given(self) -> dict[int, bytes]:
        return {}

    # -- crawls ------------------------------------------------------------------------------

    def crawled(self, day: date) -> datetime:
        """Return when the crawl of a day begins; on a market's last day it is made late."""
        hour = 20 if day == self.market_parameters.last else 8
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def scenario_worlds(parameters: Parameters, seed: int) -> dict[str, ScenarioWorld]:
    """Return all markets of a scenario."""
    people = People(parameters, seed)
    return {name: ScenarioWorld(parameters, name, people, seed) for name in parameters.markets}
