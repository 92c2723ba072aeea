"""The page of a study's measures: methods of `Study` that are written in rooms of their own."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from cryptodrug_scraper.study import Study

PAGE = "reference/measures.md"
INTRODUCTION = """\
# Measures

What a study can be asked, in a notebook as in the report. Each returns a `Measure`: its `frame`
is a pandas table, its notes say what to read it with. [Python](python.md) says how to open a study.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to the site's."""
    files.append(File.generated(config, PAGE, content="\n\n".join(_page())))
    return files


def _page() -> Iterator[str]:
    yield INTRODUCTION
    for name, method in vars(Study).items():
        if isinstance(method, FunctionType) and method.__module__ != Study.__module__:
            yield f"## study.{name}"
            yield f"::: {method.__module__}.{method.__name__}\n    options:\n      heading_level: 3"
