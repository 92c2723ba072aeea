"""``cryptodrug mirror``: the addresses at which a market answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.options import check_market, epilog, guide
from cryptodrug_scraper.common.terminal import json_line, say

if TYPE_CHECKING:
    from cryptodrug_scraper.access.mirrors import MirrorStore

app = typer.Typer(
    help=guide("""
        The addresses at which a market answers: add, list, remove.

        A crawl asks nothing but a market's mirrors, so it begins with adding one. When one
        fails several times in a row, the crawl goes on with the next best.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug mirror add dream http://ADDRESS.onion http://ANOTHER.onion
      cryptodrug mirror list dream
      cryptodrug mirror remove dream http://ADDRESS.onion
    """),
    no_args_is_help=True,
)

Market = Annotated[
    str, typer.Argument(metavar="MARKET", help="Its name, as in `cryptodrug markets`.")
]


def _store() -> MirrorStore:
    from cryptodrug_scraper.access.mirrors import MirrorStore
    from cryptodrug_scraper.settings import get_settings

    return MirrorStore(get_settings().data_dir / "mirrors")


@app.command(
    help=guide("""
        Add addresses of a market: onion services, or with a port this machine.

        Take them from a place that you trust: look-alike addresses that steal sign-ins are
        common. Nothing is asked of them now; cryptodrug session check does that.
    """),
    epilog=guide("""
    [bold]Examples[/]
      cryptodrug mirror add dream http://ADDRESS.onion
      cryptodrug mirror add dream 127.0.0.1:8080      for cryptodrug simulate
    """),
)
def add(
    market: Market,
    addresses: Annotated[
        list[str], typer.Argument(metavar="ADDRESS", help="http://….onion, without a path.")
    ],
) -> None:
    """Add mirrors."""
    check_market(market)
    from cryptodrug_scraper.access.mirrors import tidy_address

    for address in addresses:  # all or none
        tidy_address(address)
    store = _store()
    known = {mirror.address for mirror in store.all(market)}
    for address in addresses:
        mirror = store.add(market, address)
        did = "was known" if mirror.address in known else "is added"
        typer.echo(f"{mirror.address} {did}.")


@app.command(
    "list",
    help=guide("""
        List a market's mirrors, the best first, with how requests to them went.

        The mark stands for the address where none may be written: in the health of crawls.
    """),
    epilog=guide("""
    [bold]Examples[/]
      cryptodrug mirror list dream
      cryptodrug mirror list dream --json
    """),
)
def list_(
    market: Market,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List mirrors."""
    check_market(market)
    from cryptodrug_scraper.records import isoformat

    mirrors = _store().all(market)
    if as_json:
        for mirror in mirrors:
            json_line(
                {
                    "market": market,
                    "address": mirror.address,
                    "mark": mirror.mark,
                    "added_at": isoformat(mirror.added_at),
                    "last_ok_at": isoformat(mirror.last_ok_at) if mirror.last_ok_at else None,
                    "last_failed_at": (
                        isoformat(mirror.last_failed_at) if mirror.last_failed_at else None
                    ),
                    "failures_in_a_row": mirror.failures_in_a_row,
                    "ok": mirror.ok,
                    "failed": mirror.failed,
                }
            )
        return
    if not mirrors:
        say(f"No mirror of {market} is known: cryptodrug mirror add {market} ADDRESS")
        return
    from cryptodrug_scraper.common.console import count, output, table

    columns = ("address", "mark", "ok", "failed", "failed in a row", "last ok", "last failed")
    rows = [
        (
            mirror.address,
            mirror.mark,
            mirror.ok,
            mirror.failed,
            mirror.failures_in_a_row,
            _shown(mirror.last_ok_at),
            _shown(mirror.last_failed_at),
        )
        for mirror in mirrors
    ]
    output().print(table(f"{market}: {count(len(mirrors), 'mirror')}", columns, rows))


def _shown(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}Z"


@app.command(
    help=guide("""
        Remove an address of a market. A running crawl goes on with the others.
    """),
    epilog=guide("""
    [bold]Example[/]
      cryptodrug mirror remove dream http://ADDRESS.onion
    """),
)
def remove(
    market: Market,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="As mirror list shows it.")],
) -> None:
    """Remove a mirror."""
    check_market(market)
    _store().remove(market, address)
    typer.echo(f"{address} is removed.")
