r"""Cells of CSV files: texts that no spreadsheet runs and no terminal obeys, and back.

A text is written so (and :func:`decode` undoes it):

1. Control characters, and those that reorder or hide text, are escaped: ``\n``, ``\r``,
   ``\t``, ``\x1b``, ``\u202e``; a backslash is ``\\``. So a row is a line.
2. An apostrophe goes before a text that a spreadsheet would take for a formula: one that
   begins with ``=``, ``+``, ``-`` or ``@`` (or their full-width forms), also after white space
   or marks that nobody sees. A plain number such as ``-5`` is left alone. An apostrophe also
   goes before a text that begins with one.
3. A text of no characters is ``\e``; an empty cell is a missing value.

Numbers, times, keys and pseudonyms need none of this. Lists and objects are JSON, with JSON's
own escapes.
"""

from __future__ import annotations

import json
import re
from typing import Any

_HIDDEN = "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_ESCAPED = re.compile(f"[{_HIDDEN}\ud800-\udfff\\\\]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
_LONG = {short[1]: char for char, short in _SHORT.items()}
# What may stand before a formula once hidden characters are escaped: white space of any kind.
# An escape itself begins with a backslash, which begins no formula, but whoever undoes the
# escapes in the spreadsheet has the formula: it is guarded as well.
_FORMULA = re.compile(r"(?:\s|\\[nrt]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4})*[=+\-@＝＋－＠﹢﹣﹦﹫]|'")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_CODED = re.compile(r"\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4}))")
EMPTY = "\\e"


def encode(text: str) -> str:
    """Return a text as a cell."""
    if not text:
        return EMPTY
    cell = _ESCAPED.sub(_escape, text)
    if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    short = _SHORT.get(character)
    if short is not None:
        return short
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def decode(cell: str) -> str:
    """Return the text of a cell that :func:`encode` made."""
    if cell == EMPTY:
        return ""
    return _CODED.sub(_unescape, cell.removeprefix("'"))


def _unescape(match: re.Match[str]) -> str:
    short, byte, unit = match.groups()
    if short:
        return _LONG[short]
    return chr(int(byte or unit, 16))


def as_json(value: Any) -> str:
    """Return a list or an object as JSON in a cell; ``json.loads`` undoes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return _ESCAPED.sub(_in_json, text)


def _in_json(match: re.Match[str]) -> str:
    character = match.group()
    return character if character == "\\" else f"\\u{ord(character):04x}"
