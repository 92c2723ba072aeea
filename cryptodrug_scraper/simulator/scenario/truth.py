"""What a study of a scenario's crawls should find, worked out from the world and not from pages.

Names and units of the values are those of ``cryptodrug_scraper.study.found``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any

from cryptodrug_scraper.simulator.scenario.goods import Item, Sale
from cryptodrug_scraper.simulator.scenario.parameters import Parameters
from cryptodrug_scraper.simulator.scenario.world import ScenarioWorld
from cryptodrug_scraper.simulator.words import GOODS
from cryptodrug_scraper.study.findings import Finding, Terms, Values, fitted

SYNTHETICS = ("mdma", "amphetamines")


def terms_of(parameters: Parameters) -> Terms:
    """Return what a scenario's findings speak of."""
    return Terms(
        parameters.country,
        parameters.neighbour,
        tuple(sorted(parameters.english_speaking)),
        parameters.larger_from_eur,
        tuple(parameters.markets),
    )


class MarketTruth:
    """What is true on one market at the moments of its crawls."""

    def __init__(self, world: ScenarioWorld) -> None:
        self.world, self.name = world, world.market
        self.days = world.told.crawls()

    def standing(self, day: date) -> list[Item]:
        """Return the listings that stand on a day."""
        return [item for item in self.world.items if item.stands(day)]

    @cached_property
    def seen(self) -> dict[str, set[int]]:
        """The listings that stood at some crawl of a month."""
        found: dict[str, set[int]] = defaultdict(set)
        for day in self.days:
            found[f"{day:%Y-%m}"].update(item.index for item in self.standing(day))
        return dict(found)

    @cached_property
    def items(self) -> list[Item]:
        """All listings that stood at some crawl."""
        return [self.world.items[index] for index in sorted(set().union(*self.seen.values()))]

    @cached_property
    def origins(self) -> dict[int, list[frozenset[str]]]:
        """Of each vendor, from where the listings shipped at each crawl, without repeats."""
        found: dict[int, list[frozenset[str]]] = defaultdict(list)
        for day in self.days:
            places: dict[int, set[str]] = defaultdict(set)
            for item in self.standing(day):
                places[item.account].update(self.world.places_from(item, day))
            for account, codes in places.items():
                if codes and (not found[account] or found[account][-1] != codes):
                    found[account].append(frozenset(codes))
        return dict(found)

    @cached_property
    def home(self) -> set[int]:
        """The home vendors."""
        country = self.world.parameters.country
        return {n for n, places in self.origins.items() if any(country in p for p in places)}

    def is_home(self, item: Item) -> bool:
        """Say whether a listing is a home vendor's."""
        return item.account in self.home

    def home_sales(self) -> Iterator[tuple[Sale, float]]:
        """Yield home vendors' reviewed sales of the months with crawls, and their price in EUR."""
        end = self.world.crawled(self.days[-1])
        for sale in self.world.sales_made:
            item = self.world.items[sale.item]
            if self.is_home(item) and f"{sale.posted:%Y-%m}" in self.seen and sale.posted <= end:
                yield sale, self.world.euros(item, sale.posted.date())

    def group(self, item: Item) -> str:
        """Return the group of what a listing sells."""
        return self.world.parameters.groups[item.good]

    def drugs(self, *, home: bool) -> list[Item]:
        """Return the listings of drugs, all or home vendors' only."""
        items = [item for item in self.items if self.group(item) != "not_drugs"]
        return [item for item in items if self.is_home(item)] if home else items


class Truth:
    """What is true in a scenario."""

    def __init__(self, parameters: Parameters, worlds: Mapping[str, ScenarioWorld]) -> None:
        self.parameters, self.terms = parameters, terms_of(parameters)
        self.markets = {name: MarketTruth(world) for name, world in worlds.items()}

    def of(self, finding: Finding) -> Values:
        """Return the true values of a finding. Raises KeyError for an unknown measure."""
        chosen = [self.markets[name] for name in finding.terms(self.terms).markets]
        return _TRUE[finding.measure](self, chosen, **finding.options)

    def told(self) -> list[dict[str, Any]]:
        """Return the truth of every finding, to be written as JSON."""
        from cryptodrug_scraper.study.found import MEASURES

        return [
            {
                "id": finding.id,
                "published": finding.published,
                "measure": finding.measure,
                "definition": MEASURES[finding.measure].definition,
                "values": self.of(finding),
            }
            for finding in self.parameters.findings
        ]

    # -- shares and numbers ------------------------------------------------------------------

    def home_share_of_listings(self, markets: list[MarketTruth]) -> Values:
        """Mean of the months."""
        found: Values = {}
        for market in markets:
            items = market.world.items
            found[market.name] = _mean(
                sum(market.is_home(items[i]) for i in seen) / len(seen)
                for seen in market.seen.values()
            )
        return found

    def home_share_of_vendors(self, markets: list[MarketTruth]) -> Values:
        """Mean of the months."""
        found: Values = {}
        for market in markets:
            monthly = [{market.world.items[i].account for i in s} for s in market.seen.values()]
            found[market.name] = _mean(len(v & market.home) / len(v) for v in monthly)
        return found

    def home_vendors_by_month(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        return {
            f"{market.name} {month}": len(
                {market.world.items[i].account for i in seen} & market.home
            )
            for market in markets
            for month, seen in sorted(market.seen.items())
        }

    def home_listings_by_month(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        return {
            f"{market.name} {month}": sum(market.is_home(market.world.items[i]) for i in seen)
            for market in markets
            for month, seen in sorted(market.seen.items())
        }

    def home_reviews_by_month(self, markets: list[MarketTruth]) -> Values:
        """Not a whole number: pages round the day."""
        found: Values = {}
        for market in markets:
            counts = Counter(f"{sale.posted:%Y-%m}" for sale, _ in market.home_sales())
            found |= {f"{market.name} {month}": float(n) for month, n in sorted(counts.items())}
        return found

    def home_reviews(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        found: Values = {}
        for market in markets:
            world, end = market.world, market.world.crawled(market.days[-1])
            found[market.name] = sum(
                market.is_home(world.items[sale.item]) and sale.posted <= end
                for sale in world.sales_made
            )
        return found

    def home_turnover_by_month(self, markets: list[MarketTruth]) -> Values:
        """EUR."""
        found: Values = {}
        for market in markets:
            sums: dict[str, float] = defaultdict(float)
            for sale, euros in market.home_sales():
                sums[f"{sale.posted:%Y-%m}"] += euros
            found |= {f"{market.name} {month}": value for month, value in sorted(sums.items())}
        return found

    # -- what is offered ---------------------------------------------------------------------

    def groups_offered(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        return {
            f"{m.name} {word}": len({m.group(item) for item in m.drugs(home=word == "home")})
            for m in markets
            for word in ("home", "all")
        }

    def share_of_synthetics(self, markets: list[MarketTruth]) -> Values:
        """Share of listings."""
        return {
            f"{m.name} {word}": _mean(
                m.group(item) in SYNTHETICS for item in m.drugs(home=word == "home")
            )
            for m in markets
            for word in ("home", "all")
        }

    def groups_by_listings(self, markets: list[MarketTruth]) -> Values:
        """In order."""
        found: Values = {}
        for market in markets:
            counts = Counter(
                "heroin" if item.good == "heroin" else market.group(item)
                for item in market.drugs(home=True)
            )
            found[market.name] = sorted(counts, key=lambda name: (-counts[name], name))
        return found

    # -- places ------------------------------------------------------------------------------

    def _shipping(self, market: MarketTruth) -> Iterator[tuple[int, list[str], list[str]]]:
        world = market.world
        for item in market.items:
            if market.is_home(item) and not GOODS[item.good].digital:
                yield item.account, *world.destinations(world.offer(item.index))

    def home_vendors_shipping(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        return {
            m.name: len({a for a, to, _ in self._shipping(m) if set(to) - {self.terms.country}})
            for m in markets
        }

    def home_vendors_excluding(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        english, found = set(self.terms.english_speaking), dict[str, Any]()
        for m in markets:
            those = list(self._shipping(m))
            found[f"{m.name} english-speaking"] = len({a for a, _, x in those if english & {*x}})
            found[f"{m.name} neighbour"] = len(
                {a for a, _, x in those if self.terms.neighbour in x}
            )
        return found

    def home_vendors_moved(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        found: Counter[str] = Counter()
        for market in markets:
            for account in sorted(market.home):
                for before, after in pairwise(market.origins[account]):
                    if len(before) == len(after) == 1:
                        found[f"{market.name} {min(before)}>{min(after)}"] += 1
        return dict(
            sorted(found.items(), key=lambda kv: list(self.markets).index(kv[0].split()[0]))
        )

    def _several(self, market: MarketTruth) -> dict[int, frozenset[str]]:
        all_of = {n: frozenset().union(*market.origins[n]) for n in market.home}
        return {n: places for n, places in all_of.items() if len(places) > 1}

    def home_vendors_of_several_origins(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        return {market.name: len(self._several(market)) for market in markets}

    def share_from_neighbour(self, markets: list[MarketTruth]) -> Values:
        """Share."""
        return {
            m.name: _mean(self.terms.neighbour in places for places in self._several(m).values())
            for m in markets
        }

    # -- sales -------------------------------------------------------------------------------

    def _prices(self, markets: list[MarketTruth]) -> list[float]:
        return [euros for market in markets for _, euros in market.home_sales()]

    def value_of_larger_sales(self, markets: list[MarketTruth]) -> Values:
        """Share."""
        prices = self._prices(markets)
        larger = sum(price for price in prices if price >= self.terms.larger_from_eur)
        return {"all": larger / sum(prices)}

    def largest_sale(self, markets: list[MarketTruth]) -> Values:
        """EUR."""
        return {"all": max(self._prices(markets))}

    def share_of_smaller_sales(self, markets: list[MarketTruth]) -> Values:
        """Share."""
        prices = self._prices(markets)
        return {"all": _mean(price < self.terms.larger_from_eur for price in prices)}

    # -- migration and growth ----------------------------------------------------------------

    def vendors_arrived(self, markets: list[MarketTruth], *, source: str, since: date) -> Values:
        """Count."""
        origin = self.markets[source]
        there = {origin.world.accounts[i.account].person.number for i in origin.items}
        found: Values = {}
        for market in markets:
            accounts = {item.account for item in market.items}
            found[market.name] = sum(
                market.world.accounts[n].joined >= since
                and market.world.accounts[n].person.number in there
                for n in accounts
            )
        return found

    def growth_a_week(self, markets: list[MarketTruth]) -> Values:
        """Two numbers."""
        found: Values = {}
        for market in markets:
            found |= fitted(
                market.name,
                (
                    (
                        market.world.crawled(day).timestamp() / 604_800,
                        len({item.account for item in market.standing(day)}),
                    )
                    for day in market.days
                ),
            )
        return found


_TRUE: dict[str, Callable[..., Values]] = {
    name: function
    for name, function in vars(Truth).items()
    if callable(function) and not name.startswith("_") and name not in ("of", "told")
}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
