"""``make e2e``: crawls of all simulated markets through a private Tor network, beside their aims.

    python -m tests.e2e [--market NAME] [--only clean,faults,kills,hostile,each] [--small]

Starts a Tor network on loopback (Debian's `tor` is needed), an embedded PostgreSQL, and for each
crawl a market behind an onion service; prints what was aimed at and measured, and what each fault
led to; stops all that it started, also when interrupted. Exit code 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from pathlib import Path

from cryptodrug_scraper.database.embedded import EmbeddedServer
from simulator.faults import FAULTS
from simulator.market_site import market_sites
from tests.e2e import runs
from tests.e2e.runs import Bench, Outcome, Sizes
from tests.e2e.table import Aim, Struck, report
from tests.tor.network import TorNetwork

PARTS = ("clean", "faults", "kills", "hostile", "each")
SMALL = Sizes(listings=40, vendors=5, reviews=120, kills=3, fault_rate=0.02, seconds=600.0)
TINY = Sizes(listings=25, vendors=3, reviews=60, seconds=300.0)


def main() -> int:
    """Run what was asked for and print the tables."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--market", action="append", help="only this one; may be repeated")
    arguments.add_argument("--only", default=",".join(PARTS), help="parts, by commas")
    arguments.add_argument("--small", action="store_true", help="small worlds: a few minutes")
    options = arguments.parse_args()
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        arguments.error(f"no such part: {', '.join(sorted(unknown))}; parts are {', '.join(PARTS)}")
    markets = options.market or list(market_sites())
    if unknown := set(markets) - set(market_sites()):
        arguments.error(f"no such market: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    EmbeddedServer.durable = False
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cryptodrug-e2e-")))
        server = EmbeddedServer(folder / "database")
        stack.callback(server.stop)
        server.ensure_running()
        say("starting a Tor network on loopback …")
        started = time.monotonic()
        network = stack.enter_context(TorNetwork())
        network.start()
        running = network.running
        say(f"the network runs after {time.monotonic() - started:.0f} s")
        bench = Bench(running, server, folder)
        sizes = SMALL if options.small else Sizes()
        try:
            aims, faults = run(bench, markets, parts, sizes)
        except KeyboardInterrupt:
            say("interrupted: stopping all that was started")
            return 130
    return report(aims, faults)


def run(
    bench: Bench, markets: list[str], parts: list[str], sizes: Sizes
) -> tuple[list[Aim], list[Struck]]:
    """Run the parts; return the aims with what was measured, and the table of faults."""
    aims: list[Aim] = []
    faults: list[Struck] = []
    for market in markets:
        if "clean" in parts:
            aims += of_clean(market, said("clean", market, runs.clean(bench, market, sizes)))
        if "kills" in parts:
            aims.append(of_kills(market, said("kills", market, runs.killed(bench, market, sizes))))
        if "faults" in parts:
            outcome = said("faults", market, runs.with_faults(bench, market, sizes))
            aims.append(of_faults(market, outcome, sizes))
        if "hostile" in parts:
            aims.append(of_hostile(bench, market))
    if "each" in parts:
        faults = each_fault(bench, markets[0])
        aims.append(
            Aim(
                "each fault alone, at a fifth of the requests",
                "the same rows",
                f"{sum('not complete' not in f.counters for f in faults)} of {len(faults)}",
                not any("not complete" in f.counters for f in faults),
            )
        )
    return aims, faults


def of_clean(market: str, outcome: Outcome) -> list[Aim]:
    """What is shown by a crawl without faults."""
    replayed = outcome.told["replay"]
    return [
        Aim(
            f"{market}: full crawl through Tor",
            "all of the truth, none else, 100 % of fields",
            told(outcome),
            outcome.good,
        ),
        Aim(
            f"{market}: crawl and replay of its WARC",
            "identical rows",
            "identical" if not replayed else "; ".join(replayed[:3]),
            not replayed,
        ),
    ]


def of_kills(market: str, outcome: Outcome) -> Aim:
    """What is shown by a crawl that was killed."""
    lost, kills = outcome.told["lost"], outcome.told["kills"]
    return Aim(
        f"{market}: killed {kills} times and resumed",
        "the same rows; nothing archived is lost",
        f"{told(outcome)}; {lost} lost",
        outcome.good,
    )


def of_faults(market: str, outcome: Outcome, sizes: Sizes) -> Aim:
    """What is shown by a crawl through all faults at once."""
    struck = sum(n for name, n in outcome.served.items() if name.startswith("fault/"))
    requests = outcome.served.get("requests", 0)
    return Aim(
        f"{market}: each fault at {sizes.fault_rate:.0%}, sessions of 200 requests",
        "the same rows",
        f"{told(outcome)}; {struck:,} faults in {requests:,} requests, "
        f"{outcome.told['renewed']:,} cookies renewed",
        outcome.good,
    )


def of_hostile(bench: Bench, market: str) -> Aim:
    """What is shown by watching a crawl of pages that link elsewhere."""
    outcome, seen = runs.hostile(bench, market, TINY)
    said("hostile", market, outcome)
    ports = {bench.network.socks, runs.database_port(bench)}
    beyond = seen.beyond(
        {(host, int(port)) for host, _, port in (p.rpartition(":") for p in ports)}
    )
    return Aim(
        f"{market}: connections elsewhere, and look-ups of names, amid hostile links",
        "none (seen from outside)",
        f"{len(beyond)} of {len(seen.contacts)} contacts; {told(outcome)}"
        + (f": {'; '.join(beyond[:3])}" if beyond else ""),
        outcome.good and not beyond,
    )


def each_fault(bench: Bench, market: str) -> list[Struck]:
    """Crawl a small world with each fault alone; return what the crawler did."""
    table = []
    for name, does in FAULTS.items():
        outcome = runs.with_faults(bench, market, TINY, faults=(f"{name}=0.2",))
        said(name, market, outcome)
        counters = {
            key: int(value)
            for key, value in (outcome.ended.summary if outcome.ended else {})
            .get("counters", {})
            .items()
            if key.startswith(("put_back/", "no_answer/", "refused/", "asked_again", "paging/"))
            or key in ("probes", "circuit/changed", "mirror/changed")
        }
        if outcome.told["renewed"]:
            counters["cookies renewed"] = outcome.told["renewed"]
        if not outcome.good:
            counters["not complete"] = 1
        table.append(Struck(name, does, outcome.served.get(f"fault/{name}", 0), counters))
    return table


def told(outcome: Outcome) -> str:
    """Return what a crawl brought in a few words."""
    if outcome.comparison is None:
        return "nothing to compare"
    tallies = ", ".join(
        f"{t.found:,}/{t.true:,} {kind}s" for kind, t in outcome.comparison.tallies.items()
    )
    return (
        f"{tallies}; {outcome.comparison.percent:.2f} % of {outcome.comparison.fields:,} fields; "
        f"{outcome.pages:,} pages in {outcome.seconds:.0f} s"
    )


def said(part: str, market: str, outcome: Outcome) -> Outcome:
    """Say how a crawl went, at once."""
    say(f"{market}, {part}: {'good' if outcome.good else 'NOT GOOD'}: {told(outcome)}")
    for line in outcome.wrong[:10]:
        say(f"    {line}")
    return outcome


def say(words: str) -> None:
    """Say something on standard error."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
