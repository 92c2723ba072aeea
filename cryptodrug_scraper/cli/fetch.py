"""``cryptodrug fetch``: one page of a live market, archived and shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import (
    WAY,
    DatabaseUrl,
    Direct,
    Socks,
    check_market,
    epilog,
    guide,
    tor_at,
)
from cryptodrug_scraper.common.terminal import json_text, program, safe, say

if TYPE_CHECKING:
    from cryptodrug_scraper.access.mirrors import MirrorStore
    from cryptodrug_scraper.access.sessions import Identity, SessionStore
    from cryptodrug_scraper.crawl.fetch_page import Fetched
    from cryptodrug_scraper.records import ParsedPage

HELP = guide("""
    Capture one page of a live market through Tor, archive it, and show what it states.

    The market is told by --market, by its mirrors (mirror list), or by the page itself. The
    page is asked for as a session of the market, the first that is live unless --session
    names another; its cookies go to mirrors of the market and to no other host. Redirects
    are followed within the market.

    What came is in the archive before it is read, like a crawl's pages: replay loads it, as
    --load does at once. A login or captcha page is shown and marked with the session, and the
    exit code is 75: sign in, or solve it, in Tor Browser.
""")
EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug fetch http://….onion/listing/1
      cryptodrug fetch http://….onion/listing/1 --json | jq '.listings'
      cryptodrug fetch http://….onion/ --market MARKET --session second --load
      cryptodrug fetch 'http://….onion/index#page=2&catT=1'   a link of a page's record
      cryptodrug fetch http://….onion/search --post 'query=x'
      cryptodrug fetch http://127.0.0.1:8080/ --direct        cryptodrug simulate
""")

_SESSION, _AFTER = "As whom", "Afterwards"


def fetch(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of an onion service.")],
    market: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The page's market. Without it the mirrors tell, or the page."
        ),
    ] = None,
    post: Annotated[
        str | None,
        typer.Option(
            metavar="FORM",
            help="Post this (a=1&b=2) to the URL, for pages that are shown only then.",
        ),
    ] = None,
    session: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The session to use, in whatever state it is.",
            show_default="the first live one",
            rich_help_panel=_SESSION,
        ),
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Use no session.", rich_help_panel=_SESSION)
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(min=0.1, metavar="SECONDS", help="For one whole answer.", rich_help_panel=WAY),
    ] = 120.0,
    max_page: Annotated[
        str, typer.Option(metavar="SIZE", help="Larger pages are not taken.", rich_help_panel=WAY)
    ] = "8M",
    socks: Socks = None,
    direct: Direct = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the page's record as JSON.", rich_help_panel=_AFTER),
    ] = False,
    load: Annotated[
        bool, typer.Option(help="Load it into the database.", rich_help_panel=_AFTER)
    ] = False,
    database_url: DatabaseUrl = None,
    operator: Annotated[
        str | None,
        typer.Option(
            metavar="WHO", help="Who captured it, for the archive's record.", rich_help_panel=_AFTER
        ),
    ] = None,
) -> None:
    """Capture one page."""
    check_market(market)
    from cryptodrug_scraper.crawl.options import read_size
    from cryptodrug_scraper.settings import get_settings

    settings = get_settings()
    try:
        page_bytes = read_size(max_page)
    except ValueError as error:
        raise Failure(f"--max-page: {error}.", Code.BAD_INPUT) from None
    url = _checked(url, direct=direct)

    from cryptodrug_scraper.access.mirrors import MirrorStore
    from cryptodrug_scraper.access.sessions import SessionStore
    from cryptodrug_scraper.crawl.fetch_page import fetch_page, posted_form

    mirrors = MirrorStore(settings.data_dir / "mirrors")
    sessions = SessionStore(settings.data_dir / "sessions", warn=say)
    market = _market_of(mirrors, url, market)
    hosts = _hosts(mirrors, market)
    identity = None
    if not anonymous:
        identity = _identity(sessions, market, session, known=_host(url) in hosts, host=_host(url))
    elif session is not None:
        raise Failure("--session and --anonymous exclude each other.", Code.BAD_INPUT)
    form = post if post is not None or market is None else posted_form(market, url)
    through = None if direct else tor_at(socks)
    dsn = None
    if load:
        from cryptodrug_scraper.database.connection import ready_url

        dsn = ready_url(database_url, to_load=True)
    done = fetch_page(
        url,
        market=market,
        identity=identity,
        socks=through,
        hosts=hosts,
        folder=settings.data_dir,
        timeout=timeout,
        page_bytes=page_bytes,
        form=form,
        operator=operator,
    )
    _note_mirror(mirrors, done, url)
    if identity is not None:
        _note_session(sessions, identity, done)
    _show(done, as_json=as_json)
    if dsn is not None and done.archive is not None:
        _load(done.archive, dsn)
    raise typer.Exit(_tell(done, identity))


# -- what is asked, and as whom --------------------------------------------------------------


def _checked(url: str, *, direct: bool) -> str:
    """Return a URL that may be asked. Raises Failure."""
    from cryptodrug_scraper.access.mirrors import is_loopback
    from cryptodrug_scraper.tor.address import may_leave

    stated = url.strip()
    if "://" not in stated:
        stated = f"http://{stated}"
    why = may_leave(stated, loopback=True)
    if why is not None:
        raise Failure(
            f"{url[:200]!r} is not asked for: {why}. Nothing but onion services is ever asked, "
            "such as http://….onion/path",
            Code.BAD_INPUT,
        )
    if is_loopback(stated) and not direct:
        raise Failure(
            f"{url[:200]!r} is on this machine, where Tor does not go: use --direct.",
            Code.BAD_INPUT,
        )
    if direct and not is_loopback(stated):
        raise Failure(
            f"--direct is for a market on this machine, and {url[:200]!r} is none: an onion "
            "service is asked through Tor only.",
            Code.BAD_INPUT,
        )
    return stated


def _host(url: str) -> str:
    """Return the host of a URL with its port."""
    from urllib.parse import urlsplit

    return urlsplit(url).netloc.lower()


def _hosts(mirrors: MirrorStore, market: str | None) -> frozenset[str]:
    if market is None:
        return frozenset()
    return frozenset(_host(mirror.address) for mirror in mirrors.all(market))


def _market_of(mirrors: MirrorStore, url: str, stated: str | None) -> str | None:
    """Return the market that was told, or that has the host among its mirrors; None if neither."""
    from cryptodrug_scraper.reading.market import markets

    having = [name for name in markets() if _host(url) in _hosts(mirrors, name)]
    if stated is None:
        return having[0] if len(having) == 1 else None
    if having and stated not in having:
        raise Failure(
            f"{_host(url)} is a mirror of {' and '.join(having)}, not of {stated}: leave out "
            "--market, or correct the mirrors.",
            Code.BAD_INPUT,
        )
    return stated


def _identity(
    sessions: SessionStore, market: str | None, name: str | None, *, known: bool, host: str
) -> Identity | None:
    """Return the session to ask as; None for nobody, which is said. Raises Failure."""
    if market is None:
        if name is not None:
            raise Failure(
                f"Of which market is session {name}? No market has {host} among its mirrors: "
                "give --market, and add the address with mirror add.",
                Code.BAD_INPUT,
            )
        say(f"No market has {host} among its mirrors, so no session is used.")
        return None
    if not known:
        words = (
            f"{host} is no mirror of {market} that is known, and cookies go to no other host. If "
            f"it is one: {program()} mirror add {market} {host}"
        )
        if name is not None:
            raise Failure(words, Code.BAD_INPUT)
        say(f"Asked for without a session: {words}")
        return None
    if name is not None:
        return sessions.get(market, name)
    found = sessions.all(market)
    usable = [each for each in found if each.usable()]
    live = [each for each in usable if each.state == "live"]
    chosen = next(iter([*live, *usable]), None)
    if chosen is None:
        states = ", ".join(f"{each.name} is {each.state}" for each in found) or "there is none"
        advice = f" To look again: {program()} session check {market}" if found else ""
        say(f"Asked for without a session: {market} has none that is live ({states}).{advice}")
    return chosen


# -- what came of it -------------------------------------------------------------------------


def _note_mirror(mirrors: MirrorStore, done: Fetched, url: str) -> None:
    if done.market is None or done.tor:
        return
    answered = done.status is not None and done.status < 500
    for mirror in mirrors.all(done.market):
        if _host(mirror.address) == _host(url):
            mirrors.note(done.market, mirror.address, answered)


def _note_session(sessions: SessionStore, identity: Identity, done: Fetched) -> None:
    from cryptodrug_scraper.access.checking import mark

    if not mark(sessions, identity, done.finding(), by="fetch"):
        say(f"Session {identity.name} was replaced or removed meanwhile; it is not marked.")


def _show(done: Fetched, *, as_json: bool) -> None:
    page = done.page
    if page is None:
        return
    parsed = done.parsed or _nothing_read(done)
    if as_json:
        typer.echo(json_text(parsed.to_dict()))
        return
    from cryptodrug_scraper.cli.doctor import show_head, show_records, show_warnings
    from cryptodrug_scraper.common.console import output

    console = output()
    show_head(parsed, page.location if done.archive is not None else "(not archived)", console)
    console.print(f"status   {done.status}\n")
    if done.parsed is None:
        return
    from cryptodrug_scraper.doctor import examine

    examined = examine(
        page.body,
        market=done.market,
        url=page.url,
        captured_at=page.captured_at,
        content_type=page.content_type,
    )
    show_records(examined, console, hint="--json prints every record")
    show_warnings(parsed, console)


def _nothing_read(done: Fetched) -> ParsedPage:
    """Return the record of a page that was cut short: half a page gives wrong values."""
    from cryptodrug_scraper.records import ParsedPage

    page = done.page
    assert page is not None
    return ParsedPage(
        done.market,
        "error",
        url=page.url,
        captured_at=page.captured_at,
        kind_reason="cut short",
    )


def _load(archive: Path, dsn: str) -> None:
    from cryptodrug_scraper.replay import replay

    counts = replay([archive], dsn).counts
    say(f"Loaded into the database: {counts.new:,} new, {counts.had:,} loaded before.")


def _tell(done: Fetched, identity: Identity | None) -> Code:
    """Say where it is archived, and what is to be done; return the exit code."""
    from cryptodrug_scraper.crawl.judge import Verdict

    if done.archive is not None:
        say(f"Archived in {done.archive}")
        if done.page is not None and done.parsed is not None:
            say(f"What nobody read on it: {program()} doctor '{done.page.location}'")
    verdict, words = done.judgement.verdict, safe(done.judgement.words or done.judgement.reason)
    if verdict is Verdict.PAGE:
        return Code.COMPLETE
    market = done.market or "MARKET"
    name = identity.name if identity is not None else "default"
    if verdict is Verdict.SIGNED_OUT:
        say(
            f"The market wants one to sign in ({words}). Do so with Tor Browser, and hand over the "
            f"cookies: {program()} session add {market} --name {name} --cookies FILE"
        )
        return Code.NEEDS_SESSION
    if verdict is Verdict.CHALLENGE:
        if done.waits:
            said = "The market lets one in after a while: try again in some minutes."
        elif identity is not None:
            said = (
                f"Solve it in Tor Browser, where session {name} is signed in, and fetch again. If "
                f"the cookies changed: {program()} session add {market} --name {name} --cookies "
                "FILE"
            )
        else:
            said = (
                "Solve it in Tor Browser, sign in, and hand over the cookies: "
                f"{program()} session add {market} --cookies FILE"
            )
        say(f"A captcha or waiting page stands before it ({words}). {said}")
        return Code.NEEDS_SESSION
    if done.tor:
        from cryptodrug_scraper.tor.ready import WHERE_TO_GET_ONE

        raise Failure(f"Tor cannot be used: {words}. {WHERE_TO_GET_ONE}", Code.TOR)
    if verdict is Verdict.MISSING:
        say(f"The market has no such page: {words}")
    elif done.judgement.reason == "no_market":
        say(f"It is not archived: {words}. Fetch it again with --market.")
    else:
        say(f"No page of the market came: {words}")
    return Code.PARTLY_FAILED
