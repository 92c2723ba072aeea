"""``cryptodrug parse``: saved pages as JSON."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cryptodrug_scraper.cli.errors import EXIT_CODES, Code, Failure
from cryptodrug_scraper.cli.options import CapturedAt, Market, Url, check_market, guide, moment
from cryptodrug_scraper.common.terminal import json_line, json_text, safe, say

HELP = guide("""
    Print what pages state, as one JSON object a line.

    PAGE is a saved page, a folder or archive (every page in it), one page in an archive as
    summaries name it (x.zip!/a.html, x.warc.gz#1234), or - for standard input. The address
    and time of capture come from the archive, from a file page.json beside page.html, or
    from a date in the path; for a single page, --url and --captured-at go before those.

    A page of kind “unknown” is printed too, and counts as a page that could not be read.
    One that cannot be read is named on standard error, and the others go on.
""")
EPILOG = (
    guide("""
    [bold]Examples[/]
      cryptodrug parse seller.html --captured-at 2018-11-19
      cryptodrug parse --pretty listing.html
      cryptodrug parse dream-2018.tar.xz | jq -r '.listings[[]].title'
      curl -s … | cryptodrug parse - --market empire
""").replace("[[]]", r"\[]")
    + "\n\n"
    + EXIT_CODES
)


def parse(
    pages: Annotated[
        list[str], typer.Argument(metavar="PAGE", help="Pages, folders, archives, or -.")
    ],
    market: Market = None,
    url: Url = None,
    captured_at: CapturedAt = None,
    pretty: Annotated[
        bool, typer.Option("--pretty", help="Indent the JSON, for people to read.")
    ] = False,
) -> None:
    """Print the records of pages as JSON."""
    when = moment(captured_at)
    check_market(market)
    from cryptodrug_scraper.archive import Page
    from cryptodrug_scraper.cli.pages import pages_of
    from parsers import parse_page

    read, wrong = 0, 0
    for item in pages_of(pages, url, when):
        if not isinstance(item, Page):
            wrong += 1
            say(f"{item.location}: {item.reason}")
            continue
        parsed = parse_page(
            item.body,
            market=market,
            url=item.url,
            captured_at=item.captured_at,
            content_type=item.content_type,
        )
        read += 1
        if pretty:
            _print_pretty(json_text(parsed.to_dict(), indent=2))
        else:
            json_line(parsed.to_dict())
        failed = next((w for w in parsed.warnings if w.field == "page"), None)
        if parsed.kind == "unknown" or failed is not None or parsed.cut_off:
            wrong += 1
        if parsed.cut_off:
            say(f"{item.location}: cut off: what it does not state, the whole page may")
        if parsed.kind == "unknown" or failed is not None:
            why = str(failed) if failed is not None else parsed.kind_reason
            say(f"{item.location}: {'kind unknown' if failed is None else 'failed'}: {safe(why)}")
    sys.stdout.flush()
    if not read:
        raise Failure(f"No page was read from {', '.join(map(repr, pages))}.", Code.NOTHING_READ)
    if wrong:
        raise typer.Exit(Code.PARTLY_FAILED)


def _print_pretty(text: str) -> None:
    """Print indented JSON, in colours on a terminal."""
    if not sys.stdout.isatty():
        sys.stdout.write(text + "\n")
        return
    from rich.highlighter import JSONHighlighter
    from rich.text import Text

    from cryptodrug_scraper.common.console import output

    shown = Text(text)
    JSONHighlighter().highlight(shown)
    output().print(shown, soft_wrap=True)
