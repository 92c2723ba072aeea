"""``python -m cryptodrug_scraper.simulator``: serve a market from the command line."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from cryptodrug_scraper.simulator.command import BadCall, simulate
from cryptodrug_scraper.simulator.faults import FAULTS, RULES, UnknownFault


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 0, or 2 for a call that makes no sense."""
    told = "\n".join(f"  {name:18} {does}" for name, does in (FAULTS | RULES).items())
    parser = argparse.ArgumentParser(
        prog="simulate",
        description=simulate.__doc__,
        epilog=f"faults:\n{told}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--market", action="append", default=[], help="which (again for more; else all)")
    add("--port", type=int, default=8080, help="of the first market; the others follow")
    add("--control-port", type=int, default=0, help="of the counters (0: any)")
    add("--seed", type=int, default=1)
    add("--listings", type=int, default=1000)
    add("--vendors", type=int, default=100)
    add("--reviews", type=int, default=5000)
    add("--date", help="the world's time at the start; 'now' moves the market here")
    add("--clock-rate", type=float, default=1.0, help="seconds of the world in one of ours")
    add("--still", action="store_true", help="nothing new happens, though the clock goes on")
    add("--fault", action="append", default=[], metavar="NAME=RATE", help="see below")
    add("--mirror", action="append", default=[], metavar="HOST[=DATE]", help="until when it lives")
    add("--patience", type=float, default=60.0, help="seconds that a fault keeps one waiting")
    add("--truth", type=Path, help="write what is true at the start")
    add("--cookies", type=Path, help="write a signed-in session as cookies.txt")
    add("--host", default="127.0.0.1", help="whose cookies these are")
    add("--log", type=Path, help="write a line of JSON for each request")
    add("--no-serve", action="store_true", help="only write the truth")
    chosen = parser.parse_args(arguments)
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        simulate(
            chosen.market,
            port=chosen.port,
            control_port=chosen.control_port,
            seed=chosen.seed,
            listings=chosen.listings,
            vendors=chosen.vendors,
            reviews=chosen.reviews,
            date=chosen.date,
            clock_rate=chosen.clock_rate,
            still=chosen.still,
            faults=chosen.fault,
            mirrors=chosen.mirror,
            patience=chosen.patience,
            truth=chosen.truth,
            cookies=chosen.cookies,
            host=chosen.host,
            log=chosen.log,
            serve=not chosen.no_serve,
            stop=stop,
        )
    except (BadCall, UnknownFault, OSError) as error:
        print(f"simulate: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
