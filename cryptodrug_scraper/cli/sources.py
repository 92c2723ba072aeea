"""``cryptodrug db sources`` and ``db remove``: what was loaded, and taking it out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import DatabaseUrl, check_market, epilog, guide
from cryptodrug_scraper.cli.query import connected
from cryptodrug_scraper.common.terminal import json_line, program, say

if TYPE_CHECKING:
    from cryptodrug_scraper.database.removal import Removed

SOURCES_HELP = guide("""
    List what was loaded: archives, crawls, markets, days, pages, and whether they were invented.

    A row an archive (a folder, a file), crawl, market and kind of pages. A page that lies in
    several archives counts in each of them.
""")
SOURCES_EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug db sources
      cryptodrug db sources --json | jq -r 'select(.invented).path'
""")
REMOVE_HELP = guide("""
    Take an archive, a crawl or a market out of the database again, with what rests on it alone.

    Without --yes nothing is changed: what would go is counted. What other pages show too stays;
    a page that lies in another archive as well stays. Reviews are worked out anew. The files
    themselves are not touched: replaying them brings everything back.
""")
REMOVE_EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug db remove --source archive/dream/
      cryptodrug db remove --source archive/dream/ --yes
      cryptodrug db remove --crawl 3f09ab12 --yes
      cryptodrug db remove --market empire --yes
""")

_WORDS = {
    "page": "pages",
    "listing_observation": "what they showed of listings",
    "vendor_observation": "what they showed of vendors",
    "review_sighting": "rows of reviews on them",
    "listing": "listings that no other page names",
    "vendor": "vendors that no other page names",
    "vendor_spelling": "ways of writing their handles",
    "long_text": "descriptions, profiles, terms",
    "pgp_key": "keys",
    "category": "categories",
    "exchange_panel": "states of exchange rates",
    "link": "links",
    "crawl_run": "crawls",
    "archive": "archives",
}


def sources(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """List what was loaded."""
    from cryptodrug_scraper.database.sources import sources as read

    with connected(database_url) as connection, connection.cursor() as work:
        found = read(work)
    if as_json:
        for each in found:
            json_line(
                {
                    "archive": each.archive,
                    "path": each.path or None,
                    "crawl": each.crawl,
                    "crawl_started_at": each.started_at and each.started_at.isoformat(),
                    "market": each.market,
                    "first": each.first and each.first.isoformat(),
                    "last": each.last and each.last.isoformat(),
                    "days": each.days,
                    "pages": each.pages,
                    "invented": each.invented,
                }
            )
        return
    if not found:
        say(f"No page was loaded so far: {program()} replay PATH")
        return
    from cryptodrug_scraper.common.console import count, output, table

    rows = [
        (
            each.path or "/",
            each.archive[:8],
            (each.crawl or "")[:8],
            each.market or "(no market)",
            f"{each.first or ''}",
            f"{each.last or ''}",
            each.days,
            each.pages,
            "invented" if each.invented else "",
        )
        for each in found
    ]
    columns = ("path", "archive", "crawl", "market", "from", "to", "days", "pages", "kind")
    output().print(table(count(len(rows), "source"), columns, rows, fold="path"))
    say(f"{program()} db remove --source PATH (or --crawl, --market) takes one out again.")


def remove(
    source: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="An archive: a path (with all archives below it), or the key that db sources "
            "lists.",
        ),
    ] = None,
    crawl: Annotated[
        str | None, typer.Option(metavar="KEY", help="A crawl, by the key that db sources lists.")
    ] = None,
    market: Annotated[str | None, typer.Option(metavar="NAME", help="All of a market.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it, not only count it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The counts as JSON.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Take out what was loaded."""
    if sum(option is not None for option in (source, crawl, market)) != 1:
        raise Failure(
            "Give one of --source, --crawl and --market: `cryptodrug db sources` lists them.",
            Code.BAD_INPUT,
        )
    check_market(market)
    from cryptodrug_scraper.database import removal
    from cryptodrug_scraper.database.reviews import work_out_reviews

    with connected(database_url) as connection:
        try:
            with connection, connection.cursor() as work:
                target = removal.target_of(work, source=source, crawl=crawl, market=market)
            removed = removal.remove(connection, target, dry_run=not yes)
        except removal.NothingMatches as error:
            code = Code.NOTHING_READ if market is not None else Code.BAD_INPUT
            raise Failure(f"{error} `cryptodrug db sources` lists what it has.", code) from None
        except removal.AtWork as error:
            raise Failure(str(error), Code.PARTLY_FAILED) from None
        if yes:
            work_out_reviews(connection)
    if as_json:
        json_line(
            {
                "removed": yes,
                "rows": removed.rows,
                "pages_kept": removed.kept_pages,
                "reviews": removed.reviews,
                "reviews_worked_out_anew": removed.changed_reviews,
            }
        )
    else:
        _show(removed, yes=yes)


def _show(removed: Removed, *, yes: bool) -> None:
    from cryptodrug_scraper.common.console import output, table

    rows = [(_WORDS.get(name, name), n) for name, n in removed.rows.items() if n]
    rows += [("reviews that no other page shows", removed.reviews)] if removed.reviews else []
    output().print(table("Removed" if yes else "Would be removed", ("what", "rows"), rows))
    if removed.changed_reviews:
        verb = "were" if yes else "would be"
        say(f"{removed.changed_reviews:,} reviews that other pages show {verb} worked out anew.")
    if removed.kept_pages:
        verb = "stay" if yes else "would stay"
        say(f"{removed.kept_pages:,} pages {verb}: they lie in another archive as well.")
    if not yes:
        say("Nothing was changed: the same with --yes does it.")
