"""What a scenario's file says: numbers that are true in its world, read and checked.

The file is ``simulator/scenario/NAME.toml``; its comments say what each number is.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from math import exp, log
from typing import Any

from simulator.market_site import market_sites
from simulator.scenario.findings import PaperFinding
from simulator.words import GOODS

WEEK = timedelta(days=7)


class BadScenario(ValueError):
    """A scenario's file, or what was asked of it, makes no sense; the message says where."""


@dataclass(frozen=True, slots=True)
class Path:
    """A number that grows from ``start`` on the day ``first`` to ``end`` on ``last``.

    ``exponential`` grows by the same share a day, else by the same number. It goes on before and
    after those days.
    """

    start: float
    end: float
    first: date
    last: date
    exponential: bool

    def at(self, day: float) -> float:
        """Return the number ``day`` days after ``first``."""
        span = (self.last - self.first).days
        if self.exponential:
            return self.start * exp(log(self.end / self.start) * day / span)
        return self.start + (self.end - self.start) * day / span

    def reaches(self, number: float) -> float:
        """Return how many days after ``first`` it is that number."""
        span = (self.last - self.first).days
        if self.exponential:
            return span * log(number / self.start) / log(self.end / self.start)
        return span * (number - self.start) / (self.end - self.start)


@dataclass(frozen=True, slots=True)
class OriginShares:
    """Where a vendor ships from: ``places`` all at once or, if ``moves``, one after the other."""

    places: tuple[str, ...]
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where a vendor ships to, as the record contract has it, and where not."""

    to: tuple[str, ...]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """``share`` of the vendors who join from a day on come from the market ``market``."""

    market: str
    since: date
    share: float


@dataclass(frozen=True, slots=True)
class Prices:
    """Bands of prices in EUR, and how much of them there is; see the file."""

    small: tuple[float, float]
    large: tuple[float, float]
    wholesale: tuple[float, float]
    value_of_large: float
    mean_small: float
    listings_large: float
    listings_wholesale: float


@dataclass(frozen=True, slots=True)
class MarketParameters:
    """One market of a scenario."""

    name: str
    host: str
    first: date
    last: date
    account: Mapping[str, Any]
    vendors: Path
    home_vendors: Path
    sales: Path
    home_sales: Path
    origins: tuple[OriginShares, ...]
    """Of the home country's vendors, those who do not ship from it alone and always."""
    ships_to: tuple[Destinations, ...]
    arrivals: tuple[Arrivals, ...]
    offer: Mapping[str, float]
    home_offer: Mapping[str, float]
    weeks_between: int = 1

    def crawls(self) -> list[date]:
        """Return the days of the crawls: every week, and on the last day."""
        weeks = (self.last - self.first).days // 7
        days = [self.first + WEEK * n for n in range(0, weeks + 1, self.weeks_between)]
        return days if days[-1] == self.last else [*days, self.last]


@dataclass(frozen=True, slots=True)
class Parameters:
    """A scenario."""

    name: str
    country: str
    neighbour: str
    listing_weeks: int
    vendor_weeks: int
    larger_from_eur: float
    english_speaking: frozenset[str]
    prices: Prices
    dollars: Mapping[str, tuple[tuple[date, float], ...]]
    groups: Mapping[str, str]
    markets: Mapping[str, MarketParameters]
    findings: tuple[PaperFinding, ...]

    def worth(self, currency: str, day: date) -> float:
        """Return what one unit was worth in US dollars on a day. Raises KeyError if unknown."""
        if currency == "USD":
            return 1.0
        known = self.dollars[currency]
        after = bisect_right(known, day, key=lambda pair: pair[0])
        if after == 0:
            return known[0][1]
        if after == len(known):
            return known[-1][1]
        (begun, low), (ended, high) = known[after - 1], known[after]
        return low + (high - low) * ((day - begun).days / (ended - begun).days)

    def scaled(self, factor: float, weeks_between: int = 1) -> Parameters:
        """Return the scenario with the others' vendors and sales fewer by a factor, for tests.

        The home country's stay, so that its numbers stay exact; its share is then larger. With
        more than a week between crawls each crawl captures all pages.
        """

        def less(path: Path) -> Path:
            return replace(path, start=path.start * factor, end=path.end * factor)

        markets = {
            name: replace(
                market,
                vendors=replace(
                    market.vendors,
                    start=market.vendors.start * factor + market.home_vendors.start,
                    end=market.vendors.end * factor + market.home_vendors.end,
                ),
                sales=less(market.sales),
                weeks_between=weeks_between,
            )
            for name, market in self.markets.items()
        }
        if weeks_between > 1:
            return replace(self, markets=markets, listing_weeks=1, vendor_weeks=1)
        return replace(self, markets=markets)


def scenarios() -> list[str]:
    """Return the names of all scenarios."""
    folder = files("simulator.scenario")
    return sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name[-5:] == ".toml")


@cache
def read_scenario(name: str) -> Parameters:
    """Return a scenario by name. Raises BadScenario if there is none, or its file is wrong."""
    if name not in scenarios():
        raise BadScenario(f"No scenario {name!r}; the scenarios are: {', '.join(scenarios())}")
    stated = tomllib.loads((files("simulator.scenario") / f"{name}.toml").read_text("utf-8"))
    try:
        return _read(name, stated)
    except (KeyError, TypeError, ValueError) as error:
        what = f"nothing is said of {error}" if isinstance(error, KeyError) else str(error)
        raise BadScenario(f"simulator/scenario/{name}.toml: {what}") from error


def _read(name: str, stated: Mapping[str, Any]) -> Parameters:
    groups = dict(stated["groups"])
    if unknown := set(groups) - set(GOODS):
        raise ValueError(f"groups: nothing is known of {', '.join(sorted(unknown))}")
    prices: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in stated["prices"].items()
    }
    return Parameters(
        name=name,
        country=stated["country"],
        neighbour=stated["neighbour"],
        listing_weeks=int(stated["listing_weeks"]),
        vendor_weeks=int(stated["vendor_weeks"]),
        larger_from_eur=float(stated["larger_from_eur"]),
        english_speaking=frozenset(stated["english_speaking"]),
        prices=Prices(**prices),
        dollars={
            code: tuple((date.fromisoformat(day), float(value)) for day, value in path.items())
            for code, path in stated["dollars"].items()
        },
        groups=groups,
        markets={
            market: _market(market, post, stated["country"], groups)
            for market, post in sorted(stated["markets"].items(), key=lambda item: item[1]["first"])
        },
        findings=tuple(_finding(post, stated["markets"]) for post in stated["findings"]),
    )


def _finding(stated: Mapping[str, Any], markets: Mapping[str, Any]) -> PaperFinding:
    named = tuple(stated.get("markets", ()))
    if unknown := set(named) - set(markets):
        raise ValueError(f"findings.{stated['id']}: no market {', '.join(sorted(unknown))}")
    return PaperFinding(
        id=stated["id"],
        published=stated["published"],
        measure=stated["measure"],
        holds=dict(stated["holds"]),
        markets=named,
        options=dict(stated.get("options", {})),
    )


def _market(
    name: str, stated: Mapping[str, Any], country: str, groups: Mapping[str, str]
) -> MarketParameters:
    if name not in market_sites():
        raise ValueError(f"markets.{name}: the markets are {', '.join(market_sites())}")
    first, last = stated["first"], stated["last"]

    def path(key: str, growth: str) -> Path:
        if stated[growth] not in ("steady", "exponential"):
            raise ValueError(f"markets.{name}.{growth} is 'steady' or 'exponential'")
        start, end = stated[key]
        if not 0 < start < end:
            raise ValueError(f"markets.{name}.{key} must grow from more than 0")
        return Path(start, end, first, last, stated[growth] == "exponential")

    for key in ("offer", "home_offer"):
        if unknown := set(stated[key]) - set(groups):
            raise ValueError(f"markets.{name}.{key}: no group for {', '.join(sorted(unknown))}")
    origins = [_origins(words) for words, n in stated["origins"].items() for _ in range(n)]
    home_vendors = path("home_vendors", "growth")
    if len(origins) > home_vendors.end or any(country not in o.places for o in origins):
        raise ValueError(f"markets.{name}.origins: more than home_vendors, or without {country}")
    if sum(o.moves for o in origins) > home_vendors.start:
        raise ValueError(f"markets.{name}.origins: who moves must be there from the start")
    return MarketParameters(
        name=name,
        host=stated["host"],
        first=first,
        last=last,
        account=dict(stated["account"]),
        vendors=path("vendors", "growth"),
        home_vendors=home_vendors,
        sales=path("sales_a_week", "sales_growth"),
        home_sales=path("home_sales_a_week", "sales_growth"),
        origins=tuple(sorted(origins, key=lambda o: not o.moves)),
        ships_to=tuple(
            _destinations(words) for words, n in stated["ships_to"].items() for _ in range(n)
        ),
        arrivals=tuple(
            Arrivals(a["from"], a["since"], float(a["share"])) for a in stated.get("arrivals", ())
        ),
        offer=dict(stated["offer"]),
        home_offer=dict(stated["home_offer"]),
    )


def _origins(words: str) -> OriginShares:
    """Read ``BE+NL`` (at once) or ``NL>BE`` (one after the other)."""
    if not re.fullmatch(r"[A-Z]{2}(?:>[A-Z]{2}|(?:\+[A-Z]{2})+)", words):
        raise ValueError(f"origins are written NL>BE or BE+NL, not {words!r}")
    return OriginShares(tuple(re.findall("[A-Z]{2}", words)), ">" in words)


def _destinations(words: str) -> Destinations:
    """Read ``WORLD -US -AU``."""
    parts = words.split()
    return Destinations(
        tuple(part for part in parts if part[0] != "-"),
        tuple(part[1:] for part in parts if part[0] == "-"),
    )
