"""Fixtures for tests that need Tor: one private network for the whole run.

- `tor_network`: the run's `RunningNetwork`; `publish(port)` makes an onion service of a port.
- `tor_programs`: nothing, but the test needs Debian's `tor`, and is skipped without it.

The network is started when it is first asked for, and shared by all workers of pytest-xdist. It
ends with the run, also if that is killed. Without Debian's package `tor` these tests are
skipped, and where the variable CI is set they fail: there they must have run.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest

from cryptodrug_scraper.common.processes import is_alive, wait_for
from tests.tor.network import ROOT, RunningNetwork
from tests.tor.nodes import missing_programs

_PATIENCE = 200.0

_folder = pytest.StashKey[Path]()
_owner = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.stash[_folder] = Path(config.workerinput["tor_folder"])
        config.stash[_owner] = config.workerinput["tor_owner"]
    else:
        name = f"cryptodrug-tor-tests-{uuid4().hex[:12]}"  # made when it is needed
        config.stash[_folder] = Path(tempfile.gettempdir()) / name
        config.stash[_owner] = os.getpid()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of pytest-xdist where the network is, or will be."""
    stash = node.config.stash  # type: ignore[attr-defined]
    node.workerinput |= {  # type: ignore[attr-defined]
        "tor_folder": str(stash[_folder]),
        "tor_owner": stash[_owner],
    }


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(_folder, None)
    if hasattr(config, "workerinput") or folder is None or not folder.exists():
        return
    with contextlib.suppress(OSError, ValueError):
        keeper = int((folder / "keeper.pid").read_text())
        os.kill(keeper, signal.SIGTERM)
        wait_for(lambda: not is_alive(keeper), 30)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def tor_programs() -> None:
    if missing := missing_programs():
        reason = f"{' and '.join(missing)} not found: these tests need Debian's package tor"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI must run them")
        pytest.skip(reason)


@pytest.fixture(scope="session")
def tor_network(pytestconfig: pytest.Config, tor_programs: None) -> RunningNetwork:
    folder = pytestconfig.stash[_folder]
    folder.mkdir(mode=0o700, exist_ok=True)
    told = folder / "network.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            with (folder / "keeper.log").open("wb") as log:
                keeper = subprocess.Popen(
                    [
                        *(sys.executable, "-m", "tests.tor.keeper"),
                        *(str(folder), str(pytestconfig.stash[_owner])),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=ROOT,
                    start_new_session=True,
                )
            wait_for(lambda: told.exists() or keeper.poll() is not None, _PATIENCE)
            if not told.exists():
                keeper.terminate()
                keeper.wait(30)
                pytest.fail("no Tor network:\n" + (folder / "keeper.log").read_text()[-3000:])
    return RunningNetwork.from_json(told.read_text())
