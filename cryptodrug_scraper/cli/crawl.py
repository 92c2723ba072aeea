"""``cryptodrug crawl``: a live market into the archive and the database."""

from __future__ import annotations

import contextlib
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import (
    WAY,
    Direct,
    Socks,
    check_market,
    epilog,
    guide,
    output_file,
    tor_at,
)
from cryptodrug_scraper.common.terminal import program

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.options import CrawlOptions
    from cryptodrug_scraper.crawl.plan import Plan
    from cryptodrug_scraper.crawl.progress import View

T = TypeVar("T")

HELP = guide("""
    Capture a live market through Tor: into WARC files, and into the database.

    You sign in with Tor Browser and hand over the cookies (session add); the crawl makes no
    account and solves no captcha. At a captcha it lets that session rest and goes on with the
    others. With none left it says what it needs and waits (--wait) for you to add fresh
    cookies; if none come it ends with exit code 75.

    Ctrl-C ends it after the pages under way, a second Ctrl-C at once. The same command goes on
    where a crawl was stopped or killed: same market, same “which pages”. Other options may
    differ. All that came is in the archive before anything else is done with it.
""")
EPILOG = epilog("""
    [bold]First[/]
      cryptodrug tor status                              is there a Tor? else: tor run
      cryptodrug mirror add MARKET http://….onion        where the market is
      cryptodrug session add MARKET --cookies cookies.txt
      cryptodrug session check MARKET                    still signed in?
    then
      cryptodrug crawl MARKET

    [bold]Examples[/]
      cryptodrug crawl MARKET --pages 200 --time 2h --quiet-hours 22:00-06:00
      cryptodrug crawl MARKET --vendor HANDLE --listing 332845.853310
      cryptodrug crawl MARKET --since 7d --category Cannabis --exclude-category Seeds
      cryptodrug crawl MARKET --no-load       archive only; cryptodrug replay loads it later

    [bold]In scope[/]
      By default the market's drugs. Pages of other categories are not asked for, and where
      one turns out to be out of scope only when it came, it is taken out of the archive.

    [bold]Where it goes[/] (below CRYPTODRUG_DATA_DIR)
      archive/MARKET/     the pages, as WARC files: keep these
      crawls/MARKET/      what is still to do, and each crawl's log
""")

_WHICH = "Which pages (a crawl that goes on has the same)"
_LIMITS = "How much"
_POLITE = "How politely"
_TROUBLE = "When something goes wrong"
_KEPT = "What is kept"


def crawl(
    market: Annotated[
        str, typer.Argument(metavar="MARKET", help="Its name, as in `cryptodrug markets`.")
    ],
    category: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A category, with all below it; again for more. “all” is every one.",
            show_default="the market's drugs",
            rich_help_panel=_WHICH,
        ),
    ] = None,
    exclude_category: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="But not this category; again for more.", rich_help_panel=_WHICH
        ),
    ] = None,
    listing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Only this listing, by its id or address; again for more.",
            rich_help_panel=_WHICH,
        ),
    ] = None,
    vendor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HANDLE",
            help="Only this vendor, with tabs, reviews and listings; again for more.",
            rich_help_panel=_WHICH,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Leave out listings and vendors that were captured since: 7d ago, 2019-03-01.",
            rich_help_panel=_WHICH,
        ),
    ] = None,
    new: Annotated[
        bool,
        typer.Option(
            "--new",
            help="Begin anew, though an unfinished crawl could go on.",
            rich_help_panel=_LIMITS,
        ),
    ] = False,
    pages: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Stop after so many pages; the same command goes on.",
            show_default="no limit",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="Stop after this time (30m, 2h).",
            show_default="no limit",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    each: Annotated[
        int,
        typer.Option(
            min=1,
            max=16,
            metavar="N",
            help="Requests of one session at the same time.",
            rich_help_panel=_POLITE,
        ),
    ] = 2,
    delay: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Between two requests of one session, more or less at random.",
            rich_help_panel=_POLITE,
        ),
    ] = 3.0,
    throttle: Annotated[
        bool,
        typer.Option(
            help="Longer delays while the market answers slowly.", rich_help_panel=_POLITE
        ),
    ] = True,
    quiet_hours: Annotated[
        str | None,
        typer.Option(
            metavar="FROM-TO",
            help="Ask nothing in these hours of your clock, such as 22:00-06:30.",
            show_default="none",
            rich_help_panel=_POLITE,
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            min=0.1, metavar="SECONDS", help="For one whole answer.", rich_help_panel=_TROUBLE
        ),
    ] = 120.0,
    retries: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="How often a page is tried again before it is given up.",
            rich_help_panel=_TROUBLE,
        ),
    ] = 10,
    backoff: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Until a page is tried again; doubled each time.",
            rich_help_panel=_TROUBLE,
        ),
    ] = 5.0,
    rest: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="How long a session rests at a captcha; doubled each time.",
            rich_help_panel=_TROUBLE,
        ),
    ] = 5.0,
    wait: Annotated[
        str,
        typer.Option(
            metavar="SPAN",
            help="With no session left, wait so long for fresh cookies.",
            rich_help_panel=_TROUBLE,
        ),
    ] = "30m",
    max_page: Annotated[
        str,
        typer.Option(metavar="SIZE", help="Larger pages are not taken.", rich_help_panel=_TROUBLE),
    ] = "8M",
    mirror: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Add a mirror first, as mirror add does; again for more.",
            rich_help_panel=WAY,
        ),
    ] = None,
    socks: Socks = None,
    direct: Direct = False,
    invented: Annotated[
        bool,
        typer.Option(
            "--invented",
            help="The address is that of a simulator, not of a market: its pages are marked as "
            "invented, as those of --direct are.",
            rich_help_panel=WAY,
        ),
    ] = False,
    load: Annotated[
        bool, typer.Option(help="Load into the database while crawling.", rich_help_panel=_KEPT)
    ] = True,
    database_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Another PostgreSQL than DATABASE_URL names, or the embedded one.",
            rich_help_panel=_KEPT,
        ),
    ] = None,
    rotate: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Begin another WARC file when one has this size.",
            rich_help_panel=_KEPT,
        ),
    ] = "1G",
    operator: Annotated[
        str | None,
        typer.Option(
            metavar="WHO", help="Who captures, for the archive's record.", rich_help_panel=_KEPT
        ),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write how it went as JSON.", rich_help_panel=_KEPT),
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

    if summary is not None:
        output_file(summary, "--summary")
    settings = get_settings()
    _value("--since", read_since, since)
    plan = Plan(
        market,
        inside=tuple(category or ()),
        outside=tuple(exclude_category or ()),
        listings=tuple(listing or ()),
        vendors=tuple(vendor or ()),
        since=since.strip() if since else None,
    )
    options = CrawlOptions(
        folder=settings.data_dir,
        socks=socks or settings.tor_socks,
        direct=direct,
        invented=invented,
        each=each,
        delay=delay,
        throttle=throttle,
        timeout=timeout,
        retries=retries,
        backoff=backoff,
        page_bytes=_value("--max-page", read_size, max_page) or 0,
        rest=rest,
        wait=_value("--wait", read_span, wait) or 0,
        pages=pages,
        seconds=_value("--time", read_span, time),
        quiet=_value("--quiet-hours", read_quiet, quiet_hours),
        rotate_bytes=_value("--rotate", read_size, rotate) or 0,
        operator=operator or getpass.getuser(),
        new=new,
    )
    raise typer.Exit(
        run(
            plan,
            options,
            mirror or [],
            socks=socks,
            load=load,
            database_url=database_url,
            summary_file=summary,
            quiet=quiet,
        )
    )


def _value(option: str, read: Callable[[str], T], text: str | None) -> T | None:
    """Read an option's text, None if it was not given. Raises Failure, which names it."""
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise Failure(f"{option}: {error}.", Code.BAD_INPUT) from None


def run(
    plan: Plan,
    options: CrawlOptions,
    mirrors: list[str],
    *,
    socks: str | None,
    load: bool,
    database_url: str | None,
    summary_file: Path | None,
    quiet: bool,
) -> Code:
    """Crawl, show how it went, and return the exit code."""
    from dataclasses import replace

    from cryptodrug_scraper.access.mirrors import MirrorStore, tidy_address
    from cryptodrug_scraper.cli.crawled import code_of, show, show_quietly, to_dict
    from cryptodrug_scraper.crawl.preflight import check_addresses, check_plan
    from cryptodrug_scraper.crawl.run import run_crawl
    from cryptodrug_scraper.crawl.spider import spider_of

    store = MirrorStore(options.folder / "mirrors")
    check_plan(plan, spider_of(plan.market))
    known = [each.address for each in store.all(plan.market)]
    known += [tidy_address(address) for address in mirrors]
    if not known:
        raise Failure(
            f"No mirror of {plan.market} is known: add its address with "
            f"{program()} mirror add {plan.market} ADDRESS",
            Code.BAD_INPUT,
        )
    check_addresses(plan.market, known, direct=options.direct)
    if not options.direct:
        options = replace(options, socks=tor_at(socks))
    for address in mirrors:
        store.add(plan.market, address)
    if load:
        from cryptodrug_scraper.database.connection import ready_url

        options = replace(options, dsn=ready_url(database_url, to_load=True))
    with _view(quiet) as view:
        result = run_crawl(plan, options, view=view)
    if summary_file is not None:
        from cryptodrug_scraper.cli.summary import write

        write(summary_file, to_dict(result))
    if quiet:
        show_quietly(result)
    else:
        show(result, loaded=load)
    return code_of(result)


def _view(quiet: bool) -> contextlib.AbstractContextManager[View]:
    from cryptodrug_scraper.crawl.progress import Lines, Panel, Silent

    if quiet:
        return contextlib.nullcontext(Silent())
    return Panel() if sys.stderr.isatty() else Lines()
