"""A lock is held by one, waited for, and let go of by the system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cryptodrug_scraper.common.locks import LockTaken, file_lock

HOLDER = """
import sys, time
from pathlib import Path
from cryptodrug_scraper.common.locks import file_lock

with file_lock(Path(sys.argv[1])) as file:
    file.write("held by me")
    file.flush()
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_holds_it_and_a_killed_one_no_more(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(LockTaken) as refused, file_lock(path, patience=0.1):
        pass
    assert refused.value.strerror == "held by me"
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    with file_lock(path, patience=10), pytest.raises(LockTaken), file_lock(path):
        pass
    assert path.stat().st_mode & 0o077 == 0


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="lock"), file_lock(tmp_path / "lock"):
        pass
    assert not (tmp_path / "other").exists()
