"""What a study of a scenario's crawls should find, worked out from the world and not from pages.

Names and units of the values are those of ``simulator.scenario.measures``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Any

from simulator.scenario.findings import PaperFinding, Terms, Values, fitted
from simulator.scenario.goods import Item, Sale
from simulator.scenario.parameters import Parameters
from simulator.scenario.world import ScenarioWorld

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
        self.days = world.market_parameters.crawls()

    def standing(self, day: date) -> list[Item]:
        """Return the listings that stand on a day."""
        return [item for item in self.world.items if item.stands(day)]

    @cached_property
    def seen(self) -> dict[str, dict[int, list[str]]]:
        """Of each month, the listings that stood at a crawl, and from where they shipped last."""
        found: dict[str, dict[int, list[str]]] = defaultdict(dict)
        for day in self.days:
            for item in self.standing(day):
                found[f"{day:%Y-%m}"][item.index] = self.world.places_from(item, day)
        return dict(found)

    @cached_property
    def last(self) -> dict[int, list[str]]:
        """All listings that stood at a crawl, and from where they shipped at the last."""
        return {index: places for month in self.seen.values() for index, places in month.items()}

    def items(self, *, home: bool) -> list[Item]:
        """Return all listings that stood at a crawl, or those that last shipped from home."""
        country = self.world.parameters.country
        return [
            self.world.items[index]
            for index, places in sorted(self.last.items())
            if not home or country in places
        ]

    def home_in(self, month: str) -> set[int]:
        """Return the listings that shipped from home in a month."""
        country = self.world.parameters.country
        return {index for index, places in self.seen[month].items() if country in places}

    def vendors(self, listings: Iterable[int]) -> set[int]:
        """Return whose listings these are."""
        return {self.world.items[index].account for index in listings}

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
    def home(self) -> list[int]:
        """The vendors who ever shipped from home."""
        country = self.world.parameters.country
        return sorted(n for n, all_of in self.origins.items() if any(country in p for p in all_of))

    def sales(self) -> Iterator[Sale]:
        """Yield the reviewed sales until the last crawl."""
        end = self.world.crawled(self.days[-1])
        return (sale for sale in self.world.sales_made if sale.posted <= end)

    def home_sales(self) -> Iterator[tuple[Sale, float]]:
        """Yield those of listings that shipped from home then, and their price in EUR."""
        country = self.world.parameters.country
        for sale in self.sales():
            item, day = self.world.items[sale.item], sale.posted.date()
            if country in self.world.places_from(item, day):
                yield sale, self.world.euros(item, day)

    def group(self, item: Item) -> str:
        """Return the group of what a listing sells."""
        return self.world.parameters.groups[item.good]

    def drugs(self, *, home: bool) -> list[Item]:
        """Return the listings of drugs."""
        return [item for item in self.items(home=home) if self.group(item) != "not_drugs"]


class Truth:
    """What is true in a scenario."""

    def __init__(self, parameters: Parameters, worlds: Mapping[str, ScenarioWorld]) -> None:
        self.parameters, self.terms = parameters, terms_of(parameters)
        self.markets = {name: MarketTruth(world) for name, world in worlds.items()}

    def of(self, finding: PaperFinding) -> Values:
        """Return the true values of a finding. Raises KeyError for an unknown measure."""
        chosen = [self.markets[name] for name in finding.terms(self.terms).markets]
        return _TRUE[finding.measure](self, chosen, **finding.options)

    def as_records(self) -> list[dict[str, Any]]:
        """Return the truth of every finding, to be written as JSON."""
        from simulator.scenario.measures import MEASURES

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

    # -- size ----------------------------------------------------------------------------------

    def home_share_of_listings(self, markets: list[MarketTruth]) -> Values:
        """Mean of the months."""
        return {m.name: _mean(len(m.home_in(x)) / len(m.seen[x]) for x in m.seen) for m in markets}

    def home_share_of_vendors(self, markets: list[MarketTruth]) -> Values:
        """Mean of the months."""
        return {
            m.name: _mean(len(m.vendors(m.home_in(x))) / len(m.vendors(m.seen[x])) for x in m.seen)
            for m in markets
        }

    def home_vendors_by_month(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        return {f"{m.name} {x}": len(m.vendors(m.home_in(x))) for m in markets for x in m.seen}

    def home_listings_by_month(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        return {f"{m.name} {x}": len(m.home_in(x)) for m in markets for x in m.seen}

    def home_reviews_by_month(self, markets: list[MarketTruth]) -> Values:
        """Not a whole number: pages round the day."""
        found: Values = {}
        for market in markets:
            counts = Counter(f"{sale.posted:%Y-%m}" for sale, _ in market.home_sales())
            found |= {f"{market.name} {month}": float(counts[month]) for month in market.seen}
        return found

    def home_turnover_by_month(self, markets: list[MarketTruth]) -> Values:
        """EUR."""
        found: Values = {}
        for market in markets:
            sums: dict[str, float] = defaultdict(float)
            for sale, euros in market.home_sales():
                sums[f"{sale.posted:%Y-%m}"] += euros
            found |= {f"{market.name} {month}": sums[month] for month in market.seen}
        return found

    def reviews_of_home_vendors(self, markets: list[MarketTruth]) -> Values:
        """Count."""
        found: Values = {}
        for market in markets:
            home, items = set(market.home), market.world.items
            found[market.name] = sum(items[sale.item].account in home for sale in market.sales())
        return found

    def growth_a_week(self, markets: list[MarketTruth]) -> Values:
        """Two numbers."""
        found: Values = {}
        for market in markets:
            weeks: dict[int, set[int]] = defaultdict(set)
            for day in market.days:
                monday = day.toordinal() - day.weekday()
                weeks[monday].update(item.account for item in market.standing(day))
            found |= fitted(market.name, ((day / 7, len(those)) for day, those in weeks.items()))
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
        for item in market.items(home=True):
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
            for account in market.home:
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

    # -- migration -----------------------------------------------------------------------------

    def vendors_arrived(self, markets: list[MarketTruth], *, source: str, since: date) -> Values:
        """Count."""
        origin = self.markets[source].world
        here = self.markets[source]
        there = {origin.accounts[n].person.number for n in here.vendors(here.last)}
        found: Values = {}
        for market in markets:
            accounts = [market.world.accounts[n] for n in market.vendors(market.last)]
            found[market.name] = sum(
                account.joined >= since and account.person.number in there for account in accounts
            )
        return found


_TRUE: dict[str, Callable[..., Values]] = {
    name: function
    for name, function in vars(Truth).items()
    if callable(function) and not name.startswith("_") and name not in ("of", "as_records")
}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)
