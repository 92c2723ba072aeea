"""The contract as a page of the documentation, made from the docstrings of the records.

>>> reference().splitlines()[0]
'# Records'
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import NamedTuple

from cryptodrug_scraper import records
from cryptodrug_scraper.records import listing, page, review, values, vendor

_ROOMS = (page, listing, vendor, review, values)


class Described(NamedTuple):
    """A record, a field, or a kind of value: its name, type (of fields) and meaning."""

    name: str
    type: str
    meaning: str
    fields: tuple[Described, ...] = ()


@cache
def described() -> tuple[Described, ...]:
    """Return every record with its fields, and every kind of value, in the order of the page.

    What is not described has an empty ``meaning``.
    """
    every = [entry for room in _ROOMS for entry in _described(room)]
    every.sort(key=lambda entry: (not entry.fields, entry.name != "ParsedPage"))
    return tuple(every)


def reference() -> str:
    """Return the whole contract as Markdown."""
    parts = ["# Records", _markdown(inspect.getdoc(records) or ""), "## Page kinds"]
    parts.append(_table(("kind", "the page is"), [*page.KIND_MEANINGS.items()]))
    for entry in described():
        parts += [f"## {entry.name}", _markdown(entry.meaning)]
        if entry.fields:
            rows = [(f.name, f"`{f.type}`", f.meaning) for f in entry.fields]
            parts.append(_table(("field", "type", "meaning"), rows))
    return "\n\n".join(parts) + "\n"


def _described(room: ModuleType) -> list[Described]:
    body = ast.parse(inspect.getsource(room)).body
    entries = []
    for node, text in zip(body, [*map(_text, body[1:]), ""], strict=True):
        if isinstance(node, ast.ClassDef):
            entries.append(
                Described(node.name, "", ast.get_docstring(node) or "", _fields(node.body))
            )
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            entries.append(Described(node.target.id, ast.unparse(node.annotation), text))
    return entries


def _fields(body: list[ast.stmt]) -> tuple[Described, ...]:
    return tuple(
        Described(node.target.id, ast.unparse(node.annotation), text)
        for node, text in zip(body, [*map(_text, body[1:]), ""], strict=True)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    )


def _text(node: ast.stmt) -> str:
    """Return what a docstring says, nothing of any other statement."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return inspect.cleandoc(str(node.value.value))
    return ""


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads)]
    lines += [(f"`{name}`", *rest) for name, *rest in rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return _markdown(text).replace("\n", " ").replace("|", "\\|")


def _markdown(text: str) -> str:
    """Turn the few marks of docstrings into Markdown's."""
    text = re.sub(r":\w+:`([^`]+)`", r"`\1`", text)
    return re.sub(r"``([^`]+)``", r"`\1`", text)
