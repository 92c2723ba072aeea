"""Files are there complete, or as they were before."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from cryptodrug_scraper.common.files import (
    NotWritable,
    replacing,
    writable_file,
    write_atomically,
)


def test_links_in_a_circle_and_files_as_folders(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "file").touch()
    for path in (tmp_path / "a", tmp_path / "file" / "x.html", tmp_path / ("x" * 300)):
        with pytest.raises(NotWritable, match=re.escape(str(path))):
            writable_file(path)


def test_permissions_stay(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("old")
    file.chmod(0o600)
    write_atomically(file, b"new")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x"
    file.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(file, b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


def test_a_secret_has_its_mode_from_the_first_byte(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old")
    file.chmod(0o644)
    with replacing(file, 0o600) as beside:
        assert stat.S_IMODE(os.fstat(beside.fileno()).st_mode) == 0o600
        assert file.read_text() == "old"
        beside.write(b"new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o600)


def test_a_new_file_gets_what_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "x", "text \ud800")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640
    assert (tmp_path / "x").read_text("utf-8") == "text \\ud800"
