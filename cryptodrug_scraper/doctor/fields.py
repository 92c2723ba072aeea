"""Each field of each record with the text that it came from and where that stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any

from cryptodrug_scraper.doctor.elements import ReadElements
from cryptodrug_scraper.doctor.pagetext import PageText
from cryptodrug_scraper.normalise.money import MoneyRead
from cryptodrug_scraper.reading.reader import Reading
from cryptodrug_scraper.records import Money, ParsedPage, isoformat

# Fields that are read together with another one.
_READ_WITH = {
    "ships_from_text": "ships_from",
    "ships_to_text": "ships_to",
    "ships_to_excluded": "ships_to",
    "price_alternatives": "price",
    "price_approximate": "price",
    "posted_at": "posted_on",
    "posted_precision": "posted_on",
    "rating_max": "rating",
    "sold_since": "sold",
    "stock": "stock_unlimited",
    "stock_unlimited": "stock",
    "pgp_fingerprint": "pgp_key",
    "path": "name",
}
_NOT_SHOWN = frozenset({"earliest", "latest", "from_age"})
_SHORTEST_LOOKED_FOR = 3  # a value that nobody noted down is looked for if it is not shorter


@dataclass(slots=True)
class FieldSource:
    """A field's value, the page's texts that gave it, and where they stand.

    ``how``: ``read`` (the parser noted the texts), ``with FIELD`` (read together with that
    one), ``found`` (nobody noted it, but the value stands there) or ``derived``.
    """

    record: str
    field: str
    value: Any
    texts: list[str]
    where: str
    how: str
    stretches: tuple[tuple[int, int], ...] = ()


def plain(value: Any) -> Any:
    """Return any value that a parser may note as JSON-ready values."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, datetime):
        return isoformat(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, MoneyRead):
        return [plain(amount) for amount in value.amounts]
    if hasattr(value, "_asdict"):
        return {name: plain(item) for name, item in value._asdict().items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name not in _NOT_SHOWN
        }
    return str(value)


def sources_of(
    page: ParsedPage, readings: Sequence[Reading], text: PageText | None
) -> tuple[list[FieldSource], list[Reading]]:
    """Return what each field came from, and the readings that no field came from."""
    trail = _Trail(readings, text)
    sources: list[FieldSource] = []
    for kind, records in (
        ("listing", page.listings),
        ("vendor", page.vendors),
        ("review", page.reviews),
        ("category", page.categories),
        ("exchange_rate", page.exchange_rates),
    ):
        for n, record in enumerate(records):
            name = kind if len(records) == 1 else f"{kind} {n + 1}"
            sources.extend(trail.record(kind, name, record, alone=len(records) == 1))
    for name in ("page_time", "reviews_not_shown", "review_list"):
        value = getattr(page, name)
        if value is not None:
            sources.append(trail.source("page", name, name, value, alone=True))
    return sources, trail.unclaimed()


class _Trail:
    """Goes along the readings in the order in which they were made, which is the page's."""

    def __init__(self, readings: Sequence[Reading], text: PageText | None) -> None:
        self.text = text
        self.elements = ReadElements(text) if text is not None else None
        self.by_field: dict[str, list[Reading]] = {}
        for reading in readings:
            self.by_field.setdefault(reading.field, []).append(reading)
        self.next: dict[str, int] = {}
        self.claimed: set[int] = set()
        self.last: dict[str, int] = {}

    def record(self, kind: str, name: str, record: Any, *, alone: bool) -> Iterator[FieldSource]:
        """Yield the sources of one record, a field read with another after that one."""
        own: dict[str, FieldSource] = {}
        stated = {
            f.name: getattr(record, f.name) for f in fields(record) if f.name not in _NOT_SHOWN
        }
        stated = {field: value for field, value in stated.items() if value not in (None, [], "")}
        for field_name, value in stated.items():
            own[field_name] = self.source(name, f"{kind}.{field_name}", field_name, value, alone)
        for field_name, source in own.items():
            base = own.get(_READ_WITH.get(field_name, ""))
            if source.how in ("found", "derived") and base is not None and base.how == "read":
                source.texts, source.where = base.texts, base.where
                source.how = f"with {base.field}"
        yield from own.values()

    def source(self, record: str, key: str, name: str, value: Any, alone: bool) -> FieldSource:
        """Return one field's source."""
        readings = self._claim(key, value, alone)
        by_text: dict[str, Reading] = {}
        for reading in readings:
            by_text.setdefault(reading.text.strip(), reading)
        by_text.pop("", None)
        texts = list(by_text)
        if texts:
            where: list[str] = []
            stretches = []
            for text, reading in by_text.items():
                stretch = self._place_read(key, reading) or self._locate(key, text, alone)
                if stretch is None and isinstance(value, str) and text != value:
                    # The parser may have noted an attribute in words of its own.
                    stretch = self.text.attribute(value) if self.text else None
                if isinstance(stretch, tuple):
                    stretches.append(stretch)
                    where.append(self.text.path(*stretch) if self.text else "")
                elif stretch:
                    where.append(stretch)
            return FieldSource(record, name, value, texts, _joined(where), "read", tuple(stretches))
        for text in _spellings(value):
            stretch = self._locate(key, text, alone, move=False)
            if isinstance(stretch, tuple) and self.text:
                path = self.text.path(*stretch)
                return FieldSource(record, name, value, [text], path, "found", (stretch,))
            if stretch:
                return FieldSource(record, name, value, [text], str(stretch), "found")
        return FieldSource(record, name, value, [], "", "derived")

    def _claim(self, key: str, value: Any, alone: bool) -> list[Reading]:
        """Return the readings that gave a value, and do not give them again."""
        readings = self.by_field.get(key, [])
        if alone:
            self.claimed.update(map(id, readings))
            return [r for r in readings if r.value not in (None, [])] or list(readings)
        at = self.next.get(key, 0)
        wanted = _atoms(value)
        while at < len(readings) and not _atoms(readings[at].value) & wanted:
            at += 1
        if at == len(readings):
            # Not further on: perhaps records were put in another order than they were read.
            earlier = [r for r in readings if _atoms(r.value) & wanted][:1]
            self.claimed.update(map(id, earlier))
            return earlier
        end = at + 1
        if isinstance(value, list):
            given = _atoms(readings[at].value)
            while not given >= wanted and end < len(readings):
                more = _atoms(readings[end].value)
                if not more <= wanted:
                    break
                given |= more
                end += 1
        self.next[key] = end
        self.claimed.update(map(id, readings[at:end]))
        return readings[at:end]

    def _place_read(self, key: str, reading: Reading) -> tuple[int, int] | str | None:
        """Return where in the element that the parser read a reading's text stands."""
        if self.elements is None or reading.node is None:
            return None
        place = self.elements.place(reading.node, reading.text)
        if isinstance(place, tuple):
            self.last[key.partition(".")[0]] = place[0]
        return place

    def _locate(
        self, key: str, text: str, alone: bool, *, move: bool = True
    ) -> tuple[int, int] | str | None:
        """Return the stretch of the page where a text stands, or the path of an attribute."""
        if self.text is None:
            return None
        kind = key.partition(".")[0]
        stretch = self.text.find(text, self.last.get(kind, 0), alone=alone)
        if stretch is not None:
            if move:
                self.last[kind] = stretch[0]
            return stretch
        return self.text.attribute(text)

    def unclaimed(self) -> list[Reading]:
        """Return the readings of fields of records that no value came from."""
        return [r for rs in self.by_field.values() for r in rs if id(r) not in self.claimed]


def _joined(where: list[str]) -> str:
    unique = list(dict.fromkeys(where))
    more = f" and {len(unique) - 2} more" if len(unique) > 2 else ""
    return ", ".join(unique[:2]) + more


def _atoms(value: Any) -> set[str]:
    """Return what a value is made of, so that a reading can be told to have given a field."""
    atoms: set[str] = set()
    pending = [value]
    while pending and len(atoms) < 500:
        item = pending.pop()
        if item is None:
            continue
        if isinstance(item, MoneyRead):
            pending.extend(item.amounts)
        elif isinstance(item, Money):
            atoms.add(f"{item.amount} {item.currency}")
        elif isinstance(item, datetime):
            atoms.update((isoformat(item), item.date().isoformat()))
        elif isinstance(item, (list, tuple, set, frozenset)):
            pending.extend(item)
        elif is_dataclass(item) and not isinstance(item, type):
            pending.extend(getattr(item, f.name) for f in fields(item))
        else:
            atoms.add(str(item))
    return atoms


def _spellings(value: Any) -> Iterator[str]:
    """Yield how a page may have written a value that nobody noted down."""
    if isinstance(value, bool):
        return
    if isinstance(value, list) and value:
        value = value[-1]
    if isinstance(value, int) and value >= 10:
        yield str(value)
        yield f"{value:,}"
    elif isinstance(value, Money):
        yield value.amount
    elif isinstance(value, str) and len(value) >= _SHORTEST_LOOKED_FOR:
        yield value
