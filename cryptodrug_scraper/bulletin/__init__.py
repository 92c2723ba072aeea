"""The bulletin: a week or month of chosen countries, what is new in it, and what was revised.

`facts.facts_of` works out all that it says, as data; `pages.page_of` puts them into words;
`write_bulletin` writes the page of each language and the data beside them; `kept.keep` keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptodrug_scraper.bulletin.facts import BulletinOptions, facts_of, narrow_to
from cryptodrug_scraper.bulletin.kept import keep
from cryptodrug_scraper.bulletin.spans import Span
from cryptodrug_scraper.common.files import writable_file, write_atomically

__all__ = ["BulletinOptions", "Span", "facts_of", "keep", "narrow_to", "paths", "write_bulletin"]


def paths(
    folder: Path, options: BulletinOptions, languages: Sequence[str], *, invented: bool
) -> dict[str, Path]:
    """Return the files of a bulletin: of each language, and ``json``."""
    from cryptodrug_scraper.report import marked_name

    stem = "-".join(["bulletin", *options.countries, options.span.label, *options.markets])
    if invented:
        stem = marked_name(Path(stem + ".html")).stem
    pages = {code: folder / f"{stem}.{code}.html" for code in languages}
    return pages | {"json": folder / f"{stem}.json"}


def as_json(data: object) -> str:
    """Return data as the text of a JSON file."""
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def write_bulletin(facts: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    """Write a bulletin's files; each is complete or as it was before.

    Raises `files.NotWritable`, before anything is written, for what cannot be written.
    """
    from cryptodrug_scraper.bulletin.pages import page_of

    texts = {
        writable_file(path): as_json(facts) if code == "json" else page_of(facts, code)
        for code, path in files.items()
    }
    for file, words in texts.items():
        write_atomically(file, words)
