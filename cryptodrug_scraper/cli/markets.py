"""``cryptodrug markets``: which markets can be read."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from cryptodrug_scraper.cli.options import guide
from cryptodrug_scraper.common.terminal import json_line

HELP = guide("""
    List the markets that have a parser.

    The name is what --market takes, and what column market of the database holds.
""")
EPILOG = guide("""
    [bold]Examples[/]
      cryptodrug markets
      cryptodrug markets --json
""")


def markets(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the markets."""
    from cryptodrug_scraper.reading.market import markets as known

    if as_json:
        for market in known().values():
            json_line(
                {
                    "name": market.name,
                    "title": market.title,
                    "opened_on": _iso(market.opened_on),
                    "closing_announced_on": _iso(market.closing_announced_on),
                    "closed_on": _iso(market.closed_on),
                    "healthy": market.healthy,
                }
            )
        return
    from cryptodrug_scraper.common.console import output, table

    rows = [
        (m.name, m.title, _shown(m.opened_on), _shown(m.closed_on), ", ".join(m.healthy))
        for m in known().values()
    ]
    columns = ("name", "title", "opened", "closed", "records watched")
    output().print(table(f"{len(rows)} markets", columns, rows))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _shown(day: date | None) -> str:
    return day.isoformat() if day else "unknown"
