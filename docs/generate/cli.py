"""The page of the command line, made from the commands' own help when the site is built."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from rich.text import Text

from cryptodrug_scraper.cli.app import app
from cryptodrug_scraper.cli.errors import EXIT_CODES

PAGE = "reference/cli.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to the site's."""
    files.append(File.generated(config, PAGE, content="\n\n".join(_page())))
    return files


def _page() -> Iterator[str]:
    top: Any = typer.main.get_command(app)
    yield "# Command line"
    yield "In a checkout the program is `.venv/bin/cryptodrug`."
    yield from _text(top.help)
    yield from _text(top.epilog.replace(EXIT_CODES, ""))
    yield from _options(top, top.name)
    yield "## Exit codes"
    yield from _text(EXIT_CODES.partition("\n")[2])
    for name, command in top.commands.items():
        yield from _command(command, f"{top.name} {name}", 2)


def _command(command: Any, name: str, level: int) -> Iterator[str]:
    """Return a command's section, and those of the commands in it."""
    yield f"{'#' * level} {name}"
    inner = getattr(command, "commands", {})
    if not inner:
        usage = " ".join(command.collect_usage_pieces(_context(command, name)))
        yield f"```\n{name} {usage}\n```"
    yield from _text(command.help)
    yield from _options(command, name)
    yield from _text((command.epilog or "").replace(EXIT_CODES, ""))
    for each, below in inner.items():
        yield from _command(below, f"{name} {each}", level + 1)


def _context(command: Any, name: str) -> Any:
    return command.context_class(command, info_name=name)


def _options(command: Any, name: str) -> Iterator[str]:
    context = _context(command, name)
    for parameter in command.get_params(context):
        shown = parameter.get_help_record(context)
        if shown is not None and parameter.name != "help":
            yield f"`{shown[0]}`\n:   {_prose(shown[1])}"


def _text(marked_up: str) -> Iterator[str]:
    """Return the paragraphs of a help text; lines that are indented are kept as they stand."""
    for paragraph in Text.from_markup(marked_up).plain.split("\n\n"):
        head, *lines = paragraph.strip("\n").split("\n")
        if head.startswith(" "):
            head, lines = "", [head, *lines]
        if head.strip():
            yield f"**{head.strip()}**" if lines else _prose(head)
        if lines:
            yield "```\n" + "\n".join(line.removeprefix("  ") for line in lines) + "\n```"


def _prose(text: str) -> str:
    """Return a text in which only what stands between backticks is markup."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(
        each if each.startswith("`") else re.sub(r"([\\*_\[\]#])", r"\\\1", html.escape(each))
        for each in pieces
    )
