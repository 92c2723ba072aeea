"""What is sold on a market of a scenario, at which price, and every sale that was reviewed.

Of the vendors of the country studied, goods, sizes and sales are dealt out so that the shares
come out as the scenario's file has them; the others' are drawn by chance.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil, floor

from simulator.chance import Chance
from simulator.scenario.parameters import MarketParameters, Parameters
from simulator.scenario.people import DAY, VendorAccount
from simulator.words import GOODS

HISTORY = 35
"""Days before the first crawl from which there are reviews."""
_QUANTITIES = (
    1, 2, 3, 5, 7, 10, 14, 20, 25, 28, 40, 50, 70, 100, 150, 200, 250, 400, 500, 1000, 2000, 5000
)  # fmt: skip
_AT_HOME = (1, 2, 2, 3)
_AROUND = (0.6, 1.5, 0.9, 1.2, 0.7, 1.1)
"""How prices of home's smaller listings lie around their mean, one after the other."""
_ELSEWHERE = (1, 1, 2, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Item:
    """A listing: ``account`` is its vendor's place in the list, ``cents`` its price in USD."""

    index: int
    account: int
    position: int  # among its vendor's, from 0
    good: str
    leaf: int
    quantity: int
    cents: int
    band: str  # small, large, wholesale
    listed: date
    gone: date | None

    def stands(self, day: date) -> bool:
        """Say whether it is offered on a day."""
        return self.listed <= day and (self.gone is None or self.gone > day)


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale that was reviewed."""

    item: int
    posted: datetime  # to the minute


class Deal:
    """Deals out kinds so that at every moment each has had its share, to the nearest whole."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        whole = sum(weights.values())
        self._shares = {kind: weight / whole for kind, weight in weights.items() if weight}
        self._had = dict.fromkeys(self._shares, 0)

    def next(self) -> str:
        """Return the kind that lacks most."""
        count = sum(self._had.values()) + 1
        kind = max(self._shares, key=lambda k: self._shares[k] * count - self._had[k])
        self._had[kind] += 1
        return kind


class Goods:
    """A market's listings, those of a vendor next to each other, and its sales in time order."""

    def __init__(
        self,
        parameters: Parameters,
        market: MarketParameters,
        accounts: Sequence[VendorAccount],
        leaves: Sequence[str],
        seed: int,
    ) -> None:
        self.parameters, self.market, self.accounts = parameters, market, accounts
        self.chance = Chance(seed, parameters.name, market.name, "goods")
        self._leaves: dict[str, list[int]] = {}
        for leaf, good in enumerate(leaves):
            self._leaves.setdefault(good, []).append(leaf)
        self.items = self._list()
        self.sales = sorted(
            [*self._sales(home=True), *self._sales(home=False)],
            key=lambda sale: (sale.posted, sale.item),
        )

    # -- listings ----------------------------------------------------------------------------

    def _list(self) -> list[Item]:
        chance, last = self.chance, self.market.last
        spells: list[tuple[date, int, int]] = []
        for account, who in enumerate(self.accounts):
            counts = _AT_HOME if who.person.home else _ELSEWHERE
            for position in range(chance.pick(counts, "listings", account)):
                listed = who.joined
                if position:
                    span = max((last - max(listed, self.market.first - 200 * DAY)).days - 7, 1)
                    listed = last - chance.between(7, span + 6, "listed", account, position) * DAY
                spells.append((max(listed, who.joined), account, position))
        # Dealt in order of time, so that the shares hold at every moment.
        goods, sizes = Deal(self.market.home_offer), Deal(self._sizes())
        made: dict[tuple[int, int], Item] = {}
        made_small: list[int] = []
        for listed, account, position in sorted(spells):
            home = self.accounts[account].person.home
            good = goods.next() if home else self._drawn(account, position)
            band = sizes.next() if home else self._band(account, position)
            near = None
            if home and band == "small":
                near = self.parameters.prices.mean_small * _AROUND[len(made_small) % len(_AROUND)]
                made_small.append(account)
            made[account, position] = self._item(account, position, good, band, listed, near)
        return [Item(index, *_rest(made[key])) for index, key in enumerate(sorted(made))]

    def _sizes(self) -> dict[str, float]:
        large = self.parameters.prices.listings_large
        return {"small": 1 - large, "large": large}

    def _drawn(self, *about: object) -> str:
        weights = self.market.offer
        at = self.chance.share("good", *about) * sum(weights.values())
        for good, weight in weights.items():
            at -= weight
            if at < 0:
                return good
        return next(iter(weights))

    def _band(self, *about: object) -> str:
        prices, share = self.parameters.prices, self.chance.share("band", *about)
        if share < prices.listings_wholesale:
            return "wholesale"
        return "large" if share < prices.listings_wholesale + prices.listings_large else "small"

    def _item(
        self,
        account: int,
        position: int,
        good: str,
        band: str,
        listed: date,
        near: float | None = None,
    ) -> Item:
        chance, about, who = self.chance, (account, position), self.accounts[account]
        low, high = getattr(self.parameters.prices, band)
        if GOODS[good].digital:
            band, (low, high) = "small", self.parameters.prices.small
        worth = self.parameters.worth("EUR", listed) * 100
        quality = chance.between(92, 108, "quality", *about) / 100
        priced = [(q, _price(good, q, quality)) for q in _QUANTITIES]
        fits = [(q, cents) for q, cents in priced if low <= cents / worth <= high]
        if GOODS[good].digital or not fits:
            fits = priced[:1] if low <= priced[0][1] / worth else priced[1:4]
            fits = [min(fits, key=lambda pair: abs(pair[1] / worth - low))]
        quantity, cents = chance.pick(fits, "quantity", *about)
        if near is not None:
            aim = near * worth
            quantity, cents = min(fits, key=lambda pair: abs(pair[1] - aim))
        gone = None
        if position and chance.happens(0.06, "vanishes", *about):
            gone = listed + chance.between(20, 300, "gone", *about) * DAY
        if who.left is not None and (gone is None or gone > who.left):
            gone = max(who.left, listed + 15 * DAY)
        leaf = chance.pick(self._leaves[good], "leaf", *about)
        return Item(0, account, position, good, leaf, quantity, cents, band, listed, gone)

    # -- sales -------------------------------------------------------------------------------

    def _sales(self, *, home: bool) -> Iterator[Sale]:
        """Yield the sales of what ships from home, or of all else, in order of time."""
        path = self.market.home_sales if home else self.market.sales
        standing = _Standing(
            [i for i in self.items if not home or self.accounts[i.account].person.home],
            {i.index for i in self.items if self.accounts[i.account].person.home},
            lambda item, day: (self.parameters.country in self.places_from(item, day)) == home,
        )
        choose = _Even(self.parameters).choose if home else self._choose
        day, due, number = self.market.first - HISTORY * DAY, 0.0, 0
        while day <= self.market.last:
            due += path.at((day - self.market.first).days) / 7
            standing.go_to(day)
            for _ in range(floor(due)):
                minute = self.chance.below(1440, "minute", home, number)
                item = choose(standing, number)
                number += 1
                if item is not None:
                    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
                    yield Sale(item.index, midnight + timedelta(minutes=minute))
            due -= floor(due)
            day += DAY

    def _choose(self, standing: _Standing, number: int) -> Item | None:
        """Return what the others sell: some listings sell more than others."""
        at = self.chance.share("sold", number) ** 1.3
        return standing.here[floor(at * len(standing.here))] if standing.here else None

    def places_from(self, item: Item, day: date) -> list[str]:
        """Return where an item ships from on a day; of several places the first listing has all."""
        if GOODS[item.good].digital:
            return []
        account = self.accounts[item.account]
        places = list(account.origins.places)
        if account.origins.moves:
            assert account.moved is not None
            return [places[day >= account.moved]]
        if len(places) == 1 or item.position == 0:
            return places
        return [places[(item.position + item.account) % len(places)]]


class _Even:
    """Chooses what is sold from home, so that at every moment its value is as it should be.

    A sale is a larger one when these lack their share of the value; of the listings that have
    waited longest the one is sold that keeps the mean of the smaller ones where it should be.
    """

    def __init__(self, parameters: Parameters) -> None:
        prices = parameters.prices
        self._share, self._mean = prices.value_of_large, prices.mean_small
        self._worth = parameters.worth
        self._value = {"small": 0.0, "large": 0.0}
        self._lacking = 0.0
        self._last: dict[int, int] = {}  # sale in which a listing was last sold

    def choose(self, standing: _Standing, number: int) -> Item | None:
        """Return what is sold next."""
        large = standing.of("large")
        small = standing.of("small")
        if not standing.here:
            return None
        euros = {i.index: i.cents / 100 / self._worth("EUR", standing.day) for i in standing.here}
        whole = sum(self._value.values())
        lacks = self._share * (whole + self._mean) - self._value["large"]
        if large and (not small or lacks >= min(euros[i.index] for i in large) / 2):
            item = min(self._waiting(large), key=lambda i: abs(euros[i.index] - 2 * lacks))
        else:
            item = min(
                self._waiting(small or large),
                key=lambda i: abs(euros[i.index] - self._mean - self._lacking),
            )
            self._lacking += self._mean - euros[item.index]
            # What few listings could not make up is not made up later.
            self._lacking = min(max(self._lacking, -self._mean), self._mean)
        self._last[item.index] = number
        self._value["large" if item.band == "large" else "small"] += euros[item.index]
        return item

    def _waiting(self, items: list[Item]) -> list[Item]:
        """Return the half of listings that have waited longest."""
        waiting = sorted(items, key=lambda i: (self._last.get(i.index, -1), i.index))
        return waiting[: len(waiting) // 2 + 1]


class _Standing:
    """The listings that stand on a day that only goes forward.

    Of the ``doubtful`` ones only those count that are ``wanted`` on that day.
    """

    def __init__(
        self, items: list[Item], doubtful: set[int], wanted: Callable[[Item, date], bool]
    ) -> None:
        self._coming = sorted(items, key=lambda item: item.listed, reverse=True)
        self._all: list[Item] = []
        self._doubtful, self._wanted = doubtful, wanted
        self.here: list[Item] = []
        self.day = date.min

    def go_to(self, day: date) -> None:
        """Go to a later day."""
        self.day = day
        while self._coming and self._coming[-1].listed <= day:
            insort(self._all, self._coming.pop(), key=lambda item: item.index)
        self._all = [item for item in self._all if item.gone is None or item.gone > day]
        self.here = [
            item
            for item in self._all
            if item.index not in self._doubtful or self._wanted(item, day)
        ]

    def of(self, band: str) -> list[Item]:
        """Return those with prices of a band."""
        return [item for item in self.here if item.band == band]


def _rest(item: Item) -> tuple[int, int, str, int, int, int, str, date, date | None]:
    return (
        item.account, item.position, item.good, item.leaf, item.quantity, item.cents, item.band,
        item.listed, item.gone,
    )  # fmt: skip


def _price(good: str, quantity: int, quality: float) -> int:
    """Return what a quantity costs in US cents: more for less each."""
    rebate = 1 - 0.06 * len(str(quantity)) + 0.06
    return ceil(GOODS[good].cents * quantity * quality * rebate)


def count_until(moments: Sequence[datetime], at: datetime) -> int:
    """Return how many of the moments, in order, have come."""
    return bisect_right(moments, at)
