"""Wall Street Market: which elements are no part of a line: the category tree, and what is pressed.

The category of an offer is shown as buttons of that tree, which are read.
"""

from __future__ import annotations

from functools import partial

from cryptodrug_scraper.reading import lines
from cryptodrug_scraper.reading.nodes import attribute, class_names

_SKIPPED: lines.Skip = {
    "ol": lambda node: "tree" in class_names(node),
    "button": lambda node: not attribute(node, "name").startswith("menuCat"),
}

lines_of = partial(lines.lines_of, skip=_SKIPPED)
cell_text = partial(lines.cell_text, skip=_SKIPPED)
inline_text = partial(lines.inline_text, skip=_SKIPPED)
