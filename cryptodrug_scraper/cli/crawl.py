"""``cryptodrug crawl``: a live market into the archive and the database."""

from __future__ import annotations

import contextlib
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import EXIT_CODES, Code, Failure
from cryptodrug_scraper.cli.options import DatabaseUrl, check_market, guide
from cryptodrug_scraper.cli.terminal import program, safe, say

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.options import CrawlOptions
    from cryptodrug_scraper.crawl.plan import Plan
    from cryptodrug_scraper.crawl.progress import View
    from cryptodrug_scraper.crawl.result import CrawlResult

HELP = guide("""
    Capture a live market through Tor: into WARC files, and into the database.

    You sign in with Tor Browser and hand over the cookies (session add); the crawl makes no
    account and solves no captcha. At a wall it lets that session rest and goes on with the
    others; with none left it says what it needs, waits, and ends with exit code 75.

    A crawl that was stopped or killed goes on where it was when the same command is given
    again. All that came is in the archive, whatever happens afterwards.
""")
EPILOG = (
    guide("""
    [bold]Examples[/]
      cryptodrug mirror add MARKET http://….onion
      cryptodrug session add MARKET --cookies cookies.txt
      cryptodrug crawl MARKET
      cryptodrug crawl MARKET --pages 200 --time 2h --quiet-hours 22:00-06:00
      cryptodrug crawl MARKET --vendor HANDLE --listing 332845.853310
      cryptodrug crawl MARKET --since 7d --category Cannabis --exclude-category Seeds

    [bold]In scope[/]
      By default the market's drugs. Pages of other categories are not asked for, and where
      one turns out to be out of scope only when it came, it is taken out of the archive.
""")
    + "\n\n"
    + EXIT_CODES
)


def crawl(
    market: Annotated[str, typer.Argument(metavar="MARKET", help="See: cryptodrug markets.")],
    listing: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this listing (id or address); may be repeated."),
    ] = None,
    vendor: Annotated[
        list[str] | None,
        typer.Option(metavar="HANDLE", help="Only this vendor, with tabs, reviews and listings."),
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A category in scope, with all in it; or: all."),
    ] = None,
    exclude_category: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A category out of scope.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Skip listings and vendors captured since (7d, a date)."),
    ] = None,
    pages: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after so many pages.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Stop after this time (30m, 2h).")
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Begin anew, though an unfinished crawl could go on.")
    ] = False,
    mirror: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Add an address of the market; may be repeated."),
    ] = None,
    each: Annotated[
        int, typer.Option(min=1, max=16, metavar="N", help="Requests at a time for a session.")
    ] = 2,
    delay: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Between two requests, more or less."),
    ] = 3.0,
    throttle: Annotated[
        bool, typer.Option(help="Longer delays while the market answers slowly.")
    ] = True,
    quiet_hours: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Ask nothing then, such as 22:00-06:30.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="For one whole answer.")
    ] = 120.0,
    retries: Annotated[
        int, typer.Option(min=0, metavar="N", help="How often a page is tried again.")
    ] = 10,
    backoff: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Before the first retry; then doubled.")
    ] = 5.0,
    rest: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Of a session at a captcha; doubled.")
    ] = 5.0,
    max_page: Annotated[
        str, typer.Option(metavar="SIZE", help="Larger pages are not taken.")
    ] = "8M",
    wait: Annotated[
        str, typer.Option(metavar="SPAN", help="For fresh cookies, with no session left.")
    ] = "30m",
    rotate: Annotated[str, typer.Option(metavar="SIZE", help="Of a WARC file.")] = "1G",
    operator: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="Who runs it, for the record; else your user name."),
    ] = None,
    socks: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Tor's SOCKS port.", show_default="127.0.0.1:9050"),
    ] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="Without Tor: only for a market on this machine.")
    ] = False,
    load: Annotated[bool, typer.Option(help="Load into the database while crawling.")] = True,
    database_url: DatabaseUrl = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the summary as JSON.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress: only what needs you or went wrong.")
    ] = False,
) -> None:
    """Capture a market."""
    check_market(market)
    from cryptodrug_scraper.crawl.options import (
        CrawlOptions,
        read_quiet,
        read_since,
        read_size,
        read_span,
    )
    from cryptodrug_scraper.crawl.plan import Plan
    from cryptodrug_scraper.settings import get_settings

    settings = get_settings()
    try:
        plan = Plan(
            market,
            inside=tuple(category or ()),
            outside=tuple(exclude_category or ()),
            listings=tuple(listing or ()),
            vendors=tuple(vendor or ()),
            since=read_since(since).isoformat() if since else None,
        )
        options = CrawlOptions(
            folder=settings.data_dir,
            socks=socks or settings.tor_socks,
            direct=direct,
            each=each,
            delay=delay,
            throttle=throttle,
            timeout=timeout,
            retries=retries,
            backoff=backoff,
            page_bytes=read_size(max_page),
            rest=rest,
            wait=read_span(wait),
            pages=pages,
            seconds=read_span(time) if time else None,
            quiet=read_quiet(quiet_hours) if quiet_hours else None,
            rotate_bytes=read_size(rotate),
            operator=operator or getpass.getuser(),
            new=new,
        )
    except ValueError as error:
        raise Failure(str(error), Code.BAD_INPUT) from None
    raise typer.Exit(
        run(plan, options, mirror or [], load, database_url, summary_file=summary, quiet=quiet)
    )


def run(
    plan: Plan,
    options: CrawlOptions,
    mirrors: list[str],
    load: bool,
    database_url: str | None,
    *,
    summary_file: Path | None,
    quiet: bool,
) -> Code:
    """Crawl, show how it went, and return the exit code."""
    from dataclasses import replace

    from cryptodrug_scraper.crawl.mirrors import MirrorStore
    from cryptodrug_scraper.crawl.run import run_crawl
    from cryptodrug_scraper.settings import get_settings
    from cryptodrug_scraper.tor.ready import find_tor

    store = MirrorStore(options.folder / "mirrors")
    for address in mirrors:
        store.add(plan.market, address)
    if not options.direct:
        find_tor(get_settings().model_copy(update={"tor_socks": options.socks}))
    if load:
        from cryptodrug_scraper.cli.replay import open_database

        options = replace(options, dsn=open_database(database_url))
    with _view(quiet) as view:
        result = run_crawl(plan, options, view=view)
    if summary_file is not None:
        from cryptodrug_scraper.cli.summary import write

        write(summary_file, to_dict(result))
    if not quiet:
        _show(result, loaded=load)
    elif code_of(result) is not Code.COMPLETE:
        say(headline(result))
    return code_of(result)


def code_of(result: CrawlResult) -> Code:
    """Return the exit code of a crawl."""
    if result.database_error is not None:
        return Code.DATABASE
    known = {
        "finished": Code.COMPLETE,
        "limit": Code.COMPLETE,
        "needs_session": Code.NEEDS_SESSION,
        "tor": Code.TOR,
    }
    code = known.get(result.outcome, Code.PARTLY_FAILED)
    return Code.PARTLY_FAILED if code is Code.COMPLETE and result.failed else code


_HOW = {
    "finished": "finished",
    "limit": "stopped at the limit that was set",
    "interrupted": "interrupted",
    "needs_session": "stopped: fresh cookies are needed",
    "tor": "stopped: Tor cannot be reached",
    "archive": "stopped: the archive cannot be written",
}


def headline(result: CrawlResult) -> str:
    """Return how a crawl ended in one line."""
    how = _HOW.get(result.outcome, result.outcome)
    counts = result.frontier
    line = f"Crawl of {result.market} {how}: {result.pages:,} pages captured"
    if counts["waiting"]:
        line += f", {counts['waiting']:,} left to do"
    if counts["gone"]:
        line += f", {counts['gone']:,} no longer there"
    if counts["failed"]:
        line += f", {counts['failed']:,} given up"
    return f"{line}."


def to_dict(result: CrawlResult) -> dict[str, object]:
    """Return what a script wants to know, ready for JSON."""
    return {
        "market": result.market,
        "outcome": result.outcome,
        "words": result.words,
        "resumed": result.resumed,
        "pages": result.pages,
        "seconds": round(result.seconds, 1),
        "requests": result.frontier,
        "given_up": [
            {"address": wanted.address, "reason": reason} for wanted, reason in result.failed
        ],
        "archive": str(result.archive),
        "run": result.stamp.run,
        "counters": result.counters,
        "database_error": result.database_error,
    }


def _show(result: CrawlResult, *, loaded: bool) -> None:
    from cryptodrug_scraper.cli.console import output

    lines = [headline(result)]
    if result.words and result.outcome not in ("finished", "limit"):
        lines.append(safe(result.words, lines=True))
    for wanted, reason in result.failed[:10]:
        lines.append(f"  given up: {safe(wanted.address)} ({safe(reason or 'no answer')})")
    if len(result.failed) > 10:
        lines.append(f"  … and {len(result.failed) - 10:,} more")
    lines += [f"  mended: {safe(t.location)}: {safe(t.reason)}" for t in result.mended]
    if result.unknown_categories and result.pages:
        named = ", ".join(map(repr, result.unknown_categories))
        lines.append(f"No category of the market is called {safe(named)}.")
    lines.append(f"The pages are in {result.archive}")
    if result.database_error is not None:
        lines.append(f"The database failed: {safe(result.database_error)}")
        lines.append(f"Bring it up later with: {program()} replay {result.archive}")
    elif loaded:
        lines.append("The data is in the database. Try next:")
        lines.append(
            f'  {program()} db query "SELECT vendor, title, price_amount, price_currency '
            'FROM listing_latest LIMIT 20"'
        )
    if result.outcome in ("interrupted", "limit") and result.frontier["waiting"]:
        lines.append("The same command goes on where it stopped.")
    output().print("\n".join(lines), soft_wrap=True, markup=False, highlight=False)


def _view(quiet: bool) -> contextlib.AbstractContextManager[View]:
    from cryptodrug_scraper.crawl.progress import Lines, Panel, Silent

    if quiet:
        return contextlib.nullcontext(Silent())
    return Panel() if sys.stderr.isatty() else Lines()
