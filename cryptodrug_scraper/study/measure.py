"""What a measure found: a frame of numbers, and facts about them. The words stand in `language`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Literal, Self

import pandas as pd

from cryptodrug_scraper.language import language

if TYPE_CHECKING:
    from cryptodrug_scraper.language import Language

Kind = Literal["note", "left_out", "assumption"]


class Note:
    """A fact: its name, which chooses its sentence, and its values, with the vendors behind it.

    `values` rest on `vendors`, so they are secret where these are few. `terms` are not: what was
    decided beforehand, or what everybody knows (a limit, a window of days, a market's name).
    `vendors` is None only for what rests on no vendor, by `of_method` and `of_captures`. Of a note
    about what was left out, the value ``n`` is how many. Raises ValueError without a count.
    """

    __slots__ = ("kind", "name", "terms", "values", "vendors")
    name: str
    values: Mapping[str, Any]
    vendors: int | None
    terms: Mapping[str, Any]
    kind: Kind

    def __init__(
        self,
        name: str,
        values: Mapping[str, Any],
        vendors: int,
        terms: Mapping[str, Any] | None = None,
        *,
        kind: Kind = "note",
    ) -> None:
        if vendors is None or int(vendors) < 0:
            raise ValueError(f"How many vendors stand behind the note {name!r}?")
        self.name, self.values, self.vendors = name, dict(values), int(vendors)
        self.terms, self.kind = dict(terms or {}), kind

    @classmethod
    def of_method(cls, name: str, /, *, kind: Kind = "assumption", **terms: Any) -> Self:
        """Return a rule of the method: it holds whatever the data are."""
        made = cls(name, {}, 0, terms, kind=kind)
        made.vendors = None
        return made

    @classmethod
    def of_captures(cls, name: str, /, *, kind: Kind = "note", **values: Any) -> Self:
        """Return a fact about pages, crawls, days and closures of markets, not about vendors."""
        made = cls(name, values, 0, kind=kind)
        made.vendors = None
        return made

    @classmethod
    def left_out(
        cls, name: str, n: int, vendors: int, terms: Mapping[str, Any] | None = None
    ) -> Self:
        """Return how many a measure did not count, for the reason that the name stands for."""
        return cls(name, {"n": int(n)}, vendors, terms, kind="left_out")

    def rests_on_few(self, threshold: int) -> bool:
        """Whether its values must be hidden: some vendors stand behind it, but too few."""
        return self.vendors is not None and 0 < self.vendors < threshold

    def words(self, lang: Language, **values: Any) -> str:
        """Return its sentence in a language; `values` replace its own."""
        return lang.text(f"{self.kind}.{self.name}", **{**self.terms, **self.values, **values})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Note) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.kind, self.name))

    def __repr__(self) -> str:
        return f"Note({self.name!r}, {self.values!r}, {self.vendors!r}, {self.terms!r})"

    def _key(self) -> tuple[object, ...]:
        return self.kind, self.name, self.values, self.vendors, self.terms


@dataclass(frozen=True)
class Measure:
    """A frame of numbers and what they are.

    `name` chooses the definition and the uncertainty among the texts of a language, which `method`
    fills in (the days of a window, a limit); `assumptions` are rules of the method. `columns`
    gives the meaning and unit of each column, in the order of the frame. `notes` are what was left
    out, and what this very data calls for, such as low coverage or few cases. `sources` is the
    literature on the method. Raises ValueError if a column is not explained, or an explained one
    is not there.
    """

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, str]
    method: Mapping[str, Any] = field(default_factory=dict)
    assumptions: tuple[Note, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        there, explained = list(self.frame.columns), list(self.columns)
        if there != explained:
            raise ValueError(f"{self.name}: the frame has {there}, and explained are {explained}")

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def left_out(self) -> dict[str, int]:
        """How many were not counted, by the name of the reason."""
        result: dict[str, int] = {}
        for note in self.notes:
            if note.kind == "left_out":
                result[note.name] = result.get(note.name, 0) + int(note.values["n"])
        return result

    @property
    def caveats(self) -> tuple[Note, ...]:
        """What this data calls for."""
        return tuple(note for note in self.notes if note.kind == "note")

    def definition(self, lang: Language | None = None) -> str:
        """Return the definition, in English unless a language is given."""
        return (lang or language("en")).text(f"definition.{self.name}", **self.method)

    def uncertainty(self, lang: Language | None = None) -> str:
        """Return what is uncertain in it; nothing if its language file says nothing."""
        chosen = lang or language("en")
        if not chosen.has("uncertainty", self.name):
            return ""
        return chosen.text(f"uncertainty.{self.name}", **self.method)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the frame, the definition and the notes, in English."""
        lines = [self.definition(), *_lines(self.notes)]
        paragraphs = "".join(f"<p>{escape(text)}</p>" for text in lines)
        # pandas escapes the cells.
        return f"<h4>{escape(self.name)}</h4>{self.frame.to_html(max_rows=60)}{paragraphs}"


def _lines(notes: Sequence[Note]) -> list[str]:
    english = language("en")
    return [
        f"Left out: {note.values['n']} ({note.words(english)})"
        if note.kind == "left_out"
        else note.words(english)
        for note in notes
    ]
