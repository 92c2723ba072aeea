"""Keep one private Tor network for a whole run of tests: ``python -m tests.tor.keeper …``.

It is nobody's child, so that the worker of pytest-xdist that needed it first may end before
the others. It ends when it is told to (SIGTERM), or when the process that it is kept for does.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from cryptodrug_scraper.common.files import write_atomically
from cryptodrug_scraper.common.processes import is_alive
from tests.tor.network import TorNetwork


def keep(folder: Path, owner: int) -> None:
    """Run a network below ``folder`` until the process ``owner`` ends.

    The file ``network.json`` tells how to reach it (`RunningNetwork.from_json`), ``keeper.pid``
    whom to tell that it is not needed any more.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    threading.Thread(target=_watch, args=(owner,), daemon=True).start()
    write_atomically(folder / "keeper.pid", str(os.getpid()), 0o600)
    with contextlib.suppress(SystemExit), TorNetwork(folder / "network") as network:
        network.start()
        assert network.running is not None
        write_atomically(folder / "network.json", network.running.as_json(), 0o600)
        threading.Event().wait()
    if not is_alive(owner):  # killed, or else it would clear away itself
        shutil.rmtree(folder, ignore_errors=True)


def _leave(*_: object) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # once: what follows must not be broken off
    raise SystemExit


def _watch(owner: int) -> None:
    while is_alive(owner):
        time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]))
