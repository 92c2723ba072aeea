"""Keep one private Tor network for a whole run of tests: ``python -m tests.tor.keeper …``.

It is nobody's child, so that the worker of pytest-xdist that needed it first may end before
the others. It ends when it is told to (SIGTERM), or when the process that it is kept for does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

from cryptodrug_scraper.database.processes import is_alive, write_file
from tests.tor.network import TorNetwork


def keep(folder: Path, owner: int) -> None:
    """Run a network below ``folder`` until the process ``owner`` ends.

    The file ``network.json`` tells how to reach it (`RunningNetwork.from_json`), ``keeper.pid``
    whom to tell that it is not needed any more.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _leave(ended))
    write_file(folder / "keeper.pid", str(os.getpid()), 0o600)
    with contextlib.suppress(SystemExit), TorNetwork(folder / "network") as network:
        network.start()
        assert network.running is not None
        write_file(folder / "network.json", network.running.as_json(), 0o600)
        while not ended.wait(0.3) and is_alive(owner):
            pass


def _leave(ended: threading.Event) -> None:
    """End at once while the network starts, and in order when it runs."""
    ended.set()
    raise SystemExit


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]))
