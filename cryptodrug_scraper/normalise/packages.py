"""How much an offer is: the amount that a title or an option states.

    5g    100x 200µg    1 oz    10 pills 250mg    quarter pound    3,5 g    20 x 10ml    1g - 14g

A title is read in three steps: what only looks like an amount (prices, percentages, dates,
gifts, concentrations) is taken out; the rest is cut into numbers and words; numbers with a
unit beside them are amounts, and amounts that say different things cancel each other, since a
wrong number is worse than none. A strength (`250mg MDMA pills`) is not an amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from cryptodrug_scraper.normalise.package_amounts import Amount, AmountReading, SoldBy
from cryptodrug_scraper.normalise.package_text import clean, says_amount, without_noise
from cryptodrug_scraper.normalise.package_words import POWDER

__all__ = ["LONGEST", "NOTHING", "Package", "SoldBy", "Unit", "read_package"]

Unit = Literal["g", "ml", "piece"]


class Package(NamedTuple):
    """What an offer holds.

    `least` and `most` are the amount in `unit`: equal if it is one amount; `most` is None if
    it is open (`10g+`); both are None if none is stated. `pieces` is how many pieces make it
    up (of `20 x 10ml`: 200 ml in 20), `strength_mg` what is in each, both None if unstated.
    """

    least: Decimal | None = None
    most: Decimal | None = None
    unit: Unit | None = None
    pieces: int | None = None
    strength_mg: Decimal | None = None

    @property
    def single(self) -> Decimal | None:
        """The amount, if it is one amount and no range."""
        return self.least if self.least == self.most else None


NOTHING = Package()
LONGEST = 500
"""Longest text that is a title, in characters."""


def _agreed(amounts: Sequence[Amount]) -> Amount | None:
    """Return what amounts of one kind say together, or None if they contradict."""
    if not amounts:
        return None
    singles = [a for a in amounts if a.least == a.most]
    chosen = (singles or amounts)[0]
    for other in amounts:
        low, high = other.least * Decimal("0.95"), other.most
        if other.least == other.most and chosen.least != chosen.most:
            return None
        if not low <= chosen.least:
            return None
        if high is not None and chosen.least > high * Decimal("1.05"):
            return None
        if chosen.least != chosen.most and other != chosen and (other.least, high) != chosen[1:3]:
            return None
    return chosen


@lru_cache(maxsize=65536)
def read_package(text: str, sold_by: SoldBy | None = None) -> Package:
    """Read the amount that a title or an option states; `NOTHING` where it states none.

    `sold_by` says how the substance is sold, if that is known: then milligrams alone are an
    amount of what is sold by weight (`DMT 500mg`) and a strength of what is sold by piece
    (`Oxycodone 80mg`); without it they are neither. Micrograms alone never are an amount. Of a
    text of more than 500 characters nothing is read. Amounts are exact decimals: an ounce is
    28.349523 g.
    """
    if len(text) > LONGEST:
        return NOTHING
    text = clean(text)
    if not says_amount(text):
        return NOTHING
    text, strengths = without_noise(text)
    reading = AmountReading(text, sold_by)
    return _package(reading, sold_by, strengths)


def _package(reading: AmountReading, sold_by: SoldBy | None, strengths: list[Decimal]) -> Package:
    amounts = reading.amounts
    if reading.doubtful:  # one of them cannot be read, and the others may be no more than extras
        return NOTHING
    counts = [a for a in amounts if a.kind == "count"]
    small = [a for a in amounts if a.small]
    large = [a for a in amounts if a.kind == "weight" and not a.small]
    volumes = [a for a in amounts if a.kind == "volume"]
    strengths += [a.least * 1000 for a in small if a.least == a.most]
    count = _agreed([a for a in counts if not a.holder] or counts)
    strength = _of_each(strengths, count)
    if counts:
        if count is None:
            return NOTHING
        by_weight = sold_by == "weight" and not reading.has_noun
        return _counted(count, large, small, volumes, by_weight, strength)
    if large:
        found = _agreed(large)
        if found is None or volumes:
            return NOTHING
        return Package(found.least, found.most, "g")
    if volumes:
        found = _agreed(volumes)
        return Package(found.least, found.most, "ml") if found else NOTHING
    weighed = [a for a in small if not a.micro]
    loose = sold_by == "weight" or (sold_by == "piece" and not POWDER.isdisjoint(reading.tokens))
    if weighed and loose and not reading.has_noun:
        found = _agreed(weighed)
        return Package(found.least, found.most, "g") if found else NOTHING
    return Package(strength_mg=strength)


def _of_each(strengths: Sequence[Decimal], count: Amount | None) -> Decimal | None:
    """Return the strength that is stated; of two the part, if the other is the total of all."""
    stated = sorted(set(strengths))
    if len(stated) == 2 and count is not None and stated[0] * count.least == stated[1]:
        return stated[0]
    return stated[0] if len(stated) == 1 else None


def _part(amounts: Sequence[Amount], count: Amount) -> Amount | None:
    """Return the amount of each where another is the total of all: `100g (2x50g)`."""
    least = min(amounts, key=lambda amount: amount.least)
    rest = [a for a in amounts if a.least != least.least]
    return least if all(a.least == a.most == least.least * count.least for a in rest) else None


def _counted(
    count: Amount,
    large: list[Amount],
    small: list[Amount],
    volumes: list[Amount],
    by_weight: bool,
    strength: Decimal | None,
) -> Package:
    """Return a package of pieces: their number, or what they hold together."""
    pieces = int(count.least) if count.least == count.most else None
    of_each = large or volumes
    if by_weight and count.times and not count.pill and not of_each:
        # 2 x 500mg, 500mg x 2; but of `12 x Comet 18mg` each piece holds that much
        of_each = [a for a in small if not a.micro and (a.at == count.end or a.end == count.at)]
    if of_each:
        each = _agreed(of_each) or _part(of_each, count)
        if each is None or each.least != each.most or (large and volumes):
            return NOTHING
        if count.pill and each.kind == "weight":  # 10 caps of 0.5 g
            return Package(count.least, count.most, "piece", pieces, each.least * 1000)
        most = None if count.most is None else count.most * each.least
        unit: Unit = "ml" if each.kind == "volume" else "g"
        return Package(count.least * each.least, most, unit, pieces)
    return Package(count.least, count.most, "piece", pieces, strength)
