"""Consoles and tables of rich, made so that texts of pages can do no harm.

Markup, emoji codes and highlighting are off: what is printed is what was given. Import this
only where something is drawn.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from cryptodrug_scraper.common.terminal import safe

_PIPED_WIDTH = 160


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Leave it to the command line's top, which ends without a word."""
        self.quiet = True
        raise BrokenPipeError


def output(*, width: int = _PIPED_WIDTH) -> Console:
    """Return the console of standard output; ``width`` counts where it is no terminal."""
    return _console(stderr=False, width=width)


def errors() -> Console:
    """Return the console of standard error."""
    return _console(stderr=True, width=_PIPED_WIDTH)


def _console(*, stderr: bool, width: int) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    fixed = None if stream.isatty() or os.environ.get("COLUMNS", "").isdigit() else width
    return _Console(
        stderr=stderr, markup=False, emoji=False, highlight=False, width=fixed, soft_wrap=False
    )


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, fold: str = ""
) -> Group:
    """Return a plain table; numbers are aligned right, texts made safe, long cells folded.

    ``fold`` names the column that takes the width that is left.
    """
    cells = [list(row) for row in rows]
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for n, name in enumerate(columns):
        numeric = bool(cells) and all(isinstance(row[n], (int, float)) for row in cells)
        drawn.add_column(
            Text(name),
            justify="right" if numeric else "left",
            overflow="fold",
            ratio=1 if name == fold else None,
        )
    for row in cells:
        drawn.add_row(*(cell if isinstance(cell, Text) else Text(_shown(cell)) for cell in row))
    return Group(Text(safe(title), style="bold"), drawn)


def count(n: int, what: str, more: str = "") -> str:
    """Return a number of things in words: ``1 page``, ``2,000 pages``."""
    return f"{n:,} {what if n == 1 else more or what + 's'}"


def _shown(cell: object) -> str:
    if isinstance(cell, bool) or not isinstance(cell, int):
        return safe(cell)
    return f"{cell:,}"
