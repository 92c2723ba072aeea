"""Texts as cells of CSV: harmless, one line, and the same again when they are read back."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptodrug_scraper.export.cells import as_json, decode, encode

# PostgreSQL holds any character but NUL and surrogates.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
HOSTILE = st.text(
    st.one_of(st.sampled_from("=+-@'\\\t\r\n \"|;,0159enrtxu\ufeff\u200b\xa0\u202e＝"), CHARACTERS)
)
# What a spreadsheet may do before it looks at the first character.
_BEFORE = re.compile(r"^[\s\x00-\x1f\x7f-\x9f\ufeff\u200b-\u200f\u2060-\u206f\u00ad]*")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def seen_by_a_spreadsheet(cell: str) -> str:
    """Return a cell as a program might take it: folded, and without what nobody sees."""
    return _BEFORE.sub("", unicodedata.normalize("NFKC", cell))


@given(HOSTILE)
@example("")
@example("'")
@example("\\e")
@example("\\x3d1")
@example("''=1")
def test_a_text_comes_back(text: str) -> None:
    assert decode(encode(text)) == text


@given(HOSTILE)
@example("\ufeff=1+1")
@example("\u200b\t =1+1")
@example("\r\n@SUM(A1)")
@example("\xa0+1+1")
@example("＝1+1")
@example("\x0b-2+3")
def test_no_text_is_a_formula_nor_more_than_a_line(text: str) -> None:
    cell = encode(text)
    first = seen_by_a_spreadsheet(cell)
    assert not first.startswith(("=", "+", "-", "@", "\t", "\r")) or _NUMBER.fullmatch(cell)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", cell)
    assert cell  # an empty cell is a missing value


@given(HOSTILE)
def test_a_formula_that_escapes_hide_is_guarded_too(text: str) -> None:
    """Whoever undoes the escapes in the spreadsheet must not have made a formula."""
    cell = encode(text)
    bare = seen_by_a_spreadsheet(cell.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", ""))
    assert not bare.startswith(("=", "+", "@")) or _NUMBER.fullmatch(cell)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("-5", "-5"),
        ("+3.2e4", "+3.2e4"),
        ("-5+1", "'-5+1"),
        ("+49 30", "'+49 30"),
        ("=1+1", "'=1+1"),
        (" =1+1", "' =1+1"),
        ("\t=1", "'\\t=1"),
        ("\ufeff=1", "'\\ufeff=1"),
        ("'=1", "''=1"),
        ("x=1", "x=1"),
        ("two\nlines", "two\\nlines"),
        ("C:\\new", "C:\\\\new"),
        ("\x1b[2J", "\\x1b[2J"),
        ("", "\\e"),
        ("é漢💊", "é漢💊"),
    ],
)
def test_how_cells_look(text: str, cell: str) -> None:
    assert encode(text) == cell


@given(st.lists(st.lists(HOSTILE, min_size=3, max_size=3), min_size=1, max_size=5))
def test_through_a_file_and_pandas(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerows([["a", "b", "c"], *map(_encoded, rows)])
    written = file.getvalue()
    assert written.count("\r\n") == len(rows) + 1
    frame = pd.read_csv(io.StringIO(written), dtype=str, keep_default_na=False)
    assert [[decode(cell) for cell in row] for row in frame.to_numpy()] == rows


def _encoded(row: list[str]) -> list[str]:
    return [encode(text) for text in row]


@given(st.recursive(HOSTILE | st.integers() | st.none(), lambda v: st.lists(v), max_leaves=6))
def test_lists_are_json(value: object) -> None:
    cell = as_json([value])
    assert json.loads(cell) == [value]
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e]", cell)
