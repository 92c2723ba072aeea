"""Who sells on which market of a scenario, from when on, under what name, and from where.

The same person has the same key on every market, and mostly the same handle.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from simulator.chance import Chance
from simulator.scenario.parameters import (
    Arrivals,
    Destinations,
    MarketParameters,
    OriginShares,
    Parameters,
)
from simulator.words import FIRST, HOMES, SECOND

DAY = timedelta(days=1)
_LONGEST = 700
"""Days that the first vendors have been there, at most, when the first crawl is made."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who sells; ``home`` says whether from the country that is studied."""

    number: int
    name: str
    home: bool


@dataclass(frozen=True, slots=True)
class VendorAccount:
    """A person on a market. ``moved`` is the day from which the second origin holds."""

    market: str
    person: Person
    handle: str
    joined: date
    left: date | None
    origins: OriginShares
    moved: date | None
    ships: Destinations | None  # None: each listing as chance has it


class People:
    """All accounts of a scenario, a list a market in order of joining."""

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self.parameters = parameters
        self.chance = Chance(seed, parameters.name, "people")
        self._count = 0
        self._names: set[str] = set()
        self._known: set[int] = set()  # from markets before
        self.accounts: dict[str, list[VendorAccount]] = {}
        for name, market in parameters.markets.items():
            home = self._joined(market, home=True)
            others = self._joined(market, home=False)
            self.accounts[name] = sorted(home + others, key=lambda a: (a.joined, a.handle))
            self._known.update(account.person.number for account in self.accounts[name])

    def _joined(self, market: MarketParameters, *, home: bool) -> list[VendorAccount]:
        path, chance = market.home_vendors if home else market.vendors, self.chance
        count = int(path.end) - (0 if home else int(market.home_vendors.end))
        days: list[date] = []
        for n in range(1, count + 1):
            number = n if home else n * path.end / count
            if number <= path.start:
                ago = chance.between(21, _LONGEST, "joined", market.name, home, n)
                days.append(market.first - ago * DAY)
            else:
                days.append(market.first + ceil(path.reaches(number)) * DAY)
        days = [min(day, market.last - DAY) for day in days]
        here: set[int] = set()
        due = dict.fromkeys(market.arrivals, 0.5)
        found = []
        for n, day in enumerate(sorted(days)):
            person = self._who(market, day, due, here, home=home)
            here.add(person.number)
            origins = self._origins(market, n, home=home)
            left = None
            if not home and chance.happens(0.03, "leaves", market.name, n):
                left = market.first + chance.between(14, 400, "left", market.name, n) * DAY
                left = max(left, day + 21 * DAY)
            found.append(
                VendorAccount(
                    market=market.name,
                    person=person,
                    handle=self._handle(market, person),
                    joined=day,
                    left=left,
                    origins=origins,
                    moved=self._moves(market, n) if origins.moves else None,
                    ships=self._ships(market, n) if home else None,
                )
            )
        return found

    # -- who ---------------------------------------------------------------------------------

    def _who(
        self,
        market: MarketParameters,
        day: date,
        due: dict[Arrivals, float],
        here: set[int],
        *,
        home: bool,
    ) -> Person:
        """Return somebody who comes from another market, as many as are due, or somebody new."""
        latest = {a.market: a for a in market.arrivals if a.since <= day}
        for arrivals in latest.values():
            due[arrivals] += arrivals.share
            if due[arrivals] < 1:
                continue
            known = [
                account.person
                for account in self.accounts[arrivals.market]
                if account.person.home == home
                and account.joined < day
                and account.person.number not in here
            ]
            if known:
                due[arrivals] -= 1
                return self.chance.pick(known, "comes", market.name, home, len(here))
        self._count += 1
        return Person(self._count, self._new_name(self._count), home)

    def _new_name(self, number: int) -> str:
        chance = self.chance
        join = chance.pick(("", "", "", "_", "-", "."), "join", number)
        name = chance.pick(FIRST, "first", number) + join + chance.pick(SECOND, "second", number)
        return self._unused(name, number)

    def _unused(self, name: str, *about: object) -> str:
        while name.casefold() in self._names:
            name += str(self.chance.below(10, "digit", name, *about))
        self._names.add(name.casefold())
        return name

    def _handle(self, market: MarketParameters, person: Person) -> str:
        """Return a person's handle on a market: a few change it."""
        if person.number not in self._known or self.chance.happens(
            0.8, "the same", market.name, person.number
        ):
            return person.name
        return self._unused(f"The{person.name}", market.name)

    # -- from where, and to where ------------------------------------------------------------

    def _origins(self, market: MarketParameters, n: int, *, home: bool) -> OriginShares:
        country = self.parameters.country
        if home:  # who moves comes first, since they must be there from the start
            return market.origins[n] if n < len(market.origins) else OriginShares((country,))
        chance, about = self.chance, (market.name, n)
        others = [code for code in HOMES if code != country]
        one = chance.pick(others, "home", *about)
        two = chance.pick([code for code in others if code != one], "second", *about)
        if chance.happens(0.05, "at once", *about):
            return OriginShares((one, two))
        if chance.happens(0.02, "moves", *about):
            return OriginShares((one, two), moves=True)
        return OriginShares((one,))

    def _moves(self, market: MarketParameters, n: int) -> date:
        """Return the day of a crawl in the middle half of them: both sides of a move are seen.

        On the day of a crawl, so that sales do not stand at the old place until the next one.
        """
        days = market.crawls()
        return self.chance.pick(days[len(days) // 4 : len(days) * 3 // 4], "moved", n)

    def _ships(self, market: MarketParameters, n: int) -> Destinations:
        """Return where the n-th vendor of the home country ships to, drawn without putting back."""
        count = int(market.home_vendors.end)
        rest = [Destinations(("WORLD",))] * (count - len(market.ships_to))
        drawn = sorted(
            enumerate([*market.ships_to, *rest]),
            key=lambda pair: self.chance.number("ships", market.name, pair[0]),
        )
        return drawn[n][1]
