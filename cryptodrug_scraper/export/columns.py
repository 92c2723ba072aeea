"""What a table of an export is made of: columns, each with its kind, its origin and its fate.

A column's *kind* says how its cells are written in a file and what happens to them when an
export is pseudonymised:

| kind | cells | pseudonymised |
| --- | --- | --- |
| ``id`` | a key of the database, a letter and 16 hexadecimal digits | a keyed hash |
| ``name`` | a handle, a buyer's masked name, a market's id of a listing … | a keyed hash |
| ``hash`` | a digest or fingerprint, hexadecimal | a keyed hash |
| ``text`` | what people wrote, addresses, where files lie | the column is left out |
| ``texts``, ``json`` | a list of such texts, an object | the column is left out |
| ``word`` | one of few words: of ours, of a table of reference, or of the market's pages | kept |
| ``words`` | a list of such words | kept |
| ``integer``, ``number``, ``boolean``, ``date``, ``moment`` | | kept |

Keys are written with a letter before them because a program that takes them for numbers
(pandas where one is missing, every spreadsheet) keeps 15 digits of their 19.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "id", "name", "hash", "text", "texts", "json", "word", "words", "integer", "number", "boolean",
    "date", "moment",
]  # fmt: skip

HIDDEN = frozenset(("id", "name", "hash"))  # replaced by keyed hashes
LEFT_OUT = frozenset(("text", "texts", "json"))


@dataclass(frozen=True)
class Variable:
    """One column of a table.

    ``origin`` is ``table.column`` of the database, whose comment is the meaning where
    ``meaning`` is empty; or words that say what it is worked out from. ``scope`` names what a
    hidden value is (equal values of one scope get equal pseudonyms) and ``within`` the column
    that goes into the hash with it. ``values`` are all that the database's own constraints
    allow, ``known`` the words that are harmless although they may be more, and ``vocabulary``
    names words of the markets' pages (see ``check.py``). ``private`` columns are left out of a
    pseudonymised export whatever their kind.
    """

    name: str
    kind: Kind
    origin: str
    meaning: str = ""
    unit: str = ""
    scope: str = ""
    within: str = ""
    required: bool = False
    private: bool = False
    values: tuple[str, ...] = ()
    known: Callable[[], frozenset[str]] | None = None
    vocabulary: str = ""

    def __post_init__(self) -> None:
        """Refuse a column about which nobody has decided how it is shared."""
        if self.kind in HIDDEN and not self.scope:
            raise ValueError(f"column {self.name}: what is hidden needs a scope")
        if self.kind in ("word", "words") and not (self.values or self.known or self.vocabulary):
            raise ValueError(f"column {self.name}: say which words these are")

    @property
    def hidden(self) -> bool:
        """Whether a pseudonymised export holds keyed hashes instead."""
        return self.kind in HIDDEN

    @property
    def left_out(self) -> bool:
        """Whether a pseudonymised export does not have this column."""
        return self.private or self.kind in LEFT_OUT


@dataclass(frozen=True)
class Key:
    """A foreign key: ``columns`` of this table are the ``of`` columns of ``table``."""

    columns: tuple[str, ...]
    table: str
    of: tuple[str, ...]


@dataclass(frozen=True)
class ExportTable:
    """One table of an export: a file, and a resource of the data package.

    ``sql`` yields exactly ``columns``, in their order, without an order of rows.
    """

    name: str
    title: str
    description: str
    sql: str
    columns: tuple[Variable, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[Key, ...] = ()
    private: bool = False

    def shared(self, pseudonymised: bool) -> tuple[Variable, ...]:
        """Return the columns that an export has."""
        return tuple(c for c in self.columns if not (pseudonymised and c.left_out))


LETTERS = {
    "vendor": "v",
    "spelling": "s",
    "listing": "l",
    "page": "p",
    "review": "r",
    "key": "k",
    "text": "t",
    "panel": "x",
    "crawl": "c",
    "category": "g",
    "link": "n",
}


def identifier(
    name: str, scope: str, origin: str, meaning: str = "", *, required: bool = False
) -> Variable:
    """Return a column of keys; ``scope`` is one of :data:`LETTERS`."""
    return Variable(name, "id", origin, meaning, scope=scope, required=required)
