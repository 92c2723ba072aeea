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
DIRECTIVE = """\
::: {0}.{1}
    options:
      heading: study.{2}
      toc_label: study.{2}
      show_root_heading: true
      show_root_toc_entry: true
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to the site's."""
    files.append(File.generated(config, PAGE, content="\n\n".join(_page())))
    return files


def _page() -> Iterator[str]:
    yield INTRODUCTION
    for name, method in vars(Study).items():
        if isinstance(method, FunctionType) and method.__annotations__["return"] == "Measure":
            yield DIRECTIVE.format(method.__module__, method.__name__, name)
