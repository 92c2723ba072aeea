"""``cryptodrug simulate``: serve one market or all, each on a port of its own."""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from cryptodrug_scraper.records import isoformat
from simulator.clock import Clock
from simulator.control import Control
from simulator.facts import Sizes
from simulator.faults import Faults, parse_faults
from simulator.making import make_world, usual_date
from simulator.market_site import market_sites
from simulator.scenario.crawls import CrawlCalendar, PlannedCrawl, count_complete, write_crawls
from simulator.scenario.folder import NotThisPlan, check
from simulator.scenario.parameters import Parameters, read_scenario
from simulator.scenario.truth import Truth
from simulator.scenario.world import scenario_worlds
from simulator.server import LOOPBACK, Server
from simulator.sessions import COOKIE, write_cookies
from simulator.site import Site
from simulator.truth import write_truth
from simulator.world import World


class BadCall(ValueError):
    """What was asked for cannot be done; the message says why."""


class Interrupted(KeyboardInterrupt):
    """Interrupted on the way; the message says what is left, and how to go on."""


@dataclass(slots=True)
class Running:
    """What is being served: a server for each market, and the control port."""

    servers: dict[str, Server]
    control: Control

    def cookie(self, market: str, name: str | None = None) -> str:
        """Sign a reader in; return the cookie's value (its name is ``session``)."""
        return self.servers[market].site.sessions.make(name).cookie


def read_date(text: str | None) -> datetime | None:
    """Read ``now``, a date (its noon) or a moment. Raises BadCall."""
    if not text:
        return None
    if text == "now":
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadCall(f"{text!r} is neither 'now' nor a date such as 2019-01-05") from None
    if len(text) <= 10:
        moment = moment.replace(hour=12)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_mirrors(mirrors: Iterable[str]) -> dict[str, datetime | None] | None:
    """Read ``HOST`` or ``HOST=DATE``, the moment when it dies; None without any."""
    found: dict[str, datetime | None] = {}
    for mirror in mirrors:
        host, _, dies = mirror.partition("=")
        found[host.strip()] = read_date(dies.strip())
    return found or None


def _scenario(name: str, markets: Iterable[str]) -> Parameters:
    """Return a scenario. Raises BadCall or BadScenario."""
    parameters = read_scenario(name)
    if unknown := set(markets) - set(parameters.markets):
        raise BadCall(
            f"{', '.join(sorted(unknown))}: no market of scenario {name!r}, which has "
            f"{', '.join(parameters.markets)}"
        )
    return parameters


@contextmanager
def _refusal() -> Iterator[None]:
    try:
        yield
    except NotThisPlan as error:
        raise BadCall(f"--write: {error}") from None


def write_scenario(
    name: str,
    *,
    folder: Path | None = None,
    truth: Path | None = None,
    markets: Iterable[str] = (),
    seed: int = 1,
    missing: float = 0.0,
    workers: int = 2,
    out: TextIO | None = None,
) -> list[PlannedCrawl]:
    """Write a scenario's crawls into ``folder`` as WARC files, and the truth of its findings.

    ``truth`` receives them as JSON, of all its markets; see ``scenario/truth.py``. Crawls that a
    run before this one has left stay. Progress is told to ``out``, a line for every tenth crawl.
    Raises BadCall, BadScenario, OSError or Interrupted.
    """
    out = out or sys.stdout
    parameters, chosen = _scenario(name, markets), list(markets)
    if not 0 <= missing < 1:
        raise BadCall(
            f"--missing {missing:g} is not the share of pages to leave out: that is 0 or more, and "
            "below 1, such as 0.2"
        )
    if workers < 1:
        raise BadCall(f"--workers {workers}: one process at least has to write")
    plan = CrawlCalendar(parameters, seed, missing)
    if folder is not None:
        with _refusal():
            check(folder, plan.as_text())
    if truth is not None:
        stated = Truth(parameters, scenario_worlds(parameters, seed)).as_records()
        truth.write_text(json.dumps(stated, ensure_ascii=False, indent=1) + "\n", "utf-8")
        print(f"the truth of {len(stated)} findings in {truth}", file=out, flush=True)
    if folder is None:
        return []
    done, total = count_complete(plan, folder, chosen)

    def on_crawl(crawl: PlannedCrawl, _: int) -> None:
        nonlocal done
        done += 1
        if done % 10 == 0 or done == total:
            print(f"{done} of {total} crawls", file=out, flush=True)

    if not done:
        print(f"writing {total} crawls into {folder} …", file=out, flush=True)
    elif done < total:
        print(f"{done} of {total} crawls are in {folder} already", file=out, flush=True)
    try:
        with _refusal():
            crawls = write_crawls(plan, folder, markets=chosen, workers=workers, on_crawl=on_crawl)
    except KeyboardInterrupt:
        done, total = count_complete(plan, folder, chosen)
        left = f"{done} of {total} crawls are in {folder}, whole" if done else "no crawl was whole"
        raise Interrupted(f"Interrupted: {left}. The same command goes on from there.") from None
    if not crawls:
        print(f"all {total} crawls are in {folder} already", file=out)
    for market in parameters.markets:
        of_one = [crawl for crawl in crawls if crawl.market == market]
        if of_one:
            size = sum(crawl.size for crawl in of_one) / 1e6
            print(
                f"{market}: {len(of_one)} crawls from {of_one[0].began:%Y-%m-%d} to "
                f"{of_one[-1].began:%Y-%m-%d}, {sum(c.pages for c in of_one):,} pages, "
                f"{sum(c.left_out for c in of_one):,} left out, {size:.0f} MB",
                file=out,
            )
    return crawls


@contextmanager
def simulation(
    markets: Iterable[str] = (),
    *,
    port: int = 0,
    control_port: int = 0,
    seed: int = 1,
    listings: int = 1000,
    vendors: int = 100,
    reviews: int = 5000,
    date: str | None = None,
    clock_rate: float = 1.0,
    still: bool = False,
    faults: Iterable[str] = (),
    mirrors: Iterable[str] = (),
    patience: float = 60.0,
    log: TextIO | None = None,
    scenario: str | None = None,
) -> Iterator[Running]:
    """Serve markets while the context lasts; the first on ``port``, the others on the next ones.

    With port 0 each takes a free one. All have the same seed, and so some of the same vendors.
    With ``still`` nothing happens in them while they are served, though the clock goes on.
    A ``scenario`` has markets, sizes and mirrors of its own.
    """
    known = market_sites()
    worlds: Mapping[str, World] = {}
    if scenario is not None:
        worlds = scenario_worlds(_scenario(scenario, markets), seed)
        known = {name: known[name] for name in worlds}
    names = list(markets) or list(known)
    for name in names:
        if name not in known:
            raise BadCall(f"Unknown market {name!r}; the markets are: {', '.join(known)}")
    if min(listings, reviews) < 0 or vendors < 1 or listings > 9_000_000:
        raise BadCall("Vendors must be 1 at least, listings 0 to 9,000,000, reviews 0 or more")
    _check_ports(names, port, control_port)
    rates = parse_faults(faults)
    moment = read_date(date)
    sizes = Sizes(listings, vendors, reviews)
    servers: dict[str, Server] = {}
    with contextlib.ExitStack() as stack:
        for number, name in enumerate(names):
            if name in worlds:
                world = worlds[name]
                world.reference = reference = moment or world.reference
                world.mirrors = read_mirrors(mirrors) or {}
            else:
                reference = moment or usual_date(name)
                world = make_world(
                    known[name],
                    seed=seed,
                    sizes=sizes,
                    reference=reference,
                    mirrors=read_mirrors(mirrors),
                )
            if still:
                world.stand_still(world.reference)
            clock = Clock(reference, clock_rate)
            site = Site(known[name], world, clock, faults=Faults(rates, seed))
            server = Server(site, port + number if port else 0, patience=patience, log=log)
            servers[name] = stack.enter_context(server)
        control = Control({name: server.site for name, server in servers.items()}, control_port)
        yield Running(servers, stack.enter_context(control))


def _check_ports(names: list[str], port: int, control_port: int) -> None:
    """Refuse ports that cannot be listened on, before worlds are made. Raises BadCall."""
    wanted = [
        (port + number, f"for {name}", "--port")
        for number, name in enumerate(names if port else ())
    ]
    if control_port:
        wanted.append((control_port, "for the counters", "--control-port"))
    met: set[int] = set()
    for number, whose, option in wanted:
        why = _port_problem(number) if number not in met else "is one of the markets' already"
        met.add(number)
        if why is not None:
            rest = f", of which {len(names)} in a row are used" if option == "--port" else ""
            raise BadCall(
                f"Port {number} ({whose}) {why}. Choose another with {option} N{rest}, or let "
                f"free ones be taken: {option} 0"
            )


def _port_problem(port: int) -> str | None:
    if port > 65535:
        return "does not exist: the last one is 65535"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another program"
            return f"cannot be used: {error.strerror}"
    return None


def simulate(
    markets: Iterable[str] = (),
    *,
    port: int = 8080,
    control_port: int = 0,
    seed: int = 1,
    listings: int = 1000,
    vendors: int = 100,
    reviews: int = 5000,
    date: str | None = None,
    clock_rate: float = 1.0,
    still: bool = False,
    faults: Iterable[str] = (),
    mirrors: Iterable[str] = (),
    patience: float = 60.0,
    truth: Path | None = None,
    cookies: Path | None = None,
    host: str = "127.0.0.1",
    log: Path | None = None,
    serve: bool = True,
    stop: threading.Event | None = None,
    out: TextIO | None = None,
    scenario: str | None = None,
) -> None:
    """Serve until interrupted (or ``stop`` is set), after writing what was asked for.

    ``truth`` receives what is true at the start. ``cookies`` receives a signed-in session in
    Netscape's format, for ``host``; of several markets each has a file of its own, with the
    market's name before the suffix. ``serve=False`` only writes the truth. Raises BadCall or
    UnknownFault for what makes no sense.
    """
    out = out or sys.stdout
    stop = stop or threading.Event()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(log.open("a", encoding="utf-8")) if log else None
        running = stack.enter_context(
            simulation(
                markets,
                port=port if serve else 0,
                control_port=control_port,
                seed=seed,
                listings=listings,
                vendors=vendors,
                reviews=reviews,
                date=date,
                clock_rate=clock_rate,
                still=still,
                faults=faults,
                mirrors=mirrors,
                patience=patience,
                log=file,
                scenario=scenario,
            )
        )
        several = len(running.servers) > 1
        for number, (name, server) in enumerate(running.servers.items()):
            site = server.site
            if truth is not None:
                count = write_truth(
                    truth, site.market_site, site.world, site.world.reference, append=number > 0
                )
                print(f"{name}: {count} records that are true in {truth}", file=out)
            if cookies is not None and serve:
                path = cookies.with_name(f"{cookies.stem}.{name}{cookies.suffix}")
                path = path if several else cookies
                write_cookies(path, host, {COOKIE: running.cookie(name)})
                print(f"{name}: cookies of a signed-in session in {path}", file=out)
            if serve:
                print(
                    f"{name}: {server.address}{site.market_site.home()}"
                    f" ({isoformat(site.clock.now())})",
                    file=out,
                    flush=True,
                )
        if serve:
            print(f"control: {running.control.address}/counters", file=out)
            print("Any name and password sign in; every captcha says seven. Ctrl+C ends.", file=out)
            out.flush()
            with contextlib.suppress(KeyboardInterrupt):
                while not stop.wait(0.5):
                    pass
            counters = {name: s.site.snapshot() for name, s in running.servers.items()}
            print(json.dumps(counters, indent=1), file=out, flush=True)
