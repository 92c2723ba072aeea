"""`cryptodrug archive`: the roots of the database, telling them anew, and a page's bytes."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import Result

from tests.cli.running import PROGRAM, run, shell
from tests.conftest import FIXTURES, ROOT
from tests.databases import execute


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages" / "2018-11-19"
    folder.mkdir(parents=True)
    for name in ("listing_new", "vendor_profile"):
        shutil.copy(FIXTURES / "dream" / f"{name}.html", folder)
    return folder.parent


@pytest.fixture
def filled(migrated_url: str, pages: Path) -> str:
    assert run("replay", pages, "--database-url", migrated_url, "--workers", 1).exit_code == 0
    return migrated_url


def archive(url: str, *arguments: str | Path) -> Result:
    return run("archive", *arguments, "--database-url", url)


def an_id(url: str) -> tuple[int, bytes]:
    page_id, digest = execute(url, "SELECT page_id, sha256 FROM page ORDER BY 1")[0]
    assert isinstance(page_id, int)
    assert isinstance(digest, (bytes, memoryview))
    return page_id, bytes(digest)


def test_roots_are_listed(filled: str, pages: Path) -> None:
    result = archive(filled, "roots")
    assert result.exit_code == 0
    assert [line.split()[:4] for line in result.stdout.splitlines() if str(pages) in line] == [
        [str(pages), "folder", "2", "there"]
    ]
    pages.rename(pages.with_name("moved"))
    result = archive(filled, "roots")
    assert "gone" in result.stdout
    assert "archive roots find" in result.stderr
    listed = json.loads(archive(filled, "roots", "--json").stdout)
    assert (listed["path"], listed["there"], listed["pages"]) == (str(pages), False, 2)


def test_an_empty_database_has_none(migrated_url: str) -> None:
    result = archive(migrated_url, "roots")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "cryptodrug replay" in result.stderr


def test_what_was_moved_is_found_and_told(filled: str, pages: Path) -> None:
    moved = pages.with_name("moved")
    assert "where the database has them" in archive(filled, "roots", "find", moved.parent).stdout
    pages.rename(moved)
    page_id, digest = an_id(filled)
    result = archive(filled, "page", str(page_id))
    assert result.exit_code == 1
    assert "archive roots" in result.stderr

    result = archive(filled, "roots", "find", moved.parent)
    assert (result.exit_code, result.stdout) == (0, f"{pages} -> {moved}\n")
    assert "--yes" in result.stderr
    assert archive(filled, "page", str(page_id)).exit_code == 1
    assert archive(filled, "roots", "find", moved.parent, "--yes").exit_code == 0
    result = archive(filled, "page", str(page_id))
    assert hashlib.sha256(result.stdout_bytes).digest() == digest

    again = moved.rename(pages.with_name("again"))
    empty = pages.with_name("empty")
    empty.mkdir()
    result = archive(filled, "roots", "find", empty)
    assert result.exit_code == 1
    assert "Not found" in result.stderr
    result = archive(filled, "roots", "set", moved, empty)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert archive(filled, "roots", "set", moved, again).exit_code == 0
    assert archive(filled, "page", str(page_id)).exit_code == 0
    assert archive(filled, "roots", "set", again, empty, "--force").exit_code == 0
    assert archive(filled, "page", str(page_id)).exit_code == 0  # where it was before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("roots", "set", "/no/such/root", "."), "archive roots"),
        (("roots", "set", "/", "/no/such/folder"), "no file or folder"),
        (("roots", "find", "/no/such/folder"), "no folder"),
        (("page", "12"), "no page 12"),
    ],
)
def test_bad_calls(filled: str, arguments: tuple[str, ...], words: str) -> None:
    result = archive(filled, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_page_to_a_file_a_pipe_and_a_terminal(filled: str, pages: Path, tmp_path: Path) -> None:
    hostile = b"<!DOCTYPE html><html><body>\x1b]0;title\x07 \xe2\x80\xae text \xff</body></html>"
    (pages / "hostile.html").write_bytes(hostile)
    run("replay", pages, "--database-url", filled, "--workers", 1)
    digest = hashlib.sha256(hostile).hexdigest()
    ((page_id,),) = execute(
        filled, f"SELECT page_id FROM page WHERE sha256 = decode('{digest}', 'hex')"
    )
    call = ("archive", "page", str(page_id), "--database-url", filled)
    assert shell(*call).stdout == hostile
    out = tmp_path / "out.html"
    assert run(*call, "--out", out).exit_code == 0
    assert out.read_bytes() == hostile
    assert run(*call, "--out", out).exit_code == 2  # nothing is written over

    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*PROGRAM, *call], stdout=theirs, stderr=subprocess.PIPE, cwd=ROOT, timeout=120, check=False
    )
    os.close(theirs)
    shown = os.read(ours, 100_000)
    os.close(ours)
    assert done.returncode == 0
    assert b"\x1b" not in shown
    assert b"\xe2\x80\xae" not in shown
    assert b"\\x1b]0;title" in shown
