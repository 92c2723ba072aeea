"""``cryptodrug monitor health`` and ``monitor status``: how crawls did, and how it went so far."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.monitor_config import read
from cryptodrug_scraper.cli.options import DatabaseUrl, check_market, epilog, guide
from cryptodrug_scraper.cli.query import connected
from cryptodrug_scraper.common.terminal import json_line, program, safe, say

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

    from cryptodrug_scraper.monitor.health import Floor, Health

HEALTH_HELP = guide("""
    Judge the crawls that ended and were not judged yet, and show what is wrong.

    Pages, records, the share of records that state each field, coverage, errors and time are held
    against what --config declares as healthy, and against what was usual in the crawls before of
    the same market and scope (four at least). fine: as usual. look: unusual. broken: far from it,
    or the market is gone. What is judged is kept; a crawl is judged again with --run.
""")
HEALTH_EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug monitor health
      cryptodrug monitor health --market dream --config monitor.toml
      cryptodrug monitor health --all
      cryptodrug monitor health --json | jq '.checks[] | select(.level != "fine").words'
""")
STATUS_HELP = guide("""
    Show how each market's last crawl did, and the last twenty as small lines.

    Lines go from 0 to the largest: pages, listings, and the share of fields that listings state.
""")
STATUS_EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug monitor status
      cryptodrug monitor status --json
""")
_Market = Annotated[
    str | None, typer.Option("--market", metavar="NAME", help="Only crawls of this market.")
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def health(
    market: _Market = None,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="This crawl, as `cryptodrug db sources` lists it; judged again."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="monitor.toml, which declares what is healthy."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show what is as usual, too.")] = False,
    as_json: _Json = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Judge the crawls that ended."""
    check_market(market)
    floors = _floors(config)
    from cryptodrug_scraper.monitor import status
    from cryptodrug_scraper.monitor.health import compute_health, runs_without_health
    from cryptodrug_scraper.monitor.levels import Level

    with connected(database_url) as connection:
        if run is not None:
            due = [_named(connection, run)]
        else:
            due = runs_without_health(connection, market)
        for key, of in due:
            compute_health(connection, key, floors.get(of))
        runs = [key for key, _ in due]
        if run is None:
            judged = {of for _, of in due}
            past = status.history(connection, market, runs=1)
            runs += [each.run for each in past if each.market not in judged]
        shown = [status.read_health(connection, key) for key in runs]
        pages = {page for each in shown for check in each.checks for page in check.page_ids}
        places = status.locations(connection, pages)
    if not shown:
        say(f"No crawl has ended so far: {program()} crawl MARKET")
    for each in shown:
        if as_json:
            json_line(status.as_json(each, places))
        else:
            _show(each, places, everything)
    last = {(each.market, each.invented): each.level for each in shown}
    if any(level is not Level.FINE for level in last.values()):
        raise typer.Exit(Code.PARTLY_FAILED)


def _floors(config: Path | None) -> dict[str, Floor]:
    if config is None:
        return {}
    from cryptodrug_scraper.monitor.health import Floor

    watched = read(config).markets
    return {name: Floor(**dict(market.healthy)) for name, market in watched.items()}


def _named(connection: Connection, key: str) -> tuple[int, str]:
    with connection, connection.cursor() as work:
        work.execute("SELECT crawl_run_id, market FROM crawl_run WHERE ended_at IS NOT NULL")
        runs = [row for row in work.fetchall() if f"{row[0]:016x}".startswith(key.lower())]
    if len(runs) != 1:
        which = f"{len(runs)} crawls that ended begin with" if runs else "No crawl that ended has"
        raise Failure(f"{which} the id {key!r}: see {program()} db sources --json.", Code.BAD_INPUT)
    return runs[0]


def _show(health: Health, places: dict[int, str], everything: bool) -> None:
    from cryptodrug_scraper.monitor.levels import Level
    from cryptodrug_scraper.monitor.status import sentence

    wrong = [check for check in health.checks if check.level is not Level.FINE]
    typer.echo(
        f"{health.market}{' (invented)' if health.invented else ''}, crawl {health.run:016x} of "
        f"{health.ended:%Y-%m-%d %H:%M}Z: {health.level}"
        f" ({len(wrong)} of {len(health.checks)} checks are not fine)"
    )
    for check in health.checks if everything else wrong:
        typer.echo(f"  {check.level:6}  {safe(sentence(check))}")
        for page in check.page_ids:
            typer.echo(f"          {program()} doctor {shlex.quote(safe(places.get(page, '?')))}")


def status(
    market: _Market = None, as_json: _Json = False, database_url: DatabaseUrl = None
) -> None:
    """Show how each market's last crawls did."""
    check_market(market)
    from cryptodrug_scraper.monitor.levels import Level
    from cryptodrug_scraper.monitor.status import history, read_health, sentence, small_line

    rows = []
    with connected(database_url) as connection:
        past = history(connection, market)
        for (name, invented), group in groupby(past, lambda each: (each.market, each.invented)):
            runs = list(group)
            last = read_health(connection, runs[-1].run)
            wrong = [sentence(each) for each in last.checks if each.level is not Level.FINE]
            rows.append((name, invented, runs, wrong))
    if as_json:
        for name, invented, runs, wrong in rows:
            each = [
                asdict(run) | {"run": f"{run.run:016x}", "ended": run.ended.isoformat()}
                for run in runs
            ]
            json_line({"market": name, "invented": invented, "wrong": wrong, "runs": each})
        return
    if not rows:
        say(f"No crawl was judged so far: {program()} monitor health")
        return
    from cryptodrug_scraper.common.console import output, table

    columns = ("market", "last", "level", "pages", "listings", "fields", "wrong")
    output().print(table("Health of crawls", columns, [
        (
            name + (" (invented)" if invented else ""),
            f"{runs[-1].ended:%Y-%m-%d %H:%M}Z",
            runs[-1].level,
            f"{runs[-1].pages or 0:,.0f} {small_line([run.pages for run in runs])}",
            f"{runs[-1].listings or 0:,.0f} {small_line([run.listings for run in runs])}",
            f"{100 * (runs[-1].fill or 0):.0f} % {small_line([run.fill for run in runs])}",
            "; ".join(wrong[:3]) + (f"; {len(wrong) - 3} more" if len(wrong) > 3 else ""),
        )
        for name, invented, runs, wrong in rows
    ], fold="wrong"))  # fmt: skip
