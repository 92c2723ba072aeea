"""``cryptodrug session``: the sessions that a researcher hands over to a crawl."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import check_market, epilog, guide
from cryptodrug_scraper.common.terminal import json_line, safe, say

if TYPE_CHECKING:
    from cryptodrug_scraper.access.mirrors import Mirror, MirrorStore
    from cryptodrug_scraper.access.sessions import Identity, SessionStore

app = typer.Typer(
    help=guide("""
        The sessions with which markets are read: add, list, check, remove.

        Markets show their pages only to who is signed in, behind a captcha. No account is made
        and no captcha solved by this program: sign in with Tor Browser, export the market's
        cookies there, and add them here. Several sessions of a market are told apart by names;
        each goes through Tor on circuits of its own.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug session add dream --cookies cookies.txt
      cryptodrug session add dream --cookies second.txt --name second
      cryptodrug session check dream
      cryptodrug session list
    """),
    no_args_is_help=True,
)

Market = Annotated[
    str, typer.Argument(metavar="MARKET", help="Its name, as in `cryptodrug markets`.")
]


def _stores() -> tuple[SessionStore, MirrorStore]:
    from cryptodrug_scraper.access.mirrors import MirrorStore
    from cryptodrug_scraper.access.sessions import SessionStore
    from cryptodrug_scraper.settings import get_settings

    folder = get_settings().data_dir
    return SessionStore(folder / "sessions", warn=say), MirrorStore(folder / "mirrors")


@app.command(
    help=guide("""
        Add a session by its cookies, or give a session fresh ones.

        FILE is what a browser's add-on exports (cookies.txt or JSON), or a line “Cookie: a=b;
        c=d” as Tor Browser's network inspector shows it; - reads standard input. Cookies of
        hosts that are no mirror of the market are left out. A running crawl takes the session
        up at once.

        The cookies are kept for you alone in the data folder. They are written into no log,
        archive or database, and no command shows them.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug session add dream --cookies cookies.txt
      cryptodrug session add dream --cookies second.txt --name second
      cryptodrug session add dream --cookies - --user-agent "Mozilla/5.0 (Windows NT 10.0 …"
    """),
)
def add(
    market: Market,
    cookies: Annotated[str, typer.Option("--cookies", metavar="FILE", help="The cookies, or -.")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What the session is called.")
    ] = "default",
    user_agent: Annotated[
        str | None,
        typer.Option(
            metavar="UA",
            help="The browser's user agent; without it that of a recent Tor Browser is sent.",
        ),
    ] = None,
) -> None:
    """Add a session."""
    check_market(market)
    from cryptodrug_scraper.access.sessions import check_name, read_cookies

    check_name(name)
    sessions, mirrors = _stores()
    hosts = {mirror.host for mirror in mirrors.all(market)}
    found = read_cookies(_given(cookies), hosts, warn=say)
    replaced = any(identity.name == name for identity in sessions.all(market))
    sessions.add(market, name, found, user_agent)
    did = "has fresh cookies" if replaced else "is added"
    typer.echo(f"Session {name} of {market} {did}: {safe(', '.join(sorted(found)))}.")
    if not hosts:
        say(f"No mirror of {market} is known yet: cryptodrug mirror add {market} ADDRESS")
    if cookies != "-":
        say(f"{cookies} still holds the cookies: delete it when you no longer need it.")


def _given(name: str) -> bytes | Path:
    if name == "-":
        return sys.stdin.buffer.read(2 << 20)
    path = Path(name)
    if not path.is_file():
        raise Failure(f"There is no file {name!r} to read cookies from.", Code.BAD_INPUT)
    return path


@app.command(
    "list",
    help=guide("""
        List sessions and how they stand. No cookie's value is shown.

        live: in use. resting: after trouble, used again from the time shown. walled: a captcha
        page stays until you solve it in the browser. ended: signed out; add fresh cookies.
    """),
    epilog=guide("""
    [bold]Examples[/]
      cryptodrug session list
      cryptodrug session list dream --json
    """),
)
def list_(
    market: Annotated[
        str | None, typer.Argument(metavar="MARKET", help="Only this market's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List sessions."""
    check_market(market)
    from cryptodrug_scraper.access.mirrors import mark

    sessions, _ = _stores()
    found = sessions.all(market)
    if as_json:
        for identity in found:
            json_line(
                {
                    "market": identity.market,
                    "name": identity.name,
                    "mark": mark(identity.name),
                    "state": identity.state,
                    "why": identity.why or None,
                    "until": _iso(identity.until),
                    "added_at": _iso(identity.added_at),
                    "used_at": _iso(identity.used_at),
                    "requests": identity.requests,
                    "user_agent": identity.user_agent,
                    "cookies": sorted(identity.cookies),
                }
            )
        return
    if not found:
        of = f" of {market}" if market else ""
        say(f"There is no session{of} yet. cryptodrug session add --help says how to add one.")
        return
    from cryptodrug_scraper.common.console import count, output, table

    columns = ("market", "name", "mark", "state", "why", "since", "used", "requests", "cookies")
    rows = [
        (
            i.market,
            i.name,
            mark(i.name),
            f"{i.state} until {_shown(i.until)}" if i.state == "resting" else i.state,
            i.why,
            _shown(i.added_at),
            _shown(i.used_at),
            i.requests,
            ", ".join(sorted(i.cookies)),
        )
        for i in found
    ]
    output().print(table(count(len(found), "session"), columns, rows))


def _iso(moment: datetime | None) -> str | None:
    from cryptodrug_scraper.records import isoformat

    return None if moment is None else isoformat(moment)


def _shown(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}Z"


@app.command(
    help=guide("""
        Remove a session and its cookies. A running crawl stops using it.

        It stays signed in at the market until you sign out there.
    """),
    epilog=guide("""
    [bold]Example[/]
      cryptodrug session remove dream second
    """),
)
def remove(
    market: Market,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The session's name.")],
) -> None:
    """Remove a session."""
    check_market(market)
    sessions, _ = _stores()
    sessions.remove(market, name)
    typer.echo(f"Session {name} of {market} is removed.")


@app.command(
    help=guide("""
        Look at a market's home page as a session, through Tor: is it still signed in?

        Without NAME all sessions of the market are checked, one after the other. What is found
        is marked, as a crawl would: live, walled or ended. Nothing is archived. Mirrors are
        tried in turn, the best first.

        The exit code is 0 if all are signed in, 75 if one needs you (signed out, or a captcha
        to solve in the browser), 5 if Tor cannot be used, and 1 if the market could not be
        reached or its answer told nothing.
    """),
    epilog=guide("""
    [bold]Examples[/]
      cryptodrug session check dream
      cryptodrug session check dream second || echo "sign in again"
    """),
)
def check(
    market: Market,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this session.")] = None,
    direct: Annotated[
        bool,
        typer.Option(
            "--direct",
            help="Only for a market on this machine (cryptodrug simulate): loopback without Tor.",
        ),
    ] = False,
) -> None:
    """Check sessions."""
    check_market(market)
    from cryptodrug_scraper.settings import get_settings
    from cryptodrug_scraper.tor.ready import find_tor

    sessions, store = _stores()
    found = sessions.all(market) if name is None else [sessions.get(market, name)]
    if not found:
        raise Failure(
            f"There is no session of {market} to check: cryptodrug session add {market} --cookies "
            "FILE",
            Code.BAD_INPUT,
        )
    mirrors = _mirrors(store, market, direct)
    tor_socks = None if direct else find_tor(get_settings())
    results = [_check_one(i, sessions, mirrors, store, tor_socks) for i in found]
    raise typer.Exit(_code(results))


def _mirrors(store: MirrorStore, market: str, direct: bool) -> list[Mirror]:
    """Return the mirrors that can be asked in this way. Raises Failure if there is none."""
    from cryptodrug_scraper.access.mirrors import is_loopback

    known = store.all(market)
    usable = [mirror for mirror in known if is_loopback(mirror.address) == direct]
    if usable:
        return usable
    if not known:
        reason = f"No mirror of {market} is known: cryptodrug mirror add {market} ADDRESS"
    elif direct:
        reason = f"--direct is for a market on this machine, and no mirror of {market} is."
    else:
        reason = (
            f"The mirrors of {market} are on this machine, where Tor does not go: use --direct."
        )
    raise Failure(reason, Code.BAD_INPUT)


def _check_one(
    identity: Identity,
    sessions: SessionStore,
    mirrors: list[Mirror],
    store: MirrorStore,
    tor_socks: str | None,
) -> str:
    """Check a session at the first mirror that answers; mark it, say what was found."""
    from cryptodrug_scraper.access.checking import check_session, mark

    result = "unreachable"
    for mirror in mirrors:
        finding = check_session(identity, mirror.address, tor_socks=tor_socks)
        result = finding.result
        store.note(identity.market, mirror.address, result != "unreachable")
        kept = mark(sessions, identity, finding, by="check")
        words = f"{identity.name}: {_SAID[result]} ({mirror.address}: {safe(finding.why)})"
        (typer.echo if result == "signed_in" else say)(words)
        if not kept:
            say(f"{identity.name}: it was replaced or removed meanwhile, so this is not marked.")
        if result != "unreachable":
            break
    return result


_SAID = {
    "signed_in": "signed in",
    "login": "signed out; sign in with Tor Browser and add fresh cookies",
    "challenge": "a captcha page stands before it; solve it in Tor Browser",
    "unreachable": "not reachable",
    "unclear": "not clear",
}


def _code(results: Iterable[str]) -> Code:
    found = set(results)
    if found & {"login", "challenge"}:
        return Code.NEEDS_SESSION
    return Code.COMPLETE if found == {"signed_in"} else Code.PARTLY_FAILED
