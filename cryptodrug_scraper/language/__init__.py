"""How a language writes numbers, money, dates, lists and places; its texts come from ``texts/``.

A :class:`Language` is what sentences, tables and figures of a report are written with. Its
texts are in ``texts/<code>.toml`` (the report's), ``texts/measures/<code>.toml`` (what measures
are, by their names) and ``texts/bulletin/<code>.toml``, with the same keys in each language, which
whoever knows the language can correct without knowing Python. A text may hold Jinja expressions;
the filters are this class's methods (``{{ vendors|plural("vendor", "vendors") }}``), and
``{% include 'accuracy' %}`` puts in a text of ``[part]``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

CODES = ("en", "fr", "nl")

_NARROW = "\u202f"  # narrow space that no line breaks at
_SPACE = "\u00a0"  # space that no line breaks at
_MINUS = "\u2212"
_NEARLY = Decimal("99.5")  # percent that would be written as all
_ARTICLES = {"en": ("the ",), "fr": ("la ", "le ", "les ", "l’"), "nl": ("de ", "het ")}


@dataclass(frozen=True)
class _Marks:
    """What a language puts into numbers."""

    point: str
    thousands: str
    percent: str  # what stands after the number
    euro: str  # with {} for the amount
    conjunction: str
    to: str  # between two numbers of which one may be negative


_MARKS = {
    "en": _Marks(".", ",", "%", "€{}", " and ", "to"),
    "fr": _Marks(",", _NARROW, f"{_NARROW}%", f"{{}}{_SPACE}€", " et ", "à"),
    "nl": _Marks(",", ".", "%", f"€{_SPACE}{{}}", " en ", "tot"),
}


class Language:
    """One language: its formats and texts."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._marks = _MARKS[code]
        self.texts = _texts(code)

    def number(self, value: Any, digits: int = 0) -> str:
        """Write a number with so many digits after the point, halves rounded away from zero."""
        step = Decimal(1).scaleb(-digits)
        rounded = Decimal(str(value)).quantize(step, ROUND_HALF_UP)
        whole, _, part = f"{abs(rounded):,f}".partition(".")
        written = whole.replace(",", self._marks.thousands)
        if part:
            written += self._marks.point + part
        return (_MINUS if rounded < 0 else "") + written

    def exact(self, value: Any) -> str:
        """Write a number with the digits that it has: 0.05, 10."""
        plain = Decimal(str(value)).normalize()
        return self.number(plain, max(0, -int(plain.as_tuple().exponent)))

    def percent(self, share: Any, digits: int | None = None) -> str:
        """Write a share (0.123) as a percentage; small ones get a second significant digit.

        What is not quite all is not rounded up to 100%.
        """
        value = Decimal(str(share)) * 100
        if digits is None and _NEARLY <= value < 100:
            value, digits = _not_quite(value), 1
        if digits is None:
            digits = 0 if abs(value) >= 10 or value == 0 else 1 if abs(value) >= 1 else 2
        return self.number(value, digits) + self._marks.percent

    def span(self, low: Any, high: Any, kind: str = "share", value: Any = None) -> str:
        """Write the ends of an interval, with the digits that its `value` has: 9–15%.

        `kind` is share (a part of 1, written with its sign), points (the same without),
        decimal, euros, cents or count. An end that is not quite 100% is not written so.
        """
        ends, digits = (
            [Decimal(str(low)), Decimal(str(high))],
            {"decimal": 2, "cents": 2, "points": 1}.get(kind),
        )
        if kind == "points":
            ends = [end * 100 for end in ends]
        if kind == "share":
            ends = [end * 100 for end in ends]
            most = abs(Decimal(str(value)) * 100) if value else max(map(abs, ends))
            digits = 0 if most >= 10 or most == 0 else 1 if most >= 1 else 2
            if any(_NEARLY <= end < 100 for end in (*ends, most)):
                ends, digits = [_not_quite(end) for end in ends], 1
        written = [self.number(end, digits or 0) for end in ends]
        dash = "–" if ends[0] >= 0 else f" {self._marks.to} "
        return dash.join(written) + (self._marks.percent if kind == "share" else "")

    def interval(self, ends: Any, kind: str = "share", value: Any = None, *, lead: str = "") -> str:
        """Write an interval beside its number: 95% interval 9–15%. Nothing if there is none.

        `ends` are two, `kind` and `value` as in `span`; `lead` stands before it.
        """
        if ends is None:
            return ""
        return lead + self.text("part.interval", span=self.span(ends[0], ends[1], kind, value))

    def euros(self, amount: Any, digits: int | None = None) -> str:
        """Write an amount in euros: cents below 10 euros, whole euros above."""
        value = Decimal(str(amount))
        if digits is None:
            digits = 2 if abs(value) < 10 and value != value.to_integral_value() else 0
        written = self._marks.euro.format(self.number(abs(value), digits))
        return (_MINUS if value < 0 else "") + written

    def rounded_euros(self, amount: Any) -> str:
        """Write a large sum as an estimate should stand: with three significant digits."""
        value = Decimal(str(amount))
        if abs(value) >= 1000:
            step = Decimal(1).scaleb(value.adjusted() - 2)
            value = (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step
        return self.euros(value)

    def month(self, day: date) -> str:
        """Write a month in full: November 2018."""
        return f"{self.texts['months'][day.month - 1]} {day.year}"

    def short_month(self, day: date) -> str:
        """Write a month for a table or an axis: Nov 2018."""
        return f"{self.texts['short_months'][day.month - 1]}{_SPACE}{day.year}"

    def short_period(self, day: date, by: str) -> str:
        """Write the week, month or quarter (`by`) that begins on a day, for a table or an axis."""
        if by == "month":
            return self.short_month(day)
        if by == "week":
            week = day.isocalendar()
            return self.text("bulletin.short_week", n=week.week, year=week.year)
        return self.text(f"period.short_{by}", day=day, n=_quarter(day))

    def in_period(self, day: date, by: str) -> str:
        """Write in which one: in week 12 of 2019, November 2018, the first quarter of 2019."""
        if by == "week":
            week = day.isocalendar()
            return self.text("bulletin.in_week", n=week.week, year=week.year)
        nth = self.texts["period"]["quarters"][_quarter(day) - 1]
        return self.text(f"period.in_{by}", day=day, nth=nth)

    def day(self, day: date) -> str:
        """Write a date in full: 18 November 2018."""
        number = "1er" if self.code == "fr" and day.day == 1 else str(day.day)
        return f"{number}{_SPACE}{self.month(day)}"

    def each(self, parts: Iterable[Any]) -> str:
        """Write a list: a, b and c."""
        items = [str(part) for part in parts]
        if len(items) < 2:
            return "".join(items)
        return ", ".join(items[:-1]) + self._marks.conjunction + items[-1]

    def form(self, count: Any, one: str, more: str) -> str:
        """Return the form that goes with a number (French: singular below 2)."""
        value = abs(Decimal(str(count)))
        singular = value < 2 if self.code == "fr" else value == 1
        return one if singular else more

    def plural(self, count: Any, one: str, more: str) -> str:
        """Write a number of things: 1 vendor, 2 vendors."""
        return f"{self.number(count)}{_SPACE}{self.form(count, one, more)}"

    def the(self, code: str) -> str:
        """Name a place as it stands in a sentence: the Netherlands, les Pays-Bas."""
        names = _places().get(code)
        return str(names[self.code] if names else code)

    def of_the(self, code: str) -> str:
        """Name a place in the genitive, where the language joins words for it: des Pays-Bas."""
        name = self.the(code)
        match self.code:
            case "en":
                return f"of {name}"
            case "nl":
                return f"van {name}"
        for article, joined in (("le ", "du "), ("les ", "des ")):
            if name.startswith(article):
                return joined + name.removeprefix(article)
        return ("d’" if name.startswith((*"AEIOUÉÎ", "Haï")) else "de ") + name

    def of_name(self, name: str) -> str:
        """Return a name after the preposition of a genitive, where it changes: d’Empire Market."""
        word = {"en": "of ", "nl": "van ", "fr": "de "}[self.code]
        if self.code == "fr" and name.startswith(tuple("AEIOUYÉÈaeiouyéè")):
            word = "d’"
        return word + name

    def place(self, code: str) -> str:
        """Name a place as it stands alone in a table: without its article."""
        name = self.the(code)
        for article in _ARTICLES[self.code]:
            name = name.removeprefix(article)
        return cap(name)

    def text(self, key: str, **values: Any) -> str:
        """Return the text of a dotted key, with its expressions filled in; it is plain text."""
        found: Any = self.texts
        for part in key.split("."):
            found = found[part]
        if "{" not in found:
            return str(found)
        return str(_template(self.code, found).render(values)).strip()

    def label(self, kind: str, code: str) -> str:
        """Return the name of a code of a closed list (``groups``, ``bands``), or the code."""
        return str(self.texts[kind].get(code, code))

    def has(self, kind: str, name: str) -> bool:
        """Whether there is a text of a name."""
        return name in self.texts[kind]


def _not_quite(percent: Decimal) -> Decimal:
    """Keep what is nearly 100% below it."""
    near = _NEARLY <= percent < 100
    return percent.quantize(Decimal("0.1"), ROUND_DOWN) if near else percent


def _quarter(day: date) -> int:
    return (day.month + 2) // 3


def cap(text: str) -> str:
    """Make the first letter a capital, and leave the others as they are."""
    return text[:1].upper() + text[1:]


@cache
def language(code: str) -> Language:
    """Return a language by its code."""
    return Language(code)


@cache
def _texts(code: str) -> dict[str, Any]:
    folder = files("cryptodrug_scraper.language") / "texts"
    rooms = (folder, folder / "measures", folder / "bulletin")
    texts: dict[str, Any] = {}
    for room in rooms:
        texts |= tomllib.loads((room / f"{code}.toml").read_text("utf-8"))
    return texts


@cache
def _places() -> dict[str, dict[str, str]]:
    file = files("cryptodrug_scraper.language") / "places.toml"
    return tomllib.loads(file.read_text("utf-8"))


@cache
def _template(code: str, words: str) -> Any:
    """Return a text that is compiled: most are written many times in a report."""
    return _expressions(code).from_string(words)


@cache
def _expressions(code: str) -> Any:
    """Return the environment of texts: no autoescape, for what it makes is escaped later."""
    import jinja2

    spoken = language(code)
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: str(spoken.texts["part"][name])),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "n": spoken.number,
        "exact": spoken.exact,
        "percent": spoken.percent,
        "euros": spoken.euros,
        "sum": spoken.rounded_euros,
        "span": lambda ends, kind="share", value=None: spoken.span(ends[0], ends[1], kind, value),
        "interval": lambda ends, kind="share", value=None, lead=", ": spoken.interval(
            ends, kind, value, lead=lead
        ),
        "month": spoken.month,
        "in_period": spoken.in_period,
        "day": spoken.day,
        "each": spoken.each,
        "form": spoken.form,
        "plural": spoken.plural,
        "the": spoken.the,
        "of_the": spoken.of_the,
        "of_name": spoken.of_name,
        "place": spoken.place,
        "cap": cap,
    }
    return environment
