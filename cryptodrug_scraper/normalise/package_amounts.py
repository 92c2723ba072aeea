"""The amounts in a cleaned title: numbers with a unit beside them, counts, ranges.

The title is cut into numbers and words; a number is an amount if what stands around it says so.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal, NamedTuple

from cryptodrug_scraper.normalise.package_text import TOKEN, number
from cryptodrug_scraper.normalise.package_words import (
    CONTAINERS,
    FROM,
    HOLDERS,
    IN_NAMES,
    MANY,
    NOT_OF_PIECES,
    NUMBERED,
    PIECES,
    PILLS,
    STOP,
    TO_MARKS,
    UG,
    VOLUMES,
    WEIGHTS,
)

SoldBy = Literal["weight", "piece", "volume"]


class Amount(NamedTuple):
    """An amount found in a title, and where it stands in it."""

    kind: Literal["weight", "volume", "count"]
    least: Decimal
    most: Decimal | None
    small: bool = False  # in mg or µg: perhaps a strength
    micro: bool = False
    pill: bool = False  # counts pills, tabs, blotters …
    times: bool = False  # written with an x
    holder: bool = False  # counts strips, sheets, boxes: perhaps of what is counted elsewhere
    at: int = 0  # the token where it begins
    end: int = 0  # and where the next begins


def _kind(unit: str) -> Literal["weight", "volume", "count"]:
    return "weight" if unit in WEIGHTS else "volume" if unit in VOLUMES else "count"


_WHOLE_NUMBER = re.compile(r"\d+|[1-9]\d{0,2}(?:[.,']\d{3})+")
_YEAR = re.compile(r"20[0-3]\d")


class AmountReading:
    """The tokens of a title and the amounts found in them."""

    def __init__(self, text: str, sold_by: SoldBy | None) -> None:
        self.tokens: list[str] = []
        self.glued: list[bool] = []  # to the token before
        end = -1
        for match in TOKEN.finditer(text):
            self.tokens.append(match[0])
            self.glued.append(match.start() == end)
            end = match.end()
        self.has_small = any(t in WEIGHTS and WEIGHTS[t] < 1 for t in self.tokens)
        self.tokens = [self._times(at) for at in range(len(self.tokens))]
        self.has_noun = any(t in PILLS and t not in NOT_OF_PIECES for t in self.tokens)
        self.counted = sold_by == "piece"
        self.by_piece = self.counted or (sold_by is None and self.has_noun)
        self.amounts: list[Amount] = []
        self.doubtful = False
        at = 0
        while at < len(self.tokens):
            found = self._amount(at) if self._free(at) else self._after_mark(at)
            if found is not None:
                self.amounts.append(found)
                at = max(found.end, at + 1)
            else:
                at += 1

    def _times(self, at: int) -> str:
        """Return a token; `*` after a number is an x if a strength follows (`50 * Pink 230mg`)."""
        token = self.tokens[at]
        if token == "*" and self.has_small and 0 < at < len(self.tokens) - 1:
            return (
                "x" if self.tokens[at - 1].isdecimal() and self.tokens[at + 1].isalpha() else token
            )
        return token

    def _token(self, at: int) -> str:
        return self.tokens[at] if 0 <= at < len(self.tokens) else ""

    def _isnumber(self, at: int) -> bool:
        token = self._token(at)
        return token[:1].isdecimal() or (token[:1] in ".," and len(token) > 1)

    def _free(self, at: int) -> bool:
        """Say whether a number stands for itself, not in a name such as `m30` or `2c-b`."""
        if not self._isnumber(at):
            return False
        before = self._token(at - 1)
        if self.glued[at] and before.isalpha() and before not in ("x", "g"):
            return False
        if before in NUMBERED and self._token(at).isdecimal() and not self._joined(at + 1):
            return False
        if before in ("/", "⁄") and self._isnumber(at - 2):  # 1/7/14 g: which?
            return False
        after = self._token(at + 1)
        if after in IN_NAMES or (after == "cl" and self._token(at + 2) == "-"):
            return False
        if not after or not self.glued[at + 1] or not after.isalpha():
            # 3-mmc, 4-aco-dmt: a number, a hyphen, a name
            named = (
                after == "-"
                and self.glued[at + 1]
                and self._token(at + 2).isalpha()
                and self.glued[at + 2]
            )
            return not named
        return after in WEIGHTS or after in VOLUMES or after in PIECES or after in ("x", "k")

    def _amount(self, at: int) -> Amount | None:
        low_raw = self._token(at)
        next_at = at + 1
        low_unit, after = self._unit(next_at)
        second = after if low_unit else next_at
        if self._token(second) == "k" and not low_unit and self.glued[second]:
            second += 1
        # of a year, of 00 and of what would run down, one side only is an amount
        year = not low_unit and (_YEAR.fullmatch(low_raw) or low_raw.startswith("00"))
        if self._token(second) in TO_MARKS and self._isnumber(second + 1) and not year:
            unit, end = self._unit(second + 2)
            if not unit and not low_unit and self._leads(at, second + 2):
                unit, end = "pc", second + 2
            if self._runs_down(low_raw, second, bool(low_unit), bool(unit)):
                return (
                    self._made(at, low_raw, None, low_unit, low_unit, after) if low_unit else None
                )
            if (unit or low_unit) and (not unit or not low_unit or _kind(unit) == _kind(low_unit)):
                return self._made(at, low_raw, self._token(second + 1), low_unit or unit,
                                  unit or low_unit, end if unit else second + 2)  # fmt: skip
        if (
            low_raw.isdecimal()
            and self._token(next_at) in MANY
            and self._token(next_at + 1) in ("of", "x")
            and self._token(next_at + 2).isdecimal()
        ):  # 10 strips of 10
            return self._product(at, low_raw, next_at + 2)
        if (
            low_raw.isdecimal()
            and self._token(next_at) == "x"
            and self._token(next_at + 1).isdecimal()
            and self._token(next_at + 2) in PIECES
        ):  # 5 x 10 tabs
            return self._product(at, low_raw, next_at + 1)
        if self._token(next_at) == "+" and self.glued[next_at]:  # 100+ pills
            unit, end = self._unit(next_at + 1)
            found = self._made(at, low_raw, None, unit, unit, end) if unit else None
            return found._replace(most=None) if found else self._bare(at)
        if (
            (self.by_piece or not PIECES.isdisjoint(self.tokens))
            and self._token(next_at) == "pack"
            and self._token(next_at + 1) != "of"
            and re.fullmatch(r"[1-9]\d+", low_raw)
        ):  # 30 pack
            return self._made(at, low_raw, None, "pc", "pc", next_at + 1)
        if low_unit:
            return self._made(at, low_raw, None, low_unit, low_unit, after)
        if self._token(next_at) == "k" and self.by_piece:
            return self._made(at, low_raw, None, "k", "k", next_at + 1)
        # `10 1ml carts`: a count before the size of each
        if self._isnumber(next_at) and not self.glued[next_at] and "⁄" not in low_raw:
            unit, end = self._unit(next_at + 1)
            follows = self.tokens[end : end + 4]
            if unit in (*WEIGHTS, *VOLUMES) and any(t in PIECES for t in follows):
                return self._made(at, low_raw, None, "pc", "pc", next_at)
        return self._bare(at)

    def _runs_down(self, low_raw: str, mark: int, low_unit: bool, unit: bool) -> bool:
        """Say whether `40mg - 28` or `Deca 300 - 10ml` is no range: one unit, and less after."""
        if low_unit == unit or self.glued[mark] or self.glued[mark + 1]:
            return False
        low, high = (number(raw, of_weight=False) for raw in (low_raw, self._token(mark + 1)))
        return low is not None and high is not None and high < low

    def _product(self, at: int, count: str, inner: int) -> Amount | None:
        pieces = str(int(count[:9]) * int(self._token(inner)[:9]))
        unit = self._token(inner + 1)
        return self._made(at, pieces, None, "pill", "pill", inner + 1 + (unit in PIECES))

    def _leads(self, at: int, after: int) -> bool:
        """Say whether a number without a unit begins the title and counts what is named then."""
        while after < len(self.tokens) and self.tokens[after] in ")]*":
            after += 1
        word = self._token(after)
        return (
            self.by_piece
            and not any(t.isalnum() for t in self.tokens[:at])
            and (self.has_small or self.has_noun or (self.counted and len(word) > 2))
            and word.isalpha()
            and word not in STOP
            and word not in CONTAINERS
        )

    def _bare(self, at: int) -> Amount | None:
        """Read a whole number without a unit that counts all the same.

        `100 Tramadol 50mg` begins with it, and `min order 10` says so, of what is sold by piece.
        """
        raw = self._token(at)
        if not self.by_piece or not _WHOLE_NUMBER.fullmatch(raw) or _YEAR.fullmatch(raw):
            return None
        least = self._token(at - 1) in FROM or self._token(at - 2) in FROM & {"min", "minimum"}
        leads = self._leads(at, at + 1)
        return self._made(at, raw, None, "pc", "pc", at + 1) if leads or least else None

    def _after_mark(self, at: int) -> Amount | None:
        """Read `x 50`, `pack of 5`, and `tabs 100` at a title's end."""
        token = self._token(at)
        if (
            token in PILLS
            and at + 2 == len(self.tokens)
            and re.fullmatch(r"[1-9]\d*", self._token(at + 1))
            and not re.fullmatch(r"20[12]\d", self._token(at + 1))
        ):
            return self._made(at + 1, self._token(at + 1), None, token, token, at + 2)
        holder = token == "of" and self._token(at - 1) in HOLDERS
        if (token != "x" and not holder) or not self._isnumber(at + 1):
            return None
        if token == "x" and self.glued[at] and self._token(at - 1).isalpha():
            return None
        unit, end = self._unit(at + 2)
        if not unit and self._joined(at + 2) and self.tokens[at + 2].isalpha():
            return None  # x4nax
        if unit in (*WEIGHTS, *VOLUMES):
            return None
        end = end if unit in PIECES else at + 2
        made = self._made(at, self._token(at + 1), None, "x", "x", end)
        return made._replace(pill=unit in PILLS) if made else None

    def _unit(self, at: int) -> tuple[str, int]:
        """Return the unit at a token, and the token after it; a name may stand before it."""
        token = self._token(at)
        if token in WEIGHTS or token in VOLUMES or token in PIECES or token == "x":
            after = at + 1
            if token == "x":  # `10x pills`
                while self._token(after) == "x":
                    after += 1
            return token, after
        name_at, at = at, self._after_name(at)
        if at > name_at and self._token(at) in PIECES:  # 10 2C-B pills
            return self._token(at), at + 1
        for step in (1, 2, 3):
            word = self._token(at + step - 1)
            if not word.isalpha() or word in STOP or (step == 1 and self.glued[at]):
                break
            noun = self._token(at + step)
            if noun in PIECES and noun not in NOT_OF_PIECES:
                return noun, at + step + 1
        return "", name_at

    def _after_name(self, at: int) -> int:
        """Return where a name such as `2c-b` or `25i-nbome` ends, or `at` where there is none."""
        if not self._isnumber(at) or self.glued[at] or not self._joined(at + 1):
            return at
        end = at + 1
        if self.tokens[end] in WEIGHTS or self.tokens[end] in VOLUMES or self.tokens[end] in PIECES:
            return at
        while self._joined(end + 1) or (self._token(end + 1) == "-" and self._joined(end + 2)):
            end += 1
        return end + 1

    def _made(
        self, at: int, low: str, high: str | None, low_unit: str, unit: str, end: int
    ) -> Amount | None:
        kind = _kind(unit)
        factors = WEIGHTS if kind == "weight" else VOLUMES
        doubtful = kind != "count" and factors[unit] >= 1
        least = number(low, of_weight=doubtful)
        most = least if high is None else number(high, of_weight=doubtful)
        if least is None or most is None:
            self.doubtful = self.doubtful or doubtful
            return None
        if kind == "count":
            thousand = 1000 if unit == "k" or self._token(at + 1) == "k" else 1
            least, most = least * thousand, most * (thousand if high is None else 1)
            if least != least.to_integral_value() or most != most.to_integral_value():
                return None
        else:
            least, most = least * factors[low_unit], most * factors[unit]
        twice = high is not None and kind != "count" and low_unit != unit
        if twice and abs(most - least) <= least * Decimal("0.05"):  # 14g - 1/2 oz
            most = least
        self.doubtful = self.doubtful or most < least
        if most <= 0 or most < least or most > 10**8:
            return None
        if kind != "count" and (most > 200_000 or (unit == "pounds" and most > 5000)):
            return None  # £
        upper: Decimal | None = most
        if high is None:
            if self._token(end) == "+" and self.glued[end] and not self._joined(end + 1):
                upper = None
                end += 1
            elif self._token(at - 1) in FROM or self._token(at - 2) in FROM & {"min", "minimum"}:
                upper = None
            elif self._token(at - 1) == "to" and self._token(at - 2) == "up":
                least = Decimal(0)
        small = kind == "weight" and factors[unit] < 1
        return Amount(kind, least, upper, small, small and factors[unit] == UG,
                       unit in PILLS or unit == "k", unit == "x", unit in CONTAINERS,
                       at, end)  # fmt: skip

    def _joined(self, at: int) -> bool:
        return at < len(self.tokens) and self.glued[at] and self.tokens[at][0].isalnum()
